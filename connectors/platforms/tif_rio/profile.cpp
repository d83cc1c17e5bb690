#include <algorithm>

#include "connectors/platforms/case_exchange/answers.hpp"
#include "connectors/platforms/case_exchange/days.hpp"
#include "connectors/platforms/case_exchange/envelope.hpp"
#include "connectors/platforms/case_exchange/site.hpp"
#include "connectors/platforms/tif_rio/gateway.hpp"
#include "connectors/platforms/tif_rio/signing.hpp"
#include "connectors/platforms/tif_rio/tif_rio.hpp"
#include "tongqu/base/fault_point.hpp"
#include "tongqu/platform/http_answers.hpp"
#include "tongqu/platform/settings.hpp"

namespace tongqu::platform {
namespace {

using case_exchange::Expected;

constexpr std::string_view kDefaultPrefix = "/ebus/case-exchange";

struct Site {
  std::string paas_id, prefix;
  Secret paas_token;
  Guarantee guarantee;
};

class TifRioClient final : public PlatformClient {
public:
  TifRioClient(Site site, std::shared_ptr<Clock> clock, std::unique_ptr<net::HttpClient> http)
      : site_(std::move(site)), clock_(std::move(clock)), http_(std::move(http)) {}

  Guarantee guarantee() const override { return site_.guarantee; }

  void submit(Submission submission, std::function<void(SubmitOutcome)> done) override {
    Expected expected = case_exchange::expected_of(submission);
    auto request = case_exchange::submit_request(submission, expected, site_.prefix + "/submit");
    if (!request) return done(outcome_with(SubmitState::refused, std::move(request).error()));
    sign(*request);
    FAULT_POINT("s18_signed");
    http_->send(*std::move(request), [expected = std::move(expected), clock = clock_, done = std::move(done)](const net::HttpOutcome& outcome) {
      done(case_exchange::read_submit(outcome, expected, tif_rio::gateway_dialect(), clock->now_utc()));
    });
  }

  void query(std::string message_id, std::string digest_of_body, std::function<void(QueryOutcome)> done) override {
    if (!site_.guarantee.queryable) return done(case_exchange::query_not_offered());
    auto request = case_exchange::query_request(message_id, site_.prefix + "/query");
    if (!request) return done(case_exchange::query_failed(std::move(request).error()));
    sign(*request);
    http_->send(*std::move(request), [expected = Expected{std::move(message_id), std::move(digest_of_body)}, clock = clock_,
                                      done = std::move(done)](const net::HttpOutcome& outcome) {
      done(case_exchange::read_query(outcome, expected, tif_rio::gateway_dialect(), clock->now_utc()));
    });
  }

  void day(std::string date, std::string prefix, std::function<void(DayOutcome)> done) override {
    auto request = case_exchange::day_request(date, prefix, site_.prefix + "/digest");
    if (!request) return done(case_exchange::day_failed(std::move(request).error()));
    sign(*request);
    http_->send(*std::move(request), [date = std::move(date), prefix = std::move(prefix), clock = clock_, done = std::move(done)](const net::HttpOutcome& outcome) {
      done(case_exchange::read_day(outcome, date, prefix, tif_rio::gateway_dialect(), clock->now_utc()));
    });
  }

  void events(std::size_t max, std::function<void(EventsOutcome)> done) override {
    auto request = case_exchange::events_request(max, site_.prefix + "/events");
    sign(request);
    http_->send(std::move(request), [clock = clock_, done = std::move(done)](const net::HttpOutcome& outcome) {
      done(case_exchange::read_events(outcome, tif_rio::gateway_dialect(), clock->now_utc()));
    });
  }

  void confirm_events(std::vector<std::string> event_ids, std::function<void(std::optional<Error>)> done) override {
    auto request = case_exchange::confirm_request(event_ids, site_.prefix + "/events-confirm");
    sign(request);
    http_->send(std::move(request), [clock = clock_, done = std::move(done)](const net::HttpOutcome& outcome) {
      done(case_exchange::read_confirmation(outcome, tif_rio::gateway_dialect(), clock->now_utc()));
    });
  }

private:
  void sign(net::HttpRequest& request) const {
    tif_rio::sign(request, site_.paas_id, site_.paas_token, clock_->now_utc(), tif_rio::make_nonce());
  }

  const Site site_;
  const std::shared_ptr<Clock> clock_;
  const std::unique_ptr<net::HttpClient> http_;  ///< Last: its thread ends before the rest goes.
};

/// "/a/b-c.d": no empty segment, no query, no end slash.
bool is_path_prefix(std::string_view text) noexcept {
  if (text.size() < 2 || text.size() > 200 || text.front() != '/' || text.back() == '/' || text.find("//") != std::string_view::npos) return false;
  if (text.find("/.") != std::string_view::npos) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' || c == '-' || c == '_' || c == '.' || c == '~';
  });
}

Result<Site> read_site(const PlatformConfig& config) {
  Site site;
  TONGQU_TRY(site.paas_id, required_setting(config, "paas_id"));
  if (!is_header_token(site.paas_id, 128)) return wrong_setting(config, "paas_id", "printable ASCII, at most 128 characters");
  TONGQU_TRY(site.paas_token, required_credential(config, "paas_token"));
  site.prefix = setting_or(config, "service_prefix", kDefaultPrefix);
  if (!is_path_prefix(site.prefix)) return wrong_setting(config, "service_prefix", "a path such as /ebus/case-exchange");
  TONGQU_TRY(site.guarantee, case_exchange::read_guarantee(config));
  return site;
}

Result<std::unique_ptr<PlatformClient>> make(const PlatformConfig& config, std::shared_ptr<Clock> clock) {
  TONGQU_TRY(Site site, read_site(config));
  TONGQU_TRY(auto http, net::HttpClient::create(case_exchange::peer_of(config)));
  return std::unique_ptr<PlatformClient>(std::make_unique<TifRioClient>(std::move(site), std::move(clock), std::move(http)));
}

} // namespace

void register_tif_rio(Registry& registry) {
  registry.add({"tif_rio", "targets/case.yaml", {"paas_id", "service_prefix", "deduplicates", "queryable"}, {"paas_token"}, &case_exchange::read_receipts}, &make);
}

} // namespace tongqu::platform
