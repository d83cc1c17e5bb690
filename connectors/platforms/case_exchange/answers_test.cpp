#include "connectors/platforms/case_exchange/answers.hpp"

#include "connectors/platforms/case_exchange/test_support/client_harness.hpp"

namespace tongqu::platform::case_exchange {
namespace {

using test::receipt;

const std::string kId = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";
const std::string kDigest(64, 'a');
const UtcMillis kNow = from_epoch_ms(4070908800000);  // Thu, 01 Jan 2099 00:00:00 GMT

/// A gateway that says {"gate":"signature"}, {"gate":"internal"} or {"gate":"api"}.
std::optional<GatewayRefusal> read_gate(const wire::Node& root) {
  if (root.kind() != wire::NodeKind::object || !root.child("gate")) return std::nullopt;
  const std::string_view said = root.child("gate").raw_text();
  if (said == "internal") return GatewayRefusal{Errc::platform_internal, "G5", false};
  if (said == "api") return GatewayRefusal{Errc::platform_api_missing, "G4", true};
  return GatewayRefusal{Errc::platform_signature_refused, "G1", true};
}

GatewayDialect gate() {
  GatewayDialect dialect;
  dialect.read = &read_gate;
  dialect.clock_tolerance = std::chrono::seconds(180);
  return dialect;
}

net::HttpOutcome answered(int status, const std::string& body, const net::Headers& headers = {}) {
  net::HttpOutcome outcome;
  outcome.exchange = std::make_unique<net::HttpExchange>();
  outcome.exchange->response.status = status;
  outcome.exchange->response.headers = headers;
  outcome.exchange->response.body = body;
  return outcome;
}

net::Headers header(const char* name, const char* value) {
  net::Headers headers;
  headers.add(name, value);
  return headers;
}

SubmitOutcome submitted(int status, const std::string& body, const net::Headers& headers = {}) {
  return read_submit(answered(status, body, headers), {kId, kDigest}, gate(), kNow);
}

QueryOutcome queried(int status, const std::string& body) { return read_query(answered(status, body), {kId, kDigest}, gate(), kNow); }

std::string coded(const std::string& code, const std::string& data = "{}") { return R"({"code":")" + code + R"(","message":"m","data":)" + data + "}"; }

struct Row {
  const char* what;
  int status;
  std::string body;
  SubmitState state;
  const char* id;
};

TEST(CaseExchangeAnswers, a_matched_receipt_is_delivered_and_kept_as_received) {
  const std::string body = receipt(kId, kDigest);
  const SubmitOutcome outcome = submitted(200, body);
  EXPECT_EQ(outcome.state, SubmitState::delivered);
  EXPECT_EQ(outcome.receipt, body);
  EXPECT_EQ(outcome.receipt_no, "SP-000001");
  EXPECT_FALSE(outcome.duplicate);
  EXPECT_FALSE(outcome.error);
  EXPECT_EQ(outcome.platform_code, "0");
}

TEST(CaseExchangeAnswers, a_repeated_receipt_is_delivered_and_marked) {
  const SubmitOutcome outcome = submitted(200, receipt(kId, kDigest, "SP-000001", "true"));
  EXPECT_EQ(outcome.state, SubmitState::delivered);
  EXPECT_TRUE(outcome.duplicate);
}

TEST(CaseExchangeAnswers, every_row_of_the_table_has_its_state_and_error) {
  const std::vector<Row> rows = {
      {"envelope", 200, coded("1001"), SubmitState::refused, "platform.envelope_refused"},
      {"digest", 200, coded("1002"), SubmitState::refused, "platform.digest_refused"},
      {"row", 200, coded("1003"), SubmitState::refused, "platform.row_refused"},
      {"item code", 200, coded("1004"), SubmitState::refused, "platform.item_code_refused"},
      {"predecessor", 200, coded("1005"), SubmitState::retry, "platform.predecessor_missing"},
      {"conflict", 200, coded("1006"), SubmitState::refused, "platform.conflict"},
      {"life cycle", 200, coded("1007"), SubmitState::refused, "platform.life_cycle_refused"},
      {"busy", 200, coded("2001"), SubmitState::retry, "platform.busy"},
      {"internal", 200, coded("9999"), SubmitState::unknown, "platform.internal"},
      {"unknown code", 200, coded("1008"), SubmitState::unknown, "platform.unknown_code"},
      {"longer code", 200, coded("10030"), SubmitState::unknown, "platform.unknown_code"},
      {"gateway says no", 401, R"({"gate":"signature"})", SubmitState::retry, "platform.signature_refused"},
      {"gateway broke", 500, R"({"gate":"internal"})", SubmitState::unknown, "platform.internal"},
      {"gateway lacks it", 404, R"({"gate":"api"})", SubmitState::retry, "platform.api_missing"},
      {"500 before or after the commit", 500, "", SubmitState::unknown, "platform.http_status"},
      {"500 with a receipt", 500, receipt(kId, kDigest), SubmitState::unknown, "platform.http_status"},
      {"502", 502, "<html></html>", SubmitState::unknown, "platform.http_status"},
      {"503 without a wait", 503, "", SubmitState::unknown, "platform.http_status"},
      {"202", 202, receipt(kId, kDigest), SubmitState::unknown, "platform.http_status"},
      {"401 page", 401, "<html>login</html>", SubmitState::unknown, "platform.http_status"},
      {"redirect", 302, "", SubmitState::unknown, "platform.redirect"},
      {"redirect with a receipt", 307, receipt(kId, kDigest), SubmitState::unknown, "platform.redirect"},
      {"redirect that claims a refusal", 302, R"({"gate":"signature"})", SubmitState::unknown, "platform.redirect"},
      {"429", 429, "", SubmitState::retry, "platform.throttled"},
  };
  for (const Row& row : rows) {
    const SubmitOutcome outcome = submitted(row.status, row.body);
    EXPECT_EQ(outcome.state, row.state) << row.what;
    ASSERT_TRUE(outcome.error) << row.what;
    EXPECT_EQ(outcome.error->id(), row.id) << row.what;
    EXPECT_TRUE(outcome.receipt.empty()) << row.what;
    EXPECT_FALSE(outcome.reason.en.empty()) << row.what;
    EXPECT_FALSE(outcome.reason.zh.empty()) << row.what;
  }
}

TEST(CaseExchangeAnswers, anything_but_a_whole_matched_receipt_is_unknown) {
  const std::string other_id = "ffffffffffffffffffffffffffffffff", other_digest(64, 'b');
  const std::vector<Row> rows = {
      {"another message", 200, receipt(other_id, kDigest), SubmitState::unknown, "platform.wrong_receipt"},
      {"another content", 200, receipt(kId, other_digest), SubmitState::unknown, "platform.wrong_receipt"},
      {"another message refused", 200, coded("1003", R"({"messageId":")" + other_id + R"("})"), SubmitState::unknown, "platform.wrong_receipt"},
      {"login page", 200, "<html><form action=\"/login\"></form></html>", SubmitState::unknown, "platform.answer_unreadable"},
      {"empty", 200, "", SubmitState::unknown, "platform.answer_unreadable"},
      {"number for a code", 200, R"({"code":0,"data":{}})", SubmitState::unknown, "platform.answer_unreadable"},
      {"no code", 200, R"({"success":true})", SubmitState::unknown, "platform.answer_unreadable"},
      {"bare list", 200, R"([{"code":"0"}])", SubmitState::unknown, "platform.answer_unreadable"},
      {"no data", 200, R"({"code":"0","message":"ok"})", SubmitState::unknown, "platform.answer_unreadable"},
      {"data is text", 200, R"({"code":"0","data":"ok"})", SubmitState::unknown, "platform.answer_unreadable"},
      {"no number", 200, receipt(kId, kDigest, ""), SubmitState::unknown, "platform.answer_unreadable"},
      {"key twice", 200, R"({"code":"1001","code":"0"})", SubmitState::unknown, "platform.answer_unreadable"},
      {"two values", 200, receipt(kId, kDigest) + "{}", SubmitState::unknown, "platform.answer_unreadable"},
  };
  for (const Row& row : rows) {
    const SubmitOutcome outcome = submitted(row.status, row.body);
    EXPECT_EQ(outcome.state, row.state) << row.what;
    ASSERT_TRUE(outcome.error) << row.what;
    EXPECT_EQ(outcome.error->id(), row.id) << row.what;
  }
}

TEST(CaseExchangeAnswers, a_receipt_cut_at_any_byte_is_never_delivered) {
  const std::string whole = receipt(kId, kDigest);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_EQ(submitted(200, whole.substr(0, length)).state, SubmitState::unknown) << length;
  }
}

TEST(CaseExchangeAnswers, a_transport_failure_is_not_sent_or_unknown) {
  net::HttpOutcome outcome;
  outcome.failure = std::make_unique<net::HttpFailure>(net::HttpFailure{Error(Errc::net_connect), net::Sent::nothing});
  EXPECT_EQ(read_submit(outcome, {kId, kDigest}, gate(), kNow).state, SubmitState::not_sent);
  outcome.failure = std::make_unique<net::HttpFailure>(net::HttpFailure{Error(Errc::net_answer_cut), net::Sent::maybe});
  const SubmitOutcome cut = read_submit(outcome, {kId, kDigest}, gate(), kNow);
  EXPECT_EQ(cut.state, SubmitState::unknown);
  EXPECT_EQ(cut.error->id(), "net.answer_cut");
}

TEST(CaseExchangeAnswers, waits_are_taken_over_within_their_bounds) {
  const SubmitOutcome throttled = submitted(429, "", header("Retry-After", "7"));
  EXPECT_EQ(throttled.retry_after, std::chrono::seconds(7));
  EXPECT_FALSE(throttled.platform_down);
  const SubmitOutcome busy = submitted(503, "", header("Retry-After", "99999999999"));
  EXPECT_EQ(busy.state, SubmitState::retry);
  EXPECT_EQ(busy.error->id(), "platform.busy");
  EXPECT_EQ(busy.retry_after, std::chrono::hours(1));
  EXPECT_EQ(submitted(503, "", header("Retry-After", "Thu, 01 Jan 2099 00:00:20 GMT")).retry_after, std::chrono::seconds(20));
  EXPECT_EQ(submitted(200, coded("2001"), header("Retry-After", "0")).retry_after, std::chrono::seconds(1));
}

TEST(CaseExchangeAnswers, what_meets_every_message_counts_for_the_breaker) {
  EXPECT_TRUE(submitted(500, "").platform_down);
  EXPECT_TRUE(submitted(302, "").platform_down);
  EXPECT_TRUE(submitted(401, R"({"gate":"signature"})").platform_down);
  EXPECT_TRUE(submitted(200, coded("9999")).platform_down);
  EXPECT_FALSE(submitted(200, coded("1003")).platform_down);
  EXPECT_FALSE(submitted(200, coded("1005")).platform_down);
  EXPECT_FALSE(submitted(200, receipt(kId, std::string(64, 'b'))).platform_down);
}

TEST(CaseExchangeAnswers, a_refused_signature_is_put_down_to_the_clock_when_the_clocks_are_apart) {
  const std::string no = R"({"gate":"signature"})";
  const SubmitOutcome apart = submitted(401, no, header("Date", "Thu, 01 Jan 2099 00:10:00 GMT"));
  EXPECT_EQ(apart.state, SubmitState::retry);
  EXPECT_EQ(apart.error->id(), "platform.clock_refused");
  EXPECT_NE(apart.error->detail().find("600 s ahead"), std::string::npos);
  EXPECT_EQ(submitted(401, no, header("Date", "Wed, 31 Dec 2098 23:50:00 GMT")).error->id(), "platform.clock_refused");
  EXPECT_EQ(submitted(401, no, header("Date", "Thu, 01 Jan 2099 00:00:30 GMT")).error->id(), "platform.signature_refused");
}

TEST(CaseExchangeAnswers, reasons_come_from_the_platform_in_both_languages) {
  const SubmitOutcome outcome = submitted(200, coded("1003", R"({"errors":[{"field":"applyer_page_code","reason":{"en":"check\u0007 character","zh":"校验码"}},
      {"field":"org_code","reason":{"en":"18 characters","zh":"应为18位"}}]})"));
  EXPECT_EQ(outcome.reason.en, "applyer_page_code: check character; org_code: 18 characters");
  EXPECT_EQ(outcome.reason.zh, "applyer_page_code：校验码；org_code：应为18位");
  EXPECT_EQ(outcome.error->where(), "applyer_page_code");
}

TEST(CaseExchangeAnswers, unusable_reasons_give_the_sentence_of_the_catalogue_and_never_the_body) {
  const std::string catalogue(errc_row(Errc::platform_row_refused).en);
  const std::string fits(kReasonCharactersMax, 'x'), too_long(kReasonCharactersMax + 1, 'x');
  for (const std::string& errors : {std::string(R"("secret 990000209901050010")"), std::string(R"([{"field":"a b<","reason":"990000209901050010"}])"),
                                    std::string(R"([{"field":"f","reason":{"en":"only english"}}])"), std::string(R"([{"reason":{"en":"","zh":""}}])"),
                                    R"([{"reason":{"en":")" + too_long + R"(","zh":"长"}}])"}) {
    const SubmitOutcome outcome = submitted(200, coded("1003", R"({"errors":)" + errors + "}"));
    EXPECT_EQ(outcome.reason.en, catalogue) << errors.substr(0, 60);
    EXPECT_EQ(describe(*outcome.error).find("990000"), std::string::npos);
  }
  const SubmitOutcome longest = submitted(200, coded("1003", R"({"errors":[{"reason":{"en":")" + fits + R"(","zh":"长"}}]})"));
  EXPECT_EQ(longest.reason.en, fits);
}

TEST(CaseExchangeAnswers, a_query_finds_a_message_with_our_digest) {
  const std::string body =
      R"({"code":"0","data":{"messageId":")" + kId + R"(","found":true,"receiptNo":"SP-7","digest":")" + kDigest + R"(","receivedAt":"2099-03-05 07:08:09"}})";
  const QueryOutcome outcome = queried(200, body);
  EXPECT_EQ(outcome.state, QueryState::found);
  EXPECT_EQ(outcome.receipt, body);
  EXPECT_EQ(outcome.receipt_no, "SP-7");
}

TEST(CaseExchangeAnswers, a_query_tells_absent_from_failed_and_not_offered) {
  const std::string id = R"("messageId":")" + kId + R"(")";
  struct QueryRow {
    const char* what;
    int status;
    std::string body;
    QueryState state;
    const char* id;
  };
  const std::vector<QueryRow> rows = {
      {"absent", 200, coded("0", "{" + id + R"(,"found":false})"), QueryState::absent, ""},
      {"absent, another id", 200, coded("0", R"({"messageId":"ffffffffffffffff","found":false})"), QueryState::failed, "platform.wrong_receipt"},
      {"absent, no id", 200, coded("0", R"({"found":false})"), QueryState::failed, "platform.answer_unreadable"},
      {"found is text", 200, coded("0", "{" + id + R"(,"found":"false"})"), QueryState::failed, "platform.answer_unreadable"},
      {"another content", 200, coded("0", "{" + id + R"(,"found":true,"receiptNo":"S","receivedAt":"t","digest":")" + std::string(64, 'b') + R"("})"),
       QueryState::failed, "platform.conflict"},
      {"no such interface", 404, R"({"gate":"api"})", QueryState::not_offered, "platform.api_missing"},
      {"bare 404", 404, "", QueryState::failed, "platform.http_status"},
      {"busy", 200, coded("2001"), QueryState::failed, "platform.busy"},
      {"page", 200, "<html/>", QueryState::failed, "platform.answer_unreadable"},
      {"500", 500, "", QueryState::failed, "platform.http_status"},
  };
  for (const QueryRow& row : rows) {
    const QueryOutcome outcome = queried(row.status, row.body);
    EXPECT_EQ(outcome.state, row.state) << row.what;
    EXPECT_EQ(outcome.error ? std::string(outcome.error->id()) : std::string(), row.id) << row.what;
  }
}

} // namespace
} // namespace tongqu::platform::case_exchange
