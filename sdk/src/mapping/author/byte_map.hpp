#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tongqu/wire/document.hpp"

namespace tongqu::mapping::author {

struct ByteRange {
  std::size_t begin = 0, end = 0;
  bool operator==(const ByteRange& o) const { return begin == o.begin && end == o.end; }
};

/// How each byte of a text came out of the bytes it was read from.
struct ByteMap {
  std::string text;                        ///< What was read.
  std::vector<std::uint32_t> start, stop;  ///< By byte of `text`: the bytes that gave it.
  ByteRange of(ByteRange inner, std::size_t otherwise) const;
};

/// The readers of the stages written again, slowly and keeping track; each answers nothing when the bytes are not of its kind. Whoever
/// uses one compares `text` with what the stage gave, so that a difference between the two can only make a range unknown.
ByteMap map_plain(std::string_view bytes, std::size_t skipped);
std::optional<ByteMap> map_gb18030(std::string_view bytes, std::size_t skipped);
std::optional<ByteMap> map_utf16(std::string_view bytes, bool big_endian, std::size_t skipped);
std::optional<ByteMap> map_unescaped(std::string_view text);
std::optional<ByteMap> map_base64(std::string_view text);
/// The value of one field of a form, percent escapes undone.
std::optional<ByteMap> map_form_field(std::string_view text, std::string_view field);

/// Text of a leaf inside source(): where its characters stand between the tags, quotes or delimiters.
std::optional<ByteMap> map_leaf(const wire::Node& leaf);

/// `outer` then `inner`: from the text of `inner` to the bytes of `outer`.
ByteMap joined(const ByteMap& outer, ByteMap inner);

} // namespace tongqu::mapping::author
