#include "connectors/platforms/plain_http/plain_http.hpp"

#include "connectors/platforms/case_exchange/test_support/client_harness.hpp"
#include "connectors/platforms/case_exchange/test_support/scripted_peer.hpp"
#include "tongqu/wire/json.hpp"

namespace tongqu::platform {
namespace {

using test::http_reply;
using test::PeerReply;
using test::PeerRequest;
using test::ScriptedPeer;

constexpr std::int64_t kNowMs = 4070908800123;  // Thu, 01 Jan 2099 00:00:00 GMT

/// Reads {"code":…,"no":…} as a target with a `reply` would.
Result<Reply> read_reply(std::string_view body, int) {
  const auto document = wire::parse_json(body);
  if (!document) return Error(Errc::mapping_reply_unreadable);
  Reply reply;
  const std::string code(document->root().child("code").raw_text());
  reply.code = code;
  if (const auto no = document->root().child("no")) reply.receipt = no.raw_text();
  for (const auto& [text, is] : {std::pair{"ok", Reply::Is::accepted}, std::pair{"again", Reply::Is::duplicate}, std::pair{"bad", Reply::Is::fix_input}, std::pair{"never", Reply::Is::give_up},
                                 std::pair{"later", Reply::Is::retry_later}, std::pair{"setup", Reply::Is::fix_setup}}) {
    if (code == text) reply.is = is;
  }
  return reply;
}

PlatformConfig config_for(const std::string& url) {
  PlatformConfig config;
  config.name = "county";
  config.profile = "plain_http";
  config.url = url;
  config.pinned_host = "127.0.0.1";
  config.settings = {{"path", "/cases?v=1"}, {"stage_header", "X-Stage"}, {"receipt_member", "parentNo"}};
  config.credentials["token"] = Secret("county-token");
  config.read_reply = read_reply;
  return config;
}

Result<std::unique_ptr<PlatformClient>> make(const PlatformConfig& config) {
  Registry registry;
  register_plain_http(registry);
  return registry.create(config, std::make_shared<test::HandClock>(kNowMs));
}

Submission submission() {
  Submission one;
  one.message_id = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";
  one.stage = "base";
  one.body = R"({"name":"x"})";
  return one;
}

SubmitOutcome told(const PeerReply& reply) {
  ScriptedPeer peer([&reply](const PeerRequest&, std::size_t) { return reply; });
  auto client = make(config_for(peer.url()));
  return test::submit(**client, submission());
}

TEST(PlainHttp, posts_the_row_with_its_id_stage_and_token) {
  std::vector<PeerRequest> seen;
  ScriptedPeer peer([&seen](const PeerRequest& request, std::size_t) {
    seen.push_back(request);
    return http_reply(200, R"({"code":"ok","no":"N-1"})");
  });
  auto client = make(config_for(peer.url()));
  ASSERT_TRUE(client);
  const SubmitOutcome outcome = test::submit(**client, submission());
  EXPECT_EQ(outcome.state, SubmitState::delivered);
  EXPECT_EQ(outcome.receipt_no, "N-1");
  // SM3 of the answer's bytes by /usr/bin/python3 hashlib.new("sm3").
  EXPECT_EQ(outcome.receipt, R"({"status":200,"receipt":"N-1","sm3":"3a5067ac974493ce2ba65d00c3bfc425990d195a43899f6186511d2a834b572f"})");
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].target, "/cases?v=1");
  EXPECT_EQ(seen[0].body, R"({"name":"x"})");
  EXPECT_EQ(seen[0].header("idempotency-key"), "0f1e2d3c4b5a69788796a5b4c3d2e1f0");
  EXPECT_EQ(seen[0].header("x-stage"), "base");
  EXPECT_EQ(seen[0].header("authorization"), "Bearer county-token");
}

TEST(PlainHttp, gives_a_dependent_message_the_receipts_of_those_before_it) {
  std::vector<std::string> bodies;
  ScriptedPeer peer([&bodies](const PeerRequest& request, std::size_t) {
    bodies.push_back(request.body);
    return http_reply(200, R"({"code":"ok"})");
  });
  auto client = make(config_for(peer.url()));
  Submission one = submission();
  one.after = {{"a", "N-\"1"}};
  test::submit(**client, one);
  one.after.push_back({"b", "N-2"});
  test::submit(**client, one);
  one.body = " {} ";
  test::submit(**client, one);
  EXPECT_EQ(bodies, (std::vector<std::string>{R"({"parentNo":"N-\"1","name":"x"})", R"({"parentNo":["N-\"1","N-2"],"name":"x"})", R"( {"parentNo":["N-\"1","N-2"]} )"}));
  one.body = "no object";
  EXPECT_EQ(test::submit(**client, one).state, SubmitState::refused) << "and nothing is sent";
  EXPECT_EQ(bodies.size(), 3U);
}

TEST(PlainHttp, does_what_the_reading_of_the_reply_says) {
  struct Case { const char* code; int status; SubmitState state; const char* error; };
  for (const Case& one : {Case{"ok", 200, SubmitState::delivered, ""}, Case{"again", 200, SubmitState::delivered, ""}, Case{"ok", 201, SubmitState::delivered, ""},
                          Case{"again", 409, SubmitState::delivered, ""}, Case{"bad", 200, SubmitState::refused, "platform.row_refused"}, Case{"bad", 422, SubmitState::refused, "platform.row_refused"},
                          Case{"never", 200, SubmitState::refused, "platform.row_refused"}, Case{"later", 200, SubmitState::retry, "platform.busy"},
                          Case{"setup", 403, SubmitState::retry, "platform.envelope_refused"}, Case{"later", 500, SubmitState::unknown, "platform.http_status"},
                          Case{"bad", 503, SubmitState::unknown, "platform.http_status"}, Case{"ok", 302, SubmitState::unknown, "platform.redirect"}}) {
    const SubmitOutcome outcome = told(http_reply(one.status, "{\"code\":\"" + std::string(one.code) + "\"}"));
    EXPECT_EQ(outcome.state, one.state) << one.code << one.status;
    EXPECT_EQ(outcome.error ? outcome.error->id() : "", one.error) << one.code << one.status;
    if (one.status < 300) {
      EXPECT_EQ(outcome.platform_code, one.code);
    }
  }
  EXPECT_TRUE(told(http_reply(200, R"({"code":"again"})")).duplicate);
  EXPECT_EQ(told(http_reply(200, "<html>login</html>")).state, SubmitState::unknown);
  EXPECT_EQ(told(http_reply(429, "slow")).error->id(), "platform.throttled");
}

TEST(PlainHttp, refuses_settings_that_cannot_be) {
  const auto refused = [](const char* name, const char* value) {
    PlatformConfig config = config_for("http://127.0.0.1:1");
    config.settings[name] = value;
    const auto made = make(config);
    return made ? std::string("made") : made.error().where();
  };
  EXPECT_EQ(refused("path", "cases"), "county.settings.path");
  EXPECT_EQ(refused("path", "/a b"), "county.settings.path");
  EXPECT_EQ(refused("id_header", "X: y"), "county.settings.id_header");
  EXPECT_EQ(refused("stage_header", "a b"), "county.settings.stage_header");
  EXPECT_EQ(refused("content_type", "a\r\nb"), "county.settings.content_type");
  EXPECT_EQ(refused("receipt_member", "a\"b"), "county.settings.receipt_member");
  EXPECT_EQ(refused("deduplicates", "maybe"), "county.settings.deduplicates");
  EXPECT_EQ(refused("path", "/ok"), "made");
  PlatformConfig config = config_for("http://127.0.0.1:1");
  config.read_reply = nullptr;
  EXPECT_FALSE(make(config)) << "nobody would know what an answer means";
}

} // namespace
} // namespace tongqu::platform
