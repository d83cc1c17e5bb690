#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tongqu/model/values.hpp"

/// The structs of the canonical model: the entities of defs/entities.def (Case, ServiceItem, Licence, …) with their parts. Members,
/// their order and their kinds come from the rows of model/defs/*.def, which also say what each member means; docs/reference/model/
/// prints them. A member is absent when its
/// optional is empty; a record member is absent when everything in it is; an engaged and empty list means "known to be none".
namespace tongqu::model {

#define TONGQU_MEMBER_text(type) std::optional<std::string>
#define TONGQU_MEMBER_identifier(type) std::optional<std::string>
#define TONGQU_MEMBER_code(type) std::optional<Code>
#define TONGQU_MEMBER_time(type) std::optional<Time>
#define TONGQU_MEMBER_quantity(type) std::optional<Quantity>
#define TONGQU_MEMBER_money(type) std::optional<Money>
#define TONGQU_MEMBER_validity(type) std::optional<Validity>
#define TONGQU_MEMBER_integer(type) std::optional<std::int64_t>
#define TONGQU_MEMBER_boolean(type) std::optional<bool>
#define TONGQU_MEMBER_record(type) type
#define TONGQU_MEMBER_text_list(type) std::optional<std::vector<std::string>>
#define TONGQU_MEMBER_code_list(type) std::optional<std::vector<Code>>
#define TONGQU_MEMBER_record_list(type) std::optional<std::vector<type>>

#define TONGQU_RECORD(type, name, zh, en) struct type {
#define TONGQU_FIELD(id, kind, name, type, flags, rule, source, zh, en) TONGQU_MEMBER_##kind(type) name{};
#define TONGQU_END(type) bool operator==(const type& other) const; };
#include "tongqu/model/defs/all.def"
#undef TONGQU_RECORD
#undef TONGQU_FIELD
#undef TONGQU_END

#undef TONGQU_MEMBER_text
#undef TONGQU_MEMBER_identifier
#undef TONGQU_MEMBER_code
#undef TONGQU_MEMBER_time
#undef TONGQU_MEMBER_quantity
#undef TONGQU_MEMBER_money
#undef TONGQU_MEMBER_validity
#undef TONGQU_MEMBER_integer
#undef TONGQU_MEMBER_boolean
#undef TONGQU_MEMBER_record
#undef TONGQU_MEMBER_text_list
#undef TONGQU_MEMBER_code_list
#undef TONGQU_MEMBER_record_list

} // namespace tongqu::model
