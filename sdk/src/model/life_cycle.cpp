#include "tongqu/model/life_cycle.hpp"

#include "life_cycle_tables.hpp"
#include "tongqu/model/fields.hpp"

namespace tongqu::model {
namespace {

using detail::Judge;
using detail::life_cycle_tables;

template <class Enum>
constexpr std::size_t at(Enum value) { return static_cast<std::size_t>(value); }

template <class Enum, class Infos>
std::optional<Enum> from_name(const Infos& infos, std::string_view name) {
  for (std::size_t i = 0; i < infos.size(); ++i) {
    if (infos[i].name == name) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

template <class Info>
std::string_view of_lang(const Info& info, Lang lang) { return lang == Lang::zh ? info.zh : info.en; }

/// A condition that the life cycle itself knows; nothing when it does not.
std::optional<bool> judged_by_life(const LifeCycle& life, Guard guard) {
  const auto decided = [&](Decision decision) -> std::optional<bool> {
    if (life.decision == Decision::unknown) return std::nullopt;
    return life.decision == decision;
  };
  switch (guard) {
    case Guard::first_notice: return !life.noticed;
    case Guard::not_on_the_spot: return !life.on_the_spot;
    case Guard::not_extended: return !life.extended;
    case Guard::approved_conditionally: return decided(Decision::conditional);
    case Guard::decision_refused: return decided(Decision::refused);
    default: return std::nullopt;
  }
}

std::optional<bool> judged(const LifeCycle& life, Guard guard, const Facts& facts) {
  const bool by_life = life_cycle_tables().guards[at(guard)].judge == Judge::life;
  if (by_life) {
    if (const auto known = judged_by_life(life, guard)) return known;
  }
  return facts.get(guard);
}

void remember(LifeCycle& life, const TransitionRow& row) {
  life.state = row.to;
  for (const std::string& word : row.sets) {
    if (word == "notice") life.noticed = true;
    else if (word == "pre_review_returned") life.pre_review = PreReviewOutcome::returned;
    else if (word == "deemed") life.deemed = true;
    else if (word == "extended") life.extended = true;
    else if (word == "approved") life.decision = Decision::approved;
    else if (word == "conditional") life.decision = Decision::conditional;
    else if (word == "refused") life.decision = Decision::refused;
    else TONGQU_ASSERT(word == "new_case", "a transition sets what the life cycle remembers");
  }
}

std::string with_label(std::string_view name, std::string_view zh) { return std::string(name) + " (" + std::string(zh) + ")"; }

/// "accept (受理), withdraw (撤回)"; "none" when there is none.
template <class Enum, class Name>
std::string listed(const std::vector<Enum>& values, Name name) {
  std::string text;
  for (const Enum value : values) text += (text.empty() ? "" : ", ") + with_label(name(value), label(value, Lang::zh));
  return text.empty() ? "none" : text;
}

Error illegal(const LifeCycle& life, CaseEvent event) {
  return Error(Errc::model_transition_illegal)
      .at("state")
      .with(with_label(event_name(event), label(event, Lang::zh)) + " in " + with_label(case_state_code(life), label(life.state, Lang::zh)) +
            "; legal here: " + listed(legal_events(life), event_name));
}

} // namespace

bool LifeCycle::operator==(const LifeCycle& o) const noexcept {
  return state == o.state && on_the_spot == o.on_the_spot && extended == o.extended && deemed == o.deemed && noticed == o.noticed &&
         pre_review == o.pre_review && decision == o.decision;
}

Facts& Facts::set(Guard guard, bool holds) noexcept {
  const std::uint64_t bit = std::uint64_t{1} << at(guard);
  known_ |= bit;
  true_ = holds ? true_ | bit : true_ & ~bit;
  return *this;
}

std::optional<bool> Facts::get(Guard guard) const noexcept {
  const std::uint64_t bit = std::uint64_t{1} << at(guard);
  if ((known_ & bit) == 0) return std::nullopt;
  return (true_ & bit) != 0;
}

std::string_view state_name(CaseState state) { return life_cycle_tables().states[at(state)].name; }
std::string_view event_name(CaseEvent event) { return life_cycle_tables().events[at(event)].name; }
std::string_view guard_name(Guard guard) { return life_cycle_tables().guards[at(guard)].name; }
char clock_letter(ClockId clock) { return life_cycle_tables().clocks[at(clock)].letter; }
std::string_view clock_name(ClockId clock) { return life_cycle_tables().clocks[at(clock)].name; }

std::optional<CaseState> state_from_name(std::string_view name) { return from_name<CaseState>(life_cycle_tables().states, name); }
std::optional<CaseEvent> event_from_name(std::string_view name) { return from_name<CaseEvent>(life_cycle_tables().events, name); }
std::optional<Guard> guard_from_name(std::string_view name) { return from_name<Guard>(life_cycle_tables().guards, name); }

std::string_view label(CaseState state, Lang lang) {
  std::size_t count = 0;
  const CodeRow* rows = code_system("case_state", count);
  for (std::size_t i = 0; i < count; ++i) {
    if (rows[i].name == state_name(state)) return lang == Lang::zh ? rows[i].zh : rows[i].en;
  }
  return state_name(state);
}
std::string_view label(CaseEvent event, Lang lang) { return of_lang(life_cycle_tables().events[at(event)], lang); }
std::string_view label(Guard guard, Lang lang) { return of_lang(life_cycle_tables().guards[at(guard)], lang); }
std::string_view label(ClockId clock, Lang lang) { return of_lang(life_cycle_tables().clocks[at(clock)], lang); }

bool terminal(CaseState state) { return life_cycle_tables().states[at(state)].terminal; }

std::string_view case_state_code(const LifeCycle& life) {
  return life.state == CaseState::in_review && life.extended ? std::string_view("extended") : state_name(life.state);
}

Result<Applied> apply(const LifeCycle& life, CaseEvent event, const Facts& facts, OnGuard on_guard) {
  const TransitionRow* row = life_cycle_tables().find(life.state, event);
  if (row == nullptr) return illegal(life, event);
  Applied applied;
  for (const Guard guard : row->guards) {
    const auto holds = judged(life, guard, facts);
    if (!holds) applied.unchecked.push_back(guard);
    else if (!*holds) applied.failed.push_back(guard);
  }
  if (!applied.failed.empty() && on_guard == OnGuard::refuse) {
    const std::string failed = with_label(event_name(event), label(event, Lang::zh)) + ": " + listed(applied.failed, guard_name);
    return Error(Errc::model_guard_not_met).at("state").with(failed);
  }
  applied.life = life;
  remember(applied.life, *row);
  applied.row = row->row;
  applied.new_case = event == CaseEvent::new_application;
  applied.actions = &row->actions;
  applied.row_upward = row->row_upward;
  return applied;
}

std::vector<CaseEvent> legal_events(const LifeCycle& life) {
  std::vector<CaseEvent> events;
  for (std::size_t i = 0; i < kCaseEventCount; ++i) {
    const TransitionRow* row = life_cycle_tables().find(life.state, static_cast<CaseEvent>(i));
    if (row == nullptr) continue;
    bool open = true;
    for (const Guard guard : row->guards) open = open && judged_by_life(life, guard).value_or(true);
    if (open) events.push_back(row->event);
  }
  return events;
}

Finding refusal_finding(const LifeCycle& life, CaseEvent event, const Facts& facts) {
  Finding finding;
  finding.record = "case";
  finding.path = "state";
  const auto applied = apply(life, event, facts, OnGuard::report);
  finding.id = applied ? Errc::model_guard_not_met : Errc::model_transition_illegal;
  if (applied) {
    for (const Guard guard : applied->failed) {
      finding.expected.en += (finding.expected.en.empty() ? "" : ", ") + std::string(label(guard, Lang::en));
      finding.expected.zh += (finding.expected.zh.empty() ? "" : "、") + std::string(label(guard, Lang::zh));
    }
    finding.rule = "transition-" + std::to_string(applied->row);
    return finding;
  }
  finding.expected = {"in state " + std::string(label(life.state, Lang::en)) + " one of: ",
                      "在“" + std::string(label(life.state, Lang::zh)) + "”状态下允许："};
  bool first = true;
  for (const CaseEvent legal : legal_events(life)) {
    finding.expected.en += (first ? "" : ", ") + std::string(label(legal, Lang::en));
    finding.expected.zh += (first ? "" : "、") + std::string(label(legal, Lang::zh));
    first = false;
  }
  if (first) {
    finding.expected.en += "nothing";
    finding.expected.zh += "无";
  }
  finding.rule = event_name(event);
  return finding;
}

const std::vector<TransitionRow>& transition_rows() { return life_cycle_tables().rows; }

} // namespace tongqu::model
