#include "connectors/platforms/case_exchange/envelope.hpp"

#include "connectors/platforms/case_exchange/test_support/client_harness.hpp"
#include "tongqu/wire/json.hpp"

namespace tongqu::platform::case_exchange {
namespace {

TEST(CaseExchangeEnvelope, the_digest_of_the_sample_row_is_the_published_one) {
  EXPECT_EQ(row_digest(test::sample_row()), test::sample_digest());
}

TEST(CaseExchangeEnvelope, carries_the_row_as_text_byte_for_byte) {
  const Submission submission = test::sample_submission();
  auto request = submit_request(submission, expected_of(submission), "/p/submit");
  ASSERT_TRUE(request);
  EXPECT_EQ(request->method, "POST");
  EXPECT_EQ(request->target, "/p/submit");
  EXPECT_EQ(request->headers.get("content-type"), "application/json");
  EXPECT_EQ(request->body.substr(0, 103), R"({"messageId":"0f1e2d3c4b5a69788796a5b4c3d2e1f0","sourceSystem":"qinglan-spxt","stage":"accept","digest")");
  auto document = wire::parse_json(request->body);
  ASSERT_TRUE(document);
  EXPECT_EQ(document->root().child("data").raw_text(), submission.body);
  EXPECT_EQ(document->root().child("digest").raw_text(), test::sample_digest());
}

TEST(CaseExchangeEnvelope, refuses_what_the_platform_would_refuse_anyway) {
  struct Row { const char* where; Submission submission; };
  const Submission good = test::sample_submission();
  std::vector<Row> rows(8, {"", good});
  rows[0] = {"/messageId", good}; rows[0].submission.message_id = std::string(15, 'a');
  rows[1] = {"/messageId", good}; rows[1].submission.message_id = std::string(65, 'a');
  rows[2] = {"/messageId", good}; rows[2].submission.message_id = "0F1E2D3C4B5A6978";
  rows[3] = {"/messageId", good}; rows[3].submission.message_id = "0f1e2d3c4b5a6978&x=1";
  rows[4] = {"/sourceSystem", good}; rows[4].submission.source_system = "";
  rows[5] = {"/sourceSystem", good}; rows[5].submission.source_system = std::string(65, 'q');
  rows[6] = {"/stage", good}; rows[6].submission.stage = "delete";
  rows[7] = {"/data", good}; rows[7].submission.body = "{\"a\":\"\xC3\x28\"}";
  for (const Row& row : rows) {
    auto request = submit_request(row.submission, expected_of(row.submission), "/p");
    ASSERT_FALSE(request) << row.where;
    EXPECT_EQ(request.error().id(), "platform.envelope_refused");
    EXPECT_EQ(request.error().where(), row.where);
  }
}

TEST(CaseExchangeEnvelope, accepts_ids_at_both_bounds) {
  EXPECT_TRUE(is_message_id(std::string(16, '0')));
  EXPECT_TRUE(is_message_id(std::string(64, 'z')));
  EXPECT_TRUE(is_message_id("0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"));
}

TEST(CaseExchangeEnvelope, a_query_names_the_message_and_nothing_else_can_be_smuggled_in) {
  auto request = query_request("0f1e2d3c4b5a6978", "/ebus/case-exchange/query");
  ASSERT_TRUE(request);
  EXPECT_EQ(request->method, "GET");
  EXPECT_EQ(request->target, "/ebus/case-exchange/query?messageId=0f1e2d3c4b5a6978");
  EXPECT_FALSE(query_request("0f1e2d3c4b5a6978&date=1", "/q"));
}

} // namespace
} // namespace tongqu::platform::case_exchange
