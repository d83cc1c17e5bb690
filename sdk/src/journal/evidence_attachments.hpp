#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tongqu/journal/evidence.hpp"

namespace tongqu::journal::detail {

/// The attachments that a canonical record names: each object with a `digest` of the form sm3:HEX and no `uri`, before those inside it, in the
/// order of the record; what stands in `meta`, `unknown` and `ext` names nothing. A text that is no JSON names none.
/// The rule is that of the bridge when it takes a message in; the journal reads no records otherwise and has no reader of theirs.
std::vector<EvidenceReport::Attachment> attachments_of_record(std::string_view record);

} // namespace tongqu::journal::detail
