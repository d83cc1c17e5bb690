#pragma once
#include <string_view>

namespace tongqu::mapping::detail {

/// Takes away what the step `trim: wide` takes away at both ends: blanks of every width and characters that take no room.
/// @param beyond_ascii  Set to true when one of them was none of ASCII's.
std::string_view trim_wide(std::string_view text, bool* beyond_ascii = nullptr) noexcept;

} // namespace tongqu::mapping::detail
