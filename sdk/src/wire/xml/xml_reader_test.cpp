#include <gtest/gtest.h>

#include <chrono>
#include <ctime>

#include "tongqu/wire/xml.hpp"

namespace tongqu::wire {
namespace {

using namespace std::string_view_literals;

std::string repeated(std::string_view text, std::size_t times) {
  std::string out;
  out.reserve(text.size() * times);
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

constexpr XmlEngine kEngines[] = {XmlEngine::expat, XmlEngine::scanner};

XmlOptions with_engine(XmlOptions options, XmlEngine engine) {
  options.engine = engine;
  return options;
}

/// By both engines, alike.
void expect_refused(std::string_view xml, std::string_view id, std::string_view where, const XmlOptions& options = {}) {
  for (const XmlEngine engine : kEngines) {
    const auto document = parse_xml(xml, with_engine(options, engine));
    const std::string_view head = xml.substr(0, 80);
    ASSERT_FALSE(document) << head;
    EXPECT_EQ(document.error().id(), id) << head;
    EXPECT_EQ(document.error().where(), where) << head;
    EXPECT_EQ(document.error().action(), Action::fix_input) << head;
  }
}

/// By both engines; gives the scanner's, whose equality with Expat's sdk/test/differential shows.
Document accepted(std::string_view xml, const XmlOptions& options = {}) {
  Document last;
  for (const XmlEngine engine : kEngines) {
    auto document = parse_xml(xml, with_engine(options, engine));
    EXPECT_TRUE(document) << xml.substr(0, 80) << describe(document ? Error(Errc::wire_xml_not_wf) : document.error());
    last = document ? *std::move(document) : Document();
  }
  return last;
}

std::string leaf_of(std::string_view xml) {
  const Document document = accepted(xml);
  const auto text = document.root().leaf();
  return text ? std::string(*text) : std::string(text.error().id());
}

// The tape

TEST(XmlTape, elements_attributes_namespaces_and_symbols_stand_on_the_tape_in_document_order) {
  NameSet names;
  names.add("SXBM");
  names.add("id");
  names.freeze();
  XmlOptions options;
  options.names = &names;
  const std::string_view xml = "<e:Case xmlns:e='urn:e' xmlns='urn:d' id='1' e:id='2'>\n  <SXBM>x</SXBM>\n  <SXBM xmlns=''/>\n</e:Case>";
  const Document document = accepted(xml, options);
  const Node root = document.root();
  EXPECT_EQ(root.name(), "Case");
  EXPECT_EQ(root.ns(), "urn:e");
  EXPECT_EQ(root.symbol(), 0u);
  EXPECT_EQ(root.entry().attributes, 2u);
  const Node id = root.first_attribute();
  EXPECT_EQ(id.kind(), NodeKind::attribute);
  EXPECT_EQ(id.name(), "id");
  EXPECT_EQ(id.ns(), "");
  EXPECT_EQ(id.symbol(), 2u);
  EXPECT_EQ(id.raw_text(), "1");
  EXPECT_EQ(id.position(), "1:39");
  EXPECT_EQ(id.next().ns(), "urn:e");
  EXPECT_EQ(id.next().raw_text(), "2");
  EXPECT_EQ(id.next().position(), "1:46");
  EXPECT_FALSE(id.next().next());
  const Node first = root.first_child();
  EXPECT_EQ(first.ns(), "urn:d");
  EXPECT_EQ(first.symbol(), 1u);
  EXPECT_EQ(first.position(), "2:3");
  EXPECT_EQ(first.path(), "/Case/SXBM[1]");
  EXPECT_EQ(first.next().ns(), "");
  EXPECT_EQ(first.next().path(), "/Case/SXBM[2]");
  EXPECT_EQ(id.path(), "/Case/@id");
  EXPECT_TRUE(first.parent() == root);
  EXPECT_FALSE(first.next().next());
  EXPECT_EQ(root.entry().end, document.tape().size());
  EXPECT_EQ(root.child("urn:d", "SXBM"), first);
  EXPECT_EQ(root.child("", "SXBM"), first.next());
  EXPECT_EQ(root.child_count(), 2u);
}

TEST(XmlTape, an_attribute_without_prefix_wins_over_a_foreign_one_of_the_same_name) {
  const Document document = accepted("<a xmlns:x='urn:x' x:id='evil' id='1'/>");
  EXPECT_EQ(document.root().attribute("id").raw_text(), "1");
  EXPECT_EQ(accepted("<a xmlns:x='urn:x' x:id='2'/>").root().attribute("id").raw_text(), "2");
}

TEST(XmlTape, attribute_places_are_right_between_declarations_and_odd_blanks) {
  const Document document = accepted("<a\n  xmlns:p = 'urn:p=\"x\"'\tb='=&gt; c=\"1\"'\n p:c =\r\n \"2\"  xmlns=\"\" d='3'/>");
  const Node b = document.root().first_attribute();
  EXPECT_EQ(b.position(), "2:25");
  EXPECT_EQ(b.raw_text(), "=> c=\"1\"");
  EXPECT_EQ(b.next().position(), "3:2");
  EXPECT_EQ(b.next().next().name(), "d");
  EXPECT_EQ(b.next().next().position(), "4:16");
}

TEST(XmlTape, text_is_joined_across_cdata_and_references_exactly) {
  EXPECT_EQ(leaf_of("<a>123<![CDATA[45]]>6&#x37;&lt;&amp;</a>"), "1234567<&");
  EXPECT_EQ(leaf_of("<a><![CDATA[<root>]]]]><![CDATA[></root>]]></a>"), "<root>]]></root>");
  EXPECT_EQ(leaf_of("<a>x\r\ny\rz\nw&#13;</a>"), "x\ny\nz\nw\r");
  EXPECT_EQ(leaf_of("<a>  张 三 </a>"), "  张 三 ");
  EXPECT_EQ(leaf_of("<a> \n </a>"), " \n ");
  EXPECT_EQ(leaf_of("<a></a>"), "");
  EXPECT_EQ(leaf_of("<a>" + repeated("x&amp;", 100000) + "</a>"), repeated("x&", 100000));
}

TEST(XmlTape, text_in_one_piece_points_into_the_source) {
  const std::string xml = "<a>line one\nline two</a>";
  const Document document = accepted(xml);
  EXPECT_EQ(document.root().raw_text().data(), xml.data() + 3);
  EXPECT_EQ(document.source().data(), xml.data());
}

/// Elements of plain text are read by a short way; a blank in the start tag or the end tag sends them the general one.
TEST(XmlTape, the_short_way_of_plain_elements_gives_what_the_general_one_gives) {
  const std::string_view texts[] = {"", " ", " \n\t", "x", "青岚", " x ", "a]b", "a]]b", "a>b", "0123456789abcdef0123456789abcdef", "a&amp;b", "a\rb", "<b/>", "<b>y</b>", "<!--c-->x", "<![CDATA[x]]>"};
  const std::string_view around[][2] = {{"<r>", "</r>"}, {"<r> ", " </r>"}, {"<r xmlns=\"urn:a\">", "</r>"}, {"<r>t", "</r>"}, {"<r><before/>", "<behind>z</behind></r>"}};
  for (const auto& outside : around) {
    for (const std::string_view text : texts) {
      const auto with = [&outside, text](std::string_view start, std::string_view end) {
        return std::string(outside[0]).append(start).append(text).append(end).append(outside[1]);
      };
      const std::string plain = with("<a>", "</a>"), blank = with("<a >", "</a>"), behind = with("<a>", "</a >");
      const Document one = accepted(plain), two = accepted(blank), three = accepted(behind);
      for (const Document* other : {&two, &three}) {
        ASSERT_EQ(one.tape().size(), other->tape().size()) << plain;
        for (std::size_t i = 0; i < one.tape().size(); ++i) {
          const TapeEntry& a = one.tape()[i];
          const TapeEntry& b = other->tape()[i];
          EXPECT_EQ(a.kind, b.kind);
          EXPECT_EQ(a.has_child, b.has_child) << plain;
          EXPECT_EQ(a.has_text, b.has_text) << plain;
          EXPECT_EQ(a.mixed, b.mixed);
          EXPECT_EQ(a.parent, b.parent);
          EXPECT_EQ(a.next, b.next) << plain;
          EXPECT_EQ(a.end, b.end) << plain;
          EXPECT_EQ(one.namespaces()[a.ns], other->namespaces()[b.ns]) << plain;
          EXPECT_EQ(std::string_view(a.name, a.name_size), std::string_view(b.name, b.name_size));
          EXPECT_EQ(std::string_view(a.text, a.text_size), std::string_view(b.text, b.text_size)) << plain;
        }
      }
    }
  }
}

/// At the limit the short way accepts, above it the general one refuses; both at the place of the tag or the text.
TEST(XmlGate, limits_hold_for_plain_elements) {
  XmlOptions options;
  options.limits.nodes_max = 3;
  (void)accepted("<r><a>1</a><a>2</a></r>", options);
  expect_refused("<r><a>1</a><a>2</a><a>3</a></r>", "wire.xml_limit", "1:20", options);
  options = {};
  options.limits.children_max = 1;
  (void)accepted("<r><a>1</a></r>", options);
  expect_refused("<r><a>1</a><a>2</a></r>", "wire.xml_limit", "1:12", options);
  options = {};
  options.limits.depth_max = 2;
  (void)accepted("<r><a>1</a></r>", options);
  expect_refused("<r><b><a>1</a></b></r>", "wire.xml_depth", "1:7", options);
  options = {};
  options.limits.name_bytes_max = 3;
  (void)accepted("<r><abc>1</abc></r>", options);
  expect_refused("<r><abcd>1</abcd></r>", "wire.xml_limit", "1:4", options);
  options = {};
  options.limits.text_bytes_max = 4;
  (void)accepted("<r><a>1234</a></r>", options);
  expect_refused("<r><a>12345</a></r>", "wire.xml_limit", "1:7", options);
}

TEST(XmlTape, indentation_between_children_is_no_text_but_a_word_there_is) {
  const Document plain = accepted("<a>\n <b/>\n <c/>\n</a>");
  EXPECT_FALSE(plain.root().entry().has_text);
  EXPECT_EQ(plain.root().raw_text(), "");
  EXPECT_EQ(plain.root().leaf().error().id(), "wire.not_a_leaf");
  EXPECT_EQ(plain.root().leaf().error().where(), "1:1");
  const Document mixed = accepted("<r><a>\n <b/>one<c/> two\n</a></r>");
  const Node a = mixed.root().first_child();
  EXPECT_TRUE(a.entry().has_text);
  EXPECT_EQ(a.raw_text(), "one two\n");
  EXPECT_EQ(a.leaf().error().id(), "wire.xml_mixed");
  EXPECT_EQ(a.leaf().error().where(), "1:4");
}

TEST(XmlTape, a_value_split_by_a_comment_or_instruction_is_refused_as_a_leaf) {
  EXPECT_EQ(leaf_of("<id>123<!-- -->45</id>"), "wire.xml_mixed");
  EXPECT_EQ(leaf_of("<id>123<?x y?>45</id>"), "wire.xml_mixed");
  EXPECT_EQ(leaf_of("<id><!-- --></id>"), "wire.xml_mixed");
  EXPECT_EQ(leaf_of("<!-- a --><id>123</id><?b c?>"), "123");
  EXPECT_EQ(*accepted("<a><!-- x --><b>1</b></a>").root().first_child().leaf(), "1");
}

TEST(XmlTape, nil_is_told_by_the_schema_instance_namespace_only) {
  const std::string xsi = " xmlns:i='http://www.w3.org/2001/XMLSchema-instance' ";
  EXPECT_TRUE(accepted("<a" + xsi + "i:nil='true'/>").root().is_nil());
  EXPECT_TRUE(accepted("<a" + xsi + "i:nil=' 1 '/>").root().is_nil());
  EXPECT_FALSE(accepted("<a" + xsi + "i:nil='false'/>").root().is_nil());
  EXPECT_FALSE(accepted("<a" + xsi + "i:nil='TRUE'/>").root().is_nil());
  EXPECT_FALSE(accepted("<a nil='true'/>").root().is_nil());
  EXPECT_FALSE(accepted("<a xmlns:i='urn:other' i:nil='true'/>").root().is_nil());
}

TEST(XmlTape, many_namespaces_are_kept_apart_and_found_again) {
  std::string xml = "<a>";
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 100; ++i) xml += "<b xmlns='urn:" + std::to_string(i) + "'/>";
  }
  const Document document = accepted(xml + "</a>");
  EXPECT_EQ(document.namespaces().size(), 101u);
  int i = 0;
  for (Node b = document.root().first_child(); b; b = b.next(), ++i) ASSERT_EQ(b.ns(), "urn:" + std::to_string(i % 100));
  EXPECT_EQ(i, 200);
}

TEST(XmlTape, a_document_can_be_reused_after_success_and_after_refusal) {
  Document document;
  ASSERT_TRUE(parse_xml_into(document, "<a xmlns='urn:1'><b>1</b></a>", {}));
  ASSERT_FALSE(parse_xml_into(document, "<a xmlns='urn:2'><b>", {}));
  ASSERT_FALSE(parse_xml_into(document, "<!DOCTYPE a><a/>", {}));
  ASSERT_TRUE(parse_xml_into(document, "<c><d x='1'/></c>", {}));
  EXPECT_EQ(document.tape().size(), 3u);
  EXPECT_EQ(document.root().ns(), "");
  EXPECT_EQ(document.root().first_child().attribute("x").raw_text(), "1");
  ASSERT_TRUE(parse_xml_into(document, "<?xml version='1.0' encoding='gbk'?><a>\xD6\xD0</a>", {}));
  ASSERT_TRUE(parse_xml_into(document, "<?xml version='1.0' encoding='gbk'?><a>\xB9\xFA</a>", {}));
  EXPECT_EQ(*document.root().leaf(), "国");
}

TEST(XmlTape, a_reader_that_was_moved_goes_on_working) {
  XmlReader first;
  Document document;
  ASSERT_TRUE(first.read_into(document, "<a/>", {}));
  XmlReader second = std::move(first);
  ASSERT_TRUE(second.read_into(document, "<b/>", {}));
  EXPECT_EQ(document.root().name(), "b");
}

// B18 to B27: bad input

TEST(XmlGate, any_doctype_is_refused_at_its_byte) {
  expect_refused("<!DOCTYPE a><a/>", "wire.xml_doctype", "1:1");
  expect_refused("<?xml version='1.0'?>\n<!-- c -->\n  <!DOCTYPE a [<!ENTITY l 'lol'><!ENTITY m '&l;&l;'>]><a>&m;</a>",
                 "wire.xml_doctype", "3:3");
  expect_refused("<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>", "wire.xml_doctype", "1:1");
  expect_refused("<!DOCTYPE a [<!ENTITY % p SYSTEM 'http://127.0.0.1/'> %p;]><a/>", "wire.xml_doctype", "1:1");
  expect_refused("<?pi <!DOCTYPE?><!DOCTYPE>", "wire.xml_doctype", "1:17");
  expect_refused("\xFF\xFE<\0!\0D\0O\0C\0T\0Y\0P\0E\0 \0a\0>\0<\0a\0/\0>\0"sv, "wire.xml_doctype", "1:1");
  expect_refused("<!doctype html><a/>", "wire.xml_not_wf", "1:1");
  expect_refused("<a/><!DOCTYPE a>", "wire.xml_not_wf", "1:5");
}

TEST(XmlGate, what_is_not_well_formed_is_refused_with_line_and_column) {
  expect_refused("", "wire.xml_not_wf", "1:1");
  expect_refused("   \n", "wire.xml_not_wf", "2:1");
  expect_refused("<a>\n<b></a>", "wire.xml_not_wf", "2:6");
  expect_refused("<a>", "wire.xml_not_wf", "1:4");
  expect_refused("<a/><b/>", "wire.xml_not_wf", "1:5");
  expect_refused("<a/>text", "wire.xml_not_wf", "1:5");
  expect_refused("<a>&nbsp;</a>", "wire.xml_not_wf", "1:4");
  expect_refused("<a>x & y</a>", "wire.xml_not_wf", "1:7");
  expect_refused("<a b=1/>", "wire.xml_not_wf", "1:6");
  expect_refused("<a b='<'/>", "wire.xml_not_wf", "1:7");
  expect_refused("<a>]]></a>", "wire.xml_not_wf", "1:6");
  expect_refused("<a><!-- -- --></a>", "wire.xml_not_wf", "1:11");
  expect_refused("<a><![CDATA[x</a>", "wire.xml_not_wf", "1:18");
  expect_refused("{\"a\":1}", "wire.xml_not_wf", "1:1");
}

TEST(XmlGate, wrong_declarations_and_versions_are_refused) {
  expect_refused("<?xml version='1.1'?><a/>", "wire.xml_declaration", "1:1");
  expect_refused("<?xml version='1.2'?><a/>", "wire.xml_declaration", "1:1");
  expect_refused("<?xml version='2.0'?><a/>", "wire.xml_declaration", "1:1");
  expect_refused("<?xml encoding='UTF-8'?><a/>", "wire.xml_declaration", "1:7");
  expect_refused("<?xml version='1.0' standalone='junk'?><a/>", "wire.xml_declaration", "1:33");
  expect_refused("<?xml version='1.0' extra='1'?><a/>", "wire.xml_declaration", "1:21");
  expect_refused("<a/><?xml version='1.0'?>", "wire.xml_declaration", "1:5");
  expect_refused(" <?xml version='1.0'?><a/>", "wire.xml_declaration", "1:2");
  expect_refused("<?xml version='1.0'?><?xml version='1.0'?><a/>", "wire.xml_declaration", "1:22");
  accepted("<?xml version='1.0' encoding=\"utf-8\" standalone='yes'?><a/>");
}

TEST(XmlGate, encodings_that_are_not_supported_or_do_not_agree_are_refused_at_the_label) {
  expect_refused("\xEF\xBB\xBF<?xml version='1.0' encoding='iso-8859-1'?><a/>", "wire.xml_encoding", "1:31");
  expect_refused("\xEF\xBB\xBF<?xml version='1.0' encoding='gbk'?><a/>", "wire.xml_encoding", "1:31");
  for (const char* label : {"iso-8859-1", "utf-7", "utf-32", "x-user", "big5", "us-ascii", "ebcdic-cp-us"}) {
    expect_refused(std::string("<?xml version='1.0' encoding='") + label + "'?><a/>", "wire.xml_encoding", "1:31");
  }
  expect_refused("<?xml version='1.0'\n encoding = \"utf-16\"?><a/>", "wire.xml_encoding", "2:14");
  expect_refused("<\0a\0/\0>\0"sv, "wire.xml_encoding", "1:1");
  expect_refused("\0<\0a\0/\0>"sv, "wire.xml_encoding", "1:1");
  expect_refused("\xFF\xFE\0\0<\0\0\0"sv, "wire.xml_encoding", "1:1");
  expect_refused("\0\0\xFE\xFF\0\0\0<"sv, "wire.xml_encoding", "1:1");
  expect_refused("\x4C\x6F\xA7\x94\x93\x40", "wire.xml_encoding", "1:1");
  expect_refused("+ADw-a/+AD4-", "wire.xml_encoding", "1:1");
}

TEST(XmlGate, transport_charset_must_agree_with_mark_and_declaration) {
  const auto with = [](Encoding encoding) { XmlOptions options; options.transport = encoding; return options; };
  const std::string gbk = "<a>\xD6\xD0</a>";
  EXPECT_EQ(*accepted(gbk, with(Encoding::gb18030)).root().leaf(), "中");
  EXPECT_EQ(*accepted("<?xml version='1.0' encoding='GB2312'?>" + gbk, with(Encoding::gb18030)).root().leaf(), "中");
  expect_refused("<?xml version='1.0' encoding='utf-8'?>" + gbk, "wire.xml_encoding", "1:31", with(Encoding::gb18030));
  expect_refused("<?xml version='1.0' encoding='gbk'?><a/>", "wire.xml_encoding", "1:31", with(Encoding::utf8));
  expect_refused("\xEF\xBB\xBF<a/>", "wire.xml_encoding", "1:1", with(Encoding::gb18030));
  expect_refused("\xFF\xFE<\0a\0/\0>\0"sv, "wire.xml_encoding", "1:1", with(Encoding::utf8));
  expect_refused("\xFF\xFE<\0a\0/\0>\0"sv, "wire.xml_encoding", "1:1", with(Encoding::utf16be));
  expect_refused("<\0a\0/\0>\0"sv, "wire.xml_encoding", "1:1", with(Encoding::utf16le));
  expect_refused("<a/>", "wire.xml_encoding", "1:1", with(Encoding::utf16le));
  EXPECT_EQ(accepted("\xFF\xFE<\0a\0/\0>\0"sv, with(Encoding::utf16le)).root().name(), "a");
  EXPECT_EQ(accepted("\xFE\xFF\0<\0a\0/\0>"sv, with(Encoding::utf16le)).root().name(), "a");
  EXPECT_EQ(accepted("\xEF\xBB\xBF<a/>", with(Encoding::utf8)).root().position(), "1:1");
}

TEST(XmlGate, gb_labels_are_read_as_gb18030_and_positions_are_those_of_the_decoded_text) {
  const Document document = accepted("<?xml version='1.0' encoding='gb2312'?><a><b>\xAB\x68</b><c>\x98\x39\x82\x37</c></a>");
  EXPECT_EQ(*document.root().child("b").leaf(), "玥");
  EXPECT_EQ(*document.root().child("c").leaf(), "𫘝");
  EXPECT_EQ(document.root().child("c").position(), "1:53");
  EXPECT_EQ(document.source().substr(document.root().child("c").offset(), 3), "<c>");
  expect_refused("<?xml version='1.0' encoding='gbk'?>\n<a>\xD6\xD0\x81</a>", "wire.encoding_invalid", "2:7");
}

TEST(XmlGate, utf16_labels_must_fit_the_mark) {
  const auto utf16 = [](std::string_view label) {
    return "\xFF\xFE" + *encode("<?xml version='1.0' encoding='" + std::string(label) + "'?><a>中</a>", Encoding::utf16le);
  };
  EXPECT_EQ(*accepted(utf16("utf-16")).root().leaf(), "中");
  EXPECT_EQ(*accepted(utf16("UTF-16LE")).root().leaf(), "中");
  expect_refused(utf16("utf-16be"), "wire.xml_encoding", "1:31");
  expect_refused(utf16("utf-8"), "wire.xml_encoding", "1:31");
  EXPECT_EQ(*accepted("\xFE\xFF" + *encode("<?xml version='1.0' encoding='utf-16'?><a>中</a>", Encoding::utf16be)).root().leaf(), "中");
  expect_refused("\xFF\xFE<\0a\0>\0\x42\xD8<\0/\0a\0>\0"sv, "wire.encoding_invalid", "1:4");
}

TEST(XmlGate, a_document_carried_in_a_string_ignores_its_declared_encoding) {
  XmlOptions inner;
  inner.declared_encoding_ignored = true;
  for (const char* label : {"gb2312", "utf-16", "iso-8859-1"}) {
    EXPECT_EQ(*accepted(std::string("<?xml version='1.0' encoding='") + label + "'?><a>中</a>", inner).root().leaf(), "中");
  }
  expect_refused("<?xml version='1.0' encoding='gb2312'?><a>\xD6\xD0</a>", "wire.encoding_invalid", "1:43", inner);
  expect_refused("<?xml version='1.1'?><a/>", "wire.xml_declaration", "1:1", inner);
}

TEST(XmlGate, a_second_byte_order_mark_is_refused) {
  expect_refused("\xEF\xBB\xBF\xEF\xBB\xBF<a/>", "wire.xml_not_wf", "1:1");
  EXPECT_EQ(leaf_of("\xEF\xBB\xBF<a>\xEF\xBB\xBFx</a>"), "\xEF\xBB\xBFx");
}

TEST(XmlGate, depth_is_refused_at_the_first_element_too_deep) {
  const std::string fits = repeated("<a>", 64) + repeated("</a>", 64);
  accepted(fits);
  expect_refused(repeated("<a>", 65) + repeated("</a>", 65), "wire.xml_depth", "1:193");
  expect_refused(repeated("<a>", 64) + "<a/>" + repeated("</a>", 64), "wire.xml_depth", "1:193");
  expect_refused(repeated("<a>", 100000), "wire.xml_depth", "1:193");
  expect_refused(repeated("<a>", 1000000), "wire.xml_depth", "1:193");
}

TEST(XmlGate, sizes_and_counts_are_accepted_at_the_limit_and_refused_above) {
  XmlOptions small;
  small.limits.attributes_max = 3;
  small.limits.name_bytes_max = 4;
  small.limits.children_max = 2;
  small.limits.nodes_max = 6;
  small.limits.text_bytes_max = 5;
  small.limits.message_bytes_max = 60;
  accepted("<a b='1' c='2' xmlns:d='urn:d'/>", small);
  expect_refused("<r><a b='1' c='2' d='3' xmlns='u'/></r>", "wire.xml_limit", "1:4", small);
  expect_refused("<a b='1' c='2' d='3' e='4'/>", "wire.xml_limit", "1:1", small);
  accepted("<abcd e:efgh='' xmlns:e='u'/>", small);
  expect_refused("<abcde/>", "wire.xml_limit", "1:1", small);
  expect_refused("<a abcde=''/>", "wire.xml_limit", "1:1", small);
  expect_refused("<a><?abcde x?></a>", "wire.xml_limit", "1:4", small);
  accepted("<a><b/><b/></a>", small);
  expect_refused("<a><b/><b/><b/></a>", "wire.xml_limit", "1:12", small);
  accepted("<a><b><c/><c/></b><b><c/></b></a>", small);
  expect_refused("<a><b><c/><c/></b><b><c/><c/></b></a>", "wire.xml_limit", "1:26", small);
  accepted("<a b='12345'>12345<!--12345--></a>", small);
  expect_refused("<a b='123456'/>", "wire.xml_limit", "1:1", small);
  expect_refused("<a>123&amp;45</a>", "wire.xml_limit", "1:12", small);
  expect_refused("<a><!--123456--></a>", "wire.xml_limit", "1:4", small);
  expect_refused("<a><?b 123456?></a>", "wire.xml_limit", "1:4", small);
  accepted("<a>" + repeated("<!---->", 7) + "    </a>", small);
  expect_refused("<a>" + repeated("<!---->", 7) + "     </a>", "wire.xml_limit", "1:1", small);
}

TEST(XmlGate, a_text_beyond_the_limit_is_refused_where_its_piece_begins) {
  XmlOptions small;
  small.limits.text_bytes_max = 5;
  expect_refused("<a>12\n34\n56</a>", "wire.xml_limit", "2:3", small);
  expect_refused("<a>12\r\n345</a>", "wire.xml_limit", "2:1", small);
  expect_refused("<a><![CDATA[12]34]56]]></a>", "wire.xml_limit", "1:18", small);
  expect_refused("<a><![CDATA[12\n345]]></a>", "wire.xml_limit", "2:1", small);
  expect_refused("<a>12]34]56</a>", "wire.xml_limit", "1:4", small);
  // What stands in the line of "]]>" is not text yet.
  expect_refused("<a>1\n123456]]></a>", "wire.xml_not_wf", "2:9", small);
  expect_refused("<a>123456\n]]></a>", "wire.xml_limit", "1:4", small);
}

TEST(XmlGate, a_reference_does_not_wrap_around_to_a_character) {
  expect_refused("<a>&#4294967361;</a>", "wire.xml_character", "1:4");
  expect_refused("<a>&#x100000041;</a>", "wire.xml_character", "1:4");
  expect_refused("<a b='&#18446744073709551681;'/>", "wire.xml_character", "1:7");
}

TEST(XmlGate, an_empty_declaration_is_refused_behind_its_name) {
  expect_refused("<?xml   ?><a/>", "wire.xml_declaration", "1:6");
  expect_refused("<?xml?><a/>", "wire.xml_declaration", "1:6");
}

/// Blank text before a word was looked through again at each child: 4 MB of it and 100,000 children took minutes.
TEST(XmlGate, long_blank_text_before_many_children_costs_no_square) {
  const std::string xml = "<a>" + std::string(4000000, ' ') + "x" + repeated("<b/>", 99000) + "</a>";
  for (const XmlEngine engine : kEngines) {
    const auto start = std::chrono::steady_clock::now();
    EXPECT_TRUE(parse_xml(xml, with_engine({}, engine)));
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
  }
}

TEST(XmlGate, ten_thousand_attributes_and_huge_names_are_refused) {
  std::string attributes;
  for (int i = 0; i < 10001; ++i) attributes += " a" + std::to_string(i) + "='1'";
  expect_refused("<a" + attributes + "/>", "wire.xml_limit", "1:1");
  std::string declarations;
  for (int i = 0; i < 10001; ++i) declarations += " xmlns:a" + std::to_string(i) + "='u'";
  expect_refused("<a" + declarations + "/>", "wire.xml_limit", "1:1");
  expect_refused("<r><" + std::string(7000000, 'n') + "/></r>", "wire.xml_limit", "1:4");
  expect_refused("<" + std::string(10000000, 'n') + "/>", "wire.xml_limit", "1:1");
  expect_refused("<a b='" + std::string(10000000, 'v') + "'/>", "wire.xml_limit", "1:1");
}

/// Work grows with size, not with its square: eight times the children may not take forty times the CPU time, whatever else runs.
TEST(XmlGate, two_million_siblings_are_refused_early_and_large_limits_stay_linear) {
  XmlOptions large;
  large.limits.message_bytes_max = 64 * 1024 * 1024;
  const std::string siblings = "<r>" + repeated("<a/>", 2000000) + "</r>";
  expect_refused(siblings, "wire.xml_limit", "1:400004");
  expect_refused(siblings + std::string(400000, ' '), "wire.xml_limit", "1:1");
  large.limits.children_max = large.limits.nodes_max = 4000000;
  const auto seconds_for = [&large](std::size_t count) {
    const std::string xml = "<r>" + repeated("\n  <a>1</a>", count) + "</r>";
    double best = 1e9;
    for (int round = 0; round < 3; ++round) {
      const std::clock_t start = std::clock();
      EXPECT_EQ(accepted(xml, large).tape().size(), count + 1);
      best = std::min(best, static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC);
    }
    return best;
  };
  EXPECT_LT(seconds_for(160000), 40 * seconds_for(20000));
}

TEST(XmlGate, namespace_faults_are_refused) {
  expect_refused("<a b='1' b='2'/>", "wire.xml_namespace", "1:10");
  expect_refused("<a xmlns:x='u' xmlns:y='u' x:b='1' y:b='2'/>", "wire.xml_namespace", "1:1");
  expect_refused("<p:a/>", "wire.xml_namespace", "1:1");
  expect_refused("<a>\n<b p:c='1'/></a>", "wire.xml_namespace", "2:1");
  expect_refused("<a xmlns:p=''/>", "wire.xml_namespace", "1:1");
  expect_refused("<a xmlns:xml='urn:x'/>", "wire.xml_namespace", "1:1");
  expect_refused("<a xmlns:xmlns='urn:x'/>", "wire.xml_namespace", "1:1");
  expect_refused("<a xmlns:p='http://www.w3.org/2000/xmlns/'/>", "wire.xml_namespace", "1:1");
  expect_refused("<a xmlns:p='http://www.w3.org/XML/1998/namespace'/>", "wire.xml_namespace", "1:1");
  expect_refused("<a><?b:c d?></a>", "wire.xml_not_wf", "1:7");
  accepted("<a xmlns:xml='http://www.w3.org/XML/1998/namespace' xml:lang='zh'/>");
  accepted("<a xmlns:x='u' xmlns:y='v' x:b='1' y:b='2' b='3'/>");
}

TEST(XmlGate, characters_that_xml_forbids_are_refused_at_their_place) {
  expect_refused("<a>&#0;</a>", "wire.xml_character", "1:4");
  expect_refused("<a>&#xD800;</a>", "wire.xml_character", "1:4");
  expect_refused("<a>&#x110000;</a>", "wire.xml_character", "1:4");
  expect_refused("<a>&#x1B;</a>", "wire.xml_character", "1:4");
  expect_refused("<a>&#xFFFE;</a>", "wire.xml_character", "1:4");
  expect_refused("<a>x&#xFFFF;</a>", "wire.xml_character", "1:5");
  expect_refused("<a>x\xEF\xBF\xBE</a>", "wire.xml_character", "1:5");
  expect_refused("<a>x\xEF\xBF\xBF</a>", "wire.xml_character", "1:5");
  expect_refused("<a b='\x01'/>", "wire.xml_character", "1:7");
  expect_refused("<a>\n12\x0B</a>", "wire.xml_character", "2:3");
  expect_refused("<a>x\0y</a>"sv, "wire.xml_character", "1:5");
  expect_refused("<a>\xED\xA0\x80</a>", "wire.xml_character", "1:4");
  accepted("<a>&#x9;&#xD7FF;&#xE000;&#xFFFD;&#x10FFFF;\x7F</a>");
}

TEST(XmlGate, bytes_that_are_not_utf8_are_refused_at_their_place) {
  for (const char* bad : {"\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xF0\x80\x80\x80", "\xF4\x90\x80\x80", "\xF8\x88\x80\x80\x80", "\x80",
                          "\xFF", "\xE4\xB8"}) {
    expect_refused(std::string("<a>ab") + bad + "</a>", "wire.encoding_invalid", "1:6");
  }
  expect_refused("<a>\xD6\xD0</a>", "wire.encoding_invalid", "1:4");
  expect_refused("<a>\xE4\xB8", "wire.encoding_invalid", "1:4");
  expect_refused("<a b='\xFF'/>", "wire.encoding_invalid", "1:7");
}

} // namespace
} // namespace tongqu::wire
