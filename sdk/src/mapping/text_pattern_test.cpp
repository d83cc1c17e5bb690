#include "mapping/text_pattern.hpp"

#include <gtest/gtest.h>

#include "mapping/step_test_support.hpp"

namespace tongqu::mapping::detail {
namespace {

std::string shown(TextPattern::Answer answer, const TextPattern::Groups& groups, bool with_whole) {
  if (answer != TextPattern::Answer::yes) return answer == TextPattern::Answer::no ? "no" : "too much";
  std::string text = "yes";
  for (std::size_t i = 1; i < groups.size(); ++i) text += "<" + (groups[i].data() == nullptr ? "-" : std::string(groups[i])) + ">";
  return with_whole ? text + "@" + std::string(groups[0]) : text;
}

std::string whole(const std::string& pattern, std::string_view text) {
  std::string problem;
  const auto compiled = TextPattern::compile(pattern, problem);
  if (!compiled) return "pattern: " + problem;
  TextPattern::Groups groups;
  const auto answer = compiled->whole(text, &groups);
  return shown(answer, groups, false);
}

std::string small(const std::string& pattern, std::string_view text) {
  std::string problem;
  const auto compiled = TextPattern::compile_small(pattern, problem);
  if (!compiled) return "pattern: " + problem;
  TextPattern::Groups groups;
  const auto answer = compiled->whole(text, &groups);
  return shown(answer, groups, false);
}

// Python's re says the same for 400 random patterns and texts (testdata/make_vectors.py).
TEST(TextPattern, agrees_with_python) {
  const auto rows = test::vectors("patterns.tsv");
  ASSERT_GT(rows.size(), 300u);
  for (const auto& row : rows) {
    ASSERT_EQ(row.size(), 4u);
    std::string problem;
    const auto compiled = TextPattern::compile(row[1], problem);
    ASSERT_TRUE(compiled) << row[1] << " " << problem;
    TextPattern::Groups groups;
    const bool search = row[0] == "search";
    const auto answer = search ? compiled->search(row[2], &groups) : compiled->whole(row[2], &groups);
    EXPECT_EQ(shown(answer, groups, search), row[3]) << row[0] << " " << row[1] << " on " << row[2];
  }
}

TEST(TextPattern, works_on_characters_not_bytes) {
  EXPECT_EQ(whole(".", "中"), "yes");
  EXPECT_EQ(whole("[一-龥]{2}", "青岚"), "yes");
  EXPECT_EQ(whole("\\p{Han}+", "青岚𫘝"), "yes");
  EXPECT_EQ(whole("\\p{Han}+", "青岚a"), "no");
  EXPECT_EQ(whole("\\s", "\xE3\x80\x80"), "yes");
  EXPECT_EQ(whole("[^\\d]", "１"), "yes");
  EXPECT_EQ(whole("(?<year>\\d{4})年", "2099年"), "yes<2099>");
}

TEST(TextPattern, anchors_and_empty_texts) {
  EXPECT_EQ(whole("^a$", "a"), "yes");
  EXPECT_EQ(whole("a^b", "ab"), "no");
  EXPECT_EQ(whole("", ""), "yes");
  EXPECT_EQ(whole("a*", ""), "yes");
  EXPECT_EQ(whole("()", std::string_view()), "yes<>");
}

TEST(TextPattern, refuses_what_it_does_not_know) {
  for (const std::string bad : {"(", ")", "a)", "[a", "*a", "a**", "a{3,2}", "a{2001}", "(?=a)", "(?<!a)", "\\1", "\\b", "a{", "[z-a]", "(?<a>x)(?<a>y)", "\\p{Lu}", "]", "\\"}) {
    EXPECT_EQ(whole(bad, "a").substr(0, 8), "pattern:") << bad;
  }
}

TEST(TextPattern, bounds_what_a_pattern_may_cost) {
  EXPECT_EQ(whole("((a{100}){100}){100}", "a").substr(0, 8), "pattern:");
  EXPECT_EQ(whole(std::string(3000, 'a'), "a").substr(0, 8), "pattern:");
  std::string deep = "a";
  for (int i = 0; i < 60; ++i) deep = "(?:" + deep + ")";
  EXPECT_EQ(whole(deep, "a").substr(0, 8), "pattern:");
  std::string bars = "a";
  for (int i = 0; i < 500; ++i) bars += "|a";
  EXPECT_EQ(whole(bars, "a").substr(0, 8), "pattern:");
  // A program of 3500 places over a text of 8 MiB would be 28 * 10^9 steps.
  EXPECT_EQ(whole("(?:a|b){700}c", std::string(8u << 20, 'a')), "too much");
}

// Each of these takes 2^40 steps and more in an engine that goes back.
TEST(TextPattern, attacks_stay_linear) {
  const std::string text = std::string(20000, 'a') + "!";
  for (const std::string pattern : {"(a|a)*", "(a*)*", "(a+)+", "(a|aa)+", "(.*)*x", "(a?){50}a{50}", "(((a+)+)+)+"}) {
    EXPECT_EQ(whole(pattern, text), "no") << pattern;
  }
}

TEST(TextPattern, small_patterns_capture_by_name) {
  EXPECT_EQ(small("{n}个工作日", "15个工作日"), "yes<15>");
  EXPECT_EQ(small("{n:digits}个工作日", "约15个工作日"), "no");
  EXPECT_EQ(small("{n:number}(天)", "1.5(天)"), "yes<1.5>");
  EXPECT_EQ(small("*自然日*", "按自然日计"), "yes");
  EXPECT_EQ(small("第?批", "第三批"), "yes");
  EXPECT_EQ(small("\\*", "*"), "yes");
  EXPECT_EQ(small("\\*", "a"), "no");
  EXPECT_EQ(small("a.b", "axb"), "no");
  EXPECT_EQ(small("{n:word}", "a").substr(0, 8), "pattern:");
  EXPECT_EQ(small("{n", "a").substr(0, 8), "pattern:");
}

} // namespace
} // namespace tongqu::mapping::detail
