#pragma once
#include <cstdint>

namespace tongqu::wire::detail {

/// Whether a code point of U+0080 to U+FFFF may start a name, or stand in one. These are the classes of XML 1.0 up to its fourth
/// edition, which Expat keeps; the fifth edition allows more. Code points above U+FFFF stand in no name.
bool starts_name(std::uint32_t code) noexcept;
bool stands_in_name(std::uint32_t code) noexcept;

} // namespace tongqu::wire::detail
