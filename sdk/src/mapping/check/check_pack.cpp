#include <algorithm>
#include <tuple>

#include "mapping/check/checks.hpp"
#include "tongqu/wire/finding_json.hpp"

namespace tongqu::mapping {
namespace detail {
namespace {

void check_mapping(const DocumentOutline& document, Report& report) {
  if (!document.root.is_mapping()) return;
  check_branches(document, report);
  check_keys_filled(document, report);
  check_tables(document, report);
  check_steps(document, report);
  check_policies(document, report);
  check_secrets(document.file, document.root, report);
  check_table_secrets(document, report);
}

/// A target as outline. Its own mistakes are errors of this run as well: nothing can be said about what it demands.
TargetDemand read_target(const CheckTarget& target, Report& report) {
  Findings mistakes;
  if (const auto loaded = Target::load(target.file, mistakes); !loaded && mistakes.empty()) {
    report.add_line(target.file, 0, 0, {loaded.error().code(), Severity::error, "target", {}, {}});
  }
  for (Finding finding : mistakes) {
    finding.source.part = target.file;
    report.findings().add(std::move(finding));
  }
  return {read_target_outline(target.file), target.named ? Severity::error : Severity::warn};
}

/// By place; what is about one place keeps the order in which it was found.
Findings sorted(Findings&& all) {
  std::vector<Finding> items = all.items();
  const auto key = [](const Finding& finding) { return std::tie(finding.source.part, finding.source.line, finding.source.column); };
  std::stable_sort(items.begin(), items.end(), [&key](const Finding& a, const Finding& b) { return key(a) < key(b); });
  // The compiler says that two patterns quarrel; the check says the same with a text that shows it.
  const auto better = [&items](const Finding& finding) {
    return finding.id == Errc::mapping_date_ambiguous && finding.suggestion.en.empty() && std::any_of(items.begin(), items.end(), [&finding](const Finding& other) {
      return other.id == finding.id && !other.suggestion.en.empty() && other.source.part == finding.source.part && other.source.line == finding.source.line;
    });
  };
  Findings out;
  for (Finding& finding : items) {
    if (better(finding)) continue;
    if (finding.rule.empty()) finding.rule = finding.path;
    out.add(std::move(finding));
  }
  return out;
}

} // namespace
} // namespace detail

std::size_t CheckReport::warnings() const noexcept {
  return static_cast<std::size_t>(std::count_if(findings.begin(), findings.end(), [](const Finding& finding) { return finding.severity == Severity::warn; }));
}

Result<CheckReport> check_pack(const std::string& folder, const CheckOptions& options) {
  CheckReport out;
  out.folder = folder;
  for (const CheckTarget& target : options.targets) out.targets.push_back(target.file);
  Findings findings;
  const auto pack = Pack::load(folder, options.params, findings);
  if (!pack && pack.error().code() == Errc::mapping_pack_missing) return pack.error();
  const auto outline = detail::read_pack_outline(folder);
  detail::Report report(findings);
  if (outline->readable) {
    detail::check_secrets("pack.yaml", outline->root, report);
    detail::check_matches(*outline, report);
    detail::check_definitions(*outline, report);
    detail::check_tests(*outline, report);
    for (const auto& mapping : outline->mappings) detail::check_mapping(*mapping, report);
    std::vector<detail::TargetDemand> targets;
    for (const CheckTarget& target : options.targets) targets.push_back(detail::read_target(target, report));
    for (const auto& mapping : outline->mappings) detail::check_obligations(*outline, *mapping, targets, report);
    if (pack) detail::check_samples(*outline, **pack, options.environment, report);
    detail::check_profile(*outline, report);
  }
  if (pack) out.pack = (*pack)->info();
  out.findings = detail::sorted(std::move(findings));
  return out;
}

std::string check_json(const CheckReport& report) {
  std::string out;
  wire::JsonWriter w(out);
  w.begin_object();
  w.key("ok");
  w.boolean(report.errors() == 0);
  if (report.pack) {
    w.member("pack", report.pack->name());
    w.member("digest", report.pack->digest);
  }
  w.member("errors", static_cast<std::int64_t>(report.errors()));
  w.member("warnings", static_cast<std::int64_t>(report.warnings()));
  wire::write_findings(w, report.findings);
  w.end_object();
  return out;
}

} // namespace tongqu::mapping
