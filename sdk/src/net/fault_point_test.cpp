// A kill at each step of the road through this module really happens there. Each case runs in a fresh process, because the armed
// points are read once.
#include "tongqu/base/fault_point.hpp"

#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <cstdlib>
#include <thread>

#include "tongqu/net/http_client.hpp"
#include "tongqu/net/http_server.hpp"

namespace tongqu::net {
namespace {

class Echo final : public HttpHandler {
  void on_request(HttpRequest request, Responder respond) override {
    HttpResponse response;
    response.body = std::move(request.body);
    respond(std::move(response));
  }
};

/// One request through our client to our server in this process, with `faults` armed.
void one_exchange(const std::string& faults, const std::string& host = "127.0.0.1") {
  setenv("TONGQU_FAULTS", faults.c_str(), 1);
  Echo handler;
  const auto server = HttpServer::start({}, handler);
  PeerOptions options;
  options.base_url = "http://" + host + ":" + std::to_string((*server)->port());
  options.pinned_host = host;
  const auto client = HttpClient::create(options);
  HttpRequest request;
  request.method = "POST";
  request.target = "/";
  request.body = "hello";
  const HttpOutcome outcome = (*client)->send_and_wait(std::move(request), {});
  // The last byte of an answer may be read before the server comes to the point behind it.
  if (faults.find(":kill") != std::string::npos) std::this_thread::sleep_for(std::chrono::seconds(5));
  std::_Exit(outcome.exchange ? 7 : 8);
}

class NetFaultPoint : public ::testing::TestWithParam<const char*> {};

TEST_P(NetFaultPoint, kills_the_process_when_armed) {
  if (!fault::compiled_in()) GTEST_SKIP() << "fault points are not compiled in";
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  for (const char* host : {"127.0.0.1", "localhost"}) {  // Our own client and libcurl.
    EXPECT_EXIT(one_exchange(std::string(GetParam()) + ":kill", host), ::testing::KilledBySignal(SIGKILL), "") << host;
  }
}

INSTANTIATE_TEST_SUITE_P(Road, NetFaultPoint,
                         ::testing::Values("s01_accepted", "s02_headers_read", "s03_body_read", "s14_answer_first_byte", "s15_answer_last_byte",
                                           "s19_connected", "s20_half_sent", "s21_all_sent", "s22_receipt_first_byte", "s23_receipt_whole"));

TEST(NetFaultPoints, thrown_fault_of_the_server_costs_one_connection) {
  if (!fault::compiled_in()) GTEST_SKIP() << "fault points are not compiled in";
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(one_exchange("s01_accepted:throw"), ::testing::ExitedWithCode(8), "");
  EXPECT_EXIT(one_exchange("s03_body_read:throw"), ::testing::ExitedWithCode(7), "");
}

TEST(NetFaultPoints, thrown_fault_of_the_client_is_a_failure_of_one_request) {
  if (!fault::compiled_in()) GTEST_SKIP() << "fault points are not compiled in";
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  for (const char* host : {"127.0.0.1", "localhost"}) {
    EXPECT_EXIT(one_exchange("s19_connected:throw", host), ::testing::ExitedWithCode(8), "") << host;
    EXPECT_EXIT(one_exchange("s23_receipt_whole:throw", host), ::testing::ExitedWithCode(8), "") << host;
    EXPECT_EXIT(one_exchange("s20_half_sent:throw", host), ::testing::ExitedWithCode(8), "") << host;
    EXPECT_EXIT(one_exchange("s22_receipt_first_byte:throw", host), ::testing::ExitedWithCode(8), "") << host;
  }
}

TEST(NetFaultPoints, unarmed_exchange_succeeds) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  for (const char* host : {"127.0.0.1", "localhost"}) EXPECT_EXIT(one_exchange("", host), ::testing::ExitedWithCode(7), "") << host;
}

} // namespace
} // namespace tongqu::net
