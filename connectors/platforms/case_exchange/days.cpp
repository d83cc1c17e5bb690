#include "connectors/platforms/case_exchange/days.hpp"

#include <algorithm>
#include <charconv>

#include "tongqu/wire/json.hpp"

namespace tongqu::platform::case_exchange {
namespace {

constexpr std::size_t kIdBytesMax = 64;
constexpr std::size_t kDataBytesMax = std::size_t{64} * 1024;

bool is_id_character(char c) noexcept { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-'; }

bool is_date(std::string_view text) noexcept {
  if (text.size() != 10) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i == 4 || i == 7 ? text[i] != '-' : text[i] < '0' || text[i] > '9') return false;
  }
  return true;
}

bool is_digest(std::string_view text) noexcept {
  return text.size() == 64 && std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_event_id(std::string_view text) noexcept {
  return !text.empty() && text.size() <= kIdBytesMax && std::all_of(text.begin(), text.end(), [](char c) { return is_id_character(c) || (c >= 'A' && c <= 'Z') || c == '_'; });
}

std::string_view text_of(const wire::Node& object, std::string_view member) {
  const wire::Node node = object && object.kind() == wire::NodeKind::object ? object.child(member) : wire::Node();
  return node && node.kind() == wire::NodeKind::string ? node.raw_text() : std::string_view();
}

std::optional<std::uint64_t> count_of(const wire::Node& object) {
  const wire::Node node = object.child("count");
  std::uint64_t n = 0;
  if (!node || node.kind() != wire::NodeKind::number) return std::nullopt;
  const std::string_view text = node.raw_text();
  const auto [at, ec] = std::from_chars(text.data(), text.data() + text.size(), n);
  return ec == std::errc() && at == text.data() + text.size() ? std::optional<std::uint64_t>(n) : std::nullopt;
}

Error unreadable(std::string where) { return Error(Errc::platform_answer_unreadable).at(std::move(where)); }

net::HttpRequest get(std::string target) {
  net::HttpRequest request;
  request.method = "GET";
  request.target = std::move(target);
  request.headers.add("Accept", "application/json");
  return request;
}

/// The parts of an answer; false when one of them does not stand below the prefix.
bool read_parts(const wire::Node& parts, std::string_view prefix, DayOutcome& out) {
  for (wire::Node one = parts.first_child(); one; one = one.next()) {
    DayPart part{std::string(text_of(one, "prefix")), 0, std::string(text_of(one, "digest"))};
    const auto count = one.kind() == wire::NodeKind::object ? count_of(one) : std::nullopt;
    const bool below = part.prefix.size() == prefix.size() + 1 && part.prefix.substr(0, prefix.size()) == prefix && is_id_character(part.prefix.back());
    if (!below || !count || !is_digest(part.digest)) return false;
    part.count = *count;
    out.parts.push_back(std::move(part));
  }
  return true;
}

bool read_entries(const wire::Node& entries, std::string_view prefix, DayOutcome& out) {
  for (wire::Node one = entries.first_child(); one; one = one.next()) {
    DayEntry entry{std::string(text_of(one, "messageId")), std::string(text_of(one, "digest"))};
    if (!is_message_id(entry.message_id) || entry.message_id.compare(0, prefix.size(), prefix) != 0 || !is_digest(entry.digest)) return false;
    out.entries.push_back(std::move(entry));
  }
  return true;
}

Result<UpEvent> read_event(const wire::Node& node) {
  UpEvent event{std::string(text_of(node, "eventId")), std::string(text_of(node, "sourceSystem")), std::string(text_of(node, "project_no")),
                std::string(text_of(node, "kind")), std::string(text_of(node, "at")), std::string(text_of(node, "data")), std::string(text_of(node, "digest"))};
  if (!is_event_id(event.event_id)) return Error(Errc::platform_events_unreadable).at("/data/events/eventId");
  if (event.source_system.empty() || event.source_system.size() > 256) return Error(Errc::platform_events_unreadable).at("/data/events/sourceSystem");
  if (event.case_no.empty() || event.case_no.size() > 200) return Error(Errc::platform_events_unreadable).at("/data/events/project_no");
  if (event.kind.empty() || event.kind.size() > 64) return Error(Errc::platform_events_unreadable).at("/data/events/kind");
  if (event.data.empty() || event.data.size() > kDataBytesMax) return Error(Errc::platform_events_unreadable).at("/data/events/data");
  if (row_digest(event.data) != event.digest) return Error(Errc::platform_events_unreadable).at("/data/events/digest");
  const auto data = wire::parse_json(event.data);
  if (!data || data->root().kind() != wire::NodeKind::object) return Error(Errc::platform_events_unreadable).at("/data/events/data");
  return event;
}

} // namespace

DayOutcome day_failed(Error error) {
  DayOutcome outcome;
  outcome.error = std::move(error);
  return outcome;
}

EventsOutcome events_failed(Error error) {
  EventsOutcome outcome;
  outcome.error = std::move(error);
  return outcome;
}

Result<net::HttpRequest> day_request(std::string_view date, std::string_view prefix, std::string_view path) {
  const bool right = prefix.size() <= kIdBytesMax && std::all_of(prefix.begin(), prefix.end(), is_id_character);
  if (!is_date(date) || !right) return Error(Errc::platform_envelope_refused).at(is_date(date) ? "/prefix" : "/date");
  return get(std::string(path) + "?date=" + std::string(date) + "&prefix=" + std::string(prefix));
}

DayOutcome read_day(const net::HttpOutcome& outcome, std::string_view date, std::string_view prefix, const GatewayDialect& gateway, UtcMillis now) {
  auto document = read_service(outcome, gateway, now);
  if (!document) {
    DayOutcome failed = day_failed(std::move(document).error());
    if (failed.error->code() == Errc::platform_api_missing) failed.state = QueryState::not_offered;
    return failed;
  }
  const wire::Node data = document->root().child("data");
  const auto count = data && data.kind() == wire::NodeKind::object ? count_of(data) : std::nullopt;
  if (!count) return day_failed(unreadable("/data/count"));
  if (text_of(data, "date") != date) return day_failed(unreadable("/data/date"));
  // An old service answers for the whole day whatever is asked.
  if (!prefix.empty() && text_of(data, "prefix") != prefix) return day_failed(Error(Errc::platform_digest_not_offered).at("/data/prefix"));
  DayOutcome out;
  out.state = QueryState::found;
  out.count = *count;
  out.digest = text_of(data, "digest");
  if (!is_digest(out.digest)) return day_failed(unreadable("/data/digest"));
  const wire::Node parts = data.child("parts"), entries = data.child("entries");
  if (parts && !read_parts(parts, prefix, out)) return day_failed(unreadable("/data/parts"));
  if (entries && !read_entries(entries, prefix, out)) return day_failed(unreadable("/data/entries"));
  return out;
}

net::HttpRequest events_request(std::size_t max, std::string_view path) { return get(std::string(path) + "?max=" + std::to_string(max)); }

EventsOutcome read_events(const net::HttpOutcome& outcome, const GatewayDialect& gateway, UtcMillis now) {
  auto document = read_service(outcome, gateway, now);
  if (!document) {
    EventsOutcome failed = events_failed(std::move(document).error());
    if (failed.error->code() == Errc::platform_api_missing) failed.state = QueryState::not_offered;
    return failed;
  }
  const wire::Node data = document->root().child("data");
  const wire::Node events = data && data.kind() == wire::NodeKind::object ? data.child("events") : wire::Node();
  if (!events || events.kind() != wire::NodeKind::array) return events_failed(Error(Errc::platform_events_unreadable).at("/data/events"));
  EventsOutcome out;
  out.state = QueryState::found;
  for (wire::Node one = events.first_child(); one; one = one.next()) {
    auto event = read_event(one);
    if (!event) return events_failed(std::move(event).error());
    out.events.push_back(*std::move(event));
  }
  const wire::Node more = data.child("more");
  out.more = more && more.kind() == wire::NodeKind::boolean && more.raw_text() == "true";
  return out;
}

net::HttpRequest confirm_request(const std::vector<std::string>& event_ids, std::string target) {
  net::HttpRequest request;
  request.method = "POST";
  request.target = std::move(target);
  request.headers.add("Content-Type", "application/json");
  request.headers.add("Accept", "application/json");
  wire::JsonWriter json(request.body);
  json.begin_object();
  json.key("eventIds");
  json.begin_array();
  for (const std::string& id : event_ids) json.string(id);
  json.end_array();
  json.end_object();
  return request;
}

std::optional<Error> read_confirmation(const net::HttpOutcome& outcome, const GatewayDialect& gateway, UtcMillis now) {
  auto document = read_service(outcome, gateway, now);
  if (!document) return std::move(document).error();
  return std::nullopt;
}

std::vector<ReceiptFacts> read_receipts(std::string_view stored) {
  std::vector<ReceiptFacts> all;
  while (!stored.empty()) {
    const std::string_view line = stored.substr(0, stored.find('\n'));
    stored.remove_prefix(line.size() == stored.size() ? line.size() : line.size() + 1);
    const auto document = wire::parse_json(line);
    const wire::Node data = document && document->root().kind() == wire::NodeKind::object ? document->root().child("data") : wire::Node();
    const std::string_view id = text_of(data, "messageId"), digest = text_of(data, "digest"), at = text_of(data, "receivedAt");
    if (is_message_id(id) && is_digest(digest) && is_date(at.substr(0, 10))) all.push_back({std::string(id), std::string(digest), std::string(at.substr(0, 10))});
  }
  return all;
}

} // namespace tongqu::platform::case_exchange
