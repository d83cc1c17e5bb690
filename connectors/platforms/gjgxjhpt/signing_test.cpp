#include "connectors/platforms/gjgxjhpt/signing.hpp"

#include "connectors/platforms/case_exchange/test_support/client_harness.hpp"
#include "connectors/platforms/gjgxjhpt/secret_answer.hpp"
#include "tongqu/base/bytes.hpp"

namespace tongqu::platform::gjgxjhpt {
namespace {

const UtcMillis kNow = from_epoch_ms(4070908800000);  // 2099-01-01 08:00:00 in Beijing

net::HttpResponse answer(int status, std::string body) {
  net::HttpResponse response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

std::string secret_body(const std::string& wrapped, const std::string& more) {
  return R"({"code":"0","message":"ok","data":{"secret":")" + wrapped + "\"" + more + "}}";
}

std::string wrapped() { return test::vector_rows("gjgxjhpt/vectors/secret.tsv").at(0).at(3); }
const Secret kAppKey("0123456789abcdef0123456789abcdef");

TEST(GjgxjhptSigning, agrees_with_the_published_vectors) {
  const auto rows = test::vector_rows("gjgxjhpt/vectors/signing.tsv");
  ASSERT_EQ(rows.size(), 3U);
  for (const auto& row : rows) EXPECT_EQ(signature(Secret(row.at(1)), {row.at(2), row.at(3), row.at(4)}), row.at(5)) << row.at(0);
}

TEST(GjgxjhptSigning, unwraps_the_published_secrets) {
  const auto rows = test::vector_rows("gjgxjhpt/vectors/secret.tsv");
  ASSERT_EQ(rows.size(), 2U);
  for (const auto& row : rows) {
    const Secret key = prng16(Secret(row.at(1)));
    EXPECT_EQ(to_hex(key.reveal()), row.at(2));
    auto secret = unwrap_secret(row.at(3), Secret(row.at(1)));
    ASSERT_TRUE(secret) << row.at(0);
    EXPECT_EQ(secret->reveal(), row.at(4));
  }
}

TEST(GjgxjhptSigning, unwraps_base64_with_line_breaks) {
  std::string broken = wrapped();
  broken.insert(20, "\r\n");
  auto secret = unwrap_secret(broken + "\n", kAppKey);
  ASSERT_TRUE(secret);
  EXPECT_EQ(secret->reveal(), "fedcba9876543210fedcba9876543210");
}

TEST(GjgxjhptSigning, a_wrong_application_key_or_text_gives_no_secret) {
  EXPECT_FALSE(unwrap_secret(wrapped(), Secret("another-key")));
  EXPECT_EQ(unwrap_secret("???", kAppKey).error().id(), "base.base64_invalid");
  EXPECT_EQ(unwrap_secret(wrapped().substr(0, 20), kAppKey).error().id(), "crypto.decrypt_failed");
}

TEST(GjgxjhptSecret, reads_beijing_times_that_exist) {
  const auto time = parse_beijing_time("2099-01-01 08:00:00");
  ASSERT_TRUE(time);
  EXPECT_EQ(to_epoch_ms(*time), 4070908800000);
  for (const char* text : {"", "2099-02-29 00:00:00", "2099-01-01T08:00:00", "2099-01-01 24:00:00", "2099-1-1 8:0:0", "2099-01-01 08:00:0x"}) {
    EXPECT_FALSE(parse_beijing_time(text)) << text;
  }
}

TEST(GjgxjhptSecret, midnight_is_that_of_beijing) {
  EXPECT_EQ(next_beijing_midnight(kNow), *parse_beijing_time("2099-01-02 00:00:00"));
  EXPECT_EQ(next_beijing_midnight(*parse_beijing_time("2099-01-01 23:59:59")), *parse_beijing_time("2099-01-02 00:00:00"));
  EXPECT_EQ(next_beijing_midnight(*parse_beijing_time("2099-01-02 00:00:00")), *parse_beijing_time("2099-01-03 00:00:00"));
}

TEST(GjgxjhptSecret, is_valid_until_its_end_time_or_midnight) {
  auto fresh = read_refresh(answer(200, secret_body(wrapped(), R"(,"secretEndTime":"2099-01-01 20:00:00")")), kAppKey, kNow);
  ASSERT_TRUE(fresh);
  EXPECT_EQ(fresh->valid_until, *parse_beijing_time("2099-01-01 20:00:00"));
  for (const char* end : {"", R"(,"secretEndTime":"soon")", R"(,"secretEndTime":"2098-12-31 20:00:00")", R"(,"secretEndTime":null)"}) {
    fresh = read_refresh(answer(200, secret_body(wrapped(), end)), kAppKey, kNow);
    ASSERT_TRUE(fresh) << end;
    EXPECT_EQ(fresh->valid_until, *parse_beijing_time("2099-01-02 00:00:00")) << end;
  }
}

TEST(GjgxjhptSecret, refused_and_unreadable_answers_are_told_apart) {
  struct Row { int status; std::string body; const char* id; };
  for (const Row& row : {Row{200, R"({"code":"-1","message":"sign error"})", "platform.signature_refused"},
                         Row{200, R"({"code":"E-106","message":"x"})", "platform.not_authorised"},
                         Row{200, R"({"code":0,"data":{"secret":"x"}})", "platform.answer_unreadable"},
                         Row{200, R"({"code":"0"})", "platform.answer_unreadable"},
                         Row{200, R"({"code":"0","data":{"secret":7}})", "platform.answer_unreadable"},
                         Row{200, "[]", "platform.answer_unreadable"}, Row{200, "<html>", "platform.answer_unreadable"},
                         Row{200, secret_body("AAAA", ""), "crypto.decrypt_failed"}, Row{302, "", "platform.redirect"},
                         Row{429, "", "platform.throttled"}, Row{500, "", "platform.http_status"}}) {
    auto fresh = read_refresh(answer(row.status, row.body), kAppKey, kNow);
    ASSERT_FALSE(fresh) << row.body;
    EXPECT_EQ(fresh.error().id(), row.id) << row.body;
  }
}

} // namespace
} // namespace tongqu::platform::gjgxjhpt
