#pragma once
#include <atomic>
#include <optional>
#include <string>

#include "tongqu/base/clock.hpp"

namespace tongqu {

/// What a blocking call needs to know about its caller. Cheap to copy; `stop` is not owned and must outlive the call.
struct CallContext {
  std::optional<MonoTime> deadline;
  const std::atomic<bool>* stop = nullptr;
  std::string trace_id;

  bool stopped() const noexcept { return stop != nullptr && stop->load(std::memory_order_relaxed); }
};

} // namespace tongqu
