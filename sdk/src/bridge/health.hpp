#pragma once
#include <functional>
#include <memory>
#include <string>

#include "tongqu/journal/journal.hpp"
#include "tongqu/net/http_server.hpp"
#include "tongqu/obs/metrics.hpp"

namespace tongqu::bridge::detail {

/// GET /healthz, /metrics (Prometheus text). Everything else is 404.
class Health final : public net::HttpHandler {
public:
  Health(journal::Journal& journal, obs::Metrics& metrics, std::function<bool()> is_failed) : journal_(journal), metrics_(metrics), is_failed_(std::move(is_failed)) {}
  void on_request(net::HttpRequest request, net::Responder respond) override;

private:
  journal::Journal& journal_;
  obs::Metrics& metrics_;
  std::function<bool()> is_failed_;
};

} // namespace tongqu::bridge::detail
