#pragma once
#include "journal/sqlite/database.hpp"

namespace tongqu::journal::detail {

/// Creates the tables in an empty file, or checks that the file is ours and of a version that we know. Changes nothing in a foreign file.
/// @errors journal.schema, journal.corrupt.
Result<void> check_identity(Database& database);
Result<void> create_when_empty(Database& database);
/// Bounded integrity check: everything in a small file, header, small tables and the newest rows in a large one. @errors journal.corrupt.
Result<void> check_integrity(Database& database, const std::string& path);

} // namespace tongqu::journal::detail
