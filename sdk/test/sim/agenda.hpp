#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <utility>

#include "tongqu/base/clock.hpp"

namespace tongqu::sim {

/// The time of a run. It stands still while anything can be done, and then goes to the next thing that is due. The wall may be turned by
/// a fault; the monotonic hand never goes back.
class VirtualClock final : public Clock {
public:
  UtcMillis now_utc() const override { return from_epoch_ms(kStartMs + now_ + wall_offset_); }
  MonoTime now_mono() const override { return MonoTime(std::chrono::milliseconds(kStartMs + now_)); }
  std::int64_t now() const noexcept { return now_; }
  void go_to(std::int64_t at) { now_ = at > now_ ? at : now_; }
  void turn_wall(std::int64_t by) { wall_offset_ += by; }
  static std::int64_t of(MonoTime at) { return std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch()).count() - kStartMs; }

private:
  static constexpr std::int64_t kStartMs = 4102444800000;  // 2100-01-01
  std::int64_t now_ = 0, wall_offset_ = 0;
};

/// What will happen, by time and, at one time, in the order in which it was planned.
class Agenda {
public:
  explicit Agenda(VirtualClock& clock) : clock_(clock) {}
  void in(std::int64_t ms, std::function<void()> what) { due_.emplace(std::pair(clock_.now() + ms, next_++), std::move(what)); }
  bool empty() const noexcept { return due_.empty(); }
  std::int64_t next() const { return due_.begin()->first.first; }
  /// Does the first thing if it is due.
  bool run_due() {
    if (due_.empty() || next() > clock_.now()) return false;
    auto what = std::move(due_.begin()->second);
    due_.erase(due_.begin());
    what();
    return true;
  }

private:
  VirtualClock& clock_;
  std::map<std::pair<std::int64_t, std::uint64_t>, std::function<void()>> due_;
  std::uint64_t next_ = 0;
};

} // namespace tongqu::sim
