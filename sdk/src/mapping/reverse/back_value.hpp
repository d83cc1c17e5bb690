#pragma once
#include "mapping/reverse/inverse.hpp"
#include "tongqu/model/fields.hpp"

namespace tongqu::mapping::detail {

/// A value of a record as the last step of its rule gave it.
Back back_of(model::FieldKind kind, const void* member);

/// Whether a value read forwards is the one that was to be written.
bool reads_as(const Value& read, const Back& wanted);

} // namespace tongqu::mapping::detail
