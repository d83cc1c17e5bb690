#include <algorithm>

#include "mapping/rule_compiler.hpp"

namespace tongqu::mapping::detail {
namespace {

/// What is packed in a value is unpacked before its blanks and placeholders can be seen.
constexpr std::string_view kFirstSteps[] = {"base64", "gbk", "trim", "strip", "fold", "null_if"};

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
    mistakes.add(Errc::mapping_table_invalid, place, "tables." + table.id + ": " + row.name, {"a name of " + table.model, table.model + " 中的名称"},
                 did_you_mean(row.name, names));
  }
  const std::string code = row.code;
  if (!table.add(std::move(row))) {
    mistakes.add(Errc::mapping_table_invalid, place, "tables." + table.id + ": " + code, {"each code once", "每个代码只出现一次"});
  }
}

void RuleCompiler::table_file(const YamlNode& node, CodeTable& table) {
  const auto bytes = read_file(context_.folder + "/" + node.text);
  if (!bytes || node.text.find("..") != std::string::npos) {
    context_.mistakes.add(Errc::mapping_file_missing, node, node.text);
    return;
  }
  if (context_.files != nullptr) context_.files->push_back(node.text);
  const Mistakes mistakes = context_.mistakes.for_file(node.text);
  std::vector<std::uint32_t> lines;
  std::vector<CsvProblem> problems;
  const auto records = read_csv(*bytes, lines, problems);
  for (const CsvProblem& problem : problems) mistakes.add_line(Errc::mapping_table_invalid, problem.line, 1, "tables." + table.id, same(problem.what));
  if (!problems.empty()) return;
  const std::vector<std::string> two = {"code", "name"};
  const std::vector<std::string> three = {"code", "name", "label"};
  if (records.empty() || (records[0] != two && records[0] != three)) {
    mistakes.add_line(Errc::mapping_table_invalid, 1, 1, "tables." + table.id, {"the header code,name[,label]", "表头为 code,name[,label]"});
    return;
  }
  for (std::size_t i = 1; i < records.size(); ++i) {
    const auto& cells = records[i];
    if (cells.size() != records[0].size() || cells[1].empty()) {
      mistakes.add_line(Errc::mapping_table_invalid, lines[i], 1, "tables." + table.id, {"as many cells as the header", "列数与表头一致"});
      continue;
    }
    table_row(node, lines[i], mistakes, table, {cells[0], cells[1], cells.size() > 2 ? cells[2] : std::string()});
  }
}

std::shared_ptr<const CodeTable> RuleCompiler::table(const YamlNode& node, const std::string& id) {
  const std::string subject = "tables." + id;
  auto made = std::make_shared<CodeTable>();
  made->id = id;
  if (!check_keys(node, {"file", "inline", "system", "model", "unknown", "match"}, subject, context_.mistakes)) return made;
  made->system = member_text(node, "system", Need::optional, subject, context_.mistakes).value_or("");
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
    for (const std::string& word : texts(*match, subject, context_.mistakes)) {
      if (word == "label") made->match_label = true;
      else if (word != "code") context_.mistakes.add(Errc::mapping_wrong_shape, *match, subject + ".match", one_of({"code", "label"}));
    }
  }
  const auto unknown = member_text(node, "unknown", Need::optional, subject, context_.mistakes);
  if (!unknown) context_.mistakes.add(Errc::mapping_table_not_total, node, subject, {"unknown: reject, hold, drop or raw", "unknown: reject、hold、drop 或 raw"});
  else if (!policy_from_name(*unknown, made->unknown) || made->unknown == Policy::report) {
    made->unknown = Policy::hold;  // Said once here, not again at every rule that uses the table.
    context_.mistakes.add(Errc::mapping_policy_not_allowed, *node.find("unknown"), subject + ".unknown", one_of({"reject", "hold", "drop", "raw"}));
  }
  const YamlNode* file = node.find("file");
  const YamlNode* rows = node.find("inline");
  if ((file != nullptr) == (rows != nullptr)) {
    context_.mistakes.add(Errc::mapping_missing_key, node, subject, {"either file or inline", "file 与 inline 二选一"});
  } else if (file != nullptr) {
    table_file(*file, *made);
  } else if (rows->is_mapping()) {
    for (const auto& [code, name] : rows->members) table_row(name, 0, context_.mistakes, *made, {code.text, name.text, {}});
  } else {
    context_.mistakes.add(Errc::mapping_wrong_shape, *rows, subject + ".inline");
  }
  if (!made->seal()) context_.mistakes.add(Errc::mapping_table_invalid, node, subject, {"labels that name one row each", "每个标签只对应一行"});
  return made;
}

} // namespace tongqu::mapping::detail
