#pragma once
#include "tongqu/net/http_client.hpp"
#include "tongqu/platform/platform.hpp"

namespace tongqu::platform::case_exchange {

/// Settings deduplicates and queryable (yes or no, both yes unless told): they differ from site to site. @errors platform.setting.
Result<Guarantee> read_guarantee(const PlatformConfig& config);

/// The fixed peer of a platform. Answers of the service are short; a longer one is refused by the transport.
net::PeerOptions peer_of(const PlatformConfig& config);

QueryOutcome query_not_offered();
QueryOutcome query_failed(Error error);

} // namespace tongqu::platform::case_exchange
