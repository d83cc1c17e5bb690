#pragma once
#include <cstddef>

#include "tongqu/model/fields.hpp"

/// Generic access to members by their FieldInfo, for the reader, merging and validation.
namespace tongqu::model::detail {

/// True when the member that `field` describes holds a value, an engaged list, or a record with anything in it.
bool member_present(const FieldInfo& field, const void* member);

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

} // namespace tongqu::model::detail
