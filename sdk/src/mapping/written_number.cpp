#include "mapping/written_number.hpp"

#include <algorithm>

#include "mapping/text_pattern.hpp"

namespace tongqu::mapping::detail {
namespace {

using Unit = model::Quantity::Unit;

constexpr std::size_t kTextMax = 200;   ///< Bytes; no number of a form is longer.

/// Sum of two decimals without sign.
std::string add(const std::string& a, const std::string& b) {
  const auto whole = [](const std::string& text) { return std::min(text.find('.'), text.size()); };
  std::string x = a, y = b;
  if (x.find('.') == std::string::npos) x += '.';
  if (y.find('.') == std::string::npos) y += '.';
  const std::size_t before = std::max(whole(x), whole(y));
  const std::size_t after = std::max(x.size() - whole(x), y.size() - whole(y));
  const auto fit = [&](std::string& text) {
    text.insert(0, before - whole(text), '0');
    text.append(before + after - text.size(), '0');
  };
  fit(x);
  fit(y);
  int carry = 0;
  for (std::size_t i = x.size(); i-- > 0;) {
    if (x[i] == '.') continue;
    const int sum = x[i] - '0' + (y[i] - '0') + carry;
    x[i] = static_cast<char>('0' + sum % 10);
    carry = sum / 10;
  }
  if (carry != 0) x.insert(0, 1, '1');
  if (x.back() == '.') x.pop_back();
  return x;
}

enum class Kind : std::uint8_t { arabic, numeral, zero, ten, hundred, thousand, wan, yi, point, other };

struct Token {
  Kind kind = Kind::other;
  std::string text;        ///< arabic: digits with point.
  int digit = 0;           ///< numeral
  std::size_t begin = 0, end = 0;
};

Kind unit_kind(char32_t c) {
  switch (c) {
    case U'十': case U'拾': return Kind::ten;
    case U'百': case U'佰': return Kind::hundred;
    case U'千': case U'仟': return Kind::thousand;
    case U'万': case U'萬': return Kind::wan;
    case U'亿': case U'億': return Kind::yi;
    case U'点': case U'點': return Kind::point;
    default: return Kind::other;
  }
}

int exponent(Kind kind) {
  switch (kind) {
    case Kind::ten: return 1;
    case Kind::hundred: return 2;
    case Kind::thousand: return 3;
    case Kind::wan: return 4;
    case Kind::yi: return 8;
    default: return 0;
  }
}

bool is_small(Kind kind) { return kind == Kind::ten || kind == Kind::hundred || kind == Kind::thousand; }

/// Full-width forms of ASCII become ASCII; blanks that are wide become plain ones.
std::string narrow(std::string_view text, bool& changed) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const Decoded c = character_at(text, at);
    if (c.code >= 0xFF01 && c.code <= 0xFF5E) out += static_cast<char>(c.code - 0xFF01 + 0x21);
    else if (c.code == 0x3000 || c.code == 0xA0) out += ' ';
    else out += text.substr(at, c.bytes);
    changed = changed || (c.code >= 0xFF01 && c.code <= 0xFF5E) || c.code == 0x3000;
    at += c.bytes;
  }
  return out;
}

/// Cuts a text into runs of digits, numerals and unit words; stands on the next token.
class Tokens {
public:
  Tokens(std::string_view text, std::string_view grouping) : text_(text), grouping_(grouping) { advance(); }
  const Token& now() const noexcept { return now_; }
  bool good() const noexcept { return good_; }
  bool written() const noexcept { return written_; }
  /// What is left, from the current token on.
  std::string_view rest() const { return text_.substr(now_.begin); }
  void advance() {
    std::size_t at = now_.end;
    while (at < text_.size() && text_[at] == ' ') ++at;
    now_ = Token();
    now_.begin = now_.end = at;
    if (at == text_.size()) return;
    if (text_[at] >= '0' && text_[at] <= '9') {
      arabic();
      return;
    }
    const Decoded c = character_at(text_, at);
    now_.end = at + c.bytes;
    now_.digit = numeral_digit(c.code);
    now_.kind = now_.digit == 0 ? Kind::zero : now_.digit > 0 ? Kind::numeral : unit_kind(c.code);
    written_ = written_ || now_.kind != Kind::other;
  }

private:
  std::size_t digits(std::size_t at) const {
    std::size_t end = at;
    while (end < text_.size() && text_[end] >= '0' && text_[end] <= '9') ++end;
    return end - at;
  }
  void arabic() {
    now_.kind = Kind::arabic;
    std::size_t count = digits(now_.end);
    const bool grouped = !grouping_.empty() && text_.substr(now_.end + count, grouping_.size()) == grouping_;
    if (grouped && count > 3) good_ = false;
    now_.text = text_.substr(now_.end, count);
    now_.end += count;
    while (!grouping_.empty() && text_.substr(now_.end, grouping_.size()) == grouping_) {
      count = digits(now_.end + grouping_.size());
      if (count != 3) good_ = false;
      now_.text += text_.substr(now_.end + grouping_.size(), count);
      now_.end += grouping_.size() + count;
      written_ = true;
    }
    if (now_.end >= text_.size() || text_[now_.end] != '.') return;
    count = digits(now_.end + 1);
    if (count == 0) good_ = false;
    now_.text += text_.substr(now_.end, count + 1);
    now_.end += count + 1;
  }

  std::string_view text_, grouping_;
  Token now_;
  bool good_ = true;
  bool written_ = false;
};

/// Reads a number at the start of tokens, as far as it goes.
class Reader {
public:
  explicit Reader(Tokens& tokens) : tokens_(tokens) {}

  /// [below 亿] 亿 [below 亿]
  std::optional<std::string> number() {
    const Part high = below_yi();
    if (!high.there || (high.zero_first && high.value != "0")) return std::nullopt;
    if (tokens_.now().kind != Kind::yi) return high.good ? std::optional(high.value) : std::nullopt;
    tokens_.advance();
    const std::string value = shift_decimal(high.value, 8);
    if (!high.good || !starts_number()) return high.good ? std::optional(value) : std::nullopt;
    const Part low = below_yi();
    if (!low.good || high.fraction || !follows(low, 8)) return std::nullopt;
    return add(value, low.value);
  }

private:
  struct Part {
    std::string value = "0";
    bool there = false, good = true;
    bool zero_first = false;     ///< 零 stands at the head.
    bool bare = false;           ///< One coefficient without a unit word.
    bool arabic = false;
    bool fraction = false;
    std::size_t digits = 0;      ///< Of a bare Arabic number.
  };

  bool starts_number() const {
    const Kind kind = tokens_.now().kind;
    return kind == Kind::arabic || kind == Kind::numeral || kind == Kind::zero || kind == Kind::ten;
  }
  /// Whether `low` may stand behind a unit of `places`: 三万五 and 3万5 are read in two ways.
  static bool follows(const Part& low, std::size_t places) {
    return !low.bare || low.zero_first || (low.arabic && low.digits == places);
  }

  Part below_yi() {
    Part high = section();
    if (!high.there || tokens_.now().kind != Kind::wan) return high;
    tokens_.advance();
    Part result = high;
    result.value = shift_decimal(high.value, 4);
    result.bare = false;
    if (!starts_number()) return result;
    const Part low = section();
    result.good = high.good && low.good && !high.fraction && follows(low, 4);
    result.value = add(result.value, low.value);
    return result;
  }

  /// Up to 9999 in words, or any run of digits.
  Part section() {
    Part part;
    int last = 4;
    bool zero = false;
    while (part.good && starts_number()) {
      const Token token = tokens_.now();
      if (token.kind == Kind::zero) {
        if (zero) part.good = false;
        zero = true;
        part.zero_first = part.zero_first || !part.there;
        part.there = true;
        tokens_.advance();
        continue;
      }
      std::string coefficient = "1";
      if (token.kind == Kind::numeral) coefficient = std::string(1, static_cast<char>('0' + token.digit));
      if (token.kind == Kind::arabic) coefficient = token.text;
      const bool fraction = coefficient.find('.') != std::string::npos;
      // A bare 十 is ten at the head and after 百 (一百十五); elsewhere something is missing.
      if (token.kind == Kind::ten && last != 4 && last != 2) part.good = false;
      if (token.kind != Kind::ten) tokens_.advance();
      if (last != 4 && (fraction || part.fraction)) part.good = false;
      const Kind unit = tokens_.now().kind;
      if (is_small(unit)) {
        const int place = exponent(unit);
        if (place >= last || (coefficient.size() != 1 && last != 4)) part.good = false;
        if (coefficient == "0" || (zero && last != 4 && place == last - 1)) part.good = false;  // 一百零五十
        tokens_.advance();
        part.value = add(part.value, shift_decimal(coefficient, place));
        last = place;
        part.fraction = part.fraction || fraction;
      } else {
        ones(part, token, coefficient, last, zero);
        last = 0;
      }
      part.there = true;
      zero = false;
      if (last == 0) break;
    }
    // 零 alone is nought; behind a number it announces a digit that must come.
    if (zero && part.value != "0") part.good = false;
    if (part.good) point(part);
    return part;
  }

  void ones(Part& part, const Token& token, const std::string& coefficient, int last, bool zero) {
    const bool arabic = token.kind == Kind::arabic;
    const std::size_t whole = std::min(coefficient.find('.'), coefficient.size());
    if (last == 4) {
      part.bare = true;
      part.arabic = arabic;
      part.digits = whole;
    } else if (arabic) {
      part.good = part.good && whole == static_cast<std::size_t>(last);
    } else if (last != 1 && !zero) {
      part.good = false;   // 两千五: 2005 or 2500.
    }
    part.fraction = coefficient.find('.') != std::string::npos;
    part.value = add(part.value, coefficient);
    const Kind next = tokens_.now().kind;
    if (next == Kind::numeral || next == Kind::zero || next == Kind::arabic || next == Kind::ten) part.good = false;  // 一二三: digits, not a number.
  }

  /// 三点五: digits after the point, one by one.
  void point(Part& part) {
    if (!part.there || tokens_.now().kind != Kind::point) return;
    tokens_.advance();
    std::string digits;
    while (tokens_.now().kind == Kind::numeral || tokens_.now().kind == Kind::zero) {
      digits += static_cast<char>('0' + tokens_.now().digit);
      tokens_.advance();
    }
    part.good = part.good && !digits.empty() && !part.fraction && !part.arabic;
    part.fraction = true;
    part.value = add(part.value, "0." + digits);
  }

  Tokens& tokens_;
};

bool take(std::string_view& text, std::string_view word) {
  if (text.substr(0, word.size()) != word) return false;
  text.remove_prefix(word.size());
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  return true;
}
bool take_end(std::string_view& text, std::string_view word) {
  if (text.size() < word.size() || text.substr(text.size() - word.size()) != word) return false;
  text.remove_suffix(word.size());
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return true;
}

/// Signs of every form, taken away; nothing when there are two.
struct Signs { bool good = true, negative = false, any = false; };
void sign_at_front(std::string_view& text, Signs& signs, bool accounting) {
  const bool minus = take(text, "-") || (accounting && (take(text, "\xE2\x88\x92") || take(text, "负") || take(text, "負")));
  if (!minus) return;
  signs.good = signs.good && !signs.negative;
  signs.negative = true;
}
void brackets(std::string_view& text, Signs& signs) {
  if (text.size() < 3 || text.front() != '(' || text.back() != ')') return;
  text.remove_prefix(1);
  text.remove_suffix(1);
  signs.good = signs.good && !signs.negative;
  signs.negative = signs.any = true;
}

std::optional<ReadNumber> finish(const std::string& magnitude, bool negative, bool written) {
  auto normal = model::normal_decimal((negative ? "-" : "") + magnitude);
  if (!normal) return std::nullopt;
  return ReadNumber{std::move(*normal), written};
}

} // namespace

std::string shift_decimal(std::string_view decimal, int places) {
  std::string result;
  if (!decimal.empty() && (decimal[0] == '-' || decimal[0] == '+')) {
    result = decimal[0] == '-' ? "-" : "";
    decimal.remove_prefix(1);
  }
  const std::size_t point = std::min(decimal.find('.'), decimal.size());
  std::string digits(decimal.substr(0, point));
  if (point < decimal.size()) digits += decimal.substr(point + 1);
  int at = static_cast<int>(point) + places;
  if (at < 1) {
    digits.insert(0, static_cast<std::size_t>(1 - at), '0');
    at = 1;
  }
  if (static_cast<std::size_t>(at) > digits.size()) digits.append(static_cast<std::size_t>(at) - digits.size(), '0');
  result += digits.substr(0, static_cast<std::size_t>(at));
  if (static_cast<std::size_t>(at) < digits.size()) result += "." + digits.substr(static_cast<std::size_t>(at));
  return result;
}

int numeral_digit(char32_t character) noexcept {
  constexpr std::u32string_view kForms[] = {U"〇零○", U"一壹弌", U"二贰貳弍两兩", U"三叁叄參弎", U"四肆", U"五伍", U"六陆陸", U"七柒", U"八捌", U"九玖"};
  for (int i = 0; i < 10; ++i) {
    if (kForms[i].find(character) != std::u32string_view::npos) return i;
  }
  return -1;
}

int numeral_below_hundred(std::string_view text) noexcept {
  std::u32string characters;
  for (std::size_t at = 0; at < text.size() && characters.size() < 5;) {
    const Decoded c = character_at(text, at);
    // 廿 and 卅 stand for 二十 and 三十.
    if (c.code == U'廿' || c.code == U'卅') characters += c.code == U'廿' ? U"二十" : U"三十";
    else characters += c.code;
    at += c.bytes;
  }
  const auto ten = [](char32_t c) { return c == U'十' || c == U'拾'; };
  const auto one_to_nine = [](char32_t c) { const int digit = numeral_digit(c); return digit > 0 ? digit : -1; };
  const std::size_t size = characters.size();
  if (size == 1) return ten(characters[0]) ? 10 : one_to_nine(characters[0]);
  if (size == 2 && ten(characters[0])) return one_to_nine(characters[1]) < 0 ? -1 : 10 + one_to_nine(characters[1]);
  if (size < 2 || size > 3 || !ten(characters[1]) || one_to_nine(characters[0]) < 0) return -1;
  const int tens = one_to_nine(characters[0]) * 10;
  if (size == 2) return tens;
  return one_to_nine(characters[2]) < 0 ? -1 : tens + one_to_nine(characters[2]);
}

std::optional<ReadNumber> read_number(std::string_view sent, const NumberForms& forms) {
  if (sent.size() > kTextMax || sent.empty()) return std::nullopt;
  bool written = false;
  const std::string narrowed = forms.chinese ? narrow(sent, written) : std::string(sent);
  std::string_view text = narrowed;
  Signs signs;
  if (forms.accounting) brackets(text, signs);
  sign_at_front(text, signs, forms.accounting || forms.chinese);
  if (!signs.negative && !text.empty() && text.front() == '+') text.remove_prefix(1);
  if (forms.accounting && take_end(text, "-")) {
    signs.good = signs.good && !signs.negative;
    signs.negative = signs.any = true;
  }
  if (!signs.good || text.empty()) return std::nullopt;
  // A plain number is the whole text; blanks and words are for Chinese forms only.
  Tokens tokens(text, forms.grouping);
  if (!forms.chinese && (tokens.now().kind != Kind::arabic || tokens.now().begin != 0 || tokens.now().end != text.size())) return std::nullopt;
  const auto value = Reader(tokens).number();
  if (!value || !tokens.good() || !tokens.rest().empty()) return std::nullopt;
  return finish(*value, signs.negative, written || signs.any || tokens.written());
}

namespace {

/// [零] d 角 [零] d 分 behind yuan; answers false when something else stands there.
bool small_money(Tokens& tokens, std::string& value, bool& whole_allowed) {
  constexpr struct { std::string_view word; int places; } kUnits[] = {{"角", -1}, {"分", -2}};
  int last = 0;
  while (tokens.now().kind != Kind::other) {
    Token token = tokens.now();
    tokens.advance();
    if (token.kind == Kind::zero && tokens.now().kind == Kind::numeral) {
      token = tokens.now();
      tokens.advance();
    }
    const bool arabic = token.kind == Kind::arabic && token.text.size() == 1;
    if (!arabic && token.kind != Kind::numeral && token.kind != Kind::zero) return false;
    const std::string digit = arabic ? token.text : std::string(1, static_cast<char>('0' + token.digit));
    const auto* unit = std::find_if(std::begin(kUnits), std::end(kUnits), [&tokens](const auto& one) { return tokens.rest().substr(0, one.word.size()) == one.word; });
    if (unit == std::end(kUnits) || unit->places >= last) return false;
    tokens.advance();
    last = unit->places;
    value = add(value, shift_decimal(digit, unit->places));
  }
  whole_allowed = last != -2;
  return true;
}

bool take_yuan(Tokens& tokens) {
  for (const std::string_view word : {"元", "圆", "圓"}) {
    if (tokens.rest().substr(0, word.size()) != word) continue;
    tokens.advance();
    return true;
  }
  return false;
}

std::optional<std::string> money_body(std::string_view text, std::optional<int> bare_places, bool& written) {
  Tokens tokens(text, ",");
  std::string value = "0";
  bool whole_allowed = false;
  const std::size_t mark = std::min(text.find("角"), text.find("分"));
  const bool only_small = mark != std::string_view::npos && text.find("元") == std::string_view::npos && text.find("圆") == std::string_view::npos && text.find("圓") == std::string_view::npos;
  if (only_small) {
    if (tokens.now().kind == Kind::other || !small_money(tokens, value, whole_allowed)) return std::nullopt;
  } else {
    const auto number = Reader(tokens).number();
    if (!number) return std::nullopt;
    value = *number;
    if (take_yuan(tokens)) {
      const bool fraction = value.find('.') != std::string::npos;
      const bool more = tokens.now().kind != Kind::other;
      if (!small_money(tokens, value, whole_allowed) || (fraction && more)) return std::nullopt;
    } else {
      // 3.5万 says its own measure; only other numbers take the one that the mapping states.
      const bool own = text.find("万") != std::string_view::npos || text.find("萬") != std::string_view::npos || text.find("亿") != std::string_view::npos ||
                       text.find("億") != std::string_view::npos;
      if (!tokens.rest().empty() || (!own && !bare_places)) return std::nullopt;
      if (!own) value = shift_decimal(value, *bare_places);
    }
  }
  if (whole_allowed && (tokens.rest() == "整" || tokens.rest() == "正")) tokens.advance();
  written = written || tokens.written();
  return tokens.good() && tokens.rest().empty() ? std::optional(value) : std::nullopt;
}

} // namespace

std::optional<ReadNumber> read_amount(std::string_view sent, std::optional<int> bare_places) {
  if (sent.size() > kTextMax || sent.empty()) return std::nullopt;
  bool written = false;
  const std::string narrowed = narrow(sent, written);
  std::string_view text = narrowed;
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  Signs signs;
  brackets(text, signs);
  sign_at_front(text, signs, true);
  const bool currency = take(text, "人民币") || take(text, "RMB") || take(text, "CNY") || take(text, "\xC2\xA5") || take(text, "\xEF\xBF\xA5");
  sign_at_front(text, signs, true);
  if (take_end(text, "-")) {
    signs.good = signs.good && !signs.negative;
    signs.negative = true;
  }
  if (!signs.good || text.empty()) return std::nullopt;
  const auto value = money_body(text, bare_places, written);
  if (!value) return std::nullopt;
  return finish(*value, signs.negative, written || currency || signs.any);
}

std::optional<ReadQuantity> read_quantity(std::string_view sent, const QuantityWords& words) {
  static constexpr std::pair<std::string_view, Unit> kWords[] = {
      {"分钟", Unit::minute},       {"小时", Unit::hour},          {"个小时", Unit::hour},       {"工作日", Unit::working_day},   {"个工作日", Unit::working_day},
      {"个法定工作日", Unit::working_day}, {"法定工作日", Unit::working_day}, {"自然日", Unit::calendar_day}, {"个自然日", Unit::calendar_day}, {"日历日", Unit::calendar_day},
      {"个日历日", Unit::calendar_day}, {"日历天", Unit::calendar_day}, {"周", Unit::week},         {"星期", Unit::week},           {"个星期", Unit::week},
      {"个月", Unit::month},        {"年", Unit::year},            {"周年", Unit::year}};
  if (sent.size() > kTextMax) return std::nullopt;
  ReadQuantity result;
  bool written = false;
  const std::string narrowed = narrow(sent, written);
  std::string_view text = narrowed;
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  std::string value;
  std::string_view unit;
  const bool half = take(text, "半");
  if (half) {
    value = "0.5";
    unit = text;
    written = true;
  } else {
    Tokens tokens(text, "");
    const auto number = Reader(tokens).number();
    if (!number || !tokens.good()) return std::nullopt;
    value = *number;
    unit = tokens.rest();
    written = written || tokens.written();
  }
  bool known = unit.empty() && words.bare && !half;
  if (known) result.unit = *words.bare;
  const auto try_word = [&](std::string_view word, Unit means) {
    if (known || unit.empty() || word != unit) return;
    known = true;
    result.unit = means;
  };
  for (const auto& [word, means] : words.extra) try_word(word, means);
  for (const auto& [word, means] : kWords) try_word(word, means);
  auto finished = known ? finish(value, false, written) : std::nullopt;
  if (!finished) return std::nullopt;
  result.number = std::move(*finished);
  return result;
}

} // namespace tongqu::mapping::detail
