#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tongqu/base/finding.hpp"
#include "tongqu/base/result.hpp"
#include "tongqu/mapping/pack.hpp"

/// Tools for those who write packs: how well the tests watch a pack, where each value comes from, drafts from what a system offers.
/// They read files and may be slow; nothing here runs while messages do. User's guide: docs/reference/map-tools.md.
namespace tongqu::mapping::author {

/// A pack on disk and what the site sets.
struct PackAt {
  std::string folder;
  std::map<std::string, std::string> params;
};

/// Called now and then with what is done and what there is; may be empty.
using Progress = std::function<void(std::size_t done, std::size_t total)>;

/// One small change to a pack, as an author might make it by mistake.
struct Mutant {
  std::string op;                                  ///< "drop_rule", "swap_source", …: docs/reference/map-tools.md has the list.
  std::string path;                                ///< "rules.applicant.name", "tables.event[SL]", "types.blank.null_if[无]".
  std::string file;                                ///< Of the pack: "mappings/report.yaml".
  std::uint32_t line = 0;
  std::string change;                              ///< "hold -> drop"; empty where something is taken away.
  std::string id() const { return op + " " + path; }
};

enum class MutantFate : std::uint8_t {
  noticed,                                         ///< A test of the pack failed.
  refused,                                         ///< The pack did not compile any more.
  excused,                                         ///< No test failed, and the pack says why that is right.
  survived,                                        ///< No test failed.
};
std::string_view fate_name(MutantFate fate) noexcept;

struct JudgedMutant { Mutant mutant; MutantFate fate = MutantFate::survived; std::string reason; };
/// An entry of excuses.yaml that excuses nothing.
struct StaleExcuse { std::string mutant; std::uint32_t line = 0; };

struct MutationReport {
  std::string pack;                                ///< "qinglan-spxt@3"
  std::vector<JudgedMutant> mutants;               ///< In the order of the files.
  std::vector<StaleExcuse> stale;
  std::size_t count(MutantFate fate) const;
  bool green() const { return stale.empty() && count(MutantFate::survived) == 0; }
};

/// Applies the fixed list of changes to a copy of the pack, one at a time, and runs its tests on each. Same pack, same report.
/// @errors mapping.pack_missing, pack_invalid; mapping.test_failed when the tests fail without a change; mapping.wrong_shape for
///         excuses.yaml, with its place.
/// @note   Writes a copy into the system's temporary folder and removes it. Time: mutants times tests.
Result<MutationReport> run_mutations(const PackAt& pack, const Environment& environment, const Progress& progress);

/// One thing that tests can reach: a rule, a source path, a row of a table, a policy.
struct CoverItem {
  std::string name;                                ///< "applicant.name", "bj/sqrmc", "event[SL]", "applicant.id_no on check: reject".
  std::string file;
  std::uint32_t line = 0;
  std::size_t hits = 0;
};
struct CoverGroup {
  std::string name;                                ///< rules, sources, rows, policies
  std::vector<CoverItem> items;
  std::size_t reached() const;
};
struct CoverReport {
  std::string pack;
  std::size_t tests = 0;
  std::vector<CoverGroup> groups;
  std::vector<CoverItem> unused;                   ///< Leaves of the samples that no rule reads.
};

/// Runs the tests of a pack and counts what they reach.
/// @errors mapping.pack_missing, pack_invalid; base.file_unreadable for a sample.
Result<CoverReport> cover(const PackAt& pack, const Environment& environment);

} // namespace tongqu::mapping::author
