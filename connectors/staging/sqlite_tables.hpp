#pragma once
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "connectors/staging/staging_settings.hpp"

struct sqlite3;

namespace tongqu::connectors::staging {

/// One row of the main table with its children, as it stood in one moment.
struct StagedRow {
  std::variant<std::int64_t, std::string> key;
  std::string json;                                ///< Typed rows as `wire::read_rows` takes them.
  bool whole = true;                               ///< There is one such row, with all the children that it says it has.
};

/// A staging database in a file of SQLite. For one thread.
class SqliteTables {
public:
  /// Opens what is there; makes nothing. @errors base.file_unreadable (where: the file), connector.setting (where: table.column).
  static Result<std::unique_ptr<SqliteTables>> open(const StagingSettings& settings);
  ~SqliteTables();
  SqliteTables(const SqliteTables&) = delete;
  SqliteTables& operator=(const SqliteTables&) = delete;

  /// Rows that are for us, oldest first, at most a batch behind an offset. @errors base.file_unreadable.
  Result<std::vector<StagedRow>> read(std::size_t offset);
  /// Writes what became of a row, unless it or its children have changed since it was read: then false, and it is read again.
  struct Verdict { std::string flag, message, time; };
  Result<bool> write_back(const StagedRow& row, const Verdict& verdict);

private:
  SqliteTables(const StagingSettings& settings, sqlite3* handle) : settings_(settings), handle_(handle) {}
  Result<void> check_columns() const;
  Result<StagedRow> read_row(const std::variant<std::int64_t, std::string>& key) const;
  Result<void> run(const char* sql) const;
  const StagingSettings settings_;
  sqlite3* handle_;
};

} // namespace tongqu::connectors::staging
