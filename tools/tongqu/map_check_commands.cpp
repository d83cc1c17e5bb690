#include "tools/tongqu/map_check_commands.hpp"

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "tongqu/mapping/check.hpp"
#include "tongqu/mapping/pack_tools.hpp"
#include "tongqu/wire/yaml.hpp"
#include "tools/tongqu/map_support.hpp"
#include "tools/tongqu/target_files.hpp"

namespace tongqu::tool {
namespace {

struct CheckCommand : MapOptions {
  std::string sarif;
  std::vector<std::string> targets;
  bool strict = false;
};

/// @errors base.file_unreadable for a platform that is not there.
Result<mapping::CheckOptions> options_of(const CheckCommand& command) {
  mapping::CheckOptions options;
  options.params = command.params;
  TONGQU_TRY(options.environment, map_environment(command));
  for (const std::string& name : command.targets) {
    const std::vector<std::string> files = targets_of(name);
    if (files.empty()) return Error(Errc::base_file_unreadable).at(name);
    for (const std::string& file : files) options.targets.push_back({file, true});
  }
  if (!command.targets.empty()) return options;
  for (const std::string& file : all_targets()) options.targets.push_back({file, false});
  return options;
}

/// Whole or not at all: a formatted pack must not be half a pack.
Result<void> replace_file(const std::string& path, const std::string& text) {
  const std::string beside = path + ".new";
  std::error_code failed;
  TONGQU_CHECK(write_file(beside, text, Inputs()));
  std::filesystem::rename(beside, path, failed);
  if (failed) return Error(Errc::base_file_unwritable).at(path);
  return {};
}

int print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  return kDone;
}

int check(const CheckCommand& command, Console console) {
  const auto options = options_of(command);
  if (!options) return console.fail(options.error());
  const auto report = mapping::check_pack(command.pack, *options);
  if (!report) return console.fail(report.error());
  if (!command.sarif.empty()) {
    const std::string sarif = mapping::sarif_json(*report) + "\n";
    Inputs inputs;
    inputs.add(command.pack);
    for (const mapping::CheckTarget& target : options->targets) inputs.add(target.file);
    if (command.sarif == "-") print(sarif);
    else if (const auto written = write_file(command.sarif, sarif, inputs); !written) return console.fail(written.error());
  }
  console.machine(mapping::check_json(*report));
  // Standard output belongs to SARIF when it was asked for there.
  if (command.sarif == "-") console.json = true;
  console.list(report->findings);
  const bool good = report->errors() == 0 && (!command.strict || report->warnings() == 0);
  const std::string counts = console.lang == Lang::zh ? "错误 " + std::to_string(report->errors()) + " 个，警告 " + std::to_string(report->warnings()) + " 个"
                                                      : std::to_string(report->errors()) + " errors, " + std::to_string(report->warnings()) + " warnings";
  if (report->pack && good) console.say("ok " + report->pack->name() + " " + report->pack->digest);
  if (report->errors() + report->warnings() != 0) console.say(counts);
  if (options->targets.empty()) console.say(std::string(console.pick("no platforms were found beside this program: what they demand was not looked at", "程序旁未找到平台目录：未检查平台的必填要求")));
  return good ? kDone : kInputAtFault;
}

/// pack.yaml and the mappings that it names; a file is a list of itself.
Result<std::vector<std::string>> files_of(const std::string& pack) {
  if (std::filesystem::is_regular_file(pack)) return std::vector<std::string>{pack};
  std::vector<std::string> files = {pack + "/pack.yaml"};
  const auto text = read_file(files.front());
  if (!text) return Error(Errc::mapping_pack_missing).at(pack);
  const auto root = wire::parse_yaml(*text);
  if (!root) return Error(root.error().code()).at(files.front() + ":" + root.error().where());
  const wire::YamlNode* mappings = root->find("mappings");
  for (std::size_t i = 0; mappings != nullptr && i < mappings->items.size(); ++i) {
    const wire::YamlNode* file = mappings->items[i].find("file");
    if (file != nullptr && file->text.find("..") == std::string::npos) files.push_back(pack + "/" + file->text);
  }
  return files;
}

int format(const std::string& pack, bool only_check, const Console& console) {
  const auto files = files_of(pack);
  if (!files) return console.fail(files.error());
  bool rests = true;
  for (const std::string& file : *files) {
    const auto text = read_file(file);
    if (!text) return console.fail(text.error());
    const auto formatted = mapping::format_pack_file(*text);
    if (!formatted) return console.fail(Error(formatted.error().code()).at(file + (formatted.error().where().empty() ? "" : ":" + formatted.error().where())));
    if (*formatted == *text) continue;
    rests = false;
    console.say(file);
    if (only_check) continue;
    if (const auto written = replace_file(file, *formatted); !written) return console.fail(written.error());
  }
  return rests || !only_check ? kDone : kInputAtFault;
}

void add_check(CLI::App& map, Run& run) {
  auto command = std::make_shared<CheckCommand>();
  CLI::App* one = map.add_subcommand("check", "Compile a pack and report every mistake, and what will surprise its author later, with its place");
  add_pack_options(one, command);
  one->add_option("--target", command->targets, "Platform id or target file that the pack is for; what it demands and the pack lacks is then an error (default: all, as warnings)");
  one->add_flag("--strict", command->strict, "Warnings count as errors");
  one->add_option("--sarif", command->sarif, "File for the report in SARIF 2.1.0; - is standard output");
  one->callback([command, &run] { run = [command](const Console& console) { return check(*command, console); }; });
}

void add_schema(CLI::App& map, Run& run) {
  auto kind = std::make_shared<std::string>();
  CLI::App* one = map.add_subcommand("schema", "JSON Schema of the files of a pack, for editors");
  one->add_option("KIND", *kind, "pack, source or target")->required()->check(CLI::IsMember({"pack", "source", "target"}));
  one->callback([kind, &run] {
    run = [kind](const Console&) {
      using mapping::SchemaKind;
      return print(mapping::pack_schema(*kind == "pack" ? SchemaKind::pack : *kind == "source" ? SchemaKind::source : SchemaKind::target));
    };
  });
}

void add_format(CLI::App& map, Run& run) {
  struct Options { std::string pack; bool check = false; };
  auto options = std::make_shared<Options>();
  CLI::App* one = map.add_subcommand("fmt", "Bring the files of a pack into canonical form; comments, order and quotes stay");
  one->add_option("PACK", options->pack, "Folder of the pack, or one file")->required();
  one->add_flag("--check", options->check, "Change nothing; list what would change and exit 1");
  one->callback([options, &run] { run = [options](const Console& console) { return format(options->pack, options->check, console); }; });
}

void add_steps(CLI::App& map, Run& run) {
  auto markdown = std::make_shared<bool>(false);
  CLI::App* one = map.add_subcommand("steps", "Every step of the mapping language: types, faults, inverse, example");
  one->add_flag("--markdown", *markdown, "As the page docs/reference/mapping-steps.md");
  one->callback([markdown, &run] { run = [markdown](const Console&) { return print(*markdown ? mapping::steps_markdown() : mapping::steps_text()); }; });
}

void add_field_table(CLI::App& map, Run& run) {
  struct Options { std::string pack; bool html = false; };
  auto options = std::make_shared<Options>();
  CLI::App* one = map.add_subcommand("doc", "Table of the fields of a pack in both languages, for an office to sign");
  one->add_option("PACK", options->pack, "Folder of the pack")->required();
  one->add_flag("--html", options->html, "One HTML file that prints on A4, instead of Markdown");
  one->callback([options, &run] {
    run = [options](const Console& console) {
      const auto page = mapping::field_table(options->pack, {}, options->html ? mapping::TableForm::html : mapping::TableForm::markdown);
      return page ? print(*page) : console.fail(page.error());
    };
  });
}

} // namespace

void add_map_check_commands(CLI::App& map, Run& run) {
  add_check(map, run);
  add_schema(map, run);
  add_format(map, run);
  add_steps(map, run);
  add_field_table(map, run);
}

} // namespace tongqu::tool
