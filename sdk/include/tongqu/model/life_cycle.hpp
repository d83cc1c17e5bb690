#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tongqu/base/finding.hpp"
#include "tongqu/base/result.hpp"
#include "tongqu/model/values.hpp"

/// The life cycle of a case as data: states, events, the transitions between them with their conditions, and what each does to the
/// clocks. The tables are sdk/src/model/life_cycle/*.csv; docs/reference/life-cycle.md prints them. What no row allows is illegal.
namespace tongqu::model {

/// In the order of states.csv. `extended` is a mark on in_review (LifeCycle::extended), not a state.
enum class CaseState : std::uint8_t {
  draft, submitted, pre_review, pre_review_returned, received, supplement_pending, not_required, rejected_acceptance, accepted, in_review,
  special_procedure, supplement_in_process, suspended, transferred, decided_approved, decided_approved_conditional, decided_refused, issued,
  delivered, closed, withdrawn, terminated, voided, revoked,
};
inline constexpr std::size_t kCaseStateCount = 24;

/// In the order of events.csv. `return_` and `void_` are written "return" and "void".
enum class CaseEvent : std::uint8_t {
  submit, start_pre_review, return_, resubmit, receive, notify_supplement, supplement, supplement_expires, not_required, refuse_acceptance,
  accept, acceptance_expires, begin, step, start_special, end_special, extend, ask_more, suspend, resume, transfer_up, upper_approve,
  upper_approve_conditional, upper_refuse, approve, approve_conditional, refuse, issue, deliver, close, supplied_late, supply_later_fails,
  withdraw, end_by_law, void_, revoke_decision, new_application,
};
inline constexpr std::size_t kCaseEventCount = 37;

/// Conditions of transitions, in the order of guards.csv, which says what each means.
enum class Guard : std::uint8_t {
  item_in_use, item_operable, required_fields, online_channel, window_channel, complete_list, first_notice, within_acceptance_limit,
  materials_match, supplement_expired, expiry_terminates, reason_given, right_authority, competent_body, acceptance_document,
  acceptance_expired, special_kind_legal, stated_duration, not_on_the_spot, special_result, approver_rank, not_extended, within_legal_limit,
  supplement_allowed, imported, first_review_done, opinion_given, upper_case_known, supply_later_allowed, supply_later_list, remedies_named,
  hearing_offered, licence_valid, delivery_proof, result_acknowledged, approved_conditionally, supplied_in_time, supply_later_lapsed,
  applicant_asked, legal_ground, entered_in_error, approver_named, review_or_court, decision_refused, linked_to_old_case,
};
inline constexpr std::size_t kGuardCount = 45;

/// A L P S N H T D E.
enum class ClockId : std::uint8_t { acceptance, legal, promise, special, supplement, hearing, first_review, delivery, evaluation };
inline constexpr std::size_t kClockCount = 9;

/// What a transition does to a clock.
enum class ClockVerb : std::uint8_t { start, stop, restart, pause, resume, extend, start_at_receipt };
struct ClockAction {
  ClockVerb verb = ClockVerb::start;
  ClockId clock = ClockId::acceptance;
  bool by_rule = false;                  ///< Only where the rules of the place or the event say so.
};

enum class PreReviewOutcome : std::uint8_t { none, passed, returned };
/// `unknown`: the history was imported and nothing told what was decided.
enum class Decision : std::uint8_t { none, approved, conditional, refused, unknown };

/// What the life cycle remembers of one case. A value.
struct LifeCycle {
  CaseState state = CaseState::draft;
  bool on_the_spot = false;              ///< 即办件: no special procedure, no extension, no suspension.
  bool extended = false;
  bool deemed = false;                   ///< Accepted by silence.
  bool noticed = false;                  ///< The one notice that asks for more was given.
  PreReviewOutcome pre_review = PreReviewOutcome::none;
  Decision decision = Decision::none;
  bool operator==(const LifeCycle& o) const noexcept;
};

/// What is known about conditions: true, false, or nobody said.
class Facts {
public:
  Facts& set(Guard guard, bool holds) noexcept;
  std::optional<bool> get(Guard guard) const noexcept;

private:
  std::uint64_t known_ = 0, true_ = 0;
};

std::string_view state_name(CaseState state);         ///< "in_review"
std::string_view event_name(CaseEvent event);         ///< "return"
std::string_view guard_name(Guard guard);
char clock_letter(ClockId clock);                     ///< 'A'
std::string_view clock_name(ClockId clock);           ///< "acceptance"
std::optional<CaseState> state_from_name(std::string_view name);
std::optional<CaseEvent> event_from_name(std::string_view name);
std::optional<Guard> guard_from_name(std::string_view name);
/// Chinese or English label. Of states it is the label of the code system case_state.
std::string_view label(CaseState state, Lang lang);
std::string_view label(CaseEvent event, Lang lang);
std::string_view label(Guard guard, Lang lang);
std::string_view label(ClockId clock, Lang lang);
/// True for the states that end the case.
bool terminal(CaseState state);
/// The name in the code system case_state: the state's, or "extended".
std::string_view case_state_code(const LifeCycle& life);

/// What a guard that is not met does. `report` is for histories that another system lived through: what happened, happened.
enum class OnGuard : std::uint8_t { refuse, report };

/// An event that took place.
struct Applied {
  LifeCycle life;                        ///< The life cycle afterwards.
  std::uint8_t row = 0;                  ///< Row of the model's transition table, 1 to 36.
  bool new_case = false;                 ///< The applicant goes on in a new case, a draft; this one stays as it is.
  const std::vector<ClockAction>* actions = nullptr;   ///< In order; static.
  std::string_view row_upward;           ///< What the national exchange rows get; may be empty.
  std::vector<Guard> unchecked;          ///< Conditions that nobody vouched for.
  std::vector<Guard> failed;             ///< Conditions that are not met, with OnGuard::report.
};

/// What becomes of a case when an event happens. Pure.
/// @errors model.transition_illegal (detail: state, event, and every event that would be legal, with both labels),
///         model.guard_not_met (detail: the conditions); refusal_finding() says the same in both languages.
Result<Applied> apply(const LifeCycle& life, CaseEvent event, const Facts& facts = {}, OnGuard on_guard = OnGuard::refuse);

/// Events that the table allows in this state, in the order of events.csv. Guards that the life cycle itself judges count.
std::vector<CaseEvent> legal_events(const LifeCycle& life);

/// A refusal of apply() as a finding on `state`, with what would be legal in English and Chinese.
Finding refusal_finding(const LifeCycle& life, CaseEvent event, const Facts& facts = {});

/// One line of the transition table, for consoles, documentation and exports.
struct TransitionRow {
  std::uint8_t row = 0;
  CaseState from = CaseState::draft;
  CaseEvent event = CaseEvent::submit;
  CaseState to = CaseState::draft;
  std::vector<Guard> guards;
  std::vector<ClockAction> actions;
  std::vector<std::string> sets;         ///< notice, pre_review_returned, deemed, extended, approved, conditional, refused, new_case.
  std::string row_upward;
};
/// Every (state, event) pair that is legal, rows with several starts once for each.
const std::vector<TransitionRow>& transition_rows();

} // namespace tongqu::model
