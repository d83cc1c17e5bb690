#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "tongqu/base/error.hpp"

namespace tongqu::wire::detail {

constexpr std::size_t kYamlBytesMax = std::size_t{4} * 1024 * 1024;
constexpr std::size_t kYamlDepthMax = 64;
constexpr std::size_t kYamlNodesMax = 262144;

/// What must be refused before yaml-cpp sees the text: it takes byte 04 as the end of the input and guesses UTF-16 from NULs, drops
/// a directive that ends the text, and keeps a whole flow collection in memory before its first event.
/// @param text  Without a byte-order mark.
std::optional<Error> prescan_yaml(std::string_view text);

/// Where a quoted scalar that begins at `start` ends (one past the closing quote); npos when it is not closed. yaml-cpp 0.7 takes
/// a quoted scalar that the end of the text cuts.
std::size_t quoted_end(std::string_view text, std::size_t start) noexcept;

/// "line:column" of an offset, from 1, the column in bytes.
std::string yaml_position(std::string_view text, std::size_t offset);

} // namespace tongqu::wire::detail
