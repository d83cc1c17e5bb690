#include <CLI/CLI.hpp>

#include "tongqu/wire/json.hpp"
#include "tools/tongqu/map_support.hpp"

namespace tongqu::tool {
namespace {

using namespace mapping::author;

std::string number(std::size_t value) { return std::to_string(value); }
void member(wire::JsonWriter& w, std::string_view name, std::size_t value) { w.member(name, static_cast<std::int64_t>(value)); }

std::string place_of(const std::string& file, std::uint32_t line) { return line == 0 ? file : file + ":" + std::to_string(line); }

int run_tests(const MapOptions& options, const Console& console) {
  const auto loaded = load(options, console);
  if (!loaded) return fail_load(loaded.error(), console);
  const auto report = loaded->pack->run_tests(loaded->environment);
  for (const std::string& failure : report.failures) console.say(std::string(console.pick("failed  ", "未通过  ")) + failure);
  console.say(number(report.passed) + std::string(console.pick(" passed, ", " 个通过，")) + number(report.failures.size()) + std::string(console.pick(" failed", " 个未通过")));
  std::string out;
  wire::JsonWriter w(out);
  w.begin_object();
  member(w, "passed", report.passed);
  w.key("failures");
  w.begin_array();
  for (const std::string& failure : report.failures) w.string(failure);
  w.end_array();
  w.end_object();
  console.machine(out);
  return report.failures.empty() && report.passed != 0 ? kDone : kInputAtFault;
}

std::string mutation_json(const MutationReport& report) {
  std::string out;
  wire::JsonWriter w(out);
  w.begin_object();
  w.member("pack", report.pack);
  w.key("green");
  w.boolean(report.green());
  member(w, "mutants", report.mutants.size());
  for (const MutantFate fate : {MutantFate::noticed, MutantFate::refused, MutantFate::excused, MutantFate::survived}) member(w, fate_name(fate), report.count(fate));
  w.key("list");
  w.begin_array();
  for (const JudgedMutant& one : report.mutants) {
    w.begin_object();
    w.member("mutant", one.mutant.id());
    w.member("fate", fate_name(one.fate));
    w.member("file", one.mutant.file);
    w.member("line", static_cast<std::int64_t>(one.mutant.line));
    if (!one.mutant.change.empty()) w.member("change", one.mutant.change);
    if (!one.reason.empty()) w.member("reason", one.reason);
    w.end_object();
  }
  w.end_array();
  w.key("stale");
  w.begin_array();
  for (const StaleExcuse& stale : report.stale) {
    w.begin_object();
    w.member("mutant", stale.mutant);
    w.member("line", static_cast<std::int64_t>(stale.line));
    w.end_object();
  }
  w.end_array();
  w.end_object();
  return out;
}

int mutate(const MapOptions& options, const Console& console) {
  const auto loaded = load(options, console);
  if (!loaded) return fail_load(loaded.error(), console);
  Result<MutationReport> report = [&] {
    ProgressLine line(std::string(console.pick("mutants", "变异")));
    return run_mutations(pack_at(options), loaded->environment, [&line](std::size_t done, std::size_t total) { line.show(done, total); });
  }();
  if (!report) return console.fail(report.error());
  for (const JudgedMutant& one : report->mutants) {
    if (one.fate != MutantFate::survived) continue;
    console.say(padded(place_of(one.mutant.file, one.mutant.line), 28) + "  " + one.mutant.id() + (one.mutant.change.empty() ? "" : "  (" + one.mutant.change + ")"));
  }
  for (const StaleExcuse& stale : report->stale) {
    console.say(padded(place_of("excuses.yaml", stale.line), 28) + "  " + std::string(console.pick("excuses nothing: ", "多余的豁免：")) + stale.mutant);
  }
  const auto part = [&](MutantFate fate, std::string_view en, std::string_view zh) { return number(report->count(fate)) + std::string(console.pick(en, zh)); };
  console.say(report->pack + std::string(console.pick(": ", "：")) + number(report->mutants.size()) + std::string(console.pick(" changes, ", " 处改动，")) +
              part(MutantFate::noticed, " noticed by a test, ", " 处被测试发现，") + part(MutantFate::refused, " refused by the compiler, ", " 处被编译器拒绝，") +
              part(MutantFate::excused, " excused, ", " 处已豁免，") + part(MutantFate::survived, " unnoticed", " 处未被发现"));
  console.machine(mutation_json(*report));
  return report->green() ? kDone : kInputAtFault;
}

std::string cover_json(const CoverReport& report) {
  std::string out;
  wire::JsonWriter w(out);
  w.begin_object();
  w.member("pack", report.pack);
  member(w, "tests", report.tests);
  for (const CoverGroup& group : report.groups) {
    w.key(group.name);
    w.begin_object();
    member(w, "reached", group.reached());
    member(w, "all", group.items.size());
    w.key("list");
    w.begin_array();
    for (const CoverItem& item : group.items) {
      w.begin_object();
      w.member("name", item.name);
      w.member("file", item.file);
      w.member("line", static_cast<std::int64_t>(item.line));
      member(w, "hits", item.hits);
      w.end_object();
    }
    w.end_array();
    w.end_object();
  }
  w.key("unused");
  w.begin_array();
  for (const CoverItem& item : report.unused) {
    w.begin_object();
    w.member("path", item.name);
    member(w, "samples", item.hits);
    w.end_object();
  }
  w.end_array();
  w.end_object();
  return out;
}

int show_cover(const MapOptions& options, const Console& console) {
  const auto loaded = load(options, console);
  if (!loaded) return fail_load(loaded.error(), console);
  const auto report = cover(pack_at(options), loaded->environment);
  if (!report) return console.fail(report.error());
  static const std::map<std::string, Bilingual> kTitles = {{"rules", {"rules", "规则"}}, {"sources", {"source paths", "来源路径"}}, {"rows", {"table rows", "代码表行"}}, {"policies", {"policies", "处理策略"}}};
  for (const CoverGroup& group : report->groups) {
    const Bilingual& title = kTitles.at(group.name);
    const std::size_t percent = group.items.empty() ? 100 : group.reached() * 100 / group.items.size();
    console.say(padded(console.pick(title.en, title.zh), 14) + number(group.reached()) + " / " + number(group.items.size()) + "  " + number(percent) + " %");
    for (const CoverItem& item : group.items) {
      if (item.hits == 0) console.say("  " + padded(place_of(item.file, item.line), 28) + "  " + item.name);
    }
  }
  if (!report->unused.empty()) console.say(console.pick("read by no rule, and filled in the samples", "样例中有值、但没有规则读取"));
  for (const CoverItem& item : report->unused) console.say("  " + item.name + "  ×" + number(item.hits));
  console.say(report->pack + std::string(console.pick(", tests: ", "，测试数：")) + number(report->tests));
  console.machine(cover_json(*report));
  return kDone;
}

} // namespace

void add_map_test_commands(CLI::App& map, Run& run) {
  auto options = std::make_shared<MapOptions>();
  auto mutating = std::make_shared<bool>(false);
  CLI::App* one = map.add_subcommand("test", "Run the tests of a pack; with --mutate, see whether they notice changes to it");
  add_pack_options(one, options);
  one->add_flag("--mutate", *mutating, "Change the pack in every way of a fixed list, one at a time: each must be noticed or excused");
  one->callback([options, mutating, &run] { run = [options, mutating](const Console& console) { return *mutating ? mutate(*options, console) : run_tests(*options, console); }; });

  one = map.add_subcommand("cover", "Rules, source paths, table rows and policies that the tests reach");
  add_pack_options(one, options);
  one->callback([options, &run] { run = [options](const Console& console) { return show_cover(*options, console); }; });
}

} // namespace tongqu::tool
