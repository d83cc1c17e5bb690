#pragma once
#include "tongqu/platform/platform.hpp"

namespace tongqu::platform {

/// Adds the profile "tif_rio": the TIF / RIO gateway (`x-tif-*` headers) with the case exchange service behind it.
/// Settings: paas_id, service_prefix, deduplicates, queryable. Credential: paas_token.
void register_tif_rio(Registry& registry);

} // namespace tongqu::platform
