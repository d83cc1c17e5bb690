#include "tools/tongqu/journal_commands.hpp"

#include <CLI/CLI.hpp>
#include <fcntl.h>
#include <unistd.h>

#include "tongqu/journal/attachments.hpp"
#include "tongqu/journal/evidence.hpp"
#include "tongqu/journal/keeping.hpp"
#include "tongqu/wire/json.hpp"
#include "tools/tongqu/bridge_commands.hpp"

namespace tongqu::tool {
namespace {

struct KeepingOptions {
  BridgeOptions bridge;
  std::string file, public_key, record_class = "bodies";
  std::int64_t days = 0;
  bool attachments = false;
};
using Shared = std::shared_ptr<KeepingOptions>;

Result<journal::JournalOptions> store_of(const KeepingOptions& options, const Console& console) {
  TONGQU_TRY(const auto config, load_bridge(options.bridge, console));
  return bridge::journal_options(config);
}

int backup(const KeepingOptions& options, const Console& console) {
  const auto store = store_of(options, console);
  if (!store) return console.fail(store.error());
  const auto done = journal::back_up(*store, options.file);
  if (!done) return console.fail(done.error());
  console.say(std::string(console.pick("backup written: ", "备份已写入：")) + options.file);
  return kDone;
}

int restore(const KeepingOptions& options, const Console& console) {
  const auto store = store_of(options, console);
  if (!store) return console.fail(store.error());
  const auto report = journal::restore(options.file, *store);
  if (!report) return console.fail(report.error());
  std::string out;
  wire::JsonWriter w(out);
  w.begin_object();
  w.member("messages", report->messages);
  w.member("entries", report->entries);
  w.member("backup_at_ms", report->backup_at_ms);
  w.member("attachments", report->attachments);
  w.key("broken_attachments");
  w.begin_array();
  for (const std::string& one : report->broken_attachments) w.string(one);
  w.end_array();
  w.end_object();
  console.machine(out);
  for (const std::string& one : report->broken_attachments) console.say(one + "  " + Error(Errc::journal_attachment_broken).message(console.lang));
  console.say(std::string(console.pick("restored, messages: ", "已恢复，消息数：")) + std::to_string(report->messages) +
              std::string(console.pick("; what may have been sent since the backup is asked about before it is sent", "；备份之后可能已发送的投递将先查询、后发送")));
  return kDone;
}

/// Readable by its owner alone: it holds what the message holds. Never over another file.
Result<void> write_private(const std::string& path, std::string_view text) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor < 0) return Error(Errc::base_file_unwritable).at(path);
  bool written = true;
  while (written && !text.empty()) {
    const auto count = ::write(descriptor, text.data(), text.size());
    written = count > 0;
    if (written) text.remove_prefix(static_cast<std::size_t>(count));
  }
  written = ::fsync(descriptor) == 0 && written;
  ::close(descriptor);
  if (!written) return Error(Errc::base_file_unwritable).at(path);
  return {};
}

int evidence(const KeepingOptions& options, const Console& console) {
  const auto store = store_of(options, console);
  if (!store) return console.fail(store.error());
  const auto text = journal::collect_evidence(*store, options.bridge.id);
  if (!text) return console.fail(text.error());
  const auto written = write_private(options.file, *text);
  if (!written) return console.fail(written.error());
  console.say(std::string(console.pick("evidence written: ", "证据已写入：")) + options.file);
  return kDone;
}

void write_attachment(wire::JsonWriter& w, const journal::EvidenceReport::Attachment& one) {
  w.begin_object();
  w.member("path", one.path);
  w.member("digest", "sm3:" + to_hex(one.sm3));
  if (one.bytes >= 0) w.member("bytes", one.bytes);
  if (!one.name.empty()) w.member("name", one.name);
  if (!one.media_type.empty()) w.member("media_type", one.media_type);
  w.end_object();
}

int verify_evidence_file(const KeepingOptions& options, const Console& console) {
  if (options.public_key.empty()) return console.fail(Error(Errc::base_usage).at("--public-key"));
  const auto key = read_file(options.public_key, 64 * 1024);
  if (!key) return console.fail(key.error());
  const auto text = read_file(options.file);
  if (!text) return console.fail(text.error());
  const auto report = journal::verify_evidence(*text, *key);
  if (!report) return console.fail(report.error());
  std::string out;
  wire::JsonWriter w(out);
  w.begin_object();
  w.member("message_id", report->message_id);
  w.member("system", report->system);
  w.member("pack", report->pack);
  w.member("entries", static_cast<std::int64_t>(report->entries));
  w.member("heads", static_cast<std::int64_t>(report->heads));
  w.member("receipts", static_cast<std::int64_t>(report->receipts));
  w.key("record_proven");
  w.boolean(report->record);
  w.key("attachments");
  w.begin_array();
  for (const auto& one : report->attachments) write_attachment(w, one);
  w.end_array();
  w.member("taken_in_ms", report->taken_in_ms);
  w.member("last_ms", report->last_ms);
  w.end_object();
  console.machine(out);
  console.say(std::string(console.pick("evidence holds: message ", "证据成立：消息 ")) + report->message_id + std::string(console.pick(", audit entries: ", "，审计条目：")) +
              std::to_string(report->entries) + std::string(console.pick(", receipts: ", "，回执：")) + std::to_string(report->receipts) +
              std::string(console.pick(", attachments: ", "，附件：")) + std::to_string(report->attachments.size()));
  if (!report->record) {
    console.say(console.pick("the canonical record is not proven: its digest covers what only its pack can tell; the raw bytes are", "规范记录未得证：其摘要范围只有规则包可知；原始报文已得证"));
  }
  return kDone;
}

/// Reads every attachment whole, beside the running bridge.
int verify_attachments(const KeepingOptions& options, const Console& console) {
  const auto store = store_of(options, console);
  if (!store) return console.fail(store.error());
  const auto attachments = journal::Attachments::open(*store, std::make_shared<SystemClock>(), journal::Attachments::Access::read);
  if (!attachments) return console.fail(attachments.error());
  const auto checked = (*attachments)->check_all([&console](const Error& broken) {
    console.say(std::string(broken.id()) + "  " + broken.where() + "  " + broken.message(console.lang));
  });
  if (!checked) return console.fail(checked.error());
  std::string out;
  wire::JsonWriter w(out);
  w.begin_object();
  w.member("attachments", checked->count);
  w.member("bytes", checked->bytes);
  w.member("broken", checked->broken);
  w.end_object();
  console.machine(out);
  console.say(std::string(console.pick("attachments read: ", "已读取附件：")) + std::to_string(checked->count) + std::string(console.pick(", broken: ", "，损坏：")) + std::to_string(checked->broken));
  return checked->broken == 0 ? kDone : kInputAtFault;
}

int verify(const KeepingOptions& options, const Console& console) {
  if (!options.file.empty()) return verify_evidence_file(options, console);
  if (options.bridge.config.empty()) return console.fail(Error(Errc::base_usage).at("--config"));
  return options.attachments ? verify_attachments(options, console) : verify_audit(options.bridge, console);
}

int purge(const KeepingOptions& options, const Console& console) {
  std::string request;
  wire::JsonWriter w(request);
  w.begin_object();
  w.member("cmd", "purge");
  w.member("class", options.record_class);
  w.member("system", options.bridge.system);
  w.member("days", options.days);
  w.member("reason", options.bridge.reason);
  w.key("preview");
  w.boolean(options.bridge.preview);
  w.end_object();
  return ask_bridge(options.bridge, console, request);
}

int rekey(const KeepingOptions& options, const Console& console) { return ask_bridge(options.bridge, console, act_request("rekey", options.bridge, 0)); }

CLI::App* add(CLI::App& bridge, const char* name, const char* about, const Shared& options, Run& run, int (*act)(const KeepingOptions&, const Console&)) {
  CLI::App* one = bridge.add_subcommand(name, about);
  one->callback([options, act, &run] { run = [options, act](const Console& console) { return act(*options, console); }; });
  return one;
}

} // namespace

void add_journal_commands(CLI::App& bridge, Run& run) {
  const auto options = std::make_shared<KeepingOptions>();
  CLI::App* one = add(bridge, "verify", "Check the audit chain offline, or an evidence file with a public key and nothing else", options, run, verify);
  one->add_option("-c,--config", options->bridge.config, "bridge.yaml");
  one->add_flag("--attachments", options->attachments, "Read every attachment whole instead, and name those that are broken");
  one->add_option("--evidence", options->file, "File written by `tongqu bridge evidence`");
  one->add_option("--public-key", options->public_key, "PEM of the key that signs the heads");

  one = add(bridge, "evidence", "Write the evidence of one message: its bytes, receipts and audit entries up to the signed head behind them", options, run, evidence);
  one->add_option("-c,--config", options->bridge.config, "bridge.yaml")->required();
  one->add_option("ID", options->bridge.id, "Message id")->required();
  one->add_option("-o,--output", options->file, "File, which must not exist")->required();

  one = add(bridge, "backup", "Copy the store beside the running bridge", options, run, backup);
  one->add_option("-c,--config", options->bridge.config, "bridge.yaml")->required();
  one->add_option("FILE", options->file, "File, which must not exist")->required();

  one = add(bridge, "restore", "Check a backup whole and put it where the store was; what is not finished is asked about before it is sent", options, run, restore);
  one->add_option("-c,--config", options->bridge.config, "bridge.yaml")->required();
  one->add_option("FILE", options->file, "File written by `tongqu bridge backup`")->required();

  one = add(bridge, "rekey", "Seal what stands under an earlier key under the one in force, while the bridge works", options, run, rekey);
  one->add_option("-c,--config", options->bridge.config, "bridge.yaml")->required();
  one->add_option("--reason", options->bridge.reason, "Why; is audited")->required();

  one = add(bridge, "purge", "Remove what is finished and older than its time; keys, digests, states, acknowledgements and the audit chain stay", options, run, purge);
  one->add_option("-c,--config", options->bridge.config, "bridge.yaml")->required();
  one->add_option("--class", options->record_class, "bodies (default), receipts, refusals");
  one->add_option("--older-than-days", options->days, "At least 180")->required();
  one->add_option("--system", options->bridge.system, "Source system; otherwise all");
  one->add_option("--reason", options->bridge.reason, "Why; is audited");
  one->add_flag("--preview", options->bridge.preview, "Count and change nothing");
}

} // namespace tongqu::tool
