#pragma once
#include <algorithm>
#include <optional>
#include <string>

#include "net/job.hpp"
#include "net/plain/answer_reader.hpp"
#include "net/plain/plain_client.hpp"
#include "tongqu/base/clock.hpp"

namespace tongqu::net::detail {

/// One connection to the peer and the request that it carries, if any. All calls on the client's thread.
class PlainConnection {
public:
  PlainConnection(const PeerOptions& options, const PlainPeer& peer) : options_(options), peer_(peer), reader_(options.answer_bytes_max) {}
  ~PlainConnection() { close(); }
  PlainConnection(const PlainConnection&) = delete;
  PlainConnection& operator=(const PlainConnection&) = delete;

  int descriptor() const noexcept { return descriptor_; }
  bool open() const noexcept { return descriptor_ >= 0; }
  bool busy() const noexcept { return busy_; }
  bool wants_to_write() const noexcept { return busy_ && open() && (connecting_ || (!send_broken_ && sent_ < size())); }
  MonoTime deadline() const noexcept { return connecting_ ? std::min(until_, connect_until_) : until_; }

  /// A kept connection is still good: no byte came unasked and the peer has not closed it.
  bool still_good(MonoTime now) const;
  /// Takes a request over. Connects first when there is no connection. False when that cannot even be tried.
  bool begin(Job job, MonoTime now);
  /// What happened to the descriptor. Gives the outcome when the request has come to its end.
  std::optional<HttpOutcome> on_writable();
  std::optional<HttpOutcome> on_readable(std::string& room);
  /// Ends the request for a reason of ours; the connection goes with it.
  HttpOutcome fail(Error error);
  /// As `fail`, when it could not be begun or went wrong on our side.
  HttpOutcome break_off() { return fail(Error(written_ ? Errc::net_answer_cut : Errc::net_connect)); }
  std::function<void(HttpOutcome)> take_done() { return std::move(job_.done); }
  void close() noexcept;

private:
  std::size_t size() const noexcept { return head_.size() + job_.request.body.size(); }
  bool connect();
  void write_head();
  std::optional<HttpOutcome> send_on();
  std::optional<HttpOutcome> on_end(bool in_order);
  HttpOutcome finish();
  /// How far the next write may go, so that with fault points a kill can fall between two.
  std::size_t write_upto() const noexcept;

  const PeerOptions& options_;
  const PlainPeer& peer_;
  int descriptor_ = -1;
  bool connecting_ = false, busy_ = false, send_broken_ = false;
  Job job_;
  std::string head_;
  std::size_t sent_ = 0;
  bool written_ = false;        ///< The first byte may have left.
  AnswerReader reader_;
  MonoTime begun_{}, until_{}, connect_until_{}, idle_since_{};
};

} // namespace tongqu::net::detail
