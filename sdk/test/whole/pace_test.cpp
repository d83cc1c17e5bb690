#include <gtest/gtest.h>

#include "sdk/test/whole/senders.hpp"

/// How fast and in which turns a platform is sent to.
namespace tongqu::whole {
namespace {

using journal::DeliveryState;

std::int64_t in_state(const House& house, DeliveryState state) { return house.counts().by_state[static_cast<int>(state)]; }

HouseOptions only_province() {
  HouseOptions options;
  options.routes = "  - {system: \"*\", targets: [province]}\n";
  return options;
}

TEST(Pace, a_configured_rate_is_kept) {
  HouseOptions options = only_province();
  options.platform_extra = ", rate: {per_second: 20}";
  House house(options);
  house.open();
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 15; ++i) ASSERT_EQ(send_linhu(house, linhu_body("PC-" + std::to_string(i), "accept")).state, "stored");
  ASSERT_TRUE(wait_until([&] { return house.all_delivered(15); }, 30s));
  EXPECT_GE(std::chrono::steady_clock::now() - start, 600ms) << "two at once, then one in 50 ms";
  EXPECT_EQ(house.metric("tongqu_rate_per_second{target=\"province\"}"), "20");
}

TEST(Pace, slow_down_is_heard_by_the_lane_and_not_by_one_message_alone) {
  House house(only_province());
  house.plant("province", "too_many:first=3");
  house.open();
  for (int i = 0; i < 12; ++i) ASSERT_EQ(send_linhu(house, linhu_body("PC-" + std::to_string(i), "accept")).state, "stored");
  ASSERT_TRUE(wait_until([&] { return house.all_delivered(12); }, 30s));
  EXPECT_EQ(house.platform("province").effects, 12u);
  EXPECT_NE(house.metric("tongqu_rate_per_second{target=\"province\"}"), "");
  EXPECT_EQ(house.metric("tongqu_breaker_open{target=\"province\"}"), "0") << "a platform that asks to slow down is not down";
}

TEST(Pace, a_flood_of_one_county_does_not_hold_another_back) {
  HouseOptions options = only_province();
  options.platform_extra = ", rate: {per_second: 40}";
  House house(options);
  house.open();
  constexpr int kFlood = 150;
  for (int i = 0; i < kFlood; ++i) ASSERT_EQ(send_linhu(house, linhu_body("PC-" + std::to_string(i), "accept")).state, "stored");
  const Told other = send_qinglan(house, qinglan_body("PC-Q", "accept"));
  ASSERT_EQ(other.state, "stored");
  const auto before = in_state(house, DeliveryState::delivered);
  ASSERT_TRUE(wait_until([&] { return house.states(other.message_id) == "province=delivered"; }, 30s));
  const auto between = in_state(house, DeliveryState::delivered) - before;
  EXPECT_LT(between, 40) << "of the flood left before the one that came last; delivered before: " << before;
  EXPECT_TRUE(wait_until([&] { return house.all_delivered(kFlood + 1); }, 30s));
}

TEST(Pace, a_backlog_at_its_bound_is_told_to_come_again) {
  House house(only_province());
  house.edit("bridge.yaml", "seal_key: {file: keys/seal.key}}", "seal_key: {file: keys/seal.key}, backlog_max: 3}");
  house.plant("province", "too_many");
  house.open();
  for (int i = 0; i < 3; ++i) ASSERT_EQ(send_linhu(house, linhu_body("PC-" + std::to_string(i), "accept")).state, "stored");
  const Told more = send_linhu(house, linhu_body("PC-3", "accept"));
  EXPECT_EQ(more.reply.status, 503) << more.reply.body;
  EXPECT_NE(more.reply.body.find("journal.busy"), std::string::npos) << more.reply.body;
  house.plant("province", "");
  ASSERT_TRUE(wait_until([&] { return house.all_delivered(3); }, 30s));
  EXPECT_EQ(send_linhu(house, linhu_body("PC-3", "accept")).state, "stored");
  EXPECT_TRUE(wait_until([&] { return house.all_delivered(4); }, 30s)) << "nothing was dropped, nothing doubled";
}

} // namespace
} // namespace tongqu::whole
