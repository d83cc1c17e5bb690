#include "bridge/worker_pool.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <stdexcept>

namespace tongqu::bridge::detail {
namespace {

/// Holds a pool's thread until it is let go.
struct Gate {
  std::promise<void> open;
  std::shared_future<void> opened = open.get_future().share();
  std::promise<void> reached;
};

TEST(WorkerPool, runs_what_was_queued_before_it_stops) {
  std::atomic<int> done{0};
  {
    WorkerPool pool(2, 1000, [] {});
    for (int i = 0; i < 500; ++i) pool.post([&](Worker&) { ++done; });
  }
  EXPECT_EQ(done, 500);
}

TEST(WorkerPool, refuses_beyond_its_bound_and_leaves_the_job_whole) {
  Gate gate;
  WorkerPool pool(1, 2, [] {});
  pool.post([&](Worker&) { gate.reached.set_value(); gate.opened.wait(); });
  gate.reached.get_future().wait();
  std::atomic<int> done{0};  // Read after stop() only.
  const auto job = [&](Worker&) { ++done; };
  WorkerPool::Job one = job, two = job, three = job;
  EXPECT_TRUE(pool.try_post(one));
  EXPECT_TRUE(pool.try_post(two));
  EXPECT_FALSE(pool.try_post(three));
  EXPECT_TRUE(three != nullptr) << "whoever was refused still answers its caller";
  pool.post([&](Worker&) { ++done; });  // Admitted earlier: no bound.
  gate.open.set_value();
  pool.stop();
  EXPECT_EQ(done, 3);
}

TEST(WorkerPool, contains_a_job_that_throws) {
  std::atomic<int> crashes{0}, done{0};
  auto owned = std::make_shared<int>(1);
  const std::weak_ptr<int> watched = owned;
  {
    WorkerPool pool(1, 10, [&] { ++crashes; });
    pool.post([held = std::move(owned)](Worker&) { throw std::runtime_error("planted"); });
    pool.post([&](Worker&) { throw std::bad_alloc(); });
    pool.post([&](Worker&) { ++done; });
  }
  EXPECT_EQ(crashes, 2);
  EXPECT_EQ(done, 1) << "the thread goes on";
  EXPECT_TRUE(watched.expired()) << "what the job owned gives itself back";
}

TEST(WorkerPool, that_stops_drops_what_comes_later) {
  WorkerPool pool(1, 10, [] {});
  pool.stop();
  auto owned = std::make_shared<int>(1);
  const std::weak_ptr<int> watched = owned;
  bool ran = false;
  pool.post([&ran, held = std::move(owned)](Worker&) { ran = true; });
  EXPECT_TRUE(watched.expired());
  WorkerPool::Job job = [&](Worker&) { ran = true; };
  EXPECT_FALSE(pool.try_post(job));
  pool.stop();
  EXPECT_FALSE(ran);
}

TEST(WorkerPool, gives_each_thread_its_own_memory) {
  Gate gate;  // In front of the pool: its threads end first.
  std::promise<Worker*> first, second;
  WorkerPool pool(2, 10, [] {});
  pool.post([&](Worker& worker) { first.set_value(&worker); gate.opened.wait(); });
  Worker* one = first.get_future().get();
  pool.post([&](Worker& worker) { second.set_value(&worker); });
  EXPECT_NE(one, second.get_future().get());
  gate.open.set_value();
}

} // namespace
} // namespace tongqu::bridge::detail
