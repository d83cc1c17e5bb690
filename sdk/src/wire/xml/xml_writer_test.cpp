#include <gtest/gtest.h>

#include "tongqu/wire/xml.hpp"

namespace tongqu::wire {
namespace {

TEST(XmlWriter, markup_in_values_is_escaped_and_never_becomes_markup) {
  std::string out;
  XmlWriter writer(out);
  writer.declaration("UTF-8");
  writer.open("s:Case");
  writer.attribute("xmlns:s", "urn:s");
  writer.attribute("a", "\"<&>'\t\r\n");
  writer.element("b", "</b><c>&amp;]]>");
  writer.element("empty", "");
  writer.open("d");
  EXPECT_EQ(writer.depth(), 2u);
  writer.text("x");
  writer.text("\r\ny");
  writer.close();
  writer.close();
  EXPECT_EQ(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?><s:Case xmlns:s=\"urn:s\" a=\"&quot;&lt;&amp;&gt;'&#9;&#13;&#10;\">"
                 "<b>&lt;/b&gt;&lt;c&gt;&amp;amp;]]&gt;</b><empty/><d>x&#13;\ny</d></s:Case>");
  EXPECT_TRUE(writer.check());
}

TEST(XmlWriter, what_it_writes_is_read_back_exactly) {
  const std::string value = "a\r\nb\rc\n\t <![CDATA[x]]> ]]> &lt; \"'<!-- 中𠮷 -->";
  std::string out;
  XmlWriter writer(out);
  writer.open("a");
  writer.attribute("v", value);
  writer.element("t", value);
  writer.close();
  const auto document = parse_xml(out);
  ASSERT_TRUE(document) << describe(document.error());
  EXPECT_EQ(document->root().attribute("v").raw_text(), value);
  EXPECT_EQ(*document->root().child("t").leaf(), value);
}

TEST(XmlWriter, cdata_that_holds_its_own_end_is_split_and_read_back_exactly) {
  for (const char* value : {"]]>", "<root>]]></root>", "]]]]>>", "]]>]]>", "x]]", "", "]"}) {
    std::string out;
    XmlWriter writer(out);
    writer.open("a");
    writer.cdata(value);
    writer.close();
    const auto document = parse_xml(out);
    ASSERT_TRUE(document) << out;
    EXPECT_EQ(*document->root().leaf(), value);
  }
}

TEST(XmlWriter, a_forbidden_character_is_left_out_and_reported_with_its_element) {
  for (const char* bad : {"\x01", "a\x1F", "\xEF\xBF\xBE", "\xED\xA0\x80", "\xC0\x80"}) {
    std::string out;
    XmlWriter writer(out);
    writer.open("a");
    writer.element("good", "x");
    writer.element("bad", bad);
    writer.open("worse");
    writer.cdata(bad);
    writer.close();
    writer.close();
    EXPECT_EQ(writer.check().error().id(), "wire.xml_character");
    EXPECT_EQ(writer.check().error().where(), "bad");
    EXPECT_TRUE(parse_xml(out)) << out;
  }
}

TEST(XmlEscape, nothing_is_appended_when_a_character_cannot_stand) {
  std::string out = "kept";
  const auto result = append_xml_escaped(out, std::string_view("ab\0c", 4));
  EXPECT_EQ(result.error().id(), "wire.xml_character");
  EXPECT_EQ(result.error().where(), "offset 2");
  EXPECT_EQ(out, "kept");
  EXPECT_TRUE(append_xml_escaped(out, "<a b=\"1\">&\r\n\t"));
  EXPECT_EQ(out, "kept&lt;a b=&quot;1&quot;&gt;&amp;&#13;\n\t");
}

} // namespace
} // namespace tongqu::wire
