#include "connectors/platforms/gjgxjhpt/secret_answer.hpp"

#include "connectors/platforms/gjgxjhpt/gateway.hpp"
#include "tongqu/wire/json.hpp"

namespace tongqu::platform::gjgxjhpt {
namespace {

constexpr std::chrono::hours kBeijing{8};
constexpr std::string_view kRefreshPath = "/sysapi/auth/refreshappsecret";

/// Two or four digits at a place, or -1.
int digits(std::string_view text, std::size_t at, std::size_t count) noexcept {
  int value = 0;
  for (const char c : text.substr(at, count)) {
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  return value;
}

bool has_marks(std::string_view text) noexcept {
  return text.size() == 19 && text[4] == '-' && text[7] == '-' && text[10] == ' ' && text[13] == ':' && text[16] == ':';
}

Result<void> check_status(int status) {
  if (status == 200) return {};
  if (status >= 300 && status < 400) return Error(Errc::platform_redirect);
  if (status == 429) return Error(Errc::platform_throttled);
  return Error(Errc::platform_http_status).with("HTTP " + std::to_string(status));
}

Error unreadable(std::string where) { return Error(Errc::platform_answer_unreadable).at(std::move(where)); }

UtcMillis end_of(const wire::Node& data, UtcMillis now) {
  const wire::Node node = data.child("secretEndTime");
  if (node && node.kind() == wire::NodeKind::string) {
    const auto end = parse_beijing_time(node.raw_text());
    if (end && *end > now) return *end;
  }
  return next_beijing_midnight(now);
}

} // namespace

std::optional<UtcMillis> parse_beijing_time(std::string_view text) noexcept {
  if (!has_marks(text)) return std::nullopt;
  const int year = digits(text, 0, 4), month = digits(text, 5, 2), day = digits(text, 8, 2);
  const int hour = digits(text, 11, 2), minute = digits(text, 14, 2), second = digits(text, 17, 2);
  if (year < 1970 || month < 1 || day < 1 || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::sys_days(date)) + std::chrono::hours(hour) +
         std::chrono::minutes(minute) + std::chrono::seconds(second) - kBeijing;
}

UtcMillis next_beijing_midnight(UtcMillis now) noexcept {
  const auto local = now + kBeijing;
  const auto day = std::chrono::floor<std::chrono::days>(local);
  return std::chrono::time_point_cast<std::chrono::milliseconds>(day + std::chrono::days(1)) - kBeijing;
}

net::HttpRequest refresh_request(const Secret& app_key, const Stamp& stamp) {
  net::HttpRequest request;
  request.method = "POST";
  request.target = std::string(kRefreshPath);
  request.headers.add("Content-Type", "application/json");
  request.headers.add("Accept", "application/json");
  wire::JsonWriter json(request.body);
  json.begin_object();
  json.member("gjgxjhpt_rid", stamp.rid);
  json.member("gjgxjhpt_sid", stamp.sid);
  json.member("gjgxjhpt_rtime", stamp.rtime);
  json.member("gjgxjhpt_sign", signature(app_key, stamp));
  json.end_object();
  return request;
}

Result<FreshSecret> read_refresh(const net::HttpResponse& response, const Secret& app_key, UtcMillis now) {
  TONGQU_CHECK(check_status(response.status));
  auto document = wire::parse_json(response.body);
  if (!document) return unreadable(document.error().where());
  const wire::Node root = document->root();
  if (const auto refusal = gateway_dialect().read(root)) return Error(refusal->error);
  if (root.kind() != wire::NodeKind::object) return unreadable("");
  const wire::Node code = root.child("code");
  if (!code || code.kind() != wire::NodeKind::string || code.raw_text() != "0") return unreadable("/code");
  const wire::Node data = root.child("data");
  if (!data || data.kind() != wire::NodeKind::object) return unreadable("/data");
  const wire::Node sealed = data.child("secret");
  if (!sealed || sealed.kind() != wire::NodeKind::string) return unreadable("/data/secret");
  TONGQU_TRY(Secret secret, unwrap_secret(sealed.raw_text(), app_key));
  return FreshSecret{std::move(secret), end_of(data, now)};
}

} // namespace tongqu::platform::gjgxjhpt
