#include "tongqu/mapping/functions.hpp"

#include <algorithm>

#include "mapping/code_table.hpp"

namespace tongqu::mapping {
namespace {

constexpr std::size_t kArgumentsMax = 8;

bool is_function_name(std::string_view name) {
  const auto good = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.'; };
  return std::all_of(name.begin(), name.end(), good) && std::count(name.begin(), name.end(), '.') == 1 && name.front() != '.' && name.back() != '.' &&
         name.front() >= 'a';
}

/// Members by "key\nmember", which no cell can be, since keys with line ends are refused.
class TableLookup final : public Lookup {
public:
  Result<void> read(const std::string& catalogue, std::string_view csv);
  Result<std::optional<std::string>> find(std::string_view catalogue, std::string_view key, std::string_view member) const override;

private:
  std::map<std::string, std::map<std::string, std::string, std::less<>>, std::less<>> cells_;
};

Result<void> TableLookup::read(const std::string& catalogue, std::string_view csv) {
  std::vector<std::uint32_t> lines;
  std::vector<detail::CsvProblem> problems;
  const auto records = detail::read_csv(csv, lines, problems);
  if (!problems.empty()) return Error(Errc::mapping_table_invalid).at(catalogue + ":" + std::to_string(problems.front().line)).with(problems.front().what);
  auto& cells = cells_[catalogue];
  for (std::size_t row = 1; row < records.size(); ++row) {
    const auto& record = records[row];
    const bool whole = record.size() == records[0].size() && !record[0].empty() && record[0].find('\n') == std::string::npos;
    if (!whole || !cells.emplace(record[0] + "\n", std::string()).second) return Error(Errc::mapping_table_invalid).at(catalogue + ":" + std::to_string(lines[row]));
    for (std::size_t i = 1; i < record.size(); ++i) {
      if (!record[i].empty()) cells[record[0] + "\n" + records[0][i]] = record[i];
    }
  }
  return {};
}

Result<std::optional<std::string>> TableLookup::find(std::string_view catalogue, std::string_view key, std::string_view member) const {
  const auto table = cells_.find(catalogue);
  if (table == cells_.end()) return Error(Errc::mapping_lookup_missing).with(std::string(catalogue));
  const auto cell = table->second.find(std::string(key) + "\n" + std::string(member));
  if (cell == table->second.end() || member.empty()) return std::optional<std::string>();
  return std::optional<std::string>(cell->second);
}

} // namespace

Result<void> Functions::add(Function function) {
  const auto refuse = [&function](const char* why) { return Error(Errc::mapping_function_invalid).at(function.name).with(why); };
  if (!is_function_name(function.name)) return refuse("a name such as county.fold_no");
  if (function.takes.empty() || function.takes.size() > kArgumentsMax) return refuse("1 to 8 arguments");
  if (!function.run) return refuse("something to run");
  if (function.inverse && function.takes.size() != 1) return refuse("an inverse of one argument");
  if (rows_.count(function.name) != 0) return refuse("each name once");
  std::string name = function.name;
  rows_.emplace(std::move(name), std::make_shared<const Function>(std::move(function)));
  return {};
}

std::shared_ptr<const Function> Functions::find(std::string_view name) const {
  const auto found = rows_.find(name);
  return found == rows_.end() ? nullptr : found->second;
}

std::vector<std::string_view> Functions::names() const {
  std::vector<std::string_view> names;
  for (const auto& [name, row] : rows_) names.push_back(name);
  return names;
}

const std::vector<std::string_view>& lookup_catalogues() {
  static const std::vector<std::string_view> names = {"item", "organisation", "division"};
  return names;
}

Result<std::shared_ptr<const Lookup>> make_table_lookup(const std::map<std::string, std::string, std::less<>>& csv_by_catalogue) {
  auto made = std::make_shared<TableLookup>();
  for (const auto& [catalogue, csv] : csv_by_catalogue) {
    auto read = made->read(catalogue, csv);
    if (!read) return std::move(read).error();
  }
  return std::shared_ptr<const Lookup>(std::move(made));
}

} // namespace tongqu::mapping
