#include "bridge/operator_desk.hpp"

#include <algorithm>
#include <charconv>

#include "tongqu/wire/finding_json.hpp"
#include "tongqu/wire/json.hpp"

namespace tongqu::bridge::detail {

using journal::DeliveryState;

struct OperatorDesk::Request {
  std::string cmd, message_id, target, state, as, reason, day, prefix;
  std::string record_class, system;
  std::int64_t delivery = 0, days = 0;
  bool preview = false, remap = false, overtake = false;
};

namespace {

constexpr std::size_t kReasonMax = 500;
constexpr std::size_t kPreviewMax = 100000;

std::string ok_object(const std::function<void(wire::JsonWriter&)>& more = nullptr) {
  std::string out;
  wire::JsonWriter w(out);
  w.begin_object();
  w.key("ok");
  w.boolean(true);
  if (more) more(w);
  w.end_object();
  return out;
}

Error misunderstood(std::string where) { return Error(Errc::bridge_control_request).at(std::move(where)); }

} // namespace

std::string OperatorDesk::answer(std::string_view text, const std::string& who) {
  const auto refused = [](const Error& error) { return "{\"ok\":false,\"error\":" + wire::refusal_json(error, "", {}) + "}"; };
  auto document = wire::parse_json(text);
  if (!document || document->root().kind() != wire::NodeKind::object) return refused(misunderstood("request"));
  Request request;
  for (wire::Node member = document->root().first_child(); member; member = member.next()) {
    const std::string_view name = member.name(), value = member.raw_text();
    if (name == "cmd") request.cmd = value;
    else if (name == "message_id") request.message_id = value;
    else if (name == "target") request.target = value;
    else if (name == "state") request.state = value;
    else if (name == "as") request.as = value;
    else if (name == "day") request.day = value;
    else if (name == "prefix") request.prefix = value;
    else if (name == "reason") request.reason = value;
    else if (name == "preview") request.preview = value == "true";
    else if (name == "remap") request.remap = value == "true";
    else if (name == "overtake") request.overtake = value == "true";
    else if (name == "class") request.record_class = value;
    else if (name == "system") request.system = value;
    else if (name == "days") std::from_chars(value.data(), value.data() + value.size(), request.days);
    else if (name == "delivery") std::from_chars(value.data(), value.data() + value.size(), request.delivery);
    else return refused(misunderstood(std::string(name)));
  }
  const bool acts = request.cmd != "status" && request.cmd != "platform_day" && !request.preview;
  if (acts && (request.reason.empty() || request.reason.size() > kReasonMax)) return refused(misunderstood("reason"));
  if (request.cmd == "replay_message") return replay(request, {who, request.reason});
  if (request.cmd == "reload") return reload(request, {who, request.reason});
  auto done = act(request, {who, request.reason});
  return done ? *std::move(done) : refused(done.error());
}

Result<std::string> OperatorDesk::act(const Request& request, const journal::Journal::Act& act) {
  if (request.cmd == "status") return status();
  if (request.cmd == "platform_day") return platform_day(request);
  if (request.cmd == "hold_release") return release(request, act);
  if (request.cmd == "hold_discard") return discard(request, act);
  if (request.cmd == "purge") return purge(request, act);
  if (request.cmd == "rekey") {
    TONGQU_TRY(const auto rows, journal_.reseal(act));
    return ok_object([rows](wire::JsonWriter& w) { w.member("resealed", rows); });
  }
  const bool resolves = request.cmd == "resolve";
  if (!resolves && request.cmd != "replay") return misunderstood("cmd");
  if (resolves && request.as != "delivered" && request.as != "absent") return misunderstood("as");
  if (request.preview) return preview_move(request, resolves ? DeliveryState::unknown : DeliveryState::parked);
  if (resolves) {
    TONGQU_CHECK(journal_.resolve(request.delivery, request.as == "delivered" ? journal::Journal::Resolution::delivered : journal::Journal::Resolution::absent, act));
  } else {
    TONGQU_CHECK(journal_.unpark(request.delivery, act));
  }
  parts_.wake();
  return ok_object();
}

/// What resolve and replay would move: a delivery in the state that they take.
Result<std::string> OperatorDesk::preview_move(const Request& request, DeliveryState from) {
  TONGQU_TRY(const auto all, journal_.deliveries(from, kPreviewMax));
  const auto at = std::find_if(all.begin(), all.end(), [&](const auto& d) { return d.delivery == request.delivery; });
  if (at == all.end()) return Error(Errc::journal_illegal_move).at("delivery " + std::to_string(request.delivery));
  return ok_object([&](wire::JsonWriter& w) {
    w.member("would_move", at->message_id);
    w.member("target", at->target);
    w.member("from", journal::state_name(from));
    w.member("to", journal::state_name(request.as == "delivered" ? DeliveryState::delivered : DeliveryState::ready));
  });
}

Result<std::string> OperatorDesk::release(const Request& request, const journal::Journal::Act& act) {
  TONGQU_TRY(const IntakeRoad::Release release, intake_.release(request.message_id, act, request.preview));
  parts_.wake();
  return ok_object([&](wire::JsonWriter& w) {
    w.key("released");
    w.boolean(release.released);
    w.key("would_release");
    w.boolean(!release.findings.has_errors());
    if (!release.released && !request.preview) {
      const Error still(Errc::bridge_still_held);
      w.member("error_id", still.id());
      w.key("message");
      w.begin_object();
      w.member("en", still.message(Lang::en));
      w.member("zh", still.message(Lang::zh));
      w.end_object();
    }
    w.member("pack", release.pack);
    wire::write_findings(w, release.findings);
  });
}

Result<std::string> OperatorDesk::discard(const Request& request, const journal::Journal::Act& act) {
  TONGQU_TRY(const auto view, journal_.message(request.message_id));
  if (!view) return Error(Errc::journal_not_found).at(request.message_id);
  std::int64_t discarded = 0;
  for (const auto& delivery : view->deliveries) {
    if (!request.target.empty() && delivery.target != request.target) continue;
    if (delivery.state != DeliveryState::held && delivery.state != DeliveryState::parked) continue;
    if (!request.preview) TONGQU_CHECK(journal_.discard(request.message_id, delivery.target, act));
    ++discarded;
  }
  if (discarded > 0 && !request.preview) intake_.acquit(request.message_id);
  if (discarded == 0) return Error(Errc::bridge_not_held).at(request.message_id);
  if (!request.preview) parts_.wake();
  return ok_object([&](wire::JsonWriter& w) { w.member(request.preview ? "would_discard" : "discarded", discarded); });
}

std::string OperatorDesk::replay(const Request& request, const journal::Journal::Act& act) {
  Findings findings;
  const auto done = intake_.replay({request.message_id, request.target, request.state, request.remap, request.overtake, request.preview}, act, findings);
  if (!done) return "{\"ok\":false,\"error\":" + wire::refusal_json(done.error(), "", findings) + "}";
  if (!request.preview) parts_.wake();
  return ok_object([&](wire::JsonWriter& w) {
    w.member("from", done->from);
    w.member("pack", done->pack);
    w.key("changed");
    w.boolean(done->changed);
    w.member("delivery", done->delivery);
    w.key("messages");
    w.begin_array();
    for (const auto& one : done->messages) w.string(one);
    w.end_array();
  });
}

/// Mistakes come with their file, line and key, whether it was done or not.
std::string OperatorDesk::reload(const Request& request, const journal::Journal::Act& act) {
  Findings mistakes;
  const auto done = parts_.reload(mistakes, request.preview ? std::string() : act.who);
  if (!done) return "{\"ok\":false,\"error\":" + wire::refusal_json(done.error(), "", mistakes) + "}";
  return ok_object([&](wire::JsonWriter& w) {
    w.key(request.preview ? "would_reload" : "reloaded");
    w.boolean(true);
  });
}

Result<std::string> OperatorDesk::platform_day(const Request& request) {
  TONGQU_TRY(const auto outcome, parts_.day(request.target, request.day, request.prefix));
  return ok_object([&](wire::JsonWriter& w) {
    w.member("count", static_cast<std::int64_t>(outcome.count));
    w.member("digest", outcome.digest);
    w.key("parts");
    w.begin_array();
    for (const auto& part : outcome.parts) {
      w.begin_object();
      w.member("prefix", part.prefix);
      w.member("count", static_cast<std::int64_t>(part.count));
      w.member("digest", part.digest);
      w.end_object();
    }
    w.end_array();
    w.key("entries");
    w.begin_array();
    for (const auto& entry : outcome.entries) {
      w.begin_object();
      w.member("message_id", entry.message_id);
      w.member("digest", entry.digest);
      w.end_object();
    }
    w.end_array();
  });
}

Result<std::string> OperatorDesk::purge(const Request& request, const journal::Journal::Act& act) {
  using Purge = journal::Journal::Purge;
  constexpr std::int64_t kDaysMax = 36500;
  static const std::pair<std::string_view, Purge::What> kClasses[] = {
      {"bodies", Purge::What::bodies}, {"receipts", Purge::What::receipts}, {"refusals", Purge::What::refusals}};
  const auto* named = std::find_if(std::begin(kClasses), std::end(kClasses), [&](const auto& one) { return one.first == request.record_class; });
  if (named == std::end(kClasses)) return misunderstood("class");
  if (request.days < 0 || request.days > kDaysMax) return misunderstood("days");
  const Purge what{named->second, request.system, std::chrono::hours(24 * request.days)};
  TONGQU_TRY(const auto count, journal_.purge(what, act, request.preview ? journal::Journal::Redo::preview : journal::Journal::Redo::act));
  return ok_object([&](wire::JsonWriter& w) { w.member(request.preview ? "would_purge" : "purged", count); });
}

Result<std::string> OperatorDesk::status() {
  TONGQU_TRY(const auto counts, journal_.counts());
  return ok_object([&](wire::JsonWriter& w) {
    w.member("messages", counts.messages);
    w.member("refusals", counts.refusals);
    w.key("deliveries");
    w.begin_object();
    for (int i = 0; i < 9; ++i) w.member(journal::state_name(static_cast<journal::DeliveryState>(i)), counts.by_state[i]);
    w.end_object();
  });
}

} // namespace tongqu::bridge::detail
