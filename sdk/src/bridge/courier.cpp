#include "bridge/courier.hpp"

#include <algorithm>

namespace tongqu::bridge::detail {
namespace {

constexpr std::chrono::milliseconds kLookAgain{1000};
constexpr std::chrono::milliseconds kRetiredLook{50};

} // namespace

void Courier::replace(Lanes lanes) {
  {
    const std::lock_guard lock(mutex_);
    for (const auto& old : lanes_) {
      if (std::find(lanes.begin(), lanes.end(), old) != lanes.end()) continue;
      old->stop_claiming();
      retired_.push_back(old);
    }
    lanes_ = std::move(lanes);
  }
  wake();
}

Lanes Courier::lanes() const {
  const std::lock_guard lock(mutex_);
  return lanes_;
}

void Courier::start() {
  thread_ = std::thread([this] { run(); });
}

void Courier::wake() {
  {
    const std::lock_guard lock(mutex_);
    woken_ = true;
  }
  changed_.notify_one();
}

void Courier::ring(const std::string& target) {
  bool now = false;
  for (const auto& lane : lanes()) {
    if (lane->platform() == target) now = lane->ring() || now;
  }
  if (now) wake();
}

void Courier::ring_all() {
  for (const auto& lane : lanes()) static_cast<void>(lane->ring());
  wake();
}

void Courier::stop_claiming() {
  for (const auto& lane : lanes()) lane->stop_claiming();
}

bool Courier::idle() const {
  const std::lock_guard lock(mutex_);
  const auto is_idle = [](const auto& lane) { return lane->idle(); };
  return std::all_of(lanes_.begin(), lanes_.end(), is_idle) && std::all_of(retired_.begin(), retired_.end(), is_idle);
}

void Courier::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Courier::close_lanes() {
  Lanes all;
  {
    const std::lock_guard lock(mutex_);
    all = lanes_;
    all.insert(all.end(), retired_.begin(), retired_.end());
  }
  for (const auto& lane : all) lane->close();
}

void Courier::clear() {
  const std::lock_guard lock(mutex_);
  lanes_.clear();
  retired_.clear();
}

void Courier::close_retired() {
  Lanes done;
  {
    const std::lock_guard lock(mutex_);
    const auto first = std::stable_partition(retired_.begin(), retired_.end(), [](const auto& lane) { return !lane->idle(); });
    done.assign(first, retired_.end());
    retired_.erase(first, retired_.end());
  }
  for (const auto& lane : done) lane->close();
}

void Courier::run() {
  for (;;) {
    MonoTime until = std::chrono::steady_clock::now() + kLookAgain;
    for (const auto& lane : lanes()) {
      lane->pump();
      if (const auto at = lane->next_look(); at && *at < until) until = *at;
    }
    close_retired();
    std::unique_lock lock(mutex_);
    if (!retired_.empty()) until = std::min(until, std::chrono::steady_clock::now() + kRetiredLook);
    changed_.wait_until(lock, until, [this] { return woken_ || stopping_; });
    woken_ = false;
    if (stopping_) return;
  }
}

} // namespace tongqu::bridge::detail
