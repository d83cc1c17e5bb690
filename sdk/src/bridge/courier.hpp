#pragma once
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "bridge/lane.hpp"

namespace tongqu::bridge::detail {

using Lanes = std::vector<std::shared_ptr<Lane>>;

/// One thread that looks after all lanes: pumps those that were rung or have something due, and closes those that were replaced once
/// their last message is settled. Safe from several threads.
class Courier {
public:
  /// From now on these; lanes that are not among them claim nothing more, and go when they are idle.
  void replace(Lanes lanes);
  Lanes lanes() const;
  void start();
  void wake();
  void ring(const std::string& target);
  /// An operator has acted: whatever became ready is claimed.
  void ring_all();
  void stop_claiming();
  bool idle() const;
  void stop();
  void close_lanes();
  void clear();

private:
  void run();
  void close_retired();

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Lanes lanes_, retired_;
  bool woken_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

} // namespace tongqu::bridge::detail
