#pragma once
#include <chrono>
#include <cstddef>
#include <optional>

#include "tongqu/base/clock.hpp"
#include "tongqu/bridge/config.hpp"

namespace tongqu::bridge::detail {

/// How fast a platform is sent to: a token bucket under the configured rate, and under a rate that is learned. The first "slow down"
/// sets the learned rate to seven tenths of what was sent in about the last second (multiplicative decrease, at most once a second: one
/// overload is many answers). Every answer after it that came while the rate was felt raises it: by half of itself a second until the next
/// "slow down", because the first cut knows a few messages only; then by a twentieth of the rate cut a second (additive increase), and
/// when ten seconds went well by a twentieth of itself. Eight times above its last cut it is forgotten. A wait that the platform names
/// stops the lane for that time.
/// Not thread-safe by itself.
class Throttle {
public:
  Throttle(const RateSettings& settings, MonoTime now);

  /// How many messages may start now, at most `wanted`.
  std::size_t allowance(MonoTime now, std::size_t wanted);
  /// So many do start. May go below zero: a delivery of several messages is begun with one token and pays for all.
  void take(double messages) noexcept { tokens_ -= messages, observed_ += messages, felt_ = tokens_ < 1; }
  void give_back(double messages) noexcept { tokens_ += messages, observed_ -= messages, felt_ = tokens_ < 1; }
  void succeeded(MonoTime now) noexcept;
  void slow_down(MonoTime now, std::optional<std::chrono::milliseconds> wait) noexcept;
  /// When a message may start that may not now; nothing when one may.
  std::optional<MonoTime> next_at(MonoTime now);
  /// Messages a second; 0 when nothing bounds it.
  double rate() const noexcept;
  /// Takes over what another one has learned, under settings of its own.
  void inherit(const Throttle& before) noexcept;

private:
  void refill(MonoTime now) noexcept;
  double burst() const noexcept;

  RateSettings settings_;
  MonoTime at_;
  double tokens_ = 0;
  double observed_ = 0;        ///< Messages sent, fading with a second: the rate of about the last second.
  double learned_ = 0;         ///< 0: none.
  double cut_at_rate_ = 0;     ///< The learned rate when it was cut last.
  bool probing_ = false;       ///< Cut once only: what the platform takes is not known yet.
  MonoTime cut_until_{};       ///< No further cut before.
  MonoTime cut_at_{};
  MonoTime paused_until_{};
  bool felt_ = false;          ///< The last message took the last token: it is the rate that holds the lane back.
};

} // namespace tongqu::bridge::detail
