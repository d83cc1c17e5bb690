#pragma once
#include <array>
#include <string>
#include <vector>

#include "tongqu/model/life_cycle.hpp"

namespace tongqu::model::detail {

struct StateInfo {
  std::string name;
  bool terminal = false;
  std::string running, paused, remark;
};
struct EventInfo {
  std::string name, zh, en;
  bool inferred = false;                 ///< May stand between two reported states.
  int weight = 1;
};
enum class Judge : std::uint8_t { life, clock, rules, caller };
struct GuardInfo {
  std::string name, zh, en;
  Judge judge = Judge::caller;
};
struct ClockInfo {
  char letter = ' ';
  std::string name, zh, en, limit, ground;
};

/// life_cycle/*.csv, read once. Every enumerator has its row and every row its enumerator, or the first use throws ContractViolation.
struct LifeCycleTables {
  std::array<StateInfo, kCaseStateCount> states;
  std::array<EventInfo, kCaseEventCount> events;
  std::array<GuardInfo, kGuardCount> guards;
  std::array<ClockInfo, kClockCount> clocks;
  std::vector<TransitionRow> rows;
  /// Index into rows plus 1, 0 where nothing is legal.
  std::array<std::array<std::uint16_t, kCaseEventCount>, kCaseStateCount> index{};

  const TransitionRow* find(CaseState state, CaseEvent event) const noexcept {
    const std::uint16_t at = index[static_cast<std::size_t>(state)][static_cast<std::size_t>(event)];
    return at == 0 ? nullptr : &rows[static_cast<std::size_t>(at) - 1];
  }
  const EventInfo& info(CaseEvent event) const noexcept { return events[static_cast<std::size_t>(event)]; }
};
const LifeCycleTables& life_cycle_tables();

} // namespace tongqu::model::detail
