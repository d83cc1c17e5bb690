#include <gtest/gtest.h>

#include "sdk/test/whole/senders.hpp"
#include "tongqu/wire/encoding.hpp"

/// Rows of the matrix of bad inputs that are about what must be ignored, or kept to the byte: the message is taken and arrives.
namespace tongqu::whole {
namespace {

class InertInput : public testing::Test {
protected:
  void SetUp() override { house_.open(); }
  void TearDown() override {
    EXPECT_TRUE(wait_until([&] { return house_.all_delivered(messages_); }));
    for (const char* name : {"province", "nation"}) {
      const std::string ledger = house_.ledger(name);
      for (const auto& text : arrived_) EXPECT_NE(ledger.find(text), std::string::npos) << text << " at " << name;
    }
    EXPECT_EQ(house_.counts().refusals, 0);
  }

  /// The message is stored and its row, as a platform keeps it, holds `text`.
  void expect_taken(const std::string& what, const Told& told, const std::string& text = {}) {
    EXPECT_EQ(told.state, "stored") << what << "\n" << told.reply.body;
    ++messages_;
    if (!text.empty()) arrived_.push_back(text);
  }

  Told soap(const std::string& body, const Fields& more = {}, const std::string& type = "text/xml; charset=utf-8") {
    Fields fields = {{"Content-Type", type}};
    fields.insert(fields.end(), more.begin(), more.end());
    return heard(connector::test::call(house_.port("qinglan"), "POST", "/services/spxt", fields, body));
  }
  static std::string with_header(const std::string& block, const std::string& case_no) {
    std::string body = qinglan_body(case_no, "accept");
    return body.replace(body.find("<e:Body>"), 0, "<e:Header>" + block + "</e:Header>");
  }
  static std::string replaced(std::string text, const std::string& from, const std::string& to) { return text.replace(text.find(from), from.size(), to); }

  House house_;
  std::int64_t messages_ = 0;
  std::vector<std::string> arrived_;
};

TEST_F(InertInput, soap_action_is_no_route) {
  expect_taken("missing", soap(qinglan_body("I-1", "accept")));
  expect_taken("empty", soap(qinglan_body("I-2", "accept"), {{"SOAPAction", ""}}));
  expect_taken("quoted", soap(qinglan_body("I-3", "accept"), {{"SOAPAction", "\"urn:deleteAll\""}}));
  expect_taken("bare", soap(qinglan_body("I-4", "accept"), {{"SOAPAction", "urn:deleteAll"}}));
}

TEST_F(InertInput, headers_that_only_a_proxy_may_set_are_not_believed) {
  expect_taken("forwarded", soap(qinglan_body("I-1", "accept"), {{"X-Forwarded-For", "203.0.113.7"}, {"Forwarded", "for=203.0.113.7"}, {"X-Trace-Id", "0000000000000000"}, {"X-User", "root"}}));
  EXPECT_EQ(house_.log().find("203.0.113.7"), std::string::npos);
  EXPECT_EQ(house_.log().find("trace_id=0000000000000000"), std::string::npos);
}

TEST_F(InertInput, addresses_in_headers_are_not_called) {
  std::atomic<int> called{0};
  net::test::ScriptedPeer trap([&](net::test::RawSocket&, int) { ++called; });
  const std::string url = "http://127.0.0.1:" + std::to_string(trap.port()) + "/";
  const std::string address = "<a:Address>" + url + "</a:Address>";
  expect_taken("reply to", soap(with_header("<a:ReplyTo xmlns:a=\"http://www.w3.org/2005/08/addressing\">" + address + "</a:ReplyTo><a:FaultTo xmlns:a=\"http://www.w3.org/2005/08/addressing\">" +
                                            address + "</a:FaultTo><a:To xmlns:a=\"http://www.w3.org/2005/08/addressing\">" + url + "</a:To>", "I-1")));
  expect_taken("schema", soap(replaced(qinglan_body("I-2", "accept"), "<e:Body>", "<e:Body xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\" i:schemaLocation=\"urn:x " + url + "x.xsd\" i:noNamespaceSchemaLocation=\"" + url + "y.xsd\">")));
  expect_taken("base", soap(replaced(qinglan_body("I-3", "accept"), "<q:sendBj ", "<q:sendBj xml:base=\"" + url + "\" ")));
  expect_taken("style sheet", soap("<?xml version=\"1.0\"?><?xml-stylesheet href=\"" + url + "s.xsl\"?>" + qinglan_body("I-4", "accept")));
  expect_taken("inclusion", soap(with_header("<i:include xmlns:i=\"http://www.w3.org/2001/XInclude\" href=\"" + url + "\"/>", "I-5")));
  expect_taken("href", soap(replaced(qinglan_body("I-6", "accept"), "<q:xmlStr>", "<q:xmlStr href=\"" + url + "\">")));
  EXPECT_TRUE(wait_until([&] { return house_.all_delivered(messages_); }));
  EXPECT_EQ(called, 0);
}

TEST_F(InertInput, security_headers_that_need_not_be_understood_change_nothing) {
  expect_taken("token", soap(with_header("<w:Security xmlns:w=\"urn:wsse\"><w:UsernameToken><w:Username>root</w:Username></w:UsernameToken></w:Security>", "I-1")));
  expect_taken("signature", soap(with_header("<d:Signature xmlns:d=\"http://www.w3.org/2000/09/xmldsig#\"><d:SignedInfo/></d:Signature>", "I-2")));
  expect_taken("for another", soap(with_header("<h:X xmlns:h=\"urn:h\" e:mustUnderstand=\"1\" e:actor=\"urn:other\"/>", "I-3")));
}

TEST_F(InertInput, a_type_that_the_sender_names_is_not_believed) {
  expect_taken("type", soap(replaced(qinglan_body("I-1", "accept"), "<q:xmlStr>", "<q:xmlStr xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\" i:type=\"xsd:base64Binary\" xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\">")));
  expect_taken("nil false", soap(replaced(qinglan_body("I-2", "accept"), "<q:xmlStr>", "<q:xmlStr xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\" i:nil=\"false\">")));
}

TEST_F(InertInput, text_is_joined_across_cdata_and_stays_as_it_was) {
  expect_taken("end of a section", soap(qinglan_body("I-1", "accept", {{"sqrmc", "诸葛]]&gt;明"}})), "诸葛]]>明");
  expect_taken("two sections", soap(replaced(qinglan_body("I-2", "accept", {{"sqrmc", "司马南星"}}), "司马南星", "司马]]><![CDATA[南星")), "司马南星");
  expect_taken("markup", soap(qinglan_body("I-3", "accept", {{"sqrmc", "&lt;b&gt;甲&amp;乙"}})), "<b>甲&乙");
  expect_taken("sql", soap(qinglan_body("I-4", "accept", {{"sqrmc", "丙'); DROP TABLE messages;--"}})), "丙'); DROP TABLE messages;--");
  expect_taken("format", soap(qinglan_body("I-5", "accept", {{"sqrmc", "丁%s%n${jndi:x}{{7*7}}`id`"}})), "丁%s%n${jndi:x}{{7*7}}`id`");
  expect_taken("formula", soap(qinglan_body("I-6", "accept", {{"sqrmc", "=1+1@戊"}})), "=1+1@戊");
}

TEST_F(InertInput, characters_that_deceive_the_eye_are_kept) {
  const std::vector<std::string> names = {"甲\u202E乙丙", "甲\u200B乙", "e\u0301甲", "\u00E9甲", "甲\u200D乙", "𠮷䶮𬱖", "甲·乙—丙"};
  for (std::size_t i = 0; i < names.size(); ++i) {
    expect_taken(names[i], send_linhu(house_, linhu_body("LH-" + std::to_string(i), "accept", {{"name", names[i]}})), names[i]);
    expect_taken(names[i], soap(qinglan_body("QL-" + std::to_string(i), "accept", {{"sqrmc", names[i]}})), names[i]);
  }
}

TEST_F(InertInput, second_bytes_of_gb_characters_that_look_like_ascii_are_kept) {
  // 5C, 7C, 60, 5B, 40 as second byte: 誠 乗 俙 俒 丂; 81308130 in four bytes.
  const std::string name = "誠乗俙俒丂\u0080田";
  const std::string body = yunxi_body("YX-1", "accept", {{"Name", name}});
  expect_taken("gb", send_yunxi(house_, body), "誠乗俙俒丂");
}

TEST_F(InertInput, keys_that_mean_something_elsewhere_are_only_keys) {
  const std::string more = ",\"__proto__\":{\"name\":\"x\"},\"constructor\":{\"prototype\":{}},\"\":1,\"hasOwnProperty\":true";
  expect_taken("inner", send_linhu(house_, linhu_body("LH-1", "accept", {{"more", more}})), "慕容思远");
  std::string outer = linhu_body("LH-2", "accept");
  outer.insert(1, "\"__proto__\":{\"data\":\"{}\"},\"\":null,");
  expect_taken("outer", send_linhu(house_, outer), "慕容思远");
}

TEST_F(InertInput, numbers_are_kept_as_text) {
  std::string digits = linhu_body("LH-1", "accept");
  const auto at = digits.find("\\\"LH-1\\\"");
  ASSERT_NE(at, std::string::npos);
  digits.replace(at, 8, "9007199254740993");  // 2^53 + 1: a reader that uses doubles makes it even.
  expect_taken("case number", send_linhu(house_, digits), "9007199254740993");
  expect_taken("dropped count", send_linhu(house_, linhu_body("LH-2", "accept", {{"copies", "1.5"}})));
  expect_taken("huge count", send_linhu(house_, linhu_body("LH-3", "accept", {{"copies", "123456789012345678901234567890"}})));
}

} // namespace
} // namespace tongqu::whole
