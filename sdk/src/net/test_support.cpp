#include "net/test_support.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace tongqu::net::test {
namespace {

constexpr int kWaitMs = 20000; // A machine under load may need that long for a giant document.

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

template <class Call> int with_address(Call call, int fd, sockaddr_in address) {
  return call(fd, static_cast<sockaddr*>(static_cast<void*>(&address)), static_cast<socklen_t>(sizeof address));
}

std::uint16_t port_of(int fd) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  getsockname(fd, static_cast<sockaddr*>(static_cast<void*>(&address)), &size);
  return ntohs(address.sin_port);
}

int bound_socket() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  with_address(::bind, fd, loopback(0));
  return fd;
}

std::string file_bytes(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

} // namespace

std::vector<BadScript> bad_scripts() {
  const std::filesystem::path folder = TONGQU_SOURCE_DIR "/sdk/test/badinput/http";
  std::vector<BadScript> out;
  std::ifstream in(folder / "expected.tsv");
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream row(line);
    BadScript one;
    std::string status, served;
    std::getline(row, one.file, '\t');
    std::getline(row, one.error_id, '\t');
    std::getline(row, status, '\t');
    std::getline(row, one.judge, '\t');
    std::getline(row, served, '\t');
    one.status = std::stoi(status);
    one.served = std::stoi(served);
    one.bytes = file_bytes(folder / one.file);
    out.push_back(std::move(one));
  }
  return out;
}

FramingLimits script_limits() {
  FramingLimits limits;
  limits.body_bytes_max = 1024;
  return limits;
}

GuardVerdict run_guard(Bytes bytes, const FramingLimits& limits) {
  GuardVerdict verdict;
  const auto refuse = [&verdict](const Error& error) {
    verdict.error_id = error.id();
    verdict.status = http_status_of(error);
    return verdict;
  };
  while (!bytes.empty()) {
    const auto end = find_head_end(bytes, limits);
    if (!end) return refuse(end.error());
    if (*end == 0) return verdict;
    const auto framing = check_request_head(bytes.substr(0, *end), limits);
    if (!framing) return refuse(framing.error());
    bytes.remove_prefix(*end);
    if (framing->body == Framing::Body::length) {
      if (bytes.size() < framing->length) return verdict;
      bytes.remove_prefix(static_cast<std::size_t>(framing->length));
    } else if (framing->body == Framing::Body::chunked) {
      ChunkDecoder decoder(limits.body_bytes_max);
      std::string body;
      const auto used = decoder.feed(bytes, body);
      if (!used) return refuse(used.error());
      if (!decoder.done()) return verdict;
      bytes.remove_prefix(*used);
    }
    ++verdict.passed;
  }
  return verdict;
}

RawSocket RawSocket::connect(std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  with_address(::connect, fd, loopback(port));
  return RawSocket(fd);
}

bool RawSocket::send(std::string_view bytes) {
  while (!bytes.empty()) {
    pollfd out{fd_, POLLOUT, 0};
    if (poll(&out, 1, kWaitMs) != 1) return false;
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void RawSocket::end_sending() { shutdown(fd_, SHUT_WR); }

bool RawSocket::fill() {
  pollfd in{fd_, POLLIN, 0};
  if (poll(&in, 1, kWaitMs) != 1) return false;
  char piece[16384];
  const ssize_t got = recv(fd_, piece, sizeof piece, 0);
  if (got <= 0) return false;
  buffer_.append(piece, static_cast<std::size_t>(got));
  return true;
}

std::string RawSocket::read_message() {
  std::size_t head = std::string::npos;
  while ((head = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!fill()) return std::exchange(buffer_, {});
  }
  std::size_t size = head + 4;
  const auto at = buffer_.find("Content-Length: ");
  if (at < head) size += std::stoul(buffer_.substr(at + 16));
  return read_bytes(size);
}

std::string RawSocket::read_bytes(std::size_t bytes) {
  while (buffer_.size() < bytes && fill()) {}
  const std::size_t take = std::min(bytes, buffer_.size());
  std::string out = buffer_.substr(0, take);
  buffer_.erase(0, take);
  return out;
}

std::string RawSocket::read_until_close() {
  while (fill()) {}
  return std::exchange(buffer_, {});
}

bool RawSocket::ended() {
  pollfd in{fd_, POLLIN, 0};
  if (poll(&in, 1, kWaitMs) != 1) return false;
  char byte = 0;
  return recv(fd_, &byte, 1, MSG_PEEK) <= 0;
}

void RawSocket::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

void RawSocket::reset() {
  const linger now{1, 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close();
}

ScriptedPeer::ScriptedPeer(Script script) : script_(std::move(script)) {
  listener_ = bound_socket();
  listen(listener_, 64);
  port_ = port_of(listener_);
  if (pipe(stop_) != 0) std::abort();
  thread_ = std::thread([this] { run(); });
}

ScriptedPeer::~ScriptedPeer() {
  static_cast<void>(!write(stop_[1], "x", 1));
  thread_.join();
  for (const int fd : {listener_, stop_[0], stop_[1]}) ::close(fd);
}

void ScriptedPeer::run() {
  for (;;) {
    pollfd ready[2] = {{listener_, POLLIN, 0}, {stop_[0], POLLIN, 0}};
    poll(ready, 2, -1);
    if (ready[1].revents != 0) return;
    RawSocket socket(accept(listener_, nullptr, nullptr));
    script_(socket, ++connections_);
  }
}

std::uint16_t closed_port() {
  const int fd = bound_socket();
  const std::uint16_t port = port_of(fd);
  ::close(fd);
  return port;
}

} // namespace tongqu::net::test
