#include "bridge/lane.hpp"

#include <gtest/gtest.h>

#include <future>

namespace tongqu::bridge::detail {
namespace {

using namespace std::chrono_literals;
const MonoTime kNow{1000s};

TEST(Breaker, opens_after_so_many_failures_in_a_row_and_no_sooner) {
  Breaker breaker(3, 5s);
  breaker.failed(kNow);
  breaker.failed(kNow);
  EXPECT_EQ(breaker.allowance(kNow, 8, 0), 8u);
  EXPECT_FALSE(breaker.is_open(kNow));
  EXPECT_FALSE(breaker.opens_until());
  breaker.succeeded();
  breaker.failed(kNow);
  breaker.failed(kNow);
  EXPECT_EQ(breaker.allowance(kNow, 8, 0), 8u) << "a success in between begins anew";
  breaker.failed(kNow);
  EXPECT_EQ(breaker.allowance(kNow, 8, 0), 0u);
  EXPECT_TRUE(breaker.is_open(kNow));
  EXPECT_EQ(breaker.opens_until(), kNow + 5s);
}

TEST(Breaker, lets_one_try_when_its_time_is_over) {
  Breaker breaker(1, 5s);
  breaker.failed(kNow);
  EXPECT_EQ(breaker.allowance(kNow + 4999ms, 8, 0), 0u);
  EXPECT_EQ(breaker.allowance(kNow + 5s, 8, 0), 1u);
  EXPECT_EQ(breaker.allowance(kNow + 5s, 8, 1), 0u) << "the one that tries is on its way";
  EXPECT_EQ(breaker.allowance(kNow + 5s, 0, 0), 0u);
  breaker.failed(kNow + 6s);
  EXPECT_EQ(breaker.allowance(kNow + 10s, 8, 0), 0u) << "it failed too";
  EXPECT_EQ(breaker.allowance(kNow + 11s, 8, 0), 1u);
  breaker.succeeded();
  EXPECT_EQ(breaker.allowance(kNow + 11s, 8, 3), 8u);
  EXPECT_FALSE(breaker.is_open(kNow + 11s));
}

TEST(BackOff, grows_from_half_to_whole_and_never_passes_its_bound) {
  DeliverySettings settings;
  settings.retry_min = 500ms;
  settings.retry_max = 300s;
  for (int attempt = 1; attempt <= 200; ++attempt) {
    const auto whole = attempt <= 10 ? 500ms * (1 << (attempt - 1)) : 300000ms;
    const auto most = std::min<std::chrono::milliseconds>(whole, 300s);
    for (const std::uint32_t random : {0u, 1u, 249u, 250u, 123456789u, 0xFFFFFFFFu}) {
      const auto delay = back_off(settings, attempt, random);
      EXPECT_GE(delay, most / 2) << attempt << " " << random;
      EXPECT_LT(delay, most) << attempt << " " << random;
    }
  }
  EXPECT_EQ(back_off(settings, 1, 0), 250ms);
  EXPECT_EQ(back_off(settings, 3, 1), 1001ms);
  EXPECT_EQ(back_off(settings, 0, 0), 250ms);
  EXPECT_EQ(back_off(settings, -5, 0), 250ms);
}

TEST(BackOff, differs_between_messages) {
  const DeliverySettings settings;
  EXPECT_NE(back_off(settings, 4, 17), back_off(settings, 4, 18));
}

TEST(BackOff, is_never_nothing) {
  DeliverySettings settings;
  settings.retry_min = 1ms;
  settings.retry_max = 1ms;
  EXPECT_GE(back_off(settings, 1, 0), 1ms);
}

TEST(LookTime, is_the_time_that_is_due_within_an_hour) {
  const UtcMillis now_utc = from_epoch_ms(4'102'444'800'000);
  const MonoTime now{std::chrono::hours(70)};
  const auto wait = [&](std::chrono::milliseconds due_in) { return look_time(now_utc + due_in, now_utc, now) - now; };
  EXPECT_EQ(wait(std::chrono::seconds(3)), std::chrono::seconds(3));
  EXPECT_EQ(wait(std::chrono::milliseconds(0)), std::chrono::milliseconds(1));
  EXPECT_EQ(wait(-std::chrono::hours(5)), std::chrono::milliseconds(1));
  EXPECT_EQ(look_time(from_epoch_ms(253'402'300'799'000), now_utc, now) - now, std::chrono::hours(1)) << "a time that never comes";
}

/// Gives one claim, and remembers what was settled and how often it was asked what is due.
class LaneJournal final : public journal::Journal {
public:
  std::optional<UtcMillis> due;
  std::atomic<int> asked{0};
  std::vector<journal::Claim> claims;
  std::vector<journal::Settlement> settled;

  void claim(std::string, std::size_t, std::function<void(Result<std::vector<journal::Claim>>)> done) override { done(std::exchange(claims, {})); }
  void settle(journal::Settlement settlement, std::function<void(Result<void>)> done) override {
    settled.push_back(std::move(settlement));
    done(Result<void>());
  }
  std::optional<UtcMillis> next_due(const std::string&) override {
    ++asked;
    return due;
  }
  void accept(journal::Intake, std::function<void(Result<journal::IntakeOutcome>)>) override {}
  void accept_all(journal::IntakeBatch, std::function<void(Result<std::vector<journal::IntakeOutcome>>)>) override {}
  Result<journal::IntakeOutcome> accept_and_wait(journal::Intake) override { return no(); }
  Result<std::optional<Known>> find(std::string_view) override { return no(); }
  void refuse(journal::Refusal) override {}
  void on_ready(std::function<void(const std::string&)>) override {}
  Result<journal::Counts> counts() override { return no(); }
  Result<std::optional<journal::MessageView>> message(std::string_view) override { return no(); }
  Result<std::vector<journal::MessageView>> messages_of_case(std::string_view, std::string_view) override { return no(); }
  Result<std::vector<journal::DeliveryView>> deliveries(journal::DeliveryState, std::size_t) override { return no(); }
  Result<Bodies> bodies(std::string_view) override { return no(); }
  Result<std::string> receipt(std::int64_t) override { return no(); }
  Result<void> release(std::string_view, std::string, std::string, std::string, std::string, const Act&) override { return no(); }
  Result<void> discard(std::string_view, const std::string&, const Act&) override { return no(); }
  Result<void> resolve(std::int64_t, Resolution, const Act&) override { return no(); }
  Result<void> unpark(std::int64_t, const Act&) override { return no(); }
  Result<std::int64_t> redeliver(journal::Redelivery, const Act&, Redo) override { return no(); }
  Result<void> note(std::string_view, const Act&) override { return no(); }
  void close() override {}

private:
  static Error no() { return Error(Errc::journal_not_found); }
};

struct HandClock final : Clock {
  std::atomic<std::int64_t> ms{1'000'000};
  UtcMillis now_utc() const override { return from_epoch_ms(4'102'444'800'000 + ms.load()); }
  MonoTime now_mono() const override { return MonoTime(std::chrono::milliseconds(ms.load())); }
};

/// Takes a message when it is let; knows whether it is still there.
class SlowClient final : public platform::PlatformClient {
public:
  struct Watch {
    std::promise<void> entered, let_go;
    std::atomic<bool> inside{false}, gone_inside{false}, gone{false};
  };
  explicit SlowClient(std::shared_ptr<Watch> watch) : watch_(std::move(watch)) {}
  ~SlowClient() override {
    watch_->gone = true;
    watch_->gone_inside = watch_->inside.load();
    if (done_) done_(platform::SubmitOutcome());
  }
  platform::Guarantee guarantee() const override { return {true, false}; }
  void submit(platform::Submission, std::function<void(platform::SubmitOutcome)> done) override {
    watch_->inside = true;
    watch_->entered.set_value();
    watch_->let_go.get_future().wait();
    done_ = std::move(done);
    watch_->inside = false;
  }
  void query(std::string, std::string, std::function<void(platform::QueryOutcome)>) override {}

private:
  const std::shared_ptr<Watch> watch_;
  std::function<void(platform::SubmitOutcome)> done_;
};

class OneMessage final : public mapping::Target {
public:
  const std::string& id() const override { return id_; }
  const std::string& digest() const override { return id_; }
  Result<mapping::Planned> plan(std::string_view, const mapping::Environment&, mapping::Workspace&) const override {
    mapping::Planned planned;
    planned.messages.push_back({"accept", std::string(32, '0'), "{}", {}});
    return planned;
  }
  Result<mapping::ReplyReading> read_reply(const mapping::ReplyInput&) const override { return Error(Errc::mapping_reply_unknown); }

private:
  const std::string id_ = "one";
};

/// Three messages, of which the last depends on both before it.
class Chain final : public mapping::Target {
public:
  const std::string& id() const override { return id_; }
  const std::string& digest() const override { return id_; }
  Result<mapping::Planned> plan(std::string_view, const mapping::Environment&, mapping::Workspace&) const override {
    mapping::Planned planned;
    planned.messages.push_back({"accept", "a", "{1}", {}});
    planned.messages.push_back({"process", "p", "{2}", {"a"}});
    planned.messages.push_back({"result", "r", "{3}", {"a", "p"}});
    return planned;
  }
  Result<mapping::ReplyReading> read_reply(const mapping::ReplyInput&) const override { return Error(Errc::mapping_reply_unknown); }

private:
  const std::string id_ = "chain";
};

/// Takes everything at once, and notes what it was given: "stage body after=id:receipt,...".
class NotingClient final : public platform::PlatformClient {
public:
  explicit NotingClient(std::vector<std::string>& given) : given_(given) {}
  platform::Guarantee guarantee() const override { return {true, false}; }
  void submit(platform::Submission submission, std::function<void(platform::SubmitOutcome)> done) override {
    std::string noted = submission.stage + " " + submission.body + " after=";
    for (const auto& one : submission.after) noted += one.message_id + ":" + one.receipt_no + ",";
    given_.push_back(std::move(noted));
    platform::SubmitOutcome outcome;
    outcome.state = platform::SubmitState::delivered;
    outcome.receipt = "receipt of " + submission.stage;
    outcome.receipt_no = "R-" + submission.message_id;
    done(std::move(outcome));
  }
  void query(std::string, std::string, std::function<void(platform::QueryOutcome)>) override {}

private:
  std::vector<std::string>& given_;
};

class OneLane : public testing::Test {
protected:
  OneLane() { use(std::make_unique<SlowClient>(watch_), std::make_shared<OneMessage>()); }
  void use(std::unique_ptr<platform::PlatformClient> client, std::shared_ptr<const mapping::Target> target) {
    LaneParts parts;
    parts.platform = "province";
    parts.client = std::move(client);
    parts.target = std::move(target);
    parts.settings.query_after = std::chrono::seconds(20);
    parts.settings.retry_min = parts.settings.retry_max = 20ms;
    parts.journal = &journal_;
    parts.plans = &plans_;
    parts.pool = &pool_;
    parts.clock = clock_;
    parts.metrics = &metrics_;
    lane_ = std::make_shared<Lane>(std::move(parts), [] {});
  }
  void claim_one() {
    journal_.claims.resize(1);
    journal_.claims[0].message_id = "m1";
    journal_.claims[0].canonical = std::make_shared<const std::string>("{}");
    lane_->pump();
  }
  std::shared_ptr<SlowClient::Watch> watch_ = std::make_shared<SlowClient::Watch>();
  LaneJournal journal_;
  PlanCache plans_;
  WorkerPool pool_{0, 16, [] {}};
  std::shared_ptr<HandClock> clock_ = std::make_shared<HandClock>();
  obs::Metrics metrics_;
  std::shared_ptr<Lane> lane_;
};

TEST_F(OneLane, asks_no_sooner_about_a_claim_that_was_dropped_than_about_any_other_unknown_outcome) {
  claim_one();
  pool_.stop();
  ASSERT_EQ(journal_.settled.size(), 1u);
  EXPECT_EQ(journal_.settled[0].state, journal::DeliveryState::unknown);
  EXPECT_GE(journal_.settled[0].not_before - clock_->now_utc(), std::chrono::seconds(20)) << "its request may be on its way";
}

TEST_F(OneLane, asks_the_store_what_is_due_once_and_not_at_every_wake) {
  journal_.due = clock_->now_utc() + std::chrono::seconds(5);
  lane_->pump();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(lane_->next_look(), clock_->now_mono() + std::chrono::seconds(5)) << i;
  EXPECT_EQ(journal_.asked, 1);
  clock_->ms += 1001;
  EXPECT_TRUE(lane_->next_look());
  EXPECT_EQ(journal_.asked, 2) << "after a second it is asked again";
  claim_one();
  pool_.stop();
  lane_->next_look();
  lane_->pump();
  lane_->next_look();
  EXPECT_EQ(journal_.asked, 3) << "what is to be asked about is due at another time";
}

// A trip moves the text of a message to the client and keeps the numbers of what the later ones depend on.
TEST_F(OneLane, gives_each_message_the_receipts_of_all_that_it_depends_on) {
  std::vector<std::string> given;
  use(std::make_unique<NotingClient>(given), std::make_shared<Chain>());
  claim_one();
  Worker worker;
  while (pool_.run_next(worker)) continue;
  EXPECT_EQ(given, (std::vector<std::string>{"accept {1} after=", "process {2} after=a:R-a,", "result {3} after=a:R-a,p:R-p,"}));
  ASSERT_EQ(journal_.settled.size(), 1u);
  EXPECT_EQ(journal_.settled[0].state, journal::DeliveryState::delivered);
  EXPECT_EQ(journal_.settled[0].receipt, "receipt of accept\nreceipt of process\nreceipt of result");
  EXPECT_EQ(journal_.settled[0].receipt_no, "R-a R-p R-r");
}

TEST_F(OneLane, keeps_its_client_while_a_call_is_inside_it) {
  claim_one();
  std::thread worker([this] {
    Worker own;
    while (pool_.run_next(own)) continue;
  });
  watch_->entered.get_future().wait();
  auto closed = std::async(std::launch::async, [this] { lane_->close(); });
  EXPECT_EQ(closed.wait_for(30ms), std::future_status::timeout) << "the call has not returned";
  EXPECT_FALSE(watch_->gone);
  watch_->let_go.set_value();
  worker.join();
  closed.get();
  EXPECT_TRUE(watch_->gone);
  EXPECT_FALSE(watch_->gone_inside);
  ASSERT_EQ(journal_.settled.size(), 1u);
  EXPECT_EQ(journal_.settled[0].state, journal::DeliveryState::unknown);
  EXPECT_EQ(lane_->ask_day("2150-01-05", "").error().id(), "bridge.stopping");
}

} // namespace
} // namespace tongqu::bridge::detail
