#include <charconv>

#include "tongqu/wire/json.hpp"
#include "tools/tongqu/bridge_commands.hpp"

/// Acts of an operator, done by the running bridge.
namespace tongqu::tool {

using journal::DeliveryState;

int ask_bridge(const BridgeOptions& options, const Console& console, const std::string& request) {
  const auto config = load_bridge(options, console);
  if (!config) return console.fail(config.error());
  const auto answer = bridge::control_request(config->control_socket, request);
  if (!answer) return console.fail(answer.error());
  console.machine(*answer);
  const auto document = wire::parse_json(*answer);
  if (!document) return console.fail(Error(Errc::bridge_control_request));
  const wire::Node root = document->root();
  const wire::Node error_object = root.child("error");
  const wire::Node findings = error_object ? error_object.child("findings") : root.child("findings");
  for (wire::Node finding = findings ? findings.first_child() : wire::Node(); finding; finding = finding.next()) {
    const wire::Node text = finding.child("message");
    console.say(std::string(finding.child("id").raw_text()) + "  " + std::string(text.child(console.lang == Lang::zh ? "zh" : "en").raw_text()));
  }
  if (root.child("ok").raw_text() != "true") {
    const auto code = errc_from_id(error_object.child("id").raw_text());
    return console.fail(Error(code.value_or(Errc::base_internal)).at(std::string(error_object.child("where").raw_text())));
  }
  if (options.preview && (root.child("would_move") || root.child("would_discard"))) {
    console.say(console.pick("would be done", "可以执行"));
    return kDone;
  }
  if (const wire::Node purged = root.child(options.preview ? "would_purge" : "purged"); purged) {
    console.say(std::string(options.preview ? console.pick("would be removed: ", "将清除：") : console.pick("removed: ", "已清除：")) + std::string(purged.raw_text()));
    return kDone;
  }
  if (const wire::Node resealed = root.child("resealed"); resealed) {
    console.say(std::string(console.pick("sealed under the key in force, rows: ", "已用当前密钥重新封存，行数：")) + std::string(resealed.raw_text()));
    return kDone;
  }
  const wire::Node released = root.child("released");
  if (released && released.raw_text() != "true" && !options.preview) {
    console.say(console.pick("still held", "仍处于暂存状态"));
    return kInputAtFault;
  }
  if (released && options.preview) console.say(root.child("would_release").raw_text() == "true" ? console.pick("would be released", "可以放行") : console.pick("would stay held", "仍将暂存"));
  else console.say(released ? console.pick("released", "已放行") : console.pick("done", "完成"));
  return kDone;
}

namespace {

/// A delivery by its number, or the one delivery of a message that is in `state`.
Result<std::int64_t> delivery_of(const BridgeOptions& options, const Console& console, DeliveryState state) {
  std::int64_t number = 0;
  const char* end = options.id.data() + options.id.size();
  if (const auto [at, ec] = std::from_chars(options.id.data(), end, number); ec == std::errc() && at == end) return number;
  TONGQU_TRY(const auto store, open_store(options, console));
  TONGQU_TRY(const auto view, store->message(options.id));
  if (!view) return Error(Errc::journal_not_found).at(options.id);
  std::vector<std::int64_t> fitting;
  for (const auto& d : view->deliveries) {
    if (d.state == state && (options.target.empty() || options.target == d.target)) fitting.push_back(d.delivery);
  }
  if (fitting.size() != 1) return Error(fitting.empty() ? Errc::journal_illegal_move : Errc::base_usage).at(options.id).with(fitting.empty() ? "" : "--target");
  return fitting.front();
}

} // namespace

std::string act_request(std::string_view cmd, const BridgeOptions& options, std::int64_t delivery) {
  std::string out;
  wire::JsonWriter w(out);
  w.begin_object();
  w.member("cmd", cmd);
  if (delivery != 0) w.member("delivery", delivery);
  else w.member("message_id", options.id);
  if (delivery == 0 && !options.target.empty()) w.member("target", options.target);
  if (!options.as.empty()) w.member("as", options.as);
  w.member("reason", options.reason);
  w.key("preview");
  w.boolean(options.preview);
  w.end_object();
  return out;
}

int act_on_delivery(std::string_view cmd, DeliveryState state, const BridgeOptions& options, const Console& console) {
  const auto delivery = delivery_of(options, console, state);
  if (!delivery) return console.fail(delivery.error());
  return ask_bridge(options, console, act_request(cmd, options, *delivery));
}

} // namespace tongqu::tool
