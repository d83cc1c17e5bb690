#include "conformance/sandbox/events.hpp"

#include <algorithm>
#include <array>

#include "tongqu/base/bytes.hpp"
#include "tongqu/crypto/crypto.hpp"
#include "tongqu/wire/json.hpp"

namespace tongqu::sandbox {
namespace {

constexpr std::size_t kAnswerBytesMax = std::size_t{200} * 1024;
constexpr std::size_t kConfirmMax = 200;

} // namespace

Result<void> EventBox::put(std::string_view json) {
  const auto document = wire::parse_json(json);
  if (!document || document->root().kind() != wire::NodeKind::object) return Error(Errc::conform_fault_spec).at("event");
  constexpr std::array<const char*, 6> kMembers{"eventId", "sourceSystem", "project_no", "kind", "at", "data"};
  Event event;
  wire::JsonWriter w(event.json);
  w.begin_object();
  for (const char* name : kMembers) {
    const wire::Node member = document->root().child(name);
    if (!member || member.kind() != wire::NodeKind::string) return Error(Errc::conform_fault_spec).at(name);
    w.member(name, member.raw_text());
  }
  const wire::Node digest = document->root().child("digest");
  w.member("digest", digest ? std::string(digest.raw_text()) : to_hex(crypto::sm3(document->root().child("data").raw_text())));
  w.end_object();
  event.id = document->root().child("eventId").raw_text();
  events_.push_back(std::move(event));
  return {};
}

std::string EventBox::list(std::size_t max) const {
  std::string body = "{\"code\":\"0\",\"data\":{\"events\":[";
  std::size_t count = 0;
  for (const Event& event : events_) {
    if (count == max || (count > 0 && body.size() + event.json.size() > kAnswerBytesMax)) break;
    if (count++ > 0) body += ',';
    body += event.json;
  }
  return body + "],\"more\":" + (count < events_.size() ? "true" : "false") + "}}";
}

std::optional<std::string> EventBox::confirm(std::string_view body) {
  const auto document = wire::parse_json(body);
  const wire::Node ids = document && document->root().kind() == wire::NodeKind::object ? document->root().child("eventIds") : wire::Node();
  if (!ids || ids.kind() != wire::NodeKind::array) return std::nullopt;
  std::set<std::string, std::less<>> named;
  for (wire::Node one = ids.first_child(); one; one = one.next()) {
    if (one.kind() != wire::NodeKind::string || named.size() >= kConfirmMax) return std::nullopt;
    named.emplace(one.raw_text());
  }
  const auto gone = std::remove_if(events_.begin(), events_.end(), [&named](const Event& event) { return named.count(event.id) > 0; });
  const auto count = static_cast<std::uint64_t>(events_.end() - gone);
  events_.erase(gone, events_.end());
  confirmed_ += count;
  return "{\"code\":\"0\",\"data\":{\"confirmed\":" + std::to_string(count) + "}}";
}

} // namespace tongqu::sandbox
