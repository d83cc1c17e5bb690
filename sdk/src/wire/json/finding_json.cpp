#include "tongqu/wire/finding_json.hpp"

namespace tongqu::wire {
namespace {

void write_bilingual(JsonWriter& w, std::string_view name, const Bilingual& text) {
  if (text.en.empty() && text.zh.empty()) return;
  w.key(name);
  w.begin_object();
  w.member("en", text.en);
  w.member("zh", text.zh);
  w.end_object();
}

void write_source(JsonWriter& w, const SourcePlace& place) {
  if (place.part.empty() && place.path.empty() && place.line == 0) return;
  w.key("source");
  w.begin_object();
  if (!place.part.empty()) w.member("part", place.part);
  if (!place.path.empty()) w.member("path", place.path);
  if (place.line != 0) w.member("line", static_cast<std::int64_t>(place.line));
  if (place.column != 0) w.member("column", static_cast<std::int64_t>(place.column));
  w.end_object();
}

} // namespace

void write_finding(JsonWriter& w, const Finding& finding) {
  const ErrcRow& row = errc_row(finding.id);
  w.begin_object();
  w.member("id", row.id);
  w.member("severity", severity_name(finding.severity));
  w.key("message");
  w.begin_object();
  w.member("en", describe(finding, Lang::en));
  w.member("zh", describe(finding, Lang::zh));
  w.end_object();
  if (!finding.record.empty()) w.member("record", finding.record);
  if (!finding.path.empty()) w.member("path", finding.path);
  write_source(w, finding.source);
  if (!finding.value_class.empty()) w.member("value_class", finding.value_class);
  write_bilingual(w, "expected", finding.expected);
  write_bilingual(w, "suggestion", finding.suggestion);
  if (finding.quirk != 0) w.member("quirk", (finding.quirk < 10 ? "LQ0" : "LQ") + std::to_string(finding.quirk));
  if (!finding.rule.empty()) w.member("rule", finding.rule);
  w.end_object();
}

void write_findings(JsonWriter& w, const Findings& findings) {
  w.key("findings");
  w.begin_array();
  for (const Finding& finding : findings) write_finding(w, finding);
  w.end_array();
}

std::string findings_json(const Findings& findings) {
  std::string out;
  JsonWriter w(out);
  w.begin_array();
  for (const Finding& finding : findings) write_finding(w, finding);
  w.end_array();
  return out;
}

std::string refusal_json(const Error& error, const std::string& trace_id, const Findings& findings) {
  std::string out;
  JsonWriter w(out);
  w.begin_object();
  w.member("id", error.id());
  w.member("action", action_name(error.action()));
  w.key("message");
  w.begin_object();
  w.member("en", error.message(Lang::en));
  w.member("zh", error.message(Lang::zh));
  w.end_object();
  w.member("where", error.where());
  w.member("trace", trace_id);
  write_findings(w, findings);
  w.end_object();
  return out;
}

std::string bilingual_json(const Bilingual& text) {
  std::string out;
  JsonWriter w(out);
  w.begin_object();
  w.member("en", text.en);
  w.member("zh", text.zh);
  w.end_object();
  return out;
}

} // namespace tongqu::wire
