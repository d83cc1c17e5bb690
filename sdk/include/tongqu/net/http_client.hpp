#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "tongqu/base/call_context.hpp"
#include "tongqu/base/result.hpp"
#include "tongqu/net/http.hpp"

namespace tongqu::net {

/// A fixed peer: scheme, host and port come from configuration; messages never choose where we connect.
struct PeerOptions {
  std::string base_url;                            ///< "http://127.0.0.1:8081" or "https://…", no path.
  std::string pinned_host;                         ///< Must equal the host of base_url; a second, separate statement of it.
  std::string ca_file;                             ///< TLS trust anchors; empty: the system's. Verification is always on.
  std::chrono::milliseconds connect_timeout{5000};
  std::chrono::milliseconds total_timeout{30000};
  std::size_t answer_bytes_max = std::size_t{4} * 1024 * 1024;
  std::size_t connections_max = 32;                ///< Kept alive.
  std::size_t queue_max = 4096;                    ///< Requests that wait for a connection; beyond it net.queue_full.
};

/// How much of a failed request may have reached the peer. Decides between "send again" and "unknown".
enum class Sent : std::uint8_t { nothing, maybe };

/// One answer with its length checked: Content-Length matched, chunked ended; a body that ends by close is marked.
struct HttpExchange {
  HttpResponse response;
  bool ended_by_close = false;                     ///< No length was given: truncation cannot be told.
  std::chrono::microseconds took{0};
};

struct HttpFailure {
  Error error;                                     ///< net.connect, net.tls, net.timeout, net.answer_cut, net.answer_framing, net.answer_too_large,
                                                   ///< net.queue_full, net.target or net.header (ours is not sendable), base.stopped.
  Sent sent = Sent::maybe;
};

/// Outcome of one call: an exchange or a failure.
struct HttpOutcome {
  std::unique_ptr<HttpExchange> exchange;          ///< Null when the call failed.
  std::unique_ptr<HttpFailure> failure;            ///< Null when it did not.
};

/// HTTP client on libcurl multi (plain sockets for http:// to an address) with a thread of its own; keep-alive, no redirects, cookies, proxies.
class HttpClient {
public:
  virtual ~HttpClient() = default;
  /// @errors net.peer (fix_setup) when the URL is not http(s)://host[:port] or does not match the pinned host.
  static Result<std::unique_ptr<HttpClient>> create(const PeerOptions& options);
  /// Starts a request; `done` is called once on the client's thread (on the caller's, when the request is refused before it is
  /// queued) and must not throw. `request.target` is path and query in origin form. Host, Content-Length, Transfer-Encoding,
  /// Connection, Expect and Upgrade are ours: a request that brings one is refused with net.header. A request is written to at most
  /// one connection, once; when that connection dies the outcome is a failure with Sent::maybe and never a silent second try.
  virtual void send(HttpRequest request, std::function<void(HttpOutcome)> done) = 0;
  /// The same, waiting. For set-up calls and tests.
  HttpOutcome send_and_wait(HttpRequest request, const CallContext& context);
};

} // namespace tongqu::net
