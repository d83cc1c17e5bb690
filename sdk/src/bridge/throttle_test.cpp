#include "bridge/throttle.hpp"

#include <gtest/gtest.h>

namespace tongqu::bridge::detail {
namespace {

using namespace std::chrono_literals;
const MonoTime kNow{1000s};

RateSettings per_second(double rate, std::size_t burst = 0) {
  RateSettings settings;
  settings.per_second = rate;
  settings.burst = burst;
  return settings;
}

TEST(Throttle, without_a_rate_lets_everything_go) {
  Throttle throttle({}, kNow);
  EXPECT_EQ(throttle.allowance(kNow, 500), 500u);
  throttle.take(500);
  EXPECT_EQ(throttle.allowance(kNow, 500), 500u);
  EXPECT_FALSE(throttle.next_at(kNow));
  EXPECT_EQ(throttle.rate(), 0);
}

TEST(Throttle, gives_a_token_in_its_time_and_no_more_than_the_burst_after_a_rest) {
  Throttle throttle(per_second(10), kNow);
  EXPECT_EQ(throttle.allowance(kNow, 8), 1u);
  throttle.take(1);
  EXPECT_EQ(throttle.allowance(kNow, 8), 0u);
  const auto next = throttle.next_at(kNow);
  ASSERT_TRUE(next);
  EXPECT_GE(*next, kNow + 100ms);
  EXPECT_LE(*next, kNow + 102ms);
  EXPECT_EQ(throttle.allowance(*next, 8), 1u);
  EXPECT_EQ(throttle.allowance(kNow + 3600s, 8), 1u);

  Throttle wide(per_second(10, 5), kNow);
  EXPECT_EQ(wide.allowance(kNow, 8), 5u);
  wide.take(5);
  EXPECT_EQ(wide.allowance(kNow + 200ms, 8), 2u);
  wide.give_back(2);
  EXPECT_EQ(wide.allowance(kNow + 200ms, 8), 4u) << "claimed, and there was nothing to send";
}

TEST(Throttle, a_delivery_of_many_messages_pays_for_all) {
  Throttle throttle(per_second(10), kNow);
  throttle.take(4);
  EXPECT_EQ(throttle.allowance(kNow + 300ms, 8), 0u);
  EXPECT_EQ(throttle.allowance(kNow + 410ms, 8), 1u);
}

TEST(Throttle, waits_as_long_as_it_is_told) {
  Throttle throttle({}, kNow);
  throttle.slow_down(kNow, 3s);
  EXPECT_EQ(throttle.allowance(kNow + 2999ms, 8), 0u);
  EXPECT_EQ(throttle.next_at(kNow), kNow + 3s);
  EXPECT_GE(throttle.allowance(kNow + 8s, 8), 1u);
  RateSettings fixed;
  fixed.learn = false;
  Throttle unlearned(fixed, kNow);
  unlearned.slow_down(kNow, 3s);
  EXPECT_EQ(unlearned.allowance(kNow + 2s, 8), 0u);
  EXPECT_EQ(unlearned.rate(), 0);
}

/// Sends a message every `step` until `end`.
void send_until(Throttle& throttle, MonoTime& now, MonoTime end, std::chrono::milliseconds step) {
  for (; now < end; now += step) {
    if (throttle.allowance(now, 1) == 0) continue;
    throttle.take(1);
    throttle.succeeded(now);
  }
}

TEST(Throttle, learns_seven_tenths_of_what_was_sent_and_cuts_once_for_one_overload) {
  Throttle throttle({}, kNow);
  MonoTime now = kNow;
  send_until(throttle, now, kNow + 5s, 10ms);
  throttle.slow_down(now, 1s);
  EXPECT_NEAR(throttle.rate(), 70, 3);
  const double rate = throttle.rate();
  for (int i = 0; i < 50; ++i) throttle.slow_down(now + i * 10ms, 1s);
  EXPECT_EQ(throttle.rate(), rate) << "fifty answers to what was in flight";
  send_until(throttle, now, kNow + 8s, 10ms);
  const double before = throttle.rate();
  throttle.slow_down(now, std::nullopt);
  EXPECT_LT(throttle.rate(), before) << "still too fast later";
}

TEST(Throttle, does_not_rise_while_nothing_is_held_back) {
  Throttle throttle({}, kNow);
  MonoTime now = kNow;
  send_until(throttle, now, kNow + 5s, 10ms);
  throttle.slow_down(now, std::nullopt);
  const double rate = throttle.rate();
  send_until(throttle, now, kNow + 60s, 200ms);
  EXPECT_NEAR(throttle.rate(), rate, rate * 0.05);
}

TEST(Throttle, stays_near_what_the_platform_takes_and_follows_when_it_takes_more) {
  Throttle throttle({}, kNow);
  double capacity = 50, tokens = 50;
  int taken = 0, refused = 0;
  MonoTime now = kNow;
  const auto run = [&](std::chrono::seconds most) {
    taken = refused = 0;
    for (const MonoTime end = now + most; now < end; now += 1ms) {
      tokens = std::min(capacity / 10, tokens + capacity / 1000);
      if (throttle.allowance(now, 1) == 0) continue;
      throttle.take(1);
      if (tokens >= 1) {
        tokens -= 1;
        ++taken;
        throttle.succeeded(now);
      } else {
        ++refused;
        throttle.slow_down(now, std::nullopt);
      }
    }
  };
  run(5s);
  run(60s);
  EXPECT_GT(taken, 60 * 50 * 6 / 10);
  EXPECT_LT(refused, taken / 20);
  capacity = 200;
  run(60s);
  run(60s);
  EXPECT_GT(taken, 60 * 200 * 6 / 10) << "it grew with the platform";
  EXPECT_LT(refused, taken / 20);
}

TEST(Throttle, the_configured_rate_bounds_the_learned_one) {
  Throttle throttle(per_second(20), kNow);
  MonoTime now = kNow;
  send_until(throttle, now, kNow + 5s, 10ms);
  EXPECT_EQ(throttle.rate(), 20);
  throttle.slow_down(now, std::nullopt);
  EXPECT_LT(throttle.rate(), 16);
  send_until(throttle, now, kNow + 600s, 10ms);
  EXPECT_EQ(throttle.rate(), 20);
}

TEST(Throttle, hands_on_what_it_learned_but_not_its_settings) {
  Throttle before({}, kNow);
  MonoTime now = kNow;
  send_until(before, now, kNow + 5s, 10ms);
  before.slow_down(now, 4s);
  Throttle after(per_second(30), now);
  after.inherit(before);
  EXPECT_EQ(after.rate(), 30);
  EXPECT_EQ(after.allowance(now + 3s, 8), 0u) << "the wait goes on";
}

} // namespace
} // namespace tongqu::bridge::detail
