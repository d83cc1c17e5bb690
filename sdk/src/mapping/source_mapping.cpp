#include "mapping/source_mapping.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <unordered_map>

#include "mapping/date_pattern.hpp"
#include "mapping/record_writer.hpp"
#include "tongqu/base/phrases.hpp"

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

struct IdentityRow { std::string_view key; Special special; bool required; };
constexpr IdentityRow kIdentity[] = {{"organisation", Special::id_organisation, true},
                                     {"item", Special::id_item, true},
                                     {"case", Special::id_case, true},
                                     {"event", Special::id_event, true},
                                     {"revision", Special::id_revision, false}};

const std::vector<std::string_view> kKeys = {"mapping", "to", "record", "zone", "source", "records", "types", "tables", "identity", "event", "rules", "checks",
                                             "ignore", "outside_digest", "answer", "tests", "reverse"};

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
  RuleCompiler compiler({mistakes, Side::source, made->entity_, context.folder, context.overlay_folder, context.params, made->zone_minutes_, may_be_part, context.names, made->scopes_, &context.files, context.system, false, context.functions});
  compiler.read_types(root.find("types"));
  compiler.read_tables(root.find("tables"));
  made->compile_records(root, mistakes, context.names);
  compiler.enter_root();
  if (const YamlNode* records = root.find("records"); records != nullptr && made->records_) {
    if (const YamlNode* when = records->find("when"); when != nullptr) made->records_->when = compiler.expression(*when, "records.when");
    made->compile_rows(*records, mistakes, compiler);
  }
  const std::size_t before_rules = made->scopes_.reads.size();
  made->compile_identity(root, mistakes, compiler);
  made->compile_kind(root, mistakes, compiler);
  if (const YamlNode* event = root.find("event"); event != nullptr) made->event_ = compiler.special_rule(*event, Special::event, "event");
  else mistakes.add(Errc::mapping_missing_key, root, "event");
  if (const YamlNode* rules = root.find("rules"); rules != nullptr) made->rules_ = compiler.rules(*rules);
  else mistakes.add(Errc::mapping_missing_key, root, "rules");
  for (const std::string& field : context.never_sent) {
    if (compiler.written().count(field) != 0) mistakes.add(Errc::mapping_duplicate_rule, *root.find("rules"), field, {"no rule for a field under never_sent", "never_sent 所列字段不得有规则"});
  }
  made->compile_checks(root, mistakes, compiler);
  if (const YamlNode* ignore = root.find("ignore"); ignore != nullptr) compiler.ignore(*ignore);
  made->compile_outside(root, mistakes);
  if (const YamlNode* answer = root.find("answer"); answer != nullptr) made->answer_ = Answer::compile(*answer, mistakes);
  if (const YamlNode* tests = root.find("tests"); tests != nullptr) made->tests_ = detail::compile_tests(*tests, mistakes);
  made->joins_ = compiler.joins();
  if (made->records_) made->note_compared(before_rules, context.names);
  made->scopes_.share_reads(context.names);
  made->find_records_apart(context.names);
  if (const YamlNode* reverse = root.find("reverse"); reverse != nullptr) made->reverse_ = compile_reverse(*reverse, made->reverse_subject(context.params, root), mistakes);
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

/// What only `records` reads (its condition, order and keys) may differ between the rows of a group.
void SourceMapping::note_compared(std::size_t from, wire::NameSet& names) {
  std::vector<std::uint16_t>& compared = records_->compared;
  for (std::size_t i = from; i < scopes_.reads.size(); ++i) {
    const Scopes::Read& read = scopes_.reads[i];
    if (read.scope == scopes_.root && !read.list) compared.push_back(scopes_.all[read.scope]->slot(read.steps, names));
  }
  std::sort(compared.begin(), compared.end());
  compared.erase(std::unique(compared.begin(), compared.end()), compared.end());
}

void SourceMapping::compile_records(const YamlNode& root, const Mistakes& mistakes, wire::NameSet& names) {
  const YamlNode* node = root.find("records");
  if (node == nullptr) {
    if (stages_.many) mistakes.add(Errc::mapping_records_required, root, "records", {"records: {each: PATH}, or {each: .} for one record of each document", "records: {each: 路径}；每个文档一条记录时用 {each: .}"});
    return;
  }
  if (!check_keys(*node, {"each", "when", "order", "key", "group_by", "differ"}, "records", mistakes)) return;
  const auto text = member_text(*node, "each", Need::required, "records", mistakes);
  if (!text) return;
  std::vector<Path> paths;
  std::string problem;
  if (!parse_path(*text, PathSyntax::slashes, paths, problem) || paths.size() != 1 || paths[0].origin != Origin::here) {
    mistakes.add(Errc::mapping_path_invalid, *node->find("each"), "records.each", {}, same(*text));
    return;
  }
  Records& records = records_.emplace();
  if (paths[0].steps.empty()) return;
  // Rules start from one element; what stands around it is one document further out.
  records.each = true;
  records.parent_scope = scopes_.root;
  scopes_.outer = scopes_.root;
  scopes_.root = scopes_.each(records.parent_scope, paths[0].steps, names, records.list);
}

void SourceMapping::compile_checks(const YamlNode& root, const Mistakes& mistakes, RuleCompiler& compiler) {
  const YamlNode* node = root.find("checks");
  if (node == nullptr) return;
  checks_ = compiler.checks(*node, "checks", CheckLevel::record);
  // With several pieces there is no one document that a path could mean.
  if (!stages_.many) compiler.enter_document();
  delivery_checks_ = compiler.checks(*node, "checks", CheckLevel::delivery);
  for (const PackCheck& check : delivery_checks_) {
    const bool reads_source = check.that && stages_.many && !check.that->source_refs().empty();
    const bool only_facts = !reads_source || std::none_of(check.that->source_refs().begin(), check.that->source_refs().end(), [](const Ref& ref) { return ref.kind == Ref::Kind::node; });
    if (!only_facts) mistakes.add(Errc::mapping_path_invalid, *node, "checks." + check.id, {"meta: and param:, since the delivery has several documents", "仅可用 meta: 与 param:，因报文含多个文档"});
  }
  compiler.enter_root();
}

/// Order, key and grouping of the rows that become records.
void SourceMapping::compile_rows(const YamlNode& node, const Mistakes& mistakes, RuleCompiler& compiler) {
  Records& records = *records_;
  for (const char* key : {"order", "key", "group_by", "differ"}) {
    if (const YamlNode* at = node.find(key); at != nullptr && !records.each) mistakes.add(Errc::mapping_wrong_shape, *at, "records." + std::string(key), {"each: PATH", "each: 路径"});
  }
  compiler.read_order(node, "records", records.shape);
  const YamlNode* group = node.find("group_by");
  const YamlNode* differ = node.find("differ");
  if (group == nullptr) {
    if (differ != nullptr) mistakes.add(Errc::mapping_unknown_key, *differ, "records.differ", {"group_by beside it", "differ 须与 group_by 同用"});
    return;
  }
  records.group_by = compiler.key_expressions(*group, "records.group_by");
  const bool good = differ != nullptr && policy_from_name(differ->text, records.differ) && (records.differ == Policy::reject || records.differ == Policy::hold || records.differ == Policy::report);
  if (!good) mistakes.add(differ == nullptr ? Errc::mapping_missing_key : Errc::mapping_policy_not_allowed, differ == nullptr ? node : *differ, "records.differ", one_of({"reject", "hold", "report"}));
  compiler.set_grouped();
}

/// Whether the stage that gives the document of records may read them apart (wire/xml_records.hpp): rules read what is in their record and what
/// stands around all of them, and nothing looks into a record from outside. Everything else needs the whole document at once.
void SourceMapping::find_records_apart(const wire::NameSet& names) {
  if (!records_ || !records_->each || !records_->plain() || !joins_.empty() || stages_.many || stages_.list.empty()) return;
  Stage& stage = stages_.list.back();
  if (stage.kind != Stage::Kind::xml || stage.scope != records_->parent_scope) return;
  const Scope& around = *scopes_.all[records_->parent_scope];
  if (!around.ns.empty() || !around.stands_alone(records_->list, names)) return;
  for (const Scopes::Aggregate& aggregate : scopes_.aggregates) {
    if (aggregate.parent == records_->parent_scope && aggregate.list == records_->list) return;
  }
  wire::RecordPath path;
  for (const PathStep& step : stage.path) {
    if (step.ordinal != 0 || step.attribute) return;
    path.push_back(step.name);
  }
  if (path.empty()) path.emplace_back();
  for (const PathStep& step : around.list_path(records_->list)) path.push_back(step.name);
  stage.records = std::move(path);
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

std::vector<MappingTest> compile_tests(const YamlNode& node, const Mistakes& mistakes) {
  std::vector<MappingTest> tests;
  if (!node.is_sequence()) mistakes.add(Errc::mapping_wrong_shape, node, "tests");
  for (const YamlNode& item : node.items) {
    MappingTest test;
    test.line = item.line;
    if (!check_keys(item, {"in", "out", "absent", "findings", "verdict", "count", "record"}, "tests", mistakes)) continue;
    test.in = member_text(item, "in", Need::required, "tests", mistakes).value_or("");
    if (const YamlNode* out = item.find("out"); out != nullptr) {
      for (const auto& [path, value] : out->members) test.out.emplace_back(path.text, value.text);
    }
    if (const YamlNode* absent = item.find("absent"); absent != nullptr) test.absent = texts(*absent, "tests.absent", mistakes);
    if (const YamlNode* findings = item.find("findings"); findings != nullptr) {
      test.findings = texts(*findings, "tests.findings", mistakes);
      for (std::size_t i = 0; i < test.findings->size(); ++i) {
        const std::string& id = (*test.findings)[i];
        const std::string_view name = std::string_view(id).substr(0, id.find(' '));
        if (errc_from_id(name) || name.substr(0, 5) == "pack.") continue;
        std::vector<std::string_view> known;
        std::size_t rows = 0;
        for (const ErrcRow* row = errc_catalogue(rows); rows != 0; ++row, --rows) known.push_back(row->id);
        mistakes.add(Errc::mapping_wrong_shape, i < findings->items.size() ? findings->items[i] : *findings, "tests.findings: " + id, {"the id of a finding", "发现项的标识"}, did_you_mean(name, known));
      }
    }
    const std::string verdict = member_text(item, "verdict", Need::optional, "tests", mistakes).value_or("accepted");
    if (verdict == "held") test.verdict = RecordVerdict::held;
    else if (verdict == "refused") test.verdict = RecordVerdict::refused;
    else if (verdict != "accepted") mistakes.add(Errc::mapping_wrong_shape, *item.find("verdict"), "tests.verdict", one_of({"accepted", "held", "refused"}));
    if (const YamlNode* count = item.find("count"); count != nullptr) {
      test.count = small_number(count->text, 0, 100000);
      if (!test.count) mistakes.add(Errc::mapping_wrong_shape, *count, "tests.count", {"a number", "数字"});
    }
    if (const YamlNode* record = item.find("record"); record != nullptr) {
      const auto number = small_number(record->text, 1, 100000);
      if (!number) mistakes.add(Errc::mapping_wrong_shape, *record, "tests.record", {"a number from 1", "从 1 起的数字"});
      test.record = number.value_or(1);
    }
    tests.push_back(std::move(test));
  }
  return tests;
}

/// Makes the records of one delivery, piece by piece.
class RecordMaker final : public PieceSink {
public:
  struct Inputs { const SourceMapping& mapping; const wire::Delivery& delivery; const Environment& environment; const PackInfo& pack; const wire::NameSet& names; Workspace::State& state; Budget& budget; };
  /// @param sink  Takes each record as soon as it is made; null: they are kept in `out`.
  RecordMaker(const Inputs& in, MappedDelivery& out, RecordSink* sink = nullptr) : in_(in), mapping_(in.mapping), state_(in.state), out_(out), sink_(sink) {}
  void tell(Findings&& findings) override { out_.findings.append(std::move(findings)); }
  void take(StageResult& result) override;
  void refuse(const Error& error, const std::string& part) override;
  /// Counts and checks of the delivery as a whole; what fails is true of each of its records.
  /// Answers what they come to for each record.
  DeliveryJudgement judge_delivery();
  std::uint64_t kept() const noexcept { return kept_; }

private:
  /// Hears the records of a document that are read apart.
  class Apart final : public wire::RecordElements {
  public:
    Apart(RecordMaker& maker, const wire::Document& document) : maker_(maker), document_(document) {}
    void take(std::uint32_t element) override { maker_.take_one(document_, element); }

  private:
    RecordMaker& maker_;
    const wire::Document& document_;
  };
  bool many() const noexcept { return mapping_.records_.has_value(); }
  const std::vector<std::string>& parts() const noexcept { return mapping_.stages_.many ? state_.parts : mapping_.part_names_; }
  MappedRecord& fresh();
  void forget();
  void walk_documents(const StageResult& result, Findings& findings);
  RuleRun::Inputs inputs(Findings& findings, model::Record* record) {
    return {state_.frames, parts(), &in_.delivery, state_.arena, findings, record, &mapping_.scopes_, foreign_, &state_.unused, &in_.environment, &in_.budget, &state_.lists, &in_.names, &state_.group, nullptr, state_.observer, &places_};
  }
  void take_one(const wire::Document& document, std::uint32_t node);
  void take_rows(const wire::Document& document, std::vector<std::uint32_t> nodes);
  std::vector<std::vector<std::uint32_t>> grouped(const wire::Document& document, const std::vector<std::uint32_t>& nodes, RuleRun& run);
  bool wanted(const wire::Document& document, std::uint32_t node);
  void compare_rows(const wire::Document& document, RuleRun& run);
  void orphans();
  void bound_output(MappedRecord& mapped);
  bool left_out(MappedRecord& mapped, RuleRun& run);
  void write(MappedRecord& mapped, RuleRun& run);
  Finding about_row(Errc id, Severity severity, const wire::Document& document, std::uint32_t node) const;
  void make(MappedRecord& mapped, Policy judged = Policy::none);
  void keep(MappedRecord& mapped);
  void report_unused(std::size_t scope, Findings& findings);

  const Inputs in_;
  const SourceMapping& mapping_;
  Workspace::State& state_;
  MappedDelivery& out_;
  RecordSink* sink_;
  std::optional<MappedRecord> one_;    ///< The record that is being made, for a sink.
  std::uint64_t kept_ = 0;
  std::array<std::uint64_t, 3> verdicts_{};
  const wire::NameSet* foreign_ = nullptr;
  std::vector<std::string> unused_seen_;
  std::uint64_t output_bytes_ = 0;
  mutable wire::PlaceMemory places_;   ///< A record for each of 15,000 elements must not count its way from the start.
};

/// The next record, made where it stays: it is large, and moving it costs as much as writing it. Until keep() or forget() there is no other.
MappedRecord& RecordMaker::fresh() {
  MappedRecord& mapped = sink_ != nullptr ? one_.emplace() : out_.records.emplace_back();
  model::Record& record = mapped.record;
  // A new record is an empty one of the first entity already.
  if (record.entity != mapping_.entity_) record.become(mapping_.entity_);
  record.kind = mapping_.kind_;
  record.envelope.source_system = in_.pack.system;
  record.envelope.pack = in_.pack.name();
  return mapped;
}

/// Takes back what fresh() gave.
void RecordMaker::forget() {
  if (sink_ == nullptr) out_.records.pop_back();
}

/// Walks every document of the stages. What is left unused in them goes to `findings`.
void RecordMaker::walk_documents(const StageResult& result, Findings& findings) {
  state_.unused.leaves.clear();
  places_.watch(result.starts.empty() ? nullptr : result.starts.back().document);
  state_.frames.resize(mapping_.scopes_.all.size());
  if (mapping_.stages_.many) {
    state_.parts = result.parts;
    state_.parts.resize(mapping_.scopes_.all.size(), result.parts.back());
  }
  for (std::size_t i = 0; i < result.starts.size(); ++i) {
    const StageResult::Start& start = result.starts[i];
    foreign_ = start.foreign_names ? &in_.names : nullptr;
    mapping_.scopes_.all[i]->walk(*start.document, start.node, foreign_, state_.frames[i], state_.unused);
    report_unused(i, findings);
  }
}

void RecordMaker::take(StageResult& result) {
  state_.lists.clear();
  state_.group.clear();
  if (!many() || !mapping_.records_->each) {
    MappedRecord& mapped = fresh();
    mapped.findings = std::move(result.findings);
    result.findings = Findings();
    walk_documents(result, mapped.findings);
    make(mapped);
    return;
  }
  out_.findings.append(std::move(result.findings));
  result.findings = Findings();
  walk_documents(result, out_.findings);
  const Frame& parent = state_.frames[mapping_.records_->parent_scope];
  const std::vector<std::uint32_t> nodes = parent.lists[mapping_.records_->list];
  if (!mapping_.records_->plain()) {
    take_rows(*parent.document, nodes);
    return orphans();
  }
  if (result.thin) {
    Apart apart(*this, *parent.document);
    wire::read_records(*result.thin->document, result.thin->options, *result.thin->records, nodes, apart);
  } else {
    for (const std::uint32_t node : nodes) take_one(*parent.document, node);
  }
  orphans();
}

void RecordMaker::take_one(const wire::Document& document, std::uint32_t node) {
  const std::uint16_t scope = mapping_.scopes_.root;
  mapping_.scopes_.all[scope]->walk(document, node, foreign_, state_.frames[scope], state_.unused);
  MappedRecord& mapped = fresh();
  report_unused(scope, mapped.findings);
  make(mapped);
}

Finding RecordMaker::about_row(Errc id, Severity severity, const wire::Document& document, std::uint32_t index) const {
  const wire::Node node(&document, index);
  Finding made;
  made.id = id;
  made.severity = severity;
  made.path = "records";
  made.source.part = parts()[mapping_.scopes_.root];
  made.source.path = node.path(places_);
  made.source.offset = node.offset();
  const std::string position = node.position(places_);
  const auto colon = position.find(':');
  std::from_chars(position.data(), position.data() + std::min(colon, position.size()), made.source.line);
  if (colon != std::string::npos) std::from_chars(position.data() + colon + 1, position.data() + position.size(), made.source.column);
  return made;
}

/// Whether a row passes `when`. One that cannot be judged passes: it is judged again with its record, which then waits.
bool RecordMaker::wanted(const wire::Document& document, std::uint32_t node) {
  const auto& records = *mapping_.records_;
  if (!records.when) return true;
  mapping_.scopes_.all[mapping_.scopes_.root]->walk(document, node, foreign_, state_.frames[mapping_.scopes_.root], state_.unused);
  state_.unused.leaves.clear();
  Findings broken;
  RuleRun run(inputs(broken, nullptr));
  if (run.holds(*records.when, "records.when") || run.verdict() != RecordVerdict::accepted) return true;
  out_.findings.add(about_row(Errc::mapping_record_skipped, Severity::info, document, node));
  return false;
}

std::vector<std::vector<std::uint32_t>> RecordMaker::grouped(const wire::Document& document, const std::vector<std::uint32_t>& nodes, RuleRun& run) {
  std::vector<std::vector<std::uint32_t>> groups;
  std::unordered_map<std::string, std::size_t> seen;
  const std::uint16_t root = mapping_.scopes_.root;
  for (const std::uint32_t node : nodes) {
    if (mapping_.records_->group_by.empty()) {
      groups.push_back({node});
      continue;
    }
    mapping_.scopes_.all[root]->walk(document, node, foreign_, state_.frames[root], state_.unused);
    state_.unused.leaves.clear();
    auto key = row_key(mapping_.records_->group_by, run);
    // Rows without a key belong to nobody's record but their own, whose identity will say what is missing.
    const auto [found, fresh] = key ? seen.emplace(std::move(*key), groups.size()) : std::pair(seen.end(), true);
    if (fresh) groups.push_back({node});
    else groups[found->second].push_back(node);
  }
  return groups;
}

/// Rows in order, told apart and brought together, each group one record.
void RecordMaker::take_rows(const wire::Document& document, std::vector<std::uint32_t> nodes) {
  const auto& records = *mapping_.records_;
  const std::uint16_t root = mapping_.scopes_.root;
  state_.arena.reset();
  nodes.erase(std::remove_if(nodes.begin(), nodes.end(), [&](std::uint32_t node) { return !wanted(document, node); }), nodes.end());
  RuleRun run(inputs(out_.findings, nullptr));
  std::map<std::uint32_t, Policy> judged;
  nodes = choose_rows({records.shape, root, "records"}, document, std::move(nodes), run, judged);
  for (std::vector<std::uint32_t>& rows : grouped(document, nodes, run)) {
    state_.group = std::move(rows);
    mapping_.scopes_.all[root]->walk(document, state_.group.front(), foreign_, state_.frames[root], state_.unused);
    MappedRecord& mapped = fresh();
    report_unused(root, mapped.findings);
    Policy worst = Policy::none;
    for (const std::uint32_t row : state_.group) {
      const auto found = judged.find(row);
      if (found == judged.end()) continue;
      mapped.findings.add(about_row(Errc::mapping_duplicate_key, Severity::error, document, row));
      if (worst != Policy::reject) worst = found->second;
    }
    make(mapped, worst);
  }
}

/// Where a record of several rows reads one value, all rows must say the same.
void RecordMaker::compare_rows(const wire::Document& document, RuleRun& run) {
  const auto& records = *mapping_.records_;
  const std::uint16_t root = mapping_.scopes_.root;
  const Frame& first = state_.frames[root];
  std::vector<bool> told(first.slots.size(), false);
  const auto text_at = [&document](std::uint32_t node) {
    if (node == wire::TapeEntry::kNone) return std::string_view();
    const wire::TapeEntry& entry = document.tape()[node];
    return entry.has_child ? std::string_view() : std::string_view(entry.text, entry.text_size);
  };
  for (std::size_t row = 1; row < state_.group.size(); ++row) {
    if (!run.spend(document.tape()[state_.group[row]].end - state_.group[row])) return;
    Scope::Unused nowhere;
    mapping_.scopes_.all[root]->walk(document, state_.group[row], foreign_, state_.row, nowhere);
    for (const std::uint16_t slot : records.compared) {
      if (told[slot] || text_at(first.slots[slot].node) == text_at(state_.row.slots[slot].node)) continue;
      told[slot] = true;
      const std::uint32_t at = state_.row.slots[slot].node;
      run.inputs().findings.add(about_row(Errc::mapping_group_differs, records.differ == Policy::report ? Severity::warn : Severity::error, document, at == wire::TapeEntry::kNone ? state_.group[row] : at));
      if (records.differ == Policy::hold) run.worsen(RecordVerdict::held);
      if (records.differ == Policy::reject) run.worsen(RecordVerdict::refused);
    }
  }
}

/// Children that no record has claimed must not go in silence, nor be answered for as if they were stored.
void RecordMaker::orphans() {
  if (mapping_.joins_.empty()) return;
  Findings told;
  RuleRun run(inputs(told, nullptr));
  const bool refused = report_orphans(mapping_.joins_, run);
  if (!refused) {
    out_.findings.append(std::move(told));
    return;
  }
  MappedRecord& mapped = fresh();
  mapped.verdict = RecordVerdict::refused;
  for (const Finding& finding : told) {
    if (finding.severity != Severity::error) continue;
    mapped.reason = {describe(finding, Lang::en), describe(finding, Lang::zh)};
    break;
  }
  mapped.findings = std::move(told);
  keep(mapped);
}

void RecordMaker::make(MappedRecord& mapped, Policy judged) {
  state_.arena.reset();
  state_.lists.made_used = 0;
  RuleRun run(inputs(mapped.findings, &mapped.record));
  if (state_.observer != nullptr) state_.observer->record(state_.frames, parts());
  if (judged != Policy::none) run.worsen(judged == Policy::hold ? RecordVerdict::held : RecordVerdict::refused);
  if (left_out(mapped, run)) return forget();
  if (state_.group.size() > 1) compare_rows(*state_.frames[mapping_.scopes_.root].document, run);
  write(mapped, run);
  report_unused(mapping_.scopes_.root, mapped.findings);
  mapped.verdict = run.verdict();
  mapping_.finish(mapped, in_.environment, state_.json);
  bound_output(mapped);
  if (state_.observer != nullptr) state_.observer->record_ends(mapped);
  keep(mapped);
}

/// Whether the condition of `records` leaves the record out. One whose condition cannot be judged is not left out: it waits.
bool RecordMaker::left_out(MappedRecord& mapped, RuleRun& run) {
  const bool out = many() && mapping_.records_->when && !run.holds(*mapping_.records_->when, "records.when") && run.verdict() == RecordVerdict::accepted;
  if (!out) return false;
  Finding skipped;
  skipped.id = Errc::mapping_record_skipped;
  skipped.severity = Severity::info;
  skipped.source.part = parts()[mapping_.scopes_.root];
  skipped.record = std::to_string(kept_ + 1);
  out_.findings.add(std::move(skipped));
  out_.findings.append(std::move(mapped.findings));
  return true;
}

/// Runs every rule over the frames.
void RecordMaker::write(MappedRecord& mapped, RuleRun& run) {
  model::Record& record = mapped.record;
  RecordWriter writer({mapping_.scopes_, foreign_, state_.frames, state_.unused, record}, run);
  for (const auto& rule : mapping_.identity_) {
    const bool stored = writer.rule(*rule);
    const std::string* text = special_text(record, rule->place.special);
    const bool optional = rule->place.special == Special::id_revision && !stored;
    if (text->empty() && !optional && run.verdict() != RecordVerdict::refused) (void)run.fault(*rule, {Fault::missing, Errc::mapping_missing, 0, {}, {}, false});
  }
  if (record.identity.revision.empty()) record.identity.revision = "1";
  if (mapping_.kind_rule_) (void)writer.rule(*mapping_.kind_rule_);
  run.is_part = record.kind == model::RecordKind::part;
  if (mapping_.event_) (void)writer.rule(*mapping_.event_);
  if (mapping_.rules_) writer.block(*mapping_.rules_);
  for (const PackCheck& check : mapping_.checks_) (void)run.passes(check);
}

void RecordMaker::bound_output(MappedRecord& mapped) {
  output_bytes_ += mapped.canonical.size();
  if (output_bytes_ <= in_.environment.output_bytes_max) return;
  Finding made;
  made.id = Errc::mapping_output_budget;
  made.expected = {"at most " + std::to_string(in_.environment.output_bytes_max) + " bytes", "不超过 " + std::to_string(in_.environment.output_bytes_max) + " 字节"};
  mapped.verdict = RecordVerdict::refused;
  mapped.canonical.clear();
  mapped.digest_input.clear();
  mapped.reason = {describe(made, Lang::en), describe(made, Lang::zh)};
  mapped.findings.add(std::move(made));
}

DeliveryJudgement RecordMaker::judge_delivery() {
  if (mapping_.delivery_checks_.empty()) return {};
  std::map<std::string, std::string, std::less<>> facts;
  const auto count = [this](RecordVerdict verdict) { return std::to_string(verdicts_[static_cast<std::size_t>(verdict)]); };
  facts["records"] = std::to_string(kept_);
  facts["records_accepted"] = count(RecordVerdict::accepted);
  facts["records_held"] = count(RecordVerdict::held);
  facts["records_refused"] = count(RecordVerdict::refused);
  facts["parts"] = std::to_string(in_.delivery.parts.size());
  // Where no piece came there is no document that a path could read.
  state_.frames.resize(std::max(state_.frames.size(), mapping_.scopes_.all.size()));
  Findings told;
  RuleRun::Inputs all = inputs(told, nullptr);
  all.facts = &facts;
  RuleRun run(all);
  for (const PackCheck& check : mapping_.delivery_checks_) (void)run.passes(check);
  DeliveryJudgement judgement;
  judgement.verdict = run.verdict();
  for (const Finding& finding : told) {
    if (finding.severity == Severity::error && judgement.reason.en.empty()) judgement.reason = {describe(finding, Lang::en), describe(finding, Lang::zh)};
  }
  out_.findings.append(std::move(told));
  return judgement;
}

/// What fails about the delivery is true of each of its records.
void DeliveryJudgement::pass_on(MappedRecord& record) const {
  if (record.verdict >= verdict) return;
  record.verdict = verdict;
  if (record.reason.en.empty()) record.reason = reason;
}

/// Where a delivery may give several records, each finding says which it is about.
void RecordMaker::keep(MappedRecord& mapped) {
  ++kept_;
  ++verdicts_[static_cast<std::size_t>(mapped.verdict)];
  if (many() && !mapped.findings.empty()) {
    const std::string_view version = model::entity_version(mapping_.entity_);
    mapped.findings.set_record(std::string(version.substr(0, version.find('@'))) + "[" + std::to_string(kept_) + "]");
  }
  if (sink_ != nullptr) sink_->take(std::move(mapped));
}

void RecordMaker::refuse(const Error& error, const std::string& part) {
  MappedRecord& mapped = fresh();
  mapped.verdict = RecordVerdict::refused;
  Finding finding;
  finding.id = error.code();
  finding.source.part = part;
  const std::string& where = error.where();
  const std::size_t blank = where.rfind(' ');
  const std::size_t colon = where.find(':', blank == std::string::npos ? 0 : blank);
  const char* first = where.data() + (blank == std::string::npos ? 0 : blank + 1);
  if (colon != std::string::npos) {
    std::from_chars(first, where.data() + colon, finding.source.line);
    std::from_chars(where.data() + colon + 1, where.data() + where.size(), finding.source.column);
  } else {
    std::from_chars(first, where.data() + where.size(), finding.source.offset);
  }
  finding.expected = {error.detail(), phrase_in(Lang::zh, error.detail())};
  mapped.findings = std::move(state_.starts.findings);
  state_.starts.findings = Findings();
  mapped.reason = {describe(finding, Lang::en), describe(finding, Lang::zh)};
  mapped.findings.add(std::move(finding));
  keep(mapped);
}

Result<MappedDelivery> SourceMapping::run_once(const wire::Delivery& delivery, const Surroundings& around, RecordSink* sink, DeliveryJudgement* judgement) const {
  const auto& [environment, pack, names, state] = around;
  MappedDelivery out;
  Budget budget{environment.steps_max};
  RecordMaker maker({*this, delivery, environment, pack, names, state, budget}, out, sink);
  const StageInput input{delivery, environment, names, state.observer, sink != nullptr};
  if (state.observer != nullptr) state.observer->mapping(*this, input);
  TONGQU_CHECK(run_stages(stages_, input, state.stages, state.starts, maker));
  const DeliveryJudgement judged = maker.judge_delivery();
  if (judgement != nullptr) *judgement = judged;
  for (MappedRecord& record : out.records) judged.pass_on(record);
  out.findings.append(std::move(state.starts.findings));
  out.waiting = std::move(state.starts.waiting);
  if (maker.kept() == 0 && !out.waiting) return Error(Errc::mapping_records_none).at("body");
  return out;
}

Result<MappedDelivery> SourceMapping::run(const wire::Delivery& delivery, const Surroundings& around) const { return run_once(delivery, around, nullptr, nullptr); }

namespace {

/// Hears what a delivery would give, and keeps none of it.
class Deaf final : public RecordSink {
public:
  void take(MappedRecord&&) override {}
};

/// Hands records on as the checks of their delivery judged them.
class JudgedSink final : public RecordSink {
public:
  JudgedSink(RecordSink& to, const DeliveryJudgement& judgement) : to_(to), judgement_(judgement) {}
  void take(MappedRecord&& record) override {
    judgement_.pass_on(record);
    to_.take(std::move(record));
  }

private:
  RecordSink& to_;
  const DeliveryJudgement& judgement_;
};

} // namespace

/// What a delivery check says is true of the first record too, so that the checks must have been judged before it is handed over: the
/// delivery is gone through twice then.
Result<MappedDelivery> SourceMapping::run_each(const wire::Delivery& delivery, const Surroundings& around, RecordSink& sink) const {
  if (delivery_checks_.empty()) return run_once(delivery, around, &sink, nullptr);
  DeliveryJudgement judgement;
  Deaf deaf;
  TONGQU_CHECK(run_once(delivery, around, &deaf, &judgement));
  JudgedSink judged(sink, judgement);
  return run_once(delivery, around, &judged, nullptr);
}

Result<MappedDelivery> SourceMapping::run_documents(const wire::Delivery& delivery, StageResult& documents, const Surroundings& around) const {
  MappedDelivery out;
  Budget budget{around.environment.steps_max};
  RecordMaker maker({*this, delivery, around.environment, around.pack, around.names, around.state, budget}, out);
  maker.take(documents);
  return out;
}

/// One finding per distinct path, at most kUnusedReportedMax of them: for each record, or for all records of a delivery together, where a
/// column that no rule reads would be said for every row.
void RecordMaker::report_unused(std::size_t scope, Findings& findings) {
  if (state_.unused.leaves.empty()) return;
  std::vector<std::string> own;
  std::vector<std::string>& seen = many() ? unused_seen_ : own;
  Findings& to = many() ? out_.findings : findings;
  for (const Scope::Unused::Leaf& leaf : state_.unused.leaves) {
    if (state_.observer != nullptr) state_.observer->unused(*leaf.document, leaf.at, parts()[scope]);
    if (seen.size() >= kUnusedReportedMax) continue;
    std::string path = unused_path(*leaf.document, leaf.at);
    if (std::find(seen.begin(), seen.end(), path) != seen.end()) continue;
    const wire::Node node(leaf.document, leaf.at);
    Finding finding;
    finding.id = Errc::mapping_unused_source;
    finding.severity = Severity::info;
    finding.source.part = parts()[scope];
    finding.source.path = path;
    finding.source.offset = node.offset();
    to.add(std::move(finding));
    seen.push_back(std::move(path));
  }
  state_.unused.leaves.clear();
}

} // namespace detail

} // namespace tongqu::mapping
