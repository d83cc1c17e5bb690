#include <filesystem>
#include <random>

#include <CLI/CLI.hpp>

#include "tongqu/wire/finding_json.hpp"
#include "tongqu/wire/json.hpp"
#include "tools/tongqu/map_support.hpp"

namespace tongqu::tool {
namespace {

namespace fs = std::filesystem;
using namespace mapping::author;

struct FolderCommand : MapOptions { std::string other, folder; bool reveal = false, times = false; };
struct TryCommand : MapOptions { std::string text; bool reveal = false; };
struct ScrubCommand { std::string in, out, seed; };

std::string milliseconds(std::uint64_t nanoseconds) {
  const std::uint64_t micros = nanoseconds / 1000;
  std::string rest = std::to_string(micros % 1000);
  return std::to_string(micros / 1000) + "." + std::string(3 - rest.size(), '0') + rest + " ms";
}

Result<wire::Delivery> from_file(const std::string& file) { return read_message(file, {}); }
std::string name_in(const std::string& file, const std::string& folder) { return fs::is_directory(folder) ? fs::relative(file, folder).string() : file; }

/// One JSON object on one line, to standard output: there is no text form of a run over a folder.
void print_line(std::string_view line) {
  std::fwrite(line.data(), 1, line.size(), stdout);
  std::fputc('\n', stdout);
}

void write_result(const FolderLine& line, const std::string& name) {
  std::string out;
  wire::JsonWriter w(out);
  w.begin_object();
  w.member("file", name);
  if (line.refused) {
    w.member("error", line.refused->id());
    w.member("where", line.refused->where());
  }
  w.key("records");
  w.begin_array();
  for (const mapping::MappedRecord& record : line.records) write_record(w, record);
  w.end_array();
  wire::write_findings(w, line.findings);
  w.end_object();
  print_line(out);
}

int run_over(const FolderCommand& options, const Console& given) {
  Console console = given;
  console.json = true;
  const auto loaded = load(options, console);
  if (!loaded) return fail_load(loaded.error(), console);
  const auto files = message_files(options.folder);
  if (!files) return console.fail(files.error());
  bool all_accepted = true;
  ProgressLine progress(std::string(console.pick("messages", "报文")));
  std::size_t done = 0;
  const auto times = run_folder(*loaded->pack, loaded->environment, *files, from_file, options.times ? Timing::by_rule : Timing::whole, [&](const FolderLine& line) {
    write_result(line, name_in(line.file, options.folder));
    all_accepted = all_accepted && !line.refused;
    for (const auto& record : line.records) all_accepted = all_accepted && record.verdict == mapping::RecordVerdict::accepted;
    progress.show(++done, files->size());
  });
  if (!times) return console.fail(times.error());
  for (const RuleTime& rule : times->rules) console.say(padded(rule.rule, 40) + " " + padded("×" + std::to_string(rule.runs), 9) + " " + milliseconds(rule.nanoseconds));
  console.say(std::to_string(times->messages) + std::string(console.pick(" messages, ", " 份报文，")) + std::to_string(times->records) + std::string(console.pick(" records, ", " 条记录，")) + std::to_string(times->refused) +
              std::string(console.pick(" refused, ", " 份被拒绝，")) + milliseconds(times->nanoseconds));
  return all_accepted ? kDone : kInputAtFault;
}

std::string change_json(const std::string& file, const std::vector<FieldChange>& changes) {
  std::string out;
  wire::JsonWriter w(out);
  w.begin_object();
  w.member("file", file);
  w.key("changes");
  w.begin_array();
  for (const FieldChange& change : changes) {
    w.begin_object();
    w.member("record", static_cast<std::int64_t>(change.record));
    w.member("field", change.path);
    if (!change.before.empty()) w.member("before", change.before);
    if (!change.after.empty()) w.member("after", change.after);
    w.end_object();
  }
  w.end_array();
  w.end_object();
  return out;
}

int diff(const FolderCommand& options, const Console& console) {
  MapOptions newer = options;
  newer.pack = options.other;
  const auto before = load(options, console);
  const auto after = load(newer, console);
  if (!before) return fail_load(before.error(), console);
  if (!after) return fail_load(after.error(), console);
  const auto files = message_files(options.folder);
  if (!files) return console.fail(files.error());
  ProgressLine progress(std::string(console.pick("messages", "报文")));
  std::size_t done = 0, changed = 0;
  for (const std::string& file : *files) {
    const auto delivery = from_file(file);
    if (!delivery) return console.fail(delivery.error());
    const auto changes = compare(*before->pack, *after->pack, *delivery, before->environment, options.reveal);
    if (!changes) return console.fail(changes.error());
    const std::string name = name_in(file, options.folder);
    progress.show(++done, files->size());
    if (console.json) console.machine(change_json(name, *changes));
    if (changes->empty()) continue;
    ++changed;
    console.say(name);
    for (const FieldChange& change : *changes) {
      const std::string record = change.record == 0 ? "" : std::to_string(change.record) + " ";
      const std::string none(console.pick("(none)", "（无）"));
      console.say("  " + record + change.path + ": " + (change.before.empty() ? none : change.before) + " -> " + (change.after.empty() ? none : change.after));
    }
  }
  console.say(std::to_string(changed) + " / " + std::to_string(files->size()) + std::string(console.pick(" messages would give something else", " 份报文的结果会改变")));
  return changed == 0 ? kDone : kInputAtFault;
}

int try_text(const TryCommand& options, const Console& console) {
  const auto loaded = load(options, console);
  if (!loaded) return fail_load(loaded.error(), console);
  const auto delivery = read_message(options.in, options.meta);
  if (!delivery) return console.fail(delivery.error());
  const auto tried = try_rule(pack_at(options), options.text, *delivery, loaded->environment, options.reveal);
  if (!tried) return console.fail(tried.error());
  std::string out;
  wire::JsonWriter w(out);
  w.begin_array();
  const bool expression = options.text.find_first_not_of(" \t\r\n") != std::string::npos && options.text[options.text.find_first_not_of(" \t\r\n")] != '{';
  for (std::size_t i = 0; i < tried->records.size(); ++i) {
    const std::string head = tried->records.size() == 1 ? "" : std::to_string(i + 1) + ": ";
    for (const ExplainedField& field : tried->records[i].fields) {
      const bool there = field.state == "value" || field.state == "raw";
      if (expression) {
        console.say(head + std::string(there ? "true" : "false"));
        w.boolean(there);
        continue;
      }
      if (!field.source.empty()) console.say(head + std::string(console.pick("text  ", "原文  ")) + field.source);
      for (const ExplainedStep& step : field.steps) console.say("  " + padded(step.name, 14) + (step.outcome.empty() ? step.value : "! " + step.outcome));
      if (!field.table.empty()) console.say("  " + padded(field.table, 14) + (field.row.empty() ? std::string(console.pick("no row", "无对应行")) : field.row));
      for (const std::string& fault : field.faults) console.say("  ! " + fault);
      console.say(head + (there ? "= " + field.value : std::string(console.pick("absent", "无值"))));
      w.begin_object();
      w.member("state", field.state);
      w.member("value", field.value);
      w.key("steps");
      w.begin_array();
      for (const ExplainedStep& step : field.steps) {
        w.begin_object();
        w.member("step", step.name);
        w.member("value", step.value);
        if (!step.outcome.empty()) w.member("outcome", step.outcome);
        w.end_object();
      }
      w.end_array();
      w.end_object();
    }
  }
  w.end_array();
  console.machine(out);
  return kDone;
}

/// A seed that nobody can guess, so that nobody can find the real value by trying.
std::string fresh_seed() {
  std::random_device device;
  std::string seed;
  for (int i = 0; i < 8; ++i) seed += std::to_string(device()) + ".";
  return seed;
}

int scrub_files(const ScrubCommand& options, const Console& console) {
  const auto files = message_files(options.in);
  if (!files) return console.fail(files.error());
  std::error_code failed;
  Inputs inputs;
  for (const std::string& file : *files) inputs.add(file);
  const std::string seed = options.seed.empty() ? fresh_seed() : options.seed;
  std::size_t written = 0;
  for (const std::string& file : *files) {
    const auto bytes = read_file(file);
    if (!bytes) return console.fail(bytes.error());
    const std::string name = fs::is_directory(options.in, failed) ? fs::relative(file, options.in, failed).string() : fs::path(file).filename().string();
    const auto made = scrub(*bytes, seed);
    if (!made) {
      console.say(name + "  " + describe(made.error(), console.lang));
      continue;
    }
    const fs::path to = fs::path(options.out) / name;
    if (const auto done = write_file(to.string(), *made, inputs); !done) return console.fail(done.error());
    ++written;
  }
  console.say(std::to_string(written) + " / " + std::to_string(files->size()) + std::string(console.pick(" messages made synthetic. File names and facts beside them were not looked at; read the result before it leaves.", " 份报文已转为合成样例。文件名和旁置信息未处理；外发前请人工复核。")));
  return written == files->size() ? kDone : kInputAtFault;
}

} // namespace

void add_map_folder_commands(CLI::App& map, Run& run) {
  auto over = std::make_shared<FolderCommand>();
  CLI::App* one = map.add_subcommand("run-folder", "Map every message of a folder; one JSON object a line, progress and times on standard error");
  add_pack_options(one, over);
  one->add_option("--in", over->folder, "Folder with messages")->required();
  one->add_flag("--times", over->times, "Time by rule");
  one->callback([over, &run] { run = [over](const Console& console) { return run_over(*over, console); }; });

  auto changes = std::make_shared<FolderCommand>();
  one = map.add_subcommand("diff", "What another pack would make of the messages of a folder");
  one->add_option("OLD", changes->pack, "Folder of the pack as it is")->required();
  one->add_option("NEW", changes->other, "Folder of the pack as it would be")->required();
  one->add_option("--in", changes->folder, "Folder with messages")->required();
  one->add_flag("--reveal", changes->reveal, "Show the values of personal fields, too");
  one->add_option("--today", changes->today, "Reference date (default 2150-01-01)");
  one->callback([changes, &run] { run = [changes](const Console& console) { return diff(*changes, console); }; });

  auto trial = std::make_shared<TryCommand>();
  one = map.add_subcommand("try", "Try one expression or rule on a message, with the types and tables of a pack");
  add_pack_options(one, trial);
  one->add_option("RULE", trial->text, "lx == \"SL\", or {from: sqsj, type: moment}")->required();
  add_message_options(one, trial);
  one->add_flag("--reveal", trial->reveal, "Show the values of personal fields, too");
  one->callback([trial, &run] { run = [trial](const Console& console) { return try_text(*trial, console); }; });

  auto synthetic = std::make_shared<ScrubCommand>();
  one = map.add_subcommand("scrub", "Make synthetic samples of captured messages, with the same quirks");
  one->add_option("--in", synthetic->in, "File or folder")->required();
  one->add_option("--out", synthetic->out, "Folder for the samples")->required();
  one->add_option("--seed", synthetic->seed, "Repeatable, and therefore guessable: for tests");
  one->callback([synthetic, &run] { run = [synthetic](const Console& console) { return scrub_files(*synthetic, console); }; });
}

} // namespace tongqu::tool
