#include "mapping/author/mutants.hpp"

#include <algorithm>
#include <functional>
#include <map>

#include "mapping/author/yaml_text.hpp"
#include "mapping/code_table.hpp"

namespace tongqu::mapping::author {
namespace {

using wire::YamlNode;

/// What a policy turns into. The weaker neighbour where there is one: a test must see that a record is refused, held or kept.
std::string other_policy(std::string_view policy) {
  if (policy == "reject") return "hold";
  if (policy == "hold") return "drop";
  if (policy == "drop" || policy == "raw" || policy == "report") return "hold";
  return {};
}
bool is_weaker(std::string_view policy) { return policy == "reject" || policy == "hold"; }

std::string short_text(std::string_view text) {
  constexpr std::size_t kBytesMax = 40;
  std::string out;
  for (const char c : text.substr(0, kBytesMax)) out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  while (text.size() > kBytesMax && !out.empty() && (static_cast<unsigned char>(out.back()) & 0xC0) == 0x80) out.pop_back();
  if (text.size() > kBytesMax && !out.empty()) out.back() = '~';
  return out;
}

std::string label_of(const YamlNode& item) {
  if (item.is_scalar()) return short_text(item.text);
  if (const YamlNode* id = item.find("id"); id != nullptr && id->is_scalar()) return short_text(id->text);
  if (item.is_mapping() && !item.members.empty()) return short_text(item.members.front().first.text);
  return "list";
}

/// Walks a document and writes it out once for each change.
class Mutator {
public:
  Mutator(const PackDocument& document, std::vector<MutantText>& out) : root_(document.root), file_(document.file), out_(out) {}
  void pack();
  void mapping();

private:
  struct At { std::string path; std::uint32_t line; };
  void emit(std::string_view op, At at, std::string change);
  void drop_member(YamlNode& map, std::size_t i, std::string_view op, const std::string& path);
  void drop_item(YamlNode& list, std::size_t i, std::string_view op, const std::string& path);
  void set_text(YamlNode& node, std::string text, std::string_view op, const std::string& path);
  void entries(YamlNode& node, const std::string& path);
  void settings(YamlNode& map, const std::string& path);
  void type(YamlNode& map, const std::string& path);
  void table(YamlNode& map, const std::string& path);
  void rows(YamlNode& map, const std::string& path);
  void policies(YamlNode& node, const std::string& path);
  void rule(YamlNode& map, const std::string& path);
  void block(YamlNode& map, const std::string& path);
  void zone(YamlNode& node, const std::string& path);
  void matches(YamlNode& entries);
  void changes(YamlNode& body, const std::string& path);
  void changed_rules(YamlNode& rules, const std::string& path);
  void swap_sources(YamlNode& map, const std::string& path);
  static YamlNode* source_of(YamlNode& rule);

  YamlNode root_;
  std::string file_;
  std::vector<MutantText>& out_;
  std::map<std::string, int> seen_;
};

void Mutator::emit(std::string_view op, At at, std::string change) {
  const int number = ++seen_[std::string(op) + " " + at.path];
  if (number > 1) at.path += "#" + std::to_string(number);
  out_.push_back({{std::string(op), std::move(at.path), file_, at.line, std::move(change)}, yaml_line(root_)});
}

void Mutator::drop_member(YamlNode& map, std::size_t i, std::string_view op, const std::string& path) {
  const auto member = map.members[i];
  const auto at = map.members.begin() + static_cast<std::ptrdiff_t>(i);
  map.members.erase(at);
  emit(op, {path + "." + member.first.text, member.first.line}, {});
  map.members.insert(map.members.begin() + static_cast<std::ptrdiff_t>(i), member);
}

void Mutator::drop_item(YamlNode& list, std::size_t i, std::string_view op, const std::string& path) {
  const YamlNode item = list.items[i];
  list.items.erase(list.items.begin() + static_cast<std::ptrdiff_t>(i));
  emit(op, {path + "[" + label_of(item) + "]", item.line}, {});
  list.items.insert(list.items.begin() + static_cast<std::ptrdiff_t>(i), item);
}

void Mutator::set_text(YamlNode& node, std::string text, std::string_view op, const std::string& path) {
  const std::string before = std::exchange(node.text, std::move(text));
  emit(op, {path, node.line}, short_text(before) + " -> " + short_text(node.text));
  node.text = before;
}

/// Each entry of every list below: placeholders, date patterns, what is folded.
void Mutator::entries(YamlNode& node, const std::string& path) {
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    if (node.items.size() > 1) drop_item(node, i, "drop_entry", path);
    entries(node.items[i], path + "[" + label_of(node.items[i]) + "]");
  }
  for (auto& [key, value] : node.members) entries(value, path + "." + key.text);
}

void Mutator::settings(YamlNode& map, const std::string& path) {
  for (std::size_t i = 0; i < map.members.size(); ++i) {
    drop_member(map, i, "drop_setting", path);
    entries(map.members[i].second, path + "." + map.members[i].first.text);
  }
}

void Mutator::type(YamlNode& map, const std::string& path) {
  for (std::size_t i = 0; i < map.members.size(); ++i) {
    drop_member(map, i, "drop_step", path);
    entries(map.members[i].second, path + "." + map.members[i].first.text);
  }
}

void Mutator::rows(YamlNode& map, const std::string& path) {
  for (std::size_t i = 0; i < map.members.size(); ++i) {
    const std::string row = path + "[" + map.members[i].first.text + "]";
    const auto member = map.members[i];
    map.members.erase(map.members.begin() + static_cast<std::ptrdiff_t>(i));
    emit("drop_row", {row, member.first.line}, {});
    map.members.insert(map.members.begin() + static_cast<std::ptrdiff_t>(i), member);
    for (std::size_t step = 1; step < map.members.size(); ++step) {
      const std::string other = map.members[(i + step) % map.members.size()].second.text;
      if (!member.second.is_scalar() || other == member.second.text) continue;
      set_text(map.members[i].second, other, "change_row", row);
      break;
    }
  }
}

void Mutator::table(YamlNode& map, const std::string& path) {
  for (std::size_t i = 0; i < map.members.size(); ++i) {
    auto& [key, value] = map.members[i];
    const std::string inner = path + "." + key.text;
    if (key.text == "inline" && value.is_mapping()) rows(value, path);
    else if (key.text == "unknown") policies(value, inner);
    else if (key.text == "match") drop_member(map, i, "drop_setting", path);
    else if (!value.is_scalar()) entries(value, inner);
  }
}

void Mutator::policies(YamlNode& node, const std::string& path) {
  if (node.is_scalar()) {
    if (std::string other = other_policy(node.text); !other.empty()) set_text(node, std::move(other), is_weaker(node.text) ? "weaken_policy" : "change_policy", path);
    return;
  }
  for (auto& [key, value] : node.members) policies(value, path + "." + key.text);
}

YamlNode* Mutator::source_of(YamlNode& rule) {
  for (auto& [key, value] : rule.members) {
    if ((key.text == "from" || key.text == "maybe") && value.is_scalar()) return &value;
  }
  return nullptr;
}

/// Each path becomes that of the next rule beside it.
void Mutator::swap_sources(YamlNode& map, const std::string& path) {
  std::vector<std::pair<std::string, YamlNode*>> sources;
  for (auto& [key, value] : map.members) {
    if (!value.is_mapping() || value.find("each") != nullptr) continue;
    if (YamlNode* source = source_of(value); source != nullptr) sources.emplace_back(path + "." + key.text, source);
  }
  for (std::size_t i = 0; i < sources.size(); ++i) {
    for (std::size_t step = 1; step < sources.size(); ++step) {
      const std::string& other = sources[(i + step) % sources.size()].second->text;
      if (other == sources[i].second->text) continue;
      set_text(*sources[i].second, other, "swap_source", sources[i].first);
      break;
    }
  }
}

void Mutator::rule(YamlNode& map, const std::string& path) {
  static const std::map<std::string, std::string, std::less<>> kDrops = {{"when", "drop_when"}, {"check", "drop_check"}, {"type", "drop_type"}, {"default", "drop_default"}, {"mark", "drop_mark"}};
  for (std::size_t i = 0; i < map.members.size(); ++i) {
    const std::string key = map.members[i].first.text;
    YamlNode& value = map.members[i].second;
    const std::string inner = path + "." + key;
    if (key == "from" || key == "maybe" || key == "param" || key == "each") continue;
    if (key == "const" && value.is_scalar()) set_text(value, value.text + "x", "change_const", inner);
    else if (key == "rules" && value.is_mapping()) block(value, path);
    else if (key == "on_fail") policies(value, inner);
    else if (key == "table" && value.is_mapping()) table(value, inner);
    else if (key == "via" && value.is_sequence()) {
      for (std::size_t step = 0; step < value.items.size(); ++step) {
        drop_item(value, step, "drop_step", inner);
        entries(value.items[step], inner + "[" + label_of(value.items[step]) + "]");
      }
    } else if (const auto drop = kDrops.find(key); drop != kDrops.end()) drop_member(map, i, drop->second, path);
    else if (key != "const" && key != "table") drop_member(map, i, "drop_setting", path);
  }
}

void Mutator::block(YamlNode& map, const std::string& path) {
  swap_sources(map, path);
  for (std::size_t i = 0; i < map.members.size(); ++i) {
    const std::string key = map.members[i].first.text;
    YamlNode& value = map.members[i].second;
    if (key == "when" && value.is_scalar()) drop_member(map, i, "drop_when", path);
    if (!value.is_mapping()) continue;
    if (is_rule_node(value)) {
      drop_member(map, i, "drop_rule", path);
      rule(map.members[i].second, path + "." + key);
    } else {
      block(value, path + "." + key);
    }
  }
}

void Mutator::mapping() {
  // A mapping that is only written has no tests of reading: its laws judge it.
  if (root_.find("reverse") != nullptr && root_.find("tests") == nullptr) return;
  // The answer and what stands outside the digest are not what tests of a pack look at; unused fields are said, not judged; the way back is
  // judged by its laws.
  static constexpr std::string_view kLeft[] = {"mapping", "to", "tests", "answer", "ignore", "outside_digest", "never_sent", "reverse"};
  for (auto& [key, value] : root_.members) {
    if (std::find(std::begin(kLeft), std::end(kLeft), key.text) != std::end(kLeft)) continue;
    if (key.text == "zone") zone(value, "zone");
    else if (key.text == "record" && value.is_scalar()) set_text(value, value.text == "part" ? "snapshot" : "part", "change_kind", "record");
    else if (key.text == "source") {
      for (YamlNode& stage : value.items) {
        for (auto& [name, arguments] : stage.members) settings(arguments, "source." + name.text);
      }
    } else if (key.text == "types") {
      for (auto& [name, member] : value.members) type(member, "types." + name.text);
    } else if (key.text == "tables") {
      for (auto& [name, member] : value.members) table(member, "tables." + name.text);
    } else if (key.text == "identity" || key.text == "rules") {
      block(value, key.text);
    } else if (is_rule_node(value)) {
      rule(value, key.text);
    } else {
      for (std::size_t i = 0; i < value.items.size(); ++i) drop_item(value, i, "drop_part", key.text);
      settings(value, key.text);
    }
  }
}

void Mutator::zone(YamlNode& node, const std::string& path) { set_text(node, node.text == "+00:00" ? "+01:00" : "+00:00", "change_zone", path); }

void Mutator::matches(YamlNode& entries) {
  for (YamlNode& entry : entries.items) {
    const YamlNode* file = entry.find("file");
    for (auto& [name, match] : entry.members) {
      if (name.text != "match" || !match.is_mapping()) continue;
      const std::string path = "mappings[" + (file != nullptr ? file->text : std::string()) + "].match";
      for (std::size_t i = 0; i < match.members.size(); ++i) drop_member(match, i, "drop_match", path);
    }
  }
}

/// Rules of an overlay: each goes, so that the base's stands again, and each is changed like a rule of a mapping.
void Mutator::changed_rules(YamlNode& rules, const std::string& path) {
  for (std::size_t i = 0; i < rules.members.size(); ++i) {
    drop_member(rules, i, "drop_rule", path);
    YamlNode& value = rules.members[i].second;
    if (is_rule_node(value)) rule(value, path + "." + rules.members[i].first.text);
    else if (value.is_mapping()) block(value, path + "." + rules.members[i].first.text);
  }
}

/// What an overlay says of one mapping of its base.
void Mutator::changes(YamlNode& body, const std::string& path) {
  for (auto& [key, value] : body.members) {
    const std::string inner = path + "." + key.text;
    if (key.text == "rules" || key.text == "identity") {
      changed_rules(value, inner);
    } else if (key.text == "tables") {
      for (auto& [name, member] : value.members) {
        for (auto& [part, content] : member.members) {
          if (part.text == "rows" && content.is_mapping()) rows(content, inner + "." + name.text);
        }
        table(member, inner + "." + name.text);
      }
    } else if (key.text == "types") {
      for (auto& [name, member] : value.members) type(member, inner + "." + name.text);
    } else if (key.text == "zone") {
      zone(value, inner);
    } else if (key.text == "event" && is_rule_node(value)) {
      rule(value, inner);
    } else if (key.text == "checks") {
      for (std::size_t i = 0; i < value.items.size(); ++i) drop_item(value, i, "drop_part", inner);
    }
  }
}

void Mutator::pack() {
  const bool overlay = root_.find("extends") != nullptr;
  for (auto& [key, value] : root_.members) {
    if (key.text == "mappings") matches(value);
    if (!overlay) continue;
    if (key.text == "changes") {
      for (auto& [id, body] : value.members) changes(body, "changes." + id.text);
    }
    if (key.text == "params") {
      for (auto& [name, text] : value.members) set_text(text, text.text + "x", "change_const", "params." + name.text);
    }
  }
}

std::string csv_line(const std::vector<std::string>& cells) {
  std::string out;
  for (const std::string& cell : cells) {
    if (!out.empty()) out += ',';
    const bool quote = cell.find_first_of(",\"\r\n") != std::string::npos;
    if (quote) out += '"';
    for (const char c : cell) out += c == '"' ? std::string("\"\"") : std::string(1, c);
    if (quote) out += '"';
  }
  return out + "\n";
}

} // namespace

std::vector<MutantText> mutants_of(const PackDocument& document) {
  std::vector<MutantText> out;
  Mutator mutator(document, out);
  if (document.file == "pack.yaml") mutator.pack();
  else mutator.mapping();
  return out;
}

TableFile table_file(const YamlNode& table) {
  TableFile out;
  if (const YamlNode* file = table.find("file"); file != nullptr) out.file = file->text;
  const YamlNode* columns = table.find("columns");
  if (columns == nullptr) return out;
  if (const YamlNode* name = columns->find("name"); name != nullptr && name->is_scalar()) out.name = name->text;
  const YamlNode* code = columns->find("code");
  if (code == nullptr) return out;
  out.code.clear();
  if (code->is_scalar()) out.code.push_back(code->text);
  for (const YamlNode& one : code->items) out.code.push_back(one.text);
  return out;
}

std::string row_code(const std::vector<std::string>& header, const std::vector<std::string>& row, const TableFile& table) {
  std::string out;
  for (std::size_t i = 0; i < table.code.size(); ++i) {
    const auto at = static_cast<std::size_t>(std::find(header.begin(), header.end(), table.code[i]) - header.begin());
    out += (i == 0 ? "" : "|") + (at < row.size() ? row[at] : std::string());
  }
  return out;
}

std::vector<MutantText> mutants_of_table(const TableFile& table, std::string_view bytes) {
  std::vector<std::uint32_t> lines;
  std::vector<detail::CsvProblem> problems;
  std::vector<std::vector<std::string>> rows = detail::read_csv(bytes, lines, problems);
  std::vector<MutantText> out;
  if (!problems.empty() || rows.empty()) return out;
  const auto text = [&rows](std::size_t without) {
    std::string all;
    for (std::size_t i = 0; i < rows.size(); ++i) all += i == without ? std::string() : csv_line(rows[i]);
    return all;
  };
  const std::size_t name = static_cast<std::size_t>(std::find(rows[0].begin(), rows[0].end(), table.name) - rows[0].begin());
  for (std::size_t i = 1; i < rows.size(); ++i) {
    const std::string path = table.file + "[" + short_text(row_code(rows[0], rows[i], table)) + "]";
    out.push_back({{"drop_row", path, table.file, lines[i], {}}, text(i)});
    for (std::size_t step = 0; step + 1 < rows.size() && name < rows[i].size(); ++step) {
      const std::size_t other = (i + step) % (rows.size() - 1) + 1;
      if (name >= rows[other].size() || rows[other][name] == rows[i][name]) continue;
      const std::string before = std::exchange(rows[i][name], rows[other][name]);
      out.push_back({{"change_row", path, table.file, lines[i], short_text(before) + " -> " + short_text(rows[i][name])}, text(rows.size())});
      rows[i][name] = before;
      break;
    }
  }
  return out;
}

std::vector<TableFile> table_files(const YamlNode& mapping) {
  std::vector<TableFile> files;
  const std::function<void(const YamlNode&)> walk = [&](const YamlNode& node) {
    for (const auto& [key, value] : node.members) {
      const bool fresh = std::none_of(files.begin(), files.end(), [&value = value](const TableFile& one) { return one.file == value.text; });
      if (key.text == "file" && value.is_scalar() && fresh) files.push_back(table_file(node));
      walk(value);
    }
    for (const YamlNode& item : node.items) walk(item);
  };
  for (const auto& [key, value] : mapping.members) {
    if (key.text != "tests" && key.text != "source") walk(value);
  }
  return files;
}

} // namespace tongqu::mapping::author
