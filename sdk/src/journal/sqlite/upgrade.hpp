#pragma once
#include "journal/sqlite/rows.hpp"

namespace tongqu::journal::detail {

/// Brings a store of an older version to the newest, in place and in one transaction: whatever goes wrong, it is as before. Version 1
/// needs room for a second copy of the rows. @errors as writing; journal.corrupt, journal.open (seal_key).
Result<void> upgrade(Database& database, std::int64_t version, const Sealing& sealing);

} // namespace tongqu::journal::detail
