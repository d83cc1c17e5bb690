#pragma once
#include <map>
#include <set>
#include <string>
#include <vector>

#include "mapping/expression.hpp"
#include "mapping/reverse/plan.hpp"
#include "mapping/reverse/record_leaves.hpp"

namespace tongqu::mapping::detail {

/// A message that a record became, and what there is to say about it.
struct Written {
  std::string bytes;
  std::map<std::string, std::string, std::less<>> facts;   ///< Transport facts that carry fields.
  Findings findings;
  std::set<std::string> excused;             ///< Fields that were changed with a finding: cut, replaced, written more precisely.
  std::set<std::string> left_out;            ///< Fields that are not in the message, with a finding.
};

/// Writes one record. What cannot be written is a finding; one of severity error means that the bytes must not be sent.
/// @param tried  A field under `one_way` that is written all the same, where it has an inverse: the laws try each.
/// @errors mapping.reverse_limit.
Result<Written> write_record(const ReversePlan& plan, const ReverseSubject& subject, const model::Record& record, const Limits& limits, const std::string* tried = nullptr);

/// The stages of the way back over filled documents (by scope).
Result<std::string> write_stages(const ReversePlan& plan, std::vector<std::unique_ptr<OutNode>>& documents, const Limits& limits);

/// What differs between a record and the one that its message reads back as.
struct Differences {
  std::vector<std::string> lost;             ///< Fields that the record has and the message has not, or says otherwise.
  std::vector<std::string> more;             ///< Fields that only the message has.
};
Differences compare_records(const model::Record& record, const model::Record& read, const Written& written);

/// Whether two values of one field mean the same: times as instants, codes by name and, in the code system of the pack, by code.
bool same_value(const RecordLeaf& a, const RecordLeaf& b);

} // namespace tongqu::mapping::detail
