#include "tongqu/model/calendar.hpp"

#include <gtest/gtest.h>

#include <random>

#include "test_calendars.hpp"

namespace tongqu::model {
namespace {

using test::day_at;

template <class T>
std::string id_of(const Result<T>& result) { return result ? "" : std::string(result.error().id()); }

TEST(Day, a_number_and_a_date_are_one_thing) {
  for (std::int32_t number = -719'162; number <= 2'932'896; number += 997) {
    const Day day(number);
    EXPECT_EQ(*Day::of(day.time()), day) << number;
  }
  EXPECT_EQ(Day(0).text(), "1970-01-01");
  EXPECT_EQ(Day(0).weekday(), 4);
  EXPECT_EQ(day_at("2099-01-06").weekday(), 2);
  EXPECT_EQ(day_at("1969-12-28").weekday(), 7);
  EXPECT_EQ(id_of(Day::of(2099, 2, 29)), "model.time_invalid");
  EXPECT_EQ(id_of(Day::of(2099, 13, 1)), "model.time_invalid");
}

TEST(Day, an_instant_is_the_day_it_is_in_china) {
  EXPECT_EQ(Day::of(*Time::parse("2099-01-05T23:30:00Z"))->text(), "2099-01-06");
  EXPECT_EQ(Day::of(*Time::parse("2099-01-06T00:30:00+09:00"))->text(), "2099-01-05");
  EXPECT_EQ(Day::of(*Time::parse("2099-01-05T23:59:59.999+08:00"))->text(), "2099-01-05");
  EXPECT_EQ(Day::of(*Time::parse("1969-12-31T15:59:00Z"))->text(), "1969-12-31");
  EXPECT_EQ(id_of(Day::of(*Time::parse("2099-01"))), "model.time_without_day");
}

TEST(Day, months_end_on_a_day_that_exists) {
  EXPECT_EQ(day_at("2096-01-31").plus_months(1).text(), "2096-02-29");
  EXPECT_EQ(day_at("2099-01-31").plus_months(1).text(), "2099-02-28");
  EXPECT_EQ(day_at("2099-11-30").plus_months(3).text(), "2100-02-28");
  EXPECT_EQ(day_at("2099-12-31").plus_months(12 * 36'500).text(), "9999-12-31");
}

// Counts by another implementation (chinese-calendar 1.11.0 from PyPI), which agrees day by day.
TEST(Calendars, the_published_years_have_the_working_days_that_others_count) {
  const WorkingDays days = Calendars::published().working_days("000000");
  EXPECT_EQ(days.years(), (std::vector<int>{2023, 2024, 2025, 2026}));
  const int expected[] = {249, 251, 248, 248};
  for (int i = 0; i < 4; ++i) {
    const int year = 2023 + i;
    EXPECT_EQ(days.count(*Day::of(year - 1, 12, 31), *Day::of(year, 12, 31)).days, expected[i]) << year;
  }
  // Make-up days, and the eve of 2024 that is no holiday.
  for (const std::string_view worked : {"2023-01-28", "2024-02-09", "2024-05-11", "2025-01-26", "2026-10-10"}) EXPECT_EQ(days.works(day_at(worked)), true) << worked;
  for (const std::string_view rest : {"2023-10-06", "2024-02-12", "2025-10-08", "2026-02-23", "2026-01-02"}) EXPECT_EQ(days.works(day_at(rest)), false) << rest;
  for (const CalendarYear& year : Calendars::published().all()) EXPECT_NE(year.notice.find("国办发明电"), std::string::npos) << year.year;
}

TEST(Calendars, a_year_without_a_calendar_is_unknown_and_says_which) {
  const WorkingDays days = Calendars::published().working_days("110105");
  EXPECT_TRUE(days.due(day_at("2026-12-20"), 5).known());
  const DueDate due = days.due(day_at("2026-12-20"), 50);
  EXPECT_EQ(due.why, UnknownDue::no_calendar);
  EXPECT_EQ(due.missing_year, 2027);
  EXPECT_EQ(due.error().id(), "model.calendar_missing");
  EXPECT_EQ(days.due(day_at("2026-12-30"), 1).day.text(), "2026-12-31") << "the very last working day that is known";
  EXPECT_EQ(days.due(day_at("2026-12-30"), 2).missing_year, 2027) << "and the one after it";
  EXPECT_EQ(days.due(day_at("2022-06-01"), 1).missing_year, 2022);
  EXPECT_EQ(days.due(day_at("2022-12-31"), 1).day.text(), "2023-01-03");
  EXPECT_EQ(days.count(day_at("2022-12-30"), day_at("2023-01-04")).missing_year, 2022);
  EXPECT_EQ(days.count(day_at("2026-12-30"), day_at("2027-01-01")).missing_year, 2027);
  EXPECT_EQ(days.works(day_at("2027-01-01")), std::nullopt);
  EXPECT_FALSE(due_date(day_at("2026-12-20"), {2, Quantity::Unit::month}, days).known()) << "the end may fall on a day of rest";
  EXPECT_EQ(due_date(day_at("2026-12-20"), {2, Quantity::Unit::month}, days, EndOnRest::stays).day.text(), "2027-02-20");
}

TEST(Calendars, a_gap_between_years_is_not_stepped_over) {
  Calendars calendars;
  ASSERT_TRUE(calendars.add_file("division,990000\nyear,2099\nnotice,synthetic\nyear,2101\nnotice,synthetic\n", "gap.csv").has_value());
  const WorkingDays days = calendars.working_days("990000");
  EXPECT_EQ(days.due(day_at("2099-12-30"), 3).missing_year, 2100);
  EXPECT_EQ(days.count(day_at("2099-12-30"), day_at("2101-01-05")).missing_year, 2100);
  EXPECT_EQ(days.due(day_at("2100-12-31"), 1).day.text(), "2101-01-03");
}

TEST(Calendars, a_division_inherits_overlays_or_replaces_its_parents_year) {
  Calendars calendars;
  ASSERT_TRUE(calendars.add_file("division,990000\nyear,2099\nnotice,N1\n2099-01-01,holiday,a\n", "p.csv").has_value());
  ASSERT_TRUE(calendars.add_file("division,990100\nyear,2099\nnotice,N2\nover,parent\n2099-03-03,holiday,local\n", "c.csv").has_value());
  ASSERT_TRUE(calendars.add_file("division,990200\nyear,2099\nnotice,N3\n2099-05-05,holiday,own\n", "d.csv").has_value());
  ASSERT_TRUE(calendars.add_file("division,980100\nyear,2099\nnotice,N4\nover,parent\n", "e.csv").has_value());
  const WorkingDays county = calendars.working_days("990102");
  EXPECT_EQ(county.works(day_at("2099-01-01")), false);
  EXPECT_EQ(county.works(day_at("2099-03-03")), false);
  const WorkingDays other = calendars.working_days("990200");
  EXPECT_EQ(other.works(day_at("2099-01-01")), true) << "its own year is complete";
  EXPECT_EQ(other.works(day_at("2099-05-05")), false);
  EXPECT_EQ(calendars.working_days("990300").works(day_at("2099-03-03")), true);
  EXPECT_TRUE(calendars.working_days("980100").years().empty()) << "rows over a parent that is not there are no calendar";
  EXPECT_EQ(id_of(calendars.add_file("division,990000000000\nyear,2099\nnotice,N\n", "x.csv")), "model.calendar_twice");
}

TEST(Calendars, parents_go_up_level_by_level) {
  EXPECT_EQ(parent_division("990102001003"), "990102001");
  EXPECT_EQ(parent_division("990102001"), "990102");
  EXPECT_EQ(parent_division("990102"), "990100");
  EXPECT_EQ(parent_division("990100"), "990000");
  EXPECT_EQ(parent_division("990000"), "000000");
  EXPECT_EQ(parent_division("000000"), "");
}

TEST(Calendars, every_mistake_of_a_file_is_refused_with_its_line) {
  const std::string head = "division,990000\nyear,2099\nnotice,N\n";
  const std::pair<std::string, std::string> mistakes[] = {
      {"year,2099\n", "f:1"},
      {"division,99\n", "f:1"},
      {"division,990000\nyear,99\n", "f:2"},
      {"division,990000\n", "f"},
      {"division,990000\nyear,2099\n2099-01-01,holiday,a\n", "f"},
      {head + "2099-02-30,holiday,a\n", "f:4"},
      {head + "2098-02-03,holiday,a\n", "f:4"},
      {head + "2099-02-05..2099-02-03,holiday,a\n", "f:4"},
      {head + "2099-12-30..2100-01-02,holiday,a\n", "f:4"},
      {head + "2099-02-03,off,a\n", "f:4"},
      {head + "2099-02-03,holiday\n", "f:4"},
      {head + "2099-02-03,working,a\n", "f:4"},
      {head + "2099-02-03,holiday,a\n2099-02-03,holiday,a\n", "f:5"},
      {head + "2099-02-03,holiday,a\n2099-01-03,holiday,a\n", "f:5"},
      {head + "2099-02-03,holiday,a\nnotice,late\n", "f:5"},
      {head + "year,2099\n", "f:4"},
      {head + "holidays,2\n", "f:4"},
      {head + "over,uncle\n", "f:4"},
      {head + "# remark\n\n2099-02-03,holiday,\"open\n", "f:6"},
  };
  for (const auto& [text, where] : mistakes) {
    const auto parsed = parse_calendar(text, "f");
    EXPECT_EQ(id_of(parsed), "model.calendar_invalid") << text;
    EXPECT_EQ(parsed ? std::string() : parsed.error().where(), where) << text;
  }
  Calendars calendars;
  ASSERT_TRUE(calendars.add_file(head, "f").has_value());
  EXPECT_EQ(id_of(calendars.add_file("division,990000\nyear,2100\nnotice,N\nyear,2099\nnotice,N\n", "f")), "model.calendar_twice");
  EXPECT_EQ(calendars.find("990000", 2100), nullptr) << "all years of a file or none";
}

TEST(WorkingDays, counts_and_due_dates_agree_with_going_day_by_day) {
  const Calendars calendars = test::calendars();
  const WorkingDays days = calendars.working_days("990102");
  std::mt19937 random(20260118);
  const Day first = day_at("2149-01-01");
  for (int i = 0; i < 3000; ++i) {
    const Day from = first + static_cast<std::int32_t>(random() % 600);
    const Day to = from + static_cast<std::int32_t>(random() % 120);
    int count = 0;
    for (Day day = from + 1; day <= to; day = day + 1) count += test::worked(calendars, day) ? 1 : 0;
    ASSERT_EQ(days.count(from, to).days, count) << from.text() << " " << to.text();
    const DueDate due = days.due(from, count);
    ASSERT_TRUE(due.known());
    ASSERT_LE(due.day.number(), to.number());
    ASSERT_EQ(days.count(from, due.day).days, count);
    ASSERT_EQ(days.works(due.day).value_or(false) || count == 0, true) << "the smallest day with that many";
  }
}

TEST(WorkingDays, the_due_date_is_monotone_in_start_and_length) {
  const WorkingDays days = test::calendars().working_days("990102");
  for (Day start = day_at("2149-01-01"); start < day_at("2150-06-01"); start = start + 1) {
    for (const std::int32_t n : {0, 1, 5, 20}) {
      EXPECT_LE(days.due(start, n).day.number(), days.due(start + 1, n).day.number()) << start.text();
      EXPECT_LE(days.due(start, n).day.number(), days.due(start, n + 1).day.number()) << start.text();
    }
    for (const Quantity::Unit unit : {Quantity::Unit::calendar_day, Quantity::Unit::week, Quantity::Unit::month}) {
      EXPECT_LE(due_date(start, {2, unit}, days).day.number(), due_date(start + 1, {2, unit}, days).day.number()) << start.text();
    }
  }
}

TEST(DayLimit, what_is_no_whole_number_of_days_is_refused) {
  using Unit = Quantity::Unit;
  EXPECT_EQ(*day_limit({"20", Unit::working_day}), (DayLimit{20, Unit::working_day}));
  EXPECT_EQ(*day_limit({"0", Unit::calendar_day}), (DayLimit{0, Unit::calendar_day}));
  for (const Quantity& quantity : {Quantity{"0.5", Unit::working_day}, Quantity{"-1", Unit::working_day}, Quantity{"3", Unit::hour},
                                   Quantity{"30", Unit::minute}, Quantity{"3", Unit::none}, Quantity{"", Unit::month}, Quantity{"99999999999", Unit::month}}) {
    EXPECT_EQ(id_of(day_limit(quantity)), "model.limit_not_countable") << quantity.value;
  }
}

TEST(DueDate, calendar_time_is_never_converted_and_its_end_moves_off_a_day_of_rest) {
  const WorkingDays days = test::calendars().working_days("990102");
  using Unit = Quantity::Unit;
  // 2149-02-01 is a Saturday in this calendar's week and not worked.
  EXPECT_EQ(day_at("2149-02-01").weekday(), 6);
  EXPECT_EQ(due_date(day_at("2149-01-01"), {1, Unit::month}, days).day.text(), "2149-02-03");
  EXPECT_EQ(due_date(day_at("2149-01-01"), {1, Unit::month}, days, EndOnRest::stays).day.text(), "2149-02-01");
  EXPECT_EQ(due_date(day_at("2149-01-31"), {1, Unit::month}, days).day.text(), "2149-02-28");
  EXPECT_EQ(due_date(day_at("2149-01-06"), {1, Unit::week}, days).day.text(), "2149-01-13");
  EXPECT_EQ(due_date(day_at("2149-01-06"), {1, Unit::year}, days, EndOnRest::stays).day.text(), "2150-01-06");
  EXPECT_EQ(due_date(day_at("2149-01-04"), {0, Unit::calendar_day}, days).day.text(), "2149-01-04");
}

} // namespace
} // namespace tongqu::model
