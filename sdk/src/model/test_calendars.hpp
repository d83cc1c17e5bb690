#pragma once
#include <string_view>

#include "tongqu/base/assert.hpp"
#include "tongqu/model/calendar.hpp"

/// Invented years of an invented province, for tests.
namespace tongqu::model::test {

inline Day day_at(std::string_view text) { return *Day::of(*Time::parse(text)); }

inline Calendars calendars() {
  Calendars calendars;
  const auto added = calendars.add_file(R"(division,990000
year,2149
notice,invented
2149-01-01,holiday,a
2149-01-04..2149-01-05,working,a
2149-02-08,working,b
2149-02-10..2149-02-16,holiday,b
2149-02-22,working,b
2149-05-01..2149-05-05,holiday,c
2149-09-28,working,d
2149-10-01..2149-10-07,holiday,d
year,2150
notice,invented
2150-01-01..2150-01-02,holiday,a
2150-01-04,working,a
2150-01-29..2150-02-05,holiday,b
2150-05-01..2150-05-03,holiday,c
2150-10-01..2150-10-07,holiday,d
2150-10-10,working,d
)", "synthetic.csv");
  TONGQU_ASSERT(added.has_value(), "the test's own calendar is right");
  return calendars;
}

/// Whether a day is worked, by the rows alone.
inline bool worked(const Calendars& calendars, Day day) {
  const CalendarYear* year = calendars.find("990000", day.year());
  TONGQU_ASSERT(year != nullptr, "the day lies in a synthetic year");
  for (const CalendarYear::Row& row : year->rows) {
    if (day >= row.first && day <= row.last) return row.working;
  }
  return day.weekday() < 6;
}

} // namespace tongqu::model::test
