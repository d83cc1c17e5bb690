#include "connectors/platforms/tif_rio/tif_rio.hpp"

#include <cstdio>

#include "connectors/platforms/case_exchange/test_support/client_harness.hpp"
#include "connectors/platforms/case_exchange/test_support/scripted_peer.hpp"
#include "connectors/platforms/tif_rio/signing.hpp"
#include "tongqu/base/bytes.hpp"
#include "tongqu/wire/json.hpp"

namespace tongqu::platform {
namespace {

using test::http_reply;
using test::PeerReply;
using test::PeerRequest;
using test::receipt;
using test::sample_digest;
using test::sample_submission;
using test::ScriptedPeer;

constexpr std::int64_t kNowMs = 4070908800123;  // Thu, 01 Jan 2099 00:00:00 GMT
const std::string kId = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";

PlatformConfig config_for(const std::string& url) {
  PlatformConfig config;
  config.name = "province";
  config.profile = "tif_rio";
  config.url = url;
  config.pinned_host = "127.0.0.1";
  config.settings["paas_id"] = "demo-paas";
  config.credentials["paas_token"] = Secret("demoToken");
  return config;
}

Result<std::unique_ptr<PlatformClient>> make(const PlatformConfig& config) {
  Registry registry;
  register_tif_rio(registry);
  return registry.create(config, std::make_shared<test::HandClock>(kNowMs));
}

SubmitOutcome submit_against(const PeerReply& reply) {
  ScriptedPeer peer([&reply](const PeerRequest&, std::size_t) { return reply; });
  auto client = make(config_for(peer.url()));
  return test::submit(**client, sample_submission());
}

/// SHA-256 of the four pieces by Debian's own Python.
std::string python_signature(const std::string& timestamp, const std::string& token, const std::string& nonce) {
  const std::string command = "/usr/bin/python3 -c \"import hashlib;print(hashlib.sha256(('" + timestamp + token + nonce + timestamp +
                              "').encode()).hexdigest(),end='')\"";
  std::string output;
  if (FILE* pipe = ::popen(command.c_str(), "r")) {
    char bytes[128];
    for (std::size_t count = 0; (count = std::fread(bytes, 1, sizeof bytes, pipe)) > 0;) output.append(bytes, count);
    ::pclose(pipe);
  }
  return output;
}

TEST(TifRioSigning, agrees_with_the_published_vectors) {
  const auto rows = test::vector_rows("tif_rio/vectors/signing.tsv");
  ASSERT_EQ(rows.size(), 3U);
  for (const auto& row : rows) EXPECT_EQ(tif_rio::signature(row.at(1), Secret(row.at(2)), row.at(3)), row.at(4)) << row.at(0);
}

TEST(TifRioSigning, nonces_are_20_lower_case_hexadecimal_digits_and_differ) {
  const std::string nonce = tif_rio::make_nonce();
  EXPECT_EQ(nonce.size(), 20U);
  EXPECT_EQ(nonce.find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_NE(nonce, tif_rio::make_nonce());
}

TEST(TifRio, submits_a_signed_envelope_and_reads_the_receipt) {
  const std::string answer = receipt(kId, sample_digest());
  ScriptedPeer peer([&answer](const PeerRequest&, std::size_t) { return http_reply(200, answer); });
  auto client = make(config_for(peer.url()));
  ASSERT_TRUE(client);
  const SubmitOutcome outcome = test::submit(**client, sample_submission());
  EXPECT_EQ(outcome.state, SubmitState::delivered);
  EXPECT_EQ(outcome.receipt, answer);

  const auto requests = peer.requests();
  ASSERT_EQ(requests.size(), 1U);
  const PeerRequest& request = requests[0];
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target, "/ebus/case-exchange/submit");
  EXPECT_EQ(request.header("content-type"), "application/json");
  EXPECT_EQ(request.header("x-tif-paasid"), "demo-paas");
  EXPECT_EQ(request.header("x-tif-timestamp"), "4070908800");
  EXPECT_EQ(request.header("x-tif-signature"), python_signature("4070908800", "demoToken", request.header("x-tif-nonce")));
  auto document = wire::parse_json(request.body);
  ASSERT_TRUE(document);
  EXPECT_EQ(document->root().child("data").raw_text(), test::sample_row());
  EXPECT_EQ(document->root().child("digest").raw_text(), sample_digest());
  EXPECT_EQ(document->root().child("stage").raw_text(), "accept");
}

TEST(TifRio, every_request_has_a_nonce_of_its_own_and_the_same_message_id) {
  const std::string answer = receipt(kId, sample_digest());
  ScriptedPeer peer([&answer](const PeerRequest&, std::size_t) { return http_reply(200, answer); });
  auto client = make(config_for(peer.url()));
  test::submit(**client, sample_submission());
  test::submit(**client, sample_submission());
  const auto requests = peer.requests();
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_NE(requests[0].header("x-tif-nonce"), requests[1].header("x-tif-nonce"));
  EXPECT_EQ(requests[0].body, requests[1].body);
}

TEST(TifRio, gateway_refusals_take_nothing_and_are_tried_again) {
  struct Row { int status; const char* errcode; const char* id; SubmitState state; };
  for (const Row& row : {Row{401, "400000400", "platform.gateway_refused", SubmitState::retry},
                         Row{401, "400000401", "platform.signature_refused", SubmitState::retry},
                         Row{403, "400000403", "platform.not_authorised", SubmitState::retry},
                         Row{404, "400000404", "platform.api_missing", SubmitState::retry},
                         Row{429, "400000429", "platform.throttled", SubmitState::retry},
                         Row{500, "400000529", "platform.internal", SubmitState::unknown},
                         Row{500, "400000999", "platform.http_status", SubmitState::unknown}}) {
    const SubmitOutcome outcome = submit_against(http_reply(row.status, std::string("{\"errcode\":") + row.errcode + ",\"errmsg\":\"x\"}"));
    EXPECT_EQ(outcome.state, row.state) << row.errcode;
    ASSERT_TRUE(outcome.error) << row.errcode;
    EXPECT_EQ(outcome.error->id(), row.id) << row.errcode;
  }
}

TEST(TifRio, a_timestamp_refused_by_a_gateway_whose_clock_differs_is_a_clock_fault) {
  const SubmitOutcome outcome =
      submit_against(http_reply(401, R"({"errcode":400000400,"errmsg":"timestamp"})", "Date: Thu, 01 Jan 2099 00:10:00 GMT\r\n"));
  EXPECT_EQ(outcome.state, SubmitState::retry);
  EXPECT_EQ(outcome.error->id(), "platform.clock_refused");
}

TEST(TifRio, a_refused_connection_is_not_sent) {
  auto client = make(config_for(test::refused_url()));
  const SubmitOutcome outcome = test::submit(**client, sample_submission());
  EXPECT_EQ(outcome.state, SubmitState::not_sent);
  EXPECT_EQ(outcome.error->id(), "net.connect");
  EXPECT_TRUE(outcome.platform_down);
}

TEST(TifRio, an_answer_cut_on_the_wire_is_unknown) {
  PeerReply reply = http_reply(200, receipt(kId, sample_digest()));
  reply.bytes.resize(reply.bytes.size() - 1);
  reply.after = PeerReply::After::close;
  const SubmitOutcome outcome = submit_against(reply);
  EXPECT_EQ(outcome.state, SubmitState::unknown);
  EXPECT_EQ(outcome.error->id(), "net.answer_cut");
}

TEST(TifRio, a_connection_closed_without_an_answer_is_unknown) {
  EXPECT_EQ(submit_against({"", PeerReply::After::close}).state, SubmitState::unknown);
}

TEST(TifRio, a_peer_that_hangs_after_the_commit_is_unknown) {
  ScriptedPeer peer([](const PeerRequest&, std::size_t) { return PeerReply{"", PeerReply::After::hang}; });
  PlatformConfig config = config_for(peer.url());
  config.total_timeout = std::chrono::milliseconds(200);
  auto client = make(config);
  const SubmitOutcome outcome = test::submit(**client, sample_submission());
  EXPECT_EQ(outcome.state, SubmitState::unknown);
  EXPECT_EQ(outcome.error->id(), "net.timeout");
}

TEST(TifRio, a_redirect_is_not_followed) {
  ScriptedPeer elsewhere([](const PeerRequest&, std::size_t) { return http_reply(200, receipt(kId, sample_digest())); });
  const SubmitOutcome outcome = submit_against(http_reply(307, "", "Location: " + elsewhere.url() + "/ebus/case-exchange/submit\r\n"));
  EXPECT_EQ(outcome.state, SubmitState::unknown);
  EXPECT_EQ(outcome.error->id(), "platform.redirect");
  EXPECT_TRUE(elsewhere.requests().empty());
}

TEST(TifRio, queries_by_message_id_with_a_signature) {
  ScriptedPeer peer([](const PeerRequest&, std::size_t) {
    return http_reply(200, R"({"code":"0","data":{"messageId":")" + kId + R"(","found":false}})");
  });
  auto client = make(config_for(peer.url()));
  EXPECT_EQ(test::query(**client, kId, sample_digest()).state, QueryState::absent);
  const auto requests = peer.requests();
  ASSERT_EQ(requests.size(), 1U);
  EXPECT_EQ(requests[0].method, "GET");
  EXPECT_EQ(requests[0].target, "/ebus/case-exchange/query?messageId=" + kId);
  EXPECT_EQ(requests[0].header("x-tif-signature").size(), 64U);
  EXPECT_TRUE(requests[0].body.empty());
}

TEST(TifRio, a_missing_query_interface_is_not_offered) {
  ScriptedPeer peer([](const PeerRequest&, std::size_t) { return http_reply(404, R"({"errcode":400000404,"errmsg":"API not found"})"); });
  auto client = make(config_for(peer.url()));
  EXPECT_EQ(test::query(**client, kId, sample_digest()).state, QueryState::not_offered);
}

TEST(TifRio, a_site_that_cannot_be_queried_is_not_asked) {
  ScriptedPeer peer([](const PeerRequest&, std::size_t) { return http_reply(200, "{}"); });
  PlatformConfig config = config_for(peer.url());
  config.settings["queryable"] = "no";
  config.settings["deduplicates"] = "no";
  auto client = make(config);
  EXPECT_FALSE((*client)->guarantee().queryable);
  EXPECT_FALSE((*client)->guarantee().deduplicates);
  EXPECT_EQ(test::query(**client, kId, sample_digest()).state, QueryState::not_offered);
  EXPECT_TRUE(peer.requests().empty());
}

TEST(TifRio, the_service_prefix_is_a_setting) {
  ScriptedPeer peer([](const PeerRequest&, std::size_t) { return http_reply(200, receipt(kId, sample_digest())); });
  PlatformConfig config = config_for(peer.url());
  config.settings["service_prefix"] = "/ebus/banjian/v2";
  auto client = make(config);
  EXPECT_TRUE((*client)->guarantee().deduplicates);
  EXPECT_EQ(test::submit(**client, sample_submission()).state, SubmitState::delivered);
  EXPECT_EQ(peer.requests().at(0).target, "/ebus/banjian/v2/submit");
}

TEST(TifRio, wrong_settings_are_named) {
  struct Row { const char* setting; const char* value; };
  for (const Row& row : {Row{"paas_id", ""}, Row{"paas_id", "a\r\nx: y"}, Row{"service_prefix", "ebus"}, Row{"service_prefix", "/ebus/"},
                         Row{"service_prefix", "/ebus/../admin"}, Row{"service_prefix", "/ebus?x"}, Row{"queryable", "true"}}) {
    PlatformConfig config = config_for("http://127.0.0.1:1");
    config.settings[row.setting] = row.value;
    auto client = make(config);
    ASSERT_FALSE(client) << row.setting;
    EXPECT_EQ(client.error().id(), "platform.setting");
    EXPECT_EQ(client.error().where(), std::string("province.settings.") + row.setting);
  }
  PlatformConfig config = config_for("http://127.0.0.1:1");
  config.credentials.clear();
  EXPECT_EQ(make(config).error().where(), "province.credentials.paas_token");
}

TEST(TifRio, the_host_must_be_the_pinned_one) {
  PlatformConfig config = config_for("http://127.0.0.1:1");
  config.pinned_host = "platform.example.test";
  auto client = make(config);
  ASSERT_FALSE(client);
  EXPECT_EQ(client.error().id(), "net.peer");
}

} // namespace
} // namespace tongqu::platform
