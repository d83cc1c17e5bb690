#include "bridge/lane.hpp"

#include <gtest/gtest.h>

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

} // namespace
} // namespace tongqu::bridge::detail
