#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tongqu/base/finding.hpp"
#include "tongqu/mapping/pack.hpp"

/// The compiler's report on a pack: every mistake, and everything that will surprise its author later, at once and with its place.
/// docs/reference/map-check.md lists the checks.
namespace tongqu::mapping {

/// A target mapping whose demands the pack is to meet.
struct CheckTarget {
  std::string file;                          ///< targets/<name>.yaml
  bool named = false;                        ///< The author said that the pack is for it: what it lacks is an error, else a warning.
};

struct CheckOptions {
  std::map<std::string, std::string> params; ///< Of the site.
  std::vector<CheckTarget> targets;
  Environment environment;                   ///< For running the samples.
};

/// What the checks say of one pack.
struct CheckReport {
  std::string folder;
  std::optional<PackInfo> pack;              ///< When it compiles.
  std::vector<std::string> targets;          ///< Files of the targets that were looked at.
  Findings findings;                         ///< By file, line and column. source.part is the file: relative to the folder, or one of `targets`. `rule` and `path` name what it is about.
  std::size_t errors() const noexcept { return findings.error_count(); }
  std::size_t warnings() const noexcept;
};

/// Compiles a pack and runs all checks, also when it does not compile.
/// @errors mapping.pack_missing; what a target file says when it cannot be compiled is among the findings.
/// @note   Runs each sample once. Reads files only.
Result<CheckReport> check_pack(const std::string& folder, const CheckOptions& options);

/// SARIF 2.1.0: one run, a rule for each id that occurs, a result for each finding with its text in both languages.
std::string sarif_json(const CheckReport& report);

/// {"ok", "pack", "digest", "errors", "warnings", "findings": […]}
std::string check_json(const CheckReport& report);

} // namespace tongqu::mapping
