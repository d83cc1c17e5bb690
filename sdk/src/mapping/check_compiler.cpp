#include <algorithm>

#include "mapping/rule_compiler.hpp"

namespace tongqu::mapping::detail {
namespace {

bool is_check_id(std::string_view id) {
  const auto good = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; };
  return !id.empty() && std::all_of(id.begin(), id.end(), good);
}

std::vector<std::string_view> policies_of(CheckLevel level) {
  if (level == CheckLevel::field) return {"reject", "hold", "drop", "report"};
  return {"reject", "hold", "report"};
}

} // namespace

std::vector<PackCheck> RuleCompiler::checks(const YamlNode& node, const std::string& subject, CheckLevel level) {
  std::vector<PackCheck> made;
  if (!node.is_sequence()) {
    context_.mistakes.add(Errc::mapping_wrong_shape, node, subject, {"a list of checks", "校验列表"});
    return made;
  }
  for (const YamlNode& item : node.items) {
    if (level != CheckLevel::field && item.is_mapping()) {
      const YamlNode* at = item.find("level");
      if (at != nullptr && at->text != "record" && at->text != "delivery") context_.mistakes.add(Errc::mapping_wrong_shape, *at, subject + ".level", one_of({"record", "delivery"}), {"a check of one field stands in its rule", "字段级校验写在该字段的规则中"});
      if ((at != nullptr && at->text == "delivery") != (level == CheckLevel::delivery)) continue;
    }
    made.push_back(check(item, subject, level));
  }
  return made;
}

PackCheck RuleCompiler::check(const YamlNode& node, const std::string& subject, CheckLevel level) {
  PackCheck made;
  std::vector<std::string_view> keys = {"id", "when", "that", "text", "severity", "on_fail"};
  if (level != CheckLevel::field) keys.insert(keys.end(), {"level", "field"});
  if (!check_keys(node, keys, subject, context_.mistakes)) return made;
  const std::string id = member_text(node, "id", Need::required, subject, context_.mistakes).value_or("unnamed");
  if (!is_check_id(id)) context_.mistakes.add(Errc::mapping_wrong_shape, *node.find("id"), subject + ".id", {"a-z, 0-9 and _", "仅 a-z、0-9 与 _"});
  if (!check_ids_.insert(id).second) context_.mistakes.add(Errc::mapping_duplicate_rule, node, subject + "." + id);
  made.id = "pack." + context_.system + "." + id;
  const std::string name = subject + "." + id;
  made.field = member_text(node, "field", Need::optional, name, context_.mistakes).value_or("");
  Place place;
  if (!made.field.empty() && !find_place(context_.entity, made.field, place)) {
    context_.mistakes.add(Errc::mapping_unknown_target_field, *node.find("field"), name + ".field", {}, same(nearest_field(context_.entity, made.field)));
  }
  if (const YamlNode* when = node.find("when"); when != nullptr) made.when = expression(*when, name + ".when");
  if (const YamlNode* that = node.find("that"); that != nullptr) made.that = expression(*that, name + ".that");
  else context_.mistakes.add(Errc::mapping_missing_key, node, name + ".that");
  const YamlNode* text = node.find("text");
  if (text == nullptr) context_.mistakes.add(Errc::mapping_missing_key, node, name + ".text", {"{en: …, zh: …}", "{en: …, zh: …}"});
  else if (check_keys(*text, {"en", "zh"}, name + ".text", context_.mistakes)) {
    made.text.en = member_text(*text, "en", Need::required, name + ".text", context_.mistakes).value_or("");
    made.text.zh = member_text(*text, "zh", Need::required, name + ".text", context_.mistakes).value_or("");
  }
  check_outcome(node, name, level, made);
  return made;
}

void RuleCompiler::check_outcome(const YamlNode& node, const std::string& name, CheckLevel level, PackCheck& out) {
  const std::vector<std::string_view> known = policies_of(level);
  const auto policy = member_text(node, "on_fail", Need::required, name, context_.mistakes);
  if (policy && std::find(known.begin(), known.end(), *policy) == known.end()) context_.mistakes.add(Errc::mapping_policy_not_allowed, *node.find("on_fail"), name + ".on_fail", one_of(known), did_you_mean(*policy, known));
  else if (policy) (void)policy_from_name(*policy, out.policy);
  const bool stops = out.policy == Policy::reject || out.policy == Policy::hold;
  out.severity = stops ? Severity::error : Severity::warn;
  const auto severity = member_text(node, "severity", Need::optional, name, context_.mistakes);
  if (!severity) return;
  if (*severity == "info") out.severity = Severity::info;
  else if (*severity == "warn") out.severity = Severity::warn;
  else if (*severity == "error") out.severity = Severity::error;
  // An error stops and what stops is an error, or a reader of findings could not tell what happened.
  const bool fits = *severity == "error" ? stops : (*severity == "info" || *severity == "warn") && !stops;
  if (!fits) context_.mistakes.add(Errc::mapping_wrong_shape, *node.find("severity"), name + ".severity", stops ? one_of({"error"}) : one_of({"info", "warn"}));
}

} // namespace tongqu::mapping::detail
