#include "mapping/source_mapping.hpp"

#include <algorithm>

#include "mapping/date_pattern.hpp"
#include "mapping/record_writer.hpp"
#include "tongqu/crypto/crypto.hpp"

namespace tongqu::mapping {

std::string_view verdict_name(RecordVerdict verdict) noexcept {
  switch (verdict) {
    case RecordVerdict::accepted: return "accepted";
    case RecordVerdict::held: return "held";
    case RecordVerdict::refused: return "refused";
  }
  return "refused";
}

Workspace::Workspace() : state_(std::make_unique<State>()) {}
Workspace::~Workspace() = default;
Workspace::Workspace(Workspace&&) noexcept = default;

namespace detail {
namespace {

constexpr std::size_t kUnusedReportedMax = 50;
constexpr int kInnerDeclarationQuirk = 3;

struct IdentityRow { std::string_view key; Special special; bool required; };
constexpr IdentityRow kIdentity[] = {{"organisation", Special::id_organisation, true},
                                     {"item", Special::id_item, true},
                                     {"case", Special::id_case, true},
                                     {"event", Special::id_event, true},
                                     {"revision", Special::id_revision, false}};

const std::vector<std::string_view> kKeys = {"mapping", "to", "record", "zone", "source", "types", "tables", "identity", "event", "rules",
                                             "ignore", "outside_digest", "answer", "tests"};

std::string unused_path(const wire::Document& document, std::uint32_t leaf) {
  std::string path;
  for (std::uint32_t at = leaf; at != wire::TapeEntry::kNone; at = document.tape()[at].parent) {
    const wire::TapeEntry& entry = document.tape()[at];
    if (entry.name_size == 0) continue;
    const std::string name(entry.name, entry.name_size);
    path = (entry.kind == wire::NodeKind::attribute ? "@" : "") + name + (path.empty() ? "" : "/") + path;
  }
  return "/" + path;
}

} // namespace

std::unique_ptr<SourceMapping> SourceMapping::compile(const YamlNode& root, MappingContext context) {
  auto made = std::make_unique<SourceMapping>();
  const Mistakes& mistakes = context.mistakes;
  if (!check_keys(root, kKeys, "", mistakes)) return made;
  made->compile_head(root, context);
  made->stages_ = compile_stages(root.find("source"), mistakes, context.names, made->scopes_);
  const YamlNode* record = root.find("record");
  const bool may_be_part = record != nullptr && (record->is_mapping() || record->text == "part");
  RuleCompiler compiler({mistakes, Side::source, made->entity_, context.folder, context.params, made->zone_minutes_, may_be_part, context.names, made->scopes_, &context.files});
  compiler.read_types(root.find("types"));
  compiler.read_tables(root.find("tables"));
  compiler.enter_root();
  made->compile_identity(root, mistakes, compiler);
  made->compile_kind(root, mistakes, compiler);
  if (const YamlNode* event = root.find("event"); event != nullptr) made->event_ = compiler.special_rule(*event, Special::event, "event");
  else mistakes.add(Errc::mapping_missing_key, root, "event");
  if (const YamlNode* rules = root.find("rules"); rules != nullptr) made->rules_ = compiler.rules(*rules);
  else mistakes.add(Errc::mapping_missing_key, root, "rules");
  for (const std::string& field : context.never_sent) {
    if (compiler.written().count(field) != 0) mistakes.add(Errc::mapping_duplicate_rule, *root.find("rules"), field, {"no rule for a field under never_sent", "never_sent 所列字段不得有规则"});
  }
  if (const YamlNode* ignore = root.find("ignore"); ignore != nullptr) compiler.ignore(*ignore);
  made->compile_outside(root, mistakes);
  if (const YamlNode* answer = root.find("answer"); answer != nullptr) made->answer_ = Answer::compile(*answer, mistakes);
  made->compile_tests(root, mistakes);
  made->part_names_ = made->stages_.part_names;
  made->part_names_.resize(made->scopes_.all.size(), made->stages_.part_names.back());
  return made;
}

void SourceMapping::compile_head(const YamlNode& root, const MappingContext& context) {
  id_ = member_text(root, "mapping", Need::required, "", context.mistakes).value_or("");
  const std::string to = member_text(root, "to", Need::required, "", context.mistakes).value_or("case@1");
  const auto entity = model::entity_from_version(to);
  if (!entity) context.mistakes.add(Errc::mapping_wrong_shape, *root.find("to"), "to", one_of(model::entity_versions()));
  entity_ = entity.value_or(model::EntityId::case_);
  if (const YamlNode* zone = root.find("zone"); zone != nullptr) {
    zone_minutes_ = zone_minutes_of(zone->text);
    if (!zone_minutes_) context.mistakes.add(Errc::mapping_wrong_shape, *zone, "zone", same("+08:00"));
  }
}

void SourceMapping::compile_identity(const YamlNode& root, const Mistakes& mistakes, RuleCompiler& compiler) {
  const YamlNode* node = root.find("identity");
  if (node == nullptr) {
    mistakes.add(Errc::mapping_missing_key, root, "identity");
    return;
  }
  if (!check_keys(*node, {"organisation", "item", "case", "event", "revision"}, "identity", mistakes)) return;
  for (const IdentityRow& row : kIdentity) {
    const std::string name = "identity." + std::string(row.key);
    const YamlNode* rule = node->find(row.key);
    if (rule != nullptr) {
      if (auto made = compiler.identity_rule(*rule, row.special, name)) identity_.push_back(std::move(made));
    } else if (row.required) {
      mistakes.add(Errc::mapping_missing_key, *node, name);
    }
  }
}

void SourceMapping::compile_kind(const YamlNode& root, const Mistakes& mistakes, RuleCompiler& compiler) {
  const YamlNode* node = root.find("record");
  if (node == nullptr) return;
  if (node->is_scalar()) {
    const auto kind = model::record_kind_from_name(node->text);
    if (!kind || (*kind != model::RecordKind::snapshot && *kind != model::RecordKind::part)) mistakes.add(Errc::mapping_wrong_shape, *node, "record", one_of({"snapshot", "part"}));
    kind_ = kind.value_or(kind_);
    return;
  }
  kind_rule_ = compiler.special_rule(*node, Special::kind, "record");
  if (!kind_rule_ || !kind_rule_->table) return;
  for (const CodeTable::Row& row : kind_rule_->table->rows()) {
    if (!model::record_kind_from_name(row.name)) mistakes.add(Errc::mapping_table_invalid, *node, "record: " + row.name, one_of({"snapshot", "part", "void", "replace", "delete"}));
  }
}

void SourceMapping::compile_outside(const YamlNode& root, const Mistakes& mistakes) {
  const YamlNode* node = root.find("outside_digest");
  if (node == nullptr) return;
  outside_digest_ = texts(*node, "outside_digest", mistakes);
  for (const std::string& name : outside_digest_) {
    Place place;
    if (!find_place(entity_, name, place)) mistakes.add(Errc::mapping_unknown_target_field, *node, "outside_digest: " + name, {}, same(nearest_field(entity_, name)));
  }
}

void SourceMapping::compile_tests(const YamlNode& root, const Mistakes& mistakes) {
  const YamlNode* node = root.find("tests");
  if (node == nullptr) return;
  if (!node->is_sequence()) mistakes.add(Errc::mapping_wrong_shape, *node, "tests");
  for (const YamlNode& item : node->items) {
    MappingTest test;
    test.line = item.line;
    if (!check_keys(item, {"in", "out", "absent", "findings", "verdict"}, "tests", mistakes)) continue;
    test.in = member_text(item, "in", Need::required, "tests", mistakes).value_or("");
    if (const YamlNode* out = item.find("out"); out != nullptr) {
      for (const auto& [path, value] : out->members) test.out.emplace_back(path.text, value.text);
    }
    if (const YamlNode* absent = item.find("absent"); absent != nullptr) test.absent = texts(*absent, "tests.absent", mistakes);
    if (const YamlNode* findings = item.find("findings"); findings != nullptr) {
      test.findings = texts(*findings, "tests.findings", mistakes);
      for (const std::string& id : *test.findings) {
        if (!errc_from_id(id)) mistakes.add(Errc::mapping_wrong_shape, *findings, "tests.findings: " + id, {"the id of a finding", "发现项的标识"});
      }
    }
    const std::string verdict = member_text(item, "verdict", Need::optional, "tests", mistakes).value_or("accepted");
    if (verdict == "held") test.verdict = RecordVerdict::held;
    else if (verdict == "refused") test.verdict = RecordVerdict::refused;
    else if (verdict != "accepted") mistakes.add(Errc::mapping_wrong_shape, *item.find("verdict"), "tests.verdict", one_of({"accepted", "held", "refused"}));
    tests_.push_back(std::move(test));
  }
}

Result<MappedRecord> SourceMapping::run(const wire::Delivery& delivery, const Environment& environment, const PackInfo& pack, const wire::NameSet& names,
                                        Workspace::State& state) const {
  TONGQU_CHECK(run_stages(stages_, {delivery, environment.limits, names}, state.stages, state.starts));
  state.arena.reset();
  state.unused.leaves.clear();
  state.frames.resize(scopes_.all.size());
  MappedRecord mapped;
  model::Record& record = mapped.record;
  record.become(entity_);
  record.kind = kind_;
  record.envelope.source_system = pack.system;
  record.envelope.pack = pack.name();
  for (const StageResult::Lie& lie : state.starts.lies) {
    Finding finding;
    finding.id = Errc::mapping_declared_encoding_ignored;
    finding.severity = Severity::info;
    finding.source.part = lie.part;
    finding.quirk = kInnerDeclarationQuirk;
    mapped.findings.add(std::move(finding));
  }
  const wire::NameSet* foreign = nullptr;
  for (std::size_t i = 0; i < state.starts.starts.size(); ++i) {
    const StageResult::Start& start = state.starts.starts[i];
    foreign = start.foreign_names ? &names : nullptr;
    scopes_.all[i]->walk(*start.document, start.node, foreign, state.frames[i], state.unused);
    report_unused(state, i, mapped.findings);
  }
  RuleRun run({state.frames, part_names_, &delivery, state.arena, mapped.findings, &record});
  RecordWriter writer({scopes_, foreign, state.frames, state.unused, record}, run);
  for (const auto& rule : identity_) {
    const bool stored = writer.rule(*rule);
    const std::string* text = special_text(record, rule->place.special);
    const bool optional = rule->place.special == Special::id_revision && !stored;
    if (text->empty() && !optional && run.verdict() != RecordVerdict::refused) (void)run.fault(*rule, {Fault::missing, Errc::mapping_missing, 0, {}, {}, false});
  }
  if (record.identity.revision.empty()) record.identity.revision = "1";
  if (kind_rule_) (void)writer.rule(*kind_rule_);
  run.is_part = record.kind == model::RecordKind::part;
  if (event_) (void)writer.rule(*event_);
  if (rules_) writer.block(*rules_);
  report_unused(state, scopes_.root, mapped.findings);
  mapped.verdict = run.verdict();
  finish(mapped, environment);
  return mapped;
}

/// One finding per distinct path, at most kUnusedReportedMax of them.
void SourceMapping::report_unused(Workspace::State& state, std::size_t scope, Findings& findings) const {
  if (state.unused.leaves.empty()) return;
  const wire::Document* document = state.frames[scope].document;
  std::vector<std::string> seen;
  for (const std::uint32_t leaf : state.unused.leaves) {
    std::string path = unused_path(*document, leaf);
    if (seen.size() >= kUnusedReportedMax || std::find(seen.begin(), seen.end(), path) != seen.end()) continue;
    const wire::Node node(document, leaf);
    Finding finding;
    finding.id = Errc::mapping_unused_source;
    finding.severity = Severity::info;
    finding.source.part = part_names_[scope];
    finding.source.path = path;
    finding.source.offset = node.offset();
    findings.add(std::move(finding));
    seen.push_back(std::move(path));
  }
  state.unused.leaves.clear();
}

void SourceMapping::finish(MappedRecord& mapped, const Environment& environment) const {
  if (mapped.verdict != RecordVerdict::refused) {
    Findings judged;
    model::validate(mapped.record, environment.reference_date, judged);
    for (const Finding& finding : judged) {
      const auto same_place = [&finding](const Finding& other) { return other.id == finding.id && other.path == finding.path; };
      if (std::any_of(mapped.findings.begin(), mapped.findings.end(), same_place)) continue;
      // What no platform could take (no key, a case under a parent item) waits for a person; it is not sent and not lost.
      if (finding.severity == Severity::error) mapped.verdict = RecordVerdict::held;
      mapped.findings.add(finding);
    }
    mapped.canonical_core = model::append_canonical_json(mapped.canonical, mapped.record, model::JsonForm::full);
    if (!outside_digest_.empty()) model::append_canonical_json(mapped.digest_input, mapped.record, model::JsonForm::digest_input, outside_digest_);
  }
  if (mapped.verdict == RecordVerdict::accepted) return;
  for (const Finding& finding : mapped.findings) {
    if (finding.severity != Severity::error) continue;
    mapped.reason = {describe(finding, Lang::en), describe(finding, Lang::zh)};
    break;
  }
}

} // namespace detail

std::string content_digest(const MappedRecord& mapped) {
  if (mapped.verdict == RecordVerdict::refused) return {};
  if (!mapped.digest_input.empty()) return crypto::sm3(mapped.digest_input);
  crypto::Hasher hasher(crypto::Hasher::Algorithm::sm3);
  hasher.update(std::string_view(mapped.canonical).substr(0, mapped.canonical_core));
  hasher.update(std::string_view("}"));
  return hasher.finish();
}

} // namespace tongqu::mapping
