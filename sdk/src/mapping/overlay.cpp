#include "mapping/overlay.hpp"

#include <algorithm>

namespace tongqu::mapping::detail {
namespace {

constexpr std::string_view kNone = "none";

YamlNode* member_of(YamlNode& node, std::string_view key) {
  for (auto& [name, value] : node.members) {
    if (name.text == key) return &value;
  }
  return nullptr;
}

void put(YamlNode& node, const YamlNode& key, const YamlNode& value) {
  if (YamlNode* old = member_of(node, key.text); old != nullptr) *old = value;
  else node.members.emplace_back(key, value);
}

bool is_none(const YamlNode& node) { return node.is_scalar() && !node.quoted && node.text == kNone; }

bool is_leaf_rule(const YamlNode& node) {
  for (const char* key : {"from", "maybe", "const", "param"}) {
    if (node.find(key) != nullptr) return true;
  }
  // A group may have a field called value, whose rule is a mapping.
  const YamlNode* value = node.find("value");
  return value != nullptr && value->is_scalar();
}

/// Where a rule stands in the document: its mapping and its place there.
struct Found { YamlNode* parent = nullptr; std::size_t at = 0; };

/// Finds a rule or list by its canonical path, through groups and lists. `inside`: the innermost block on the way, and what is left of
/// the path there, for a rule that is new.
Found find_rule(YamlNode& block, std::string_view path, YamlNode*& inside, std::string& left) {
  inside = &block;
  left = std::string(path);
  for (std::size_t i = 0; i < block.members.size(); ++i) {
    const std::string& name = block.members[i].first.text;
    YamlNode& value = block.members[i].second;
    if (name == path) return {&block, i};
    const bool below = path.size() > name.size() && path.substr(0, name.size()) == name && path[name.size()] == '.';
    if (!below || !value.is_mapping() || is_leaf_rule(value)) continue;
    YamlNode* inner = value.find("each") != nullptr ? member_of(value, "rules") : &value;
    if (inner == nullptr) continue;
    const Found found = find_rule(*inner, path.substr(name.size() + 1), inside, left);
    // Another group further down may be the same field's, written with other dots.
    if (found.parent != nullptr || inner->find("when") != nullptr || value.find("each") != nullptr) return found;
  }
  return {};
}

void change_rules(YamlNode& mapping, const YamlNode& rules, const std::string& subject, const Mistakes& mistakes) {
  YamlNode* block = member_of(mapping, "rules");
  if (block == nullptr || !block->is_mapping() || !rules.is_mapping()) return mistakes.add(Errc::mapping_wrong_shape, rules, subject + ".rules");
  for (const auto& [key, value] : rules.members) {
    YamlNode* inside = nullptr;
    std::string left;
    const Found found = find_rule(*block, key.text, inside, left);
    const std::string name = subject + ".rules." + key.text;
    if (is_none(value)) {
      if (found.parent == nullptr) mistakes.add(Errc::mapping_extends_invalid, key, name, {"a rule of the pack that is extended", "被扩展映射包中的规则"});
      else found.parent->members.erase(found.parent->members.begin() + static_cast<std::ptrdiff_t>(found.at));
    } else if (found.parent != nullptr) {
      found.parent->members[found.at].second = value;
    } else {
      YamlNode fresh = key;
      fresh.text = left;
      inside->members.emplace_back(fresh, value);
    }
  }
}

/// A table with `rows` alone changes rows of the base's; one with `file` or `inline` takes its place.
void change_tables(YamlNode& mapping, const YamlNode& tables, const std::string& subject, const Mistakes& mistakes) {
  if (!tables.is_mapping()) return mistakes.add(Errc::mapping_wrong_shape, tables, subject + ".tables");
  YamlNode* old = member_of(mapping, "tables");
  for (const auto& [key, value] : tables.members) {
    const std::string name = subject + ".tables." + key.text;
    YamlNode* table = old == nullptr ? nullptr : member_of(*old, key.text);
    if (table == nullptr) {
      std::vector<std::string_view> known;
      if (old != nullptr) for (const auto& [id, body] : old->members) known.push_back(id.text);
      mistakes.add(Errc::mapping_extends_invalid, key, name, {"a table of the pack that is extended", "被扩展映射包中的代码表"}, did_you_mean(key.text, known));
      continue;
    }
    const bool whole = value.find("file") != nullptr || value.find("inline") != nullptr;
    if (whole) *table = value;
    else if (check_keys(value, {"rows", "unknown"}, name, mistakes)) {
      for (const auto& [part, content] : value.members) put(*table, part, content);
    }
  }
}

void append_items(YamlNode& mapping, const YamlNode& key, const YamlNode& value) {
  YamlNode* old = member_of(mapping, key.text);
  if (old == nullptr) {
    mapping.members.emplace_back(key, value);
    return;
  }
  YamlNode list = *old;
  if (list.is_scalar()) {
    list.kind = YamlNode::Kind::sequence;
    list.items = {*old};
  }
  if (value.is_sequence()) list.items.insert(list.items.end(), value.items.begin(), value.items.end());
  else list.items.push_back(value);
  *old = std::move(list);
}

void read_changes(const YamlNode& root, const Mistakes& mistakes, Overlay& out) {
  const YamlNode* changes = root.find("changes");
  if (changes == nullptr) return;
  if (!changes->is_mapping()) return mistakes.add(Errc::mapping_wrong_shape, *changes, "changes");
  for (const auto& [id, body] : changes->members) out.changes[id.text] = &body;
}

/// Heads that the own file says instead of the base, or beside it.
void put_heads(const YamlNode& root, const Mistakes& mistakes, YamlNode& head) {
  for (const auto& [key, value] : root.members) {
    if (key.text == "pack" || key.text == "system" || key.text == "version" || key.text == "title") put(head, key, value);
    if (key.text == "never_sent") append_items(head, key, value);
    if (key.text != "params" && key.text != "connector") continue;
    YamlNode* old = member_of(head, key.text);
    if (old == nullptr || !old->is_mapping() || !value.is_mapping()) {
      mistakes.add(Errc::mapping_extends_invalid, key, key.text, {"members that the pack that is extended has", "被扩展映射包中已有的成员"});
      continue;
    }
    for (const auto& [name, content] : value.members) {
      std::vector<std::string_view> known;
      for (const auto& [other, text] : old->members) known.push_back(other.text);
      if (key.text == "params" && member_of(*old, name.text) == nullptr) mistakes.add(Errc::mapping_unknown_param, name, "params." + name.text, one_of(known), did_you_mean(name.text, known));
      else put(*old, name, content);
    }
  }
}

} // namespace

void shift_lines(YamlNode& node) {
  node.line += Mistakes::kOverlayLines;
  for (YamlNode& item : node.items) shift_lines(item);
  for (auto& [key, value] : node.members) {
    shift_lines(key);
    shift_lines(value);
  }
}

std::optional<Overlay> read_overlay(const YamlNode& root, const std::string& folder, const Mistakes& mistakes, const Functions* functions) {
  const YamlNode& extends = *root.find("extends");
  if (!check_keys(root, {"pack", "system", "version", "title", "params", "never_sent", "connector", "extends", "changes", "tests"}, "", mistakes)) return std::nullopt;
  for (const char* key : {"pack", "version"}) (void)member_text(root, key, Need::required, "", mistakes);
  if (!check_keys(extends, {"pack", "digest"}, "extends", mistakes)) return std::nullopt;
  const auto base = member_text(extends, "pack", Need::required, "extends", mistakes);
  const auto pinned = member_text(extends, "digest", Need::required, "extends", mistakes);
  if (!base || base->find('/') != std::string::npos || *base == "." || *base == "..") {
    if (base) mistakes.add(Errc::mapping_wrong_shape, *extends.find("pack"), "extends.pack", {"the folder name of a pack beside this one", "与本包同级的映射包目录名"});
    return std::nullopt;
  }
  Overlay made;
  made.base_folder = folder + "/../" + *base;
  // The base must be good by itself: its mistakes are not this county's.
  Findings base_mistakes;
  const auto bytes = read_file(made.base_folder + "/pack.yaml");
  auto head = bytes ? wire::parse_yaml(*bytes) : Result<YamlNode>(Error(Errc::mapping_pack_missing));
  if (!head || head->find("extends") != nullptr) {
    mistakes.add(head ? Errc::mapping_extends_invalid : Errc::mapping_pack_missing, *extends.find("pack"), "extends.pack: " + *base, {"a pack that extends nothing itself", "自身不扩展其他包的映射包"});
    return std::nullopt;
  }
  const auto pack = Pack::load(made.base_folder, {}, base_mistakes, functions);
  if (!pack) {
    mistakes.add(Errc::mapping_pack_invalid, *extends.find("pack"), "extends.pack: " + *base, {"a pack without mistakes", "无错误的映射包"}, {"tongqu map check on it", "请对其运行 tongqu map check"});
    return std::nullopt;
  }
  made.base_digest = (*pack)->info().digest;
  if (pinned && *pinned != made.base_digest) {
    mistakes.add(Errc::mapping_extends_digest, *extends.find("digest"), "extends.digest", same(made.base_digest), {"look at what changed, run the tests, then pin it", "请先查看改动并运行测试，再更新锁定的摘要"});
  }
  made.head = std::move(*head);
  put_heads(root, mistakes, made.head);
  read_changes(root, mistakes, made);
  return made;
}

void apply_changes(YamlNode& mapping, const YamlNode& changes, const std::string& subject, const Mistakes& mistakes) {
  if (!check_keys(changes, {"rules", "tables", "types", "identity", "event", "answer", "zone", "ignore", "checks", "reverse"}, subject, mistakes)) return;
  for (const auto& [key, value] : changes.members) {
    if (key.text == "rules") change_rules(mapping, value, subject, mistakes);
    else if (key.text == "tables") change_tables(mapping, value, subject, mistakes);
    else if (key.text == "ignore" || key.text == "checks") append_items(mapping, key, value);
    else if (key.text == "event" || key.text == "answer" || key.text == "zone") put(mapping, key, value);
    else if (YamlNode* old = member_of(mapping, key.text); old == nullptr || !value.is_mapping()) put(mapping, key, value);
    else for (const auto& [name, content] : value.members) put(*old, name, content);
  }
}

} // namespace tongqu::mapping::detail
