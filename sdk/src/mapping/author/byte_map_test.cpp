#include "mapping/author/byte_map.hpp"

#include <gtest/gtest.h>

#include "tongqu/wire/json.hpp"
#include "tongqu/wire/xml.hpp"

namespace tongqu::mapping::author {
namespace {

std::string part(std::string_view bytes, const ByteMap& map, std::size_t begin, std::size_t end) {
  const ByteRange range = map.of({begin, end}, 0);
  return std::string(bytes.substr(range.begin, range.end - range.begin));
}

TEST(ByteMap, a_leaf_of_xml_knows_its_bytes_across_references_and_cdata) {
  const std::string text = "<a x='1&amp;2' y=\"3\"><b>\r\np&lt;q<![CDATA[<r>]]>s&#x4E2D;</b><c/><d></d></a>";
  const auto document = wire::parse_xml(text);
  ASSERT_TRUE(document) << describe(document.error());
  const auto b = map_leaf(document->root().child("b"));
  ASSERT_TRUE(b);
  EXPECT_EQ(b->text, "\np<q<r>s中");
  EXPECT_EQ(part(text, *b, 0, 1), "\r\n");
  EXPECT_EQ(part(text, *b, 2, 3), "&lt;");
  EXPECT_EQ(part(text, *b, 3, 6), "q<![CDATA[<r");
  EXPECT_EQ(part(text, *b, 4, 7), "<r>");
  EXPECT_EQ(part(text, *b, 8, 11), "&#x4E2D;");
  const auto x = map_leaf(document->root().attribute("x"));
  ASSERT_TRUE(x);
  EXPECT_EQ(part(text, *x, 0, 3), "1&amp;2");
  EXPECT_EQ(part(text, *x, 1, 2), "&amp;");
  EXPECT_EQ(map_leaf(document->root().child("c"))->text, "");
  EXPECT_EQ(map_leaf(document->root().child("d"))->text, "");
}

TEST(ByteMap, a_scalar_of_json_knows_its_bytes_across_escapes) {
  const std::string text = "{\"k\\\"ey\" : \"a\\n\\u4e2d\\ud83d\\ude00b\", \"n\":[12.50, true ,\"x\"]}";
  const auto document = wire::parse_json(text);
  ASSERT_TRUE(document) << describe(document.error());
  const wire::Node first = document->root().first_child();
  const auto map = map_leaf(first);
  ASSERT_TRUE(map);
  EXPECT_EQ(map->text, "a\n中😀b");
  EXPECT_EQ(part(text, *map, 1, 2), "\\n");
  EXPECT_EQ(part(text, *map, 2, 5), "\\u4e2d");
  EXPECT_EQ(part(text, *map, 5, 9), "\\ud83d\\ude00");
  const wire::Node number = first.next().first_child();
  EXPECT_EQ(part(text, *map_leaf(number), 0, 5), "12.50");
  EXPECT_EQ(part(text, *map_leaf(number.next()), 0, 4), "true");
  EXPECT_EQ(part(text, *map_leaf(number.next().next()), 0, 1), "x");
}

/// Bytes by Python: "玥𠮷a".encode("gb18030") and base64.b64encode of "GBK".
TEST(ByteMap, encodings_base64_and_forms_know_their_bytes) {
  const std::string gb = "\xAB\x68\x95\x34\xB6\x35\x61";
  const auto map = map_gb18030(gb, 0);
  ASSERT_TRUE(map);
  EXPECT_EQ(part(gb, *map, 0, 3), "\xAB\x68");
  EXPECT_EQ(part(gb, *map, 3, 7), "\x95\x34\xB6\x35");
  EXPECT_EQ(part(gb, *map, 7, 8), "a");
  const std::string packed = "YWJj\r\nZGVm\nZw==";
  const auto base64 = map_base64(packed);
  ASSERT_TRUE(base64);
  EXPECT_EQ(base64->text, "abcdefg");
  EXPECT_EQ(part(packed, *base64, 0, 1), "YWJj");
  EXPECT_EQ(part(packed, *base64, 2, 4), "YWJj\r\nZGVm");
  EXPECT_EQ(part(packed, *base64, 6, 7), "Zw==");
  const std::string form = "a=1&xm=%D5%c5+b&c=2";
  const auto field = map_form_field(form, "xm");
  ASSERT_TRUE(field);
  EXPECT_EQ(field->text, "\xD5\xC5 b");
  EXPECT_EQ(part(form, *field, 0, 2), "%D5%c5");
  EXPECT_EQ(part(form, *field, 2, 3), "+");
}

TEST(ByteMap, two_layers_join) {
  const std::string outer = "&lt;a&gt;x&amp;lt;y&lt;/a&gt;";
  const auto once = map_unescaped(outer);
  ASSERT_TRUE(once);
  const auto inner = wire::parse_xml(once->text);
  const auto leaf = map_leaf(inner->root());
  const ByteMap both = joined(*once, *leaf);
  EXPECT_EQ(both.text, "x<y");
  EXPECT_EQ(part(outer, both, 0, 3), "x&amp;lt;y");
  EXPECT_EQ(part(outer, both, 1, 2), "&amp;lt;");
}

} // namespace
} // namespace tongqu::mapping::author
