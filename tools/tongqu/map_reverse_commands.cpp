#include <cstdio>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "tongqu/base/bytes.hpp"
#include "tongqu/mapping/reverse.hpp"
#include "tongqu/wire/finding_json.hpp"
#include "tongqu/wire/json.hpp"
#include "tools/tongqu/map_support.hpp"

namespace tongqu::tool {
namespace {

struct ReverseCommandOptions : MapOptions {
  std::string out, mapping;
  mapping::LawOptions laws;
};

void show_json(const mapping::Reversed& made, const Console& console) {
  std::string out;
  wire::JsonWriter w(out);
  w.begin_object();
  w.member("verdict", mapping::verdict_name(made.verdict));
  w.member("mapping", made.mapping);
  w.member("content_type", made.content_type);
  if (!made.operation.empty()) w.member("operation", made.operation);
  if (!made.action.empty()) w.member("action", made.action);
  w.key("facts");
  w.begin_object();
  for (const auto& [name, value] : made.facts) w.member(name, value);
  w.end_object();
  w.member("base64", to_base64(made.bytes));
  wire::write_findings(w, made.findings);
  w.end_object();
  console.machine(out);
}

int reverse(const ReverseCommandOptions& options, const Console& console) {
  const auto loaded = load(options, console);
  if (!loaded) return fail_load(loaded.error(), console);
  const auto canonical = read_file(options.in);
  if (!canonical) return console.fail(canonical.error());
  mapping::Workspace workspace;
  const auto made = loaded->pack->reverse(*canonical, options.mapping, loaded->environment, workspace);
  if (!made) return console.fail(made.error());
  Console to_err = console;
  to_err.json = true;
  to_err.say("verdict " + std::string(mapping::verdict_name(made->verdict)) + " " + made->mapping + " " + made->content_type);
  to_err.list(made->findings);
  if (console.json) show_json(*made, console);
  if (made->verdict != mapping::RecordVerdict::accepted) return kInputAtFault;
  if (!options.out.empty()) {
    Inputs inputs;
    inputs.add(options.pack);
    inputs.add(options.in);
    if (const auto done = write_file(options.out, made->bytes, inputs); !done) return console.fail(done.error());
  } else if (!console.json) {
    std::fwrite(made->bytes.data(), 1, made->bytes.size(), stdout);
  }
  return kDone;
}

void show_report(const mapping::LawReport& report, const Console& console) {
  for (const std::string& failure : report.failures) console.say("failed " + report.mapping + ": " + failure);
  for (const std::string& field : report.never) console.say("never " + report.mapping + ": no record had " + field);
  for (const auto& [field, reason] : report.one_way) console.say("one-way " + report.mapping + ": " + field + ": " + reason);
  console.say("laws " + report.mapping + ": seed " + std::to_string(report.seed) + ", " + std::to_string(report.records) + " records, " + std::to_string(report.fields.size()) +
              " fields, " + std::to_string(report.samples) + " samples, " + std::to_string(report.excused) + " excused, " + std::to_string(report.failures.size()) + " failed");
}

void write_report(wire::JsonWriter& w, const mapping::LawReport& report) {
  const auto list = [&w](const char* name, const std::vector<std::string>& texts) {
    w.key(name);
    w.begin_array();
    for (const std::string& text : texts) w.string(text);
    w.end_array();
  };
  w.begin_object();
  w.member("mapping", report.mapping);
  if (!report.failures.empty() || !report.never.empty()) w.member("error", errc_row(Errc::mapping_laws_failed).id);
  w.member("seed", std::to_string(report.seed));
  w.member("records", static_cast<std::int64_t>(report.records));
  w.member("samples", static_cast<std::int64_t>(report.samples));
  w.member("excused", static_cast<std::int64_t>(report.excused));
  list("failures", report.failures);
  list("fields", report.fields);
  list("never", report.never);
  w.key("one_way");
  w.begin_object();
  for (const auto& [field, reason] : report.one_way) w.member(field, reason);
  w.end_object();
  w.end_object();
}

int laws(const ReverseCommandOptions& options, const Console& console) {
  const auto loaded = load(options, console);
  if (!loaded) return fail_load(loaded.error(), console);
  mapping::Workspace workspace;
  const auto reports = loaded->pack->check_laws(options.laws, loaded->environment, workspace);
  if (!reports) return console.fail(reports.error());
  bool good = true;
  std::string out;
  wire::JsonWriter w(out);
  w.begin_array();
  for (const mapping::LawReport& report : *reports) {
    const bool holds = report.failures.empty() && report.never.empty();
    good = good && holds;
    show_report(report, console);
    if (!holds) console.complain(Error(Errc::mapping_laws_failed).at(report.mapping));
    write_report(w, report);
  }
  w.end_array();
  if (console.json) console.machine(out);
  return good ? kDone : kInputAtFault;
}

void add_common(CLI::App* app, const std::shared_ptr<ReverseCommandOptions>& options) {
  add_pack_options(app, options);
  app->add_option("--mapping", options->mapping, "Id of the mapping that writes (default: the one that claims such records)");
}

} // namespace

void add_map_reverse_commands(CLI::App& map, Run& run) {
  auto options = std::make_shared<ReverseCommandOptions>();
  CLI::App* one = map.add_subcommand("reverse", "Write a canonical record back as a message of the legacy system");
  add_common(one, options);
  one->add_option("--in", options->in, "Canonical JSON of one record; - is standard input")->required();
  one->add_option("-o,--out", options->out, "File for the bytes (default standard output)");
  one->callback([options, &run] { run = [options](const Console& console) { return reverse(*options, console); }; });

  one = map.add_subcommand("laws", "Try the laws of the way back on records made from a seed and on the samples of the pack");
  add_common(one, options);
  one->add_option("--records", options->laws.records, "Records for each mapping (default 10000)")->check(CLI::Range(std::size_t{1}, std::size_t{10000000}));
  one->add_option("--seed", options->laws.seed, "Seed (default 1)");
  one->callback([options, &run] {
    options->laws.mapping = options->mapping;
    run = [options](const Console& console) { return laws(*options, console); };
  });
}

} // namespace tongqu::tool
