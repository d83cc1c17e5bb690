#include "mapping/reverse/law_samples.hpp"

#include <algorithm>
#include <map>

namespace tongqu::mapping::detail {
namespace {

} // namespace

std::pair<std::size_t, std::string> leaf_key(const ReversePlan& plan, const Shape* shape) {
  std::string path;
  for (; shape->parent != nullptr; shape = shape->parent) path = (shape->step.attribute ? "@" : "") + shape->step.name + (path.empty() ? "" : "/" + path);
  for (std::size_t scope = 0; scope < plan.starts.size(); ++scope) {
    if (plan.starts[scope].get() == shape) return {scope, path};
  }
  return {0, path};
}

namespace {

class Collector final : public PieceSink {
public:
  explicit Collector(MessageLeaves& out) : out_(out) {}
  void tell(Findings&&) override {}
  void refuse(const Error& error, const std::string&) override { out_.error = std::string(error.id()); }
  void take(StageResult& result) override {
    for (std::size_t scope = 0; scope < result.starts.size(); ++scope) {
      const StageResult::Start& start = result.starts[scope];
      if (start.document != nullptr) walk(wire::Node(start.document, start.node), scope, {});
    }
  }

private:
  void walk(const wire::Node& node, std::size_t scope, const std::string& path) {
    for (wire::Node attribute = node.first_attribute(); attribute; attribute = attribute.next()) {
      out_.leaves.push_back({scope, path + (path.empty() ? "@" : "/@") + std::string(attribute.name()), std::string(attribute.raw_text())});
    }
    if (!node.has_children()) {
      const bool container = node.kind() == wire::NodeKind::object || node.kind() == wire::NodeKind::array;
      if (!container && !path.empty()) out_.leaves.push_back({scope, path, std::string(node.raw_text())});
      return;
    }
    for (wire::Node child = node.first_child(); child; child = child.next()) {
      // Items of an array stand for repeated members with its name.
      const std::string step = node.kind() == wire::NodeKind::array ? std::string() : std::string(child.name());
      walk(child, scope, step.empty() ? path : path.empty() ? step : path + "/" + step);
    }
  }

  MessageLeaves& out_;
};

/// Places of the plan by scope of their document and by path without ordinals.
class Readers {
public:
  Readers(const ReversePlan& plan, const ReverseSubject& subject) {
    for (const auto& [rule, back] : plan.rules) {
      if (back.leaf != nullptr) rules_[key(plan, back.leaf)].push_back(rule);
    }
    for (std::size_t scope = 0; scope < subject.stages.part_names.size(); ++scope) {
      if (plan.starts[scope]) note(plan, *plan.starts[scope]);
    }
    for (const WriteStage& stage : plan.stages) {
      if (stage.carrier != nullptr) carriers_.insert(key(plan, stage.carrier));
    }
  }
  const std::vector<const Rule*>* find(std::size_t scope, const std::string& path) const {
    const auto at = rules_.find({scope, path});
    return at == rules_.end() ? nullptr : &at->second;
  }
  bool carries(std::size_t scope, const std::string& path) const { return carriers_.count({scope, path}) != 0; }
  bool constant(std::size_t scope, const std::string& path) const { return constants_.count({scope, path}) != 0; }

private:
  using Key = std::pair<std::size_t, std::string>;
  static Key key(const ReversePlan& plan, const Shape* shape) { return leaf_key(plan, shape); }
  void note(const ReversePlan& plan, const Shape& shape) {
    if (shape.constant) constants_.insert(key(plan, &shape));
    for (const auto& child : shape.children) note(plan, *child);
  }
  std::map<Key, std::vector<const Rule*>> rules_;
  std::set<Key> carriers_, constants_;
};

class Comparison {
public:
  Comparison(const std::set<std::string>& fields, const ReversePlan& plan, const ReverseSubject& subject, MessageDifferences& out) : fields_(fields), plan_(plan), readers_(plan, subject), out_(out) {}
  void run(const MessageLeaves& sent, const MessageLeaves& written);

private:
  void pair(const MessageLeaf& a, const MessageLeaf& b);
  void only_sent(const MessageLeaf& leaf);
  void only_written(const MessageLeaf& leaf);
  bool says_nothing(const MessageLeaf& leaf) const;

  const std::set<std::string>& fields_;
  const ReversePlan& plan_;
  const Readers readers_;
  MessageDifferences& out_;
  wire::Arena arena_;
};

/// What trim, fold and upper-casing would make of a text, each on its own, to name the difference.
std::string through(const char* step_name, const YamlNode& argument, const std::string& text) {
  Findings ignored;
  const Mistakes mistakes(ignored, {});
  StepBuild build{mistakes, {}, std::nullopt, nullptr};
  YamlNode key;
  key.text = step_name;
  const auto step = compile_step(key, argument, build);
  wire::Arena arena;
  Value value;
  value.text = text;
  if (!step || step->run(value, arena) != StepOutcome::ok) return text;
  return std::string(value.text);
}

YamlNode word(const char* text) {
  YamlNode node;
  node.text = text;
  return node;
}

YamlNode word_list(std::initializer_list<const char*> all) {
  YamlNode node;
  node.kind = YamlNode::Kind::sequence;
  for (const char* text : all) node.items.push_back(word(text));
  return node;
}

void Comparison::pair(const MessageLeaf& a, const MessageLeaf& b) {
  if (a.text == b.text) return;
  std::set<std::string> kinds;
  std::string left = a.text, right = b.text;
  const auto apply = [&](const char* kind, const char* step, const YamlNode& argument) {
    if (left == right) return;
    const std::string l = through(step, argument, left), r = through(step, argument, right);
    if (l != left || r != right) kinds.insert(kind);
    left = l;
    right = r;
  };
  apply("blank", "trim", word("wide"));
  apply("blank", "join_lines", word(""));
  apply("width", "fold", word_list({"digits", "latin", "punct", "space"}));
  apply("case", "upper", word(""));
  if (left == right) {
    out_.kinds.insert(kinds.begin(), kinds.end());
    return;
  }
  const auto* rules = readers_.find(a.scope, a.path);
  if (rules == nullptr) {
    out_.kinds.insert(readers_.constant(a.scope, a.path) ? "default" : "unread");
    return;
  }
  for (const Rule* rule : *rules) {
    const auto first = run_forwards(*rule, a.text, arena_), second = run_forwards(*rule, b.text, arena_);
    const bool coded = first && second && rule->table && first->type == ValueType::text;
    const CodeTable::Row* one = coded ? rule->table->find(first->text) : nullptr;
    const CodeTable::Row* two = coded ? rule->table->find(second->text) : nullptr;
    if (first && second && first->type == ValueType::time) out_.kinds.insert("date_form");
    else if (first && second && first->type == ValueType::text_list) out_.kinds.insert("list_form");
    else if (first && second && rule->place.kind() != model::FieldKind::text && !rule->table) out_.kinds.insert("number_form");
    else if (one != nullptr && two != nullptr && one->name == two->name) out_.kinds.insert("code_form");
    else if (!first && !second) out_.kinds.insert("empty");
    else out_.lost.push_back(a.path);
  }
}

/// A text that the rule reads as no value.
bool Comparison::says_nothing(const MessageLeaf& leaf) const {
  const auto* rules = readers_.find(leaf.scope, leaf.path);
  wire::Arena arena;
  if (leaf.text.empty()) return true;
  return rules != nullptr && std::all_of(rules->begin(), rules->end(), [&](const Rule* rule) { return !run_forwards(*rule, leaf.text, arena); });
}

void Comparison::only_sent(const MessageLeaf& leaf) {
  const auto* rules = readers_.find(leaf.scope, leaf.path);
  const auto listed = [this](const Rule* rule) { return plan_.is_one_way(rule->name); };
  const auto was_read = [this](const Rule* rule) { return fields_.count(rule->name) != 0; };
  if (says_nothing(leaf)) out_.kinds.insert("empty");
  else if (rules == nullptr || std::none_of(rules->begin(), rules->end(), was_read)) out_.kinds.insert("unread");
  else if (!std::any_of(rules->begin(), rules->end(), listed)) out_.lost.push_back(leaf.path);
}

void Comparison::only_written(const MessageLeaf& leaf) {
  if (readers_.constant(leaf.scope, leaf.path)) return;
  if (leaf.text.empty()) out_.kinds.insert("empty");
  else out_.kinds.insert("default");
}

void Comparison::run(const MessageLeaves& sent, const MessageLeaves& written) {
  using Key = std::pair<std::size_t, std::string>;
  std::map<Key, std::vector<const MessageLeaf*>> first, second;
  std::vector<Key> first_order, second_order;
  for (const MessageLeaf& leaf : sent.leaves) {
    if (!readers_.carries(leaf.scope, leaf.path)) first[{leaf.scope, leaf.path}].push_back(&leaf);
  }
  for (const MessageLeaf& leaf : written.leaves) {
    if (!readers_.carries(leaf.scope, leaf.path)) second[{leaf.scope, leaf.path}].push_back(&leaf);
  }
  for (const auto& [key, leaves] : first) {
    const auto other = second.find(key);
    const std::size_t both = other == second.end() ? 0 : std::min(leaves.size(), other->second.size());
    for (std::size_t i = 0; i < leaves.size(); ++i) {
      if (i < both) pair(*leaves[i], *other->second[i]);
      else only_sent(*leaves[i]);
    }
  }
  for (const auto& [key, leaves] : second) {
    const auto other = first.find(key);
    for (std::size_t i = other == first.end() ? 0 : other->second.size(); i < leaves.size(); ++i) only_written(*leaves[i]);
  }
  // Order is asked only of what stands in both.
  const auto shared = [](const MessageLeaves& leaves, const auto& others) {
    std::vector<std::string> order;
    for (const MessageLeaf& leaf : leaves.leaves) {
      if (others.count({leaf.scope, leaf.path}) != 0 && (order.empty() || order.back() != leaf.path)) order.push_back(leaf.path);
    }
    return order;
  };
  if (shared(sent, second) != shared(written, first)) out_.kinds.insert("order");
}

} // namespace

MessageLeaves read_leaves(const Stages& stages, const StageInput& input, StageMemory& memory) {
  MessageLeaves out;
  Collector collector(out);
  StageResult result;
  if (auto done = run_stages(stages, input, memory, result, collector); !done) out.error = std::string(done.error().id());
  return out;
}

MessageDifferences compare_messages(const MessageLeaves& sent, const MessageLeaves& written, const std::set<std::string>& fields, const ReversePlan& plan, const ReverseSubject& subject) {
  MessageDifferences out;
  Comparison(fields, plan, subject, out).run(sent, written);
  return out;
}

} // namespace tongqu::mapping::detail
