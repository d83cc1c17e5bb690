#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "tongqu/model/identifiers.hpp"
#include "tools/tongqu/commands.hpp"

namespace tongqu::tool {
namespace {

struct CheckOptions {
  std::string type;
  std::string today;
  std::vector<std::string> values;
};

/// Whether the birth date inside a resident id lies after a date.
Result<void> check_not_after(const std::string& value, const model::Time& today) {
  const auto born = model::birth_date_of(value);
  if (born && born->utc() > today.utc()) return Error(Errc::model_time_in_future);
  return {};
}

/// One line per value: `valid VALUE` (a 15-digit number with its 18-digit form) or `invalid VALUE <error-id>`.
int check(const CheckOptions& options, const Console& console) {
  std::vector<std::string> values = options.values;
  if (values.empty()) {
    for (std::string line; std::getline(std::cin, line);) {
      if (!line.empty() && line.back() == '\r') line.pop_back();
      if (!line.empty()) values.push_back(line);
    }
  }
  std::optional<model::Time> today;
  if (!options.today.empty()) {
    const auto time = model::Time::parse(options.today);
    if (!time) return console.fail(time.error());
    today = *time;
  }
  bool invalid = false;
  for (const std::string& value : values) {
    const bool short_form = options.type == "resident_id" && value.size() == 15;
    Result<void> verdict = *model::run_check(options.type, value);
    Result<std::string> upgraded = short_form && verdict ? model::upgrade_resident_id(value) : Result<std::string>(std::string());
    if (verdict && !upgraded) verdict = upgraded.error();
    if (verdict && today && options.type == "resident_id") verdict = check_not_after(short_form ? *upgraded : value, *today);
    if (verdict) console.say("valid " + value + (short_form ? " " + *upgraded : ""));
    else console.say("invalid " + value + " " + std::string(verdict.error().id()));
    invalid = invalid || !verdict;
  }
  return invalid ? kInputAtFault : kDone;
}

} // namespace

void add_model_commands(CLI::App& program, Run& run) {
  CLI::App* model = program.add_subcommand("model", "The canonical model");
  model->require_subcommand(1);
  add_model_schema_commands(*model, run);
  CLI::App* one = model->add_subcommand("check", "Check identifiers: form, calendar and check character");
  auto options = std::make_shared<CheckOptions>();
  one->add_option("--type", options->type, "resident_id uscc org_code licence_id division catalog_code task_code task_handle_item case_no")
      ->required()
      ->check(CLI::Validator([](std::string& name) { return model::is_check(name) ? std::string() : "no such type: " + name; }, "TYPE"));
  one->add_option("--today", options->today, "Also refuse birth dates after this day (yyyy-MM-dd)");
  one->add_option("VALUE", options->values, "Values; none: one per line of standard input");
  one->callback([options, &run] { run = [options](const Console& console) { return check(*options, console); }; });
}

} // namespace tongqu::tool
