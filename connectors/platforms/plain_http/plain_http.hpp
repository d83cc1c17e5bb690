#pragma once
#include "tongqu/platform/platform.hpp"

namespace tongqu::platform {

/// The profile "plain_http": a platform that takes each row with a POST and answers in its own way, which the target's `reply` reads.
void register_plain_http(Registry& registry);

} // namespace tongqu::platform
