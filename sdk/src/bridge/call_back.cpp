#include "bridge/call_back.hpp"

#include "bridge/back_target.hpp"
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
  CallBackClient(CallBackSettings settings, Secret token, platform::ReplyReader read_reply, std::shared_ptr<Clock> clock, std::unique_ptr<net::HttpClient> http)
      : settings_(std::move(settings)), token_(std::move(token)), read_reply_(std::move(read_reply)), clock_(std::move(clock)), http_(std::move(http)) {}

  platform::Guarantee guarantee() const override { return {true, false}; }

  void submit(platform::Submission submission, std::function<void(SubmitOutcome)> done) override {
    auto message = unpack_call_back(submission.body);
    if (!message) return done(platform::outcome_with(SubmitState::refused, Error(Errc::bridge_target_unreadable)));
    net::HttpRequest request;
    request.method = "POST";
    request.target = settings_.path;
    request.headers.add("Content-Type", message->content_type);
    for (const auto& [name, value] : message->headers) request.headers.add(name, value);
    request.headers.add("Idempotency-Key", submission.trace_id);
    if (!token_.empty()) request.headers.add("Authorization", "Bearer " + std::string(token_.reveal()));
    if (message->own) request.body = std::move(message->bytes);
    else request.body = "{\"id\":\"" + submission.trace_id + "\",\"event\":" + message->bytes + "}";
    http_->send(std::move(request), [this, done = std::move(done)](const net::HttpOutcome& outcome) { done(read(outcome, clock_->now_utc())); });
  }

  void query(std::string, std::string, std::function<void(platform::QueryOutcome)> done) override {
    platform::QueryOutcome outcome;
    outcome.state = platform::QueryState::not_offered;
    done(std::move(outcome));
  }

private:
  SubmitOutcome read(const net::HttpOutcome& outcome, UtcMillis now) const {
    if (!outcome.exchange) return outcome.failure ? platform::outcome_of_failure(*outcome.failure) : platform::outcome_with(SubmitState::unknown, Error(Errc::bridge_call_back_failed));
    const net::HttpResponse& response = outcome.exchange->response;
    SubmitOutcome told;
    const bool good = response.status == 200 || response.status == 204;
    if (good && read_reply_ && outcome.exchange->ended_by_close) return platform::outcome_with(SubmitState::unknown, Error(Errc::bridge_call_back_failed));
    // The system's own convention: HTTP says that it was heard, the body whether it was taken.
    if (good && read_reply_) told = platform::outcome_of_reply(read_reply_(response.body, response.status), response.status);
    if (good && (!read_reply_ || told.state == SubmitState::delivered)) {
      told.state = SubmitState::delivered;
      told.receipt = "{\"status\":" + std::to_string(response.status) + ",\"sm3\":\"" + to_hex(crypto::sm3(response.body)) + "\"}";
      if (told.receipt_no.empty()) told.receipt_no = "HTTP " + std::to_string(response.status);
      return told;
    }
    if (good) return told;
    told = platform::outcome_with(SubmitState::retry, Error(Errc::bridge_call_back_failed).with("HTTP " + std::to_string(response.status)));
    told.retry_after = platform::retry_after(response.headers, now);
    told.platform_code = "HTTP " + std::to_string(response.status);
    told.platform_down = response.status != 429;
    return told;
  }

  const CallBackSettings settings_;
  const Secret token_;
  const platform::ReplyReader read_reply_;         ///< Empty: HTTP 200 and 204 confirm.
  const std::shared_ptr<Clock> clock_;
  const std::unique_ptr<net::HttpClient> http_;  ///< Last: its thread ends before the rest goes.
};

} // namespace

Result<std::unique_ptr<platform::PlatformClient>> make_call_back(const CallBackSettings& settings, platform::ReplyReader read_reply, std::shared_ptr<Clock> clock) {
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
  return std::unique_ptr<platform::PlatformClient>(std::make_unique<CallBackClient>(settings, std::move(token), std::move(read_reply), std::move(clock), std::move(http)));
}

} // namespace tongqu::bridge::detail
