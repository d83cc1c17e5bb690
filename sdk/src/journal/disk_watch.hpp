#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>

#include "tongqu/base/clock.hpp"

namespace tongqu::journal::detail {

/// Room on the file system of a store. Below the low-water mark nothing new is taken in, and the room that is left is for recording what
/// becomes of the messages that are there. When even that is gone, a file of ballast beside the store is given up for them.
class DiskWatch {
public:
  /// @param low_water_bytes  0: no mark. @param ballast_bytes  0: no ballast.
  DiskWatch(const std::string& store, std::int64_t low_water_bytes, std::int64_t ballast_bytes);

  /// Gives the ballast up when there is next to no room: before the store is opened, since SQLite needs some to open it at all.
  void before_opening();
  /// Looks, at most ten times a second. True when the answer of low() has changed.
  bool look(MonoTime now);
  /// Of any thread.
  bool low() const noexcept { return low_.load(std::memory_order_relaxed); }
  std::int64_t free_bytes() const noexcept { return free_bytes_; }
  /// A write found no room. True when the ballast has made some, so that trying again makes sense.
  bool give_ballast_up();

private:
  void keep_ballast();
  const std::string store_, ballast_;
  const std::int64_t low_water_bytes_, ballast_bytes_;
  std::int64_t free_bytes_ = 0;
  std::atomic<bool> low_{false};
  MonoTime looked_at_{};
};

} // namespace tongqu::journal::detail
