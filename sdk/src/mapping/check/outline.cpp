#include "mapping/check/outline.hpp"

#include <algorithm>

#include "mapping/date_pattern.hpp"
#include "mapping/overlay.hpp"

namespace tongqu::mapping::detail {
namespace {

constexpr std::size_t kDepthMax = 16;
constexpr std::string_view kFirstSteps[] = {"trim", "strip", "fold", "null_if"};

std::size_t rank(std::string_view step) {
  const auto* found = std::find(std::begin(kFirstSteps), std::end(kFirstSteps), step);
  return static_cast<std::size_t>(found - std::begin(kFirstSteps));
}

bool is_rule(const YamlNode& node) {
  static constexpr std::string_view kHeads[] = {"from", "maybe", "const", "param", "value"};
  return std::any_of(std::begin(kHeads), std::end(kHeads), [&node](std::string_view key) { return node.find(key) != nullptr; });
}

std::string text_of(const YamlNode& node, std::string_view key) {
  const YamlNode* value = node.is_mapping() ? node.find(key) : nullptr;
  return value != nullptr && value->is_scalar() ? value->text : std::string();
}

/// One `rules:` on its way into an outline.
class OutlineReader {
public:
  OutlineReader(DocumentOutline& out, PathSyntax syntax) : out_(out), syntax_(syntax) {}

  void types(const YamlNode* node);
  void tables(const YamlNode* node);
  void block(const YamlNode& node, const std::string& prefix, std::size_t depth, RulesOutline& to);
  void single(const YamlNode& key, const YamlNode& node, const std::string& name, RulesOutline& to) { rule(key, node, name, to); }
  void records(const YamlNode& node);
  void ignored(const YamlNode* node);
  /// A message that is made for each element of a list: its rules start there.
  void message_list(const YamlNode* each);
  Truth condition(const YamlNode& node) const {
    return read_condition(node.is_scalar() ? node.text : std::string(), [this](std::string_view name) { return normal_name(name); });
  }

private:
  void member(const YamlNode& key, const YamlNode& node, const std::string& name, std::size_t depth, RulesOutline& to);
  void rule(const YamlNode& key, const YamlNode& node, const std::string& name, RulesOutline& to);
  void list(const YamlNode& key, const YamlNode& node, const std::string& name, std::size_t depth, RulesOutline& to);
  void group(const YamlNode& node, const std::string& name, std::size_t depth, RulesOutline& to);
  void rule_parts(const YamlNode& node, RuleSite& site);
  const TableSite* table_of(const YamlNode& node, const std::string& name);
  std::unique_ptr<TableSite> table(const YamlNode* key, const YamlNode& node, std::string name) const;
  void file_rows(const std::string& name, TableSite& table) const;
  void rows_over(const YamlNode& rows, TableSite& table) const;
  std::vector<StepSite> via(const YamlNode& node) const;
  std::string normal(const Path& path) const;
  std::vector<std::string> normal_paths(std::string_view text) const;
  std::string normal_name(std::string_view name) const;

  DocumentOutline& out_;
  PathSyntax syntax_;
  std::string base_;                       ///< Normalised path of the element that rules start from.
  std::string list_;
  Truth outside_ = always();
};

std::string OutlineReader::normal(const Path& path) const {
  const char separator = syntax_ == PathSyntax::slashes ? '/' : '.';
  std::string text = path.origin == Origin::here ? base_ : std::string();
  for (const PathStep& step : path.steps) {
    if (!text.empty()) text += separator;
    text += (step.attribute ? "@" : "") + step.name;
    if (step.ordinal != 0) text += "[" + std::to_string(syntax_ == PathSyntax::slashes ? step.ordinal : step.ordinal - 1) + "]";
  }
  switch (path.origin) {
    case Origin::meta: return "meta:" + text;
    case Origin::param: return "param:" + text;
    case Origin::outer: return "outer:" + text;
    default: return text.empty() ? "." : text;
  }
}

std::vector<std::string> OutlineReader::normal_paths(std::string_view text) const {
  std::vector<Path> paths;
  std::string problem;
  if (!parse_path(text, syntax_, paths, problem)) return {};
  std::vector<std::string> names;
  for (const Path& path : paths) names.push_back(normal(path));
  return names;
}

std::string OutlineReader::normal_name(std::string_view name) const {
  if (!name.empty() && name.front() == '$') return std::string(name);
  std::string joined;
  for (const std::string& one : normal_paths(name)) joined += (joined.empty() ? "" : "|") + one;
  return joined.empty() ? std::string(name) : joined;
}

void OutlineReader::types(const YamlNode* node) {
  if (node == nullptr || !node->is_mapping()) return;
  for (const auto& [key, body] : node->members) {
    if (!body.is_mapping()) continue;
    TypeSite type;
    type.name = key.text;
    type.key = &key;
    type.base = text_of(body, "extends");
    for (const TypeSite& other : out_.types) {
      if (other.name == type.base) type.steps = other.steps;
    }
    for (const auto& [step, argument] : body.members) {
      if (step.text == "extends") continue;
      const auto same_step = [&step = step](const StepSite& site) { return site.key->text == step.text; };
      const auto old = std::find_if(type.steps.begin(), type.steps.end(), same_step);
      if (old != type.steps.end()) *old = {&step, &argument};
      else type.steps.push_back({&step, &argument});
    }
    std::stable_sort(type.steps.begin(), type.steps.end(), [](const StepSite& a, const StepSite& b) { return rank(a.key->text) < rank(b.key->text); });
    out_.types.push_back(std::move(type));
  }
}

void OutlineReader::tables(const YamlNode* node) {
  if (node == nullptr || !node->is_mapping()) return;
  for (const auto& [key, body] : node->members) {
    if (body.is_mapping()) out_.tables.push_back(table(&key, body, key.text));
  }
}

std::unique_ptr<TableSite> OutlineReader::table(const YamlNode* key, const YamlNode& node, std::string name) const {
  auto made = std::make_unique<TableSite>();
  made->name = std::move(name);
  made->key = key;
  made->node = &node;
  policy_from_name(text_of(node, "unknown"), made->unknown);
  if (const YamlNode* match = node.find("match"); match != nullptr) {
    const auto is_label = [](const YamlNode& item) { return item.text == "label"; };
    const auto is_other = [](const YamlNode& item) { return item.text != "label" && item.text != "code"; };
    made->match_label = is_label(*match) || std::any_of(match->items.begin(), match->items.end(), is_label);
    made->match_others = std::any_of(match->items.begin(), match->items.end(), is_other) || (match->is_scalar() && is_other(*match));
  }
  if (const YamlNode* rows = node.find("inline"); rows != nullptr && rows->is_mapping()) {
    for (const auto& [code, value] : rows->members) made->rows.push_back({{code.text, value.text, {}}, out_.file, code.line, code.column});
  }
  if (const std::string file = text_of(node, "file"); !file.empty()) file_rows(file, *made);
  if (const YamlNode* over = node.find("rows"); over != nullptr) rows_over(*over, *made);
  return made;
}

void OutlineReader::file_rows(const std::string& name, TableSite& table) const {
  auto bytes = name.find("..") == std::string::npos ? read_file(out_.folder + "/" + name) : std::nullopt;
  if (!bytes && !out_.overlay_folder.empty() && name.find("..") == std::string::npos) bytes = read_file(out_.overlay_folder + "/" + name);
  if (!bytes) return;
  std::vector<std::uint32_t> lines;
  std::vector<CsvProblem> problems;
  const auto records = read_csv(*bytes, lines, problems);
  if (records.empty()) return;
  const YamlNode* columns = table.node->find("columns");
  const auto place = [&records](const std::string& wanted) {
    return static_cast<std::size_t>(std::find(records[0].begin(), records[0].end(), wanted) - records[0].begin());
  };
  const auto places = [&](std::string_view part) {
    const YamlNode* named = columns == nullptr ? nullptr : columns->find(part);
    std::vector<std::size_t> list;
    if (named == nullptr || named->is_scalar()) list.push_back(place(named == nullptr ? std::string(part) : named->text));
    for (std::size_t k = 0; named != nullptr && k < named->items.size(); ++k) list.push_back(place(named->items[k].text));
    return list;
  };
  const std::vector<std::size_t> code = places("code"), value = places("name"), label = places("label");
  for (std::size_t i = 1; i < records.size(); ++i) {
    const auto cells = [&row = records[i]](const std::vector<std::size_t>& from) {
      std::string text;
      for (std::size_t k = 0; k < from.size(); ++k) text += (k == 0 ? "" : "|") + (from[k] < row.size() ? row[from[k]] : std::string());
      return text;
    };
    table.rows.push_back({{cells(code), cells(value), cells(label)}, name, lines[i], 1});
  }
}

/// `rows` of a table: they replace those of the same code; `none` takes one away.
void OutlineReader::rows_over(const YamlNode& rows, TableSite& table) const {
  for (const auto& [code, value] : rows.members) {
    const auto same_code = [&code = code](const TableRowSite& row) { return row.row.code == code.text; };
    table.rows.erase(std::remove_if(table.rows.begin(), table.rows.end(), same_code), table.rows.end());
    if (value.text != "none") table.rows.push_back({{code.text, value.text, {}}, out_.file, code.line, code.column});
  }
}

void OutlineReader::block(const YamlNode& node, const std::string& prefix, std::size_t depth, RulesOutline& to) {
  if (!node.is_mapping() || depth > kDepthMax) return;
  for (const auto& [key, value] : node.members) {
    if (key.text == "when" && value.is_scalar()) continue;
    member(key, value, prefix.empty() ? key.text : prefix + "." + key.text, depth, to);
  }
}

void OutlineReader::member(const YamlNode& key, const YamlNode& node, const std::string& name, std::size_t depth, RulesOutline& to) {
  if (!node.is_mapping()) return;
  if (node.find("each") != nullptr) list(key, node, name, depth, to);
  else if (is_rule(node)) rule(key, node, name, to);
  else group(node, name, depth, to);
}

void OutlineReader::group(const YamlNode& node, const std::string& name, std::size_t depth, RulesOutline& to) {
  const YamlNode* when = node.find("when");
  const Truth outside = outside_;
  if (when != nullptr && when->is_scalar()) {
    GroupSite site;
    site.name = name;
    site.when_node = when;
    site.outside = outside_;
    site.when = condition(*when);
    outside_ = all_of({outside_, site.when});
    to.groups.push_back(std::move(site));
  }
  block(node, name, depth + 1, to);
  outside_ = outside;
}

void OutlineReader::rule(const YamlNode& key, const YamlNode& node, const std::string& name, RulesOutline& to) {
  if (!node.is_mapping()) return;
  RuleSite site;
  site.name = name;
  site.key = &key;
  site.node = &node;
  site.list = list_;
  site.outside = outside_;
  site.required = node.find("from") != nullptr;
  site.constant = node.find("const") != nullptr || node.find("param") != nullptr;
  if (site.required) site.reads = normal_paths(text_of(node, "from"));
  else if (node.find("maybe") != nullptr) site.reads = normal_paths(text_of(node, "maybe"));
  rule_parts(node, site);
  to.rules.push_back(std::move(site));
}

void OutlineReader::rule_parts(const YamlNode& node, RuleSite& site) {
  if (const YamlNode* when = node.find("when"); when != nullptr) {
    site.when_node = when;
    site.when = condition(*when);
  }
  const std::string type = text_of(node, "type");
  for (const TypeSite& one : out_.types) {
    if (one.name == type) site.steps = one.steps;
  }
  if (const YamlNode* steps = node.find("via"); steps != nullptr) {
    for (const StepSite& step : via(*steps)) site.steps.push_back(step);
  }
  if (const YamlNode* at = node.find("table"); at != nullptr) site.table = table_of(*at, site.name);
}

std::vector<StepSite> OutlineReader::via(const YamlNode& node) const {
  static const YamlNode kNone;
  std::vector<StepSite> steps;
  for (const YamlNode& item : node.items) {
    if (item.is_scalar()) steps.push_back({&item, &kNone});
    for (const auto& [key, argument] : item.members) steps.push_back({&key, &argument});
  }
  return steps;
}

const TableSite* OutlineReader::table_of(const YamlNode& node, const std::string& name) {
  if (node.is_mapping()) {
    out_.tables.push_back(table(nullptr, node, name));
    return out_.tables.back().get();
  }
  for (const auto& one : out_.tables) {
    if (one->key != nullptr && one->name == node.text) return one.get();
  }
  return nullptr;
}

void OutlineReader::list(const YamlNode& key, const YamlNode& node, const std::string& name, std::size_t depth, RulesOutline& to) {
  RuleSite site;
  site.name = name;
  site.key = &key;
  site.node = &node;
  site.is_list = true;
  site.list = list_;
  site.outside = outside_;
  site.reads = normal_paths(text_of(node, "each"));
  const std::string base = base_, around = list_;
  const Truth outside = outside_;
  if (!site.reads.empty()) base_ = site.reads.front() + "[]";
  list_ = name;
  rule_parts(node, site);
  outside_ = site.guard();
  to.rules.push_back(std::move(site));
  const std::string inner = syntax_ == PathSyntax::dots ? name + "[]" : name;
  if (const YamlNode* rules = node.find("rules"); rules != nullptr) block(*rules, inner, depth + 1, to);
  base_ = base;
  list_ = around;
  outside_ = outside;
}

void OutlineReader::records(const YamlNode& node) {
  const std::vector<std::string> paths = normal_paths(text_of(node, "each"));
  // Rules start from the element, so its path is the root of all other names.
  if (const YamlNode* when = node.find("when"); when != nullptr && when->is_scalar()) {
    GroupSite site;
    site.name = "records";
    site.when_node = when;
    site.when = condition(*when);
    out_.all.groups.push_back(std::move(site));
  }
}

void OutlineReader::message_list(const YamlNode* each) {
  const std::vector<std::string> paths = each == nullptr ? std::vector<std::string>() : normal_paths(each->text);
  base_ = paths.empty() ? std::string() : paths.front() + "[]";
  list_ = paths.empty() ? std::string() : paths.front();
}

void OutlineReader::ignored(const YamlNode* node) {
  if (node == nullptr) return;
  const auto add = [this](const YamlNode& item) {
    for (std::string& path : normal_paths(item.text)) out_.ignored.push_back({std::move(path), &item});
  };
  if (node->is_scalar()) add(*node);
  for (const YamlNode& item : node->items) add(item);
}

void read_head(DocumentOutline& out, std::string_view entity_key) {
  out.entity = model::entity_from_version(text_of(out.root, entity_key));
  out.zone_minutes = zone_minutes_of(text_of(out.root, "zone"));
}

void read_source(DocumentOutline& out) {
  out.id = text_of(out.root, "mapping");
  read_head(out, "to");
  OutlineReader reader(out, PathSyntax::slashes);
  reader.types(out.root.find("types"));
  reader.tables(out.root.find("tables"));
  if (const YamlNode* records = out.root.find("records"); records != nullptr && records->is_mapping()) reader.records(*records);
  for (const auto& [key, value] : out.root.members) {
    if (key.text == "identity" && value.is_mapping()) {
      for (const auto& [name, node] : value.members) reader.single(name, node, "identity." + name.text, out.all);
    }
    if ((key.text == "event" || key.text == "record") && value.is_mapping()) reader.single(key, value, key.text, out.all);
  }
  if (const YamlNode* rules = out.root.find("rules"); rules != nullptr) reader.block(*rules, "", 0, out.all);
  reader.ignored(out.root.find("ignore"));
}

void read_message(const YamlNode& node, OutlineReader& reader, DocumentOutline& out) {
  DocumentOutline::Message message;
  message.name = text_of(node, "name");
  message.node = &node;
  reader.message_list(node.find("each"));
  if (const YamlNode* when = node.find("when"); when != nullptr) {
    message.when_node = when;
    message.when = reader.condition(*when);
  }
  if (const YamlNode* rules = node.find("rules"); rules != nullptr) reader.block(*rules, "", 0, message.rules);
  reader.message_list(nullptr);
  out.messages.push_back(std::move(message));
}

bool parse_into(const std::string& path, YamlNode& root) {
  const auto bytes = read_file(path);
  if (!bytes) return false;
  auto parsed = wire::parse_yaml(*bytes);
  if (!parsed || !parsed->is_mapping()) return false;
  root = std::move(*parsed);
  return true;
}

} // namespace

Policy RuleSite::policy_of(Fault fault) const {
  Policy policy = Policy::none;
  const YamlNode* at = node == nullptr ? nullptr : node->find("on_fail");
  const YamlNode* named = at != nullptr && at->is_mapping() ? at->find(fault_name(fault)) : nullptr;
  if (named == nullptr && fault == Fault::unknown && table != nullptr && table->unknown != Policy::none) return table->unknown;
  if (named == nullptr && at != nullptr && at->is_mapping()) named = at->find("default");
  if (named == nullptr) named = at;
  if (named != nullptr && named->is_scalar()) policy_from_name(named->text, policy);
  return policy;
}

const RuleSite* DocumentOutline::rule(std::string_view name) const {
  for (const RuleSite& site : all.rules) {
    if (site.name == name) return &site;
  }
  return nullptr;
}

std::string plain_path(std::string_view name) {
  std::string text(name);
  for (std::size_t at = text.find("[]"); at != std::string::npos; at = text.find("[]")) text.erase(at, 2);
  return text;
}

std::unique_ptr<PackOutline> read_pack_outline(const std::string& folder) {
  auto out = std::make_unique<PackOutline>();
  out->folder = folder;
  out->readable = parse_into(folder + "/pack.yaml", out->root);
  if (!out->readable) return out;
  const Mistakes nowhere(out->unheard, {});
  std::optional<Overlay> overlay;
  std::string prefix;
  if (out->root.find("extends") != nullptr) {
    // What the compiler does, so that the checks see the pack that runs; mistakes on the way are the compiler's to tell.
    shift_lines(out->root);
    overlay = read_overlay(out->root, folder, nowhere, nullptr);
    if (!overlay) return out;
    prefix = "../" + text_of(*out->root.find("extends"), "pack") + "/";
  }
  const YamlNode& head = overlay ? overlay->head : out->root;
  if (const YamlNode* never = head.find("never_sent"); never != nullptr) {
    if (never->is_scalar()) out->never_sent.push_back(never->text);
    for (const YamlNode& item : never->items) out->never_sent.push_back(item.text);
  }
  const YamlNode* mappings = head.find("mappings");
  if (mappings == nullptr) return out;
  for (const YamlNode& item : mappings->items) {
    auto document = std::make_unique<DocumentOutline>();
    document->file = text_of(item, "file");
    document->read = text_of(item, "match") != "none";
    document->folder = folder;
    const bool good = document->file.find("..") == std::string::npos && parse_into(folder + "/" + prefix + document->file, document->root);
    document->file = prefix + document->file;
    if (overlay) document->folder = overlay->base_folder;
    if (overlay) document->overlay_folder = folder;
    if (good && overlay) {
      const auto changes = overlay->changes.find(text_of(document->root, "mapping"));
      if (changes != overlay->changes.end()) apply_changes(document->root, *changes->second, "changes", nowhere);
    }
    if (good) read_source(*document);
    out->mappings.push_back(std::move(document));
  }
  return out;
}

std::unique_ptr<DocumentOutline> read_target_outline(const std::string& file) {
  auto out = std::make_unique<DocumentOutline>();
  out->file = file;
  const std::size_t slash = file.rfind('/');
  out->folder = slash == std::string::npos ? "." : file.substr(0, slash);
  out->side = Side::target;
  if (!parse_into(file, out->root)) return out;
  out->id = text_of(out->root, "target");
  read_head(*out, "from");
  OutlineReader reader(*out, PathSyntax::dots);
  reader.types(out->root.find("types"));
  reader.tables(out->root.find("tables"));
  const YamlNode* messages = out->root.find("messages");
  if (messages == nullptr) return out;
  for (const YamlNode& node : messages->items) read_message(node, reader, *out);
  return out;
}

} // namespace tongqu::mapping::detail
