#pragma once
#include <array>
#include <cstddef>

namespace tongqu {

/// In the proleptic Gregorian calendar.
constexpr bool is_leap_year(int year) noexcept { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

/// @param month  1 to 12.
constexpr int days_in_month(int year, int month) noexcept {
  constexpr std::array<int, 12> kDays{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && is_leap_year(year) ? 29 : kDays[static_cast<std::size_t>(month) - 1];
}

} // namespace tongqu
