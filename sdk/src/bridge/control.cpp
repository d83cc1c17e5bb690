#include "bridge/control.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "tongqu/bridge/bridge.hpp"

namespace tongqu::bridge {
namespace {

constexpr std::size_t kLineMax = 64 * 1024;
constexpr int kTalkTimeoutMs = 5000;
constexpr int kAnswerTimeoutMs = 60000;

bool fill_address(const std::string& path, sockaddr_un& address) {
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) return false;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return true;
}

int connect_to(const std::string& path) {
  sockaddr_un address{};
  if (!fill_address(path, address)) return -1;
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
  ::close(fd);
  return -1;
}

/// Reads up to the first line end; false on silence, an overlong line or a closed connection.
bool read_line(int fd, std::string& line, int timeout_ms) {
  line.clear();
  char buffer[4096];
  while (line.find('\n') == std::string::npos) {
    pollfd wait{fd, POLLIN, 0};
    if (::poll(&wait, 1, timeout_ms) <= 0) return false;
    const ssize_t got = ::recv(fd, buffer, sizeof buffer, 0);
    if (got <= 0) return false;
    line.append(buffer, static_cast<std::size_t>(got));
    if (line.size() > kLineMax * 16) return false;
  }
  line.resize(line.find('\n'));
  return true;
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t sent = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

} // namespace

namespace detail {

Result<std::unique_ptr<ControlServer>> ControlServer::start(const std::string& path, Handler handler) {
  sockaddr_un address{};
  if (!fill_address(path, address)) return Error(Errc::net_listen).at(path);
  // The store's lock already says that no other bridge runs here, so a socket file left behind by a killed one may go.
  ::unlink(path.c_str());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return Error(Errc::net_listen).at(path);
  const mode_t before = ::umask(0177);
  const int bound = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  ::umask(before);
  if (bound != 0 || ::listen(fd, 8) != 0) {
    ::close(fd);
    return Error(Errc::net_listen).at(path);
  }
  return std::unique_ptr<ControlServer>(new ControlServer(path, fd, std::move(handler)));
}

ControlServer::ControlServer(std::string path, int listener, Handler handler)
    : path_(std::move(path)), listener_(listener), handler_(std::move(handler)), thread_([this] { serve(); }) {}

ControlServer::~ControlServer() {
  stopping_.store(true);
  if (thread_.joinable()) thread_.join();
  ::close(listener_);
  ::unlink(path_.c_str());
}

void ControlServer::serve() {
  while (!stopping_.load()) {
    pollfd wait{listener_, POLLIN, 0};
    if (::poll(&wait, 1, 100) <= 0) continue;
    const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) continue;
    serve_one(connection);
    ::close(connection);
  }
}

void ControlServer::serve_one(int connection) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return;
  std::string line;
  if (!read_line(connection, line, kTalkTimeoutMs) || line.size() > kLineMax) return;
  write_all(connection, handler_(line, "uid:" + std::to_string(peer.uid)) + "\n");
}

} // namespace detail

Result<std::string> control_request(const std::string& socket_path, const std::string& request) {
  const int fd = connect_to(socket_path);
  if (fd < 0) return Error(Errc::bridge_control_unreachable).at(socket_path);
  std::string answer;
  const bool ok = write_all(fd, request + "\n") && read_line(fd, answer, kAnswerTimeoutMs);
  ::close(fd);
  if (!ok) return Error(Errc::bridge_control_unreachable).at(socket_path);
  return answer;
}

} // namespace tongqu::bridge
