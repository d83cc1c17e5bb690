#pragma once
#include <cstddef>

#include "tongqu/model/fields.hpp"

/// Generic access to members by their FieldInfo, for the reader, merging and validation.
namespace tongqu::model::detail {

/// True when the member that `field` describes holds a value, an engaged list, or a record with anything in it.
bool member_present(const FieldInfo& field, const void* member);

/// The slot of a path id that was made from the rows of `entity`.
Slot slot_of(EntityId entity, PathId id);

/// The member of a path when every list on the way has the element, else null.
void* existing_member(void* entity, const Slot& slot, ElementIndex index);

template <class T>
std::optional<T>& as(void* member) { return *static_cast<std::optional<T>*>(member); }
template <class T>
const std::optional<T>& as(const void* member) { return *static_cast<const std::optional<T>*>(member); }

/// Members are reached through one function for both kinds of access; const is kept by the caller.
inline const void* member_of(const FieldInfo& field, const void* object) { return field.member(const_cast<void*>(object)); }

inline const void* element_at(const RecordType& type, const void* list, std::size_t index) {
  return type.list_at(const_cast<void*>(list), index);
}

/// The path of `field` inside a record whose own path is `prefix` at `depth`.
inline PathId join_path(PathId prefix, unsigned depth, const FieldInfo& field) {
  return prefix | static_cast<PathId>(field.id) << (8 * depth);
}

/// Calls `visitor` with a null pointer of the value type of a field that is neither a record nor a list of records.
template <class Visitor>
void with_type(FieldKind kind, Visitor visitor) {
  switch (kind) {
    case FieldKind::text:
    case FieldKind::identifier: return visitor(static_cast<std::string*>(nullptr));
    case FieldKind::code: return visitor(static_cast<Code*>(nullptr));
    case FieldKind::time: return visitor(static_cast<Time*>(nullptr));
    case FieldKind::quantity: return visitor(static_cast<Quantity*>(nullptr));
    case FieldKind::money: return visitor(static_cast<Money*>(nullptr));
    case FieldKind::validity: return visitor(static_cast<Validity*>(nullptr));
    case FieldKind::integer: return visitor(static_cast<std::int64_t*>(nullptr));
    case FieldKind::boolean: return visitor(static_cast<bool*>(nullptr));
    case FieldKind::text_list: return visitor(static_cast<std::vector<std::string>*>(nullptr));
    case FieldKind::code_list: return visitor(static_cast<std::vector<Code>*>(nullptr));
    case FieldKind::record:
    case FieldKind::record_list: return;
  }
}

/// Key of a list element: its first field flagged as key.
struct ElementKey {
  std::int64_t number = 0;
  std::string text;
  bool operator==(const ElementKey& o) const { return number == o.number && text == o.text; }
  bool operator<(const ElementKey& o) const { return number != o.number ? number < o.number : text < o.text; }
};

/// Nothing when the element has no value there.
std::optional<ElementKey> element_key(const RecordType& type, const void* element);

/// The keys of all elements; nothing when one has none or two are the same.
std::optional<std::vector<ElementKey>> element_keys(const RecordType& type, const void* list);

} // namespace tongqu::model::detail
