#pragma once
#include <memory>
#include <string>

#include "tongqu/base/secret.hpp"
#include "tongqu/bridge/config.hpp"
#include "tongqu/platform/platform.hpp"

namespace tongqu::bridge::detail {

/// A source system that takes its events by HTTP, in the shape of a platform, so that one road has one set of promises: order, retries,
/// back-off, breaker, unknown outcomes. 200 or 204 confirms, unless `read_reply` says something else of the body; 429 and 503 are obeyed; everything else is tried again. The system must bear
/// the same event twice, as the header Idempotency-Key and the member "id" tell it.
/// @errors net.peer, base.secret_*.
Result<std::unique_ptr<platform::PlatformClient>> make_call_back(const CallBackSettings& settings, platform::ReplyReader read_reply, std::shared_ptr<Clock> clock);

} // namespace tongqu::bridge::detail
