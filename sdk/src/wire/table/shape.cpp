#include <algorithm>

#include "table/path_name.hpp"
#include "tongqu/wire/document_builder.hpp"
#include "tongqu/wire/table.hpp"

namespace tongqu::wire {
namespace {

constexpr int kTableQuirk = 52;
constexpr std::string_view kBlanks = " \t\r\n";
constexpr std::string_view kWideBlanks[] = {"\xE3\x80\x80", "\xC2\xA0", "\xEF\xBB\xBF"};

bool is_blank(std::string_view text) {
  while (!text.empty()) {
    if (kBlanks.find(text.front()) != std::string_view::npos) {
      text.remove_prefix(1);
      continue;
    }
    bool wide = false;
    for (const std::string_view blank : kWideBlanks) {
      if (text.substr(0, blank.size()) != blank) continue;
      text.remove_prefix(blank.size());
      wide = true;
      break;
    }
    if (!wide) return false;
  }
  return true;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

/// A header as a name that paths can hold.
std::string name_of(std::string_view header) {
  std::string name;
  for (std::size_t i = 0; i < header.size();) {
    bool blank = false;
    for (const std::string_view wide : kWideBlanks) {
      if (header.substr(i, wide.size()) != wide) continue;
      i += wide.size();
      blank = true;
      break;
    }
    if (blank) continue;
    name += header[i++];
  }
  return detail::path_name(name);
}

class Shaper {
public:
  Shaper(Document& document, Grid& grid, const TableShape& shape, const Limits& limits, const NameSet* names, Findings& findings)
      : builder_(document, limits, names), document_(document), grid_(grid), shape_(shape), findings_(findings) {}
  Result<void> run();

private:
  Result<std::size_t> header();
  void header_row(std::size_t index, std::vector<std::string>& names) const;
  void row(std::size_t index);
  bool skipped(std::size_t index);
  std::string_view value(std::size_t index, std::size_t column, const Cell& cell);
  void note(Errc id, Severity severity, std::size_t index, std::size_t column, std::string name = {});
  Error fault(Errc code, std::size_t index, const char* what) const;
  std::string_view column_name(std::size_t column);

  DocumentBuilder builder_;
  Document& document_;
  Grid& grid_;
  const TableShape& shape_;
  Findings& findings_;
  std::vector<std::string_view> names_;
  std::size_t known_columns_ = 0;
  std::vector<std::string_view> above_;
  std::vector<bool> fills_;
};

Error Shaper::fault(Errc code, std::size_t index, const char* what) const {
  const std::uint32_t line = index < grid_.numbers.size() ? grid_.numbers[index] : 1;
  return Error(code).at(std::to_string(line) + ":1").with(what);
}

void Shaper::note(Errc id, Severity severity, std::size_t index, std::size_t column, std::string name) {
  Finding finding;
  finding.id = id;
  finding.severity = severity;
  finding.quirk = kTableQuirk;
  finding.source.line = grid_.numbers[index];
  if (column < grid_.rows[index].size()) finding.source.column = static_cast<std::uint32_t>(column + 1);
  finding.source.path = "/rows/row" + (name.empty() ? std::string() : "/" + name);
  findings_.add(std::move(finding));
}

/// Names of one header row; a merged cell stands over every column that it covers.
void Shaper::header_row(std::size_t index, std::vector<std::string>& names) const {
  const auto& cells = grid_.rows[index];
  for (std::size_t column = 0; column < cells.size(); ++column) {
    const std::string name = name_of(cells[column].text);
    if (name.empty()) continue;
    for (std::size_t i = column; i < column + cells[column].across; ++i) {
      if (names.size() <= i) names.resize(i + 1);
      names[i] = names[i].empty() || names[i] == name ? name : names[i] + "." + name;
    }
  }
}

/// Finds the header rows and answers the index of the first record.
Result<std::size_t> Shaper::header() {
  std::vector<std::string> names = shape_.columns;
  std::size_t first = 0;
  for (const std::uint32_t number : shape_.header_rows) {
    const auto found = std::lower_bound(grid_.numbers.begin(), grid_.numbers.end(), number);
    if (found == grid_.numbers.end() || *found != number) return fault(Errc::wire_table_header, grid_.rows.size(), "no such row");
    const auto index = static_cast<std::size_t>(found - grid_.numbers.begin());
    header_row(index, names);
    first = index + 1;
  }
  while (!names.empty() && names.back().empty()) names.pop_back();
  if (names.empty()) return fault(Errc::wire_table_header, 0, "empty");
  for (std::size_t i = 0; i < names.size(); ++i) names_.push_back(builder_.keep(names[i].empty() ? "column" + std::to_string(i + 1) : names[i]));
  known_columns_ = names_.size();
  above_.assign(known_columns_, {});
  for (const std::string& fill : shape_.fill_down) {
    if (std::find(names_.begin(), names_.end(), fill) == names_.end()) return fault(Errc::wire_table_header, first == 0 ? 0 : first - 1, "a column to fill is missing");
  }
  for (const std::string_view name : names_) fills_.push_back(std::find(shape_.fill_down.begin(), shape_.fill_down.end(), name) != shape_.fill_down.end());
  return first;
}

std::string_view Shaper::column_name(std::size_t column) {
  while (names_.size() <= column) names_.push_back(builder_.keep("column" + std::to_string(names_.size() + 1)));
  return names_[column];
}

bool Shaper::skipped(std::size_t index) {
  std::string_view first;
  for (const Cell& cell : grid_.rows[index]) {
    if (is_blank(cell.text)) continue;
    first = trimmed(cell.text);
    break;
  }
  bool skip = first.empty() && shape_.skip_blank;
  for (const std::string& pattern : shape_.skip_first) {
    const bool starts = !pattern.empty() && pattern.back() == '*';
    const std::string_view text = std::string_view(pattern).substr(0, pattern.size() - (starts ? 1 : 0));
    skip = skip || (!first.empty() && (starts ? first.substr(0, text.size()) == text : first == text));
  }
  if (skip) note(Errc::wire_table_row_skipped, Severity::info, index, 0);
  return skip;
}

std::string_view Shaper::value(std::size_t index, std::size_t column, const Cell& cell) {
  if (column >= known_columns_ || !fills_[column]) return cell.text;
  if (!is_blank(cell.text)) {
    above_[column] = cell.text;
    return cell.text;
  }
  if (above_[column].empty()) return cell.text;
  note(Errc::wire_table_filled_down, Severity::info, index, column, std::string(names_[column]));
  return above_[column];
}

void Shaper::row(std::size_t index) {
  const auto& cells = grid_.rows[index];
  const TableShape::Kind* kind = shape_.kinds.empty() ? nullptr : &shape_.kinds[grid_.kinds[index]];
  builder_.open(NodeKind::element, kind == nullptr ? std::string_view("row") : std::string_view(kind->name), cells.empty() ? 0 : cells.front().offset);
  const std::size_t count = std::max(cells.size(), shape_.fill_down.empty() ? 0 : known_columns_);
  for (std::size_t column = 0; column < count; ++column) {
    const Cell cell = column < cells.size() ? cells[column] : Cell();
    const std::string_view text = value(index, column, cell);
    if (!cell.there && text.empty()) continue;
    builder_.leaf(kind == nullptr ? column_name(column) : std::string_view(kind->columns[column]), text, cell.offset);
  }
  builder_.close();
}

Result<void> Shaper::run() {
  if (grid_.source.empty()) builder_.source(grid_.text);
  else builder_.source(grid_.source);
  TONGQU_TRY(const std::size_t first, shape_.kinds.empty() ? header() : Result<std::size_t>(0));
  builder_.open(NodeKind::element, "rows", 0);
  for (std::size_t index = first; index < grid_.rows.size() && !builder_.failed(); ++index) {
    if (skipped(index)) continue;
    std::size_t cells = grid_.rows[index].size();
    while (shape_.kinds.empty() && cells > known_columns_ && is_blank(grid_.rows[index][cells - 1].text)) --cells;
    grid_.rows[index].resize(cells);
    if (shape_.kinds.empty() && cells != known_columns_) {
      if (shape_.ragged == TableShape::Ragged::refuse) return fault(Errc::wire_table_ragged, index, "cells");
      note(Errc::wire_table_ragged, Severity::warn, index, std::min(cells, known_columns_));
    }
    row(index);
  }
  builder_.close();
  return builder_.finish();
}

} // namespace

Result<void> shape_table(Document& document, Grid& grid, const TableShape& shape, const Limits& limits, const NameSet* names, Findings& findings) {
  return Shaper(document, grid, shape, limits, names, findings).run();
}

} // namespace tongqu::wire
