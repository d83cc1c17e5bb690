#include <algorithm>
#include <filesystem>
#include <set>

#include "mapping/check/checks.hpp"
#include "mapping/pack_tests.hpp"
#include "tongqu/wire/json.hpp"

namespace tongqu::mapping::detail {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kSamplesMax = 1000;

std::vector<std::string> samples_of(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code failed;
  for (fs::directory_iterator at(folder + "/samples", failed), end; !failed && at != end; at.increment(failed)) {
    const std::string name = at->path().filename().string();
    if (name.find(".in.") != std::string::npos && names.size() < kSamplesMax) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

/// Samples of messages that the pack writes: they are no deliveries to it.
std::set<std::string> written_samples(const PackOutline& pack) {
  std::set<std::string> names;
  for (const auto& document : pack.mappings) {
    const YamlNode* reverse = document->read ? nullptr : document->root.find("reverse");
    const YamlNode* samples = reverse == nullptr ? nullptr : reverse->find("samples");
    for (std::size_t i = 0; samples != nullptr && i < samples->items.size(); ++i) names.insert(samples->items[i].text);
  }
  return names;
}

/// Where a remark about unused fields points: the `ignore` of the one mapping, else its rules, else the pack.
struct Spot { std::string file; const YamlNode* node; };
Spot spot_of(const PackOutline& pack) {
  if (pack.mappings.size() != 1) return {"pack.yaml", &pack.root};
  const DocumentOutline& document = *pack.mappings.front();
  for (const std::string_view key : {"ignore", "rules"}) {
    if (const YamlNode* node = document.root.find(key); node != nullptr) return {document.file, node};
  }
  return {"pack.yaml", &pack.root};
}

Remark unread(const std::string& path, const Bilingual& where) {
  return {Errc::mapping_check_source_unused, Severity::warn, path, {}, {"seen in " + where.en + ": write a rule, or list it under ignore, as a path from where the rules start (outer: for the document around)", "见于" + where.zh + "：请为其编写规则，或列入 ignore（路径自规则起点写起，外层文档用 outer:）"}};
}

/// Segments of a path without indexes and attribute marks of parents.
std::vector<std::string> segments(std::string_view path) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    std::string one(path.substr(at, end - at));
    if (const std::size_t open = one.find('['); open != std::string::npos) one.resize(open);
    if (!one.empty() && one != ".") out.push_back(std::move(one));
    at = end + 1;
  }
  return out;
}

/// Everything that a mapping reads or leaves deliberately unread, as segments below the element that its rules start from.
struct ReadPaths {
  std::vector<std::vector<std::string>> exact;
  std::vector<std::vector<std::string>> whole;     ///< With all that is inside.

  void add(const std::string& name) {
    if (name.empty() || name[0] == '$' || name.compare(0, 5, "meta:") == 0 || name.compare(0, 6, "param:") == 0) return;
    for (std::size_t at = 0; at <= name.size();) {
      const std::size_t end = std::min(name.find('|', at), name.size());
      std::string one = name.substr(at, end - at);
      if (one.compare(0, 6, "outer:") == 0) one.erase(0, 6);
      exact.push_back(segments(plain_path(one)));
      at = end + 1;
    }
  }
  void add(const Truth& truth) {
    std::map<std::string, std::set<std::string>> names;
    collect_names(truth, names);
    for (const auto& [name, literals] : names) add(name);
  }
  /// Every word of the texts below, where expressions and lists name what they read in ways of their own.
  void add_words(const YamlNode& node, bool top) {
    static constexpr std::string_view kBetween = " \t\r\n()[]{},|\"'=!<>+*";
    for (std::size_t at = 0; node.is_scalar() && at < node.text.size();) {
      const std::size_t start = node.text.find_first_not_of(kBetween, at);
      if (start == std::string::npos) break;
      const std::size_t end = std::min(node.text.find_first_of(kBetween, start), node.text.size());
      add(node.text.substr(start, end - start));
      at = end;
    }
    for (const auto& [key, value] : node.members) {
      if (!top || (key.text != "tests" && key.text != "answer")) add_words(value, false);
    }
    for (const YamlNode& item : node.items) add_words(item, false);
  }
  /// A leaf is read when what it ends with is a path of the mapping: how far from the root rules start is not asked.
  bool reads(const std::vector<std::string>& leaf) const {
    const auto ends = [&leaf](const std::vector<std::string>& path) {
      return !path.empty() && path.size() <= leaf.size() && std::equal(path.rbegin(), path.rend(), leaf.rbegin());
    };
    const auto holds = [&leaf](const std::vector<std::string>& path) {
      return !path.empty() && std::search(leaf.begin(), leaf.end(), path.begin(), path.end()) != leaf.end();
    };
    return std::any_of(exact.begin(), exact.end(), ends) || std::any_of(whole.begin(), whole.end(), holds);
  }
};

ReadPaths read_paths(const PackOutline& pack) {
  ReadPaths paths;
  for (const auto& document : pack.mappings) {
    paths.add_words(document->root, true);
    for (const RuleSite& rule : document->all.rules) {
      for (const std::string& name : rule.reads) paths.add(name);
      paths.add(rule.when);
    }
    for (const GroupSite& group : document->all.groups) paths.add(group.when);
    for (const DocumentOutline::Ignored& one : document->ignored) paths.whole.push_back(segments(plain_path(one.path)));
    const YamlNode* stages = document->root.find("source");
    for (std::size_t i = 0; stages != nullptr && i < stages->items.size(); ++i) {
      for (const auto& [stage, arguments] : stages->items[i].members) {
        for (const auto& [key, value] : arguments.members) {
          if (key.text == "at" || key.text == "part" || key.text == "field") paths.exact.push_back(segments(value.text));
        }
      }
    }
  }
  return paths;
}

} // namespace

void check_samples(const PackOutline& pack, const Pack& compiled, const Environment& environment, Report& report) {
  const Spot spot = spot_of(pack);
  Workspace workspace;
  std::map<std::string, std::vector<std::string>> seen;
  const auto collect = [&seen](const Findings& findings, const std::string& sample) {
    for (const Finding& finding : findings) {
      if (finding.id != Errc::mapping_unused_source) continue;
      auto& where = seen[finding.source.part + " " + finding.source.path];
      if (where.empty() || where.back() != sample) where.push_back(sample);
    }
  };
  const std::set<std::string> written = written_samples(pack);
  for (const std::string& name : samples_of(pack.folder)) {
    if (written.count("samples/" + name) != 0) continue;
    wire::Delivery delivery;
    if (!read_sample(compiled.info(), "samples/" + name, delivery).empty()) continue;
    // A sample that no mapping takes or a stage refuses shows no fields; the pack's tests say whether it should.
    const auto mapped = compiled.run_delivery(delivery, environment, workspace);
    if (!mapped) continue;
    collect(mapped->findings, name);
    for (const MappedRecord& record : mapped->records) collect(record.findings, name);
  }
  for (const auto& [path, where] : seen) report.add(spot.file, *spot.node, unread(path, same(listed(where, 3))));
}

void check_profile(const PackOutline& pack, Report& report) {
  const auto bytes = read_file(pack.folder + "/profile.json");
  if (!bytes) return;
  const auto document = wire::parse_json(*bytes);
  const wire::Node list = document ? document->root().child("paths") : wire::Node();
  if (!list || list.kind() != wire::NodeKind::array) {
    report.add_line("profile.json", 1, 1, {Errc::mapping_check_profile, Severity::error, "profile.json", {"{\"paths\": [{\"path\": …, \"count\": …}]}", "{\"paths\": [{\"path\": …, \"count\": …}]}"}, {}});
    return;
  }
  const ReadPaths paths = read_paths(pack);
  const Spot spot = spot_of(pack);
  for (wire::Node one = list.first_child(); one; one = one.next()) {
    const wire::Node path = one.child("path");
    if (!path || path.kind() != wire::NodeKind::string) continue;
    const std::string name(path.raw_text());
    const std::size_t blank = name.find(' ');
    const auto leaf = segments(blank == std::string::npos ? name : name.substr(blank + 1));
    const wire::Node count = one.child("count");
    const std::string times = count ? std::string(count.raw_text()) : "?";
    if (leaf.empty() || paths.reads(leaf)) continue;
    report.add(spot.file, *spot.node, unread(name, {"profile.json, " + times + " times", " profile.json，" + times + " 次"}));
  }
}

} // namespace tongqu::mapping::detail
