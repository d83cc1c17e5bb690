#pragma once
#include "journal/sqlite/rows.hpp"

namespace tongqu::journal::detail {

/// Brings a store of version 1 to version 2, in place and in one transaction: whatever goes wrong, it is of version 1 as before. Needs
/// room for a second copy of the rows. @errors as writing; journal.corrupt, journal.open (seal_key).
Result<void> upgrade_from_1(Database& database, const Sealing& sealing);

} // namespace tongqu::journal::detail
