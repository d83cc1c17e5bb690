#include <chrono>
#include <map>
#include <sstream>
#include <thread>

#include "tongqu/journal/scan.hpp"
#include "tongqu/model/values.hpp"
#include "tongqu/wire/json.hpp"
#include "tools/tongqu/bridge_commands.hpp"

/// Sending many messages again: chosen here from the store, done one by one by the running bridge, in the order of their intake.
namespace tongqu::tool {
namespace {

using journal::DeliveryState;

/// "2026-03-05" is the first instant of that day in China; "2026-03-05T07:08:00+08:00" an instant. Empty: no bound.
Result<UtcMillis> instant(const std::string& text, const char* option) {
  if (text.empty()) return UtcMillis{};
  auto time = model::Time::parse(text);
  if (!time || (!time->has_clock() && time->precision != model::Time::Precision::day)) return Error(Errc::base_usage).at(option).with("yyyy-MM-dd, or RFC 3339");
  if (!time->has_clock()) {
    time->precision = model::Time::Precision::minute;
    time->offset_minutes = 480;
  }
  return time->utc();
}

Result<std::vector<DeliveryState>> states_of(const std::string& text) {
  std::vector<DeliveryState> states;
  std::istringstream names(text.empty() ? "parked,refused" : text);
  for (std::string name; std::getline(names, name, ',');) {
    bool known = false;
    for (int i = 0; i < 9; ++i) {
      if (journal::state_name(static_cast<DeliveryState>(i)) != name) continue;
      states.push_back(static_cast<DeliveryState>(i));
      known = true;
    }
    if (!known) return Error(Errc::base_usage).at("--state").with(name);
  }
  return states;
}

Result<journal::ScanFilter> filter_of(const BridgeOptions& options) {
  journal::ScanFilter filter;
  filter.target = options.target;
  filter.system = options.system;
  filter.latest_only = true;
  TONGQU_TRY(filter.taken_from, instant(options.from, "--from"));
  TONGQU_TRY(filter.taken_until, instant(options.to, "--to"));
  TONGQU_TRY(filter.states, states_of(options.replay_states));
  return filter;
}

std::string request_of(const BridgeOptions& options, const journal::ScannedDelivery& one) {
  std::string out;
  wire::JsonWriter w(out);
  w.begin_object();
  w.member("cmd", "replay_message");
  w.member("message_id", one.view.message_id);
  w.member("target", one.view.target);
  w.member("state", journal::state_name(one.view.state));
  w.member("reason", options.reason);
  for (const auto& [name, value] : {std::pair{"remap", options.remap}, std::pair{"overtake", options.overtake}, std::pair{"preview", options.preview}}) {
    w.key(name);
    w.boolean(value);
  }
  w.end_object();
  return out;
}

struct Tally {
  std::size_t sent = 0, skipped = 0;
  std::map<std::string, std::size_t> why;
};

/// One line for a delivery, and whether the bridge still answers.
Result<void> replay_one(const std::string& socket, const BridgeOptions& options, const Console& console, const journal::ScannedDelivery& one, Tally& tally) {
  TONGQU_TRY(const std::string answer, bridge::control_request(socket, request_of(options, one)));
  const auto document = wire::parse_json(answer);
  if (!document) return Error(Errc::bridge_control_request);
  const wire::Node root = document->root();
  const bool ok = root.child("ok") && root.child("ok").raw_text() == "true";
  const std::string why = ok || !root.child("error") ? std::string() : std::string(root.child("error").child("id").raw_text());
  if (ok) ++tally.sent;
  else ++tally.skipped, ++tally.why[why];
  const std::string state(journal::state_name(one.view.state));
  if (!console.json) {
    std::string line = one.view.message_id + "  " + one.view.target + "  " + one.view.system + "  " + one.view.case_no + "  " + one.view.event + "  " + state + "  ";
    line += ok ? std::string(options.preview ? console.pick("would be sent", "将会发送") : console.pick("queued", "已排队")) : std::string(console.pick("skipped  ", "跳过  ")) + why;
    if (ok && root.child("pack")) line += "  " + std::string(root.child("pack").raw_text());
    if (ok && root.child("changed") && root.child("changed").raw_text() == "true") line += std::string(console.pick("  record changes", "  记录有变化"));
    console.say(line);
    return {};
  }
  std::string out;
  wire::JsonWriter w(out);
  w.begin_object();
  w.member("message_id", one.view.message_id);
  w.member("target", one.view.target);
  w.member("case_no", one.view.case_no);
  w.member("state", state);
  w.member("action", ok ? "send" : "skip");
  if (!why.empty()) w.member("why", why);
  w.key("bridge");
  w.node(root);
  w.end_object();
  console.machine(out);
  return {};
}

} // namespace

int replay_many(const BridgeOptions& options, const Console& console) {
  if (options.target.empty() || (options.reason.empty() && !options.preview)) return console.fail(Error(Errc::base_usage).at(options.target.empty() ? "--target" : "--reason"));
  const auto config = load_bridge(options, console);
  if (!config) return console.fail(config.error());
  auto store = bridge::journal_options(*config);
  if (!store) return console.fail(store.error());
  const auto filter = filter_of(options);
  if (!filter) return console.fail(filter.error());

  const auto gap = options.rate == 0 ? std::chrono::microseconds(0) : std::chrono::microseconds(1000000 / options.rate);
  auto next = std::chrono::steady_clock::now();
  Tally tally;
  Result<void> asked;
  const auto scanned = journal::scan_deliveries(*store, *filter, [&](const journal::ScannedDelivery& one) {
    if (!options.preview) {
      std::this_thread::sleep_until(next);
      next = std::max(next + gap, std::chrono::steady_clock::now() - std::chrono::seconds(1));
    }
    asked = replay_one(config->control_socket, options, console, one, tally);
    return static_cast<bool>(asked);
  });
  std::string summary = std::to_string(tally.sent) + std::string(options.preview ? console.pick(" would be sent, ", " 条将会发送，") : console.pick(" queued, ", " 条已排队，")) +
                        std::to_string(tally.skipped) + std::string(console.pick(" skipped", " 条跳过"));
  for (const auto& [why, count] : tally.why) summary += "  " + why + ": " + std::to_string(count);
  console.say(summary);
  if (!asked) return console.fail(asked.error());
  return scanned ? kDone : console.fail(scanned.error());
}

} // namespace tongqu::tool
