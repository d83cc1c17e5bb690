#include "tongqu/model/code_systems.hpp"

#include <algorithm>
#include <iterator>
#include <string>

namespace tongqu::model {
namespace {

struct SystemRow {
  CodeSystem system;
  const std::uint16_t* by_name;  ///< Indexes of the rows in order of name.
};

#include "code_tables.inc"

constexpr bool sorted_by_name() {
  for (std::size_t i = 1; i < std::size(kSystems); ++i) {
    if (!(kSystems[i - 1].system.name < kSystems[i].system.name)) return false;
  }
  return true;
}
static_assert(sorted_by_name(), "systems are found by binary search");

const SystemRow* find_row(std::string_view system) noexcept {
  const auto* found = std::lower_bound(std::begin(kSystems), std::end(kSystems), system,
                                       [](const SystemRow& row, std::string_view name) { return row.system.name < name; });
  return found == std::end(kSystems) || found->system.name != system ? nullptr : found;
}

/// A date of a table against the day of a time; a time of month precision counts from its first day.
int compare_day(std::string_view date, const Time& time) {
  Time day = time;
  day.precision = Time::Precision::day;
  return date.compare(day.text());
}

std::string fold(std::string_view wire) {
  std::string out;
  for (const char c : wire) {
    if (c != '_') out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return out;
}

} // namespace

const CodeSystem* find_code_system(std::string_view system) noexcept {
  const SystemRow* row = find_row(system);
  return row == nullptr ? nullptr : &row->system;
}

std::vector<const CodeSystem*> all_code_systems() {
  std::vector<const CodeSystem*> systems;
  for (const SystemRow& row : kSystems) systems.push_back(&row.system);
  return systems;
}

const CodeRow* code_system(std::string_view system, std::size_t& count) noexcept {
  const CodeSystem* found = find_code_system(system);
  count = found == nullptr ? 0 : found->count;
  return found == nullptr ? nullptr : found->rows;
}

const CodeRow* row_of_name(std::string_view system, std::string_view name) noexcept {
  const SystemRow* row = find_row(system);
  if (row == nullptr) return nullptr;
  const CodeRow* rows = row->system.rows;
  const std::uint16_t* end = row->by_name + row->system.count;
  const std::uint16_t* found = std::lower_bound(row->by_name, end, name, [rows](std::uint16_t i, std::string_view text) { return rows[i].name < text; });
  return found == end || rows[*found].name != name ? nullptr : &rows[*found];
}

bool is_code_name(std::string_view system, std::string_view name) noexcept { return row_of_name(system, name) != nullptr; }

const CodeRow* row_of_code(std::string_view system, std::string_view code, const Time* date) noexcept {
  std::size_t count = 0;
  const CodeRow* rows = code_system(system, count);
  const CodeRow* first = nullptr;
  for (std::size_t i = 0; !code.empty() && i < count; ++i) {
    if (rows[i].code != code) continue;
    if (date != nullptr ? valid_at(rows[i], *date) : rows[i].valid_to.empty()) return &rows[i];
    if (first == nullptr) first = &rows[i];
  }
  return date == nullptr ? first : nullptr;
}

bool valid_at(const CodeRow& row, const Time& date) {
  return (row.valid_from.empty() || compare_day(row.valid_from, date) <= 0) && (row.valid_to.empty() || compare_day(row.valid_to, date) >= 0);
}

std::vector<std::string_view> code_system_names() {
  std::vector<std::string_view> names;
  for (const SystemRow& row : kSystems) {
    if (row.system.canonical) names.push_back(row.system.name);
  }
  return names;
}

const Crosswalk* find_crosswalk(std::string_view from, std::string_view to) noexcept {
  const auto* found = std::find_if(std::begin(kCrosswalks), std::end(kCrosswalks), [&](const Crosswalk& row) { return row.from == from && row.to == to; });
  return found == std::end(kCrosswalks) ? nullptr : found;
}

std::vector<const Crosswalk*> all_crosswalks() {
  std::vector<const Crosswalk*> crosswalks;
  for (const Crosswalk& row : kCrosswalks) crosswalks.push_back(&row);
  return crosswalks;
}

const CrosswalkRow* Crosswalk::forward(std::string_view code) const noexcept {
  const auto* found = std::find_if(rows, rows + count, [&](const CrosswalkRow& row) { return row.from == code && row.reverse != Reverse::only; });
  return found == rows + count ? nullptr : found;
}

std::optional<std::string_view> Crosswalk::back(std::string_view name) const noexcept {
  const CrosswalkRow* plain = nullptr;
  for (std::size_t i = 0; !name.empty() && i < count; ++i) {
    if (rows[i].to != name) continue;
    if (rows[i].reverse == Reverse::yes || rows[i].reverse == Reverse::only) return rows[i].from;
    if (rows[i].reverse == Reverse::plain) plain = &rows[i];
  }
  if (plain == nullptr) return std::nullopt;
  return plain->from;
}

std::optional<Code> canonical_code(std::string_view system, std::string_view code, std::string_view to) {
  const Crosswalk* crosswalk = find_crosswalk(system, to);
  const CrosswalkRow* row = crosswalk == nullptr ? nullptr : crosswalk->forward(code);
  if (row == nullptr) return std::nullopt;
  return Code{std::string(row->to), std::string(system), std::string(code), {}};
}

std::vector<const FieldAlias*> find_aliases(std::string_view wire, std::string_view profile) {
  const std::string folded = fold(wire);
  const auto less = [](const FieldAlias& row, const std::string& text) { return row.folded < text; };
  std::vector<const FieldAlias*> found;
  for (const auto* row = std::lower_bound(std::begin(kAliases), std::end(kAliases), folded, less); row != std::end(kAliases) && row->folded == folded; ++row) {
    if (profile.empty() || row->profile == profile) found.push_back(row);
  }
  return found;
}

std::vector<const FieldAlias*> aliases_of(EntityId entity, std::string_view path) {
  const std::string field = std::string(entity_name(entity)) + "." + std::string(path);
  std::vector<const FieldAlias*> found;
  for (const FieldAlias& row : kAliases) {
    if (row.field == field) found.push_back(&row);
  }
  std::stable_sort(found.begin(), found.end(), [](const FieldAlias* a, const FieldAlias* b) { return a->profile < b->profile; });
  return found;
}

std::vector<const FieldAlias*> all_aliases() {
  std::vector<const FieldAlias*> found;
  for (const FieldAlias& row : kAliases) found.push_back(&row);
  return found;
}

} // namespace tongqu::model
