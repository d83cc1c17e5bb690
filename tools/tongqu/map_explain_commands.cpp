#include <CLI/CLI.hpp>

#include "tongqu/wire/finding_json.hpp"
#include "tongqu/wire/json.hpp"
#include "tools/tongqu/map_support.hpp"

namespace tongqu::tool {
namespace {

using namespace mapping::author;

struct ExplainCommand : MapOptions {
  ExplainOptions what;
  bool plan = false;
};

constexpr std::size_t kLabel = 10;

std::string range_of(const Hop& hop, const Console& console) {
  if (hop.part.compare(0, 5, "meta:") == 0) return {};
  const std::string bytes = std::to_string(hop.begin) + "-" + std::to_string(hop.end);
  return std::string(console.pick("bytes ", "字节 ")) + bytes + (hop.exact ? "" : std::string(console.pick(" (within)", "（其中）")));
}

void say_pair(const Console& console, std::string_view en, std::string_view zh, const std::string& text) {
  console.say("    " + padded(console.pick(en, zh), kLabel) + text);
}

struct Word { std::string_view name, en, zh; };
std::string word(const Console& console, std::string_view name) {
  static constexpr Word kWords[] = {
      {"when", "its `when` did not hold", "不满足 when 条件"}, {"no source", "nothing at its path", "来源路径处没有内容"}, {"placeholder", "a placeholder stands there", "此处为占位值"},
      {"malformed", "the value could not be read", "取值无法解析"}, {"missing", "missing", "缺失"}, {"unknown", "the code is not in the table", "代码表中没有该代码"},
      {"check", "the check failed", "校验未通过"}, {"range", "out of range", "超出范围"}, {"nil", "nil", "nil"}, {"absent", "a text that means \"none\"", "表示“无”的文本"},
      {"sent", "sent", "来源所报"}, {"derived", "derived", "推导"}, {"constant", "constant", "常量"}, {"repaired", "repaired", "已规范化"},
      {"passed", "passed", "通过"}, {"failed", "failed", "未通过"}, {"unchecked", "unchecked", "未校验"}, {"accepted", "accepted", "接收"}, {"held", "held", "待核对"}, {"refused", "refused", "拒绝"}};
  for (const Word& one : kWords) {
    if (one.name == name) return std::string(console.pick(one.en, one.zh));
  }
  return std::string(name);
}

void say_field(const ExplainedField& field, const Console& console) {
  std::string head = "  " + field.path;
  if (field.state == "absent") head += std::string(console.pick("  absent: ", "  无值：")) + word(console, field.why);
  else head += "  =  " + (field.state == "cleared" ? std::string(console.pick("cleared", "清空")) : field.value) + "  [" + word(console, field.mark) + "]";
  console.say(head);
  if (field.line != 0) say_pair(console, "rule", "规则", field.file + ":" + std::to_string(field.line));
  for (const Hop& hop : field.hops) say_pair(console, "from", "来源", hop.part + " " + hop.path + "  " + range_of(hop, console) + "  (" + hop.how + ")");
  if (!field.source.empty() && field.mark != "constant") say_pair(console, "text", "原文", field.source);
  for (const ExplainedStep& step : field.steps) {
    const std::string result = !step.outcome.empty() ? "! " + word(console, step.outcome) : step.changed ? "-> " + step.value : std::string(console.pick("unchanged", "未变"));
    say_pair(console, "step", "步骤", padded(step.name, 14) + result);
  }
  if (!field.table.empty()) {
    const std::string file = field.table_file.empty() ? "" : " (" + field.table_file + ")";
    say_pair(console, "table", "代码表", field.table + file + "  " + (field.row.empty() ? std::string(console.pick("no row", "无对应行")) : field.row));
  }
  if (!field.check.empty()) say_pair(console, "check", "校验", word(console, field.check));
  for (const std::string& fault : field.faults) say_pair(console, "fault", "异常", fault);
}

void write_hops(wire::JsonWriter& w, const std::vector<Hop>& hops) {
  w.key("from");
  w.begin_array();
  for (const Hop& hop : hops) {
    w.begin_object();
    w.member("part", hop.part);
    w.member("how", hop.how);
    if (!hop.path.empty()) w.member("path", hop.path);
    w.member("begin", static_cast<std::int64_t>(hop.begin));
    w.member("end", static_cast<std::int64_t>(hop.end));
    w.key("exact");
    w.boolean(hop.exact);
    w.end_object();
  }
  w.end_array();
}

void member_if(wire::JsonWriter& w, std::string_view name, const std::string& text) {
  if (!text.empty()) w.member(name, text);
}

void write_field(wire::JsonWriter& w, const ExplainedField& field, const std::string& table_version) {
  w.begin_object();
  w.member("field", field.path);
  w.member("rule", field.rule);
  member_if(w, "file", field.file);
  if (field.line != 0) w.member("line", static_cast<std::int64_t>(field.line));
  w.member("state", field.state);
  member_if(w, "mark", field.mark);
  member_if(w, "why", field.why);
  w.key("personal");
  w.boolean(field.personal);
  write_hops(w, field.hops);
  member_if(w, "source", field.source);
  w.key("steps");
  w.begin_array();
  for (const ExplainedStep& step : field.steps) {
    w.begin_object();
    w.member("step", step.name);
    member_if(w, "outcome", step.outcome);
    w.member("value", step.value);
    w.end_object();
  }
  w.end_array();
  if (!field.table.empty()) {
    w.key("table");
    w.begin_object();
    w.member("name", field.table);
    w.member("version", table_version);
    member_if(w, "file", field.table_file);
    member_if(w, "system", field.table_system);
    member_if(w, "row", field.row);
    w.end_object();
  }
  member_if(w, "check", field.check);
  w.key("faults");
  w.begin_array();
  for (const std::string& fault : field.faults) w.string(fault);
  w.end_array();
  if (field.state != "absent") w.member("value", field.value);
  w.end_object();
}

std::string explained_json(const Explained& explained) {
  std::string out;
  wire::JsonWriter w(out);
  w.begin_object();
  w.member("pack", explained.pack);
  w.member("digest", explained.digest);
  w.member("mapping", explained.mapping);
  w.key("records");
  w.begin_array();
  for (const ExplainedRecord& record : explained.records) {
    w.begin_object();
    w.member("verdict", record.verdict);
    w.key("fields");
    w.begin_array();
    for (const ExplainedField& field : record.fields) write_field(w, field, explained.pack);
    w.end_array();
    w.end_object();
  }
  w.end_array();
  w.key("unused");
  w.begin_array();
  for (const UnusedField& unused : explained.unused) {
    w.begin_object();
    write_hops(w, unused.hops);
    w.member("shape", unused.shape);
    w.end_object();
  }
  w.end_array();
  w.end_object();
  return out;
}

/// A field that no rule touched in this message: a rule stands there whose condition, or that of a group around it, does not hold, or there is none.
int say_untouched(const mapping::Pack& pack, const wire::Delivery& delivery, const mapping::Environment& environment, const std::string& field, const Console& console) {
  const auto rules = plan(pack, delivery, environment);
  if (!rules) return console.fail(rules.error());
  bool any = false;
  for (const PlannedRule& rule : *rules) {
    const bool here = rule.name == field || rule.name.compare(0, field.size() + 1, field + ".") == 0;
    if (here) console.say("  " + rule.name + std::string(console.pick("  absent: its condition, or that of a group around it, does not hold", "  缺失：规则或其所在分组的条件不成立")) +
                          (rule.line == 0 ? "" : "  " + rule.file + ":" + std::to_string(rule.line)));
    any = any || here;
  }
  if (!any) console.say("  " + field + std::string(console.pick(": no rule of this mapping gives it", "：本映射没有给出该字段的规则")));
  return any ? kDone : kInputAtFault;
}

int explain_message(const ExplainCommand& options, const Console& console) {
  const auto loaded = load(options, console);
  if (!loaded) return fail_load(loaded.error(), console);
  const auto delivery = read_message(options.in, options.meta);
  if (!delivery) return console.fail(delivery.error());
  const auto explained = explain(*loaded->pack, *delivery, loaded->environment, options.what);
  if (!explained) return console.fail(explained.error());
  console.say(explained->pack + "  " + explained->mapping + "  " + explained->digest.substr(0, 16));
  std::size_t shown = 0;
  for (std::size_t i = 0; i < explained->records.size(); ++i) {
    const ExplainedRecord& record = explained->records[i];
    if (explained->records.size() > 1 || options.what.field.empty()) console.say(std::string(console.pick("record ", "记录 ")) + std::to_string(i + 1) + ": " + word(console, record.verdict));
    for (const ExplainedField& field : record.fields) say_field(field, console);
    shown += record.fields.size();
  }
  for (const UnusedField& unused : explained->unused) {
    if (!options.what.field.empty()) break;
    const Hop none;
    const Hop& hop = unused.hops.empty() ? none : unused.hops.back();
    console.say(std::string(console.pick("  not used: ", "  未使用：")) + hop.part + " " + hop.path + "  " + range_of(hop, console) + "  <" + unused.shape + ">");
  }
  console.machine(explained_json(*explained));
  if (shown != 0 || options.what.field.empty()) return kDone;
  return say_untouched(*loaded->pack, *delivery, loaded->environment, options.what.field, console);
}

std::string joined(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out += (out.empty() ? "" : ", ") + text;
  return out;
}

void say_plan(const PlannedRule& rule, const Console& console) {
  console.say("  " + rule.name + "  (" + rule.kind + ")" + (rule.line == 0 ? "" : "  " + rule.file + ":" + std::to_string(rule.line)));
  if (!rule.reads.empty()) say_pair(console, "reads", "读取", rule.reads);
  if (!rule.when.empty()) say_pair(console, "when", "条件", rule.when);
  for (const std::string& step : rule.steps) say_pair(console, "step", "步骤", step);
  if (!rule.table.empty()) say_pair(console, "table", "代码表", rule.table);
  if (!rule.check.empty()) say_pair(console, "check", "校验", rule.check);
  if (!rule.faults.empty()) say_pair(console, "faults", "异常", joined(rule.faults));
}

void write_texts(wire::JsonWriter& w, std::string_view name, const std::vector<std::string>& texts) {
  w.key(name);
  w.begin_array();
  for (const std::string& text : texts) w.string(text);
  w.end_array();
}

int show_plan(const ExplainCommand& options, const Console& console) {
  const auto loaded = load(options, console);
  if (!loaded) return fail_load(loaded.error(), console);
  const auto delivery = read_message(options.in, options.meta);
  if (!delivery) return console.fail(delivery.error());
  const auto rules = plan(*loaded->pack, *delivery, loaded->environment);
  if (!rules) return console.fail(rules.error());
  std::string out;
  wire::JsonWriter w(out);
  w.begin_array();
  for (const PlannedRule& rule : *rules) {
    if (!options.what.field.empty() && rule.name.compare(0, options.what.field.size(), options.what.field) != 0) continue;
    say_plan(rule, console);
    w.begin_object();
    w.member("rule", rule.name);
    w.member("file", rule.file);
    w.member("line", static_cast<std::int64_t>(rule.line));
    w.member("kind", rule.kind);
    member_if(w, "reads", rule.reads);
    member_if(w, "when", rule.when);
    write_texts(w, "steps", rule.steps);
    member_if(w, "table", rule.table);
    member_if(w, "check", rule.check);
    write_texts(w, "faults", rule.faults);
    w.end_object();
  }
  w.end_array();
  console.machine(out);
  return kDone;
}

} // namespace

void add_map_explain_commands(CLI::App& map, Run& run) {
  auto options = std::make_shared<ExplainCommand>();
  CLI::App* one = map.add_subcommand("explain", "Where each canonical field of a message comes from, byte by byte, and what was not used");
  add_pack_options(one, options);
  add_message_options(one, options);
  one->add_option("--field", options->what.field, "Only this canonical field and those below it");
  one->add_flag("--reveal", options->what.reveal, "Show the values of personal fields, too");
  one->add_flag("--plan", options->plan, "What the compiler made of each rule of the mapping that takes the message");
  one->callback([options, &run] { run = [options](const Console& console) { return options->plan ? show_plan(*options, console) : explain_message(*options, console); }; });
}

} // namespace tongqu::tool
