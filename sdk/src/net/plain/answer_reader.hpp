#pragma once
#include <optional>
#include <string>

#include "tongqu/net/framing.hpp"
#include "tongqu/net/http.hpp"

namespace tongqu::net::detail {

/// Reads one answer out of what a connection receives, whatever the pieces. Everything passes the framing guard first.
class AnswerReader {
public:
  explicit AnswerReader(std::size_t answer_bytes_max);
  void begin(bool to_head_request);
  enum class Progress : std::uint8_t { more, whole, refused };
  Progress feed(Bytes bytes);
  /// The peer has closed in order: an answer without a length is whole now. False when this one is not.
  bool ended() noexcept { return whole_ || (head_whole_ && until_close()); }
  /// Nothing has been received behind the answer and the peer keeps the connection.
  bool reusable() const noexcept { return whole_ && !surplus_ && framing_.keep_alive && !until_close(); }
  bool until_close() const noexcept { return framing_.body == Framing::Body::until_close && !to_head_request_; }
  HttpResponse take_response() { return std::move(response_); }
  /// Why an answer was refused.
  const Error& why() const noexcept { return *why_; }

private:
  Progress refuse(Errc code, std::optional<Error> cause);
  /// Takes heads off the front of `head_`; what follows the last one is moved to `rest`.
  Progress take_heads(Bytes& rest);
  Progress take_body(Bytes bytes);

  std::size_t answer_bytes_max_;
  FramingLimits limits_;
  bool to_head_request_ = false;
  std::string head_;
  bool head_whole_ = false, whole_ = false, surplus_ = false;
  Framing framing_;
  ChunkDecoder chunks_;
  HttpResponse response_;
  std::optional<Error> why_;
};

} // namespace tongqu::net::detail
