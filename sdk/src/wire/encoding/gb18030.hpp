#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "tongqu/wire/encoding.hpp"

namespace tongqu::wire::detail {

constexpr std::size_t kNoFault = static_cast<std::size_t>(-1);

/// Appends the UTF-8 of `bytes` to `out`. Returns kNoFault or the offset of the first bad sequence; `out` then ends before it.
std::size_t decode_gb18030(Bytes bytes, std::string& out);

/// Appends one character's bytes; false when the repertoire or the table has none for it.
bool encode_gb18030(char32_t code, Repertoire repertoire, std::string& out);

/// Number of leading ASCII bytes.
std::size_t ascii_run(const char* at, const char* end) noexcept;

/// Writes the UTF-8 of a code point that is no surrogate; returns the end.
char* put_utf8(char* out, char32_t code) noexcept;

} // namespace tongqu::wire::detail
