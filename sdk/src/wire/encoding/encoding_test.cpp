#include "tongqu/wire/encoding.hpp"

#include <gtest/gtest.h>

namespace tongqu::wire {
namespace {

using namespace std::string_view_literals;

std::string bytes_of(std::string_view hex) { return *from_hex(hex); }

void expect_bad(std::string_view hex, Encoding from, const std::string& where) {
  const auto text = decode(bytes_of(hex), from);
  ASSERT_FALSE(text) << hex;
  EXPECT_EQ(text.error().id(), "wire.encoding_invalid") << hex;
  EXPECT_EQ(text.error().where(), where) << hex;
}

TEST(EncodingLabel, labels_are_found_in_either_case_and_others_are_not) {
  for (const char* label : {"gb2312", "GB2312", "gb_2312-80", "GBK", "cp936", "MS936", "windows-936", "x-gbk", "gb18030", "GB18030"}) {
    EXPECT_EQ(encoding_from_label(label), Encoding::gb18030) << label;
  }
  EXPECT_EQ(encoding_from_label("UTF-8"), Encoding::utf8);
  EXPECT_EQ(encoding_from_label("utf8"), Encoding::utf8);
  EXPECT_EQ(encoding_from_label("utf-16"), Encoding::utf16le);
  EXPECT_EQ(encoding_from_label("UTF-16LE"), Encoding::utf16le);
  EXPECT_EQ(encoding_from_label("utf-16be"), Encoding::utf16be);
  for (const char* label : {"", "iso-8859-1", "utf-7", "utf-32", "big5", "gb", "gbk ", "x-user", "us-ascii"}) {
    EXPECT_FALSE(encoding_from_label(label)) << label;
  }
}

TEST(ByteOrderMark, is_told_for_utf8_and_both_utf16_forms) {
  EXPECT_EQ(byte_order_mark("\xEF\xBB\xBFx")->encoding, Encoding::utf8);
  EXPECT_EQ(byte_order_mark("\xEF\xBB\xBF")->bytes, 3u);
  EXPECT_EQ(byte_order_mark("\xFF\xFEx")->encoding, Encoding::utf16le);
  EXPECT_EQ(byte_order_mark("\xFE\xFF")->encoding, Encoding::utf16be);
  EXPECT_EQ(byte_order_mark("\xFE\xFF")->bytes, 2u);
  EXPECT_FALSE(byte_order_mark("\xEF\xBB"));
  EXPECT_FALSE(byte_order_mark(""));
}

TEST(Gb18030, well_known_characters_of_one_two_and_four_bytes_are_read) {
  EXPECT_EQ(*decode(bytes_of("41D6D0B9FA"), Encoding::gb18030), "A中国");
  EXPECT_EQ(*decode(bytes_of("AB68"), Encoding::gb18030), "玥");
  EXPECT_EQ(*decode(bytes_of("D55C815C"), Encoding::gb18030), "誠乗");
  EXPECT_EQ(*decode(bytes_of("81308130"), Encoding::gb18030), "\xC2\x80");
  EXPECT_EQ(*decode(bytes_of("98398237"), Encoding::gb18030), "𫘝");
  EXPECT_EQ(*decode(bytes_of("90308130"), Encoding::gb18030), "\xF0\x90\x80\x80");
  EXPECT_EQ(*decode(bytes_of("E3329A35"), Encoding::gb18030), "\xF4\x8F\xBF\xBF");
}

/// The dot inside the names of minority nationalities, the long dash, the euro and the points where tables differ.
TEST(Gb18030, special_points_are_fixed_in_both_directions) {
  const std::pair<const char*, const char*> points[] = {
      {"A1A4", "\u00B7"}, {"A1AA", "\u2014"}, {"A2E3", "\u20AC"}, {"A8BC", "\u1E3F"}, {"A3A0", "\uE5E5"}, {"A1A1", "\u3000"},
      {"FE51", "\uE816"}, {"FE52", "\uE817"}, {"FE53", "\uE818"}, {"FE6C", "\uE831"}, {"FE76", "\uE83B"}, {"FE91", "\uE855"},
      {"FE59", "\u9FB4"}, {"FEA0", "\u9FBB"}, {"A6D9", "\uFE10"}, {"A6F3", "\uFE19"}, {"8135F437", "\uE7C7"}, {"95329031", "\U00020087"}};
  for (const auto& [hex, text] : points) {
    EXPECT_EQ(*decode(bytes_of(hex), Encoding::gb18030), text) << hex;
    EXPECT_EQ(*encode(text, Encoding::gb18030), bytes_of(hex)) << hex;
  }
}

TEST(Gb18030, an_ascii_byte_after_a_lead_byte_is_never_swallowed) {
  for (const char* trail : {"3C", "26", "22", "27", "0D", "0A", "00", "20", "2F", "3E", "3F"}) {
    expect_bad(std::string("4181") + trail + "41", Encoding::gb18030, "offset 1");
  }
}

TEST(Gb18030, bad_and_cut_sequences_are_refused_with_their_offset) {
  expect_bad("80", Encoding::gb18030, "offset 0");
  expect_bad("FF", Encoding::gb18030, "offset 0");
  expect_bad("D6D081", Encoding::gb18030, "offset 2");
  expect_bad("817F", Encoding::gb18030, "offset 0");
  expect_bad("81FF", Encoding::gb18030, "offset 0");
  expect_bad("8130", Encoding::gb18030, "offset 0");
  expect_bad("813081", Encoding::gb18030, "offset 0");
  expect_bad("6161E3329A36", Encoding::gb18030, "offset 2");
  expect_bad("FE39FE39", Encoding::gb18030, "offset 0");
  expect_bad("8431A530", Encoding::gb18030, "offset 0");
  expect_bad("81308030", Encoding::gb18030, "offset 0");
  expect_bad("8130812F", Encoding::gb18030, "offset 0");
  expect_bad("81308140", Encoding::gb18030, "offset 0");
  expect_bad("414141414141414141414141FF", Encoding::gb18030, "offset 12");
}

TEST(Gb18030, trail_bytes_that_look_like_ascii_are_kept_through_a_round_trip) {
  const std::string text = "誠\\乗|乲`[";
  const std::string bytes = *encode(text, Encoding::gb18030);
  EXPECT_EQ(*decode(bytes, Encoding::gb18030), text);
}

TEST(Gb18030, what_a_repertoire_lacks_is_refused_with_its_offset) {
  const auto refused = [](std::string_view text, Repertoire repertoire) { return encode(text, Encoding::gb18030, repertoire); };
  EXPECT_EQ(*encode("中", Encoding::gb18030, Repertoire::gb2312), bytes_of("D6D0"));
  EXPECT_EQ(*encode("\u3000齄", Encoding::gb18030, Repertoire::gb2312), bytes_of("A1A1F7FE"));
  EXPECT_EQ(refused("\uE234", Repertoire::gb2312).error().id(), "wire.encoding_unmappable");  // F8A1
  EXPECT_EQ(*encode("玥", Encoding::gb18030, Repertoire::gbk), bytes_of("AB68"));
  EXPECT_EQ(refused("中玥", Repertoire::gb2312).error().id(), "wire.encoding_unmappable");
  EXPECT_EQ(refused("中玥", Repertoire::gb2312).error().where(), "offset 3");
  EXPECT_EQ(refused("a𠮷", Repertoire::gbk).error().where(), "offset 1");
  EXPECT_EQ(*encode("\u4DAE", Encoding::gb18030, Repertoire::gbk), bytes_of("FE9F"));
  EXPECT_EQ(*encode("𠮷", Encoding::gb18030), bytes_of("9534B235"));
  EXPECT_EQ(refused("\uE81E", Repertoire::gb18030).error().id(), "wire.encoding_unmappable");
  EXPECT_EQ(refused("a\xC0\x80", Repertoire::gb18030).error().id(), "wire.encoding_invalid");
  EXPECT_EQ(refused("a\xC0\x80", Repertoire::gb18030).error().where(), "offset 1");
}

TEST(Utf16, both_orders_are_read_and_written_with_surrogate_pairs) {
  EXPECT_EQ(*decode("A\0\x2D\x4E\x42\xD8\xB7\xDF"sv, Encoding::utf16le), "A中𠮷");
  EXPECT_EQ(*decode("\0A\x4E\x2D\xD8\x42\xDF\xB7"sv, Encoding::utf16be), "A中𠮷");
  EXPECT_EQ(*encode("A中𠮷", Encoding::utf16le), "A\0\x2D\x4E\x42\xD8\xB7\xDF"sv);
  EXPECT_EQ(*encode("A中𠮷", Encoding::utf16be), "\0A\x4E\x2D\xD8\x42\xDF\xB7"sv);
}

TEST(Utf16, lone_and_swapped_surrogates_and_half_units_are_refused) {
  expect_bad("410042D8", Encoding::utf16le, "offset 2");
  expect_bad("42D84100", Encoding::utf16le, "offset 0");
  expect_bad("B7DF42D8", Encoding::utf16le, "offset 0");
  expect_bad("42D842D8", Encoding::utf16le, "offset 0");
  expect_bad("410042D8B7", Encoding::utf16le, "offset 2");
  expect_bad("0041D8", Encoding::utf16be, "offset 2");
}

TEST(Utf8, every_ill_formed_kind_is_refused_with_its_offset) {
  EXPECT_EQ(*decode("A中𠮷", Encoding::utf8), "A中𠮷");
  for (const char* hex : {"C080", "C1BF", "E08080", "E09FBF", "F0808080", "F08FBFBF",  // overlong
                          "EDA080", "EDBFBF",                                          // surrogates
                          "F4908080", "F5808080", "FF", "FE",                          // beyond U+10FFFF
                          "F888808080", "FC8480808080",                                // five and six bytes
                          "80", "BF", "C3", "E4B8", "F09F98", "E4B841", "C3C3"}) {     // lone, cut
    expect_bad(std::string("E4B8AD41414141414141") + hex, Encoding::utf8, "offset 10");
  }
}

TEST(Utf8, the_first_and_last_of_each_length_are_accepted) {
  for (const char* hex : {"00", "7F", "C280", "DFBF", "E0A080", "ED9FBF", "EE8080", "EFBFBF", "F0908080", "F48FBFBF"}) {
    EXPECT_TRUE(decode(bytes_of(hex), Encoding::utf8)) << hex;
  }
}

} // namespace
} // namespace tongqu::wire
