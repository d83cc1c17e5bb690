#include <algorithm>
#include <array>

#include "mapping/reverse/inverse_written.hpp"
#include "mapping/text_pattern.hpp"
#include "mapping/written_number.hpp"

namespace tongqu::mapping::detail {
namespace {

using Unit = model::Quantity::Unit;
using InversePtr = std::unique_ptr<InverseStep>;

void put(const Back& like, std::string text, ValueType type, std::vector<Back>& out) {
  out.push_back(like);
  out.back().text = std::move(text);
  out.back().type = type;
}

/// Ten thousands and hundred millions as digits, without zeros that say nothing.
std::string shifted(std::string_view decimal, int places) {
  std::string text = shift_decimal(decimal, places);
  if (text.find('.') != std::string::npos) {
    while (text.back() == '0') text.pop_back();
    if (text.back() == '.') text.pop_back();
  }
  return text;
}

/// 1234.5 as "1234.5元", or in the unit that a bare number means.
class Unamount final : public InverseStep {
public:
  explicit Unamount(std::optional<int> bare_places) : bare_places_(bare_places) {}
  void run(const Back& value, std::vector<Back>& out) const override {
    if (bare_places_) put(value, shifted(value.text, -*bare_places_), ValueType::text, out);
    put(value, value.text + "元", ValueType::text, out);
  }

private:
  std::optional<int> bare_places_;
};

/// 15 working days as "15个工作日", in a word of the pack, or bare.
class Unquantity final : public InverseStep {
public:
  QuantityWords words;
  void run(const Back& value, std::vector<Back>& out) const override {
    static constexpr std::array<std::pair<Unit, std::string_view>, 7> kWords = {{{Unit::minute, "分钟"}, {Unit::hour, "小时"}, {Unit::working_day, "个工作日"}, {Unit::calendar_day, "个自然日"},
                                                                                  {Unit::week, "周"}, {Unit::month, "个月"}, {Unit::year, "年"}}};
    if (words.bare == value.unit) say(value, {}, out);
    for (const auto& [word, unit] : words.extra) {
      if (unit == value.unit) say(value, word, out);
    }
    for (const auto& [unit, word] : kWords) {
      if (unit == value.unit) say(value, word, out);
    }
  }

private:
  static void say(const Back& value, std::string_view word, std::vector<Back>& out) {
    put(value, value.text + std::string(word), ValueType::text, out);
    out.back().unit = Unit::none;
  }
};

/// The day number of a spreadsheet. A clock is a fraction of ten places, so that its second can be told again.
class Unserial final : public InverseStep {
public:
  bool from_1904 = false;
  std::int16_t zone_minutes = 0;
  std::vector<std::string> unlimited;
  void run(const Back& value, std::vector<Back>& out) const override {
    if (value.unlimited) {
      for (const std::string& text : unlimited) put(Back(), text, ValueType::text, out);
      return;
    }
    model::Time time = value.time;
    if (time.precision < model::Time::Precision::day) return;
    if (time.has_clock() && time.offset_minutes != zone_minutes) time = local_time(to_epoch_ms(time.utc()), zone_minutes, time.precision);
    time.offset_minutes = 0;
    const std::int64_t ms = to_epoch_ms(time.utc());
    constexpr std::int64_t kDay = 86400000;
    // Day 60 of the 1900 system never was; the numbers before it are one less.
    const std::int64_t zero = from_1904 ? -2082844800000 : -2209161600000;
    const std::int64_t since = ms - zero, part = (since % kDay + kDay) % kDay;
    const std::int64_t day = (since - part) / kDay;
    const std::int64_t number = !from_1904 && day <= 60 ? day - 1 : day;
    if (number < 0) return;
    put(Back(), std::to_string(number) + (time.has_clock() ? fraction(part) : std::string()), ValueType::text, out);
  }

private:
  static std::string fraction(std::int64_t ms) {
    constexpr std::int64_t kScale = 10000000000, kDay = 86400000;
    std::string digits = std::to_string((ms * (kScale / 10000) + kDay / 20000) / (kDay / 10000));
    digits.insert(0, 10 - std::min<std::size_t>(digits.size(), 10), '0');
    while (digits.size() > 1 && digits.back() == '0') digits.pop_back();
    return "." + digits;
  }
};

/// Text as a document of HTML that reads back as it: the signs of mark-up as entities.
class Unhtml final : public InverseStep {
public:
  void run(const Back& value, std::vector<Back>& out) const override {
    std::string plain, broken;
    for (const char c : value.text) {
      const std::string_view said = c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : std::string_view(&c, 1);
      plain += said;
      broken += c == '\n' ? std::string_view("<br/>") : said;
    }
    put(value, plain, ValueType::text, out);
    if (broken != plain) put(value, broken, ValueType::text, out);
  }
};

/// What was put in the place of a text, or that text.
class Unreplace final : public InverseStep {
public:
  std::vector<std::pair<std::string, std::string>> pairs;
  void run(const Back& value, std::vector<Back>& out) const override {
    put(value, value.text, ValueType::text, out);
    std::string turned;
    for (std::size_t at = 0; at < value.text.size();) {
      const auto fits = [&](const auto& pair) { return !pair.second.empty() && value.text.compare(at, pair.second.size(), pair.second) == 0; };
      const auto found = std::find_if(pairs.begin(), pairs.end(), fits);
      turned += found == pairs.end() ? value.text.substr(at, 1) : found->first;
      at += found == pairs.end() ? 1 : found->second.size();
    }
    if (turned != value.text) put(value, turned, ValueType::text, out);
  }
};

/// Rows of `match` turned round: the result is read as a pattern, and what it captures is put into the pattern.
class Unmatch final : public InverseStep {
public:
  struct Row { std::string pattern; TextPattern result; };
  std::vector<Row> rows;
  void run(const Back& value, std::vector<Back>& out) const override {
    for (const Row& row : rows) {
      TextPattern::Groups groups;
      if (row.result.whole(value.text, &groups) != TextPattern::Answer::yes) continue;
      if (auto text = filled(row, groups)) put(value, std::move(*text), ValueType::text, out);
    }
  }

private:
  /// Runs that nobody captured are left out; one character that nobody knows leaves the row without a way back.
  static std::optional<std::string> filled(const Row& row, const TextPattern::Groups& groups) {
    const std::string_view pattern = row.pattern;
    std::string text;
    for (std::size_t at = 0; at < pattern.size(); ++at) {
      const char c = pattern[at];
      if (c == '?') return std::nullopt;
      if (c == '\\' && at + 1 < pattern.size()) text += pattern[++at];
      else if (c == '{') {
        const std::size_t end = pattern.find('}', at);
        const std::string_view inside = pattern.substr(at + 1, end - at - 1);
        const std::size_t group = row.result.group(inside.substr(0, inside.find(':')));
        if (group == 0) return std::nullopt;
        text += groups[group];
        at = end;
      } else if (c != '*') {
        text += c;
      }
    }
    return text;
  }
};

/// A result of `match` as a small pattern: what stands for itself there is made plain.
std::string as_pattern(std::string_view result) {
  std::string out;
  for (std::size_t at = 0; at < result.size(); ++at) {
    const char c = result[at];
    if (c == '{' && result.substr(at, 2) == "{{") {
      out += "\\{";
      ++at;
    } else if (c == '{') {
      const std::size_t end = std::min(result.find('}', at), result.size() - 1);
      out += result.substr(at, end - at + 1);
      at = end;
    } else {
      if (c == '*' || c == '?' || c == '\\' || c == '}') out += '\\';
      out += c;
    }
  }
  return out;
}

InversePtr unmatch(const YamlNode& argument) {
  auto made = std::make_unique<Unmatch>();
  for (const auto& [pattern, result] : argument.members) {
    std::string problem;
    auto turned = TextPattern::compile_small(as_pattern(result.text), problem);
    if (turned) made->rows.push_back({pattern.text, std::move(*turned)});
  }
  return made;
}

InversePtr unamount(const YamlNode& argument) {
  const YamlNode* bare = argument.find("bare");
  if (bare == nullptr) return std::make_unique<Unamount>(std::nullopt);
  return std::make_unique<Unamount>(bare->text == "万元" ? 4 : bare->text == "亿元" ? 8 : 0);
}

InversePtr unserial(const Step& step, std::int16_t zone_minutes) {
  auto made = std::make_unique<Unserial>();
  made->from_1904 = step.argument && step.argument->text == "1904";
  made->zone_minutes = zone_minutes;
  made->unlimited = unlimited_texts(step);
  return made;
}

InversePtr unreplace(const YamlNode& argument) {
  auto made = std::make_unique<Unreplace>();
  for (const auto& [from, to] : argument.members) made->pairs.emplace_back(from.text, to.text);
  return made;
}

} // namespace

QuantityWords quantity_words(const YamlNode& argument) {
  QuantityWords words;
  if (const YamlNode* bare = argument.find("bare"); bare != nullptr) words.bare = model::unit_from_name(bare->text);
  const YamlNode* extra = argument.find("words");
  for (std::size_t i = 0; extra != nullptr && i < extra->members.size(); ++i) {
    if (const auto unit = model::unit_from_name(extra->members[i].second.text)) words.extra.emplace_back(extra->members[i].first.text, *unit);
  }
  return words;
}

InversePtr invert_written(const Step& step, std::int16_t zone_minutes) {
  if (step.name == "serial_date") return unserial(step, zone_minutes);
  if (step.name == "html_text") return std::make_unique<Unhtml>();
  if (!step.argument) return nullptr;
  if (step.name == "amount") return unamount(*step.argument);
  if (step.name == "replace") return unreplace(*step.argument);
  if (step.name == "match") return unmatch(*step.argument);
  if (step.name != "quantity") return nullptr;
  auto made = std::make_unique<Unquantity>();
  made->words = quantity_words(*step.argument);
  return made;
}

} // namespace tongqu::mapping::detail
