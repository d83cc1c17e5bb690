#pragma once
#include <string>

#include "tongqu/base/result.hpp"
#include "tongqu/net/http_client.hpp"

namespace tongqu::net::detail {

/// `base_url` without a trailing slash, once scheme, host and port are in order and the host is the pinned one. @errors net.peer.
Result<std::string> checked_base_url(const PeerOptions& options);

/// Whether a request can go out as it is: token names, values that cannot split a head, no framing fields, a target in origin form.
/// @errors net.method, net.target, net.header (where() is the field's number, from 1).
Result<void> check_outgoing(const HttpRequest& request);

} // namespace tongqu::net::detail
