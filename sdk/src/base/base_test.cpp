#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdio>
#include <fstream>
#include <set>

#include "tongqu/base/bytes.hpp"
#include "tongqu/base/fault_point.hpp"
#include "tongqu/base/finding.hpp"
#include "tongqu/base/phrases.hpp"
#include "tongqu/base/result.hpp"
#include "tongqu/base/secret.hpp"

namespace tongqu {
namespace {

TEST(Errc, numbers_and_ids_are_unique_and_every_row_speaks_both_languages) {
  std::size_t count = 0;
  const ErrcRow* rows = errc_catalogue(count);
  std::set<std::string_view> ids;
  for (std::size_t i = 0; i < count; ++i) {
    EXPECT_TRUE(ids.insert(rows[i].id).second) << rows[i].id;
    EXPECT_TRUE(i == 0 || rows[i - 1].code < rows[i].code) << rows[i].id;
    EXPECT_FALSE(rows[i].en.empty() || rows[i].zh.empty()) << rows[i].id;
    EXPECT_EQ(errc_from_id(rows[i].id), rows[i].code);
  }
  EXPECT_FALSE(errc_from_id("base.no_such_row").has_value());
}

Result<int> half(int n) {
  if (n % 2 != 0) return Error(Errc::base_usage).at("n");
  return n / 2;
}

Result<int> quarter(int n) {
  TONGQU_TRY(const int once, half(n));
  return half(once);
}

TEST(Result, try_hands_the_error_up_with_its_place) {
  ASSERT_TRUE(quarter(8));
  EXPECT_EQ(*quarter(8), 2);
  const auto failed = quarter(6);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().id(), "base.usage");
  EXPECT_EQ(failed.error().where(), "n");
  EXPECT_THROW(static_cast<void>(failed.value()), ContractViolation);
}

TEST(Phrases, a_detail_is_said_in_the_language_of_its_sentence) {
  const Error error = Error(Errc::wire_json_syntax).with("expected a colon after the key");
  EXPECT_NE(error.message(Lang::zh).find("应为键名后的冒号"), std::string::npos) << error.message(Lang::zh);
  EXPECT_NE(error.message(Lang::en).find("expected a colon after the key"), std::string::npos);
  EXPECT_EQ(phrase_in(Lang::zh, "18 characters"), "18 个字符");
  EXPECT_EQ(phrase_in(Lang::zh, "division 990000, year 2151"), "行政区划 990000，2151 年");
  EXPECT_EQ(phrase_in(Lang::zh, "the platform's clock is 700 s behind"), "平台时钟慢 700 秒");
}

TEST(Phrases, names_and_numbers_and_long_texts_stay_as_they_are) {
  for (const std::string text : {"applicant.id_no", "64", "GB18030", "", "characters", "year ", "a needed"}) EXPECT_EQ(phrase_in(Lang::zh, text), text);
  const std::string longer = "year " + std::string(65, 'x');
  EXPECT_EQ(phrase_in(Lang::zh, longer), longer);
  EXPECT_EQ(phrase_in(Lang::zh, "year {}"), "{} 年") << "what is put in is not read again as a pattern";
}

TEST(Bytes, hex_and_base64_round_trip_and_refuse_damage) {
  EXPECT_EQ(to_hex(Bytes("\x00\xff", 2)), "00ff");
  EXPECT_EQ(*from_hex("00FF"), std::string("\x00\xff", 2));
  EXPECT_EQ(from_hex("0g").error().where(), "offset 1");
  // RFC 4648 section 10.
  EXPECT_EQ(to_base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(to_base64("fooba"), "Zm9vYmE=");
  EXPECT_EQ(to_base64("foob"), "Zm9vYg==");
  EXPECT_EQ(*from_base64("Zm9vYg=="), "foob");
  EXPECT_EQ(*from_base64("Zm9v\r\nYmE=", Base64Breaks::skip), "fooba");
  for (const char* bad : {"Zm9vYg", "Zm9vYg=", "Zm9vYh==", "Zm9v\nYmE=", "Zm9vYg===", "=", "Zm=v", "Zm9vYg==Zg=="}) EXPECT_FALSE(from_base64(bad)) << bad;
}

TEST(Bytes, utf8_check_refuses_overlong_surrogate_and_cut_forms) {
  EXPECT_TRUE(is_utf8("青岚 \xf0\xa0\xae\xb7"));
  std::size_t at = 0;
  EXPECT_FALSE(is_utf8("ab\xc0\x80", &at));
  EXPECT_EQ(at, 2u);
  for (const char* bad : {"\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe9\x9d", "\xff", "\xe0\x80\x80", "\xf0\x80\x80\x80", "\x80"}) EXPECT_FALSE(is_utf8(bad));
}

TEST(Findings, count_errors_and_bound_memory) {
  Findings findings;
  Finding one;
  one.id = Errc::base_usage;
  one.severity = Severity::warn;
  findings.add(one);
  EXPECT_FALSE(findings.has_errors());
  one.severity = Severity::error;
  for (std::size_t i = 0; i < Findings::kFindingsMax + 5; ++i) findings.add(one);
  EXPECT_EQ(findings.size(), Findings::kFindingsMax);
  EXPECT_EQ(findings.error_count(), Findings::kFindingsMax + 5);
  EXPECT_EQ(findings.dropped_count(), 6u);
  Findings sum;
  sum.append(std::move(findings));
  EXPECT_EQ(sum.error_count(), Findings::kFindingsMax + 5);
}

TEST(Findings, value_class_never_holds_the_value) {
  EXPECT_EQ(value_class_of("100000209901010013"), "18 characters, digits");
  EXPECT_EQ(value_class_of("张 a"), "3 characters, small letters, blanks, non-ASCII");
}

TEST(Findings, are_said_in_one_language_throughout) {
  Finding finding;
  finding.id = Errc::mapping_malformed;
  finding.value_class = value_class_of("Ab 1-张");
  EXPECT_EQ(describe(finding, Lang::zh), "取值不符合预期格式；实际：6 个字符、数字、大写字母、小写字母、空白、符号、非 ASCII 字符");
  EXPECT_EQ(describe(finding, Lang::en), "A value cannot be read in the expected form; got 6 characters, digits, capitals, small letters, blanks, signs, non-ASCII");
  finding.value_class = value_class_of("");
  EXPECT_EQ(describe(finding, Lang::zh), "取值不符合预期格式；实际：空");
}

TEST(Secret, file_must_be_for_its_owner_alone) {
  const std::string path = ::testing::TempDir() + "tongqu_secret_" + std::to_string(::getpid());
  { std::ofstream(path) << "demoToken\n"; }
  ::chmod(path.c_str(), 0644);
  EXPECT_EQ(Secret::from_file(path).error().id(), "base.secret_exposed");
  ::chmod(path.c_str(), 0600);
  const auto secret = Secret::from_file(path);
  ASSERT_TRUE(secret);
  EXPECT_EQ(secret->reveal(), "demoToken");
  std::remove(path.c_str());
  EXPECT_EQ(Secret::from_file(path).error().id(), "base.secret_unavailable");
}

TEST(FaultPoint, the_28_steps_are_listed_in_order) {
  ASSERT_EQ(fault::points().size(), 28u);
  EXPECT_EQ(fault::points()[12].name, "s13_committed");
}

} // namespace
} // namespace tongqu
