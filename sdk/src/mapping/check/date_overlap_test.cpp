#include <gtest/gtest.h>

#include "mapping/check/date_overlap.hpp"

namespace tongqu::mapping::detail {
namespace {

DatePattern pattern(const std::string& text) {
  std::string problem;
  auto made = DatePattern::compile(text, problem);
  EXPECT_TRUE(made) << text << ": " << problem;
  return *made;
}

/// The example of two patterns, after seeing that both really read it as different times; empty when they do not overlap.
std::string overlap(const std::string& a, const std::string& b, std::int16_t zone = 480) {
  const DatePattern first = pattern(a), second = pattern(b);
  const DateOverlap::Result result = DateOverlap::of(first, second, zone);
  EXPECT_EQ(result.found, !result.example.empty());
  if (!result.found) return {};
  const auto x = first.read(result.example, zone), y = second.read(result.example, zone);
  EXPECT_TRUE(x && y) << result.example;
  EXPECT_FALSE(x && y && *x == *y) << result.example;
  EXPECT_TRUE(DateOverlap::of(second, first, zone).found) << "the same the other way round";
  return result.example;
}

TEST(DateOverlap, day_and_month_that_change_places) {
  EXPECT_NE(overlap("yyyy/M/d", "yyyy/d/M"), "");
  EXPECT_NE(overlap("yyyyMMdd", "yyyyddMM"), "");
  EXPECT_NE(overlap("yyyy-MM-dd", "yyyy-dd-MM"), "");
  EXPECT_NE(overlap("MM/dd/yyyy", "dd/MM/yyyy"), "");
  EXPECT_NE(overlap("yyyyMMdd", "ddMMyyyy"), "");
  EXPECT_NE(overlap("yyyyMMddHHmm", "yyyyMMddmmHH"), "");
}

TEST(DateOverlap, patterns_of_different_texts) {
  EXPECT_EQ(overlap("yyyy/M/d", "yyyy-M-d"), "");
  EXPECT_EQ(overlap("yyyy-MM-dd", "yyyy-MM-dd HH:mm[:ss]"), "");
  EXPECT_EQ(overlap("yyyyMMdd", "yyyyMMddHHmmss"), "");
  EXPECT_EQ(overlap("yyyy年M月d日", "yyyy年M月d日 H时m分"), "");
  EXPECT_EQ(overlap("yyyy-MM-dd ah:mm", "yyyy-MM-dd H:mm"), "");
}

TEST(DateOverlap, patterns_that_read_the_same_text_as_the_same_time) {
  EXPECT_EQ(overlap("yyyy/M/d H:m", "yyyy/MM/dd HH:mm"), "");
  EXPECT_EQ(overlap("yyyy-MM-dd[ HH:mm]", "yyyy-MM-dd HH:mm"), "");
}

TEST(DateOverlap, signs_written_into_a_pattern_are_compared_with_what_the_other_reads_there) {
  EXPECT_EQ(overlap("yyyy-MM-dd HH:mm'+08:00'", "yyyy-MM-dd HH:mmXXX", 480), "") << "the zone of the mapping is the one written there";
  EXPECT_NE(overlap("yyyy-MM-dd HH:mm'+08:00'", "yyyy-MM-dd HH:mmXXX", 0), "");
  EXPECT_NE(overlap("yyyy-MM-dd HH:mm'Z'", "yyyy-MM-dd HH:mmXXX", 480), "");
  EXPECT_NE(overlap("yyyy-MM-dd '下午'H:mm", "yyyy-MM-dd ah:mm"), "");
  EXPECT_EQ(overlap("yyyy-MM-dd '上午'H:mm", "yyyy-MM-dd ah:mm"), "") << "before noon both clocks show the same hour";
  EXPECT_EQ(overlap("yyyy-MM'-31'", "yyyy-MM-dd"), "2104-01-31");
  EXPECT_EQ(overlap("yyyy-MM'-32'", "yyyy-MM-dd"), "") << "no day 32";
}

TEST(DateOverlap, a_pattern_that_an_earlier_one_reads_whole) {
  EXPECT_TRUE(DateOverlap::covers(pattern("yyyy-M-d"), pattern("yyyy-MM-dd")));
  EXPECT_FALSE(DateOverlap::covers(pattern("yyyy-MM-dd"), pattern("yyyy-M-d")));
  EXPECT_TRUE(DateOverlap::covers(pattern("yyyy-MM-dd[ HH:mm]"), pattern("yyyy-MM-dd HH:mm")));
  EXPECT_FALSE(DateOverlap::covers(pattern("yyyy-MM-dd HH:mm"), pattern("yyyy-MM-dd[ HH:mm]")));
}

} // namespace
} // namespace tongqu::mapping::detail
