#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "tongqu/model/exports.hpp"
#include "tongqu/wire/finding_json.hpp"
#include "tongqu/wire/json.hpp"
#include "tools/tongqu/commands.hpp"

// tongqu model export: a canonical record in a form that others read; what it does not say goes to standard error.
namespace tongqu::tool {
namespace {

struct ExportArguments {
  std::string form, file;
  bool xml = false, realtime = false;
  std::vector<std::string> labels;
  model::ExportOptions options;
};

std::string names_of_forms() {
  std::string names;
  for (const model::ExportForm form : model::all_export_forms()) names += (names.empty() ? "" : " ") + std::string(model::export_form_name(form));
  return names;
}

model::ExportOptions options_of(const ExportArguments& arguments) {
  model::ExportOptions options = arguments.options;
  if (arguments.xml) options.syntax = model::ExportSyntax::xml;
  if (arguments.realtime) options.case_feed = model::CaseFeed::realtime;
  if (!arguments.labels.empty()) options.labels.clear();
  for (const std::string& label : arguments.labels) options.labels.push_back(label == "en" ? Lang::en : Lang::zh);
  return options;
}

/// The text alone on standard output and the findings on standard error; with --json one object {form, text, findings}.
int print(const ExportArguments& arguments, const model::Exported& exported, const Console& console) {
  if (!console.json) {
    console.say(exported.text);
    for (const Finding& finding : exported.findings) {
      const std::string line = std::string(severity_name(finding.severity)) + " " + std::string(errc_row(finding.id).id) + " " + describe(finding, console.lang) + "\n";
      std::fwrite(line.data(), 1, line.size(), stderr);
    }
  }
  std::string out;
  wire::JsonWriter json(out);
  json.begin_object();
  json.member("form", arguments.form);
  json.member("text", exported.text);
  wire::write_findings(json, exported.findings);
  json.end_object();
  console.machine(out);
  return exported.findings.has_errors() ? kInputAtFault : kDone;
}

int export_file(const ExportArguments& arguments, const Console& console) {
  const auto text = read_file(arguments.file);
  if (!text) return console.fail(text.error());
  Findings reading;
  const auto record = model::read_canonical_json(*text, reading);
  if (!record) return console.fail(record.error());
  const auto exported = model::export_record(*record, *model::export_form_from_name(arguments.form), options_of(arguments));
  if (!exported) return console.fail(exported.error());
  return print(arguments, *exported, console);
}

} // namespace

void add_model_export_commands(CLI::App& model, Run& run) {
  auto arguments = std::make_shared<ExportArguments>();
  CLI::App* one = model.add_subcommand("export", "A canonical record as CPSV-AP, Open311, HSDS or schema.org; exit 1 when the form demands what the record lacks");
  one->add_option("--as", arguments->form, names_of_forms())
      ->required()
      ->check(CLI::Validator([](std::string& name) { return model::export_form_from_name(name) ? std::string() : "no such form: " + name + " (" + names_of_forms() + ")"; }, "FORM"));
  one->add_option("--base", arguments->options.base_uri, "Absolute URI that identifiers start with, ending with ':', '/' or '#'");
  one->add_option("--language", arguments->options.language, "Language tag of the record's texts");
  one->add_option("--label", arguments->labels, "Languages of code labels, in order: zh, en")->check(CLI::IsMember({"zh", "en"}));
  one->add_option("--offset", arguments->options.utc_offset, "Offset from UTC of opening hours, +08:00 (HSDS)");
  one->add_flag("--xml", arguments->xml, "XML instead of JSON (Open311)");
  one->add_flag("--realtime", arguments->realtime, "Cases are published too (Open311 services)");
  one->add_option("FILE", arguments->file, "Canonical JSON of one record; - is standard input")->required();
  one->callback([arguments, &run] { run = [arguments](const Console& console) { return export_file(*arguments, console); }; });
}

} // namespace tongqu::tool
