#include "bridge/call_back.hpp"

#include "tongqu/base/bytes.hpp"
#include "tongqu/crypto/crypto.hpp"
#include "tongqu/net/http_client.hpp"
#include "tongqu/platform/http_answers.hpp"
#include "tongqu/wire/json.hpp"

namespace tongqu::bridge::detail {
namespace {

using platform::SubmitOutcome;
using platform::SubmitState;

class CallBackClient final : public platform::PlatformClient {
public:
  CallBackClient(CallBackSettings settings, Secret token, std::shared_ptr<Clock> clock, std::unique_ptr<net::HttpClient> http)
      : settings_(std::move(settings)), token_(std::move(token)), clock_(std::move(clock)), http_(std::move(http)) {}

  platform::Guarantee guarantee() const override { return {true, false}; }

  void submit(platform::Submission submission, std::function<void(SubmitOutcome)> done) override {
    net::HttpRequest request;
    request.method = "POST";
    request.target = settings_.path;
    request.headers.add("Content-Type", "application/json; charset=utf-8");
    request.headers.add("Idempotency-Key", submission.trace_id);
    if (!token_.empty()) request.headers.add("Authorization", "Bearer " + std::string(token_.reveal()));
    request.body = "{\"id\":\"" + submission.trace_id + "\",\"event\":" + submission.body + "}";
    http_->send(std::move(request), [clock = clock_, done = std::move(done)](const net::HttpOutcome& outcome) { done(read(outcome, clock->now_utc())); });
  }

  void query(std::string, std::string, std::function<void(platform::QueryOutcome)> done) override {
    platform::QueryOutcome outcome;
    outcome.state = platform::QueryState::not_offered;
    done(std::move(outcome));
  }

private:
  static SubmitOutcome read(const net::HttpOutcome& outcome, UtcMillis now) {
    if (!outcome.exchange) return outcome.failure ? platform::outcome_of_failure(*outcome.failure) : platform::outcome_with(SubmitState::unknown, Error(Errc::bridge_call_back_failed));
    const net::HttpResponse& response = outcome.exchange->response;
    SubmitOutcome told;
    if (response.status == 200 || response.status == 204) {
      told.state = SubmitState::delivered;
      told.receipt = "{\"status\":" + std::to_string(response.status) + ",\"sm3\":\"" + to_hex(crypto::sm3(response.body)) + "\"}";
      told.receipt_no = "HTTP " + std::to_string(response.status);
      return told;
    }
    told = platform::outcome_with(SubmitState::retry, Error(Errc::bridge_call_back_failed).with("HTTP " + std::to_string(response.status)));
    told.retry_after = platform::retry_after(response.headers, now);
    told.platform_code = "HTTP " + std::to_string(response.status);
    told.platform_down = response.status != 429;
    return told;
  }

  const CallBackSettings settings_;
  const Secret token_;
  const std::shared_ptr<Clock> clock_;
  const std::unique_ptr<net::HttpClient> http_;  ///< Last: its thread ends before the rest goes.
};

class PassThrough final : public mapping::Target {
public:
  const std::string& id() const override { return id_; }
  const std::string& digest() const override { return id_; }
  Result<mapping::Planned> plan(std::string_view canonical, const mapping::Environment&, mapping::Workspace&) const override {
    mapping::Planned planned;
    // The same event has the same id at every try; the message's own id goes with it as the trace.
    planned.messages.push_back({"event", to_hex(crypto::sm3(canonical)).substr(0, 32), std::string(canonical), {}});
    return planned;
  }
  Result<mapping::ReplyReading> read_reply(const mapping::ReplyInput&) const override { return Error(Errc::mapping_reply_unknown); }

private:
  const std::string id_ = "back";
};

} // namespace

Result<std::unique_ptr<platform::PlatformClient>> make_call_back(const CallBackSettings& settings, std::shared_ptr<Clock> clock) {
  Secret token;
  if (settings.token.given()) {
    TONGQU_TRY(token, settings.token.read());
  }
  net::PeerOptions peer;
  peer.base_url = settings.url;
  peer.pinned_host = settings.pinned_host;
  peer.ca_file = settings.ca_file;
  peer.answer_bytes_max = std::size_t{64} * 1024;
  peer.connections_max = 4;
  TONGQU_TRY(auto http, net::HttpClient::create(peer));
  return std::unique_ptr<platform::PlatformClient>(std::make_unique<CallBackClient>(settings, std::move(token), std::move(clock), std::move(http)));
}

std::shared_ptr<const mapping::Target> pass_through_target() {
  static const auto target = std::make_shared<const PassThrough>();
  return target;
}

} // namespace tongqu::bridge::detail
