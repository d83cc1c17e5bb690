#include "journal/sqlite/schema.hpp"

#include "journal/files.hpp"
#include "journal/sqlite/rows.hpp"

namespace tongqu::journal::detail {
namespace {

constexpr std::int64_t kApplicationId = 0x54514a31; // "TQJ1"
constexpr std::int64_t kOldestVersion = 1;
constexpr std::int64_t kFullCheckBytesMax = std::int64_t{64} << 20U;

// docs/reference/journal.md explains every column. Bodies have a table of their own, so that looking for a message walks over small rows,
// and so do receipts, so that a row of `deliveries` hardly grows while it goes through its states.
constexpr const char* kSchema = R"sql(
CREATE TABLE meta(name TEXT PRIMARY KEY NOT NULL, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE counters(
  id INTEGER PRIMARY KEY CHECK (id = 1), last_message INTEGER NOT NULL, messages INTEGER NOT NULL, refusals INTEGER NOT NULL,
  fence INTEGER NOT NULL, indexed INTEGER NOT NULL, waiting INTEGER NOT NULL, ready INTEGER NOT NULL, sending INTEGER NOT NULL,
  unknown INTEGER NOT NULL, delivered INTEGER NOT NULL, refused INTEGER NOT NULL, held INTEGER NOT NULL, parked INTEGER NOT NULL,
  discarded INTEGER NOT NULL, row_check INTEGER NOT NULL) STRICT;
CREATE TABLE messages(
  id INTEGER PRIMARY KEY, message_id TEXT NOT NULL UNIQUE, identity TEXT NOT NULL, digest BLOB NOT NULL, system TEXT NOT NULL,
  case_no TEXT NOT NULL, event TEXT NOT NULL, pack TEXT NOT NULL, pack_digest TEXT NOT NULL, created_ms INTEGER NOT NULL,
  key_id TEXT NOT NULL, findings TEXT NOT NULL, purged_ms INTEGER NOT NULL, acknowledgement_bytes INTEGER NOT NULL,
  canonical_bytes INTEGER NOT NULL, raw_bytes INTEGER NOT NULL, row_check INTEGER NOT NULL) STRICT;
CREATE TABLE bodies(message INTEGER PRIMARY KEY, acknowledgement BLOB, canonical BLOB, raw BLOB) STRICT;
CREATE TABLE keys(hash INTEGER NOT NULL, id INTEGER NOT NULL, PRIMARY KEY(hash, id)) STRICT, WITHOUT ROWID;
CREATE TABLE deliveries(
  id INTEGER PRIMARY KEY, target TEXT NOT NULL, case_key TEXT NOT NULL, state INTEGER NOT NULL, due_ms INTEGER,
  not_before_ms INTEGER NOT NULL, attempts INTEGER NOT NULL, fence INTEGER NOT NULL, created_ms INTEGER NOT NULL,
  changed_ms INTEGER NOT NULL, after TEXT NOT NULL, error_id TEXT NOT NULL, reason TEXT NOT NULL, row_check INTEGER NOT NULL) STRICT;
CREATE INDEX deliveries_due ON deliveries(target, due_ms, id) WHERE due_ms IS NOT NULL;
CREATE TABLE receipts(delivery INTEGER PRIMARY KEY, number TEXT NOT NULL, key_id TEXT NOT NULL, receipt BLOB, row_check INTEGER NOT NULL) STRICT;
CREATE TABLE refusals(
  id INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, system TEXT NOT NULL, error_id TEXT NOT NULL, place TEXT NOT NULL,
  peer TEXT NOT NULL, size INTEGER NOT NULL, digest BLOB) STRICT;
CREATE TABLE damaged(place TEXT PRIMARY KEY NOT NULL, at_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE heads(seq INTEGER PRIMARY KEY, body TEXT NOT NULL, signature BLOB NOT NULL) STRICT;
CREATE TABLE audit(
  seq INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL, detail TEXT NOT NULL, digest BLOB,
  mac BLOB NOT NULL) STRICT;
)sql";

constexpr const char* kAttachmentNames = R"sql(
CREATE TABLE attachments(name TEXT NOT NULL, message INTEGER NOT NULL, PRIMARY KEY(name, message)) STRICT, WITHOUT ROWID;
CREATE INDEX attachments_of_message ON attachments(message);
)sql";

/// Walks the newest rows of every table and the order index: a page that is not what it should be answers with an error.
constexpr const char* kSample[] = {
    "PRAGMA quick_check('counters')",
    "SELECT count(raw) FROM (SELECT raw FROM bodies ORDER BY message DESC LIMIT 200)",
    "SELECT count(findings) FROM (SELECT findings FROM messages ORDER BY id DESC LIMIT 1000)",
    "SELECT count(reason) FROM (SELECT reason FROM deliveries ORDER BY id DESC LIMIT 1000)",
    "SELECT count(receipt) FROM (SELECT receipt FROM receipts ORDER BY delivery DESC LIMIT 1000)",
    "SELECT count(*) FROM (SELECT 1 FROM deliveries WHERE due_ms IS NOT NULL LIMIT 1000)",
    "SELECT count(*) FROM (SELECT 1 FROM deliveries WHERE " TONGQU_OPEN_STATES("state") " LIMIT 1000)",
    "SELECT count(mac) FROM (SELECT mac FROM audit ORDER BY seq DESC LIMIT 1000)",
};

} // namespace

Result<std::int64_t> check_identity(Database& database) {
  TONGQU_TRY(const auto tables, database.number_of("SELECT count(*) FROM sqlite_schema"));
  TONGQU_TRY(const auto application, database.number_of("PRAGMA application_id"));
  TONGQU_TRY(const auto version, database.number_of("PRAGMA user_version"));
  if (tables == 0 && application == 0 && version == 0) return std::int64_t{0};
  if (application != kApplicationId) return Error(Errc::journal_schema).at("application_id");
  if (version < kOldestVersion || version > kSchemaVersion) return Error(Errc::journal_schema).at("user_version").with(std::to_string(version));
  return version;
}

Result<void> check_newest(Database& database) {
  TONGQU_TRY(const auto version, check_identity(database));
  if (version != kSchemaVersion) return Error(Errc::journal_schema).at("user_version").with(std::to_string(version));
  return {};
}

Result<void> create_open_index(Database& database) {
  return database.run("CREATE INDEX deliveries_open ON deliveries(state, id) WHERE " TONGQU_OPEN_STATES("state"));
}

Result<void> create_attachment_names(Database& database) { return database.run(kAttachmentNames); }

Result<void> create_tables(Database& database) {
  TONGQU_CHECK(database.run(kSchema));
  TONGQU_CHECK(create_attachment_names(database));
  return create_open_index(database);
}

Result<void> create_when_empty(Database& database) {
  TONGQU_TRY(const auto tables, database.number_of("SELECT count(*) FROM sqlite_schema"));
  if (tables != 0) return {};
  const std::string pragmas = "PRAGMA application_id = " + std::to_string(kApplicationId) +
                              "; PRAGMA user_version = " + std::to_string(kSchemaVersion) + ";";
  TONGQU_CHECK(database.run("BEGIN IMMEDIATE"));
  TONGQU_CHECK(create_tables(database));
  TONGQU_CHECK(database.run(pragmas.c_str()));
  return database.run("COMMIT");
}

Result<void> check_integrity(Database& database, const std::string& path) {
  const auto broken = [](const Error& cause) { return Error(Errc::journal_corrupt).because(cause); };
  if (size_of_file(path) <= kFullCheckBytesMax) {
    auto verdict = database.text_of("PRAGMA quick_check(1)");
    if (!verdict) return broken(verdict.error());
    if (*verdict != "ok") return Error(Errc::journal_corrupt).at("quick_check");
    return {};
  }
  for (const char* sql : kSample) {
    auto answer = database.text_of(sql);
    if (!answer) return broken(answer.error());
  }
  return {};
}

} // namespace tongqu::journal::detail
