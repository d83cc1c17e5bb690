#include <algorithm>

#include "connectors/platforms/plain_http/plain_http.hpp"
#include "tongqu/base/bytes.hpp"
#include "tongqu/base/fault_point.hpp"
#include "tongqu/crypto/crypto.hpp"
#include "tongqu/platform/http_answers.hpp"
#include "tongqu/platform/settings.hpp"
#include "tongqu/wire/json.hpp"

namespace tongqu::platform {
namespace {

constexpr std::size_t kAnswerBytesMax = std::size_t{256} * 1024;
constexpr std::size_t kMemberMax = 64;

struct Site {
  std::string path, id_header, stage_header, content_type, receipt_member;
  Secret token;
  Guarantee guarantee;
  ReplyReader read_reply;
};

bool is_path(std::string_view text) noexcept {
  if (text.empty() || text.size() > 400 || text.front() != '/') return false;
  return std::all_of(text.begin(), text.end(), [](unsigned char c) { return c > 0x20 && c < 0x7f && c != '#' && c != '\\'; });
}

bool is_header_name(std::string_view text) noexcept {
  if (text.empty() || text.size() > kMemberMax) return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_'; });
}

bool is_member_name(std::string_view text) noexcept {
  return text.size() <= kMemberMax && std::all_of(text.begin(), text.end(), [](unsigned char c) { return c >= 0x20 && c != '"' && c != '\\'; });
}

/// The row with the receipt numbers of the messages that came before it as its first member: one is a text, several are a list.
Result<std::string> with_receipts(const Submission& submission, const std::string& member) {
  if (member.empty() || submission.after.empty()) return submission.body;
  const auto open = submission.body.find('{');
  if (open == std::string::npos) return Error(Errc::platform_setting).at("receipt_member").with("the row is no JSON object");
  std::string out = submission.body.substr(0, open);
  wire::JsonWriter w(out);
  w.begin_object();
  w.key(member);
  if (submission.after.size() > 1) w.begin_array();
  for (const EarlierReceipt& one : submission.after) w.string(one.receipt_no);
  if (submission.after.size() > 1) w.end_array();
  const std::string_view rest = std::string_view(submission.body).substr(open + 1);
  const auto first = rest.find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos && rest[first] != '}') out += ',';
  return out.append(rest);
}

class PlainHttpClient final : public PlatformClient {
public:
  PlainHttpClient(Site site, std::shared_ptr<Clock> clock, std::unique_ptr<net::HttpClient> http) : site_(std::move(site)), clock_(std::move(clock)), http_(std::move(http)) {}

  Guarantee guarantee() const override { return site_.guarantee; }

  void submit(Submission submission, std::function<void(SubmitOutcome)> done) override {
    auto body = with_receipts(submission, site_.receipt_member);
    if (!body) return done(outcome_with(SubmitState::refused, std::move(body).error()));
    net::HttpRequest request;
    request.method = "POST";
    request.target = site_.path;
    request.headers.add("Content-Type", site_.content_type);
    request.headers.add(site_.id_header, submission.message_id);
    if (!site_.stage_header.empty()) request.headers.add(site_.stage_header, submission.stage);
    if (!site_.token.empty()) request.headers.add("Authorization", "Bearer " + std::string(site_.token.reveal()));
    request.body = *std::move(body);
    FAULT_POINT("s18_signed");
    http_->send(std::move(request), [this, done = std::move(done)](const net::HttpOutcome& outcome) { done(read(outcome)); });
  }

  void query(std::string, std::string, std::function<void(QueryOutcome)> done) override {
    QueryOutcome outcome;
    outcome.state = QueryState::not_offered;
    done(std::move(outcome));
  }

private:
  SubmitOutcome read(const net::HttpOutcome& http) const {
    if (!http.exchange) return http.failure ? outcome_of_failure(*http.failure) : outcome_with(SubmitState::unknown, Error(Errc::platform_answer_unreadable));
    const net::HttpResponse& response = http.exchange->response;
    const UtcMillis now = clock_->now_utc();
    SubmitOutcome outcome;
    if (response.status == 429 || (response.status == 503 && response.headers.has("Retry-After"))) {
      outcome = outcome_with(SubmitState::retry, Error(response.status == 429 ? Errc::platform_throttled : Errc::platform_busy));
      outcome.retry_after = retry_after(response.headers, now);
    } else if (http.exchange->ended_by_close || (response.status >= 300 && response.status < 400)) {
      // An answer that may have been cut proves nothing, and a redirect is not followed.
      outcome = outcome_with(SubmitState::unknown, Error(http.exchange->ended_by_close ? Errc::platform_answer_unreadable : Errc::platform_redirect));
      outcome.platform_down = true;
    } else {
      outcome = outcome_of_reply(site_.read_reply(response.body, response.status), response.status);
      if (outcome.state == SubmitState::retry) outcome.retry_after = retry_after(response.headers, now);
      if (outcome.state == SubmitState::delivered) outcome.receipt = proof(response, outcome.receipt_no);
    }
    if (outcome.platform_code.empty()) outcome.platform_code = "HTTP " + std::to_string(response.status);
    return outcome;
  }

  /// What is kept of an answer that may name persons: its status, its number and the digest of its bytes.
  static std::string proof(const net::HttpResponse& response, const std::string& receipt_no) {
    std::string out;
    wire::JsonWriter w(out);
    w.begin_object();
    w.member("status", static_cast<std::int64_t>(response.status));
    w.member("receipt", receipt_no);
    w.member("sm3", to_hex(crypto::sm3(response.body)));
    w.end_object();
    return out;
  }

  const Site site_;
  const std::shared_ptr<Clock> clock_;
  const std::unique_ptr<net::HttpClient> http_;  ///< Last: its thread ends before the rest goes.
};

Result<Site> read_site(const PlatformConfig& config) {
  Site site;
  site.path = setting_or(config, "path", "/");
  if (!is_path(site.path)) return wrong_setting(config, "path", "a path such as /cases, printable ASCII");
  site.id_header = setting_or(config, "id_header", "Idempotency-Key");
  if (!is_header_name(site.id_header)) return wrong_setting(config, "id_header", "the name of a header");
  site.stage_header = setting_or(config, "stage_header", "");
  if (!site.stage_header.empty() && !is_header_name(site.stage_header)) return wrong_setting(config, "stage_header", "the name of a header");
  site.content_type = setting_or(config, "content_type", "application/json; charset=utf-8");
  if (site.content_type.size() > 100 || std::any_of(site.content_type.begin(), site.content_type.end(), [](unsigned char c) { return c < 0x20 || c >= 0x7f; })) {
    return wrong_setting(config, "content_type", "a media type");
  }
  site.receipt_member = setting_or(config, "receipt_member", "");
  if (!is_member_name(site.receipt_member)) return wrong_setting(config, "receipt_member", "the name of a JSON member");
  // Whoever does not know takes the careful side: a platform that is not said to recognise ids is asked of a person when it fell silent.
  TONGQU_TRY(const YesNo deduplicates, yes_no_setting(config, "deduplicates", YesNo::no));
  site.guarantee = {deduplicates == YesNo::yes, false};
  if (config.credentials.count("token") > 0) {
    TONGQU_TRY(site.token, required_credential(config, "token"));
    if (!is_header_token(site.token.reveal(), 4096)) return wrong_setting(config, "token", "printable ASCII without blanks");
  }
  if (!config.read_reply) return wrong_setting(config, "target", "a target with `reply`");
  site.read_reply = config.read_reply;
  return site;
}

net::PeerOptions peer_of(const PlatformConfig& config) {
  net::PeerOptions peer;
  peer.base_url = config.url;
  peer.pinned_host = config.pinned_host;
  peer.ca_file = config.ca_file;
  peer.connect_timeout = config.connect_timeout;
  peer.total_timeout = config.total_timeout;
  peer.answer_bytes_max = kAnswerBytesMax;
  peer.connections_max = config.connections_max;
  return peer;
}

Result<std::unique_ptr<PlatformClient>> make(const PlatformConfig& config, std::shared_ptr<Clock> clock) {
  TONGQU_TRY(Site site, read_site(config));
  TONGQU_TRY(auto http, net::HttpClient::create(peer_of(config)));
  return std::unique_ptr<PlatformClient>(std::make_unique<PlainHttpClient>(std::move(site), std::move(clock), std::move(http)));
}

} // namespace

void register_plain_http(Registry& registry) {
  registry.add({"plain_http", "", {"path", "id_header", "stage_header", "content_type", "receipt_member", "deduplicates"}, {"token"}, nullptr}, &make);
}

} // namespace tongqu::platform
