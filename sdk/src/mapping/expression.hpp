#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mapping/date_pattern.hpp"
#include "mapping/exact_number.hpp"
#include "mapping/place.hpp"
#include "mapping/scope.hpp"
#include "tongqu/base/finding.hpp"
#include "tongqu/mapping/functions.hpp"

namespace tongqu::mapping {
struct Environment;
}

namespace tongqu::mapping::detail {

/// What an expression gives. Everything but a condition may also be absent.
enum class ExprType : std::uint8_t { boolean, text, number, time };
std::string_view expr_type_name(ExprType type) noexcept;

struct ExprValue {
  bool absent = true;
  bool truth = false;
  std::string_view text;                 ///< Points into the document, the record, the arena or the expression.
  ExactNumber number;
  model::Time time;
};

/// What stands for a value where only texts do; empty when absent.
std::string text_of(const ExprValue& value, ExprType type);

/// How a source value or a field stands there.
enum class LeafState : std::uint8_t { absent, nil, empty, text, structured };

/// A list that an aggregate goes through: repeated elements of the source, or records of the canonical record.
struct ExprList {
  bool field = false;
  bool group = false;                                    ///< Source: the rows of the record.
  std::uint16_t parent_scope = 0, list = 0, scope = 0;   ///< Source.
  Place place;                                           ///< Field.
  std::size_t level = 0;                                 ///< Field: lists around it.
};

/// Turns the names of an expression into places, while it is compiled.
class NameResolver {
public:
  virtual ~NameResolver() = default;
  virtual bool source(std::string_view path, std::vector<Ref>& refs) = 0;
  virtual bool field(std::string_view name, Place& place) = 0;
  /// From here to leave_list() names mean what they mean inside one element.
  virtual bool enter_list(std::string_view path, ExprList& list) = 0;
  virtual void leave_list(const ExprList& list) = 0;
  /// Type of `$value`, which stands for the value of the rule that a check is about; nothing elsewhere.
  virtual std::optional<ExprType> own_value() const { return std::nullopt; }
  virtual std::optional<std::int16_t> zone() const { return std::nullopt; }
  virtual std::shared_ptr<const Function> function(std::string_view) const { return nullptr; }
  virtual std::vector<std::string_view> function_names() const { return {}; }
};

/// Gives values while it runs, and takes what went wrong.
class NameValues {
public:
  virtual ~NameValues() = default;
  virtual LeafState source_leaf(const std::vector<Ref>& refs, std::string_view& text) const = 0;
  virtual LeafState field_state(const Place& place) const = 0;
  virtual ExprValue field_value(const Place& place, ExprType type) = 0;
  virtual ExprValue own_value() const { return {}; }
  /// Enters a list; after_list() leaves it.
  virtual std::size_t list_size(const ExprList& list) = 0;
  /// Whether nobody else goes through the elements, so that what stands unused in them is seen only from here.
  virtual bool must_visit(const ExprList& list) const = 0;
  /// Makes element `i` (from 0) the one that names inside the list mean.
  virtual void at_element(const ExprList& list, std::size_t i) = 0;
  virtual void after_list(const ExprList& list) = 0;
  /// Counts work. Answers false when the budget of the delivery is used up.
  virtual bool spend(std::uint64_t steps) = 0;
  virtual wire::Arena& arena() = 0;
  virtual const Environment* environment() const = 0;
  /// Bytes of a part of the delivery by name; nothing when there is none.
  virtual std::optional<std::string_view> part_bytes(std::string_view) const { return std::nullopt; }
};

/// A mistake of an expression; `offset` counts bytes of its text.
struct ExprMistake { std::size_t offset = 0; Bilingual expected, suggestion; };

/// Why an expression gave nothing although everything was there.
struct ExprTrouble { Errc id = Errc::none; Bilingual expected; };

/// A condition or a value, typed and compiled once: grammar in docs/reference/mapping.md. Without loops; the only repetition is over
/// the lists of one message. Immutable; safe from several threads.
class Expression {
public:
  /// Reports every mistake that can be told apart, not only the first.
  static std::optional<Expression> compile(std::string_view text, NameResolver& resolver, std::vector<ExprMistake>& mistakes);

  ExprType type() const noexcept;
  /// Whether running it can be in trouble: `number("x")`, `date("x")`, a result that does not fit.
  bool can_break() const noexcept { return can_break_; }
  /// The texts that it can give when each of them stands in it; nothing when one comes from elsewhere.
  std::optional<std::vector<std::string>> literal_results() const;
  /// Whether it asks the catalogues or calendars of the site, which change.
  bool asks_site() const noexcept;
  /// Source places that it reads outside lists, for findings.
  std::vector<Ref> source_refs() const;

  /// A condition. Absent is false; so is what is in trouble, which `trouble` tells.
  bool holds(NameValues& values, ExprTrouble& trouble) const;
  /// A value. Absent when in trouble.
  ExprValue value(NameValues& values, ExprTrouble& trouble) const;

private:
  friend class ExpressionParser;
  friend class ExpressionRun;
  friend class ConditionReader;
  enum class Op : std::uint8_t {
    either, both, negation, literal, source, field, own,
    is_present, is_absent, is_empty, is_nil, is_filled,
    equal, not_equal, less, less_equal, greater, greater_equal, in, starts_with, ends_with, contains,
    plus, minus, times,
    choice, coalesce,
    length, substring, upper, lower, concat, to_number, to_text, to_date, format, round, divide, days, add_days, working_days, add_working_days,
    lookup, derived_id, call, part_size, part_digest,
    count, sum, first, last, least, most, any, all, join,
  };
  struct Part {
    Op op = Op::literal;
    ExprType type = ExprType::boolean;
    std::vector<std::uint32_t> args;
    std::vector<Ref> refs;
    std::unique_ptr<Place> place;
    ExprValue literal;
    std::vector<std::string> texts;      ///< Literals of a text test, names of a look-up.
    std::vector<DatePattern> patterns;
    std::int16_t zone_minutes = 0;
    std::unique_ptr<ExprList> list;
    std::shared_ptr<const Function> function;
  };
  std::vector<Part> parts_;
  std::uint32_t root_ = 0;
  bool can_break_ = false;
};

} // namespace tongqu::mapping::detail
