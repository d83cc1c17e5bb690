#include <algorithm>

#include "mapping/step_compilers.hpp"
#include "mapping/written_number.hpp"
#include "tongqu/base/bytes.hpp"

namespace tongqu::mapping::detail {
namespace {

/// Text, its digits and words read as the forms allow, becomes a normal decimal.
class Decimal final : public Step {
public:
  explicit Decimal(NumberForms forms) : forms_(std::move(forms)) {}
  StepOutcome run(Value& value, wire::Arena& arena) const override {
    const bool plain = forms_.grouping.empty() && !forms_.chinese && !forms_.accounting;
    if (plain) {
      auto normal = model::normal_decimal(value.text);
      if (!normal) return StepOutcome::malformed;
      value.text = arena.store(*normal);
      return StepOutcome::ok;
    }
    const auto number = read_number(value.text, forms_);
    if (!number) return StepOutcome::malformed;
    value.text = arena.store(number->value);
    if (number->written) value.note(Note::written_number);
    return StepOutcome::ok;
  }
  Bilingual expected() const override {
    if (forms_.chinese) return {"an exact number in digits or words, not one that can be read in two ways", "以数字或汉字书写的精确数值，且不得有两种读法"};
    return {"an exact decimal number", "精确的十进制数"};
  }

private:
  NumberForms forms_;
};

class Amount final : public Step {
public:
  explicit Amount(std::optional<int> bare_places) : bare_places_(bare_places) {}
  StepOutcome run(Value& value, wire::Arena& arena) const override {
    const auto amount = read_amount(value.text, bare_places_);
    if (!amount) return StepOutcome::malformed;
    if (amount->written) value.note(Note::written_number);
    value.text = arena.store(amount->value);
    return StepOutcome::ok;
  }
  Bilingual expected() const override {
    if (bare_places_) return {"an amount of money", "金额"};
    return {"an amount of money with its unit", "带单位的金额"};
  }

private:
  std::optional<int> bare_places_;
};

class QuantityStep final : public Step {
public:
  explicit QuantityStep(QuantityWords words) : words_(std::move(words)) {}
  StepOutcome run(Value& value, wire::Arena& arena) const override {
    const auto quantity = read_quantity(value.text, words_);
    if (!quantity) return StepOutcome::malformed;
    if (quantity->number.written) value.note(Note::written_number);
    value.text = arena.store(quantity->number.value);
    value.unit = quantity->unit;
    return StepOutcome::ok;
  }
  Bilingual expected() const override { return {"a number with a unit of time that the mapping knows", "带有映射已知时间单位的数值"}; }

private:
  QuantityWords words_;
};

/// Lowest and highest value, both allowed.
class Range final : public Step {
public:
  std::optional<std::string> from, to;
  StepOutcome run(Value& value, wire::Arena&) const override {
    const bool low = from && less(value.text, *from);
    const bool high = to && less(*to, value.text);
    return low || high ? StepOutcome::range : StepOutcome::ok;
  }
  Bilingual expected() const override {
    const std::string least = from.value_or("…"), most = to.value_or("…");
    return {"from " + least + " to " + most, least + " 至 " + most};
  }

private:
  /// Order of two normal decimals.
  static bool less(std::string_view a, std::string_view b) {
    const bool minus_a = !a.empty() && a[0] == '-', minus_b = !b.empty() && b[0] == '-';
    if (minus_a != minus_b) return minus_a;
    if (minus_a) return magnitude_less(b.substr(1), a.substr(1));
    return magnitude_less(a, b);
  }
  static bool magnitude_less(std::string_view a, std::string_view b) {
    // Integers may come with zeros in front.
    while (a.size() > 1 && a[0] == '0' && a[1] != '.') a.remove_prefix(1);
    while (b.size() > 1 && b[0] == '0' && b[1] != '.') b.remove_prefix(1);
    const std::size_t whole_a = std::min(a.find('.'), a.size()), whole_b = std::min(b.find('.'), b.size());
    if (whole_a != whole_b) return whole_a < whole_b;
    return a < b;   // Equal width before the point: text order is the order of numbers.
  }
};

class Integer final : public Step {
public:
  explicit Integer(bool chinese) : chinese_(chinese) {}
  StepOutcome run(Value& value, wire::Arena& arena) const override {
    const std::string_view text = value.text;
    const bool digits = std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (digits && !text.empty() && text.size() <= 18) return StepOutcome::ok;
    if (!chinese_ || digits) return StepOutcome::malformed;
    const auto number = read_number(text, {"", true, false});
    const bool whole = number && number->value.find_first_of("-.") == std::string::npos && number->value.size() <= 18;
    if (!whole || text.find('.') != std::string_view::npos) return StepOutcome::malformed;
    value.text = arena.store(number->value);
    value.note(Note::written_number);
    return StepOutcome::ok;
  }
  Bilingual expected() const override { return chinese_ ? Bilingual{"a whole number in digits or words", "以数字或汉字书写的整数"} : Bilingual{"digits only", "仅数字"}; }

private:
  bool chinese_;
};

class Scale final : public Step {
public:
  explicit Scale(int places) : places_(places) {}
  StepOutcome run(Value& value, wire::Arena& arena) const override {
    auto normal = model::normal_decimal(shift_decimal(value.text, places_));
    if (!normal) return StepOutcome::malformed;
    value.text = arena.store(*normal);
    return StepOutcome::ok;
  }

private:
  int places_;
};

/// Exactly so many digits after the point; more than that are a fault, never rounded.
class Places final : public Step {
public:
  explicit Places(unsigned places) : places_(places) {}
  StepOutcome run(Value& value, wire::Arena& arena) const override {
    const std::size_t point = value.text.find('.');
    const std::size_t there = point == std::string_view::npos ? 0 : value.text.size() - point - 1;
    if (there > places_) return StepOutcome::malformed;
    std::string text(value.text);
    if (point == std::string_view::npos && places_ != 0) text += '.';
    value.text = arena.store(text.append(places_ - there, '0'));
    return StepOutcome::ok;
  }
  Bilingual expected() const override { return {"at most " + std::to_string(places_) + " digits after the point", "小数点后至多 " + std::to_string(places_) + " 位"}; }

private:
  unsigned places_;
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

/// The keys of decimal and integer that allow more forms.
std::optional<NumberForms> number_forms(const YamlNode& argument, const std::vector<std::string_view>& keys, StepBuild& build) {
  NumberForms forms;
  if (argument.is_sequence()) {
    build.mistakes.add(Errc::mapping_wrong_shape, argument, build.subject, same("{grouping: \",\", numerals: chinese, signs: accounting}"));
    return std::nullopt;
  }
  if (!argument.is_mapping()) return forms;
  if (!check_keys(argument, keys, build.subject, build.mistakes)) return std::nullopt;
  forms.grouping = member_text(argument, "grouping", Need::optional, build.subject, build.mistakes).value_or("");
  const auto word = [&](const char* key, std::string_view only) {
    const YamlNode* node = argument.find(key);
    if (node != nullptr && node->text != only) build.mistakes.add(Errc::mapping_wrong_shape, *node, build.subject + "." + key, one_of({only}));
    return node != nullptr;
  };
  forms.chinese = word("numerals", "chinese");
  forms.accounting = word("signs", "accounting");
  return forms;
}

std::optional<int> bare_places(const YamlNode& node, const StepBuild& build) {
  if (node.text == "元") return 0;
  if (node.text == "万元") return 4;
  if (node.text == "亿元") return 8;
  build.mistakes.add(Errc::mapping_wrong_shape, node, build.subject + ".bare", one_of({"元", "万元", "亿元"}));
  return std::nullopt;
}

std::optional<std::string> bound(const YamlNode& argument, const char* key, const StepBuild& build) {
  const YamlNode* node = argument.find(key);
  if (node == nullptr) return std::nullopt;
  auto normal = node->is_scalar() ? model::normal_decimal(node->text) : Result<std::string>(Error(Errc::model_decimal_invalid));
  if (normal) return std::move(*normal);
  build.mistakes.add(Errc::mapping_wrong_shape, *node, build.subject + "." + key, {"a decimal number", "十进制数"});
  return std::nullopt;
}

constexpr const char* kUnitHint = "minute | hour | working_day | calendar_day | week | month | year";

} // namespace

StepPtr compile_decimal(const YamlNode& argument, StepBuild& build) {
  auto forms = number_forms(argument, {"grouping", "numerals", "signs"}, build);
  return forms ? std::make_unique<Decimal>(std::move(*forms)) : nullptr;
}

StepPtr compile_integer(const YamlNode& argument, StepBuild& build) {
  const auto forms = number_forms(argument, {"numerals"}, build);
  return forms ? std::make_unique<Integer>(forms->chinese) : nullptr;
}

StepPtr compile_amount(const YamlNode& argument, StepBuild& build) {
  std::optional<int> places;
  if (argument.is_mapping()) {
    if (!check_keys(argument, {"bare"}, build.subject, build.mistakes)) return nullptr;
    if (const YamlNode* bare = argument.find("bare"); bare != nullptr) places = bare_places(*bare, build);
  } else if (argument.is_sequence()) {
    build.mistakes.add(Errc::mapping_wrong_shape, argument, build.subject, same("{bare: 元}"));
    return nullptr;
  }
  return std::make_unique<Amount>(places);
}

StepPtr compile_quantity(const YamlNode& argument, StepBuild& build) {
  QuantityWords words;
  const auto unit_of = [&build](const YamlNode& node) {
    const auto unit = node.is_scalar() ? model::unit_from_name(node.text) : std::nullopt;
    if (!unit || *unit == model::Quantity::Unit::none) build.mistakes.add(Errc::mapping_wrong_shape, node, build.subject, same(kUnitHint));
    return unit;
  };
  if (argument.is_sequence()) {
    build.mistakes.add(Errc::mapping_wrong_shape, argument, build.subject, same("{bare: working_day, words: {天: working_day}}"));
    return nullptr;
  }
  if (argument.is_mapping()) {
    if (!check_keys(argument, {"bare", "words"}, build.subject, build.mistakes)) return nullptr;
    if (const YamlNode* bare = argument.find("bare"); bare != nullptr) words.bare = unit_of(*bare);
    if (const YamlNode* extra = argument.find("words"); extra != nullptr && extra->is_mapping()) {
      for (const auto& [word, unit] : extra->members) {
        if (const auto means = unit_of(unit)) words.extra.emplace_back(word.text, *means);
      }
    } else if (extra != nullptr) {
      build.mistakes.add(Errc::mapping_wrong_shape, *extra, build.subject + ".words", same("{天: working_day}"));
    }
  }
  return std::make_unique<QuantityStep>(std::move(words));
}

StepPtr compile_range(const YamlNode& argument, StepBuild& build) {
  if (!check_keys(argument, {"from", "to"}, build.subject, build.mistakes)) return nullptr;
  auto range = std::make_unique<Range>();
  range->keeps_type = true;
  range->from = bound(argument, "from", build);
  range->to = bound(argument, "to", build);
  if (!range->from && !range->to) build.mistakes.add(Errc::mapping_missing_key, argument, build.subject, {"from, to or both", "from、to 或两者"});
  return range;
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

StepPtr compile_places(const YamlNode& argument, StepBuild& build) {
  const auto places = argument.is_scalar() ? small_number(argument.text, 0, 12) : std::nullopt;
  if (places) return std::make_unique<Places>(*places);
  build.mistakes.add(Errc::mapping_wrong_shape, argument, build.subject, {"a number from 0 to 12", "0 至 12 的整数"});
  return nullptr;
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

} // namespace tongqu::mapping::detail
