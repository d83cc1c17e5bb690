#include "net/job_queue.hpp"

#include <optional>

#include "net/curl/peer_address.hpp"

namespace tongqu::net::detail {

bool JobQueue::put(HttpRequest request, std::function<void(HttpOutcome)> done) {
  if (auto good = check_outgoing(request); !good) {
    done(failed_outcome(std::move(good).error(), Sent::nothing));
    return false;
  }
  std::optional<Errc> refused;
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    if (jobs_.size() >= max_) refused = Errc::net_queue_full;
    if (stopping_) refused = Errc::base_stopped;
    if (!refused) {
      jobs_.push_back({std::move(request), std::move(done)});
      wake = !woken_;
      woken_ = true;
    }
  }
  if (refused) done(failed_outcome(Error(*refused), Sent::nothing));
  return wake;
}

bool JobQueue::take(std::size_t max, std::vector<Job>& jobs) {
  const std::lock_guard lock(mutex_);
  woken_ = false;
  if (stopping_) return false;
  for (; max > 0 && !jobs_.empty(); --max) {
    jobs.push_back(std::move(jobs_.front()));
    jobs_.pop_front();
  }
  return true;
}

void JobQueue::awake() {
  const std::lock_guard lock(mutex_);
  woken_ = true;
}

bool JobQueue::empty() const {
  const std::lock_guard lock(mutex_);
  return jobs_.empty();
}

void JobQueue::stop() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
}

void JobQueue::give_up_all() {
  std::deque<Job> waiting;
  {
    const std::lock_guard lock(mutex_);
    waiting.swap(jobs_);
  }
  for (Job& job : waiting) job.done(failed_outcome(Error(Errc::base_stopped), Sent::nothing));
}

} // namespace tongqu::net::detail
