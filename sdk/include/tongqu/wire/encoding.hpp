#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tongqu/base/bytes.hpp"
#include "tongqu/base/result.hpp"

namespace tongqu::wire {

/// A character encoding on the wire. gb2312, gbk, cp936 and gb18030 are one decoder: what calls itself gb2312 is GB18030 in practice.
enum class Encoding : std::uint8_t { utf8, utf16le, utf16be, gb18030 };

/// The encoding of a declared label, ignoring case: utf-8, utf8, utf-16, utf-16le, utf-16be, gb2312, gb_2312-80, gbk, cp936,
/// ms936, windows-936, x-gbk, gb18030. Nothing for every other label. "utf-16" alone gives utf16le (the byte-order mark decides first).
std::optional<Encoding> encoding_from_label(std::string_view label) noexcept;

/// Encoding told by a byte-order mark, and the mark's length.
struct Bom { Encoding encoding; std::size_t bytes; };
std::optional<Bom> byte_order_mark(Bytes bytes) noexcept;

/// Decodes strictly to UTF-8. No replacement, no cutting; a byte-order mark is not skipped here.
/// GB18030: one, two and four bytes; unassigned and cut sequences are refused; the ASCII byte after a bad lead is never swallowed.
/// @errors wire.encoding_invalid with "offset N" (first byte of the bad sequence) in where().
Result<std::string> decode(Bytes bytes, Encoding from);
/// The same into a string that is reused. After an error `out` holds what stands before the bad sequence.
Result<void> decode_into(std::string& out, Bytes bytes, Encoding from);

/// Encodes UTF-8 strictly. GB targets: `Repertoire` tells how much of GB18030 the peer's declared label allows.
enum class Repertoire : std::uint8_t {
  gb2312,   ///< Two-byte characters of the GB2312 area (A1-F7, A1-FE) only.
  gbk,      ///< Every two-byte character.
  gb18030,  ///< Also four bytes.
};
/// @errors wire.encoding_unmappable with "offset N" of the UTF-8 input; the caller adds the field's name. wire.encoding_invalid
///         when the input is not UTF-8.
Result<std::string> encode(std::string_view utf8, Encoding to, Repertoire repertoire = Repertoire::gb18030);

} // namespace tongqu::wire
