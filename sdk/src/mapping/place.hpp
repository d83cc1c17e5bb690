#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tongqu/model/fields.hpp"
#include "tongqu/model/record.hpp"

namespace tongqu::mapping::detail {

/// A member of a record that is not part of its entity.
enum class Special : std::uint8_t {
  none, operation, sequence_in_case, occurred_at, reported_at, reason, replaces, version,
  id_organisation, id_item, id_case, id_event, id_revision, event, kind, message_id, profile, profile_version,
};

/// Where a rule writes.
struct Place {
  Special special = Special::none;   ///< Else `slot` or `ext`.
  bool is_ext = false;
  model::Slot slot;
  std::string name;                  ///< Canonical path without indexes; "ext.ns.name".
  std::string ext_ns, ext_name;

  model::FieldKind kind() const noexcept { return special == Special::none && !is_ext && slot.depth != 0 ? slot.field().kind : kind_outside(); }
  std::string_view system() const noexcept;  ///< Code system of the field; empty for any.
  bool in_entity() const noexcept { return special == Special::none && !is_ext; }

  /// Where the member lies in the innermost list element on its way, or in the entity when it is in no list.
  std::uint32_t offset = 0;
  std::uint8_t lists = 0;            ///< List elements on its way.

private:
  model::FieldKind kind_outside() const noexcept;
};

/// Resolves "applicant.id_no", "envelope.reported_at", "record.reason", "ext.ns.name".
bool find_place(model::EntityId entity, std::string_view name, Place& place);
/// A path without its indexes and conditions: "materials[0].name" as "materials.name".
std::string without_indexes(std::string_view path);
/// Names of the fields of one record type, or of the special members, for hints.
std::string nearest_field(model::EntityId entity, std::string_view name);

/// The text of a special member that holds text, else null.
std::string* special_text(model::Record& record, Special special);

/// Text of a filled field for expressions: a code gives its name; nothing when absent.
std::optional<std::string> field_text(const model::Record& record, const Place& place, model::ElementIndex index);

} // namespace tongqu::mapping::detail
