#include "bridge/health.hpp"

namespace tongqu::bridge::detail {

void Health::on_request(net::HttpRequest request, net::Responder respond) {
  net::HttpResponse response;
  if (request.method != "GET") {
    response.status = 405;
  } else if (request.path() == "/healthz") {
    const bool ok = !is_failed_();
    response.status = ok ? 200 : 503;
    response.headers.add("Content-Type", "application/json");
    response.body = ok ? "{\"status\":\"ok\"}\n" : "{\"status\":\"failed\",\"id\":\"journal.sync_failed\"}\n";
  } else if (request.path() == "/metrics") {
    if (const auto counts = journal_.counts()) {
      metrics_.metric("tongqu_messages", "", "Messages in the journal").set(counts->messages);
      metrics_.metric("tongqu_refusals", "", "Refused intakes in the ledger").set(counts->refusals);
      for (int i = 0; i < 9; ++i) {
        const std::string label = "state=\"" + std::string(journal::state_name(static_cast<journal::DeliveryState>(i))) + "\"";
        metrics_.metric("tongqu_deliveries", label, "Deliveries in the journal, by state").set(counts->by_state[i]);
      }
    }
    metrics_.metric("tongqu_log_dropped_total", "", "Log lines that could not be written").set(log_.dropped());
    response.headers.add("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
    response.body = metrics_.prometheus();
  } else {
    response.status = 404;
  }
  respond(std::move(response));
}

} // namespace tongqu::bridge::detail
