#pragma once
#include <string>
#include <vector>

#include "mapping/check/outline.hpp"
#include "mapping/check/report.hpp"
#include "tongqu/mapping/check.hpp"

/// The checks of `tongqu map check` that go beyond compiling, one function each. Every one of them works on any pack, however broken.
namespace tongqu::mapping::detail {

/// `when` that never or always holds, codes that no branch takes, key fields that some branch does not fill.
void check_branches(const DocumentOutline& document, Report& report);
void check_keys_filled(const DocumentOutline& document, Report& report);
/// What targets ask of a record and no rule of the mapping gives.
struct TargetDemand { std::unique_ptr<DocumentOutline> outline; Severity severity = Severity::warn; };
void check_obligations(const PackOutline& pack, const DocumentOutline& mapping, const std::vector<TargetDemand>& targets, Report& report);
/// Rows and alternatives that never come into play, lists that a table does not cover.
void check_tables(const DocumentOutline& document, Report& report);
void check_steps(const DocumentOutline& document, Report& report);
/// Types, tables, parameters, policies and `ignore` entries that nothing uses.
void check_definitions(const PackOutline& pack, Report& report);
void check_policies(const DocumentOutline& document, Report& report);
void check_secrets(const std::string& file, const YamlNode& root, Report& report);
void check_table_secrets(const DocumentOutline& document, Report& report);
void check_matches(const PackOutline& pack, Report& report);
/// Source fields of the samples and of the learned profile that no rule reads.
void check_samples(const PackOutline& pack, const Pack& compiled, const Environment& environment, Report& report);
void check_profile(const PackOutline& pack, Report& report);
/// Tests whose sample is not there, or that ask for a field that the model does not have.
void check_tests(const PackOutline& pack, Report& report);

/// What is known of source names from tables that refuse or hold unknown codes: other literals cannot be there in an accepted record.
Knowledge knowledge_of(const DocumentOutline& document);
/// Whether the steps of a rule can give this text: `no` only when no input does.
bool steps_can_give(const std::vector<StepSite>& steps, const std::string& text);
/// What the steps make of a text; nothing when they find a placeholder or a fault, or are not all of text.
std::optional<std::string> after_steps(const std::vector<StepSite>& steps, const std::string& text);

/// Canonical branches of a mapping: what its event can be, and which source code says so.
struct EventBranch { std::string event; std::string variable; std::string code; };
std::vector<EventBranch> branches_of(const DocumentOutline& document);

} // namespace tongqu::mapping::detail
