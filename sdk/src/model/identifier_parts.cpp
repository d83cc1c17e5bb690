#include <array>

#include "tongqu/model/identifiers.hpp"

namespace tongqu::model {
namespace {

/// First digits that belong to each level, province to village.
constexpr std::array<std::size_t, 5> kEnds{2, 4, 6, 9, 12};
constexpr std::array<std::string_view, 6> kLevelNames{"national", "province", "city", "county", "township", "village"};

bool all_zero(std::string_view digits) { return digits.find_first_not_of('0') == std::string_view::npos; }

/// The index into kEnds of the last segment that is not zero; nothing for zeros only.
std::optional<std::size_t> last_segment(std::string_view code) {
  for (std::size_t i = kEnds.size(); i > 0; --i) {
    const std::size_t begin = i == 1 ? 0 : kEnds[i - 2];
    if (begin < code.size() && !all_zero(code.substr(begin, kEnds[i - 1] - begin))) return i - 1;
  }
  return std::nullopt;
}

} // namespace

std::string_view division_level_name(DivisionLevel level) noexcept { return kLevelNames[static_cast<std::size_t>(level)]; }

std::optional<DivisionLevel> level_of(std::string_view division) {
  if (!check_division(division)) return std::nullopt;
  const auto segment = last_segment(division);
  // 100000 is the whole country in identity numbers; no province has the digits 10.
  if (!segment || (*segment == 0 && division.substr(0, 2) == "10")) return DivisionLevel::national;
  return static_cast<DivisionLevel>(*segment + 1);
}

std::optional<std::string> parent_of(std::string_view division) {
  const auto level = level_of(division);
  if (!level || *level <= DivisionLevel::province) return std::nullopt;
  std::string parent(division);
  // A county directly under its province (xx90xx) has the collecting code xx9000 above it, like any other.
  const std::size_t keep = kEnds[static_cast<std::size_t>(*level) - 2];
  for (std::size_t i = keep; i < parent.size(); ++i) parent[i] = '0';
  return parent;
}

std::vector<std::string> parents_of(std::string_view division) {
  std::vector<std::string> parents;
  for (auto parent = parent_of(division); parent; parent = parent_of(*parent)) parents.push_back(*parent);
  return parents;
}

Result<CreditCodeParts> split_uscc(std::string_view code) {
  TONGQU_CHECK(check_uscc(code));
  return CreditCodeParts{code[0], code[1], code.substr(2, 6), code.substr(8, 9), code[17]};
}

Result<CatalogCodeParts> split_catalog_code(std::string_view code) {
  TONGQU_CHECK(check_catalog_code(code));
  return CatalogCodeParts{code.substr(0, 2), code.substr(2, 2), code.substr(4, 5), code.substr(9, 3)};
}

Result<TaskCodeParts> split_task_code(std::string_view code) {
  TONGQU_CHECK(check_task_code(code));
  TaskCodeParts parts;
  parts.uscc = code.substr(0, 18);
  parts.level = code[18];
  parts.catalog_code = code.substr(19);
  TONGQU_TRY(parts.catalog, split_catalog_code(parts.catalog_code));
  return parts;
}

Result<TaskHandleItemParts> split_task_handle_item(std::string_view code) {
  TONGQU_CHECK(check_task_handle_item(code));
  TaskHandleItemParts parts;
  parts.task_code = code.substr(0, 31);
  parts.serial = code.substr(31);
  TONGQU_TRY(parts.task, split_task_code(parts.task_code));
  return parts;
}

Result<CaseNoParts> split_case_no_43(std::string_view case_no) {
  TONGQU_CHECK(check_case_no_43(case_no));
  CaseNoParts parts;
  parts.task_code = case_no.substr(0, 31);
  parts.date = case_no.substr(31, 8);
  parts.serial = case_no.substr(39);
  TONGQU_TRY(parts.task, split_task_code(parts.task_code));
  return parts;
}

} // namespace tongqu::model
