#include <gtest/gtest.h>

#include "mapping/check/condition.hpp"

namespace tongqu::mapping::detail {
namespace {

Truth read(std::string_view text) { return read_condition(text, [](std::string_view name) { return std::string(name); }); }
bool may(const std::string& text, const Knowledge& known = {}) { return can_hold(read(text), known) == Answer3::yes; }

TEST(Condition, comparisons_that_exclude_each_other) {
  EXPECT_TRUE(may("a == \"1\" and b == \"2\""));
  EXPECT_FALSE(may("a == \"1\" and a == \"2\""));
  EXPECT_FALSE(may("a in [\"1\", \"2\"] and a == \"3\""));
  EXPECT_TRUE(may("a in [\"1\", \"2\"] and a != \"1\""));
  EXPECT_FALSE(may("a in [\"1\", \"2\"] and a != \"1\" and not (a == \"2\")"));
  EXPECT_FALSE(may("a == \"1\" and not present(a)"));
  EXPECT_TRUE(may("a != \"1\" and not present(a)")) << "an absent value equals nothing";
  EXPECT_FALSE(may("(a == \"x\" or b == \"x\") and a != \"x\" and b != \"x\""));
}

TEST(Condition, beginnings_are_judged_where_the_text_is_known) {
  EXPECT_FALSE(may("a == \"SL01\" and a starts_with \"BJ\""));
  EXPECT_TRUE(may("a == \"SL01\" and a starts_with \"SL\""));
  EXPECT_FALSE(may("a == \"SL01\" and a contains \"2\""));
  EXPECT_TRUE(may("a starts_with \"SL\" and a != \"SL\""));
  EXPECT_FALSE(may("a starts_with \"SL\" and not present(a)"));
}

TEST(Condition, what_is_known_of_a_name_counts) {
  Knowledge known;
  known["a"] = Domain::just("1");
  EXPECT_FALSE(may("a == \"2\"", known));
  EXPECT_FALSE(may("a != \"1\"", known));
  EXPECT_FALSE(may("not present(a)", known));
  known["a"] = Domain::nothing();
  EXPECT_FALSE(may("present(a)", known));
  EXPECT_TRUE(may("a != \"1\"", known));
  known["a"] = {true, true, std::set<std::string>{"1"}};
  EXPECT_FALSE(may("a == \"2\"", known));
  EXPECT_TRUE(may("a != \"1\" and present(a)", known)) << "texts that no condition names are still possible";
}

TEST(Condition, what_the_reader_does_not_know_may_be_either) {
  EXPECT_FALSE(is_known(read("days(a) > 3")));
  EXPECT_TRUE(may("days(a) > 3"));
  EXPECT_EQ(can_hold(negated(read("days(a) > 3")), {}), Answer3::yes);
  EXPECT_FALSE(is_known(read("a == ")));
  EXPECT_FALSE(is_known(read(std::string(100, '('))));
}

TEST(Condition, the_whole_language_is_read_and_only_what_is_not_known_is_left_open) {
  EXPECT_FALSE(may("\"1\" == a and a == \"2\"")) << "a literal may stand on the left";
  EXPECT_FALSE(may("days($acceptance.accepted_at, $acceptance.accepted_at) > 3 and a == \"1\" and a == \"2\"")) << "one part that is not known hides the others no more";
  EXPECT_TRUE(may("days($acceptance.accepted_at, $acceptance.accepted_at) > 3 and a == \"1\""));
  EXPECT_FALSE(may("filled(a) and not present(a)"));
  EXPECT_FALSE(may("absent(a) and a == \"1\""));
  EXPECT_TRUE(may("not absent(a) and not present(a)")) << "it may be nil";
  EXPECT_FALSE(may("empty(a) and absent(a)"));
  EXPECT_FALSE(may("$fee.charged == \"true\" and $fee.charged != \"true\""));
  EXPECT_FALSE(may("false and a == \"1\""));
  EXPECT_TRUE(may("a ends_with \"1\" and a == \"2\"")) << "ends_with is left open";
  EXPECT_TRUE(may("any(list, a == \"1\") and a == \"2\"")) << "names inside a list are those of its elements";
  EXPECT_TRUE(may("$applied_at >= \"2149-03-05\" and a == \"1\""));
  EXPECT_FALSE(is_known(read("a"))) << "a text is no condition";
}

TEST(Condition, too_many_combinations_are_left_undecided) {
  std::string text = "a0 == \"0\"";
  for (int i = 1; i < 24; ++i) text += " and a" + std::to_string(i) + " == \"1\"";
  EXPECT_EQ(can_hold(read(text), {}), Answer3::unknown);
}

} // namespace
} // namespace tongqu::mapping::detail
