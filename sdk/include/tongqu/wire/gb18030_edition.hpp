#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "tongqu/base/bytes.hpp"
#include "tongqu/base/result.hpp"
#include "tongqu/wire/encoding.hpp"

/// GB 18030 of one named edition, for peers that insist on it. The decoder of encoding.hpp takes what both editions mean; here every
/// sequence stands for one character and every character for one sequence, so that bytes and characters go both ways without loss.
/// The editions of 2005 and 2022 differ in 18 pairs: ten vertical forms (A6D9 to A6F3) and eight ideographs (FE59 to FEA0), whose
/// two bytes stand for private-use characters in 2005 and for the real ones (U+FE10 to U+FE19, U+9FB4 to U+9FBB) in 2022; the four
/// bytes 84318236 to 84318335 and 82359037 to 82359134 stand for the other one of each pair.
namespace tongqu::wire {

enum class GbEdition : std::uint8_t { y2005, y2022 };
/// "2005" or "2022".
std::optional<GbEdition> gb_edition_from_name(std::string_view name) noexcept;

/// Decodes strictly. @errors wire.encoding_invalid, "offset N" in where().
Result<std::string> decode_gb18030(Bytes bytes, GbEdition edition);
/// Encodes strictly; characters that take four bytes in this edition need the repertoire gb18030.
/// @errors wire.encoding_unmappable, "offset N" of the UTF-8 input; wire.encoding_invalid when the input is not UTF-8.
Result<std::string> encode_gb18030(std::string_view utf8, GbEdition edition, Repertoire repertoire = Repertoire::gb18030);

} // namespace tongqu::wire
