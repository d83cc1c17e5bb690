#include "mapping/code_table.hpp"

#include <map>

#include "tongqu/base/bytes.hpp"

namespace tongqu::mapping::detail {
namespace {

struct PolicyName { std::string_view name; Policy policy; };
constexpr PolicyName kPolicies[] = {{"reject", Policy::reject}, {"hold", Policy::hold}, {"drop", Policy::drop}, {"raw", Policy::raw}, {"report", Policy::report}};

/// FNV-1a; the tables are ours, so nobody chooses the keys.
std::uint32_t hash_of(std::string_view text) noexcept {
  std::uint32_t hash = 2166136261u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  return hash ^ (hash >> 15);
}

/// One record from `at`; answers false on a broken quote.
bool read_record(std::string_view bytes, std::size_t& at, std::uint32_t& line, std::vector<std::string>& cells) {
  cells.assign(1, {});
  bool quoted = at < bytes.size() && bytes[at] == '"';
  if (quoted) ++at;
  bool closed = false;
  while (at < bytes.size()) {
    const char c = bytes[at++];
    if (c == '\n') ++line;
    if (quoted && c == '"' && at < bytes.size() && bytes[at] == '"') {
      cells.back() += '"';
      ++at;
    } else if (quoted && c == '"') {
      quoted = false;
      closed = true;
    } else if (!quoted && c == ',') {
      cells.emplace_back();
      closed = false;
      quoted = at < bytes.size() && bytes[at] == '"';
      if (quoted) ++at;
    } else if (!quoted && c == '\n') {
      return true;
    } else if (!quoted && c == '\r' && at < bytes.size() && bytes[at] == '\n') {
      continue;
    } else if (closed || (!quoted && (c == '"' || c == '\r'))) {
      return false;
    } else {
      cells.back() += c;
    }
  }
  return !quoted;
}

} // namespace

std::string_view policy_name(Policy policy) noexcept {
  for (const PolicyName& row : kPolicies) {
    if (row.policy == policy) return row.name;
  }
  return "none";
}

bool policy_from_name(std::string_view name, Policy& out) noexcept {
  for (const PolicyName& row : kPolicies) {
    if (row.name != name) continue;
    out = row.policy;
    return true;
  }
  return false;
}

bool CodeTable::add(Row row) {
  if (!codes_.insert(row.code).second) return false;
  rows_.push_back(std::move(row));
  return true;
}

std::string_view CodeTable::text_at(const Row& row, std::uint32_t column) noexcept {
  if (column < 2) return column == 0 ? row.code : row.label;
  return row.others[column - 2];
}

bool CodeTable::place(std::uint32_t row, std::uint32_t column) {
  const std::string_view key = text_at(rows_[row - 1], column);
  const std::uint32_t hash = hash_of(key);
  std::size_t at = hash & (buckets_.size() - 1);
  for (; buckets_[at].row != 0; at = (at + 1) & (buckets_.size() - 1)) {
    const Row& other = rows_[buckets_[at].row - 1];
    if (text_at(other, buckets_[at].column) != key) continue;
    return buckets_[at].row == row || other.name == rows_[row - 1].name;
  }
  buckets_[at] = {hash, row, column};
  return true;
}

bool CodeTable::seal() {
  std::size_t size = 8;
  while (size < rows_.size() * 3 * (2 + other_columns.size())) size *= 2;
  buckets_.assign(size, {});
  bool good = true;
  const auto columns = static_cast<std::uint32_t>(2 + other_columns.size());
  for (std::uint32_t column = 0; column < columns; ++column) {
    if ((column == 0 && !match_code) || (column == 1 && !match_label)) continue;
    for (std::uint32_t row = 1; row <= rows_.size(); ++row) {
      if (column == 0 || !text_at(rows_[row - 1], column).empty()) good = place(row, column) && good;
    }
  }
  return good;
}

const CodeTable::Row* CodeTable::find(std::string_view code) const noexcept {
  if (buckets_.empty()) return nullptr;
  const std::uint32_t hash = hash_of(code);
  for (std::size_t at = hash & (buckets_.size() - 1); buckets_[at].row != 0; at = (at + 1) & (buckets_.size() - 1)) {
    const Row& row = rows_[buckets_[at].row - 1];
    if (buckets_[at].hash == hash && text_at(row, buckets_[at].column) == code) return &row;
  }
  return nullptr;
}

const CodeTable::Row* CodeTable::back(std::string_view name) const noexcept {
  const Row* only = nullptr;
  std::size_t count = 0;
  for (const Row& row : rows_) {
    if (row.name != name) continue;
    if (row.preferred) return &row;
    only = &row;
    ++count;
  }
  return count == 1 ? only : nullptr;
}

std::vector<std::string_view> CodeTable::ambiguous_names() const {
  std::map<std::string_view, std::size_t> counts;
  for (const Row& row : rows_) counts[row.name] += row.preferred ? rows_.size() + 1 : 1;
  std::vector<std::string_view> names;
  for (const auto& [name, count] : counts) {
    if (count > 1 && count <= rows_.size()) names.push_back(name);
  }
  return names;
}

bool CodeTable::prefer(std::string_view name, std::string_view code) {
  Row* wanted = nullptr;
  for (Row& row : rows_) {
    if (row.name == name && row.preferred && row.code != code) return false;
    if (row.name == name && row.code == code) wanted = &row;
  }
  if (wanted != nullptr) wanted->preferred = true;
  return wanted != nullptr;
}

std::vector<std::vector<std::string>> read_csv(std::string_view bytes, std::vector<std::uint32_t>& lines, std::vector<CsvProblem>& problems) {
  std::vector<std::vector<std::string>> records;
  if (!is_utf8(bytes)) problems.push_back({1, "UTF-8"});
  if (bytes.substr(0, 3) == "\xEF\xBB\xBF") problems.push_back({1, "no byte-order mark"});
  if (!problems.empty()) return records;
  std::uint32_t line = 1;
  for (std::size_t at = 0; at < bytes.size();) {
    const std::uint32_t start = line;
    std::vector<std::string> cells;
    if (!read_record(bytes, at, line, cells)) {
      problems.push_back({start, "balanced quotes"});
      return records;
    }
    if (cells.size() == 1 && cells[0].empty()) continue;
    records.push_back(std::move(cells));
    lines.push_back(start);
  }
  return records;
}

} // namespace tongqu::mapping::detail
