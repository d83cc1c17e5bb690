#include <unistd.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "tongqu/mapping/pack.hpp"
#include "tongqu/wire/finding_json.hpp"
#include "tongqu/wire/yaml.hpp"
#include "tools/tongqu/commands.hpp"
#include "tools/tongqu/map_check_commands.hpp"
#include "tools/tongqu/map_support.hpp"
#include "tools/tongqu/target_files.hpp"

namespace tongqu::tool {
namespace {

namespace fs = std::filesystem;
using mapping::RecordVerdict;

struct RunOptions {
  std::string pack, in, meta, target, today = "2150-01-01";
  std::map<std::string, std::string> params;
};

/// Environment of the command line. Samples hold synthetic people born after 2099, so the reference date defaults to that of the packs.
Result<mapping::Environment> environment(const RunOptions& options) {
  mapping::Environment env;
  TONGQU_TRY(env.reference_date, model::Time::parse(options.today));
  static const model::WorkingDays nation = model::Calendars::published().working_days("000000");
  env.working_days = &nation;
  return env;
}

Result<std::shared_ptr<const mapping::Pack>> load(const RunOptions& options, const Console& console) {
  Findings mistakes;
  auto pack = mapping::Pack::load(options.pack, options.params, mistakes);
  Console to_err = console;
  to_err.json = true;  // Mistakes go to standard error here: standard output is for the record.
  to_err.list(mistakes);
  return pack;
}

/// Transport facts from a side file: a YAML mapping of texts.
Result<std::map<std::string, std::string, std::less<>>> read_facts(const std::string& file) {
  std::map<std::string, std::string, std::less<>> facts;
  TONGQU_TRY(const std::string text, read_file(file));
  TONGQU_TRY(const wire::YamlNode root, wire::parse_yaml(text));
  for (const auto& [key, value] : root.members) facts[key.text] = value.text;
  return facts;
}

/// "01-x.in.xml" -> "01-x.meta.yaml" beside it, when that exists.
std::string side_file(const std::string& in) {
  const auto at = in.rfind(".in.");
  if (at == std::string::npos) return {};
  const std::string meta = in.substr(0, at) + ".meta.yaml";
  return fs::exists(meta) ? meta : std::string();
}

Result<wire::Delivery> read_delivery(const RunOptions& options) {
  wire::Delivery delivery;
  TONGQU_TRY(std::string bytes, read_file(options.in));
  const std::string meta = options.meta.empty() ? side_file(options.in) : options.meta;
  if (!meta.empty()) {
    TONGQU_TRY(delivery.facts, read_facts(meta));
  }
  delivery.parts.push_back({"body", std::string(delivery.fact("content_type")), std::move(bytes), nullptr});
  return delivery;
}

void write_record(wire::JsonWriter& w, const mapping::MappedRecord& record) {
  w.begin_object();
  w.member("verdict", mapping::verdict_name(record.verdict));
  w.member("digest", to_hex(mapping::content_digest(record)));
  w.key("record");
  if (const auto document = wire::parse_json(record.canonical)) w.node(document->root());
  else w.null();
  w.key("findings");
  w.begin_array();
  for (const Finding& finding : record.findings) wire::write_finding(w, finding);
  w.end_array();
  w.end_object();
}

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
  const auto pack = load(options, console);
  if (!pack) return console.fail(pack.error());
  const auto delivery = read_delivery(options);
  if (!delivery) return console.fail(delivery.error());
  const auto env = environment(options);
  if (!env) return console.fail(env.error());
  mapping::Workspace workspace;
  const auto records = (*pack)->run(*delivery, *env, workspace);
  if (!records) return console.fail(records.error());
  return options.target.empty() ? show_records(*records, console) : show_target(options, *records, console);
}

void add_common(CLI::App* app, const std::shared_ptr<RunOptions>& options) {
  app->add_option("PACK", options->pack, "Folder of the pack")->required();
  app->add_option("--today", options->today, "Reference date for \"not in the future\" (default 2150-01-01, for synthetic people)");
  app->add_option_function<std::vector<std::string>>("--param", [options](const std::vector<std::string>& pairs) {
    for (const std::string& pair : pairs) {
      const auto equals = pair.find('=');
      if (equals == std::string::npos) throw CLI::ValidationError("--param", "NAME=VALUE expected");
      options->params[pair.substr(0, equals)] = pair.substr(equals + 1);
    }
  }, "NAME=VALUE, overrides a parameter of the pack");
}

} // namespace

void add_map_commands(CLI::App& program, Run& run) {
  CLI::App* map = program.add_subcommand("map", "Mapping packs: check, run on a message, test");
  map->require_subcommand(1);
  auto options = std::make_shared<RunOptions>();

  add_map_check_commands(*map, run);

  CLI::App* one = map->add_subcommand("run", "Map one message; with --target, on to a platform's messages");
  add_common(one, options);
  one->add_option("--in", options->in, "File with the message as received; - is standard input")->required();
  one->add_option("--meta", options->meta, "YAML file with transport facts (default: NN.meta.yaml beside NN.in.*)");
  one->add_option("--target", options->target, "Platform id (tif_rio) or a target mapping file");
  one->callback([options, &run] { run = [options](const Console& console) { return run_map(*options, console); }; });

  add_map_test_commands(*map, run);
  add_map_explain_commands(*map, run);
  add_map_scaffold_commands(*map, run);
  add_map_folder_commands(*map, run);
  add_map_reverse_commands(*map, run);
}

} // namespace tongqu::tool
