#pragma once
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <ctime>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_set>
#include <vector>

#include "tongqu/net/http_server.hpp"

namespace tongqu::net::detail {

using Tcp = boost::asio::ip::tcp;

class Connection;

/// What the connections of one server share. Lives until the last connection and the last responder are gone; everything but
/// `inbox` and `counters` belongs to the server's thread.
class ServerCore : public std::enable_shared_from_this<ServerCore> {
public:
  ServerCore(HttpServerOptions server_options, HttpHandler& server_handler);

  Result<void> listen();
  void run();
  /// From any thread: hands an answer to the connection it belongs to. Answers that arrive together travel in one post.
  void answer_later(std::shared_ptr<Connection> connection, std::uint64_t request, HttpResponse response);
  /// From any thread: does something on the thread of the server; nothing when that has ended.
  void later(std::function<void()> step);
  /// From any thread: stops accepting and lets connections go as they become idle, or at once.
  void begin_stop();
  void begin_drain();
  /// Returns when everything that waited for the thread of the server has been done; not from that thread.
  void pass();
  int copy_listener() const;
  void close_all();
  /// After the thread has ended.
  void flush();
  void forget(const std::shared_ptr<Connection>& connection);
  bool on_own_thread() const { return std::this_thread::get_id() == thread_id_; }
  /// The Date field, made once a second.
  std::string_view date();

  struct Counters {
    std::atomic<std::uint64_t> connections{0}, requests{0}, refused{0}, open{0};
  };

  HttpServerOptions options;
  HttpHandler& handler;
  Counters counters;
  bool stopping = false;
  bool draining = false;                         ///< Answers end their connection.
  std::uint16_t port = 0;

private:
  void accept();
  void close_listener();
  void welcome(Tcp::socket socket);
  void take_socket(Tcp::socket socket, const std::string& peer);
  void tick();
  void drain_inbox();

  struct Answer {
    std::shared_ptr<Connection> connection;
    std::uint64_t request;
    HttpResponse response;
  };

  boost::asio::io_context io_{1};
  Tcp::acceptor acceptor_{io_};
  boost::asio::steady_timer timer_{io_};
  boost::asio::steady_timer accept_pause_{io_};
  std::chrono::milliseconds tick_every_{250};
  std::unordered_set<std::shared_ptr<Connection>> connections_;
  std::thread::id thread_id_;
  mutable std::mutex listener_mutex_;
  int listener_ = -1;                            ///< The acceptor's, while it is open.
  std::time_t date_second_ = 0;
  std::string date_;

  std::mutex inbox_mutex_;
  std::vector<Answer> inbox_;
  std::vector<Answer> draining_;
  bool drain_posted_ = false;
  bool ended_ = false;
};

} // namespace tongqu::net::detail
