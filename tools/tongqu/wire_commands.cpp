#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "tongqu/wire/json.hpp"
#include "tongqu/wire/xml.hpp"
#include "tools/tongqu/commands.hpp"

namespace tongqu::tool {
namespace {

struct CheckOptions {
  std::string format;
  std::vector<std::string> files;
};

Result<void> gate(const std::string& format, const std::string& bytes) {
  if (format == "xml") {
    TONGQU_TRY(const auto document, wire::parse_xml(bytes));
  } else {
    TONGQU_TRY(const auto document, wire::parse_json(bytes));
  }
  return {};
}

/// One line per file: `accepted PATH` or `refused PATH <error-id> <line>:<column>`.
int check(const CheckOptions& options, const Console& console) {
  bool refused = false;
  for (const std::string& file : options.files) {
    const auto bytes = read_file(file);
    if (!bytes) return console.fail(bytes.error());
    const auto verdict = gate(options.format, *bytes);
    std::string line = verdict ? "accepted " + file : "refused " + file + " " + std::string(verdict.error().id()) + " " + verdict.error().where();
    console.say(line);
    if (console.json) {
      std::string out;
      wire::JsonWriter w(out);
      w.begin_object();
      w.member("path", file);
      w.key("accepted");
      w.boolean(verdict.has_value());
      if (!verdict) {
        w.member("id", verdict.error().id());
        w.member("where", verdict.error().where());
        w.key("message");
        w.begin_object();
        w.member("en", verdict.error().message(Lang::en));
        w.member("zh", verdict.error().message(Lang::zh));
        w.end_object();
      }
      w.end_object();
      console.machine(out);
    }
    refused = refused || !verdict;
  }
  return refused ? kInputAtFault : kDone;
}

} // namespace

void add_wire_commands(CLI::App& program, Run& run) {
  CLI::App* wire = program.add_subcommand("wire", "The strict gate for untrusted bytes");
  wire->require_subcommand(1);
  CLI::App* one = wire->add_subcommand("check", "Say of each file whether the gate accepts it, and where it does not");
  auto options = std::make_shared<CheckOptions>();
  one->add_option("--format", options->format, "xml or json")->required()->check(CLI::IsMember({"xml", "json"}));
  one->add_option("FILE", options->files, "Files; - is standard input")->required();
  one->callback([options, &run] { run = [options](const Console& console) { return check(*options, console); }; });
}

} // namespace tongqu::tool
