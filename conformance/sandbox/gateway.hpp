#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "conformance/sandbox/options.hpp"
#include "tongqu/base/clock.hpp"
#include "tongqu/net/http.hpp"

namespace tongqu::sandbox {

enum class Operation : std::uint8_t { none, submit, query, digest, events, confirm, refresh };

/// Why a gateway answers in place of the service.
enum class Trouble : std::uint8_t { not_found, too_many, internal };

/// What a gateway found. Either the request may pass to the service, or the gateway has answered itself.
struct Passage {
  std::string requester;                     ///< Who signed, when it passed.
  std::optional<net::HttpResponse> answer;   ///< The gateway's own answer; the request goes no further.
  std::string refused_code;                  ///< Code of a refusal; empty for an answered secret refresh.
};

/// The gate in front of the service: who calls, when, and what it may reach. Used on one thread.
class Gateway {
public:
  virtual ~Gateway() = default;
  /// By address alone, before anything is checked.
  virtual Operation operation(const net::HttpRequest& request) const = 0;
  virtual Passage check(const net::HttpRequest& request, Operation operation) = 0;
  virtual net::HttpResponse trouble(Trouble trouble) const = 0;
  /// Makes every secret issued so far void (gjgxjhpt).
  virtual void expire_secrets() {}
};

std::unique_ptr<Gateway> make_tif_gateway(const Options& options, const Clock& clock);
std::unique_ptr<Gateway> make_national_gateway(const Options& options, const Clock& clock);

/// A JSON answer.
net::HttpResponse json_answer(int status, std::string body);
/// Value of one name in a query string; empty when absent. Ids and dates of this service need no percent-decoding.
std::string_view query_value(std::string_view query, std::string_view name) noexcept;

} // namespace tongqu::sandbox
