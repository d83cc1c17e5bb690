#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "tongqu/base/call_context.hpp"
#include "tongqu/base/result.hpp"
#include "tongqu/net/framing.hpp"
#include "tongqu/net/http.hpp"

namespace tongqu::net {

struct HttpServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;                          ///< 0: the system chooses; see HttpServer::port().
  int listen_fd = -1;                              ///< A socket that listens already, taken over with its queue; -1: bind. Closed by the server.
  FramingLimits limits;
  std::size_t connections_max = 4096;              ///< Beyond it new connections are closed at once.
  std::chrono::milliseconds head_timeout{10000};   ///< From the first byte (or accept) to the end of the head.
  std::chrono::milliseconds body_timeout{30000};   ///< From the head to the end of the body.
  std::chrono::milliseconds write_timeout{30000};
  std::chrono::milliseconds idle_timeout{60000};   ///< Keep-alive without a request.
  std::vector<std::string> hosts;                  ///< Allowed Host values without port; empty allows all.
  std::string server_name = "tongqu";
  std::uint64_t sink_bytes_max = 0;                ///< Longest body that may go to a sink of the handler; 0: none goes.
};

/// Answers one request. Call exactly once, from any thread; a call after the connection died is ignored.
using Responder = std::function<void(HttpResponse)>;

/// Takes the body of one request in pieces, so that it need not fit into memory. Called on the server's thread, one call at a time; goes when
/// the connection dies, and right after `finish` has returned.
class BodySink {
public:
  virtual ~BodySink() = default;
  /// Nothing more is read from the peer until `more` is called, once, from any thread: with null to go on, or with the answer that ends the
  /// request here (and the connection with it).
  using More = std::function<void(std::unique_ptr<HttpResponse>)>;
  virtual void take(std::string piece, More more) = 0;
  /// The whole body has been taken. Not called for one that was cut off.
  virtual void finish(Responder respond) = 0;
};

/// Where the body of a request goes, decided on its head.
struct BodyPlan {
  std::unique_ptr<BodySink> sink;                  ///< Null: it is collected and comes with the request.
  std::unique_ptr<HttpResponse> answer;            ///< Set: this is the answer, the body is not read and the connection ends.
};

/// What the server calls, on its own thread. Must not block: long work goes elsewhere and answers later through the responder.
class HttpHandler {
public:
  virtual ~HttpHandler() = default;
  virtual void on_request(HttpRequest request, Responder respond) = 0;
  /// Asked for each head when `sink_bytes_max` is set. A body of a sink is bounded by that, every other by the limits; its time begins anew
  /// with every megabyte.
  virtual BodyPlan plan_body(const HttpRequest& head, const Framing& framing);
  /// A message that the guard refused: the body to answer with (status and close are decided by the server). The default is an
  /// `application/json` body `{id, action, message:{en,zh}, where}`.
  virtual HttpResponse on_refused(const Error& error, const HttpRequest& as_far_as_known);
};

/// HTTP/1.1 server with keep-alive on one thread of its own (Boost.Beast parses what the framing guard has passed).
class HttpServer {
public:
  virtual ~HttpServer() = default;
  /// Binds and starts. @param handler not owned; must outlive the server. @errors net.listen (fix_setup).
  static Result<std::unique_ptr<HttpServer>> start(const HttpServerOptions& options, HttpHandler& handler);
  virtual std::uint16_t port() const = 0;
  /// The listening socket once more, for a process that follows: as long as one copy is open, nobody is refused. -1 after stop or drain.
  virtual int listener_fd() const = 0;
  /// Accepts nothing more and says in every answer that the connection ends with it; connections that ask nothing stay until stop().
  virtual void drain() = 0;
  /// Stops accepting, lets requests in flight finish until the deadline, closes. Idempotent.
  virtual void stop(const CallContext& context) = 0;
  struct Counters { std::uint64_t connections = 0, requests = 0, refused = 0, open = 0; };
  virtual Counters counters() const = 0;
};

} // namespace tongqu::net
