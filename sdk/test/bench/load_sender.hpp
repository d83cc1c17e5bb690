#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// A sender of HTTP requests over many keep-alive connections, one thread, one request in flight on each. Closed loop: the next request
/// follows the answer. Open loop: requests are due at a fixed rate whatever the answers do, and latency counts from the due time, so
/// that a stall is not hidden by the requests that it kept from being sent.
namespace tongqu::bench {

struct LoadPlan {
  std::uint16_t port = 0;
  std::size_t connections = 16;
  double rate_per_s = 0;   ///< 0: closed loop.
  double seconds_max = 0;  ///< Nothing is sent after it; 0: until all requests are sent.
};

/// What one sender was told about one request.
struct Told {
  bool sent = false;
  int status = 0;          ///< 0: no answer.
  double latency_ms = 0;
  std::string body;
};

struct LoadResult {
  std::vector<Told> told;  ///< In the order of the requests.
  double began_s = 0;      ///< First send and last answer, CLOCK_MONOTONIC.
  double ended_s = 0;
};

/// Sends whole HTTP requests (head and body). Throws std::runtime_error when no connection can be made.
LoadResult send_all(const LoadPlan& plan, const std::vector<std::string>& requests);

/// A POST of `body` with its head.
std::string http_post(std::string_view path, std::string_view content_type, std::string_view body);

} // namespace tongqu::bench
