#pragma once
#include "connectors/platforms/gjgxjhpt/signing.hpp"
#include "tongqu/net/http.hpp"

namespace tongqu::platform::gjgxjhpt {

/// A secret and the time until which the platform honours it.
struct FreshSecret {
  Secret secret;
  UtcMillis valid_until;
};

/// "yyyy-MM-dd HH:mm:ss", Beijing time; nothing for every other form and for days and times that do not exist.
std::optional<UtcMillis> parse_beijing_time(std::string_view text) noexcept;
/// The next 00:00 in Beijing (UTC+8, which has no summer time today).
UtcMillis next_beijing_midnight(UtcMillis now) noexcept;

/// The refresh call: a JSON body with the four members, signed with the long-term application key.
net::HttpRequest refresh_request(const Secret& app_key, const Stamp& stamp);

/// Reads the answer of a refresh call. A missing, unreadable or past end time means "until midnight in Beijing".
/// @errors platform.signature_refused, not_authorised, http_status, redirect, answer_unreadable; crypto.decrypt_failed (wrong app key).
Result<FreshSecret> read_refresh(const net::HttpResponse& response, const Secret& app_key, UtcMillis now);

} // namespace tongqu::platform::gjgxjhpt
