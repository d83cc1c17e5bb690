#include "mapping/author/byte_map.hpp"

#include <algorithm>

#include "tongqu/base/utf8.hpp"
#include "tongqu/wire/encoding.hpp"

namespace tongqu::mapping::author {
namespace {

using wire::NodeKind;

/// Puts bytes of text and what they came from together.
class MapWriter {
public:
  void put(std::string_view text, std::size_t start, std::size_t stop) {
    map_.text += text;
    map_.start.insert(map_.start.end(), text.size(), static_cast<std::uint32_t>(start));
    map_.stop.insert(map_.stop.end(), text.size(), static_cast<std::uint32_t>(stop));
  }
  void copy(char c, std::size_t at) { put({&c, 1}, at, at + 1); }
  std::size_t size() const { return map_.text.size(); }
  /// Moves the end of everything from the byte `from` on.
  void stop_at(std::size_t from, std::size_t stop) { std::fill(map_.stop.begin() + static_cast<std::ptrdiff_t>(from), map_.stop.end(), static_cast<std::uint32_t>(stop)); }
  ByteMap take() { return std::move(map_); }

private:
  ByteMap map_;
};

std::string utf8_of(std::uint32_t code) {
  std::string out;
  append_utf8(out, code);
  return out;
}

int digit_of(char c, int base) {
  const int value = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
  return value < base ? value : -1;
}

/// A reference at '&' up to its ';': what it stands for, and its length; nothing when it is none.
struct Reference { std::string text; std::size_t bytes; };
std::optional<Reference> reference_at(std::string_view text) {
  constexpr std::size_t kLongest = 12;
  const std::size_t end = text.substr(0, kLongest).find(';');
  if (end == std::string_view::npos || end < 2) return std::nullopt;
  const std::string_view name = text.substr(1, end - 1);
  if (name == "lt") return Reference{"<", end + 1};
  if (name == "gt") return Reference{">", end + 1};
  if (name == "amp") return Reference{"&", end + 1};
  if (name == "quot") return Reference{"\"", end + 1};
  if (name == "apos") return Reference{"'", end + 1};
  if (name[0] != '#' || name.size() < 2) return std::nullopt;
  const int base = name[1] == 'x' ? 16 : 10;
  std::uint32_t code = 0;
  for (const char c : name.substr(base == 16 ? 2 : 1)) {
    const int digit = digit_of(c, base);
    if (digit < 0) return std::nullopt;
    code = code * static_cast<std::uint32_t>(base) + static_cast<std::uint32_t>(digit);
  }
  return Reference{utf8_of(code), end + 1};
}

bool starts(std::string_view text, std::size_t at, std::string_view with) { return text.substr(at, with.size()) == with; }

/// One character of XML text with line ends made LF. Answers its length.
std::size_t put_character(std::string_view source, std::size_t at, MapWriter& out) {
  if (source[at] != '\r') {
    out.copy(source[at], at);
    return 1;
  }
  const std::size_t bytes = starts(source, at, "\r\n") ? 2 : 1;
  out.put("\n", at, at + bytes);
  return bytes;
}

/// End of a start tag: past its '>', quotes respected; `empty` when it closes itself.
std::size_t tag_end(std::string_view source, std::size_t at, bool& empty) {
  char quote = 0;
  for (; at < source.size(); ++at) {
    const char c = source[at];
    if (quote != 0) quote = c == quote ? '\0' : quote;
    else if (c == '"' || c == '\'') quote = c;
    else if (c == '>') break;
  }
  empty = at > 0 && at < source.size() && source[at - 1] == '/';
  return at < source.size() ? at + 1 : source.size();
}

std::optional<ByteMap> map_element(std::string_view source, std::size_t at) {
  MapWriter out;
  bool empty = false;
  at = tag_end(source, at, empty);
  while (!empty && at < source.size() && !starts(source, at, "</")) {
    if (starts(source, at, "<![CDATA[")) {
      const std::size_t end = source.find("]]>", at);
      for (at += 9; at < std::min(end, source.size());) at += put_character(source, at, out);
      at += 3;
    } else if (starts(source, at, "<!--") || starts(source, at, "<?")) {
      const std::string_view close = source[at + 1] == '?' ? "?>" : "-->";
      const std::size_t end = source.find(close, at + 2);
      if (end == std::string_view::npos) return std::nullopt;
      at = end + close.size();
    } else if (source[at] == '<') {
      return std::nullopt;
    } else if (source[at] == '&') {
      const auto reference = reference_at(source.substr(at));
      if (!reference) return std::nullopt;
      out.put(reference->text, at, at + reference->bytes);
      at += reference->bytes;
    } else {
      at += put_character(source, at, out);
    }
  }
  return out.take();
}

std::optional<ByteMap> map_attribute(std::string_view source, std::size_t at) {
  const std::size_t equals = source.find('=', at);
  const std::size_t open = equals == std::string_view::npos ? equals : source.find_first_of("\"'", equals);
  if (open == std::string_view::npos) return std::nullopt;
  MapWriter out;
  for (at = open + 1; at < source.size() && source[at] != source[open];) {
    const auto reference = source[at] == '&' ? reference_at(source.substr(at)) : std::nullopt;
    if (source[at] == '&' && !reference) return std::nullopt;
    if (reference) {
      out.put(reference->text, at, at + reference->bytes);
      at += reference->bytes;
    } else if (source[at] == '\r' || source[at] == '\n' || source[at] == '\t') {
      const std::size_t bytes = starts(source, at, "\r\n") ? 2 : 1;
      out.put(" ", at, at + bytes);
      at += bytes;
    } else {
      out.copy(source[at], at);
      ++at;
    }
  }
  return out.take();
}

std::uint32_t hex4(std::string_view text) {
  std::uint32_t code = 0;
  for (const char c : text.substr(0, 4)) code = code * 16 + static_cast<std::uint32_t>(std::max(digit_of(c, 16), 0));
  return code;
}

/// One escape of a JSON string at '\'. Answers its length.
std::size_t put_escape(std::string_view source, std::size_t at, MapWriter& out) {
  static constexpr std::string_view kFrom = "\"\\/bfnrt", kTo = "\"\\/\b\f\n\r\t";
  const char c = at + 1 < source.size() ? source[at + 1] : '\0';
  if (c != 'u') {
    const std::size_t i = kFrom.find(c);
    if (i == std::string_view::npos) return 0;
    out.put(kTo.substr(i, 1), at, at + 2);
    return 2;
  }
  std::uint32_t code = hex4(source.substr(std::min(at + 2, source.size())));
  std::size_t bytes = 6;
  if (code >= 0xD800 && code < 0xDC00 && starts(source, at + 6, "\\u")) {
    code = 0x10000 + ((code - 0xD800) << 10) + (hex4(source.substr(std::min(at + 8, source.size()))) - 0xDC00);
    bytes = 12;
  }
  out.put(utf8_of(code), at, at + bytes);
  return bytes;
}

std::size_t string_end(std::string_view source, std::size_t at) {
  for (++at; at < source.size() && source[at] != '"'; ++at) at += source[at] == '\\' ? 1 : 0;
  return std::min(at + 1, source.size());
}

std::optional<ByteMap> map_json(const wire::Node& leaf, std::string_view source) {
  std::size_t at = leaf.offset();
  const bool member = leaf.parent() && leaf.parent().kind() == NodeKind::object;
  if (member) {
    at = source.find_first_not_of(" \t\r\n", string_end(source, at));
    if (at == std::string_view::npos || source[at] != ':') return std::nullopt;
    at = source.find_first_not_of(" \t\r\n", at + 1);
  }
  if (at == std::string_view::npos || at >= source.size()) return std::nullopt;
  MapWriter out;
  if (source[at] != '"') {
    for (; at < source.size() && std::string_view(",]} \t\r\n").find(source[at]) == std::string_view::npos; ++at) out.copy(source[at], at);
    return out.take();
  }
  for (++at; at < source.size() && source[at] != '"';) {
    const std::size_t bytes = source[at] == '\\' ? put_escape(source, at, out) : 1;
    if (bytes == 0) return std::nullopt;
    if (source[at] != '\\') out.copy(source[at], at);
    at += bytes;
  }
  return out.take();
}

} // namespace

ByteRange ByteMap::of(ByteRange inner, std::size_t otherwise) const {
  inner.end = std::min(inner.end, start.size());
  if (inner.begin >= inner.end) {
    // Nothing between two bytes: the place where it would stand.
    const std::size_t at = inner.begin < start.size() ? start[inner.begin] : stop.empty() ? otherwise : stop.back();
    return {at, at};
  }
  return {start[inner.begin], stop[inner.end - 1]};
}

ByteMap map_plain(std::string_view bytes, std::size_t skipped) {
  ByteMap map;
  map.text = bytes.substr(std::min(skipped, bytes.size()));
  map.start.resize(map.text.size());
  map.stop.resize(map.text.size());
  for (std::size_t i = 0; i < map.text.size(); ++i) {
    map.start[i] = static_cast<std::uint32_t>(skipped + i);
    map.stop[i] = static_cast<std::uint32_t>(skipped + i + 1);
  }
  return map;
}

std::optional<ByteMap> map_gb18030(std::string_view bytes, std::size_t skipped) {
  MapWriter out;
  for (std::size_t at = skipped; at < bytes.size();) {
    const auto first = static_cast<unsigned char>(bytes[at]);
    const auto second = at + 1 < bytes.size() ? static_cast<unsigned char>(bytes[at + 1]) : 0U;
    const std::size_t length = first < 0x80 ? 1 : second >= 0x30 && second <= 0x39 ? 4 : 2;
    const auto text = wire::decode(bytes.substr(at, length), wire::Encoding::gb18030);
    if (!text) return std::nullopt;
    out.put(*text, at, at + length);
    at += length;
  }
  return out.take();
}

std::optional<ByteMap> map_utf16(std::string_view bytes, bool big_endian, std::size_t skipped) {
  MapWriter out;
  for (std::size_t at = skipped; at + 1 < bytes.size();) {
    const auto high = static_cast<unsigned char>(bytes[at + (big_endian ? 0 : 1)]);
    const std::size_t length = high >= 0xD8 && high < 0xDC ? 4 : 2;
    const auto text = wire::decode(bytes.substr(at, length), big_endian ? wire::Encoding::utf16be : wire::Encoding::utf16le);
    if (!text) return std::nullopt;
    out.put(*text, at, at + length);
    at += length;
  }
  return out.take();
}

std::optional<ByteMap> map_unescaped(std::string_view text) {
  MapWriter out;
  for (std::size_t at = 0; at < text.size();) {
    const auto reference = text[at] == '&' ? reference_at(text.substr(at)) : std::nullopt;
    if (text[at] == '&' && !reference) return std::nullopt;
    if (reference) out.put(reference->text, at, at + reference->bytes);
    else out.copy(text[at], at);
    at += reference ? reference->bytes : 1;
  }
  return out.take();
}

std::optional<ByteMap> map_base64(std::string_view text) {
  static constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  MapWriter out;
  std::uint32_t bits = 0;
  unsigned count = 0;
  std::size_t group = 0, first_of_group = 0;
  for (std::size_t at = starts(text, 0, "data:") ? std::min(text.find(',') + 1, text.size()) : 0; at < text.size(); ++at) {
    const char c = text[at] == '-' ? '+' : text[at] == '_' ? '/' : text[at];
    const std::size_t value = kAlphabet.find(c);
    if (value == std::string_view::npos) {
      if (std::string_view("= \t\r\n").find(c) == std::string_view::npos) return std::nullopt;
      if (c == '=') out.stop_at(first_of_group, at + 1);
      continue;
    }
    if (count == 0) {
      group = at;
      first_of_group = out.size();
    }
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    count += 6;
    if (count >= 8) {
      count -= 8;
      const char byte = static_cast<char>(bits >> count & 0xFF);
      // Only whole groups of four characters can be decoded alone, so a byte stands for its group.
      out.put({&byte, 1}, group, at + 1);
      out.stop_at(first_of_group, at + 1);
    }
    if (count == 0) bits = 0;
  }
  return out.take();
}

std::optional<ByteMap> map_form_field(std::string_view text, std::string_view field) {
  const auto unescaped = [&text](std::size_t begin, std::size_t end) {
    MapWriter out;
    for (std::size_t at = begin; at < end;) {
      const bool escape = text[at] == '%' && at + 2 < end;
      const char c = escape ? static_cast<char>(digit_of(text[at + 1], 16) * 16 + digit_of(text[at + 2], 16)) : text[at] == '+' ? ' ' : text[at];
      out.put({&c, 1}, at, at + (escape ? 3 : 1));
      at += escape ? 3 : 1;
    }
    return out.take();
  };
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('&', at), text.size());
    const std::size_t equals = std::min(text.find('=', at), end);
    if (unescaped(at, equals).text == field) return unescaped(std::min(equals + 1, end), end);
    at = end + 1;
  }
  return std::nullopt;
}

std::optional<ByteMap> map_leaf(const wire::Node& leaf) {
  const std::string_view source = leaf.document()->source();
  std::optional<ByteMap> map;
  if (leaf.offset() >= source.size()) return std::nullopt;
  if (leaf.kind() == NodeKind::element) map = source[leaf.offset()] == '<' ? map_element(source, leaf.offset()) : std::nullopt;
  else if (leaf.kind() == NodeKind::attribute) map = map_attribute(source, leaf.offset());
  else map = map_json(leaf, source);
  if (map && map->text == leaf.raw_text()) return map;
  // Cells of tables stand as they are at their place.
  const std::string_view text = leaf.raw_text();
  if (text.empty() || source.substr(leaf.offset(), text.size()) != text) return std::nullopt;
  ByteMap plain = map_plain(source.substr(0, leaf.offset() + text.size()), leaf.offset());
  return plain;
}

ByteMap joined(const ByteMap& outer, ByteMap inner) {
  for (std::size_t i = 0; i < inner.text.size(); ++i) {
    const ByteRange range = outer.of({inner.start[i], inner.stop[i]}, 0);
    inner.start[i] = static_cast<std::uint32_t>(range.begin);
    inner.stop[i] = static_cast<std::uint32_t>(range.end);
  }
  return inner;
}

} // namespace tongqu::mapping::author
