#pragma once
#include <cstddef>
#include <string_view>
#include <vector>

namespace tongqu::journal::detail {

/// Statements of the writer, prepared once. The order is that of store_sql().
enum class Sql : std::size_t {
  begin, save, release, undo, commit, rollback,
  read_counters, write_counters, last_audit, audit_at, insert_audit,
  insert_message, stored, insert_delivery, insert_refusal,
  due_now, due_fair, due_front, due_later, delivery, message_for_claim, canonical_box, delivered_before,
  claim, update, states_before, next_in_lane, followers, set_due,
  message_row, deliveries_of, delivered_after, block_later, digest_of, replace_content, left_claimed, read_meta, write_meta,
};

inline const std::vector<std::string_view>& store_sql() {
#define TONGQU_DELIVERY_COLUMNS "id, target, case_key, state, not_before_ms, attempts, fence, after, error_id, reason, due_ms"
  static const std::vector<std::string_view> kTexts = {
      "BEGIN IMMEDIATE",
      "SAVEPOINT operation",
      "RELEASE operation",
      "ROLLBACK TO operation",
      "COMMIT",
      "ROLLBACK",
      "SELECT last_message, messages, refusals, fence, waiting, ready, sending, unknown, delivered, refused, held, parked, discarded "
      "FROM counters WHERE id = 1",
      "UPDATE counters SET last_message = ?, messages = ?, refusals = ?, fence = ?, waiting = ?, ready = ?, sending = ?, unknown = ?, "
      "delivered = ?, refused = ?, held = ?, parked = ?, discarded = ? WHERE id = 1",
      "SELECT seq, at_ms, mac, kind, subject, detail, digest FROM audit ORDER BY seq DESC LIMIT 1",
      "SELECT mac FROM audit WHERE seq = ?",
      "INSERT INTO audit(seq, at_ms, kind, subject, detail, digest, mac) VALUES(?, ?, ?, ?, ?, ?, ?)",
      "INSERT INTO messages(id, message_id, identity, digest, system, case_no, event, pack, pack_digest, created_ms, key_id, findings, "
      "acknowledgement, canonical, raw) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(identity) DO NOTHING",
      "SELECT message_id, digest, pack, pack_digest, key_id, acknowledgement FROM messages WHERE identity = ?",
      "INSERT INTO deliveries(id, target, case_key, state, due_ms, not_before_ms, attempts, fence, created_ms, changed_ms, after, "
      "error_id, reason, receipt_no, key_id, receipt) VALUES(?, ?, ?, ?, ?, 0, 0, 0, ?, ?, ?, '', ?, '', '', NULL)",
      "INSERT INTO refusals(id, at_ms, system, error_id, place, peer, size, digest) VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
      "SELECT id FROM deliveries WHERE target = ? AND due_ms = 0 ORDER BY id LIMIT ?",
      "SELECT id FROM deliveries WHERE target = ? AND due_ms < 0 ORDER BY due_ms, id LIMIT ?",
      "SELECT due_ms FROM deliveries WHERE target = ? AND due_ms < 0 ORDER BY due_ms LIMIT 1",
      "SELECT id FROM deliveries WHERE target = ? AND due_ms > 0 AND due_ms <= ? ORDER BY due_ms LIMIT ?",
      "SELECT " TONGQU_DELIVERY_COLUMNS " FROM deliveries WHERE id = ?",
      "SELECT message_id, system, case_no, event, identity FROM messages WHERE id = ?",
      "SELECT key_id, canonical FROM messages WHERE id = ?",
      "SELECT id, key_id, receipt FROM deliveries WHERE case_key = ? AND target = ? AND id < ? AND state = 4 ORDER BY id DESC LIMIT 1",
      "UPDATE deliveries SET state = ?, due_ms = NULL, fence = ?, attempts = ?, changed_ms = ? WHERE id = ?",
      "UPDATE deliveries SET state = ?, due_ms = ?, not_before_ms = ?, fence = 0, changed_ms = ?, error_id = ?, reason = ?, "
      "receipt_no = ?, key_id = ?, receipt = ? WHERE id = ?",
      "SELECT state FROM deliveries WHERE case_key = ? AND target = ? AND id < ? ORDER BY id DESC",
      "SELECT " TONGQU_DELIVERY_COLUMNS " FROM deliveries WHERE case_key = ? AND target = ? AND id > ? AND state NOT IN (4, 5, 8) "
      "ORDER BY id LIMIT 1",
      "SELECT " TONGQU_DELIVERY_COLUMNS " FROM deliveries WHERE id BETWEEN ? AND ? AND state = 0 AND after = ?",
      "UPDATE deliveries SET due_ms = ? WHERE id = ?",
      "SELECT id FROM messages WHERE message_id = ?",
      "SELECT id FROM deliveries WHERE id BETWEEN ? AND ? ORDER BY id",
      "SELECT 1 FROM deliveries WHERE case_key = ? AND target = ? AND id > ? AND state = 4 LIMIT 1",
      "UPDATE deliveries SET due_ms = NULL WHERE case_key = ? AND target = ? AND id > ? AND due_ms IS NOT NULL",
      "SELECT digest FROM messages WHERE id = ?",
      "UPDATE messages SET canonical = ?, digest = ?, pack = ?, pack_digest = ? WHERE id = ? AND key_id = ?",
      "SELECT id FROM deliveries WHERE state IN (0, 2, 3, 6, 7) AND state IN (2, 3) AND fence > 0 ORDER BY id",
      "SELECT value FROM meta WHERE name = ?",
      "INSERT INTO meta(name, value) VALUES(?, ?)",
  };
#undef TONGQU_DELIVERY_COLUMNS
  return kTexts;
}

} // namespace tongqu::journal::detail
