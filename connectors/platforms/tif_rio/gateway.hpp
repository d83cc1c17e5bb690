#pragma once
#include "connectors/platforms/case_exchange/answers.hpp"

namespace tongqu::platform::tif_rio {

/// `{"errcode":N,"errmsg":"…"}` of the gateway: 400000400, 401, 403, 404, 429, 529.
case_exchange::GatewayDialect gateway_dialect();

} // namespace tongqu::platform::tif_rio
