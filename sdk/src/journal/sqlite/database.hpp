#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "journal/sqlite/gathered_log.hpp"
#include "tongqu/base/result.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace tongqu::journal::detail {

enum class Access : std::uint8_t { write, create, read };

/// One SQLite connection. One thread at a time.
class Database {
public:
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// @errors journal.open, journal.corrupt.
  static Result<std::unique_ptr<Database>> open(const std::string& path, Access access);
  /// The same for the one connection that commits group after group: its log can be gathered. @errors journal.open, journal.corrupt.
  static Result<std::unique_ptr<Database>> open_for_groups(const std::string& path, Access access);
  /// From here on the log is written in few large pieces, where this connection was opened for it and check_durability has found nothing.
  void gather_log();

  /// Runs SQL without results.
  Result<void> run(const char* sql);
  /// First column of the first row, as text or number.
  Result<std::string> text_of(const char* sql);
  Result<std::int64_t> number_of(const char* sql);

  bool in_transaction() const noexcept;
  int changes() const noexcept;
  std::int64_t total_changes() const noexcept; ///< Rows written since opening.
  /// Pages in the write-ahead log after the last commit.
  int wal_pages() const noexcept { return wal_pages_; }
  /// Moves the log into the database file. `truncate` also empties the log, waiting for readers at most the busy time-out.
  enum class Checkpoint : std::uint8_t { passive, truncate };
  Result<void> checkpoint(Checkpoint kind);
  /// Syncs the database file, without its log.
  Result<void> sync_file();

  std::string path() const; ///< Of the database file.
  sqlite3* handle() const noexcept { return handle_; }
  /// Error for a result code. A failing disk is journal.sync_failed on a writing connection: nothing after it can be trusted.
  Error failure(int result_code) const;
  bool found_no_room() const noexcept { return found_no_room_; } ///< By the last failure.

private:
  Database(sqlite3* handle, Access access, std::unique_ptr<GatheredLog> log);
  static Result<std::unique_ptr<Database>> open_over(const std::string& path, Access access, std::unique_ptr<GatheredLog> log);
  static int on_wal(void* self, sqlite3* handle, const char* name, int pages);

  sqlite3* handle_;
  Access access_;
  std::unique_ptr<GatheredLog> log_; ///< Null: SQLite writes it as it likes.
  int wal_pages_ = 0;
  mutable bool found_no_room_ = false;
};

/// Refuses a connection that would not survive a power cut: reads the pragmas back. @errors journal.weak_durability.
Result<void> check_durability(Database& database);

/// A statement prepared once.
class Statement {
public:
  Statement() = default;
  ~Statement();
  Statement(Statement&& other) noexcept : database_(other.database_), handle_(other.handle_) { other.handle_ = nullptr; }
  Statement& operator=(Statement&& other) noexcept;
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  static Result<Statement> prepare(Database& database, std::string_view sql);

  // Bound texts are not copied: they must live until the statement is reset.
  void number(int index, std::int64_t value);
  void text(int index, std::string_view value);
  void blob(int index, std::string_view value); ///< Empty binds NULL.
  void null(int index);

  /// True when there is a row.
  Result<bool> step();
  void reset() noexcept;

  std::int64_t number_at(int column) const noexcept;
  bool null_at(int column) const noexcept;
  std::string_view bytes_at(int column) const noexcept; ///< Text or blob; valid until the next step.
  std::string string_at(int column) const { return std::string(bytes_at(column)); }

private:
  Statement(Database& database, sqlite3_stmt* handle) : database_(&database), handle_(handle) {}
  Database* database_ = nullptr;
  sqlite3_stmt* handle_ = nullptr;
};

/// One use of a prepared statement; resets it when it goes, so that no read transaction stays open behind it.
class Use {
public:
  explicit Use(Statement& statement) : statement_(statement) {}
  ~Use() { statement_.reset(); }
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;
  Statement* operator->() noexcept { return &statement_; }

private:
  Statement& statement_;
};

/// Prepares a fixed list of statements. @errors journal.corrupt, journal.schema.
Result<std::vector<Statement>> prepare_all(Database& database, const std::vector<std::string_view>& texts);

} // namespace tongqu::journal::detail
