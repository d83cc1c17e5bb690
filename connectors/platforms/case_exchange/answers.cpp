#include "connectors/platforms/case_exchange/answers.hpp"

#include <algorithm>
#include <array>

#include "connectors/platforms/case_exchange/reasons.hpp"
#include "connectors/platforms/case_exchange/site.hpp"
#include "tongqu/base/fault_point.hpp"
#include "tongqu/platform/http_answers.hpp"
#include "tongqu/wire/json.hpp"

namespace tongqu::platform::case_exchange {
namespace {

constexpr std::size_t kCodeBytesMax = 32;
constexpr std::size_t kReceiptNoBytesMax = 128;

struct CodeRow {
  std::string_view code;
  SubmitState state;
  Errc error;
};

/// The table of docs/reference/case-exchange.md; "0" and codes outside are decided in the text below.
constexpr std::array<CodeRow, 9> kCodes{{
    {"1001", SubmitState::refused, Errc::platform_envelope_refused},
    {"1002", SubmitState::refused, Errc::platform_digest_refused},
    {"1003", SubmitState::refused, Errc::platform_row_refused},
    {"1004", SubmitState::refused, Errc::platform_item_code_refused},
    {"1005", SubmitState::retry, Errc::platform_predecessor_missing},
    {"1006", SubmitState::refused, Errc::platform_conflict},
    {"1007", SubmitState::refused, Errc::platform_life_cycle_refused},
    {"2001", SubmitState::retry, Errc::platform_busy},
    {"9999", SubmitState::unknown, Errc::platform_internal},
}};

/// One answer, read as far as the HTTP layer and the gateway decide it.
struct Reading {
  std::optional<SubmitOutcome> decided;  ///< Set: the service's own code does not matter.
  wire::Document document;
  std::string code;                      ///< Of the service.
};

std::optional<std::string_view> text_of(const wire::Node& object, std::string_view member) {
  if (!object || object.kind() != wire::NodeKind::object) return std::nullopt;
  const wire::Node node = object.child(member);
  if (!node || node.kind() != wire::NodeKind::string) return std::nullopt;
  return node.raw_text();
}

/// Faults that meet every message alike: the breaker should open instead of trying each one.
bool concerns_all(Errc error) noexcept {
  return error != Errc::platform_throttled && error != Errc::platform_secret_expired && error != Errc::platform_busy;
}

SubmitOutcome unknown(Error error) {
  SubmitOutcome outcome = outcome_with(SubmitState::unknown, std::move(error));
  outcome.platform_down = true;
  return outcome;
}

/// A gateway that does not accept our headers may mean the clock; its Date header tells.
Error gateway_error(const GatewayRefusal& refusal, const GatewayDialect& gateway, const net::Headers& headers, UtcMillis now) {
  if (refusal.error != Errc::platform_signature_refused && refusal.error != Errc::platform_gateway_refused) return Error(refusal.error);
  const auto offset = clock_offset(headers, now);
  if (!offset || std::chrono::abs(*offset) <= gateway.clock_tolerance) return Error(refusal.error);
  const std::string seconds = std::to_string(std::chrono::abs(*offset).count());
  return Error(Errc::platform_clock_refused).with("the platform's clock is " + seconds + " s " + (offset->count() > 0 ? "ahead" : "behind"));
}

SubmitOutcome gateway_outcome(const GatewayRefusal& refusal, const GatewayDialect& gateway, const net::HttpResponse& response, UtcMillis now) {
  SubmitOutcome outcome =
      outcome_with(refusal.took_nothing ? SubmitState::retry : SubmitState::unknown, gateway_error(refusal, gateway, response.headers, now));
  outcome.platform_code = refusal.code;
  outcome.retry_after = retry_after(response.headers, now);
  outcome.platform_down = concerns_all(outcome.error->code());
  return outcome;
}

/// What the status alone decides; nothing for 200.
std::optional<SubmitOutcome> by_status(const net::HttpResponse& response, UtcMillis now) {
  if (response.status == 200) return std::nullopt;
  const bool throttled = response.status == 429;
  const bool told_to_wait = response.status == 503 && response.headers.has("Retry-After");
  SubmitOutcome outcome;
  if (throttled || told_to_wait) {
    outcome = outcome_with(SubmitState::retry, Error(throttled ? Errc::platform_throttled : Errc::platform_busy));
    outcome.retry_after = retry_after(response.headers, now);
  } else if (response.status >= 300 && response.status < 400) {
    outcome = unknown(Error(Errc::platform_redirect));
  } else {
    outcome = unknown(Error(Errc::platform_http_status).with("HTTP " + std::to_string(response.status)));
  }
  outcome.platform_code = "HTTP " + std::to_string(response.status);
  return outcome;
}

Result<wire::Document> parse(const net::HttpResponse& response) {
  wire::JsonOptions options;
  options.limits.depth_max = 16;
  options.limits.nodes_max = 10000;
  return wire::parse_json(response.body, options);
}

SubmitOutcome unreadable(std::string where) { return unknown(Error(Errc::platform_answer_unreadable).at(std::move(where))); }

Reading read(const net::HttpOutcome& http, const GatewayDialect& gateway, UtcMillis now) {
  Reading reading;
  if (!http.exchange) {
    reading.decided = http.failure ? outcome_of_failure(*http.failure) : unknown(Error(Errc::platform_answer_unreadable));
    return reading;
  }
  const net::HttpResponse& response = http.exchange->response;
  auto document = parse(response);
  const bool redirect = response.status >= 300 && response.status < 400;
  if (document && !redirect) {
    // Behind a status of 500 and above the request may have gone through before the gateway wrote its error: its word that nothing was
    // taken does not count then.
    auto refusal = gateway.read(document->root());
    if (refusal && (response.status < 500 || !refusal->took_nothing)) {
      reading.decided = gateway_outcome(*refusal, gateway, response, now);
      return reading;
    }
  }
  reading.decided = by_status(response, now);
  if (reading.decided) return reading;
  if (!document) {
    reading.decided = unreadable(document.error().where());
    return reading;
  }
  reading.document = *std::move(document);
  const auto code = text_of(reading.document.root(), "code");
  if (!code || code->empty() || code->size() > kCodeBytesMax) reading.decided = unreadable("/code");
  else reading.code = std::string(*code);
  return reading;
}

/// Whether the answer names our message; a member that is not there names nobody.
bool names_another(const wire::Node& data, const Expected& expected) {
  const auto id = text_of(data, "messageId");
  return id && *id != expected.message_id;
}

/// A receipt's members, checked against ours. @errors platform.answer_unreadable, platform.wrong_receipt.
Result<std::string> matched_receipt_no(const wire::Node& data, const Expected& expected) {
  for (const char* member : {"messageId", "digest", "receiptNo", "receivedAt"}) {
    const auto text = text_of(data, member);
    if (!text || text->empty()) return Error(Errc::platform_answer_unreadable).at(std::string("/data/") + member);
  }
  if (*text_of(data, "messageId") != expected.message_id) return Error(Errc::platform_wrong_receipt).at("/data/messageId");
  if (*text_of(data, "digest") != expected.digest) return Error(Errc::platform_wrong_receipt).at("/data/digest");
  const auto receipt_no = *text_of(data, "receiptNo");
  if (receipt_no.size() > kReceiptNoBytesMax) return Error(Errc::platform_answer_unreadable).at("/data/receiptNo");
  return std::string(receipt_no);
}

SubmitOutcome taken(const Reading& reading, const net::HttpResponse& response, const Expected& expected) {
  const wire::Node data = reading.document.root().child("data");
  auto receipt_no = matched_receipt_no(data, expected);
  if (!receipt_no) {
    SubmitOutcome outcome = outcome_with(SubmitState::unknown, std::move(receipt_no).error());
    outcome.platform_code = reading.code;
    return outcome;
  }
  SubmitOutcome outcome;
  outcome.state = SubmitState::delivered;
  outcome.receipt = response.body;
  outcome.receipt_no = *std::move(receipt_no);
  const wire::Node duplicate = data.child("duplicate");
  outcome.duplicate = duplicate && duplicate.kind() == wire::NodeKind::boolean && duplicate.raw_text() == "true";
  outcome.platform_code = reading.code;
  FAULT_POINT("s24_receipt_parsed");
  return outcome;
}

Error error_of_code(const std::string& code) {
  const auto row = std::find_if(kCodes.begin(), kCodes.end(), [&code](const CodeRow& r) { return r.code == code; });
  return Error(row == kCodes.end() ? Errc::platform_unknown_code : row->error);
}

SubmitOutcome by_code(const Reading& reading, const net::HttpResponse& response, const Expected& expected, UtcMillis now) {
  const auto row = std::find_if(kCodes.begin(), kCodes.end(), [&reading](const CodeRow& r) { return r.code == reading.code; });
  const wire::Node data = reading.document.root().child("data");
  SubmitOutcome outcome;
  if (row == kCodes.end()) {
    outcome = outcome_with(SubmitState::unknown, Error(Errc::platform_unknown_code));
  } else if (names_another(data, expected)) {
    outcome = outcome_with(SubmitState::unknown, Error(Errc::platform_wrong_receipt).at("/data/messageId"));
  } else {
    PlatformReasons reasons = platform_reasons(data);
    outcome = outcome_with(row->state, Error(row->error).at(std::move(reasons.first_field)));
    if (!reasons.text.en.empty()) outcome.reason = std::move(reasons.text);
    if (row->state == SubmitState::retry) outcome.retry_after = retry_after(response.headers, now);
    outcome.platform_down = row->error == Errc::platform_internal;
  }
  outcome.platform_code = reading.code;
  return outcome;
}

QueryOutcome query_of(SubmitOutcome&& decided) {
  QueryOutcome outcome = query_failed(decided.error ? *std::move(decided.error) : Error(Errc::platform_answer_unreadable));
  if (outcome.error->code() == Errc::platform_api_missing) outcome.state = QueryState::not_offered;
  outcome.platform_down = decided.platform_down && outcome.state == QueryState::failed;
  return outcome;
}

} // namespace

SubmitOutcome read_submit(const net::HttpOutcome& outcome, const Expected& expected, const GatewayDialect& gateway, UtcMillis now) {
  Reading reading = read(outcome, gateway, now);
  if (reading.decided) return *std::move(reading.decided);
  const net::HttpResponse& response = outcome.exchange->response;
  return reading.code == "0" ? taken(reading, response, expected) : by_code(reading, response, expected, now);
}

QueryOutcome read_query(const net::HttpOutcome& outcome, const Expected& expected, const GatewayDialect& gateway, UtcMillis now) {
  Reading reading = read(outcome, gateway, now);
  if (reading.decided) return query_of(*std::move(reading.decided));
  if (reading.code != "0") return query_failed(error_of_code(reading.code));
  const wire::Node data = reading.document.root().child("data");
  const auto id = text_of(data, "messageId");
  if (!id) return query_failed(Error(Errc::platform_answer_unreadable).at("/data/messageId"));
  if (*id != expected.message_id) return query_failed(Error(Errc::platform_wrong_receipt).at("/data/messageId"));
  const wire::Node found = data.child("found");
  if (!found || found.kind() != wire::NodeKind::boolean) return query_failed(Error(Errc::platform_answer_unreadable).at("/data/found"));
  QueryOutcome answer;
  if (found.raw_text() != "true") {
    answer.state = QueryState::absent;
    return answer;
  }
  auto receipt_no = matched_receipt_no(data, expected);
  if (!receipt_no) {
    const bool other_content = receipt_no.error().where() == "/data/digest" && receipt_no.error().code() == Errc::platform_wrong_receipt;
    return query_failed(other_content ? Error(Errc::platform_conflict).at("/data/digest") : std::move(receipt_no).error());
  }
  answer.state = QueryState::found;
  answer.receipt = outcome.exchange->response.body;
  answer.receipt_no = *std::move(receipt_no);
  FAULT_POINT("s24_receipt_parsed");
  return answer;
}

Result<wire::Document> read_service(const net::HttpOutcome& outcome, const GatewayDialect& gateway, UtcMillis now) {
  Reading reading = read(outcome, gateway, now);
  if (reading.decided) return reading.decided->error ? *std::move(reading.decided->error) : Error(Errc::platform_answer_unreadable);
  if (reading.code != "0") return error_of_code(reading.code);
  return std::move(reading.document);
}

} // namespace tongqu::platform::case_exchange
