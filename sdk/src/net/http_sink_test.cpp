#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>

#include "net/test_support.hpp"
#include "tongqu/net/http_server.hpp"

namespace tongqu::net {
namespace {

using std::chrono::milliseconds;
using test::RawSocket;

/// What became of the bodies of one server, and who may go on.
struct Basin {
  enum class Flow : std::uint8_t { at_once, by_hand };
  Flow flow = Flow::at_once;
  std::string taken;
  std::size_t pieces = 0, longest = 0, finished = 0, gone = 0;
  std::vector<BodySink::More> waiting;
  std::size_t stop_after = std::string::npos;  ///< An answer instead of "go on" after so many bytes.
  std::mutex mutex;
  std::condition_variable changed;

  template <class Until> bool wait(Until until) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, std::chrono::seconds(10), until);
  }
};

HttpResponse answer_of(int status, std::string body) {
  HttpResponse response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

class Bucket final : public BodySink {
public:
  explicit Bucket(Basin& basin) : basin_(basin) {}
  ~Bucket() override {
    const std::lock_guard lock(basin_.mutex);
    ++basin_.gone;
    basin_.changed.notify_all();
  }
  void take(std::string piece, More more) override {
    const std::lock_guard lock(basin_.mutex);
    basin_.taken += piece;
    ++basin_.pieces;
    basin_.longest = std::max(basin_.longest, piece.size());
    basin_.changed.notify_all();
    if (basin_.taken.size() >= basin_.stop_after) return more(std::make_unique<HttpResponse>(answer_of(507, "no room")));
    if (basin_.flow == Basin::Flow::at_once) more(nullptr);
    else basin_.waiting.push_back(std::move(more));
  }
  void finish(Responder respond) override {
    const std::lock_guard lock(basin_.mutex);
    ++basin_.finished;
    basin_.changed.notify_all();
    respond(answer_of(201, "kept " + std::to_string(basin_.taken.size())));
  }

private:
  Basin& basin_;
};

/// Puts go to a sink, unless somebody comes without a key; everything else is collected.
class PutHandler final : public HttpHandler {
public:
  explicit PutHandler(Basin& basin) : basin_(basin) {}
  void on_request(HttpRequest request, Responder respond) override { respond(answer_of(200, request.method + " " + request.body)); }
  BodyPlan plan_body(const HttpRequest& head, const Framing&) override {
    BodyPlan plan;
    if (head.method != "PUT") return plan;
    if (head.headers.has("X-Key")) plan.sink = std::make_unique<Bucket>(basin_);
    else plan.answer = std::make_unique<HttpResponse>(answer_of(401, "who?"));
    return plan;
  }

private:
  Basin& basin_;
};

class HttpSink : public testing::Test {
protected:
  HttpSink() {
    options_.sink_bytes_max = 10 << 20U;
    options_.limits.body_bytes_max = 1000;
  }
  RawSocket connect() {
    if (!server_) {
      auto server = HttpServer::start(options_, handler_);
      EXPECT_TRUE(server);
      server_ = std::move(server).value();
    }
    return RawSocket::connect(server_->port());
  }
  static std::string put_head(std::size_t length, const std::string& fields = "X-Key: k\r\n") {
    return "PUT /a HTTP/1.1\r\nHost: bridge.test\r\n" + fields + "Content-Length: " + std::to_string(length) + "\r\n\r\n";
  }
  static std::string status_of(const std::string& message) { return message.substr(0, 12); }

  Basin basin_;
  PutHandler handler_{basin_};
  HttpServerOptions options_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpSink, takes_a_long_body_in_pieces_and_the_next_request_behind_it) {
  auto socket = connect();
  std::string body(3000000, 'x');
  for (std::size_t i = 0; i < body.size(); i += 997) body[i] = static_cast<char>(i);
  socket.send(put_head(body.size()) + body + "GET /b HTTP/1.1\r\nHost: bridge.test\r\n\r\n");
  EXPECT_EQ(status_of(socket.read_message()), "HTTP/1.1 201");
  EXPECT_TRUE(basin_.taken == body);
  EXPECT_LE(basin_.longest, 65536U);
  EXPECT_NE(socket.read_message().find("GET "), std::string::npos);
  EXPECT_TRUE(basin_.wait([this] { return basin_.gone == 1; }));
}

TEST_F(HttpSink, takes_chunks_and_an_empty_body) {
  auto socket = connect();
  socket.send("PUT /a HTTP/1.1\r\nHost: bridge.test\r\nX-Key: k\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n");
  EXPECT_EQ(status_of(socket.read_message()), "HTTP/1.1 201");
  EXPECT_EQ(basin_.taken, "hello world");
  socket.send(put_head(0));
  EXPECT_EQ(status_of(socket.read_message()), "HTTP/1.1 201");
  EXPECT_EQ(basin_.finished, 2U);
}

TEST_F(HttpSink, reads_nothing_more_until_the_sink_has_room) {
  basin_.flow = Basin::Flow::by_hand;
  auto socket = connect();
  socket.send(put_head(200000) + std::string(200000, 'x'));
  std::size_t released = 0;
  while (basin_.wait([&] { return basin_.waiting.size() > released || basin_.finished > 0; }) && basin_.finished == 0) {
    std::this_thread::sleep_for(milliseconds(20));
    const std::unique_lock lock(basin_.mutex);
    ASSERT_EQ(basin_.waiting.size(), released + 1) << "two pieces at once";
    const auto more = basin_.waiting[released++];
    more(nullptr);
  }
  EXPECT_EQ(status_of(socket.read_message()), "HTTP/1.1 201");
  EXPECT_EQ(basin_.taken.size(), 200000U);
}

TEST_F(HttpSink, an_answer_in_the_middle_ends_the_request_and_is_read) {
  basin_.stop_after = 100000;
  auto socket = connect();
  socket.send(put_head(5000000) + std::string(5000000, 'x'));
  const std::string all = socket.read_until_close();
  EXPECT_EQ(status_of(all), "HTTP/1.1 507");
  EXPECT_EQ(basin_.finished, 0U);
  EXPECT_LT(basin_.taken.size(), 200000U);
}

TEST_F(HttpSink, refuses_on_the_head_without_reading_the_body) {
  auto socket = connect();
  socket.send("PUT /a HTTP/1.1\r\nHost: bridge.test\r\nExpect: 100-continue\r\nContent-Length: 5000000\r\n\r\n");
  const std::string all = socket.read_until_close();
  EXPECT_EQ(status_of(all), "HTTP/1.1 401");
  EXPECT_EQ(all.find("100 Continue"), std::string::npos);
}

TEST_F(HttpSink, other_bodies_keep_their_limit_and_a_sink_has_its_own) {
  {
    auto socket = connect();
    socket.send("POST /b HTTP/1.1\r\nHost: bridge.test\r\nContent-Length: 1000\r\n\r\n" + std::string(1000, 'y'));
    EXPECT_EQ(status_of(socket.read_message()), "HTTP/1.1 200");
    socket.send("POST /b HTTP/1.1\r\nHost: bridge.test\r\nContent-Length: 1001\r\n\r\n" + std::string(1001, 'y'));
    EXPECT_EQ(status_of(socket.read_message()), "HTTP/1.1 413");
  }
  {
    auto socket = connect();
    socket.send("POST /b HTTP/1.1\r\nHost: bridge.test\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n");
    EXPECT_EQ(status_of(socket.read_message()), "HTTP/1.1 413");
  }
  {
    auto socket = connect();
    socket.send(put_head((10U << 20U) + 1));
    EXPECT_EQ(status_of(socket.read_message()), "HTTP/1.1 413");
  }
  {
    options_.sink_bytes_max = 1500;
    server_.reset();
    auto socket = connect();
    socket.send("PUT /a HTTP/1.1\r\nHost: bridge.test\r\nX-Key: k\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n" + std::string(1000, 'x') + "\r\n3e8\r\n" + std::string(1000, 'x') + "\r\n0\r\n\r\n");
    EXPECT_EQ(status_of(socket.read_message()), "HTTP/1.1 413") << "chunks that are small each and too long together";
  }
  EXPECT_EQ(basin_.finished, 0U);
}

TEST_F(HttpSink, a_body_that_is_cut_off_is_never_finished) {
  {
    auto socket = connect();
    socket.send(put_head(1000) + std::string(999, 'x'));
    ASSERT_TRUE(basin_.wait([this] { return basin_.taken.size() == 999; }));
  }
  EXPECT_TRUE(basin_.wait([this] { return basin_.gone == 1; }));
  {
    auto socket = connect();
    socket.send(put_head(1000) + std::string(10, 'x'));
    socket.end_sending();
    EXPECT_EQ(status_of(socket.read_message()), "HTTP/1.1 400");
  }
  EXPECT_TRUE(basin_.wait([this] { return basin_.gone == 2; }));
  EXPECT_EQ(basin_.finished, 0U);
}

TEST_F(HttpSink, a_peer_without_a_megabyte_in_its_time_is_ended_and_a_slow_sink_is_waited_for) {
  options_.body_timeout = milliseconds(150);
  basin_.flow = Basin::Flow::by_hand;
  {
    auto socket = connect();
    socket.send(put_head(10) + "0123456789");
    ASSERT_TRUE(basin_.wait([this] { return basin_.waiting.size() == 1; }));
    std::this_thread::sleep_for(milliseconds(500));
    basin_.waiting[0](nullptr);
    EXPECT_EQ(status_of(socket.read_message()), "HTTP/1.1 201") << "the disk was slow, not the peer";
  }
  basin_.flow = Basin::Flow::at_once;
  auto socket = connect();
  socket.send(put_head(100000));
  for (int i = 0; i < 40; ++i) {
    socket.send("x");
    std::this_thread::sleep_for(milliseconds(20));
  }
  EXPECT_EQ(status_of(socket.read_message()), "HTTP/1.1 408") << "single bytes do not buy time";
}

TEST_F(HttpSink, the_server_may_end_while_a_sink_holds_a_piece) {
  basin_.flow = Basin::Flow::by_hand;
  auto socket = connect();
  socket.send(put_head(10) + "0123456789");
  ASSERT_TRUE(basin_.wait([this] { return basin_.waiting.size() == 1; }));
  CallContext now;
  now.deadline = std::chrono::steady_clock::now();
  server_->stop(now);
  server_.reset();
  basin_.waiting[0](nullptr);
  EXPECT_EQ(basin_.gone, 1U);
}

} // namespace
} // namespace tongqu::net
