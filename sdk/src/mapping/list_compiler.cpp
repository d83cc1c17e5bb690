#include <algorithm>

#include "mapping/rule_compiler.hpp"

namespace tongqu::mapping::detail {
namespace {

struct DuplicatesName { std::string_view name; ListKey::Duplicates value; };
constexpr DuplicatesName kDuplicates[] = {{"first", ListKey::Duplicates::first}, {"last", ListKey::Duplicates::last}, {"report", ListKey::Duplicates::report},
                                          {"hold", ListKey::Duplicates::hold}, {"reject", ListKey::Duplicates::reject}};

ListShape& shape_of(ListRule& list) {
  if (!list.shape) list.shape = std::make_unique<ListShape>();
  return *list.shape;
}

} // namespace

/// `each`: where the elements are. Answers false after a mistake that leaves no scope to go on with.
bool RuleCompiler::list_source(const YamlNode& node, const std::string& name, ListRule& out) {
  const YamlNode& each = *node.find("each");
  if (each.is_mapping()) return zip_source(each, name, out);
  std::vector<Path> paths;
  std::string problem;
  const PathSyntax syntax = context_.side == Side::target ? PathSyntax::dots : PathSyntax::slashes;
  const bool joined = node.find("join") != nullptr;
  bool good = each.is_scalar() && parse_path(each.text, syntax, paths, problem) && paths.size() == 1;
  if (good && paths[0].origin == Origin::group && paths[0].steps.empty() && context_.grouped) {
    shape_of(out).of_group = true;
    out.parent_scope = static_cast<std::uint16_t>(context_.scopes.outer);
    out.scope = context_.scopes.add();
    context_.scopes.all[out.scope]->ns = context_.scopes.all[out.parent_scope]->ns;
    context_.scopes.group.push_back(out.scope);
    return true;
  }
  good = good && !paths[0].steps.empty();
  const bool outer = good && paths[0].origin == Origin::outer && context_.scopes.outer >= 0;
  if (joined) good = outer;
  else good = good && (outer || paths[0].origin == Origin::here || paths[0].origin == Origin::root);
  if (!good) {
    context_.mistakes.add(Errc::mapping_path_invalid, each, name + ".each",
                          joined ? Bilingual{"outer:PATH, with records: {each: PATH}", "outer:路径，且映射写明 records: {each: 路径}"} : Bilingual{"one path to a repeated element", "指向重复元素的单个路径"});
    return false;
  }
  if (paths[0].origin == Origin::root) out.parent_scope = context_.scopes.root;
  if (outer) out.parent_scope = static_cast<std::uint16_t>(context_.scopes.outer);
  out.scope = context_.scopes.each(out.parent_scope, paths[0].steps, context_.names, out.list);
  return true;
}

bool RuleCompiler::zip_source(const YamlNode& node, const std::string& name, ListRule& out) {
  if (context_.side == Side::target) {
    context_.mistakes.add(Errc::mapping_wrong_shape, node, name + ".each", {"one path to a list", "指向列表的单个路径"});
    return false;
  }
  if (!check_keys(node, {"zip", "escape", "uneven"}, name + ".each", context_.mistakes)) return false;
  ListZip& zip = shape_of(out).zip.emplace();
  zip.escape = member_text(node, "escape", Need::optional, name + ".each", context_.mistakes).value_or("");
  const YamlNode* columns = node.find("zip");
  const bool rows = columns != nullptr && columns->is_mapping() && columns->members.size() == 1;   // One text in pieces: nothing can be uneven.
  const auto uneven = member_text(node, "uneven", rows ? Need::optional : Need::required, name + ".each", context_.mistakes);
  if (rows && uneven) context_.mistakes.add(Errc::mapping_wrong_shape, *node.find("uneven"), name + ".each.uneven", {"nothing: one column cannot be uneven", "不写此项：单列不会长短不一"});
  const bool known = !uneven || *uneven == "reject" || *uneven == "hold" || *uneven == "report";
  if (uneven && known) (void)policy_from_name(*uneven, zip.uneven);
  if (!known) context_.mistakes.add(Errc::mapping_policy_not_allowed, *node.find("uneven"), name + ".each.uneven", one_of({"reject", "hold", "report"}));
  if (columns == nullptr || !columns->is_mapping() || columns->members.empty()) {
    context_.mistakes.add(columns == nullptr ? Errc::mapping_missing_key : Errc::mapping_wrong_shape, columns == nullptr ? node : *columns, name + ".each.zip", {"NAME: path, or NAME: {from: path, split: SIGN}", "列名: 路径，或 列名: {from: 路径, split: 分隔符}"});
    return false;
  }
  for (const auto& [key, value] : columns->members) {
    ListZip::Column column;
    column.name = key.text;
    zip_column(value, name + ".each.zip." + key.text, column);
    (void)context_.names.add(key.text);
    zip.columns.push_back(std::move(column));
  }
  out.scope = context_.scopes.add();
  return true;
}

/// `NAME: path` for repeated elements, `NAME: {from: path, split: "|"}` for one text.
void RuleCompiler::zip_column(const YamlNode& node, const std::string& subject, ListZip::Column& column) {
  const auto bad_path = [&](const YamlNode& at) { context_.mistakes.add(Errc::mapping_path_invalid, at, subject, {}, same(at.text)); };
  if (node.is_scalar()) {
    std::vector<Path> paths;
    std::string problem;
    const bool good = parse_path(node.text, PathSyntax::slashes, paths, problem) && paths.size() == 1 && !paths[0].steps.empty() && (paths[0].origin == Origin::here || paths[0].origin == Origin::root);
    if (!good) return bad_path(node);
    column.parent_scope = paths[0].origin == Origin::here ? scope_ : context_.scopes.root;
    column.list = context_.scopes.list(column.parent_scope, paths[0].steps, context_.names);
    return;
  }
  if (!check_keys(node, {"from", "split"}, subject, context_.mistakes)) return;
  const auto from = member_text(node, "from", Need::required, subject, context_.mistakes);
  if (from && !source(*from, column.refs)) bad_path(*node.find("from"));
  const YamlNode* split = node.find("split");
  if (split == nullptr) context_.mistakes.add(Errc::mapping_missing_key, node, subject + ".split");
  else column.separators = texts(*split, subject + ".split", context_.mistakes);
  const bool blank = std::any_of(column.separators.begin(), column.separators.end(), [](const std::string& text) { return text.empty(); });
  if (blank) context_.mistakes.add(Errc::mapping_wrong_shape, *split, subject + ".split", {"separators with a character or more", "分隔符不得为空"});
  longest_first(column.separators);
}

std::vector<Expression> RuleCompiler::key_expressions(const YamlNode& node, const std::string& subject) {
  std::vector<Expression> made;
  std::vector<const YamlNode*> items;
  if (node.is_scalar()) items.push_back(&node);
  for (const YamlNode& item : node.items) items.push_back(&item);
  if (items.empty()) context_.mistakes.add(Errc::mapping_wrong_shape, node, subject, {"an expression, or a list of them", "表达式或表达式列表"});
  for (const YamlNode* item : items) {
    if (auto one = value_expression(*item, subject)) made.push_back(std::move(*one));
  }
  return made;
}

void RuleCompiler::read_order(const YamlNode& node, const std::string& name, ListShape& shape) {
  if (const YamlNode* order = node.find("order"); order != nullptr) {
    std::vector<const YamlNode*> items;
    if (order->is_sequence()) for (const YamlNode& item : order->items) items.push_back(&item);
    else items.push_back(order);
    for (const YamlNode* item : items) {
      if (!check_keys(*item, {"by", "descending"}, name + ".order", context_.mistakes)) continue;
      const YamlNode* by = item->find("by");
      if (by == nullptr) context_.mistakes.add(Errc::mapping_missing_key, *item, name + ".order.by");
      auto made = by == nullptr ? std::nullopt : value_expression(*by, name + ".order.by");
      const std::string descending = member_text(*item, "descending", Need::optional, name + ".order", context_.mistakes).value_or("no");
      if (descending != "yes" && descending != "no") context_.mistakes.add(Errc::mapping_wrong_shape, *item->find("descending"), name + ".order.descending", one_of({"yes", "no"}));
      if (made) shape.order.push_back({std::move(*made), descending == "yes"});
    }
  }
  const YamlNode* key = node.find("key");
  if (key == nullptr || !check_keys(*key, {"by", "duplicates"}, name + ".key", context_.mistakes)) return;
  ListKey& made = shape.key.emplace();
  const YamlNode* by = key->find("by");
  if (by == nullptr) context_.mistakes.add(Errc::mapping_missing_key, *key, name + ".key.by");
  else made.by = key_expressions(*by, name + ".key.by");
  const auto duplicates = member_text(*key, "duplicates", Need::required, name + ".key", context_.mistakes);
  const auto* found = std::find_if(std::begin(kDuplicates), std::end(kDuplicates), [&duplicates](const DuplicatesName& row) { return duplicates && row.name == *duplicates; });
  if (found != std::end(kDuplicates)) made.duplicates = found->value;
  else if (duplicates) context_.mistakes.add(Errc::mapping_policy_not_allowed, *key->find("duplicates"), name + ".key.duplicates", one_of({"first", "last", "report", "hold", "reject"}), did_you_mean(*duplicates, {"first", "last", "report", "hold", "reject"}));
}

void RuleCompiler::list_order(const YamlNode& node, const std::string& name, ListRule& out, std::uint16_t around) {
  const bool joined = node.find("join") != nullptr;
  for (const std::string key : {"orphans", "unmatched"}) {
    if (!joined && node.find(key) != nullptr) context_.mistakes.add(Errc::mapping_unknown_key, *node.find(key), name + "." + key, {"join beside it", key + " 须与 join 同用"});
  }
  if (joined) read_join(node, name, out, around);
  if (node.find("order") != nullptr || node.find("key") != nullptr) read_order(node, name, shape_of(out));
}

/// `join: {PATH_OF_THE_ELEMENT: expression around}`.
void RuleCompiler::read_join(const YamlNode& node, const std::string& name, ListRule& out, std::uint16_t around) {
  const YamlNode& join = *node.find("join");
  if (!join.is_mapping() || join.members.empty() || (out.shape && out.shape->zip)) {
    context_.mistakes.add(Errc::mapping_wrong_shape, join, name + ".join", {"path of the element: expression about the record", "元素路径: 关于记录的表达式"});
    return;
  }
  ListJoin& made = shape_of(out).join.emplace();
  const auto orphans = member_text(node, "orphans", Need::required, name, context_.mistakes);
  made.orphans_refused = orphans && *orphans == "reject";
  if (orphans && *orphans != "reject" && *orphans != "report") context_.mistakes.add(Errc::mapping_policy_not_allowed, *node.find("orphans"), name + ".orphans", one_of({"reject", "report"}));
  if (const YamlNode* unmatched = node.find("unmatched"); unmatched != nullptr) {
    const std::string policy = unmatched->text;
    if (policy != "report" && policy != "hold" && policy != "reject") context_.mistakes.add(Errc::mapping_policy_not_allowed, *unmatched, name + ".unmatched", one_of({"report", "hold", "reject"}));
    made.unmatched = policy == "hold" ? Policy::hold : policy == "reject" ? Policy::reject : Policy::report;
  }
  for (const auto& [key, value] : join.members) {
    auto inner = value_expression(key, name + ".join");
    const std::uint16_t inside = scope_;
    scope_ = around;
    auto outer = value_expression(value, name + ".join." + key.text);
    scope_ = inside;
    if (!inner || !outer) continue;
    if (inner->type() != outer->type()) context_.mistakes.add(Errc::mapping_expression, value, name + ".join." + key.text, same(std::string(expr_type_name(inner->type()))), same(std::string(expr_type_name(outer->type()))));
    made.inner.push_back(std::move(*inner));
    made.around.push_back(std::move(*outer));
  }
  joins_.push_back(&out);
}

} // namespace tongqu::mapping::detail
