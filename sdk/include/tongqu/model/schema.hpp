#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "tongqu/model/fields.hpp"

/// What others need to know about an entity, made from its rows.
namespace tongqu::model {

/// JSON Schema 2020-12 of the canonical JSON of an entity, compact. `title` is the Chinese term and `description` the English line of
/// every member; codes are listed as `const` with their labels and national codes; `x-tongqu` holds what a schema has no word for
/// (number, personal, key, check, source, confidence). A null is allowed in parts only; members that the model does not know are not
/// allowed outside `unknown`. Identifiers are not checked: a failed one is kept with its verdict.
std::string json_schema(EntityId entity);

/// One field of an entity as mappings and consoles list it.
struct FieldListing {
  std::string path;                  ///< "received_materials.files.digest", as find_slot takes it.
  PathId id = 0;
  const FieldInfo* field = nullptr;
  bool in_list = false;              ///< A list stands on the way, or the field is a list itself.
};

/// Every field of an entity, depth first in canonical order. Records come before their members.
std::vector<FieldListing> list_fields(EntityId entity);

/// "text", "list of code", "record person": the kind in words.
std::string kind_text(const FieldInfo& field);

} // namespace tongqu::model
