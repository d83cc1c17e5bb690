#include <algorithm>
#include <set>

#include "mapping/check/checks.hpp"

namespace tongqu::mapping::detail {
namespace {

Remark unused(const std::string& subject) { return {Errc::mapping_check_unused, Severity::warn, subject, {}, {"use it or leave it out", "使用它，或将其删除"}}; }

const std::vector<const RulesOutline*> outlines_of(const DocumentOutline& document) {
  std::vector<const RulesOutline*> all = {&document.all};
  for (const DocumentOutline::Message& message : document.messages) all.push_back(&message.rules);
  return all;
}

/// Scalars under `type:` and `table:` of all rules, wherever they stand.
void collect_named(const YamlNode& node, std::string_view key, std::set<std::string>& names) {
  for (const auto& [name, value] : node.members) {
    if (name.text == key && value.is_scalar()) names.insert(value.text);
    collect_named(value, key, names);
  }
  for (const YamlNode& item : node.items) collect_named(item, key, names);
}

void collect_params(const YamlNode& node, std::set<std::string>& names) {
  if (node.is_scalar()) {
    for (std::size_t at = node.text.find("param:"); at != std::string::npos; at = node.text.find("param:", at + 6)) {
      const std::size_t end = node.text.find_first_of(" |\"'(),=!/", at + 6);
      names.insert(node.text.substr(at + 6, end == std::string::npos ? end : end - at - 6));
    }
  }
  for (const auto& [key, value] : node.members) {
    if (key.text == "param" && value.is_scalar()) names.insert(value.text);
    // A placeholder of an answer or a text of a later kind may name a parameter as well.
    collect_params(value, names);
  }
  for (const YamlNode& item : node.items) collect_params(item, names);
}

void check_types(const DocumentOutline& document, Report& report) {
  std::set<std::string> used;
  collect_named(document.root, "type", used);
  // A type is used where one that is used extends it.
  for (auto type = document.types.rbegin(); type != document.types.rend(); ++type) {
    if (used.count(type->name) != 0) used.insert(type->base);
    else report.add(document.file, *type->key, unused("types." + type->name));
  }
}

void check_named_tables(const DocumentOutline& document, Report& report) {
  std::set<std::string> used;
  collect_named(document.root, "table", used);
  for (const auto& table : document.tables) {
    if (table->key != nullptr && used.count(table->name) == 0) report.add(document.file, *table->key, unused("tables." + table->name));
  }
}

/// Whether a rule reads this path, or something inside it.
bool is_read(const DocumentOutline& document, const std::string& path) {
  for (const RuleSite& rule : document.all.rules) {
    for (const std::string& name : rule.reads) {
      const std::string plain = plain_path(name);
      if (plain == path && !rule.is_list) return true;
    }
  }
  return false;
}

void check_ignored(const DocumentOutline& document, Report& report) {
  std::set<std::string> seen;
  for (const DocumentOutline::Ignored& one : document.ignored) {
    const std::string subject = "ignore: " + one.path;
    if (!seen.insert(one.path).second) report.add(document.file, *one.node, {Errc::mapping_check_shadowed, Severity::warn, subject, {}, {"it stands there twice", "重复列出"}});
    else if (is_read(document, one.path)) report.add(document.file, *one.node, {Errc::mapping_check_ignore_used, Severity::warn, subject, {}, {}});
  }
}

bool can_exceed(const RuleSite& rule) {
  return std::any_of(rule.steps.begin(), rule.steps.end(), [](const StepSite& site) {
    const auto& rows = step_registry();
    const auto row = std::find_if(rows.begin(), rows.end(), [&site](const StepRow& one) { return one.name == site.key->text; });
    return row == rows.end() || row->can_exceed;
  });
}

/// Faults that this rule can never have, whatever comes.
bool impossible(const RuleSite& rule, std::string_view fault) {
  const auto has_null_if = [&rule] {
    return std::any_of(rule.steps.begin(), rule.steps.end(), [](const StepSite& site) { return site.key->text == "null_if"; });
  };
  if (fault == "missing") return !rule.required && !rule.is_list;
  if (fault == "placeholder") return !rule.required || !has_null_if();
  if (fault == "check") return rule.node->find("check") == nullptr && rule.node->find("checks") == nullptr;
  if (fault == "unknown") return rule.node->find("table") == nullptr;
  if (fault == "range") return !can_exceed(rule) && rule.node->find("check") == nullptr && rule.node->find("checks") == nullptr;
  return false;
}

/// Whether the compiler said this of the pack: what seems unused then may only be misspelt where it is used.
bool is_said(const Report& report, std::initializer_list<Errc> ids) {
  return std::any_of(report.findings().begin(), report.findings().end(), [&ids](const Finding& finding) { return std::find(ids.begin(), ids.end(), finding.id) != ids.end(); });
}

} // namespace

void check_definitions(const PackOutline& pack, Report& report) {
  const bool types_misspelt = is_said(report, {Errc::mapping_unknown_type}), tables_misspelt = is_said(report, {Errc::mapping_unknown_table});
  std::set<std::string> params;
  for (const auto& mapping : pack.mappings) {
    if (!types_misspelt) check_types(*mapping, report);
    if (!tables_misspelt) check_named_tables(*mapping, report);
    check_ignored(*mapping, report);
    collect_params(mapping->root, params);
  }
  collect_params(pack.root, params);
  const YamlNode* defined = pack.root.find("params");
  const bool unread = is_said(report, {Errc::mapping_unknown_param, Errc::mapping_file_missing, Errc::wire_yaml_syntax, Errc::wire_yaml_feature, Errc::wire_yaml_duplicate_key, Errc::wire_encoding_invalid});
  if (unread) return;
  // The parameters of an overlay are those of its base.
  if (defined == nullptr || pack.root.find("extends") != nullptr) return;
  for (const auto& [key, value] : defined->members) {
    if (params.count(key.text) == 0) report.add("pack.yaml", key, unused("params." + key.text));
  }
}

void check_policies(const DocumentOutline& document, Report& report) {
  for (const RulesOutline* outline : outlines_of(document)) {
    for (const RuleSite& rule : outline->rules) {
      const YamlNode* at = rule.node->find("on_fail");
      if (at == nullptr) continue;
      for (const auto& [key, value] : at->members) {
        if (impossible(rule, key.text)) report.add(document.file, key, {Errc::mapping_check_policy_unused, Severity::warn, rule.name + ".on_fail." + key.text, {}, {}});
      }
    }
  }
}

} // namespace tongqu::mapping::detail
