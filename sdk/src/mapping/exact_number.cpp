#include "mapping/exact_number.hpp"

#include <algorithm>
#include <limits>

namespace tongqu::mapping::detail {
namespace {

constexpr unsigned kScaleMax = 18;
constexpr unsigned kDigitsMax = 36;

} // namespace

std::optional<ExactNumber> ExactNumber::made(Wide digits, unsigned scale) {
  while (scale != 0 && digits % 10 == 0) {
    digits /= 10;
    --scale;
  }
  Wide limit = 1;
  for (unsigned i = 0; i < kDigitsMax; ++i) limit *= 10;
  if (scale > kScaleMax || digits >= limit || digits <= -limit) return std::nullopt;
  return ExactNumber(digits, scale);
}

std::optional<ExactNumber> ExactNumber::parse(std::string_view text) {
  const bool negative = !text.empty() && text.front() == '-';
  if (negative || (!text.empty() && text.front() == '+')) text.remove_prefix(1);
  Wide digits = 0;
  unsigned scale = 0, count = 0;
  bool point = false;
  bool any = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '.' && !point && any && i + 1 != text.size()) {
      point = true;
      continue;
    }
    if (c < '0' || c > '9') return std::nullopt;
    any = true;
    // Zeros at the end of a fraction say nothing; those in front of the number neither.
    if (point && text.find_first_not_of('0', i) == std::string_view::npos) break;
    if (digits != 0 || c != '0') ++count;
    if (count > kDigitsMax || (point && ++scale > kScaleMax)) return std::nullopt;
    digits = digits * 10 + (c - '0');
  }
  if (!any) return std::nullopt;
  // What stands behind a break above must still be digits, which find_first_not_of has seen.
  return made(negative ? -digits : digits, scale);
}

std::string ExactNumber::text() const {
  Wide rest = digits_ < 0 ? -digits_ : digits_;
  std::string reversed;
  for (unsigned place = 0; rest != 0 || place <= scale_; ++place) {
    if (place == scale_ && scale_ != 0) reversed += '.';
    reversed += static_cast<char>('0' + static_cast<int>(rest % 10));
    rest /= 10;
  }
  if (digits_ < 0) reversed += '-';
  std::reverse(reversed.begin(), reversed.end());
  return reversed;
}

bool ExactNumber::scaled_to(unsigned scale, Wide& out) const {
  out = digits_;
  for (unsigned i = scale_; i < scale; ++i) {
    if (__builtin_mul_overflow(out, Wide{10}, &out)) return false;
  }
  return true;
}

std::optional<ExactNumber> ExactNumber::sum(const ExactNumber& o, int sign) const {
  const unsigned scale = std::max(scale_, o.scale_);
  Wide a = 0, b = 0, out = 0;
  if (!scaled_to(scale, a) || !o.scaled_to(scale, b) || __builtin_add_overflow(a, b * sign, &out)) return std::nullopt;
  return made(out, scale);
}

std::optional<ExactNumber> ExactNumber::plus(const ExactNumber& o) const { return sum(o, 1); }
std::optional<ExactNumber> ExactNumber::minus(const ExactNumber& o) const { return sum(o, -1); }

std::optional<ExactNumber> ExactNumber::times(const ExactNumber& o) const {
  Wide out = 0;
  if (__builtin_mul_overflow(digits_, o.digits_, &out)) return std::nullopt;
  return made(out, scale_ + o.scale_);
}

ExactNumber ExactNumber::rounded(unsigned places) const {
  if (scale_ <= places) return *this;
  Wide unit = 1;
  for (unsigned i = places; i < scale_; ++i) unit *= 10;
  const Wide half = unit / 2;
  const Wide moved = digits_ < 0 ? digits_ - half : digits_ + half;
  return made(moved / unit, places).value_or(*this);
}

std::optional<ExactNumber> ExactNumber::divided(const ExactNumber& o, unsigned places) const {
  if (o.digits_ == 0 || places > kScaleMax) return std::nullopt;
  // digits / o.digits * 10^(o.scale - scale), wanted times 10^places.
  Wide top = digits_, bottom = o.digits_;
  const int shift = static_cast<int>(places) + static_cast<int>(o.scale_) - static_cast<int>(scale_);
  for (int i = 0; i < shift; ++i) {
    if (__builtin_mul_overflow(top, Wide{10}, &top)) return std::nullopt;
  }
  for (int i = shift; i < 0; ++i) {
    if (__builtin_mul_overflow(bottom, Wide{10}, &bottom)) return std::nullopt;
  }
  Wide quotient = top / bottom;
  const Wide rest = top % bottom;
  const Wide left = rest < 0 ? -rest : rest;
  const Wide size = bottom < 0 ? -bottom : bottom;
  if (left >= size - left) quotient += (top < 0) == (bottom < 0) ? 1 : -1;
  return made(quotient, places);
}

int ExactNumber::compare(const ExactNumber& o) const {
  const unsigned scale = std::max(scale_, o.scale_);
  Wide a = 0, b = 0;
  const bool fits_a = scaled_to(scale, a), fits_b = o.scaled_to(scale, b);
  // Only one of two can be so large that it cannot be written with the places of the other.
  if (!fits_a) return digits_ < 0 ? -1 : 1;
  if (!fits_b) return o.digits_ < 0 ? 1 : -1;
  return a < b ? -1 : a > b ? 1 : 0;
}

std::optional<std::int64_t> ExactNumber::whole() const {
  if (scale_ != 0 || digits_ > std::numeric_limits<std::int64_t>::max() || digits_ < std::numeric_limits<std::int64_t>::min()) return std::nullopt;
  return static_cast<std::int64_t>(digits_);
}

} // namespace tongqu::mapping::detail
