#include "connectors/platforms/gjgxjhpt/gateway.hpp"

#include <algorithm>

namespace tongqu::platform::gjgxjhpt {
namespace {

constexpr std::string_view kExpired = "secret expired";

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool says_expired(std::string_view message) {
  return std::search(message.begin(), message.end(), kExpired.begin(), kExpired.end(), [](char a, char b) { return lower(a) == b; }) !=
         message.end();
}

std::optional<std::string_view> text_of(const wire::Node& root, std::string_view member) {
  const wire::Node node = root.child(member);
  if (!node || node.kind() != wire::NodeKind::string) return std::nullopt;
  return node.raw_text();
}

/// The gateway has one code for a bad signature, an unknown requester and an expired secret; only its words tell the last one.
std::optional<case_exchange::GatewayRefusal> read_refusal(const wire::Node& root) {
  if (!root || root.kind() != wire::NodeKind::object) return std::nullopt;
  const auto code = text_of(root, "code");
  if (!code) return std::nullopt;
  if (*code == "E-106") return case_exchange::GatewayRefusal{Errc::platform_not_authorised, "E-106", true};
  if (*code != "-1") return std::nullopt;
  const bool expired = says_expired(text_of(root, "message").value_or(std::string_view()));
  return case_exchange::GatewayRefusal{expired ? Errc::platform_secret_expired : Errc::platform_signature_refused, "-1", true};
}

} // namespace

case_exchange::GatewayDialect gateway_dialect() {
  case_exchange::GatewayDialect dialect;
  dialect.read = &read_refusal;
  // Clients in the field use one signature for half an hour, so only a clock further off than some minutes is worth naming.
  dialect.clock_tolerance = std::chrono::minutes(5);
  return dialect;
}

} // namespace tongqu::platform::gjgxjhpt
