#include "connectors/platforms/case_exchange/envelope.hpp"

#include <algorithm>
#include <array>

#include "tongqu/base/bytes.hpp"
#include "tongqu/crypto/crypto.hpp"
#include "tongqu/wire/json.hpp"

namespace tongqu::platform::case_exchange {
namespace {

constexpr std::array<std::string_view, 4> kStages{"accept", "process", "special", "result"};
constexpr std::size_t kSourceSystemMax = 64;

Error wrong_member(const char* member) { return Error(Errc::platform_envelope_refused).at(member).with("not sent, the form is wrong"); }

Result<void> check(const Submission& submission) {
  if (!is_message_id(submission.message_id)) return wrong_member("/messageId");
  if (!is_utf8(submission.source_system) || submission.source_system.empty() || utf8_length(submission.source_system) > kSourceSystemMax) {
    return wrong_member("/sourceSystem");
  }
  if (std::find(kStages.begin(), kStages.end(), submission.stage) == kStages.end()) return wrong_member("/stage");
  if (submission.body.empty() || !is_utf8(submission.body)) return wrong_member("/data");
  return {};
}

} // namespace

bool is_message_id(std::string_view text) noexcept {
  return text.size() >= 16 && text.size() <= 64 &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-'; });
}

std::string row_digest(std::string_view row) { return to_hex(crypto::sm3(row)); }

Expected expected_of(const Submission& submission) { return {submission.message_id, row_digest(submission.body)}; }

Result<net::HttpRequest> submit_request(const Submission& submission, const Expected& expected, std::string target) {
  TONGQU_CHECK(check(submission));
  net::HttpRequest request;
  request.method = "POST";
  request.target = std::move(target);
  request.headers.add("Content-Type", "application/json");
  request.headers.add("Accept", "application/json");
  request.body.reserve(submission.body.size() + submission.body.size() / 4 + 256);
  wire::JsonWriter json(request.body);
  json.begin_object();
  json.member("messageId", submission.message_id);
  json.member("sourceSystem", submission.source_system);
  json.member("stage", submission.stage);
  json.member("digest", expected.digest);
  json.member("data", submission.body);
  json.end_object();
  return request;
}

Result<net::HttpRequest> query_request(std::string_view message_id, std::string_view path) {
  if (!is_message_id(message_id)) return wrong_member("/messageId");
  net::HttpRequest request;
  request.method = "GET";
  request.target = std::string(path) + "?messageId=" + std::string(message_id);
  request.headers.add("Accept", "application/json");
  return request;
}

} // namespace tongqu::platform::case_exchange
