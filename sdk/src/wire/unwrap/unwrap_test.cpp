#include "tongqu/wire/unwrap.hpp"

#include <gtest/gtest.h>

#include "tongqu/wire/xml.hpp"

namespace tongqu::wire {
namespace {

void show(const Node& node, std::string& out) {
  out += "<" + std::string(node.name());
  for (Node one = node.first_attribute(); one; one = one.next()) out += " " + std::string(one.name()) + "=" + std::string(one.raw_text());
  out += ">";
  if (!node.has_children()) out += node.raw_text();
  for (Node child = node.first_child(); child; child = child.next()) show(child, out);
  out += "</>";
}

using Unwrap = Result<void> (*)(Document&, const Node&, const UnwrapContext&);
std::string unwrapped(Unwrap unwrap, const Document& document, const Node& node, const Limits& limits = {}) {
  Findings findings;
  Document out;
  const auto done = unwrap(out, node, {limits, nullptr, findings});
  if (!done) return std::string(done.error().id()) + " " + done.error().detail() + " " + done.error().where();
  std::string all;
  show(out.root(), all);
  for (const Finding& finding : findings) all += " " + std::string(errc_row(finding.id).id) + "@" + finding.source.path;
  EXPECT_EQ(out.source(), document.source());
  return all;
}

std::string refs(const std::string& body, const Limits& limits = {}) {
  const std::string text = "<e:Envelope xmlns:e='http://schemas.xmlsoap.org/soap/envelope/' xmlns:c='http://schemas.xmlsoap.org/soap/encoding/' "
                           "xmlns:i='http://www.w3.org/2001/XMLSchema-instance' xmlns:d='http://www.w3.org/2003/05/soap-encoding'><e:Body>\n" + body + "</e:Body></e:Envelope>";
  const auto document = parse_xml(text);
  if (!document) return describe(document.error());
  return unwrapped(resolve_references, *document, document->root().first_child().first_child(), limits);
}

TEST(References, are_replaced_by_what_they_mean) {
  EXPECT_EQ(refs("<op><r href='#id0'/><s href='#id1'/></op><multiRef id='id0' c:root='0'><a>1</a><b href='#id1'/></multiRef><multiRef id='id1'>x</multiRef>"),
            "<op><r><a>1</><b>x</></><s>x</></>");
  EXPECT_EQ(refs("<op><r d:ref='p'/><q d:id='p'>1</q></op>"), "<op><r>1</><q>1</></>");
  EXPECT_EQ(refs("<op><r id='7'>1</r><f href='cid:a@b'/></op>"), "<op><r id=7>1</><f href=cid:a@b></></>");
}

TEST(References, that_lead_nowhere_or_round_are_refused) {
  EXPECT_EQ(refs("<op><r href='#a'/></op>"), "wire.soap_reference nowhere 2:8");
  EXPECT_EQ(refs("<op><r href='http://x.example/a'/></op>"), "wire.soap_reference outside 2:8");
  EXPECT_EQ(refs("<op><r href='#a'/></op><m id='a'><x href='#b'/></m><m id='b'><x href='#a'/></m>"), "wire.soap_reference circular 2:65");
  EXPECT_EQ(refs("<op><r href='#a'/></op><m id='a' href='#a'/>"), "wire.soap_reference circular 2:34");
  EXPECT_EQ(refs("<op><r href='#a'/></op><m id='a'/><m id='a'/>"), "wire.soap_reference id twice 2:38");
  EXPECT_EQ(refs("<op><r href='#a'>x</r></op><m id='a'/>"), "wire.soap_reference content beside a reference 2:8");
}

TEST(References, growth_is_bounded) {
  std::string body = "<op><r href='#a0'/></op>";
  for (int i = 0; i < 30; ++i) body += "<m id='a" + std::to_string(i) + "'><x href='#a" + std::to_string(i + 1) + "'/><y href='#a" + std::to_string(i + 1) + "'/></m>";
  body += "<m id='a30'>1</m>";
  EXPECT_EQ(refs(body).substr(0, 29), "wire.soap_reference too many ");
  Limits limits;
  limits.depth_max = 8;
  std::string chain = "<op><r href='#a0'/></op>";
  for (int i = 0; i < 30; ++i) chain += "<m id='a" + std::to_string(i) + "'><x href='#a" + std::to_string(i + 1) + "'/></m>";
  chain += "<m id='a30'>1</m>";
  EXPECT_NE(refs(chain, limits).find("wire."), std::string::npos);
}

TEST(References, arrays_keep_what_is_there) {
  EXPECT_EQ(refs("<op><l c:arrayType='n:T[3]'><i>1</i><i i:nil='true'/><i href='#a'/></l></op><m id='a'>3</m>"), "<op><l><i>1</><i>3</></></> wire.soap_hole@/Envelope/Body/op/l/i[2]");
  EXPECT_EQ(refs("<op><l c:arrayType='n:T[2147483647]'><i>1</i></l></op>"), "<op><l><i>1</></></> wire.soap_array@/Envelope/Body/op/l");
  EXPECT_EQ(refs("<op><l c:arrayType='n:T[2,1]'><i>1</i><i>2</i></l></op>"), "<op><l><i>1</><i>2</></></>");
  EXPECT_EQ(refs("<op><l c:arrayType='n:T[]'><i>1</i></l></op>"), "<op><l><i>1</></></>");
  EXPECT_EQ(refs("<op><l c:arrayType='n:T[-1]'><i>1</i></l></op>"), "wire.soap_array size 2:8");
  EXPECT_EQ(refs("<op><l c:arrayType='n:T[9]'><i c:position='[7]'>1</i></l></op>"), "wire.soap_array position 2:29");
  EXPECT_EQ(refs("<op><l c:arrayType='n:T[9]' c:offset='[7]'><i>1</i></l></op>"), "wire.soap_array offset 2:5");
}

TEST(References, what_nobody_refers_to_is_said) {
  EXPECT_EQ(refs("<op/><m id='a'>1</m>"), "<op></> wire.part_unreferenced@/Envelope/Body/m");
}

std::string dataset(const std::string& text) {
  const auto document = parse_xml(text);
  if (!document) return describe(document.error());
  return unwrapped(read_dataset, *document, document->root());
}
std::string diffgram(const std::string& content) {
  return dataset("<r><xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema'><xs:element name='x'/></xs:schema><g:diffgram xmlns:g='urn:schemas-microsoft-com:xml-diffgram-v1' "
                 "xmlns:m='urn:schemas-microsoft-com:xml-msdata'>" + content + "</g:diffgram></r>");
}

TEST(Dataset, rows_come_in_row_order_with_plain_names) {
  EXPECT_EQ(diffgram("<D><T g:id='T2' m:rowOrder='1'><n>2</n></T><U g:id='U1' m:rowOrder='0'><n>u</n></U><T g:id='T1' m:rowOrder='0'><单价_x0028_元_x0029_>1</单价_x0028_元_x0029_></T></D>"),
            "<dataset><T><单价_元_>1</></><T><n>2</></><U><n>u</></></>");
  EXPECT_EQ(decode_dotnet_name("a_x0020_b_x005F_x"), "a b_x");
  EXPECT_EQ(decode_dotnet_name("_x12_x0041_"), "_x12A");
}

TEST(Dataset, changes_and_what_was_before) {
  EXPECT_EQ(diffgram("<D><T g:id='T1' g:hasChanges='modified'><n>2</n></T><T g:id='T3' g:hasChanges='inserted'><n>3</n></T></D>"
                     "<g:before><T g:id='T1'><n>1</n></T><T g:id='T2'><n>0</n></T></g:before>"),
            "<dataset><T id=T1 change=modified><n>2</></><T id=T3 change=inserted><n>3</></><before><T id=T1 change=modified><n>1</></><T id=T2 change=deleted><n>0</></></></>");
}

TEST(Dataset, none_is_none_and_plain_xml_is_read_too) {
  EXPECT_EQ(diffgram(""), "<dataset></>");
  EXPECT_EQ(diffgram("<D/>"), "<dataset></>");
  EXPECT_EQ(dataset("<D><T><n>1</n></T></D>"), "<dataset><T><n>1</></></>");
}

TEST(Dataset, a_value_that_a_comment_splits_stays_one_that_is_split) {
  const auto input = parse_xml("<D><T><n>a<!-- -->b</n></T></D>");
  ASSERT_TRUE(input);
  Document out;
  Findings findings;
  ASSERT_TRUE(read_dataset(out, input->root(), {Limits(), nullptr, findings}));
  EXPECT_EQ(out.root().first_child().first_child().leaf().error().id(), "wire.xml_mixed");
}

TEST(Dataset, broken_ones_are_refused) {
  EXPECT_EQ(diffgram("<D><T><n>1</n></T>stray</D>").substr(0, 44), "wire.dataset_invalid text instead of a row 1");
  EXPECT_EQ(diffgram("<D/><E/>").substr(0, 38), "wire.dataset_invalid two of one kind 1");
  EXPECT_EQ(diffgram("<D>text<T>1</T></D>").substr(0, 44), "wire.dataset_invalid text instead of a row 1");
  EXPECT_EQ(diffgram("<D><T m:rowOrder='x'><n>1</n></T></D>").substr(0, 31), "wire.dataset_invalid rowOrder 1");
  EXPECT_EQ(diffgram("<D><T g:id='a'><n>1</n></T><T g:id='a'><n>1</n></T></D>").substr(0, 31), "wire.dataset_invalid id twice 1");
}

} // namespace
} // namespace tongqu::wire
