#include <algorithm>
#include <map>

#include "mapping/author/pack_files.hpp"
#include "mapping/author/yaml_text.hpp"
#include "tongqu/mapping/author.hpp"
#include "tongqu/model/schema.hpp"
#include "tongqu/wire/json.hpp"

/// Two packs over the same messages, and one expression or rule tried on a message.
namespace tongqu::mapping::author {
namespace {

using wire::NodeKind;
using wire::YamlNode;

void flatten(const wire::Node& node, const std::string& path, std::map<std::string, std::string>& out) {
  if (node.kind() != NodeKind::object && node.kind() != NodeKind::array) {
    out[path] = node.kind() == NodeKind::null ? "null" : std::string(node.raw_text());
    return;
  }
  if (!node.has_children()) out[path] = node.kind() == NodeKind::array ? "[]" : "{}";
  std::size_t index = 0;
  for (wire::Node child = node.first_child(); child; child = child.next()) {
    const bool item = node.kind() == NodeKind::array;
    const std::string name = item ? "[" + std::to_string(index++) + "]" : (path.empty() ? "" : ".") + std::string(child.name());
    flatten(child, path + name, out);
  }
}

std::map<std::string, std::string> fields_of(const MappedRecord& record) {
  std::map<std::string, std::string> out;
  const auto document = wire::parse_json(record.canonical);
  if (document) flatten(document->root(), "", out);
  out.erase("envelope.pack");
  return out;
}

/// Personal by the model, or unknown to it: its value is not shown.
bool hides(const std::string& path) {
  std::string plain;
  bool inside = false;
  for (const char c : path) {
    inside = c == '[' || (inside && c != ']');
    if (!inside && c != ']') plain += c;
  }
  static constexpr std::string_view kOpen[] = {"record", "kind", "identity.", "envelope.", "meta."};
  for (const std::string_view open : kOpen) {
    if (plain.compare(0, open.size(), open) == 0) return false;
  }
  for (const model::EntityId entity : {model::EntityId::case_, model::EntityId::service_item}) {
    for (std::string at = plain; !at.empty(); at.resize(at.find('.') == std::string::npos ? 0 : at.rfind('.'))) {
      const auto slot = model::find_slot(entity, at);
      if (slot) return std::any_of(slot->steps.begin(), slot->steps.begin() + slot->depth, [](const model::FieldInfo* field) { return field->personal; });
    }
  }
  return true;
}

std::string shown(const std::string& path, const std::string& value, bool reveal) { return reveal || !hides(path) ? value : "<" + value_class_of(value) + ">"; }

void compare_records(const MappedRecord& before, const MappedRecord& after, std::size_t index, bool reveal, std::vector<FieldChange>& out) {
  const auto add = [&](std::string path, std::string old_value, std::string new_value) { out.push_back({index + 1, std::move(path), std::move(old_value), std::move(new_value)}); };
  if (before.verdict != after.verdict) add("(verdict)", std::string(verdict_name(before.verdict)), std::string(verdict_name(after.verdict)));
  const auto a = fields_of(before), b = fields_of(after);
  for (const auto& [path, value] : a) {
    const auto other = b.find(path);
    if (other == b.end()) add(path, shown(path, value, reveal), "");
    else if (other->second != value) add(path, shown(path, value, reveal), shown(path, other->second, reveal));
  }
  for (const auto& [path, value] : b) {
    if (a.count(path) == 0) add(path, "", shown(path, value, reveal));
  }
  const auto ids = [](const MappedRecord& record) {
    std::string text;
    for (const Finding& finding : record.findings) {
      if (finding.severity != Severity::info) text += (text.empty() ? "" : ", ") + std::string(errc_row(finding.id).id) + (finding.path.empty() ? "" : " " + finding.path);
    }
    return text;
  };
  if (const std::string x = ids(before), y = ids(after); x != y) add("(findings)", x, y);
}

/// Where a tried rule may write, by what it gives. The first that compiles is taken.
std::vector<std::string> trial_targets() {
  std::vector<std::string> targets = {"ext.trial.given", "applied_at", "task_version", "fee.amount", "legal_limit", "fee.charged"};
  std::vector<std::string_view> systems;
  for (const model::FieldListing& listing : model::list_fields(model::EntityId::case_)) {
    const bool fresh = listing.field->kind == model::FieldKind::code && !listing.in_list && std::find(systems.begin(), systems.end(), listing.field->system) == systems.end();
    if (!fresh) continue;
    systems.push_back(listing.field->system);
    targets.push_back(listing.path);
  }
  return targets;
}

/// Puts a rule at a dotted path, in place of what stands there.
void put_rule(YamlNode& rules, std::string_view path, const YamlNode& rule) {
  const std::size_t dot = path.find('.');
  const std::string name(path.substr(0, dot));
  const auto at = std::find_if(rules.members.begin(), rules.members.end(), [&name](const auto& member) { return member.first.text == name; });
  YamlNode group;
  group.kind = YamlNode::Kind::mapping;
  if (at != rules.members.end()) {
    if (dot != std::string_view::npos) group = at->second;
    rules.members.erase(at);
  }
  if (dot == std::string_view::npos) group = rule;
  else put_rule(group, path.substr(dot + 1), rule);
  YamlNode key;
  key.text = name;
  rules.members.emplace_back(std::move(key), std::move(group));
}

} // namespace

Result<std::vector<FieldChange>> compare(const Pack& before, const Pack& after, const wire::Delivery& delivery, const Environment& environment, bool reveal) {
  Workspace workspace;
  const auto a = before.run_delivery(delivery, environment, workspace);
  const auto b = after.run_delivery(delivery, environment, workspace);
  std::vector<FieldChange> out;
  const auto outcome = [](const Result<MappedDelivery>& mapped) { return mapped ? std::to_string(mapped->records.size()) + " records" : std::string(mapped.error().id()); };
  if (!a || !b || a->records.size() != b->records.size()) {
    if (outcome(a) != outcome(b)) out.push_back({0, "(delivery)", outcome(a), outcome(b)});
  }
  for (std::size_t i = 0; a && b && i < std::min(a->records.size(), b->records.size()); ++i) compare_records(a->records[i], b->records[i], i, reveal, out);
  return out;
}

Result<Explained> try_rule(const PackAt& at, std::string_view text, const wire::Delivery& delivery, const Environment& environment, bool reveal) {
  std::string source(text);
  const std::size_t first = source.find_first_not_of(" \t\r\n");
  if (first == std::string::npos) return Error(Errc::mapping_wrong_shape).with("{from: …} or an expression");
  const bool expression = source[first] != '{';
  YamlNode rule;
  if (expression) {
    source = "{const: \"true\", when: " + [&source] {
      YamlNode scalar;
      scalar.text = source;
      scalar.quoted = true;
      return yaml_line(scalar);
    }() + "}";
  }
  TONGQU_TRY(rule, wire::parse_yaml(source));
  Findings mistakes;
  TONGQU_TRY(const std::shared_ptr<const Pack> plain, Pack::load(at.folder, at.params, mistakes));
  TONGQU_TRY(std::vector<PackDocument> documents, read_documents(at.folder));
  // What an overlay does not say itself stands in the pack that it extends; a rule on trial is put there.
  if (documents.front().root.find("extends") != nullptr) return Error(Errc::mapping_extends_invalid).at("pack.yaml").with("map try takes the pack that is extended");
  TONGQU_TRY(const Explained as_is, explain(*plain, delivery, environment, {"none", false, true}));
  TONGQU_TRY(const PackCopy copy, PackCopy::make(at.folder));
  Findings first_mistakes;
  for (const std::string& target : trial_targets()) {
    for (PackDocument& document : documents) {
      const YamlNode* id = document.root.find("mapping");
      if (id == nullptr || id->text != as_is.mapping) continue;
      YamlNode changed = document.root;
      // The way back need not know the rule that is tried.
      const auto is_reverse = [](const auto& member) { return member.first.text == "reverse"; };
      changed.members.erase(std::remove_if(changed.members.begin(), changed.members.end(), is_reverse), changed.members.end());
      for (auto& [key, value] : changed.members) {
        if (key.text == "rules") put_rule(value, target, rule);
      }
      TONGQU_CHECK(copy.replace(document.file, yaml_line(changed)));
    }
    Findings found;
    const auto pack = Pack::load(copy.folder(), at.params, found);
    if (pack) return explain(**pack, delivery, environment, {target, reveal, true});
    if (first_mistakes.empty()) first_mistakes = std::move(found);
  }
  for (const Finding& mistake : first_mistakes) {
    if (mistake.severity == Severity::error && mistake.id != Errc::mapping_unknown_target_field) return Error(mistake.id).with(describe(mistake, Lang::en));
  }
  return Error(Errc::mapping_wrong_shape);
}

} // namespace tongqu::mapping::author
