#include "journal/postgres/rows.hpp"

namespace tongqu::journal::detail {

MessageRow read_pg_message(const PgRow& from, const PgChecks& checks, int first) {
  MessageRow out;
  out.id = from.number(first);
  std::string* const texts[] = {&out.message_id, &out.identity, &out.digest, &out.system, &out.case_no, &out.event, &out.pack, &out.pack_digest};
  int column = first + 1;
  for (std::string* text : texts) *text = from.text(column++);
  out.created_ms = from.number(first + 9);
  out.key_id = from.text(first + 10);
  out.findings = from.text(first + 11);
  out.purged_ms = from.number(first + 12);
  for (std::size_t i = 0; i < out.box_bytes.size(); ++i) out.box_bytes[i] = from.number(first + 13 + static_cast<int>(i));
  out.damaged = from.number(first + 16) != checks.rows.of(out) || from.number(first + 17) != checks.hash.of_identity(out.identity) ||
                from.number(first + 18) != checks.hash.of_case(out.system, out.case_no);
  return out;
}

PgDelivery read_pg_delivery(const PgRow& from, const PgChecks& checks, int first) {
  PgDelivery out;
  DeliveryRow& row = out.row;
  row.id = from.number(first);
  row.target = from.text(first + 1);
  row.case_key = from.text(first + 2);
  const std::int64_t state = from.number(first + 3);
  const bool known = state >= 0 && state <= static_cast<std::int64_t>(DeliveryState::discarded);
  row.state = known ? static_cast<DeliveryState>(state) : DeliveryState::parked;
  row.not_before_ms = from.number(first + 4);
  row.attempts = static_cast<int>(from.number(first + 5));
  row.fence = from.number(first + 6);
  row.created_ms = from.number(first + 7);
  row.changed_ms = from.number(first + 8);
  row.after = from.text(first + 9);
  row.error_id = from.text(first + 10);
  row.reason = from.text(first + 11);
  if (!from.null(first + 13)) out.due = from.number(first + 13);
  row.due_ms = out.due.value_or(0);
  row.damaged = !known || from.number(first + 12) != checks.rows.of(row) || from.number(first + 14) != checks.hash.of_lane(row.case_key, row.target);
  return out;
}

ReceiptRow read_pg_receipt(const PgRow& from, const PgChecks& checks, int first) {
  ReceiptRow out{from.number(first), from.text(first + 1), from.text(first + 2), from.text(first + 3), false};
  out.damaged = from.number(first + 4) != checks.rows.of(out);
  return out;
}

Result<Counters> read_pg_counters(const PgRow& from, const PgChecks& checks, int first) {
  Counters out;
  out.last_message = from.number(first);
  out.messages = from.number(first + 1);
  out.refusals = from.number(first + 2);
  out.fence = from.number(first + 3);
  out.indexed = from.number(first + 4);
  for (std::size_t i = 0; i < out.states.size(); ++i) out.states[i] = from.number(first + 5 + static_cast<int>(i));
  if (from.number(first + 14) != checks.rows.of(out)) return Error(Errc::journal_corrupt).at("counters");
  return out;
}

} // namespace tongqu::journal::detail
