#pragma once
#include <chrono>
#include <optional>
#include <string>

#include "connectors/platforms/case_exchange/envelope.hpp"
#include "tongqu/base/clock.hpp"
#include "tongqu/net/http_client.hpp"
#include "tongqu/platform/platform.hpp"
#include "tongqu/wire/document.hpp"

/// Reads the answers of the case exchange service and of a gateway in front of it.
namespace tongqu::platform::case_exchange {

/// What a gateway said in place of the service.
struct GatewayRefusal {
  Errc error = Errc::platform_gateway_refused;
  std::string code;                                ///< As the gateway said it.
  bool took_nothing = true;                        ///< The gateway refused before it passed anything on.
};

/// How one gateway words its own refusals.
struct GatewayDialect {
  /// @return  Nothing when the answer is the service's.
  std::optional<GatewayRefusal> (*read)(const wire::Node& root) = nullptr;
  /// A refused signature or header is put down to the clock when the two clocks are further apart than this.
  std::chrono::seconds clock_tolerance{180};
};

/// Decides what became of a submitted message. Only a complete receipt with our id and our digest is `delivered`; a redirect, a page
/// that is not JSON, a code outside the table, another message's receipt and every unexpected status are `unknown`.
/// @param now  For waits that the platform states as a date, and for the distance of the clocks.
/// @source docs/reference/case-exchange.md, Answers and Gateway errors
SubmitOutcome read_submit(const net::HttpOutcome& outcome, const Expected& expected, const GatewayDialect& gateway, UtcMillis now);

/// Decides whether a message was taken. A found receipt with another digest is `failed` with platform.conflict.
QueryOutcome read_query(const net::HttpOutcome& outcome, const Expected& expected, const GatewayDialect& gateway, UtcMillis now);

/// An answer of the service with code "0", whatever it holds; else why there is none.
/// @errors platform.*, net.*; platform.api_missing when there is no such operation.
Result<wire::Document> read_service(const net::HttpOutcome& outcome, const GatewayDialect& gateway, UtcMillis now);

/// Reasons in the platform's words: `data.errors[].reason` of `{"en","zh"}`, each text at most this many characters.
constexpr std::size_t kReasonCharactersMax = 300;

} // namespace tongqu::platform::case_exchange
