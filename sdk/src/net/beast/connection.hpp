#pragma once
#include "net/beast/server_core.hpp"
#include "tongqu/base/clock.hpp"

namespace tongqu::net::detail {

/// One accepted connection: reads a request, hands it over, writes its answer, and only then looks at the next one. All members run
/// on the server's thread.
class Connection : public std::enable_shared_from_this<Connection> {
public:
  Connection(std::shared_ptr<ServerCore> core, Tcp::socket socket, std::string peer);

  void start();
  /// The handler's answer to request number `request`; ignored when that request is no longer waited for.
  void take_answer(std::uint64_t request, HttpResponse response);
  void check_deadline(MonoTime now);
  /// Closes at once when no request is in hand, otherwise after its answer.
  void stop_when_idle();
  void close();

private:
  enum class Phase : std::uint8_t { head, body, sinking, handling, answer, linger, closed };

  template <class Step> void guarded(Step step);
  void advance();
  bool take_head();
  bool take_body();
  Result<void> accept_head(Bytes head);
  void begin_body();
  bool take_into_sink();
  void give_to_sink(std::string piece, bool last);
  void sink_took(std::uint64_t piece, std::unique_ptr<HttpResponse> answer);
  Result<void> plan_body();
  bool hand_over();
  bool write_answer();
  bool finish_answer();
  void refuse(const Error& error);
  void read_more();
  void make_room();
  void on_read(const boost::system::error_code& failed, std::size_t bytes);
  void on_end_of_input();
  void begin_linger();
  void fail_internally();
  void set_deadline(std::chrono::milliseconds from_now);
  Bytes buffered() const { return Bytes(in_.data() + begin_, end_ - begin_); }

  std::shared_ptr<ServerCore> core_;
  Tcp::socket socket_;
  std::string peer_;
  Phase phase_ = Phase::head;
  MonoTime deadline_;
  std::string in_;             ///< Receive buffer; [begin_, end_) is not yet taken.
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool reading_ = false;
  bool head_begun_ = false;
  bool close_after_ = false;
  bool in_hand_over_ = false;
  bool answer_begun_ = false;
  std::uint64_t request_number_ = 0;
  HttpRequest request_;
  Framing framing_;
  ChunkDecoder chunks_;
  std::unique_ptr<BodySink> sink_;
  std::uint64_t sunk_ = 0;     ///< Bytes that the sink was given.
  std::uint64_t pieces_ = 0;   ///< Given to sinks of this connection.
  bool last_piece_ = false;
  MonoTime sinking_since_;
  bool head_only_ = false;     ///< The answer to a HEAD request has no body.
  HttpResponse answer_;
  std::string answer_head_;
  std::size_t lingered_ = 0;
};

} // namespace tongqu::net::detail
