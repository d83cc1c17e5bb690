#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "tongqu/mapping/pack.hpp"
#include "tongqu/wire/finding_json.hpp"
#include "tools/tongqu/commands.hpp"
#include "tools/tongqu/map_check_commands.hpp"
#include "tools/tongqu/map_support.hpp"
#include "tools/tongqu/target_files.hpp"

namespace tongqu::tool {
namespace {

using mapping::RecordVerdict;

struct RunOptions : MapOptions { std::string target; };

int show_records(const std::vector<mapping::MappedRecord>& records, const Console& console) {
  bool all_accepted = true;
  Console to_err = console;
  to_err.json = true;
  for (const auto& record : records) {
    all_accepted = all_accepted && record.verdict == RecordVerdict::accepted;
    if (console.json) {
      std::string out;
      wire::JsonWriter w(out);
      write_record(w, record);
      console.machine(out);
    } else if (const auto document = wire::parse_json(record.canonical)) {
      console.say(wire::pretty_json(*document));
    }
    to_err.say("verdict " + std::string(mapping::verdict_name(record.verdict)) + " " + to_hex(mapping::content_digest(record)));
    to_err.list(record.findings);
  }
  return all_accepted ? kDone : kInputAtFault;
}

int show_target(const RunOptions& options, const std::vector<mapping::MappedRecord>& records, const Console& console) {
  Findings mistakes;
  const auto target = mapping::Target::load(find_target(options.target), mistakes);
  Console to_err = console;
  to_err.json = true;
  to_err.list(mistakes);
  if (!target) return console.fail(target.error());
  mapping::Workspace workspace;
  bool all_accepted = true;
  for (const auto& record : records) {
    to_err.list(record.findings);
    if (record.verdict != RecordVerdict::accepted) {
      all_accepted = false;
      to_err.say("verdict " + std::string(mapping::verdict_name(record.verdict)));
      continue;
    }
    const auto planned = (*target)->plan(record.canonical, workspace);
    if (!planned) return console.fail(planned.error());
    to_err.list(planned->findings);
    all_accepted = all_accepted && planned->verdict == RecordVerdict::accepted;
    for (const auto& message : planned->messages) {
      std::string out;
      wire::JsonWriter w(out);
      w.begin_object();
      w.member("name", message.name);
      w.member("message_id", message.message_id);
      w.key("body");
      if (const auto body = wire::parse_json(message.body)) w.node(body->root());
      w.end_object();
      if (console.json) console.machine(out);
      else if (const auto document = wire::parse_json(out)) console.say(wire::pretty_json(*document));
    }
  }
  return all_accepted ? kDone : kInputAtFault;
}

int run_map(const RunOptions& options, const Console& console) {
  const auto loaded = load(options, console);
  if (!loaded) return fail_load(loaded.error(), console);
  const auto delivery = read_message(options.in, options.meta);
  if (!delivery) return console.fail(delivery.error());
  mapping::Workspace workspace;
  const auto records = loaded->pack->run(*delivery, loaded->environment, workspace);
  if (!records) return console.fail(records.error());
  return options.target.empty() ? show_records(*records, console) : show_target(options, *records, console);
}

} // namespace

void add_map_commands(CLI::App& program, Run& run) {
  CLI::App* map = program.add_subcommand("map", "Mapping packs: check, run on a message, test");
  map->require_subcommand(1);
  auto options = std::make_shared<RunOptions>();

  add_map_check_commands(*map, run);

  CLI::App* one = map->add_subcommand("run", "Map one message; with --target, on to a platform's messages");
  add_pack_options(one, options);
  add_message_options(one, options);
  one->add_option("--target", options->target, "Platform id (tif_rio) or a target mapping file");
  one->callback([options, &run] { run = [options](const Console& console) { return run_map(*options, console); }; });

  add_map_test_commands(*map, run);
  add_map_explain_commands(*map, run);
  add_map_scaffold_commands(*map, run);
  add_map_folder_commands(*map, run);
  add_map_reverse_commands(*map, run);
}

} // namespace tongqu::tool
