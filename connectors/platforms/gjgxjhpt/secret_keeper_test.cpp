#include "connectors/platforms/gjgxjhpt/secret_keeper.hpp"

#include "connectors/platforms/case_exchange/test_support/client_harness.hpp"

namespace tongqu::platform::gjgxjhpt {
namespace {

/// A transport that answers when the test says so.
struct HeldTransport {
  std::vector<std::function<void(net::HttpOutcome)>> waiting;
  SecretKeeper::Sender sender() {
    return [this](net::HttpRequest, std::function<void(net::HttpOutcome)> done) { waiting.push_back(std::move(done)); };
  }
  void answer(int status, const std::string& body, const char* retry_after = nullptr) {
    net::HttpOutcome outcome;
    outcome.exchange = std::make_unique<net::HttpExchange>();
    outcome.exchange->response.status = status;
    outcome.exchange->response.body = body;
    if (retry_after != nullptr) outcome.exchange->response.headers.add("Retry-After", retry_after);
    waiting.back()(std::move(outcome));
  }
  void grant() {
    const std::string wrapped = test::vector_rows("gjgxjhpt/vectors/secret.tsv").at(0).at(3);
    answer(200, R"({"code":"0","data":{"secret":")" + wrapped + R"("}})");
  }
};

struct SecretKeeperTest : ::testing::Test {
  std::shared_ptr<test::HandClock> clock = std::make_shared<test::HandClock>(4070908800000);
  HeldTransport transport;
  SecretKeeper keeper{{"rid", "s_sys_service001", Secret("0123456789abcdef0123456789abcdef")}, clock, transport.sender()};
  std::vector<std::uint64_t> granted;
  std::vector<SecretKeeper::Refusal> refused;

  void ask() {
    keeper.get([this](const SecretKeeper::Grant* grant, const SecretKeeper::Refusal* refusal) {
      if (grant != nullptr) granted.push_back(grant->generation);
      else refused.push_back(*refusal);
    });
  }
};

TEST_F(SecretKeeperTest, a_late_report_about_an_older_secret_does_not_end_the_present_one) {
  ask();
  transport.grant();
  keeper.expired(1);
  ask();
  transport.grant();
  keeper.expired(1);
  keeper.expired_again(1);
  ask();
  EXPECT_EQ(granted, (std::vector<std::uint64_t>{1, 2, 2}));
  EXPECT_EQ(transport.waiting.size(), 2U);
}

TEST_F(SecretKeeperTest, those_who_wait_are_bounded) {
  for (std::size_t number = 0; number <= SecretKeeper::kWaitersMax; ++number) ask();
  ASSERT_EQ(refused.size(), 1U);
  EXPECT_EQ(refused[0].error.id(), "net.queue_full");
  EXPECT_FALSE(refused[0].platform_down);
  transport.grant();
  EXPECT_EQ(granted.size(), SecretKeeper::kWaitersMax);
  EXPECT_EQ(transport.waiting.size(), 1U);
}

TEST_F(SecretKeeperTest, a_longer_wait_told_by_the_platform_is_obeyed) {
  ask();
  transport.answer(429, "", "120");
  ASSERT_EQ(refused.size(), 1U);
  EXPECT_EQ(refused[0].error.cause()->id(), "platform.throttled");
  EXPECT_EQ(refused[0].retry_after, std::chrono::seconds(120));
  clock->advance(std::chrono::seconds(119));
  ask();
  EXPECT_EQ(transport.waiting.size(), 1U);
  clock->advance(std::chrono::seconds(1));
  ask();
  EXPECT_EQ(transport.waiting.size(), 2U);
}

TEST_F(SecretKeeperTest, after_a_stop_nobody_gets_a_secret) {
  ask();
  transport.grant();
  keeper.stop();
  ask();
  EXPECT_EQ(granted.size(), 1U);
  ASSERT_EQ(refused.size(), 1U);
  EXPECT_EQ(refused[0].error.id(), "base.stopped");
}

} // namespace
} // namespace tongqu::platform::gjgxjhpt
