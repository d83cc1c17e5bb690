#include <algorithm>
#include <set>

#include "mapping/rule_compiler.hpp"

namespace tongqu::mapping::detail {
namespace {

/// What is packed in a value is unpacked before its blanks and placeholders can be seen.
constexpr std::string_view kFirstSteps[] = {"base64", "gbk", "utf8", "trim", "strip", "fold", "null_if"};

std::size_t rank(std::string_view step) {
  const auto* found = std::find(std::begin(kFirstSteps), std::end(kFirstSteps), step);
  return static_cast<std::size_t>(found - std::begin(kFirstSteps));
}

} // namespace

void RuleCompiler::read_types(const YamlNode* node) {
  if (node == nullptr) return;
  std::vector<std::string_view> known = step_names();
  known.push_back("extends");
  known.push_back("sentinels");
  known.push_back("call");
  if (!node->is_mapping()) {
    context_.mistakes.add(Errc::mapping_wrong_shape, *node, "types");
    return;
  }
  for (const auto& [key, body] : node->members) {
    const std::string subject = "types." + key.text;
    if (!check_keys(body, known, subject, context_.mistakes)) continue;
    Entries entries;
    // A type extends one that stands above it, so that there are no circles.
    if (const YamlNode* base = body.find("extends"); base != nullptr) {
      const auto found = types_.find(base->text);
      if (found == types_.end()) context_.mistakes.add(Errc::mapping_unknown_type, *base, subject, {"a type that stands above", "位于其上方的类型"});
      else entries = found->second;
    }
    for (const auto& [step, argument] : body.members) {
      if (step.text == "extends") continue;
      const auto same_step = [&step = step](const Entry& entry) { return entry.key->text == step.text; };
      const auto old = std::find_if(entries.begin(), entries.end(), same_step);
      if (old != entries.end()) *old = {&step, &argument};
      else entries.push_back({&step, &argument});
    }
    std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return rank(a.key->text) < rank(b.key->text); });
    types_.emplace(key.text, entries);
    // Compiled once here, so that a mistake in a type nobody uses is found too.
    Rule probe;
    probe.name = subject;
    ValueType type = ValueType::text;
    add_entries(entries, probe, type);
  }
}

void RuleCompiler::read_tables(const YamlNode* node) {
  if (node == nullptr) return;
  if (!node->is_mapping()) {
    context_.mistakes.add(Errc::mapping_wrong_shape, *node, "tables");
    return;
  }
  for (const auto& [key, body] : node->members) tables_[key.text] = table(body, key.text);
}

void RuleCompiler::table_row(const YamlNode& at, std::uint32_t line, const Mistakes& mistakes, CodeTable& table, CodeTable::Row row) {
  YamlNode place = at;
  if (line != 0) {
    place.line = line;
    place.column = 1;
  }
  if (!table.model.empty() && !model::is_code_name(table.model, row.name)) {
    std::size_t count = 0;
    const model::CodeRow* rows = model::code_system(table.model, count);
    std::vector<std::string_view> names;
    for (std::size_t i = 0; i < count; ++i) names.push_back(rows[i].name);
    // A short list is said whole; of a long one the nearest.
    constexpr std::size_t kSaidMax = 24;
    Bilingual expected = {"a name of " + table.model, table.model + " 中的名称"};
    if (names.size() <= kSaidMax) {
      const Bilingual list = one_of(names);
      expected = {expected.en + ", " + list.en, expected.zh + "，" + list.zh};
    }
    mistakes.add(Errc::mapping_table_invalid, place, "tables." + table.id + ": " + row.name, std::move(expected), did_you_mean(row.name, names));
  }
  const std::string code = row.code;
  if (replaced_.count(code) != 0) return;
  if (!table.add(std::move(row))) {
    mistakes.add(Errc::mapping_table_invalid, place, "tables." + table.id + ": " + code, {"each code once", "每个代码只出现一次"});
  }
}

namespace {

/// Where the parts of a row stand in a file.
struct TableColumns {
  std::vector<std::size_t> code;          ///< Several make one code, joined by "|".
  std::size_t name = 0;
  std::optional<std::size_t> label, prefer;
  std::vector<std::size_t> others;        ///< Of CodeTable::other_columns.
};

bool columns_of(const std::vector<std::string>& header, const YamlNode* node, const CodeTable& table, const Mistakes& mistakes, TableColumns& out) {
  const std::string subject = "tables." + table.id;
  bool good = true;
  const auto place = [&header](const std::string& name) -> std::optional<std::size_t> {
    const auto found = std::find(header.begin(), header.end(), name);
    if (found == header.end()) return std::nullopt;
    return static_cast<std::size_t>(found - header.begin());
  };
  const auto need = [&](const std::string& name) {
    const auto at = place(name);
    if (!at) mistakes.add_line(Errc::mapping_table_invalid, 1, 1, subject + ": " + name, {"a column of the header", "表头中的列"});
    good = good && at.has_value();
    return at.value_or(0);
  };
  const auto named = [node](const char* key) { return node == nullptr ? nullptr : node->find(key); };
  const YamlNode* code = named("code");
  if (code != nullptr) {
    for (const std::string& name : texts(*code, subject + ".columns.code", mistakes)) out.code.push_back(need(name));
  } else {
    out.code.push_back(need("code"));
  }
  const YamlNode* name = named("name");
  out.name = need(name != nullptr ? name->text : "name");
  const YamlNode* label = named("label");
  out.label = label != nullptr ? std::optional(need(label->text)) : place("label");
  out.prefer = place("prefer");
  for (const std::string& other : table.other_columns) out.others.push_back(need(other));
  // Without `columns` the header is ours, and a slip in it must not pass.
  if (node == nullptr && good && (out.code[0] != 0 || out.name != 1)) {
    mistakes.add_line(Errc::mapping_table_invalid, 1, 1, subject, {"code and name first", "code、name 在前"});
    good = false;
  }
  for (const std::string& column : header) {
    const bool ours = column == "code" || column == "name" || column == "label" || column == "prefer" ||
                      std::find(table.other_columns.begin(), table.other_columns.end(), column) != table.other_columns.end();
    if (node != nullptr || ours) continue;
    mistakes.add_line(Errc::mapping_table_invalid, 1, 1, subject + ": " + column, {"the header code,name[,label][,prefer] and columns of match; other headers need columns", "表头为 code,name[,label][,prefer] 及 match 中的列；其他表头须用 columns 说明"});
    good = false;
  }
  if (std::set<std::string>(header.begin(), header.end()).size() != header.size()) {
    mistakes.add_line(Errc::mapping_table_invalid, 1, 1, subject, {"each column once", "每列只出现一次"});
    good = false;
  }
  return good;
}

} // namespace

void RuleCompiler::table_file(const YamlNode& node, const YamlNode* columns_node, CodeTable& table) {
  const bool own = Mistakes::of_overlay(node);
  const auto bytes = read_file((own ? context_.overlay_folder : context_.folder) + "/" + node.text);
  if (!bytes || node.text.find("..") != std::string::npos) {
    context_.mistakes.add(Errc::mapping_file_missing, node, node.text);
    return;
  }
  // Files of the pack that is extended are covered by its digest.
  if (context_.files != nullptr && (own || context_.overlay_folder.empty())) context_.files->push_back(node.text);
  const Mistakes mistakes = context_.mistakes.for_file(node.text);
  std::vector<std::uint32_t> lines;
  std::vector<CsvProblem> problems;
  const auto records = read_csv(*bytes, lines, problems);
  for (const CsvProblem& problem : problems) mistakes.add_line(Errc::mapping_table_invalid, problem.line, 1, "tables." + table.id, same(problem.what));
  if (!problems.empty()) return;
  if (records.empty()) {
    mistakes.add_line(Errc::mapping_table_invalid, 1, 1, "tables." + table.id, {"a header and rows", "表头与数据行"});
    return;
  }
  TableColumns columns;
  if (!columns_of(records[0], columns_node, table, mistakes, columns)) return;
  for (std::size_t i = 1; i < records.size(); ++i) {
    const auto& cells = records[i];
    if (cells.size() != records[0].size() || cells[columns.name].empty()) {
      mistakes.add_line(Errc::mapping_table_invalid, lines[i], 1, "tables." + table.id, {"as many cells as the header, and a name", "列数与表头一致且名称非空"});
      continue;
    }
    CodeTable::Row row;
    for (std::size_t part = 0; part < columns.code.size(); ++part) row.code.append(part == 0 ? "" : "|").append(cells[columns.code[part]]);
    if (replaced_.count(row.code) != 0) continue;
    row.name = cells[columns.name];
    if (columns.label) row.label = cells[*columns.label];
    for (const std::size_t other : columns.others) row.others.push_back(cells[other]);
    const std::string flag = columns.prefer ? cells[*columns.prefer] : std::string();
    if (!flag.empty() && flag != "yes") mistakes.add_line(Errc::mapping_table_invalid, lines[i], 1, "tables." + table.id + ".prefer", {"yes or empty", "yes 或空"});
    const std::string name = row.name, code = row.code;
    table_row(node, lines[i], mistakes, table, std::move(row));
    if (flag == "yes" && !table.prefer(name, code)) {
      mistakes.add_line(Errc::mapping_table_invalid, lines[i], 1, "tables." + table.id + ".prefer: " + name, {"one preferred code for each name", "每个名称只能有一个首选代码"});
    }
  }
}

/// `rows`: rows over those of the file or of `inline`; `none` takes one away.
void RuleCompiler::table_rows(const YamlNode& node, CodeTable& table) {
  replaced_.clear();
  const YamlNode* rows = node.find("rows");
  if (rows == nullptr) return;
  if (!rows->is_mapping()) {
    context_.mistakes.add(Errc::mapping_wrong_shape, *rows, "tables." + table.id + ".rows", {"code: name", "代码: 名称"});
    return;
  }
  for (const auto& [code, name] : rows->members) {
    if (!name.quoted && name.text == "none") continue;
    CodeTable::Row row;
    row.code = code.text;
    row.name = name.text;
    row.others.resize(table.other_columns.size());
    table_row(name, 0, context_.mistakes, table, std::move(row));
  }
  for (const auto& [code, name] : rows->members) replaced_.insert(code.text);
}

std::shared_ptr<const CodeTable> RuleCompiler::table(const YamlNode& node, const std::string& id) {
  const std::string subject = "tables." + id;
  auto made = std::make_shared<CodeTable>();
  made->id = id;
  if (!check_keys(node, {"file", "inline", "system", "version", "model", "unknown", "match", "columns", "prefer", "rows", "source_list"}, subject, context_.mistakes)) return made;
  made->system = member_text(node, "system", Need::optional, subject, context_.mistakes).value_or("");
  if (const auto version = member_text(node, "version", Need::optional, subject, context_.mistakes); version) {
    if (made->system.empty() || version->empty()) context_.mistakes.add(Errc::mapping_missing_key, *node.find("version"), subject + ".system", {"the code system that has this version", "该版本所属的代码体系"});
    else made->system += "@" + *version;
  }
  if (const YamlNode* name = node.find("model"); name != nullptr) {
    made->model = name->text;
    std::size_t count = 0;
    if (context_.side == Side::target || model::code_system(made->model, count) == nullptr) {
      context_.mistakes.add(Errc::mapping_table_invalid, *name, subject + ".model", {"a code system of the model", "模型的代码体系"},
                            did_you_mean(made->model, model::code_system_names()));
      made->model.clear();
    }
  }
  if (const YamlNode* match = node.find("match"); match != nullptr) {
    made->match_code = false;
    for (const std::string& word : texts(*match, subject, context_.mistakes)) {
      if (word == "label") made->match_label = true;
      else if (word == "code") made->match_code = true;
      else if (node.find("file") != nullptr) made->other_columns.push_back(word);
      else context_.mistakes.add(Errc::mapping_wrong_shape, *match, subject + ".match", one_of({"code", "label"}));
    }
  }
  const auto unknown = member_text(node, "unknown", Need::optional, subject, context_.mistakes);
  if (!unknown) context_.mistakes.add(Errc::mapping_table_not_total, node, subject, {"unknown: reject, hold, drop or raw", "unknown: reject、hold、drop 或 raw"});
  else if (!policy_from_name(*unknown, made->unknown) || made->unknown == Policy::report) {
    made->unknown = Policy::hold;  // Said once here, not again at every rule that uses the table.
    context_.mistakes.add(Errc::mapping_policy_not_allowed, *node.find("unknown"), subject + ".unknown", one_of({"reject", "hold", "drop", "raw"}));
  }
  table_rows(node, *made);
  const YamlNode* file = node.find("file");
  const YamlNode* rows = node.find("inline");
  if ((file != nullptr) == (rows != nullptr)) {
    context_.mistakes.add(Errc::mapping_missing_key, node, subject, {"either file or inline", "file 与 inline 二选一"});
  } else if (file != nullptr) {
    table_file(*file, node.find("columns"), *made);
  } else if (rows->is_mapping()) {
    for (const auto& [code, name] : rows->members) table_row(name, 0, context_.mistakes, *made, {code.text, name.text, {}, {}, false});
  } else {
    context_.mistakes.add(Errc::mapping_wrong_shape, *rows, subject + ".inline");
  }
  if (const YamlNode* prefer = node.find("prefer"); prefer != nullptr) {
    if (!prefer->is_mapping()) context_.mistakes.add(Errc::mapping_wrong_shape, *prefer, subject + ".prefer", same("{name: code}"));
    for (const auto& [name, code] : prefer->members) {
      if (!made->prefer(name.text, code.text)) context_.mistakes.add(Errc::mapping_table_invalid, code, subject + ".prefer: " + name.text, {"one code of the table that leads to this name", "表中指向该名称的一个代码"});
    }
  }
  if (!made->seal()) context_.mistakes.add(Errc::mapping_table_invalid, node, subject, {"texts that lead to one name each", "每个文本只对应一个名称"});
  return made;
}

} // namespace tongqu::mapping::detail
