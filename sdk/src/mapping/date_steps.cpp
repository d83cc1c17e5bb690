#include <algorithm>
#include <charconv>

#include "mapping/date_pattern.hpp"
#include "mapping/step_compilers.hpp"
#include "mapping/text_pattern.hpp"
#include "tongqu/base/phrases.hpp"

namespace tongqu::mapping::detail {
namespace {

using Precision = model::Time::Precision;

/// `*` is any run of characters, `?` one; everything else is itself.
bool fits(std::string_view glob, std::string_view text) {
  std::size_t g = 0, t = 0, star = std::string_view::npos, resume = 0;
  while (t < text.size()) {
    if (g < glob.size() && glob[g] == '*') {
      star = g++;
      resume = t;
    } else if (g < glob.size() && glob[g] == '?') {
      ++g;
      t += character_at(text, t).bytes;
    } else if (g < glob.size() && glob[g] == text[t]) {
      ++g;
      ++t;
    } else if (star != std::string_view::npos) {
      g = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (g < glob.size() && glob[g] == '*') ++g;
  return g == glob.size();
}

/// Texts that stand for no value, or for no limit, where a date is expected.
struct Sentinels {
  std::vector<std::string> absent, unlimited;
  std::optional<StepOutcome> read(Value& value) const {
    const auto here = [&value](const std::string& glob) { return fits(glob, value.text); };
    if (std::any_of(absent.begin(), absent.end(), here)) return StepOutcome::absent;
    if (!std::any_of(unlimited.begin(), unlimited.end(), here)) return std::nullopt;
    value.unlimited = true;
    return StepOutcome::ok;
  }
};

class Date final : public Step {
public:
  std::vector<DatePattern> patterns;
  Sentinels sentinels;
  std::int16_t zone_minutes = 0;

  StepOutcome run(Value& value, wire::Arena&) const override {
    if (const auto outcome = sentinels.read(value)) return *outcome;
    for (const DatePattern& pattern : patterns) {
      DatePattern::Said said;
      auto time = pattern.read(value.text, zone_minutes, &said);
      if (!time) continue;
      value.time = *time;
      if (said.century) value.note(Note::century_assumed);
      if (said.cut) value.note(Note::time_cut);
      return StepOutcome::ok;
    }
    return StepOutcome::malformed;
  }
  Bilingual expected() const override {
    std::string forms;
    for (const DatePattern& pattern : patterns) forms += (forms.empty() ? "" : " | ") + pattern.text();
    return {"a real date in the form " + forms, "真实存在的日期，格式为 " + forms};
  }
};

/// Milliseconds between the first and the last instant that canonical times can name.
constexpr std::int64_t kFirstMs = -62135596800000, kLastMs = 253402300799999;

class Epoch final : public Step {
public:
  enum class Unit : std::uint8_t { seconds, milliseconds, automatic, json };
  Unit unit = Unit::seconds;
  std::optional<std::int64_t> from_ms, to_ms;   ///< When stated, they guard instead of the number of digits.
  Sentinels sentinels;
  std::int16_t zone_minutes = 0;

  StepOutcome run(Value& value, wire::Arena&) const override {
    if (const auto outcome = sentinels.read(value)) return *outcome;
    if (unit == Unit::json) return json(value);
    const std::size_t digits = value.text.size();
    const bool guarded = from_ms.has_value() || to_ms.has_value();
    Unit here = unit;
    if (unit == Unit::automatic) here = digits == 10 ? Unit::seconds : Unit::milliseconds;
    if (!guarded && digits != (here == Unit::seconds ? 10u : 13u)) return StepOutcome::malformed;
    const auto number = whole(value.text, guarded);
    if (!number) return StepOutcome::malformed;
    return give(here == Unit::seconds ? *number * 1000 : *number, here == Unit::seconds ? Precision::second : Precision::millisecond, zone_minutes, value);
  }
  Bilingual expected() const override {
    if (from_ms || to_ms) return {"an instant in the range that the mapping states", "映射所限定范围内的时间戳"};
    switch (unit) {
      case Unit::seconds: return {"10 digits", "10 位数字"};
      case Unit::milliseconds: return {"13 digits", "13 位数字"};
      case Unit::automatic: return {"10 digits (seconds) or 13 digits (milliseconds)", "10 位（秒）或 13 位（毫秒）数字"};
      case Unit::json: break;
    }
    return same("/Date(milliseconds+0800)/");
  }

private:
  static std::optional<std::int64_t> whole(std::string_view text, bool minus_allowed) {
    std::int64_t number = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool minus = !text.empty() && text[0] == '-';
    if (error != std::errc() || stop != text.data() + text.size() || text.size() > 15 || (minus && !minus_allowed)) return std::nullopt;
    return number;
  }
  StepOutcome give(std::int64_t ms, Precision precision, std::int16_t zone, Value& value) const {
    // A day inside the ends, so that no offset leads out of the years that can be named.
    constexpr std::int64_t kDay = 86400000;
    if (ms < from_ms.value_or(kFirstMs + kDay) || ms > to_ms.value_or(kLastMs - kDay) || ms < kFirstMs + kDay || ms > kLastMs - kDay) return StepOutcome::malformed;
    value.time = local_time(ms, zone, precision);
    return StepOutcome::ok;
  }
  /// /Date(1614900000000+0800)/; the offset says how the instant is to be shown, not another instant.
  StepOutcome json(Value& value) const {
    std::string_view text = value.text;
    const auto strip = [&text](std::string_view head, std::string_view tail) {
      if (text.size() < head.size() + tail.size() || text.substr(0, head.size()) != head || text.substr(text.size() - tail.size()) != tail) return false;
      text = text.substr(head.size(), text.size() - head.size() - tail.size());
      return true;
    };
    if (!strip("/Date(", ")/") && !strip("\\/Date(", ")\\/")) return StepOutcome::malformed;
    std::int16_t zone = zone_minutes;
    const std::size_t sign = text.find_first_of("+-", 1);
    if (!text.empty() && sign != std::string_view::npos) {
      if (text.size() - sign != 5) return StepOutcome::malformed;
      const auto minutes = zone_minutes_of(std::string(text.substr(sign, 3)) + ":" + std::string(text.substr(sign + 3)));
      if (!minutes) return StepOutcome::malformed;
      zone = *minutes;
      text = text.substr(0, sign);
    }
    const auto number = whole(text, true);
    return number ? give(*number, Precision::millisecond, zone, value) : StepOutcome::malformed;
  }
};

/// Days of a spreadsheet: 1 is 1900-01-01 and 60 a day that never was, or 0 is 1904-01-01. A fraction is the clock.
class SerialDate final : public Step {
public:
  bool from_1904 = false;
  Sentinels sentinels;
  std::int16_t zone_minutes = 0;

  StepOutcome run(Value& value, wire::Arena&) const override {
    if (const auto outcome = sentinels.read(value)) return *outcome;
    const std::string_view text = value.text;
    const std::size_t point = std::min(text.find('.'), text.size());
    std::int64_t day = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + point, day);
    if (error != std::errc() || stop != text.data() + point || point > 7 || text[0] == '-') return StepOutcome::malformed;
    if (!from_1904 && (day < 1 || day == 60)) return StepOutcome::malformed;
    const std::int64_t epoch = from_1904 ? -2082844800 : day < 60 ? -2209075200 : -2209161600;   // Seconds of day 0.
    std::int64_t ms = 0;
    Precision precision = Precision::day;
    if (point < text.size() && !clock(text.substr(point + 1), ms, precision)) return StepOutcome::malformed;
    const std::int64_t at = (epoch + day * 86400) * 1000 + ms;
    if (at > kLastMs) return StepOutcome::malformed;
    value.time = local_time(at, 0, precision);
    value.time.offset_minutes = precision == Precision::day ? std::int16_t{0} : zone_minutes;
    return StepOutcome::ok;
  }
  Bilingual expected() const override { return {"the number of a day that a spreadsheet knows, with at least five decimals for a time", "电子表格的日期序号；含时间时至少五位小数"}; }

private:
  /// The part of a day after the point, as exact as its digits tell: a second when one lies within what they leave open.
  static bool clock(std::string_view digits, std::int64_t& ms, Precision& precision) {
    if (digits.empty() || digits.find_first_not_of("0123456789") != std::string_view::npos) return false;
    if (digits.find_first_not_of('0') == std::string_view::npos) return true;   // 44260.0 is a day.
    constexpr std::size_t kPlaces = 10;                                         // 0.00000000005 of a day is 4 microseconds.
    std::int64_t part = 0, scale = 1;
    for (std::size_t i = 0; i < std::min(digits.size(), kPlaces); ++i) {
      part = part * 10 + (digits[i] - '0');
      scale *= 10;
    }
    const bool exact = digits.size() <= kPlaces && part * 86400 % scale == 0;
    ms = (part * 86400000 + scale / 2) / scale;
    const std::int64_t second = (ms + 500) / 1000 * 1000;
    std::int64_t open = 43200000;                                               // Half of the last digit, in milliseconds.
    for (std::size_t i = 0; i < digits.size() && open != 0; ++i) open /= 10;
    const std::int64_t off = ms < second ? second - ms : ms - second;
    precision = Precision::second;
    if (exact || (digits.size() >= 5 && off <= open + 1)) {
      ms = second;
      return true;
    }
    precision = Precision::millisecond;
    return digits.size() >= 9;
  }
};

class DateFormat final : public Step {
public:
  DateFormat(DatePattern pattern, std::int16_t zone_minutes, std::optional<std::string> unlimited)
      : pattern_(std::move(pattern)), zone_minutes_(zone_minutes), unlimited_(std::move(unlimited)) {}
  StepOutcome run(Value& value, wire::Arena& arena) const override {
    std::string text;
    if (value.unlimited && unlimited_) {
      value.text = arena.store(*unlimited_);
      value.unlimited = false;   // Said in words now; nobody reads the time any more.
      return StepOutcome::ok;
    }
    // A pattern without an offset is read in the platform's zone, so a time sent under another one is turned first.
    const bool turn = value.time.has_clock() && !pattern_.always_has_offset() && value.time.offset_minutes != zone_minutes_;
    if (turn) value.time = local_time(to_epoch_ms(value.time.utc()), zone_minutes_, value.time.precision);
    if (value.unlimited || !pattern_.write(value.time, text)) return StepOutcome::malformed;
    value.text = arena.store(text);
    return StepOutcome::ok;
  }
  Bilingual expected() const override { return {"a time as precise as " + pattern_.text(), "精度不低于 " + pattern_.text() + " 的时间"}; }

private:
  DatePattern pattern_;
  std::int16_t zone_minutes_;
  std::optional<std::string> unlimited_;
};

class CanonicalTime final : public Step {
public:
  StepOutcome run(Value& value, wire::Arena&) const override {
    if (value.text == "unlimited") {
      value.unlimited = true;
      return StepOutcome::ok;
    }
    auto time = model::Time::parse(value.text);
    if (!time) return StepOutcome::malformed;
    value.time = *time;
    return StepOutcome::ok;
  }
};

void read_sentinels(const StepBuild& build, Sentinels& out) {
  if (build.sentinels == nullptr || !check_keys(*build.sentinels, {"absent", "unlimited"}, build.subject + ".sentinels", build.mistakes)) return;
  if (const YamlNode* member = build.sentinels->find("absent"); member != nullptr) out.absent = texts(*member, build.subject, build.mistakes);
  if (const YamlNode* member = build.sentinels->find("unlimited"); member != nullptr) out.unlimited = texts(*member, build.subject, build.mistakes);
  const std::vector<std::string>* all[] = {&out.absent, &out.unlimited};
  for (const auto* list : all) {
    const auto everything = [](const std::string& text) { return !text.empty() && text.find_first_not_of('*') == std::string::npos; };
    if (std::any_of(list->begin(), list->end(), everything)) build.mistakes.add(Errc::mapping_wrong_shape, *build.sentinels, build.subject + ".sentinels", {"a text, not * alone", "具体文本，不能仅为 *"});
  }
}

void need_zone(const YamlNode& argument, const StepBuild& build, Bilingual why) {
  if (!build.zone_minutes) build.mistakes.add(Errc::mapping_missing_key, argument, "zone", std::move(why));
}

/// Why a pattern cannot be read, in both languages.
Bilingual pattern_problem(const std::string& text, const std::string& problem) {
  const std::string zh = phrase_in(Lang::zh, problem);
  if (zh != problem) return {text + ": " + problem, text + "：" + zh};
  return {text + ": " + problem + " means nothing here; small yyyy and dd, MM for months, mm for minutes, words in '…'", text + "：无法识别 " + problem + "；年用 yyyy，日用 dd，月用 MM，分用 mm，文字放在 '…' 中"};
}

void read_patterns(const YamlNode& argument, std::optional<int> century_from, Date& date, const StepBuild& build) {
  for (const std::string& text : texts(argument, build.subject, build.mistakes)) {
    std::string problem;
    auto pattern = DatePattern::compile(text, problem, century_from);
    if (!pattern) {
      build.mistakes.add(Errc::mapping_date_pattern, argument, build.subject, {}, pattern_problem(text, problem));
      continue;
    }
    for (const DatePattern& other : date.patterns) {
      if (DatePattern::ambiguous(other, *pattern)) build.mistakes.add(Errc::mapping_date_ambiguous, argument, build.subject, same(other.text() + " | " + text));
    }
    const bool needs_zone = pattern->may_have_clock() && !pattern->always_has_offset();
    if (needs_zone && !build.zone_minutes) build.mistakes.add(Errc::mapping_missing_key, argument, "zone", {"the offset of times without one, such as +08:00", "无时区时间所用的时区，如 +08:00"});
    date.patterns.push_back(std::move(*pattern));
  }
}

} // namespace

StepPtr compile_date(const YamlNode& argument, StepBuild& build) {
  auto date = std::make_unique<Date>();
  const YamlNode* patterns = &argument;
  std::optional<int> century_from;
  if (argument.is_mapping()) {
    if (!check_keys(argument, {"patterns", "century_from"}, build.subject, build.mistakes)) return nullptr;
    patterns = argument.find("patterns");
    if (patterns == nullptr) {
      build.mistakes.add(Errc::mapping_missing_key, argument, build.subject + ".patterns");
      return nullptr;
    }
    if (const YamlNode* from = argument.find("century_from"); from != nullptr) {
      const auto year = from->is_scalar() ? small_number(from->text, 1, 9900) : std::nullopt;
      if (!year) build.mistakes.add(Errc::mapping_wrong_shape, *from, build.subject + ".century_from", {"a year, such as 2000", "年份，如 2000"});
      else century_from = static_cast<int>(*year);
    }
  }
  read_patterns(*patterns, century_from, *date, build);
  date->zone_minutes = build.zone_minutes.value_or(0);
  read_sentinels(build, date->sentinels);
  return date;
}

namespace {

std::optional<std::int64_t> instant(const YamlNode& argument, const char* key, std::int16_t zone_minutes, const StepBuild& build) {
  const YamlNode* node = argument.find(key);
  if (node == nullptr) return std::nullopt;
  auto time = model::Time::parse(node->is_scalar() ? std::string_view(node->text) : std::string_view());
  if (time && !time->has_clock()) return to_epoch_ms(time->utc()) - std::int64_t{zone_minutes} * 60000;
  build.mistakes.add(Errc::mapping_wrong_shape, *node, build.subject + "." + key, {"a date such as 1900-01-01", "日期，如 1900-01-01"});
  return std::nullopt;
}

} // namespace

StepPtr compile_epoch(const YamlNode& argument, StepBuild& build) {
  auto epoch = std::make_unique<Epoch>();
  const YamlNode* unit = argument.is_mapping() ? argument.find("unit") : &argument;
  constexpr std::pair<std::string_view, Epoch::Unit> kUnits[] = {{"s", Epoch::Unit::seconds}, {"ms", Epoch::Unit::milliseconds}, {"auto", Epoch::Unit::automatic}, {"json", Epoch::Unit::json}};
  const auto* known = std::find_if(std::begin(kUnits), std::end(kUnits), [unit](const auto& row) { return unit != nullptr && unit->is_scalar() && unit->text == row.first; });
  if (known == std::end(kUnits)) {
    build.mistakes.add(Errc::mapping_wrong_shape, argument, build.subject, one_of({"s", "ms", "auto", "json"}));
    return nullptr;
  }
  epoch->unit = known->second;
  need_zone(argument, build, {"the offset in which instants are written, such as +08:00", "时间戳换算所用的时区，如 +08:00"});
  epoch->zone_minutes = build.zone_minutes.value_or(0);
  if (argument.is_mapping() && check_keys(argument, {"unit", "from", "to"}, build.subject, build.mistakes)) {
    epoch->from_ms = instant(argument, "from", epoch->zone_minutes, build);
    epoch->to_ms = instant(argument, "to", epoch->zone_minutes, build);
    const bool guarded = epoch->from_ms.has_value() && epoch->to_ms.has_value();
    if (!guarded || epoch->unit == Epoch::Unit::automatic) build.mistakes.add(Errc::mapping_wrong_shape, argument, build.subject, {"unit s, ms or json, with both from and to", "unit 为 s、ms 或 json，并同时给出 from 与 to"});
  }
  read_sentinels(build, epoch->sentinels);
  return epoch;
}

StepPtr compile_serial_date(const YamlNode& argument, StepBuild& build) {
  auto serial = std::make_unique<SerialDate>();
  if (!argument.is_scalar() || (argument.text != "1900" && argument.text != "1904")) {
    build.mistakes.add(Errc::mapping_wrong_shape, argument, build.subject, one_of({"1900", "1904"}));
    return nullptr;
  }
  serial->from_1904 = argument.text == "1904";
  need_zone(argument, build, {"the offset of times, such as +08:00", "时间所用的时区，如 +08:00"});
  serial->zone_minutes = build.zone_minutes.value_or(0);
  read_sentinels(build, serial->sentinels);
  return serial;
}

StepPtr compile_date_format(const YamlNode& argument, StepBuild& build) {
  std::string problem = "one pattern";
  const YamlNode* form = &argument;
  std::optional<std::string> unlimited;
  if (argument.is_mapping()) {
    if (!check_keys(argument, {"pattern", "unlimited"}, build.subject, build.mistakes)) return nullptr;
    form = argument.find("pattern");
    unlimited = member_text(argument, "unlimited", Need::optional, build.subject, build.mistakes);
  }
  auto pattern = form != nullptr && form->is_scalar() ? DatePattern::compile(form->text, problem) : std::nullopt;
  if (!pattern) {
    build.mistakes.add(Errc::mapping_date_pattern, argument, build.subject, {}, pattern_problem(form == nullptr ? std::string() : form->text, problem));
    return nullptr;
  }
  const bool needs_zone = pattern->may_have_clock() && !pattern->always_has_offset();
  if (needs_zone && !build.zone_minutes) build.mistakes.add(Errc::mapping_missing_key, argument, "zone", {"the platform's offset, such as +08:00", "平台所用时区，如 +08:00"});
  return std::make_unique<DateFormat>(std::move(*pattern), build.zone_minutes.value_or(0), std::move(unlimited));
}

StepPtr compile_canonical_time(const YamlNode&, StepBuild&) { return std::make_unique<CanonicalTime>(); }

} // namespace tongqu::mapping::detail
