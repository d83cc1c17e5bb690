#pragma once
#include <deque>
#include <mutex>
#include <vector>

#include "net/job.hpp"

namespace tongqu::net::detail {

/// What waits for a connection of a client, and whether the client is to end. Any thread puts, one takes.
class JobQueue {
public:
  explicit JobQueue(std::size_t max) : max_(max) {}

  /// What cannot be sent or has no room ends here, through `done`. True when the taker has to be woken.
  bool put(HttpRequest request, std::function<void(HttpOutcome)> done);
  /// Adds at most so many to `jobs`. False when the client is to end. The taker may sleep now: the next put wakes it.
  bool take(std::size_t max, std::vector<Job>& jobs);
  /// The taker has woken up by itself, and takes again before it sleeps: nobody has to wake it until then.
  void awake();
  bool empty() const;
  void stop();
  void give_up_all(); ///< Each of them ends with base.stopped.

private:
  const std::size_t max_;
  mutable std::mutex mutex_;
  std::deque<Job> jobs_;
  bool stopping_ = false;
  bool woken_ = false;
};

} // namespace tongqu::net::detail
