#include "mapping/reverse/reverse_mapping.hpp"

#include <algorithm>
#include <functional>

#include "mapping/reverse/reverse_run.hpp"

namespace tongqu::mapping::detail {
namespace {

using model::FieldKind;

/// Text of the model has LF line ends; a record from elsewhere may not.
bool with_line_feeds(std::string& text) {
  if (text.find('\r') == std::string::npos) return false;
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\r') out += text[i];
    else if (i + 1 == text.size() || text[i + 1] != '\n') out += '\n';
  }
  text = std::move(out);
  return true;
}

void repair_line_ends(model::Record& record, Findings& findings) {
  for (const RecordLeaf& leaf : leaves_of(record).leaves) {
    const bool plain = leaf.field == nullptr;
    const bool text = plain || leaf.field->kind == FieldKind::text || leaf.field->kind == FieldKind::identifier;
    if (!text) continue;
    void* member = const_cast<void*>(leaf.member);
    std::string& value = plain ? *static_cast<std::string*>(member) : **static_cast<std::optional<std::string>*>(member);
    if (!with_line_feeds(value)) continue;
    Finding finding;
    finding.id = Errc::mapping_repaired;
    finding.severity = Severity::info;
    finding.path = leaf.path;
    findings.add(std::move(finding));
  }
}

std::string media_type(const ReversePlan& plan) {
  if (!plan.content_type.empty()) return plan.content_type;
  const WriteStage& outer = plan.stages.back();
  const std::string charset = "; charset=" + outer.charset.told();
  switch (outer.kind) {
    case Stage::Kind::soap: return outer.soap.version12 ? "application/soap+xml" + charset : "text/xml" + charset;
    case Stage::Kind::xml: return "application/xml" + charset;
    case Stage::Kind::json: return "application/json";
    case Stage::Kind::form: return "application/x-www-form-urlencoded";
    case Stage::Kind::charset: {
      const Stage::Kind inner = plan.stages.size() < 2 ? outer.kind : plan.stages[plan.stages.size() - 2].kind;
      return inner == Stage::Kind::xml ? "application/xml" + charset : inner == Stage::Kind::csv ? "text/csv" + charset : "application/octet-stream";
    }
    default: return "application/octet-stream";
  }
}

/// The message as it would come in, for the reading back.
wire::Delivery delivery_of(const Reversed& out, const ReversePlan& plan) {
  wire::Delivery delivery;
  delivery.facts = out.facts;
  const WriteStage& outer = plan.stages.back();
  delivery.facts["content_type"] = out.content_type;
  delivery.facts["charset"] = outer.charset.told();
  delivery.facts["family"] = outer.kind == Stage::Kind::soap ? "soap" : "rest";
  if (!out.operation.empty()) delivery.facts["operation"] = out.operation;
  delivery.parts.push_back({"body", out.content_type, out.bytes, nullptr});
  return delivery;
}

void hold(Reversed& out) {
  out.verdict = RecordVerdict::held;
  out.bytes.clear();
  for (const Finding& finding : out.findings) {
    if (finding.severity != Severity::error) continue;
    out.reason = {describe(finding, Lang::en), describe(finding, Lang::zh)};
    return;
  }
}

void add(Findings& findings, Errc id, Severity severity, const std::string& path, Bilingual expected = {}) {
  Finding finding;
  finding.id = id;
  finding.severity = severity;
  finding.path = path;
  finding.expected = std::move(expected);
  findings.add(std::move(finding));
}

/// Codes of an event table, to know which records a mapping takes.
bool writes_event(const Rule& rule, const std::string& event) {
  if (rule.constant) return (rule.table && rule.table->find(rule.literal) != nullptr ? rule.table->find(rule.literal)->name : rule.literal) == event;
  if (!rule.table) return true;
  const auto& rows = rule.table->rows();
  return std::any_of(rows.begin(), rows.end(), [&event](const CodeTable::Row& row) { return row.name == event; });
}

} // namespace

ReverseSubject SourceMapping::reverse_subject(const std::map<std::string, std::string>& params, const YamlNode& root) const {
  const int records_scope = records_ && records_->each ? static_cast<int>(scopes_.root) : -1;
  return {entity_, kind_, kind_rule_.get(), identity_, event_.get(), rules_.get(), stages_, scopes_, records_scope, zone_minutes_.value_or(0), params, root};
}

bool SourceMapping::writes_back(const model::Record& record) const {
  if (!reverse_ || record.entity != entity_) return false;
  if (!reverse_->events.empty() && reverse_->events.count(record.envelope.event) == 0) return false;
  return event_ == nullptr || writes_event(*event_, record.envelope.event);
}

Result<Reversed> SourceMapping::reverse(const model::Record& given, const Surroundings& around) const {
  static const std::map<std::string, std::string> kNoParams;
  static const YamlNode kNoDocument;
  Reversed out;
  out.mapping = id_;
  model::Record record = given;
  repair_line_ends(record, out.findings);
  const ReverseSubject subject = reverse_subject(kNoParams, kNoDocument);
  TONGQU_TRY(Written written, write_record(*reverse_, subject, record, around.environment.limits));
  out.findings.append(std::move(written.findings));
  const WriteStage& outer = reverse_->stages.back();
  out.content_type = media_type(*reverse_);
  if (outer.kind == Stage::Kind::soap) {
    out.operation = outer.soap.operation;
    out.action = outer.soap.action;
  }
  out.facts = std::move(written.facts);
  out.bytes = std::move(written.bytes);
  if (out.findings.has_errors()) {
    hold(out);
    return out;
  }
  // Nothing leaves that would be read otherwise.
  auto read = run(delivery_of(out, *reverse_), {around.environment, around.pack, around.names, around.state});
  if (!read) {
    add(out.findings, Errc::mapping_reverse_not_equal, Severity::error, {}, same(std::string(read.error().id()) + " " + read.error().where()));
  } else if (read->records.size() != 1) {
    add(out.findings, Errc::mapping_reverse_not_equal, Severity::error, {}, {"one record", "一条记录"});
  } else {
    const MappedRecord& again = read->records.front();
    // A check of the delivery refuses too: what it says stands with the delivery.
    for (const Findings& findings : {std::cref(read->findings), std::cref(again.findings)}) {
      for (const Finding& finding : findings) {
        if (finding.severity == Severity::error) out.findings.add(finding);
      }
    }
    if (again.verdict != RecordVerdict::accepted && !out.findings.has_errors()) add(out.findings, Errc::mapping_reverse_not_equal, Severity::error, {}, same(std::string(verdict_name(again.verdict))));
    const Differences differences = compare_records(record, again.record, written);
    for (const std::string& path : differences.lost) add(out.findings, Errc::mapping_reverse_not_equal, Severity::error, path);
    for (const std::string& path : differences.more) add(out.findings, Errc::mapping_reverse_says_more, Severity::warn, path);
  }
  if (out.findings.has_errors()) hold(out);
  return out;
}

Result<Reversed> reverse_with(const std::vector<const SourceMapping*>& mappings, std::string_view canonical, std::string_view wanted, const SourceMapping::Surroundings& around) {
  Findings findings;
  TONGQU_TRY(const model::Record record, model::read_canonical_json(canonical, findings, around.environment.limits));
  const SourceMapping* chosen = nullptr;
  std::string known;
  for (const SourceMapping* mapping : mappings) {
    if (mapping->reverse_plan() == nullptr) continue;
    known += (known.empty() ? "" : ", ") + mapping->id();
    const bool takes = wanted.empty() ? mapping->writes_back(record) : mapping->id() == wanted;
    if (!takes) continue;
    if (chosen != nullptr) return Error(Errc::mapping_reverse_ambiguous).with(chosen->id() + ", " + mapping->id());
    chosen = mapping;
  }
  if (chosen == nullptr) return Error(Errc::mapping_reverse_none).with(known);
  TONGQU_TRY(Reversed out, chosen->reverse(record, around));
  findings.append(std::move(out.findings));
  out.findings = std::move(findings);
  return out;
}

} // namespace tongqu::mapping::detail
