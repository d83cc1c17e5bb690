#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "tongqu/model/identifiers.hpp"
#include "tongqu/model/rules.hpp"
#include "tongqu/wire/json.hpp"
#include "tools/tongqu/commands.hpp"

namespace tongqu::tool {
namespace {

struct CheckOptions {
  std::string type;
  std::string today;
  std::vector<std::string> values;
};

/// What a check says about one value.
struct Judged {
  Result<void> verdict;
  std::string upgraded;  ///< A valid 15-digit number: its 18-digit form.
};

/// Whether the birth date inside a resident id lies after a date.
Result<void> check_not_after(const std::string& value, const model::Time& today) {
  const auto born = model::birth_date_of(value);
  if (born && born->utc() > today.utc()) return Error(Errc::model_time_in_future);
  return {};
}

/// Whether numbers of this type hold a birth date.
bool holds_birth_date(std::string_view type) { return type == "resident_id" || type == "residence_permit_hmt"; }

Judged judge(const std::string& type, const std::string& value, const std::optional<model::Time>& today) {
  Judged judged{*model::run_check(type, value), {}};
  if (judged.verdict && type == "resident_id" && value.size() == 15) {
    auto upgraded = model::upgrade_resident_id(value);
    if (upgraded) judged.upgraded = *upgraded;
    else judged.verdict = upgraded.error();
  }
  if (judged.verdict && today && holds_birth_date(type)) judged.verdict = check_not_after(judged.upgraded.empty() ? value : judged.upgraded, *today);
  return judged;
}

void write_judged(wire::JsonWriter& w, const std::string& value, const Judged& judged) {
  w.begin_object();
  w.member("value", value);
  w.member("verdict", judged.verdict ? "valid" : "invalid");
  if (!judged.upgraded.empty()) w.member("upgraded", judged.upgraded);
  if (!judged.verdict) {
    w.member("id", judged.verdict.error().id());
    w.key("message");
    w.begin_object();
    w.member("en", judged.verdict.error().message(Lang::en));
    w.member("zh", judged.verdict.error().message(Lang::zh));
    w.end_object();
  }
  w.end_object();
}

std::vector<std::string> lines_of_input() {
  std::vector<std::string> values;
  for (std::string line; std::getline(std::cin, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (!line.empty()) values.push_back(line);
  }
  return values;
}

std::string list_of_types() {
  std::string list;
  for (const std::string_view name : model::check_names()) list += (list.empty() ? "" : " ") + std::string(name);
  return list;
}

/// One line per value: `valid VALUE` (a 15-digit number with its 18-digit form) or `invalid VALUE <error-id>`.
int check(const CheckOptions& options, const Console& console) {
  if (!model::is_check(options.type)) {
    const std::string list = std::string(console.pick("no such type; types: ", "没有该类型；可用类型：")) + list_of_types() + "\n";
    std::fwrite(list.data(), 1, list.size(), stderr);
    return kUsage;
  }
  std::optional<model::Time> today;
  if (!options.today.empty()) {
    const auto time = model::Time::parse(options.today);
    if (!time) {
      console.fail(time.error());
      return kUsage;
    }
    today = *time;
  }
  bool invalid = false;
  std::string out;
  wire::JsonWriter w(out);
  w.begin_object();
  w.member("type", options.type);
  w.key("results");
  w.begin_array();
  for (const std::string& value : options.values.empty() ? lines_of_input() : options.values) {
    const Judged judged = judge(options.type, value, today);
    if (judged.verdict) console.say("valid " + value + (judged.upgraded.empty() ? "" : " " + judged.upgraded));
    else console.say("invalid " + value + " " + std::string(judged.verdict.error().id()));
    if (console.json) write_judged(w, value, judged);
    invalid = invalid || !judged.verdict;
  }
  w.end_array();
  w.end_object();
  console.machine(out);
  return invalid ? kInputAtFault : kDone;
}

void write_text(wire::JsonWriter& w, std::string_view key, const model::RuleText& text) {
  w.key(key);
  w.begin_object();
  w.member("en", text.en);
  w.member("zh", text.zh);
  w.end_object();
}

void write_rule(wire::JsonWriter& w, const model::Rule& rule) {
  const ErrcRow& row = errc_row(rule.id);
  w.begin_object();
  w.member("rule", model::rule_name(rule));
  w.member("number", rule.number);
  w.member("entity", model::entity_name(rule.entity));
  w.member("id", row.id);
  w.member("severity", severity_name(rule.severity));
  w.member("origin", model::rule_origin_name(rule.origin));
  w.member("confidence", model::confidence_name(rule.confidence));
  w.member("needs", model::rule_needs_name(rule.needs));
  w.key("whole_records_only");
  w.boolean(rule.whole);
  w.member("source", rule.source);
  w.key("paths");
  w.begin_array();
  for (std::string_view rest = rule.paths; !rest.empty();) {
    const std::string_view path = rest.substr(0, rest.find(' '));
    rest.remove_prefix(std::min(path.size() + 1, rest.size()));
    w.string(path);
  }
  w.end_array();
  write_text(w, "text", {row.en, row.zh});
  write_text(w, "expected", rule.expected);
  write_text(w, "suggestion", rule.suggestion);
  w.member("test", model::rule_test(rule));
  w.end_object();
}

/// One line per rule: number, name, severity, sentence, source, covering test.
int list_rules(const std::string& entity, const Console& console) {
  if (!entity.empty() && !model::entity_from_name(entity)) {
    std::string list(console.pick("no such entity; entities: ", "没有该实体；可用实体："));
    for (const model::EntityId id : model::all_entities()) list += std::string(model::entity_name(id)) + " ";
    list.back() = '\n';
    std::fwrite(list.data(), 1, list.size(), stderr);
    return kUsage;
  }
  std::string out;
  wire::JsonWriter w(out);
  w.begin_array();
  std::size_t count = 0;
  const model::Rule* rows = model::rules(count);
  for (std::size_t i = 0; i < count; ++i) {
    const model::Rule& rule = rows[i];
    if (!entity.empty() && model::entity_name(rule.entity) != entity) continue;
    if (console.json) {
      write_rule(w, rule);
      continue;
    }
    const ErrcRow& row = errc_row(rule.id);
    console.say(std::string(rule.number) + "  " + model::rule_name(rule) + "  " + std::string(severity_name(rule.severity)) + "  " +
                std::string(console.pick(row.en, row.zh)) + "  [" + std::string(rule.source) + "]  " + model::rule_test(rule));
  }
  w.end_array();
  console.machine(out);
  return kDone;
}

} // namespace

void add_model_commands(CLI::App& program, Run& run) {
  CLI::App* model = program.add_subcommand("model", "The canonical model");
  model->require_subcommand(1);
  add_model_schema_commands(*model, run);
  add_model_export_commands(*model, run);
  CLI::App* one = model->add_subcommand("check", "Check identifiers: form, calendar and check character");
  auto options = std::make_shared<CheckOptions>();
  one->add_option("--type", options->type, list_of_types())->required();
  one->add_option("--today", options->today, "Also refuse birth dates after this day (yyyy-MM-dd)");
  one->add_option("VALUE", options->values, "Values; none: one per line of standard input");
  one->callback([options, &run] { run = [options](const Console& console) { return check(*options, console); }; });
  CLI::App* all = model->add_subcommand("rules", "List the rules that records are judged by, with the test that covers each");
  auto entity = std::make_shared<std::string>();
  all->add_option("--entity", *entity, "Rules of one entity: case, service_item, …");
  all->callback([entity, &run] { run = [entity](const Console& console) { return list_rules(*entity, console); }; });
}

} // namespace tongqu::tool
