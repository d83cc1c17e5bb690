#pragma once
#include <optional>
#include <string>

#include "mapping/date_pattern.hpp"

namespace tongqu::mapping::detail {

/// What two date patterns have in common, decided on all the texts that they read.
///
/// A pattern reads finitely many shapes of text: each optional part there or not, each one-or-two-digit field both ways, each half-day
/// word. A shape is a row of positions, each a fixed byte, a digit of a field or a sign, so two shapes have texts in common exactly when
/// they do at each position. What is left is whether one of those texts is a real time in both and another time in one than in the other:
/// - Where both shapes have the same digit of the same field, its value does not matter to that: a leap year, January, day 1, 11 o'clock,
///   minute 11 are real with whatever stands beside them, and equal in both. These positions are fixed.
/// - Without digits written into a pattern all other positions may hold 1: month, day, hour, minute and second 1 and 11 are all real. So both
///   read such a text, and changing a digit that means two things changes two things differently.
/// - Otherwise every choice of the digits that are left is tried, up to a million; beyond, the patterns count as overlapping.
class DateOverlap {
public:
  /// A text that both read, as different times. Patterns with fields in words or in Chinese numerals are compared by DatePattern itself, which
  /// gives no example. With `found` and an empty text no example was worked out.
  struct Result { bool found = false; std::string example; };
  static Result of(const DatePattern& a, const DatePattern& b, std::int16_t zone_minutes);
  /// Every text of `later` is read by `earlier`, as the same time.
  static bool covers(const DatePattern& earlier, const DatePattern& later);

private:
  struct Position { enum class Is : std::uint8_t { byte, digit, sign } is = Is::byte; char byte = 0; std::uint8_t field = 0, place = 0; bool operator==(const Position& o) const = default; };
  using Shape = std::vector<Position>;
  struct Pair;
  static bool digits_only(const DatePattern& pattern);
  static std::vector<Shape> shapes(const DatePattern& pattern);
  static void add_cell(const DatePattern& pattern, std::size_t cell, const void* line, Shape shape, std::vector<Shape>& out);
  static std::vector<bool> shared(const Shape& a, const Shape& b);
  static std::optional<std::string> common(const Shape& a, const Shape& b);
  static Result search(const Pair& pair, const Shape& a, const Shape& b, std::string text);
};

} // namespace tongqu::mapping::detail
