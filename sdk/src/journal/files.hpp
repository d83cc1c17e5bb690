#pragma once
#include <string>

#include "tongqu/base/result.hpp"

namespace tongqu::journal::detail {

/// Makes a new or renamed name in the folder of `path` durable. @errors base.file_unwritable.
Result<void> sync_folder_of(const std::string& path);
/// Size of a file by its name; -1 when there is none. Never opens it: closing any descriptor of a database file drops SQLite's locks.
std::int64_t size_of_file(const std::string& path);

} // namespace tongqu::journal::detail
