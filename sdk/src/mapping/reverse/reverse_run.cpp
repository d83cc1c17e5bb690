#include "mapping/reverse/reverse_run.hpp"

#include <algorithm>
#include <functional>
#include <unordered_map>

#include "mapping/reverse/back_value.hpp"
#include "mapping/reverse/fill.hpp"
#include "mapping/rule_run.hpp"

namespace tongqu::mapping::detail {
namespace {

using model::FieldKind;

template <class T>
const T& value_at(const void* member) { return **static_cast<const std::optional<T>*>(member); }

/// Conditions asked of a message that is being written: what stands in it so far, and the record. A list of the message is not whole yet,
/// so that a condition over one is taken to hold; the reading back judges it.
class Conditions final : public RuleRun {
public:
  using Ask = std::function<LeafState(const std::vector<Ref>&, std::string_view&)>;
  Conditions(const Inputs& in, Ask ask) : RuleRun(in), ask_(std::move(ask)) {}
  bool unsure = false;
  LeafState source_leaf(const std::vector<Ref>& refs, std::string_view& text) const override { return ask_(refs, text); }
  std::size_t list_size(const ExprList& list) override {
    if (list.field) return RuleRun::list_size(list);
    unsure = true;
    return 0;
  }
  bool must_visit(const ExprList& list) const override { return list.field && RuleRun::must_visit(list); }
  void after_list(const ExprList& list) override { if (list.field) RuleRun::after_list(list); }

private:
  Ask ask_;
};

class Run {
public:
  struct Inputs { const ReversePlan& plan; const ReverseSubject& subject; const model::Record& record; const Limits& limits; const std::string* tried; };
  Run(const Inputs& in, Written& out)
      : in_(in), out_(out), leaves_(leaves_of(in.record)), fill_(in.plan, out),
        conditions_({frames_, part_names_, nullptr, arena_, ignored_, const_cast<model::Record*>(&in.record)},
                    [this](const std::vector<Ref>& refs, std::string_view& text) { return source_leaf(refs, text); }) {
    for (const RecordLeaf& leaf : leaves_.leaves) by_path_.emplace(leaf.path, &leaf);
  }
  Result<void> go();

private:
  LeafState source_leaf(const std::vector<Ref>& refs, std::string_view& text) const;
  bool holds(const Expression& condition);
  void start();
  void head();
  void block(const Block& block, std::size_t depth);
  void group(const Block& block, std::size_t depth);
  void list(const ListRule& list, std::size_t depth);
  void plain_list(const ListRule& list, const void* member, const std::string& path);
  void rule(const Rule& rule);
  void write(const Rule& rule, const RuleBack& back, const RecordLeaf& leaf);
  void constant(const Rule& rule, const RuleBack& back, const RecordLeaf& leaf);
  bool coded(const Rule& rule, const RecordLeaf& leaf, std::vector<Back>& values, bool& ambiguous);
  std::vector<std::string> codes(const Rule& rule, const model::Code& code, bool& ambiguous) const;
  void forms(const Rule& rule, const RuleBack& back, const std::vector<Back>& values, const RecordLeaf& leaf, bool ambiguous);
  bool acceptable(const Rule& rule, const RuleBack& back, const Back& form, const Back& wanted, const std::string& path);
  void clear(const Rule& rule, const RuleBack& back, const std::string& path);
  void not_carried();
  const RecordLeaf* find(const std::string& path) const {
    const auto at = by_path_.find(path);
    return at == by_path_.end() ? nullptr : at->second;
  }
  std::string path_of(const Rule& rule) const;
  void say(Errc id, Severity severity, const std::string& path, const std::string& rule, Bilingual expected = {});
  /// What the message has no place for: the mapping says whether that stops the record.
  void leave(Errc id, const std::string& path, const std::string& rule, Bilingual expected = {});
  OutNode* instance(std::uint16_t scope) { return instances_[scope]; }

  const Inputs in_;
  Written& out_;
  const RecordLeaves leaves_;
  std::unordered_map<std::string, const RecordLeaf*> by_path_;
  std::set<std::string> used_;
  Fill fill_;
  std::vector<std::unique_ptr<OutNode>> documents_;
  std::vector<OutNode*> instances_;
  model::ElementIndex index_{};
  wire::Arena arena_;
  std::vector<Frame> frames_;
  std::vector<std::string> part_names_;
  Findings ignored_;
  Conditions conditions_;
};

void Run::say(Errc id, Severity severity, const std::string& path, const std::string& rule, Bilingual expected) {
  Finding finding;
  finding.id = id;
  finding.severity = severity;
  finding.path = path;
  finding.rule = rule;
  finding.expected = std::move(expected);
  out_.findings.add(std::move(finding));
}

void Run::leave(Errc id, const std::string& path, const std::string& rule, Bilingual expected) {
  out_.left_out.insert(path);
  say(id, in_.plan.rest_reported ? Severity::warn : Severity::error, path, rule, std::move(expected));
}

std::string Run::path_of(const Rule& rule) const {
  return rule.place.in_entity() && rule.place.slot.depth != 0 ? model::slot_path(rule.place.slot, index_) : rule.name;
}

LeafState Run::source_leaf(const std::vector<Ref>& refs, std::string_view& text) const {
  for (const Ref& ref : refs) {
    std::optional<std::string_view> found;
    if (ref.kind == Ref::Kind::param) {
      found = ref.text;
    } else if (ref.kind == Ref::Kind::meta) {
      const auto fact = out_.facts.find(ref.text);
      if (fact != out_.facts.end()) found = fact->second;
    } else if (ref.scope < in_.plan.leaves.size() && ref.slot < in_.plan.leaves[ref.scope].size()) {
      const Shape* leaf = in_.plan.leaves[ref.scope][ref.slot];
      const OutNode* start = instances_[ref.scope];
      if (leaf != nullptr && start != nullptr) found = Fill::text_of(*start, *in_.plan.scope_shapes[ref.scope], *leaf);
    }
    if (!found) continue;
    text = *found;
    return text.empty() ? LeafState::empty : LeafState::text;
  }
  return LeafState::absent;
}

bool Run::holds(const Expression& condition) {
  conditions_.index = index_;
  conditions_.unsure = false;
  ExprTrouble trouble;
  const bool truth = condition.holds(conditions_, trouble);
  return truth || conditions_.unsure || trouble.id != Errc::none;
}

/// The documents, and in them the one element that a record is made of where a delivery has many.
void Run::start() {
  const std::size_t scopes = in_.plan.scope_shapes.size();
  documents_.resize(scopes);
  instances_.assign(scopes, nullptr);
  for (std::size_t i = 0; i < scopes; ++i) {
    if (!in_.plan.starts[i]) continue;
    documents_[i] = std::make_unique<OutNode>(*in_.plan.starts[i]);
    instances_[i] = documents_[i].get();
  }
  if (in_.subject.records_scope < 0) return;
  const auto scope = static_cast<std::uint16_t>(in_.subject.records_scope);
  for (const Scopes::Child& child : in_.subject.scopes.children) {
    if (child.scope == scope) instances_[scope] = &Fill::append(*instances_[child.parent], *in_.plan.scope_shapes[child.parent], *in_.plan.scope_shapes[scope]);
  }
}

void Run::constant(const Rule& rule, const RuleBack& back, const RecordLeaf& leaf) {
  bool same = false;
  if (leaf.field == nullptr || leaf.field->kind == FieldKind::text || leaf.field->kind == FieldKind::identifier) {
    const std::string& text = leaf.field == nullptr ? *static_cast<const std::string*>(leaf.member) : value_at<std::string>(leaf.member);
    const CodeTable::Row* row = rule.table ? rule.table->find(back.literal) : nullptr;
    same = text == (row != nullptr ? row->name : back.literal);
  } else if (leaf.field->kind == FieldKind::code) {
    const CodeTable::Row* row = rule.table ? rule.table->find(back.literal) : nullptr;
    same = value_at<model::Code>(leaf.member).name == (row != nullptr ? row->name : back.literal);
  } else if (const auto read = run_forwards(rule, back.literal, arena_)) {
    same = reads_as(*read, back_of(leaf.field->kind, leaf.member));
  }
  if (!same) leave(Errc::mapping_reverse_not_carried, leaf.path, rule.name, {"the constant of the mapping", "映射中的常量"});
}

/// Codes that stand for what the record says, the preferred one first.
std::vector<std::string> Run::codes(const Rule& rule, const model::Code& code, bool& ambiguous) const {
  const CodeTable& table = *rule.table;
  const CodeTable::Row* sent = code.code.empty() || code.system != table.system ? nullptr : table.find(code.code);
  if (sent != nullptr && sent->name == code.name) return {code.code};
  std::vector<std::string> found;
  if (code.name.empty()) {
    // Kept raw when it came: the code alone is known.
    const bool raw = code.system == table.system && table.find(code.code) == nullptr;
    if (raw) found.push_back(code.code);
    return found;
  }
  bool chosen = false;
  for (const CodeTable::Row& row : table.rows()) {
    if (row.name != code.name || table.find(row.code) == nullptr) continue;
    // The preferred one comes first; the others stay open for rules that share the place.
    found.insert(row.preferred ? found.begin() : found.end(), row.code);
    chosen = chosen || row.preferred;
  }
  ambiguous = ambiguous || (found.size() > 1 && !chosen);
  return found;
}

/// Values that a table gave, as the codes that stood in front of it.
bool Run::coded(const Rule& rule, const RecordLeaf& leaf, std::vector<Back>& values, bool& ambiguous) {
  const FieldKind kind = leaf.field == nullptr ? FieldKind::text : leaf.field->kind;
  if (kind == FieldKind::code_list || kind == FieldKind::text_list) {
    Back whole;
    whole.type = ValueType::text_list;
    std::vector<model::Code> items;
    if (kind == FieldKind::code_list) items = value_at<std::vector<model::Code>>(leaf.member);
    else for (const std::string& name : value_at<std::vector<std::string>>(leaf.member)) items.push_back({name, {}, {}, {}});
    for (const model::Code& item : items) {
      bool several = false;
      const auto found = codes(rule, item, several);
      if (found.empty() || several) return false;
      whole.list.push_back(found.front());
    }
    values.push_back(std::move(whole));
    return true;
  }
  model::Code code;
  if (kind == FieldKind::code) code = value_at<model::Code>(leaf.member);
  else code.name = leaf.field == nullptr ? *static_cast<const std::string*>(leaf.member) : back_of(kind, leaf.member).text;
  for (std::string& text : codes(rule, code, ambiguous)) {
    values.emplace_back();
    values.back().text = std::move(text);
  }
  const bool free_text = kind == FieldKind::code && !code.text.empty() && code.name == "other" && code.system != rule.table->system;
  if (free_text) leave(Errc::mapping_reverse_not_carried, leaf.path, rule.name, {"a code without free text", "不带自由文本的代码"});
  return !values.empty();
}

/// A form is written only when the rule would read it as what the record says.
bool Run::acceptable(const Rule& rule, const RuleBack& back, const Back& form, const Back& wanted, const std::string& path) {
  if (form.part) return true;
  const auto read = run_forwards(rule, form.text, arena_);
  if (!read) return false;
  if (rule.table) return wanted.type == ValueType::text_list ? reads_as(*read, wanted) : read->text == wanted.text;
  if (reads_as(*read, wanted)) {
    if (wanted.type == ValueType::time && !wanted.unlimited && wanted.time.has_clock() && read->time.offset_minutes != wanted.time.offset_minutes) say(Errc::mapping_reverse_zone, Severity::info, path, rule.name);
    return true;
  }
  // A form that the mapping asks for by name may be finer than what is known: 07:08 becomes 07:08:00.
  const bool finer = back.date_named && wanted.type == ValueType::time && read->type == ValueType::time && !wanted.unlimited && !read->unlimited &&
                     wanted.time.has_clock() && read->time.precision > wanted.time.precision && to_epoch_ms(read->time.utc()) == to_epoch_ms(wanted.time.utc());
  if (!finer) return false;
  out_.excused.insert(path);
  say(Errc::mapping_reverse_precision, Severity::warn, path, rule.name);
  return true;
}

void Run::forms(const Rule& rule, const RuleBack& back, const std::vector<Back>& values, const RecordLeaf& leaf, bool ambiguous) {
  std::vector<Back> good;
  for (const Back& value : values) {
    for (Back& form : back.steps.run(value)) {
      const bool fits = form.type != ValueType::time && form.type != ValueType::text_list && form.type != ValueType::quantity && acceptable(rule, back, form, value, leaf.path);
      if (fits) good.push_back(std::move(form));
      // A table leaves several codes open for the rules that share the place; other values need one form.
      if (fits && !rule.table) break;
    }
  }
  if (good.empty()) {
    out_.left_out.insert(leaf.path);
    say(Errc::mapping_reverse_value, Severity::error, leaf.path, rule.name);
    return;
  }
  if (back.way == RuleBack::Way::fact) {
    out_.facts[back.fact] = good.front().text;
    return;
  }
  OutNode& node = Fill::place(*instances_[back.scope], *in_.plan.scope_shapes[back.scope], *back.leaf);
  fill_.put(node, std::move(good), leaf.path, ambiguous);
}

void Run::write(const Rule& rule, const RuleBack& back, const RecordLeaf& leaf) {
  std::vector<Back> values;
  bool ambiguous = false;
  if (rule.table) {
    if (!coded(rule, leaf, values, ambiguous)) {
      out_.left_out.insert(leaf.path);
      say(Errc::mapping_reverse_value, Severity::error, leaf.path, rule.name, {"a name of the table " + rule.table->id, "代码表 " + rule.table->id + " 中的名称"});
      return;
    }
  } else if (leaf.field == nullptr) {
    values.emplace_back();
    values.back().text = *static_cast<const std::string*>(leaf.member);
  } else if (leaf.field->kind == FieldKind::code && rule.constant == false) {
    values.emplace_back();
    values.back().text = value_at<model::Code>(leaf.member).name;
  } else {
    const bool unknown = leaf.field->kind == FieldKind::validity && value_at<model::Validity>(leaf.member).kind == model::Validity::Kind::unknown;
    if (!unknown) values.push_back(back_of(leaf.field->kind, leaf.member));
  }
  forms(rule, back, values, leaf, ambiguous);
}

void Run::clear(const Rule& rule, const RuleBack& back, const std::string& path) {
  if (leaves_.cleared.count(path) == 0) return;
  used_.insert(path);
  if (!rule.nil_clears || back.leaf == nullptr || back.leaf->step.attribute) {
    leave(Errc::mapping_reverse_not_carried, path, rule.name, {"a message that can take a value away", "能够清除取值的报文"});
    return;
  }
  Fill::place(*instances_[back.scope], *in_.plan.scope_shapes[back.scope], *back.leaf).nil = true;
}

void Run::rule(const Rule& rule) {
  const RuleBack* back = in_.plan.of(rule);
  if (back == nullptr) return;
  const std::string path = path_of(rule);
  const RecordLeaf* leaf = find(path);
  if (leaf == nullptr) {
    clear(rule, *back, path);
    return;
  }
  used_.insert(path);
  const bool tried = in_.tried != nullptr && *in_.tried == rule.name && back->leaf != nullptr;
  if (back->way == RuleBack::Way::one_way && !tried) {
    out_.left_out.insert(path);
    say(Errc::mapping_reverse_one_way, Severity::warn, path, rule.name);
    return;
  }
  if (back->way == RuleBack::Way::constant) {
    constant(rule, *back, *leaf);
    return;
  }
  if (rule.when && !holds(*rule.when)) {
    leave(Errc::mapping_reverse_condition, path, rule.name);
    return;
  }
  // What a default gave will be given again.
  const bool derived = leaf->meta != nullptr && leaf->meta->mark == model::Mark::derived;
  const bool by_default = rule.fallback && (derived || leaf->field == nullptr) && !rule.derived;
  if (by_default && leaf->field == nullptr && *static_cast<const std::string*>(leaf->member) == *rule.fallback) return;
  if (by_default && leaf->field != nullptr && !rule.table && back_of(leaf->field->kind, leaf->member).text == *rule.fallback) return;
  if (by_default && rule.fallback_row != nullptr && detail::field_text(in_.record, rule.place, index_) == rule.fallback_row->name) return;
  write(rule, *back, *leaf);
}

void Run::plain_list(const ListRule& list, const void* member, const std::string& path) {
  const RuleBack* back = in_.plan.of(*list.element);
  used_.insert(path);
  const bool codes_here = list.place.kind() == FieldKind::code_list;
  std::vector<model::Code> items;
  if (codes_here) items = value_at<std::vector<model::Code>>(member);
  else for (const std::string& text : value_at<std::vector<std::string>>(member)) items.push_back({text, {}, {}, {}});
  if (items.empty() && !list.empty_is_none) say(Errc::mapping_reverse_value, Severity::error, path, list.name, {"at least one item", "至少一项"});
  if (back == nullptr || back->leaf == nullptr) return;
  for (const model::Code& item : items) {
    bool ambiguous = false;
    std::vector<Back> values;
    if (list.element->table) {
      for (std::string& text : codes(*list.element, item, ambiguous)) {
        values.emplace_back();
        values.back().text = std::move(text);
      }
    } else {
      values.emplace_back();
      values.back().text = item.name;
    }
    instances_[list.scope] = &Fill::append(*instances_[list.parent_scope], *in_.plan.scope_shapes[list.parent_scope], *in_.plan.scope_shapes[list.scope]);
    forms(*list.element, *back, values, {path, nullptr, nullptr, nullptr}, ambiguous);
  }
  instances_[list.scope] = nullptr;
}

void Run::list(const ListRule& list, std::size_t depth) {
  const std::string path = model::slot_path(list.place.slot, index_);
  if (list.shape && (list.shape->join || list.shape->zip || list.shape->of_group)) return;
  const void* member = model::member_at(in_.record.object(), list.place.slot, index_);
  if (in_.plan.is_one_way(list.name) && (in_.tried == nullptr || in_.tried->compare(0, list.name.size(), list.name) != 0)) return;
  if (list.element) {
    if (find(path) != nullptr) plain_list(list, member, path);
    return;
  }
  const model::RecordType& type = *list.place.slot.field().type();
  if (!type.list_engaged(member)) return;
  used_.insert(path);
  const std::size_t size = type.list_size(member);
  const Shape& shape = *in_.plan.scope_shapes[list.scope];
  if (size == 0) {
    if (!list.empty_is_none) say(Errc::mapping_reverse_value, Severity::error, path, list.name, {"at least one element", "至少一个元素"});
    else if (shape.absent == Shape::Absent::empty) Fill::append(*instances_[list.parent_scope], *in_.plan.scope_shapes[list.parent_scope], shape).none = true;
  }
  for (std::size_t i = 0; i < size; ++i) {
    instances_[list.scope] = &Fill::append(*instances_[list.parent_scope], *in_.plan.scope_shapes[list.parent_scope], shape);
    index_[depth] = static_cast<std::uint16_t>(i);
    block(*list.block, depth + 1);
    if (list.when && !holds(*list.when)) leave(Errc::mapping_reverse_condition, path + "[" + std::to_string(i) + "]", list.name);
  }
  index_[depth] = 0;
  instances_[list.scope] = nullptr;
}

void Run::group(const Block& block, std::size_t depth) {
  if (!block.when || holds(*block.when)) {
    this->block(block, depth);
    return;
  }
  // Another branch of the message: whatever of it the record has is told by the rule that would write it.
  std::vector<const Rule*> rules;
  const auto collect = [&rules](const auto& self, const Block& of) -> void {
    for (const Item& item : of.items) {
      if (item.rule) rules.push_back(item.rule.get());
      else if (item.group) self(self, *item.group);
    }
  };
  collect(collect, block);
  for (const Rule* one : rules) {
    const std::string path = path_of(*one);
    if (find(path) == nullptr) continue;
    used_.insert(path);
    leave(Errc::mapping_reverse_condition, path, one->name);
  }
}

void Run::block(const Block& block, std::size_t depth) {
  // Conditions ask for what other rules have written, so rules without one come first.
  for (const Item& item : block.items) {
    if (item.rule && !item.rule->when) rule(*item.rule);
  }
  for (const Item& item : block.items) {
    if (item.rule && item.rule->when) rule(*item.rule);
    else if (item.group) group(*item.group, depth);
    else if (item.list) list(*item.list, depth);
  }
}

void Run::head() {
  const model::Record& record = in_.record;
  for (const auto& one : in_.subject.identity) rule(*one);
  const bool kind_fits = in_.subject.kind_rule != nullptr || record.kind == in_.subject.kind;
  if (!kind_fits) say(Errc::mapping_reverse_not_carried, Severity::error, "record.kind", "record", same(std::string(model::record_kind_name(in_.subject.kind))));
  if (in_.subject.kind_rule != nullptr) {
    const Rule& kind = *in_.subject.kind_rule;
    const RuleBack* back = in_.plan.of(kind);
    const std::string name(model::record_kind_name(record.kind));
    const RecordLeaf leaf{"record.kind", nullptr, &name, nullptr};
    if (back != nullptr && back->way == RuleBack::Way::constant) constant(kind, *back, leaf);
    else if (back != nullptr && back->way != RuleBack::Way::one_way) write(kind, *back, leaf);
  }
  if (in_.subject.event != nullptr) rule(*in_.subject.event);
}

void Run::not_carried() {
  for (const RecordLeaf& leaf : leaves_.leaves) {
    if (used_.count(leaf.path) != 0) continue;
    // A list that is not written back takes its elements with it.
    std::string plain;
    bool inside = false;
    for (const char c : leaf.path) {
      inside = c == '[' || (inside && c != ']');
      if (!inside && c != ']') plain += c;
    }
    if (in_.plan.is_one_way(plain)) {
      out_.left_out.insert(leaf.path);
      say(Errc::mapping_reverse_one_way, Severity::warn, leaf.path, plain);
      continue;
    }
    if (leaf.path == "identity.revision" && in_.record.identity.revision == "1") continue;
    // The envelope is about the record, not part of what it says.
    if (leaf.path.compare(0, 9, "envelope.") == 0) {
      out_.left_out.insert(leaf.path);
      continue;
    }
    leave(Errc::mapping_reverse_not_carried, leaf.path, {});
  }
  for (const std::string& path : leaves_.cleared) {
    if (used_.count(path) == 0) leave(Errc::mapping_reverse_not_carried, path, {});
  }
  for (const RecordList& list : leaves_.lists) {
    if (used_.count(list.path) != 0) continue;
    // What stands in a list has been told by now; only an empty one says something of its own.
    if (list.size == 0) leave(Errc::mapping_reverse_not_carried, list.path, {});
    else out_.left_out.insert(list.path);
  }
  for (const model::UnknownMember& member : in_.record.unknown) leave(Errc::mapping_reverse_not_carried, "unknown." + member.name, {});
}

Result<void> Run::go() {
  start();
  head();
  if (in_.subject.rules != nullptr) block(*in_.subject.rules, 0);
  not_carried();
  for (std::size_t i = 0; i < documents_.size(); ++i) {
    if (documents_[i]) fill_.settle(*documents_[i], i);
  }
  if (out_.findings.has_errors()) return {};
  auto bytes = write_stages(in_.plan, documents_, in_.limits);
  if (!bytes) {
    if (bytes.error().code() == Errc::mapping_reverse_limit) return std::move(bytes).error();
    say(bytes.error().code() == Errc::wire_encoding_unmappable ? Errc::mapping_reverse_unencodable : bytes.error().code(), Severity::error, bytes.error().where(), {});
    return {};
  }
  out_.bytes = std::move(*bytes);
  return {};
}

} // namespace

Result<Written> write_record(const ReversePlan& plan, const ReverseSubject& subject, const model::Record& record, const Limits& limits, const std::string* tried) {
  Written out;
  TONGQU_CHECK(Run({plan, subject, record, limits, tried}, out).go());
  return out;
}

} // namespace tongqu::mapping::detail
