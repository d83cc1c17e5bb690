#pragma once
#include "tongqu/platform/platform.hpp"

namespace tongqu::platform {

/// Adds the profile "gjgxjhpt": the national data sharing and exchange platform with the case exchange service behind it.
/// Settings: rid, sid_prefix, refresh_sid, deduplicates, queryable. Credential: app_key.
void register_gjgxjhpt(Registry& registry);

} // namespace tongqu::platform
