#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tongqu/model/values.hpp"

namespace tongqu::mapping::detail {

/// A date pattern (docs/reference/mapping.md) compiled once. Reads whole texts only; writes the same form.
class DatePattern {
public:
  /// Answers nothing, with the reason in `problem`, when the pattern cannot be read or can read one text in two ways.
  /// @param century_from  Years of two digits lie in the hundred years from here; without it `yy` is refused.
  static std::optional<DatePattern> compile(std::string_view pattern, std::string& problem, std::optional<int> century_from = std::nullopt);

  /// Reads the whole text. Calendar fields are checked; 24:00:00 becomes the next day's 00:00.
  /// @param zone_minutes  Offset of times that carry none.
  /// @param said  Receives what a finding must say, when not null.
  struct Said { bool century = false, cut = false; };   ///< cut: digits beyond the millisecond were not zero.
  std::optional<model::Time> read(std::string_view text, std::int16_t zone_minutes, Said* said = nullptr) const;
  /// Appends the time in this form; optional parts are written when the time is precise enough.
  /// Answers false, and appends nothing, when the time is coarser than the pattern.
  bool write(const model::Time& time, std::string& out) const;

  bool may_have_clock() const noexcept { return clock_; }
  bool always_has_offset() const noexcept { return offset_; }
  const std::string& text() const noexcept { return text_; }

  /// Whether the pattern has digits, half-day words and offsets with a colon only, which a comparison digit by digit understands.
  bool plain() const noexcept;
  /// True when some text may be read by both, differently; says so more often than it is so.
  static bool ambiguous(const DatePattern& a, const DatePattern& b);

private:
  friend class DateOverlap;   ///< Compares what patterns read.
  enum class Kind : std::uint8_t { literal, year, month, day, hour, minute, second, fraction, half_hour, half_day, offset, month_name, weekday, open, close };
  /// How a field is written: digits, the last two digits of a year, Chinese numerals; names of months; weekdays in English or Chinese.
  enum class Style : std::uint8_t { plain, short_year, numerals, english, chinese, no_colon };
  struct Token {
    Kind kind = Kind::literal;
    std::uint8_t digits_min = 0;   ///< Characters, for numerals.
    std::uint8_t digits_max = 0;
    Style style = Style::plain;
    std::size_t match = 0;   ///< open: index of its close.
    std::string text;        ///< literal
  };
  struct Fields;
  /// One character of a text that the pattern reads, for the comparison of patterns: what it means.
  struct Cell { Kind kind; std::uint8_t place; char literal; Style style = Style::plain; bool operator==(const Cell& o) const = default; };
  using Line = std::vector<Cell>;

  bool tokenize(std::string_view pattern, std::string& problem);
  std::size_t add_letters(std::string_view pattern, std::size_t at, std::string& problem);
  bool close_brackets(std::string& problem);
  bool complete(std::string& problem);
  bool pass_plain(std::size_t& token, std::string_view text, std::size_t& at, Fields& fields) const;
  bool match(std::size_t token, std::string_view text, std::size_t at, Fields& fields) const;
  bool match_digits(std::size_t token, std::string_view text, std::size_t at, Fields& fields) const;
  bool match_numerals(std::size_t token, std::string_view text, std::size_t at, Fields& fields) const;
  bool match_word(std::size_t token, std::string_view text, std::size_t at, Fields& fields) const;
  bool match_offset(std::size_t token, std::string_view text, std::size_t at, Fields& fields) const;
  bool write_field(const model::Time& time, const Token& token, std::string& out) const;
  bool write_range(const model::Time& time, std::size_t from, std::size_t to, std::string& out) const;
  void expand(std::size_t token, Line line, std::vector<Line>& lines) const;
  static std::vector<std::string_view> half_day_words();
  static bool collide(const std::vector<Line>& a, const std::vector<Line>& b);

  std::string text_;
  std::vector<Token> tokens_;
  bool clock_ = false;
  bool offset_ = false;
  bool short_year_ = false;
  int century_from_ = 0;
};

/// "+08:00" or "Z" as minutes.
std::optional<std::int16_t> zone_minutes_of(std::string_view text);
/// Instant as local time of an offset. `millis` since 1970.
model::Time local_time(std::int64_t millis, std::int16_t zone_minutes, model::Time::Precision precision);

} // namespace tongqu::mapping::detail
