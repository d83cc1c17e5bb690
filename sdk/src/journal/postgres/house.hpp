#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>

#include "tongqu/journal/journal.hpp"

namespace tongqu::journal::detail {

/// What the parts of one bridge know of their store in common.
struct PgHouse {
  PostgresOptions options;
  std::string name;                       ///< Of this bridge: the same after a restart, and of nobody else.
  std::chrono::milliseconds lease{60000};
  std::int64_t gate = 0;                  ///< Advisory lock of whoever writes.
  std::atomic<std::int64_t> instance{0};  ///< Row in `instances`; another one after this bridge was found expired.

  std::string channel() const { return "tongqu_" + options.schema; }
  /// Nobody is declared gone before every send that the claims allowed has been answered or given up, and some more.
  std::int64_t grace_ms() const { return lease.count() / 4; }
};

/// The name under which a bridge is known to the others. It stands in a file beside the instance lock: who holds the lock and has the
/// name is the only one, so that what stood under it before is dead. @errors journal.open (where: the file).
Result<std::string> name_of_bridge(const std::string& path);

} // namespace tongqu::journal::detail
