#pragma once
#include "journal/sqlite/database.hpp"

namespace tongqu::journal::detail {

constexpr std::int64_t kSchemaVersion = 3;

/// Checks that the file is ours and of a version that we know, or empty. Changes nothing in a foreign file. Gives the version, 0 for an
/// empty file. @errors journal.schema, journal.corrupt.
Result<std::int64_t> check_identity(Database& database);
/// As above, and of the newest version: reading commands do not upgrade.
Result<void> check_newest(Database& database);
Result<void> create_when_empty(Database& database);
/// Creates the tables of the newest version, inside the caller's transaction.
Result<void> create_tables(Database& database);
/// The index of open deliveries, which is among those tables.
Result<void> create_open_index(Database& database);
/// The names of attachments by message, which are among those tables.
Result<void> create_attachment_names(Database& database);
/// Bounded integrity check: everything in a small file, header, small tables and the newest rows in a large one. @errors journal.corrupt.
Result<void> check_integrity(Database& database, const std::string& path);

} // namespace tongqu::journal::detail
