#include "journal/sqlite/rows.hpp"

#include "tongqu/crypto/crypto.hpp"

namespace tongqu::journal::detail {
namespace {

Result<std::optional<std::string>> find_box(Database& database, const std::string& name) {
  TONGQU_TRY(auto query, Statement::prepare(database, "SELECT value FROM meta WHERE name = ?"));
  query.text(1, name);
  TONGQU_TRY(const bool found, query.step());
  return found ? std::optional<std::string>(query.string_at(0)) : std::nullopt;
}

Result<void> put_box(Database& database, const Sealing& sealing, std::string_view secret) {
  const std::string name = store_secret_name(sealing.key_id());
  TONGQU_TRY(const auto box, sealing.seal(secret, kStoreSecretOwner, name));
  TONGQU_TRY(auto insert, Statement::prepare(database, "INSERT INTO meta(name, value) VALUES(?, ?)"));
  insert.text(1, name);
  insert.blob(2, box);
  TONGQU_CHECK(insert.step());
  return {};
}

/// Nothing when none of our keys has a box in the store.
Result<std::optional<std::string>> find_secret(Database& database, const Sealing& sealing) {
  for (const std::string& key_id : sealing.key_ids()) {
    const std::string name = store_secret_name(key_id);
    TONGQU_TRY(const auto box, find_box(database, name));
    if (!box) continue;
    auto secret = sealing.open(*box, key_id, kStoreSecretOwner, name);
    if (!secret || secret->size() != kStoreSecretBytes) return Error(Errc::journal_open).at("seal_key");
    return std::optional<std::string>(*std::move(secret));
  }
  return std::optional<std::string>();
}

} // namespace

MessageRow read_message(const Statement& row, const RowChecks& checks) {
  MessageRow out;
  out.id = row.number_at(0);
  std::string* const texts[] = {&out.message_id, &out.identity, &out.digest, &out.system, &out.case_no, &out.event, &out.pack, &out.pack_digest};
  int column = 1;
  for (std::string* text : texts) *text = row.string_at(column++);
  out.created_ms = row.number_at(9);
  out.key_id = row.string_at(10);
  out.findings = row.string_at(11);
  out.purged_ms = row.number_at(12);
  for (std::size_t i = 0; i < out.box_bytes.size(); ++i) out.box_bytes[i] = row.number_at(13 + static_cast<int>(i));
  out.damaged = row.number_at(16) != checks.of(out);
  return out;
}

void bind_message(Statement& statement, const MessageRow& row, const RowChecks& checks) {
  statement.number(1, row.id);
  statement.text(2, row.message_id);
  statement.text(3, row.identity);
  statement.blob(4, row.digest);
  const std::string* const texts[] = {&row.system, &row.case_no, &row.event, &row.pack, &row.pack_digest};
  int column = 5;
  for (const std::string* text : texts) statement.text(column++, *text);
  statement.number(10, row.created_ms);
  statement.text(11, row.key_id);
  statement.text(12, row.findings);
  statement.number(13, row.purged_ms);
  for (std::size_t i = 0; i < row.box_bytes.size(); ++i) statement.number(14 + static_cast<int>(i), row.box_bytes[i]);
  statement.number(17, checks.of(row));
}

DeliveryRow read_delivery(const Statement& row, const RowChecks& checks) {
  DeliveryRow out;
  out.id = row.number_at(0);
  out.target = row.string_at(1);
  out.case_key = row.string_at(2);
  const std::int64_t state = row.number_at(3);
  const bool known = state >= 0 && state <= static_cast<std::int64_t>(DeliveryState::discarded);
  out.state = known ? static_cast<DeliveryState>(state) : DeliveryState::parked;
  out.not_before_ms = row.number_at(4);
  out.attempts = static_cast<int>(row.number_at(5));
  out.fence = row.number_at(6);
  out.created_ms = row.number_at(7);
  out.changed_ms = row.number_at(8);
  out.after = row.string_at(9);
  out.error_id = row.string_at(10);
  out.reason = row.string_at(11);
  out.due_ms = row.number_at(13);
  out.damaged = !known || row.number_at(12) != checks.of(out);
  return out;
}

ReceiptRow read_receipt(const Statement& row, const RowChecks& checks, int first) {
  ReceiptRow out{row.number_at(first), row.string_at(first + 1), row.string_at(first + 2), row.string_at(first + 3), false};
  out.damaged = row.number_at(first + 4) != checks.of(out);
  return out;
}

Result<Counters> read_counters(const Statement& row, const RowChecks& checks) {
  Counters out;
  out.last_message = row.number_at(0);
  out.messages = row.number_at(1);
  out.refusals = row.number_at(2);
  out.fence = row.number_at(3);
  out.indexed = row.number_at(4);
  for (std::size_t i = 0; i < out.states.size(); ++i) out.states[i] = row.number_at(5 + static_cast<int>(i));
  if (row.number_at(14) != checks.of(out)) return Error(Errc::journal_corrupt).at("counters");
  return out;
}

Result<void> insert_counters(Database& database, const Counters& counters, const RowChecks& checks) {
  TONGQU_TRY(auto insert, Statement::prepare(database, "INSERT INTO counters(id, " TONGQU_COUNTER_COLUMNS
                                                       ") VALUES(1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  int index = 0;
  for (const std::int64_t value : {counters.last_message, counters.messages, counters.refusals, counters.fence, counters.indexed}) insert.number(++index, value);
  for (const std::int64_t value : counters.states) insert.number(++index, value);
  insert.number(++index, checks.of(counters));
  TONGQU_CHECK(insert.step());
  return {};
}

Result<StoreKeys> load_store_keys(Database& database, const Sealing& sealing) {
  TONGQU_TRY(const auto secret, find_secret(database, sealing));
  if (!secret) return Error(Errc::journal_open).at("seal_key");
  return store_keys_from(*secret);
}

Result<StoreKeys> load_or_make_store_keys(Database& database, const Sealing& sealing) {
  TONGQU_TRY(auto secret, find_secret(database, sealing));
  if (!secret) {
    // Somebody's keys are there, but none that we were given.
    TONGQU_TRY(const auto known, database.number_of("SELECT count(*) FROM meta WHERE name LIKE 'store_keys %'"));
    if (known != 0) return Error(Errc::journal_open).at("seal_key");
    secret = crypto::random_bytes(kStoreSecretBytes);
  }
  TONGQU_TRY(const auto box, find_box(database, store_secret_name(sealing.key_id())));
  if (!box) TONGQU_CHECK(put_box(database, sealing, *secret));
  return store_keys_from(*secret);
}

} // namespace tongqu::journal::detail
