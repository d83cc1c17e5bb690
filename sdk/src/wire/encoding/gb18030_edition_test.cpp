#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "tongqu/wire/gb18030_edition.hpp"

namespace tongqu::wire {
namespace {

const std::filesystem::path kFolder = std::filesystem::path(TONGQU_SOURCE_DIR) / "../shared/corpora/gb18030";

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

std::string four_bytes(std::size_t p) {
  const std::size_t bytes[] = {0x81 + p / 12600, 0x30 + p / 1260 % 10, 0x81 + p / 10 % 126, 0x30 + p % 10};
  std::string out;
  for (const std::size_t b : bytes) out += static_cast<char>(static_cast<unsigned char>(b));
  return out;
}

/// Bytes to code point of ICU's table of 2005, one and two bytes and the four-byte ones that it spells out.
std::map<std::string, char32_t> read_ucm(std::istream& in) {
  std::map<std::string, char32_t> points;
  std::string line;
  while (std::getline(in, line)) {
    if (line.compare(0, 2, "<U") != 0 || line.find('>') == std::string::npos) continue;
    const bool both_ways = line.find("|0") != std::string::npos;
    if (!both_ways) continue;
    const auto point = static_cast<char32_t>(std::stoul(line.substr(2, line.find('>') - 2), nullptr, 16));
    std::string bytes;
    for (std::size_t at = line.find("\\x"); at != std::string::npos; at = line.find("\\x", at + 1)) bytes += static_cast<char>(std::stoul(line.substr(at + 2, 2), nullptr, 16));
    points[bytes] = point;
  }
  return points;
}

void expect_both_ways(const std::string& bytes, const std::string& text, GbEdition edition) {
  const auto read = decode_gb18030(bytes, edition);
  ASSERT_TRUE(read) << to_hex(bytes);
  EXPECT_EQ(to_hex(*read), to_hex(text)) << to_hex(bytes);
  const auto back = encode_gb18030(text, edition);
  ASSERT_TRUE(back) << to_hex(bytes);
  EXPECT_EQ(to_hex(*back), to_hex(bytes));
}

TEST(GbEdition, the_18_pairs_change_places) {
  // GB 18030-2022, table of changes: A6D9 was U+E78D and is U+FE10, FE59 was U+E81E and is U+9FB4.
  expect_both_ways("\xA6\xD9", "\xEE\x9E\x8D", GbEdition::y2005);
  expect_both_ways("\xA6\xD9", "\xEF\xB8\x90", GbEdition::y2022);
  expect_both_ways("\x84\x31\x82\x36", "\xEF\xB8\x90", GbEdition::y2005);
  expect_both_ways("\x84\x31\x82\x36", "\xEE\x9E\x8D", GbEdition::y2022);
  expect_both_ways("\xFE\x59", "\xEE\xA0\x9E", GbEdition::y2005);
  expect_both_ways("\xFE\x59", "\xE9\xBE\xB4", GbEdition::y2022);
  expect_both_ways("\x82\x35\x90\x37", "\xE9\xBE\xB4", GbEdition::y2005);
}

TEST(GbEdition, what_stands_around_a_pair_stays) {
  const std::string text = "a\xE6\x9D\x8E\xEF\xB8\x90\xF0\xA0\xAE\xB7z";
  for (const GbEdition edition : {GbEdition::y2005, GbEdition::y2022}) {
    const auto bytes = encode_gb18030(text, edition);
    ASSERT_TRUE(bytes);
    EXPECT_EQ(*decode_gb18030(*bytes, edition), text);
  }
  EXPECT_EQ(to_hex(*encode_gb18030(text, GbEdition::y2022)), "61c0eea6d99534b2357a");
  EXPECT_EQ(to_hex(*encode_gb18030(text, GbEdition::y2005)), "61c0ee843182369534b2357a");
}

TEST(GbEdition, errors_are_told_in_offsets_of_the_whole) {
  EXPECT_EQ(decode_gb18030("ab\xA6\xD9\xFF", GbEdition::y2005).error().where(), "offset 4");
  const auto bytes = encode_gb18030("ab\xEF\xB8\x90", GbEdition::y2005, Repertoire::gbk);
  ASSERT_FALSE(bytes);
  EXPECT_EQ(bytes.error().code(), Errc::wire_encoding_unmappable);
  EXPECT_EQ(bytes.error().where(), "offset 2");
  EXPECT_TRUE(encode_gb18030("ab\xEF\xB8\x90", GbEdition::y2022, Repertoire::gbk));
}

/// ICU's table gives the 18 pairs as edition 2022 does; of edition 2005 it tells everything else.
bool moved(const std::string& bytes) {
  const auto in_2005 = decode_gb18030(bytes, GbEdition::y2005), in_2022 = decode_gb18030(bytes, GbEdition::y2022);
  return in_2005 && in_2022 && *in_2005 != *in_2022;
}

TEST(GbEdition, every_point_of_the_table_goes_both_ways) {
  std::ifstream in(kFolder / "gb-18030-2005.ucm");
  if (!in) GTEST_SKIP() << "no table at " << kFolder;
  const auto points = read_ucm(in);
  ASSERT_GT(points.size(), 24000u);
  // Six points of ICU differ from ours in every edition (decision 0001); their four-byte sequences are not in the table.
  const std::map<std::string, char32_t> ours{{"fe51", 0xE816}, {"fe52", 0xE817}, {"fe53", 0xE818}, {"fe6c", 0xE831}, {"fe76", 0xE83B}, {"fe91", 0xE855}};
  std::size_t tried = 0, pairs = 0;
  for (const auto& [bytes, point] : points) {
    const auto other = ours.find(to_hex(bytes));
    // The private-use points of those six are spelt with four bytes there.
    const bool taken = bytes.size() == 4 && std::any_of(ours.begin(), ours.end(), [&point = point](const auto& row) { return row.second == point; });
    if (taken) continue;
    const std::string text = utf8_of(other == ours.end() ? point : other->second);
    expect_both_ways(bytes, text, GbEdition::y2022);
    if (moved(bytes)) ++pairs;
    else expect_both_ways(bytes, text, GbEdition::y2005);
    ++tried;
    if (HasFailure()) return;
  }
  EXPECT_GT(tried, 24000u);
  EXPECT_EQ(pairs, 18u);
}

TEST(GbEdition, every_sequence_of_four_bytes_goes_back_to_itself) {
  for (const GbEdition edition : {GbEdition::y2005, GbEdition::y2022}) {
    for (const auto& [from, to] : {std::pair<std::size_t, std::size_t>{0, 39420}, {189000, 189000 + 0x100000}}) {
      std::string bytes;
      for (std::size_t p = from; p < to; ++p) {
        const std::string one = four_bytes(p);
        // Not every linear number of the basic plane is assigned, and six private-use ones have two bytes of their own.
        const auto read = to <= 39420 ? decode_gb18030(one, edition) : Result<std::string>(std::string());
        const bool usable = to > 39420 || (read && encode_gb18030(*read, edition) && encode_gb18030(*read, edition)->size() == 4);
        if (usable) bytes += one;
      }
      ASSERT_GT(bytes.size(), 4u * 38000u);
      const auto text = decode_gb18030(bytes, edition);
      ASSERT_TRUE(text);
      const auto back = encode_gb18030(*text, edition);
      ASSERT_TRUE(back);
      EXPECT_TRUE(*back == bytes);
    }
  }
}

} // namespace
} // namespace tongqu::wire
