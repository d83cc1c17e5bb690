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
    const journal::WriterWork work = journal_.writer_work();
    metrics_.metric("tongqu_journal_groups_total", "", "Transactions of the journal's writer, one sync each").set(work.groups);
    metrics_.metric("tongqu_journal_operations_total", "", "Intakes, claims, settlements and acts in them").set(work.operations);
    const auto account = [this](const char* part, std::chrono::nanoseconds spent) {
      metrics_.metric("tongqu_journal_writer_us_total", "part=\"" + std::string(part) + "\"", "Time of the journal's writer, in microseconds; queued: that of its operations before").set(
          std::chrono::duration_cast<std::chrono::microseconds>(spent).count());
    };
    account("queued", work.queued);
    account("applying", work.applying);
    account("committing", work.committing);
    account("completing", work.completing);
    account("tidying", work.tidying);
    metrics_.metric("tongqu_log_dropped_total", "", "Log lines that could not be written").set(log_.dropped());
    response.headers.add("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
    response.body = metrics_.prometheus();
  } else {
    response.status = 404;
  }
  respond(std::move(response));
}

} // namespace tongqu::bridge::detail
