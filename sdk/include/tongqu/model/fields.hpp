#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tongqu/model/values.hpp"

/// The one definition of every entity as data: what fields a record type has, their stable numbers, kinds and documentation, and
/// access to a member by number. Generated from the rows of model/defs/*.def; the structs come from the same rows.
namespace tongqu::model {

/// Kind of a field and the C++ type of its member.
enum class FieldKind : std::uint8_t {
  text,         ///< std::optional<std::string>
  identifier,   ///< std::optional<std::string>, with a verdict in the meta table
  code,         ///< std::optional<Code>
  time,         ///< std::optional<Time>
  quantity,     ///< std::optional<Quantity>
  money,        ///< std::optional<Money>
  validity,     ///< std::optional<Validity>
  integer,      ///< std::optional<std::int64_t>
  boolean,      ///< std::optional<bool>
  record,       ///< the struct itself; absent when all its fields are
  text_list,    ///< std::optional<std::vector<std::string>>; engaged and empty means "known to be none"
  code_list,    ///< std::optional<std::vector<Code>>
  record_list,  ///< std::optional<std::vector<Struct>>
};

struct RecordType;

/// How sure it is that a field exists as described; see the rows of defs/sources.def.
enum class Confidence : std::uint8_t {
  high,    ///< The text of a standard, or two independent public implementations that agree.
  medium,  ///< One public implementation or one local rule.
  low,     ///< Recalled and not verified.
  own,     ///< An addition of this model.
};
std::string_view confidence_name(Confidence confidence) noexcept;

/// Where a field comes from.
struct FieldSource {
  std::string_view name;
  Confidence confidence = Confidence::own;
  std::string_view zh, en;
};

struct FieldInfo {
  std::uint8_t id = 0;                     ///< Stable within its record type, 1 to 255.
  std::string_view name;                   ///< snake_case, MODEL's name.
  FieldKind kind = FieldKind::text;
  const RecordType* (*type)() = nullptr;   ///< Of `record` and `record_list`, else null.
  bool personal = false;                   ///< Personal data: its value never enters a finding, a log or a mask-free table.
  bool key = false;                        ///< Key of list elements when parts are merged.
  std::string_view system;                 ///< code: the model's code system whose names are allowed ("id_type"); empty: any name.
  std::string_view check;                  ///< identifier: default check ("resident_id", "uscc", …), "by:FIELD" when a sibling tells it; empty: none.
  std::string_view zh;                     ///< Chinese term.
  std::string_view en;                     ///< One line of English documentation.
  void* (*member)(void* object) = nullptr; ///< Address of the member in its struct.
  bool future = false;                     ///< time: may lie after the reference date (a due date, a validity).
  const FieldSource* source = nullptr;     ///< Never null in the tables of the model.
};

struct RecordType {
  std::string_view name;                   ///< "case", "person", "material".
  const FieldInfo* fields = nullptr;       ///< In canonical order.
  std::size_t count = 0;
  std::size_t (*list_size)(const void* list) = nullptr;      ///< Of std::optional<std::vector<Struct>>; 0 when absent.
  void* (*list_at)(void* list, std::size_t index) = nullptr;
  void* (*list_append)(void* list) = nullptr;                ///< Engages the list, appends one element, returns it.
  void (*list_engage)(void* list) = nullptr;                 ///< Makes an absent list "known to be none".
  bool (*list_engaged)(const void* list) = nullptr;          ///< The list is there, perhaps empty.
  void (*list_reset)(void* list) = nullptr;                  ///< Makes the list absent.
  /// Keeps the elements that `order` names, in that order.
  void (*list_permute)(void* list, const std::size_t* order, std::size_t count) = nullptr;
  std::string_view zh, en;                                   ///< Chinese term and one line of English documentation.
  const FieldInfo* find(std::string_view field) const noexcept;
};

/// Number of a field path from the root of an entity: one byte per level, the root's field in the lowest byte. "applicant.id_no" of
/// the case is (id of applicant) | (id of id_no) << 8. Up to four levels.
using PathId = std::uint32_t;

/// A field path resolved once: what a mapping rule writes to.
struct Slot {
  PathId id = 0;
  std::uint8_t depth = 0;                              ///< Number of steps.
  std::array<const FieldInfo*, 4> steps{};             ///< Fields from the root; lists inside the path are entered by element index.
  const FieldInfo& field() const { return *steps[static_cast<std::size_t>(depth) - 1]; }
};

/// Element indexes for the lists on a slot's path, outermost first.
using ElementIndex = std::array<std::uint16_t, 2>;

/// The record types that can be a record of their own, in the order of defs/entities.def.
enum class EntityId : std::uint8_t {
#define TONGQU_ENTITY(enumerator, type, name, version, keys) enumerator,
#include "tongqu/model/defs/entities.def"
#undef TONGQU_ENTITY
};
std::vector<EntityId> all_entities();
std::string_view entity_name(EntityId entity) noexcept;          ///< "case", "service_item".
std::string_view entity_version(EntityId entity) noexcept;       ///< "case@1", "service_item@1".
std::vector<std::string_view> entity_versions();
std::string_view entity_keys(EntityId entity) noexcept;          ///< Fields of which one must be there, joined by '|'.
std::optional<EntityId> entity_from_name(std::string_view name) noexcept;
std::optional<EntityId> entity_from_version(std::string_view text) noexcept;
const RecordType& entity_type(EntityId entity) noexcept;

/// Resolves "applicant.id_no" or "received_materials.files.digest" (lists are named without brackets).
/// @errors model.unknown_field with the longest known prefix in where().
Result<Slot> find_slot(EntityId entity, std::string_view path);
/// The canonical path of a slot with indexes: "received_materials[1].files[0].digest".
std::string slot_path(const Slot& slot, ElementIndex index);
/// The path of a PathId, for meta entries.
std::string path_text(EntityId entity, PathId id, ElementIndex index);

/// Address of the member that a slot names inside an entity struct. Lists on the way must already have the indexed element.
/// The type behind the pointer is the one FieldKind states.
void* member_at(void* entity, const Slot& slot, ElementIndex index);
const void* member_at(const void* entity, const Slot& slot, ElementIndex index);

/// True when a value, an engaged list or any member of a record is there.
bool present(const void* entity, const Slot& slot, ElementIndex index);

/// Whether `name` is a canonical name of a model code system ("id_type", "resident_id").
bool is_code_name(std::string_view system, std::string_view name) noexcept;
/// One row of a code system. `valid_from` and `valid_to` are days ("2099-01-31"), both included, empty when open.
struct CodeRow { std::string_view name, code, zh, en, valid_from, valid_to, note; };
/// Rows of a code system in order; null and 0 when there is none. `code` is the national code where one is proven, else empty.
const CodeRow* code_system(std::string_view system, std::size_t& count) noexcept;
/// Names of the canonical systems; code_systems.hpp has the others, lookups by code and crosswalks.
std::vector<std::string_view> code_system_names();

} // namespace tongqu::model
