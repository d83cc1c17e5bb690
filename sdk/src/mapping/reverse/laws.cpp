#include <algorithm>

#include "mapping/pack_tests.hpp"
#include "mapping/place.hpp"
#include "mapping/reverse/law_generator.hpp"
#include "mapping/reverse/law_samples.hpp"
#include "mapping/reverse/reverse_mapping.hpp"
#include "tongqu/base/bytes.hpp"

namespace tongqu::mapping::detail {
namespace {

using model::FieldKind;

constexpr std::size_t kFailuresMax = 10;
/// Messages made at most for one record that the mapping accepts.
constexpr std::size_t kTriesMax = 40;

std::string canonical_of(const model::Record& record) {
  std::string text;
  (void)model::append_canonical_json(text, record);
  return text;
}

template <class T>
void reset(const void* member) { const_cast<std::optional<T>*>(static_cast<const std::optional<T>*>(member))->reset(); }

void take_away(const RecordLeaf& leaf) {
  switch (leaf.field->kind) {
    case FieldKind::text:
    case FieldKind::identifier: reset<std::string>(leaf.member); break;
    case FieldKind::code: reset<model::Code>(leaf.member); break;
    case FieldKind::time: reset<model::Time>(leaf.member); break;
    case FieldKind::quantity: reset<model::Quantity>(leaf.member); break;
    case FieldKind::money: reset<model::Money>(leaf.member); break;
    case FieldKind::validity: reset<model::Validity>(leaf.member); break;
    case FieldKind::integer: reset<std::int64_t>(leaf.member); break;
    case FieldKind::boolean: reset<bool>(leaf.member); break;
    case FieldKind::text_list: reset<std::vector<std::string>>(leaf.member); break;
    case FieldKind::code_list: reset<std::vector<model::Code>>(leaf.member); break;
    default: break;
  }
}

/// One trial of both laws over one mapping.
class Trial {
public:
  Trial(const SourceMapping& mapping, const ReverseSubject& subject, const LawOptions& options, const SourceMapping::Surroundings& around, LawReport& report)
      : mapping_(mapping), plan_(*mapping.reverse_plan()), subject_(subject), options_(options), around_(around), report_(report), generator_(plan_, subject) {}
  enum class SampleOf : std::uint8_t { tests, list };
  void records();
  void samples();
  void exceptions();

private:
  struct Outcome { std::string field, why; bool good() const noexcept { return why.empty(); } };
  Outcome there_and_back(const model::Record& record, const std::string* tried = nullptr);
  wire::Delivery delivery(const Written& written) const;
  void failure(std::uint64_t number, model::Record record, const Outcome& outcome);
  model::Record smallest(model::Record record, const Outcome& outcome);
  void try_listed(const model::Record& record);
  void learn();
  std::vector<std::pair<std::string, SampleOf>> sample_files() const;
  void sample(const std::string& in, SampleOf of);
  void fail(std::string text) {
    if (report_.failures.size() < kFailuresMax) report_.failures.push_back(std::move(text));
  }

  const SourceMapping& mapping_;
  const ReversePlan& plan_;
  const ReverseSubject& subject_;
  const LawOptions& options_;
  const SourceMapping::Surroundings& around_;
  LawReport& report_;
  LawGenerator generator_;
  std::set<std::string> seen_, failed_fields_;
  std::map<std::string, std::pair<std::size_t, std::size_t>> listed_;   ///< One-way fields: how often good and bad.
};

wire::Delivery Trial::delivery(const Written& written) const {
  const WriteStage& outer = plan_.stages.back();
  wire::Delivery made;
  made.facts = written.facts;
  made.facts["charset"] = outer.charset.told();
  made.parts.push_back({"body", {}, written.bytes, nullptr});
  return made;
}

/// What refuses a delivery of one record: a check of the delivery, or a finding of the record itself.
std::string first_error(const MappedDelivery& read) {
  for (const Findings* findings : {&read.findings, &read.records.front().findings}) {
    for (const Finding& finding : *findings) {
      if (finding.severity == Severity::error) return std::string(finding.id == Errc::mapping_check_failed ? std::string_view(finding.rule) : errc_row(finding.id).id) + (finding.path.empty() ? "" : " at " + finding.path);
    }
  }
  return "no reason was given";
}

Trial::Outcome Trial::there_and_back(const model::Record& record, const std::string* tried) {
  auto written = write_record(plan_, subject_, record, around_.environment.limits, tried);
  if (!written) return {{}, std::string(written.error().id())};
  for (const Finding& finding : written->findings) {
    if (finding.severity == Severity::error) return {finding.path, "is not written: " + std::string(errc_row(finding.id).id)};
  }
  for (const std::string& path : written->left_out) {
    const bool envelope = path.compare(0, 9, "envelope.") == 0;
    if (!envelope && !plan_.is_one_way(without_indexes(path))) return {path, "is left out"};
  }
  if (written->bytes.empty()) return {{}, "no message"};
  report_.excused += written->excused.size();
  auto read = mapping_.run(delivery(*written), {around_.environment, around_.pack, around_.names, around_.state});
  if (!read) return {{}, "the message cannot be read: " + std::string(read.error().id()) + " at " + read.error().where()};
  if (read->records.size() != 1) return {{}, "the message does not give one record"};
  const MappedRecord& again = read->records.front();
  const Differences differences = compare_records(record, again.record, *written);
  if (!differences.lost.empty()) return {differences.lost.front(), "differs"};
  if (!differences.more.empty()) return {differences.more.front(), "was not in the record"};
  if (again.verdict == RecordVerdict::refused) return {{}, "the message is refused when it is read: " + first_error(*read)};
  return {};
}

/// Takes away whatever does not matter for the failure, field by field, then shortens texts.
model::Record Trial::smallest(model::Record record, const Outcome& outcome) {
  const auto fails_so = [this, &outcome](const model::Record& candidate) {
    const Outcome now = there_and_back(candidate);
    return now.field == outcome.field && now.why == outcome.why;
  };
  for (std::size_t i = 0;; ++i) {
    model::Record candidate = record;
    const RecordLeaves leaves = leaves_of(candidate);
    if (i >= leaves.leaves.size()) break;
    const RecordLeaf& leaf = leaves.leaves[i];
    if (leaf.field == nullptr || leaf.path == outcome.field) continue;
    take_away(leaf);
    if (!fails_so(candidate)) continue;
    record = std::move(candidate);
    --i;
  }
  for (bool shorter = true; shorter;) {
    shorter = false;
    for (const bool front : {true, false}) {
      model::Record candidate = record;
      for (const RecordLeaf& leaf : leaves_of(candidate).leaves) {
        if (leaf.path != outcome.field || leaf.field == nullptr || leaf.field->kind != FieldKind::text) continue;
        std::string& text = **const_cast<std::optional<std::string>*>(static_cast<const std::optional<std::string>*>(leaf.member));
        if (utf8_length(text) < 2) continue;
        std::size_t cut = front ? utf8_bytes(text, 0) : text.size() - 1;
        while (!front && cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0u) == 0x80u) --cut;
        text = front ? text.substr(cut) : text.substr(0, cut);
        if (!fails_so(candidate)) continue;
        record = candidate;
        shorter = true;
        break;
      }
    }
  }
  return record;
}

void Trial::failure(std::uint64_t number, model::Record record, const Outcome& outcome) {
  if (!failed_fields_.insert(without_indexes(outcome.field) + outcome.why).second) return;
  const std::string what = outcome.field.empty() ? outcome.why : outcome.field + " " + outcome.why;
  fail("law 1, seed " + std::to_string(options_.seed) + ", record " + std::to_string(number) + ": " + what + "; smallest record found: " + canonical_of(smallest(std::move(record), outcome)));
}

/// A field that is listed as one-way and yet comes back every time is listed for nothing.
void Trial::try_listed(const model::Record& record) {
  std::set<std::string> here;
  for (const RecordLeaf& leaf : leaves_of(record).leaves) {
    const std::string plain = without_indexes(leaf.path);
    if (plan_.is_one_way(plain)) here.insert(plain);
  }
  for (const auto& [rule, back] : plan_.rules) {
    if (here.count(rule->name) == 0) continue;
    const bool comes_back = back.leaf != nullptr && there_and_back(record, &rule->name).good();
    auto& [good, worse] = listed_[rule->name];
    ++(comes_back ? good : worse);
  }
}

void Trial::records() {
  learn();
  std::size_t tries = 0;
  while (report_.records < options_.records && tries < options_.records * kTriesMax && failed_fields_.size() < kFailuresMax) {
    const std::uint64_t number = ++tries;
    StageResult& documents = generator_.make(options_.seed * 0x9E3779B97F4A7C15ull + number);
    wire::Delivery source;
    source.facts = generator_.facts();
    source.parts.push_back({"body", {}, {}, nullptr});
    auto made = mapping_.run_documents(source, documents, around_);
    if (!made || made->records.size() != 1 || made->records.front().verdict != RecordVerdict::accepted) continue;
    ++report_.records;
    model::Record record = std::move(made->records.front().record);
    for (const RecordLeaf& leaf : leaves_of(record).leaves) seen_.insert(without_indexes(leaf.path));
    const Outcome outcome = there_and_back(record);
    if (!outcome.good()) failure(number, record, outcome);
    else if (!plan_.one_way.empty() && report_.records % 10 == 1) try_listed(record);
  }
  if (report_.records < options_.records && failed_fields_.size() < kFailuresMax) {
    fail("law 1, seed " + std::to_string(options_.seed) + ": only " + std::to_string(report_.records) + " of " + std::to_string(options_.records) + " records could be made that the mapping accepts");
  }
  for (const auto& [rule, back] : plan_.rules) {
    if (back.way != RuleBack::Way::written && back.way != RuleBack::Way::fact) continue;
    if (rule->place.special == Special::kind) continue;
    const bool seen = seen_.count(rule->name) != 0;
    (seen ? report_.fields : report_.never).push_back(rule->name);
  }
  std::sort(report_.fields.begin(), report_.fields.end());
  std::sort(report_.never.begin(), report_.never.end());
}

void Trial::exceptions() {
  report_.one_way = plan_.one_way;
  for (const auto& [field, counts] : listed_) {
    if (counts.first == 0 || counts.second != 0) continue;
    fail("exceptions: " + field + " is listed as one-way, but came back the same in all of " + std::to_string(counts.first) + " records (" + std::string(errc_row(Errc::mapping_reverse_exception_needless).id) + ")");
  }
}

void Trial::sample(const std::string& in, SampleOf of) {
  wire::Delivery given;
  const auto law = "law 2, " + in + ": ";
  if (const std::string problem = read_sample(around_.pack, in, given); !problem.empty()) return fail(law + problem);
  auto mapped = mapping_.run(given, {around_.environment, around_.pack, around_.names, around_.state});
  if (!mapped) return fail(law + "the sample cannot be read: " + std::string(mapped.error().id()) + " at " + mapped.error().where());
  // A message with many records is never written as one, so that a test with such a message shows nothing here; a listed sample must.
  const std::size_t count = mapped->records.size();
  if (count > 1 && of == SampleOf::tests) return;
  if (count != 1) return fail(law + "the sample gives " + std::to_string(count) + " records, not one");
  if (mapped->records.front().verdict != RecordVerdict::accepted) return fail(law + "the sample is not accepted, so that nothing is tried");
  const model::Record record = std::move(mapped->records.front().record);
  ++report_.samples;
  if (const Outcome outcome = there_and_back(record); !outcome.good()) {
    fail(law + outcome.field + (outcome.field.empty() ? "" : " ") + outcome.why);
    return;
  }
  auto written = write_record(plan_, subject_, record, around_.environment.limits);
  if (!written) return fail(law + "is not written: " + std::string(written.error().id()));
  const Stages& stages = subject_.stages;
  const MessageLeaves sent = read_leaves(stages, {given, around_.environment, around_.names}, around_.state.stages);
  const wire::Delivery back = delivery(*written);
  const MessageLeaves again = read_leaves(stages, {back, around_.environment, around_.names}, around_.state.stages);
  std::set<std::string> fields;
  for (const RecordLeaf& leaf : leaves_of(record).leaves) fields.insert(without_indexes(leaf.path));
  const MessageDifferences differences = compare_messages(sent, again, fields, plan_, subject_);
  for (const std::string& path : differences.lost) fail(law + path + " of the message does not come back");
  for (const std::string& kind : differences.kinds) {
    if (plan_.equivalent.count(kind) == 0) fail(law + "the message differs in " + kind + ", which `equivalent` does not allow");
  }
}

std::vector<std::pair<std::string, Trial::SampleOf>> Trial::sample_files() const {
  std::vector<std::pair<std::string, SampleOf>> files;
  if (options_.samples) {
    const auto own = options_.samples->find(mapping_.id());
    for (std::size_t i = 0; own != options_.samples->end() && i < own->second.size(); ++i) files.emplace_back(own->second[i], SampleOf::tests);
    return files;
  }
  for (const MappingTest& test : mapping_.tests()) {
    if (test.verdict == RecordVerdict::accepted) files.emplace_back(test.in, SampleOf::tests);
  }
  for (const std::string& in : plan_.samples) files.emplace_back(in, SampleOf::list);
  return files;
}

void Trial::samples() {
  for (const auto& [in, of] : sample_files()) sample(in, of);
}

void Trial::learn() {
  for (const auto& [in, of] : sample_files()) {
    wire::Delivery given;
    if (!read_sample(around_.pack, in, given).empty()) continue;
    for (const MessageLeaf& leaf : read_leaves(subject_.stages, {given, around_.environment, around_.names}, around_.state.stages).leaves) generator_.learn(leaf.scope, leaf.path, leaf.text);
  }
}

} // namespace

LawReport SourceMapping::check_laws(const LawOptions& options, const Surroundings& around) const {
  static const std::map<std::string, std::string> kNoParams;
  static const YamlNode kNoDocument;
  LawReport report;
  report.mapping = id_;
  report.seed = options.seed;
  const ReverseSubject subject = reverse_subject(kNoParams, kNoDocument);
  Trial trial(*this, subject, options, around, report);
  trial.records();
  trial.exceptions();
  trial.samples();
  return report;
}

Result<std::vector<LawReport>> check_laws_of(const std::vector<const SourceMapping*>& mappings, const LawOptions& options, const SourceMapping::Surroundings& around) {
  std::vector<LawReport> reports;
  for (const SourceMapping* mapping : mappings) {
    const bool wanted = options.mapping.empty() || mapping->id() == options.mapping;
    if (wanted && mapping->reverse_plan() != nullptr) reports.push_back(mapping->check_laws(options, around));
  }
  if (reports.empty()) return Error(Errc::mapping_reverse_none).with(options.mapping);
  return reports;
}

} // namespace tongqu::mapping::detail
