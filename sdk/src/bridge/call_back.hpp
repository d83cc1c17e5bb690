#pragma once
#include <memory>
#include <string>

#include "tongqu/base/secret.hpp"
#include "tongqu/bridge/config.hpp"
#include "tongqu/mapping/pack.hpp"
#include "tongqu/platform/platform.hpp"

namespace tongqu::bridge::detail {

/// A source system that takes its events by HTTP, in the shape of a platform, so that one road has one set of promises: order, retries,
/// back-off, breaker, unknown outcomes. 200 or 204 confirms; 429 and 503 are obeyed; everything else is tried again. The system must bear
/// the same event twice, as the header Idempotency-Key and the member "id" tell it.
/// @errors net.peer, base.secret_*.
Result<std::unique_ptr<platform::PlatformClient>> make_call_back(const CallBackSettings& settings, std::shared_ptr<Clock> clock);

/// A target that sends an event as it is stored.
std::shared_ptr<const mapping::Target> pass_through_target();

} // namespace tongqu::bridge::detail
