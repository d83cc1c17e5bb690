#include "mapping/date_pattern.hpp"
#include "mapping/step_test_support.hpp"
#include "mapping/steps.hpp"

#include <gtest/gtest.h>

#include "tongqu/wire/yaml.hpp"

namespace tongqu::mapping::detail {
namespace {

/// Runs one step, given as YAML ("trim: wide"), over a text. The outcome in words when it is not ok, else the text.
struct StepResult { std::string text; Value value; };
StepResult run(const std::string& yaml, std::string_view input, ValueType type = ValueType::text) {
  static std::vector<std::unique_ptr<wire::Arena>> arenas;
  arenas.push_back(std::make_unique<wire::Arena>());
  const auto root = wire::parse_yaml(yaml);
  EXPECT_TRUE(root) << yaml;
  Findings found;
  const Mistakes mistakes(found, "step");
  StepBuild build{mistakes, "step", std::int16_t{480}, root->find("sentinels")};
  const auto step = compile_step(root->members[0].first, root->members[0].second, build);
  if (!step || found.error_count() != 0) return {"mistake", {}};
  StepResult result;
  result.value.start(input);
  result.value.type = type;
  switch (step->run(result.value, *arenas.back())) {
    case StepOutcome::ok: break;
    case StepOutcome::absent: return {"absent", {}};
    case StepOutcome::placeholder: return {"placeholder", {}};
    case StepOutcome::malformed: return {"malformed", {}};
    case StepOutcome::range: return {"range", {}};
  }
  if (step->gives == ValueType::time) result.text = result.value.unlimited ? "unlimited" : result.value.time.text();
  else if (step->gives == ValueType::text_list) for (const auto item : result.value.list) result.text += "<" + std::string(item) + ">";
  else result.text = result.value.text;
  return result;
}
std::string text_of(const std::string& yaml, std::string_view input) { return run(yaml, input).text; }

using test::run_via;

TEST(StepRegistry, every_example_gives_what_the_reference_says) {
  for (const StepRow& row : step_registry()) {
    EXPECT_EQ(run_via(row.doc.example, row.doc.input), row.doc.output) << row.name;
    EXPECT_FALSE(row.doc.en.empty() || row.doc.zh.empty()) << row.name;
    EXPECT_NE(row.doc.example.find(row.name), std::string_view::npos) << row.name;
  }
}

TEST(Steps, trim_takes_blanks_at_both_ends_and_wide_ones_when_asked) {
  EXPECT_EQ(text_of("trim: ascii", " \t a b\r\n"), "a b");
  EXPECT_EQ(text_of("trim: ascii", "\xE3\x80\x80 a"), "\xE3\x80\x80 a");
  EXPECT_EQ(text_of("trim: wide", "\xE3\x80\x80 \xE2\x80\x8B"  "a\xC2\xA0 \xEF\xBB\xBF"), "a");
  EXPECT_EQ(text_of("trim: wide", "\xE3\x80\x80"), "");
  EXPECT_TRUE(run("trim: wide", "\xE3\x80\x80"  "1").value.repaired);
  EXPECT_FALSE(run("trim: wide", " 1").value.repaired);
  EXPECT_EQ(text_of("trim: all", "a"), "mistake");
}

TEST(Steps, strip_removes_characters_everywhere) {
  EXPECT_EQ(text_of("strip: \"-·\"", "a-b·c-"), "abc");
  EXPECT_EQ(text_of("strip: \"-\"", "abc"), "abc");
  EXPECT_EQ(text_of("strip: \"\"", "abc"), "mistake");
}

TEST(Steps, fold_changes_only_the_named_classes) {
  EXPECT_EQ(text_of("fold: [digits]", "１１０Ｘ"), "110Ｘ");
  EXPECT_EQ(text_of("fold: [digits, latin]", "１１０Ｘｘ（"), "110Xx（");
  EXPECT_EQ(text_of("fold: [punct, space]", "（ａ）　："), "(ａ) :");
  EXPECT_EQ(text_of("fold: [digits]", "中文"), "中文");
  EXPECT_TRUE(run("fold: [digits]", "１").value.repaired);
  EXPECT_FALSE(run("fold: [digits]", "1中").value.repaired);
  EXPECT_EQ(text_of("fold: [kana]", "a"), "mistake");
}

TEST(Steps, null_if_matches_whole_texts_and_the_empty_one) {
  EXPECT_EQ(text_of("null_if: [无, /]", "无"), "placeholder");
  EXPECT_EQ(text_of("null_if: [无, /]", ""), "placeholder");
  EXPECT_EQ(text_of("null_if: [无, /]", "无锡"), "无锡");
}

TEST(Steps, case_lines_and_affixes) {
  EXPECT_EQ(text_of("upper: yes", "11a中x"), "11A中X");
  EXPECT_EQ(text_of("lower: yes", "ABc"), "abc");
  EXPECT_EQ(text_of("join_lines: yes", "甲 \r\n  乙\n丙"), "甲乙丙");
  EXPECT_EQ(text_of("join_lines: yes", " one line "), " one line ");
  EXPECT_EQ(text_of("prefix: QL", "17"), "QL17");
  EXPECT_EQ(text_of("suffix: 号", "17"), "17号");
}

TEST(Steps, split_drops_empty_items) {
  EXPECT_EQ(text_of("split: \"^\"", "3^5^^7^"), "<3><5><7>");
  EXPECT_EQ(text_of("split: \"||\"", "a||b|c"), "<a><b|c>");
  EXPECT_EQ(text_of("split: \"^\"", ""), "");
}

TEST(Steps, split_code_wants_the_whole_length) {
  EXPECT_EQ(text_of("split_code: [3, 2]", "12345"), "<123><45>");
  EXPECT_EQ(text_of("split_code: [1, 1]", "甲乙"), "<甲><乙>");
  EXPECT_EQ(text_of("split_code: [3, 2]", "1234"), "malformed");
  EXPECT_EQ(text_of("split_code: [3, 2]", "123456"), "malformed");
  EXPECT_EQ(text_of("split_code: [0]", "1"), "mistake");
}

TEST(Steps, substring_counts_characters_from_one) {
  EXPECT_EQ(text_of("substring: [2, 3]", "甲1乙2丙"), "1乙2");
  EXPECT_EQ(text_of("substring: [5, 2]", "12345"), "malformed");
}

TEST(Steps, numbers_are_exact) {
  EXPECT_EQ(text_of("decimal: yes", "0012.50"), "12.5");
  EXPECT_EQ(text_of("decimal: {grouping: \",\"}", "3,050.75"), "3050.75");
  EXPECT_EQ(text_of("decimal: {grouping: \",\"}", "1,234,567"), "1234567");
  EXPECT_EQ(text_of("decimal: {grouping: \",\"}", "3,05"), "malformed");
  EXPECT_EQ(text_of("decimal: {grouping: \",\"}", "3050,750"), "malformed");
  EXPECT_EQ(text_of("decimal: yes", "3,050"), "malformed");
  EXPECT_EQ(text_of("decimal: yes", "4.40112E+17"), "malformed");
  EXPECT_EQ(text_of("scale: 4", "3050.75"), "30507500");
  EXPECT_EQ(text_of("scale: 4", "0.00005"), "0.5");
  EXPECT_EQ(text_of("scale: -2", "-7"), "-0.07");
  EXPECT_EQ(text_of("scale: 2", "0"), "0");
  EXPECT_EQ(text_of("integer: yes", "007"), "007");
  EXPECT_EQ(text_of("integer: yes", "12.0"), "malformed");
  EXPECT_EQ(text_of("integer: yes", "-1"), "malformed");
  EXPECT_EQ(text_of("integer: yes", "1234567890123456789"), "malformed");
}

TEST(Steps, units_must_stand_at_the_end) {
  EXPECT_EQ(text_of("strip_unit: [元, 万元]", "3050.75 万元"), "3050.75");
  EXPECT_EQ(text_of("strip_unit: [万元]", "3050"), "malformed");
  EXPECT_EQ(text_of("strip_unit: [万元]", "万元"), "malformed");
  EXPECT_EQ(run("unit: working_day", "5", ValueType::decimal).value.unit, model::Quantity::Unit::working_day);
  EXPECT_EQ(text_of("unit: fortnight", "5"), "mistake");
}

TEST(Steps, base64_and_gbk_read_a_leaf) {
  // 欧阳 in GBK is C5 B7 D1 F4; both encodings of it come from iconv and base64.
  EXPECT_EQ(text_of("base64: yes", "xbfR9A=="), "\xC5\xB7\xD1\xF4");
  EXPECT_EQ(text_of("gbk: yes", "\xC5\xB7\xD1\xF4"), "欧阳");
  EXPECT_EQ(text_of("base64: yes", "xbfR9A="), "malformed");
  EXPECT_EQ(text_of("gbk: yes", "\xC5"), "malformed");
}

TEST(Steps, length_max_counts_as_told) {
  EXPECT_EQ(text_of("length_max: {chars: 2}", "欧阳"), "欧阳");
  EXPECT_EQ(text_of("length_max: {chars: 1}", "欧阳"), "range");
  EXPECT_EQ(text_of("length_max: {gbk: 4}", "欧阳"), "欧阳");
  EXPECT_EQ(text_of("length_max: {gbk: 3}", "欧阳"), "range");
  EXPECT_EQ(text_of("length_max: {utf8: 5}", "欧阳"), "range");
  EXPECT_EQ(text_of("length_max: {bytes: 5}", "a"), "mistake");
}

TEST(Steps, epoch_guards_the_number_of_digits) {
  // date -u -d @4070908800 says 2099-01-01T00:00:00Z.
  EXPECT_EQ(text_of("epoch: s", "4070908800"), "2099-01-01T08:00:00+08:00");
  EXPECT_EQ(text_of("epoch: ms", "4070908800123"), "2099-01-01T08:00:00.123+08:00");
  EXPECT_EQ(text_of("epoch: s", "4070908800123"), "malformed");
  EXPECT_EQ(text_of("epoch: ms", "4070908800"), "malformed");
  EXPECT_EQ(text_of("epoch: s", "407090880x"), "malformed");
}

TEST(Steps, sentinels_are_absent_or_unlimited) {
  const std::string date = "date: [yyyy-MM-dd]\nsentinels: {absent: [\"1900-01-01*\", \"0000-00-00\"], unlimited: [长期]}";
  EXPECT_EQ(text_of(date, "1900-01-01 00:00:00"), "absent");
  EXPECT_EQ(text_of(date, "0000-00-00"), "absent");
  EXPECT_EQ(text_of(date, "长期"), "unlimited");
  EXPECT_EQ(text_of(date, "2099-01-05"), "2099-01-05");
}

std::string read(const std::string& pattern, std::string_view text) {
  std::string problem;
  const auto compiled = DatePattern::compile(pattern, problem);
  if (!compiled) return "pattern: " + problem;
  const auto time = compiled->read(text, 480);
  return time ? time->text() : "no";
}

TEST(DatePattern, reads_the_forms_met_in_the_field) {
  EXPECT_EQ(read("yyyy/M/d H:m", "2021/3/5 7:8"), "2021-03-05T07:08:00+08:00");
  EXPECT_EQ(read("yyyyMMddHHmmss", "20210305070800"), "2021-03-05T07:08:00+08:00");
  EXPECT_EQ(read("yyyy.MM.dd", "2021.03.05"), "2021-03-05");
  EXPECT_EQ(read("yyyy年M月d日[ ]ah时[m分]", "2021年3月5日 下午2时"), "2021-03-05T14:00:00+08:00");
  EXPECT_EQ(read("yyyy年M月d日[ ]ah时[m分]", "2021年3月5日上午9时5分"), "2021-03-05T09:05:00+08:00");
  EXPECT_EQ(read("yyyy-MM-dd HH:mm[:ss[.SSS]]", "2021-03-05 07:08:09.120"), "2021-03-05T07:08:09.120+08:00");
  EXPECT_EQ(read("yyyy-MM-ddTHH:mm:ssXXX", "2021-03-05T07:08:09-01:30"), "2021-03-05T07:08:09-01:30");
  EXPECT_EQ(read("yyyy-MM-dd'T'HH:mm:ssXXX", "2021-03-05T07:08:09Z"), "2021-03-05T07:08:09+00:00");
  EXPECT_EQ(read("yyyy-MM", "2099-01"), "2099-01");
}

TEST(DatePattern, half_days_follow_the_twelve_hour_clock) {
  const std::string pattern = "yyyy-MM-dd ah:mm";
  EXPECT_EQ(read(pattern, "2021-03-05 下午12:30"), "2021-03-05T12:30:00+08:00");
  EXPECT_EQ(read(pattern, "2021-03-05 凌晨12:30"), "2021-03-05T00:30:00+08:00");
  EXPECT_EQ(read(pattern, "2021-03-05 中午1:00"), "2021-03-05T13:00:00+08:00");
  EXPECT_EQ(read(pattern, "2021-03-05 晚上8:15"), "2021-03-05T20:15:00+08:00");
  EXPECT_EQ(read(pattern, "2021-03-05 下午14:00"), "no");
  EXPECT_EQ(read(pattern, "2021-03-05 上午12:00"), "no");
  EXPECT_EQ(read(pattern, "2021-03-05 晚上1:00"), "no");
}

TEST(DatePattern, refuses_dates_that_do_not_exist_and_partial_matches) {
  EXPECT_EQ(read("yyyy-MM-dd", "2021-02-30"), "no");
  EXPECT_EQ(read("yyyy-MM-dd", "2021-13-01"), "no");
  EXPECT_EQ(read("yyyy-MM-dd", "2021-02-28 10:00"), "no");
  EXPECT_EQ(read("yyyy-MM-dd HH:mm", "2021-02-28"), "no");
  EXPECT_EQ(read("yyyy-MM-dd", " 2021-02-28"), "no");
  EXPECT_EQ(read("yyyy-MM-dd", "2021-2-28"), "no");
  EXPECT_EQ(read("yyyy-MM-dd HH:mm", "2021-02-28 10:60"), "no");
  EXPECT_EQ(read("yyyy-MM-dd HH:mm", "2021-02-28 25:00"), "no");
  EXPECT_EQ(read("yyyy_MM-dd", "2021-03-05"), "no");
}

TEST(DatePattern, midnight_at_the_end_of_a_day_is_the_next_day) {
  EXPECT_EQ(read("yyyy-MM-dd HH:mm:ss", "2021-12-31 24:00:00"), "2022-01-01T00:00:00+08:00");
  EXPECT_EQ(read("yyyy-MM-dd HH:mm:ss", "2020-02-28 24:00:00"), "2020-02-29T00:00:00+08:00");
  EXPECT_EQ(read("yyyy-MM-dd HH:mm:ss", "2021-12-31 24:00:01"), "no");
}

TEST(DatePattern, refuses_patterns_that_make_no_sense) {
  EXPECT_EQ(read("yyyy", "2021").substr(0, 8), "pattern:");
  EXPECT_EQ(read("yyyy-MM-dd hh:mm", "x").substr(0, 8), "pattern:");
  EXPECT_EQ(read("yyyy-MM-dd[ HH:mm", "x").substr(0, 8), "pattern:");
  EXPECT_EQ(read("yyyy-MM-dd QQ", "x").substr(0, 8), "pattern:");
  EXPECT_EQ(read("yyyyMd", "2021111"), "pattern: one text can be read in two ways");
}

bool ambiguous(const std::string& a, const std::string& b) {
  std::string problem;
  return DatePattern::ambiguous(*DatePattern::compile(a, problem), *DatePattern::compile(b, problem));
}

TEST(DatePattern, finds_pairs_that_read_one_text_differently) {
  EXPECT_TRUE(ambiguous("yyyy/M/d", "yyyy/d/M"));
  EXPECT_TRUE(ambiguous("yyyyMMdd", "yyyyddMM"));
  EXPECT_FALSE(ambiguous("yyyy/M/d", "yyyy-M-d"));
  EXPECT_FALSE(ambiguous("yyyy/M/d H:m", "yyyy/MM/dd HH:mm"));
  EXPECT_FALSE(ambiguous("yyyy-MM-dd", "yyyy-MM-dd HH:mm[:ss]"));
  // A quoted Z means the zone of the mapping, the offset Z means Greenwich.
  EXPECT_TRUE(ambiguous("yyyy-MM-ddTHH:mm:ss'Z'", "yyyy-MM-ddTHH:mm:ssXXX"));
  EXPECT_FALSE(ambiguous("cy年cM月cd日", "yyyy年M月d日"));
  EXPECT_FALSE(ambiguous("yyyy-MM-dd EEE", "yyyy-MM-dd EEEE"));
}

TEST(DatePattern, writes_what_the_time_tells) {
  std::string problem;
  const auto pattern = DatePattern::compile("yyyy-MM-dd HH:mm:ss", problem);
  std::string out;
  EXPECT_TRUE(pattern->write(*model::Time::parse("2099-01-05T07:08:09+08:00"), out));
  EXPECT_EQ(out, "2099-01-05 07:08:09");
  EXPECT_FALSE(pattern->write(*model::Time::parse("2099-01-05"), out));
  EXPECT_EQ(out, "2099-01-05 07:08:09");
  out.clear();
  EXPECT_TRUE(DatePattern::compile("yyyy年M月d日[ HH:mm]", problem)->write(*model::Time::parse("2099-01-05"), out));
  EXPECT_EQ(out, "2099年1月5日");
}

} // namespace
} // namespace tongqu::mapping::detail
