#include <algorithm>
#include <set>

#include "mapping/author/mutants.hpp"
#include "mapping/observer.hpp"
#include "mapping/pack_tests.hpp"
#include "mapping/rule_run.hpp"
#include "tongqu/mapping/author.hpp"

namespace tongqu::mapping::author {
namespace {

using wire::YamlNode;
using detail::Fault;

/// What the tests reached, by mapping and by the name of the rule.
class Reached final : public detail::RunObserver {
public:
  struct OfRule { std::size_t values = 0, sources = 0; std::map<Fault, std::size_t> faults; };

  void mapping(const detail::SourceMapping& mapping, const detail::StageInput&) override { mapping_ = mapping.id(); }
  void rule(const detail::RuleInput& input) override {
    if (input.ref != nullptr && !input.text.empty()) ++rules_[{mapping_, input.rule.name}].sources;
  }
  void fault(const detail::Rule& rule, Fault fault, detail::Policy) override { ++rules_[{mapping_, rule.name}].faults[fault]; }
  void result(const detail::Rule& rule, const detail::Got& got) override {
    if (got.state != detail::Got::State::absent) ++rules_[{mapping_, rule.name}].values;
    if (!rule.table || got.from_default) return;
    const auto count = [&](const detail::CodeTable::Row* row) {
      if (row != nullptr) ++rows_[{mapping_, rule.table->id, row->code}];
    };
    count(got.row);
    for (const auto* row : got.rows) count(row);
  }
  void unused(const wire::Document& document, std::uint32_t leaf, const std::string& part) override {
    // Places in lists are one field of the source, whatever the row.
    std::string path;
    for (std::uint32_t at = leaf; at != wire::TapeEntry::kNone; at = document.tape()[at].parent) {
      const wire::TapeEntry& entry = document.tape()[at];
      if (entry.name_size != 0) path = "/" + std::string(entry.kind == wire::NodeKind::attribute ? "@" : "") + std::string(entry.name, entry.name_size) + path;
    }
    ++unused_[part + path];
  }

  const OfRule& of(const std::string& mapping, const std::string& rule) const {
    static const OfRule kNothing;
    const auto at = rules_.find({mapping, rule});
    return at == rules_.end() ? kNothing : at->second;
  }
  /// Hits of the rule itself, or of the rules of the list below it.
  std::size_t values_under(const std::string& mapping, const std::string& rule) const {
    std::size_t most = of(mapping, rule).values;
    for (const auto& [key, seen] : rules_) {
      if (key.first == mapping && key.second.compare(0, rule.size() + 1, rule + ".") == 0) most = std::max(most, seen.values);
    }
    return most;
  }
  std::size_t row(const std::string& mapping, const std::string& table, const std::string& code) const {
    const auto at = rows_.find({mapping, table, code});
    return at == rows_.end() ? 0 : at->second;
  }
  const std::map<std::string, std::size_t>& unused_paths() const { return unused_; }

private:
  std::string mapping_;
  std::map<std::pair<std::string, std::string>, OfRule> rules_;
  std::map<std::tuple<std::string, std::string, std::string>, std::size_t> rows_;
  std::map<std::string, std::size_t> unused_;
};

std::size_t sum_without(const std::map<Fault, std::size_t>& faults, const std::set<std::string>& named) {
  std::size_t sum = 0;
  for (const auto& [fault, hits] : faults) sum += named.count(std::string(detail::fault_name(fault))) == 0 ? hits : 0;
  return sum;
}

class Counter {
public:
  Counter(const std::string& folder, const Reached& reached, CoverReport& out) : folder_(folder), reached_(reached), out_(out) {
    out_.groups = {{"rules", {}}, {"sources", {}}, {"rows", {}}, {"policies", {}}};
  }
  void document(const PackDocument& document);

private:
  void mapping(const std::string& id, const YamlNode& root);
  void site(const RuleSite& site);
  void policies(const RuleSite& site, const YamlNode& on_fail);
  void table(const std::string& name, const YamlNode& node, const std::vector<RuleSite>& sites);
  void csv_rows(const std::string& name, const TableFile& table);
  void add(std::size_t group, std::string name, std::uint32_t line, std::size_t hits) { out_.groups[group].items.push_back({std::move(name), file_, line, hits}); }

  enum : std::size_t { kRules, kSources, kRows, kPolicies };
  const std::string& folder_;
  const Reached& reached_;
  CoverReport& out_;
  std::string file_, mapping_;
};

void Counter::policies(const RuleSite& site, const YamlNode& on_fail) {
  const auto& faults = reached_.of(mapping_, site.name).faults;
  if (on_fail.is_scalar()) return add(kPolicies, site.name + " on_fail: " + on_fail.text, on_fail.line, sum_without(faults, {"unknown"}));
  std::set<std::string> named;
  for (const auto& [key, value] : on_fail.members) named.insert(key.text);
  for (const auto& [key, value] : on_fail.members) {
    std::size_t hits = 0;
    if (key.text == "default") hits = sum_without(faults, named);
    for (const auto& [fault, count] : faults) hits += key.text == detail::fault_name(fault) ? count : 0;
    add(kPolicies, site.name + " on_fail: {" + key.text + ": " + value.text + "}", key.line, hits);
  }
}

void Counter::site(const RuleSite& site) {
  add(kRules, site.name, site.line, site.list ? reached_.values_under(mapping_, site.name) : reached_.of(mapping_, site.name).values);
  for (const char* key : {"from", "maybe"}) {
    const YamlNode* source = site.node->find(key);
    if (source != nullptr && source->is_scalar()) add(kSources, source->text + " for " + site.name, source->line, reached_.of(mapping_, site.name).sources);
  }
  if (const YamlNode* on_fail = site.node->find("on_fail"); on_fail != nullptr) policies(site, *on_fail);
}

void Counter::csv_rows(const std::string& name, const TableFile& table) {
  const auto bytes = detail::read_file(folder_ + "/" + table.file);
  std::vector<std::uint32_t> lines;
  std::vector<detail::CsvProblem> problems;
  if (!bytes) return;
  const auto rows = detail::read_csv(*bytes, lines, problems);
  for (std::size_t i = 1; i < rows.size(); ++i) {
    const std::string code = row_code(rows[0], rows[i], table);
    if (!rows[i].empty()) out_.groups[kRows].items.push_back({name + "[" + code + "]", table.file, lines[i], reached_.row(mapping_, name, code)});
  }
}

void Counter::table(const std::string& name, const YamlNode& node, const std::vector<RuleSite>& sites) {
  for (const char* key : {"inline", "rows"}) {
    const YamlNode* rows = node.find(key);
    if (rows == nullptr) continue;
    // A row of an overlay that is none takes one away: there is nothing to reach.
    for (const auto& [code, value] : rows->members) if (value.quoted || value.text != "none") add(kRows, name + "[" + code.text + "]", code.line, reached_.row(mapping_, name, code.text));
  }
  if (node.find("file") != nullptr) csv_rows(name, table_file(node));
  const YamlNode* unknown = node.find("unknown");
  if (unknown == nullptr) return;
  std::size_t hits = 0;
  for (const RuleSite& site : sites) {
    const YamlNode* used = site.node->find("table");
    const YamlNode* on_fail = site.node->find("on_fail");
    const bool here = used != nullptr && (used == &node || used->text == name);
    const bool own = on_fail != nullptr && on_fail->find("unknown") != nullptr;
    const auto& faults = reached_.of(mapping_, site.name).faults;
    if (const auto at = faults.find(Fault::unknown); here && !own && at != faults.end()) hits += at->second;
  }
  add(kPolicies, "table " + name + " unknown: " + unknown->text, unknown->line, hits);
}

void Counter::document(const PackDocument& document) {
  file_ = document.file;
  if (const YamlNode* id = document.root.find("mapping"); id != nullptr) mapping(id->text, document.root);
  // An overlay is counted by what it says itself.
  if (const YamlNode* changes = document.root.find("changes"); changes != nullptr) {
    for (const auto& [name, body] : changes->members) mapping(name.text, body);
  }
}

void Counter::mapping(const std::string& id, const YamlNode& root) {
  mapping_ = id;
  const std::vector<RuleSite> sites = rule_sites(root);
  for (const RuleSite& one : sites) site(one);
  if (const YamlNode* tables = root.find("tables"); tables != nullptr) {
    for (const auto& [name, node] : tables->members) table(name.text, node, sites);
  }
  for (const RuleSite& one : sites) {
    if (const YamlNode* own = one.node->find("table"); own != nullptr && own->is_mapping()) table(one.name, *own, sites);
  }
}

} // namespace

std::size_t CoverGroup::reached() const {
  return static_cast<std::size_t>(std::count_if(items.begin(), items.end(), [](const CoverItem& item) { return item.hits != 0; }));
}

Result<CoverReport> cover(const PackAt& at, const Environment& environment) {
  Findings mistakes;
  TONGQU_TRY(const std::shared_ptr<const Pack> pack, Pack::load(at.folder, at.params, mistakes));
  TONGQU_TRY(const std::vector<PackDocument> documents, read_documents(at.folder));
  CoverReport report;
  report.pack = pack->info().name();
  Environment site = environment;
  TONGQU_TRY(const std::shared_ptr<const Lookup> samples, detail::sample_lookup(at.folder));
  if (site.lookup == nullptr) site.lookup = samples.get();
  Reached reached;
  Workspace workspace;
  workspace.state().observer = &reached;
  const bool overlay = documents.front().root.find("extends") != nullptr;
  for (const PackDocument& document : documents) {
    const YamlNode* tests = document.root.find("tests");
    if (tests == nullptr || (document.file == "pack.yaml" && !overlay)) continue;
    for (const YamlNode& test : tests->items) {
      const YamlNode* in = test.find("in");
      wire::Delivery delivery;
      if (in == nullptr) continue;
      if (const std::string problem = detail::read_sample(pack->info(), in->text, delivery); !problem.empty()) return Error(Errc::base_file_unreadable).at(in->text).with(problem);
      (void)pack->run_delivery(delivery, site, workspace);
      ++report.tests;
    }
  }
  Counter counter(at.folder, reached, report);
  for (const PackDocument& document : documents) counter.document(document);
  for (const auto& [path, hits] : reached.unused_paths()) report.unused.push_back({path, {}, 0, hits});
  return report;
}

} // namespace tongqu::mapping::author
