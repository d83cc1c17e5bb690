#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "bridge/gathered_intakes.hpp"
#include "tongqu/mapping/pack.hpp"

namespace tongqu::bridge::detail {

/// What one worker thread owns and lends to its jobs.
struct Worker {
  mapping::Workspace workspace;
  GatheredIntakes gathered;  ///< Handed over when nothing else waits for the worker, or when there are enough.
};

/// A fixed number of threads behind a bounded queue. One job that throws is contained: `on_crash` is told and the thread goes on.
class WorkerPool {
public:
  using Job = std::function<void(Worker&)>;
  WorkerPool(std::size_t threads, std::size_t queue_max, std::function<void()> on_crash);
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  /// False when the queue is full or the pool is stopping; the job is then untouched.
  bool try_post(Job& job);
  /// Queues without looking at the bound and in front of what was only offered, for work that was already admitted (claims of
  /// deliveries): what is in the house leaves before more is let in, or a backlog would grow whenever intake is the faster half. Once
  /// the pool stops the job is dropped: what it owned gives itself back.
  void post(Job job);
  /// Runs the next job on the calling thread, or hands over what was gathered; false when there is neither. For a pool without threads, whose owner chooses every step.
  bool run_next(Worker& worker);
  /// Finishes what is queued, then joins; a pool without threads drops it. Idempotent.
  void stop();

private:
  void run();
  Job next();
  void work(Job job, Worker& worker);
  void hand_over(Worker& worker);
  template <class Act> void contain(Act&& act);
  bool empty() const { return admitted_.empty() && offered_.empty(); }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> admitted_, offered_;
  std::size_t queue_max_;
  bool stopping_ = false;
  std::function<void()> on_crash_;
  std::vector<std::thread> threads_;
};

} // namespace tongqu::bridge::detail
