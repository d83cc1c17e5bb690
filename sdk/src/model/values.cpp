#include "tongqu/model/values.hpp"

#include <array>

#include "tongqu/base/days.hpp"

namespace tongqu::model {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Days since 1970-01-01 in the proleptic Gregorian calendar.
std::int64_t days_from_civil(int year, int month, int day) {
  const std::int64_t y = month <= 2 ? year - 1 : year;
  const std::int64_t era = (y >= 0 ? y : y - 399) / 400;
  const std::int64_t year_of_era = y - era * 400;
  const std::int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

char* write_number(char* at, int value, int width) {
  for (int i = width - 1; i >= 0; --i, value /= 10) at[i] = static_cast<char>('0' + value % 10);
  return at + width;
}

/// Reads fixed-width digits and signs from the left; any mismatch spoils the whole.
struct Scanner {
  std::string_view rest;
  bool good = true;

  int number(std::size_t width) {
    int value = 0;
    if (rest.size() < width) good = false;
    for (std::size_t i = 0; good && i < width; ++i) {
      if (is_digit(rest[i])) value = value * 10 + (rest[i] - '0');
      else good = false;
    }
    if (good) rest.remove_prefix(width);
    return value;
  }
  bool take(char c) {
    if (!good || rest.empty() || rest.front() != c) return false;
    rest.remove_prefix(1);
    return true;
  }
  void expect(char c) { good = take(c) && good; }
};

constexpr int kOffsetMax = 14 * 60;

void scan_clock(Scanner& scan, Time& time) {
  time.hour = static_cast<std::int8_t>(scan.number(2));
  scan.expect(':');
  time.minute = static_cast<std::int8_t>(scan.number(2));
  scan.expect(':');
  time.second = static_cast<std::int8_t>(scan.number(2));
  time.precision = Time::Precision::second;
  if (scan.take('.')) {
    time.millisecond = static_cast<std::int16_t>(scan.number(3));
    time.precision = Time::Precision::millisecond;
  }
  if (scan.take('Z')) return;
  const bool west = scan.take('-');
  if (!west) scan.expect('+');
  const int hours = scan.number(2);
  scan.expect(':');
  const int minutes = scan.number(2);
  if (minutes > 59 || (west && hours == 0 && minutes == 0)) scan.good = false;
  time.offset_minutes = static_cast<std::int16_t>((west ? -1 : 1) * (hours * 60 + minutes));
}

constexpr std::array<std::string_view, 8> kUnits{"none", "minute", "hour", "working_day", "calendar_day", "week", "month", "year"};

} // namespace

char* Time::write_text(char* at) const {
  const auto then = [&at](char separator, int value, int width) {
    *at++ = separator;
    at = write_number(at, value, width);
  };
  at = write_number(at, year, 4);
  then('-', month, 2);
  if (precision == Precision::month) return at;
  then('-', day, 2);
  if (!has_clock()) return at;
  then('T', hour, 2);
  then(':', minute, 2);
  then(':', precision == Precision::minute ? 0 : second, 2);
  if (precision == Precision::millisecond) then('.', millisecond, 3);
  const int offset = offset_minutes < 0 ? -offset_minutes : offset_minutes;
  then(offset_minutes < 0 ? '-' : '+', offset / 60, 2);
  then(':', offset % 60, 2);
  return at;
}

void Time::append_text(std::string& out) const {
  std::array<char, kTextBytesMax> text{};
  out.append(text.data(), static_cast<std::size_t>(write_text(text.data()) - text.data()));
}

std::string Time::text() const {
  std::string out;
  append_text(out);
  return out;
}

Result<Time> Time::parse(std::string_view text) {
  Scanner scan{text};
  Time time;
  time.precision = Precision::month;
  time.year = static_cast<std::int16_t>(scan.number(4));
  scan.expect('-');
  time.month = static_cast<std::int8_t>(scan.number(2));
  if (scan.take('-')) {
    time.day = static_cast<std::int8_t>(scan.number(2));
    time.precision = Precision::day;
    if (scan.take('T')) scan_clock(scan, time);
  }
  if (!scan.good || !scan.rest.empty()) return Error(Errc::model_time_invalid);
  TONGQU_CHECK(time.check());
  return time;
}

Result<void> Time::check() const {
  const bool date = year >= 1 && year <= 9999 && month >= 1 && month <= 12 &&
                    (precision == Precision::month || (day >= 1 && day <= days_in_month(year, month)));
  const bool clock = !has_clock() || (hour >= 0 && hour <= 23 && minute >= 0 && minute <= 59 && second >= 0 && second <= 59 &&
                                      millisecond >= 0 && millisecond <= 999 && offset_minutes >= -kOffsetMax && offset_minutes <= kOffsetMax);
  if (!date || !clock) return Error(Errc::model_time_invalid);
  return {};
}

UtcMillis Time::utc() const {
  const std::int64_t days = days_from_civil(year, month, precision == Precision::month ? 1 : day);
  std::int64_t ms = days * 86'400'000;
  if (has_clock()) {
    ms += (std::int64_t{hour} * 60 + minute) * 60'000;
    if (precision >= Precision::second) ms += std::int64_t{second} * 1000;
    if (precision == Precision::millisecond) ms += millisecond;
  }
  return from_epoch_ms(ms - std::int64_t{offset_minutes} * 60'000);
}

bool Time::operator==(const Time& o) const noexcept {
  if (precision != o.precision || year != o.year || month != o.month) return false;
  if (precision >= Precision::day && day != o.day) return false;
  if (!has_clock()) return true;
  if (hour != o.hour || minute != o.minute || offset_minutes != o.offset_minutes) return false;
  if (precision >= Precision::second && second != o.second) return false;
  return precision != Precision::millisecond || millisecond == o.millisecond;
}

std::string_view unit_name(Quantity::Unit unit) noexcept { return kUnits[static_cast<std::size_t>(unit)]; }

std::optional<Quantity::Unit> unit_from_name(std::string_view name) noexcept {
  for (std::size_t i = 0; i < kUnits.size(); ++i) {
    if (kUnits[i] == name) return static_cast<Quantity::Unit>(i);
  }
  return std::nullopt;
}

Result<std::string> normal_decimal(std::string_view text) {
  std::string_view rest = text;
  const bool negative = !rest.empty() && rest.front() == '-';
  if (!rest.empty() && (rest.front() == '-' || rest.front() == '+')) rest.remove_prefix(1);
  const std::size_t point = rest.find('.');
  std::string_view whole = rest.substr(0, point);
  std::string_view part = point == std::string_view::npos ? std::string_view() : rest.substr(point + 1);
  const bool digits = whole.find_first_not_of("0123456789") == std::string_view::npos &&
                      part.find_first_not_of("0123456789") == std::string_view::npos;
  if (!digits || whole.empty() || (point != std::string_view::npos && part.empty())) return Error(Errc::model_decimal_invalid);
  while (whole.size() > 1 && whole.front() == '0') whole.remove_prefix(1);
  while (!part.empty() && part.back() == '0') part.remove_suffix(1);
  std::string out;
  if (negative && !(whole == "0" && part.empty())) out += '-';
  out += whole;
  if (!part.empty()) {
    out += '.';
    out += part;
  }
  return out;
}

Result<Money> money_from(std::string_view text) {
  TONGQU_TRY(std::string decimal, normal_decimal(text));
  if (decimal.front() == '-') return Error(Errc::model_money_negative);
  const std::size_t point = decimal.find('.');
  if (point != std::string::npos && decimal.size() - point - 1 > 2) return Error(Errc::model_money_too_fine);
  return Money{std::move(decimal)};
}

std::string Validity::text() const {
  switch (kind) {
    case Kind::until: return until.text();
    case Kind::unlimited: return "unlimited";
    case Kind::unknown: return "unknown";
  }
  return "unknown";
}

Result<Validity> Validity::parse(std::string_view text) {
  Validity validity;
  if (text == "unknown") return validity;
  if (text == "unlimited") {
    validity.kind = Kind::unlimited;
    return validity;
  }
  TONGQU_TRY(validity.until, Time::parse(text));
  validity.kind = Kind::until;
  return validity;
}

bool Validity::operator==(const Validity& o) const noexcept { return kind == o.kind && (kind != Kind::until || until == o.until); }

std::string_view verdict_name(Verdict verdict) noexcept {
  switch (verdict) {
    case Verdict::unchecked: return "unchecked";
    case Verdict::passed: return "passed";
    case Verdict::failed: return "failed";
  }
  return "unchecked";
}

} // namespace tongqu::model
