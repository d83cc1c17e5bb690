#include <charconv>
#include <system_error>

#include "wire/json/json_scan.hpp"

namespace tongqu::wire::detail {
namespace {

constexpr std::ptrdiff_t kNumberBytesMax = 1000;
constexpr int kExponentMax = 400;
constexpr std::ptrdiff_t kSafeDigits = 300;  // Fewer integer digits than a double's 308 cannot overflow without an exponent.

bool is_digit(const char* p, const char* end) noexcept { return p != end && *p >= '0' && *p <= '9'; }

const char* skip_digits(const char* p, const char* end) noexcept {
  while (is_digit(p, end)) ++p;
  return p;
}

struct Exponent {
  const char* end = nullptr;  ///< Null when the exponent has no digit.
  const char* stop = nullptr;
  bool in_range = true;
};

Exponent scan_exponent(const char* p, const char* end) noexcept {
  ++p;
  if (p != end && (*p == '+' || *p == '-')) ++p;
  if (!is_digit(p, end)) return {nullptr, p, true};
  int value = 0;
  while (is_digit(p, end)) {
    if (value <= kExponentMax) value = value * 10 + (*p - '0');
    ++p;
  }
  return {p, p, value <= kExponentMax};
}

/// True when the magnitude is too large for a finite double. std::from_chars tells neither overflow from underflow, but a number
/// with an exponent that underflows is below one, and one that overflows is above one.
bool overflows(const char* begin, const char* end) noexcept {
  double value = 0;
  if (std::from_chars(begin, end, value).ec != std::errc::result_out_of_range) return false;
  const char* p = *begin == '-' ? begin + 1 : begin;
  std::ptrdiff_t magnitude = 0;
  if (*p != '0') {
    magnitude = skip_digits(p, end) - p;
    p += magnitude;
    if (p != end && *p == '.') p = skip_digits(p + 1, end);
  } else if (++p != end && *p == '.') {
    for (++p; p != end && *p == '0'; ++p) --magnitude;
    p = skip_digits(p, end);
  }
  int exponent = 0;
  if (p != end) std::from_chars(p[1] == '+' ? p + 2 : p + 1, end, exponent);
  return magnitude + exponent > 0;
}

} // namespace

NumberScan scan_number(const char* p, const char* end) noexcept {
  const char* const begin = p;
  if (*p == '-') ++p;
  if (!is_digit(p, end)) return {NumberVerdict::not_a_number, p};
  const char* const digits = p;
  p = *p == '0' ? p + 1 : skip_digits(p, end);
  if (is_digit(p, end)) return {NumberVerdict::not_a_number, p};
  bool check_range = p - digits > kSafeDigits;
  if (p != end && *p == '.') {
    if (!is_digit(p + 1, end)) return {NumberVerdict::not_a_number, p + 1};
    p = skip_digits(p + 1, end);
  }
  bool exponent_in_range = true;
  if (p != end && (*p == 'e' || *p == 'E')) {
    const Exponent exponent = scan_exponent(p, end);
    if (exponent.end == nullptr) return {NumberVerdict::not_a_number, exponent.stop};
    p = exponent.end;
    exponent_in_range = exponent.in_range;
    check_range = true;
  }
  if (p - begin > kNumberBytesMax || !exponent_in_range) return {NumberVerdict::out_of_range, p};
  if (check_range && overflows(begin, p)) return {NumberVerdict::out_of_range, p};
  return {NumberVerdict::good, p};
}

} // namespace tongqu::wire::detail
