#include "tongqu/wire/json.hpp"
#include "tools/tongqu/bridge_commands.hpp"

/// What can be seen of a store beside a running bridge.
namespace tongqu::tool {

using journal::DeliveryState;

Result<bridge::Config> load_bridge(const BridgeOptions& options, const Console& console) {
  Findings mistakes;
  auto config = bridge::load_config(options.config, mistakes);
  Console to_err = console;
  to_err.json = true;
  to_err.list(mistakes);
  return config;
}

Result<std::unique_ptr<journal::Journal>> open_store(const BridgeOptions& options, const Console& console) {
  TONGQU_TRY(const auto config, load_bridge(options, console));
  TONGQU_TRY(auto store, bridge::journal_options(config));
  return journal::open_read_only(std::move(store));
}

namespace {

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

} // namespace

int show_status(const BridgeOptions& options, const Console& console) {
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

int verify_audit(const BridgeOptions& options, const Console& console) {
  const auto config = load_bridge(options, console);
  if (!config) return console.fail(config.error());
  auto store = bridge::journal_options(*config);
  if (!store) return console.fail(store.error());
  journal::VerifyOptions check;
  check.path = store->path;
  check.postgres = store->postgres;
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

} // namespace tongqu::tool
