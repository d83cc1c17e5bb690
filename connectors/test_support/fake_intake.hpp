#pragma once
#include <cstdio>
#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "net/test_support.hpp"
#include "tongqu/connector/connector.hpp"

/// What the tests of both connectors share: an intake that does what it is told and remembers, and a caller on a plain socket.
namespace tongqu::connector::test {

struct SeenRefusal {
  std::string route, peer, trace_id, error_id, where;
  std::size_t bytes = 0;
};

class FakeIntake final : public IntakeHandler {
public:
  std::function<Answer(const Inbound&)> reply = [](const Inbound& inbound) {
    Answer answer;
    answer.payload = "ok";
    answer.format = "text";
    answer.trace_id = inbound.trace_id;
    return answer;
  };
  std::function<Result<std::vector<MessageStatus>>(const StatusQuery&)> on_status = [](const StatusQuery&) {
    return Result<std::vector<MessageStatus>>(Error(Errc::journal_not_found));
  };

  void on_delivery(Inbound inbound, AnswerFn answer) override {
    Answer told = reply(inbound);
    {
      const std::lock_guard lock(mutex_);
      deliveries_.push_back(std::move(inbound));
    }
    answer(std::move(told));
  }
  void on_refused(const RefusedRequest& r) override {
    const std::lock_guard lock(mutex_);
    refusals_.push_back({r.route, r.peer, r.trace_id, std::string(r.error.id()), r.error.where(), r.bytes.size()});
  }
  Result<std::vector<MessageStatus>> status(const StatusQuery& query) override { return on_status(query); }

  std::size_t delivered() const {
    const std::lock_guard lock(mutex_);
    return deliveries_.size();
  }
  const Inbound& last() const {
    const std::lock_guard lock(mutex_);
    return deliveries_.back();
  }
  std::vector<SeenRefusal> refusals() const {
    const std::lock_guard lock(mutex_);
    return refusals_;
  }

private:
  mutable std::mutex mutex_;
  std::vector<Inbound> deliveries_;
  std::vector<SeenRefusal> refusals_;
};

struct Reply {
  int status = 0;
  std::string head, body;
  bool has(std::string_view text) const { return body.find(text) != std::string::npos; }
  /// Value of a header written as our server writes it; empty when absent.
  std::string header(const std::string& name) const {
    const auto at = head.find("\r\n" + name + ": ");
    if (at == std::string::npos) return {};
    const auto from = at + name.size() + 4;
    return head.substr(from, head.find("\r\n", from) - from);
  }
};

/// Sends the bytes on a fresh connection and reads one answer.
inline Reply talk(std::uint16_t port, const std::string& bytes) {
  auto socket = net::test::RawSocket::connect(port);
  socket.send(bytes);
  const std::string whole = socket.read_message();
  Reply reply;
  const auto end = whole.find("\r\n\r\n");
  if (end == std::string::npos || whole.size() < 12) return reply;
  reply.status = std::stoi(whole.substr(9, 3));
  reply.head = whole.substr(0, end + 2);
  reply.body = whole.substr(end + 4);
  return reply;
}

using Fields = std::vector<std::pair<std::string, std::string>>;

inline Reply call(std::uint16_t port, const std::string& method, const std::string& target, const Fields& fields, const std::string& body) {
  std::string bytes = method + " " + target + " HTTP/1.1\r\nHost: bridge.test\r\n";
  for (const auto& [name, value] : fields) bytes += name + ": " + value + "\r\n";
  if (method != "GET") bytes += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  return talk(port, bytes + "\r\n" + body);
}

/// Runs a program of the host and returns what it printed.
inline std::string run(const std::string& command) {
  std::string out;
  FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return out;
  char buffer[4096];
  for (std::size_t n = 0; (n = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;) out.append(buffer, n);
  ::pclose(pipe);
  return out;
}

} // namespace tongqu::connector::test
