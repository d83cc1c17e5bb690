#include "tongqu/base/clock.hpp"

namespace tongqu {

UtcMillis SystemClock::now_utc() const { return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now()); }

MonoTime SystemClock::now_mono() const { return std::chrono::steady_clock::now(); }

} // namespace tongqu
