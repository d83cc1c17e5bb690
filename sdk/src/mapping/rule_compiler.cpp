#include "mapping/rule_compiler.hpp"

#include <algorithm>

#include "mapping/call_step.hpp"
#include "tongqu/model/identifiers.hpp"

namespace tongqu::mapping::detail {
namespace {

using model::FieldKind;

constexpr std::size_t kListDepthMax = 2;
constexpr std::string_view kFaultNames[] = {"missing", "placeholder", "malformed", "check", "unknown", "range"};

bool is_rule(const YamlNode& node) {
  // A group may have a field called value, whose rule is a mapping.
  const YamlNode* value = node.find("value");
  if (value != nullptr && value->is_scalar()) return true;
  return node.find("from") != nullptr || node.find("maybe") != nullptr || node.find("const") != nullptr || node.find("param") != nullptr;
}

bool is_list_kind(FieldKind kind) { return kind == FieldKind::record_list || kind == FieldKind::text_list || kind == FieldKind::code_list; }

std::size_t index_of(Fault fault) { return static_cast<std::size_t>(fault); }

} // namespace

std::string_view fault_name(Fault fault) noexcept { return kFaultNames[index_of(fault)]; }

std::uint16_t Scopes::add() {
  all.push_back(std::make_unique<Scope>());
  return static_cast<std::uint16_t>(all.size() - 1);
}

std::uint16_t Scopes::each(std::uint16_t parent, const std::vector<PathStep>& steps, wire::NameSet& names, std::uint16_t& list) {
  list = this->list(parent, steps, names);
  for (const Child& child : children) {
    if (child.parent == parent && child.list == list) return child.scope;
  }
  const std::uint16_t scope = add();
  all[scope]->ns = all[parent]->ns;
  children.push_back({parent, list, scope, steps});
  return scope;
}

std::uint16_t Scopes::slot(std::uint16_t scope, const std::vector<PathStep>& steps, wire::NameSet& names) {
  reads.push_back({scope, steps, false});
  return all[scope]->slot(steps, names);
}

std::uint16_t Scopes::list(std::uint16_t scope, const std::vector<PathStep>& steps, wire::NameSet& names) {
  reads.push_back({scope, steps, true});
  return all[scope]->list(steps, names);
}

void Scopes::share_reads(wire::NameSet& names) {
  reports.assign(all.size(), false);
  const auto give = [this, &names](std::uint16_t from, std::uint16_t to) {
    for (const Read& read : reads) {
      if (read.scope != from || from == to) continue;
      if (read.list) all[to]->ignore(read.steps, names);
      else (void)all[to]->slot(read.steps, names);
    }
  };
  for (const Aggregate& aggregate : aggregates) {
    reports[aggregate.scope] = true;
    for (const Child& child : children) {
      if (child.parent != aggregate.parent || child.list != aggregate.list) continue;
      reports[aggregate.scope] = false;
      give(aggregate.scope, child.scope);
    }
  }
  for (const std::uint16_t row : group) {
    give(row, root);
    give(root, row);
    for (const std::uint16_t other : group) give(row, other);
  }
}

void Scopes::ignore(std::uint16_t scope, const std::vector<PathStep>& steps, wire::NameSet& names) {
  bool inside = false;
  const auto enter = [&](std::uint16_t parent, std::uint16_t list, std::uint16_t element) {
    if (parent != scope) return;
    const std::vector<PathStep>& way = all[parent]->list_path(list);
    if (steps.size() <= way.size() || !std::equal(way.begin(), way.end(), steps.begin())) return;
    ignore(element, {steps.begin() + static_cast<std::ptrdiff_t>(way.size()), steps.end()}, names);
    inside = true;
  };
  for (const Child& child : children) enter(child.parent, child.list, child.scope);
  for (const Aggregate& aggregate : aggregates) enter(aggregate.parent, aggregate.list, aggregate.scope);
  // The rows of a grouped record are what its root stands on, once more.
  if (scope == root) {
    for (const std::uint16_t row : group) ignore(row, steps, names);
  }
  if (!inside) all[scope]->ignore(steps, names);
}

void Scopes::ignore_outside(const std::vector<PathStep>& steps, wire::NameSet& names) {
  // The documents have their scopes first, from the outermost to the one that rules start from.
  for (std::uint16_t scope = 0; scope < root; ++scope) ignore(scope, steps, names);
}

bool RuleCompiler::source(std::string_view path, std::vector<Ref>& refs) {
  std::vector<Path> parsed;
  std::string problem;
  if (!parse_path(path, context_.side == Side::target ? PathSyntax::dots : PathSyntax::slashes, parsed, problem)) return false;
  for (const Path& one : parsed) {
    Ref ref;
    if (one.origin == Origin::meta) {
      if (context_.side == Side::target) return false;
      ref.kind = Ref::Kind::meta;
      ref.text = one.steps.front().name;
    } else if (one.origin == Origin::param) {
      const auto found = context_.params.find(one.steps.front().name);
      if (found == context_.params.end()) return false;
      ref.kind = Ref::Kind::param;
      ref.text = found->second;
    } else {
      if (one.origin == Origin::group || (one.origin == Origin::outer && context_.scopes.outer < 0)) return false;
      ref.scope = one.origin == Origin::here ? scope_ : one.origin == Origin::root ? context_.scopes.root : static_cast<std::uint16_t>(context_.scopes.outer);
      ref.slot = context_.scopes.slot(ref.scope, one.steps, context_.names);
    }
    refs.push_back(std::move(ref));
  }
  return true;
}

bool RuleCompiler::field(std::string_view name, Place& place) {
  if (context_.side == Side::target) return false;
  if (name == "event") {
    place = Place();
    place.special = Special::event;
    place.name = name;
    return true;
  }
  if (!find_place(context_.entity, name, place) || !place.in_entity()) return false;
  // A field inside a list means the element around this rule; other elements cannot be named.
  std::string prefix;
  for (std::uint8_t i = 0; i + 1 < place.slot.depth; ++i) {
    prefix += (prefix.empty() ? "" : ".") + std::string(place.slot.steps[i]->name);
    if (place.slot.steps[i]->kind == FieldKind::record_list && std::find(lists_.begin(), lists_.end(), prefix) == lists_.end()) return false;
  }
  return true;
}

bool RuleCompiler::enter_list(std::string_view path, ExprList& list) {
  if (!path.empty() && path.front() == '$') {
    const std::string name(path.substr(1));
    list.field = true;
    if (!field(name, list.place) || !list.place.in_entity() || list.place.kind() != FieldKind::record_list) return false;
    for (std::uint8_t i = 0; i + 1 < list.place.slot.depth; ++i) list.level += list.place.slot.steps[i]->kind == FieldKind::record_list ? 1 : 0;
    lists_.push_back(name);
    return true;
  }
  std::vector<Path> paths;
  std::string problem;
  const PathSyntax syntax = context_.side == Side::target ? PathSyntax::dots : PathSyntax::slashes;
  if (!parse_path(path, syntax, paths, problem) || paths.size() != 1 || paths[0].steps.empty() != (paths[0].origin == Origin::group)) return false;
  switch (paths[0].origin) {
    case Origin::group:
      if (!context_.grouped) return false;
      list.group = true;
      list.parent_scope = static_cast<std::uint16_t>(context_.scopes.outer);
      break;
    case Origin::here: list.parent_scope = scope_; break;
    case Origin::root: list.parent_scope = context_.scopes.root; break;
    case Origin::outer:
      if (context_.scopes.outer < 0) return false;
      list.parent_scope = static_cast<std::uint16_t>(context_.scopes.outer);
      break;
    default: return false;
  }
  list.scope = context_.scopes.add();
  context_.scopes.all[list.scope]->ns = context_.scopes.all[list.parent_scope]->ns;
  if (list.group) {
    context_.scopes.group.push_back(list.scope);
  } else {
    list.list = context_.scopes.list(list.parent_scope, paths[0].steps, context_.names);
    context_.scopes.aggregates.push_back({list.parent_scope, list.list, list.scope});
  }
  outside_.push_back(scope_);
  scope_ = list.scope;
  return true;
}

void RuleCompiler::leave_list(const ExprList& list) {
  if (list.field) {
    lists_.pop_back();
    return;
  }
  scope_ = outside_.back();
  outside_.pop_back();
}

std::optional<Expression> RuleCompiler::value_expression(const YamlNode& node, std::string_view subject) {
  const auto text = scalar(node, subject, context_.mistakes);
  if (!text) return std::nullopt;
  std::vector<ExprMistake> mistakes;
  auto compiled = Expression::compile(*text, *this, mistakes);
  for (ExprMistake& mistake : mistakes) {
    YamlNode at = node;
    // Offsets of a text over several lines, or with escapes, say nothing about its place in the file.
    if (text->find('\n') == std::string::npos) at.column += static_cast<std::uint32_t>(mistake.offset) + (node.quoted ? 1 : 0);
    context_.mistakes.add(Errc::mapping_expression, at, std::string(subject), std::move(mistake.expected), std::move(mistake.suggestion));
  }
  return compiled;
}

std::optional<Expression> RuleCompiler::expression(const YamlNode& node, std::string_view subject) {
  auto compiled = value_expression(node, subject);
  if (!compiled || compiled->type() == ExprType::boolean) return compiled;
  context_.mistakes.add(Errc::mapping_expression, node, std::string(subject), {"a condition", "条件"},
                        {"compare it, or ask present(...) or filled(...)", "请进行比较，或使用 present(...)、filled(...)"});
  return std::nullopt;
}

void RuleCompiler::ignore(const YamlNode& node) {
  for (const std::string& text : texts(node, "ignore", context_.mistakes)) {
    std::vector<Path> paths;
    std::string problem;
    const bool good = parse_path(text, PathSyntax::slashes, paths, problem);
    for (const Path& path : paths) {
      const bool known = path.origin != Origin::meta && path.origin != Origin::param && (path.origin != Origin::outer || context_.scopes.outer >= 0);
      if (!good || !known || path.steps.empty()) continue;
      if (path.origin == Origin::outer) context_.scopes.ignore_outside(path.steps, context_.names);
      else context_.scopes.ignore(context_.scopes.root, path.steps, context_.names);
    }
    if (!good) context_.mistakes.add(Errc::mapping_path_invalid, node, "ignore: " + problem, {"a/b, @x, outer:a for any document around", "a/b、@x，outer:a 用于外面的任一层文档"});
  }
}

std::unique_ptr<Block> RuleCompiler::rules(const YamlNode& node) {
  auto made = std::make_unique<Block>();
  if (node.is_mapping()) block(node, "", 0, *made);
  else context_.mistakes.add(Errc::mapping_wrong_shape, node, "rules");
  return made;
}

void RuleCompiler::block(const YamlNode& node, const std::string& prefix, std::size_t depth, Block& out) {
  for (const auto& [key, value] : node.members) {
    if (key.text == "when" && value.is_scalar()) {
      if (prefix.empty()) context_.mistakes.add(Errc::mapping_unknown_key, key, "rules.when");
      else out.when = expression(value, prefix + ".when");
      continue;
    }
    member(key, value, prefix.empty() ? key.text : prefix + "." + key.text, depth, out);
  }
}

void RuleCompiler::member(const YamlNode& key, const YamlNode& node, const std::string& name, std::size_t depth, Block& out) {
  if (!node.is_mapping()) {
    context_.mistakes.add(Errc::mapping_wrong_shape, node, name, {"a rule or a group of rules", "一条规则或一组规则"});
    return;
  }
  const bool list_here = node.find("each") != nullptr;
  if (!list_here && lacks_source(node, name)) return;
  if (!list_here && !is_rule(node)) {
    if (context_.side == Side::source && node.find("when") == nullptr) {
      block(node, name, depth, out);
      return;
    }
    auto group = std::make_unique<Block>();
    group->name = context_.side == Side::target ? key.text : name;
    block(node, name, depth, *group);
    out.items.push_back({nullptr, nullptr, std::move(group)});
    return;
  }
  Place place;
  place.name = name;
  if (context_.side == Side::source && !target_known(key, name, place)) return;
  if (!written_.insert(name).second) context_.mistakes.add(Errc::mapping_duplicate_rule, key, name);
  if (!list_here) {
    auto made = rule(node, name, place);
    if (context_.side == Side::target) made->name = key.text;
    out.items.push_back({std::move(made), nullptr, nullptr});
    return;
  }
  auto made = list(node, name, depth);
  made->place = place;
  if (context_.side == Side::target) made->name = key.text;
  out.items.push_back({nullptr, std::move(made), nullptr});
}

/// A group holds rules and groups; settings of a rule in it say that a rule was meant, and that nothing says where its value comes from.
bool RuleCompiler::lacks_source(const YamlNode& node, const std::string& name) {
  static constexpr std::string_view kSettings[] = {"type", "via", "table", "check", "default", "mark", "on_fail", "nil", "checks"};
  static const std::vector<std::string_view> kSources = {"from", "maybe", "const", "param", "value", "each"};
  if (is_rule(node)) return false;
  const auto is_setting = [](const auto& member) {
    const bool known = std::find(std::begin(kSettings), std::end(kSettings), member.first.text) != std::end(kSettings);
    return known && (!member.second.is_mapping() || member.first.text == "on_fail");
  };
  if (std::none_of(node.members.begin(), node.members.end(), is_setting)) return false;
  const YamlNode* at = &node;
  Bilingual slip;
  for (const auto& [key, value] : node.members) {
    if (!slip.en.empty() || is_setting(std::pair<const YamlNode&, const YamlNode&>(key, value)) || key.text == "when") continue;
    slip = did_you_mean(key.text, kSources);
    if (!slip.en.empty()) at = &key;
  }
  context_.mistakes.add(Errc::mapping_missing_key, *at, name, one_of(kSources), std::move(slip));
  return true;
}

bool RuleCompiler::target_known(const YamlNode& key, const std::string& name, Place& place) {
  if (find_place(context_.entity, name, place)) {
    // A list between root and field must be entered by `each`, or the rule would write into an element that is not there.
    Place probe;
    if (!place.in_entity() || place.slot.depth < 2 || field(name, probe)) return true;
    context_.mistakes.add(Errc::mapping_kind_mismatch, key, name, {"each for a list of records", "记录列表须使用 each"});
    return false;
  }
  const std::string near = nearest_field(context_.entity, name);
  context_.mistakes.add(Errc::mapping_unknown_target_field, key, name, {}, near.empty() ? Bilingual{} : Bilingual{"did you mean " + near + "?", "是否为 " + near + "？"});
  return false;
}

std::unique_ptr<ListRule> RuleCompiler::list(const YamlNode& node, const std::string& name, std::size_t depth) {
  auto made = std::make_unique<ListRule>();
  made->name = name;
  made->parent_scope = scope_;
  Place field;
  if (context_.side == Side::source && find_place(context_.entity, name, field) && !is_list_kind(field.kind())) {
    context_.mistakes.add(Errc::mapping_kind_mismatch, node, name, {"a list field for each; this one takes a rule or a group of rules", "each 须用于列表字段；该字段应为规则或规则组"});
    return made;
  }
  check_keys(node, {"each", "when", "order", "key", "join", "orphans", "unmatched", "empty", "rules", "type", "via", "table", "check", "on_fail", "as"}, name, context_.mistakes);
  if (depth >= kListDepthMax) context_.mistakes.add(Errc::mapping_wrong_shape, node, name, {"lists nested once at most", "列表最多嵌套一层"});
  if (!list_source(node, name, *made)) return made;
  if (const YamlNode* empty = node.find("empty"); empty != nullptr) {
    made->empty_is_none = empty->text == "none";
    if (!made->empty_is_none) context_.mistakes.add(Errc::mapping_wrong_shape, *empty, name + ".empty", one_of({"none"}));
  }
  const std::uint16_t outside = scope_;
  scope_ = made->scope;
  lists_.push_back(name);
  if (const YamlNode* when = node.find("when"); when != nullptr) made->when = expression(*when, name + ".when");
  list_order(node, name, *made, outside);
  list_content(node, name, depth, *made);
  lists_.pop_back();
  scope_ = outside;
  return made;
}

void RuleCompiler::list_content(const YamlNode& node, const std::string& name, std::size_t depth, ListRule& out) {
  const YamlNode* inner = node.find("rules");
  Place place;
  const bool known = context_.side == Side::source && find_place(context_.entity, name, place);
  const bool records = context_.side == Side::target ? inner != nullptr : known && place.kind() == FieldKind::record_list;
  const bool plain = context_.side == Side::target ? inner == nullptr : known && is_list_kind(place.kind()) && !records;
  if (records && inner != nullptr) {
    out.block = std::make_unique<Block>();
    if (context_.side == Side::source) block(*inner, name, depth + 1, *out.block);
    else block(*inner, name + "[]", depth + 1, *out.block);
  } else if (records) {
    context_.mistakes.add(Errc::mapping_missing_key, node, name + ".rules");
  } else if (plain && inner == nullptr) {
    // Plain values are rules over the element itself whose field is the list's own kind of item.
    YamlNode item = node;
    static constexpr std::string_view kOfTheList[] = {"each", "when", "empty", "order", "key", "join", "orphans", "unmatched"};
    const auto drop = [](const auto& member) { return std::find(std::begin(kOfTheList), std::end(kOfTheList), member.first.text) != std::end(kOfTheList); };
    item.members.erase(std::remove_if(item.members.begin(), item.members.end(), drop), item.members.end());
    YamlNode key, dot;
    key.text = "maybe";
    dot.text = ".";
    dot.line = node.line;
    dot.column = node.column;
    item.members.emplace_back(key, dot);
    out.element = rule(item, name, place);
  } else {
    context_.mistakes.add(Errc::mapping_kind_mismatch, node, name, {"a list field", "列表字段"});
  }
}

std::unique_ptr<Rule> RuleCompiler::identity_rule(const YamlNode& node, Special special, std::string name) {
  identity_ = true;
  auto made = special_rule(node, special, std::move(name));
  identity_ = false;
  return made;
}

std::unique_ptr<Rule> RuleCompiler::special_rule(const YamlNode& node, Special special, std::string name) {
  Place place;
  place.special = special;
  place.name = name;
  if (!node.is_mapping() || !is_rule(node)) {
    context_.mistakes.add(Errc::mapping_wrong_shape, node, name, {"a rule", "一条规则"});
    return nullptr;
  }
  return rule(node, name, place);
}

std::unique_ptr<Rule> RuleCompiler::rule(const YamlNode& node, const std::string& name, Place place) {
  auto made = std::make_unique<Rule>();
  made->name = name;
  made->place = std::move(place);
  std::vector<std::string_view> keys = {"from", "maybe", "const", "param", "value", "type", "via", "table", "check", "default", "when", "mark", "on_fail", "nil", "checks"};
  if (context_.side == Side::target) keys.push_back("as");
  check_keys(node, keys, name, context_.mistakes);
  made->identifies = context_.side == Side::source && (identity_ || made->place.kind() == FieldKind::identifier);
  ValueType type = ValueType::text;
  rule_source(node, *made, type);
  rule_steps(node, *made, type);
  rule_table(node, *made);
  rule_kind(node, *made, type);
  rule_check(node, *made);
  rule_fallback(node, *made);
  if (const YamlNode* when = node.find("when"); when != nullptr) made->when = expression(*when, name + ".when");
  if (const YamlNode* mark = node.find("mark"); mark != nullptr) {
    made->derived = mark->text == "derived";
    if (!made->derived) context_.mistakes.add(Errc::mapping_wrong_shape, *mark, name + ".mark", one_of({"derived"}));
  }
  if (const YamlNode* nil = node.find("nil"); nil != nullptr) {
    made->nil_clears = nil->text == "clear";
    if (!made->nil_clears) context_.mistakes.add(Errc::mapping_wrong_shape, *nil, name + ".nil", one_of({"clear"}));
    else if (!context_.may_be_part) context_.mistakes.add(Errc::mapping_policy_not_allowed, *nil, name + ".nil", same("record: part"));
  }
  rule_policies(node, *made);
  rule_checks(node, type, *made);
  made->settle();
  return made;
}

/// Checks of the author see the value that the rule is about to store, as the type that it has then.
void RuleCompiler::rule_checks(const YamlNode& node, ValueType type, Rule& out) {
  const YamlNode* at = node.find("checks");
  if (at == nullptr) return;
  if (context_.side == Side::target || identity_) {
    context_.mistakes.add(Errc::mapping_unknown_key, *at, out.name + ".checks", {"checks in source mappings", "checks 仅用于源映射的字段规则"});
    return;
  }
  const FieldKind kind = out.place.kind();
  const bool number = type == ValueType::decimal || type == ValueType::integer || type == ValueType::quantity || kind == FieldKind::quantity || kind == FieldKind::money || kind == FieldKind::integer;
  if (type == ValueType::text_list || type == ValueType::bytes) {
    context_.mistakes.add(Errc::mapping_step_type, *at, out.name + ".checks", {"one value", "单个取值"});
    return;
  }
  own_value_ = out.table ? ExprType::text : type == ValueType::time ? ExprType::time : number ? ExprType::number : ExprType::text;
  out.checks = checks(*at, out.name + ".checks", CheckLevel::field);
  own_value_.reset();
}

void RuleCompiler::rule_source(const YamlNode& node, Rule& out, ValueType& type) {
  const YamlNode* found = nullptr;
  for (const char* key : {"from", "maybe", "const", "param", "value"}) {
    const YamlNode* value = node.find(key);
    if (value == nullptr) continue;
    if (found != nullptr) context_.mistakes.add(Errc::mapping_wrong_shape, *value, out.name, {"one of from, maybe, const, param and value", "from、maybe、const、param、value 只取其一"});
    found = value;
    out.required = std::string_view(key) == "from";
    out.constant = std::string_view(key) == "const" || std::string_view(key) == "param";
  }
  if (found == nullptr || !scalar(*found, out.name, context_.mistakes)) return;
  if (found == node.find("value")) {
    out.value = value_expression(*found, out.name + ".value");
    if (!out.value) return;
    refuse_secret(*found, out.name, context_.mistakes);
    // The same message must have the same identity next year.
    if (identity_ && out.value->asks_site()) context_.mistakes.add(Errc::mapping_identity_policy, *found, out.name, {"no look-up in an identity", "标识中不得查询目录"});
    out.refs = out.value->source_refs();
    type = out.value->type() == ExprType::number ? ValueType::decimal : out.value->type() == ExprType::time ? ValueType::time : ValueType::text;
    return;
  }
  if (const YamlNode* param = node.find("param"); param != nullptr) {
    const auto value = context_.params.find(param->text);
    std::vector<std::string_view> known;
    for (const auto& [name, text] : context_.params) known.push_back(name);
    if (value == context_.params.end()) context_.mistakes.add(Errc::mapping_unknown_param, *param, out.name, {}, did_you_mean(param->text, known));
    else out.literal = value->second;
  } else if (out.constant) {
    out.literal = found->text;
    refuse_secret(*found, out.name, context_.mistakes);
  } else if (!source(found->text, out.refs)) {
    const bool param_path = found->text.find("param:") != std::string::npos;
    Bilingual form = context_.side == Side::target ? Bilingual{"a.b or a[0].b, names joined by points", "以点连接的名称，如 a.b、a[0].b"}
                                                   : Bilingual{"a/b, a[2]/b, @x, ., a|b, /a from the root, outer:a inside records, meta:name", "a/b、a[2]/b、@x、.、a|b，/a 自根起，outer:a 用于外层，meta:名称"};
    if (param_path) form = {};
    context_.mistakes.add(param_path ? Errc::mapping_unknown_param : Errc::mapping_path_invalid, *found, out.name, std::move(form));
  }
}

RuleCompiler::Entries RuleCompiler::via_entries(const YamlNode& node, const std::string& subject) {
  Entries entries;
  if (!node.is_sequence()) {
    context_.mistakes.add(Errc::mapping_wrong_shape, node, subject + ".via", {"a list of steps", "步骤列表"});
    return entries;
  }
  static const YamlNode kNone;
  for (const YamlNode& item : node.items) {
    if (item.is_scalar()) {
      entries.push_back({&item, &kNone});
      continue;
    }
    const bool pair = item.members.size() == 2 && ((item.find("sentinels") != nullptr && (takes_sentinels(item.members[0].first.text) || takes_sentinels(item.members[1].first.text))) ||
                                                   (item.find("split_code") != nullptr && item.find("part") != nullptr));
    if (!item.is_mapping() || (item.members.size() != 1 && !pair)) {
      context_.mistakes.add(Errc::mapping_wrong_shape, item, subject + ".via", {"one step per list item", "每个列表项一个步骤"});
      continue;
    }
    Entries pieces;
    for (const auto& [key, argument] : item.members) pieces.push_back({&key, &argument});
    if (pair && pieces.front().key->text == "part") std::swap(pieces[0], pieces[1]);
    entries.insert(entries.end(), pieces.begin(), pieces.end());
  }
  return entries;
}

void RuleCompiler::rule_steps(const YamlNode& node, Rule& out, ValueType& type) {
  if (const YamlNode* name = node.find("type"); name != nullptr) {
    const auto found = types_.find(name->text);
    std::vector<std::string_view> known;
    for (const auto& [id, entries] : types_) known.push_back(id);
    if (found == types_.end()) context_.mistakes.add(Errc::mapping_unknown_type, *name, out.name, {}, did_you_mean(name->text, known));
    else add_entries(found->second, out, type, &shared_[name->text]);
  }
  if (const YamlNode* via = node.find("via"); via != nullptr) add_entries(via_entries(*via, out.name), out, type);
}

/// @param shared  Of a type: its steps as the first rule that used them made them, by their place in `entries`. Rules that stand side by
///               side in memory and run the same few steps find them in the cache.
void RuleCompiler::add_entries(const Entries& entries, Rule& out, ValueType& type, Steps* shared) {
  const YamlNode* sentinels = nullptr;
  bool dated = false;
  for (const Entry& entry : entries) {
    if (entry.key->text == "sentinels") sentinels = entry.argument;
    dated = dated || takes_sentinels(entry.key->text);
  }
  if (sentinels != nullptr && !dated) context_.mistakes.add(Errc::mapping_missing_key, *sentinels, out.name + ".sentinels", {"date, epoch or serial_date beside sentinels", "sentinels 须与 date、epoch 或 serial_date 同用"});
  if (shared != nullptr) shared->resize(entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const Entry& entry = entries[i];
    if (entry.key->text == "sentinels") continue;
    std::shared_ptr<const Step> step = shared != nullptr ? (*shared)[i] : nullptr;
    if (step == nullptr) step = compiled(entry, sentinels, out.name);
    if (shared != nullptr) (*shared)[i] = step;
    if (step == nullptr) continue;
    if (entry.key->text == "null_if") out.has_null_if = true;
    add_step(std::move(step), *entry.key, out, type);
  }
}

/// Null after a mistake, which every rule that has the step reports.
std::shared_ptr<const Step> RuleCompiler::compiled(const Entry& entry, const YamlNode* sentinels, const std::string& subject) {
  if (entry.key->text == "call") return call_step(*entry.argument, subject);
  StepBuild build{context_.mistakes, subject, context_.zone_minutes, takes_sentinels(entry.key->text) ? sentinels : nullptr};
  return compile_step(*entry.key, *entry.argument, build);
}

std::unique_ptr<Step> RuleCompiler::call_step(const YamlNode& argument, const std::string& subject) {
  const auto found = argument.is_scalar() ? function(argument.text) : nullptr;
  if (!found) context_.mistakes.add(Errc::mapping_unknown_step, argument, subject + ".call", {"a function that the site has registered", "现场已注册的函数"}, did_you_mean(argument.text, function_names()));
  else if (!found->pure || found->takes.size() != 1) context_.mistakes.add(Errc::mapping_step_type, argument, subject + ".call", {"a pure function of one argument", "单参数的纯函数"});
  else return make_call_step(found);
  return nullptr;
}

void RuleCompiler::add_step(std::shared_ptr<const Step> step, const YamlNode& at, Rule& out, ValueType& type) {
  const bool each_item = type == ValueType::text_list && step->takes == ValueType::text && step->gives == ValueType::text;
  if (context_.side == Side::target && step->takes == ValueType::time && type == ValueType::text) {
    out.steps.push_back(implied_step("canonical_time"));
    type = ValueType::time;
  }
  if (!each_item && !accepts(step->takes, type)) {
    context_.mistakes.add(Errc::mapping_step_type, at, out.name + "." + std::string(step->name), same(std::string(value_type_name(step->takes))),
                          {"the step before gives " + std::string(value_type_name(type)), "上一步给出 " + std::string(value_type_name(type))});
  }
  if (!each_item && !step->keeps_type) type = step->gives;
  out.steps.push_back(std::move(step));
}

void RuleCompiler::rule_table(const YamlNode& node, Rule& out) {
  const YamlNode* at = node.find("table");
  if (at == nullptr) return;
  if (identity_) {
    context_.mistakes.add(Errc::mapping_identity_policy, *at, out.name);
    return;
  }
  if (!at->is_scalar()) {
    out.table = table(*at, out.name);
    return;
  }
  const auto found = tables_.find(at->text);
  std::vector<std::string_view> known;
  for (const auto& [id, made] : tables_) known.push_back(id);
  if (found == tables_.end()) context_.mistakes.add(Errc::mapping_unknown_table, *at, out.name, {}, did_you_mean(at->text, known));
  else out.table = found->second;
}

Bilingual RuleCompiler::text_list_hint() const { return {"a list of texts: split or each", "文本列表：使用 split 或 each"}; }

void RuleCompiler::rule_kind(const YamlNode& node, Rule& out, ValueType type) {
  const auto mismatch = [this, &node, &out, type](Bilingual expected) {
    context_.mistakes.add(Errc::mapping_kind_mismatch, node, out.name, std::move(expected),
                          {"the rule gives " + std::string(value_type_name(type)), "规则给出 " + std::string(value_type_name(type))});
  };
  if (context_.side == Side::target) {
    const std::string as = member_text(node, "as", Need::optional, out.name, context_.mistakes).value_or("");
    if (as == "number") out.json = JsonForm::number;
    else if (as == "boolean") out.json = JsonForm::boolean;
    else if (!as.empty() && as != "string") context_.mistakes.add(Errc::mapping_wrong_shape, *node.find("as"), out.name + ".as", one_of({"number", "boolean", "string"}));
    if (type == ValueType::time || type == ValueType::bytes) mismatch(same("text"));
    return;
  }
  const bool text_like = type == ValueType::text || type == ValueType::integer || type == ValueType::decimal;
  const bool number_like = type == ValueType::integer || type == ValueType::decimal;
  const FieldKind kind = out.place.kind();
  switch (kind) {
    case FieldKind::text:
    case FieldKind::identifier:
      if (!text_like) mismatch(same("text"));
      break;
    case FieldKind::code:
    case FieldKind::boolean:
    case FieldKind::code_list: code_kind(node, out, type); break;
    case FieldKind::time:
    case FieldKind::validity:
      if (type != ValueType::time) mismatch(same("date | epoch"));
      break;
    case FieldKind::quantity:
    case FieldKind::money:
      if (type == ValueType::text) out.steps.push_back(implied_step("decimal"));
      else if (!number_like && !(kind == FieldKind::quantity && type == ValueType::quantity)) mismatch(same("decimal"));
      break;
    case FieldKind::integer:
      if (type == ValueType::text || (out.value && type == ValueType::decimal)) out.steps.push_back(implied_step("integer"));
      else if (type != ValueType::integer) mismatch(same("integer"));
      break;
    case FieldKind::text_list:
      if (type != ValueType::text_list && !(type == ValueType::text && node.find("maybe") != nullptr && node.find("maybe")->text == ".")) mismatch(text_list_hint());
      break;
    case FieldKind::record:
    case FieldKind::record_list: mismatch({"a group of rules, or each", "一组规则，或 each"}); break;
  }
}

/// Fields whose values are names: codes need a table of the field's own code system, booleans one of true and false.
void RuleCompiler::code_kind(const YamlNode& node, Rule& out, ValueType type) {
  const FieldKind kind = out.place.kind();
  const std::string system(out.place.system());
  const bool item_of_list = node.find("maybe") != nullptr && node.find("maybe")->text == ".";
  const bool list_wanted = kind == FieldKind::code_list && !item_of_list;
  if (list_wanted != (type == ValueType::text_list)) {
    context_.mistakes.add(Errc::mapping_kind_mismatch, node, out.name, list_wanted ? text_list_hint() : same("text"));
    return;
  }
  const auto good = [kind, &system](const std::string& name) {
    if (kind == FieldKind::boolean) return name == "true" || name == "false";
    return system.empty() || model::is_code_name(system, name);
  };
  const Bilingual expected = kind == FieldKind::boolean ? same("true | false") : Bilingual{"names of " + system, system + " 中的名称"};
  if (!out.table) {
    bool named = out.constant && good(out.literal);
    if (out.value && kind == FieldKind::boolean) named = out.value->type() == ExprType::boolean;
    else if (out.value && out.value->literal_results()) {
      const std::vector<std::string> results = *out.value->literal_results();
      named = std::all_of(results.begin(), results.end(), good);
      if (!named) context_.mistakes.add(Errc::mapping_kind_mismatch, *node.find("value"), out.name, expected);
      if (!named) return;
    } else if (!out.value && node.find("value") != nullptr) {
      return;  // Said already.
    }
    if (!named && node.find("table") == nullptr) context_.mistakes.add(Errc::mapping_kind_mismatch, node, out.name, out.constant ? expected : Bilingual{"a table", "代码表"});
    return;
  }
  if (kind != FieldKind::boolean && !out.table->model.empty() && !system.empty() && out.table->model != system) {
    context_.mistakes.add(Errc::mapping_kind_mismatch, *node.find("table"), out.name, expected, same(out.table->model));
    return;
  }
  // A table of the field's own system has been told of each name that is none.
  const bool told = !system.empty() && out.table->model == system;
  for (const CodeTable::Row& row : out.table->rows()) {
    if (!told && !good(row.name)) context_.mistakes.add(Errc::mapping_kind_mismatch, *node.find("table"), out.name + ": " + row.name, expected);
  }
}

void RuleCompiler::rule_check(const YamlNode& node, Rule& out) {
  const YamlNode* at = node.find("check");
  if (at == nullptr) return;
  if (at->is_scalar()) {
    out.check = at->text;
    std::vector<std::string_view> known = model::check_names();
    known.push_back(kAutomaticCheck);
    if (std::find(known.begin(), known.end(), out.check) == known.end()) context_.mistakes.add(Errc::mapping_unknown_check, *at, out.name + ".check", one_of(known), did_you_mean(out.check, known));
    return;
  }
  Place by;
  if (!check_keys(*at, {"by"}, out.name + ".check", context_.mistakes)) return;
  const auto name = member_text(*at, "by", Need::required, out.name + ".check", context_.mistakes);
  if (name && (!field(*name, by) || by.kind() != FieldKind::code)) context_.mistakes.add(Errc::mapping_unknown_target_field, *at, out.name + ".check.by: " + *name, {"a code filled before", "先前已填的代码字段"});
  else if (name) out.check_by = by;
}

void RuleCompiler::rule_fallback(const YamlNode& node, Rule& out) {
  const YamlNode* at = node.find("default");
  if (at == nullptr) return;
  auto text = scalar(*at, out.name + ".default", context_.mistakes);
  if (!text) return;
  refuse_secret(*at, out.name + ".default", context_.mistakes);
  if (out.required) context_.mistakes.add(Errc::mapping_wrong_shape, *at, out.name + ".default", {"maybe, not from", "default 须与 maybe 同用"});
  if (out.table) {
    out.fallback_row = out.table->find(*text);
    if (out.fallback_row == nullptr) context_.mistakes.add(Errc::mapping_table_invalid, *at, out.name + ".default", {"a code of the table", "代码表中的代码"});
  }
  out.fallback = std::move(*text);
  const FieldKind kind = out.place.kind();
  out.fallback_through_steps = !out.table && context_.side == Side::source && kind != FieldKind::text && kind != FieldKind::identifier && kind != FieldKind::code &&
                               kind != FieldKind::boolean;
  Value probe;
  probe.text = *out.fallback;
  wire::Arena arena;
  bool good = true;
  for (std::size_t i = 0; good && out.fallback_through_steps && i < out.steps.size(); ++i) {
    good = accepts(out.steps[i]->takes, probe.type) && out.steps[i]->run(probe, arena) == StepOutcome::ok;
    if (!out.steps[i]->keeps_type) probe.type = out.steps[i]->gives;
  }
  const bool named = out.table || (kind != FieldKind::code && kind != FieldKind::boolean);
  if (!good || !named) context_.mistakes.add(Errc::mapping_malformed, *at, out.name + ".default", out.steps.empty() ? Bilingual{} : out.steps.back()->expected());
}

std::array<bool, kFaultCount> RuleCompiler::possible_faults(const Rule& rule) const {
  std::array<bool, kFaultCount> can{};
  can[index_of(Fault::missing)] = rule.required;
  can[index_of(Fault::placeholder)] = rule.required && rule.has_null_if;
  for (const auto& step : rule.steps) {
    if (step->can_malform && step->name != "canonical_time") can[index_of(Fault::malformed)] = true;
    if (step->can_exceed) can[index_of(Fault::range)] = true;
  }
  if (rule.value && rule.value->can_break()) can[index_of(Fault::malformed)] = can[index_of(Fault::range)] = true;
  can[index_of(Fault::check)] = !rule.check.empty() || rule.check_by.has_value();
  can[index_of(Fault::unknown)] = rule.table != nullptr;
  return can;
}

void RuleCompiler::check_policy(const YamlNode& at, const Rule& rule, Fault fault, Policy policy) {
  const FieldKind kind = rule.place.kind();
  const bool keeps_text = context_.side == Side::target || kind == FieldKind::text || kind == FieldKind::identifier || kind == FieldKind::code;
  // What an expression could not compute was never sent as a text.
  const bool computed = rule.value && (fault == Fault::malformed || fault == Fault::range);
  const bool wrong_raw = policy == Policy::raw && (!keeps_text || computed || fault == Fault::missing);
  const bool wrong_report = policy == Policy::report && (computed || (fault != Fault::check && fault != Fault::range));
  if (!wrong_raw && !wrong_report) return;
  const Bilingual why = wrong_raw ? Bilingual{"raw keeps a text as sent: only for fields of text, and not for a missing or computed value", "raw 保留原文：仅限文本类字段，且不适用于缺失或计算所得的值"}
                                  : Bilingual{"report goes on with a value: only for faults check and range", "report 保留取值继续：仅限 check 与 range"};
  context_.mistakes.add(Errc::mapping_policy_not_allowed, at, rule.name + ".on_fail", one_of({"reject", "hold", "drop"}), why);
}

void RuleCompiler::rule_policies(const YamlNode& node, Rule& out) {
  const auto can = possible_faults(out);
  const YamlNode* at = node.find("on_fail");
  if (identity_) {
    out.policies.fill(Policy::reject);
    if (at != nullptr && at->text != "reject") context_.mistakes.add(Errc::mapping_identity_policy, *at, out.name);
    return;
  }
  if (out.table) out.policies[index_of(Fault::unknown)] = out.table->unknown;
  Policy whole = Policy::none;
  // Where the policy was meant and misspelt, that it is missing need not be said as well.
  bool slip = at == nullptr && std::any_of(node.members.begin(), node.members.end(), [](const auto& member) { return !nearest(member.first.text, {"on_fail"}).empty(); });
  if (at != nullptr && at->is_scalar() && !policy_from_name(at->text, whole)) {
    context_.mistakes.add(Errc::mapping_policy_not_allowed, *at, out.name + ".on_fail", one_of({"reject", "hold", "drop", "raw", "report"}), did_you_mean(at->text, {"reject", "hold", "drop", "raw", "report"}));
    slip = true;
  }
  if (at != nullptr && !at->is_scalar() && check_keys(*at, {"missing", "placeholder", "malformed", "check", "unknown", "range", "default"}, out.name + ".on_fail", context_.mistakes)) {
    for (const auto& [key, value] : at->members) {
      Policy policy = Policy::none;
      slip = slip || (key.text != "default" && std::find(std::begin(kFaultNames), std::end(kFaultNames), key.text) == std::end(kFaultNames));
      if (!policy_from_name(value.text, policy)) slip = true, context_.mistakes.add(Errc::mapping_policy_not_allowed, value, out.name + ".on_fail." + key.text, one_of({"reject", "hold", "drop", "raw", "report"}));
      if (key.text == "default") whole = policy;
      for (std::size_t i = 0; i < kFaultCount; ++i) {
        if (kFaultNames[i] == key.text) out.policies[i] = policy;
      }
    }
  }
  std::string without;
  for (std::size_t i = 0; i < kFaultCount; ++i) {
    if (out.policies[i] == Policy::none) out.policies[i] = whole;
    const auto fault = static_cast<Fault>(i);
    // That the table has no policy for unknown codes is said where the table stands.
    if (fault == Fault::unknown && out.table && out.table->unknown == Policy::none && out.policies[i] == Policy::none) continue;
    if (can[i] && out.policies[i] == Policy::none) without += (without.empty() ? "" : ", ") + std::string(fault_name(fault));
    else if (can[i]) check_policy(at != nullptr ? *at : node, out, fault, out.policies[i]);
  }
  if (!without.empty() && !slip) context_.mistakes.add(Errc::mapping_no_policy, node, out.name, {"on_fail for " + without, "为 " + without + " 规定 on_fail"});
  // What no step can do but a document can, a repeated or structured value, refuses the record unless the rule says otherwise.
  Policy& malformed = out.policies[index_of(Fault::malformed)];
  if (malformed == Policy::none || malformed == Policy::report) malformed = Policy::reject;
}

} // namespace tongqu::mapping::detail
