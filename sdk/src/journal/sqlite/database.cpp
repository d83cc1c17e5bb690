#include "journal/sqlite/database.hpp"

#include <sqlite3.h>

#include <utility>

namespace tongqu::journal::detail {
namespace {

constexpr int kBusyTimeoutMs = 5000;
/// Small allocations of a connection that writes come from a pool of its own.
constexpr int kPoolPieceBytes = 1200, kPoolPieces = 200;

/// SQLite counts the bytes of every allocation under one lock for the whole process; nobody here asks for the count. Without effect when
/// somebody else in the process has started SQLite before.
void stop_counting() {
  static const int kDone = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  static_cast<void>(kDone);
}

} // namespace

Database::Database(sqlite3* handle, Access access, std::unique_ptr<GatheredLog> log) : handle_(handle), access_(access), log_(std::move(log)) {}

Database::~Database() { sqlite3_close_v2(handle_); }

Result<std::unique_ptr<Database>> Database::open(const std::string& path, Access access) {
  stop_counting();
  return open_over(path, access, nullptr);
}

Result<std::unique_ptr<Database>> Database::open_for_groups(const std::string& path, Access access) {
  stop_counting();
  TONGQU_TRY(auto log, GatheredLog::over_default());
  return open_over(path, access, std::move(log));
}

void Database::gather_log() {
  if (log_) log_->begin();
}

Result<std::unique_ptr<Database>> Database::open_over(const std::string& path, Access access, std::unique_ptr<GatheredLog> log) {
  int flags = SQLITE_OPEN_NOMUTEX;
  if (access == Access::read) flags |= SQLITE_OPEN_READONLY;
  else flags |= access == Access::create ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READWRITE;
  sqlite3* handle = nullptr;
  const int rc = sqlite3_open_v2(path.c_str(), &handle, flags, log ? log->name() : nullptr);
  std::unique_ptr<Database> database(new Database(handle, access, std::move(log)));
  if (rc != SQLITE_OK) return Error(Errc::journal_open).at(path);
  sqlite3_extended_result_codes(handle, 1);
  if (access != Access::read) sqlite3_db_config(handle, SQLITE_DBCONFIG_LOOKASIDE, nullptr, kPoolPieceBytes, kPoolPieces);
  sqlite3_busy_timeout(handle, kBusyTimeoutMs);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  // Closing must not sync behind our back after a sync has failed; and with the log's index left in place a full disk can be opened.
  sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  if (access != Access::read) sqlite3_wal_hook(handle, &Database::on_wal, database.get());
  return database;
}

int Database::on_wal(void* self, sqlite3*, const char*, int pages) {
  static_cast<Database*>(self)->wal_pages_ = pages;
  return SQLITE_OK;
}

Result<void> Database::run(const char* sql) {
  const int rc = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr);
  if (rc != SQLITE_OK) return failure(rc);
  return {};
}

Result<std::string> Database::text_of(const char* sql) {
  TONGQU_TRY(auto statement, Statement::prepare(*this, sql));
  TONGQU_TRY(const bool row, statement.step());
  return row ? statement.string_at(0) : std::string();
}

Result<std::int64_t> Database::number_of(const char* sql) {
  TONGQU_TRY(auto statement, Statement::prepare(*this, sql));
  TONGQU_TRY(const bool row, statement.step());
  return row ? statement.number_at(0) : std::int64_t{0};
}

bool Database::in_transaction() const noexcept { return sqlite3_get_autocommit(handle_) == 0; }

int Database::changes() const noexcept { return sqlite3_changes(handle_); }

std::int64_t Database::total_changes() const noexcept { return sqlite3_total_changes64(handle_); }

std::string Database::path() const {
  const char* name = sqlite3_db_filename(handle_, "main");
  return name != nullptr ? name : "";
}

Result<void> Database::checkpoint(Checkpoint kind) {
  const int mode = kind == Checkpoint::passive ? SQLITE_CHECKPOINT_PASSIVE : SQLITE_CHECKPOINT_TRUNCATE;
  const int rc = sqlite3_wal_checkpoint_v2(handle_, "main", mode, nullptr, nullptr);
  if (rc != SQLITE_OK && (rc & 0xff) != SQLITE_BUSY) return failure(rc);
  return {};
}

Result<void> Database::sync_file() {
  sqlite3_file* file = nullptr;
  int rc = sqlite3_file_control(handle_, "main", SQLITE_FCNTL_FILE_POINTER, static_cast<void*>(&file));
  if (rc == SQLITE_OK && file != nullptr && file->pMethods != nullptr) rc = file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
  if (rc != SQLITE_OK) return failure(rc);
  return {};
}

Error Database::failure(int result_code) const {
  const bool writing = access_ != Access::read;
  found_no_room_ = (result_code & 0xff) == SQLITE_FULL;
  Errc code = writing ? Errc::journal_write : Errc::journal_read;
  switch (result_code & 0xff) {
    case SQLITE_IOERR: if (writing) code = Errc::journal_sync_failed; break;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: code = Errc::journal_corrupt; break;
    case SQLITE_CANTOPEN: if (!writing) code = Errc::journal_open; break;
    default: break;
  }
  return Error(code).with("sqlite " + std::to_string(result_code));
}

Result<void> check_durability(Database& database) {
  TONGQU_TRY(const auto mode, database.text_of("PRAGMA journal_mode"));
  if (mode != "wal") return Error(Errc::journal_weak_durability).at("journal_mode").with(mode);
  TONGQU_TRY(const auto synchronous, database.number_of("PRAGMA synchronous"));
  // 2 is FULL, 3 is EXTRA; with NORMAL 16 of 500 acknowledged rows were gone after a power cut.
  if (synchronous < 2) return Error(Errc::journal_weak_durability).at("synchronous").with(std::to_string(synchronous));
  TONGQU_TRY(const auto locking, database.text_of("PRAGMA locking_mode"));
  if (locking != "normal") return Error(Errc::journal_weak_durability).at("locking_mode").with(locking);
  return {};
}

Statement::~Statement() { sqlite3_finalize(handle_); }

Statement& Statement::operator=(Statement&& other) noexcept {
  std::swap(database_, other.database_);
  std::swap(handle_, other.handle_);
  return *this;
}

Result<Statement> Statement::prepare(Database& database, std::string_view sql) {
  sqlite3_stmt* handle = nullptr;
  const int rc = sqlite3_prepare_v3(database.handle(), sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &handle, nullptr);
  if (rc == SQLITE_ERROR) return Error(Errc::journal_schema).with("sqlite " + std::to_string(rc));
  if (rc != SQLITE_OK) return database.failure(rc);
  return Statement(database, handle);
}

void Statement::number(int index, std::int64_t value) { sqlite3_bind_int64(handle_, index, value); }

void Statement::text(int index, std::string_view value) {
  const char* start = value.data() != nullptr ? value.data() : "";
  sqlite3_bind_text(handle_, index, start, static_cast<int>(value.size()), nullptr);
}

void Statement::blob(int index, std::string_view value) {
  if (value.empty()) return null(index);
  sqlite3_bind_blob64(handle_, index, value.data(), value.size(), nullptr);
}

void Statement::null(int index) { sqlite3_bind_null(handle_, index); }

Result<bool> Statement::step() {
  const int rc = sqlite3_step(handle_);
  if (rc == SQLITE_ROW) return true;
  if (rc == SQLITE_DONE) return false;
  Error error = database_->failure(rc);
  // A number given twice is a fault of ours and never the sender's.
  const bool ours = rc == SQLITE_CONSTRAINT_ROWID || rc == SQLITE_CONSTRAINT_PRIMARYKEY;
  if ((rc & 0xff) == SQLITE_CONSTRAINT && !ours) return Error(Errc::journal_intake_invalid).because(std::move(error));
  return error;
}

void Statement::reset() noexcept { sqlite3_reset(handle_); }

std::int64_t Statement::number_at(int column) const noexcept { return sqlite3_column_int64(handle_, column); }

bool Statement::null_at(int column) const noexcept { return sqlite3_column_type(handle_, column) == SQLITE_NULL; }

std::string_view Statement::bytes_at(int column) const noexcept {
  const auto* start = static_cast<const char*>(sqlite3_column_blob(handle_, column));
  return start == nullptr ? std::string_view() : std::string_view(start, static_cast<std::size_t>(sqlite3_column_bytes(handle_, column)));
}

Result<std::vector<Statement>> prepare_all(Database& database, const std::vector<std::string_view>& texts) {
  std::vector<Statement> statements;
  statements.reserve(texts.size());
  for (const std::string_view sql : texts) {
    TONGQU_TRY(auto statement, Statement::prepare(database, sql));
    statements.push_back(std::move(statement));
  }
  return statements;
}

} // namespace tongqu::journal::detail
