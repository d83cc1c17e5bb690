#pragma once
#include <chrono>
#include <optional>
#include <string_view>

#include "tongqu/base/clock.hpp"
#include "tongqu/net/http_client.hpp"
#include "tongqu/platform/platform.hpp"

/// What every profile reads from HTTP in the same way, whatever its envelope is.
namespace tongqu::platform {

/// Waits told by a platform are obeyed within these bounds, however absurd the text is.
constexpr std::chrono::milliseconds kRetryAfterMin{1000};
constexpr std::chrono::milliseconds kRetryAfterMax{3600000};

/// An IMF-fixdate ("Sun, 06 Nov 1994 08:49:37 GMT"); nothing for every other form. @source RFC 9110 section 5.6.7
std::optional<UtcMillis> parse_http_date(std::string_view text) noexcept;

/// The Retry-After header, bounded to kRetryAfterMin .. kRetryAfterMax. Seconds or a date; a number of any length counts as the upper
/// bound when it is too large, a date in the past as the lower one. Nothing when the header is absent or unreadable.
/// @source RFC 9110 section 10.2.3
std::optional<std::chrono::milliseconds> retry_after(const net::Headers& headers, UtcMillis now);

/// How far the platform's clock is ahead of ours by its Date header; nothing when there is none.
std::optional<std::chrono::seconds> clock_offset(const net::Headers& headers, UtcMillis now);

/// A call without an answer: not_sent when no byte left, else unknown. Every such failure except a full queue of ours and a stop counts
/// for the breaker.
SubmitOutcome outcome_of_failure(const net::HttpFailure& failure);
QueryOutcome query_of_failure(const net::HttpFailure& failure);

/// An outcome with an error whose sentence is the reason.
SubmitOutcome outcome_with(SubmitState state, Error error);

/// What follows from a reply that was read by data. Server faults (5xx) prove nothing unless the reply says that the message is there.
SubmitOutcome outcome_of_reply(const Result<Reply>& reply, int http_status);

/// The catalogue's sentence of an error in both languages.
Bilingual reason_of(const Error& error);

} // namespace tongqu::platform
