#pragma once
#include <string>
#include <string_view>

#include "tongqu/base/clock.hpp"
#include "tongqu/base/secret.hpp"
#include "tongqu/net/http.hpp"

namespace tongqu::platform::tif_rio {

/// hex(SHA-256(timestamp ‖ paasToken ‖ nonce ‖ timestamp)), lower case. Nothing of the request is covered.
std::string signature(std::string_view timestamp, const Secret& paas_token, std::string_view nonce);

/// 20 lower-case hexadecimal digits: the length that both kinds of gateway seen in the field accept (at most 36; 10 to 20).
std::string make_nonce();

/// Adds x-tif-paasid, x-tif-timestamp (epoch seconds), x-tif-nonce and x-tif-signature.
void sign(net::HttpRequest& request, std::string_view paas_id, const Secret& paas_token, UtcMillis now, std::string_view nonce);

} // namespace tongqu::platform::tif_rio
