#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
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

/// One layer on the way from the bytes that came to a value. The first is the body, the last the document that the rule read.
struct Hop {
  std::string part;                                ///< "body", "body/xmlStr"
  std::string how;                                 ///< How these bytes were read: "xml, gb18030", "base64", "escaped text", "json".
  std::string path;                                ///< Of the node in this layer's document, where there is one.
  std::uint64_t begin = 0, end = 0;                ///< Bytes of this layer that stand for the value; `end` is one past the last.
  bool exact = false;                              ///< Else the value stands somewhere within them (what was packed or sealed).
};

struct ExplainedStep {
  std::string name;                                ///< "trim", "date"
  std::string outcome;                             ///< "" when it went well; placeholder, malformed, range, absent.
  std::string value;                               ///< After the step; the shape alone for personal fields.
  bool changed = false;
};

/// Why a canonical field has its value, or has none.
struct ExplainedField {
  std::string path;                                ///< "received_materials[1].name"
  std::string rule;                                ///< Name of the rule: "received_materials.name"
  std::string file;                                ///< Of the rule.
  std::uint32_t line = 0;
  std::string state;                               ///< value, raw, cleared, absent
  std::string mark;                                ///< sent, derived, constant, repaired; empty when absent
  std::string why;                                 ///< Of absence: "when", "no source", "placeholder", …; else empty.
  bool personal = false;
  std::vector<Hop> hops;
  std::string source;                              ///< Text that the steps started from; the shape alone for personal fields.
  std::vector<ExplainedStep> steps;
  std::string table, table_file, table_system;     ///< Code table that was asked; file empty for one written in the mapping.
  std::string row;                                 ///< "01 -> resident_id"; empty when none fitted.
  std::string check;                               ///< passed, failed, unchecked; empty when the rule checks nothing.
  std::vector<std::string> faults;                 ///< "malformed: hold"
  std::string value;                               ///< What the field got; the shape alone for personal fields.
};

/// A source field that no rule used.
struct UnusedField { std::vector<Hop> hops; std::string shape; };

struct ExplainedRecord {
  std::string verdict;
  std::vector<ExplainedField> fields;              ///< In the order in which the rules ran.
};

struct Explained {
  std::string pack, digest, mapping;
  std::vector<ExplainedRecord> records;
  std::vector<UnusedField> unused;
  Findings findings;                               ///< About the delivery.
};

struct ExplainOptions {
  std::string field;                               ///< Only this field and those below it; empty for all.
  bool reveal = false;                             ///< Show the values of personal fields.
  bool all_personal = false;                       ///< Nothing is known of the fields: treat each as personal.
};

/// Maps a delivery again and says where each value came from. Computed from the bytes and the pack; nothing of it is kept while
/// messages run.
/// @errors As Pack::run_delivery; base.file_unreadable when the pack's files are gone.
Result<Explained> explain(const Pack& pack, const wire::Delivery& delivery, const Environment& environment, const ExplainOptions& options);

/// What the compiler made of one rule.
struct PlannedRule {
  std::string name, file;
  std::uint32_t line = 0;
  std::string reads;                               ///< "sqrmc (must be there)", "constant", "each hj"
  std::string when;
  std::vector<std::string> steps;                  ///< "date: text to time"
  std::string table;                               ///< "id_type, 4 rows, model id_type"
  std::string check;
  std::string kind;                                ///< Of the field: "code", "time".
  std::vector<std::string> faults;                 ///< "missing: hold"
};
/// Every rule, as compiled, of the mapping that takes a delivery.
/// @errors mapping.no_match, ambiguous_match.
Result<std::vector<PlannedRule>> plan(const Pack& pack, const wire::Delivery& delivery, const Environment& environment);

struct ScaffoldOptions {
  std::string source;                              ///< A WSDL, XSD, OpenAPI document, table definition or message.
  std::vector<std::string> messages;               ///< Files with captured messages; empty when `source` is a description.
  std::string system;                              ///< Id of the pack and the system: a-z 0-9 -
  std::string only;                                ///< One operation, element or table; empty for all.
};
struct DraftFile { std::string name, text; };
struct DraftField {
  std::string mapping, source, target;             ///< `target` is empty where nothing is sure enough.
  int confidence = 0;                              ///< 0 to 100
  std::size_t count = 0, filled = 0;               ///< In the captured messages.
  std::string shape;                               ///< The most common one.
};
struct DraftPack {
  std::vector<DraftFile> files;                    ///< pack.yaml, mappings, DRAFT.md.
  std::vector<DraftField> fields;
  std::vector<Bilingual> risks;                    ///< What the draft does not know.
};

/// Drafts a pack from what a system offers. The draft compiles, and holds or refuses where it does not know. Values of messages do not
/// go into it, but for codes of what looks like a code table. Imports are read from the disk; nothing is fetched.
/// @errors base.file_unreadable; wire.* for a description that cannot be read; mapping.records_none when nothing in it is a message.
Result<DraftPack> scaffold(const ScaffoldOptions& options);

/// Gives the message of a file with the facts beside it.
using Deliver = std::function<Result<wire::Delivery>(const std::string& file)>;

/// What real messages look like, without what they say: counts and shapes, and codes of fields that have a code table.
struct ProfiledPath {
  std::string path;                                ///< "body/xmlStr /root/bj/sqrmc"
  std::size_t count = 0, filled = 0, length_max = 0;
  std::map<std::string, std::size_t> shapes, placeholders;
  std::map<std::string, std::size_t> codes;        ///< Codes of the rule's own table, of fields that are not personal.
};
struct Profile {
  std::string pack;
  std::size_t messages = 0;
  std::map<std::string, std::size_t> refused;      ///< By error.
  std::vector<ProfiledPath> paths;
};
Result<Profile> take_profile(const Pack& pack, const Environment& environment, const std::vector<std::string>& files, const Deliver& deliver, const Progress& progress);
/// {"pack", "messages", "paths": [{"path", "count", "filled", "shapes": …}]}: profile.json of a pack.
std::string profile_json(const Profile& profile);

/// One difference between what two packs make of a message.
struct FieldChange {
  std::size_t record = 0;                          ///< From 1; 0: the delivery.
  std::string path;                                ///< Canonical; "(verdict)", "(findings)", "(delivery)".
  std::string before, after;                       ///< Empty when the field is not there; shapes for personal fields.
};
Result<std::vector<FieldChange>> compare(const Pack& before, const Pack& after, const wire::Delivery& delivery, const Environment& environment, bool reveal);

/// Tries one rule (`{from: a/b, via: [...]}`) or expression (`lx == "SL"`) on a message, with the types and tables of a pack. An
/// expression gives the value "true" or, when it does not hold, nothing. Nobody knows what a rule on trial reads, so its values are shapes
/// unless `reveal` is set; the row of a code table is shown.
/// @errors As Pack::load for a rule that does not compile, with what is wrong in detail.
Result<Explained> try_rule(const PackAt& pack, std::string_view text, const wire::Delivery& delivery, const Environment& environment, bool reveal);

/// A captured message as a synthetic one with the same quirks: every value is replaced in place, character by character, so that bytes,
/// encodings, escaping, layers and lengths stay. Numbers with a check character pass or fail as before; years move ahead of 2100; short
/// codes, placeholders, blanks and words that every office uses stay. The same value under the same seed becomes the same value.
/// @errors What the strict gate says of a message that it cannot read; mapping.root_missing for bytes of no known kind. Nothing of such a
///         message is given back, because nobody can say what is in it.
Result<std::string> scrub(std::string_view message, const std::string& seed);

/// Time by rule, measured while messages run.
struct RuleTime { std::string mapping, rule; std::size_t runs = 0; std::uint64_t nanoseconds = 0; };
/// What a run over many messages made of one file.
struct FolderLine { std::string file; std::vector<MappedRecord> records; Findings findings; std::optional<Error> refused; std::uint64_t nanoseconds = 0; };
struct FolderTimes { std::size_t messages = 0, records = 0, refused = 0; std::uint64_t nanoseconds = 0; std::vector<RuleTime> rules; };
/// Runs a pack over files, one after the other. `take` gets each result; rules are timed only when `timed` says so, which costs time itself.
enum class Timing : std::uint8_t { whole, by_rule };
Result<FolderTimes> run_folder(const Pack& pack, const Environment& environment, const std::vector<std::string>& files, const Deliver& deliver, Timing timed,
                               const std::function<void(const FolderLine&)>& take);

} // namespace tongqu::mapping::author
