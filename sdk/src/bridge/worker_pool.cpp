#include "bridge/worker_pool.hpp"

#include <exception>
#include <utility>

namespace tongqu::bridge::detail {

WorkerPool::WorkerPool(std::size_t threads, std::size_t queue_max, std::function<void()> on_crash) : queue_max_(queue_max), on_crash_(std::move(on_crash)) {
  threads_.reserve(threads);
  try {
    for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
  } catch (...) {
    stop();  // Those that were made must end, or their destructors end the process without a word.
    throw;
  }
}

WorkerPool::~WorkerPool() { stop(); }

bool WorkerPool::try_post(Job& job) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || offered_.size() >= queue_max_) return false;
    offered_.push_back(std::move(job));
  }
  wake_.notify_one();
  return true;
}

void WorkerPool::post(Job job) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    admitted_.push_back(std::move(job));
  }
  wake_.notify_one();
}

void WorkerPool::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
  // Only a pool without threads has anything left. What a job owned may want to look at the pool: not under the lock.
  std::deque<Job> admitted, offered;
  const std::lock_guard lock(mutex_);
  admitted_.swap(admitted);
  offered_.swap(offered);
}

void WorkerPool::run() {
  Worker worker;
  for (;;) {
    Job job;
    {
      std::unique_lock lock(mutex_);
      if (empty() && worker.gathered.any()) {
        lock.unlock();
        hand_over(worker);
        lock.lock();
      }
      wake_.wait(lock, [this] { return stopping_ || !empty(); });
      if (empty()) return;
      job = next();
    }
    work(std::move(job), worker);
  }
}

bool WorkerPool::run_next(Worker& worker) {
  Job job;
  {
    const std::lock_guard lock(mutex_);
    if (!empty()) job = next();
  }
  if (!job && !worker.gathered.any()) return false;
  if (job) work(std::move(job), worker);
  else hand_over(worker);
  return true;
}

WorkerPool::Job WorkerPool::next() {
  auto& first = admitted_.empty() ? offered_ : admitted_;
  Job job = std::move(first.front());
  first.pop_front();
  return job;
}

// One of the three catch sites: a bug or an exhausted memory in one message must not take the others with it. What the job
// owned (responders, claims) is released by its destructor, which answers "failed" or gives the claim back.
template <class Act> void WorkerPool::contain(Act&& act) {
  try {
    act();
  } catch (const std::exception&) {
    on_crash_();
  }
}

void WorkerPool::work(Job job, Worker& worker) {
  contain([&] { std::exchange(job, nullptr)(worker); });
  worker.gathered.job_done();
  if (worker.gathered.full()) hand_over(worker);
}

void WorkerPool::hand_over(Worker& worker) {
  contain([&] { worker.gathered.hand_over(); });
}

} // namespace tongqu::bridge::detail
