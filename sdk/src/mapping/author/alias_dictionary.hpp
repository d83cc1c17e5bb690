#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace tongqu::mapping::author {

/// A canonical field that a source field may mean.
struct Proposal {
  std::string field;                       ///< "applicant.name", "identity.event", "event"
  int confidence = 0;                      ///< 0 to 100
  std::string why;                         ///< "name", "label", "name in the model"
};

/// A name without case, blanks and separators: "apply_Name" and "APPLYNAME" are one.
std::string plain_name(std::string_view name);

/// Proposals for a source field, best first; each field once.
/// @param path   Names from the rules' start: "Applicant/Name".
/// @param label  What the source says of the field in words (a comment, a documentation); may be empty.
std::vector<Proposal> proposals(std::string_view path, std::string_view label);
/// Canonical list that a repeated element may mean: "received_materials", "process_steps"; empty when none is known.
std::string list_proposal(std::string_view path);

} // namespace tongqu::mapping::author
