#include "net/beast/connection.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <array>

#include "net/beast/head_parser.hpp"
#include "net/response_head.hpp"
#include "net/text.hpp"
#include "tongqu/base/fault_point.hpp"

namespace tongqu::net::detail {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::size_t kBufferSmall = 8 * 1024;
constexpr std::size_t kBufferLarge = 64 * 1024;
// Requests that one connection may have served before the others get their turn.
constexpr int kTurnsMax = 32;
// A peer that is still sending when we have refused it must be able to read why: closing now would reset the connection under the
// answer. So what it still sends is thrown away, within these bounds.
constexpr std::chrono::milliseconds kLinger{2000};
/// A body for a sink has its time again after so many bytes.
constexpr std::uint64_t kSinkStep = std::uint64_t{1} << 20U;
constexpr std::size_t kLingerBytesMax = std::size_t{32} * 1024 * 1024;

bool is_allowed_host(std::string_view value, const std::vector<std::string>& hosts) {
  const auto colon = value.rfind(':');
  const bool has_port = colon != std::string_view::npos && value.find(']', colon) == std::string_view::npos;
  const std::string_view name = has_port ? value.substr(0, colon) : value;
  return std::any_of(hosts.begin(), hosts.end(), [name](const std::string& host) { return equal_no_case(host, name); });
}

Result<void> check_coding(const Headers& headers) {
  for (const Headers::Field& field : headers.fields()) {
    if (equal_no_case(field.first, "content-encoding") && !equal_no_case(field.second, "identity")) {
      return Error(Errc::net_content_coding).at("Content-Encoding");
    }
  }
  return {};
}

} // namespace

Connection::Connection(std::shared_ptr<ServerCore> core, Tcp::socket socket, std::string peer)
    : core_(std::move(core)), socket_(std::move(socket)), peer_(std::move(peer)), chunks_(core_->options.limits.body_bytes_max) {
  in_.resize(kBufferSmall);
  request_.peer = peer_;
}

/// Runs one step of this connection. An exception (memory is out, the handler has a bug) ends this connection and no other.
template <class Step> void Connection::guarded(Step step) {
  try {
    step();
  } catch (const std::exception&) {
    in_hand_over_ = false;
    fail_internally();
  }
}

void Connection::start() {
  set_deadline(core_->options.head_timeout);
  guarded([this] { read_more(); });
}

void Connection::set_deadline(std::chrono::milliseconds from_now) { deadline_ = std::chrono::steady_clock::now() + from_now; }

void Connection::advance() {
  for (int turns = 0; turns < kTurnsMax;) {
    bool more = false;
    switch (phase_) {
      case Phase::head: more = take_head(); break;
      case Phase::body: more = take_body(); break;
      case Phase::answer: more = write_answer(); ++turns; break;
      case Phase::sinking:
      case Phase::handling:
      case Phase::linger:
      case Phase::closed: return;
    }
    if (!more) return;
  }
  asio::post(socket_.get_executor(), [self = shared_from_this()] { self->guarded([&self] { self->advance(); }); });
}

bool Connection::take_head() {
  const Bytes received = buffered();
  if (received.empty()) {
    if (core_->stopping) return close(), false;
    return read_more(), false;
  }
  const auto length = find_head_end(received, core_->options.limits);
  if (!length) return refuse(length.error()), true;
  if (*length == 0) {
    if (!head_begun_ && request_number_ != 0) set_deadline(core_->options.head_timeout);
    head_begun_ = true;
    return read_more(), false;
  }
  const auto accepted = accept_head(received.substr(0, *length));
  if (!accepted) return refuse(accepted.error()), true;
  begin_ += *length;
  begin_body();
  return phase_ == Phase::body || phase_ == Phase::answer;
}

Result<void> Connection::accept_head(Bytes head) {
  head_begun_ = false;
  head_only_ = false;
  const HttpServerOptions& options = core_->options;
  FramingLimits limits = options.limits;
  limits.body_bytes_max = std::max(limits.body_bytes_max, static_cast<std::size_t>(options.sink_bytes_max));
  auto framing = check_request_head(head, limits);
  if (!framing) {
    // Here the fields are in order, only their demand is not met: the refusal may be worded for the caller's protocol.
    const bool readable = framing.error().code() == Errc::net_body_too_large || framing.error().code() == Errc::net_expect;
    if (readable) static_cast<void>(parse_head(head, options.limits, request_));
    return std::move(framing).error();
  }
  framing_ = *framing;
  TONGQU_CHECK(parse_head(head, options.limits, request_));
  FAULT_POINT("s02_headers_read");
  head_only_ = request_.method == "HEAD";
  close_after_ = !framing_.keep_alive || core_->stopping || core_->draining;
  if (!options.hosts.empty() && !is_allowed_host(request_.headers.get("Host"), options.hosts)) {
    return Error(Errc::net_host).at("Host");
  }
  TONGQU_CHECK(check_coding(request_.headers));
  return options.sink_bytes_max == 0 ? Result<void>() : plan_body();
}

Result<void> Connection::plan_body() {
  BodyPlan plan = core_->handler.plan_body(request_, framing_);
  sink_ = std::move(plan.sink);
  sunk_ = 0;
  if (plan.answer) {
    answer_ = std::move(*plan.answer);
    ++request_number_;
    close_after_ = close_after_ || framing_.body != Framing::Body::none;
    phase_ = Phase::answer;
    return {};
  }
  if (!sink_ && framing_.body == Framing::Body::length && framing_.length > core_->options.limits.body_bytes_max) return Error(Errc::net_body_too_large);
  return {};
}

void Connection::begin_body() {
  if (phase_ == Phase::answer) return;
  phase_ = Phase::body;
  if (framing_.body == Framing::Body::none) return;
  chunks_ = ChunkDecoder(sink_ ? static_cast<std::size_t>(core_->options.sink_bytes_max) : core_->options.limits.body_bytes_max);
  const bool whole = framing_.body == Framing::Body::length && buffered().size() >= framing_.length;
  if (whole) return;
  set_deadline(core_->options.body_timeout);
  if (!framing_.expect_continue || !buffered().empty()) return;
  static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  error_code failed;
  // Nothing else is in the send buffer now; a peer whose window cannot take 25 bytes is not worth waiting for.
  if (socket_.write_some(asio::buffer(kContinue.data(), kContinue.size()), failed) != kContinue.size()) close();
}

bool Connection::take_into_sink() {
  const Bytes received = buffered();
  std::string piece;
  bool whole = framing_.body == Framing::Body::none;
  if (framing_.body == Framing::Body::length) {
    piece = received.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(received.size(), framing_.length - sunk_)));
    begin_ += piece.size();
    whole = sunk_ + piece.size() == framing_.length;
  } else if (framing_.body == Framing::Body::chunked) {
    const auto used = chunks_.feed(received, piece);
    if (!used) return refuse(used.error()), true;
    begin_ += *used;
    whole = chunks_.done();
  }
  if (sunk_ + piece.size() > core_->options.sink_bytes_max) return refuse(Error(Errc::net_body_too_large)), true;
  if (!piece.empty()) return give_to_sink(std::move(piece), whole), false;
  if (!whole) return read_more(), false;
  FAULT_POINT("s03_body_read");
  return hand_over();
}

void Connection::give_to_sink(std::string piece, bool last) {
  if (sunk_ / kSinkStep != (sunk_ + piece.size()) / kSinkStep) set_deadline(core_->options.body_timeout);
  sunk_ += piece.size();
  last_piece_ = last;
  phase_ = Phase::sinking;
  sinking_since_ = std::chrono::steady_clock::now();
  sink_->take(std::move(piece), [self = shared_from_this(), number = ++pieces_](std::unique_ptr<HttpResponse> answer) {
    const auto shared = std::make_shared<std::unique_ptr<HttpResponse>>(std::move(answer));
    self->core_->later([self, number, shared] { self->guarded([&] { self->sink_took(number, std::move(*shared)); }); });
  });
}

/// What the sink needed is not taken off the peer's time.
void Connection::sink_took(std::uint64_t piece, std::unique_ptr<HttpResponse> answer) {
  if (phase_ != Phase::sinking || piece != pieces_) return;
  deadline_ += std::chrono::steady_clock::now() - sinking_since_;
  if (answer) {
    sink_.reset();
    answer_ = std::move(*answer);
    ++request_number_;
    close_after_ = true;
    phase_ = Phase::answer;
    return advance();
  }
  phase_ = Phase::body;
  if (!last_piece_) return advance();
  last_piece_ = false;
  FAULT_POINT("s03_body_read");
  if (hand_over()) advance();
}

bool Connection::take_body() {
  if (sink_) return take_into_sink();
  const Bytes received = buffered();
  std::string& body = request_.body;
  bool whole = framing_.body == Framing::Body::none;
  if (framing_.body == Framing::Body::length) {
    const std::size_t take = std::min(received.size(), static_cast<std::size_t>(framing_.length) - body.size());
    body.append(received.data(), take);
    begin_ += take;
    whole = body.size() == framing_.length;
  } else if (framing_.body == Framing::Body::chunked) {
    const auto used = chunks_.feed(received, body);
    if (!used) return refuse(used.error()), true;
    begin_ += *used;
    whole = chunks_.done();
  }
  if (!whole) return read_more(), false;
  FAULT_POINT("s03_body_read");
  return hand_over();
}

bool Connection::hand_over() {
  phase_ = Phase::handling;
  ++request_number_;
  core_->counters.requests.fetch_add(1, std::memory_order_relaxed);
  in_hand_over_ = true;
  Responder respond = [self = shared_from_this(), number = request_number_](HttpResponse response) {
    if (self->core_->on_own_thread() && self->in_hand_over_) self->take_answer(number, std::move(response));
    else self->core_->answer_later(self, number, std::move(response));
  };
  if (const auto sink = std::move(sink_)) sink->finish(std::move(respond));
  else core_->handler.on_request(std::move(request_), std::move(respond));
  in_hand_over_ = false;
  request_ = HttpRequest();
  request_.peer = peer_;
  return phase_ == Phase::answer;
}

void Connection::take_answer(std::uint64_t request, HttpResponse response) {
  if (phase_ != Phase::handling || request != request_number_) return;
  answer_ = std::move(response);
  phase_ = Phase::answer;
  if (!in_hand_over_) guarded([this] { advance(); });
}

void Connection::refuse(const Error& error) {
  core_->counters.refused.fetch_add(1, std::memory_order_relaxed);
  sink_.reset();
  ++request_number_;
  close_after_ = true;
  answer_ = core_->handler.on_refused(error, request_);
  answer_.status = http_status_of(error);
  phase_ = Phase::answer;
}

bool Connection::write_answer() {
  const bool cut = answer_.cut_after < answer_.body.size();
  if (core_->stopping || core_->draining || cut || answer_.close_delimited) close_after_ = true;
  AnswerFrame frame;
  frame.server_name = core_->options.server_name;
  frame.date = core_->date();
  frame.close = close_after_;
  frame.minor_version = framing_.minor_version;
  if (!write_response_head(answer_, frame, answer_head_)) {
    // A field that would split the head is a fault of the handler; nothing of it may leave.
    answer_ = HttpResponse();
    answer_.status = 500;
    write_response_head(answer_, frame, answer_head_);
  }
  if (head_only_ || is_bodiless(answer_.status)) answer_.body.clear();
  else if (cut) answer_.body.resize(std::min(answer_.cut_after, answer_.body.size()));
  FAULT_POINT("s14_answer_first_byte");
  answer_begun_ = true;
  const std::array<asio::const_buffer, 2> buffers = {asio::buffer(answer_head_), asio::buffer(answer_.body)};
  const std::size_t total = answer_head_.size() + answer_.body.size();
  error_code failed;
  const std::size_t sent = socket_.write_some(buffers, failed);
  if (failed && failed != asio::error::would_block) return close(), false;
  if (sent == total) return finish_answer();
  set_deadline(core_->options.write_timeout);
  const std::size_t of_head = std::min(sent, answer_head_.size());
  const std::array<asio::const_buffer, 2> rest = {buffers[0] + of_head, buffers[1] + (sent - of_head)};
  asio::async_write(socket_, rest, [self = shared_from_this()](const error_code& broken, std::size_t) {
    if (self->phase_ != Phase::answer) return;
    if (broken) return self->close();
    self->guarded([&self] { if (self->finish_answer()) self->advance(); });
  });
  return false;
}

bool Connection::finish_answer() {
  FAULT_POINT("s15_answer_last_byte");
  answer_begun_ = false;
  answer_ = HttpResponse();
  if (close_after_) return begin_linger(), false;
  phase_ = Phase::head;
  set_deadline(core_->options.idle_timeout);
  return true;
}

void Connection::make_room() {
  if (begin_ == end_) {
    begin_ = end_ = 0;
    const bool large = phase_ == Phase::body && (framing_.body == Framing::Body::chunked || framing_.length > kBufferLarge);
    if (large && in_.size() < kBufferLarge) in_.resize(kBufferLarge);
    if (phase_ == Phase::head && in_.size() > kBufferSmall) {
      in_.resize(kBufferSmall);
      in_.shrink_to_fit();
    }
  }
  if (end_ < in_.size()) return;
  if (begin_ != 0) {
    std::copy(in_.begin() + static_cast<std::ptrdiff_t>(begin_), in_.begin() + static_cast<std::ptrdiff_t>(end_), in_.begin());
    end_ -= begin_;
    begin_ = 0;
  } else {
    in_.resize(in_.size() * 2); // Bounded: find_head_end refuses a head of head_bytes_max.
  }
}

void Connection::read_more() {
  if (reading_) return;
  make_room();
  reading_ = true;
  socket_.async_read_some(asio::buffer(in_.data() + end_, in_.size() - end_),
                          [self = shared_from_this()](const error_code& failed, std::size_t bytes) {
                            self->guarded([&self, &failed, bytes] { self->on_read(failed, bytes); });
                          });
}

void Connection::on_read(const error_code& failed, std::size_t bytes) {
  reading_ = false;
  if (phase_ == Phase::closed) return;
  if (phase_ == Phase::linger) {
    lingered_ += bytes;
    if (failed || lingered_ > kLingerBytesMax) return close();
    begin_ = end_ = 0;
    return read_more();
  }
  if (failed == asio::error::eof) return on_end_of_input();
  if (failed) return close();
  end_ += bytes;
  // A read that was under way when the deadline refused the request ends here; its bytes are thrown away by the linger.
  if (phase_ == Phase::head || phase_ == Phase::body) advance();
}

void Connection::on_end_of_input() {
  const bool in_request = phase_ == Phase::body || (phase_ == Phase::head && begin_ != end_);
  if (phase_ == Phase::head && !in_request) return close();
  if (!in_request) return;
  refuse(Error(Errc::net_request_cut));
  advance();
}

void Connection::begin_linger() {
  phase_ = Phase::linger;
  begin_ = end_ = 0;
  set_deadline(kLinger);
  error_code ignored;
  socket_.shutdown(Tcp::socket::shutdown_send, ignored);
  read_more();
}

void Connection::check_deadline(MonoTime now) {
  if (phase_ == Phase::handling || phase_ == Phase::sinking || phase_ == Phase::closed || now < deadline_) return;
  const bool in_request = phase_ == Phase::body || (phase_ == Phase::head && begin_ != end_);
  if (!in_request) return close();
  guarded([this] {
    refuse(Error(Errc::net_request_timeout));
    advance();
  });
}

void Connection::stop_when_idle() {
  close_after_ = true;
  if (phase_ == Phase::head && begin_ == end_) close();
}

void Connection::fail_internally() {
  static constexpr std::string_view kUnavailable =
      "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
  error_code ignored;
  if (phase_ != Phase::closed && phase_ != Phase::linger && !answer_begun_) {
    socket_.write_some(asio::buffer(kUnavailable.data(), kUnavailable.size()), ignored);
  }
  close();
}

void Connection::close() {
  if (phase_ == Phase::closed) return;
  phase_ = Phase::closed;
  sink_.reset();
  error_code ignored;
  socket_.close(ignored);
  core_->forget(shared_from_this());
}

} // namespace tongqu::net::detail
