#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>

#include "tongqu/wire/encoding.hpp"

namespace tongqu::wire {
namespace {

const std::filesystem::path kFolder = std::filesystem::path(TONGQU_SOURCE_DIR) / "../shared/corpora/gb18030";

using Points = std::map<std::string, char32_t>;  ///< Bytes in hexadecimal to code point.

std::string utf8_of(char32_t code) {
  std::string out;
  const auto put = [&out](char32_t byte) { out += static_cast<char>(static_cast<unsigned char>(byte)); };
  if (code < 0x80) return {static_cast<char>(code)};
  if (code >= 0x10000) put(0xF0 | code >> 18);
  if (code >= 0x800) put(code >= 0x10000 ? 0x80 | (code >> 12 & 63) : 0xE0 | code >> 12);
  put(code >= 0x800 ? 0x80 | (code >> 6 & 63) : 0xC0 | code >> 6);
  put(0x80 | (code & 63));
  return out;
}

std::string two_bytes(std::size_t lead, std::size_t trail) {
  return {static_cast<char>(static_cast<unsigned char>(lead)), static_cast<char>(static_cast<unsigned char>(trail))};
}

std::string four_bytes(std::size_t p) {
  const std::size_t bytes[] = {0x81 + p / 12600, 0x30 + p / 1260 % 10, 0x81 + p / 10 % 126, 0x30 + p % 10};
  std::string out;
  for (const std::size_t b : bytes) out += static_cast<char>(static_cast<unsigned char>(b));
  return out;
}

/// Where we differ from the WHATWG index: their blank for A3A0 (the reason is in docs/decisions/0001-gb18030-edition.md).
const Points kDifferentFromWhatwg{{"a3a0", 0xE5E5}};
/// Where we differ from ICU's table of 2005: it gives six two-byte points the characters that have four-byte sequences of their own.
const Points kDifferentFromIcu{{"fe51", 0xE816}, {"fe52", 0xE817}, {"fe53", 0xE818}, {"fe6c", 0xE831}, {"fe76", 0xE83B}, {"fe91", 0xE855}};

/// Read, but written back as two bytes: edition 2000's four-byte sequences of characters that have two bytes in edition 2022.
const std::map<std::string, std::string> kWrittenDifferently{
    {"84318236", "a6d9"}, {"84318237", "a6db"}, {"84318238", "a6da"}, {"84318239", "a6dc"}, {"84318330", "a6dd"}, {"84318331", "a6de"},
    {"84318332", "a6df"}, {"84318333", "a6ec"}, {"84318334", "a6ed"}, {"84318335", "a6f3"}, {"82359037", "fe59"}, {"82359038", "fe61"},
    {"82359039", "fe66"}, {"82359130", "fe67"}, {"82359131", "fe6d"}, {"82359132", "fe7e"}, {"82359133", "fe90"}, {"82359134", "fea0"}};

Points read_whatwg_index(std::istream& in) {
  Points points;
  std::string line;
  while (std::getline(in, line)) {
    if (line.empty() || line[0] == '#') continue;
    const std::size_t pointer = std::stoul(line);
    const std::size_t column = pointer % 190;
    const std::string bytes = two_bytes(0x81 + pointer / 190, column + (column < 0x3F ? 0x40 : 0x41));
    points[to_hex(bytes)] = static_cast<char32_t>(std::stoul(line.substr(line.find('\t') + 1), nullptr, 16));
  }
  return points;
}

/// All four-byte sequences up to the end of the basic plane, by the ranges and the one exception of the Encoding Standard.
Points read_whatwg_ranges(std::istream& in) {
  std::vector<std::pair<std::size_t, char32_t>> ranges;
  std::string line;
  while (std::getline(in, line)) {
    if (line.empty() || line[0] == '#') continue;
    ranges.emplace_back(std::stoul(line), static_cast<char32_t>(std::stoul(line.substr(line.find('\t') + 1), nullptr, 16)));
  }
  Points points;
  for (std::size_t i = 0; i + 1 < ranges.size(); ++i) {
    const std::size_t end = std::min<std::size_t>(ranges[i + 1].first, 39420);
    for (std::size_t p = ranges[i].first; p < end; ++p) {
      points[to_hex(four_bytes(p))] = static_cast<char32_t>(ranges[i].second + (p - ranges[i].first));
    }
  }
  points[to_hex(four_bytes(7457))] = 0xE7C7;
  return points;
}

Points read_icu(std::istream& in) {
  Points points;
  std::string line;
  while (std::getline(in, line)) {
    if (line.substr(0, 2) != "<U" || line.find("|0") == std::string::npos) continue;
    std::string hex;
    for (std::size_t at = line.find("\\x"); at != std::string::npos; at = line.find("\\x", at + 2)) hex += line.substr(at + 2, 2);
    std::transform(hex.begin(), hex.end(), hex.begin(), [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c; });
    points[hex] = static_cast<char32_t>(std::stoul(line.substr(2), nullptr, 16));
  }
  return points;
}

void expect_table(const Points& table, const Points& differences) {
  for (const auto& [hex, listed] : table) {
    const auto other = differences.find(hex);
    const std::string expected = utf8_of(other == differences.end() ? listed : other->second);
    const std::string bytes = *from_hex(hex);
    const auto text = decode(bytes, Encoding::gb18030);
    ASSERT_TRUE(text) << hex;
    ASSERT_EQ(to_hex(*text), to_hex(expected)) << hex;
    const auto alias = kWrittenDifferently.find(hex);
    ASSERT_EQ(to_hex(*encode(*text, Encoding::gb18030)), alias == kWrittenDifferently.end() ? hex : alias->second) << hex;
  }
}

TEST(Gb18030Corpus, every_two_byte_point_of_the_whatwg_index_is_read_and_written_back) {
  std::ifstream in(kFolder / "index-gb18030.txt");
  if (!in) GTEST_SKIP() << "corpora not present";
  const Points points = read_whatwg_index(in);
  ASSERT_EQ(points.size(), 23940u);
  expect_table(points, kDifferentFromWhatwg);
}

TEST(Gb18030Corpus, every_four_byte_point_of_the_whatwg_ranges_is_read_and_written_back) {
  std::ifstream in(kFolder / "index-gb18030-ranges.txt");
  if (!in) GTEST_SKIP() << "corpora not present";
  const Points points = read_whatwg_ranges(in);
  ASSERT_EQ(points.size(), 39420u);
  expect_table(points, {});
}

TEST(Gb18030Corpus, every_point_of_the_icu_table_is_read_and_written_back) {
  std::ifstream in(kFolder / "gb-18030-2005.ucm");
  if (!in) GTEST_SKIP() << "corpora not present";
  const Points points = read_icu(in);
  ASSERT_EQ(points.size(), 30862u);
  expect_table(points, kDifferentFromIcu);
}

TEST(Gb18030Table, all_characters_beyond_the_basic_plane_are_read_and_written_in_order) {
  std::string bytes;
  std::string text;
  for (char32_t code = 0x10000; code <= 0x10FFFF; ++code) {
    bytes += four_bytes(189000 + code - 0x10000);
    text += utf8_of(code);
  }
  EXPECT_TRUE(*decode(bytes, Encoding::gb18030) == text);
  EXPECT_TRUE(*encode(text, Encoding::gb18030) == bytes);
}

/// Of the pairs exactly 23,940 are good. Quads are good up to 8431A439 and from 90308130 to E3329A35; the edges are looked at whole and
/// what lies between them in steps.
TEST(Gb18030Table, every_pair_and_quad_outside_the_tables_is_refused_at_its_first_byte) {
  std::size_t pairs = 0;
  for (unsigned lead = 0x80; lead <= 0xFF; ++lead) {
    for (unsigned trail = 0; trail <= 0xFF; ++trail) {
      const auto text = decode(two_bytes(lead, trail), Encoding::gb18030);
      if (text) ++pairs;
      else ASSERT_EQ(text.error().where(), "offset 0");
    }
  }
  EXPECT_EQ(pairs, 23940u);
  for (std::size_t p = 0; p < 126 * 10 * 126 * 10;) {
    const bool good = p < 39420 || (p >= 189000 && p < 189000 + 1048576);
    ASSERT_EQ(decode(four_bytes(p), Encoding::gb18030).has_value(), good) << p;
    const bool at_edge = (p > 39000 && p < 40000) || (p > 188000 && p < 190000) || (p > 1237000 && p < 1238000);
    p += at_edge ? 1 : 37;
  }
}

} // namespace
} // namespace tongqu::wire
