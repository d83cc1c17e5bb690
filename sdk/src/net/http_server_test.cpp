#include "tongqu/net/http_server.hpp"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>

#include "net/test_support.hpp"

namespace tongqu::net {
namespace {

using std::chrono::milliseconds;
using test::RawSocket;

/// Remembers what it was given; answers at once with what it got, or keeps the responders.
class Recorder : public HttpHandler {
public:
  enum class Answers { at_once, later };
  explicit Recorder(Answers answers = Answers::at_once) : answers_(answers) {}

  void on_request(HttpRequest request, Responder respond) override {
    HttpResponse response;
    response.headers.add("Content-Type", "text/plain");
    response.body = request.method + " " + request.target + " " + request.body;
    const std::lock_guard lock(mutex_);
    requests.push_back(std::move(request));
    if (answers_ == Answers::at_once) respond(std::move(response));
    else waiting.push_back(std::move(respond));
    changed_.notify_all();
  }

  bool wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(5), [&] { return requests.size() >= count; });
  }
  std::size_t count() {
    const std::lock_guard lock(mutex_);
    return requests.size();
  }

  std::vector<HttpRequest> requests;
  std::vector<Responder> waiting;

private:
  Answers answers_;
  std::mutex mutex_;
  std::condition_variable changed_;
};

std::unique_ptr<HttpServer> serve(HttpHandler& handler, const HttpServerOptions& options = {}) {
  auto server = HttpServer::start(options, handler);
  EXPECT_TRUE(server);
  return std::move(server).value();
}

std::string post(const std::string& body, const std::string& fields = "", const std::string& target = "/soap") {
  return "POST " + target + " HTTP/1.1\r\nHost: bridge.test\r\n" + fields + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string status_of(const std::string& message) { return message.substr(0, 12); }
std::string body_of(const std::string& message) { return message.substr(message.find("\r\n\r\n") + 4); }
std::size_t answers_in(const std::string& bytes) {
  std::size_t count = 0;
  for (auto at = bytes.find("HTTP/1.1 "); at != std::string::npos; at = bytes.find("HTTP/1.1 ", at + 1)) ++count;
  return count;
}

bool wait_until(const std::function<bool()>& holds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

TEST(HttpServer, every_bad_script_is_answered_with_its_status_closed_and_never_delivered) {
  Recorder handler;
  HttpServerOptions options;
  options.limits = test::script_limits();
  options.hosts = {"bridge.test"};
  const auto server = serve(handler, options);
  std::size_t delivered = 0;
  for (const test::BadScript& script : test::bad_scripts()) {
    RawSocket socket = RawSocket::connect(server->port());
    socket.send(script.bytes);
    socket.end_sending();
    const std::string all = socket.read_until_close();
    EXPECT_EQ(answers_in(all), static_cast<std::size_t>(script.served) + 1) << script.file;
    const std::string last = all.substr(all.rfind("HTTP/1.1 "));
    EXPECT_EQ(status_of(last), "HTTP/1.1 " + std::to_string(script.status)) << script.file;
    EXPECT_EQ(body_of(last).rfind("{\"id\":\"" + script.error_id + "\",\"action\":\"fix_input\",", 0), 0U) << script.file << last;
    EXPECT_NE(last.find("\r\nConnection: close\r\n"), std::string::npos) << script.file;
    delivered += static_cast<std::size_t>(script.served);
    EXPECT_EQ(handler.count(), delivered) << script.file;

    RawSocket next = RawSocket::connect(server->port());
    next.send(post("hello"));
    EXPECT_EQ(body_of(next.read_message()), "POST /soap hello") << script.file;
    EXPECT_EQ(handler.count(), ++delivered) << script.file;
  }
}

TEST(HttpServer, handler_sees_the_whole_request) {
  Recorder handler;
  const auto server = serve(handler);
  RawSocket socket = RawSocket::connect(server->port());
  socket.send(post("<a/>", "SOAPAction: \"urn:x\"\r\nX-Name: \xd6\xd0\r\n", "/soap?wsdl"));
  socket.read_message();
  ASSERT_EQ(handler.count(), 1U);
  const HttpRequest& request = handler.requests[0];
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target, "/soap?wsdl");
  EXPECT_EQ(request.headers.get("soapaction"), "\"urn:x\"");
  EXPECT_EQ(request.headers.get("x-name"), "\xd6\xd0");
  EXPECT_EQ(request.body, "<a/>");
  EXPECT_EQ(request.minor_version, 1);
  EXPECT_EQ(request.peer.rfind("127.0.0.1:", 0), 0U);
}

TEST(HttpServer, connection_is_kept_for_many_requests) {
  Recorder handler;
  const auto server = serve(handler);
  RawSocket socket = RawSocket::connect(server->port());
  for (int i = 0; i < 100; ++i) {
    socket.send(post(std::to_string(i)));
    EXPECT_EQ(body_of(socket.read_message()), "POST /soap " + std::to_string(i));
  }
  EXPECT_EQ(server->counters().connections, 1U);
  EXPECT_EQ(server->counters().requests, 100U);
}

TEST(HttpServer, pipelined_requests_are_answered_in_order) {
  Recorder handler;
  const auto server = serve(handler);
  RawSocket socket = RawSocket::connect(server->port());
  std::string all;
  for (int i = 0; i < 200; ++i) all += post(std::to_string(i));
  socket.send(all);
  for (int i = 0; i < 200; ++i) EXPECT_EQ(body_of(socket.read_message()), "POST /soap " + std::to_string(i));
}

TEST(HttpServer, second_pipelined_request_waits_for_the_first_answer) {
  Recorder handler(Recorder::Answers::later);
  const auto server = serve(handler);
  RawSocket socket = RawSocket::connect(server->port());
  socket.send(post("a") + post("b"));
  ASSERT_TRUE(handler.wait_for(1));
  HttpResponse first;
  first.body = "first";
  EXPECT_EQ(handler.count(), 1U);
  handler.waiting[0](first);
  EXPECT_EQ(body_of(socket.read_message()), "first");
  ASSERT_TRUE(handler.wait_for(2));
  HttpResponse second;
  second.body = "second";
  handler.waiting[1](second);
  EXPECT_EQ(body_of(socket.read_message()), "second");
}

TEST(HttpServer, request_in_single_bytes_is_understood) {
  Recorder handler;
  const auto server = serve(handler);
  RawSocket socket = RawSocket::connect(server->port());
  const std::string chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n";
  for (const char c : post("hello") + chunked) socket.send(std::string(1, c));
  EXPECT_EQ(body_of(socket.read_message()), "POST /soap hello");
  EXPECT_EQ(body_of(socket.read_message()), "POST / abcde");
}

TEST(HttpServer, large_body_and_large_answer_arrive_whole) {
  Recorder handler;
  const auto server = serve(handler);
  RawSocket socket = RawSocket::connect(server->port());
  std::string body(7 * 1024 * 1024, '\0');
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i * 131 >> 7);
  socket.send(post(body));
  EXPECT_TRUE(body_of(socket.read_message()) == "POST /soap " + body);
  socket.send(post("again"));
  EXPECT_EQ(body_of(socket.read_message()), "POST /soap again");
}

TEST(HttpServer, too_long_body_is_refused_before_it_is_sent) {
  Recorder handler;
  const auto server = serve(handler);
  RawSocket socket = RawSocket::connect(server->port());
  socket.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000000\r\n\r\n");
  EXPECT_EQ(status_of(socket.read_message()), "HTTP/1.1 413");
  EXPECT_TRUE(socket.ended());
}

TEST(HttpServer, refusal_reaches_a_peer_that_goes_on_sending) {
  Recorder handler;
  const auto server = serve(handler);
  RawSocket socket = RawSocket::connect(server->port());
  EXPECT_TRUE(socket.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n\r\n" + std::string(9000000, 'x')));
  EXPECT_EQ(status_of(socket.read_message()), "HTTP/1.1 413");
}

TEST(HttpServer, expectation_is_answered_before_the_body) {
  Recorder handler;
  const auto server = serve(handler);
  RawSocket socket = RawSocket::connect(server->port());
  socket.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(socket.read_message(), "HTTP/1.1 100 Continue\r\n\r\n");
  socket.send("hello");
  EXPECT_EQ(body_of(socket.read_message()), "POST / hello");
}

TEST(HttpServer, expectation_with_the_body_at_hand_gets_no_interim_answer) {
  Recorder handler;
  const auto server = serve(handler);
  RawSocket socket = RawSocket::connect(server->port());
  socket.send(post("hello", "Expect: 100-continue\r\n"));
  EXPECT_EQ(status_of(socket.read_message()), "HTTP/1.1 200");
}

TEST(HttpServer, http10_is_closed_after_the_answer_unless_it_asks_to_stay) {
  Recorder handler;
  const auto server = serve(handler);
  RawSocket closing = RawSocket::connect(server->port());
  closing.send("GET / HTTP/1.0\r\nHost: a\r\n\r\n");
  EXPECT_EQ(status_of(closing.read_message()), "HTTP/1.1 200");
  EXPECT_TRUE(closing.ended());
  RawSocket staying = RawSocket::connect(server->port());
  for (int i = 0; i < 2; ++i) {
    staying.send("GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_NE(staying.read_message().find("\r\nConnection: keep-alive\r\n"), std::string::npos);
  }
}

TEST(HttpServer, head_request_gets_length_without_body) {
  Recorder handler;
  const auto server = serve(handler);
  RawSocket socket = RawSocket::connect(server->port());
  socket.send("HEAD /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const std::string all = socket.read_until_close();
  EXPECT_NE(all.find("\r\nContent-Length: 8\r\n"), std::string::npos);
  EXPECT_EQ(body_of(all), "");
}

TEST(HttpServer, half_closed_sender_still_gets_its_answer) {
  Recorder handler(Recorder::Answers::later);
  const auto server = serve(handler);
  RawSocket socket = RawSocket::connect(server->port());
  socket.send(post("a"));
  socket.end_sending();
  ASSERT_TRUE(handler.wait_for(1));
  handler.waiting[0](HttpResponse());
  EXPECT_EQ(status_of(socket.read_until_close()), "HTTP/1.1 200");
}

TEST(HttpServer, responder_is_harmless_after_its_connection_died) {
  Recorder handler(Recorder::Answers::later);
  const auto server = serve(handler);
  {
    RawSocket socket = RawSocket::connect(server->port());
    socket.send(post("a"));
    ASSERT_TRUE(handler.wait_for(1));
    socket.reset();
  }
  HttpResponse large;
  large.body.assign(1 << 20, 'x');
  handler.waiting[0](large);
  handler.waiting[0](large);
  EXPECT_TRUE(wait_until([&] { return server->counters().open == 0; }));
}

TEST(HttpServer, second_call_of_a_responder_is_ignored) {
  Recorder handler(Recorder::Answers::later);
  const auto server = serve(handler);
  RawSocket socket = RawSocket::connect(server->port());
  socket.send(post("a"));
  ASSERT_TRUE(handler.wait_for(1));
  handler.waiting[0](HttpResponse());
  handler.waiting[0](HttpResponse());
  socket.send(post("b", "Connection: close\r\n"));
  ASSERT_TRUE(handler.wait_for(2));
  handler.waiting[0](HttpResponse());
  handler.waiting[1](HttpResponse());
  EXPECT_EQ(answers_in(socket.read_until_close()), 2U);
}

TEST(HttpServer, responder_may_outlive_the_server) {
  Recorder handler(Recorder::Answers::later);
  auto server = serve(handler);
  RawSocket socket = RawSocket::connect(server->port());
  socket.send(post("a"));
  ASSERT_TRUE(handler.wait_for(1));
  server.reset();
  EXPECT_TRUE(socket.ended());
  handler.waiting[0](HttpResponse());
}

TEST(HttpServer, answers_from_many_threads_reach_their_own_connections) {
  class Pool final : public HttpHandler {
  public:
    void on_request(HttpRequest request, Responder respond) override {
      threads_.emplace_back([body = std::move(request.body), respond = std::move(respond)] {
        HttpResponse response;
        response.body = body;
        respond(std::move(response));
      });
    }
    ~Pool() override { for (auto& one : threads_) one.join(); }
  private:
    std::vector<std::thread> threads_;
  } handler;
  const auto server = serve(handler);
  std::vector<RawSocket> sockets;
  for (int i = 0; i < 16; ++i) sockets.push_back(RawSocket::connect(server->port()));
  for (int round = 0; round < 10; ++round) {
    for (int i = 0; i < 16; ++i) sockets[static_cast<std::size_t>(i)].send(post(std::to_string(round * 100 + i)));
    for (int i = 0; i < 16; ++i) EXPECT_EQ(body_of(sockets[static_cast<std::size_t>(i)].read_message()), std::to_string(round * 100 + i));
  }
}

TEST(HttpServer, answer_whose_field_would_split_the_head_becomes_500) {
  class Splitter final : public HttpHandler {
    void on_request(HttpRequest, Responder respond) override {
      HttpResponse response;
      response.headers.add("X-A", "b\r\nX-Injected: c");
      response.body = "body";
      respond(std::move(response));
    }
  } handler;
  const auto server = serve(handler);
  RawSocket socket = RawSocket::connect(server->port());
  socket.send(post("a"));
  const std::string answer = socket.read_message();
  EXPECT_EQ(status_of(answer), "HTTP/1.1 500");
  EXPECT_EQ(answer.find("Injected"), std::string::npos);
}

TEST(HttpServer, handler_that_throws_costs_its_own_connection_only) {
  class Thrower final : public HttpHandler {
    void on_request(HttpRequest request, Responder respond) override {
      if (request.body == "bad") throw std::bad_alloc();
      respond(HttpResponse());
    }
  } handler;
  const auto server = serve(handler);
  RawSocket other = RawSocket::connect(server->port());
  RawSocket socket = RawSocket::connect(server->port());
  socket.send(post("bad"));
  EXPECT_EQ(status_of(socket.read_until_close()), "HTTP/1.1 503");
  other.send(post("good"));
  EXPECT_EQ(status_of(other.read_message()), "HTTP/1.1 200");
}

HttpServerOptions short_times() {
  HttpServerOptions options;
  options.head_timeout = options.body_timeout = options.write_timeout = options.idle_timeout = milliseconds(60);
  return options;
}

TEST(HttpServer, unfinished_head_is_answered_408_at_its_deadline) {
  Recorder handler;
  const auto server = serve(handler, short_times());
  RawSocket socket = RawSocket::connect(server->port());
  socket.send("POST / HTTP/1.1\r\nHost: a\r\n");
  const std::string all = socket.read_until_close();
  EXPECT_EQ(status_of(all), "HTTP/1.1 408");
  EXPECT_NE(all.find("net.request_timeout"), std::string::npos);
}

TEST(HttpServer, dripping_head_does_not_move_its_deadline) {
  Recorder handler;
  const auto server = serve(handler, short_times());
  RawSocket socket = RawSocket::connect(server->port());
  socket.send("POST / HTTP/1.1\r\nX-A: ");
  const auto begun = std::chrono::steady_clock::now();
  std::atomic<bool> stop{false};
  std::thread drip([&] {
    while (!stop && socket.send("a")) std::this_thread::sleep_for(milliseconds(5));
  });
  EXPECT_TRUE(wait_until([&] { return server->counters().refused == 1; }));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(2));
  stop = true;
  drip.join();
  EXPECT_EQ(handler.count(), 0U);
}

TEST(HttpServer, unfinished_body_is_answered_408_at_its_deadline) {
  Recorder handler;
  const auto server = serve(handler, short_times());
  RawSocket socket = RawSocket::connect(server->port());
  socket.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello");
  EXPECT_EQ(status_of(socket.read_until_close()), "HTTP/1.1 408");
  EXPECT_EQ(handler.count(), 0U);
}

TEST(HttpServer, silent_and_idle_connections_are_closed_without_a_word) {
  Recorder handler;
  HttpServerOptions options = short_times();
  options.head_timeout = milliseconds(400); // Time for the first request to arrive on a busy machine.
  const auto server = serve(handler, options);
  RawSocket silent = RawSocket::connect(server->port());
  RawSocket idle = RawSocket::connect(server->port());
  idle.send(post("a"));
  EXPECT_EQ(status_of(idle.read_message()), "HTTP/1.1 200");
  EXPECT_EQ(idle.read_until_close(), "");
  EXPECT_EQ(silent.read_until_close(), "");
  EXPECT_TRUE(wait_until([&] { return server->counters().open == 0; }));
}

TEST(HttpServer, peer_that_does_not_read_is_closed_at_the_write_deadline) {
  class Flood final : public HttpHandler {
    void on_request(HttpRequest, Responder respond) override {
      HttpResponse response;
      response.body.assign(std::size_t{64} << 20U, 'x');
      respond(std::move(response));
    }
  } handler;
  const auto server = serve(handler, short_times());
  RawSocket socket = RawSocket::connect(server->port());
  socket.send(post("a"));
  EXPECT_TRUE(wait_until([&] { return server->counters().requests == 1; }));
  EXPECT_TRUE(wait_until([&] { return server->counters().open == 0; }));
}

TEST(HttpServer, slow_connections_do_not_hold_up_another) {
  Recorder handler;
  const auto server = serve(handler);
  std::vector<RawSocket> slow;
  for (int i = 0; i < 400; ++i) {
    slow.push_back(RawSocket::connect(server->port()));
    slow.back().send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nx");
  }
  RawSocket quick = RawSocket::connect(server->port());
  for (int i = 0; i < 50; ++i) {
    quick.send(post("a"));
    EXPECT_EQ(status_of(quick.read_message()), "HTTP/1.1 200");
  }
}

TEST(HttpServer, connections_beyond_the_limit_are_closed_at_once) {
  Recorder handler;
  HttpServerOptions options;
  options.connections_max = 2;
  const auto server = serve(handler, options);
  RawSocket one = RawSocket::connect(server->port());
  RawSocket two = RawSocket::connect(server->port());
  EXPECT_TRUE(wait_until([&] { return server->counters().open == 2; }));
  RawSocket three = RawSocket::connect(server->port());
  EXPECT_TRUE(three.ended());
  two.close();
  EXPECT_TRUE(wait_until([&] { return server->counters().open == 1; }));
  RawSocket four = RawSocket::connect(server->port());
  four.send(post("a"));
  EXPECT_EQ(status_of(four.read_message()), "HTTP/1.1 200");
}

TEST(HttpServer, stop_waits_for_the_request_in_hand_and_closes_the_idle) {
  Recorder handler(Recorder::Answers::later);
  const auto server = serve(handler);
  RawSocket idle = RawSocket::connect(server->port());
  RawSocket busy = RawSocket::connect(server->port());
  busy.send(post("a"));
  ASSERT_TRUE(handler.wait_for(1));
  std::thread stopper([&] { server->stop({}); });
  EXPECT_TRUE(idle.ended());
  handler.waiting[0](HttpResponse());
  const std::string answer = busy.read_message();
  EXPECT_EQ(status_of(answer), "HTTP/1.1 200");
  EXPECT_NE(answer.find("\r\nConnection: close\r\n"), std::string::npos);
  EXPECT_TRUE(busy.ended());
  busy.close();
  stopper.join();
  server->stop({});
}

TEST(HttpServer, stop_ends_at_its_deadline_with_a_request_in_hand) {
  Recorder handler(Recorder::Answers::later);
  const auto server = serve(handler);
  RawSocket busy = RawSocket::connect(server->port());
  busy.send(post("a"));
  ASSERT_TRUE(handler.wait_for(1));
  CallContext context;
  context.deadline = std::chrono::steady_clock::now() + milliseconds(50);
  server->stop(context);
  EXPECT_TRUE(busy.ended());
}

TEST(HttpServer, taken_port_and_bad_address_are_reported) {
  Recorder handler;
  const auto server = serve(handler);
  HttpServerOptions options;
  options.port = server->port();
  auto second = HttpServer::start(options, handler);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().id(), "net.listen");
  EXPECT_EQ(second.error().where(), "127.0.0.1:" + std::to_string(server->port()));
  options.address = "not an address";
  EXPECT_EQ(HttpServer::start(options, handler).error().id(), "net.listen");
}

TEST(HttpServer, handler_may_word_the_refusal_but_not_its_status) {
  class Worded final : public HttpHandler {
    void on_request(HttpRequest, Responder) override {}
    HttpResponse on_refused(const Error& error, const HttpRequest& known) override {
      HttpResponse response;
      response.status = 200;
      response.body = std::string(error.id()) + " " + known.target + " " + std::string(known.headers.get("Content-Type"));
      return response;
    }
  } handler;
  const auto server = serve(handler);
  RawSocket socket = RawSocket::connect(server->port());
  socket.send("POST /soap HTTP/1.1\r\nHost: a\r\nContent-Type: text/xml\r\nContent-Length: 9999999999\r\n\r\n");
  const std::string answer = socket.read_message();
  EXPECT_EQ(status_of(answer), "HTTP/1.1 413");
  EXPECT_EQ(body_of(answer), "net.body_too_large /soap text/xml");
}

} // namespace
} // namespace tongqu::net
