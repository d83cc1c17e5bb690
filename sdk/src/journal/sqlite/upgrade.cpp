#include "journal/sqlite/upgrade.hpp"

#include "journal/sqlite/keys.hpp"
#include "journal/sqlite/schema.hpp"

namespace tongqu::journal::detail {
namespace {

constexpr const char* kSetAside = R"sql(
DROP INDEX messages_case; DROP INDEX deliveries_lane; DROP INDEX deliveries_due; DROP INDEX deliveries_open;
ALTER TABLE messages RENAME TO messages_1;
ALTER TABLE deliveries RENAME TO deliveries_1;
ALTER TABLE counters RENAME TO counters_1;
ALTER TABLE refusals RENAME TO refusals_1;
ALTER TABLE audit RENAME TO audit_1;
ALTER TABLE meta RENAME TO meta_1;
)sql";

/// The chain goes over as it stands: its values cover the same bytes.
constexpr const char* kTakeOver = R"sql(
INSERT INTO refusals SELECT id, at_ms, system, error_id, place, peer, size, digest FROM refusals_1;
INSERT INTO audit SELECT seq, at_ms, kind, subject, detail, digest, mac FROM audit_1;
DROP TABLE messages_1; DROP TABLE deliveries_1; DROP TABLE counters_1; DROP TABLE refusals_1; DROP TABLE audit_1; DROP TABLE meta_1;
PRAGMA user_version = 3;
)sql";

/// The old constant must open, or this is another store's key.
Result<void> check_old_key(Database& database, const Sealing& sealing) {
  const std::string name = "key_check " + sealing.key_id();
  TONGQU_TRY(auto query, Statement::prepare(database, "SELECT value FROM meta_1 WHERE name = ?"));
  query.text(1, name);
  TONGQU_TRY(const bool found, query.step());
  if (!found) return Error(Errc::journal_open).at("seal_key");
  const auto text = sealing.open(query.bytes_at(0), sealing.key_id(), "store", name);
  if (!text || *text != "tongqu-key-check-1") return Error(Errc::journal_open).at("seal_key");
  return {};
}

Result<void> put_key(Statement& insert, std::int64_t hash, std::int64_t id) {
  insert.reset();
  insert.number(1, hash);
  insert.number(2, id);
  TONGQU_CHECK(insert.step());
  return {};
}

constexpr std::string_view kPutKey = "INSERT OR IGNORE INTO keys(hash, id) VALUES(?, ?)";

Result<void> move_messages(Database& database, const RowChecks& checks, const KeyHash& hash) {
  TONGQU_TRY(auto from, Statement::prepare(database, "SELECT id, message_id, identity, digest, system, case_no, event, pack, pack_digest, "
                                                     "created_ms, key_id, findings, 0, coalesce(length(acknowledgement), 0), "
                                                     "coalesce(length(canonical), 0), coalesce(length(raw), 0), 0, acknowledgement, canonical, "
                                                     "raw FROM messages_1 ORDER BY id"));
  TONGQU_TRY(auto into, Statement::prepare(database, "INSERT INTO messages(" TONGQU_MESSAGE_COLUMNS
                                                     ") VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  TONGQU_TRY(auto bodies, Statement::prepare(database, "INSERT INTO bodies(message, acknowledgement, canonical, raw) VALUES(?, ?, ?, ?)"));
  TONGQU_TRY(auto keys, Statement::prepare(database, kPutKey));
  for (;;) {
    TONGQU_TRY(const bool found, from.step());
    if (!found) return {};
    const MessageRow row = read_message(from, checks);
    into.reset();
    bind_message(into, row, checks);
    TONGQU_CHECK(into.step());
    bodies.reset();
    bodies.number(1, row.id);
    for (int i = 0; i < 3; ++i) bodies.blob(2 + i, from.bytes_at(17 + i));
    TONGQU_CHECK(bodies.step());
    TONGQU_CHECK(put_key(keys, hash.of_identity(row.identity), row.id));
    TONGQU_CHECK(put_key(keys, hash.of_case(row.system, row.case_no), row.id));
  }
}

Result<void> put_old_receipt(Statement& insert, const Statement& from, const RowChecks& checks) {
  const ReceiptRow row{from.number_at(0), from.string_at(14), from.string_at(15), from.string_at(16), false};
  if (row.number.empty() && row.box.empty()) return {};
  insert.reset();
  insert.number(1, row.delivery);
  insert.text(2, row.number);
  insert.text(3, row.key_id);
  insert.blob(4, row.box);
  insert.number(5, checks.of(row));
  TONGQU_CHECK(insert.step());
  return {};
}

// A claim left its due time behind in version 1; it is put back as the index of later versions has it.
Result<void> move_deliveries(Database& database, const RowChecks& checks, const KeyHash& hash) {
  TONGQU_TRY(auto from, Statement::prepare(database, "SELECT id, target, case_key, state, not_before_ms, attempts, fence, created_ms, changed_ms, "
                                                     "after, error_id, reason, 0, iif(fence > 0, not_before_ms, due_ms), receipt_no, key_id, receipt "
                                                     "FROM deliveries_1 ORDER BY id"));
  TONGQU_TRY(auto into, Statement::prepare(database, "INSERT INTO deliveries(" TONGQU_DELIVERY_COLUMNS
                                                     ") VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  TONGQU_TRY(auto receipts, Statement::prepare(database, "INSERT INTO receipts(delivery, number, key_id, receipt, row_check) VALUES(?, ?, ?, ?, ?)"));
  TONGQU_TRY(auto keys, Statement::prepare(database, kPutKey));
  for (;;) {
    TONGQU_TRY(const bool found, from.step());
    if (!found) return {};
    const DeliveryRow row = read_delivery(from, checks);
    into.reset();
    into.number(1, row.id);
    into.text(2, row.target);
    into.text(3, row.case_key);
    for (int i = 3; i < 9; ++i) into.number(1 + i, from.number_at(i));
    into.text(10, row.after);
    into.text(11, row.error_id);
    into.text(12, row.reason);
    into.number(13, checks.of(row));
    if (from.null_at(13)) into.null(14);
    else into.number(14, from.number_at(13));
    TONGQU_CHECK(into.step());
    TONGQU_CHECK(put_old_receipt(receipts, from, checks));
    TONGQU_CHECK(put_key(keys, hash.of_lane(row.case_key, row.target), row.id));
  }
}

Result<void> move_counters(Database& database, const RowChecks& checks) {
  Counters now;
  {
    TONGQU_TRY(auto from, Statement::prepare(database, "SELECT last_message, messages, refusals, fence, waiting, ready, sending, unknown, delivered, "
                                                       "refused, held, parked, discarded FROM counters_1"));
    TONGQU_TRY(const bool found, from.step());
    if (!found) return Error(Errc::journal_corrupt).at("counters");
    now.last_message = now.indexed = from.number_at(0);
    now.messages = from.number_at(1);
    now.refusals = from.number_at(2);
    now.fence = from.number_at(3);
    for (std::size_t i = 0; i < now.states.size(); ++i) now.states[i] = from.number_at(4 + static_cast<int>(i));
  }
  return insert_counters(database, now, checks);
}

Result<void> steps_from_1(Database& database, const Sealing& sealing) {
  TONGQU_CHECK(database.run(kSetAside));
  TONGQU_CHECK(create_tables(database));
  TONGQU_CHECK(check_old_key(database, sealing));
  TONGQU_TRY(const auto keys, load_or_make_store_keys(database, sealing));
  const RowChecks checks(keys.rows);
  const KeyHash hash(keys.index);
  TONGQU_CHECK(move_messages(database, checks, hash));
  TONGQU_CHECK(move_deliveries(database, checks, hash));
  TONGQU_CHECK(move_counters(database, checks));
  return database.run(kTakeOver);
}

/// Version 2 differs in the condition of one index and has no attachments.
Result<void> steps_from_2(Database& database) {
  TONGQU_CHECK(database.run("DROP INDEX deliveries_open"));
  TONGQU_CHECK(create_attachment_names(database));
  TONGQU_CHECK(create_open_index(database));
  return database.run("PRAGMA user_version = 3");
}

} // namespace

Result<void> upgrade(Database& database, std::int64_t version, const Sealing& sealing) {
  TONGQU_CHECK(database.run("BEGIN IMMEDIATE"));
  auto done = version == 1 ? steps_from_1(database, sealing) : steps_from_2(database);
  if (done) done = database.run("COMMIT");
  if (!done && database.in_transaction()) static_cast<void>(database.run("ROLLBACK"));
  return done;
}

} // namespace tongqu::journal::detail
