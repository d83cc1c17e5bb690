#include "mapping/pack_tests.hpp"

#include <algorithm>

#include "tongqu/mapping/functions.hpp"
#include "tongqu/wire/json.hpp"

namespace tongqu::mapping::detail {
namespace {

std::string stem_of(const std::string& in) {
  const std::size_t at = in.rfind(".in.");
  return at == std::string::npos ? in.substr(0, in.rfind('.')) : in.substr(0, at);
}

/// A check of the pack has an id of its own.
std::string_view id_of(const Finding& finding) { return finding.id == Errc::mapping_check_failed ? std::string_view(finding.rule) : errc_row(finding.id).id; }

/// Whether a finding is what a test names: "id", "id path" or "id path severity".
bool is_wanted(const Finding& finding, std::string_view wanted) {
  const std::string words[] = {std::string(id_of(finding)), finding.path, std::string(severity_name(finding.severity))};
  for (const std::string& word : words) {
    if (word.empty()) continue;
    const std::size_t end = std::min(wanted.find(' '), wanted.size());
    if (wanted.substr(0, end) != word) return false;
    wanted.remove_prefix(std::min(end + 1, wanted.size()));
    if (wanted.empty()) return true;
  }
  return false;
}

class TestRun {
public:
  TestRun(const Pack& pack, const MappingTest& test, Pack::TestReport& report) : pack_(pack), test_(test), report_(report) {}
  bool read(wire::Delivery& delivery);
  void judge(const Result<MappedDelivery>& delivery);
  void fail(const std::string& what) { failures_.push_back(test_.in + (test_.record == 1 ? std::string() : " record " + std::to_string(test_.record)) + ": " + what); }
  /// About the whole record of a file, whatever record the test is about.
  void differ(const std::string& what) { differences_.push_back(test_.in + ": " + what); }
  void finish();

private:
  void judge_findings(const Findings& findings);
  void judge_values(const std::string& canonical);
  void judge_whole(const std::string& canonical, const std::string& file);
  void differences(const wire::Node& record, const wire::Node& wanted, const std::string& path, const std::string& file);

  const Pack& pack_;
  const MappingTest& test_;
  Pack::TestReport& report_;
  std::vector<std::string> failures_, differences_;
};

bool TestRun::read(wire::Delivery& delivery) {
  const std::string problem = read_sample(pack_.info(), test_.in, delivery);
  if (!problem.empty()) fail(problem);
  return problem.empty();
}

void TestRun::judge(const Result<MappedDelivery>& delivery) {
  if (!delivery) {
    // A delivery that a stage refuses is a test too: its error is the only finding.
    const bool wanted = test_.verdict == RecordVerdict::refused && test_.findings && test_.findings->size() == 1 && test_.findings->front() == delivery.error().id();
    if (!wanted) fail(describe(delivery.error()));
    return;
  }
  const std::vector<MappedRecord>& records = delivery->records;
  const std::size_t wanted = test_.count.value_or(static_cast<unsigned>(records.size()));
  if (records.size() != wanted) fail("there are " + std::to_string(records.size()) + " records");
  // Each record of several has its own file beside the sample; what the test says is about one of them.
  for (std::size_t i = 0; i < records.size(); ++i) judge_whole(records[i].canonical, stem_of(test_.in) + "." + std::to_string(i + 1) + ".case.json");
  if (wanted == 0 && records.empty()) return;
  if (test_.record > records.size()) return fail("there is no record " + std::to_string(test_.record));
  const MappedRecord& record = records[test_.record - 1];
  if (record.verdict != test_.verdict) fail("the verdict is " + std::string(verdict_name(record.verdict)) + (record.reason.en.empty() ? "" : ": " + record.reason.en));
  Findings findings;
  if (test_.record == 1) findings = delivery->findings;
  findings.append(Findings(record.findings));
  judge_findings(findings);
  if (!record.canonical.empty()) judge_values(record.canonical);
  else if (!test_.out.empty()) fail("there is no record");
}

void TestRun::judge_findings(const Findings& findings) {
  const std::vector<std::string> wanted = test_.findings.value_or(std::vector<std::string>());
  std::size_t seen = 0;
  bool good = true;
  std::string text;
  for (const Finding& finding : findings) {
    if (finding.severity == Severity::info) continue;
    text += (text.empty() ? "" : ", ") + std::string(id_of(finding)) + (finding.path.empty() ? "" : " " + finding.path) + " " + std::string(severity_name(finding.severity));
    good = good && seen < wanted.size() && is_wanted(finding, wanted[seen]);
    ++seen;
  }
  if (!good || seen != wanted.size()) fail("the findings are [" + text + "]");
}

void TestRun::judge_values(const std::string& canonical) {
  const auto record = wire::parse_json(canonical);
  if (!record) {
    fail(describe(record.error()));
    return;
  }
  for (const auto& [path, wanted] : test_.out) {
    const wire::Node node = canonical_value(*record, path);
    if (!node) fail(path + " is absent");
    else if (node.has_children() || node.raw_text() != wanted) fail(path + " has another value (" + value_class_of(node.raw_text()) + ")");
  }
  for (const std::string& path : test_.absent) {
    if (canonical_value(*record, path)) fail(path + " is there");
  }
  // Of several records the file without a number is the first one's.
  if (test_.record == 1) judge_whole(canonical, stem_of(test_.in) + ".case.json");
}

void TestRun::judge_whole(const std::string& canonical, const std::string& file) {
  const auto whole = read_file(pack_.info().folder + "/" + file);
  if (!whole) return;
  const auto wanted = wire::parse_json(*whole);
  if (!wanted) return differ(file + " cannot be read: " + describe(wanted.error()));
  const auto record = wire::parse_json(canonical);
  if (!record) return differ("there is no record for " + file);
  differences(record->root(), wanted->root(), "", file);
}

/// One failure for each place: objects are gone through, anything else differs as a whole. Values are not shown.
void TestRun::differences(const wire::Node& record, const wire::Node& wanted, const std::string& path, const std::string& file) {
  if (same_json(record, wanted)) return;
  if (record.kind() != wanted.kind() || record.kind() != wire::NodeKind::object) {
    const bool lists = record.kind() == wire::NodeKind::array && wanted.kind() == wire::NodeKind::array && record.child_count() == wanted.child_count();
    if (!lists) return differ("differs from " + file + " at " + path);
    std::size_t place = 0;
    wire::Node other = wanted.first_child();
    for (wire::Node item = record.first_child(); item; item = item.next(), other = other.next()) differences(item, other, path + "[" + std::to_string(place++) + "]", file);
    return;
  }
  const std::string before = path.empty() ? std::string() : path + ".";
  for (wire::Node member = wanted.first_child(); member; member = member.next()) {
    const std::string inner = before + std::string(member.name());
    if (const wire::Node other = record.child(member.name())) differences(other, member, inner, file);
    else differ("the record lacks " + inner + " of " + file);
  }
  for (wire::Node member = record.first_child(); member; member = member.next()) {
    if (!wanted.child(member.name())) differ(file + " lacks " + before + std::string(member.name()));
  }
}

void TestRun::finish() {
  if (failures_.empty() && differences_.empty()) ++report_.passed;
  report_.failures.insert(report_.failures.end(), failures_.begin(), failures_.end());
  // Several tests of one sample see the same whole records: what differs there is said once.
  for (std::string& difference : differences_) {
    if (std::find(report_.failures.begin(), report_.failures.end(), difference) == report_.failures.end()) report_.failures.push_back(std::move(difference));
  }
}

} // namespace

Result<std::shared_ptr<const Lookup>> sample_lookup(const std::string& folder) {
  std::map<std::string, std::string, std::less<>> texts;
  for (const std::string_view catalogue : lookup_catalogues()) {
    if (auto text = read_file(folder + "/samples/lookup/" + std::string(catalogue) + ".csv")) texts.emplace(catalogue, std::move(*text));
  }
  if (texts.empty()) return std::shared_ptr<const Lookup>();
  return make_table_lookup(texts);
}

std::string read_sample(const PackInfo& pack, const std::string& in, wire::Delivery& delivery) {
  auto bytes = read_file(pack.folder + "/" + in);
  if (!bytes) return "the file is missing";
  delivery.parts.push_back({"body", "", std::move(*bytes), nullptr});
  if (!pack.connector.family.empty()) delivery.facts["family"] = pack.connector.family;
  const auto meta = read_file(pack.folder + "/" + stem_of(in) + ".meta.yaml");
  if (!meta) return {};
  const auto facts = wire::parse_yaml(*meta);
  if (!facts || !facts->is_mapping()) return "the facts beside it cannot be read";
  for (const auto& [name, value] : facts->members) delivery.facts[name.text] = value.text;
  delivery.parts.front().content_type = std::string(delivery.fact("content_type"));
  return {};
}

wire::Node canonical_value(const wire::Document& record, std::string_view path) {
  std::vector<Path> paths;
  std::string problem;
  if (!parse_path(path, PathSyntax::dots, paths, problem) || paths.size() != 1) return {};
  wire::Node node = record.root();
  for (const PathStep& step : paths[0].steps) {
    if (!node) break;
    node = node.child(step.name);
    if (!node || step.ordinal == 0) continue;
    node = node.first_child();
    for (std::uint16_t i = 1; node && i < step.ordinal; ++i) node = node.next();
  }
  return node;
}

bool same_json(const wire::Node& a, const wire::Node& b) {
  if (a.kind() != b.kind()) return false;
  if (a.kind() != wire::NodeKind::object && a.kind() != wire::NodeKind::array) return a.raw_text() == b.raw_text();
  if (a.child_count() != b.child_count()) return false;
  wire::Node other = b.first_child();
  for (wire::Node child = a.first_child(); child; child = child.next()) {
    const wire::Node pair = a.kind() == wire::NodeKind::object ? b.child(child.name()) : other;
    if (!pair || !same_json(child, pair)) return false;
    if (other) other = other.next();
  }
  return true;
}

void run_test(const Pack& pack, const MappingTest& test, const Environment& environment, Workspace& workspace, Pack::TestReport& report) {
  TestRun run(pack, test, report);
  wire::Delivery delivery;
  if (run.read(delivery)) run.judge(pack.run_delivery(delivery, environment, workspace));
  run.finish();
}

} // namespace tongqu::mapping::detail
