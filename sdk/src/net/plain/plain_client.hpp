#pragma once
#include <sys/socket.h>

#include <memory>
#include <optional>
#include <string>

#include "tongqu/net/http_client.hpp"

namespace tongqu::net::detail {

/// Where a client without TLS and without name resolution connects to.
struct PlainPeer {
  sockaddr_storage address{};
  socklen_t size = 0;
  std::string host;  ///< What stands in the Host field.
};

/// Nothing when the URL is not http:// with an address in numbers: that is for libcurl. The URL has been checked.
std::optional<PlainPeer> plain_peer(const std::string& base_url);

/// A client of our own for that case: one thread, one epoll, a request in one write. In front of a gateway on the same network libcurl
/// takes five times the CPU time for each request, and 32 KB for each connection. The same promises, the same tests.
Result<std::unique_ptr<HttpClient>> make_plain_client(const PeerOptions& options, PlainPeer peer);

} // namespace tongqu::net::detail
