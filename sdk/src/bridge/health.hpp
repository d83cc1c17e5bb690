#pragma once
#include <functional>
#include <memory>
#include <string>

#include "tongqu/journal/journal.hpp"
#include "tongqu/net/http_server.hpp"
#include "tongqu/obs/log.hpp"
#include "tongqu/obs/metrics.hpp"

namespace tongqu::bridge::detail {

/// GET /healthz, /metrics (Prometheus text). Everything else is 404.
class Health final : public net::HttpHandler {
public:
  Health(journal::Journal& journal, obs::Metrics& metrics, obs::Log log, std::function<bool()> is_failed)
      : journal_(journal), metrics_(metrics), log_(std::move(log)), is_failed_(std::move(is_failed)) {}
  void on_request(net::HttpRequest request, net::Responder respond) override;

private:
  journal::Journal& journal_;
  obs::Metrics& metrics_;
  obs::Log log_;
  std::function<bool()> is_failed_;
};

} // namespace tongqu::bridge::detail
