#include "mapping/steps.hpp"

#include "mapping/step_compilers.hpp"

namespace tongqu::mapping::detail {
namespace {

/// Rows that only the compiler adds, not part of the language.
constexpr StepRow kCanonicalTime{"canonical_time", ValueType::text, ValueType::time, true, false, 27, compile_canonical_time};

void describe_step(Step& step, const StepRow& row) {
  step.name = row.name;
  step.takes = row.takes;
  step.gives = row.gives;
  step.can_malform = row.can_malform;
  step.can_exceed = row.can_exceed;
  step.quirk = row.quirk;
}

} // namespace

std::string_view value_type_name(ValueType type) noexcept {
  switch (type) {
    case ValueType::text: return "text";
    case ValueType::bytes: return "bytes";
    case ValueType::time: return "time";
    case ValueType::decimal: return "decimal";
    case ValueType::integer: return "integer";
    case ValueType::quantity: return "quantity";
    case ValueType::text_list: return "text list";
  }
  return "text";
}

const std::vector<StepRow>& step_registry() {
  using T = ValueType;
  static const std::vector<StepRow> rows = {
      {"trim", T::text, T::text, false, false, 0, compile_trim, Inverse::canonical},
      {"strip", T::text, T::text, false, false, 0, compile_strip, Inverse::canonical},
      {"fold", T::text, T::text, false, false, 25, compile_fold, Inverse::canonical},
      {"null_if", T::text, T::text, false, false, 30, compile_null_if, Inverse::exact},
      {"upper", T::text, T::text, false, false, 0, compile_upper, Inverse::canonical},
      {"lower", T::text, T::text, false, false, 0, compile_lower, Inverse::canonical},
      {"join_lines", T::text, T::text, false, false, 0, compile_join_lines, Inverse::canonical},
      {"prefix", T::text, T::text, false, false, 0, compile_prefix, Inverse::exact},
      {"suffix", T::text, T::text, false, false, 0, compile_suffix, Inverse::exact},
      {"date", T::text, T::time, true, false, 27, compile_date, Inverse::canonical},
      {"epoch", T::text, T::time, true, false, 28, compile_epoch, Inverse::exact},
      {"date_format", T::time, T::text, false, false, 0, compile_date_format},
      {"decimal", T::text, T::decimal, true, false, 33, compile_decimal, Inverse::canonical},
      {"scale", T::decimal, T::decimal, false, false, 0, compile_scale, Inverse::exact},
      {"strip_unit", T::text, T::text, true, false, 33, compile_strip_unit, Inverse::canonical},
      {"unit", T::decimal, T::quantity, false, false, 0, compile_unit, Inverse::exact},
      {"integer", T::text, T::integer, true, false, 33, compile_integer, Inverse::canonical},
      {"split", T::text, T::text_list, false, false, 0, compile_split, Inverse::canonical},
      {"split_code", T::text, T::text_list, true, false, 35, compile_split_code, Inverse::exact},
      {"part", T::text_list, T::text, true, false, 35, compile_part, Inverse::exact},
      {"substring", T::text, T::text, true, false, 0, compile_substring},
      {"upgrade_id15", T::text, T::text, true, false, 0, compile_upgrade_id15, Inverse::canonical},
      {"base64", T::text, T::bytes, true, false, 23, compile_base64, Inverse::exact},
      {"gbk", T::bytes, T::text, true, false, 23, compile_gbk, Inverse::exact},
      {"length_max", T::text, T::text, false, true, 0, compile_length_max, Inverse::exact},
  };
  return rows;
}

std::vector<std::string_view> step_names() {
  std::vector<std::string_view> names;
  for (const StepRow& row : step_registry()) names.push_back(row.name);
  return names;
}

StepPtr compile_step(const YamlNode& key, const YamlNode& argument, StepBuild& build) {
  for (const StepRow& row : step_registry()) {
    if (row.name != key.text) continue;
    StepPtr step = row.compile(argument, build);
    if (step) {
      describe_step(*step, row);
      step->argument = std::make_shared<const YamlNode>(argument);
      if (build.sentinels != nullptr) step->sentinels = std::make_shared<const YamlNode>(*build.sentinels);
    }
    return step;
  }
  build.mistakes.add(Errc::mapping_unknown_step, key, build.subject + "." + key.text, one_of(step_names()), did_you_mean(key.text, step_names()));
  return nullptr;
}

StepPtr implied_step(std::string_view name) {
  Findings ignored;
  const Mistakes mistakes(ignored, {});
  StepBuild build{mistakes, {}, std::nullopt, nullptr};
  if (name == kCanonicalTime.name) {
    StepPtr step = kCanonicalTime.compile({}, build);
    describe_step(*step, kCanonicalTime);
    return step;
  }
  YamlNode key;
  key.text = name;
  return compile_step(key, {}, build);
}

bool accepts(ValueType takes, ValueType given) noexcept {
  if (takes == given) return true;
  if (takes == ValueType::text) return given == ValueType::decimal || given == ValueType::integer;
  return takes == ValueType::decimal && given == ValueType::integer;
}

bool NullTexts::holds(std::string_view text) const noexcept {
  if (text.empty()) return true;
  for (const std::string& null : texts_) {
    if (null == text) return true;
  }
  return false;
}

} // namespace tongqu::mapping::detail
