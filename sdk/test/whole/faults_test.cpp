#include <gtest/gtest.h>

#include "sdk/test/whole/senders.hpp"

/// Platforms that fail before, in the middle of and after their commit: every message ends delivered exactly once, or with a person.
namespace tongqu::whole {
namespace {

using journal::DeliveryState;

struct Failure {
  std::string name, platform, plan;
  bool unknown = false;    ///< The answer does not tell what became of the message.
};
void PrintTo(const Failure& failure, std::ostream* out) { *out << failure.name; }

class Faults : public testing::TestWithParam<Failure> {};

TEST_P(Faults, end_delivered_exactly_once) {
  const Failure& failure = GetParam();
  HouseOptions options;
  options.platform_extra = ", total_timeout_ms: 250";
  House house(options);
  house.open();
  house.plant(failure.platform, failure.plan);
  const Told first = send_qinglan(house, qinglan_body("FL-1", "accept"));
  ASSERT_EQ(first.state, "stored");
  ASSERT_EQ(send_qinglan(house, qinglan_body("FL-1", "process")).state, "stored");
  ASSERT_EQ(send_linhu(house, linhu_body("FL-2", "accept")).state, "stored");
  EXPECT_TRUE(wait_until([&] { return house.all_delivered(3); })) << house.states(first.message_id) << "\n" << house.log();
  for (const char* name : {"province", "nation"}) {
    const auto report = house.platform(name);
    EXPECT_EQ(report.effects, 3u) << name;
    EXPECT_TRUE(report.doubled.empty()) << name;
    EXPECT_EQ(report.duplicates, 0u) << name << ": an unknown outcome is asked for, not sent again";
  }
  EXPECT_EQ(house.log().find("state=unknown") != std::string::npos, failure.unknown) << house.log();
  EXPECT_TRUE(house.verify().ok());
}

INSTANTIATE_TEST_SUITE_P(OfPlatforms, Faults, testing::Values(
    Failure{"error_before", "province", "error_before_commit", true},       // Nobody can tell a 500 before from one after.
    Failure{"error_after", "province", "error_after_commit", true},
    Failure{"code_9999", "province", "internal_after_commit", true},
    Failure{"hang", "province", "hang_after_commit:ms=0", true},
    Failure{"cut", "province", "cut_answer", true},
    Failure{"wrong_id", "province", "wrong_id", true},
    Failure{"wrong_digest", "province", "wrong_digest", true},
    Failure{"redirect", "province", "redirect", true},
    Failure{"login_page", "province", "login_page", true},
    Failure{"busy", "province", "busy", false},
    Failure{"close_delimited", "province", "close_delimited", false},
    Failure{"error_after_at_nation", "nation", "error_after_commit", true},
    Failure{"hang_at_nation", "nation", "hang_after_commit:ms=0", true},
    Failure{"cut_at_nation", "nation", "cut_answer", true},
    Failure{"wrong_id_at_nation", "nation", "wrong_id", true},
    Failure{"secret_expired", "nation", "secret_expired", false},
    Failure{"many", "province", "error_after_commit:every=2:first=2\ncut_answer:every=3:first=1\nbusy:every=5:first=1", true}),
    [](const auto& one) { return one.param.name; });

TEST(OfPlatforms, too_many_requests_is_obeyed_for_as_long_as_the_platform_says) {
  House house;
  house.open();
  house.plant("province", "too_many");
  const auto started = std::chrono::steady_clock::now();
  ASSERT_EQ(send_qinglan(house, qinglan_body("FL-1", "accept")).state, "stored");
  EXPECT_TRUE(wait_until([&] { return house.all_delivered(1); }));
  // The sandbox says one second; the back-off of this house is 20 ms.
  EXPECT_GE(std::chrono::steady_clock::now() - started, 990ms);
  EXPECT_EQ(house.platform("province").effects, 1u);
}

TEST(OfPlatforms, a_secret_that_ends_all_the_time_is_refreshed_by_one) {
  HouseOptions options;
  options.secret_life = std::chrono::seconds(1);
  House house(options);
  house.open();
  for (int i = 0; i < 8; ++i) {
    ASSERT_EQ(send_qinglan(house, qinglan_body("FL-" + std::to_string(i), "accept")).state, "stored");
    std::this_thread::sleep_for(160ms);
  }
  EXPECT_TRUE(wait_until([&] { return house.all_delivered(8); }));
  EXPECT_EQ(house.platform("nation").effects, 8u);
  EXPECT_EQ(house.log().find("state=unknown"), std::string::npos);
}

TEST(OfPlatforms, a_platform_that_recognises_ids_but_cannot_be_asked_gets_the_same_id_again) {
  HouseOptions options;
  options.guarantee = ", queryable: no";
  House house(options);
  house.open();
  house.plant("province", "error_after_commit");
  ASSERT_EQ(send_qinglan(house, qinglan_body("FL-1", "accept")).state, "stored");
  EXPECT_TRUE(wait_until([&] { return house.all_delivered(1); }));
  EXPECT_EQ(house.platform("province").effects, 1u);
  EXPECT_EQ(house.platform("province").duplicates, 1u);
}

TEST(OfPlatforms, a_platform_that_doubles_is_asked_and_never_sent_to_twice) {
  HouseOptions options;
  options.province = sandbox::Character::queryable;
  options.guarantee = ", deduplicates: no";
  House house(options);
  house.open();
  house.plant("province", "error_after_commit:every=2:first=3\ncut_answer:every=3:first=2\nerror_before_commit:every=7:first=1");
  for (int i = 0; i < 10; ++i) ASSERT_EQ(send_qinglan(house, qinglan_body("FL-" + std::to_string(i), "accept")).state, "stored");
  EXPECT_TRUE(wait_until([&] { return house.all_delivered(10); }));
  EXPECT_EQ(house.platform("province").effects, 10u);
  EXPECT_TRUE(house.platform("province").doubled.empty());
}

/// Where neither helps, only a person may say what became of it.
TEST(OfPlatforms, an_outcome_that_nobody_can_tell_waits_for_a_person) {
  HouseOptions options;
  options.province = sandbox::Character::neither;
  options.guarantee = ", deduplicates: no, queryable: no";
  House house(options);
  house.open();
  house.plant("province", "error_after_commit:every=1:first=1\nerror_before_commit:every=2:first=1");
  const Told done = send_qinglan(house, qinglan_body("FL-1", "accept"));
  ASSERT_TRUE(wait_until([&] { return house.log().find("state=unknown") != std::string::npos; }));
  const Told lost = send_qinglan(house, qinglan_body("FL-2", "accept"));
  const auto stuck = [&] { return house.counts().by_state[static_cast<int>(DeliveryState::unknown)] == 2; };
  ASSERT_TRUE(wait_until(stuck));
  std::this_thread::sleep_for(200ms);
  EXPECT_TRUE(stuck());
  EXPECT_EQ(house.platform("province").effects, 1u) << "nothing is sent again on a guess";

  const auto delivery_of = [&](const Told& told) {
    const auto view = house.store()->message(told.message_id);
    for (const auto& one : (*view)->deliveries) {
      if (one.target == "province") return std::to_string(one.delivery);
    }
    return std::string("0");
  };
  const std::string resolve = R"({"cmd":"resolve","reason":"asked by telephone","delivery":)";
  EXPECT_NE(house.control(resolve + delivery_of(done) + R"(,"as":"delivered","preview":true})").find("would_move"), std::string::npos);
  EXPECT_TRUE(stuck()) << "a preview changes nothing";
  EXPECT_NE(house.control(resolve + delivery_of(done) + R"(,"as":"delivered"})").find(R"("ok":true)"), std::string::npos);
  EXPECT_NE(house.control(resolve + delivery_of(lost) + R"(,"as":"absent"})").find(R"("ok":true)"), std::string::npos);
  EXPECT_TRUE(wait_until([&] { return house.all_delivered(2); })) << house.states(done.message_id) << " / " << house.states(lost.message_id);
  EXPECT_EQ(house.platform("province").effects, 2u);
  EXPECT_TRUE(house.platform("province").doubled.empty());
  EXPECT_NE(house.control(resolve + delivery_of(lost) + R"(,"as":"absent"})").find("journal.illegal_move"), std::string::npos);
}

TEST(OfPlatforms, a_platform_that_is_down_opens_its_breaker_and_holds_up_nobody_else) {
  House house;
  house.open();
  house.plant("province", "busy:every=1");
  for (int i = 0; i < 20; ++i) ASSERT_EQ(send_qinglan(house, qinglan_body("FL-" + std::to_string(i), "accept")).state, "stored");
  EXPECT_TRUE(wait_until([&] { return house.platform("nation").effects == 20; }));
  EXPECT_EQ(house.platform("province").effects, 0u);
  house.plant("province", "error_before_commit:every=1");
  EXPECT_TRUE(wait_until([&] { return house.metric("tongqu_breaker_open{target=\"province\"}") == "1"; }));
  EXPECT_EQ(house.metric("tongqu_breaker_open{target=\"nation\"}"), "0");
  house.plant("province", "");
  EXPECT_TRUE(wait_until([&] { return house.all_delivered(20); }));
  EXPECT_TRUE(house.platform("province").doubled.empty());
  EXPECT_TRUE(wait_until([&] { return house.metric("tongqu_breaker_open{target=\"province\"}") == "0"; }));
}

} // namespace
} // namespace tongqu::whole
