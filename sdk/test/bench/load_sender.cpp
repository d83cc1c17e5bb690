#include "load_sender.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "measure.hpp"

namespace tongqu::bench {
namespace {

constexpr double kSilenceMaxS = 20;

class Socket {
public:
  Socket() = default;
  explicit Socket(int descriptor) : descriptor_(descriptor) {}
  Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  int get() const { return descriptor_; }

private:
  int descriptor_ = -1;
};

Socket connect_to(std::uint16_t port) {
  Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int on = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) throw std::runtime_error("cannot connect");
  return socket;
}

/// Value of a field of an answer's head, whatever its case; nothing when it is not there.
std::string_view field_of(std::string_view head, std::string_view name) {
  for (std::size_t at = head.find("\r\n"); at != std::string_view::npos; at = head.find("\r\n", at + 2)) {
    const std::string_view line = head.substr(at + 2);
    if (line.size() <= name.size() || line[name.size()] != ':' || ::strncasecmp(line.data(), name.data(), name.size()) != 0) continue;
    const auto begin = line.find_first_not_of(' ', name.size() + 1);
    return line.substr(begin, line.find("\r\n") - begin);
  }
  return {};
}

/// One connection and the request that it carries.
struct Lane {
  Socket socket;
  std::size_t request = 0;
  bool busy = false;
  bool broken = false;
  double due_s = 0;
  std::string received;
};

class Sender {
public:
  Sender(const LoadPlan& plan, const std::vector<std::string>& requests) : plan_(plan), requests_(requests), poll_(::epoll_create1(EPOLL_CLOEXEC)) {
    result_.told.resize(requests.size());
    for (std::size_t i = 0; i < plan.connections; ++i) {
      lanes_.push_back({connect_to(plan.port), 0, false, false, 0, {}});
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.u64 = i;
      ::epoll_ctl(poll_.get(), EPOLL_CTL_ADD, lanes_.back().socket.get(), &event);
      free_.push_back(plan.connections - 1 - i);
    }
  }

  LoadResult run() {
    result_.began_s = result_.ended_s = wall_seconds();
    double heard_s = result_.began_s;
    for (;;) {
      const double wait_s = send_what_is_due();
      if (busy_ == 0 && !more(wall_seconds())) break;
      if (receive(wait_s)) heard_s = wall_seconds();
      else if (busy_ != 0 && wall_seconds() - heard_s > kSilenceMaxS) break;
    }
    return std::move(result_);
  }

private:
  bool open_loop() const { return plan_.rate_per_s > 0; }
  bool more(double now) const {
    if (next_ == requests_.size() || (free_.empty() && busy_ == 0)) return false;
    return plan_.seconds_max <= 0 || now - result_.began_s < plan_.seconds_max;
  }
  double due_of(std::size_t request) const { return result_.began_s + static_cast<double>(request) / plan_.rate_per_s; }

  /// How long to wait for answers before the next one is due.
  double send_what_is_due() {
    for (;;) {
      const double now = wall_seconds();
      if (!more(now) || free_.empty()) return 1;
      const double due = open_loop() ? due_of(next_) : now;
      if (due > now) return due - now;
      Lane& lane = lanes_[free_.back()];
      free_.pop_back();
      send(lane, due);
    }
  }

  void send(Lane& lane, double due) {
    lane.request = next_++;
    lane.busy = true;
    lane.due_s = due;
    ++busy_;
    result_.told[lane.request].sent = true;
    std::string_view rest = requests_[lane.request];
    while (!rest.empty()) {
      const ssize_t sent = ::send(lane.socket.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
      if (sent <= 0) return end(lane, 0, {});
      rest.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  /// True when anything came.
  bool receive(double wait_s) {
    epoll_event events[64];
    timespec wait{};
    wait.tv_sec = static_cast<time_t>(wait_s);
    wait.tv_nsec = static_cast<long>((wait_s - std::floor(wait_s)) * 1e9);
    const int count = ::epoll_pwait2(poll_.get(), events, 64, &wait, nullptr);
    for (int i = 0; i < count; ++i) take(lanes_[events[i].data.u64], events[i].data.u64);
    return count > 0;
  }

  void take(Lane& lane, std::size_t index) {
    char piece[16384];
    const ssize_t got = ::recv(lane.socket.get(), piece, sizeof piece, 0);
    if (got <= 0) {
      if (lane.busy) end(lane, 0, {});
      lane.broken = true;
      ::epoll_ctl(poll_.get(), EPOLL_CTL_DEL, lane.socket.get(), nullptr);
      free_.erase(std::remove(free_.begin(), free_.end(), index), free_.end());
      return;
    }
    lane.received.append(piece, static_cast<std::size_t>(got));
    const std::string_view all = lane.received;
    const std::size_t head = all.find("\r\n\r\n");
    if (head == std::string_view::npos) return;
    const std::string_view length = field_of(all.substr(0, head), "Content-Length");
    std::size_t bytes = 0;
    std::from_chars(length.data(), length.data() + length.size(), bytes);
    if (all.size() < head + 4 + bytes) return;
    int status = 0;
    if (all.size() > 12) std::from_chars(all.data() + 9, all.data() + 12, status);
    end(lane, status, std::string(all.substr(head + 4, bytes)));
    lane.received.clear();
    free_.push_back(index);
  }

  void end(Lane& lane, int status, std::string body) {
    if (!lane.busy) return;
    lane.busy = false;
    --busy_;
    result_.ended_s = wall_seconds();
    Told& told = result_.told[lane.request];
    told.status = status;
    told.latency_ms = (result_.ended_s - lane.due_s) * 1e3;
    told.body = std::move(body);
  }

  const LoadPlan& plan_;
  const std::vector<std::string>& requests_;
  Socket poll_;
  std::vector<Lane> lanes_;
  std::vector<std::size_t> free_;
  std::size_t busy_ = 0;
  std::size_t next_ = 0;
  LoadResult result_;
};

} // namespace

LoadResult send_all(const LoadPlan& plan, const std::vector<std::string>& requests) { return Sender(plan, requests).run(); }

std::string http_post(std::string_view path, std::string_view content_type, std::string_view body) {
  std::string out;
  out.reserve(body.size() + 256);
  out.append("POST ").append(path).append(" HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: ").append(content_type);
  out.append("\r\nContent-Length: ").append(std::to_string(body.size())).append("\r\n\r\n").append(body);
  return out;
}

} // namespace tongqu::bench
