#include "connectors/platforms/gjgxjhpt/gjgxjhpt.hpp"

#include <condition_variable>
#include <thread>

#include "connectors/platforms/case_exchange/test_support/client_harness.hpp"
#include "connectors/platforms/case_exchange/test_support/scripted_peer.hpp"
#include "tongqu/base/bytes.hpp"
#include "tongqu/crypto/crypto.hpp"
#include "tongqu/wire/json.hpp"

namespace tongqu::platform {
namespace {

using test::HandClock;
using test::http_reply;
using test::PeerReply;
using test::PeerRequest;
using test::sample_digest;
using test::sample_submission;
using test::ScriptedPeer;

constexpr std::int64_t kNowMs = 4070908800000;  // 2099-01-01 08:00:00 in Beijing
const std::string kRid = "00000000-0000-0000-0000-000000000001";
const std::string kExpired = R"({"code":"-1","message":"app secret expired, refresh"})";

/// The gateway in a few lines: hands out the published secrets in turn and takes calls signed with the last one.
class Gateway {
public:
  Gateway() : secrets_(test::vector_rows("gjgxjhpt/vectors/secret.tsv")), peer_([this](const PeerRequest& r, std::size_t) { return reply(r); }) {}

  std::string url() const { return peer_.url(); }
  std::vector<PeerRequest> requests() { return peer_.requests(); }
  std::size_t count(const std::string& path) {
    std::size_t found = 0;
    for (const PeerRequest& request : peer_.requests()) found += request.target.substr(0, path.size()) == path ? 1 : 0;
    return found;
  }
  std::size_t refreshes() { return count("/sysapi/"); }
  std::size_t calls() { return count("/httpproxy"); }

  // Set before the first call or between calls only.
  std::string end_time = "2099-01-01 18:00:00";  ///< Ten hours of life.
  std::atomic<bool> refresh_works{true};
  std::atomic<bool> always_expired{false};
  std::atomic<int> expire_next{0};               ///< How many business calls are told that their secret has expired.
  std::atomic<bool> hold_refresh{false};         ///< Refreshes wait until `let_go`.
  std::string refresh_failure = R"({"code":"-1","message":"unknown requester"})";
  int refresh_failure_status = 200;

  void let_go() {
    hold_refresh = false;
    wake_.notify_all();
  }

private:
  PeerReply reply(const PeerRequest& request) { return request.target == "/sysapi/auth/refreshappsecret" ? refresh() : business(request); }

  PeerReply refresh() {
    if (hold_refresh) {
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, std::chrono::seconds(20), [this] { return !hold_refresh; });
    }
    if (!refresh_works) return http_reply(refresh_failure_status, refresh_failure);
    const auto& row = secrets_.at(given_++ % secrets_.size());
    current_ = row.at(4);
    return http_reply(200, R"({"code":"0","message":"ok","data":{"secret":")" + row.at(3) + R"(","secretEndTime":")" + end_time + R"("}})");
  }

  PeerReply business(const PeerRequest& request) {
    const std::string covered = request.header("gjgxjhpt_sid") + request.header("gjgxjhpt_rid") + request.header("gjgxjhpt_rtime");
    const std::string expected = to_base64(crypto::hmac(crypto::MacAlgorithm::hmac_sha256, Secret(current_), covered));
    if (request.header("gjgxjhpt_sign") != expected) return http_reply(200, kExpired);
    if (always_expired) return http_reply(200, kExpired);
    if (expire_next > 0) {
      --expire_next;
      current_ = "the platform has changed it";
      return http_reply(200, kExpired);
    }
    if (request.method == "GET") {
      const std::string id = request.target.substr(request.target.find('=') + 1);
      return http_reply(200, R"({"code":"0","data":{"messageId":")" + id + R"(","found":true,"receiptNo":"SP-9","receivedAt":"2099-01-01 08:00:00","digest":")" +
                                 sample_digest() + R"("}})");
    }
    auto document = wire::parse_json(request.body);
    return http_reply(200, test::receipt(std::string(document->root().child("messageId").raw_text()), sample_digest()));
  }

  const std::vector<std::vector<std::string>> secrets_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::size_t given_ = 0;
  std::string current_;
  ScriptedPeer peer_;
};

PlatformConfig config_for(const std::string& url) {
  PlatformConfig config;
  config.name = "nation";
  config.profile = "gjgxjhpt";
  config.url = url;
  config.pinned_host = "127.0.0.1";
  config.settings["rid"] = kRid;
  config.credentials["app_key"] = Secret("0123456789abcdef0123456789abcdef");
  return config;
}

Result<std::unique_ptr<PlatformClient>> make(const PlatformConfig& config, std::shared_ptr<HandClock> clock = std::make_shared<HandClock>(kNowMs)) {
  Registry registry;
  register_gjgxjhpt(registry);
  return registry.create(config, std::move(clock));
}

std::string id_of(int number) { return "0f1e2d3c4b5a69788796a5b4c3d2e" + std::to_string(100 + number); }

TEST(Gjgxjhpt, refreshes_its_secret_first_and_signs_with_it) {
  Gateway gateway;
  auto client = make(config_for(gateway.url()), std::make_shared<HandClock>(1600000000000));
  ASSERT_TRUE(client);
  EXPECT_EQ(test::submit(**client, sample_submission()).state, SubmitState::delivered);
  const auto requests = gateway.requests();
  ASSERT_EQ(requests.size(), 2U);

  EXPECT_EQ(requests[0].method, "POST");
  EXPECT_EQ(requests[0].target, "/sysapi/auth/refreshappsecret");
  // The four members with the signature of vector V1c.
  EXPECT_EQ(requests[0].body, R"({"gjgxjhpt_rid":"00000000-0000-0000-0000-000000000001","gjgxjhpt_sid":"s_sys_service001",)"
                              R"("gjgxjhpt_rtime":"1600000000000","gjgxjhpt_sign":"srU1F7xMtuqM0ASyHaVAzuF74X6Y90YPNZdMLY9n03k="})");
  EXPECT_EQ(requests[1].method, "POST");
  EXPECT_EQ(requests[1].target, "/httpproxy");
  EXPECT_EQ(requests[1].header("gjgxjhpt_sid"), "s_990000000000_1");
  EXPECT_EQ(requests[1].header("gjgxjhpt_rid"), kRid);
  EXPECT_EQ(requests[1].header("gjgxjhpt_rtime"), "1600000000000");
}

TEST(Gjgxjhpt, a_business_signature_is_that_of_the_published_vector) {
  Gateway gateway;
  PlatformConfig config = config_for(gateway.url());
  config.settings["sid_prefix"] = "s_000000";
  auto client = make(config, std::make_shared<HandClock>(1600000000000));
  EXPECT_EQ(test::submit(**client, sample_submission()).state, SubmitState::delivered);
  EXPECT_EQ(gateway.requests().at(1).header("gjgxjhpt_sign"), "e/WutY0HfndIF2JUqo0es4VvXTL8Q3ZgMcvB+4FSjkc=");
}

TEST(Gjgxjhpt, fifty_submits_at_once_wait_for_one_refresh) {
  Gateway gateway;
  gateway.hold_refresh = true;
  auto client = make(config_for(gateway.url()));
  std::vector<std::future<SubmitOutcome>> outcomes;
  std::mutex mutex;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 5; ++thread) {
    threads.emplace_back([&client, &outcomes, &mutex, thread] {
      for (int number = 0; number < 10; ++number) {
        auto outcome = test::start_submit(**client, sample_submission(id_of(thread * 10 + number)));
        const std::lock_guard lock(mutex);
        outcomes.push_back(std::move(outcome));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  gateway.let_go();
  for (auto& outcome : outcomes) EXPECT_EQ(test::wait_for(std::move(outcome)).state, SubmitState::delivered);
  EXPECT_EQ(gateway.refreshes(), 1U);
  EXPECT_EQ(gateway.calls(), 50U);
}

TEST(Gjgxjhpt, a_failed_refresh_wakes_everybody_as_not_sent) {
  Gateway gateway;
  gateway.hold_refresh = true;
  gateway.refresh_works = false;
  auto client = make(config_for(gateway.url()));
  std::vector<std::future<SubmitOutcome>> outcomes;
  for (int number = 0; number < 50; ++number) outcomes.push_back(test::start_submit(**client, sample_submission(id_of(number))));
  gateway.let_go();
  for (auto& waiting : outcomes) {
    const SubmitOutcome outcome = test::wait_for(std::move(waiting));
    EXPECT_EQ(outcome.state, SubmitState::not_sent);
    EXPECT_EQ(outcome.error->id(), "platform.secret_refresh");
    ASSERT_NE(outcome.error->cause(), nullptr);
    EXPECT_EQ(outcome.error->cause()->id(), "platform.signature_refused");
    EXPECT_EQ(outcome.retry_after, std::chrono::seconds(1));
    EXPECT_TRUE(outcome.platform_down);
  }
  EXPECT_EQ(gateway.refreshes(), 1U);
  EXPECT_EQ(gateway.calls(), 0U);
}

TEST(Gjgxjhpt, refreshes_that_fail_are_spaced_out_up_to_a_minute) {
  Gateway gateway;
  gateway.refresh_works = false;
  gateway.refresh_failure_status = 500;
  auto clock = std::make_shared<HandClock>(kNowMs);
  auto client = make(config_for(gateway.url()), clock);
  for (const int wait_s : {1, 2, 4, 8, 16, 32, 60, 60}) {
    const std::size_t before = gateway.refreshes();
    EXPECT_EQ(test::submit(**client, sample_submission()).retry_after, std::chrono::seconds(wait_s));
    EXPECT_EQ(gateway.refreshes(), before + 1) << wait_s;
    clock->advance(std::chrono::milliseconds(wait_s * 1000 - 1));
    EXPECT_EQ(test::submit(**client, sample_submission()).error->id(), "platform.secret_refresh");
    EXPECT_EQ(gateway.refreshes(), before + 1) << "asked again too early, " << wait_s;
    clock->advance(std::chrono::milliseconds(1));
  }
  gateway.refresh_works = true;
  EXPECT_EQ(test::submit(**client, sample_submission()).state, SubmitState::delivered);
}

TEST(Gjgxjhpt, a_refresh_that_cannot_be_reached_is_not_sent) {
  auto client = make(config_for(test::refused_url()));
  const SubmitOutcome outcome = test::submit(**client, sample_submission());
  EXPECT_EQ(outcome.state, SubmitState::not_sent);
  EXPECT_EQ(outcome.error->id(), "platform.secret_refresh");
  EXPECT_EQ(outcome.error->cause()->id(), "net.connect");
}

TEST(Gjgxjhpt, an_expired_secret_is_refreshed_once_and_the_message_sent_once_more) {
  Gateway gateway;
  auto client = make(config_for(gateway.url()));
  EXPECT_EQ(test::submit(**client, sample_submission(id_of(1))).state, SubmitState::delivered);
  gateway.expire_next = 1;
  EXPECT_EQ(test::submit(**client, sample_submission(id_of(2))).state, SubmitState::delivered);
  EXPECT_EQ(gateway.refreshes(), 2U);
  EXPECT_EQ(gateway.calls(), 3U);
  const auto requests = gateway.requests();
  EXPECT_EQ(requests[2].body, requests[4].body);  // The same message with the same id, signed anew.
  EXPECT_NE(requests[2].header("gjgxjhpt_sign"), requests[4].header("gjgxjhpt_sign"));
}

TEST(Gjgxjhpt, fifty_messages_with_an_expired_secret_share_one_refresh) {
  Gateway gateway;
  auto client = make(config_for(gateway.url()));
  EXPECT_EQ(test::submit(**client, sample_submission(id_of(1))).state, SubmitState::delivered);
  gateway.expire_next = 1;
  gateway.hold_refresh = true;
  std::vector<std::future<SubmitOutcome>> outcomes;
  for (int number = 0; number < 50; ++number) outcomes.push_back(test::start_submit(**client, sample_submission(id_of(number))));
  gateway.let_go();
  for (auto& outcome : outcomes) EXPECT_EQ(test::wait_for(std::move(outcome)).state, SubmitState::delivered);
  EXPECT_EQ(gateway.refreshes(), 2U);
}

TEST(Gjgxjhpt, a_secret_that_expires_again_is_not_refreshed_for_ever) {
  Gateway gateway;
  gateway.always_expired = true;
  auto clock = std::make_shared<HandClock>(kNowMs);
  auto client = make(config_for(gateway.url()), clock);
  const SubmitOutcome first = test::submit(**client, sample_submission(id_of(1)));
  EXPECT_EQ(first.state, SubmitState::retry);
  EXPECT_EQ(first.error->id(), "platform.secret_expired");
  EXPECT_EQ(gateway.refreshes(), 2U);
  EXPECT_EQ(gateway.calls(), 2U);
  const SubmitOutcome second = test::submit(**client, sample_submission(id_of(2)));
  EXPECT_EQ(second.state, SubmitState::not_sent);
  EXPECT_EQ(second.error->id(), "platform.secret_refresh");
  EXPECT_EQ(gateway.calls(), 2U);
  gateway.always_expired = false;
  clock->advance(std::chrono::seconds(1));
  EXPECT_EQ(test::submit(**client, sample_submission(id_of(2))).state, SubmitState::delivered);
}

TEST(Gjgxjhpt, when_the_refresh_after_an_expired_secret_fails_nothing_was_taken) {
  Gateway gateway;
  auto client = make(config_for(gateway.url()));
  EXPECT_EQ(test::submit(**client, sample_submission(id_of(1))).state, SubmitState::delivered);
  gateway.expire_next = 1;
  gateway.refresh_works = false;
  const SubmitOutcome outcome = test::submit(**client, sample_submission(id_of(2)));
  EXPECT_EQ(outcome.state, SubmitState::retry);
  EXPECT_EQ(outcome.error->id(), "platform.secret_refresh");
  EXPECT_EQ(gateway.calls(), 2U);
}

TEST(Gjgxjhpt, renews_early_in_the_last_tenth_to_fifth_of_a_life) {
  Gateway gateway;
  auto clock = std::make_shared<HandClock>(kNowMs);
  auto client = make(config_for(gateway.url()), clock);
  test::submit(**client, sample_submission(id_of(1)));
  clock->advance(std::chrono::minutes(479));  // 79.8 percent of ten hours.
  test::submit(**client, sample_submission(id_of(2)));
  EXPECT_EQ(gateway.refreshes(), 1U);
  clock->advance(std::chrono::minutes(62));   // 90.2 percent.
  EXPECT_EQ(test::submit(**client, sample_submission(id_of(3))).state, SubmitState::delivered);
  EXPECT_EQ(gateway.refreshes(), 2U);
}

TEST(Gjgxjhpt, an_early_renewal_that_fails_goes_on_with_the_present_secret_until_its_end) {
  Gateway gateway;
  auto clock = std::make_shared<HandClock>(kNowMs);
  auto client = make(config_for(gateway.url()), clock);
  test::submit(**client, sample_submission(id_of(1)));
  gateway.refresh_works = false;
  clock->advance(std::chrono::minutes(590));
  EXPECT_EQ(test::submit(**client, sample_submission(id_of(2))).state, SubmitState::delivered);
  EXPECT_EQ(test::submit(**client, sample_submission(id_of(3))).state, SubmitState::delivered);
  EXPECT_EQ(gateway.refreshes(), 2U) << "the second waits for the back-off";
  clock->advance(std::chrono::minutes(11));
  EXPECT_EQ(test::submit(**client, sample_submission(id_of(4))).state, SubmitState::not_sent);
}

TEST(Gjgxjhpt, gateway_refusals_take_nothing_and_are_tried_again) {
  struct Row { int status; const char* body; const char* id; SubmitState state; };
  for (const Row& row : {Row{200, R"({"code":"-1","message":"sign error"})", "platform.signature_refused", SubmitState::retry},
                         Row{200, R"({"code":"E-106","message":"not in list"})", "platform.not_authorised", SubmitState::retry},
                         Row{200, R"({"code":"E-107","message":"x"})", "platform.unknown_code", SubmitState::unknown},
                         Row{200, "no data or bad time format", "platform.answer_unreadable", SubmitState::unknown},
                         Row{429, "", "platform.throttled", SubmitState::retry}, Row{500, "", "platform.http_status", SubmitState::unknown},
                         // The gateway's one code for everything, after the service may have committed.
                         Row{500, R"({"code":"-1","message":"internal error"})", "platform.http_status", SubmitState::unknown},
                         Row{500, R"({"code":"-1","message":"secret expired"})", "platform.http_status", SubmitState::unknown},
                         Row{502, R"({"code":"E-106","message":"x"})", "platform.http_status", SubmitState::unknown}}) {
    const std::string wrapped = test::vector_rows("gjgxjhpt/vectors/secret.tsv").at(0).at(3);
    ScriptedPeer peer([&row, &wrapped](const PeerRequest&, std::size_t number) {
      return number == 0 ? http_reply(200, R"({"code":"0","data":{"secret":")" + wrapped + R"("}})") : http_reply(row.status, row.body);
    });
    auto client = make(config_for(peer.url()));
    const SubmitOutcome outcome = test::submit(**client, sample_submission());
    EXPECT_EQ(outcome.state, row.state) << row.body;
    EXPECT_EQ(outcome.error->id(), row.id) << row.body;
    EXPECT_EQ(peer.requests().size(), 2U) << row.body;
  }
}

TEST(Gjgxjhpt, queries_with_the_second_service_code_and_survives_an_expired_secret) {
  Gateway gateway;
  gateway.expire_next = 1;
  auto client = make(config_for(gateway.url()));
  const QueryOutcome outcome = test::query(**client, id_of(7), sample_digest());
  EXPECT_EQ(outcome.state, QueryState::found);
  EXPECT_EQ(outcome.receipt_no, "SP-9");
  const PeerRequest last = gateway.requests().back();
  EXPECT_EQ(last.target, "/httpproxy?messageId=" + id_of(7));
  EXPECT_EQ(last.header("gjgxjhpt_sid"), "s_990000000000_2");
  EXPECT_EQ(gateway.refreshes(), 2U);
}

TEST(Gjgxjhpt, a_client_that_ends_while_it_waits_for_a_secret_tells_everybody) {
  std::vector<std::future<SubmitOutcome>> outcomes;
  {
    ScriptedPeer peer([](const PeerRequest&, std::size_t) { return PeerReply{"", PeerReply::After::hang}; });
    auto client = make(config_for(peer.url()));
    for (int number = 0; number < 3; ++number) outcomes.push_back(test::start_submit(**client, sample_submission(id_of(number))));
    client->reset();
  }
  for (auto& waiting : outcomes) {
    const SubmitOutcome outcome = test::wait_for(std::move(waiting));
    EXPECT_EQ(outcome.state, SubmitState::not_sent);
    EXPECT_EQ(outcome.error->id(), "base.stopped");
    EXPECT_FALSE(outcome.platform_down);
  }
}

TEST(Gjgxjhpt, wrong_settings_are_named) {
  struct Row { const char* setting; const char* value; };
  for (const Row& row : {Row{"rid", ""}, Row{"rid", "a b"}, Row{"sid_prefix", "s\n1"}, Row{"refresh_sid", ""}, Row{"deduplicates", "1"}}) {
    PlatformConfig config = config_for("http://127.0.0.1:1");
    config.settings[row.setting] = row.value;
    auto client = make(config);
    ASSERT_FALSE(client) << row.setting;
    EXPECT_EQ(client.error().id(), "platform.setting");
    EXPECT_EQ(client.error().where(), std::string("nation.settings.") + row.setting);
  }
  PlatformConfig config = config_for("http://127.0.0.1:1");
  config.credentials.clear();
  EXPECT_EQ(make(config).error().where(), "nation.credentials.app_key");
}

} // namespace
} // namespace tongqu::platform
