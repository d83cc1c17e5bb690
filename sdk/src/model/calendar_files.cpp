#include <algorithm>
#include <array>

#include "csv_table.hpp"
#include "embedded_file.hpp"
#include "tongqu/model/calendar.hpp"

namespace tongqu::model {
namespace {

using detail::CsvRow;

Result<Day> day_from(std::string_view text) {
  TONGQU_TRY(const Time time, Time::parse(text));
  if (time.precision != Time::Precision::day) return Error(Errc::model_time_invalid);
  return Day::of(time);
}

class Reader {
public:
  explicit Reader(std::string_view file) : file_(file) {}

  Result<std::vector<CalendarYear>> read(std::string_view csv) {
    TONGQU_TRY(const std::vector<CsvRow> rows, detail::read_csv(csv, file_, Errc::model_calendar_invalid));
    for (const CsvRow& row : rows) TONGQU_CHECK(take(row));
    if (years_.empty()) return Error(Errc::model_calendar_invalid).at(std::string(file_)).with("the file has no year");
    TONGQU_CHECK(close_section());
    return std::move(years_);
  }

private:
  Error fault(const CsvRow& row, std::string what) const {
    return Error(Errc::model_calendar_invalid).at(detail::place_of(file_, row)).with(std::move(what));
  }

  Result<void> take(const CsvRow& row) {
    const std::string& key = row.cells.front();
    if (!key.empty() && key.front() >= '0' && key.front() <= '9') return take_days(row);
    if (row.cells.size() != 2) return fault(row, "a heading is NAME,VALUE");
    const std::string& value = row.cells[1];
    if (value.empty()) return fault(row, "nothing stands after " + key);
    if (key == "division") return take_division(row, value);
    if (key == "year") return take_year(row, value);
    if (years_.empty() || !years_.back().rows.empty()) return fault(row, "division and year come first, the days last");
    if (key == "notice") return take_once(row, years_.back().notice, value);
    if (key == "source") return take_once(row, years_.back().source, value);
    if (key == "over" && value == "parent") {
      years_.back().complete = false;
      return {};
    }
    return fault(row, "headings are division, year, notice, source and over,parent");
  }

  Result<void> take_once(const CsvRow& row, std::string& where, const std::string& value) {
    if (!where.empty()) return fault(row, "a heading stands twice");
    where = value;
    return {};
  }

  Result<void> take_division(const CsvRow& row, const std::string& value) {
    const bool digits = value.find_first_not_of("0123456789") == std::string::npos;
    if (!digits || (value.size() != 6 && value.size() != 9 && value.size() != 12)) return fault(row, "a division has 6, 9 or 12 digits");
    return take_once(row, division_, value);
  }

  /// The section before is whole.
  Result<void> close_section() const {
    if (years_.empty() || !years_.back().notice.empty()) return {};
    return Error(Errc::model_calendar_invalid).at(std::string(file_)).with("no notice stands under year " + std::to_string(years_.back().year));
  }

  Result<void> take_year(const CsvRow& row, const std::string& value) {
    const auto first = day_from(value + "-01-01");
    if (value.size() != 4 || !first) return fault(row, "a year has four digits");
    if (division_.empty()) return fault(row, "the division comes first");
    for (const CalendarYear& one : years_) {
      if (one.year == first->year()) return fault(row, "the year stands twice");
    }
    TONGQU_CHECK(close_section());
    years_.emplace_back();
    years_.back().division = division_;
    years_.back().year = first->year();
    return {};
  }

  Result<void> take_days(const CsvRow& row) {
    if (row.cells.size() != 3) return fault(row, "a day is DATE or FIRST..LAST, holiday or working, NAME");
    if (years_.empty()) return fault(row, "the year comes first");
    CalendarYear& year = years_.back();
    const std::string& span = row.cells[0];
    const std::size_t dots = span.find("..");
    const auto first = day_from(std::string_view(span).substr(0, dots));
    const auto last = dots == std::string::npos ? first : day_from(std::string_view(span).substr(dots + 2));
    if (!first || !last) return fault(row, "no such date");
    if (*last < *first) return fault(row, "the last day is before the first");
    if (first->year() != year.year || last->year() != year.year) return fault(row, "the day is not in the year of its section");
    if (!year.rows.empty() && *first <= year.rows.back().last) return fault(row, "days stand in order, each once");
    if (row.cells[1] != "holiday" && row.cells[1] != "working") return fault(row, "a day is holiday or working");
    const bool working = row.cells[1] == "working";
    for (Day day = *first; working && year.complete && day <= *last; day = day + 1) {
      // A Tuesday that is said to be worked is a slip of the pen.
      if (day.weekday() <= 5) return fault(row, "a day from Monday to Friday is worked anyway");
    }
    year.rows.push_back({*first, *last, working, row.cells[2]});
    return {};
  }

  std::string_view file_;
  std::string division_;
  std::vector<CalendarYear> years_;
};

// Divisions with a file of their own; a new year is a section of such a file, a new division a line here and in CMakeLists.txt.
constexpr std::array kPublished{"calendars/000000.csv"};

Calendars read_published() {
  Calendars calendars;
  for (const std::string_view name : kPublished) {
    const auto added = calendars.add_file(detail::embedded_file(name), name);
    TONGQU_ASSERT(added.has_value(), "the calendars that are built in are right; the tests read them");
  }
  return calendars;
}

} // namespace

Result<std::vector<CalendarYear>> parse_calendar(std::string_view csv, std::string_view file) { return Reader(file).read(csv); }

Result<void> Calendars::add_file(std::string_view csv, std::string_view file) {
  TONGQU_TRY(std::vector<CalendarYear> years, parse_calendar(csv, file));
  Calendars next = *this;
  for (CalendarYear& year : years) TONGQU_CHECK(next.add(std::move(year)));
  *this = std::move(next);
  return {};
}

const Calendars& Calendars::published() {
  static const Calendars calendars = read_published();
  return calendars;
}

} // namespace tongqu::model
