#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "../identifier_checks.hpp"
#include "tongqu/model/fields.hpp"

/// What must be checked in the records of one entity, worked out once from its rows: a flat list of places with offsets, so that a record is
/// walked without looking at fields that no check concerns.
namespace tongqu::model::detail {

/// The names of a code system, found in constant time.
class NameSet {
public:
  explicit NameSet(std::string_view system);
  bool has(std::string_view name) const noexcept {
    for (std::size_t at = place_of(name);; at = (at + 1) & mask_) {
      const std::string_view known = table_[at];
      if (known == name) return true;
      if (known.empty()) return false;
    }
  }
  std::string_view system() const noexcept { return system_; }

private:
  std::size_t place_of(std::string_view name) const noexcept {
    if (name.empty()) return 0;
    const auto byte = [&](std::size_t i) { return static_cast<std::size_t>(static_cast<unsigned char>(name[i])); };
    return (name.size() * 7 + byte(0) * 31 + byte(name.size() / 2) * 5 + byte(name.size() - 1) * 17) & mask_;
  }
  std::string_view system_;
  std::size_t mask_ = 0;
  std::vector<std::string_view> table_;   // At most a quarter full: an empty text ends every search.
};

struct CheckStep {
  enum class Kind : std::uint8_t { identifier, identifier_by_code, identifier_by_scheme, code, code_list, time, list };
  Kind kind = Kind::time;
  std::uint32_t offset = 0;               ///< Of the member in its entity or list element.
  std::uint32_t sibling = 0;              ///< identifier_by_*: offset of the member that tells the check.
  PathId path = 0;
  const NamedCheck* check = nullptr;      ///< identifier.
  std::size_t set = 0;                    ///< code, code_list: index into CheckPlan::sets.
  std::size_t list = 0;                   ///< list: index into CheckPlan::lists.
};

struct CheckPlan;

struct ListPlan {
  enum class Key : std::uint8_t { none, text, number };
  const RecordType* type = nullptr;
  std::size_t stride = 0;                 ///< Bytes from one element to the next.
  Key key = Key::none;
  std::uint32_t key_offset = 0;
  std::vector<CheckStep> steps;           ///< Offsets count from the element.
};

struct CheckPlan {
  std::vector<CheckStep> steps;           ///< In the order of the rows.
  std::vector<ListPlan> lists;
  std::vector<NameSet> sets;
  std::vector<std::uint32_t> keys;        ///< Offsets of the texts of which one must be there.
  std::string_view first_key;
  bool has_identifier_lists = false;
};

/// Safe from several threads; made at the first call.
const CheckPlan& check_plan(EntityId entity);

} // namespace tongqu::model::detail
