#include "tongqu/platform/http_answers.hpp"

#include <algorithm>
#include <array>

namespace tongqu::platform {
namespace {

/// Digits at [at, at + count) as a number, or -1.
int digits(std::string_view text, std::size_t at, std::size_t count) noexcept {
  int value = 0;
  for (const char c : text.substr(at, count)) {
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  return value;
}

int index_of(std::string_view names, std::string_view name) noexcept {
  for (std::size_t at = 0; at + 3 <= names.size(); at += 3) {
    if (names.substr(at, 3) == name) return static_cast<int>(at / 3);
  }
  return -1;
}

/// Days from 1970-01-01 in the proleptic Gregorian calendar, month 1 to 12.
std::int64_t days_from_civil(std::int64_t year, int month, int day) noexcept {
  year -= month <= 2 ? 1 : 0;
  const std::int64_t era = year / 400;
  const std::int64_t of_era = year - era * 400;
  const std::int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

/// Failures that say nothing about the peer.
bool our_own(const Error& error) noexcept {
  return error.code() == Errc::net_queue_full || error.code() == Errc::base_stopped || error.code() == Errc::net_target ||
         error.code() == Errc::net_header;
}

} // namespace

std::optional<UtcMillis> parse_http_date(std::string_view text) noexcept {
  if (text.size() != 29 || text.substr(3, 2) != ", " || text[7] != ' ' || text[11] != ' ' || text[16] != ' ') return std::nullopt;
  if (text[19] != ':' || text[22] != ':' || text.substr(25) != " GMT") return std::nullopt;
  const int month = index_of("JanFebMarAprMayJunJulAugSepOctNovDec", text.substr(8, 3)) + 1;
  const int day = digits(text, 5, 2), year = digits(text, 12, 4);
  const int hour = digits(text, 17, 2), minute = digits(text, 20, 2), second = digits(text, 23, 2);
  if (month < 1 || day < 1 || day > 31 || year < 1970 || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) {
    return std::nullopt;
  }
  const std::int64_t seconds = days_from_civil(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
  return from_epoch_ms(seconds * 1000);
}

std::optional<std::chrono::milliseconds> retry_after(const net::Headers& headers, UtcMillis now) {
  const std::string_view text = headers.get("Retry-After");
  if (text.empty()) return std::nullopt;
  if (std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    const std::string_view number = text.substr(std::min(text.find_first_not_of('0'), text.size()));
    if (number.size() > 6) return kRetryAfterMax;
    return std::clamp(std::chrono::milliseconds(std::chrono::seconds(digits(number, 0, number.size()))), kRetryAfterMin, kRetryAfterMax);
  }
  const auto date = parse_http_date(text);
  if (!date) return std::nullopt;
  return std::clamp(std::chrono::milliseconds(*date - now), kRetryAfterMin, kRetryAfterMax);
}

std::optional<std::chrono::seconds> clock_offset(const net::Headers& headers, UtcMillis now) {
  const auto date = parse_http_date(headers.get("Date"));
  if (!date) return std::nullopt;
  return std::chrono::duration_cast<std::chrono::seconds>(*date - now);
}

SubmitOutcome outcome_with(SubmitState state, Error error) {
  SubmitOutcome outcome;
  outcome.state = state;
  outcome.reason = reason_of(error);
  outcome.error = std::move(error);
  return outcome;
}

SubmitOutcome outcome_of_failure(const net::HttpFailure& failure) {
  SubmitOutcome outcome = outcome_with(failure.sent == net::Sent::nothing ? SubmitState::not_sent : SubmitState::unknown, failure.error);
  outcome.platform_down = !our_own(failure.error);
  return outcome;
}

SubmitOutcome outcome_of_reply(const Result<Reply>& reply, int http_status) {
  const bool there = reply && (reply->is == Reply::Is::accepted || reply->is == Reply::Is::duplicate);
  SubmitOutcome outcome;
  if (!there && http_status >= 500) {
    outcome = outcome_with(SubmitState::unknown, Error(Errc::platform_http_status).with("HTTP " + std::to_string(http_status)));
    outcome.platform_down = true;
  } else if (!reply) {
    outcome = outcome_with(SubmitState::unknown, Error(Errc::platform_answer_unreadable).because(reply.error()));
    outcome.platform_down = true;
  } else if (there) {
    outcome.state = SubmitState::delivered;
    outcome.duplicate = reply->is == Reply::Is::duplicate;
    outcome.receipt_no = reply->receipt;
  } else if (reply->is == Reply::Is::retry_later) {
    outcome = outcome_with(SubmitState::retry, Error(Errc::platform_busy));
  } else if (reply->is == Reply::Is::fix_setup) {
    // Meets every message alike, until a person has mended the setup.
    outcome = outcome_with(SubmitState::retry, Error(Errc::platform_envelope_refused));
    outcome.platform_down = true;
  } else {
    outcome = outcome_with(SubmitState::refused, Error(Errc::platform_row_refused));
  }
  if (reply) outcome.platform_code = reply->code;
  return outcome;
}

QueryOutcome query_of_failure(const net::HttpFailure& failure) {
  QueryOutcome outcome;
  outcome.state = QueryState::failed;
  outcome.error = failure.error;
  outcome.platform_down = !our_own(failure.error);
  return outcome;
}

Bilingual reason_of(const Error& error) {
  const ErrcRow& row = errc_row(error.code());
  return {std::string(row.en), std::string(row.zh)};
}

} // namespace tongqu::platform
