#pragma once
#include "mapping/steps.hpp"

/// Compile functions of the steps, one per registry row; grouped by what they work on.
namespace tongqu::mapping::detail {

using StepPtr = std::unique_ptr<Step>;

/// An argument of the wrong shape: says so, and gives no step.
inline StepPtr wrong(const YamlNode& argument, const StepBuild& build, Bilingual expected) {
  build.mistakes.add(Errc::mapping_wrong_shape, argument, build.subject, std::move(expected));
  return nullptr;
}

/// For steps without an argument; whether there is none.
inline bool no_argument(const YamlNode& argument, const StepBuild& build) {
  if (argument.is_scalar() && (argument.text.empty() || argument.text == "yes" || argument.text == "true")) return true;
  (void)wrong(argument, build, {"no argument", "不带参数"});
  return false;
}

StepPtr compile_trim(const YamlNode& argument, StepBuild& build);
StepPtr compile_strip(const YamlNode& argument, StepBuild& build);
StepPtr compile_fold(const YamlNode& argument, StepBuild& build);
StepPtr compile_null_if(const YamlNode& argument, StepBuild& build);
StepPtr compile_upper(const YamlNode& argument, StepBuild& build);
StepPtr compile_lower(const YamlNode& argument, StepBuild& build);
StepPtr compile_join_lines(const YamlNode& argument, StepBuild& build);
StepPtr compile_prefix(const YamlNode& argument, StepBuild& build);
StepPtr compile_suffix(const YamlNode& argument, StepBuild& build);
StepPtr compile_split(const YamlNode& argument, StepBuild& build);
StepPtr compile_split_code(const YamlNode& argument, StepBuild& build);
StepPtr compile_part(const YamlNode& argument, StepBuild& build);
StepPtr compile_substring(const YamlNode& argument, StepBuild& build);
StepPtr compile_upgrade_id15(const YamlNode& argument, StepBuild& build);
StepPtr compile_base64(const YamlNode& argument, StepBuild& build);
StepPtr compile_gbk(const YamlNode& argument, StepBuild& build);
StepPtr compile_length_max(const YamlNode& argument, StepBuild& build);

StepPtr compile_date(const YamlNode& argument, StepBuild& build);
StepPtr compile_epoch(const YamlNode& argument, StepBuild& build);
StepPtr compile_date_format(const YamlNode& argument, StepBuild& build);
StepPtr compile_decimal(const YamlNode& argument, StepBuild& build);
StepPtr compile_scale(const YamlNode& argument, StepBuild& build);
StepPtr compile_strip_unit(const YamlNode& argument, StepBuild& build);
StepPtr compile_unit(const YamlNode& argument, StepBuild& build);
StepPtr compile_integer(const YamlNode& argument, StepBuild& build);
StepPtr compile_serial_date(const YamlNode& argument, StepBuild& build);
StepPtr compile_amount(const YamlNode& argument, StepBuild& build);
StepPtr compile_quantity(const YamlNode& argument, StepBuild& build);
StepPtr compile_range(const YamlNode& argument, StepBuild& build);
StepPtr compile_canonical_time(const YamlNode& argument, StepBuild& build);
StepPtr compile_keep(const YamlNode& argument, StepBuild& build);
StepPtr compile_replace(const YamlNode& argument, StepBuild& build);
StepPtr compile_cut(const YamlNode& argument, StepBuild& build);
StepPtr compile_length_min(const YamlNode& argument, StepBuild& build);
StepPtr compile_mojibake(const YamlNode& argument, StepBuild& build);
StepPtr compile_html_text(const YamlNode& argument, StepBuild& build);
StepPtr compile_match(const YamlNode& argument, StepBuild& build);
StepPtr compile_classify(const YamlNode& argument, StepBuild& build);
StepPtr compile_form(const YamlNode& argument, StepBuild& build);
StepPtr compile_extract(const YamlNode& argument, StepBuild& build);
StepPtr compile_one_of(const YamlNode& argument, StepBuild& build);
StepPtr compile_first(const YamlNode& argument, StepBuild& build);
StepPtr compile_last(const YamlNode& argument, StepBuild& build);
StepPtr compile_count(const YamlNode& argument, StepBuild& build);
StepPtr compile_join(const YamlNode& argument, StepBuild& build);
StepPtr compile_unique(const YamlNode& argument, StepBuild& build);
StepPtr compile_utf8(const YamlNode& argument, StepBuild& build);
StepPtr compile_sniff(const YamlNode& argument, StepBuild& build);
StepPtr compile_content(const YamlNode& argument, StepBuild& build);
StepPtr compile_digest(const YamlNode& argument, StepBuild& build);
StepPtr compile_size(const YamlNode& argument, StepBuild& build);
StepPtr compile_identifier(const YamlNode& argument, StepBuild& build);
StepPtr compile_id_kind(const YamlNode& argument, StepBuild& build);
StepPtr compile_pad(const YamlNode& argument, StepBuild& build);
StepPtr compile_places(const YamlNode& argument, StepBuild& build);

} // namespace tongqu::mapping::detail
