#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace tongqu::mapping::detail {

enum class Policy : std::uint8_t { none, reject, hold, drop, raw, report };
std::string_view policy_name(Policy policy) noexcept;
bool policy_from_name(std::string_view name, Policy& out) noexcept;

/// A crosswalk from the codes of a source to names, found by hash in one probe nearly always.
class CodeTable {
public:
  struct Row {
    std::string code, name, label;
    std::vector<std::string> others = {};   ///< By `other_columns`.
    bool preferred = false;                 ///< Stands for its name on the way back.
  };

  std::string id;              ///< Name in the pack.
  std::string system;          ///< Source code system with its version, "qinglan.zjlx@7"; empty when none was named.
  std::string model;           ///< Model code system of the names; empty for plain names.
  Policy unknown = Policy::none;
  bool match_code = true;
  bool match_label = false;
  std::vector<std::string> other_columns;   ///< Further columns whose text leads to the row.

  /// False when the code is there already.
  bool add(Row row);
  /// Call once after the last row. False when one text of the matched columns leads to two names.
  bool seal();
  const Row* find(std::string_view code) const noexcept;
  const std::vector<Row>& rows() const noexcept { return rows_; }

  /// The way back: the row that stands for a name. Null when there is none, or several and none is preferred.
  const Row* back(std::string_view name) const noexcept;
  /// Names to which several codes lead while none is preferred: the way back has no answer for them.
  std::vector<std::string_view> ambiguous_names() const;
  /// Marks the row of `code` as preferred. False when there is no such code with that name, or another row of the name is marked.
  bool prefer(std::string_view name, std::string_view code);

private:
  struct Bucket { std::uint32_t hash = 0; std::uint32_t row = 0; std::uint32_t column = 0; };
  /// Text of column 0 code, 1 label, then others.
  static std::string_view text_at(const Row& row, std::uint32_t column) noexcept;
  bool place(std::uint32_t row, std::uint32_t column);
  std::vector<Row> rows_;
  std::unordered_set<std::string> codes_;
  std::vector<Bucket> buckets_;
};

/// Reads strict CSV into rows, the header being the first. Problems go to `problems` with their line.
struct CsvProblem { std::uint32_t line; std::string what; };
std::vector<std::vector<std::string>> read_csv(std::string_view bytes, std::vector<std::uint32_t>& lines, std::vector<CsvProblem>& problems);

} // namespace tongqu::mapping::detail
