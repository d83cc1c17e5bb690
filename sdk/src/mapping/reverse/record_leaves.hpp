#pragma once
#include <set>
#include <string>
#include <vector>

#include "tongqu/model/record.hpp"

namespace tongqu::mapping::detail {

/// One value of a record, with its canonical path: "received_materials[1].name", "ext.ns.name", "identity.case".
struct RecordLeaf {
  std::string path;
  const model::FieldInfo* field = nullptr;   ///< Null for identity, event, texts of the envelope, and ext.
  const void* member = nullptr;              ///< Of the type that the kind of the field states; a std::string without a field.
  const model::MetaEntry* meta = nullptr;
};

/// The lists of records in it that are engaged, with their sizes.
struct RecordList { std::string path; std::size_t size = 0; };

struct RecordLeaves {
  std::vector<RecordLeaf> leaves;            ///< In canonical order.
  std::vector<RecordList> lists;
  std::set<std::string> cleared;             ///< Paths of fields that a part takes away.
};

/// Every value that a record has and a rule can give: identity, event and envelope first, then the fields, then ext. Views into the record.
RecordLeaves leaves_of(const model::Record& record);

} // namespace tongqu::mapping::detail
