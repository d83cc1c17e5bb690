#include "tongqu/wire/gb18030_edition.hpp"

#include <algorithm>
#include <charconv>

#include "wire/encoding/gb18030.hpp"

namespace tongqu::wire {
namespace {

/// One pair: the two bytes, the four bytes, the real character and the private-use one.
struct Pair { std::string_view two, four; char32_t real, private_use; };
using namespace std::string_view_literals;
constexpr Pair kPairs[] = {
    {"\xA6\xD9"sv, "\x84\x31\x82\x36"sv, 0xFE10, 0xE78D}, {"\xA6\xDB"sv, "\x84\x31\x82\x37"sv, 0xFE11, 0xE78F},
    {"\xA6\xDA"sv, "\x84\x31\x82\x38"sv, 0xFE12, 0xE78E}, {"\xA6\xDC"sv, "\x84\x31\x82\x39"sv, 0xFE13, 0xE790},
    {"\xA6\xDD"sv, "\x84\x31\x83\x30"sv, 0xFE14, 0xE791}, {"\xA6\xDE"sv, "\x84\x31\x83\x31"sv, 0xFE15, 0xE792},
    {"\xA6\xDF"sv, "\x84\x31\x83\x32"sv, 0xFE16, 0xE793}, {"\xA6\xEC"sv, "\x84\x31\x83\x33"sv, 0xFE17, 0xE794},
    {"\xA6\xED"sv, "\x84\x31\x83\x34"sv, 0xFE18, 0xE795}, {"\xA6\xF3"sv, "\x84\x31\x83\x35"sv, 0xFE19, 0xE796},
    {"\xFE\x59"sv, "\x82\x35\x90\x37"sv, 0x9FB4, 0xE81E}, {"\xFE\x61"sv, "\x82\x35\x90\x38"sv, 0x9FB5, 0xE826},
    {"\xFE\x66"sv, "\x82\x35\x90\x39"sv, 0x9FB6, 0xE82B}, {"\xFE\x67"sv, "\x82\x35\x91\x30"sv, 0x9FB7, 0xE82C},
    {"\xFE\x6D"sv, "\x82\x35\x91\x31"sv, 0x9FB8, 0xE832}, {"\xFE\x7E"sv, "\x82\x35\x91\x32"sv, 0x9FB9, 0xE843},
    {"\xFE\x90"sv, "\x82\x35\x91\x33"sv, 0x9FBA, 0xE854}, {"\xFE\xA0"sv, "\x82\x35\x91\x34"sv, 0x9FBB, 0xE864},
};

const Pair* pair_of(Bytes sequence) noexcept {
  for (const Pair& pair : kPairs) {
    if (pair.two == sequence || pair.four == sequence) return &pair;
  }
  return nullptr;
}

/// Code point of the three bytes at the head of `text`, 0 when it does not start a character of three bytes.
char32_t three_byte_point(std::string_view text) noexcept {
  if (text.size() < 3 || (static_cast<unsigned char>(text[0]) & 0xF0u) != 0xE0u) return 0;
  return (static_cast<char32_t>(text[0]) & 0x0Fu) << 12 | (static_cast<char32_t>(text[1]) & 0x3Fu) << 6 | (static_cast<char32_t>(text[2]) & 0x3Fu);
}

const Pair* pair_of(char32_t point) noexcept {
  if (point < 0x9FB4) return nullptr;
  for (const Pair& pair : kPairs) {
    if (pair.real == point || pair.private_use == point) return &pair;
  }
  return nullptr;
}

/// An error inside a piece that starts at `base`, told in offsets of the whole.
Error moved(const Error& error, std::size_t base) {
  constexpr std::string_view kWord = "offset ";
  std::size_t at = 0;
  const std::string& where = error.where();
  if (where.substr(0, kWord.size()) == kWord) std::from_chars(where.data() + kWord.size(), where.data() + where.size(), at);
  return Error(error.code()).at(std::string(kWord) + std::to_string(base + at));
}

std::size_t sequence_bytes(Bytes bytes, std::size_t at) noexcept {
  if (static_cast<unsigned char>(bytes[at]) < 0x80 || at + 1 == bytes.size()) return 1;
  const char second = bytes[at + 1];
  return second >= '0' && second <= '9' ? std::min<std::size_t>(4, bytes.size() - at) : 2;
}

} // namespace

std::optional<GbEdition> gb_edition_from_name(std::string_view name) noexcept {
  if (name == "2005") return GbEdition::y2005;
  if (name == "2022") return GbEdition::y2022;
  return std::nullopt;
}

Result<std::string> decode_gb18030(Bytes bytes, GbEdition edition) {
  std::string out;
  std::size_t piece = 0;
  const auto flush = [&out, &piece, bytes](std::size_t end) -> Result<void> {
    if (piece == end) return {};
    auto text = decode(bytes.substr(piece, end - piece), Encoding::gb18030);
    if (!text) return moved(text.error(), piece);
    out += *text;
    return {};
  };
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t size = sequence_bytes(bytes, at);
    const Pair* pair = size < 2 ? nullptr : pair_of(bytes.substr(at, size));
    if (pair != nullptr) {
      TONGQU_CHECK(flush(at));
      const bool real = (size == 2) == (edition == GbEdition::y2022);
      char put[4];
      out.append(put, detail::put_utf8(put, real ? pair->real : pair->private_use));
      piece = at + size;
    }
    at += size;
  }
  TONGQU_CHECK(flush(bytes.size()));
  return out;
}

Result<std::string> encode_gb18030(std::string_view utf8, GbEdition edition, Repertoire repertoire) {
  std::string out;
  std::size_t piece = 0;
  const auto flush = [&out, &piece, utf8, repertoire](std::size_t end) -> Result<void> {
    if (piece == end) return {};
    auto bytes = encode(utf8.substr(piece, end - piece), Encoding::gb18030, repertoire);
    if (!bytes) return moved(bytes.error(), piece);
    out += *bytes;
    return {};
  };
  for (std::size_t at = 0; at < utf8.size(); ++at) {
    const Pair* pair = pair_of(three_byte_point(utf8.substr(at, 3)));
    if (pair == nullptr) continue;
    TONGQU_CHECK(flush(at));
    const bool two = (three_byte_point(utf8.substr(at, 3)) == pair->real) == (edition == GbEdition::y2022);
    const bool in_repertoire = two ? repertoire != Repertoire::gb2312 : repertoire == Repertoire::gb18030;
    if (!in_repertoire) return Error(Errc::wire_encoding_unmappable).at("offset " + std::to_string(at));
    out += two ? pair->two : pair->four;
    at += 2;
    piece = at + 1;
  }
  TONGQU_CHECK(flush(utf8.size()));
  return out;
}

} // namespace tongqu::wire
