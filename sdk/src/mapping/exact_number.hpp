#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tongqu::mapping::detail {

/// An exact decimal of at most 36 digits, 18 of them behind the point. Nothing is ever rounded unless a function says so; what does
/// not fit gives nothing.
class ExactNumber {
public:
  ExactNumber() = default;
  static ExactNumber of(std::int64_t value) { return ExactNumber(value, 0); }
  /// "-12.50", "+3", "007": digits with an optional sign and point, no exponent, no blanks.
  static std::optional<ExactNumber> parse(std::string_view text);
  /// Without superfluous zeros: "12.5", "0".
  std::string text() const;

  std::optional<ExactNumber> plus(const ExactNumber& o) const;
  std::optional<ExactNumber> minus(const ExactNumber& o) const;
  std::optional<ExactNumber> times(const ExactNumber& o) const;
  /// Half away from zero, at `places` behind the point (0 to 18). Nothing for a division by zero.
  std::optional<ExactNumber> divided(const ExactNumber& o, unsigned places) const;
  ExactNumber rounded(unsigned places) const;
  ExactNumber negated() const { return ExactNumber(-digits_, scale_); }
  /// Negative, zero or positive as `*this` is smaller, equal or larger.
  int compare(const ExactNumber& o) const;
  /// The value when it is whole and fits.
  std::optional<std::int64_t> whole() const;

private:
  __extension__ using Wide = __int128;
  ExactNumber(Wide digits, unsigned scale) : digits_(digits), scale_(scale) {}
  static std::optional<ExactNumber> made(Wide digits, unsigned scale);
  bool scaled_to(unsigned scale, Wide& out) const;
  std::optional<ExactNumber> sum(const ExactNumber& o, int sign) const;

  Wide digits_ = 0;
  unsigned scale_ = 0;   ///< Digits behind the point.
};

} // namespace tongqu::mapping::detail
