#include "connectors/rest/rest_connector.hpp"

#include <gtest/gtest.h>

#include "connectors/rest/query.hpp"
#include "connectors/test_support/fake_intake.hpp"
#include "sdk/test/badinput/bad_inputs.hpp"
#include "tongqu/wire/encoding.hpp"
#include "tongqu/wire/json.hpp"

namespace tongqu::connectors::rest {
namespace {

using connector::Answer;
using connector::Inbound;
using connector::Outcome;
using connector::test::call;
using connector::test::FakeIntake;
using connector::test::Fields;
using connector::test::Reply;
using connector::test::talk;

std::string member(const Reply& reply, const std::string& name) {
  const auto document = wire::parse_json(reply.body);
  if (!document) return "not json";
  const auto node = document->root().child(name);
  return node ? std::string(node.raw_text()) : "absent";
}

class RestConnectorTest : public testing::Test {
protected:
  RestConnectorTest() {
    config_.name = "district";
    config_.family = "rest";
    config_.path = "/push";
    config_.token = "t0ken-of-tests";
  }
  ~RestConnectorTest() override {
    if (connector_) connector_->stop({});
  }
  std::uint16_t port() {
    if (!connector_) {
      connector::Registry registry;
      register_rest(registry);
      auto started = registry.start(config_, intake_);
      if (!started) throw std::runtime_error(describe(started.error()));
      connector_ = *std::move(started);
    }
    return connector_->port();
  }
  std::string start_error() {
    connector::Registry registry;
    register_rest(registry);
    auto started = registry.start(config_, intake_);
    return started ? "" : std::string(started.error().id());
  }
  Fields with_token(Fields more = {}) const {
    more.insert(more.begin(), {"Authorization", "Bearer " + config_.token});
    return more;
  }
  Reply post(const std::string& body, const std::string& type = "application/json") {
    return call(port(), "POST", "/push", with_token({{"Content-Type", type}}), body);
  }
  Reply get(const std::string& target) { return call(port(), "GET", target, with_token(), ""); }
  void answer_with(Answer answer) {
    intake_.reply = [answer](const Inbound& inbound) {
      Answer told = answer;
      told.trace_id = inbound.trace_id;
      return told;
    };
  }
  Reply fault(Outcome outcome, Errc error) {
    Answer answer;
    answer.outcome = outcome;
    answer.fault = true;
    answer.retry_after_s = 7;
    answer.error = std::make_shared<const Error>(Error(error).at("applicant.id_no"));
    answer_with(answer);
    return post("{}");
  }

  connector::ListenerConfig config_;
  FakeIntake intake_;
  std::unique_ptr<connector::Connector> connector_;
};

TEST_F(RestConnectorTest, a_delivery_carries_bytes_gated_document_and_facts) {
  const std::string body = R"({"appId": "x", "data": "{\"a\": 1}"})";
  Answer answer;
  answer.payload = R"({"code":"200"})";
  answer.format = "json";
  answer_with(answer);
  const Reply reply = post(body, "application/json; charset=UTF-8");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.header("Content-Type"), "application/json; charset=utf-8");
  EXPECT_EQ(reply.body, R"({"code":"200"})");
  ASSERT_EQ(intake_.delivered(), 1u);
  const Inbound& in = intake_.last();
  EXPECT_EQ(in.route, "district");
  EXPECT_EQ(in.delivery.parts[0].bytes, body);
  ASSERT_TRUE(in.delivery.parts[0].document);
  EXPECT_EQ(in.delivery.parts[0].document->root().child("data").raw_text(), R"({"a": 1})");
  EXPECT_EQ(in.delivery.fact("family"), "rest");
  EXPECT_EQ(in.delivery.fact("path"), "/push");
  EXPECT_EQ(in.delivery.fact("content_type"), "application/json; charset=UTF-8");
}

TEST_F(RestConnectorTest, every_bad_document_is_refused_with_its_id_and_nothing_is_handed_on) {
  for (const auto& bad : tongqu::test::bad_inputs("json")) {
    if (bad.judge != "gate") continue;
    SCOPED_TRACE(bad.name + " " + bad.shows);
    const std::size_t before = intake_.refusals().size();
    const Reply reply = post(bad.bytes, bad.content_type.empty() ? "application/json" : bad.content_type);
    EXPECT_EQ(member(reply, "id"), bad.error_id);
    EXPECT_EQ(reply.status, bad.status);
    const auto refusals = intake_.refusals();
    ASSERT_EQ(refusals.size(), before + 1);
    EXPECT_EQ(refusals.back().error_id, bad.error_id);
    EXPECT_EQ(refusals.back().bytes, bad.status == 413 ? 0 : bad.bytes.size());
    EXPECT_EQ(member(reply, "trace"), refusals.back().trace_id);
    EXPECT_EQ(refusals.back().trace_id.size(), 16u);
  }
  EXPECT_EQ(intake_.delivered(), 0u);
}

TEST_F(RestConnectorTest, without_the_right_token_once_nothing_is_read) {
  const std::string good = "Bearer " + config_.token;
  const std::vector<Fields> wrong = {{},
                                     {{"Authorization", "Bearer wrong"}},
                                     {{"Authorization", config_.token}},
                                     {{"Authorization", "bearer" + config_.token}},
                                     {{"Authorization", "Basic " + config_.token}},
                                     {{"Authorization", good + "x"}},
                                     {{"Authorization", good.substr(0, good.size() - 1)}},
                                     {{"Authorization", "Bearer "}},
                                     {{"Authorization", good}, {"Authorization", good}},
                                     {{"Authorization", good}, {"Authorization", "Bearer wrong"}}};
  for (const Fields& fields : wrong) {
    Fields all = fields;
    all.push_back({"Content-Type", "application/json"});
    const Reply reply = call(port(), "POST", "/push", all, "{}");
    EXPECT_EQ(reply.status, 401);
    EXPECT_EQ(reply.header("WWW-Authenticate"), "Bearer");
    EXPECT_EQ(member(reply, "id"), "connector.auth_failed");
    EXPECT_FALSE(reply.has(config_.token));
  }
  EXPECT_EQ(call(port(), "GET", "/push/status?case_no=1", {}, "").status, 401);
  EXPECT_EQ(intake_.delivered(), 0u);
  EXPECT_EQ(intake_.refusals().size(), wrong.size() + 1);
}

TEST_F(RestConnectorTest, a_listener_without_token_asks_for_none) {
  config_.token.clear();
  EXPECT_EQ(call(port(), "POST", "/push", {{"Content-Type", "application/json"}}, "{}").status, 200);
}

TEST_F(RestConnectorTest, other_addresses_methods_and_parameters_are_refused) {
  EXPECT_EQ(call(port(), "POST", "/other", with_token(), "{}").status, 404);
  const Reply get_push = get("/push");
  EXPECT_EQ(get_push.status, 405);
  EXPECT_EQ(get_push.header("Allow"), "POST");
  const Reply post_status = call(port(), "POST", "/push/status", with_token({{"Content-Type", "application/json"}}), "{}");
  EXPECT_EQ(post_status.status, 405);
  EXPECT_EQ(post_status.header("Allow"), "GET");
  const Reply parameter = call(port(), "POST", "/push?x=1", with_token({{"Content-Type", "application/json"}}), "{}");
  EXPECT_EQ(parameter.status, 400);
  EXPECT_EQ(member(parameter, "id"), "connector.parameter");
  const Reply untyped = call(port(), "POST", "/push", with_token(), "{}");
  EXPECT_EQ(untyped.status, 415);
  const Fields two = with_token({{"Content-Type", "application/json"}, {"Content-Type", "text/plain"}});
  EXPECT_EQ(call(port(), "POST", "/push", two, "{}").status, 415);
  EXPECT_EQ(intake_.refusals().size(), 6u);
}

TEST_F(RestConnectorTest, the_status_line_says_what_the_caller_can_do) {
  EXPECT_EQ(fault(Outcome::conflict, Errc::journal_conflict).status, 409);
  EXPECT_EQ(fault(Outcome::refused, Errc::model_id_check_digit).status, 422);
  EXPECT_EQ(fault(Outcome::refused, Errc::connector_refused).status, 422);
  EXPECT_EQ(fault(Outcome::refused, Errc::mapping_no_match).status, 422);
  EXPECT_EQ(fault(Outcome::refused, Errc::wire_json_syntax).status, 400);
  EXPECT_EQ(fault(Outcome::refused, Errc::bridge_no_route).status, 500);
  EXPECT_EQ(fault(Outcome::failed, Errc::base_internal).status, 500);
  EXPECT_EQ(fault(Outcome::conflict, Errc::journal_conflict).header("Retry-After"), "");
  const Reply busy = fault(Outcome::busy, Errc::journal_busy);
  EXPECT_EQ(busy.status, 503);
  EXPECT_EQ(busy.header("Retry-After"), "7");
}

TEST_F(RestConnectorTest, a_refusal_has_id_action_both_languages_place_trace_and_findings) {
  Answer refused;
  refused.outcome = Outcome::refused;
  refused.fault = true;
  refused.error = std::make_shared<const Error>(Error(Errc::model_uscc_check_digit).at("applicant.id_no"));
  Finding finding;
  finding.id = Errc::model_uscc_check_digit;
  finding.path = "applicant.id_no";
  finding.source.path = "/case/applicant/certNo";
  refused.findings.add(finding);
  answer_with(refused);
  const Reply reply = post("{}");
  EXPECT_EQ(reply.status, 422);
  const auto document = wire::parse_json(reply.body);
  ASSERT_TRUE(document);
  const auto root = document->root();
  EXPECT_EQ(root.child("id").raw_text(), "model.uscc_check_digit");
  EXPECT_EQ(root.child("action").raw_text(), "fix_input");
  EXPECT_EQ(root.child("where").raw_text(), "applicant.id_no");
  EXPECT_EQ(root.child("trace").raw_text(), intake_.last().trace_id);
  EXPECT_EQ(root.child("message").child("zh").raw_text(), errc_row(Errc::model_uscc_check_digit).zh);
  EXPECT_EQ(root.child("message").child("en").raw_text(), errc_row(Errc::model_uscc_check_digit).en);
  const auto first = root.child("findings").first_child();
  EXPECT_EQ(first.child("id").raw_text(), "model.uscc_check_digit");
  EXPECT_EQ(first.child("path").raw_text(), "applicant.id_no");
  EXPECT_EQ(first.child("source").child("path").raw_text(), "/case/applicant/certNo");
}

TEST_F(RestConnectorTest, refusals_never_repeat_what_was_sent) {
  for (const std::string body : {R"({"Secret100000210001010013": })", R"({"Secret1":1,"Secret1":2})", R"("Secret")", "Secret", R"({"a":Secret})"}) {
    const Reply reply = post(body);
    EXPECT_EQ(reply.status, 400);
    EXPECT_FALSE(reply.has("Secret")) << reply.body;
  }
}

TEST_F(RestConnectorTest, json_that_the_encoding_lacks_is_escaped_and_reads_back_whole) {
  Answer answer;
  answer.payload = "{\"m\":\"县镕𠮷😀\"}";
  answer.format = "json";
  answer.charset = "gbk";
  answer_with(answer);
  const Reply gbk = post("{}");
  EXPECT_EQ(gbk.header("Content-Type"), "application/json; charset=gbk");
  EXPECT_EQ(gbk.body, "{\"m\":\"\xCF\xD8\xE9\x46\\ud842\\udfb7\\ud83d\\ude00\"}");  // 县 CFD8 and 镕 E946 in GBK.
  answer.charset = "gb18030";
  answer_with(answer);
  const auto text = wire::decode(post("{}").body, wire::Encoding::gb18030);
  ASSERT_TRUE(text);
  EXPECT_EQ(*text, answer.payload);
}

TEST_F(RestConnectorTest, text_that_the_encoding_lacks_goes_out_as_utf8_and_says_so) {
  Answer answer;
  answer.payload = "县";
  answer.format = "text";
  answer.charset = "gbk";
  answer_with(answer);
  EXPECT_EQ(post("{}").header("Content-Type"), "text/plain; charset=gbk");
  answer.payload = "县😀";
  answer_with(answer);
  const Reply reply = post("{}");
  EXPECT_EQ(reply.header("Content-Type"), "text/plain; charset=utf-8");
  EXPECT_EQ(reply.body, "县😀");
  answer.format = "xml";
  answer_with(answer);
  EXPECT_EQ(post("{}").header("Content-Type"), "application/xml; charset=utf-8");
}

TEST_F(RestConnectorTest, the_status_answer_tells_every_target) {
  intake_.on_status = [](const connector::StatusQuery& query) -> Result<std::vector<connector::MessageStatus>> {
    if (query.route != "district" || (query.case_no != "案 1&2" && query.message_id != "M1")) return Error(Errc::journal_not_found);
    connector::TargetStatus done{"province", "delivered", "SP-1", "", {}, "2149-03-05T07:08:09.000+08:00"};
    connector::TargetStatus no{"nation", "refused", "", "platform.refused", {"no \"x\"", "否"}, "2149-03-05T07:08:10.000+08:00"};
    return std::vector<connector::MessageStatus>{{"M1", "案 1&2", "accept", "2149-03-05T07:08:00.000+08:00", {done, no}}};
  };
  for (const std::string target : {"/push/status?case_no=%E6%A1%88+1%262", "/push/status?case_no=%e6%a1%88%201%262", "/push/status?message_id=M1"}) {
    const Reply reply = get(target);
    ASSERT_EQ(reply.status, 200) << target << reply.body;
    const auto document = wire::parse_json(reply.body);
    ASSERT_TRUE(document);
    const auto message = document->root().child("messages").first_child();
    EXPECT_EQ(message.child("id").raw_text(), "M1");
    EXPECT_EQ(message.child("case_no").raw_text(), "案 1&2");
    const auto first = message.child("targets").first_child();
    EXPECT_EQ(first.child("receipt_no").raw_text(), "SP-1");
    EXPECT_FALSE(first.child("error_id"));
    EXPECT_EQ(first.next().child("state").raw_text(), "refused");
    EXPECT_EQ(first.next().child("reason").child("en").raw_text(), "no \"x\"");
  }
  const Reply unknown = get("/push/status?message_id=M2");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(member(unknown, "id"), "journal.not_found");
  EXPECT_EQ(member(unknown, "trace").size(), 16u);
  EXPECT_TRUE(intake_.refusals().empty());
}

TEST_F(RestConnectorTest, a_status_question_is_one_known_parameter_once) {
  for (const std::string query : {"", "?", "?case_no=", "?case_no", "?case_no=1&case_no=1", "?case_no=1&message_id=2", "?other=1", "?case_no=1&x=2", "?case_no[]=1",
                                  "?case_no=%ff", "?=1", "?&case_no=1"}) {
    const Reply reply = get("/push/status" + query);
    EXPECT_EQ(reply.status, 400) << query;
    EXPECT_EQ(member(reply, "id"), "connector.parameter") << query;
  }
}

TEST(RestQuery, ten_thousand_parameters_stop_at_the_bound) {
  std::string query = "a=1";
  for (int i = 0; i < 10000; ++i) query += "&p" + std::to_string(i) + "=1";
  const auto read = parse_query(query);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().id(), "connector.parameter");
  EXPECT_EQ(read.error().where(), "parameter 33");
}

TEST(RestQuery, a_cut_escape_a_nul_and_bytes_that_are_no_utf8_are_refused_with_their_number) {
  for (const std::string query : {"a=1&b=%4", "a=1&b=%", "a=1&b=%zz", "a=1&b=%00", "a=1&b=%0d%0aX:", "a=1&b=%7f", "a=1&b=%ff", "a=1&%c0%af=1"}) {
    const auto read = parse_query(query);
    ASSERT_FALSE(read) << query;
    EXPECT_EQ(read.error().where(), "parameter 2") << query;
  }
}

TEST(RestQuery, the_same_name_through_an_escape_is_the_same_name) {
  EXPECT_FALSE(parse_query("case_no=1&case%5Fno=2"));
  const auto read = parse_query("a=x%2By+z&b=");
  ASSERT_TRUE(read);
  EXPECT_EQ((*read)[0].second, "x+y z");
  EXPECT_EQ((*read)[1].second, "");
}

TEST_F(RestConnectorTest, a_framing_refusal_is_a_refusal_object_with_a_row_in_the_ledger) {
  const Reply reply = talk(port(), "POST /push HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx");
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(member(reply, "id"), "net.framing");
  ASSERT_EQ(intake_.refusals().size(), 1u);
  EXPECT_EQ(member(reply, "trace"), intake_.refusals()[0].trace_id);
}

TEST_F(RestConnectorTest, settings_that_it_does_not_have_are_refused_at_start) {
  config_.settings["colour"] = "red";
  EXPECT_EQ(start_error(), "connector.setting");
  config_.settings.clear();
  config_.path = "push";
  EXPECT_EQ(start_error(), "connector.setting");
  config_.path = "/push";
  EXPECT_EQ(start_error(), "");
}

TEST_F(RestConnectorTest, curl_gets_its_answer) {
  const std::string out = connector::test::run("curl -sS --max-time 10 -w '%{http_code}' -H 'Content-Type: application/json' -H 'Authorization: Bearer " + config_.token +
                                               "' --data '{\"a\":\"县\"}' http://127.0.0.1:" + std::to_string(port()) + "/push");
  EXPECT_EQ(out, "ok200");
  EXPECT_EQ(intake_.last().delivery.parts[0].bytes, "{\"a\":\"县\"}");
}

class RestAttachments : public RestConnectorTest {
protected:
  RestAttachments() {
    config_.attachment_bytes_max = 1 << 20U;
    config_.limits.message_bytes_max = 1000;
  }
  Reply put(const std::string& body, const std::string& digest, Fields fields = {}) { return call(port(), "PUT", "/attachments/" + digest, with_token(std::move(fields)), body); }
  static inline const std::string kBody = std::string(200000, 'x');
  static inline const std::string kDigest = std::string(62, '0') + "a1";
};

TEST_F(RestAttachments, larger_than_a_message_they_go_to_the_store) {
  const Reply first = put(kBody, kDigest);
  EXPECT_EQ(first.status, 201) << first.body;
  EXPECT_EQ(first.body, "{\"digest\":\"sm3:" + kDigest + "\",\"bytes\":200000,\"state\":\"stored\"}");
  EXPECT_TRUE(intake_.attachments().at(from_hex(kDigest).value()) == kBody);
  ASSERT_EQ(intake_.uploads().size(), 1U);
  EXPECT_EQ(intake_.uploads()[0].route, "district");
  EXPECT_EQ(intake_.uploads()[0].bytes, 200000U);
  const Reply again = put(kBody, kDigest);
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(member(again, "state"), "known");
  EXPECT_EQ(call(port(), "HEAD", "/attachments/" + kDigest, with_token(), "").status, 200);
  EXPECT_EQ(call(port(), "HEAD", "/attachments/" + std::string(64, '1'), with_token(), "").status, 404);
  EXPECT_TRUE(intake_.refusals().empty());
}

TEST_F(RestAttachments, a_refusal_names_its_reason_in_both_languages) {
  struct Case { std::string digest; Fields fields; std::optional<Errc> fails; int status; std::string id; };
  const std::vector<Case> cases = {
      {kDigest.substr(1), {}, {}, 400, "connector.attachment_address"},
      {std::string(62, '0') + "A1", {}, {}, 400, "connector.attachment_address"},
      {kDigest + "?a=b", {}, {}, 400, "connector.parameter"},
      {kDigest, {{"Content-Range", "bytes 0-2/6"}}, {}, 400, "connector.parameter"},
      {kDigest, {}, Errc::journal_disk_low, 507, "journal.disk_low"},
      {kDigest, {}, Errc::journal_attachment_busy, 503, "journal.attachment_busy"},
      {kDigest, {}, Errc::journal_attachment_digest, 422, "journal.attachment_digest"},
      {kDigest, {}, Errc::journal_attachment_too_large, 413, "journal.attachment_too_large"},
      {kDigest, {}, Errc::journal_attachment_store, 500, "journal.attachment_store"},
  };
  std::size_t told = 0;
  for (const auto& one : cases) {
    for (auto* step : {&intake_.begin_fails, &intake_.take_fails, &intake_.finish_fails}) {
      *step = one.fails;
      const Reply reply = put("abc", one.digest, one.fields);
      step->reset();
      EXPECT_EQ(reply.status, one.status) << one.id;
      EXPECT_EQ(member(reply, "id"), one.id);
      const auto document = wire::parse_json(reply.body);
      ASSERT_TRUE(document);
      EXPECT_FALSE(document->root().child("message").child("zh").raw_text().empty());
      EXPECT_EQ(reply.header("Retry-After").empty(), one.status != 507 && one.status != 503);
      EXPECT_EQ(intake_.refusals().size(), ++told);
      EXPECT_EQ(intake_.refusals().back().error_id, one.id);
    }
  }
  EXPECT_TRUE(intake_.attachments().empty());
}

TEST_F(RestAttachments, only_who_may_send_messages_may_upload) {
  for (const std::string method : {"PUT", "HEAD"}) {
    EXPECT_EQ(call(port(), method, "/attachments/" + kDigest, {{"Connection", "close"}}, "").status, 401) << method;
    EXPECT_EQ(call(port(), method, "/attachments/" + kDigest, {{"Authorization", "Bearer other"}, {"Connection", "close"}}, "").status, 401) << method;
  }
  const Reply other = call(port(), "POST", "/attachments/" + kDigest, with_token(), "abc");
  EXPECT_EQ(other.status, 405);
  EXPECT_EQ(other.header("Allow"), "PUT, HEAD");
  EXPECT_TRUE(intake_.uploads().empty());
}

TEST_F(RestAttachments, too_long_a_body_is_refused_on_its_head) {
  const Reply reply = talk(port(), "PUT /attachments/" + kDigest + " HTTP/1.1\r\nHost: bridge.test\r\nAuthorization: Bearer " + config_.token + "\r\nContent-Length: 1048577\r\n\r\n");
  EXPECT_EQ(reply.status, 413);
  EXPECT_TRUE(intake_.uploads().empty());
}

std::string form(const std::vector<std::pair<std::string, std::string>>& parts) {
  std::string body;
  for (const auto& [head, content] : parts) body += "--b\r\n" + head + "\r\n\r\n" + content + "\r\n";
  return body + "--b--\r\n";
}
const std::string kFormType = "multipart/form-data; boundary=b";
const std::string kFileHead = "Content-Disposition: form-data; name=\"file\"; filename=\"a.pdf\"\r\nContent-Type: application/pdf";
const std::string kJsonHead = "Content-Disposition: form-data; name=\"data\"\r\nContent-Type: application/json";

TEST_F(RestAttachments, a_form_comes_as_its_json_part_and_the_files_beside_it) {
  const std::string body = form({{kFileHead, "%PDF small"}, {kJsonHead, "{\"a\":1}"}});
  const Reply reply = call(port(), "POST", "/push", with_token({{"Content-Type", kFormType}}), body);
  EXPECT_EQ(reply.status, 200) << reply.body;
  const auto& delivery = intake_.last().delivery;
  ASSERT_EQ(delivery.parts.size(), 2U);
  EXPECT_EQ(delivery.parts[0].name, "data");
  EXPECT_EQ(delivery.parts[0].bytes, "{\"a\":1}");
  EXPECT_TRUE(delivery.parts[0].document);
  EXPECT_EQ(delivery.parts[1].name, "file");
  EXPECT_EQ(delivery.parts[1].bytes, "%PDF small");
  EXPECT_EQ(delivery.fact("multipart"), "cut");
  EXPECT_EQ(call(port(), "POST", "/push", {{"Content-Type", kFormType}}, body).status, 401);
  connector_.reset();
  config_.attachment_bytes_max = 0;
  EXPECT_EQ(call(port(), "POST", "/push", with_token({{"Content-Type", kFormType}}), body).status, 415) << "where no attachments are taken";
}

TEST_F(RestAttachments, a_part_that_finds_no_room_in_memory_streams_into_the_store) {
  const Reply reply = call(port(), "POST", "/push", with_token({{"Content-Type", kFormType}}),
                           form({{kJsonHead, "{\"a\":1}"}, {kFileHead, kBody}, {"Content-Disposition: form-data; name=\"small\"", "x"}, {"Content-ID: <second>", kBody + "2"}}));
  EXPECT_EQ(reply.status, 200) << reply.body;
  const auto& parts = intake_.last().delivery.parts;
  ASSERT_EQ(parts.size(), 4U);
  EXPECT_EQ(parts[1].bytes, "");
  EXPECT_EQ(parts[1].sm3, crypto::sm3(kBody));
  EXPECT_EQ(parts[1].stored_bytes, kBody.size());
  EXPECT_EQ(parts[2].bytes, "x");
  EXPECT_EQ(parts[2].sm3, "");
  EXPECT_EQ(parts[3].sm3, crypto::sm3(kBody + "2"));
  EXPECT_TRUE(intake_.attachments().at(crypto::sm3(kBody)) == kBody);
}

TEST_F(RestAttachments, a_root_that_is_longer_than_a_message_or_broken_parts_are_refused) {
  const auto post = [this](const std::string& body, const std::string& type = kFormType) { return call(port(), "POST", "/push", with_token({{"Content-Type", type}}), body); };
  const Reply large = post(form({{kJsonHead, "{\"a\":\"" + std::string(2000, 'x') + "\"}"}}));
  EXPECT_EQ(large.status, 413);
  EXPECT_EQ(member(large, "id"), "connector.attachment_length");
  EXPECT_EQ(member(post(form({{kJsonHead, "{}"}}).substr(0, 60)), "id"), "wire.multipart_invalid");
  EXPECT_EQ(member(post("x", "multipart/form-data"), "id"), "wire.multipart_invalid");
  EXPECT_EQ(member(post(form({{kJsonHead, "{}"}}), kFormType + "; start=\"<other>\""), "id"), "wire.multipart_invalid");
  EXPECT_EQ(member(post(form({{kJsonHead, "{"}}), kFormType), "id"), "wire.json_syntax");
  intake_.take_fails = Errc::journal_disk_low;
  const Reply full = post(form({{kJsonHead, "{}"}, {kFileHead, kBody}}));
  EXPECT_EQ(full.status, 507);
  EXPECT_EQ(full.header("Retry-After"), "60");
  EXPECT_EQ(intake_.delivered(), 0U);
  EXPECT_EQ(intake_.refusals().size(), 6U);
}

TEST_F(RestConnectorTest, a_listener_without_attachments_has_no_such_address) {
  EXPECT_EQ(call(port(), "PUT", "/attachments/" + std::string(64, '0'), with_token(), "abc").status, 404);
}

} // namespace
} // namespace tongqu::connectors::rest
