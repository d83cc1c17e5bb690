#pragma once
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

#include "tongqu/base/clock.hpp"

namespace tongqu::sandbox {

/// Does things after a while, in a thread of its own; for answers that a planted fault holds back.
class Later {
public:
  Later() : thread_([this] { run(); }) {}
  ~Later() { stop(); }
  Later(const Later&) = delete;
  Later& operator=(const Later&) = delete;

  /// Safe from several threads. Beyond kWaitingMax things that wait, `act` runs at once.
  void after(std::chrono::milliseconds delay, std::function<void()> act) {
    {
      const std::lock_guard lock(mutex_);
      if (!stopping_ && waiting_.size() < kWaitingMax) {
        waiting_.emplace(std::chrono::steady_clock::now() + delay, std::move(act));
        wake_.notify_one();
        return;
      }
    }
    act();
  }

  /// Drops what still waits. Idempotent.
  void stop() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_one();
    if (thread_.joinable()) thread_.join();
  }

private:
  static constexpr std::size_t kWaitingMax = 100'000;

  void run() {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
      if (waiting_.empty()) {
        wake_.wait(lock);
        continue;
      }
      const auto first = waiting_.begin();
      if (std::chrono::steady_clock::now() < first->first) {
        wake_.wait_until(lock, first->first);
        continue;
      }
      const std::function<void()> act = std::move(first->second);
      waiting_.erase(first);
      lock.unlock();
      act();
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::multimap<MonoTime, std::function<void()>> waiting_;
  bool stopping_ = false;
  std::thread thread_;
};

} // namespace tongqu::sandbox
