#include "connectors/platforms/case_exchange/answers.hpp"
#include "connectors/platforms/case_exchange/days.hpp"
#include "connectors/platforms/case_exchange/envelope.hpp"
#include "connectors/platforms/case_exchange/site.hpp"
#include "connectors/platforms/gjgxjhpt/gateway.hpp"
#include "connectors/platforms/gjgxjhpt/gjgxjhpt.hpp"
#include "connectors/platforms/gjgxjhpt/secret_keeper.hpp"
#include "tongqu/base/fault_point.hpp"
#include "tongqu/platform/http_answers.hpp"
#include "tongqu/platform/settings.hpp"

namespace tongqu::platform {
namespace {

using case_exchange::Expected;
using gjgxjhpt::SecretKeeper;

constexpr std::string_view kBusinessPath = "/httpproxy";
constexpr std::string_view kDefaultSidPrefix = "s_990000000000";
constexpr std::string_view kDefaultRefreshSid = "s_sys_service001";

struct Site {
  std::string rid, sid_prefix, submit_sid, query_sid, refresh_sid;
  Secret app_key;
  Guarantee guarantee;
};

enum class Try : std::uint8_t { first, second };
enum class Verdict : std::uint8_t { reported, try_again };

/// One business call on its way: signed anew at the second try, which follows an expired secret and nothing else.
struct Call {
  net::HttpRequest request;                        ///< Unsigned.
  std::string sid;
  Try which = Try::first;
  std::uint64_t generation = 0;                    ///< Of the secret that it is signed with.
  /// Reads an answer and reports it, except an expired secret at the first try.
  std::function<Verdict(const net::HttpOutcome&, const Call&)> answered;
  /// Reports that there is no secret to sign with.
  std::function<void(const SecretKeeper::Refusal&, Try)> refused;
};

bool is_expired(const std::optional<Error>& error) { return error && error->code() == Errc::platform_secret_expired; }

/// No byte of the message left at the first try; before the second the gateway said that it took nothing.
SubmitOutcome submit_refused(const SecretKeeper::Refusal& refusal, Try which) {
  SubmitOutcome outcome = outcome_with(which == Try::first ? SubmitState::not_sent : SubmitState::retry, refusal.error);
  outcome.retry_after = refusal.retry_after;
  outcome.platform_down = refusal.platform_down;
  return outcome;
}

class GjgxjhptClient final : public PlatformClient {
public:
  GjgxjhptClient(Site site, std::shared_ptr<Clock> clock, std::unique_ptr<net::HttpClient> http)
      : site_(std::move(site)), clock_(std::move(clock)),
        keeper_({site_.rid, site_.refresh_sid, site_.app_key}, clock_,
                [this](net::HttpRequest request, std::function<void(net::HttpOutcome)> done) { http_->send(std::move(request), std::move(done)); }),
        http_(std::move(http)) {}
  GjgxjhptClient(const GjgxjhptClient&) = delete;
  GjgxjhptClient& operator=(const GjgxjhptClient&) = delete;
  /// Whoever still waits for a secret is told that the work was stopped; then the transport ends and tells the others.
  ~GjgxjhptClient() override { keeper_.stop(); }

  Guarantee guarantee() const override { return site_.guarantee; }

  void submit(Submission submission, std::function<void(SubmitOutcome)> done) override {
    Expected expected = case_exchange::expected_of(submission);
    auto request = case_exchange::submit_request(submission, expected, std::string(kBusinessPath));
    if (!request) return done(outcome_with(SubmitState::refused, std::move(request).error()));
    auto call = std::make_shared<Call>();
    call->request = *std::move(request);
    call->sid = site_.submit_sid;
    call->answered = [this, expected = std::move(expected), done](const net::HttpOutcome& outcome, const Call& by) {
      return report(case_exchange::read_submit(outcome, expected, gjgxjhpt::gateway_dialect(), clock_->now_utc()), by, done);
    };
    call->refused = [done](const SecretKeeper::Refusal& refusal, Try which) { done(submit_refused(refusal, which)); };
    run(std::move(call));
  }

  void query(std::string message_id, std::string digest_of_body, std::function<void(QueryOutcome)> done) override {
    if (!site_.guarantee.queryable) return done(case_exchange::query_not_offered());
    auto request = case_exchange::query_request(message_id, kBusinessPath);
    if (!request) return done(case_exchange::query_failed(std::move(request).error()));
    auto call = std::make_shared<Call>();
    call->request = *std::move(request);
    call->sid = site_.query_sid;
    call->answered = [this, expected = Expected{std::move(message_id), std::move(digest_of_body)}, done](const net::HttpOutcome& outcome, const Call& by) {
      return report(case_exchange::read_query(outcome, expected, gjgxjhpt::gateway_dialect(), clock_->now_utc()), by, done);
    };
    call->refused = [done](const SecretKeeper::Refusal& refusal, Try) {
      QueryOutcome outcome = case_exchange::query_failed(refusal.error);
      outcome.platform_down = refusal.platform_down;
      done(std::move(outcome));
    };
    run(std::move(call));
  }

  void day(std::string date, std::string prefix, std::function<void(DayOutcome)> done) override {
    auto request = case_exchange::day_request(date, prefix, kBusinessPath);
    if (!request) return done(case_exchange::day_failed(std::move(request).error()));
    auto call = std::make_shared<Call>();
    call->request = *std::move(request);
    call->sid = site_.sid_prefix + "_3";
    call->answered = [this, date = std::move(date), prefix = std::move(prefix), done](const net::HttpOutcome& outcome, const Call& by) {
      return report(case_exchange::read_day(outcome, date, prefix, gjgxjhpt::gateway_dialect(), clock_->now_utc()), by, done);
    };
    call->refused = [done](const SecretKeeper::Refusal& refusal, Try) { done(case_exchange::day_failed(refusal.error)); };
    run(std::move(call));
  }

  void events(std::size_t max, std::function<void(EventsOutcome)> done) override {
    auto call = std::make_shared<Call>();
    call->request = case_exchange::events_request(max, kBusinessPath);
    call->sid = site_.sid_prefix + "_4";
    call->answered = [this, done](const net::HttpOutcome& outcome, const Call& by) {
      return report(case_exchange::read_events(outcome, gjgxjhpt::gateway_dialect(), clock_->now_utc()), by, done);
    };
    call->refused = [done](const SecretKeeper::Refusal& refusal, Try) { done(case_exchange::events_failed(refusal.error)); };
    run(std::move(call));
  }

  void confirm_events(std::vector<std::string> event_ids, std::function<void(std::optional<Error>)> done) override {
    struct Confirmation { std::optional<Error> error; };
    const std::function<void(Confirmation)> told = [done](Confirmation one) { done(std::move(one.error)); };
    auto call = std::make_shared<Call>();
    call->request = case_exchange::confirm_request(event_ids, std::string(kBusinessPath));
    call->sid = site_.sid_prefix + "_5";
    call->answered = [this, told](const net::HttpOutcome& outcome, const Call& by) {
      return report(Confirmation{case_exchange::read_confirmation(outcome, gjgxjhpt::gateway_dialect(), clock_->now_utc())}, by, told);
    };
    call->refused = [done](const SecretKeeper::Refusal& refusal, Try) { done(refusal.error); };
    run(std::move(call));
  }

private:
  void run(std::shared_ptr<Call> call) {
    keeper_.get([this, call = std::move(call)](const SecretKeeper::Grant* grant, const SecretKeeper::Refusal* refusal) {
      if (grant == nullptr) return call->refused(*refusal, call->which);
      send(call, *grant);
    });
  }

  void send(const std::shared_ptr<Call>& call, const SecretKeeper::Grant& grant) {
    net::HttpRequest request = call->request;
    const std::string rtime = gjgxjhpt::rtime_of(clock_->now_utc());
    gjgxjhpt::sign(request, grant.secret, {call->sid, site_.rid, rtime});
    FAULT_POINT("s18_signed");
    call->generation = grant.generation;
    http_->send(std::move(request), [this, call](const net::HttpOutcome& outcome) {
      if (call->answered(outcome, *call) == Verdict::reported) return;
      keeper_.expired(call->generation);
      call->which = Try::second;
      run(call);
    });
  }

  /// The keeper hears of a secret that expired twice before the caller does: his next message must already wait.
  template <class Outcome>
  Verdict report(Outcome outcome, const Call& call, const std::function<void(Outcome)>& done) {
    if (is_expired(outcome.error)) {
      if (call.which == Try::first) return Verdict::try_again;
      keeper_.expired_again(call.generation);
    }
    done(std::move(outcome));
    return Verdict::reported;
  }

  const Site site_;
  const std::shared_ptr<Clock> clock_;
  SecretKeeper keeper_;
  const std::unique_ptr<net::HttpClient> http_;  ///< Last: its thread ends before the rest goes.
};

Result<Site> read_site(const PlatformConfig& config) {
  Site site;
  TONGQU_TRY(site.rid, required_setting(config, "rid"));
  if (!is_header_token(site.rid, 128)) return wrong_setting(config, "rid", "printable ASCII, at most 128 characters");
  TONGQU_TRY(site.app_key, required_credential(config, "app_key"));
  const std::string prefix = setting_or(config, "sid_prefix", kDefaultSidPrefix);
  if (!is_header_token(prefix, 64)) return wrong_setting(config, "sid_prefix", "a service code such as s_990000000000");
  site.sid_prefix = prefix;
  site.submit_sid = prefix + "_1";
  site.query_sid = prefix + "_2";
  site.refresh_sid = setting_or(config, "refresh_sid", kDefaultRefreshSid);
  if (!is_header_token(site.refresh_sid, 64)) return wrong_setting(config, "refresh_sid", "a service code such as s_sys_service001");
  TONGQU_TRY(site.guarantee, case_exchange::read_guarantee(config));
  return site;
}

Result<std::unique_ptr<PlatformClient>> make(const PlatformConfig& config, std::shared_ptr<Clock> clock) {
  TONGQU_TRY(Site site, read_site(config));
  TONGQU_TRY(auto http, net::HttpClient::create(case_exchange::peer_of(config)));
  return std::unique_ptr<PlatformClient>(std::make_unique<GjgxjhptClient>(std::move(site), std::move(clock), std::move(http)));
}

} // namespace

void register_gjgxjhpt(Registry& registry) {
  registry.add({"gjgxjhpt", "targets/case.yaml", {"rid", "sid_prefix", "refresh_sid", "deduplicates", "queryable"}, {"app_key"}, &case_exchange::read_receipts}, &make);
}

} // namespace tongqu::platform
