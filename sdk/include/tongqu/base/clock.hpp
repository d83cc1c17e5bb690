#pragma once
#include <chrono>
#include <cstdint>

namespace tongqu {

/// UTC milliseconds since 1970. Wall time is for records and validity only.
using UtcMillis = std::chrono::time_point<std::chrono::system_clock, std::chrono::milliseconds>;
/// Monotonic time, for deadlines, leases and back-off.
using MonoTime = std::chrono::steady_clock::time_point;

/// Source of time, passed in so that tests and simulations turn the hands. Implementations are safe from several threads.
class Clock {
public:
  virtual ~Clock() = default;
  virtual UtcMillis now_utc() const = 0;
  virtual MonoTime now_mono() const = 0;
};

/// The machine's clocks.
class SystemClock final : public Clock {
public:
  UtcMillis now_utc() const override;
  MonoTime now_mono() const override;
};

inline std::int64_t to_epoch_ms(UtcMillis t) { return t.time_since_epoch().count(); }
inline UtcMillis from_epoch_ms(std::int64_t ms) { return UtcMillis(std::chrono::milliseconds(ms)); }

} // namespace tongqu
