#include <algorithm>

#include "mapping/check/checks.hpp"
#include "mapping/check/invertible.hpp"

namespace tongqu::mapping::detail {

bool is_invertible(std::string_view step) noexcept {
  for (const StepRow& row : step_registry()) {
    if (row.name == step) return row.inverse != Inverse::none;
  }
  return true;   // The compiler says that there is no such step.
}

bool claims_reverse(const PackOutline& pack, const DocumentOutline& document) {
  const auto claims = [](const YamlNode& root) {
    const YamlNode* reverse = root.is_mapping() ? root.find("reverse") : nullptr;
    return reverse != nullptr && !(reverse->is_scalar() && (reverse->text == "no" || reverse->text.empty()));
  };
  return claims(pack.root) || claims(document.root);
}

namespace {

/// Fields that the mapping itself lists as one-way.
bool is_excepted(const DocumentOutline& document, const std::string& field) {
  const YamlNode* reverse = document.root.find("reverse");
  const YamlNode* list = reverse == nullptr || !reverse->is_mapping() ? nullptr : reverse->find("one_way");
  if (list == nullptr) return false;
  const auto names = [&field](const auto& member) { return member.first.text == field; };
  const auto is = [&field](const YamlNode& item) { return item.text == field; };
  return std::any_of(list->members.begin(), list->members.end(), names) || std::any_of(list->items.begin(), list->items.end(), is);
}

} // namespace

void check_one_way(const PackOutline& pack, const DocumentOutline& document, Report& report) {
  if (!claims_reverse(pack, document)) return;
  for (const RuleSite& rule : document.all.rules) {
    if (rule.name.compare(0, 9, "identity.") == 0 || is_excepted(document, rule.name)) continue;
    const auto lost = std::find_if(rule.steps.begin(), rule.steps.end(), [](const StepSite& site) { return site.key->text != "sentinels" && !is_invertible(site.key->text); });
    // The compiler of the way back says the same, and more, where it is there.
    const auto said = [&](const Finding& other) {
      const std::string_view id = errc_row(other.id).id;
      return id.substr(0, 16) == "mapping.reverse_" && other.source.part == document.file && other.path.compare(0, rule.name.size(), rule.name) == 0;
    };
    const auto& items = report.findings().items();
    if (lost == rule.steps.end() || std::any_of(items.begin(), items.end(), said)) continue;
    report.add(document.file, *lost->key, {Errc::mapping_check_one_way, Severity::error, rule.name + "." + lost->key->text, {},
                                           {"the way back cannot tell what stood there: use another step, or do not claim reverse", "回写时无法得知原值：请改用其他步骤，或不声明 reverse"}});
  }
}

} // namespace tongqu::mapping::detail
