#include "net/plain/plain_connection.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "net/unsent.hpp"
#include "tongqu/base/fault_point.hpp"

namespace tongqu::net::detail {
namespace {

// Peers close theirs after a minute or so, and a request that meets the close half-way is a request with an unknown outcome.
constexpr std::chrono::seconds kIdleMax{30};
constexpr bool kInPieces = TONGQU_WITH_FAULT_POINTS != 0;

bool may_be_bodyless(const HttpRequest& request) { return request.method != "POST" && request.method != "PUT" && request.method != "PATCH"; }

} // namespace

bool PlainConnection::still_good(MonoTime now) const {
  if (!open() || now - idle_since_ > kIdleMax) return false;
  char byte = 0;
  return ::recv(descriptor_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

bool PlainConnection::begin(Job job, MonoTime now) {
  busy_ = true;
  sent_ = 0;
  written_ = send_broken_ = false;
  job_ = std::move(job);
  begun_ = now;
  until_ = now + options_.total_timeout;
  connect_until_ = now + options_.connect_timeout;
  reader_.begin(job_.request.method == "HEAD");
  write_head();
  return open() || connect();
}

bool PlainConnection::connect() {
  descriptor_ = ::socket(peer_.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor_ < 0) return false;
  const int on = 1;
  ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(descriptor_, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  forget_unsent(descriptor_);
  connecting_ = true;
  if (::connect(descriptor_, reinterpret_cast<const sockaddr*>(&peer_.address), peer_.size) == 0 || errno == EINPROGRESS) return true;
  close();
  return false;
}

void PlainConnection::write_head() {
  const HttpRequest& request = job_.request;
  head_.assign(request.method).append(1, ' ').append(request.target).append(" HTTP/1.1\r\nHost: ").append(peer_.host).append("\r\n");
  for (const auto& [name, value] : request.headers.fields()) {
    head_.append(name).append(value.empty() ? ":" : ": ").append(value).append("\r\n");
  }
  if (!request.body.empty() || !may_be_bodyless(request)) head_.append("Content-Length: ").append(std::to_string(request.body.size())).append("\r\n");
  head_.append("\r\n");
}

std::optional<HttpOutcome> PlainConnection::on_writable() {
  if (connecting_) {
    int failed = 0;
    socklen_t size = sizeof failed;
    if (::getsockopt(descriptor_, SOL_SOCKET, SO_ERROR, &failed, &size) != 0 || failed != 0) return fail(Error(Errc::net_connect));
    connecting_ = false;
  }
  return send_on();
}

std::size_t PlainConnection::write_upto() const noexcept {
  if constexpr (!kInPieces) return size();
  const std::size_t half = head_.size() + (job_.request.body.size() + 1) / 2;
  return sent_ < half ? half : size();
}

std::optional<HttpOutcome> PlainConnection::send_on() {
  if (!written_) FAULT_POINT("s19_connected");
  while (sent_ < size()) {
    if (written_ && sent_ < size()) FAULT_POINT("s20_half_sent");
    const std::size_t upto = write_upto();
    std::array<iovec, 2> pieces{};
    std::size_t count = 0;
    if (sent_ < head_.size()) pieces[count++] = {head_.data() + sent_, std::min(upto, head_.size()) - sent_};
    const std::size_t in_body = sent_ < head_.size() ? 0 : sent_ - head_.size();
    if (upto > head_.size()) pieces[count++] = {job_.request.body.data() + in_body, upto - head_.size() - in_body};
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = count;
    written_ = true;
    const ssize_t sent = ::sendmsg(descriptor_, &message, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return std::nullopt;
    // A peer may refuse in the middle of a request and close: its answer is still there to be read.
    if (sent < 0) {
      send_broken_ = true;
      return std::nullopt;
    }
    sent_ += static_cast<std::size_t>(sent);
  }
  FAULT_POINT("s21_all_sent");
  return std::nullopt;
}

std::optional<HttpOutcome> PlainConnection::on_readable(std::string& room) {
  if (connecting_) return on_writable();  // A connection that was refused is told as readable too.
  for (;;) {
    const ssize_t got = ::recv(descriptor_, room.data(), room.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return std::nullopt;
    if (!busy_) {  // Closed by the peer, or something that nobody asked for.
      close();
      return std::nullopt;
    }
    if (got <= 0) return on_end(got == 0);
    const auto progress = reader_.feed(Bytes(room.data(), static_cast<std::size_t>(got)));
    if (progress == AnswerReader::Progress::whole) return finish();
    if (progress == AnswerReader::Progress::refused) return fail(reader_.why());
    if (static_cast<std::size_t>(got) < room.size()) return std::nullopt;
  }
}

std::optional<HttpOutcome> PlainConnection::on_end(bool in_order) {
  if (in_order && reader_.ended()) return finish();
  return fail(Error(Errc::net_answer_cut));
}

HttpOutcome PlainConnection::finish() {
  FAULT_POINT("s23_receipt_whole");
  HttpOutcome outcome;
  outcome.exchange = std::make_unique<HttpExchange>();
  outcome.exchange->response = reader_.take_response();
  outcome.exchange->ended_by_close = reader_.until_close();
  const MonoTime now = std::chrono::steady_clock::now();
  outcome.exchange->took = std::chrono::duration_cast<std::chrono::microseconds>(now - begun_);
  if (!reader_.reusable() || sent_ < size()) close();
  busy_ = false;
  idle_since_ = now;
  return outcome;
}

HttpOutcome PlainConnection::fail(Error error) {
  const Sent sent = written_ ? Sent::maybe : Sent::nothing;
  close();
  busy_ = false;
  return failed_outcome(std::move(error), sent);
}

void PlainConnection::close() noexcept {
  if (descriptor_ >= 0) close_forgetting(descriptor_);
  descriptor_ = -1;
  connecting_ = false;
}

} // namespace tongqu::net::detail
