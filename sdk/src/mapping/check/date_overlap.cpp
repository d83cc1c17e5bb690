#include "mapping/check/date_overlap.hpp"

#include <algorithm>
#include <array>

namespace tongqu::mapping::detail {
namespace {

constexpr std::size_t kTriesMax = 1000000;
// Numbers of fields in a shape: one more than their kind in a pattern.
constexpr std::uint8_t kYear = 2, kMonth = 3, kDay = 4, kHalfHour = 9;

} // namespace

struct DateOverlap::Pair {
  const DatePattern& a;
  const DatePattern& b;
  std::int16_t zone;
  bool differ(const std::string& text) const {
    const auto first = a.read(text, zone);
    const auto second = first ? b.read(text, zone) : std::nullopt;
    return second && !(*first == *second);
  }
};

void DateOverlap::add_cell(const DatePattern& pattern, std::size_t cell, const void* line_address, Shape shape, std::vector<Shape>& out) {
  using Kind = DatePattern::Kind;
  const auto& line = *static_cast<const DatePattern::Line*>(line_address);
  const auto field = [](Kind kind) { return static_cast<std::uint8_t>(static_cast<unsigned>(kind) + 1); };
  for (; cell < line.size(); ++cell) {
    const DatePattern::Cell& now = line[cell];
    if (now.kind == Kind::literal) {
      shape.push_back({Position::Is::byte, now.literal, 0, 0});
    } else if (now.kind == Kind::half_day) {
      std::uint8_t number = 0;
      for (const std::string_view word : DatePattern::half_day_words()) {
        Shape longer = shape;
        for (const char c : word) longer.push_back({Position::Is::byte, c, field(now.kind), number});
        ++number;
        add_cell(pattern, cell + 1, line_address, std::move(longer), out);
      }
      return;
    } else if (now.kind == Kind::offset && now.literal != 0) {
      shape.push_back({Position::Is::byte, now.literal, field(now.kind), 0});
    } else if (now.kind == Kind::offset) {
      shape.push_back({Position::Is::sign, 0, field(now.kind), 0});
      constexpr std::array<std::uint8_t, 5> kPlaces = {4, 3, 0, 2, 1};   // "08:00"; 0 is the colon.
      for (const std::uint8_t place : kPlaces) {
        if (place == 0) shape.push_back({Position::Is::byte, ':', field(now.kind), 0});
        else shape.push_back({Position::Is::digit, 0, field(now.kind), place});
      }
    } else {
      shape.push_back({Position::Is::digit, 0, field(now.kind), now.place});
    }
  }
  out.push_back(std::move(shape));
}

bool DateOverlap::digits_only(const DatePattern& pattern) {
  std::vector<DatePattern::Line> lines;
  pattern.expand(0, {}, lines);
  for (const DatePattern::Line& line : lines) {
    const auto is_plain = [](const DatePattern::Cell& cell) {
      return cell.style == DatePattern::Style::plain && cell.kind != DatePattern::Kind::month_name && cell.kind != DatePattern::Kind::weekday;
    };
    if (!std::all_of(line.begin(), line.end(), is_plain)) return false;
  }
  return true;
}

std::vector<DateOverlap::Shape> DateOverlap::shapes(const DatePattern& pattern) {
  std::vector<DatePattern::Line> lines;
  pattern.expand(0, {}, lines);
  std::vector<Shape> all;
  for (const DatePattern::Line& line : lines) add_cell(pattern, 0, &line, {}, all);
  return all;
}

/// Positions that hold a digit of one field whose digits all stand in the same places of both shapes.
std::vector<bool> DateOverlap::shared(const Shape& a, const Shape& b) {
  std::vector<bool> same(a.size(), true);
  for (std::size_t i = 0; i < a.size(); ++i) {
    // Which hours are real depends on the half-day word beside them.
    if (a[i].field == kHalfHour || b[i].field == kHalfHour) same[i] = false;
    if (a[i] == b[i]) continue;
    for (std::size_t j = 0; j < a.size(); ++j) {
      const bool touched = (a[j].field != 0 && (a[j].field == a[i].field || a[j].field == b[i].field)) ||
                           (b[j].field != 0 && (b[j].field == a[i].field || b[j].field == b[i].field));
      if (touched) same[j] = false;
    }
  }
  return same;
}

/// A text of both shapes; free positions hold 1, or + for a sign, and those that mean the same in both hold what is real everywhere.
std::optional<std::string> DateOverlap::common(const Shape& a, const Shape& b) {
  if (a.size() != b.size()) return std::nullopt;
  static constexpr std::string_view kLeapYear = "2104";
  const std::vector<bool> same = shared(a, b);
  std::string text(a.size(), '1');
  for (std::size_t i = 0; i < a.size(); ++i) {
    const Position& x = a[i];
    const Position& y = b[i];
    const Position& fixed = x.is == Position::Is::byte ? x : y;
    const Position& other = x.is == Position::Is::byte ? y : x;
    if (fixed.is == Position::Is::byte) {
      const bool fits = other.is == Position::Is::byte    ? other.byte == fixed.byte
                        : other.is == Position::Is::digit ? fixed.byte >= '0' && fixed.byte <= '9'
                                                          : fixed.byte == '+' || fixed.byte == '-';
      if (!fits) return std::nullopt;
      text[i] = fixed.byte;
    } else if (x.is != y.is) {
      return std::nullopt;
    } else if (x.is == Position::Is::sign) {
      text[i] = '+';
    } else if (same[i] && x.field == kYear) {
      text[i] = kLeapYear[kLeapYear.size() - x.place];
    } else if (same[i] && (x.field == kMonth || x.field == kDay) && x.place == 2) {
      text[i] = '0';
    }
  }
  return text;
}

DateOverlap::Result DateOverlap::search(const Pair& pair, const Shape& a, const Shape& b, std::string text) {
  std::vector<std::size_t> free;
  const std::vector<bool> same = shared(a, b);
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i].is == Position::Is::digit && b[i].is == Position::Is::digit && !same[i]) free.push_back(i);
  }
  if (pair.differ(text)) return {true, text};
  for (const std::size_t at : free) {
    const char before = text[at];
    for (const char digit : {'2', '0', '3'}) {
      text[at] = digit;
      if (pair.differ(text)) return {true, text};
    }
    text[at] = before;
  }
  std::size_t tries = 1;
  for (std::size_t i = 0; i < free.size(); ++i) {
    tries *= 10;
    if (tries > kTriesMax) return {true, {}};
  }
  for (std::size_t number = 0; number < tries; ++number) {
    std::size_t rest = number;
    for (const std::size_t at : free) {
      text[at] = static_cast<char>('0' + rest % 10);
      rest /= 10;
    }
    if (pair.differ(text)) return {true, text};
  }
  return {};
}

DateOverlap::Result DateOverlap::of(const DatePattern& a, const DatePattern& b, std::int16_t zone_minutes) {
  if (!digits_only(a) || !digits_only(b)) return {DatePattern::ambiguous(a, b), {}};
  const Pair pair{a, b, zone_minutes};
  const std::vector<Shape> first = shapes(a), second = shapes(b);
  Result unproved;
  for (const Shape& x : first) {
    for (const Shape& y : second) {
      if (x.size() != y.size() || x == y) continue;
      auto text = common(x, y);
      if (!text) continue;
      Result result = search(pair, x, y, std::move(*text));
      if (!result.example.empty()) return result;
      unproved.found = unproved.found || result.found;
    }
  }
  return unproved;
}

bool DateOverlap::covers(const DatePattern& earlier, const DatePattern& later) {
  if (!digits_only(earlier) || !digits_only(later)) return earlier.text() == later.text();
  const std::vector<Shape> first = shapes(earlier);
  for (const Shape& shape : shapes(later)) {
    if (std::find(first.begin(), first.end(), shape) == first.end()) return false;
  }
  return true;
}

} // namespace tongqu::mapping::detail
