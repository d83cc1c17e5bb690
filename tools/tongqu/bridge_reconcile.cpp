#include <map>

#include "connectors/platforms/gjgxjhpt/gjgxjhpt.hpp"
#include "connectors/platforms/plain_http/plain_http.hpp"
#include "connectors/platforms/tif_rio/tif_rio.hpp"
#include "tongqu/bridge/reconcile.hpp"
#include "tongqu/journal/scan.hpp"
#include "tongqu/wire/json.hpp"
#include "tools/tongqu/bridge_commands.hpp"

/// Comparing a day with a platform: the store is read here, the platform is asked by the running bridge.
namespace tongqu::tool {
namespace {

using Kind = bridge::DayDifference::Kind;

Errc finding_of(Kind kind) {
  switch (kind) {
    case Kind::missing: return Errc::bridge_reconcile_missing;
    case Kind::unknown: return Errc::bridge_reconcile_unknown;
    case Kind::different: break;
  }
  return Errc::bridge_reconcile_different;
}

void show(const bridge::DayDifference& one, const std::string& message_id, const Console& console) {
  const auto& row = errc_row(finding_of(one.kind));
  if (!console.json) return console.say(std::string(row.id) + "  " + one.message_id + (message_id.empty() ? "" : "  " + message_id) + "  " + std::string(console.pick(row.en, row.zh)));
  std::string out;
  wire::JsonWriter w(out);
  w.begin_object();
  w.member("id", row.id);
  w.member("platform_message_id", one.message_id);
  if (!message_id.empty()) w.member("message_id", message_id);
  if (one.delivery != 0) w.member("delivery", one.delivery);
  w.end_object();
  console.machine(out);
}

/// Has a missing message sent again; the platform knows nothing of it, whatever came later. Gives what the bridge said.
std::string send_again(const std::string& socket, const BridgeOptions& options, const std::string& message_id) {
  std::string request;
  wire::JsonWriter w(request);
  w.begin_object();
  w.member("cmd", "replay_message");
  w.member("message_id", message_id);
  w.member("target", options.target);
  w.member("reason", options.reason);
  w.key("overtake");
  w.boolean(true);
  w.end_object();
  const auto answer = bridge::control_request(socket, request);
  if (!answer) return std::string(answer.error().id());
  const auto document = wire::parse_json(*answer);
  if (!document || !document->root().child("error")) return {};
  return std::string(document->root().child("error").child("id").raw_text());
}

int sum_up(const bridge::DayComparison& compared, const std::map<Kind, std::size_t>& counts, const Console& console) {
  const auto count = [&counts](Kind kind) { return std::to_string(counts.count(kind) > 0 ? counts.at(kind) : 0); };
  console.say(std::string(console.pick("ours ", "本方 ")) + std::to_string(compared.ours) + std::string(console.pick(", theirs ", "，平台 ")) + std::to_string(compared.theirs) +
              std::string(console.pick(", missing there ", "，平台缺少 ")) + count(Kind::missing) + std::string(console.pick(", unknown here ", "，本方无记录 ")) + count(Kind::unknown) +
              std::string(console.pick(", different ", "，内容不同 ")) + count(Kind::different) + std::string(console.pick(", requests ", "，请求数 ")) + std::to_string(compared.requests));
  if (!compared.complete) console.say(std::string(errc_row(Errc::bridge_reconcile_too_many).id) + "  " + Error(Errc::bridge_reconcile_too_many).message(console.lang));
  return compared.differences.empty() ? kDone : kInputAtFault;
}

} // namespace

int reconcile(const BridgeOptions& options, const Console& console) {
  if (options.requeue && options.reason.empty()) return console.fail(Error(Errc::base_usage).at("--reason"));
  const auto config = load_bridge(options, console);
  if (!config) return console.fail(config.error());
  platform::Registry platforms;
  platform::register_plain_http(platforms);
  platform::register_tif_rio(platforms);
  platform::register_gjgxjhpt(platforms);
  const platform::ProfileInfo* profile = nullptr;
  for (const auto& one : config->platforms) {
    if (one.name == options.target) profile = platforms.find(one.profile);
  }
  if (profile == nullptr) return console.fail(Error(Errc::bridge_config_reference).at("--target").with(options.target));
  const auto store = bridge::journal_options(*config);
  if (!store) return console.fail(store.error());
  const auto ours = bridge::read_day_book(*store, options.target, options.day, profile->read_receipts);
  if (!ours) return console.fail(ours.error());
  const auto compared = bridge::compare_day(*ours, [&](const std::string& prefix) { return bridge::ask_running_bridge(config->control_socket, options.target, options.day, prefix); });
  if (!compared) return console.fail(compared.error());

  std::map<Kind, std::size_t> counts;
  std::map<std::string, bool> asked;
  for (const auto& one : compared->differences) {
    ++counts[one.kind];
    std::string message_id;
    if (one.delivery != 0) {
      const auto named = journal::message_of_delivery(*store, one.delivery);
      if (named) message_id = *named;
    }
    show(one, message_id, console);
    // A delivery of several messages is sent whole, once.
    if (!options.requeue || one.kind != Kind::missing || message_id.empty() || !asked.emplace(message_id, true).second) continue;
    const std::string why = send_again(config->control_socket, options, message_id);
    console.say("  " + message_id + "  " + (why.empty() ? std::string(console.pick("queued", "已排队")) : why));
  }
  return sum_up(*compared, counts, console);
}

} // namespace tongqu::tool
