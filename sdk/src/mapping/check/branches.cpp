#include <algorithm>

#include "mapping/check/checks.hpp"

namespace tongqu::mapping::detail {
namespace {

/// Everything with a condition, in the order of the document.
struct Guarded { std::string name; const YamlNode* when_node; Truth outside, when; };

std::vector<Guarded> guarded_of(const RulesOutline& outline, const std::string& prefix, const Truth& around) {
  std::vector<Guarded> all;
  for (const GroupSite& group : outline.groups) all.push_back({prefix + group.name, group.when_node, all_of({around, group.outside}), group.when});
  for (const RuleSite& rule : outline.rules) {
    if (rule.when_node != nullptr) all.push_back({prefix + rule.name, rule.when_node, all_of({around, rule.outside}), rule.when});
  }
  return all;
}

void check_condition(const DocumentOutline& document, const Guarded& one, const Knowledge& known, Report& report) {
  if (!is_known(one.when)) return;
  const Remark remark{Errc::mapping_check_when_never, Severity::warn, one.name + ".when", {}, {}};
  if (can_hold(all_of({one.outside, one.when}), known) == Answer3::no) {
    Remark never = remark;
    if (can_hold(one.when, {}) == Answer3::no) never.suggestion = {"it contradicts itself", "条件自相矛盾"};
    else if (can_hold(one.when, known) == Answer3::no) never.suggestion = {"the table that reads this field has no such code", "读取该字段的代码表中没有此代码"};
    else never.suggestion = {"a condition around it says the opposite", "外层条件与之相反"};
    report.add(document.file, *one.when_node, std::move(never));
    return;
  }
  // Only what the text itself says: a table that grows by one code must not turn a condition that is needed into a remark.
  if (can_hold(all_of({one.outside, negated(one.when)}), {}) != Answer3::no) return;
  Remark always_true = remark;
  always_true.id = Errc::mapping_check_when_always;
  always_true.suggestion = {"leave it out", "可以省略该条件"};
  report.add(document.file, *one.when_node, std::move(always_true));
}

/// The rule with a table that reads this name and nothing else.
const RuleSite* table_rule(const DocumentOutline& document, const std::string& variable) {
  for (const RuleSite& rule : document.all.rules) {
    if (rule.table != nullptr && rule.reads.size() == 1 && rule.reads.front() == variable) return &rule;
  }
  return nullptr;
}

/// A name that tells branches apart: two conditions on it exclude each other.
bool branches_on(const std::string& variable, const std::vector<Guarded>& all) {
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!names_variable(all[i].when, variable)) continue;
    for (std::size_t j = i + 1; j < all.size(); ++j) {
      if (names_variable(all[j].when, variable) && can_hold(all_of({all[i].when, all[j].when}), {}) == Answer3::no) return true;
    }
  }
  return false;
}

bool taken(const std::vector<Guarded>& all, const std::string& variable, const Domain& value) {
  return std::any_of(all.begin(), all.end(), [&](const Guarded& one) {
    return names_variable(one.when, variable) && can_hold(one.when, {{variable, value}}) != Answer3::no;
  });
}

void check_open(const DocumentOutline& document, const std::string& variable, const std::vector<Guarded>& all, Report& report) {
  // Canonical fields are names of the model: what their rules let through is judged there, and events by what each target asks of them.
  if (variable.front() == '$') return;
  const auto first = std::find_if(all.begin(), all.end(), [&](const Guarded& one) { return names_variable(one.when, variable); });
  const RuleSite* rule = table_rule(document, variable);
  Remark remark{Errc::mapping_check_branch_open, Severity::warn, variable, {}, {}};
  if (rule == nullptr) {
    if (taken(all, variable, {false, true, std::set<std::string>{}})) return;
    remark.suggestion = {"read " + variable + " through a table with unknown: hold, or say what other values mean", "用 unknown: hold 的代码表读取 " + variable + "，或写明其他取值如何处理"};
    report.add(document.file, *first->when_node, std::move(remark));
    return;
  }
  // Branches by the event are judged by what each target asks of the event.
  if (rule->name == "event") return;
  std::vector<std::string> open;
  for (const TableRowSite& row : rule->table->rows) {
    if (after_steps(rule->steps, row.row.code) != row.row.code) continue;
    if (!taken(all, variable, Domain::just(row.row.code))) open.push_back(row.row.code);
  }
  if (open.empty()) return;
  remark.expected = {"a branch for " + listed(open), "为 " + listed(open) + " 写出分支"};
  report.add(document.file, *first->when_node, std::move(remark));
}

} // namespace

Knowledge knowledge_of(const DocumentOutline& document) {
  Knowledge known;
  std::map<std::string, std::set<std::string>> literals;
  const auto collect = [&literals](const Truth& truth) { collect_names(truth, literals); };
  for (const GroupSite& group : document.all.groups) collect(group.when);
  for (const RuleSite& rule : document.all.rules) collect(rule.when);
  for (const RuleSite& rule : document.all.rules) {
    if (rule.table == nullptr || rule.table->match_others || rule.reads.size() != 1 || !rule.list.empty() || rule.when_node != nullptr) continue;
    if (can_hold(negated(rule.outside), {}) != Answer3::no) continue;
    const Policy policy = rule.policy_of(Fault::unknown);
    if (policy != Policy::reject && policy != Policy::hold) continue;
    std::set<std::string> possible;
    for (const std::string& literal : literals[rule.reads.front()]) {
      const auto text = after_steps(rule.steps, literal);
      const auto has = [&](const TableRowSite& row) { return row.row.code == *text || (rule.table->match_label && row.row.label == *text); };
      if (!text || std::any_of(rule.table->rows.begin(), rule.table->rows.end(), has)) possible.insert(literal);
    }
    known[rule.reads.front()].only = std::move(possible);
  }
  const std::vector<EventBranch> branches = branches_of(document);
  for (const EventBranch& branch : branches) {
    Domain& event = known["$event"];
    event.absent = event.others = false;
    if (!event.only) event.only.emplace();
    event.only->insert(branch.event);
  }
  return known;
}

void check_branches(const DocumentOutline& document, Report& report) {
  std::vector<Guarded> all = guarded_of(document.all, "", always());
  const Knowledge known = document.side == Side::source ? knowledge_of(document) : Knowledge();
  for (const DocumentOutline::Message& message : document.messages) {
    const std::string name = "messages." + message.name;
    if (message.when_node != nullptr) all.push_back({name, message.when_node, always(), message.when});
    for (Guarded& one : guarded_of(message.rules, name + ".", message.when)) all.push_back(std::move(one));
  }
  for (const Guarded& one : all) check_condition(document, one, known, report);
  if (document.side == Side::target) return;
  std::map<std::string, std::set<std::string>> names;
  for (const Guarded& one : all) collect_names(one.when, names);
  for (const auto& [variable, literals] : names) {
    if (literals.size() >= 2 && branches_on(variable, all)) check_open(document, variable, all, report);
  }
}

std::vector<EventBranch> branches_of(const DocumentOutline& document) {
  std::vector<EventBranch> branches;
  const RuleSite* event = document.rule("event");
  if (event == nullptr || event->node == nullptr) return branches;
  if (const YamlNode* fixed = event->node->find("const"); fixed != nullptr) return {{fixed->text, {}, {}}};
  if (event->table == nullptr || event->reads.empty()) return branches;
  const std::string variable = event->reads.size() == 1 ? event->reads.front() : std::string();
  for (const TableRowSite& row : event->table->rows) branches.push_back({row.row.name, variable, row.row.code});
  return branches;
}

void check_keys_filled(const DocumentOutline& document, Report& report) {
  const YamlNode* rules = document.root.find("rules");
  if (!document.entity || rules == nullptr) return;
  const std::string keys(model::entity_keys(*document.entity));
  std::vector<const RuleSite*> sites;
  for (std::size_t at = 0; at <= keys.size();) {
    const std::size_t end = std::min(keys.find('|', at), keys.size());
    if (const RuleSite* site = document.rule(keys.substr(at, end - at)); site != nullptr) sites.push_back(site);
    at = end + 1;
  }
  Remark remark{Errc::mapping_check_key_producer, Severity::error, keys, {}, {}};
  if (sites.empty()) {
    remark.expected = {"a rule that always gives it", "始终给出该字段的规则"};
    report.add(document.file, *rules, std::move(remark));
    return;
  }
  std::vector<Truth> missing;
  for (const RuleSite* site : sites) missing.push_back(negated(site->guard()));
  Knowledge known = knowledge_of(document);
  std::vector<EventBranch> branches = branches_of(document);
  if (branches.empty() || branches.front().variable.empty()) branches = {{"", "", ""}};
  std::vector<std::string> open;
  for (const EventBranch& branch : branches) {
    if (!branch.variable.empty()) known[branch.variable] = Domain::just(branch.code);
    if (!branch.event.empty()) known["$event"] = Domain::just(branch.event);
    if (can_hold(all_of(missing), known) == Answer3::yes) open.push_back(branch.event);
  }
  if (!open.empty()) {
    if (!open.front().empty()) remark.expected = {"a rule on the branches " + listed(open), "在以下分支上也要有规则：" + listed(open)};
    remark.subject = sites.front()->name;
    report.add(document.file, *sites.front()->node, std::move(remark));
    return;
  }
  const bool certain = std::any_of(sites.begin(), sites.end(), [](const RuleSite* site) {
    return site->constant || site->node->find("default") != nullptr || (site->required && site->policy_of(Fault::missing) != Policy::drop);
  });
  if (certain) return;
  remark.severity = Severity::warn;
  remark.subject = sites.front()->name;
  remark.expected = {"from with reject or hold, not maybe or drop", "使用 from 并拒绝或暂存，而非 maybe 或舍弃"};
  report.add(document.file, *sites.front()->node, std::move(remark));
}

} // namespace tongqu::mapping::detail
