#include <algorithm>

#include "mapping/check/checks.hpp"

namespace tongqu::mapping::detail {
namespace {

/// Members of a code, a quantity or a validity that canonical paths of targets may end with.
constexpr std::string_view kMembers[] = {"name", "code", "label", "value", "unit", "system", "until", "unlimited"};

/// "process_steps[0].action.name" -> "process_steps.action", or nothing when it is no field that rules fill.
std::optional<std::string> field_of(model::EntityId entity, const std::string& path) {
  std::string plain;
  for (std::size_t at = 0; at < path.size(); ++at) {
    if (path[at] == '[') at = path.find(']', at);
    else plain += path[at];
    if (at == std::string::npos) return std::nullopt;
  }
  Place place;
  const auto is_field = [&](const std::string& name) { return find_place(entity, name, place) && (place.is_ext || place.in_entity()); };
  if (is_field(plain)) return plain;
  const std::size_t dot = plain.rfind('.');
  if (dot == std::string::npos) return std::nullopt;
  const std::string_view last = std::string_view(plain).substr(dot + 1);
  const bool member = std::find(std::begin(kMembers), std::end(kMembers), last) != std::end(kMembers);
  plain.resize(dot);
  if (!member || !is_field(plain)) return std::nullopt;
  return plain;
}

/// What one branch of a mapping can put into canonical fields.
class Produced {
public:
  Produced(const PackOutline& pack, const DocumentOutline& mapping, const EventBranch& branch) : pack_(pack), mapping_(mapping), branch_(branch), known_(knowledge_of(mapping)) {
    if (!branch.variable.empty()) known_[branch.variable] = Domain::just(branch.code);
    known_["$event"] = Domain::just(branch.event);
  }
  bool never_sent(const std::string& field) const {
    return std::any_of(pack_.never_sent.begin(), pack_.never_sent.end(), [&field](const std::string& never) {
      return field == never || (field.size() > never.size() && field.compare(0, never.size(), never) == 0 && field[never.size()] == '.');
    });
  }
  bool fills(const std::string& field) const { return producer(field) != nullptr; }
  Domain domain(const std::string& path) const {
    if (path == "envelope.event" || path == "identity.event") return path[0] == 'e' ? Domain::just(branch_.event) : Domain();
    const auto field = field_of(*mapping_.entity, path);
    if (!field) return {};
    const RuleSite* rule = producer(*field);
    if (rule == nullptr) return Domain::nothing();
    if (const YamlNode* fixed = rule->node->find("const"); fixed != nullptr) return Domain::just(fixed->text);
    Domain domain;
    const bool is_name = path.size() > 5 && path.compare(path.size() - 5, 5, ".name") == 0;
    if (rule->table == nullptr || !is_name || rule->policy_of(Fault::unknown) == Policy::raw) return domain;
    domain.only.emplace();
    domain.others = false;
    for (const TableRowSite& row : rule->table->rows) domain.only->insert(row.row.name);
    return domain;
  }

private:
  const RuleSite* producer(const std::string& field) const {
    for (const RuleSite& rule : mapping_.all.rules) {
      const bool inside = rule.name == field || (rule.is_list && rule.node->find("rules") == nullptr && rule.name == field);
      if (inside && can_hold(rule.guard(), known_) != Answer3::no) return &rule;
    }
    return nullptr;
  }

  const PackOutline& pack_;
  const DocumentOutline& mapping_;
  const EventBranch& branch_;
  Knowledge known_;
};

bool demands(const RuleSite& rule) {
  if (!rule.required || rule.is_list || !rule.list.empty()) return false;
  const Policy policy = rule.policy_of(Fault::missing);
  return policy == Policy::hold || policy == Policy::reject;
}

/// A field that targets demand and the mapping does not give, with who demands it when.
struct Unmet { std::string fields; Severity severity; std::vector<std::string> demands; };

void add_unmet(std::vector<Unmet>& unmet, std::string fields, Severity severity, const std::string& demand) {
  auto one = std::find_if(unmet.begin(), unmet.end(), [&fields](const Unmet& other) { return other.fields == fields; });
  if (one == unmet.end()) one = unmet.insert(unmet.end(), {std::move(fields), severity, {}});
  one->severity = std::max(one->severity, severity);
  if (std::find(one->demands.begin(), one->demands.end(), demand) == one->demands.end()) one->demands.push_back(demand);
}

/// Another mapping of the pack fills one of these fields: the parts of a case come in several messages.
bool filled_elsewhere(const PackOutline& pack, const DocumentOutline& mapping, const std::vector<std::string>& fields) {
  return std::any_of(pack.mappings.begin(), pack.mappings.end(), [&](const std::unique_ptr<DocumentOutline>& other) {
    if (other.get() == &mapping || other->entity != mapping.entity) return false;
    return std::any_of(fields.begin(), fields.end(), [&other](const std::string& field) { return other->rule(field) != nullptr; });
  });
}

struct Demander { const PackOutline& pack; const DocumentOutline& mapping; const TargetDemand& target; const std::string& event; };

void judge_message(const DocumentOutline::Message& message, const Produced& produced, const Demander& demander, std::vector<Unmet>& unmet) {
  for (const RuleSite& rule : message.rules.rules) {
    if (!demands(rule)) continue;
    std::vector<std::string> lacking;
    bool met = false;
    for (const std::string& path : rule.reads) {
      const auto field = field_of(*demander.target.outline->entity, path);
      met = met || !field || produced.fills(*field) || produced.never_sent(*field);
      if (field) lacking.push_back(*field);
    }
    if (met || lacking.empty()) continue;
    const Truth needed = all_of({message.when, rule.guard()});
    std::map<std::string, std::set<std::string>> names;
    collect_names(needed, names);
    Knowledge known;
    for (const auto& [name, literals] : names) known[name] = produced.domain(name);
    if (can_hold(needed, known) == Answer3::no) continue;
    Severity severity = demander.target.severity;
    if (filled_elsewhere(demander.pack, demander.mapping, lacking)) severity = severity == Severity::error ? Severity::warn : Severity::info;
    add_unmet(unmet, listed(lacking), severity, demander.target.outline->id + " " + rule.name + " (" + demander.event + ")");
  }
}

bool takes_event(const DocumentOutline& target, const Produced& produced) {
  return std::any_of(target.messages.begin(), target.messages.end(), [&produced](const DocumentOutline::Message& message) {
    std::map<std::string, std::set<std::string>> names;
    collect_names(message.when, names);
    Knowledge known;
    for (const auto& [name, literals] : names) known[name] = produced.domain(name);
    return can_hold(message.when, known) != Answer3::no;
  });
}

} // namespace

void check_obligations(const PackOutline& pack, const DocumentOutline& mapping, const std::vector<TargetDemand>& targets, Report& report) {
  const YamlNode* rules = mapping.root.find("rules");
  const RuleSite* event = mapping.rule("event");
  if (!mapping.entity || !mapping.read || rules == nullptr || event == nullptr) return;
  std::vector<Unmet> unmet;
  for (const TargetDemand& target : targets) {
    if (target.outline->entity != mapping.entity || target.outline->messages.empty()) continue;
    std::vector<std::string> unserved;
    for (const EventBranch& branch : branches_of(mapping)) {
      const Produced produced(pack, mapping, branch);
      if (!takes_event(*target.outline, produced)) unserved.push_back(branch.event);
      for (const DocumentOutline::Message& message : target.outline->messages) judge_message(message, produced, {pack, mapping, target, branch.event}, unmet);
    }
    // Nothing that the author of a pack can mend, so it is said and does not fail the strict check of a pack that is for no platform by name.
    const Severity severity = target.severity == Severity::error ? Severity::warn : Severity::info;
    if (!unserved.empty()) report.add(mapping.file, *event->node, {Errc::mapping_check_event_unserved, severity, "event: " + target.outline->id, {}, {listed(unserved), listed(unserved)}});
  }
  for (const Unmet& one : unmet) {
    report.add(mapping.file, *rules, {Errc::mapping_check_target_obligation, one.severity, one.fields, same("→ " + listed(one.demands, 4)),
                                      {"add a rule, or name the field under never_sent", "补充规则，或将该字段列入 never_sent"}});
  }
}

} // namespace tongqu::mapping::detail
