#include "tongqu/model/calendar.hpp"

#include <algorithm>
#include <array>

namespace tongqu::model {
namespace {

constexpr std::int32_t kChinaOffsetMinutes = 8 * 60;

struct Civil {
  int year, month, day;
};

/// Days since 1970-01-01 to the date, over the 400-year era that starts on 1 March.
Civil civil_of(std::int32_t number) {
  const std::int32_t shifted = number + 719468;
  const std::int32_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
  const std::int32_t of_era = shifted - era * 146097;
  const std::int32_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
  const std::int32_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int32_t shifted_month = (5 * of_year + 2) / 153;
  const int month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
  return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), month, of_year - (153 * shifted_month + 2) / 5 + 1};
}

Time date(int year, int month, int day) {
  Time time;
  time.precision = Time::Precision::day;
  time.year = static_cast<std::int16_t>(year);
  time.month = static_cast<std::int8_t>(month);
  time.day = static_cast<std::int8_t>(day);
  return time;
}

Day day_of_date(const Time& time) { return Day(static_cast<std::int32_t>(to_epoch_ms(time.utc()) / 86'400'000)); }

Day first_of_year(int year) { return day_of_date(date(year, 1, 1)); }

DueDate known_due(Day day) { return {day, UnknownDue::none, 0}; }
DueDate no_calendar(int year) { return {{}, UnknownDue::no_calendar, static_cast<std::int16_t>(year)}; }

std::string padded(std::string_view division) {
  std::string text(division);
  if (text.size() < 12) text.append(12 - text.size(), '0');
  return text;
}

} // namespace

Result<Day> Day::of(int year, int month, int day) {
  if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 || day > 31) return Error(Errc::model_time_invalid);
  const Time time = date(year, month, day);
  if (auto checked = time.check(); !checked) return std::move(checked).error();
  return day_of_date(time);
}

Result<Day> Day::of(const Time& time) {
  if (auto checked = time.check(); !checked) return std::move(checked).error();
  if (time.precision == Time::Precision::month) return Error(Errc::model_time_without_day);
  if (!time.has_clock()) return day_of_date(time);
  const std::int64_t ms = to_epoch_ms(time.utc()) + std::int64_t{kChinaOffsetMinutes} * 60'000;
  const std::int64_t floored = ms >= 0 ? ms / 86'400'000 : -((-ms + 86'399'999) / 86'400'000);
  return Day(static_cast<std::int32_t>(floored));
}

int Day::year() const noexcept { return civil_of(number_).year; }

int Day::weekday() const noexcept {
  const std::int32_t from_monday = (number_ + 3) % 7;   // 1970-01-01 was a Thursday.
  return (from_monday < 0 ? from_monday + 7 : from_monday) + 1;
}

Time Day::time() const noexcept {
  const Civil civil = civil_of(number_);
  return date(civil.year, civil.month, civil.day);
}

Day Day::plus_months(int months) const noexcept {
  const Civil civil = civil_of(number_);
  const int index = civil.year * 12 + civil.month - 1 + months;
  if (index / 12 > 9999) return day_of_date(date(9999, 12, 31));
  Time time = date(index / 12, index % 12 + 1, civil.day);
  while (!time.check()) --time.day;
  return day_of_date(time);
}

std::string parent_division(std::string_view division) {
  std::string text = padded(division);
  constexpr std::array<std::size_t, 5> kLevels{9, 6, 4, 2, 0};
  for (const std::size_t level : kLevels) {
    if (text.find_first_not_of('0', level) == std::string::npos) continue;
    text.replace(level, std::string::npos, 12 - level, '0');
    return text.find_first_not_of('0', 6) == std::string::npos ? text.substr(0, 6) : text.substr(0, 9);
  }
  return {};
}

Error DueDate::error() const {
  if (why == UnknownDue::no_limit) return Error(Errc::model_limit_unknown);
  return Error(Errc::model_calendar_missing).with("year " + std::to_string(missing_year));
}

const WorkingDays::Run* WorkingDays::run_of(Day day) const noexcept {
  for (const Run& run : runs_) {
    if (day >= run.first && day <= run.last) return &run;
  }
  return nullptr;
}

DayCount WorkingDays::count(Day after, Day through) const noexcept {
  if (through <= after) return {};
  const Run* run = run_of(after + 1);
  if (run == nullptr) return {0, static_cast<std::int16_t>((after + 1).year())};
  if (through > run->last) return {0, static_cast<std::int16_t>((run->last + 1).year())};
  const auto at = [run](Day day) { return run->before[static_cast<std::size_t>(day - run->first)]; };
  return {at(through + 1) - at(after + 1), 0};
}

DueDate WorkingDays::due(Day start, std::int32_t days) const noexcept {
  if (days <= 0) return known_due(start);
  const Run* run = run_of(start + 1);
  if (run == nullptr) return no_calendar((start + 1).year());
  const std::int64_t index = std::int64_t{run->before[static_cast<std::size_t>(start + 1 - run->first)]} + days - 1;
  if (index >= static_cast<std::int64_t>(run->working.size())) return no_calendar((run->last + 1).year());
  return known_due(run->working[static_cast<std::size_t>(index)]);
}

DueDate WorkingDays::on_or_after(Day day) const noexcept { return due(day - 1, 1); }

std::optional<bool> WorkingDays::works(Day day) const noexcept {
  const DayCount counted = count(day - 1, day);
  if (!counted.known()) return std::nullopt;
  return counted.days == 1;
}

Result<void> Calendars::add(CalendarYear year) {
  if (find(year.division, year.year) != nullptr) {
    return Error(Errc::model_calendar_twice).with("division " + year.division + ", year " + std::to_string(year.year));
  }
  years_.push_back(std::move(year));
  return {};
}

const CalendarYear* Calendars::find(std::string_view division, int year) const {
  const std::string key = padded(division);
  const auto fits = [&](const CalendarYear& one) { return one.year == year && padded(one.division) == key; };
  const auto found = std::find_if(years_.begin(), years_.end(), fits);
  return found == years_.end() ? nullptr : &*found;
}

namespace {

/// The files that make one year of a division, the complete one first; none when no complete one is reached.
std::vector<const CalendarYear*> layers_of(const Calendars& calendars, std::string_view division, int year) {
  std::vector<const CalendarYear*> layers;
  for (std::string at(division); !at.empty(); at = parent_division(at)) {
    const CalendarYear* file = calendars.find(at, year);
    if (file == nullptr) continue;
    layers.insert(layers.begin(), file);
    if (file->complete) return layers;
  }
  return {};
}

/// One flag per day of the year.
std::vector<bool> worked_days(const std::vector<const CalendarYear*>& layers, int year) {
  const Day first = first_of_year(year);
  std::vector<bool> worked(static_cast<std::size_t>(first_of_year(year + 1) - first));
  for (std::size_t i = 0; i < worked.size(); ++i) worked[i] = (first + static_cast<std::int32_t>(i)).weekday() <= 5;
  for (const CalendarYear* layer : layers) {
    for (const CalendarYear::Row& row : layer->rows) {
      for (Day day = row.first; day <= row.last; day = day + 1) worked[static_cast<std::size_t>(day - first)] = row.working;
    }
  }
  return worked;
}

} // namespace

WorkingDays Calendars::working_days(std::string_view division) const {
  WorkingDays days;
  days.division_ = division;
  std::vector<int> years;
  for (const CalendarYear& one : years_) years.push_back(one.year);
  std::sort(years.begin(), years.end());
  years.erase(std::unique(years.begin(), years.end()), years.end());
  for (const int year : years) {
    const auto layers = layers_of(*this, division, year);
    if (layers.empty()) continue;
    const Day first = first_of_year(year);
    if (days.runs_.empty() || days.runs_.back().last + 1 != first) days.runs_.push_back({first, first - 1, {0}, {}});
    WorkingDays::Run& run = days.runs_.back();
    for (const bool worked : worked_days(layers, year)) {
      run.last = run.last + 1;
      run.before.push_back(run.before.back() + (worked ? 1 : 0));
      if (worked) run.working.push_back(run.last);
    }
    days.years_.push_back(year);
  }
  return days;
}

Result<DayLimit> day_limit(const Quantity& quantity) {
  using Unit = Quantity::Unit;
  constexpr std::int32_t kCountMax = 36'500;
  const bool in_days = quantity.unit == Unit::working_day || quantity.unit == Unit::calendar_day || quantity.unit == Unit::week ||
                       quantity.unit == Unit::month || quantity.unit == Unit::year;
  if (!in_days) return Error(Errc::model_limit_not_countable).with("the unit is " + std::string(unit_name(quantity.unit)));
  std::int32_t count = 0;
  for (const char c : quantity.value) {
    if (c < '0' || c > '9' || count > kCountMax) return Error(Errc::model_limit_not_countable).with("not a whole number of 0 to 36500");
    count = count * 10 + (c - '0');
  }
  if (quantity.value.empty() || count > kCountMax) return Error(Errc::model_limit_not_countable).with("not a whole number of 0 to 36500");
  return DayLimit{count, quantity.unit};
}

DueDate due_date(Day start, DayLimit limit, const WorkingDays& days, EndOnRest end_on_rest) noexcept {
  Day end = start;
  switch (limit.unit) {
    case Quantity::Unit::calendar_day: end = start + limit.count; break;
    case Quantity::Unit::week: end = start + limit.count * 7; break;
    case Quantity::Unit::month: end = start.plus_months(limit.count); break;
    case Quantity::Unit::year: end = start.plus_months(limit.count * 12); break;
    default: return days.due(start, limit.count);
  }
  if (limit.count == 0 || end_on_rest == EndOnRest::stays) return known_due(end);
  return days.on_or_after(end);
}

} // namespace tongqu::model
