#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tongqu::mapping::detail {

enum class Policy : std::uint8_t { none, reject, hold, drop, raw, report };
std::string_view policy_name(Policy policy) noexcept;
bool policy_from_name(std::string_view name, Policy& out) noexcept;

/// A crosswalk from the codes of a source to names, found by hash in one probe nearly always.
class CodeTable {
public:
  struct Row { std::string code, name, label; };

  std::string id;              ///< Name in the pack.
  std::string system;          ///< Source code system, "qinglan.zjlx"; empty when none was named.
  std::string model;           ///< Model code system of the names; empty for plain names.
  Policy unknown = Policy::none;
  bool match_label = false;

  /// False when the code is there already.
  bool add(Row row);
  /// Call once after the last row. False when a label equals a code or label of another row and labels are matched.
  bool seal();
  const Row* find(std::string_view code) const noexcept;
  const std::vector<Row>& rows() const noexcept { return rows_; }

private:
  struct Bucket { std::uint32_t hash = 0; std::uint32_t row = 0; bool label = false; };
  bool place(std::uint32_t row, std::string_view key, bool label);
  std::vector<Row> rows_;
  std::vector<Bucket> buckets_;
};

/// Reads strict CSV "code,name[,label]" into rows. Problems go to `problems` with their line.
struct CsvProblem { std::uint32_t line; std::string what; };
std::vector<std::vector<std::string>> read_csv(std::string_view bytes, std::vector<std::uint32_t>& lines, std::vector<CsvProblem>& problems);

} // namespace tongqu::mapping::detail
