#pragma once
#include <set>
#include <string>
#include <utility>

#include "mapping/reverse/reverse_run.hpp"
#include "mapping/source_mapping.hpp"

namespace tongqu::mapping::detail {

/// The values of one message as its stages show them: path and text, in the order of the documents.
struct MessageLeaf { std::size_t scope = 0; std::string path, text; };
struct MessageLeaves {
  std::vector<MessageLeaf> leaves;
  std::string error;                         ///< What a stage refused; empty when all is well.
};
MessageLeaves read_leaves(const Stages& stages, const StageInput& input, StageMemory& memory);

/// How a message differs from the one that was written from its record.
struct MessageDifferences {
  std::set<std::string> kinds;               ///< "blank", "date_form", …: words of `equivalent`.
  std::vector<std::string> lost;             ///< Paths whose value is not in the other message and that no word excuses.
};
/// @param fields  What the record of the message has, without indexes: a value of another branch was not read.
MessageDifferences compare_messages(const MessageLeaves& sent, const MessageLeaves& written, const std::set<std::string>& fields, const ReversePlan& plan, const ReverseSubject& subject);

/// Where a place of the plan stands: scope of its document, and path without ordinals, as in MessageLeaf.
std::pair<std::size_t, std::string> leaf_key(const ReversePlan& plan, const Shape* shape);

} // namespace tongqu::mapping::detail
