#include "net/job_queue.hpp"

#include <gtest/gtest.h>

namespace tongqu::net::detail {
namespace {

bool put(JobQueue& queue) {
  HttpRequest request;
  request.method = "GET";
  request.target = "/";
  return queue.put(std::move(request), [](const HttpOutcome&) {});
}

// A wake-up is two calls of the system, and under load a client is nearly always awake.
TEST(JobQueue, who_is_awake_is_not_woken_and_who_may_sleep_is_woken_once) {
  JobQueue queue(10);
  std::vector<Job> jobs;
  EXPECT_TRUE(queue.take(10, jobs));
  EXPECT_TRUE(put(queue)) << "it may be asleep";
  EXPECT_FALSE(put(queue)) << "it was woken already";
  queue.awake();
  EXPECT_TRUE(queue.take(10, jobs));
  EXPECT_EQ(jobs.size(), 2U);
  queue.awake();
  EXPECT_FALSE(put(queue)) << "it takes again before it sleeps";
  EXPECT_TRUE(queue.take(10, jobs));
  EXPECT_EQ(jobs.size(), 3U);
  EXPECT_TRUE(put(queue));
}

} // namespace
} // namespace tongqu::net::detail
