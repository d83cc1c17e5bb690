#include "tongqu/model/case_clock.hpp"

#include <algorithm>

namespace tongqu::model {
namespace {

using Unit = Quantity::Unit;

constexpr std::int32_t kChinaOffsetMinutes = 8 * 60;

bool in_working_days(const Clock& clock) noexcept { return !clock.limit || clock.limit->unit == Unit::working_day; }

/// Days after `after` through `through` in the clock's unit.
DayCount span(const Clock& clock, Day after, Day through, const WorkingDays& days) noexcept {
  if (in_working_days(clock)) return days.count(after, through);
  return {std::max<std::int32_t>(0, through - after), 0};
}

/// Days of the pauses up to `now`, as far as they lie after the start.
DayCount paused_until(const Clock& clock, Day now, const WorkingDays& days) noexcept {
  DayCount sum;
  for (const Pause& pause : clock.pauses) {
    const Day from = std::max(pause.from, clock.start, [](Day a, Day b) { return a < b; });
    const Day to = pause.to && *pause.to < now ? *pause.to : now;
    const DayCount part = span(clock, from, to, days);
    if (!part.known()) return part;
    sum.days += part.days;
  }
  return sum;
}

/// The due date without pauses, then moved by them.
DueDate due_of(const Clock& clock, std::int32_t paused, const WorkingDays& days, EndOnRest end_on_rest) noexcept {
  if (!clock.limit) return {};
  const DayLimit limit{clock.limit->count + clock.extension, clock.limit->unit};
  if (limit.unit == Unit::working_day) return days.due(clock.start, limit.count + paused);
  if (paused == 0) return due_date(clock.start, limit, days, end_on_rest);
  const DueDate without = due_date(clock.start, limit, days, EndOnRest::stays);
  return due_date(without.day, {paused, Unit::calendar_day}, days, end_on_rest);
}

Alert alert_of(const ClockReading& reading, Day at, const AlertThresholds& thresholds) noexcept {
  if (!reading.due.known()) return Alert::unknown;
  if (at > reading.due.day) return Alert::red;   // Whatever calendar the day itself lacks.
  if (!reading.days_known) return Alert::unknown;
  if (reading.left <= thresholds.yellow_days) return Alert::yellow;
  return reading.left <= thresholds.warning_days ? Alert::warning : Alert::normal;
}

} // namespace

std::string_view alert_name(Alert alert) noexcept {
  constexpr std::array<std::string_view, 5> kNames{"normal", "warning", "yellow", "red", "unknown"};
  return kNames[static_cast<std::size_t>(alert)];
}

ClockReading read_clock(const Clock& clock, Day now, const WorkingDays& days, const AlertThresholds& thresholds, EndOnRest end_on_rest) noexcept {
  ClockReading reading;
  const Day at = clock.stopped && *clock.stopped < now ? *clock.stopped : now;
  reading.running = !clock.stopped;
  reading.paused = clock.paused();
  const DayCount paused = paused_until(clock, at, days);
  const DayCount passed = span(clock, clock.start, at, days);
  reading.days_known = paused.known() && passed.known();
  if (reading.days_known) {
    reading.paused_days = paused.days;
    reading.used = passed.days - paused.days;
  }
  if (clock.limit && !paused.known()) reading.due = {{}, UnknownDue::no_calendar, paused.missing_year};
  else reading.due = due_of(clock, paused.days, days, end_on_rest);
  if (!reading.due.known()) return reading;
  const Day due = reading.due.day;
  const DayCount left = at <= due ? span(clock, at, due, days) : span(clock, due, at, days);
  reading.days_known = reading.days_known && left.known();
  reading.left = at <= due ? left.days : -left.days;
  reading.alert = alert_of(reading, at, thresholds);
  return reading;
}

const Clock* CaseClocks::clock(ClockId id) const noexcept {
  const auto& one = clocks[static_cast<std::size_t>(id)];
  return one ? &*one : nullptr;
}

namespace {

/// One event on its way through the clocks of a case.
class Advance {
public:
  Advance(CaseClocks& state, const Happening& happening, const ClockSetting& setting) : state_(state), happening_(happening), setting_(setting) {}

  Result<Applied> run(OnGuard on_guard) {
    TONGQU_TRY(day_, Day::of(happening_.at));
    if (state_.last && day_ < *state_.last) return Error(Errc::model_event_before_last).with("before " + state_.last->text());
    TONGQU_TRY(received_, received_on(day_));
    TONGQU_TRY(Applied applied, apply(state_.life, happening_.event, facts(), on_guard));
    state_.life = applied.life;
    state_.last = day_;
    for (const ClockAction& action : *applied.actions) act(action);
    return applied;
  }

private:
  static Clock* running(std::optional<Clock>& clock) { return clock && !clock->stopped ? &*clock : nullptr; }
  std::optional<Clock>& slot(ClockId id) { return state_.clocks[static_cast<std::size_t>(id)]; }

  /// The day that an application counts as received on.
  Result<Day> received_on(Day day) const {
    const bool arrives = happening_.event == CaseEvent::submit || happening_.event == CaseEvent::resubmit || happening_.event == CaseEvent::supplement;
    if (!arrives || setting_.rules.after_hours == AfterHours::same_day || !happening_.at.has_clock()) return day;
    const std::int64_t minutes = to_epoch_ms(happening_.at.utc()) / 60'000 + kChinaOffsetMinutes - std::int64_t{day.number()} * 24 * 60;
    if (minutes < setting_.rules.office_closes_minute) return day;
    const DueDate next = setting_.days.due(day, 1);
    if (!next.known()) return next.error();
    return next.day;
  }

  /// Whether the limit of a running clock has passed; nothing when that is not known.
  std::optional<bool> passed(ClockId id) {
    const Clock* clock = running(slot(id));
    if (clock == nullptr) return std::nullopt;
    const ClockReading reading = read_clock(*clock, day_, setting_.days, setting_.rules.thresholds, setting_.rules.end_on_rest);
    if (!reading.due.known()) return std::nullopt;
    return day_ > reading.due.day;
  }

  /// What the caller knows, overruled by what clocks and rules know.
  Facts facts() {
    Facts facts = happening_.facts;
    if (const auto over = passed(ClockId::acceptance)) facts.set(Guard::acceptance_expired, *over).set(Guard::within_acceptance_limit, !*over);
    if (const auto over = passed(ClockId::supplement)) facts.set(Guard::supplement_expired, *over);
    if (const auto over = passed(ClockId::legal)) facts.set(Guard::within_legal_limit, !*over);
    facts.set(Guard::supplement_allowed, setting_.rules.supplement_allowed);
    facts.set(Guard::expiry_terminates, setting_.rules.supplement_expiry_terminates);
    facts.set(Guard::supply_later_lapsed, setting_.rules.supply_later_revokes);
    if (happening_.event == CaseEvent::start_special && happening_.stated) facts.set(Guard::stated_duration, true);
    return facts;
  }

  /// Whether an action marked "by rule" is to be done.
  bool asked_for(const ClockAction& action) const {
    const ClockRules& rules = setting_.rules;
    // On-the-spot handling knows the acceptance and the promise only.
    if (state_.life.on_the_spot && action.clock == ClockId::legal) return false;
    if (!action.by_rule) return true;
    if (action.clock == ClockId::hearing) return happening_.hearing;
    if (action.clock == ClockId::first_review) return action.verb == ClockVerb::pause ? rules.first_review_pauses : rules.lower_level_first;
    return rules.supplement_pauses;
  }

  void act(const ClockAction& action) {
    if (!asked_for(action)) return;
    std::optional<Clock>& clock = slot(action.clock);
    Clock* now = running(clock);
    switch (action.verb) {
      case ClockVerb::start:
      case ClockVerb::restart: begin(action.clock, action.clock == ClockId::acceptance ? received_ : day_); break;
      case ClockVerb::start_at_receipt: begin(action.clock, receipt()); break;
      case ClockVerb::stop:
        if (now != nullptr) stop(*now);
        break;
      case ClockVerb::pause:
        if (now != nullptr && !now->paused()) now->pauses.push_back({day_, std::nullopt});
        break;
      case ClockVerb::resume:
        if (now != nullptr && now->paused()) now->pauses.back().to = day_;
        break;
      case ClockVerb::extend:
        if (now != nullptr) now->extension += extension();
        break;
    }
  }

  void begin(ClockId id, Day start) {
    std::optional<Clock>& clock = slot(id);
    if (clock) state_.earlier.emplace_back(id, std::move(*clock));
    clock = Clock{start, limit_of(id), 0, {}, std::nullopt};
  }

  void stop(Clock& clock) const {
    if (clock.paused()) clock.pauses.back().to = day_;
    clock.stopped = day_;
  }

  /// The day that the acceptance clock ran from.
  Day receipt() {
    const std::optional<Clock>& clock = slot(ClockId::acceptance);
    return clock ? clock->start : day_;
  }

  std::int32_t extension() const {
    if (happening_.stated) return happening_.stated->count;
    return setting_.rules.joint ? setting_.rules.joint_extension_days : setting_.rules.extension_days;
  }

  std::optional<DayLimit> limit_of(ClockId id) const {
    const ClockRules& rules = setting_.rules;
    switch (id) {
      case ClockId::acceptance: return rules.acceptance;
      case ClockId::legal: return rules.legal ? rules.legal : DayLimit{rules.joint ? 45 : 20, Unit::working_day};
      case ClockId::promise: return rules.promise || !state_.life.on_the_spot ? rules.promise : DayLimit{1, Unit::working_day};
      case ClockId::special: return happening_.stated;
      case ClockId::supplement: return happening_.stated ? happening_.stated : rules.supplement;
      case ClockId::hearing: return rules.hearing;
      case ClockId::first_review: return rules.first_review;
      case ClockId::delivery: return rules.delivery;
      case ClockId::evaluation: return rules.evaluation;
    }
    return std::nullopt;
  }

  CaseClocks& state_;
  const Happening& happening_;
  const ClockSetting& setting_;
  Day day_;                              ///< Of the event.
  Day received_;                         ///< The day that what arrives counts as received on.
};

std::string_view path_of(ClockId id) {
  switch (id) {
    case ClockId::legal: return "legal_due_at";
    case ClockId::promise: return "promise_due_at";
    default: return "state";
  }
}

Finding clock_finding(Errc id, Severity severity, ClockId clock) {
  Finding finding;
  finding.id = id;
  finding.severity = severity;
  finding.record = "case";
  finding.path = path_of(clock);
  finding.rule = std::string("clock-") + clock_letter(clock);
  return finding;
}

} // namespace

Result<Applied> advance(CaseClocks& state, const Happening& happening, const ClockSetting& setting, OnGuard on_guard) {
  return Advance(state, happening, setting).run(on_guard);
}

std::vector<Expiry> expired(const CaseClocks& state, Day now, const ClockSetting& setting) {
  std::vector<Expiry> found;
  for (std::size_t i = 0; i < kClockCount; ++i) {
    const auto id = static_cast<ClockId>(i);
    const Clock* clock = state.clock(id);
    if (clock == nullptr || clock->stopped) continue;
    const ClockReading reading = read_clock(*clock, now, setting.days, setting.rules.thresholds, setting.rules.end_on_rest);
    if (!reading.due.known() || now <= reading.due.day) continue;
    std::optional<CaseEvent> event;
    if (id == ClockId::acceptance) event = CaseEvent::acceptance_expires;
    if (id == ClockId::supplement && setting.rules.supplement_expiry_terminates) event = CaseEvent::supplement_expires;
    found.push_back({id, reading.due.day, event});
  }
  return found;
}

void report_clocks(const CaseClocks& state, Day now, const ClockSetting& setting, Findings& findings) {
  for (std::size_t i = 0; i < kClockCount; ++i) {
    const auto id = static_cast<ClockId>(i);
    const Clock* clock = state.clock(id);
    if (clock == nullptr || clock->stopped) continue;
    const ClockReading reading = read_clock(*clock, now, setting.days, setting.rules.thresholds, setting.rules.end_on_rest);
    if (reading.due.why == UnknownDue::no_calendar) {
      Finding finding = clock_finding(Errc::model_calendar_missing, Severity::warn, id);
      const std::string year = std::to_string(reading.due.missing_year);
      finding.expected = {"a calendar of " + year + " for division " + setting.days.division(),
                          "行政区划 " + setting.days.division() + " 的 " + year + " 年工作日历"};
      findings.add(std::move(finding));
    }
    if (reading.alert != Alert::red) continue;
    Finding finding = clock_finding(Errc::model_limit_passed, Severity::warn, id);
    const std::string day = reading.due.day.text();
    finding.expected = {std::string(label(id, Lang::en)) + " by " + day, std::string(label(id, Lang::zh)) + "：" + day + " 前"};
    findings.add(std::move(finding));
  }
  if (state.life.state == CaseState::suspended) findings.add(clock_finding(Errc::model_suspension_without_ground, Severity::warn, ClockId::legal));
  if (state.life.deemed) findings.add(clock_finding(Errc::model_deemed_accepted, Severity::info, ClockId::acceptance));
}

} // namespace tongqu::model
