#include "csv_table.hpp"

namespace tongqu::model::detail {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) text.remove_suffix(1);
  return text;
}

/// Takes one cell off the front of a line; false when a quote is wrong.
bool take_cell(std::string_view& line, std::string& cell) {
  line = trimmed(line);
  if (line.empty() || line.front() != '"') {
    const std::size_t comma = line.find(',');
    cell = trimmed(line.substr(0, comma));
    line.remove_prefix(comma == std::string_view::npos ? line.size() : comma);
    return cell.find('"') == std::string::npos;
  }
  for (std::size_t i = 1; i < line.size(); ++i) {
    if (line[i] != '"') {
      cell += line[i];
    } else if (i + 1 < line.size() && line[i + 1] == '"') {
      cell += line[++i];
    } else {
      line = trimmed(line.substr(i + 1));
      return line.empty() || line.front() == ',';
    }
  }
  return false;
}

} // namespace

Result<std::vector<CsvRow>> read_csv(std::string_view text, std::string_view file, Errc fault) {
  std::vector<CsvRow> rows;
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  if (text.substr(0, kMark.size()) == kMark) text.remove_prefix(kMark.size());
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.empty() || line.front() == '#') continue;
    CsvRow row{number, {}};
    for (bool more = true; more;) {
      row.cells.emplace_back();
      if (!take_cell(line, row.cells.back())) return Error(fault).at(place_of(file, row)).with("a quote is wrong");
      more = !line.empty();
      if (more) line.remove_prefix(1);
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

std::string place_of(std::string_view file, const CsvRow& row) { return std::string(file) + ":" + std::to_string(row.line); }

std::vector<std::string_view> split_words(std::string_view cell, char between) {
  std::vector<std::string_view> words;
  while (!cell.empty()) {
    const std::size_t end = cell.find(between);
    const std::string_view word = trimmed(cell.substr(0, end));
    if (!word.empty()) words.push_back(word);
    cell.remove_prefix(end == std::string_view::npos ? cell.size() : end + 1);
  }
  return words;
}

} // namespace tongqu::model::detail
