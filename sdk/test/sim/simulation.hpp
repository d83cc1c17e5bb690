#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "platform_peer.hpp"

namespace tongqu::sim {

struct Settings;

/// What one seed gave. `broken` names the laws of the oracle (L1 to L8) that did not hold, each with what was seen.
struct RunReport {
  std::uint64_t seed = 0;
  std::vector<std::string> broken;
  std::int64_t virtual_ms = 0;
  std::uint64_t steps = 0, kills = 0, power_cuts = 0, disk_faults = 0, clock_turns = 0, acknowledged = 0, effects = 0, settled_by_operator = 0;
  std::uint64_t trace = 0;   ///< Of everything that happened: two runs of a seed give the same.
};

/// Runs one world: an office, a bridge that is killed and restarted, three platforms, a disk and a clock that misbehave; then calm until
/// nothing is left to do; then the laws.
/// @param folder  For the lock and the audit head, which are real files; emptied at the start.
RunReport run_seed(std::uint64_t seed, Settings& settings, const std::string& folder, Planted planted);

} // namespace tongqu::sim
