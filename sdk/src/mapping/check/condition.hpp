#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace tongqu::mapping::detail {

/// A `when` as a formula over what its names can hold, so that a check can ask whether it can ever hold. What the reader of formulas
/// does not know (a function, a comparison of two fields) becomes a truth of its own that may be either: nothing is concluded from it.
struct Formula {
  enum class Kind : std::uint8_t { always, equal, not_equal, starts_with, contains, present, unknown, all, any, negation };
  Kind kind = Kind::always;
  std::string variable;                              ///< Normalised name, or the text of what is not known.
  std::vector<std::string> texts;                    ///< Literals; equal holds for one of them.
  std::vector<std::shared_ptr<const Formula>> parts;
};
using Truth = std::shared_ptr<const Formula>;

Truth always();
Truth all_of(std::vector<Truth> parts);
Truth negated(Truth part);

/// Turns the name of an expression ("lx", "$applicant.type") into the name that all rules of the mapping share.
using NameOf = std::function<std::string(std::string_view name)>;
Truth read_condition(std::string_view text, const NameOf& name_of);

/// What is known about a name: whether it can be absent, and which texts it can have.
struct Domain {
  bool absent = true;
  bool others = true;                                ///< Texts that no formula names.
  std::optional<std::set<std::string>> only;         ///< Of the texts that formulas name, those that are possible; nothing: all.
  static Domain just(std::string text);
  static Domain nothing();
};
using Knowledge = std::map<std::string, Domain>;

enum class Answer3 : std::uint8_t { no, yes, unknown };
/// Whether some values make the formula true. Exact up to 200 000 combinations of values, `unknown` beyond; names are taken as
/// independent of each other. A formula with an unknown truth in it that decides the matter gives `yes`.
Answer3 can_hold(const Truth& truth, const Knowledge& known);

/// Names and literals of a formula.
void collect_names(const Truth& truth, std::map<std::string, std::set<std::string>>& names);
bool names_variable(const Truth& truth, const std::string& variable);
/// True when everything in it is known.
bool is_known(const Truth& truth);

} // namespace tongqu::mapping::detail
