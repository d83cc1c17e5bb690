#pragma once
#include <cstdio>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "net/test_support.hpp"
#include "tongqu/connector/connector.hpp"
#include "tongqu/crypto/crypto.hpp"

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

  /// What was uploaded whole, by digest as it was announced.
  std::map<std::string, std::string> attachments() const {
    const std::lock_guard lock(mutex_);
    return attachments_;
  }
  std::vector<UploadHead> uploads() const {
    const std::lock_guard lock(mutex_);
    return uploads_;
  }
  std::optional<Errc> begin_fails, take_fails, finish_fails;
  Result<std::unique_ptr<Upload>> upload(const UploadHead& head) override {
    const std::lock_guard lock(mutex_);
    uploads_.push_back(head);
    if (begin_fails) return Error(*begin_fails);
    return std::unique_ptr<Upload>(std::make_unique<FakeUpload>(*this, head.digest));
  }
  Result<std::optional<std::uint64_t>> attachment(const std::string&, const std::string& digest) override {
    const std::lock_guard lock(mutex_);
    const auto at = attachments_.find(digest);
    if (at == attachments_.end()) return std::optional<std::uint64_t>();
    return std::optional<std::uint64_t>(at->second.size());
  }

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
  Upload::Kept keep(const std::string& digest, const std::string& bytes) {
    const std::lock_guard lock(mutex_);
    const Upload::Kept kept{attachments_.count(digest) > 0, bytes.size(), digest};
    attachments_[digest] = bytes;
    return kept;
  }

  class FakeUpload final : public Upload {
  public:
    FakeUpload(FakeIntake& intake, std::string digest) : intake_(intake), digest_(std::move(digest)) {}
    void take(std::string piece, std::function<void(Result<void>)> taken) override {
      bytes_ += piece;
      taken(intake_.take_fails ? Result<void>(Error(*intake_.take_fails)) : Result<void>());
    }
    void finish(std::function<void(Result<Kept>)> done) override {
      if (intake_.finish_fails) return done(Error(*intake_.finish_fails));
      const std::string digest = digest_.empty() ? crypto::sm3(bytes_) : digest_;
      const Kept kept = intake_.keep(digest, bytes_);
      done(kept);
    }

  private:
    FakeIntake& intake_;
    const std::string digest_;
    std::string bytes_;
  };

  mutable std::mutex mutex_;
  std::map<std::string, std::string> attachments_;
  std::vector<UploadHead> uploads_;
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
