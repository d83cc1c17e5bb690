#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "tongqu/base/finding.hpp"
#include "tongqu/base/result.hpp"
#include "tongqu/model/calendar.hpp"
#include "tongqu/model/life_cycle.hpp"

/// The clocks of a case: A acceptance, L legal, P promise, S special procedure, N supplement, H hearing, T first review, D delivery,
/// E evaluation. Events start, stop and pause them as the transition table says; limits and thresholds are parameters, because the law
/// leaves many of them to the item, the province or a notice. A year without a calendar gives an unknown due date, never a guess.
namespace tongqu::model {

struct Pause {
  Day from;
  std::optional<Day> to;                 ///< None: it lasts.
};

/// One clock. The day of the start is not counted; of a pause, neither is the day it begins on, the day it ends on is.
struct Clock {
  Day start;
  std::optional<DayLimit> limit;         ///< None: nobody stated one; days are counted, the due date is unknown.
  std::int32_t extension = 0;            ///< Approved on top, in the unit of the limit.
  std::vector<Pause> pauses;             ///< In order, apart.
  std::optional<Day> stopped;
  bool paused() const noexcept { return !pauses.empty() && !pauses.back().to && !stopped; }
};

enum class Alert : std::uint8_t { normal, warning, yellow, red, unknown };
std::string_view alert_name(Alert alert) noexcept;

/// When an alert is raised: so many days or fewer are left. Red is when none is left and the due date has passed.
struct AlertThresholds {
  std::int32_t warning_days = 3;
  std::int32_t yellow_days = 1;
};

/// A clock read on a day. Days are in the unit of the limit: working days, or calendar days for every other unit.
struct ClockReading {
  DueDate due;                           ///< Pauses so far and extensions taken in.
  std::int32_t used = 0;                 ///< Without the pauses.
  std::int32_t paused_days = 0;
  std::int32_t left = 0;                 ///< Below zero when overdue. 0 when the due date is unknown.
  bool days_known = true;                ///< False: a year without a calendar, `used` and `paused_days` do not count.
  bool running = false, paused = false;
  Alert alert = Alert::unknown;
};

/// Reads a clock on a day; of a stopped clock, on the day it stopped. Pure, no allocation, linear in the number of pauses.
ClockReading read_clock(const Clock& clock, Day now, const WorkingDays& days, const AlertThresholds& thresholds = {},
                        EndOnRest end_on_rest = EndOnRest::next_working_day) noexcept;

/// What an application that comes after office hours starts on.
enum class AfterHours : std::uint8_t { same_day, next_working_day };

/// The parameters of a place and an item. The defaults are those of the licensing law as reported (life_cycle/clocks.csv); what has no
/// default there is empty here.
struct ClockRules {
  DayLimit acceptance{5, Quantity::Unit::working_day};
  std::optional<DayLimit> legal;                     ///< The item's; empty: 20 working days, 45 for joint handling.
  std::optional<DayLimit> promise;                   ///< The item's.
  std::optional<DayLimit> supplement;                ///< How long an applicant has; no national number is known.
  DayLimit hearing{20, Quantity::Unit::working_day};
  DayLimit first_review{20, Quantity::Unit::working_day};
  DayLimit delivery{10, Quantity::Unit::working_day};
  std::optional<DayLimit> evaluation;
  bool joint = false;                                ///< Unified, joint or centralised handling.
  std::int32_t extension_days = 10, joint_extension_days = 15;
  bool lower_level_first = false;                    ///< A first review by the lower level: T runs.
  bool first_review_pauses = false;                  ///< A special procedure pauses T as well; the law's text is open here.
  bool supplement_pauses = false;                    ///< A supplement after acceptance pauses L and P; by provincial rule only.
  bool supplement_allowed = false;                   ///< A supplement after acceptance is possible at all.
  bool supplement_expiry_terminates = false;
  bool supply_later_revokes = false;
  AfterHours after_hours = AfterHours::same_day;
  std::int32_t office_closes_minute = 17 * 60 + 30;  ///< Minutes after midnight, +08:00; for AfterHours::next_working_day.
  EndOnRest end_on_rest = EndOnRest::next_working_day;
  AlertThresholds thresholds;
};

/// Something that happened to a case.
struct Happening {
  CaseEvent event = CaseEvent::submit;
  Time at;                                           ///< A day at least.
  Facts facts;
  std::optional<DayLimit> stated;                    ///< Duration in a notice: of a special procedure, a supplement, an extension.
  bool hearing = false;                              ///< The special procedure is a hearing: H runs.
};

/// The life cycle of one case with its clocks. A value.
struct CaseClocks {
  LifeCycle life;
  std::array<std::optional<Clock>, kClockCount> clocks;   ///< The latest of each kind.
  std::vector<std::pair<ClockId, Clock>> earlier;         ///< Clocks that a later one replaced (A before a supplement).
  std::optional<Day> last;                                ///< Day of the last event.
  const Clock* clock(ClockId id) const noexcept;
};

/// What the clocks run by: one place's working days and rules, both kept by the caller for as long as they are used.
struct ClockSetting {
  const WorkingDays& days;
  const ClockRules& rules;
};

/// Lets an event happen: life cycle and clocks move together, or neither does.
/// Conditions that clocks and rules know (the acceptance limit has passed, the rules allow a supplement) are judged here; a fact that the
/// caller states about them yields to that, unless a due date is unknown.
/// @errors those of apply(); model.event_before_last; model.time_without_day; model.calendar_missing when an application after office
///         hours falls before a day that no calendar knows. `state` is unchanged then.
Result<Applied> advance(CaseClocks& state, const Happening& happening, const ClockSetting& setting, OnGuard on_guard = OnGuard::refuse);

/// A limit that has passed on a day.
struct Expiry {
  ClockId clock = ClockId::acceptance;
  Day due;
  std::optional<CaseEvent> event;        ///< What the law or the rules make of it: acceptance_expires, supplement_expires. Else an alert only.
};
/// Limits of running clocks that have passed by `now`, in the order A to E. A special procedure that runs over does not end by itself.
std::vector<Expiry> expired(const CaseClocks& state, Day now, const ClockSetting& setting);

/// Reads every clock that runs on a day and reports what needs a person: model.limit_passed (warn), model.calendar_missing (warn),
/// model.suspension_without_ground (warn), model.deemed_accepted (info).
void report_clocks(const CaseClocks& state, Day now, const ClockSetting& setting, Findings& findings);

} // namespace tongqu::model
