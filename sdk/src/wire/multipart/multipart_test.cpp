#include "tongqu/wire/multipart.hpp"

#include <gtest/gtest.h>

#include "tongqu/wire/xml.hpp"

namespace tongqu::wire {
namespace {

std::string parts_of(std::string_view body, std::string_view type, const MultipartLimits& limits = {}) {
  const auto parts = parse_multipart(body, type, limits);
  if (!parts) return std::string(parts.error().id()) + " " + parts.error().detail() + " " + parts.error().where();
  std::string all;
  for (const Part& part : *parts) all += part.name + "(" + part.content_type + ")=" + part.bytes + ";";
  return all;
}
constexpr std::string_view kType = "multipart/related; boundary=\"b 1\"; type=\"application/xop+xml\"; start=\"<root@x>\"";

TEST(Multipart, the_root_comes_first_wherever_it_stands) {
  EXPECT_EQ(parts_of("preamble\r\n--b 1\r\nContent-ID: <a@x>\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n--b\r\n--b 1\r\nContent-ID: <root@x>\r\ncontent-type: text/xml;\r\n charset=utf-8\r\n\r\n<e/>\r\n--b 1--\r\nepilogue", kType),
            "root@x(text/xml; charset=utf-8)=<e/>;a@x(image/png)=\x89PNG\r\n--b;");
}

TEST(Multipart, transfer_encodings_are_undone) {
  const std::string type = "multipart/form-data; boundary=b";
  EXPECT_EQ(parts_of("--b\r\nContent-Disposition: form-data; name=\"x\"\r\nContent-Transfer-Encoding: base64\r\n\r\naGVs\r\nbG8=\r\n--b\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\na=3Db=\r\nc\r\n--b--", type),
            "x()=hello;part2()=a=bc;");
  EXPECT_EQ(parts_of("--b\r\nContent-Transfer-Encoding: x-uu\r\n\r\na\r\n--b--", type).substr(0, 42), "wire.multipart_invalid transfer encoding o");
  EXPECT_EQ(parts_of("--b\r\nContent-Transfer-Encoding: base64\r\n\r\na!\r\n--b--", type).substr(0, 29), "wire.multipart_invalid base64");
}

TEST(Multipart, broken_bodies_are_refused) {
  const std::string type = "multipart/related; boundary=b";
  EXPECT_EQ(parts_of("--b\r\n\r\na\r\n--b--", type), "part1()=a;");
  EXPECT_EQ(parts_of("--b\n\na\n--b--", type), "part1()=a;");
  EXPECT_EQ(parts_of("--b\r\n\r\na\r\n--b", type).substr(0, 43), "wire.multipart_invalid last boundary missin");
  EXPECT_EQ(parts_of("--b\r\n\r\na\r\n", type).substr(0, 43), "wire.multipart_invalid last boundary missin");
  EXPECT_EQ(parts_of("--b--", type), "wire.multipart_invalid no parts offset 0");
  EXPECT_EQ(parts_of("--b\r\nContent-Type: a\r\n--b--", type).substr(0, 40), "wire.multipart_invalid headers not ended");
  EXPECT_EQ(parts_of("--b\r\nContent-ID: <a>\r\n\r\n1\r\n--b\r\nContent-ID: <a>\r\n\r\n2\r\n--b--", type).substr(0, 41), "wire.multipart_invalid two parts of one n");
  EXPECT_EQ(parts_of("--b\r\n\r\na\r\n--b--", "text/xml; boundary=b"), "wire.multipart_invalid no boundary offset 0");
  EXPECT_EQ(parts_of("--b\r\n\r\na\r\n--b--", "multipart/related; boundary=b; start=\"<no>\""), "wire.multipart_invalid root part missing offset 0");
}

TEST(Multipart, limits_hold) {
  const std::string type = "multipart/related; boundary=b";
  MultipartLimits limits;
  limits.parts_max = 1;
  EXPECT_EQ(parts_of("--b\r\n\r\na\r\n--b\r\n\r\nb\r\n--b--", type, limits).substr(0, 26), "wire.multipart_limit parts");
  limits = {};
  limits.header_bytes_max = 10;
  EXPECT_EQ(parts_of("--b\r\nContent-Type: a\r\n\r\na\r\n--b--", type, limits).substr(0, 28), "wire.multipart_limit headers");
  limits.bytes_max = 10;
  EXPECT_EQ(parts_of("--b\r\n\r\na\r\n--b--", type, limits).substr(0, 26), "wire.multipart_limit bytes");
  EXPECT_EQ(parts_of("", "multipart/related; boundary=" + std::string(71, 'b')).substr(0, 29), "wire.multipart_limit boundary");
}

TEST(Header, parameters_are_unquoted) {
  EXPECT_EQ(header_parameter("text/xml; charset=gbk", "charset"), "gbk");
  EXPECT_EQ(header_parameter("a; X=\"q;\\\"y\" ; Charset = utf-8 ", "charset"), "utf-8");
  EXPECT_EQ(header_parameter("a; x=1", "charset"), "");
}

std::string resolved(const std::string& xml, const std::vector<Part>& all) {
  const auto document = parse_xml(xml);
  if (!document) return describe(document.error());
  std::vector<const Part*> parts;
  for (const Part& part : all) parts.push_back(&part);
  Findings findings;
  Document out;
  const Limits limits;
  const auto done = resolve_attachments(out, document->root(), {parts, limits, nullptr, findings});
  if (!done) return std::string(done.error().id()) + " " + done.error().where();
  std::string text;
  for (Node child = out.root().first_child(); child; child = child.next()) text += std::string(child.name()) + "=" + std::string(child.raw_text()) + ";";
  for (const Finding& finding : findings) text += " " + std::string(errc_row(finding.id).id) + "@" + finding.source.part;
  return text;
}

TEST(Attachments, every_form_of_reference_is_resolved) {
  const std::vector<Part> parts = {{"a@x", "", "hello", nullptr}, {"b c", "", "hi", nullptr}, {"lost", "", "1", nullptr}};
  EXPECT_EQ(resolved("<r><f><x:Include xmlns:x='http://www.w3.org/2004/08/xop/include' href='cid:a%40x'/></f><g href='cid:b%20c'/><h>cid:a@x</h><i>cid:free text</i></r>", parts),
            "f=aGVsbG8=;g=aGk=;h=aGVsbG8=;i=cid:free text; wire.part_unreferenced@lost");
}

TEST(Attachments, a_reference_to_nothing_or_elsewhere_is_refused) {
  EXPECT_EQ(resolved("<r>\n<f href='cid:a'/></r>", {}), "wire.part_missing 2:1");
  EXPECT_EQ(resolved("<r><f><x:Include xmlns:x='http://www.w3.org/2004/08/xop/include' href='http://x.example/a'/></f></r>", {}).substr(0, 17), "wire.part_missing");
  EXPECT_EQ(resolved("<r><f><x:Include xmlns:x='http://www.w3.org/2004/08/xop/include' href='file:///etc/hosts'/></f></r>", {}).substr(0, 17), "wire.part_missing");
}

} // namespace
} // namespace tongqu::wire
