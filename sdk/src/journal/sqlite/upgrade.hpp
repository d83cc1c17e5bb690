#pragma once
#include "journal/sqlite/rows.hpp"

namespace tongqu::journal::detail {

/// Brings a store of version 1 to the newest version, in place and in one transaction: whatever goes wrong, it is of version 1 as before. Needs
/// room for a second copy of the rows. @errors as writing; journal.corrupt, journal.open (seal_key).
Result<void> upgrade_from_1(Database& database, const Sealing& sealing);
/// Version 2 lacks the table of attachments.
Result<void> upgrade_from_2(Database& database);

} // namespace tongqu::journal::detail
