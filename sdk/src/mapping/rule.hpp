#pragma once
#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mapping/code_table.hpp"
#include "mapping/expression.hpp"
#include "mapping/list_shape.hpp"
#include "mapping/pack_check.hpp"
#include "mapping/place.hpp"
#include "mapping/scope.hpp"
#include "mapping/steps.hpp"

namespace tongqu::mapping::detail {

enum class Fault : std::uint8_t { missing, placeholder, malformed, check, unknown, range };
constexpr std::size_t kFaultCount = 6;
std::string_view fault_name(Fault fault) noexcept;

/// How a target writes a value.
enum class JsonForm : std::uint8_t { text, number, boolean };

/// A rule that stores one leaf as it was sent, as a text or through a table, when its steps have nothing to do with it and nothing is said:
/// most rules for most values. What that takes, side by side.
struct AsSent {
  bool possible = false;
  bool identifies = false;                 ///< Rule::identifies
  std::uint16_t scope = 0, slot = 0;       ///< Of the leaf.
  std::uint32_t offset = 0;                ///< Place::offset
  std::uint8_t lists = 0;                  ///< Place::lists
  const CodeTable* table = nullptr;        ///< Null for a text.
  IdleSteps idle;
};

/// One compiled rule.
struct Rule {
  std::string name;                        ///< Canonical path, or member path in a target, without indexes.
  Place place;                             ///< Source mappings.
  JsonForm json = JsonForm::text;          ///< Targets.

  bool constant = false;                   ///< const or param: `literal` is the value.
  std::string literal;
  std::vector<Ref> refs;                   ///< Of `value`: the places that it reads, for findings.
  std::optional<Expression> value;         ///< Computed; then `refs` is not read.
  bool required = false;                   ///< from, not maybe.
  std::optional<Expression> when;
  Steps steps;
  bool has_null_if = false;
  std::shared_ptr<const CodeTable> table;
  std::optional<std::string> fallback;     ///< `default`
  const CodeTable::Row* fallback_row = nullptr;
  bool fallback_through_steps = false;     ///< The field is no text, so that the default is read like a value.
  std::string check;
  std::optional<Place> check_by;           ///< The code that picks the check.
  std::array<Policy, kFaultCount> policies{};
  std::vector<PackCheck> checks;
  bool identifies = false;                 ///< An identifier or a member of the identity: a number that lost digits is a fault.
  bool nil_clears = false;
  bool derived = false;
  AsSent as_sent;                          ///< Made by settle() after all others.

  void settle();
};

struct Block;

/// A rule for a list: records of `block`, or plain values of `element`.
struct ListRule {
  std::string name;
  Place place;
  std::uint16_t parent_scope = 0;          ///< Scope whose frame holds the list.
  std::uint16_t list = 0;
  std::uint16_t scope = 0;                 ///< Scope of one element.
  std::optional<Expression> when;
  std::unique_ptr<ListShape> shape;        ///< Null for elements as they stand.
  bool empty_is_none = false;
  std::unique_ptr<Block> block;
  std::unique_ptr<Rule> element;
};

/// One entry of a block: exactly one of the three is there. In source mappings groups stand only where they have a `when`.
struct Item {
  std::unique_ptr<Rule> rule;
  std::unique_ptr<ListRule> list;
  std::unique_ptr<Block> group;
};
struct Block {
  std::string name;                        ///< Member name of a target's group.
  std::optional<Expression> when;          ///< Of a group: its rules run only then.
  std::vector<Item> items;
};

/// Scopes of one mapping: one per stage that gives a document, then one per `each` path.
struct Scopes {
  std::vector<std::unique_ptr<Scope>> all;
  std::uint16_t root = 0;                  ///< Scope that rules start from.
  int outer = -1;                          ///< Scope one stage further out.
  struct Child { std::uint16_t parent, list, scope; std::vector<PathStep> steps; };
  std::vector<Child> children;             ///< `each` scopes.
  /// A list that an expression goes through, in a scope of its own, since a rule may stand in the same list.
  struct Aggregate { std::uint16_t parent, list, scope; };
  std::vector<Aggregate> aggregates;
  /// What is read below a scope's element, in the order of compiling.
  struct Read { std::uint16_t scope; std::vector<PathStep> steps; bool list; };
  std::vector<Read> reads;
  std::vector<std::uint16_t> group;        ///< Scopes over the rows of a grouped record, beside the root that stands on the first of them.
  std::vector<bool> reports;               ///< By scope: of an aggregate over a list that no `each` reads.
  std::uint16_t slot(std::uint16_t scope, const std::vector<PathStep>& steps, wire::NameSet& names);
  std::uint16_t list(std::uint16_t scope, const std::vector<PathStep>& steps, wire::NameSet& names);

  std::uint16_t add();
  std::uint16_t each(std::uint16_t parent, const std::vector<PathStep>& steps, wire::NameSet& names, std::uint16_t& list);
  /// After the last rule: what one scope reads of an element is used in the eyes of the others that stand on the same element.
  void share_reads(wire::NameSet& names);
  /// Marks a path from `scope` as deliberately unused, also inside lists.
  void ignore(std::uint16_t scope, const std::vector<PathStep>& steps, wire::NameSet& names);
  /// The same in every document around the one that rules start from: no rule reads the farther ones, so no other name reaches them.
  void ignore_outside(const std::vector<PathStep>& steps, wire::NameSet& names);
};

} // namespace tongqu::mapping::detail
