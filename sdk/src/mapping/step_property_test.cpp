#include <gtest/gtest.h>
#include <random>

#include "mapping/date_pattern.hpp"
#include "mapping/step_test_support.hpp"
#include "mapping/text_pattern.hpp"
#include "mapping/written_number.hpp"
#include "tongqu/base/bytes.hpp"

/// Laws that hold for whatever a pack author writes and whatever a message holds. Every failure prints what it needs to be seen again.
namespace tongqu::mapping::test {
namespace {

using detail::DatePattern;
using detail::TextPattern;
using Random = std::mt19937;

constexpr std::int16_t kZone = 480;

template <class T>
const T& pick(Random& random, const std::vector<T>& list) {
  return list[random() % list.size()];
}

model::Time random_time(Random& random) {
  model::Time time;
  time.precision = static_cast<model::Time::Precision>(random() % 5);
  time.year = static_cast<std::int16_t>(1 + random() % 9999);
  time.month = static_cast<std::int8_t>(1 + random() % 12);
  const bool day = time.precision >= model::Time::Precision::day;
  time.day = day ? static_cast<std::int8_t>(1 + random() % 28) : std::int8_t{1};
  if (!time.has_clock()) return time;
  time.hour = static_cast<std::int8_t>(random() % 24);
  time.minute = static_cast<std::int8_t>(random() % 60);
  if (time.precision >= model::Time::Precision::second) time.second = static_cast<std::int8_t>(random() % 60);
  if (time.precision == model::Time::Precision::millisecond) time.millisecond = static_cast<std::int16_t>(random() % 1000);
  time.offset_minutes = kZone;
  return time;
}

std::string random_pattern(Random& random) {
  static const std::vector<std::string> dates = {"yyyy-MM-dd", "yyyy/M/d",   "yyyyMMdd",     "yyyy年M月d日", "cy年cM月cd日", "M/d/yyyy", "d/M/yyyy",         "dd MMM yyyy",
                                                 "yyyy-MM",    "yyyy.MM.dd", "yyyy年[cM月]MM", "yyyyddMM",     "yyyyMM",       "yy-MM-dd", "yyyy-MM-dd EEEE", "EEE yyyyMMdd"};
  static const std::vector<std::string> clocks = {"",           " HH:mm:ss",      "THH:mm:ss.SSS",      " H:m",      "HHmmss",        "[ HH:mm]",      "[ HH:mm[:ss[.SSS]]]",
                                                  " ah:mm[:ss]", " acH时cm分",      "[THH:mm:ssXXX]",     " HH:mmXX",  "THH:mm:ss.fXXX", " ach时[cm分]", "HHmmssSSS",     "THH:mm:ss'Z'",  "THH:mm:ssXXX"};
  return pick(random, dates) + pick(random, clocks);
}

// What a pattern writes it reads again, as precise as it wrote it.
TEST(DatePatternLaws, reading_undoes_writing) {
  Random random(1);
  int written = 0;
  for (int i = 0; i < 6000; ++i) {
    std::string problem;
    const std::string text = random_pattern(random);
    const auto pattern = DatePattern::compile(text, problem, 2000);
    if (!pattern) continue;
    const model::Time time = random_time(random);
    std::string out;
    if (!pattern->write(time, out)) continue;
    ++written;
    const auto back = pattern->read(out, kZone);
    ASSERT_TRUE(back) << text << " wrote " << out;
    std::string again;
    ASSERT_TRUE(pattern->write(*back, again)) << text << " wrote " << out;
    EXPECT_EQ(again, out) << text;
    EXPECT_EQ(back->year, time.year) << text << " " << out;
    EXPECT_EQ(back->month, time.month) << text << " " << out;
  }
  EXPECT_GT(written, 1500);
}

// Two patterns that the compiler lets stand side by side never read one text differently.
TEST(DatePatternLaws, patterns_that_may_stand_together_agree) {
  Random random(2);
  int read_by_both = 0;
  for (int i = 0; i < 6000; ++i) {
    std::string problem;
    const std::string first = random_pattern(random), second = random_pattern(random);
    const auto a = DatePattern::compile(first, problem, 2000);
    const auto b = DatePattern::compile(second, problem, 2000);
    if (!a || !b || DatePattern::ambiguous(*a, *b)) continue;
    std::string out;
    if (!a->write(random_time(random), out)) continue;
    const auto one = a->read(out, kZone), other = b->read(out, kZone);
    if (!one || !other) continue;
    ++read_by_both;
    EXPECT_EQ(one->text(), other->text()) << first << " | " << second << " on " << out;
  }
  EXPECT_GT(read_by_both, 6);
}

TEST(DatePatternLaws, no_pattern_and_no_text_does_harm) {
  static const std::vector<std::string> pieces = {"yyyy", "yy", "MM", "M", "MMM", "dd", "d", "HH", "H", "hh", "h", "mm", "m", "ss", "s", "SSS", "f", "a", "cy", "cM", "cd", "cH", "[", "]", "-", "年",
                                                  "'", "''", "T", "Z", "XXX", "XX", "EEE", "EEEE", " ", "c", "x", "9", ""};
  static const std::vector<std::string> texts = {"", "2099", "-", "05", "年", "二〇九九", "十二", "上午", "PM", "Z", "+08:00", "+0800", "24:00", ".123", "\xFF", "Mar", "星期五", "99999999999999", "零"};
  Random random(3);
  for (int i = 0; i < 6000; ++i) {
    std::string pattern, text, problem;
    for (std::size_t n = random() % 14; n > 0; --n) pattern += pick(random, pieces);
    for (std::size_t n = random() % 8; n > 0; --n) text += pick(random, texts);
    const auto compiled = DatePattern::compile(pattern, problem, 1950);
    EXPECT_EQ(compiled.has_value(), problem.empty()) << pattern;
    if (!compiled) continue;
    const auto time = compiled->read(text, kZone);
    if (time) { EXPECT_TRUE(time->check()) << pattern << " on " << text; }
  }
}

TEST(TextPatternLaws, no_pattern_and_no_text_does_harm) {
  static const std::vector<std::string> pieces = {"a", "b", "中", ".", "*", "+", "?", "{2}", "{1,3}", "{0}", "{", "}", "(", ")", "(?:", "(?<n>", "[", "]", "[^", "-", "|", "^", "$", "\\d", "\\p{Han}", "\\", "\xFF"};
  static const std::vector<std::string> texts = {"a", "b", "中", "\n", "1", "\xFF", "\xE4\xB8", "ab", ""};
  Random random(4);
  int good = 0;
  for (int i = 0; i < 10000; ++i) {
    std::string pattern, text, problem;
    for (std::size_t n = random() % 10; n > 0; --n) pattern += pick(random, pieces);
    for (std::size_t n = random() % 10; n > 0; --n) text += pick(random, texts);
    for (const bool small : {false, true}) {
      const auto compiled = small ? TextPattern::compile_small(pattern, problem) : TextPattern::compile(pattern, problem);
      if (!compiled) continue;
      ++good;
      TextPattern::Groups groups;
      const bool whole = compiled->whole(text, &groups) == TextPattern::Answer::yes;
      // With and without groups the answer is one; what fits as a whole is found too.
      EXPECT_EQ(compiled->whole(text) == TextPattern::Answer::yes, whole) << pattern << " on " << text;
      if (whole) { EXPECT_EQ(compiled->search(text), TextPattern::Answer::yes) << pattern << " on " << text; }
    }
  }
  EXPECT_GT(good, 1500);
}

// Arguments of every shape give a step or a mistake, and what is compiled runs.
TEST(StepLaws, every_step_takes_or_refuses_every_argument) {
  static const std::vector<std::string> arguments = {"",      "yes",        "\"\"",         "0",     "-1",          "99999999999999999999", "[]",     "[a]",          "[[1], [2]]", "[1, 2]",
                                                     "{}",    "{a: b}",     "{chars: 3}",   "wide",  "{unit: s}",   "{pattern: a}",         "[\"\"]", "{by: \"\"}",   "\"(\"",      "{bare: 元}",
                                                     "1900",  "{n: 1}",     "{from: 1}",    "json",  "{class: []}", "{repair: []}",         "sm3",    "{words: [a]}", "yyyy-MM-dd", "{patterns: {}}",
                                                     "[{a: b}]", "{\"\": \"\"}", "{from: {}}", "{class: {a: b}}", "{else: absent}", "{cut: []}", "{\"*\": \"{x}\"}", "[yyyy, {}]"};
  for (const auto& row : detail::step_registry()) {
    for (const std::string& argument : arguments) {
      const std::string via = "[{" + std::string(row.name) + ": " + argument + "}]";
      for (const char* text : {"", "12", "青岚", "2099-01-05"}) {
        const StepRun result = run_steps(via, text);
        EXPECT_TRUE(is_utf8(result.shown) || row.gives == detail::ValueType::bytes) << via;
        if (result.shown == "mistake" || result.shown == "type") break;
      }
    }
  }
}

// Numbers beyond what a machine word holds keep every digit, also through words and scales.
TEST(NumberLaws, no_digit_is_lost) {
  Random random(5);
  for (int i = 0; i < 3000; ++i) {
    std::string digits(1, static_cast<char>('1' + random() % 9));
    for (std::size_t n = random() % 30; n > 0; --n) digits += static_cast<char>('0' + random() % 10);
    const int places = static_cast<int>(random() % 25) - 12;
    EXPECT_EQ(*model::normal_decimal(detail::shift_decimal(detail::shift_decimal(digits, places), -places)), digits);
    const auto read = detail::read_number(digits, {"", true, true});
    ASSERT_TRUE(read) << digits;
    EXPECT_EQ(read->value, digits);
    EXPECT_FALSE(read->written);
    const auto big = detail::read_number(digits + "万", {"", true, false});
    ASSERT_TRUE(big) << digits;
    EXPECT_EQ(big->value, digits + "0000");
  }
}

/// The one step of a `via` list.
detail::Steps compiled(const std::string& via) {
  using namespace detail;
  static const YamlNode kNone;
  const auto root = wire::parse_yaml("via: " + via);
  Findings found;
  const Mistakes mistakes(found, "step");
  const YamlNode& item = root->find("via")->items.front();
  StepBuild build{mistakes, "step", kZone, nullptr};
  Steps steps;
  steps.push_back(item.is_scalar() ? compile_step(item, kNone, build) : compile_step(item.members[0].first, item.members[0].second, build));
  return steps;
}

/// A step that is not run must be one that would have changed nothing and said nothing.
TEST(StepLaws, steps_told_idle_would_leave_the_text_as_it_is) {
  const std::vector<std::string> pieces = {"a", "z", "A", "Z", "m", "M", "0", "9", "@", "[", "`", "{", " ", "\t", "\n", "\r", "\x1f", "\x7f", "中", "无", "（", "Ａ", "０", "　",
                                           "\xC2\xA0", "\xE2\x80\x8B", "é", "鿿", "\xEE\x80\x80"};
  for (const char* via : {"[{trim: wide}]", "[{trim: ascii}]", "[{null_if: [\"\", 无, /, AZ]}]", "[{fold: [digits, latin, punct]}]", "[upper]", "[lower]"}) {
    const detail::Steps steps = compiled(via);
    ASSERT_TRUE(steps.front()) << via;
    Random random(20261130);
    int idle = 0, other = 0;
    for (int i = 0; i < 4000; ++i) {
      std::string text;
      for (std::size_t left = random() % 20; left > 0; --left) text += random() % 3 == 0 ? pick(random, pieces) : std::string(1, static_cast<char>('0' + random() % 10));
      ASSERT_EQ(detail::IdleSteps(steps).count(steps, text), detail::idle_steps(steps, text)) << via << " " << text;
      if (detail::idle_steps(steps, text) == 0) {
        ++other;
        continue;
      }
      ++idle;
      const StepRun run = run_steps(via, text);
      EXPECT_EQ(run.shown, text) << via;
      EXPECT_FALSE(run.value.changed()) << via << " " << text;
      EXPECT_EQ(run.notes, "") << via << " " << text;
    }
    EXPECT_GT(idle, 100) << via;
    EXPECT_GT(other, 50) << via;
  }
}

} // namespace
} // namespace tongqu::mapping::test
