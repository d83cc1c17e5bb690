#include "bridge/worker_pool.hpp"

#include <gtest/gtest.h>

#include <future>
#include <string>

namespace tongqu::bridge::detail {
namespace {

/// A pool of one thread that is kept busy until the gate opens.
struct Held {
  std::promise<void> gate;
  std::promise<void> begun;
  WorkerPool pool;
  explicit Held(std::size_t queue_max) : pool(1, queue_max, [] {}) {
    pool.post([this](Worker&) {
      begun.set_value();
      gate.get_future().wait();
    });
    begun.get_future().wait();
  }
};

TEST(WorkerPool, what_was_admitted_goes_before_what_is_only_offered) {
  Held held(8);
  std::string order;
  for (const char name : {'a', 'b'}) {
    WorkerPool::Job job = [&order, name](Worker&) { order += name; };
    ASSERT_TRUE(held.pool.try_post(job));
  }
  for (const char name : {'1', '2'}) held.pool.post([&order, name](Worker&) { order += name; });
  held.gate.set_value();
  held.pool.stop();
  EXPECT_EQ(order, "12ab");
}

TEST(WorkerPool, the_bound_counts_what_is_offered_and_a_full_pool_leaves_the_job_whole) {
  Held held(1);
  int ran = 0;
  WorkerPool::Job first = [&ran](Worker&) { ++ran; }, second = first;
  held.pool.post(first);
  EXPECT_TRUE(held.pool.try_post(first));
  EXPECT_FALSE(held.pool.try_post(second));
  EXPECT_TRUE(second);
  held.gate.set_value();
  held.pool.stop();
  EXPECT_EQ(ran, 2);
  EXPECT_FALSE(held.pool.try_post(second));
}

} // namespace
} // namespace tongqu::bridge::detail
