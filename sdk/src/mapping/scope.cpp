#include "mapping/scope.hpp"

#include "tongqu/base/assert.hpp"

namespace tongqu::mapping::detail {
namespace {

using wire::NodeKind;
using wire::TapeEntry;
constexpr std::size_t kGuessesMax = 1024;
constexpr std::string_view kXsi = "http://www.w3.org/2001/XMLSchema-instance";
constexpr std::string_view kSoap11 = "http://schemas.xmlsoap.org/soap/envelope/";
constexpr std::string_view kSoap12 = "http://www.w3.org/2003/05/soap-envelope";

/// Attributes that say how a value is written, not what it is: xsi:type, soapenv:encodingStyle.
bool is_protocol(std::string_view ns) { return ns == kXsi || ns == kSoap11 || ns == kSoap12; }

} // namespace

Scope::Scope() { branches_.emplace_back(); }

std::uint32_t Scope::branch_at(const std::vector<PathStep>& steps, wire::NameSet& names) {
  std::uint32_t at = 0;
  for (const PathStep& step : steps) {
    const std::uint32_t symbol = names.add(step.name);
    if (step.name == "item") item_ = symbol;
    std::uint32_t next = 0;
    for (const Edge& edge : branches_[at].edges) {
      if (edge.symbol == symbol && edge.attribute == step.attribute && edge.ordinal == step.ordinal) next = edge.child;
    }
    if (next == 0) {
      next = static_cast<std::uint32_t>(branches_.size());
      branches_.emplace_back();
      Branch& branch = branches_[at];
      branch.edges.push_back({symbol, next, step.ordinal, step.attribute});
      branch.ordinals = branch.ordinals || step.ordinal != 0;
      if (step.attribute || step.ordinal == 0) {
        // Converters from XML to JSON write an attribute as the member "@name", which no element can be called.
        const std::uint32_t key = step.attribute ? names.add("@" + step.name) : symbol;
        if (branch.direct.size() <= key) branch.direct.resize(key + 1, 0);
        branch.direct[key] = next + 1;
      }
    }
    at = next;
  }
  return at;
}

std::uint16_t Scope::slot(const std::vector<PathStep>& steps, wire::NameSet& names) {
  Branch& branch = branches_[branch_at(steps, names)];
  if (branch.slot < 0) {
    branch.slot = slots_++;
    slot_paths_.push_back(steps);
  }
  return static_cast<std::uint16_t>(branch.slot);
}

std::uint16_t Scope::list(const std::vector<PathStep>& steps, wire::NameSet& names) {
  Branch& branch = branches_[branch_at(steps, names)];
  if (branch.list < 0) {
    branch.list = lists_++;
    list_paths_.push_back(steps);
  }
  return static_cast<std::uint16_t>(branch.list);
}

bool Scope::reads_below(const Branch& branch) const {
  for (const Edge& edge : branch.edges) {
    const Branch& child = branches_[edge.child];
    if (child.slot >= 0 || child.list >= 0 || reads_below(child)) return true;
  }
  return false;
}

bool Scope::stands_alone(std::uint16_t list, const wire::NameSet& names) const {
  const Branch* at = &branches_.front();
  for (const PathStep& step : list_paths_[list]) {
    // Two paths could lead to one element then.
    if (at->ordinals || step.attribute) return false;
    at = &branches_[at->direct[names.find(step.name)] - 1];
  }
  return at->slot < 0 && !reads_below(*at);
}

void Scope::ignore(const std::vector<PathStep>& steps, wire::NameSet& names) { branches_[branch_at(steps, names)].ignored = true; }

struct Scope::Walk {
  const Scope& scope;
  const wire::Document& document;
  const std::vector<TapeEntry>& tape;
  const wire::NameSet* names;
  Frame& frame;
  Unused& unused;
  const TapeEntry* first = nullptr;      ///< Where the walk started.
  struct Count { std::uint32_t symbol; std::uint16_t count; };

  std::uint32_t symbol(const TapeEntry& entry) const {
    return names == nullptr ? entry.symbol : look_up(entry);
  }
  std::uint32_t look_up(const TapeEntry& entry) const {
    const std::string_view name(entry.name, entry.name_size);
    const auto at = static_cast<std::size_t>(&entry - first);
    const std::uint32_t guess = at < frame.guesses.size() ? frame.guesses[at] : 0;
    // The frame may have been used with other names before.
    if (guess != 0 && guess <= names->size() && names->name(guess) == name) return guess;
    const std::uint32_t found = names->find(name);
    if (found == 0 || at >= kGuessesMax) return found;
    if (at >= frame.guesses.size()) frame.guesses.resize(at + 1);
    frame.guesses[at] = found;
    return found;
  }
  bool in_namespace(const TapeEntry& entry) const {
    return scope.ns.empty() || entry.kind != NodeKind::element || document.namespaces()[entry.ns] == scope.ns;
  }

  void arrive(const Branch& branch, std::uint32_t index);
  void attributes(const Branch& branch, std::uint32_t index);
  void children(const Branch& branch, std::uint32_t index);
  void child(const Branch& branch, std::uint32_t symbol, std::uint32_t index, std::vector<Count>& counts);
  void leave_unused(std::uint32_t index);
};

/// Uses or reports one child element, member or item.
void Scope::Walk::child(const Branch& branch, std::uint32_t name, std::uint32_t index, std::vector<Count>& counts) {
  const bool known = name != 0 && in_namespace(tape[index]);
  bool used = false;
  if (known && name < branch.direct.size() && branch.direct[name] != 0) {
    arrive(scope.branches_[branch.direct[name] - 1], index);
    used = true;
  }
  if (known && branch.ordinals) {
    std::uint16_t ordinal = 0;
    for (Count& count : counts) {
      if (count.symbol == name && count.count < 0xFFFF) ordinal = ++count.count;
    }
    if (ordinal == 0) {
      counts.push_back({name, 1});
      ordinal = 1;
    }
    for (const Edge& edge : branch.edges) {
      if (edge.symbol != name || edge.attribute || edge.ordinal != ordinal) continue;
      arrive(scope.branches_[edge.child], index);
      used = true;
    }
  }
  if (!used) leave_unused(index);
}

void Scope::Walk::children(const Branch& branch, std::uint32_t index) {
  const TapeEntry& parent = tape[index];
  if (parent.attributes != 0) attributes(branch, index);
  if (!parent.has_child) return;
  // Text beside elements is read by no path.
  if (parent.has_text && parent.kind == NodeKind::element && unused.leaves.size() < Unused::kMax) unused.leaves.push_back({&document, index});
  std::vector<Count> counts;
  for (std::uint32_t at = index + 1 + parent.attributes; at != TapeEntry::kNone; at = tape[at].next) {
    const TapeEntry& entry = tape[at];
    // The items of a JSON array stand for repeated elements with the array's name.
    if (entry.kind == NodeKind::array && parent.kind == NodeKind::object) {
      const std::uint32_t name = symbol(entry);
      for (std::uint32_t item = entry.has_child ? at + 1 : TapeEntry::kNone; item != TapeEntry::kNone; item = tape[item].next) child(branch, name, item, counts);
    } else {
      child(branch, parent.kind == NodeKind::array ? scope.item_ : symbol(entry), at, counts);
    }
  }
}

void Scope::Walk::attributes(const Branch& branch, std::uint32_t index) {
  for (std::uint32_t i = 0; i < tape[index].attributes; ++i) {
    const std::uint32_t at = index + 1 + i;
    const std::uint32_t name = symbol(tape[at]);
    bool used = is_protocol(document.namespaces()[tape[at].ns]);
    for (const Edge& edge : branch.edges) {
      if (name == 0 || edge.symbol != name || !edge.attribute) continue;
      arrive(scope.branches_[edge.child], at);
      used = true;
    }
    if (!used && tape[at].text_size != 0 && unused.leaves.size() < Unused::kMax) unused.leaves.push_back({&document, at});
  }
}

void Scope::Walk::arrive(const Branch& branch, std::uint32_t index) {
  if (branch.slot >= 0) {
    Frame::Found& found = frame.slots[static_cast<std::size_t>(branch.slot)];
    if (found.node == TapeEntry::kNone) found.node = index;
    else found.repeated = true;
    // Most places are leaves of the document and of the paths.
    if (branch.edges.empty() && branch.list < 0 && (branch.ignored || tape[index].attributes == 0)) return;
  }
  if (branch.list >= 0) frame.lists[static_cast<std::size_t>(branch.list)].push_back(index);
  const bool swallowed = branch.ignored || branch.list >= 0;
  if (!swallowed && (tape[index].attributes != 0 || !branch.edges.empty())) {
    children(branch, index);
  } else if (swallowed && !branch.edges.empty()) {
    const std::size_t before = unused.leaves.size();
    children(branch, index);
    unused.leaves.erase(unused.leaves.begin() + static_cast<std::ptrdiff_t>(before), unused.leaves.end());
  } else if (!swallowed && branch.slot < 0) {
    leave_unused(index);
  }
}

void Scope::Walk::leave_unused(std::uint32_t index) {
  const std::uint32_t end = tape[index].end;
  for (std::uint32_t at = index; at < end && unused.leaves.size() < Unused::kMax; ++at) {
    const TapeEntry& entry = tape[at];
    if ((entry.has_child && entry.kind != NodeKind::element) || entry.text_size == 0) continue;
    if (entry.kind == NodeKind::element && !entry.has_text) continue;
    if (entry.kind == NodeKind::attribute && is_protocol(document.namespaces()[entry.ns])) continue;
    unused.leaves.push_back({&document, at});
  }
}

void Scope::walk(const wire::Document& document, std::uint32_t start, const wire::NameSet* names, Frame& frame, Unused& unused) const {
  TONGQU_ASSERT(start < document.tape().size(), "a walk starts inside its document");
  frame.document = &document;
  frame.start = start;
  frame.names = names;
  frame.slots.assign(slots_, {});
  frame.lists.resize(lists_);
  for (auto& list : frame.lists) list.clear();
  Walk walk{*this, document, document.tape(), names, frame, unused, document.tape().data() + start};
  const Branch& root = branches_.front();
  if (root.slot >= 0) frame.slots[static_cast<std::size_t>(root.slot)].node = start;
  walk.children(root, start);
}

} // namespace tongqu::mapping::detail
