#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace tongqu::journal::detail {

/// The order in which deliveries that are due at once leave: each source system gets its turn, however much another one has queued
/// (start-time fair queuing, one unit a delivery). A place is written as a due time before all clocks, so that the index of due
/// deliveries is the queue and nothing else has to be kept. Within one system older ones come first. Writer thread only.
class FairOrder {
public:
  /// Places stand below this and above its negative; a row of an older store has 0 and comes before all of them.
  static constexpr std::int64_t kFloor = -(std::int64_t{1} << 40);
  static bool is_place(std::int64_t due_ms) noexcept { return due_ms < 0; }
  static bool at_once(std::int64_t due_ms) noexcept { return due_ms <= 0; }

  /// The next place for a delivery of a lane in the queue of a target. The system is what stands before the first '/' of the lane.
  /// @param front  Gives the place at the front of a target's queue when this process has not seen it yet; nothing when it is empty.
  std::int64_t place(const std::string& target, std::string_view lane, const std::function<std::optional<std::int64_t>()>& front) {
    Queue& queue = queue_of(target, front);
    const std::string_view system = lane.substr(0, lane.find('/'));
    auto last = queue.last.find(system);
    if (last == queue.last.end()) {
      if (queue.last.size() >= kSystemsMax) queue.last.clear();  // Names without a '/' are many; forgetting them costs a turn, no message.
      last = queue.last.emplace(std::string(system), queue.now).first;
    }
    last->second = (last->second < queue.now ? queue.now : last->second) + 1;
    return last->second;
  }

  /// A place has been served: who comes from now on queues behind it and no further.
  void served(const std::string& target, std::int64_t due_ms) {
    const auto queue = queues_.find(target);
    if (queue != queues_.end() && is_place(due_ms) && due_ms > queue->second.now) queue->second.now = due_ms;
  }

private:
  static constexpr std::size_t kSystemsMax = 4096;
  struct Queue {
    std::int64_t now = kFloor;
    std::map<std::string, std::int64_t, std::less<>> last;
  };
  Queue& queue_of(const std::string& target, const std::function<std::optional<std::int64_t>()>& front) {
    const auto known = queues_.find(target);
    if (known != queues_.end()) return known->second;
    Queue& queue = queues_[target];
    if (const auto first = front(); first && is_place(*first)) queue.now = *first;
    return queue;
  }
  std::map<std::string, Queue> queues_;
};

} // namespace tongqu::journal::detail
