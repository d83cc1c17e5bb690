#include "journal/postgres/store.hpp"

/// Rows that are old enough to go, and their going; rows under an earlier key. Rare: each is a journey of its own.
namespace tongqu::journal::detail {
namespace {

std::vector<MessageRow> read_messages(const PgRows& rows, const PgChecks& checks) {
  std::vector<MessageRow> found;
  for (int i = 0; i < rows.size(); ++i) found.push_back(read_pg_message({rows, i}, checks));
  return found;
}

std::vector<ReceiptRow> read_receipts(const PgRows& rows, const PgChecks& checks) {
  std::vector<ReceiptRow> found;
  for (int i = 0; i < rows.size(); ++i) found.push_back(read_pg_receipt({rows, i}, checks));
  return found;
}

} // namespace

Result<std::vector<MessageRow>> PgStore::old_messages(std::string_view system, std::int64_t before_ms, std::int64_t behind, std::int64_t max) {
  TONGQU_TRY(const auto rows, ask_fresh("SELECT " TONGQU_PG_MESSAGE("") " FROM messages WHERE id > $1 AND created_ms < $2 AND ($3 = '' OR system = $3) ORDER BY id LIMIT $4",
                                        PgParams().number(behind).number(before_ms).text(system).number(max)));
  auto found = read_messages(rows, checks_);
  // What becomes of each is asked next.
  std::vector<std::int64_t> ids;
  for (const MessageRow& row : found) ids.push_back(row.id);
  if (ids.empty()) return found;
  TONGQU_TRY(const auto deliveries, ask_fresh(PgSql::settled, settled_params(ids)));
  take_settled(deliveries);
  whole_messages_.insert(ids.begin(), ids.end());
  for (const MessageRow& row : found) messages_.try_emplace(row.id, row);
  return found;
}

// The acknowledgement stays: a repeat years later still hears the same.
Result<void> PgStore::purge_bodies(MessageRow& row, RawBox raw, std::int64_t now_ms) {
  row.purged_ms = now_ms;
  row.box_bytes[static_cast<std::size_t>(Body::canonical)] = 0;
  if (raw == RawBox::goes) row.box_bytes[static_cast<std::size_t>(Body::raw)] = 0;
  ++writes_;
  content_written_ = true;
  TONGQU_CHECK(ask_fresh("UPDATE messages SET purged_ms = $1, canonical_bytes = $2, raw_bytes = $3, row_check = $4 WHERE id = $5",
                         PgParams().number(now_ms).number(row.box_bytes[1]).number(row.box_bytes[2]).number(checks_.rows.of(row)).number(row.id)));
  const char* const gone = raw == RawBox::goes ? "UPDATE bodies SET canonical = NULL, raw = NULL WHERE message = $1" : "UPDATE bodies SET canonical = NULL WHERE message = $1";
  TONGQU_CHECK(ask_fresh(gone, PgParams().number(row.id)));
  messages_[row.id] = row;
  records_.erase(row.id);
  return {};
}

Result<std::vector<std::int64_t>> PgStore::purge_receipts(std::int64_t message, bool act) {
  TONGQU_TRY(const auto rows, ask_fresh("SELECT " TONGQU_PG_RECEIPT("") " FROM receipts WHERE delivery BETWEEN $1 AND $2 AND receipt IS NOT NULL ORDER BY delivery",
                                        PgParams().number(message * kTargetsMax).number(message * kTargetsMax + kTargetsMax - 1)));
  std::vector<std::int64_t> gone;
  for (ReceiptRow& row : read_receipts(rows, checks_)) {
    if (row.damaged) continue;
    gone.push_back(row.delivery);
    row.box.clear();
    if (act) TONGQU_CHECK(replace_receipt(row));
  }
  return gone;
}

Result<std::vector<MessageRow>> PgStore::messages_of_other_keys(std::string_view key_id, std::int64_t behind, std::int64_t max) {
  TONGQU_TRY(const auto rows, ask_fresh("SELECT " TONGQU_PG_MESSAGE("") " FROM messages WHERE id > $1 AND key_id <> $2 ORDER BY id LIMIT $3",
                                        PgParams().number(behind).text(key_id).number(max)));
  return read_messages(rows, checks_);
}

Result<std::vector<ReceiptRow>> PgStore::receipts_of_other_keys(std::string_view key_id, std::int64_t behind, std::int64_t max) {
  TONGQU_TRY(const auto rows, ask_fresh("SELECT " TONGQU_PG_RECEIPT("") " FROM receipts WHERE delivery > $1 AND key_id <> $2 AND receipt IS NOT NULL ORDER BY delivery LIMIT $3",
                                        PgParams().number(behind).text(key_id).number(max)));
  return read_receipts(rows, checks_);
}

Result<void> PgStore::replace_boxes(MessageRow& row, const std::array<std::string, 3>& boxes) {
  for (std::size_t i = 0; i < boxes.size(); ++i) row.box_bytes[i] = static_cast<std::int64_t>(boxes[i].size());
  ++writes_;
  TONGQU_CHECK(ask_fresh("UPDATE messages SET key_id = $1, acknowledgement_bytes = $2, canonical_bytes = $3, raw_bytes = $4, row_check = $5 WHERE id = $6",
                         PgParams().text(row.key_id).number(row.box_bytes[0]).number(row.box_bytes[1]).number(row.box_bytes[2]).number(checks_.rows.of(row)).number(row.id)));
  TONGQU_CHECK(ask_fresh("UPDATE bodies SET acknowledgement = $1, canonical = $2, raw = $3 WHERE message = $4",
                         PgParams().blob(boxes[0]).blob(boxes[1]).blob(boxes[2]).number(row.id)));
  messages_[row.id] = row;
  records_.erase(row.id);
  return {};
}

Result<void> PgStore::replace_receipt(const ReceiptRow& row) {
  ++writes_;
  TONGQU_CHECK(ask_fresh("UPDATE receipts SET key_id = $1, receipt = $2, row_check = $3 WHERE delivery = $4",
                         PgParams().text(row.key_id).blob(row.box).number(checks_.rows.of(row)).number(row.delivery)));
  receipts_.erase(row.delivery);
  return {};
}

// Nothing is left under another key, so that key need not open the store any more. A bridge that still seals under it would be locked
// out at its next start; the check comes in the transaction that nobody else is in.
Result<bool> PgStore::forget_other_keys(std::string_view key_id) {
  TONGQU_TRY(const auto left, ask_fresh("SELECT (SELECT count(*) FROM messages WHERE key_id <> $1) + "
                                        "(SELECT count(*) FROM receipts WHERE key_id <> $1 AND receipt IS NOT NULL) + "
                                        "(SELECT count(*) FROM attachment_files WHERE key_id <> $1 AND name IS NOT NULL)", PgParams().text(key_id)));
  if (left.number_at(0, 0) != 0) return false;
  ++writes_;
  TONGQU_CHECK(ask_fresh("DELETE FROM meta WHERE name LIKE 'store_keys %' AND name <> 'store_keys ' || $1::text", PgParams().text(key_id)));
  return true;
}

Result<void> PgStore::refer(const std::string& name, std::int64_t message) {
  new_references_.emplace_back(name, message);
  ++writes_;
  return {};
}

Result<bool> PgStore::referred(const std::string& name) {
  TONGQU_TRY(const auto rows, ask_fresh("SELECT 1 FROM attachments WHERE name = $1 LIMIT 1", PgParams().text(name)));
  return rows.size() > 0;
}

Result<void> PgStore::forget_references(std::int64_t message) {
  ++writes_;
  TONGQU_CHECK(ask_fresh("DELETE FROM attachments WHERE message = $1", PgParams().number(message)));
  return {};
}

Result<std::vector<std::int64_t>> PgStore::old_refusals(std::string_view system, std::int64_t before_ms, std::int64_t behind, std::int64_t max) {
  return ids_of("SELECT id FROM refusals WHERE id > $1 AND at_ms < $2 AND (length($3::bytea) = 0 OR system = $3) ORDER BY id LIMIT $4",
                PgParams().number(behind).number(before_ms).text(system).number(max));
}

Result<void> PgStore::purge_refusals(const std::vector<std::int64_t>& ids) {
  ++writes_;
  TONGQU_CHECK(ask_fresh("DELETE FROM refusals WHERE id = ANY($1::bigint[])", PgParams().numbers(ids)));
  return {};
}

} // namespace tongqu::journal::detail
