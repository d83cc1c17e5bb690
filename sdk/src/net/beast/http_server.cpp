#include "tongqu/net/http_server.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include <boost/asio/post.hpp>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <future>
#include <system_error>

#include "net/beast/connection.hpp"
#include "tongqu/base/assert.hpp"
#include "tongqu/base/fault_point.hpp"

namespace tongqu::net {
namespace detail {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::chrono::milliseconds kAcceptPause{50};

std::string peer_text(const Tcp::endpoint& peer) {
  const std::string address = peer.address().to_string();
  return (peer.address().is_v6() ? "[" + address + "]" : address) + ":" + std::to_string(peer.port());
}

std::string date_text(std::time_t second) {
  static constexpr std::array<const char*, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::tm tm{};
  gmtime_r(&second, &tm);
  std::array<char, 64> text{};
  const int length = std::snprintf(text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT", kDays[static_cast<std::size_t>(tm.tm_wday)],
                                   tm.tm_mday, kMonths[static_cast<std::size_t>(tm.tm_mon)], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
  return std::string(text.data(), static_cast<std::size_t>(length));
}

} // namespace

ServerCore::ServerCore(HttpServerOptions server_options, HttpHandler& server_handler)
    : options(std::move(server_options)), handler(server_handler) {
  // One timer for all connections: deadlines are met to within an eighth of the shortest of them.
  const auto shortest = std::min({options.head_timeout, options.body_timeout, options.write_timeout, options.idle_timeout});
  tick_every_ = std::clamp(shortest / 8, std::chrono::milliseconds(5), std::chrono::milliseconds(250));
}

Result<void> ServerCore::listen() {
  error_code failed;
  if (options.listen_fd >= 0) {
    sockaddr_storage bound{};
    socklen_t size = sizeof bound;
    if (::getsockname(options.listen_fd, reinterpret_cast<sockaddr*>(&bound), &size) != 0) failed = error_code(errno, boost::system::system_category());
    if (!failed) acceptor_.assign(bound.ss_family == AF_INET6 ? Tcp::v6() : Tcp::v4(), options.listen_fd, failed);
  } else {
    const auto address = asio::ip::make_address(options.address == "localhost" ? "127.0.0.1" : options.address, failed);
    const Tcp::endpoint endpoint(address, options.port);
    if (!failed) acceptor_.open(endpoint.protocol(), failed);
    if (!failed) acceptor_.set_option(asio::socket_base::reuse_address(true), failed);
    if (!failed) acceptor_.bind(endpoint, failed);
    if (!failed) acceptor_.listen(asio::socket_base::max_listen_connections, failed);
  }
  if (failed) return Error(Errc::net_listen).at(options.address + ":" + std::to_string(options.port));
  port = acceptor_.local_endpoint(failed).port();
  listener_ = acceptor_.native_handle();
  accept();
  tick();
  return {};
}

int ServerCore::copy_listener() const {
  const std::lock_guard lock(listener_mutex_);
  return listener_ < 0 ? -1 : ::fcntl(listener_, F_DUPFD_CLOEXEC, 0);
}

void ServerCore::close_listener() {
  const std::lock_guard lock(listener_mutex_);
  listener_ = -1;
  error_code ignored;
  acceptor_.close(ignored);
  accept_pause_.cancel();
}

void ServerCore::begin_drain() {
  asio::post(io_, [this, self = shared_from_this()] {
    if (stopping || draining) return;
    draining = true;
    close_listener();
  });
}

void ServerCore::pass() {
  TONGQU_ASSERT(std::this_thread::get_id() != thread_id_, "a thread that waits for itself would wait for ever");
  const auto passed = std::make_shared<std::promise<void>>();
  auto done = passed->get_future();
  asio::post(io_, [passed] { passed->set_value(); });
  static_cast<void>(done.wait_for(std::chrono::seconds(2)));
}

void ServerCore::run() {
  thread_id_ = std::this_thread::get_id();
  for (bool ended = false; !ended;) {
    try {
      io_.run();
      ended = true;
    } catch (const std::exception&) {
      tick(); // Connections contain their own faults; what comes here is the clock of all of them, out of memory.
    }
  }
  const std::lock_guard lock(inbox_mutex_);
  ended_ = true;
  inbox_.clear();
}

/// Runs what was posted after the end, so that nothing queued keeps this object alive.
void ServerCore::flush() {
  io_.restart();
  io_.poll();
}

void ServerCore::accept() {
  acceptor_.async_accept([this, self = shared_from_this()](const error_code& failed, Tcp::socket socket) {
    // One that was accepted before the listener was closed is served: nobody else will.
    if (stopping || (draining && failed)) return;
    if (failed) {
      // Out of descriptors, or the peer is gone again: look later instead of spinning.
      accept_pause_.expires_after(kAcceptPause);
      accept_pause_.async_wait([this, again = self](const error_code& cancelled) { if (!cancelled && !stopping && !draining) accept(); });
      return;
    }
    try {
      welcome(std::move(socket));
    } catch (const std::exception&) {
      error_code ignored; // Out of memory or a planted fault: this caller is turned away, the next one may be served.
      socket.close(ignored);
    }
    if (!draining) accept();
  });
}

void ServerCore::welcome(Tcp::socket socket) {
  FAULT_POINT("s01_accepted");
  error_code gone;
  const Tcp::endpoint peer = socket.remote_endpoint(gone);
  if (!gone) socket.set_option(Tcp::no_delay(true), gone);
  if (!gone) socket.non_blocking(true, gone);
  if (!gone && connections_.size() < options.connections_max) take_socket(std::move(socket), peer_text(peer));
}

void ServerCore::take_socket(Tcp::socket socket, const std::string& peer) {
  auto connection = std::make_shared<Connection>(shared_from_this(), std::move(socket), peer);
  connections_.insert(connection);
  counters.connections.fetch_add(1, std::memory_order_relaxed);
  counters.open.store(connections_.size(), std::memory_order_relaxed);
  connection->start();
}

void ServerCore::forget(const std::shared_ptr<Connection>& connection) {
  connections_.erase(connection);
  counters.open.store(connections_.size(), std::memory_order_relaxed);
  if (stopping && connections_.empty()) timer_.cancel();
}

void ServerCore::tick() {
  timer_.expires_after(tick_every_);
  timer_.async_wait([this, self = shared_from_this()](const error_code& cancelled) {
    if (cancelled) return;
    const MonoTime now = std::chrono::steady_clock::now();
    const std::vector<std::shared_ptr<Connection>> all(connections_.begin(), connections_.end());
    for (const auto& connection : all) connection->check_deadline(now);
    if (!stopping || !connections_.empty()) tick();
  });
}

void ServerCore::answer_later(std::shared_ptr<Connection> connection, std::uint64_t request, HttpResponse response) {
  const std::lock_guard lock(inbox_mutex_);
  if (ended_) return;
  inbox_.push_back({std::move(connection), request, std::move(response)});
  if (drain_posted_) return;
  drain_posted_ = true;
  asio::post(io_, [this, self = shared_from_this()] { drain_inbox(); });
}

void ServerCore::later(std::function<void()> step) {
  const std::lock_guard lock(inbox_mutex_);
  if (!ended_) asio::post(io_, std::move(step));
}

void ServerCore::drain_inbox() {
  {
    const std::lock_guard lock(inbox_mutex_);
    draining_.swap(inbox_);
    drain_posted_ = false;
  }
  for (Answer& answer : draining_) answer.connection->take_answer(answer.request, std::move(answer.response));
  draining_.clear();
}

void ServerCore::begin_stop() {
  asio::post(io_, [this, self = shared_from_this()] {
    if (stopping) return;
    stopping = true;
    close_listener();
    const std::vector<std::shared_ptr<Connection>> all(connections_.begin(), connections_.end());
    for (const auto& connection : all) connection->stop_when_idle();
    if (connections_.empty()) timer_.cancel();
  });
}

void ServerCore::close_all() {
  asio::post(io_, [this, self = shared_from_this()] {
    const std::vector<std::shared_ptr<Connection>> all(connections_.begin(), connections_.end());
    for (const auto& connection : all) connection->close();
  });
}

std::string_view ServerCore::date() {
  const std::time_t now = std::time(nullptr);
  if (now != date_second_) {
    date_second_ = now;
    date_ = date_text(now);
  }
  return date_;
}

namespace {

class Server final : public HttpServer {
public:
  explicit Server(std::shared_ptr<ServerCore> core) : core_(std::move(core)) {}
  ~Server() override { stop_until(std::chrono::steady_clock::now(), nullptr); }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  Result<void> spawn() {
    try {
      thread_ = std::thread([this] {
        core_->run();
        const std::lock_guard lock(mutex_);
        ended_ = true;
        changed_.notify_all();
      });
    } catch (const std::system_error&) {
      return Error(Errc::net_listen).with("no thread can be started");
    }
    return {};
  }

  std::uint16_t port() const override { return core_->port; }
  int listener_fd() const override { return core_->copy_listener(); }
  // When it returns nobody is let in any more, and who was on the doorstep counts among the open connections: a caller that is let in
  // after those have been counted would be turned away. The second pass is for an accept that was done when the first one ran.
  void drain() override {
    core_->begin_drain();
    core_->pass();
    core_->pass();
  }

  void stop(const CallContext& context) override {
    // Without a deadline: as long as any connection may rightly take to send, answer and read.
    const auto& o = core_->options;
    stop_until(context.deadline.value_or(std::chrono::steady_clock::now() + o.head_timeout + o.body_timeout + o.write_timeout), &context);
  }

  Counters counters() const override {
    const ServerCore::Counters& c = core_->counters;
    return {c.connections.load(), c.requests.load(), c.refused.load(), c.open.load()};
  }

private:
  void stop_until(MonoTime deadline, const CallContext* context) {
    const std::lock_guard once(stop_mutex_);
    if (!thread_.joinable()) return;
    core_->begin_stop();
    {
      std::unique_lock lock(mutex_);
      while (!ended_ && std::chrono::steady_clock::now() < deadline && !(context != nullptr && context->stopped())) {
        changed_.wait_until(lock, std::min(deadline, std::chrono::steady_clock::now() + std::chrono::milliseconds(20)));
      }
    }
    core_->close_all();
    thread_.join();
    core_->flush();
  }

  std::shared_ptr<ServerCore> core_;
  std::thread thread_;
  std::mutex stop_mutex_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ended_ = false;
};

} // namespace
} // namespace detail

Result<std::unique_ptr<HttpServer>> HttpServer::start(const HttpServerOptions& options, HttpHandler& handler) {
  auto core = std::make_shared<detail::ServerCore>(options, handler);
  TONGQU_CHECK(core->listen());
  auto server = std::make_unique<detail::Server>(std::move(core));
  TONGQU_CHECK(server->spawn());
  return std::unique_ptr<HttpServer>(std::move(server));
}

} // namespace tongqu::net
