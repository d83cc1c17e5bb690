#include "tongqu/net/http_client.hpp"

#include <cerrno>
#include <future>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <set>

#include "net/test_support.hpp"
#include "tongqu/net/http_server.hpp"

namespace tongqu::net {
namespace {

using std::chrono::milliseconds;
using test::RawSocket;
using test::ScriptedPeer;

/// An address in numbers goes to our own client, a name to libcurl: ctest runs these tests with both.
const std::string host_of_peer = std::getenv("TONGQU_TEST_PEER") != nullptr ? std::getenv("TONGQU_TEST_PEER") : "127.0.0.1";

PeerOptions peer_at(std::uint16_t port) {
  PeerOptions options;
  options.base_url = "http://" + host_of_peer + ":" + std::to_string(port);
  options.pinned_host = host_of_peer;
  options.total_timeout = milliseconds(5000);
  return options;
}

std::unique_ptr<HttpClient> client_of(const PeerOptions& options) {
  auto client = HttpClient::create(options);
  EXPECT_TRUE(client);
  return std::move(client).value();
}

HttpRequest submit(const std::string& body = "hello", const std::string& target = "/submit") {
  HttpRequest request;
  request.method = "POST";
  request.target = target;
  request.headers.add("Content-Type", "text/plain");
  request.body = body;
  return request;
}

std::string failure_of(const HttpOutcome& outcome) {
  if (outcome.exchange) return "no failure";
  return std::string(outcome.failure->error.id()) + (outcome.failure->sent == Sent::nothing ? " nothing" : " maybe");
}

/// What becomes of one POST when the peer reads it whole and then sends `answer` and closes.
HttpOutcome ask(const std::string& answer, std::size_t answer_bytes_max = 1 << 20) {
  ScriptedPeer peer([&answer](RawSocket& socket, int) {
    socket.read_message();
    socket.send(answer);
  });
  PeerOptions options = peer_at(peer.port());
  options.answer_bytes_max = answer_bytes_max;
  return client_of(options)->send_and_wait(submit(), {});
}

std::string ok(const std::string& body) { return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body; }

TEST(HttpClient, request_goes_out_as_given_and_the_answer_comes_back) {
  std::string seen;
  ScriptedPeer peer([&seen](RawSocket& socket, int) {
    seen = socket.read_message();
    socket.send("HTTP/1.1 202 Accepted\r\nRetry-After: 7\r\nX-A:\r\nContent-Length: 2\r\n\r\nok");
  });
  HttpRequest request = submit(std::string("a\0b", 3), "/a/../b?c=%D6");
  request.headers.add("X-Empty", "");
  request.headers.add("SOAPAction", "\"urn:x\"");
  const HttpOutcome outcome = client_of(peer_at(peer.port()))->send_and_wait(std::move(request), {});
  ASSERT_TRUE(outcome.exchange) << failure_of(outcome);
  EXPECT_EQ(seen, "POST /a/../b?c=%D6 HTTP/1.1\r\nHost: " + host_of_peer + ":" + std::to_string(peer.port()) +
                      "\r\nContent-Type: text/plain\r\nX-Empty:\r\nSOAPAction: \"urn:x\"\r\nContent-Length: 3\r\n\r\n" + std::string("a\0b", 3));
  EXPECT_EQ(outcome.exchange->response.status, 202);
  EXPECT_EQ(outcome.exchange->response.headers.get("retry-after"), "7");
  EXPECT_TRUE(outcome.exchange->response.headers.has("X-A"));
  EXPECT_EQ(outcome.exchange->response.body, "ok");
  EXPECT_FALSE(outcome.exchange->ended_by_close);
}

TEST(HttpClient, every_method_goes_out_under_its_name) {
  std::vector<std::string> lines;
  ScriptedPeer peer([&lines](RawSocket& socket, int) {
    for (;;) {
      const std::string message = socket.read_message();
      if (message.empty()) return;
      lines.push_back(message.substr(0, message.find("\r\n")) + "|" + message.substr(message.find("\r\n\r\n") + 4));
      socket.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    }
  });
  {
    const auto client = client_of(peer_at(peer.port()));
    for (const char* method : {"GET", "POST", "PUT", "HEAD", "DELETE", "PATCH", "GET"}) {
      HttpRequest request = submit(std::string(method) == "PUT" ? "body" : "", "/x");
      request.method = method;
      EXPECT_TRUE(client->send_and_wait(std::move(request), {}).exchange) << method;
    }
  }
  const std::vector<std::string> expected = {"GET /x HTTP/1.1|",    "POST /x HTTP/1.1|",   "PUT /x HTTP/1.1|body", "HEAD /x HTTP/1.1|",
                                             "DELETE /x HTTP/1.1|", "PATCH /x HTTP/1.1|", "GET /x HTTP/1.1|"};
  EXPECT_EQ(lines, expected);
}

TEST(HttpClient, refused_port_leaves_nothing_sent) {
  const auto client = client_of(peer_at(test::closed_port()));
  EXPECT_EQ(failure_of(client->send_and_wait(submit(), {})), "net.connect nothing");
}

TEST(HttpClient, unknown_host_leaves_nothing_sent) {
  PeerOptions options = peer_at(80);
  options.base_url = "http://nobody.invalid";
  options.pinned_host = "nobody.invalid";
  EXPECT_EQ(failure_of(client_of(options)->send_and_wait(submit(), {})), "net.connect nothing");
}

// Given up means that the rest of it must not arrive later: the platform was asked meanwhile, and it was sent once more.
TEST(HttpClient, what_a_given_up_request_had_still_to_send_is_never_sent) {
  std::promise<void> given_up;
  std::promise<int> ended;
  ScriptedPeer peer([&](RawSocket& socket, int) {
    given_up.get_future().wait();  // Reads nothing before that: the request fills every buffer on its way.
    char bytes[65536];
    ssize_t got = 1;
    while (got > 0) got = ::recv(socket.descriptor(), bytes, sizeof bytes, 0);
    ended.set_value(got < 0 ? errno : 0);
  });
  PeerOptions options = peer_at(peer.port());
  options.total_timeout = std::chrono::milliseconds(300);
  {
    const auto client = client_of(options);
    EXPECT_EQ(failure_of(client->send_and_wait(submit(std::string(std::size_t{32} << 20U, 'x')), {})), "net.timeout maybe");
    given_up.set_value();
    EXPECT_EQ(ended.get_future().get(), ECONNRESET) << "not an end in order after all that was waiting";
  }
}

TEST(HttpClient, peer_that_accepts_and_stalls_leaves_maybe) {
  ScriptedPeer peer([](RawSocket& socket, int) {
    socket.read_message();
    socket.read_until_close();
  });
  PeerOptions options = peer_at(peer.port());
  options.total_timeout = milliseconds(80);
  EXPECT_EQ(failure_of(client_of(options)->send_and_wait(submit(), {})), "net.timeout maybe");
}

TEST(HttpClient, dripping_answer_ends_at_the_deadline) {
  ScriptedPeer peer([](RawSocket& socket, int) {
    socket.read_message();
    socket.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    while (socket.send("x")) std::this_thread::sleep_for(milliseconds(5));
  });
  PeerOptions options = peer_at(peer.port());
  options.total_timeout = milliseconds(80);
  EXPECT_EQ(failure_of(client_of(options)->send_and_wait(submit(), {})), "net.timeout maybe");
}

TEST(HttpClient, answer_cut_at_any_byte_is_never_a_success) {
  const std::string with_length = ok("receipt");
  const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nrec\r\n4\r\neipt\r\n0\r\n\r\n";
  for (const std::string& answer : {with_length, chunked}) {
    for (std::size_t n = 0; n < answer.size(); ++n) {
      const HttpOutcome outcome = ask(answer.substr(0, n));
      ASSERT_TRUE(outcome.failure) << answer.substr(0, n);
      EXPECT_EQ(outcome.failure->sent, Sent::maybe) << n;
      EXPECT_TRUE(outcome.failure->error.id() == "net.answer_cut" || outcome.failure->error.id() == "net.answer_framing") << n;
    }
    EXPECT_TRUE(ask(answer).exchange);
  }
}

TEST(HttpClient, reset_in_the_middle_of_the_answer_is_a_cut) {
  ScriptedPeer peer([](RawSocket& socket, int) {
    socket.read_message();
    socket.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
    socket.reset();
  });
  EXPECT_EQ(failure_of(client_of(peer_at(peer.port()))->send_and_wait(submit(), {})), "net.answer_cut maybe");
}

TEST(HttpClient, close_delimited_answer_is_marked) {
  const HttpOutcome outcome = ask("HTTP/1.1 200 OK\r\n\r\nperhaps cut");
  ASSERT_TRUE(outcome.exchange);
  EXPECT_TRUE(outcome.exchange->ended_by_close);
  EXPECT_EQ(outcome.exchange->response.body, "perhaps cut");
}

TEST(HttpClient, answers_with_doubtful_length_are_refused) {
  for (const char* answer : {
           "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\nabcde",
           "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
           "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\nabc",
           "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
           "HTTP/1.1 200 OK\r\nContent-Length: 3, 3\r\n\r\nabc",
           "HTTP/1.1 200 OK\r\nX-A: b\r\n folded\r\nContent-Length: 3\r\n\r\nabc",
           "HTTP/1.1 200 OK\nContent-Length: 3\n\nabc",
           "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n",
       }) {
    EXPECT_EQ(failure_of(ask(answer)), "net.answer_framing maybe") << answer;
  }
}

TEST(HttpClient, malformed_chunks_are_refused) {
  const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const char* body : {"3 \r\nabc\r\n0\r\n\r\n", "0x3\r\nabc\r\n0\r\n\r\n", "3\nabc\n0\n\n", "000000003\r\nabc\r\n0\r\n\r\n",
                           "3\r\nabc\r\n0\r\nContent-Length: 9\r\n\r\n", "g\r\n"}) {
    const HttpOutcome outcome = ask(head + body);
    ASSERT_TRUE(outcome.failure) << body;
    EXPECT_EQ(failure_of(outcome), "net.answer_framing maybe") << body;
  }
  EXPECT_EQ(ask(head + "3;x=y\r\nabc\r\n0\r\nX-A: b\r\n\r\n").exchange->response.body, "abc");
}

TEST(HttpClient, things_that_are_not_http_are_refused) {
  for (const char* answer : {"hello world, no protocol\r\n\r\n", "HTTP/3.0 200 OK\r\nContent-Length: 0\r\n\r\n", "\r\n\r\n"}) {
    const HttpOutcome outcome = ask(answer);
    ASSERT_TRUE(outcome.failure) << answer;
    EXPECT_EQ(failure_of(outcome), "net.answer_framing maybe") << answer;
  }
}

TEST(HttpClient, interim_answers_are_passed_over) {
  const HttpOutcome outcome = ask("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n" + ok("done"));
  ASSERT_TRUE(outcome.exchange) << failure_of(outcome);
  EXPECT_EQ(outcome.exchange->response.body, "done");
}

TEST(HttpClient, answer_size_is_judged_at_its_limit) {
  const std::string ten = "0123456789";
  EXPECT_TRUE(ask(ok(ten), 10).exchange);
  EXPECT_EQ(failure_of(ask(ok(ten), 9)), "net.answer_too_large maybe");
  EXPECT_EQ(failure_of(ask("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\n" + ten + "\r\n0\r\n\r\n", 9)), "net.answer_too_large maybe");
  EXPECT_EQ(failure_of(ask("HTTP/1.1 200 OK\r\n\r\n" + ten, 9)), "net.answer_too_large maybe");
}

TEST(HttpClient, redirect_is_an_answer_and_is_not_followed) {
  int elsewhere = 0;
  ScriptedPeer other([&elsewhere](RawSocket&, int) { ++elsewhere; });
  const HttpOutcome outcome =
      ask("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:" + std::to_string(other.port()) + "/\r\nContent-Length: 0\r\n\r\n");
  ASSERT_TRUE(outcome.exchange);
  EXPECT_EQ(outcome.exchange->response.status, 302);
  EXPECT_EQ(other.connections(), 0);
}

TEST(HttpClient, connection_is_kept_for_the_next_request) {
  ScriptedPeer peer([](RawSocket& socket, int) {
    for (int i = 0; !socket.read_message().empty(); ++i) socket.send(ok(std::to_string(i)));
  });
  {
    const auto client = client_of(peer_at(peer.port()));
    for (int i = 0; i < 20; ++i) {
      const HttpOutcome outcome = client->send_and_wait(submit(), {});
      ASSERT_TRUE(outcome.exchange);
      EXPECT_EQ(outcome.exchange->response.body, std::to_string(i));
    }
  }
  EXPECT_EQ(peer.connections(), 1);
}

/// The peer answers the first request and then ends a kept connection in the way of `ending` once it has the second request.
void expect_sent_once(const std::string& body, const std::string& method, const std::function<void(RawSocket&)>& ending) {
  std::mutex mutex;
  std::vector<std::string> seen;
  ScriptedPeer peer([&](RawSocket& socket, int) {
    for (;;) {
      const std::string message = socket.read_message();
      if (message.empty()) return;
      const std::lock_guard lock(mutex);
      seen.push_back(message.substr(message.find(' ') + 1, 6));
      if (seen.size() == 2) return ending(socket);
      socket.send(ok("fine"));
    }
  });
  {
    const auto client = client_of(peer_at(peer.port()));
    HttpRequest first = submit(body, "/first");
    HttpRequest second = submit(body, "/secnd");
    second.method = method;
    ASSERT_TRUE(client->send_and_wait(std::move(first), {}).exchange);
    EXPECT_EQ(failure_of(client->send_and_wait(std::move(second), {})), "net.answer_cut maybe");
    ASSERT_TRUE(client->send_and_wait(submit(body, "/third"), {}).exchange);
  }
  const std::lock_guard lock(mutex);
  EXPECT_EQ(seen, (std::vector<std::string>{"/first", "/secnd", "/third"}));
}

TEST(HttpClient, request_on_a_kept_connection_that_dies_is_never_sent_again) {
  for (const char* method : {"POST", "PUT", "DELETE"}) {
    expect_sent_once("hello", method, [](RawSocket& socket) { socket.close(); });
    expect_sent_once("hello", method, [](RawSocket& socket) { socket.reset(); });
  }
  expect_sent_once("", "POST", [](RawSocket& socket) { socket.close(); });
  expect_sent_once("", "GET", [](RawSocket& socket) { socket.close(); });
  expect_sent_once("", "DELETE", [](RawSocket& socket) { socket.reset(); });
  expect_sent_once(std::string(300000, 'x'), "POST", [](RawSocket& socket) { socket.close(); });
}

TEST(HttpClient, request_is_not_sent_again_over_another_kept_connection) {
  std::mutex mutex;
  std::condition_variable changed;
  int arrived = 0;
  std::vector<std::string> seen;
  // Two connections are opened by two requests at once and stay in the pool; then one of them dies under a third request.
  std::vector<std::thread> threads;
  auto peer = std::make_unique<ScriptedPeer>([&](RawSocket& socket, int) {
    threads.emplace_back([&, own = std::make_shared<RawSocket>(std::move(socket))] {
      for (;;) {
        const std::string message = own->read_message();
        if (message.empty()) return;
        std::unique_lock lock(mutex);
        seen.push_back(message.substr(message.find(' ') + 1, 2));
        if (seen.back() == "/c") return own->close();
        ++arrived;
        changed.notify_all();
        changed.wait_for(lock, std::chrono::seconds(5), [&] { return arrived >= 2; });
        lock.unlock();
        own->send(ok("fine"));
      }
    });
  });
  {
    const auto client = client_of(peer_at(peer->port()));
    std::atomic<int> answered{0};
    for (const char* target : {"/a", "/b"}) client->send(submit("x", target), [&](HttpOutcome outcome) { answered += outcome.exchange ? 1 : 0; });
    while (answered < 2) std::this_thread::yield();
    EXPECT_EQ(failure_of(client->send_and_wait(submit("x", "/c"), {})), "net.answer_cut maybe");
  }
  peer.reset();
  for (auto& one : threads) one.join();
  EXPECT_EQ(std::count(seen.begin(), seen.end(), "/c"), 1);
}

TEST(HttpClient, kept_connection_closed_before_the_next_request_is_replaced) {
  std::atomic<int> closed{0};
  ScriptedPeer peer([&closed](RawSocket& socket, int) {
    socket.read_message();
    socket.send(ok("fine"));
    socket.close();
    ++closed;
  });
  const auto client = client_of(peer_at(peer.port()));
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(client->send_and_wait(submit(), {}).exchange);
    while (closed < i + 1) std::this_thread::yield();
  }
  EXPECT_EQ(peer.connections(), 5);
}

TEST(HttpClient, second_answer_to_one_request_is_not_taken_for_the_next) {
  ScriptedPeer peer([](RawSocket& socket, int connection) {
    socket.read_message();
    socket.send(ok("first") + (connection == 1 ? ok("stray") : ""));
    socket.read_message();
    socket.send(ok("second"));
  });
  const auto client = client_of(peer_at(peer.port()));
  EXPECT_EQ(client->send_and_wait(submit(), {}).exchange->response.body, "first");
  const HttpOutcome outcome = client->send_and_wait(submit(), {});
  ASSERT_TRUE(outcome.exchange) << failure_of(outcome);
  EXPECT_NE(outcome.exchange->response.body, "stray");
}

TEST(HttpClient, more_requests_than_connections_wait_their_turn) {
  class Echo final : public HttpHandler {
    void on_request(HttpRequest request, Responder respond) override {
      HttpResponse response;
      response.body = std::move(request.body);
      respond(std::move(response));
    }
  } handler;
  auto server = HttpServer::start({}, handler);
  ASSERT_TRUE(server);
  PeerOptions options = peer_at((*server)->port());
  options.connections_max = 4;
  std::mutex mutex;
  std::set<std::string> bodies;
  {
    const auto client = client_of(options);
    for (int i = 0; i < 500; ++i) {
      client->send(submit(std::to_string(i)), [&](HttpOutcome outcome) {
        const std::lock_guard lock(mutex);
        if (outcome.exchange) bodies.insert(outcome.exchange->response.body);
      });
    }
    for (;;) {
      const std::lock_guard lock(mutex);
      if (bodies.size() == 500) break;
    }
  }
  EXPECT_LE((*server)->counters().connections, 4U);
  EXPECT_EQ((*server)->counters().requests, 500U);
}

TEST(HttpClient, full_queue_refuses_with_nothing_sent) {
  std::atomic<bool> arrived{false};
  ScriptedPeer peer([&arrived](RawSocket& socket, int) {
    arrived = !socket.read_message().empty();
    socket.read_until_close();
  });
  PeerOptions options = peer_at(peer.port());
  options.connections_max = 1;
  options.queue_max = 2;
  std::vector<std::string> failures;
  std::mutex mutex;
  {
    const auto client = client_of(options);
    for (int i = 0; i < 10; ++i) {
      client->send(submit(), [&](HttpOutcome outcome) {
        const std::lock_guard lock(mutex);
        failures.push_back(failure_of(outcome));
      });
    }
    while (!arrived) std::this_thread::yield();
  }
  EXPECT_GE(std::count(failures.begin(), failures.end(), "net.queue_full nothing"), 7);
  EXPECT_EQ(std::count(failures.begin(), failures.end(), "base.stopped maybe"), 1);
  EXPECT_EQ(failures.size(), 10U);
}

TEST(HttpClient, waiting_ends_with_the_callers_deadline_or_stop) {
  ScriptedPeer peer([](RawSocket& socket, int) {
    socket.read_message();
    socket.read_until_close();
  });
  const auto client = client_of(peer_at(peer.port()));
  CallContext context;
  context.deadline = std::chrono::steady_clock::now() + milliseconds(50);
  EXPECT_EQ(failure_of(client->send_and_wait(submit(), context)), "net.timeout maybe");
  const std::atomic<bool> stop{true};
  CallContext stopped;
  stopped.stop = &stop;
  EXPECT_EQ(failure_of(client->send_and_wait(submit(), stopped)), "base.stopped maybe");
}

TEST(HttpClient, request_that_could_split_the_head_is_refused) {
  const auto client = client_of(peer_at(test::closed_port()));
  const auto refused = [&client](const char* name, const char* value) {
    HttpRequest request = submit();
    request.headers.add(name, value);
    return failure_of(client->send_and_wait(std::move(request), {}));
  };
  EXPECT_EQ(refused("X-A", "b\r\nX-B: c"), "net.header nothing");
  EXPECT_EQ(refused("X-A", "b\nc"), "net.header nothing");
  EXPECT_EQ(refused("X-A: b\r\nX-C", "d"), "net.header nothing");
  EXPECT_EQ(refused("", "d"), "net.header nothing");
  for (const char* ours : {"Host", "content-length", "Transfer-Encoding", "Connection", "Expect", "Upgrade"}) {
    EXPECT_EQ(refused(ours, "x"), "net.header nothing") << ours;
  }
  for (const char* target : {"", "x", "/a b", "/a\r\nX: y", "/a#b", "@other.test/", "http://other.test/", "/\xe4"}) {
    EXPECT_EQ(failure_of(client->send_and_wait(submit("x", target), {})), "net.target nothing") << target;
  }
  HttpRequest request = submit();
  request.method = "GET /x HTTP/1.1\r\nX: y";
  EXPECT_EQ(failure_of(client->send_and_wait(std::move(request), {})), "net.method nothing");
}

TEST(HttpClient, peer_address_must_be_plain_and_pinned) {
  const auto id = [](const char* url, const char* pinned) {
    PeerOptions options;
    options.base_url = url;
    options.pinned_host = pinned;
    const auto client = HttpClient::create(options);
    return client ? std::string() : std::string(client.error().id()) + " " + client.error().where();
  };
  EXPECT_EQ(id("http://a.test", "a.test"), "");
  EXPECT_EQ(id("https://a.test:8443/", "A.test"), "");
  EXPECT_EQ(id("http://[::1]:80", "[::1]"), "");
  EXPECT_EQ(id("http://a.test", "b.test"), "net.peer pinned_host");
  EXPECT_EQ(id("http://a.test", ""), "net.peer pinned_host");
  for (const char* url : {"", "a.test", "ftp://a.test", "file:///etc/passwd", "http://", "http://a.test/x", "http://u@a.test", "http://a.test:",
                          "http://a.test:0", "http://a.test:65536", "http://a.test:8x", "http://a.test?x", "http://a.test#x", "HTTP://a.test"}) {
    EXPECT_EQ(id(url, "a.test"), "net.peer base_url") << url;
  }
}

TEST(HttpClient, proxy_of_the_environment_is_not_used) {
  ScriptedPeer proxy([](RawSocket&, int) {});
  ScriptedPeer peer([](RawSocket& socket, int) {
    socket.read_message();
    socket.send(ok("direct"));
  });
  const std::string url = "http://127.0.0.1:" + std::to_string(proxy.port());
  setenv("http_proxy", url.c_str(), 1);
  setenv("all_proxy", url.c_str(), 1);
  const HttpOutcome outcome = client_of(peer_at(peer.port()))->send_and_wait(submit(), {});
  unsetenv("http_proxy");
  unsetenv("all_proxy");
  ASSERT_TRUE(outcome.exchange);
  EXPECT_EQ(outcome.exchange->response.body, "direct");
  EXPECT_EQ(proxy.connections(), 0);
}

TEST(HttpClient, cookies_are_not_kept) {
  std::string second;
  ScriptedPeer peer([&second](RawSocket& socket, int) {
    socket.read_message();
    socket.send("HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n");
    second = socket.read_message();
    socket.send(ok(""));
  });
  {
    const auto client = client_of(peer_at(peer.port()));
    EXPECT_TRUE(client->send_and_wait(submit(), {}).exchange);
    EXPECT_TRUE(client->send_and_wait(submit(), {}).exchange);
  }
  EXPECT_EQ(second.find("ookie"), std::string::npos);
}

TEST(HttpClient, tls_that_does_not_come_about_leaves_nothing_sent) {
  std::string seen;
  ScriptedPeer peer([&seen](RawSocket& socket, int) {
    socket.send("HTTP/1.1 400 Bad Request\r\n\r\n");
    seen = socket.read_until_close();
  });
  PeerOptions options = peer_at(peer.port());
  options.base_url.replace(0, 4, "https");
  EXPECT_EQ(failure_of(client_of(options)->send_and_wait(submit("secret body"), {})), "net.tls nothing");
}

TEST(HttpClient, stalled_tls_handshake_ends_at_the_deadline_with_nothing_sent) {
  ScriptedPeer peer([](RawSocket& socket, int) { socket.read_until_close(); });
  PeerOptions options = peer_at(peer.port());
  options.base_url.replace(0, 4, "https");
  options.connect_timeout = milliseconds(80);
  EXPECT_EQ(failure_of(client_of(options)->send_and_wait(submit(), {})), "net.timeout nothing");
}

} // namespace
} // namespace tongqu::net
