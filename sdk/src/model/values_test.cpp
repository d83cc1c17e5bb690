#include "tongqu/model/values.hpp"

#include <gtest/gtest.h>

namespace tongqu::model {
namespace {

template <class T>
std::string id_of(const Result<T>& result) { return result ? "" : std::string(result.error().id()); }

TEST(Time, canonical_text_is_read_and_written_unchanged) {
  for (const std::string_view text : {"2099-01", "2099-01-05", "2099-01-05T07:08:00+08:00", "2099-01-05T07:08:09.123-03:30", "2096-02-29",
                                      "0001-01-01", "9999-12-31", "2000-02-29"}) {
    const auto time = Time::parse(text);
    ASSERT_TRUE(time.has_value()) << text;
    EXPECT_EQ(time->text(), text);
  }
}

TEST(Time, what_is_not_a_canonical_time_is_refused) {
  for (const std::string_view text :
       {"", "2099", "2099-1-5", "2099-13-01", "2099-00", "2099-02-29", "2100-02-29", "2099-04-31", "2099-01-00", "0000-01-01", "2099-01-05T24:00:00+08:00",
        "2099-01-05T07:08:60+08:00", "2099-01-05T07:60:00+08:00", "2099-01-05T07:08+08:00", "2099-01-05T07:08:00", "2099-01-05 07:08:00+08:00",
        "2099-01-05T07:08:00+0800", "2099-01-05T07:08:00.1+08:00", "2099-01-05T07:08:00-00:00", "2099-01-05T07:08:00+15:00", "2099-01-05x", "20990105",
        "2099/01/05", "2099-01-05T07:08:00+08:60", " 2099-01-05"}) {
    EXPECT_EQ(id_of(Time::parse(text)), "model.time_invalid") << text;
  }
}

TEST(Time, the_instant_follows_the_offset) {
  EXPECT_EQ(to_epoch_ms(Time::parse("1970-01-01T08:00:00+08:00")->utc()), 0);
  EXPECT_EQ(to_epoch_ms(Time::parse("2001-09-09T01:46:40Z")->utc()), 1'000'000'000'000);
  EXPECT_EQ(to_epoch_ms(Time::parse("2001-09-09T01:46:40.007+00:00")->utc()), 1'000'000'000'007);
  EXPECT_EQ(to_epoch_ms(Time::parse("1969-12-31")->utc()), -86'400'000);
  EXPECT_EQ(to_epoch_ms(Time::parse("2000-03")->utc()), 951'868'800'000);
}

TEST(Time, precision_is_part_of_the_value) {
  Time minute = Time::parse("2099-01-05T07:08:00+08:00").value();
  minute.precision = Time::Precision::minute;
  EXPECT_EQ(minute.text(), "2099-01-05T07:08:00+08:00");
  EXPECT_FALSE(minute == Time::parse("2099-01-05T07:08:00+08:00").value());
  EXPECT_FALSE(Time::parse("2099-01-05").value() == Time::parse("2099-01-05T00:00:00+08:00").value());
}

TEST(Decimal, superfluous_zeros_and_signs_go_and_nothing_else) {
  EXPECT_EQ(normal_decimal("0012.50").value(), "12.5");
  EXPECT_EQ(normal_decimal("-0").value(), "0");
  EXPECT_EQ(normal_decimal("-0.00").value(), "0");
  EXPECT_EQ(normal_decimal("+7").value(), "7");
  EXPECT_EQ(normal_decimal("-3.10").value(), "-3.1");
  EXPECT_EQ(normal_decimal("100").value(), "100");
  EXPECT_EQ(normal_decimal("12345678901234567890123.000000000000000000001").value(), "12345678901234567890123.000000000000000000001");
  for (const std::string_view text : {"", "-", ".5", "5.", "1,000", "1e3", "0x1", " 1", "1.2.3", "--1", "1万"}) {
    EXPECT_EQ(id_of(normal_decimal(text)), "model.decimal_invalid") << text;
  }
}

TEST(Money, is_never_rounded) {
  EXPECT_EQ(money_from("12.50")->yuan, "12.5");
  EXPECT_EQ(money_from("12.340")->yuan, "12.34");
  EXPECT_EQ(id_of(money_from("12.345")), "model.money_too_fine");
  EXPECT_EQ(id_of(money_from("-1")), "model.money_negative");
  EXPECT_EQ(money_from("-0")->yuan, "0");
  EXPECT_EQ(id_of(money_from("3,050.75")), "model.decimal_invalid");
}

TEST(Validity, has_three_forms) {
  for (const std::string_view text : {"2099-12-31", "2099-12", "unlimited", "unknown"}) EXPECT_EQ(Validity::parse(text)->text(), text);
  EXPECT_EQ(id_of(Validity::parse("长期")), "model.time_invalid");
}

TEST(Quantity, unit_names_are_read_back) {
  for (int i = 0; i < 8; ++i) {
    const auto unit = static_cast<Quantity::Unit>(i);
    EXPECT_EQ(unit_from_name(unit_name(unit)), unit);
  }
  EXPECT_FALSE(unit_from_name("day").has_value());
}

} // namespace
} // namespace tongqu::model
