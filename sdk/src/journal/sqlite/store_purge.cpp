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
Result<void> Store::purge_bodies(MessageRow& row, RawBox raw, std::int64_t now_ms) {
  row.purged_ms = now_ms;
  row.box_bytes[static_cast<std::size_t>(Body::canonical)] = 0;
  if (raw == RawBox::goes) row.box_bytes[static_cast<std::size_t>(Body::raw)] = 0;
  TONGQU_CHECK(run_with(*database_, "UPDATE messages SET purged_ms = ?, canonical_bytes = 0, raw_bytes = ?, row_check = ? WHERE id = ?",
                        {now_ms, row.box_bytes[static_cast<std::size_t>(Body::raw)], checks_.of(row), row.id}));
  if (raw == RawBox::stays) return run_with(*database_, "UPDATE bodies SET canonical = NULL WHERE message = ?", {row.id});
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

Result<std::vector<MessageRow>> Store::messages_of_other_keys(std::string_view key_id, std::int64_t behind, std::int64_t max) {
  TONGQU_TRY(auto query, Statement::prepare(*database_, "SELECT " TONGQU_MESSAGE_COLUMNS " FROM messages WHERE id > ?1 AND key_id <> ?2 ORDER BY id LIMIT ?3"));
  query.number(1, behind);
  query.text(2, key_id);
  query.number(3, max);
  std::vector<MessageRow> found;
  for (;;) {
    TONGQU_TRY(const bool row, query.step());
    if (!row) return found;
    found.push_back(read_message(query, checks_));
  }
}

Result<std::vector<ReceiptRow>> Store::receipts_of_other_keys(std::string_view key_id, std::int64_t behind, std::int64_t max) {
  TONGQU_TRY(auto query, Statement::prepare(*database_, "SELECT delivery, number, key_id, receipt, row_check FROM receipts "
                                                        "WHERE delivery > ?1 AND key_id <> ?2 AND receipt IS NOT NULL ORDER BY delivery LIMIT ?3"));
  query.number(1, behind);
  query.text(2, key_id);
  query.number(3, max);
  std::vector<ReceiptRow> found;
  for (;;) {
    TONGQU_TRY(const bool row, query.step());
    if (!row) return found;
    found.push_back(read_receipt(query, checks_));
  }
}

Result<void> Store::replace_boxes(MessageRow& row, const std::array<std::string, 3>& boxes) {
  for (std::size_t i = 0; i < boxes.size(); ++i) row.box_bytes[i] = static_cast<std::int64_t>(boxes[i].size());
  {
    TONGQU_TRY(auto update, Statement::prepare(*database_, "UPDATE messages SET key_id = ?, acknowledgement_bytes = ?, canonical_bytes = ?, "
                                                           "raw_bytes = ?, row_check = ? WHERE id = ?"));
    update.text(1, row.key_id);
    for (std::size_t i = 0; i < boxes.size(); ++i) update.number(2 + static_cast<int>(i), row.box_bytes[i]);
    update.number(5, checks_.of(row));
    update.number(6, row.id);
    TONGQU_CHECK(update.step());
  }
  TONGQU_TRY(auto update, Statement::prepare(*database_, "UPDATE bodies SET acknowledgement = ?, canonical = ?, raw = ? WHERE message = ?"));
  for (std::size_t i = 0; i < boxes.size(); ++i) update.blob(1 + static_cast<int>(i), boxes[i]);
  update.number(4, row.id);
  TONGQU_CHECK(update.step());
  return {};
}

Result<void> Store::replace_receipt(const ReceiptRow& row) {
  TONGQU_TRY(auto update, Statement::prepare(*database_, "UPDATE receipts SET key_id = ?, receipt = ?, row_check = ? WHERE delivery = ?"));
  update.text(1, row.key_id);
  update.blob(2, row.box);
  update.number(3, checks_.of(row));
  update.number(4, row.delivery);
  TONGQU_CHECK(update.step());
  return {};
}

// Nothing is left under another key, so that key need not open the store any more.
Result<bool> Store::forget_other_keys(std::string_view key_id) {
  TONGQU_TRY(auto left, Statement::prepare(*database_, "SELECT (SELECT count(*) FROM messages WHERE key_id <> ?1) + "
                                                       "(SELECT count(*) FROM receipts WHERE key_id <> ?1 AND receipt IS NOT NULL)"));
  left.text(1, key_id);
  TONGQU_TRY(const bool row, left.step());
  if (!row || left.number_at(0) != 0) return false;
  left.reset();
  TONGQU_TRY(auto gone, Statement::prepare(*database_, "DELETE FROM meta WHERE name LIKE 'store_keys %' AND name <> 'store_keys ' || ?1"));
  gone.text(1, key_id);
  TONGQU_CHECK(gone.step());
  return true;
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
