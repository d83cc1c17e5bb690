#include "bridge/control.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <sstream>
#include <vector>

#include "tongqu/bridge/bridge.hpp"
#include "tongqu/wire/finding_json.hpp"
#include "tongqu/wire/json.hpp"

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

constexpr std::string_view kHandOver = R"({"cmd":"hand_over"})";
constexpr std::size_t kDescriptorsMax = 64;

bool send_descriptors(int fd, std::string& line, const std::vector<int>& descriptors) {
  if (descriptors.empty() || descriptors.size() > kDescriptorsMax) return false;
  // Several bytes: what does not go out with the first call would go without the sockets.
  std::vector<char> control(CMSG_SPACE(sizeof(int) * descriptors.size()), 0);
  iovec bytes{line.data(), line.size()};
  msghdr message{};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int) * descriptors.size());
  std::memcpy(CMSG_DATA(header), descriptors.data(), sizeof(int) * descriptors.size());
  return ::sendmsg(fd, &message, MSG_NOSIGNAL) == static_cast<ssize_t>(line.size());
}

bool receive_descriptors(int fd, std::string& line, std::vector<int>& descriptors) {
  pollfd wait{fd, POLLIN, 0};
  if (::poll(&wait, 1, kAnswerTimeoutMs) <= 0) return false;
  std::vector<char> buffer(16 * 1024), control(CMSG_SPACE(sizeof(int) * kDescriptorsMax));
  iovec bytes{buffer.data(), buffer.size()};
  msghdr message{};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t got = ::recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
  if (got <= 0) return false;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    descriptors.resize((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    std::memcpy(descriptors.data(), CMSG_DATA(header), descriptors.size() * sizeof(int));
  }
  line.assign(buffer.data(), static_cast<std::size_t>(got));
  if (line.back() != '\n') return false;
  line.pop_back();
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

Result<std::unique_ptr<ControlServer>> ControlServer::start(const std::string& path, Handler handler, HandOver hand_over) {
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
  return std::unique_ptr<ControlServer>(new ControlServer(path, fd, std::move(handler), std::move(hand_over)));
}

ControlServer::ControlServer(std::string path, int listener, Handler handler, HandOver hand_over)
    : path_(std::move(path)), listener_(listener), handler_(std::move(handler)), hand_over_(std::move(hand_over)), thread_([this] { serve(); }) {}

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
  if (hand_over_ && line == kHandOver) return give_sockets(connection);
  write_all(connection, handler_(line, "uid:" + std::to_string(peer.uid)) + "\n");
}

/// One line with the names, and with its first byte the sockets in the same order; or a line with the reason, which begins with a brace.
void ControlServer::give_sockets(int connection) {
  const auto given = hand_over_([connection](const std::map<std::string, int>& sockets) {
    std::string line;
    std::vector<int> descriptors;
    for (const auto& [name, descriptor] : sockets) {
      line += (line.empty() ? "" : "\t") + name;
      descriptors.push_back(descriptor);
    }
    line += '\n';
    return send_descriptors(connection, line, descriptors);
  });
  if (!given) write_all(connection, "{\"ok\":false,\"error\":" + wire::refusal_json(given.error(), "", {}) + "}\n");
}

} // namespace detail

Result<std::map<std::string, int>> take_over(const std::string& socket_path) {
  const int fd = connect_to(socket_path);
  if (fd < 0) return Error(Errc::bridge_control_unreachable).at(socket_path);
  std::string line;
  std::vector<int> descriptors;
  const bool told = write_all(fd, std::string(kHandOver) + "\n") && receive_descriptors(fd, line, descriptors);
  ::close(fd);
  std::map<std::string, int> sockets;
  std::size_t next = 0;
  std::istringstream names(line);
  for (std::string name; std::getline(names, name, '\t');) {
    if (next < descriptors.size()) sockets[name] = descriptors[next];
    ++next;
  }
  if (told && next == descriptors.size() && next > 0) return sockets;
  for (const int one : descriptors) ::close(one);
  if (const auto refusal = told ? wire::parse_json(line) : Result<wire::Document>(Error(Errc::bridge_handover_failed)); refusal && refusal->root().child("error")) {
    return Error(Errc::bridge_handover_failed).at(std::string(refusal->root().child("error").child("where").raw_text()));
  }
  return Error(Errc::bridge_handover_failed).at(socket_path);
}

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
