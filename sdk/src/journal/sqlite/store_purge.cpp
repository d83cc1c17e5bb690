#include "journal/sqlite/store.hpp"

/// Rows that are old enough to go, and their going. Rare, so that these statements are prepared for the occasion.
namespace tongqu::journal::detail {
namespace {

Result<void> run_with(Database& database, std::string_view sql, std::initializer_list<std::int64_t> numbers) {
  TONGQU_TRY(auto statement, Statement::prepare(database, sql));
  int index = 0;
  for (const std::int64_t number : numbers) statement.number(++index, number);
  TONGQU_CHECK(statement.step());
  return {};
}

} // namespace

Result<std::vector<MessageRow>> Store::old_messages(std::string_view system, std::int64_t before_ms, std::int64_t behind, std::int64_t max) {
  TONGQU_TRY(auto query, Statement::prepare(*database_, "SELECT " TONGQU_MESSAGE_COLUMNS " FROM messages WHERE id > ?1 AND created_ms < ?2 "
                                                        "AND (?3 = '' OR system = ?3) ORDER BY id LIMIT ?4"));
  query.number(1, behind);
  query.number(2, before_ms);
  query.text(3, system);
  query.number(4, max);
  std::vector<MessageRow> found;
  for (;;) {
    TONGQU_TRY(const bool row, query.step());
    if (!row) return found;
    found.push_back(read_message(query, checks_));
  }
}

// The acknowledgement stays: a repeat years later still hears the same.
Result<void> Store::purge_bodies(MessageRow& row, std::int64_t now_ms) {
  row.purged_ms = now_ms;
  row.box_bytes[static_cast<std::size_t>(Body::canonical)] = 0;
  row.box_bytes[static_cast<std::size_t>(Body::raw)] = 0;
  TONGQU_CHECK(run_with(*database_, "UPDATE messages SET purged_ms = ?, canonical_bytes = 0, raw_bytes = 0, row_check = ? WHERE id = ?",
                        {now_ms, checks_.of(row), row.id}));
  return run_with(*database_, "UPDATE bodies SET canonical = NULL, raw = NULL WHERE message = ?", {row.id});
}

Result<std::vector<std::int64_t>> Store::purge_receipts(std::int64_t message, bool act) {
  std::vector<ReceiptRow> rows;
  {
    TONGQU_TRY(auto query, Statement::prepare(*database_, "SELECT delivery, number, key_id, receipt, row_check FROM receipts "
                                                          "WHERE delivery BETWEEN ? AND ? AND receipt IS NOT NULL"));
    query.number(1, message * kTargetsMax);
    query.number(2, message * kTargetsMax + kTargetsMax - 1);
    for (;;) {
      TONGQU_TRY(const bool row, query.step());
      if (!row) break;
      rows.push_back(read_receipt(query, checks_));
    }
  }
  std::vector<std::int64_t> gone;
  for (ReceiptRow& row : rows) {
    if (row.damaged) continue;
    gone.push_back(row.delivery);
    row.box.clear();
    if (act) TONGQU_CHECK(run_with(*database_, "UPDATE receipts SET receipt = NULL, row_check = ? WHERE delivery = ?", {checks_.of(row), row.delivery}));
  }
  return gone;
}

Result<std::vector<std::int64_t>> Store::old_refusals(std::string_view system, std::int64_t before_ms, std::int64_t behind, std::int64_t max) {
  TONGQU_TRY(auto query, Statement::prepare(*database_, "SELECT id FROM refusals WHERE id > ?1 AND at_ms < ?2 AND (?3 = '' OR system = ?3) ORDER BY id LIMIT ?4"));
  query.number(1, behind);
  query.number(2, before_ms);
  query.text(3, system);
  query.number(4, max);
  std::vector<std::int64_t> found;
  for (;;) {
    TONGQU_TRY(const bool row, query.step());
    if (!row) return found;
    found.push_back(query.number_at(0));
  }
}

Result<void> Store::purge_refusals(const std::vector<std::int64_t>& ids) {
  for (const std::int64_t id : ids) TONGQU_CHECK(run_with(*database_, "DELETE FROM refusals WHERE id = ?", {id}));
  return {};
}

} // namespace tongqu::journal::detail
