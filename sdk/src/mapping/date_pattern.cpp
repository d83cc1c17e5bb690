#include "mapping/date_pattern.hpp"

#include <algorithm>
#include <chrono>

#include "mapping/text_pattern.hpp"
#include "mapping/written_number.hpp"

namespace tongqu::mapping::detail {
namespace {

constexpr std::size_t kLinesMax = 4096;
constexpr std::size_t kTokensMax = 64;

struct HalfDay { std::string_view word; char code; };
constexpr HalfDay kHalfDays[] = {{"上午", 'a'}, {"下午", 'p'}, {"凌晨", 'e'}, {"早上", 'm'}, {"早晨", 'm'}, {"清晨", 'm'}, {"中午", 'n'}, {"傍晚", 'v'},
                                 {"晚上", 'v'}, {"AM", 'A'},   {"PM", 'p'},   {"am", 'A'},   {"pm", 'p'}};
constexpr std::string_view kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::string_view kWeekdays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::string_view kWeekdaySigns[] = {"日", "一", "二", "三", "四", "五", "六", "天"};   ///< 天 is Sunday too.

bool digit(char c) { return c >= '0' && c <= '9'; }

/// Hour of the day of a half-day word and a 12-hour clock; -1 where people would read it in two ways. 24 is midnight at the end.
int hour_of(char half, int hour) {
  switch (half) {
    case 'a': return hour <= 11 ? hour : -1;
    case 'A': return hour == 12 ? 0 : (hour >= 1 && hour <= 11 ? hour : -1);
    case 'm': return hour >= 4 && hour <= 11 ? hour : -1;
    case 'e': return hour == 12 ? 0 : (hour <= 11 ? hour : -1);
    case 'n': return hour == 11 || hour == 12 ? hour : (hour >= 1 && hour <= 2 ? hour + 12 : -1);
    case 'p': return hour == 12 ? 12 : (hour >= 1 && hour <= 11 ? hour + 12 : -1);
    case 'v': return hour == 12 ? 24 : (hour >= 5 && hour <= 11 ? hour + 12 : -1);
    default: return -1;
  }
}

void add_day(model::Time& time) {
  using namespace std::chrono;
  const year_month_day date{year{time.year}, month{static_cast<unsigned>(time.month)}, day{static_cast<unsigned>(time.day)}};
  const year_month_day next{sys_days{date} + days{1}};
  time.year = static_cast<std::int16_t>(static_cast<int>(next.year()));
  time.month = static_cast<std::int8_t>(static_cast<unsigned>(next.month()));
  time.day = static_cast<std::int8_t>(static_cast<unsigned>(next.day()));
}

/// 0 for Sunday.
int weekday_of(const model::Time& time) {
  using namespace std::chrono;
  const year_month_day date{year{time.year}, month{static_cast<unsigned>(time.month)}, day{static_cast<unsigned>(time.day)}};
  return static_cast<int>(weekday{sys_days{date}}.c_encoding());
}

constexpr std::string_view kNumerals[] = {"〇", "一", "二", "三", "四", "五", "六", "七", "八", "九"};

/// 0 to 99 in words: 五, 十, 二十三.
std::string numeral_text(int value) {
  const auto digit = [](int d) { return std::string(kNumerals[static_cast<std::size_t>(d)]); };
  if (value < 10) return digit(value);
  return (value >= 20 ? digit(value / 10) : "") + "十" + (value % 10 == 0 ? "" : digit(value % 10));
}

void append_padded(std::string& out, int value, std::size_t digits) {
  const std::string text = std::to_string(value);
  out.append(digits > text.size() ? digits - text.size() : 0, '0');
  out += text;
}

} // namespace

struct DatePattern::Fields {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, millisecond = 0, offset = 0;
  int weekday = -1;
  char half = 0;
  bool cut = false;
  unsigned seen = 0;  ///< Bit per Kind.
  void see(Kind kind) { seen |= 1u << static_cast<unsigned>(kind); }
  bool has(Kind kind) const { return (seen >> static_cast<unsigned>(kind) & 1u) != 0; }
  void set(Kind kind, int value) {
    see(kind);
    switch (kind) {
      case Kind::year: year = value; break;
      case Kind::month:
      case Kind::month_name: month = value; break;
      case Kind::weekday: weekday = value; break;
      case Kind::day: day = value; break;
      case Kind::hour:
      case Kind::half_hour: hour = value; break;
      case Kind::minute: minute = value; break;
      case Kind::second: second = value; break;
      default: break;
    }
  }
  void set_fraction(std::string_view digits) {
    see(Kind::fraction);
    millisecond = 0;
    for (std::size_t i = 0; i < 3; ++i) millisecond = millisecond * 10 + (i < digits.size() ? digits[i] - '0' : 0);
    cut = digits.size() > 3 && digits.find_first_not_of('0', 3) != std::string_view::npos;
  }
  std::optional<model::Time> time(std::int16_t zone) const;
};

std::optional<model::Time> DatePattern::Fields::time(std::int16_t zone) const {
  using Precision = model::Time::Precision;
  model::Time result;
  result.year = static_cast<std::int16_t>(year);
  result.month = static_cast<std::int8_t>(month);
  result.day = static_cast<std::int8_t>(has(Kind::day) ? day : 1);
  const bool clock = has(Kind::hour) || has(Kind::half_hour);
  int at_hour = has(Kind::half_hour) ? hour_of(half, hour) : hour;
  if (clock && (at_hour < 0 || at_hour > 24)) return std::nullopt;
  const bool midnight_at_end = at_hour == 24;
  if (midnight_at_end && (minute != 0 || second != 0 || millisecond != 0 || cut)) return std::nullopt;
  if (midnight_at_end) at_hour = 0;
  result.hour = static_cast<std::int8_t>(at_hour);
  result.minute = static_cast<std::int8_t>(minute);
  result.second = static_cast<std::int8_t>(second);
  result.millisecond = static_cast<std::int16_t>(millisecond);
  result.precision = !has(Kind::day) ? Precision::month : !clock ? Precision::day : Precision::minute;
  if (has(Kind::second)) result.precision = has(Kind::fraction) ? Precision::millisecond : Precision::second;
  if (clock) result.offset_minutes = has(Kind::offset) ? static_cast<std::int16_t>(offset) : zone;
  if (minute > 59 || second > 59 || !result.check()) return std::nullopt;
  if (weekday >= 0 && weekday != weekday_of(result)) return std::nullopt;
  if (midnight_at_end) add_day(result);
  if (midnight_at_end && !result.check()) return std::nullopt;
  return result;
}

std::optional<DatePattern> DatePattern::compile(std::string_view pattern, std::string& problem, std::optional<int> century_from) {
  problem.clear();
  DatePattern compiled;
  compiled.century_from_ = century_from.value_or(-1);
  compiled.text_ = pattern;
  if (!compiled.tokenize(pattern, problem) || !compiled.close_brackets(problem) || !compiled.complete(problem)) return std::nullopt;
  std::vector<Line> lines;
  compiled.expand(0, {}, lines);
  if (lines.size() >= kLinesMax) {
    problem = "too many optional parts";
    return std::nullopt;
  }
  if (collide(lines, lines)) {
    problem = "one text can be read in two ways";
    return std::nullopt;
  }
  return compiled;
}

std::size_t DatePattern::add_letters(std::string_view pattern, std::size_t at, std::string& problem) {
  struct Form { std::string_view letters; Kind kind; std::uint8_t least, most; Style style = Style::plain; };
  static constexpr Form kForms[] = {
      {"yyyy", Kind::year, 4, 4}, {"yy", Kind::year, 2, 2, Style::short_year}, {"MMM", Kind::month_name, 3, 3, Style::english},
      {"MM", Kind::month, 2, 2}, {"M", Kind::month, 1, 2}, {"dd", Kind::day, 2, 2}, {"d", Kind::day, 1, 2}, {"HH", Kind::hour, 2, 2}, {"H", Kind::hour, 1, 2},
      {"mm", Kind::minute, 2, 2}, {"m", Kind::minute, 1, 2}, {"ss", Kind::second, 2, 2}, {"s", Kind::second, 1, 2}, {"f", Kind::fraction, 1, 9},
      {"a", Kind::half_day, 0, 0}, {"hh", Kind::half_hour, 2, 2}, {"h", Kind::half_hour, 1, 2},
      {"EEE", Kind::weekday, 0, 0, Style::english}, {"EEEE", Kind::weekday, 0, 0, Style::chinese},
      {"XXX", Kind::offset, 0, 0}, {"XX", Kind::offset, 0, 0, Style::no_colon}, {"Z", Kind::offset, 0, 0},
      {"[", Kind::open, 0, 0}, {"]", Kind::close, 0, 0}};
  // Chinese numerals: c before the letter of the field.
  static constexpr Form kNumeralForms[] = {{"y", Kind::year, 4, 4, Style::numerals}, {"M", Kind::month, 1, 4, Style::numerals}, {"d", Kind::day, 1, 4, Style::numerals},
                                           {"H", Kind::hour, 1, 4, Style::numerals}, {"h", Kind::half_hour, 1, 4, Style::numerals},
                                           {"m", Kind::minute, 1, 4, Style::numerals}, {"s", Kind::second, 1, 4, Style::numerals}};
  if (pattern[at] == 'c' && at + 1 < pattern.size()) {
    for (const Form& form : kNumeralForms) {
      if (pattern.substr(at + 1, 1) != form.letters) continue;
      tokens_.push_back({form.kind, form.least, form.most, form.style, 0, {}});
      return 2;
    }
  }
  std::size_t run = 1;
  while (at + run < pattern.size() && pattern[at + run] == pattern[at] && pattern[at] != '[' && pattern[at] != ']') ++run;
  if (pattern[at] == 'S' && run <= 9) {
    tokens_.push_back({Kind::fraction, static_cast<std::uint8_t>(run), static_cast<std::uint8_t>(run), Style::plain, 0, {}});
    return run;
  }
  for (const Form& form : kForms) {
    if (pattern.substr(at, run) != form.letters) continue;
    if (form.style == Style::short_year && century_from_ < 0) {
      problem = "years of two digits need century_from";
      return 0;
    }
    tokens_.push_back({form.kind, form.least, form.most, form.style, 0, {}});
    return run;
  }
  problem = std::string(pattern.substr(at, run));
  return 0;
}

bool DatePattern::tokenize(std::string_view pattern, std::string& problem) {
  for (std::size_t at = 0; at < pattern.size() && tokens_.size() < kTokensMax;) {
    const char c = pattern[at];
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if ((letter && c != 'T') || c == '[' || c == ']') {
      const std::size_t used = add_letters(pattern, at, problem);
      if (used == 0) return false;
      at += used;
      continue;
    }
    if (c == '\'') {
      const std::size_t end = pattern.find('\'', at + 1);
      if (end == std::string_view::npos) {
        problem = "'";
        return false;
      }
      if (tokens_.empty() || tokens_.back().kind != Kind::literal) tokens_.push_back({});
      tokens_.back().text += pattern.substr(at + 1, end - at - 1);
      at = end + 1;
      continue;
    }
    if (digit(c)) {
      problem = "a digit stands in the pattern";
      return false;
    }
    if (tokens_.empty() || tokens_.back().kind != Kind::literal) tokens_.push_back({});
    tokens_.back().text += c;
    ++at;
  }
  if (tokens_.size() >= kTokensMax) problem = "too long";
  return tokens_.size() < kTokensMax;
}

bool DatePattern::close_brackets(std::string& problem) {
  std::vector<std::size_t> open;
  for (std::size_t i = 0; i < tokens_.size(); ++i) {
    if (tokens_[i].kind == Kind::open) open.push_back(i);
    if (tokens_[i].kind != Kind::close) continue;
    if (open.empty()) {
      problem = "]";
      return false;
    }
    tokens_[open.back()].match = i;
    open.pop_back();
  }
  if (!open.empty()) problem = "[";
  return open.empty();
}

bool DatePattern::complete(std::string& problem) {
  Fields always, ever;
  std::size_t depth = 0;
  for (const Token& token : tokens_) {
    if (token.kind == Kind::open) ++depth;
    if (token.kind == Kind::close) --depth;
    if (token.kind == Kind::literal || token.kind == Kind::open || token.kind == Kind::close) continue;
    const Kind kind = token.kind == Kind::month_name ? Kind::month : token.kind;
    short_year_ = short_year_ || token.style == Style::short_year;
    if (ever.has(kind)) problem = "a field stands twice";
    ever.see(kind);
    if (depth == 0) always.see(kind);
  }
  const auto needs = [&ever](Kind a, Kind b) { return !ever.has(a) || ever.has(b); };
  const bool clock = ever.has(Kind::hour) || ever.has(Kind::half_hour);
  if (!always.has(Kind::year) || !always.has(Kind::month)) problem = "year and month must stand outside brackets";
  else if (ever.has(Kind::half_hour) != ever.has(Kind::half_day)) problem = "a and h go together";
  else if (clock && !ever.has(Kind::day)) problem = "a clock needs a day";
  else if ((ever.has(Kind::minute) || ever.has(Kind::offset)) && !clock) problem = "minutes and offsets need an hour";
  else if (!needs(Kind::second, Kind::minute) || !needs(Kind::fraction, Kind::second)) problem = "a finer field needs the coarser one";
  else if (ever.has(Kind::weekday) && !always.has(Kind::day)) problem = "a weekday needs a day";
  clock_ = clock;
  offset_ = always.has(Kind::offset);
  return problem.empty();
}

std::optional<model::Time> DatePattern::read(std::string_view text, std::int16_t zone_minutes, Said* said) const {
  Fields fields;
  if (!match(0, text, 0, fields)) return std::nullopt;
  if (short_year_) fields.year = century_from_ + ((fields.year - century_from_ % 100) + 100) % 100;
  if (said != nullptr) *said = {short_year_, fields.cut};
  return fields.time(zone_minutes);
}

/// Goes through what can be read in one way only, which is most of most patterns. Answers false when the text does not fit.
bool DatePattern::pass_plain(std::size_t& token, std::string_view text, std::size_t& at, Fields& fields) const {
  for (; token < tokens_.size(); ++token) {
    const Token& now = tokens_[token];
    if (now.kind == Kind::close) continue;
    if (now.kind == Kind::literal) {
      if (text.size() - at < now.text.size() || text.compare(at, now.text.size(), now.text) != 0) return false;
      at += now.text.size();
      continue;
    }
    const bool digits = now.style == Style::plain || now.style == Style::short_year;
    if (!digits || now.digits_max == 0 || now.digits_min != now.digits_max || now.kind == Kind::fraction) return true;
    if (text.size() - at < now.digits_max) return false;
    int value = 0;
    for (const char c : text.substr(at, now.digits_max)) {
      if (!digit(c)) return false;
      value = value * 10 + (c - '0');
    }
    fields.set(now.kind, value);
    at += now.digits_max;
  }
  return true;
}

bool DatePattern::match(std::size_t token, std::string_view text, std::size_t at, Fields& fields) const {
  if (!pass_plain(token, text, at, fields)) return false;
  if (token == tokens_.size()) return at == text.size();
  const Token& now = tokens_[token];
  switch (now.kind) {
    case Kind::open: {
      const Fields before = fields;
      if (match(token + 1, text, at, fields)) return true;
      fields = before;
      return match(now.match + 1, text, at, fields);
    }
    case Kind::half_day:
      for (const HalfDay& half : kHalfDays) {
        if (text.substr(at, half.word.size()) != half.word) continue;
        fields.half = half.code;
        fields.see(Kind::half_day);
        return match(token + 1, text, at + half.word.size(), fields);
      }
      return false;
    case Kind::offset: return match_offset(token, text, at, fields);
    case Kind::month_name:
    case Kind::weekday: return match_word(token, text, at, fields);
    case Kind::literal:
    case Kind::close: return false;   // Passed already.
    default: return now.style == Style::numerals ? match_numerals(token, text, at, fields) : match_digits(token, text, at, fields);
  }
}

bool DatePattern::match_digits(std::size_t token, std::string_view text, std::size_t at, Fields& fields) const {
  const Token& now = tokens_[token];
  std::size_t there = 0;
  while (there < now.digits_max && at + there < text.size() && digit(text[at + there])) ++there;
  for (std::size_t count = there; count >= now.digits_min && count > 0; --count) {
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) value = value * 10 + (text[at + i] - '0');
    const Fields before = fields;
    if (now.kind == Kind::fraction) fields.set_fraction(text.substr(at, count));
    else fields.set(now.kind, value);
    if (match(token + 1, text, at + count, fields)) return true;
    fields = before;
  }
  return false;
}

/// 二〇二一 for a year; 五, 十二, 廿三, 零五 for other fields.
bool DatePattern::match_numerals(std::size_t token, std::string_view text, std::size_t at, Fields& fields) const {
  const Token& now = tokens_[token];
  std::size_t ends[4] = {};
  std::size_t there = 0;
  for (std::size_t end = at; there < now.digits_max && end < text.size();) {
    const Decoded c = character_at(text, end);
    const bool counts = numeral_digit(c.code) >= 0 || (now.kind != Kind::year && (c.code == U'十' || c.code == U'拾' || c.code == U'廿' || c.code == U'卅'));
    if (!counts) break;
    end += c.bytes;
    ends[there++] = end;
  }
  for (std::size_t count = there; count >= now.digits_min; --count) {
    std::string_view piece = text.substr(at, ends[count - 1] - at);
    int value = 0;
    if (now.kind == Kind::year) {
      for (std::size_t i = 0; i < piece.size();) {
        const Decoded c = character_at(piece, i);
        value = value * 10 + numeral_digit(c.code);
        i += c.bytes;
      }
    } else {
      const Decoded first = character_at(piece, 0);
      const bool zero = numeral_digit(first.code) == 0;
      if (zero) piece.remove_prefix(first.bytes);
      value = zero && piece.empty() ? 0 : numeral_below_hundred(piece);
    }
    const Fields before = fields;
    if (value >= 0) {
      fields.set(now.kind, value);
      if (match(token + 1, text, ends[count - 1], fields)) return true;
      fields = before;
    }
  }
  return false;
}

bool DatePattern::match_word(std::size_t token, std::string_view text, std::size_t at, Fields& fields) const {
  const Token& now = tokens_[token];
  const auto try_word = [&](std::string_view word, int value) {
    if (text.substr(at, word.size()) != word) return false;
    fields.set(now.kind, value);
    return match(token + 1, text, at + word.size(), fields);
  };
  int number = 0;
  if (now.kind == Kind::month_name) {
    for (const std::string_view name : kMonths) {
      if (try_word(name, ++number)) return true;
    }
    return false;
  }
  if (now.style == Style::english) {
    for (const std::string_view name : kWeekdays) {
      if (try_word(name, number++)) return true;
    }
    return false;
  }
  for (const std::string_view sign : kWeekdaySigns) {
    const int day = number++ % 7;
    if (try_word("星期" + std::string(sign), day) || try_word("周" + std::string(sign), day)) return true;
  }
  return false;
}

bool DatePattern::match_offset(std::size_t token, std::string_view text, std::size_t at, Fields& fields) const {
  std::string_view sent = text.substr(std::min(at, text.size()));
  std::string with_colon;
  std::size_t length = !sent.empty() && sent[0] == 'Z' ? 1 : 6;
  if (tokens_[token].style == Style::no_colon && length == 6 && sent.size() >= 5) {
    with_colon = std::string(sent.substr(0, 3)) + ":" + std::string(sent.substr(3, 2));
    length = 5;
    sent = with_colon;
  }
  const auto minutes = zone_minutes_of(sent.substr(0, length == 5 ? 6 : length));
  if (!minutes) return false;
  fields.see(Kind::offset);
  fields.offset = *minutes;
  return match(token + 1, text, at + length, fields);
}

/// One field of a time; false when the time is coarser than that.
bool DatePattern::write_field(const model::Time& time, const Token& token, std::string& out) const {
  const bool numerals = token.style == Style::numerals;
  const auto number = [&](int value) {
    if (numerals) out += numeral_text(value);
    else append_padded(out, value, token.digits_min);
  };
  const bool clock_field = token.kind == Kind::hour || token.kind == Kind::half_hour || token.kind == Kind::half_day || token.kind == Kind::minute ||
                           token.kind == Kind::second || token.kind == Kind::fraction || token.kind == Kind::offset;
  // A time sent without seconds is written with 00: canonical JSON does the same and the platforms ask for six digits.
  if (clock_field && !time.has_clock()) return false;
  if ((token.kind == Kind::day || token.kind == Kind::weekday) && time.precision < model::Time::Precision::day) return false;
  switch (token.kind) {
    case Kind::year:
      if (token.style == Style::short_year && (time.year < century_from_ || time.year >= century_from_ + 100)) return false;
      if (numerals) {
        for (const char c : std::string(4 - std::min<std::size_t>(4, std::to_string(time.year).size()), '0') + std::to_string(time.year)) out += kNumerals[c - '0'];
      } else {
        append_padded(out, token.style == Style::short_year ? time.year % 100 : time.year, token.digits_min);
      }
      return true;
    case Kind::month: number(time.month); return true;
    case Kind::month_name: out += kMonths[time.month - 1]; return true;
    case Kind::weekday:
      out += token.style == Style::english ? std::string(kWeekdays[weekday_of(time)]) : "星期" + std::string(kWeekdaySigns[weekday_of(time)]);
      return true;
    case Kind::day: number(time.day); return true;
    case Kind::hour: number(time.hour); return true;
    case Kind::half_hour: number(time.hour == 0 ? 0 : time.hour % 12 == 0 ? 12 : time.hour % 12); return true;
    case Kind::half_day: out += time.hour < 12 ? "上午" : "下午"; return true;
    case Kind::minute: number(time.minute); return true;
    case Kind::second: number(time.second); return true;
    case Kind::fraction: {
      std::string digits;
      append_padded(digits, time.millisecond, 3);
      digits.append(token.digits_min > 3 ? token.digits_min - 3u : 0, '0');
      const std::size_t wanted = token.digits_min == token.digits_max ? token.digits_min : 3u;
      if (digits.find_first_not_of('0', wanted) != std::string::npos) return false;
      out += digits.substr(0, wanted);
      return true;
    }
    case Kind::offset: {
      const int minutes = time.offset_minutes < 0 ? -time.offset_minutes : time.offset_minutes;
      out += time.offset_minutes < 0 ? '-' : '+';
      append_padded(out, minutes / 60, 2);
      if (token.style != Style::no_colon) out += ':';
      append_padded(out, minutes % 60, 2);
      return true;
    }
    default: return true;
  }
}

bool DatePattern::write_range(const model::Time& time, std::size_t from, std::size_t to, std::string& out) const {
  for (std::size_t i = from; i < to; ++i) {
    const Token& token = tokens_[i];
    if (token.kind == Kind::literal) {
      out += token.text;
    } else if (token.kind == Kind::open) {
      const std::size_t size = out.size();
      if (!write_range(time, i + 1, token.match, out)) out.resize(size);
      i = token.match;
    } else if (!write_field(time, token, out)) {
      return false;
    }
  }
  return true;
}

bool DatePattern::write(const model::Time& time, std::string& out) const {
  const std::size_t size = out.size();
  if (write_range(time, 0, tokens_.size(), out)) return true;
  out.resize(size);
  return false;
}

/// All texts of the pattern as lines of cells: each optional part there and not there, each one-or-two-digit field both ways.
void DatePattern::expand(std::size_t token, Line line, std::vector<Line>& lines) const {
  if (lines.size() >= kLinesMax) return;
  if (token == tokens_.size()) {
    lines.push_back(std::move(line));
    return;
  }
  const Token& now = tokens_[token];
  switch (now.kind) {
    case Kind::open:
      expand(token + 1, line, lines);
      expand(now.match + 1, std::move(line), lines);
      return;
    case Kind::close: break;
    case Kind::literal:
      for (const char c : now.text) line.push_back({Kind::literal, 0, c, Style::plain});
      break;
    case Kind::half_day:
    case Kind::month_name:
    case Kind::weekday: line.push_back({now.kind, 0, 0, now.style}); break;
    case Kind::offset: {
      Line zulu = line;
      zulu.push_back({Kind::offset, 0, 'Z', Style::plain});
      expand(token + 1, std::move(zulu), lines);
      line.push_back({Kind::offset, 0, 0, now.style});
      break;
    }
    default:
      for (std::uint8_t count = now.digits_min; count <= now.digits_max; ++count) {
        Line longer = line;
        for (std::uint8_t place = count; place > 0; --place) longer.push_back({now.kind, place, 0, now.style});
        expand(token + 1, std::move(longer), lines);
      }
      return;
  }
  expand(token + 1, std::move(line), lines);
}

bool DatePattern::collide(const std::vector<Line>& a, const std::vector<Line>& b) {
  const auto compatible = [](const Cell& x, const Cell& y) {
    const auto counted = [](const Cell& cell) { return cell.kind >= Kind::year && cell.kind <= Kind::half_hour; };
    if (counted(x) && counted(y)) return (x.style == Style::numerals) == (y.style == Style::numerals);
    const auto byte = [](const Cell& cell) { return cell.kind == Kind::literal || (cell.kind == Kind::offset && cell.literal != 0); };
    if (byte(x) && byte(y)) return x.literal == y.literal;   // A quoted Z and the offset Z look alike.
    return x.kind == y.kind && x.literal == y.literal && x.style == y.style;
  };
  for (const Line& x : a) {
    for (const Line& y : b) {
      if (x.size() != y.size() || x == y) continue;
      bool both = true;
      for (std::size_t i = 0; both && i < x.size(); ++i) both = compatible(x[i], y[i]);
      if (both) return true;
    }
  }
  return false;
}

std::vector<std::string_view> DatePattern::half_day_words() {
  std::vector<std::string_view> words;
  for (const HalfDay& half : kHalfDays) words.push_back(half.word);
  return words;
}

bool DatePattern::plain() const noexcept {
  return std::all_of(tokens_.begin(), tokens_.end(), [](const Token& token) { return token.style == Style::plain; });
}

bool DatePattern::ambiguous(const DatePattern& a, const DatePattern& b) {
  std::vector<Line> first, second;
  a.expand(0, {}, first);
  b.expand(0, {}, second);
  return collide(first, second);
}

std::optional<std::int16_t> zone_minutes_of(std::string_view text) {
  if (text == "Z") return std::int16_t{0};
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return std::nullopt;
  for (const std::size_t i : {1u, 2u, 4u, 5u}) {
    if (!digit(text[i])) return std::nullopt;
  }
  const int hours = (text[1] - '0') * 10 + text[2] - '0';
  const int minutes = (text[4] - '0') * 10 + text[5] - '0';
  if (hours > 14 || minutes > 59) return std::nullopt;
  const int total = hours * 60 + minutes;
  return static_cast<std::int16_t>(text[0] == '-' ? -total : total);
}

model::Time local_time(std::int64_t millis, std::int16_t zone_minutes, model::Time::Precision precision) {
  using namespace std::chrono;
  const sys_time<milliseconds> at{milliseconds{millis} + minutes{zone_minutes}};
  const auto day_start = floor<days>(at);
  const year_month_day date{day_start};
  const hh_mm_ss clock{at - day_start};
  model::Time time;
  time.precision = precision;
  time.year = static_cast<std::int16_t>(static_cast<int>(date.year()));
  time.month = static_cast<std::int8_t>(static_cast<unsigned>(date.month()));
  time.day = static_cast<std::int8_t>(static_cast<unsigned>(date.day()));
  time.hour = static_cast<std::int8_t>(clock.hours().count());
  time.minute = static_cast<std::int8_t>(clock.minutes().count());
  time.second = static_cast<std::int8_t>(clock.seconds().count());
  time.millisecond = static_cast<std::int16_t>(clock.subseconds().count());
  time.offset_minutes = zone_minutes;
  return time;
}

} // namespace tongqu::mapping::detail
