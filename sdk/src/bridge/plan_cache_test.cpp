#include "bridge/plan_cache.hpp"

#include <gtest/gtest.h>

namespace tongqu::bridge::detail {
namespace {

using std::chrono::seconds;

std::vector<mapping::OutMessage> plan(std::string body) { return {{"accept", "id", std::move(body), {}}}; }

TEST(PlanCache, gives_a_plan_to_the_target_it_was_made_for_and_only_once) {
  PlanCache cache;
  cache.put("M1", "province", plan("p"), MonoTime{});
  cache.put("M1", "nation", plan("n"), MonoTime{});
  EXPECT_FALSE(cache.take("M2", "province"));
  const auto taken = cache.take("M1", "province");
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->front().body, "p");
  EXPECT_FALSE(cache.take("M1", "province"));
  EXPECT_EQ(cache.take("M1", "nation")->front().body, "n");
  EXPECT_EQ(cache.bytes(), 0u);
}

TEST(PlanCache, keeps_the_older_plans_when_it_is_full_and_never_more_than_its_bound) {
  PlanCache cache(10'000);
  for (int i = 0; i < 100; ++i) {
    cache.put("M" + std::to_string(i), "province", plan(std::string(1000, 'x')), MonoTime{});
    EXPECT_LE(cache.bytes(), 10'000u);
  }
  EXPECT_TRUE(cache.take("M0", "province"));
  EXPECT_FALSE(cache.take("M99", "province"));
  cache.put("M100", "province", plan(std::string(1000, 'x')), MonoTime{});
  EXPECT_TRUE(cache.take("M100", "province"));
}

TEST(PlanCache, forgets_what_nobody_came_for) {
  PlanCache cache(2'000);
  cache.put("old", "province", plan(std::string(1500, 'x')), MonoTime{});
  cache.put("new", "province", plan(std::string(1500, 'x')), MonoTime{} + seconds(60));
  EXPECT_FALSE(cache.take("old", "province"));
  EXPECT_TRUE(cache.take("new", "province"));
}

TEST(PlanCache, does_not_replace_a_plan_by_another_of_the_same_message) {
  PlanCache cache;
  cache.put("M1", "province", plan("first"), MonoTime{});
  cache.put("M1", "province", plan("second"), MonoTime{});
  EXPECT_EQ(cache.take("M1", "province")->front().body, "first");
  EXPECT_EQ(cache.bytes(), 0u);
}

} // namespace
} // namespace tongqu::bridge::detail
