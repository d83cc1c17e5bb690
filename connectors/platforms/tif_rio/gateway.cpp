#include "connectors/platforms/tif_rio/gateway.hpp"

#include <algorithm>
#include <array>

namespace tongqu::platform::tif_rio {
namespace {

struct GatewayRow {
  std::string_view errcode;
  Errc error;
  bool took_nothing;
};

constexpr std::array<GatewayRow, 6> kRows{{
    {"400000400", Errc::platform_gateway_refused, true},
    {"400000401", Errc::platform_signature_refused, true},
    {"400000403", Errc::platform_not_authorised, true},
    {"400000404", Errc::platform_api_missing, true},
    {"400000429", Errc::platform_throttled, true},
    // An internal fault of the gateway may come after it has passed the request on.
    {"400000529", Errc::platform_internal, false},
}};

std::optional<case_exchange::GatewayRefusal> read_refusal(const wire::Node& root) {
  if (!root || root.kind() != wire::NodeKind::object) return std::nullopt;
  const wire::Node errcode = root.child("errcode");
  if (!errcode || errcode.kind() != wire::NodeKind::number) return std::nullopt;
  const auto row = std::find_if(kRows.begin(), kRows.end(), [&errcode](const GatewayRow& r) { return r.errcode == errcode.raw_text(); });
  if (row == kRows.end()) return std::nullopt;
  return case_exchange::GatewayRefusal{row->error, std::string(row->errcode), row->took_nothing};
}

} // namespace

case_exchange::GatewayDialect gateway_dialect() {
  case_exchange::GatewayDialect dialect;
  dialect.read = &read_refusal;
  // The strictest gateway seen lets a client's clock be one second ahead; Date has whole seconds, and the answer took its time.
  dialect.clock_tolerance = std::chrono::seconds(30);
  return dialect;
}

} // namespace tongqu::platform::tif_rio
