#pragma once
#include <cstdint>
#include <string_view>

#include "tongqu/base/bytes.hpp"
#include "tongqu/base/result.hpp"

namespace tongqu::net {

struct FramingLimits {
  std::size_t head_bytes_max = 64 * 1024;
  std::size_t field_bytes_max = 8 * 1024;
  std::size_t fields_max = 100;
  std::size_t target_bytes_max = 8 * 1024;
  std::size_t body_bytes_max = std::size_t{8} * 1024 * 1024;
};

/// How the body of a message is framed, decided on the raw head before any parser sees it.
struct Framing {
  enum class Body : std::uint8_t { none, length, chunked, until_close };
  Body body = Body::none;
  std::uint64_t length = 0;
  bool keep_alive = false;       ///< What the version and the Connection field ask for.
  bool expect_continue = false;  ///< Requests only: `Expect: 100-continue` on HTTP/1.1.
  int minor_version = 1;         ///< HTTP/1.x
  int status = 0;                ///< Responses only.
};

/// Where the head (request line or status line, fields, empty line) ends.
/// @return  Bytes of the head with its final CRLFCRLF, or 0 when it is not complete yet.
/// @errors  net.head_too_large (431), net.target_too_long (414, a first line that cannot hold an allowed target), net.header (bare
///          LF, bare CR, NUL). where() is "line:column" of the head.
Result<std::size_t> find_head_end(Bytes received, const FramingLimits& limits);

/// The framing guard: checks the raw head of a request (rule S4). Accepts one Content-Length of 1 to 10 digits or exactly one
/// Transfer-Encoding whose value is `chunked`, never both; HTTP/1.0 and 1.1 only, chunked on 1.1 only; exactly one Host; no folding,
/// no bare line ends, no control bytes, no blank before a colon; origin-form targets without "..", "%00", "//", control or 8-bit bytes.
/// Bytes from 0x80 are allowed in values (obs-text) and nowhere else. Transfer-Encoding and Content-Length take no blank but the one
/// after the colon, and `chunked` is written in lower case. In a path `;`, encoded slashes and percent signs, encoded dot segments, encoded control
/// bytes and encoded bytes that are not UTF-8 are refused; a query is checked for control and 8-bit bytes and `%00` only.
/// An Upgrade other than to h2c (which is ignored) is net.header.
/// @errors  net.framing, net.header, net.host, net.target, net.target_too_long, net.version, net.method, net.expect, net.head_too_large,
///          net.body_too_large.
Result<Framing> check_request_head(Bytes head, const FramingLimits& limits);

/// The same for the head of a response (the platform's answer is input too). 1xx, 204 and 304 have no body.
Result<Framing> check_response_head(Bytes head, const FramingLimits& limits);

/// HTTP status that answers an error of the guard (400, 405, 408, 413, 414, 415, 417, 431, 505); 400 for every other error.
int http_status_of(const Error& error) noexcept;

/// Decodes a chunked body strictly and incrementally: size of 1 to 8 hex digits, extension at most 64 bytes without control bytes,
/// CRLF everywhere, no trailers named Content-Length, Transfer-Encoding or Host.
class ChunkDecoder {
public:
  explicit ChunkDecoder(std::size_t body_bytes_max) : body_bytes_max_(body_bytes_max) {}
  /// Feeds received bytes; appends decoded data to `body`. @return bytes consumed. @errors net.chunk, net.body_too_large.
  Result<std::size_t> feed(Bytes received, std::string& body);
  bool done() const noexcept { return state_ == State::done; }

private:
  enum class State : std::uint8_t { size, data, data_end, trailer, done };
  State state_ = State::size;
  std::string line_;
  std::uint64_t left_ = 0;
  std::size_t body_bytes_max_;
  std::size_t trailers_ = 0;
};

} // namespace tongqu::net
