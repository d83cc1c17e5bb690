#include <algorithm>
#include <charconv>

#include "mapping/date_pattern.hpp"
#include "mapping/step_compilers.hpp"

namespace tongqu::mapping::detail {
namespace {

using Precision = model::Time::Precision;

/// A text, or a prefix when it was written with a final '*'.
struct Sentinel {
  std::string text;
  bool prefix = false;
  bool matches(std::string_view value) const {
    return prefix ? value.substr(0, text.size()) == text : value == text;
  }
};

class Date final : public Step {
public:
  std::vector<DatePattern> patterns;
  std::vector<Sentinel> absent, unlimited;
  std::int16_t zone_minutes = 0;

  StepOutcome run(Value& value, wire::Arena&) const override {
    for (const Sentinel& sentinel : absent) {
      if (sentinel.matches(value.text)) return StepOutcome::absent;
    }
    for (const Sentinel& sentinel : unlimited) {
      if (!sentinel.matches(value.text)) continue;
      value.unlimited = true;
      return StepOutcome::ok;
    }
    for (const DatePattern& pattern : patterns) {
      if (auto time = pattern.read(value.text, zone_minutes)) {
        value.time = *time;
        return StepOutcome::ok;
      }
    }
    return StepOutcome::malformed;
  }
  Bilingual expected() const override {
    std::string forms;
    for (const DatePattern& pattern : patterns) forms += (forms.empty() ? "" : " | ") + pattern.text();
    return {"a real date in the form " + forms, "真实存在的日期，格式为 " + forms};
  }
};

class Epoch final : public Step {
public:
  Epoch(bool seconds, std::int16_t zone_minutes) : seconds_(seconds), zone_minutes_(zone_minutes) {}
  StepOutcome run(Value& value, wire::Arena&) const override {
    std::int64_t number = 0;
    const char* end = value.text.data() + value.text.size();
    const auto [stop, error] = std::from_chars(value.text.data(), end, number);
    if (error != std::errc() || stop != end || value.text.size() != (seconds_ ? 10u : 13u) || number < 0) return StepOutcome::malformed;
    value.time = local_time(seconds_ ? number * 1000 : number, zone_minutes_, seconds_ ? Precision::second : Precision::millisecond);
    return StepOutcome::ok;
  }
  Bilingual expected() const override { return seconds_ ? Bilingual{"10 digits", "10 位数字"} : Bilingual{"13 digits", "13 位数字"}; }

private:
  bool seconds_;
  std::int16_t zone_minutes_;
};

class DateFormat final : public Step {
public:
  DateFormat(DatePattern pattern, std::int16_t zone_minutes) : pattern_(std::move(pattern)), zone_minutes_(zone_minutes) {}
  StepOutcome run(Value& value, wire::Arena& arena) const override {
    std::string text;
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

/// Digits before the point without their separators; nothing when a group does not have three digits.
std::optional<std::string> ungrouped(std::string_view text, std::string_view grouping) {
  const std::size_t sign = !text.empty() && (text[0] == '-' || text[0] == '+') ? 1 : 0;
  const std::size_t point = std::min(text.find('.'), text.size());
  std::string_view whole = text.substr(sign, point - sign);
  if (whole.find(grouping) == std::string_view::npos) return std::string(text);
  std::string result(text.substr(0, sign));
  bool first = true;
  while (true) {
    const std::size_t end = whole.find(grouping);
    const std::string_view group = whole.substr(0, end);
    if (first ? group.empty() || group.size() > 3 : group.size() != 3) return std::nullopt;
    result += group;
    first = false;
    if (end == std::string_view::npos) break;
    whole.remove_prefix(end + grouping.size());
  }
  return result + std::string(text.substr(point));
}

class Decimal final : public Step {
public:
  explicit Decimal(std::string grouping) : grouping_(std::move(grouping)) {}
  StepOutcome run(Value& value, wire::Arena& arena) const override {
    std::string plain;
    std::string_view text = value.text;
    if (!grouping_.empty()) {
      auto joined = ungrouped(text, grouping_);
      if (!joined) return StepOutcome::malformed;
      plain = std::move(*joined);
      text = plain;
    }
    auto normal = model::normal_decimal(text);
    if (!normal) return StepOutcome::malformed;
    value.text = arena.store(*normal);
    return StepOutcome::ok;
  }
  Bilingual expected() const override { return {"an exact decimal number", "精确的十进制数"}; }

private:
  std::string grouping_;
};

class Scale final : public Step {
public:
  explicit Scale(int places) : places_(places) {}
  StepOutcome run(Value& value, wire::Arena& arena) const override {
    std::string_view text = value.text;
    std::string result;
    if (!text.empty() && text[0] == '-') {
      result = "-";
      text.remove_prefix(1);
    }
    const std::size_t point = std::min(text.find('.'), text.size());
    std::string digits(text.substr(0, point));
    if (point < text.size()) digits += text.substr(point + 1);
    int at = static_cast<int>(point) + places_;
    if (at < 1) {
      digits.insert(0, static_cast<std::size_t>(1 - at), '0');
      at = 1;
    }
    if (static_cast<std::size_t>(at) > digits.size()) digits.append(static_cast<std::size_t>(at) - digits.size(), '0');
    result += digits.substr(0, static_cast<std::size_t>(at));
    if (static_cast<std::size_t>(at) < digits.size()) result += "." + digits.substr(static_cast<std::size_t>(at));
    auto normal = model::normal_decimal(result);
    if (!normal) return StepOutcome::malformed;
    value.text = arena.store(*normal);
    return StepOutcome::ok;
  }

private:
  int places_;
};

class StripUnit final : public Step {
public:
  explicit StripUnit(std::vector<std::string> units) : units_(std::move(units)) {}
  StepOutcome run(Value& value, wire::Arena&) const override {
    for (const std::string& unit : units_) {
      if (value.text.size() <= unit.size() || value.text.substr(value.text.size() - unit.size()) != unit) continue;
      value.text.remove_suffix(unit.size());
      while (!value.text.empty() && value.text.back() == ' ') value.text.remove_suffix(1);
      return StepOutcome::ok;
    }
    return StepOutcome::malformed;
  }
  Bilingual expected() const override {
    std::string all;
    for (const std::string& unit : units_) all += (all.empty() ? "" : " | ") + unit;
    return {"a number followed by " + all, "数值后接 " + all};
  }

private:
  std::vector<std::string> units_;
};

class Unit final : public Step {
public:
  explicit Unit(model::Quantity::Unit unit) : unit_(unit) {}
  StepOutcome run(Value& value, wire::Arena&) const override {
    value.unit = unit_;
    return StepOutcome::ok;
  }

private:
  model::Quantity::Unit unit_;
};

class Integer final : public Step {
public:
  StepOutcome run(Value& value, wire::Arena&) const override {
    const std::string_view text = value.text;
    const bool digits = std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
    return digits && !text.empty() && text.size() <= 18 ? StepOutcome::ok : StepOutcome::malformed;
  }
  Bilingual expected() const override { return {"digits only", "仅数字"}; }
};

std::vector<Sentinel> sentinels_of(const YamlNode& node, std::string_view key, const StepBuild& build) {
  std::vector<Sentinel> list;
  const YamlNode* member = node.find(key);
  if (member == nullptr) return list;
  for (std::string& text : texts(*member, build.subject, build.mistakes)) {
    Sentinel sentinel{std::move(text), false};
    if (sentinel.text.size() > 1 && sentinel.text.back() == '*') {
      sentinel.text.pop_back();
      sentinel.prefix = true;
    }
    list.push_back(std::move(sentinel));
  }
  return list;
}

void read_patterns(const YamlNode& argument, Date& date, const StepBuild& build) {
  for (const std::string& text : texts(argument, build.subject, build.mistakes)) {
    std::string problem;
    auto pattern = DatePattern::compile(text, problem);
    if (!pattern) {
      build.mistakes.add(Errc::mapping_date_pattern, argument, build.subject, same(text + ": " + problem));
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
  read_patterns(argument, *date, build);
  date->zone_minutes = build.zone_minutes.value_or(0);
  if (build.sentinels != nullptr && check_keys(*build.sentinels, {"absent", "unlimited"}, build.subject + ".sentinels", build.mistakes)) {
    date->absent = sentinels_of(*build.sentinels, "absent", build);
    date->unlimited = sentinels_of(*build.sentinels, "unlimited", build);
  }
  return date;
}

StepPtr compile_epoch(const YamlNode& argument, StepBuild& build) {
  if (!argument.is_scalar() || (argument.text != "s" && argument.text != "ms")) {
    build.mistakes.add(Errc::mapping_wrong_shape, argument, build.subject, one_of({"s", "ms"}));
    return nullptr;
  }
  if (!build.zone_minutes) build.mistakes.add(Errc::mapping_missing_key, argument, "zone", {"the offset in which instants are written, such as +08:00", "时间戳换算所用的时区，如 +08:00"});
  return std::make_unique<Epoch>(argument.text == "s", build.zone_minutes.value_or(0));
}

StepPtr compile_date_format(const YamlNode& argument, StepBuild& build) {
  std::string problem = "one pattern";
  auto pattern = argument.is_scalar() ? DatePattern::compile(argument.text, problem) : std::nullopt;
  if (!pattern) {
    build.mistakes.add(Errc::mapping_date_pattern, argument, build.subject, same(argument.text + ": " + problem));
    return nullptr;
  }
  const bool needs_zone = pattern->may_have_clock() && !pattern->always_has_offset();
  if (needs_zone && !build.zone_minutes) build.mistakes.add(Errc::mapping_missing_key, argument, "zone", {"the platform's offset, such as +08:00", "平台所用时区，如 +08:00"});
  return std::make_unique<DateFormat>(std::move(*pattern), build.zone_minutes.value_or(0));
}

StepPtr compile_decimal(const YamlNode& argument, StepBuild& build) {
  std::string grouping;
  if (argument.is_mapping() && check_keys(argument, {"grouping"}, build.subject, build.mistakes)) {
    grouping = member_text(argument, "grouping", Need::required, build.subject, build.mistakes).value_or("");
  } else if (argument.is_sequence()) {
    build.mistakes.add(Errc::mapping_wrong_shape, argument, build.subject, same("{grouping: \",\"}"));
  }
  return std::make_unique<Decimal>(std::move(grouping));
}

StepPtr compile_scale(const YamlNode& argument, StepBuild& build) {
  const bool minus = argument.is_scalar() && !argument.text.empty() && argument.text[0] == '-';
  const auto places = argument.is_scalar() ? small_number(std::string_view(argument.text).substr(minus ? 1 : 0), 0, 12) : std::nullopt;
  if (!places) {
    build.mistakes.add(Errc::mapping_wrong_shape, argument, build.subject, {"a number from -12 to 12", "-12 至 12 的整数"});
    return nullptr;
  }
  return std::make_unique<Scale>(minus ? -static_cast<int>(*places) : static_cast<int>(*places));
}

StepPtr compile_strip_unit(const YamlNode& argument, StepBuild& build) {
  auto units = texts(argument, build.subject, build.mistakes);
  // The longest first, so that 万元 is not read as 元 after an unknown sign.
  std::sort(units.begin(), units.end(), [](const std::string& a, const std::string& b) { return a.size() > b.size(); });
  return std::make_unique<StripUnit>(std::move(units));
}

StepPtr compile_unit(const YamlNode& argument, StepBuild& build) {
  const auto unit = argument.is_scalar() ? model::unit_from_name(argument.text) : std::nullopt;
  if (!unit) {
    build.mistakes.add(Errc::mapping_wrong_shape, argument, build.subject,
                       one_of({"minute", "hour", "working_day", "calendar_day", "week", "month", "year"}));
    return nullptr;
  }
  return std::make_unique<Unit>(*unit);
}

StepPtr compile_integer(const YamlNode&, StepBuild&) { return std::make_unique<Integer>(); }
StepPtr compile_canonical_time(const YamlNode&, StepBuild&) { return std::make_unique<CanonicalTime>(); }

} // namespace tongqu::mapping::detail
