#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <CLI/CLI.hpp>

#include "connectors/platforms/gjgxjhpt/gjgxjhpt.hpp"
#include "connectors/platforms/tif_rio/tif_rio.hpp"
#include "connectors/rest/rest_connector.hpp"
#include "connectors/soap/soap_connector.hpp"
#include "tongqu/base/fault_point.hpp"
#include "tongqu/bridge/bridge.hpp"
#include "tongqu/wire/finding_json.hpp"
#include "tools/tongqu/commands.hpp"

namespace tongqu::tool {
namespace {

using journal::DeliveryState;

struct BridgeOptions {
  std::string config, id, reason, as, target, state = "held", message, case_no, system;
  std::size_t max = 1000;
  bool preview = false;
  bool quiet = false;
};

volatile sig_atomic_t g_signal = 0;

Result<bridge::Config> load(const BridgeOptions& options, const Console& console) {
  Findings mistakes;
  auto config = bridge::load_config(options.config, mistakes);
  Console to_err = console;
  to_err.json = true;
  to_err.list(mistakes);
  return config;
}

/// Said in both languages: whoever reads the supervisor's log at night is not always the one who chose the language.
int end_on_lost_disk(const Console& console) {
  const Error lost(Errc::journal_sync_failed);
  Console other = console;
  other.json = false;
  other.lang = console.lang == Lang::zh ? Lang::en : Lang::zh;
  other.fail(lost);
  return console.fail(lost);
}

int run_bridge(const BridgeOptions& options, const Console& console) {
  auto config = load(options, console);
  if (!config) return console.fail(config.error());
  connector::Registry connectors;
  connectors::soap::register_soap(connectors);
  connectors::rest::register_rest(connectors);
  platform::Registry platforms;
  platform::register_tif_rio(platforms);
  platform::register_gjgxjhpt(platforms);
  bridge::Parts parts;
  parts.connectors = &connectors;
  parts.platforms = &platforms;
  parts.clock = std::make_shared<SystemClock>();
  parts.log = obs::Log(obs::json_lines_sink(STDERR_FILENO, options.quiet ? obs::Level::error : obs::Level::info), parts.clock);

  struct sigaction action {};
  action.sa_handler = [](int number) { g_signal = number; };
  ::sigaction(SIGTERM, &action, nullptr);
  ::sigaction(SIGINT, &action, nullptr);
  ::signal(SIGPIPE, SIG_IGN);

  const auto listen = config->listen;
  Findings mistakes;
  auto running = bridge::Bridge::start(*std::move(config), parts, mistakes);
  Console to_err = console;
  to_err.json = true;
  to_err.list(mistakes);
  if (!running) return console.fail(running.error());
  for (const auto& one : listen) console.say("listening " + one.name + " " + one.family + " http://" + one.address + ":" + std::to_string((*running)->port(one.name)) + one.path);
  if (const auto port = (*running)->port("health"); port != 0) console.say("health http://127.0.0.1:" + std::to_string(port) + "/metrics");
  console.say("ready");
  std::fflush(stdout);
  while (g_signal == 0 && !(*running)->failed()) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  if ((*running)->failed()) return end_on_lost_disk(console);
  CallContext context;
  context.deadline = parts.clock->now_mono() + std::chrono::seconds(10);
  (*running)->stop(context);
  console.say("stopped");
  return kDone;
}

/// The store of a configuration, for reading beside a running bridge.
Result<std::unique_ptr<journal::Journal>> open_store(const BridgeOptions& options, const Console& console) {
  TONGQU_TRY(const auto config, load(options, console));
  TONGQU_TRY(auto store, bridge::journal_options(config));
  return journal::open_read_only(std::move(store));
}

void write_delivery(wire::JsonWriter& w, const journal::DeliveryView& d) {
  w.begin_object();
  w.member("delivery", d.delivery);
  w.member("message_id", d.message_id);
  w.member("target", d.target);
  w.member("system", d.system);
  w.member("case_no", d.case_no);
  w.member("event", d.event);
  w.member("state", journal::state_name(d.state));
  w.member("attempts", static_cast<std::int64_t>(d.attempts));
  w.member("receipt_no", d.receipt_no);
  w.member("error_id", d.error_id);
  w.key("reason");
  if (const auto reason = wire::parse_json(d.reason)) w.node(reason->root());
  else w.null();
  w.member("created_ms", to_epoch_ms(d.created));
  w.member("changed_ms", to_epoch_ms(d.changed));
  w.end_object();
}

std::string reason_text(const std::string& json, Lang lang) {
  const auto reason = wire::parse_json(json);
  const wire::Node text = reason && reason->root().kind() == wire::NodeKind::object ? reason->root().child(lang == Lang::zh ? "zh" : "en") : wire::Node();
  return text ? std::string(text.raw_text()) : std::string();
}

void show_delivery(const journal::DeliveryView& d, const Console& console) {
  if (console.json) {
    std::string out;
    wire::JsonWriter w(out);
    write_delivery(w, d);
    return console.machine(out);
  }
  std::string line = std::to_string(d.delivery) + "  " + d.message_id + "  " + d.target + "  " + std::string(journal::state_name(d.state)) + "  " + d.system + "  " + d.case_no + "  " + d.event;
  if (!d.receipt_no.empty()) line += "  " + d.receipt_no;
  if (!d.error_id.empty()) line += "  " + d.error_id;
  if (const std::string why = reason_text(d.reason, console.lang); !why.empty()) line += "  " + why;
  console.say(line);
}

int show_counts(journal::Journal& store, const Console& console) {
  const auto counts = store.counts();
  if (!counts) return console.fail(counts.error());
  std::string out;
  wire::JsonWriter w(out);
  w.begin_object();
  w.member("messages", counts->messages);
  w.member("refusals", counts->refusals);
  w.key("deliveries");
  w.begin_object();
  for (int i = 0; i < 9; ++i) w.member(journal::state_name(static_cast<DeliveryState>(i)), counts->by_state[i]);
  w.end_object();
  w.end_object();
  console.machine(out);
  if (console.json) return kDone;
  console.say(std::string(console.pick("messages   ", "消息       ")) + std::to_string(counts->messages));
  for (int i = 0; i < 9; ++i) {
    std::string name(journal::state_name(static_cast<DeliveryState>(i)));
    name.resize(11, ' ');
    console.say(name + std::to_string(counts->by_state[i]));
  }
  console.say(std::string(console.pick("refusals   ", "拒收       ")) + std::to_string(counts->refusals));
  return kDone;
}

int status(const BridgeOptions& options, const Console& console) {
  const auto store = open_store(options, console);
  if (!store) return console.fail(store.error());
  if (options.message.empty() && options.case_no.empty()) return show_counts(**store, console);
  std::vector<journal::MessageView> views;
  if (!options.message.empty()) {
    auto view = (*store)->message(options.message);
    if (!view) return console.fail(view.error());
    if (*view) views.push_back(**view);
  } else {
    auto all = (*store)->messages_of_case(options.system, options.case_no);
    if (!all) return console.fail(all.error());
    views = *std::move(all);
  }
  if (views.empty()) return console.fail(Error(Errc::journal_not_found).at(options.message + options.case_no));
  for (const auto& view : views) {
    for (const auto& delivery : view.deliveries) show_delivery(delivery, console);
  }
  return kDone;
}

int list_state(const BridgeOptions& options, const Console& console) {
  const auto store = open_store(options, console);
  if (!store) return console.fail(store.error());
  for (int i = 0; i < 9; ++i) {
    if (journal::state_name(static_cast<DeliveryState>(i)) != options.state) continue;
    const auto all = (*store)->deliveries(static_cast<DeliveryState>(i), options.max);
    if (!all) return console.fail(all.error());
    for (const auto& delivery : *all) show_delivery(delivery, console);
    return kDone;
  }
  return console.fail(Error(Errc::base_usage).at("--state"));
}

/// Sends one request to the running bridge and shows its answer.
int ask(const BridgeOptions& options, const Console& console, const std::string& request) {
  const auto config = load(options, console);
  if (!config) return console.fail(config.error());
  const auto answer = bridge::control_request(config->control_socket, request);
  if (!answer) return console.fail(answer.error());
  console.machine(*answer);
  const auto document = wire::parse_json(*answer);
  if (!document) return console.fail(Error(Errc::bridge_control_request));
  const wire::Node root = document->root();
  const wire::Node findings = root.child("findings");
  for (wire::Node finding = findings ? findings.first_child() : wire::Node(); finding; finding = finding.next()) {
    const wire::Node text = finding.child("message");
    console.say(std::string(finding.child("id").raw_text()) + "  " + std::string(text.child(console.lang == Lang::zh ? "zh" : "en").raw_text()));
  }
  if (root.child("ok").raw_text() != "true") {
    const wire::Node error = root.child("error");
    const auto code = errc_from_id(error.child("id").raw_text());
    return console.fail(Error(code.value_or(Errc::base_internal)).at(std::string(error.child("where").raw_text())));
  }
  if (options.preview && (root.child("would_move") || root.child("would_discard"))) {
    console.say(console.pick("would be done", "可以执行"));
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

std::string request_json(std::string_view cmd, const BridgeOptions& options, std::int64_t delivery) {
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
  return ask(options, console, request_json(cmd, options, *delivery));
}

int verify(const BridgeOptions& options, const Console& console) {
  const auto config = load(options, console);
  if (!config) return console.fail(config.error());
  auto store = bridge::journal_options(*config);
  if (!store) return console.fail(store.error());
  journal::VerifyOptions check;
  check.path = store->path;
  check.audit_key = store->audit_key;
  check.audit_head_file = store->audit_head_file;
  if (!config->audit.public_key_file.empty()) {
    auto pem = read_file(config->audit.public_key_file, 64 * 1024);
    if (!pem) return console.fail(pem.error());
    check.audit_public_key_pem = *std::move(pem);
  }
  const auto report = journal::verify_audit(check);
  if (!report) return console.fail(report.error());
  std::string out;
  wire::JsonWriter w(out);
  w.begin_object();
  w.key("ok");
  w.boolean(report->ok());
  w.member("entries", report->entries);
  w.member("head_sequence", report->head_sequence);
  w.member("first_broken", report->first_broken);
  w.member("problem", report->problem);
  w.end_object();
  console.machine(out);
  if (report->ok()) {
    console.say(std::string(console.pick("audit chain whole, entries: ", "审计链完整，条目数：")) + std::to_string(report->entries) + std::string(console.pick("; signed head at: ", "；签名链头位于：")) + std::to_string(report->head_sequence));
    return kDone;
  }
  const auto code = errc_from_id(report->problem);
  console.say(report->problem + "  " + std::to_string(report->first_broken) + "  " + Error(code.value_or(Errc::journal_audit_broken)).message(console.lang));
  return kInputAtFault;
}

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

  add(bridge, "run", "Run the bridge until SIGTERM", options, run, run_bridge)->add_flag("--quiet", options->quiet, "Log errors only");

  CLI::App* one = add(bridge, "status", "Counts, or the deliveries of one message or case", options, run, status);
  one->add_option("--message", options->message, "Message id");
  one->add_option("--case", options->case_no, "Case number; needs --system");
  one->add_option("--system", options->system, "Source system");

  CLI::App* hold = bridge->add_subcommand("hold", "What waits for a person");
  hold->require_subcommand(1);
  one = add(hold, "list", "List held deliveries (or those of another state)", options, run, list_state);
  one->add_option("--state", options->state, "held (default), parked, unknown, refused, …");
  one->add_option("--max", options->max, "At most so many");
  one = add(hold, "release", "Map again with the pack as it is on disk now, and release when nothing holds it", options, run,
            [](const BridgeOptions& o, const Console& c) { return ask(o, c, request_json("hold_release", o, 0)); });
  need_reason(one, options);
  one = add(hold, "discard", "Give a held message up", options, run, [](const BridgeOptions& o, const Console& c) { return ask(o, c, request_json("hold_discard", o, 0)); });
  need_reason(one, options);

  one = add(bridge, "resolve", "Say what became of a delivery whose outcome is unknown", options, run,
            [](const BridgeOptions& o, const Console& c) { return act_on_delivery("resolve", DeliveryState::unknown, o, c); });
  need_reason(one, options);
  one->add_option("--as", options->as, "delivered or absent")->required()->check(CLI::IsMember({"delivered", "absent"}));

  one = add(bridge, "replay", "Send a parked delivery again", options, run, [](const BridgeOptions& o, const Console& c) { return act_on_delivery("replay", DeliveryState::parked, o, c); });
  need_reason(one, options);

  add(bridge, "verify", "Check the audit chain offline", options, run, verify);

  one = bridge->add_subcommand("fault-points", "List the fault points of the road");
  one->callback([&run] { run = [](const Console& console) { return fault_points(console); }; });
}

} // namespace tongqu::tool
