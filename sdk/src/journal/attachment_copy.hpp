#pragma once
#include <string>

#include "journal/sealing.hpp"

namespace tongqu::journal::detail {

/// Copies a folder of attachments, each file synced; it appears under its name whole or not at all. No folder: nothing is done. What is
/// uploaded or removed meanwhile may or may not be among them.
/// @errors journal.backup (where: what cannot be written), journal.disk_low.
Result<void> copy_attachments(const std::string& from, const std::string& to, const Sealing& sealing);

} // namespace tongqu::journal::detail
