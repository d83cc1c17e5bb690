#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tongqu/base/finding.hpp"
#include "tongqu/model/record.hpp"

/// The rules that a record is judged by beyond the form of its values: quality of items (IQ01 to IQ13), invariants of cases (CI01 to CI12) and
/// a few of other entities. Each is one row of sdk/src/model/rules/*.cpp; docs/reference/rules.md prints them. docs/guide/add-a-rule.md.
namespace tongqu::model {

class WorkingDays;

namespace detail {
class Judge;
}

/// Whose rule it is.
enum class RuleOrigin : std::uint8_t {
  national,  ///< A national standard, the licensing law or the national platform.
  local,     ///< One city's or province's rule set; a platform may leave it aside.
  model,     ///< This model's own.
};
std::string_view rule_origin_name(RuleOrigin origin) noexcept;

/// What must be known beside the record for a rule to be judged. A rule whose need is not met says nothing.
enum class RuleNeeds : std::uint8_t { record, item, previous, working_days };
std::string_view rule_needs_name(RuleNeeds needs) noexcept;

/// A text in both languages in static storage.
struct RuleText { std::string_view en, zh; };

/// One rule. The sentence of its finding is the row of `id` in the error catalogue.
struct Rule {
  Errc id = Errc::none;
  std::string_view number;         ///< "IQ01", "CI03": the number in the reference; several rules may share one.
  EntityId entity = EntityId::case_;
  Severity severity = Severity::warn;
  RuleOrigin origin = RuleOrigin::national;
  Confidence confidence = Confidence::high;
  RuleNeeds needs = RuleNeeds::record;
  bool whole = false;              ///< Judges what is missing, and so only snapshots and replacements, never parts.
  std::string_view source;         ///< Clause, listed in docs/standards/index.md.
  std::string_view paths;          ///< Canonical paths where it reports, lists without index, separated by blanks.
  RuleText expected, suggestion;
  void (*judge)(detail::Judge& judge) = nullptr;
};

/// All rules, those of one entity together. @param count  Receives the number of rows.
const Rule* rules(std::size_t& count) noexcept;
/// "case.due_order": entity and name, unique among rules.
std::string rule_name(const Rule& rule);
/// The test that covers a rule: "Rules.case_due_order" of the program model_test.
std::string rule_test(const Rule& rule);

/// What is known beside a record. Pointers are read during the call only.
struct RuleContext {
  Time reference_date;                           ///< Dates may not lie after it.
  const ServiceItem* item = nullptr;             ///< case: the item that it falls under.
  const Record* previous = nullptr;              ///< The record of the same case that was reported before.
  const std::vector<ServiceEvent>* service_events = nullptr;   ///< evaluation: the services that are known; null when nobody knows.
  /// Working days after the first time up to and including the second; nothing when the calendar does not tell.
  std::function<std::optional<std::int32_t>(const Time& after, const Time& through)> working_days;
};
/// Counts with the calendar of a division, for RuleContext::working_days. `days` must outlive what comes back.
std::function<std::optional<std::int32_t>(const Time& after, const Time& through)> counting(const WorkingDays& days);

/// Checks of form (see validate in record.hpp) and all rules whose needs `context` meets, in one pass; every fault is reported, none ends
/// the pass. Void and deleted records have no body to be judged. Adds findings; changes nothing but verdicts in meta.
/// Safe from several threads on different records. Allocates nothing for a clean record that has been judged before.
void validate(Record& record, const RuleContext& context, Findings& findings);

} // namespace tongqu::model
