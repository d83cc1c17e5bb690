#include <algorithm>

#include "mapping/check/checks.hpp"

namespace tongqu::mapping::detail {
namespace {

/// A step compiled by itself; null when it cannot be, which the compiler reports.
std::unique_ptr<Step> compiled(const StepSite& site) {
  Findings ignored;
  const Mistakes mistakes(ignored, {});
  StepBuild build{mistakes, {}, std::int16_t{0}, nullptr};
  if (site.key->text == "sentinels") return nullptr;
  auto step = compile_step(*site.key, *site.argument, build);
  return ignored.has_errors() ? nullptr : std::move(step);
}

/// How far a step tells whether a text can come out of it.
enum class Gives : std::uint8_t { only_itself, itself_and_others, nothing, unclear };

bool has_letter(const std::string& text, char first, char last) {
  return std::any_of(text.begin(), text.end(), [first, last](char c) { return c >= first && c <= last; });
}

bool has_foldable(const std::string& text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

/// For steps that leave alone what they would make themselves: a text comes out of them exactly when it goes through unchanged.
Gives gives(const StepSite& site, const std::string& text) {
  static constexpr std::string_view kSettling[] = {"trim", "strip", "fold", "null_if", "upper", "lower", "join_lines"};
  const std::string& name = site.key->text;
  if (std::find(std::begin(kSettling), std::end(kSettling), name) == std::end(kSettling)) return Gives::unclear;
  const auto step = compiled(site);
  if (!step) return Gives::unclear;
  wire::Arena arena;
  Value value;
  value.text = text;
  const StepOutcome outcome = step->run(value, arena);
  if (outcome == StepOutcome::placeholder) return Gives::nothing;
  if (outcome != StepOutcome::ok) return Gives::unclear;
  if (value.text != text) return Gives::nothing;
  if (name == "null_if") return Gives::only_itself;
  if (name == "upper") return has_letter(text, 'A', 'Z') ? Gives::itself_and_others : Gives::only_itself;
  if (name == "lower") return has_letter(text, 'a', 'z') ? Gives::itself_and_others : Gives::only_itself;
  if (name == "fold") return has_foldable(text) ? Gives::itself_and_others : Gives::only_itself;
  return Gives::itself_and_others;
}

std::vector<const RuleSite*> uses_of(const DocumentOutline& document, const TableSite& table) {
  std::vector<const RuleSite*> uses;
  const auto look = [&](const RulesOutline& outline) {
    for (const RuleSite& rule : outline.rules) {
      if (rule.table == &table) uses.push_back(&rule);
    }
  };
  look(document.all);
  for (const DocumentOutline::Message& message : document.messages) look(message.rules);
  return uses;
}

void check_rows(const DocumentOutline& document, const TableSite& table, Report& report) {
  const std::vector<const RuleSite*> uses = uses_of(document, table);
  if (uses.empty() || table.match_others) return;
  for (const TableRowSite& row : table.rows) {
    const auto reaches = [&row, &table](const RuleSite* rule) {
      return steps_can_give(rule->steps, row.row.code) || (table.match_label && !row.row.label.empty() && steps_can_give(rule->steps, row.row.label));
    };
    if (std::any_of(uses.begin(), uses.end(), reaches)) continue;
    report.add_line(row.file, row.line, row.column, {Errc::mapping_check_row_unreachable, Severity::warn, "tables." + table.name + ": " + row.row.code, {},
                    {"the steps before the table never give this code", "代码表之前的步骤不会给出该代码"}});
  }
}

struct Listed { std::string code; std::uint32_t line; };

/// Codes of a source list: CSV with a column `code`.
std::vector<Listed> source_list(const DocumentOutline& document, const YamlNode& at, const std::string& subject, Report& report) {
  std::vector<Listed> codes;
  const auto bytes = at.is_scalar() && at.text.find("..") == std::string::npos ? read_file(document.folder + "/" + at.text) : std::nullopt;
  if (!bytes) {
    report.add(document.file, at, {Errc::mapping_file_missing, Severity::error, subject, {}, {}});
    return codes;
  }
  std::vector<std::uint32_t> lines;
  std::vector<CsvProblem> problems;
  const auto records = read_csv(*bytes, lines, problems);
  const auto column = records.empty() ? std::size_t{0} : static_cast<std::size_t>(std::find(records[0].begin(), records[0].end(), "code") - records[0].begin());
  if (records.empty() || !problems.empty() || column == records[0].size()) {
    report.add_line(at.text, 1, 1, {Errc::mapping_table_invalid, Severity::error, subject, {"CSV with a column code", "含 code 列的 CSV"}, {}});
    return codes;
  }
  for (std::size_t i = 1; i < records.size(); ++i) {
    if (column < records[i].size()) codes.push_back({records[i][column], lines[i]});
  }
  return codes;
}

void check_list(const DocumentOutline& document, const TableSite& table, Report& report) {
  const YamlNode* at = table.node->find("source_list");
  if (at == nullptr) return;
  const std::string subject = "tables." + table.name + ".source_list";
  const std::vector<Listed> codes = source_list(document, *at, subject, report);
  if (codes.empty()) return;
  std::vector<std::string> missing;
  for (const Listed& one : codes) {
    const auto is_code = [&one](const TableRowSite& row) { return row.row.code == one.code; };
    if (std::none_of(table.rows.begin(), table.rows.end(), is_code)) missing.push_back(one.code);
  }
  if (!missing.empty()) report.add(document.file, *at, {Errc::mapping_check_list_uncovered, Severity::error, subject, {"rows for " + listed(missing), "补充代码 " + listed(missing)}, {}});
  for (const TableRowSite& row : table.rows) {
    const auto is_listed = [&row](const Listed& one) { return one.code == row.row.code; };
    if (std::any_of(codes.begin(), codes.end(), is_listed)) continue;
    report.add_line(row.file, row.line, row.column, {Errc::mapping_check_row_unreachable, Severity::warn, "tables." + table.name + ": " + row.row.code, {},
                    {"the source list has no such code", "来源代码清单中没有该代码"}});
  }
}

} // namespace

bool steps_can_give(const std::vector<StepSite>& steps, const std::string& text) {
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    switch (gives(*step, text)) {
      case Gives::nothing: return false;
      case Gives::only_itself: break;
      // Another text becomes this one here, so what the steps before do to this text settles nothing.
      case Gives::itself_and_others:
      case Gives::unclear: return true;
    }
  }
  return true;
}

std::optional<std::string> after_steps(const std::vector<StepSite>& steps, const std::string& text) {
  wire::Arena arena;
  Value value;
  value.text = text;
  for (const StepSite& site : steps) {
    const auto step = compiled(site);
    if (!step || !accepts(step->takes, value.type) || step->run(value, arena) != StepOutcome::ok) return std::nullopt;
    value.type = step->gives;
  }
  const bool text_like = value.type == ValueType::text || value.type == ValueType::integer || value.type == ValueType::decimal;
  return text_like ? std::optional<std::string>(value.text) : std::nullopt;
}

void check_tables(const DocumentOutline& document, Report& report) {
  for (const auto& table : document.tables) {
    check_rows(document, *table, report);
    check_list(document, *table, report);
  }
}

} // namespace tongqu::mapping::detail
