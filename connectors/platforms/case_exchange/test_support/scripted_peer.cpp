#include "connectors/platforms/case_exchange/test_support/scripted_peer.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace tongqu::platform::test {
namespace {

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

/// Binds a loopback socket to a port that the system chooses.
int bound_socket(std::uint16_t& port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* plain = static_cast<sockaddr*>(static_cast<void*>(&address));
  if (socket < 0 || ::bind(socket, plain, size) != 0 || ::getsockname(socket, plain, &size) != 0) throw std::runtime_error("no loopback socket");
  port = ntohs(address.sin_port);
  return socket;
}

bool receive(int socket, std::string& buffer) {
  char bytes[16384];
  const ssize_t count = ::recv(socket, bytes, sizeof bytes, 0);
  if (count <= 0) return false;
  buffer.append(bytes, static_cast<std::size_t>(count));
  return true;
}

PeerRequest parse_head(const std::string& head) {
  PeerRequest request;
  std::size_t line_end = head.find("\r\n");
  const std::string first = head.substr(0, line_end);
  request.method = first.substr(0, first.find(' '));
  const std::size_t target = request.method.size() + 1;
  request.target = first.substr(target, first.find(' ', target) - target);
  while (line_end != std::string::npos && line_end + 2 < head.size()) {
    const std::size_t start = line_end + 2;
    line_end = head.find("\r\n", start);
    const std::string line = head.substr(start, line_end - start);
    const std::size_t colon = line.find(':');
    if (colon != std::string::npos) request.headers.emplace_back(lower(line.substr(0, colon)), line.substr(line.find_first_not_of(' ', colon + 1)));
  }
  return request;
}

/// Reads one request; false when the connection ended.
bool read_request(int socket, std::string& buffer, PeerRequest& request) {
  std::size_t end = 0;
  while ((end = buffer.find("\r\n\r\n")) == std::string::npos) {
    if (!receive(socket, buffer)) return false;
  }
  request = parse_head(buffer.substr(0, end + 2));
  const std::string length = request.header("content-length");
  const std::size_t body = length.empty() ? 0 : std::stoul(length);
  while (buffer.size() < end + 4 + body) {
    if (!receive(socket, buffer)) return false;
  }
  request.body = buffer.substr(end + 4, body);
  buffer.erase(0, end + 4 + body);
  return true;
}

} // namespace

std::string PeerRequest::header(const std::string& name) const {
  const auto found = std::find_if(headers.begin(), headers.end(), [&name](const auto& field) { return field.first == name; });
  return found == headers.end() ? std::string() : found->second;
}

PeerReply http_reply(int status, const std::string& body, const std::string& more_headers) {
  return {"HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Type: application/json\r\n" + more_headers +
              "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body,
          PeerReply::After::keep};
}

ScriptedPeer::ScriptedPeer(std::function<PeerReply(const PeerRequest&, std::size_t)> script) : script_(std::move(script)) {
  listener_ = bound_socket(port_);
  if (::listen(listener_, 128) != 0) throw std::runtime_error("cannot listen");
  acceptor_ = std::thread([this] { accept_all(); });
}

ScriptedPeer::~ScriptedPeer() {
  stopping_ = true;
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  {
    const std::lock_guard lock(mutex_);
    for (const int socket : sockets_) ::shutdown(socket, SHUT_RDWR);
  }
  for (std::thread& thread : threads_) thread.join();
  for (const int socket : sockets_) ::close(socket);
  ::close(listener_);
}

std::string ScriptedPeer::url() const { return "http://127.0.0.1:" + std::to_string(port_); }

std::vector<PeerRequest> ScriptedPeer::requests() {
  const std::lock_guard lock(mutex_);
  return requests_;
}

void ScriptedPeer::accept_all() {
  while (!stopping_) {
    const int socket = ::accept(listener_, nullptr, nullptr);
    if (socket < 0) return;
    const std::lock_guard lock(mutex_);
    sockets_.push_back(socket);
    threads_.emplace_back([this, socket] { serve(socket); });
  }
}

PeerReply ScriptedPeer::reply_to(PeerRequest request) {
  const std::lock_guard one_at_a_time(script_mutex_);
  std::size_t number = 0;
  {
    const std::lock_guard lock(mutex_);
    number = requests_.size();
    requests_.push_back(request);
  }
  return script_(request, number);
}

void ScriptedPeer::serve(int socket) {
  std::string buffer;
  PeerRequest request;
  while (read_request(socket, buffer, request)) {
    const PeerReply reply = reply_to(std::move(request));
    std::size_t sent = 0;
    while (sent < reply.bytes.size()) {
      const ssize_t count = ::send(socket, reply.bytes.data() + sent, reply.bytes.size() - sent, MSG_NOSIGNAL);
      if (count <= 0) break;
      sent += static_cast<std::size_t>(count);
    }
    if (reply.after == PeerReply::After::close) ::shutdown(socket, SHUT_RDWR);
    if (reply.after == PeerReply::After::hang) {
      while (receive(socket, buffer)) buffer.clear();
    }
    if (reply.after != PeerReply::After::keep) return;
  }
}

std::string refused_url() {
  std::uint16_t port = 0;
  const int socket = bound_socket(port);
  ::close(socket);
  return "http://127.0.0.1:" + std::to_string(port);
}

} // namespace tongqu::platform::test
