#pragma once
#include <functional>

#include "tongqu/net/http_client.hpp"

namespace tongqu::net::detail {

/// A request that waits for a connection.
struct Job {
  HttpRequest request;
  std::function<void(HttpOutcome)> done;
};

HttpOutcome failed_outcome(Error error, Sent sent);

} // namespace tongqu::net::detail
