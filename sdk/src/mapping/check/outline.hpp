#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mapping/check/condition.hpp"
#include "mapping/code_table.hpp"
#include "mapping/rule_compiler.hpp"
#include "tongqu/model/fields.hpp"

/// A pack as its author wrote it, with the place of everything: what the checks work on. It is read from the text, so that it is there
/// even where the compiler refused the pack, and it keeps what compiling forgets (names of types, lines of table rows).
namespace tongqu::mapping::detail {

/// One step of a type or of `via`.
struct StepSite { const YamlNode* key = nullptr; const YamlNode* argument = nullptr; };

struct TypeSite {
  std::string name;
  const YamlNode* key = nullptr;
  std::string base;                        ///< `extends`
  std::vector<StepSite> steps;             ///< With those of the base, in order of running.
};

struct TableRowSite {
  CodeTable::Row row;
  std::string file;
  std::uint32_t line = 0, column = 0;
};

struct TableSite {
  std::string name;
  const YamlNode* key = nullptr;           ///< Null for a table written into a rule.
  const YamlNode* node = nullptr;
  std::vector<TableRowSite> rows;          ///< Codes of several columns joined by |.
  Policy unknown = Policy::none;
  bool match_label = false;
  bool match_others = false;               ///< Columns beside code and label lead to rows too.
};

/// A rule, or the head of a list.
struct RuleSite {
  std::string name;                        ///< "applicant.id_no", "identity.case", "event"; in targets "materials[].name".
  const YamlNode* key = nullptr;
  const YamlNode* node = nullptr;
  bool is_list = false;
  bool required = false;                   ///< from
  bool constant = false;                   ///< const, param
  std::vector<std::string> reads;          ///< Normalised names, in the order of the alternatives.
  std::string list;                        ///< Canonical name of the list around; empty when there is none.
  Truth outside = always();                ///< What must hold for the groups and lists around.
  Truth when = always();                   ///< Its own `when`.
  const YamlNode* when_node = nullptr;
  std::vector<StepSite> steps;             ///< Of its type, then of `via`.
  const TableSite* table = nullptr;
  Policy policy_of(Fault fault) const;     ///< As written: for the fault, else the default; none when nothing is said.
  Truth guard() const { return all_of({outside, when}); }
};

/// A condition on a group of rules, a message or the records of a mapping.
struct GroupSite {
  std::string name;
  const YamlNode* when_node = nullptr;
  Truth outside = always();
  Truth when = always();
};

/// Everything under one `rules:`, with the conditions in it.
struct RulesOutline {
  std::vector<RuleSite> rules;
  std::vector<GroupSite> groups;
};

/// One mapping document or target.
struct DocumentOutline {
  std::string file;                        ///< As findings call it.
  std::string folder;                      ///< For table files.
  std::string overlay_folder;              ///< For those that an overlay names; empty without one.
  YamlNode root;
  Side side = Side::source;
  std::string id;
  bool read = true;                        ///< False for a mapping that only writes (`match: none`).
  std::optional<model::EntityId> entity;
  std::optional<std::int16_t> zone_minutes;
  std::vector<TypeSite> types;
  std::vector<std::unique_ptr<TableSite>> tables;   ///< Named ones first, then those in rules.
  RulesOutline all;                        ///< Sources: identity, event, record, records and rules together.
  struct Message { std::string name; const YamlNode* node = nullptr; Truth when = always(); const YamlNode* when_node = nullptr; RulesOutline rules; };
  std::vector<Message> messages;           ///< Targets.
  struct Ignored { std::string path; const YamlNode* node; };
  std::vector<Ignored> ignored;            ///< Normalised paths of `ignore`.

  const RuleSite* rule(std::string_view name) const;
};

struct PackOutline {
  std::string folder;
  YamlNode root;
  bool readable = false;
  Findings unheard;                        ///< Mistakes of an overlay, which the compiler tells.
  std::vector<std::string> never_sent;
  std::vector<std::unique_ptr<DocumentOutline>> mappings;
};

/// Reads what can be read; what cannot is left out, since the compiler reports it.
std::unique_ptr<PackOutline> read_pack_outline(const std::string& folder);
std::unique_ptr<DocumentOutline> read_target_outline(const std::string& file);

/// The name without its alternatives' list marks: "cllist/cl[]/mc" -> "cllist/cl/mc".
std::string plain_path(std::string_view name);

} // namespace tongqu::mapping::detail
