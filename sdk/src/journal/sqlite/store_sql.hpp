#pragma once
#include <cstddef>
#include <string_view>
#include <vector>

#include "journal/sqlite/rows.hpp"

namespace tongqu::journal::detail {

/// Statements of the writer, prepared once. The order is that of store_sql().
enum class Sql : std::size_t {
  begin, save, release, undo, commit, rollback,
  read_counters, write_counters, last_audit, audit_at, insert_audit, insert_key,
  insert_message, insert_bodies, insert_delivery, insert_refusal, insert_damaged, put_receipt,
  due_now, due_fair, due_front, due_later, delivery, message, acknowledgement_box, canonical_box, raw_box, receipt,
  claim, update, set_due, followers,
  message_row, deliveries_of, replace_row, replace_body, left_sending, left_asking, early_questions, far_waits,
};

inline const std::vector<std::string_view>& store_sql() {
  static const std::vector<std::string_view> kTexts = {
      "BEGIN IMMEDIATE",
      "SAVEPOINT operation",
      "RELEASE operation",
      "ROLLBACK TO operation",
      "COMMIT",
      "ROLLBACK",
      "SELECT " TONGQU_COUNTER_COLUMNS " FROM counters WHERE id = 1",
      "UPDATE counters SET last_message = ?, messages = ?, refusals = ?, fence = ?, indexed = ?, waiting = ?, ready = ?, sending = ?, "
      "unknown = ?, delivered = ?, refused = ?, held = ?, parked = ?, discarded = ?, row_check = ? WHERE id = 1",
      "SELECT seq, at_ms, mac, kind, subject, detail, digest FROM audit ORDER BY seq DESC LIMIT 1",
      "SELECT mac FROM audit WHERE seq = ?",
      "INSERT INTO audit(seq, at_ms, kind, subject, detail, digest, mac) VALUES(?, ?, ?, ?, ?, ?, ?)",
      "INSERT OR IGNORE INTO keys(hash, id) VALUES(?, ?)",
      "INSERT INTO messages(" TONGQU_MESSAGE_COLUMNS ") VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      "INSERT INTO bodies(message, acknowledgement, canonical, raw) VALUES(?, ?, ?, ?)",
      "INSERT INTO deliveries(" TONGQU_DELIVERY_COLUMNS ") VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      "INSERT INTO refusals(id, at_ms, system, error_id, place, peer, size, digest) VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
      "INSERT OR IGNORE INTO damaged(place, at_ms) VALUES(?, ?)",
      "INSERT OR REPLACE INTO receipts(delivery, number, key_id, receipt, row_check) VALUES(?, ?, ?, ?, ?)",
      "SELECT " TONGQU_DELIVERY_COLUMNS " FROM deliveries WHERE target = ? AND due_ms = 0 AND fence = 0 ORDER BY id LIMIT ?",
      "SELECT " TONGQU_DELIVERY_COLUMNS " FROM deliveries WHERE target = ? AND due_ms < 0 AND (due_ms, id) > (?, ?) AND fence = 0 "
      "ORDER BY due_ms, id LIMIT ?",
      "SELECT due_ms FROM deliveries WHERE target = ? AND due_ms < 0 ORDER BY due_ms LIMIT 1",
      "SELECT " TONGQU_DELIVERY_COLUMNS " FROM deliveries WHERE target = ? AND due_ms > 0 AND due_ms <= ? AND fence = 0 ORDER BY due_ms LIMIT ?",
      "SELECT " TONGQU_DELIVERY_COLUMNS " FROM deliveries WHERE id = ?",
      "SELECT " TONGQU_MESSAGE_COLUMNS " FROM messages WHERE id = ?",
      "SELECT acknowledgement FROM bodies WHERE message = ?",
      "SELECT canonical FROM bodies WHERE message = ?",
      "SELECT raw FROM bodies WHERE message = ?",
      "SELECT delivery, number, key_id, receipt, row_check FROM receipts WHERE delivery = ?",
      // A claim leaves the due time and with it the index alone: the fence says that it is taken.
      "UPDATE deliveries SET state = ?, fence = ?, attempts = ?, changed_ms = ?, row_check = ? WHERE id = ?",
      "UPDATE deliveries SET state = ?, due_ms = ?, not_before_ms = ?, fence = ?, changed_ms = ?, error_id = ?, reason = ?, row_check = ? "
      "WHERE id = ?",
      "UPDATE deliveries SET due_ms = ? WHERE id = ?",
      "SELECT " TONGQU_DELIVERY_COLUMNS " FROM deliveries WHERE id BETWEEN ? AND ? AND state = 0 AND after = ?",
      "SELECT id FROM messages WHERE message_id = ?",
      "SELECT id FROM deliveries WHERE id BETWEEN ? AND ? ORDER BY id",
      "UPDATE messages SET digest = ?, pack = ?, pack_digest = ?, canonical_bytes = ?, row_check = ? WHERE id = ?",
      "UPDATE bodies SET canonical = ? WHERE message = ?",
      "SELECT id FROM deliveries INDEXED BY deliveries_due WHERE due_ms IS NOT NULL AND state = 2 LIMIT ?",
      "SELECT id FROM deliveries INDEXED BY deliveries_open WHERE " TONGQU_OPEN_STATES("state") " AND state = 3 AND fence > 0 ORDER BY id",
      "SELECT id FROM deliveries INDEXED BY deliveries_open WHERE " TONGQU_OPEN_STATES("state") " AND state = 3 AND not_before_ms < ? ORDER BY id",
      // From target to target, so that a long queue is not walked through.
      "WITH RECURSIVE lanes(target) AS (SELECT min(target) FROM deliveries INDEXED BY deliveries_due WHERE due_ms IS NOT NULL UNION ALL "
      "SELECT (SELECT min(d.target) FROM deliveries AS d INDEXED BY deliveries_due WHERE d.due_ms IS NOT NULL AND d.target > lanes.target) FROM lanes "
      "WHERE lanes.target IS NOT NULL) SELECT d.id FROM lanes CROSS JOIN deliveries AS d INDEXED BY deliveries_due "
      "WHERE d.target = lanes.target AND d.due_ms > ?1 AND d.due_ms < ?2 ORDER BY d.id",
  };
  return kTexts;
}

inline Statement& at(std::vector<Statement>& statements, Sql which) { return statements[static_cast<std::size_t>(which)]; }

} // namespace tongqu::journal::detail
