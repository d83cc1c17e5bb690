#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "tongqu/base/result.hpp"

namespace tongqu {

/// Raw bytes that the callee reads and does not keep. A view of char because every engine below (Expat, SQLite, curl, OpenSSL)
/// takes char pointers; text that is known to be UTF-8 is declared std::string_view instead.
using Bytes = std::string_view;

/// Lower-case hexadecimal.
std::string to_hex(Bytes bytes);
/// Reads an even number of hexadecimal digits of either case. @errors base.hex_invalid.
Result<std::string> from_hex(std::string_view text);

/// Base64 with padding, standard alphabet, no line breaks.
std::string to_base64(Bytes bytes);

enum class Base64Breaks : std::uint8_t { refuse, skip };
/// Strict Base64: standard alphabet, full padding, zero trailing bits. Line breaks (CR, LF) are refused or skipped as said.
/// @errors base.base64_invalid with the offset in where().
Result<std::string> from_base64(std::string_view text, Base64Breaks breaks = Base64Breaks::refuse);

/// True when `bytes` is well-formed UTF-8 (no overlong forms, no surrogates, at most U+10FFFF).
/// @param bad_offset  When not null and the answer is false, receives the offset of the first bad byte.
bool is_utf8(Bytes bytes, std::size_t* bad_offset = nullptr) noexcept;

/// Number of code points of well-formed UTF-8.
std::size_t utf8_length(std::string_view text) noexcept;

/// Compares without an early exit, for MACs and tokens.
bool equal_constant_time(Bytes a, Bytes b) noexcept;

} // namespace tongqu
