#include <algorithm>
#include <functional>

#include "mapping/reverse/plan.hpp"

namespace tongqu::mapping::detail {
namespace {

const std::vector<std::string_view> kKeys = {"events", "rest", "line_ends", "content_type", "one_way", "dates", "lengths", "constants", "empty", "nil",
                                             "order", "numbers", "booleans", "arrays", "cdata", "samples", "equivalent", "write"};
const std::vector<std::string_view> kDifferences = {"blank", "case", "width", "date_form", "number_form", "code_form", "empty", "default", "order", "unread", "list_form"};

/// The key of a rule in the document, for its place: "applicant.id_no" may stand in groups and lists.
const YamlNode* locate(const YamlNode& node, std::string_view name) {
  for (const auto& [key, value] : node.members) {
    if (key.text == name) return &key;
    const bool inside = name.size() > key.text.size() && name.substr(0, key.text.size()) == key.text && name[key.text.size()] == '.';
    if (!inside) continue;
    const YamlNode* rules = value.find("each") != nullptr ? value.find("rules") : &value;
    if (const YamlNode* found = rules == nullptr ? nullptr : locate(*rules, name.substr(key.text.size() + 1)); found != nullptr) return found;
  }
  return nullptr;
}

class ReverseCompiler {
public:
  ReverseCompiler(const YamlNode& node, const ReverseSubject& subject, const Mistakes& mistakes, ReversePlan& plan)
      : node_(node), subject_(subject), mistakes_(mistakes), plan_(plan) {}
  void run();

private:
  void head();
  void read_one_way();
  void read_dates();
  void shapes();
  void block(const Block& block);
  void list(const ListRule& list);
  void rule(const Rule& rule);
  void place(const Rule& rule, const Ref& ref, RuleBack& back);
  void steps(const Rule& rule, RuleBack& back);
  void paths();
  void each_path(const char* key, const std::function<void(Shape&, std::size_t, const YamlNode&)>& use);
  Shape* shape_at(const YamlNode& at, const std::string& subject, bool make);
  void lengths();
  void widths();
  void constants();
  void leaves();
  void reading_tables();
  const YamlNode& where(const std::string& name) const;

  const YamlNode& node_;
  const ReverseSubject& subject_;
  const Mistakes& mistakes_;
  ReversePlan& plan_;
  std::size_t turn_ = 0;                     ///< Places in the order in which rules come to them.
  std::set<std::string> known_;              ///< Fields that rules give.
  std::unordered_map<const Shape*, std::vector<const Rule*>> coded_;   ///< Rules with tables by the place that they share.
};

const YamlNode& ReverseCompiler::where(const std::string& name) const {
  const YamlNode* rules = subject_.root.find("rules");
  const YamlNode* found = rules == nullptr ? nullptr : locate(*rules, name);
  if (found == nullptr) found = locate(subject_.root, name);
  return found == nullptr ? node_ : *found;
}

void ReverseCompiler::head() {
  if (const YamlNode* events = node_.find("events"); events != nullptr) {
    for (std::string& text : texts(*events, "reverse.events", mistakes_)) plan_.events.insert(std::move(text));
  }
  const auto choice = [this](const char* key, const std::vector<std::string_view>& words) {
    const std::string text = member_text(node_, key, Need::optional, "reverse", mistakes_).value_or(std::string(words[0]));
    if (std::find(words.begin(), words.end(), text) == words.end()) mistakes_.add(Errc::mapping_wrong_shape, *node_.find(key), std::string("reverse.") + key, one_of(words), did_you_mean(text, words));
    return text;
  };
  plan_.rest_reported = choice("rest", {"hold", "report"}) == "report";
  plan_.crlf = choice("line_ends", {"lf", "crlf"}) == "crlf";
  plan_.content_type = member_text(node_, "content_type", Need::optional, "reverse", mistakes_).value_or("");
  if (const YamlNode* samples = node_.find("samples"); samples != nullptr) plan_.samples = texts(*samples, "reverse.samples", mistakes_);
  const YamlNode* equivalent = node_.find("equivalent");
  if (equivalent == nullptr) return;
  for (const std::string& text : texts(*equivalent, "reverse.equivalent", mistakes_)) {
    if (std::find(kDifferences.begin(), kDifferences.end(), text) == kDifferences.end()) mistakes_.add(Errc::mapping_wrong_shape, *equivalent, "reverse.equivalent: " + text, one_of(kDifferences), did_you_mean(text, kDifferences));
    plan_.equivalent.insert(text);
  }
}

void ReverseCompiler::read_one_way() {
  const YamlNode* node = node_.find("one_way");
  if (node == nullptr) return;
  if (!node->is_mapping()) {
    mistakes_.add(Errc::mapping_wrong_shape, *node, "reverse.one_way", {"field: reason", "字段: 原因"});
    return;
  }
  for (const auto& [key, value] : node->members) {
    const auto reason = scalar(value, "reverse.one_way." + key.text, mistakes_);
    if (reason && reason->empty()) mistakes_.add(Errc::mapping_missing_key, value, "reverse.one_way." + key.text, {"the reason", "原因"});
    plan_.one_way[key.text] = reason.value_or("");
  }
}

void ReverseCompiler::read_dates() {
  const YamlNode* node = node_.find("dates");
  if (node == nullptr || !node->is_mapping()) return;
  for (const auto& [field, forms] : node->members) plan_.dates[field.text] = texts(forms, "reverse.dates." + field.text, mistakes_);
}

/// Places for every scope: documents start a tree each, elements of lists stand in the tree of their document.
void ReverseCompiler::shapes() {
  const Scopes& scopes = subject_.scopes;
  plan_.starts.resize(scopes.all.size());
  plan_.scope_shapes.assign(scopes.all.size(), nullptr);
  plan_.charsets.resize(scopes.all.size());
  plan_.xml.assign(scopes.all.size(), false);
  for (std::size_t i = 0; i < scopes.all.size(); ++i) {
    const auto is_child = [i](const Scopes::Child& child) { return child.scope == i; };
    const auto child = std::find_if(scopes.children.begin(), scopes.children.end(), is_child);
    if (child == scopes.children.end()) {
      plan_.starts[i] = std::make_unique<Shape>();
      plan_.scope_shapes[i] = plan_.starts[i].get();
      continue;
    }
    // Children are made after their parents.
    Shape& shape = const_cast<Shape*>(plan_.scope_shapes[child->parent])->at(child->steps);
    shape.list = true;
    plan_.scope_shapes[i] = &shape;
  }
}

void ReverseCompiler::block(const Block& block) {
  for (const Item& item : block.items) {
    if (item.rule) rule(*item.rule);
    else if (item.group) this->block(*item.group);
    else list(*item.list);
  }
}

/// Rows that were joined from another list, zipped out of texts or grouped have no element of their own to go back to.
void ReverseCompiler::list(const ListRule& list) {
  known_.insert(list.name);
  const bool made = list.shape && (list.shape->join || list.shape->zip || list.shape->of_group);
  if (made && !plan_.is_one_way(list.name)) mistakes_.add(Errc::mapping_reverse_place, where(list.name), list.name, {"each over elements of the message", "对报文元素使用 each"}, {"list it under reverse.one_way with the reason", "在 reverse.one_way 中列出并说明原因"});
  if (made) return;
  const_cast<Shape*>(plan_.scope_shapes[list.scope])->touch(turn_);
  if (list.block) block(*list.block);
  else if (list.element) rule(*list.element);
}

void ReverseCompiler::place(const Rule& rule, const Ref& ref, RuleBack& back) {
  if (ref.kind == Ref::Kind::param) {
    back.way = RuleBack::Way::constant;
    back.literal = ref.text;
  } else if (ref.kind == Ref::Kind::meta) {
    back.way = RuleBack::Way::fact;
    back.fact = ref.text;
  } else {
    Shape& leaf = const_cast<Shape*>(plan_.scope_shapes[ref.scope])->at(subject_.scopes.all[ref.scope]->slot_path(ref.slot));
    leaf.leaf = true;
    leaf.touch(turn_);
    back.leaf = &leaf;
    back.scope = ref.scope;
    if (rule.table) coded_[&leaf].push_back(&rule);
  }
}

void ReverseCompiler::steps(const Rule& rule, RuleBack& back) {
  const auto named = plan_.dates.find(rule.name);
  const auto usual = plan_.dates.find("default");
  static const std::vector<std::string> kNone;
  const std::vector<std::string>& dates = named != plan_.dates.end() ? named->second : usual != plan_.dates.end() ? usual->second : kNone;
  if (const auto missing = back.steps.compile(rule, subject_.zone_minutes, dates)) {
    mistakes_.add(Errc::mapping_reverse_step, where(rule.name), rule.name + ": " + *missing, {}, {"list it under reverse.one_way with the reason", "在 reverse.one_way 中列出并说明原因"});
  }
  for (const auto& step : rule.steps) {
    const std::vector<std::string> forms = date_forms(*step);
    if (forms.empty()) continue;
    const auto reads = [&forms](const std::string& form) { return std::find(forms.begin(), forms.end(), form) != forms.end(); };
    back.date_named = std::any_of(dates.begin(), dates.end(), reads);
    if (named == plan_.dates.end() || std::all_of(dates.begin(), dates.end(), reads)) continue;
    mistakes_.add(Errc::mapping_date_pattern, node_, "reverse.dates." + rule.name, {"a form that the rule reads", "该规则可读取的日期格式"});
  }
}

void ReverseCompiler::rule(const Rule& rule) {
  known_.insert(rule.name);
  RuleBack& back = plan_.rules[&rule];
  if (plan_.is_one_way(rule.name)) back.way = RuleBack::Way::one_way;
  if (rule.constant) {
    back.way = RuleBack::Way::constant;
    back.literal = rule.literal;
    return;
  }
  if (rule.value) {
    if (back.way != RuleBack::Way::one_way) mistakes_.add(Errc::mapping_reverse_step, where(rule.name), rule.name + ": value", {}, {"list it under reverse.one_way with the reason", "在 reverse.one_way 中列出并说明原因"});
    back.way = RuleBack::Way::one_way;
    // The places that it reads are known all the same, for `order`.
    for (const Ref& ref : rule.refs) {
      if (ref.kind == Ref::Kind::node) (void)const_cast<Shape*>(plan_.scope_shapes[ref.scope])->at(subject_.scopes.all[ref.scope]->slot_path(ref.slot));
    }
    return;
  }
  if (rule.refs.empty()) return;
  // Listed fields keep their place and inverse where they have one: the laws try whether they are listed for nothing.
  if (back.way == RuleBack::Way::one_way) {
    if (rule.refs.front().kind == Ref::Kind::node && !back.steps.compile(rule, subject_.zone_minutes, {})) {
      const Ref& ref = rule.refs.front();
      Shape& leaf = const_cast<Shape*>(plan_.scope_shapes[ref.scope])->at(subject_.scopes.all[ref.scope]->slot_path(ref.slot));
      leaf.leaf = true;
      leaf.touch(turn_);
      back.leaf = &leaf;
      back.scope = ref.scope;
    }
    return;
  }
  place(rule, rule.refs.front(), back);
  if (back.way == RuleBack::Way::constant) return;
  steps(rule, back);
}

Shape* ReverseCompiler::shape_at(const YamlNode& at, const std::string& subject, bool make) {
  std::vector<Path> paths;
  std::string problem;
  const bool good = at.is_scalar() && parse_path(at.text, PathSyntax::slashes, paths, problem) && paths.size() == 1 && !paths[0].steps.empty() &&
                    (paths[0].origin == Origin::here || (paths[0].origin == Origin::outer && subject_.scopes.outer >= 0));
  if (!good) {
    mistakes_.add(Errc::mapping_path_invalid, at, subject, {"a path of the message", "报文中的路径"});
    return nullptr;
  }
  const auto scope = static_cast<std::size_t>(paths[0].origin == Origin::outer ? subject_.scopes.outer : subject_.scopes.root);
  Shape& start = *const_cast<Shape*>(plan_.scope_shapes[scope]);
  if (make) return &start.at(paths[0].steps);
  const Shape* found = start.find(paths[0].steps);
  if (found == nullptr) mistakes_.add(Errc::mapping_reverse_path_unknown, at, subject, {}, same(at.text));
  return const_cast<Shape*>(found);
}

void ReverseCompiler::each_path(const char* key, const std::function<void(Shape&, std::size_t, const YamlNode&)>& use) {
  const YamlNode* node = node_.find(key);
  if (node == nullptr) return;
  const std::string subject = std::string("reverse.") + key;
  if (!node->is_sequence()) mistakes_.add(Errc::mapping_wrong_shape, *node, subject, {"a list of paths", "路径列表"});
  for (std::size_t i = 0; i < node->items.size(); ++i) {
    if (Shape* shape = shape_at(node->items[i], subject, false); shape != nullptr) use(*shape, i, node->items[i]);
  }
}

void ReverseCompiler::paths() {
  each_path("order", [](Shape& shape, std::size_t number, const YamlNode&) {
    for (Shape* now = &shape; now->parent != nullptr; now = now->parent) now->listed = std::min(now->listed, number);
    shape.listed = number;
  });
  each_path("empty", [](Shape& shape, std::size_t, const YamlNode&) { shape.absent = Shape::Absent::empty; });
  each_path("nil", [this](Shape& shape, std::size_t, const YamlNode& at) {
    if (shape.step.attribute || shape.list) mistakes_.add(Errc::mapping_wrong_shape, at, "reverse.nil", {"an element or member with a value", "带值的元素或成员"});
    shape.absent = Shape::Absent::nil;
  });
  each_path("numbers", [](Shape& shape, std::size_t, const YamlNode&) { shape.token = Shape::Token::number; });
  each_path("booleans", [](Shape& shape, std::size_t, const YamlNode&) { shape.token = Shape::Token::boolean; });
  each_path("arrays", [](Shape& shape, std::size_t, const YamlNode&) { shape.array = true; });
  each_path("cdata", [](Shape& shape, std::size_t, const YamlNode&) { shape.cdata = true; });
}

/// Columns of fixed width are a limit of their own.
void ReverseCompiler::widths() {
  for (const WriteStage& stage : plan_.stages) {
    if (stage.kind != Stage::Kind::fixed || stage.scope < 0) continue;
    const auto unit = stage.charset.encoding == wire::Encoding::utf8 ? LengthLimit::Unit::utf8 : LengthLimit::Unit::gbk;
    for (const auto& row : const_cast<Shape*>(plan_.scope_shapes[static_cast<std::size_t>(stage.scope)])->children) {
      for (const auto& field : stage.fixed.fields) {
        Shape* shape = const_cast<Shape*>(row->find({{field.name, false, 0}}));
        if (shape != nullptr && !shape->length) shape->length = LengthLimit{unit, field.bytes, false};
      }
    }
  }
}

void ReverseCompiler::lengths() {
  const YamlNode* node = node_.find("lengths");
  if (node == nullptr) return;
  for (const auto& [path, limit] : node->members) {
    Shape* shape = shape_at(path, "reverse.lengths", false);
    if (!check_keys(limit, {"chars", "utf8", "gbk", "cut"}, "reverse.lengths." + path.text, mistakes_)) continue;
    LengthLimit made;
    unsigned units = 0;
    const auto unit = [&, &limit = limit](const char* key, LengthLimit::Unit which) {
      const YamlNode* value = limit.find(key);
      if (value == nullptr) return;
      made.unit = which;
      made.most = small_number(value->text, 1, 1000000).value_or(0);
      units += made.most == 0 ? 2 : 1;
    };
    unit("chars", LengthLimit::Unit::characters);
    unit("utf8", LengthLimit::Unit::utf8);
    unit("gbk", LengthLimit::Unit::gbk);
    const YamlNode* cut = limit.find("cut");
    made.cut = cut != nullptr && cut->text == "character";
    if (units != 1 || (cut != nullptr && !made.cut)) {
      mistakes_.add(Errc::mapping_wrong_shape, path, "reverse.lengths." + path.text, {"{chars: n}, {utf8: n} or {gbk: n}, with cut: character to cut", "{chars: n}、{utf8: n} 或 {gbk: n}；允许截断时加 cut: character"});
    } else if (shape != nullptr) {
      shape->length = made;
    }
  }
}

void ReverseCompiler::constants() {
  const YamlNode* node = node_.find("constants");
  if (node == nullptr) return;
  if (!node->is_mapping()) {
    mistakes_.add(Errc::mapping_wrong_shape, *node, "reverse.constants", {"path: text", "路径: 文本"});
    return;
  }
  for (const auto& [path, value] : node->members) {
    Shape* shape = shape_at(path, "reverse.constants", true);
    std::string text = value.text;
    if (value.is_mapping() && check_keys(value, {"param"}, "reverse.constants", mistakes_)) {
      const YamlNode* name = value.find("param");
      const auto found = name == nullptr ? subject_.params.end() : subject_.params.find(name->text);
      if (found == subject_.params.end()) mistakes_.add(Errc::mapping_unknown_param, value, "reverse.constants." + path.text);
      else text = found->second;
    } else {
      refuse_secret(value, "reverse.constants." + path.text, mistakes_);
    }
    if (shape == nullptr) continue;
    if (shape->leaf) mistakes_.add(Errc::mapping_duplicate_rule, path, "reverse.constants." + path.text);
    shape->leaf = true;
    shape->touch(turn_);
    shape->constant = std::move(text);
  }
}

/// Names that several codes stand for need a preferred one, unless another rule over the same place tells the codes apart.
void ReverseCompiler::reading_tables() {
  std::set<std::string> told;
  for (const auto& [rule, back] : plan_.rules) {
    if (!rule->table || back.way != RuleBack::Way::written || back.leaf == nullptr) continue;
    for (const CodeTable::Row& row : rule->table->rows()) {
      std::vector<std::string> codes;
      for (const CodeTable::Row& other : rule->table->rows()) {
        if (other.name == row.name) codes.push_back(other.code);
      }
      if (codes.size() < 2) continue;
      const auto chosen = [&row](const CodeTable::Row& other) { return other.name == row.name && other.preferred; };
      if (std::any_of(rule->table->rows().begin(), rule->table->rows().end(), chosen)) continue;
      const auto tells_apart = [&codes](const Rule* other) {
        std::set<std::string> names;
        for (const std::string& code : codes) {
          const CodeTable::Row* found = other->table->find(code);
          names.insert(found == nullptr ? "" : found->name);
        }
        return names.size() == codes.size();
      };
      const auto& sharing = coded_[back.leaf];
      if (std::any_of(sharing.begin(), sharing.end(), tells_apart)) continue;
      if (!told.insert(rule->table->id + "/" + row.name).second) continue;
      std::string list;
      for (const std::string& code : codes) list += (list.empty() ? "" : ", ") + code;
      mistakes_.add(Errc::mapping_reverse_table_ambiguous, where(rule->name), rule->name + ": " + row.name, same(list),
                    same("tables." + rule->table->id + ".prefer: {" + row.name + ": " + codes.front() + "}"));
    }
  }
}

void ReverseCompiler::leaves() {
  const Scopes& scopes = subject_.scopes;
  plan_.leaves.resize(scopes.all.size());
  for (std::size_t i = 0; i < scopes.all.size(); ++i) {
    for (std::uint16_t slot = 0; slot < scopes.all[i]->slot_count(); ++slot) plan_.leaves[i].push_back(plan_.scope_shapes[i]->find(scopes.all[i]->slot_path(slot)));
  }
  for (const auto& start : plan_.starts) {
    if (start) start->arrange();
  }
}

void ReverseCompiler::run() {
  if (!check_keys(node_, kKeys, "reverse", mistakes_)) return;
  head();
  read_one_way();
  read_dates();
  shapes();
  for (const auto& one : subject_.identity) rule(*one);
  if (subject_.kind_rule != nullptr) rule(*subject_.kind_rule);
  if (subject_.event != nullptr) rule(*subject_.event);
  if (subject_.rules != nullptr) block(*subject_.rules);
  for (const auto& [field, reason] : plan_.one_way) {
    if (known_.count(field) != 0) continue;
    const std::vector<std::string_view> known(known_.begin(), known_.end());
    mistakes_.add(Errc::mapping_unknown_target_field, *node_.find("one_way"), "reverse.one_way." + field, {"a field that a rule gives", "规则给出的字段"}, did_you_mean(field, known));
  }
  constants();
  compile_write(node_, subject_, mistakes_, plan_);
  paths();
  lengths();
  widths();
  reading_tables();
  leaves();
}

} // namespace

std::unique_ptr<ReversePlan> compile_reverse(const YamlNode& node, const ReverseSubject& subject, const Mistakes& mistakes) {
  auto plan = std::make_unique<ReversePlan>();
  ReverseCompiler(node, subject, mistakes, *plan).run();
  return plan;
}

} // namespace tongqu::mapping::detail
