#pragma once
#include <string_view>
#include <vector>

#include "connectors/platforms/case_exchange/answers.hpp"

/// The daily digest and the events of the case exchange service. Text: docs/reference/case-exchange.md.
namespace tongqu::platform::case_exchange {

/// @param path  Without a query part. @errors platform.envelope_refused for a date or prefix of a wrong form.
Result<net::HttpRequest> day_request(std::string_view date, std::string_view prefix, std::string_view path);
DayOutcome read_day(const net::HttpOutcome& outcome, std::string_view date, std::string_view prefix, const GatewayDialect& gateway, UtcMillis now);
DayOutcome day_failed(Error error);

net::HttpRequest events_request(std::size_t max, std::string_view path);
/// Every event is whole and its digest its own, or the answer is unreadable: an event that cannot be kept is not skipped silently.
EventsOutcome read_events(const net::HttpOutcome& outcome, const GatewayDialect& gateway, UtcMillis now);
EventsOutcome events_failed(Error error);

net::HttpRequest confirm_request(const std::vector<std::string>& event_ids, std::string target);
std::optional<Error> read_confirmation(const net::HttpOutcome& outcome, const GatewayDialect& gateway, UtcMillis now);

/// Receipts of a stored delivery, one answer of the service a line.
std::vector<ReceiptFacts> read_receipts(std::string_view stored);

} // namespace tongqu::platform::case_exchange
