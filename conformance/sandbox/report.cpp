#include "conformance/sandbox/report.hpp"

#include <algorithm>
#include <array>
#include <fstream>

#include "conformance/sandbox/checks.hpp"
#include "conformance/sandbox/rows.hpp"
#include "tongqu/base/bytes.hpp"
#include "tongqu/wire/json.hpp"

namespace tongqu::sandbox {
namespace {

std::int64_t number(std::uint64_t value) { return static_cast<std::int64_t>(value); }

std::string_view pick(Lang lang, std::string_view en, std::string_view zh) { return lang == Lang::zh ? zh : en; }

void put_counts(wire::JsonWriter& json, std::string_view name, const std::map<std::string, std::uint64_t>& counts) {
  json.key(name);
  json.begin_object();
  for (const auto& [key, count] : counts) json.member(key, number(count));
  json.end_object();
}

std::map<std::string, std::uint64_t> effects_by_stage(const Report& report) {
  std::map<std::string, std::uint64_t> out;
  for (const Report::Message& message : report.messages) out[message.stage] += message.effects;
  return out;
}

void put_case(wire::JsonWriter& json, const Report& report, const Report::Case& one) {
  json.begin_object();
  json.member("sourceSystem", one.source_system);
  json.member("project_no", one.project_no);
  json.member("applicant", one.applicant);
  json.key("stages");
  json.begin_array();
  for (std::size_t index : one.messages) {
    const Report::Message& message = report.messages[index];
    json.begin_object();
    json.member("stage", message.stage);
    json.member("messageId", message.message_id);
    json.member("receiptNo", message.receipt_no);
    json.member("receivedAt", beijing_rfc3339(message.received_ms));
    json.member("digest", message.digest);
    json.member("effects", number(message.effects));
    json.member("duplicates", number(message.duplicates));
    json.end_object();
  }
  json.end_array();
  json.end_object();
}

void put_counts_text(std::string& out, std::string_view title, const std::map<std::string, std::uint64_t>& counts) {
  out.append(title).append(":");
  if (counts.empty()) out.append(" -");
  for (const auto& [key, count] : counts) out.append("  ").append(key).append(" ").append(std::to_string(count));
  out.push_back('\n');
}

void put_list(std::string& out, std::string_view title, const std::vector<std::string>& lines) {
  out.append(title).append(": ").append(std::to_string(lines.size())).push_back('\n');
  for (const std::string& line : lines) out.append("  ").append(line).push_back('\n');
}

} // namespace

std::string masked(std::string_view name) {
  const std::size_t length = utf8_length(name);
  std::size_t first = name.empty() ? 0 : 1;
  while (first < name.size() && (static_cast<unsigned char>(name[first]) & 0xC0U) == 0x80U) ++first;
  return std::string(name.substr(0, first)) + std::string(length > 0 ? length - 1 : 0, '*');
}

Result<Report> Report::load(const std::string& ledger) {
  Report report;
  const auto bytes = read_ledger(ledger, [&report](const LedgerLine& line) { report.add(line); });
  if (!bytes) return bytes.error();
  return report;
}

void Report::add(const LedgerLine& line) {
  if (line.kind == "refused") ++refused_by_code[line.code];
  if (line.kind == "fault") ++faults[line.code];
  if (line.kind != "taken") return;
  const auto [at, is_new] = by_id_.emplace(line.message_id, messages.size());
  if (is_new) {
    messages.push_back({line.message_id, line.source_system, line.project_no, line.stage, line.digest, line.receipt_no, line.time_ms, 0, 0});
    Case& one = cases[line.source_system + "/" + line.project_no];
    one.source_system = line.source_system;
    one.project_no = line.project_no;
    one.messages.push_back(at->second);
    if (line.stage == "accept") {
      if (const auto row = wire::parse_json(line.data)) one.applicant = masked(text_of(row->root(), "applyer_name"));
    }
  }
  Message& message = messages[at->second];
  if (line.duplicate) {
    ++duplicates;
    ++message.duplicates;
    return;
  }
  ++effects;
  if (++message.effects == 2) doubled.insert(line.message_id);
  // A sender that makes a new id for an old event doubles it as well.
  const std::string content = line.source_system + "\n" + line.project_no + "\n" + line.stage + "\n" + line.digest;
  const auto [first, fresh] = by_content_.emplace(content, line.message_id);
  if (!fresh && first->second != line.message_id) doubled.insert(line.message_id);
}

std::string report_json(const Report& report) {
  std::string out;
  wire::JsonWriter json(out);
  json.begin_object();
  json.member("taken", number(report.messages.size()));
  json.member("effects", number(report.effects));
  json.member("duplicates", number(report.duplicates));
  json.member("doubled", number(report.doubled.size()));
  json.key("doubled_ids");
  json.begin_array();
  for (const std::string& id : report.doubled) json.string(id);
  json.end_array();
  json.member("cases", number(report.cases.size()));
  put_counts(json, "effects_by_stage", effects_by_stage(report));
  put_counts(json, "refused_by_code", report.refused_by_code);
  put_counts(json, "faults", report.faults);
  json.key("by_case");
  json.begin_object();
  for (const auto& [key, one] : report.cases) {
    json.key(key);
    put_case(json, report, one);
  }
  json.end_object();
  json.end_object();
  out.push_back('\n');
  return out;
}

std::string report_text(const Report& report, Lang lang) {
  const auto say = [lang](std::string_view en, std::string_view zh) { return std::string(pick(lang, en, zh)); };
  std::string out = say("messages taken", "接收消息") + " " + std::to_string(report.messages.size()) + ", " + say("effects", "生效") + " " +
                    std::to_string(report.effects) + ", " + say("repeats answered", "重复应答") + " " + std::to_string(report.duplicates) +
                    ", " + say("doubled", "重复生效") + " " + std::to_string(report.doubled.size()) + ", " + say("cases", "办件") + " " +
                    std::to_string(report.cases.size()) + "\n";
  put_counts_text(out, say("effects by stage", "各环节生效"), effects_by_stage(report));
  put_counts_text(out, say("refused by code", "按代码拒绝"), report.refused_by_code);
  put_counts_text(out, say("planted faults answered", "预设故障应答"), report.faults);
  for (const std::string& id : report.doubled) out.append(say("doubled: ", "重复生效：")).append(id).push_back('\n');
  for (const auto& [key, one] : report.cases) {
    out.append(key).append("  ").append(one.applicant).push_back('\n');
    for (std::size_t index : one.messages) {
      const Report::Message& message = report.messages[index];
      std::string stage = message.stage;
      stage.resize(std::max<std::size_t>(stage.size(), 8), ' ');
      out.append("  ").append(stage).append(" ").append(message.receipt_no).append("  ").append(beijing_time(message.received_ms));
      if (message.effects > 1) out.append("  x").append(std::to_string(message.effects));
      out.push_back('\n');
    }
  }
  return out;
}

Result<Comparison> compare(const Report& report, const std::string& expect_file) {
  std::ifstream in(expect_file, std::ios::binary);
  if (!in) return Error(Errc::base_file_unreadable).at(expect_file);
  std::map<std::string, std::uint64_t> expected;
  std::string line;
  for (std::uint64_t at = 1; std::getline(in, line); ++at) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.empty() || line.front() == '#') continue;
    if (std::count(line.begin(), line.end(), '\t') != 2 || !stage_of(std::string_view(line).substr(line.rfind('\t') + 1))) {
      return Error(Errc::conform_expectation).at(expect_file + ":" + std::to_string(at));
    }
    ++expected[line];
  }
  std::map<std::string, std::uint64_t> effects;
  for (const Report::Message& one : report.messages) effects[one.source_system + "\t" + one.project_no + "\t" + one.stage] += one.effects;

  Comparison out;
  for (const auto& [key, count] : expected) {
    const auto found = effects.find(key);
    const std::uint64_t there = found == effects.end() ? 0 : found->second;
    if (there < count) out.missing.push_back(key);
    if (there > count) out.doubled.push_back(key);
  }
  for (const auto& [key, count] : effects) {
    if (expected.count(key) == 0) out.unexpected.push_back(key);
  }
  return out;
}

std::string comparison_json(const Comparison& comparison) {
  std::string out;
  wire::JsonWriter json(out);
  json.begin_object();
  const std::array<std::pair<std::string_view, const std::vector<std::string>*>, 3> lists{
      {{"missing", &comparison.missing}, {"doubled", &comparison.doubled}, {"unexpected", &comparison.unexpected}}};
  for (const auto& [name, lines] : lists) {
    json.key(name);
    json.begin_array();
    for (const std::string& line : *lines) json.string(line);
    json.end_array();
  }
  json.end_object();
  out.push_back('\n');
  return out;
}

std::string comparison_text(const Comparison& comparison, Lang lang) {
  std::string out;
  put_list(out, pick(lang, "missing", "缺失"), comparison.missing);
  put_list(out, pick(lang, "doubled", "重复生效"), comparison.doubled);
  put_list(out, pick(lang, "unexpected", "多出"), comparison.unexpected);
  return out;
}

} // namespace tongqu::sandbox
