#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tongqu/base/clock.hpp"
#include "tongqu/base/result.hpp"

namespace tongqu::model {

/// A point in time as precise as it was sent. Calendar fields in local time plus the offset; a date never becomes a midnight.
struct Time {
  enum class Precision : std::uint8_t { month, day, minute, second, millisecond };
  Precision precision = Precision::day;
  std::int16_t year = 0;      ///< 1 to 9999.
  std::int8_t month = 1;
  std::int8_t day = 1;
  std::int8_t hour = 0;
  std::int8_t minute = 0;
  std::int8_t second = 0;
  std::int16_t millisecond = 0;
  std::int16_t offset_minutes = 0;  ///< East of UTC; meaningful from minute precision on.

  bool has_clock() const noexcept { return precision >= Precision::minute; }
  /// Canonical text: "2099-01", "2099-01-05", or RFC 3339 with offset ("2099-01-05T07:08:00+08:00", milliseconds as ".123"). Minute
  /// precision writes second 00; the precision itself stands in the record's meta.
  std::string text() const;
  void append_text(std::string& out) const;
  /// The same at `at`, with room for kTextBytesMax. Answers one past the last character.
  char* write_text(char* at) const;
  static constexpr std::size_t kTextBytesMax = 32;
  /// Reads canonical text strictly (real dates only, no 24:00, no second 60). @errors model.time_invalid.
  static Result<Time> parse(std::string_view text);
  /// Checks the calendar fields. @errors model.time_invalid.
  Result<void> check() const;
  /// UTC milliseconds of the instant; of the first instant of the day or month (local) when there is no clock.
  UtcMillis utc() const;
  bool operator==(const Time& o) const noexcept;
};

/// Exact decimal with an optional unit: time limits, counts, areas, investment.
struct Quantity {
  enum class Unit : std::uint8_t { none, minute, hour, working_day, calendar_day, week, month, year };
  std::string value;          ///< Decimal digits, optional sign and point, no exponent, no superfluous zeros.
  Unit unit = Unit::none;
  bool operator==(const Quantity& o) const { return value == o.value && unit == o.unit; }
};
std::string_view unit_name(Quantity::Unit unit) noexcept;
std::optional<Quantity::Unit> unit_from_name(std::string_view name) noexcept;

/// Yuan as exact decimal text, at most two places.
struct Money {
  std::string yuan;
  bool operator==(const Money& o) const { return yuan == o.yuan; }
};
/// Normalises a decimal ("0012.50" -> "12.5", "-0" -> "0"). @errors model.decimal_invalid.
Result<std::string> normal_decimal(std::string_view text);
/// Money from a decimal. @errors model.decimal_invalid, model.money_too_fine (finer than a fen), model.money_negative.
Result<Money> money_from(std::string_view text);

/// Until a date, unlimited, or said to be unknown.
struct Validity {
  enum class Kind : std::uint8_t { until, unlimited, unknown };
  Kind kind = Kind::unknown;
  Time until;
  std::string text() const;   ///< The date, "unlimited" or "unknown".
  static Result<Validity> parse(std::string_view text);
  bool operator==(const Validity& o) const noexcept;
};

/// A coded value: canonical name, and what was sent. The same digit means opposite things in two interfaces, so the pair
/// (system, code) stays together with the name.
struct Code {
  std::string name;           ///< Canonical enum name in snake_case ("resident_id"); empty when only (system, code) is known.
  std::string system;         ///< Code system of `code` ("qinglan.zjlx@7"); empty when none was sent.
  std::string code;           ///< As sent.
  std::string text;           ///< Free text beside `other`, or the source's own label.
  bool operator==(const Code& o) const { return name == o.name && system == o.system && code == o.code && text == o.text; }
};

/// Verdict on an identifier field; the value itself is kept as sent.
enum class Verdict : std::uint8_t { unchecked, passed, failed };
std::string_view verdict_name(Verdict verdict) noexcept;

} // namespace tongqu::model
