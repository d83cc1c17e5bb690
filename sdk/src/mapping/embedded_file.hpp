#pragma once
#include <string_view>

namespace tongqu::mapping::detail {

/// The text of a table that is built into the library, by its path under sdk/src/mapping ("author/aliases.csv"); empty when there is none.
std::string_view embedded_file(std::string_view name) noexcept;

} // namespace tongqu::mapping::detail
