#include "tongqu/wire/encoding.hpp"

#include <array>
#include <cstring>
#include <utility>

#include "encoding/gb18030.hpp"

namespace tongqu::wire {
namespace {

using detail::kNoFault;

constexpr std::array<std::pair<std::string_view, Encoding>, 13> kLabels{{
    {"utf-8", Encoding::utf8}, {"utf8", Encoding::utf8}, {"utf-16", Encoding::utf16le}, {"utf-16le", Encoding::utf16le},
    {"utf-16be", Encoding::utf16be}, {"gb2312", Encoding::gb18030}, {"gb_2312-80", Encoding::gb18030}, {"gbk", Encoding::gb18030},
    {"cp936", Encoding::gb18030}, {"ms936", Encoding::gb18030}, {"windows-936", Encoding::gb18030}, {"x-gbk", Encoding::gb18030},
    {"gb18030", Encoding::gb18030},
}};

bool same_ignoring_case(std::string_view label, std::string_view lower) noexcept {
  if (label.size() != lower.size()) return false;
  for (std::size_t i = 0; i < label.size(); ++i) {
    const char c = label[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c) != lower[i]) return false;
  }
  return true;
}

Error at_offset(Errc code, std::size_t offset) { return Error(code).at("offset " + std::to_string(offset)); }

char16_t unit_at(Bytes bytes, std::size_t i, Encoding order) noexcept {
  const auto first = static_cast<unsigned char>(bytes[i]);
  const auto second = static_cast<unsigned char>(bytes[i + 1]);
  return static_cast<char16_t>(order == Encoding::utf16le ? second << 8 | first : first << 8 | second);
}

std::size_t decode_utf16(Bytes bytes, Encoding order, std::string& out) {
  const std::size_t before = out.size();
  out.resize(before + bytes.size() / 2 * 3);
  char* to = out.data() + before;
  std::size_t i = 0;
  std::size_t fault = kNoFault;
  while (i < bytes.size() && fault == kNoFault) {
    if (bytes.size() - i < 2) { fault = i; break; }
    const char16_t unit = unit_at(bytes, i, order);
    if (unit < 0xD800 || unit > 0xDFFF) {
      to = detail::put_utf8(to, unit);
      i += 2;
      continue;
    }
    const char16_t low = unit < 0xDC00 && bytes.size() - i >= 4 ? unit_at(bytes, i + 2, order) : char16_t{0};
    if (low < 0xDC00 || low > 0xDFFF) { fault = i; break; }
    to = detail::put_utf8(to, 0x10000 + ((static_cast<char32_t>(unit) - 0xD800) << 10) + (static_cast<char32_t>(low) - 0xDC00));
    i += 4;
  }
  out.resize(static_cast<std::size_t>(to - out.data()));
  return fault;
}

/// Reads one code point of well-formed UTF-8 and moves `i` behind it.
char32_t next_code(std::string_view text, std::size_t& i) noexcept {
  const auto byte = [&](std::size_t at) { return static_cast<char32_t>(static_cast<unsigned char>(text[at])); };
  const char32_t lead = byte(i);
  if (lead < 0x80) return byte(i++);
  const std::size_t more = lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
  char32_t code = lead & (0x3Fu >> more);
  for (std::size_t k = 1; k <= more; ++k) code = code << 6 | (byte(i + k) & 0x3F);
  i += more + 1;
  return code;
}

void append_unit(std::string& out, char32_t unit, Encoding order) {
  const char low = static_cast<char>(unit & 0xFF);
  const char high = static_cast<char>(unit >> 8 & 0xFF);
  out += order == Encoding::utf16le ? low : high;
  out += order == Encoding::utf16le ? high : low;
}

void append_utf16(std::string& out, char32_t code, Encoding order) {
  if (code < 0x10000) return append_unit(out, code, order);
  append_unit(out, 0xD800 + ((code - 0x10000) >> 10), order);
  append_unit(out, 0xDC00 + ((code - 0x10000) & 0x3FF), order);
}

} // namespace

std::optional<Encoding> encoding_from_label(std::string_view label) noexcept {
  for (const auto& [name, encoding] : kLabels) {
    if (same_ignoring_case(label, name)) return encoding;
  }
  return std::nullopt;
}

std::optional<Bom> byte_order_mark(Bytes bytes) noexcept {
  const std::string_view head = bytes.substr(0, 3);
  if (head == "\xEF\xBB\xBF") return Bom{Encoding::utf8, 3};
  if (head.substr(0, 2) == "\xFF\xFE") return Bom{Encoding::utf16le, 2};
  if (head.substr(0, 2) == "\xFE\xFF") return Bom{Encoding::utf16be, 2};
  return std::nullopt;
}

Result<void> decode_into(std::string& out, Bytes bytes, Encoding from) {
  out.clear();
  std::size_t fault = kNoFault;
  if (from == Encoding::utf8) {
    if (std::size_t bad = 0; !is_utf8(bytes, &bad)) fault = bad;
    out.assign(bytes.substr(0, fault));
  } else if (from == Encoding::gb18030) {
    fault = detail::decode_gb18030(bytes, out);
  } else {
    fault = decode_utf16(bytes, from, out);
  }
  if (fault != kNoFault) return at_offset(Errc::wire_encoding_invalid, fault);
  return {};
}

Result<std::string> decode(Bytes bytes, Encoding from) {
  std::string text;
  TONGQU_CHECK(decode_into(text, bytes, from));
  return text;
}

Result<std::string> encode(std::string_view utf8, Encoding to, Repertoire repertoire) {
  if (std::size_t bad = 0; !is_utf8(utf8, &bad)) return at_offset(Errc::wire_encoding_invalid, bad);
  if (to == Encoding::utf8) return std::string(utf8);
  std::string out;
  out.reserve(utf8.size() + utf8.size() / 3);
  for (std::size_t i = 0; i < utf8.size();) {
    const std::size_t start = i;
    if (to == Encoding::gb18030) {
      if (const std::size_t run = detail::ascii_run(utf8.data() + i, utf8.data() + utf8.size()); run != 0) {
        out.append(utf8, i, run);
        i += run;
        continue;
      }
      if (!detail::encode_gb18030(next_code(utf8, i), repertoire, out)) return at_offset(Errc::wire_encoding_unmappable, start);
    } else {
      append_utf16(out, next_code(utf8, i), to);
    }
  }
  return out;
}

} // namespace tongqu::wire
