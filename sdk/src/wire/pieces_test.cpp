#include "tongqu/wire/pieces.hpp"

#include <gtest/gtest.h>

namespace tongqu::wire {
namespace {

std::string shown(const Result<std::vector<Piece>>& pieces) {
  if (!pieces) return std::string(pieces.error().id()) + " " + pieces.error().where();
  std::string all;
  for (const Piece& piece : *pieces) all += "{" + std::string(piece.text) + "}";
  return all;
}
std::string xml(std::string_view text) { return shown(split_xml_documents(text, {})); }
std::string json(std::string_view text) { return shown(split_json_documents(text, {})); }

TEST(Pieces, xml_documents_end_where_their_element_ends) {
  EXPECT_EQ(xml("<?xml version=\"1.0\"?><a>1</a>\r\n<?xml version='1.0' encoding='gb2312'?><b/>"),
            "{<?xml version=\"1.0\"?><a>1</a>}{<?xml version='1.0' encoding='gb2312'?><b/>}");
  EXPECT_EQ(xml("<a><a x='</a>'/><![CDATA[</a><?xml ?>]]><!-- </a> --></a><b>2</b>"), "{<a><a x='</a>'/><![CDATA[</a><?xml ?>]]><!-- </a> --></a>}{<b>2</b>}");
  EXPECT_EQ(xml("\xEF\xBB\xBF<a/>\xEF\xBB\xBF<b/>"), "{<a/>}{<b/>}");
  EXPECT_EQ(xml("<!-- one --><a/><?pi?><b/><!-- end -->"), "{<!-- one --><a/>}{<?pi?><b/><!-- end -->}");
  EXPECT_EQ(xml(""), "");
}

TEST(Pieces, what_is_broken_stays_whole_for_the_gate) {
  EXPECT_EQ(xml("<a/><b><c></b>"), "{<a/>}{<b><c></b>}");
  EXPECT_EQ(xml("<a/><b x='"), "{<a/>}{<b x='}");
  EXPECT_EQ(xml("<!DOCTYPE a><a/><b/>"), "{<!DOCTYPE a><a/><b/>}");
  EXPECT_EQ(xml("<a/></b>"), "{<a/>}{</b>}");
  EXPECT_EQ(xml("<a/>\n, <b/>"), "wire.documents_junk 2:1");
}

TEST(Pieces, json_values_end_where_their_bracket_closes) {
  EXPECT_EQ(json("{\"a\":\"}{\\\"\"}\n{\"b\":[1,{}]}[2]"), "{{\"a\":\"}{\\\"\"}}{{\"b\":[1,{}]}}{[2]}");
  EXPECT_EQ(json("1 \"x\"{}"), "{1}{\"x\"}{{}}");
  EXPECT_EQ(json("{},{}"), "wire.documents_junk 1:3");
  EXPECT_EQ(json("{}{\"a\":"), "{{}}{{\"a\":}");
}

TEST(Pieces, their_number_is_bounded) {
  Limits limits;
  limits.children_max = 2;
  EXPECT_EQ(shown(split_xml_documents("<a/><b/>", limits)), "{<a/>}{<b/>}");
  EXPECT_EQ(shown(split_xml_documents("<a/><b/>\n<c/>", limits)), "wire.documents_limit 2:1");
  EXPECT_EQ(shown(split_json_documents("{}{}{}", limits)), "wire.documents_limit 1:5");
}

std::string frames(std::string_view bytes, FrameOptions options, const Limits& limits = {}) {
  const auto cut = split_frames(bytes, options, limits);
  if (!cut) return std::string(cut.error().id()) + " " + cut.error().where();
  std::string all;
  for (const Piece& piece : cut->pieces) all += "{" + std::string(piece.text) + "}";
  if (cut->tail) all += " tail " + std::to_string(cut->tail->offset) + "/" + std::to_string(cut->tail->text.size());
  return all;
}

TEST(Frames, every_length_field_is_read) {
  using Length = FrameOptions::Length;
  using namespace std::string_view_literals;
  EXPECT_EQ(frames("\0\0\0\2ab\0\0\0\1c"sv, {Length::u32be, 0, false}), "{ab}{c}");
  EXPECT_EQ(frames("\2\0\0\0ab"sv, {Length::u32le, 0, false}), "{ab}");
  EXPECT_EQ(frames("\0\4ab"sv, {Length::u16be, 0, true}), "{ab}");
  EXPECT_EQ(frames("\2\0ab"sv, {Length::u16le, 0, false}), "{ab}");
  EXPECT_EQ(frames("0002ab0001c", {Length::digits, 4, false}), "{ab}{c}");
}

TEST(Frames, an_incomplete_tail_stays_at_every_cut) {
  const std::string whole = "0002ab0003cde";
  for (std::size_t size = 7; size < whole.size(); ++size) EXPECT_EQ(frames(whole.substr(0, size), {FrameOptions::Length::digits, 4, false}), "{ab} tail 6/" + std::to_string(size - 6)) << size;
  EXPECT_EQ(frames(whole.substr(0, 6), {FrameOptions::Length::digits, 4, false}), "{ab}");
}

TEST(Frames, lengths_that_cannot_be_right_are_refused) {
  using namespace std::string_view_literals;
  const FrameOptions digits{FrameOptions::Length::digits, 4, false};
  EXPECT_EQ(frames("0002ab00x1c", digits), "wire.frame_length offset 6");
  EXPECT_EQ(frames("0002abx", digits), "wire.frame_length offset 6");
  EXPECT_EQ(frames("0000", digits), "wire.frame_length offset 0");
  EXPECT_EQ(frames("0003ab", {FrameOptions::Length::digits, 4, true}), "wire.frame_length offset 0");
  EXPECT_EQ(frames("\xFF\xFF\xFF\xFF" "a"sv, {}), "wire.frame_length offset 0");
}

} // namespace
} // namespace tongqu::wire
