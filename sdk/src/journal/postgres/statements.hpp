#pragma once
#include <cstddef>
#include <string_view>
#include <vector>

#include "journal/postgres/rows.hpp"

namespace tongqu::journal::detail {

/// Statements of the writer, prepared once a session. The order is that of pg_store_sql(). Rows go in and out by the array: what a group
/// costs does not grow with it, save for the rows themselves.
enum class PgSql : std::size_t {
  gate, tip, turns, identities, lane_tails, settled, due, records, chain_value,
  message, message_by_id, delivery, deliveries_of, before_in_lane, after_in_lane, receipt, acknowledgement_box, canonical_box, raw_box,
  insert_messages, insert_bodies, insert_deliveries, update_deliveries, update_due, put_receipts, insert_refusals, insert_damaged,
  insert_audit, put_turns, insert_claims, drop_claims, write_counters, write_instance, notify, insert_references,
};

inline const std::vector<std::string_view>& pg_store_sql() {
  static const std::vector<std::string_view> kTexts = {
      // The gate is open to us alone until the transaction ends. $1: our instance.
      "SELECT " TONGQU_PG_COUNTERS ", writer, content_epoch, (SELECT count(*) FROM instances WHERE id = $1 AND ended_at IS NULL), "
      "current_setting('fsync') || current_setting('full_page_writes') || (current_setting('synchronous_commit') IN ('on', 'remote_apply'))::text "
      "FROM counters WHERE id = 1",
      "SELECT seq, at_ms, mac FROM audit ORDER BY seq DESC LIMIT 1",
      "SELECT target, kind, system, last FROM turns WHERE (SELECT writer FROM counters WHERE id = 1) <> $1",
      "SELECT " TONGQU_PG_MESSAGE("m.") " FROM unnest($1::bigint[]) AS h(hash) JOIN messages AS m ON m.identity_hash = h.hash",
      "SELECT h.hash, " TONGQU_PG_DELIVERY("d.") " FROM unnest($1::bigint[]) AS h(hash) JOIN LATERAL "
      "(SELECT * FROM deliveries AS t WHERE t.lane_hash = h.hash ORDER BY t.lane_hash DESC, t.id DESC LIMIT $2::bigint) AS d ON true ORDER BY h.hash, d.id DESC",
      // Settled ones with the others of their messages, each between those before and behind it in its lane.
      "SELECT d.id, " TONGQU_PG_DELIVERY("n.") " FROM unnest($1::bigint[]) AS s(message) "
      "JOIN deliveries AS d ON d.id >= s.message * 64 AND d.id < s.message * 64 + 64 JOIN LATERAL "
      "((SELECT * FROM deliveries AS t WHERE t.lane_hash = d.lane_hash AND t.id < d.id ORDER BY t.lane_hash DESC, t.id DESC LIMIT $2::bigint) UNION ALL "
      "(SELECT * FROM deliveries AS t WHERE t.lane_hash = d.lane_hash AND t.id >= d.id ORDER BY t.lane_hash, t.id LIMIT $3::bigint + 1)) AS n ON true "
      "ORDER BY d.id, n.id",
      "WITH due AS ((SELECT * FROM deliveries WHERE target = $1 AND due_ms <= 0 AND fence = 0 ORDER BY due_ms, id LIMIT $3::bigint) UNION ALL "
      "(SELECT * FROM deliveries WHERE target = $1 AND due_ms > 0 AND due_ms <= $2::bigint AND fence = 0 ORDER BY due_ms, id LIMIT $3::bigint)) "
      "SELECT " TONGQU_PG_DELIVERY("d.") ", " TONGQU_PG_DELIVERY("p.") ", " TONGQU_PG_RECEIPT("r.") " FROM due AS d LEFT JOIN LATERAL "
      "(SELECT * FROM deliveries AS t WHERE t.lane_hash = d.lane_hash AND t.id < d.id ORDER BY t.lane_hash DESC, t.id DESC LIMIT 1) AS p ON true "
      "LEFT JOIN receipts AS r ON r.delivery = p.id ORDER BY d.due_ms, d.id",
      "SELECT " TONGQU_PG_MESSAGE("m.") ", b.canonical FROM unnest($1::bigint[]) AS s(id) JOIN messages AS m ON m.id = s.id "
      "LEFT JOIN bodies AS b ON b.message = m.id",
      "SELECT mac FROM audit WHERE seq = $1",
      "SELECT " TONGQU_PG_MESSAGE("m.") " FROM messages AS m WHERE m.id = $1",
      "SELECT id FROM messages WHERE message_id = $1",
      "SELECT " TONGQU_PG_DELIVERY("d.") " FROM deliveries AS d WHERE d.id = $1",
      "SELECT " TONGQU_PG_DELIVERY("d.") " FROM deliveries AS d WHERE d.id >= $1::bigint * 64 AND d.id < $1::bigint * 64 + 64 ORDER BY d.id",
      "SELECT " TONGQU_PG_DELIVERY("d.") " FROM deliveries AS d WHERE d.lane_hash = $1 AND d.id < $2 ORDER BY d.lane_hash DESC, d.id DESC LIMIT 1",
      "SELECT " TONGQU_PG_DELIVERY("d.") " FROM deliveries AS d WHERE d.lane_hash = $1 AND d.id > $2 ORDER BY d.lane_hash, d.id LIMIT 1",
      "SELECT " TONGQU_PG_RECEIPT("r.") " FROM receipts AS r WHERE r.delivery = $1",
      "SELECT acknowledgement FROM bodies WHERE message = $1",
      "SELECT canonical FROM bodies WHERE message = $1",
      "SELECT raw FROM bodies WHERE message = $1",
      "INSERT INTO messages SELECT * FROM unnest($1::bigint[], $2::text[], $3::bytea[], $4::bytea[], $5::text[], $6::bytea[], $7::bytea[], $8::text[], "
      "$9::text[], $10::bigint[], $11::text[], $12::bytea[], $13::bigint[], $14::bigint[], $15::bigint[], $16::bigint[], $17::bigint[], "
      "$18::bigint[], $19::bigint[])",
      "INSERT INTO bodies SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::bytea[], $4::bytea[])",
      "INSERT INTO deliveries SELECT * FROM unnest($1::bigint[], $2::text[], $3::bytea[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], "
      "$8::bigint[], $9::bigint[], $10::text[], $11::text[], $12::bytea[], $13::bigint[], $14::bigint[], $15::bigint[], $16::bigint[])",
      "UPDATE deliveries AS d SET state = n.state, not_before_ms = n.not_before_ms, attempts = n.attempts, fence = n.fence, changed_ms = n.changed_ms, "
      "error_id = n.error_id, reason = n.reason, row_check = n.row_check, due_ms = n.due_ms, open_state = n.open_state FROM unnest($1::bigint[], "
      "$2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::text[], $8::bytea[], $9::bigint[], $10::bigint[], $11::bigint[]) "
      "AS n(id, state, not_before_ms, attempts, fence, changed_ms, error_id, reason, row_check, due_ms, open_state) WHERE d.id = n.id",
      "UPDATE deliveries AS d SET due_ms = n.due_ms FROM unnest($1::bigint[], $2::bigint[]) AS n(id, due_ms) WHERE d.id = n.id",
      "INSERT INTO receipts SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::text[], $4::bytea[], $5::bigint[]) ON CONFLICT (delivery) DO UPDATE "
      "SET number = excluded.number, key_id = excluded.key_id, receipt = excluded.receipt, row_check = excluded.row_check",
      "INSERT INTO refusals SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::text[], $5::bytea[], $6::bytea[], $7::bigint[], $8::bytea[])",
      "INSERT INTO damaged(place, at_ms) VALUES($1, $2) ON CONFLICT DO NOTHING RETURNING at_ms",
      "INSERT INTO audit SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bytea[], $5::bytea[], $6::bytea[], $7::bytea[])",
      "INSERT INTO turns SELECT * FROM unnest($1::text[], $2::bigint[], $3::bytea[], $4::bigint[]) ON CONFLICT (target, kind, system) DO UPDATE SET last = excluded.last",
      "INSERT INTO claims SELECT s.delivery, $3::bigint, s.fence FROM unnest($1::bigint[], $2::bigint[]) AS s(delivery, fence) "
      "ON CONFLICT (delivery) DO UPDATE SET instance = excluded.instance, fence = excluded.fence",
      "DELETE FROM claims WHERE delivery = ANY($1::bigint[])",
      "UPDATE counters SET last_message = $1, messages = $2, refusals = $3, fence = $4, indexed = $5, waiting = $6, ready = $7, sending = $8, unknown = $9, "
      "delivered = $10, refused = $11, held = $12, parked = $13, discarded = $14, row_check = $15, writer = $16, content_epoch = $17 WHERE id = 1",
      // With every transaction: which one it was, for whoever does not hear the answer to its commit; and the lease anew.
      "UPDATE instances SET group_no = $2, lease_until = greatest(lease_until, clock_timestamp() + $3::bigint * interval '1 millisecond') WHERE id = $1",
      "SELECT pg_notify($1, $2)",
      "INSERT INTO attachments SELECT * FROM unnest($1::text[], $2::bigint[]) ON CONFLICT DO NOTHING",
  };
  return kTexts;
}

} // namespace tongqu::journal::detail
