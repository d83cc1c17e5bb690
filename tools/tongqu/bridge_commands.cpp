#include "tools/tongqu/bridge_commands.hpp"
#include "tools/tongqu/journal_commands.hpp"

#include <CLI/CLI.hpp>

#include "tongqu/base/fault_point.hpp"

namespace tongqu::tool {
namespace {

using journal::DeliveryState;

int fault_points(const Console& console) {
  for (const auto& point : fault::points()) console.say(std::string(point.name) + "  " + std::string(point.where));
  if (!fault::compiled_in()) console.say(console.pick("(not compiled into this program: build with TONGQU_WITH_FAULT_POINTS=ON)", "（本程序未编入故障点，请以 TONGQU_WITH_FAULT_POINTS=ON 构建）"));
  return kDone;
}

using Act = int (*)(const BridgeOptions&, const Console&);

CLI::App* add(CLI::App* parent, const char* name, const char* about, const std::shared_ptr<BridgeOptions>& options, Run& run, Act act) {
  CLI::App* one = parent->add_subcommand(name, about);
  one->add_option("-c,--config", options->config, "bridge.yaml")->required();
  one->callback([options, act, &run] { run = [options, act](const Console& console) { return act(*options, console); }; });
  return one;
}

void need_reason(CLI::App* app, const std::shared_ptr<BridgeOptions>& options) {
  app->add_option("ID", options->id, "Message id, or number of a delivery")->required();
  app->add_option("--reason", options->reason, "Why; is audited")->required();
  app->add_option("--target", options->target, "Platform, when a message has several deliveries");
  app->add_flag("--preview", options->preview, "Show what would happen and change nothing");
}

} // namespace

void add_bridge_commands(CLI::App& program, Run& run) {
  CLI::App* bridge = program.add_subcommand("bridge", "The daemon and its operator's commands");
  bridge->require_subcommand(1);
  auto options = std::make_shared<BridgeOptions>();

  CLI::App* one = add(bridge, "run", "Run the bridge until SIGTERM; SIGHUP reads the configuration again", options, run, run_bridge);
  one->add_flag("--quiet", options->quiet, "Log errors only");
  one->add_flag("--take-over", options->take_over, "Take listeners and store over from the bridge that runs, which then ends; nobody is refused");

  one = add(bridge, "status", "Counts, or the deliveries of one message or case", options, run, show_status);
  one->add_option("--message", options->message, "Message id");
  one->add_option("--case", options->case_no, "Case number; needs --system");
  one->add_option("--system", options->system, "Source system");

  CLI::App* hold = bridge->add_subcommand("hold", "What waits for a person");
  hold->require_subcommand(1);
  one = add(hold, "list", "List held deliveries (or those of another state)", options, run, list_state);
  one->add_option("--state", options->state, "held (default), parked, unknown, refused, …");
  one->add_option("--max", options->max, "At most so many");
  one = add(hold, "release", "Map again with the pack as it is on disk now, and release when nothing holds it", options, run,
            [](const BridgeOptions& o, const Console& c) { return ask_bridge(o, c, act_request("hold_release", o, 0)); });
  need_reason(one, options);
  one = add(hold, "discard", "Give a held message up", options, run, [](const BridgeOptions& o, const Console& c) { return ask_bridge(o, c, act_request("hold_discard", o, 0)); });
  need_reason(one, options);

  one = add(bridge, "resolve", "Say what became of a delivery whose outcome is unknown", options, run,
            [](const BridgeOptions& o, const Console& c) { return act_on_delivery("resolve", DeliveryState::unknown, o, c); });
  need_reason(one, options);
  one->add_option("--as", options->as, "delivered or absent")->required()->check(CLI::IsMember({"delivered", "absent"}));

  one = add(bridge, "replay", "Send again: one parked delivery (ID), or all that --target and the other options choose, in the order of their intake", options, run,
            [](const BridgeOptions& o, const Console& c) { return o.id.empty() ? replay_many(o, c) : act_on_delivery("replay", DeliveryState::parked, o, c); });
  one->add_option("ID", options->id, "Message id, or number of a delivery; without it many are chosen");
  one->add_option("--reason", options->reason, "Why; is audited; needed for everything but a preview");
  one->add_option("--target", options->target, "Platform");
  one->add_option("--from", options->from, "Taken in at this time or later: a day in China, or RFC 3339");
  one->add_option("--to", options->to, "Taken in before this time");
  one->add_option("--system", options->system, "Source system");
  one->add_option("--state", options->replay_states, "parked,refused (default); also delivered, discarded");
  one->add_option("--rate", options->rate, "At most so many a second")->check(CLI::Range(1, 100000));
  one->add_flag("--remap", options->remap, "Map the stored bytes again with the pack in force");
  one->add_flag("--overtake", options->overtake, "Also those whose case went on meanwhile");
  one->add_flag("--preview", options->preview, "Show what would be sent and what skipped, and why; change nothing");

  one = add(bridge, "reconcile", "Compare a day with what a platform lists: missing there, unknown here, different", options, run, reconcile);
  one->add_option("--target", options->target, "Platform")->required();
  one->add_option("--day", options->day, "yyyy-MM-dd of the platform's clock")->required();
  one->add_flag("--requeue", options->requeue, "Have what is missing there sent again; needs --reason");
  one->add_option("--reason", options->reason, "Why; is audited");

  one = add(bridge, "reload", "Read the configuration, packs, targets and secrets again; with a mistake anywhere the last good ones go on", options, run,
            [](const BridgeOptions& o, const Console& c) { return ask_bridge(o, c, act_request("reload", o, 0)); });
  one->add_option("--reason", options->reason, "Why; is audited");
  one->add_flag("--preview", options->preview, "Check everything and change nothing");

  add_journal_commands(*bridge, run);

  one = bridge->add_subcommand("fault-points", "List the fault points of the road");
  one->callback([&run] { run = [](const Console& console) { return fault_points(console); }; });
}

} // namespace tongqu::tool
