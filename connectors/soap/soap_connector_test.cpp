#include "connectors/soap/soap_connector.hpp"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "connectors/test_support/fake_intake.hpp"
#include "sdk/test/badinput/bad_inputs.hpp"
#include "tongqu/wire/encoding.hpp"
#include "tongqu/wire/xml.hpp"

namespace tongqu::connectors::soap {
namespace {

using connector::Answer;
using connector::Inbound;
using connector::ListenerConfig;
using connector::Outcome;
using connector::test::call;
using connector::test::talk;
using connector::test::FakeIntake;
using connector::test::Fields;
using connector::test::Reply;

constexpr const char* k11 = "http://schemas.xmlsoap.org/soap/envelope/";
constexpr const char* k12 = "http://www.w3.org/2003/05/soap-envelope";
const std::string kOperation = "<q:sendBj xmlns:q=\"urn:q\"><q:xmlStr>x</q:xmlStr></q:sendBj>";

std::string envelope(const std::string& inner, const char* ns = k11) {
  return std::string("<e:Envelope xmlns:e=\"") + ns + "\"><e:Body>" + inner + "</e:Body></e:Envelope>";
}

class SoapConnectorTest : public testing::Test {
protected:
  SoapConnectorTest() {
    config_.name = "county";
    config_.family = "soap";
    config_.path = "/soap";
  }
  ~SoapConnectorTest() override {
    if (connector_) connector_->stop({});
  }
  std::uint16_t port() {
    if (!connector_) {
      connector::Registry registry;
      register_soap(registry);
      auto started = registry.start(config_, intake_);
      if (!started) throw std::runtime_error(describe(started.error()));
      connector_ = *std::move(started);
    }
    return connector_->port();
  }
  std::string start_error() {
    connector::Registry registry;
    register_soap(registry);
    auto started = registry.start(config_, intake_);
    return started ? "" : std::string(started.error().id());
  }
  Reply post(const std::string& body, const std::string& type = "text/xml; charset=utf-8", Fields more = {}) {
    if (!type.empty()) more.insert(more.begin(), {"Content-Type", type});
    return call(port(), "POST", "/soap", more, body);
  }
  Reply post12(const std::string& body) { return post(body, "application/soap+xml; charset=utf-8"); }
  void answer_with(Answer answer) {
    intake_.reply = [answer](const Inbound& inbound) {
      Answer told = answer;
      told.trace_id = inbound.trace_id;
      return told;
    };
  }

  ListenerConfig config_;
  FakeIntake intake_;
  std::unique_ptr<connector::Connector> connector_;
};

/// The text of the part in an answer, read back by the gate; the document must be well formed in the declared encoding.
std::string part_of(const Reply& reply, const std::string& part = "return") {
  const auto document = wire::parse_xml(reply.body);
  if (!document) return "not well formed: " + std::string(document.error().id());
  const auto found = document->root().child("Body").first_child().child(part);
  if (!found) return "no part";
  const auto text = found.leaf();
  return text ? std::string(*text) : "no leaf";
}

std::string fault_code(const Reply& reply) {
  const auto document = wire::parse_xml(reply.body);
  if (!document) return "not well formed";
  const auto fault = document->root().child("Body").child("Fault");
  if (const auto code = fault.child("faultcode")) return std::string(code.raw_text());
  const auto code = fault.child("Code");
  return code ? std::string(code.child("Value").raw_text()) : "no fault";
}

std::string refusal_member(const Reply& reply, const std::string& member) {
  const auto document = wire::parse_xml(reply.body);
  if (!document) return "not well formed";
  const auto fault = document->root().child("Body").child("Fault");
  auto detail = fault.child("detail");
  if (!detail) detail = fault.child("Detail");
  const auto node = detail.child("urn:tongqu:refusal:1", "refusal").child(member);
  return node ? std::string(node.raw_text()) : "absent";
}

TEST_F(SoapConnectorTest, a_delivery_carries_bytes_gated_document_and_facts) {
  const std::string body = envelope(kOperation);
  EXPECT_EQ(post(body).status, 200);
  ASSERT_EQ(intake_.delivered(), 1u);
  const Inbound& in = intake_.last();
  EXPECT_EQ(in.route, "county");
  EXPECT_EQ(in.trace_id.size(), 16u);
  ASSERT_EQ(in.delivery.parts.size(), 1u);
  EXPECT_EQ(in.delivery.parts[0].bytes, body);
  ASSERT_TRUE(in.delivery.parts[0].document);
  EXPECT_EQ(in.delivery.parts[0].document->root().name(), "Envelope");
  EXPECT_EQ(in.delivery.fact("family"), "soap");
  EXPECT_EQ(in.delivery.fact("operation"), "sendBj");
  EXPECT_EQ(in.delivery.fact("soap_version"), "1.1");
  EXPECT_EQ(in.delivery.fact("path"), "/soap");
  EXPECT_EQ(in.delivery.fact("charset"), "utf-8");
  EXPECT_EQ(in.delivery.fact("peer").substr(0, 10), "127.0.0.1:");
}

TEST_F(SoapConnectorTest, success_is_200_in_the_version_of_the_caller) {
  const Reply v11 = post(envelope(kOperation));
  EXPECT_EQ(v11.status, 200);
  EXPECT_EQ(v11.header("Content-Type"), "text/xml; charset=utf-8");
  EXPECT_TRUE(v11.has(k11));
  EXPECT_EQ(part_of(v11), "ok");
  const Reply v12 = post12(envelope(kOperation, k12));
  EXPECT_EQ(v12.status, 200);
  EXPECT_EQ(v12.header("Content-Type"), "application/soap+xml; charset=utf-8");
  EXPECT_TRUE(v12.has(k12));
  EXPECT_EQ(intake_.last().delivery.fact("soap_version"), "1.2");
}

TEST_F(SoapConnectorTest, the_envelope_tells_the_version_even_under_the_other_content_type) {
  EXPECT_TRUE(post(envelope(kOperation, k12)).has(k12));
  EXPECT_TRUE(post12(envelope(kOperation)).has(k11));
}

TEST_F(SoapConnectorTest, routing_is_by_the_body_whatever_soapaction_says) {
  for (const Fields& fields : {Fields{}, Fields{{"SOAPAction", "\"\""}}, Fields{{"SOAPAction", "deleteAll"}}, Fields{{"SOAPAction", "\"urn:other#x\""}}}) {
    EXPECT_EQ(post(envelope(kOperation), "text/xml", fields).status, 200);
    EXPECT_EQ(intake_.last().delivery.fact("operation"), "sendBj");
  }
  EXPECT_EQ(post12(envelope(kOperation, k12)).status, 200);
}

TEST_F(SoapConnectorTest, two_soapaction_headers_are_refused) {
  const Reply reply = post(envelope(kOperation), "text/xml", {{"SOAPAction", "a"}, {"SOAPAction", "b"}});
  EXPECT_EQ(reply.status, 500);
  EXPECT_EQ(refusal_member(reply, "id"), "connector.soap_structure");
  EXPECT_EQ(refusal_member(reply, "where"), "SOAPAction");
  EXPECT_EQ(intake_.delivered(), 0u);
}

TEST_F(SoapConnectorTest, two_content_types_are_refused) {
  const Reply reply = post(envelope(kOperation), "text/xml", {{"Content-Type", "text/xml; charset=gb2312"}});
  EXPECT_EQ(reply.status, 415);
  EXPECT_EQ(refusal_member(reply, "id"), "connector.content_type");
}

TEST_F(SoapConnectorTest, a_missing_content_type_is_415) {
  const Reply reply = post(envelope(kOperation), "");
  EXPECT_EQ(reply.status, 415);
  EXPECT_EQ(refusal_member(reply, "id"), "connector.content_type");
}

TEST_F(SoapConnectorTest, every_bad_document_is_refused_with_its_id_and_nothing_is_handed_on) {
  for (const std::string folder : {"xml", "soap"}) {
    for (const auto& bad : test::bad_inputs(folder)) {
      if (bad.judge != "gate") continue;
      SCOPED_TRACE(folder + "/" + bad.name + " " + bad.shows);
      const std::size_t before = intake_.refusals().size();
      const Reply reply = post(bad.bytes, bad.content_type.empty() ? "text/xml" : bad.content_type);
      EXPECT_EQ(refusal_member(reply, "id"), bad.error_id);
      EXPECT_EQ(reply.status, bad.status);
      const auto refusals = intake_.refusals();
      ASSERT_EQ(refusals.size(), before + 1);
      EXPECT_EQ(refusals.back().error_id, bad.error_id);
      EXPECT_EQ(refusals.back().trace_id.size(), 16u);
      EXPECT_EQ(refusal_member(reply, "trace"), refusals.back().trace_id);
      if (bad.status != 413) { EXPECT_EQ(refusals.back().bytes, bad.bytes.size()); }
    }
  }
  EXPECT_EQ(intake_.delivered(), 0u);
}

TEST_F(SoapConnectorTest, faults_of_1_1_are_client_or_server_with_500) {
  const Reply sender = post(envelope(""));
  EXPECT_EQ(sender.status, 500);
  EXPECT_EQ(fault_code(sender), "soap:Client");
  Answer ours;
  ours.outcome = Outcome::failed;
  ours.fault = true;
  ours.error = std::make_shared<const Error>(Errc::base_internal);
  answer_with(ours);
  const Reply server = post(envelope(kOperation));
  EXPECT_EQ(server.status, 500);
  EXPECT_EQ(fault_code(server), "soap:Server");
}

TEST_F(SoapConnectorTest, faults_of_1_2_are_sender_400_or_receiver_500) {
  const Reply sender = post12(envelope("", k12));
  EXPECT_EQ(sender.status, 400);
  EXPECT_EQ(fault_code(sender), "soap:Sender");
  EXPECT_EQ(sender.header("Content-Type"), "application/soap+xml; charset=utf-8");
  Answer ours;
  ours.outcome = Outcome::failed;
  ours.fault = true;
  answer_with(ours);
  const Reply receiver = post12(envelope(kOperation, k12));
  EXPECT_EQ(receiver.status, 500);
  EXPECT_EQ(fault_code(receiver), "soap:Receiver");
  EXPECT_EQ(refusal_member(receiver, "id"), "base.internal");
}

TEST_F(SoapConnectorTest, version_mismatch_and_must_understand_have_their_own_codes) {
  EXPECT_EQ(fault_code(post(envelope(kOperation, "urn:soap:9"))), "soap:VersionMismatch");
  const std::string must = std::string("<e:Envelope xmlns:e=\"") + k12 + "\"><e:Header><h xmlns=\"urn:h\" e:mustUnderstand=\"true\"/></e:Header><e:Body>" +
                           kOperation + "</e:Body></e:Envelope>";
  const Reply reply = post12(must);
  EXPECT_EQ(fault_code(reply), "soap:MustUnderstand");
  EXPECT_EQ(reply.status, 500);
}

TEST_F(SoapConnectorTest, headers_that_need_not_be_understood_are_inert) {
  const std::string wsa = "<a:ReplyTo xmlns:a=\"http://www.w3.org/2005/08/addressing\"><a:Address>http://127.0.0.1:1/</a:Address></a:ReplyTo>";
  const std::string zero = "<h:X xmlns:h=\"urn:h\" e:mustUnderstand=\"0\"/>";
  const std::string other = "<h:X xmlns:h=\"urn:h\" e:mustUnderstand=\"1\" e:actor=\"urn:some-proxy\"/>";
  for (const std::string& block : {wsa, zero, other}) {
    const std::string whole = std::string("<e:Envelope xmlns:e=\"") + k11 + "\"><e:Header>" + block + "</e:Header><e:Body>" + kOperation + "</e:Body></e:Envelope>";
    EXPECT_EQ(post(whole).status, 200) << block;
  }
}

TEST_F(SoapConnectorTest, what_only_looks_dangerous_is_inert) {
  const std::string xsi = " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"";
  for (const std::string& operation :
       {"<a" + xsi + " xsi:schemaLocation=\"urn:x http://127.0.0.1:1/x.xsd\"/>", "<a" + xsi + " xsi:noNamespaceSchemaLocation=\"file:///etc/hostname\"/>",
        std::string("<a><i:include xmlns:i=\"http://www.w3.org/2001/XInclude\" href=\"file:///etc/hostname\"/></a>"),
        std::string("<a xml:base=\"http://127.0.0.1:1/\"/>"), std::string("<a><link href=\"http://127.0.0.1:1/\"/></a>"),
        "<a><b" + xsi + " xsi:nil=\"true\"/><c" + xsi + " xsi:nil=\"false\">x</c></a>", "<a><b" + xsi + " xsi:nil=\"true\">  </b></a>",
        std::string("<a xmlns:enc=\"http://schemas.xmlsoap.org/soap/encoding/\" enc:arrayType=\"x[2]\"><i/><i/></a>"),
        std::string("<a xmlns:enc=\"http://schemas.xmlsoap.org/soap/encoding/\" enc:arrayType=\"x[]\"><i/></a>")}) {
    EXPECT_EQ(post(envelope(operation)).status, 200) << operation;
  }
}

TEST_F(SoapConnectorTest, faults_never_repeat_what_was_sent) {
  for (const std::string& body : {envelope("<SecretName100000210001010013>"), envelope("<a/><SecretName100000210001010013/>"),
                                  envelope("<tongquStatus><SecretName100000210001010013>1</SecretName100000210001010013></tongquStatus>"),
                                  std::string("<SecretName100000210001010013/>"), envelope("<a>&SecretName100000210001010013;</a>"),
                                  envelope("<a href=\"SecretName100000210001010013\" xmlns:e=\"http://schemas.xmlsoap.org/soap/encoding/\" e:arrayType=\"Secret[9]\"/>")}) {
    const Reply reply = post(body);
    EXPECT_NE(reply.status, 200);
    EXPECT_FALSE(reply.has("Secret")) << reply.body;
    EXPECT_FALSE(reply.has("10000021")) << reply.body;
  }
}

TEST_F(SoapConnectorTest, a_refusal_in_the_fault_carries_both_languages_findings_and_trace) {
  Answer refused;
  refused.outcome = Outcome::refused;
  refused.fault = true;
  refused.error = std::make_shared<const Error>(Error(Errc::model_id_check_digit).at("applicant.id_no"));
  Finding finding;
  finding.id = Errc::model_id_check_digit;
  finding.path = "applicant.id_no";
  finding.source.part = "body/xmlStr";
  finding.source.path = "/root/bj/zjhm";
  finding.source.line = 3;
  finding.source.column = 7;
  refused.findings.add(finding);
  answer_with(refused);
  const Reply reply = post(envelope(kOperation));
  EXPECT_EQ(fault_code(reply), "soap:Client");
  EXPECT_EQ(refusal_member(reply, "id"), "model.id_check_digit");
  EXPECT_EQ(refusal_member(reply, "action"), "fix_input");
  EXPECT_EQ(refusal_member(reply, "where"), "applicant.id_no");
  EXPECT_EQ(refusal_member(reply, "trace"), intake_.last().trace_id);
  EXPECT_TRUE(reply.has(errc_row(Errc::model_id_check_digit).zh));
  EXPECT_TRUE(reply.has(errc_row(Errc::model_id_check_digit).en));
  EXPECT_TRUE(reply.has("<tq:source part=\"body/xmlStr\" line=\"3\" column=\"7\">/root/bj/zjhm</tq:source>"));
}

TEST_F(SoapConnectorTest, busy_is_503_with_retry_after_and_a_server_fault) {
  Answer busy;
  busy.outcome = Outcome::busy;
  busy.fault = true;
  busy.retry_after_s = 2;
  busy.error = std::make_shared<const Error>(Errc::journal_busy);
  answer_with(busy);
  const Reply reply = post(envelope(kOperation));
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(reply.header("Retry-After"), "2");
  EXPECT_EQ(fault_code(reply), "soap:Server");
}

TEST_F(SoapConnectorTest, a_conflict_is_a_fault_and_never_409) {
  Answer conflict;
  conflict.outcome = Outcome::conflict;
  conflict.fault = true;
  conflict.error = std::make_shared<const Error>(Errc::journal_conflict);
  answer_with(conflict);
  const Reply v11 = post(envelope(kOperation));
  EXPECT_EQ(v11.status, 500);
  EXPECT_EQ(refusal_member(v11, "id"), "journal.conflict");
  EXPECT_EQ(post12(envelope(kOperation, k12)).status, 400);
}

struct EncodingCase { const char* charset; const char* declared; };
class SoapAnswerEncoding : public SoapConnectorTest, public testing::WithParamInterface<EncodingCase> {};

TEST_P(SoapAnswerEncoding, an_answer_reads_back_whole_in_every_form_and_encoding) {
  // 镕 is in GBK but not in GB2312; 𠮷 needs four bytes of GB18030; the emoji too.
  const std::string text = "<r>受理 & 完成 镕 𠮷 😀 ]]> \"x\" &lt;</r>";
  for (const auto form : {Answer::SoapForm::escaped, Answer::SoapForm::cdata}) {
    Answer answer;
    answer.payload = text;
    answer.charset = GetParam().charset;
    answer.declared = GetParam().declared;
    answer.soap_form = form;
    answer_with(answer);
    const Reply reply = post(envelope(kOperation));
    const std::string label = answer.declared.empty() ? answer.charset : answer.declared;
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.header("Content-Type"), "text/xml; charset=" + label);
    EXPECT_TRUE(reply.has("encoding=\"" + label + "\"")) << label;
    EXPECT_EQ(part_of(reply), text) << label;
  }
}
INSTANTIATE_TEST_SUITE_P(All, SoapAnswerEncoding,
                         testing::Values(EncodingCase{"utf-8", ""}, EncodingCase{"gb18030", ""}, EncodingCase{"gbk", ""}, EncodingCase{"gb2312", ""},
                                         EncodingCase{"gb18030", "gb2312"}, EncodingCase{"gb18030", "GBK"}, EncodingCase{"cp936", ""}));

TEST_F(SoapConnectorTest, what_gb2312_lacks_is_a_reference_and_the_rest_is_gb2312) {
  Answer answer;
  answer.payload = "县镕𠮷";
  answer.charset = "gb2312";
  answer_with(answer);
  const Reply reply = post(envelope(kOperation));
  EXPECT_TRUE(reply.has("\xCF\xD8&#38229;&#134071;")) << reply.body;  // 县 is CFD8 in GB2312; U+9555 and U+20BB7 as references.
}

TEST_F(SoapConnectorTest, an_operation_name_that_the_encoding_lacks_makes_the_answer_utf8) {
  Answer answer;
  answer.payload = "县";
  answer.charset = "gb2312";
  answer_with(answer);
  const Reply reply = post(envelope("<镕 xmlns=\"urn:q\"/>"));
  EXPECT_EQ(reply.header("Content-Type"), "text/xml; charset=utf-8");
  EXPECT_EQ(part_of(reply), "县");
}

TEST_F(SoapConnectorTest, elements_stand_as_they_are_and_cannot_break_out) {
  Answer answer;
  answer.soap_form = Answer::SoapForm::elements;
  answer.soap_element = "ReportResponse";
  answer.soap_namespace = "urn:a\"b&c";
  answer.payload = "<Code>0</Code><Message>A &amp; B</Message>";
  answer_with(answer);
  const Reply reply = post(envelope(kOperation));
  EXPECT_EQ(part_of(reply, "Code"), "0");
  EXPECT_EQ(part_of(reply, "Message"), "A & B");
  const auto document = wire::parse_xml(reply.body);
  ASSERT_TRUE(document);
  EXPECT_EQ(document->root().child("Body").first_child().ns(), "urn:a\"b&c");
  for (const std::string bad : {"</ReportResponse><x/><ReportResponse>", "<Code>0", "0 & 1", "]]>", "<!-- ", "<?xml version=\"1.0\"?><a/>", "<p:x/>"}) {
    answer.payload = bad;
    answer_with(answer);
    EXPECT_EQ(part_of(post(envelope(kOperation))), bad);
  }
}

TEST_F(SoapConnectorTest, values_cannot_inject_markup) {
  Answer answer;
  for (const std::string bad : {"</return></sendBjResponse>", "]]><x/>", "<!DOCTYPE a>", "&x;", "<![CDATA[", "a\"b'c"}) {
    for (const auto form : {Answer::SoapForm::escaped, Answer::SoapForm::cdata}) {
      answer.payload = bad;
      answer.soap_form = form;
      answer_with(answer);
      const Reply reply = post(envelope(kOperation));
      EXPECT_EQ(part_of(reply), bad);
    }
  }
}

TEST_F(SoapConnectorTest, the_status_operation_answers_per_target) {
  intake_.on_status = [](const connector::StatusQuery& query) -> Result<std::vector<connector::MessageStatus>> {
    if (query.case_no != "QL1" && query.message_id != "M1") return Error(Errc::journal_not_found);
    connector::TargetStatus target{"province", "refused", "", "platform.refused", {"no <b>", "否"}, "2149-03-05T07:08:09.000+08:00"};
    return std::vector<connector::MessageStatus>{{"M1", "QL1", "accept", "2149-03-05T07:08:00.000+08:00", {target}}};
  };
  for (const std::string question : {"<caseNo>QL1</caseNo>", "<s:messageId xmlns:s=\"urn:tongqu:status:1\">M1</s:messageId>"}) {
    const Reply reply = post12(envelope("<tongquStatus>" + question + "</tongquStatus>", k12));
    ASSERT_EQ(reply.status, 200) << reply.body;
    const auto document = wire::parse_xml(reply.body);
    ASSERT_TRUE(document);
    const auto answer = document->root().child("Body").child("urn:tongqu:status:1", "tongquStatusResponse");
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer.child("message").child("messageId").raw_text(), "M1");
    const auto target = answer.child("message").child("target");
    EXPECT_EQ(target.attribute("name").raw_text(), "province");
    EXPECT_EQ(target.child("state").raw_text(), "refused");
    EXPECT_EQ(target.child("errorId").raw_text(), "platform.refused");
    EXPECT_EQ(target.child("reason").raw_text(), "no <b>");
  }
  const Reply unknown = post(envelope("<tongquStatus><caseNo>QL2</caseNo></tongquStatus>"));
  EXPECT_EQ(refusal_member(unknown, "id"), "journal.not_found");
  EXPECT_EQ(fault_code(unknown), "soap:Client");
  EXPECT_EQ(intake_.delivered(), 0u);
  EXPECT_TRUE(intake_.refusals().empty());
}

TEST_F(SoapConnectorTest, other_addresses_and_methods_are_404_and_405) {
  const Reply nowhere = call(port(), "POST", "/other", {{"Content-Type", "text/xml"}}, envelope(kOperation));
  EXPECT_EQ(nowhere.status, 404);
  EXPECT_TRUE(nowhere.has("\"connector.path_unknown\""));
  const Reply get = call(port(), "GET", "/soap", {}, "");
  EXPECT_EQ(get.status, 405);
  EXPECT_EQ(get.header("Allow"), "POST, GET");
  EXPECT_TRUE(get.has("\"connector.method\""));
  EXPECT_EQ(call(port(), "GET", "/soap?wsdl", {}, "").status, 404);
  EXPECT_EQ(intake_.refusals().size(), 3u);
}

TEST_F(SoapConnectorTest, a_framing_refusal_is_a_fault_with_trace_and_a_row_in_the_ledger) {
  const Reply reply = talk(port(), "POST /soap HTTP/1.1\r\nHost: a\r\nContent-Type: application/soap+xml\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx");
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(refusal_member(reply, "id"), "net.framing");
  ASSERT_EQ(intake_.refusals().size(), 1u);
  EXPECT_EQ(intake_.refusals()[0].error_id, "net.framing");
  EXPECT_EQ(refusal_member(reply, "trace"), intake_.refusals()[0].trace_id);
  EXPECT_EQ(intake_.refusals()[0].route, "county");
}

TEST_F(SoapConnectorTest, gb_bytes_declared_gb2312_are_taken_in_as_they_are) {
  const auto name = wire::encode("𠮷田玥", wire::Encoding::gb18030);
  ASSERT_TRUE(name);
  const std::string body = "<?xml version=\"1.0\" encoding=\"gb2312\"?>" + envelope("<r><n>" + *name + "</n></r>", k12);
  EXPECT_EQ(post(body, "application/soap+xml; charset=gb2312").status, 200);
  ASSERT_EQ(intake_.delivered(), 1u);
  EXPECT_EQ(intake_.last().delivery.parts[0].document->root().child("Body").child("r").child("n").raw_text(), "𠮷田玥");
  EXPECT_EQ(intake_.last().delivery.parts[0].bytes, body);
}

TEST_F(SoapConnectorTest, settings_that_it_does_not_have_are_refused_at_start) {
  config_.settings["colour"] = "red";
  EXPECT_EQ(start_error(), "connector.setting");
  config_.settings.clear();
  config_.token = "t";
  EXPECT_EQ(start_error(), "connector.setting");
  config_.token.clear();
  config_.path = "soap";
  EXPECT_EQ(start_error(), "connector.setting");
  config_.path = "/soap";
  config_.wsdl_file = "/nonexistent/service.wsdl";
  EXPECT_EQ(start_error(), "base.file_unreadable");
  config_.wsdl_file = std::string(TONGQU_SOURCE_DIR) + "/CMakeLists.txt";
  if (std::filesystem::exists(config_.wsdl_file)) { EXPECT_EQ(start_error(), "wire.wsdl_invalid"); }
  config_.wsdl_file.clear();
  EXPECT_EQ(start_error(), "");
}

TEST_F(SoapConnectorTest, the_wsdl_is_served_with_the_address_clients_must_call) {
  config_.wsdl_file = std::string(TONGQU_SOURCE_DIR) + "/connectors/packs/qinglan-spxt/service.wsdl";
  const Reply own = call(port(), "GET", "/soap?wsdl", {}, "");
  EXPECT_EQ(own.status, 200);
  EXPECT_EQ(own.header("Content-Type"), "text/xml; charset=utf-8");
  EXPECT_TRUE(own.has("location=\"http://127.0.0.1:" + std::to_string(port()) + "/soap\""));
  EXPECT_FALSE(own.has("http://localhost/"));
  connector_->stop({});
  connector_.reset();
  config_.public_url = "https://bridge.county.test/soap?a=1&b=2";
  EXPECT_TRUE(call(port(), "GET", "/soap?WSDL", {}, "").has("location=\"https://bridge.county.test/soap?a=1&amp;b=2\""));
}

TEST_F(SoapConnectorTest, a_zeep_client_made_from_the_wsdl_calls_and_gets_the_fault_of_a_refusal) {
  config_.wsdl_file = std::string(TONGQU_SOURCE_DIR) + "/connectors/packs/qinglan-spxt/service.wsdl";
  config_.ns = "http://qinglan.example.test/spxt";
  if (connector::test::run("/usr/bin/python3 -c 'import zeep; print(1)' 2>/dev/null") != "1\n") GTEST_SKIP() << "python3-zeep not present";
  intake_.reply = [](const Inbound& inbound) {
    Answer answer;
    answer.payload = "<r>县 & 乡</r>";
    const auto text = inbound.delivery.parts[0].document->root().child("Body").child("sendBj").child("xmlStr").raw_text();
    if (text == "<root>县</root>") return answer;
    answer.fault = true;
    answer.outcome = Outcome::refused;
    answer.error = std::make_shared<const Error>(Error(Errc::connector_refused));
    return answer;
  };
  const std::string script = std::string(TONGQU_SOURCE_DIR) + "/connectors/soap/testdata/zeep_client.py";
  const std::string out = connector::test::run("/usr/bin/python3 " + script + " http://127.0.0.1:" + std::to_string(port()) + "/soap?wsdl 2>&1");
  EXPECT_EQ(out, "answer <r>县 & 乡</r>\nfault soap:Client connector.refused\n");
}

TEST_F(SoapConnectorTest, curl_gets_its_answer) {
  const std::string file = testing::TempDir() + "tongqu_curl_" + std::to_string(::getpid()) + ".xml";
  std::ofstream(file) << envelope(kOperation);
  const std::string out = connector::test::run("curl -sS --max-time 10 -w '%{http_code}' -H 'Content-Type: text/xml' -H 'SOAPAction: \"\"' --data-binary @" + file +
                                               " http://127.0.0.1:" + std::to_string(port()) + "/soap");
  std::filesystem::remove(file);
  EXPECT_NE(out.find("<return>ok</return>"), std::string::npos) << out;
  EXPECT_EQ(out.substr(out.size() - 3), "200");
}

/// As Axis2 and CXF write it: the envelope as XOP, a file beside it.
std::string mtom(const std::string& root_type, const std::string& xml, const std::string& file) {
  return "--uuid:1\r\nContent-Type: " + root_type + "\r\nContent-Transfer-Encoding: binary\r\nContent-ID: <root@example.test>\r\n\r\n" + xml +
         "\r\n--uuid:1\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: binary\r\nContent-ID: <file@example.test>\r\n\r\n" + file + "\r\n--uuid:1--\r\n";
}
std::string mtom_type(const std::string& inner) {
  return "multipart/related; type=\"application/xop+xml\"; boundary=\"uuid:1\"; start=\"<root@example.test>\"; start-info=\"" + inner + "\"";
}

TEST_F(SoapConnectorTest, takes_mtom_of_both_versions_where_attachments_are_taken) {
  EXPECT_EQ(post(mtom("text/xml", envelope(kOperation), "%PDF"), mtom_type("text/xml")).status, 415);
  for (const std::string include : {"", "<i:Include xmlns:i=\"http://www.w3.org/2004/08/xop/include\" href=\"cid:file@example.test\"/>"}) {
    connector_.reset();
    config_.attachment_bytes_max = std::uint64_t{1} << 20U;
    const std::string sent = "<q:sendBj xmlns:q=\"urn:q\"><q:file>" + include + "</q:file></q:sendBj>";
    const Reply reply = post(mtom("application/xop+xml; charset=UTF-8; type=\"text/xml\"", envelope(sent), "%PDF"), mtom_type("text/xml"));
    EXPECT_EQ(reply.status, 200) << reply.body;
    EXPECT_EQ(reply.header("Content-Type").substr(0, 8), "text/xml");
    const auto& delivery = intake_.last().delivery;
    ASSERT_EQ(delivery.parts.size(), 2U);
    EXPECT_EQ(delivery.parts[0].name, "body");
    EXPECT_EQ(delivery.parts[0].bytes, envelope(sent));
    EXPECT_EQ(delivery.parts[1].name, "file@example.test");
    EXPECT_EQ(delivery.parts[1].bytes, "%PDF");
    EXPECT_EQ(delivery.fact("operation"), "sendBj");
    EXPECT_EQ(delivery.fact("multipart"), "cut");
    const Reply second = post(mtom("application/xop+xml; charset=UTF-8; type=\"application/soap+xml\"", envelope(sent, k12), "%PDF"), mtom_type("application/soap+xml"));
    EXPECT_EQ(second.status, 200) << second.body;
    EXPECT_EQ(second.header("Content-Type").substr(0, 20), "application/soap+xml");
    // SOAP with attachments has a plain root.
    EXPECT_EQ(post(mtom("text/xml; charset=utf-8", envelope(sent), "%PDF"), "multipart/related; type=\"text/xml\"; boundary=\"uuid:1\"").status, 200);
    EXPECT_TRUE(post("--uuid:1\r\n\r\nx", mtom_type("text/xml")).has("wire.multipart_invalid"));
    const std::string elsewhere = "<a><i:Include xmlns:i=\"http://www.w3.org/2004/08/xop/include\" href=\"file:///etc/hostname\"/></a>";
    EXPECT_TRUE(post(mtom("text/xml", envelope(elsewhere), "%PDF"), mtom_type("text/xml")).has("connector.soap_encoding"));
    EXPECT_TRUE(post(mtom("application/pdf", "%PDF", "x"), mtom_type("text/xml")).has("connector.content_type"));
  }
}

TEST_F(SoapConnectorTest, a_large_file_beside_the_envelope_streams_into_the_store) {
  config_.attachment_bytes_max = std::uint64_t{1} << 30U;
  config_.limits.message_bytes_max = 10000;
  const std::string file(3000000, 'f');
  const Reply reply = post(mtom("application/xop+xml; charset=UTF-8; type=\"text/xml\"", envelope(kOperation), file), mtom_type("text/xml"));
  EXPECT_EQ(reply.status, 200) << reply.body;
  const auto& part = intake_.last().delivery.parts.at(1);
  EXPECT_EQ(part.bytes, "");
  EXPECT_EQ(part.stored_bytes, file.size());
  EXPECT_TRUE(intake_.attachments().at(part.sm3) == file);
  intake_.take_fails = Errc::journal_disk_low;
  const Reply full = post(mtom("application/xop+xml; charset=UTF-8; type=\"text/xml\"", envelope(kOperation), file), mtom_type("text/xml"));
  EXPECT_EQ(full.status, 507);
  EXPECT_TRUE(full.has("journal.disk_low")) << full.body;
  EXPECT_EQ(full.header("Retry-After"), "60");
}

TEST_F(SoapConnectorTest, attachments_are_put_beside_the_service) {
  EXPECT_EQ(call(port(), "PUT", "/attachments/" + std::string(64, '0'), {}, "abc").status, 404);
  connector_.reset();
  config_.attachment_bytes_max = 1000;
  EXPECT_EQ(call(port(), "PUT", "/attachments/" + std::string(64, '0'), {}, "abc").status, 201);
  EXPECT_EQ(call(port(), "HEAD", "/attachments/" + std::string(64, '0'), {}, "").status, 200);
}

} // namespace
} // namespace tongqu::connectors::soap
