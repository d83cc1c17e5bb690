#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "tongqu/base/result.hpp"

namespace tongqu::journal::detail {

/// Makes a new or renamed name in the folder of `path` durable. @errors base.file_unwritable.
Result<void> sync_folder_of(const std::string& path);
/// Size of a file by its name; -1 when there is none. Never opens it: closing any descriptor of a database file drops SQLite's locks.
std::int64_t size_of_file(const std::string& path);
/// Which file a name stands for: device and number. Nothing when there is none.
using FileIdentity = std::pair<std::uint64_t, std::uint64_t>;
std::optional<FileIdentity> identity_of_file(const std::string& path);

} // namespace tongqu::journal::detail
