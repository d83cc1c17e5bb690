#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tongqu/base/result.hpp"
#include "tongqu/model/values.hpp"

/// Days, working days and due dates. Which days are worked is data per division and year, taken from the published notice of that year
/// (docs/guide/add-a-calendar-year.md). A year without a calendar gives no due date: nothing here ever guesses one.
namespace tongqu::model {

/// A day of the Gregorian calendar, in the time of China (+08:00).
class Day {
public:
  constexpr Day() = default;
  /// Days since 1970-01-01.
  constexpr explicit Day(std::int32_t number) : number_(number) {}
  /// A real date of the years 1 to 9999. @errors model.time_invalid.
  static Result<Day> of(int year, int month, int day);
  /// The day of a time: a date as it stands, an instant as the day it is at +08:00, whatever offset it was sent with.
  /// @errors model.time_without_day for a month.
  static Result<Day> of(const Time& time);

  constexpr std::int32_t number() const noexcept { return number_; }
  int year() const noexcept;
  int weekday() const noexcept;                    ///< Monday 1 to Sunday 7.
  Time time() const noexcept;                      ///< As a date.
  std::string text() const { return time().text(); }
  /// So many calendar months later; a day that the month lacks becomes its last (31 January + 1 = 28 or 29 February).
  /// Ends with the year 9999.
  Day plus_months(int months) const noexcept;

  constexpr Day operator+(std::int32_t days) const noexcept { return Day(number_ + days); }
  constexpr Day operator-(std::int32_t days) const noexcept { return Day(number_ - days); }
  constexpr std::int32_t operator-(Day o) const noexcept { return number_ - o.number_; }
  constexpr bool operator==(Day o) const noexcept { return number_ == o.number_; }
  constexpr bool operator!=(Day o) const noexcept { return number_ != o.number_; }
  constexpr bool operator<(Day o) const noexcept { return number_ < o.number_; }
  constexpr bool operator<=(Day o) const noexcept { return number_ <= o.number_; }
  constexpr bool operator>(Day o) const noexcept { return number_ > o.number_; }
  constexpr bool operator>=(Day o) const noexcept { return number_ >= o.number_; }

private:
  std::int32_t number_ = 0;
};

/// Days of one division and year that differ: holidays and days of rest that are worked.
struct CalendarYear {
  struct Row {
    Day first, last;
    bool working = false;
    std::string name;                              ///< "春节", "春节调休".
  };
  std::string division;                            ///< "000000" is the whole country.
  int year = 0;
  std::string notice, source;                      ///< Number of the published notice, and what it is.
  bool complete = true;                            ///< False: the rows are put over the parent division's year.
  std::vector<Row> rows;                           ///< In order, none twice. Other days: Monday to Friday are worked.
};

/// Reads one calendar file: the years of one division. @param file  Name for where(), "FILE:LINE" of the first mistake.
/// @errors model.calendar_invalid.
Result<std::vector<CalendarYear>> parse_calendar(std::string_view csv, std::string_view file);

/// The next division up: 990102 -> 990100 -> 990000 -> 000000; a town 990102001 -> 990102. Empty above the whole country.
std::string parent_division(std::string_view division);

enum class UnknownDue : std::uint8_t {
  none,          ///< It is known.
  no_calendar,   ///< A year on the way has no calendar: `missing_year`.
  no_limit,      ///< Nobody said how long.
};

/// A due date, or why there is none.
struct DueDate {
  Day day;                                         ///< Meaningful when known.
  UnknownDue why = UnknownDue::no_limit;
  std::int16_t missing_year = 0;
  bool known() const noexcept { return why == UnknownDue::none; }
  bool operator==(const DueDate& o) const noexcept { return why == o.why && missing_year == o.missing_year && (!known() || day == o.day); }
  /// The reason as an error for people. @errors model.calendar_missing with the year, model.limit_unknown.
  Error error() const;
};

/// A number of days, or the year whose calendar is missing.
struct DayCount {
  std::int32_t days = 0;
  std::int16_t missing_year = 0;                   ///< 0: `days` counts.
  bool known() const noexcept { return missing_year == 0; }
};

/// The working days of one division, counted once so that every question afterwards costs a look-up.
/// Immutable; safe from several threads.
class WorkingDays {
public:
  /// Working days after `after` up to and including `through`; 0 when `through` is not later.
  DayCount count(Day after, Day through) const noexcept;
  /// The smallest day with `days` working days after `start`; `start` itself for 0.
  DueDate due(Day start, std::int32_t days) const noexcept;
  /// `day` itself when it is worked, else the next one that is.
  DueDate on_or_after(Day day) const noexcept;
  /// Whether a day is worked; nothing when its year has no calendar.
  std::optional<bool> works(Day day) const noexcept;
  const std::string& division() const noexcept { return division_; }
  /// Years with a calendar, in order.
  const std::vector<int>& years() const noexcept { return years_; }

private:
  friend class Calendars;
  /// Years without a gap between them.
  struct Run {
    Day first, last;
    std::vector<std::int32_t> before;              ///< before[i]: working days among the first i days of the run.
    std::vector<Day> working;
  };
  const Run* run_of(Day day) const noexcept;
  std::string division_;
  std::vector<int> years_;
  std::vector<Run> runs_;
};

/// Calendars by division and year.
class Calendars {
public:
  /// The years that are built into the library (docs/reference/life-cycle.md lists them with their notices).
  static const Calendars& published();

  /// @errors model.calendar_twice.
  Result<void> add(CalendarYear year);
  /// All years of a file, or none of them. @errors model.calendar_invalid, model.calendar_twice.
  Result<void> add_file(std::string_view csv, std::string_view file);
  /// A division's own file of a year; null when it has none.
  const CalendarYear* find(std::string_view division, int year) const;
  /// What a division works: its own complete years, its rows put over its parent's, or its parent's. Copies what it needs.
  WorkingDays working_days(std::string_view division) const;
  const std::vector<CalendarYear>& all() const noexcept { return years_; }

private:
  std::vector<CalendarYear> years_;
};

/// A time limit that is counted in days. The first day is not counted.
struct DayLimit {
  std::int32_t count = 0;
  Quantity::Unit unit = Quantity::Unit::working_day;   ///< working_day, calendar_day, week, month or year.
  bool operator==(const DayLimit& o) const noexcept { return count == o.count && unit == o.unit; }
};
/// @errors model.limit_not_countable for minutes, hours, no unit, parts of a day, less than none and more than 36500.
Result<DayLimit> day_limit(const Quantity& quantity);

/// What happens to an end in calendar time that falls on a day of rest.
enum class EndOnRest : std::uint8_t { next_working_day, stays };

/// The last day of a limit that starts on `start`. Working days are counted; weeks, months and years run in calendar time (a month is
/// never 30 days) and their end is then moved by `end_on_rest`.
DueDate due_date(Day start, DayLimit limit, const WorkingDays& days, EndOnRest end_on_rest = EndOnRest::next_working_day) noexcept;

} // namespace tongqu::model
