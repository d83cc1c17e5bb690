#pragma once
#include "connectors/platforms/case_exchange/answers.hpp"

namespace tongqu::platform::gjgxjhpt {

/// `{"code":"-1","message":…}` and `{"code":"E-106","message":…}`; a message that contains "secret expired" means just that.
case_exchange::GatewayDialect gateway_dialect();

} // namespace tongqu::platform::gjgxjhpt
