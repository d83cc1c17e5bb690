#pragma once
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>

namespace tongqu::journal::detail {

/// The fair order of FairOrder, kept in the store, because several processes make and take places: each source system gets its turn,
/// however much another one has queued. A place is written as a due time before all clocks. Writer thread only.
class PgTurns {
public:
  static constexpr std::int64_t kFloor = -(std::int64_t{1} << 40);
  enum class Kind : std::uint8_t { now, system };
  using Key = std::pair<Kind, std::string>;

  /// The next place for a delivery of a lane in the queue of a target. The system is what stands before the first '/' of the lane.
  std::int64_t place(const std::string& target, std::string_view lane) {
    Queue& queue = queues_[target];
    const auto slash = lane.find('/');
    const Key system{Kind::system, std::string(slash == std::string_view::npos ? std::string_view() : lane.substr(0, slash))};
    const std::int64_t now = now_of(queue);
    const auto last = queue.try_emplace(system, now).first;
    last->second = (last->second < now ? now : last->second) + 1;
    changed_.emplace(target, system);
    return last->second;
  }

  /// A place has been served: who comes from now on queues behind it and no further.
  void served(const std::string& target, std::int64_t due_ms) {
    Queue& queue = queues_[target];
    if (due_ms >= 0 || due_ms <= now_of(queue)) return;
    const Key now{Kind::now, {}};
    queue[now] = due_ms;
    changed_.emplace(target, now);
  }

  void load(const std::string& target, Kind kind, std::string system, std::int64_t last) { queues_[target][{kind, std::move(system)}] = last; }
  void clear() { queues_.clear(), changed_.clear(); }
  /// What stands otherwise than in the store.
  const std::set<std::pair<std::string, Key>>& changed() const noexcept { return changed_; }
  std::int64_t last(const std::string& target, const Key& key) const { return queues_.at(target).at(key); }
  void stored() { changed_.clear(); }

private:
  using Queue = std::map<Key, std::int64_t>;
  static std::int64_t now_of(const Queue& queue) {
    const auto now = queue.find({Kind::now, {}});
    return now == queue.end() ? kFloor : now->second;
  }
  std::map<std::string, Queue> queues_;
  std::set<std::pair<std::string, Key>> changed_;
};

} // namespace tongqu::journal::detail
