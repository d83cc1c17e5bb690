#pragma once
#include "bridge/courier.hpp"
#include "bridge/setup.hpp"

namespace tongqu::bridge::detail {

/// What all lanes of a bridge share.
struct LaneContext {
  std::chrono::milliseconds lease{60000};
  journal::Journal* journal = nullptr;
  PlanCache* plans = nullptr;
  WorkerPool* pool = nullptr;
  std::shared_ptr<Clock> clock;
  obs::Log log;
  obs::Metrics* metrics = nullptr;
  std::function<void()> on_fatal;
  std::function<void()> wake;
};

/// A lane for each platform of a setup, and for each source system that is called with its events. A lane of `before` is kept when nothing of its platform changed (settings, credentials, target,
/// delivery); another one of the same name hands on what it has learned.
/// @errors platform.*, base.secret_*.
Result<Lanes> build_lanes(const Setup& setup, const platform::Registry& platforms, const LaneContext& context, const Lanes& before);

} // namespace tongqu::bridge::detail
