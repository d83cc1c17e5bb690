#pragma once
#include "tongqu/base/result.hpp"
#include "tongqu/net/framing.hpp"
#include "tongqu/net/http.hpp"

namespace tongqu::net::detail {

/// Takes method, target and fields out of a head that the guard has passed, with Boost.Beast: a second parser of another make, so
/// that a head is served only when both read it. @errors net.header when Beast refuses what the guard passed.
Result<void> parse_head(Bytes head, const FramingLimits& limits, HttpRequest& out);

} // namespace tongqu::net::detail
