#include "mapping/check/condition.hpp"

#include <algorithm>

#include "mapping/expression.hpp"
#include "mapping/place.hpp"

namespace tongqu::mapping::detail {
namespace {

constexpr std::size_t kCombinationsMax = 200000;

Truth make(Formula formula) { return std::make_shared<const Formula>(std::move(formula)); }

/// Gives each name back as it is called in the whole mapping. What it means is judged where the mapping is compiled; here every name is taken.
class ConditionNames final : public NameResolver {
public:
  explicit ConditionNames(const NameOf& name_of) : name_of_(name_of) {}
  bool source(std::string_view path, std::vector<Ref>& refs) override {
    Ref ref;
    ref.kind = Ref::Kind::meta;
    ref.text = name_of_(path);
    refs.push_back(std::move(ref));
    return true;
  }
  bool field(std::string_view name, Place& place) override {
    const bool known = find_place(model::EntityId::case_, name, place) || find_place(model::EntityId::service_item, name, place);
    if (!known) place = Place();
    place.name = name_of_("$" + std::string(name));
    return true;
  }
  bool enter_list(std::string_view, ExprList&) override { return true; }
  void leave_list(const ExprList&) override {}
  std::optional<std::int16_t> zone() const override { return 0; }

private:
  const NameOf& name_of_;
};

bool is_part_of_text(Formula::Kind kind) { return kind == Formula::Kind::starts_with || kind == Formula::Kind::contains; }

/// What one combination says of a name: absent, one of the literals, or another text.
struct Choice { enum class Is : std::uint8_t { absent, text, other } is = Is::absent; std::string text; };

/// Tries combinations of values.
class Search {
public:
  Search(const Truth& truth, const Knowledge& known) : truth_(truth) {
    std::map<std::string, std::set<std::string>> names;
    collect_names(truth, names);
    for (const auto& [name, literals] : names) add_variable(name, literals, known);
    collect_free(truth);
  }
  Answer3 run() {
    std::size_t combinations = 1;
    for (const auto& [name, choices] : variables_) {
      if (choices.empty()) return Answer3::no;
      combinations *= choices.size();
      if (combinations > kCombinationsMax) return Answer3::unknown;
    }
    for (std::size_t i = 0; i < free_.size(); ++i) {
      combinations *= 2;
      if (combinations > kCombinationsMax) return Answer3::unknown;
    }
    return try_variable(0) ? Answer3::yes : Answer3::no;
  }

private:
  void add_variable(const std::string& name, const std::set<std::string>& literals, const Knowledge& known) {
    const auto found = known.find(name);
    const Domain domain = found == known.end() ? Domain() : found->second;
    std::vector<Choice> choices;
    if (domain.absent) choices.push_back({});
    std::set<std::string> texts = literals;
    if (domain.only) texts.insert(domain.only->begin(), domain.only->end());
    for (const std::string& text : texts) {
      if (!domain.only || domain.only->count(text) != 0) choices.push_back({Choice::Is::text, text});
    }
    if (domain.others) choices.push_back({Choice::Is::other, {}});
    variables_.emplace_back(name, std::move(choices));
  }
  /// Truths that may be either: what is not known, and whether an unnamed text has a literal in it.
  void collect_free(const Truth& truth) {
    if (truth->kind == Formula::Kind::unknown || is_part_of_text(truth->kind)) free_[truth.get()] = false;
    for (const Truth& part : truth->parts) collect_free(part);
  }
  bool try_variable(std::size_t index) {
    if (index == variables_.size()) return try_free(free_.begin());
    for (const Choice& choice : variables_[index].second) {
      chosen_[variables_[index].first] = choice;
      if (try_variable(index + 1)) return true;
    }
    return false;
  }
  bool try_free(std::map<const Formula*, bool>::iterator at) {
    if (at == free_.end()) return holds(*truth_);
    const auto next = std::next(at);
    at->second = false;
    if (try_free(next)) return true;
    at->second = true;
    return try_free(next);
  }
  bool holds(const Formula& formula) const {
    using Kind = Formula::Kind;
    const auto part_holds = [this](const Truth& part) { return holds(*part); };
    switch (formula.kind) {
      case Kind::always: return true;
      case Kind::all: return std::all_of(formula.parts.begin(), formula.parts.end(), part_holds);
      case Kind::any: return std::any_of(formula.parts.begin(), formula.parts.end(), part_holds);
      case Kind::negation: return !holds(*formula.parts.front());
      case Kind::unknown: return free_.at(&formula);
      default: break;
    }
    const Choice& choice = chosen_.at(formula.variable);
    if (formula.kind == Kind::present) return choice.is != Choice::Is::absent;
    if (choice.is == Choice::Is::absent) return formula.kind == Kind::not_equal;
    const bool named = choice.is == Choice::Is::text;
    switch (formula.kind) {
      case Kind::equal: return named && std::find(formula.texts.begin(), formula.texts.end(), choice.text) != formula.texts.end();
      case Kind::not_equal: return !named || choice.text != formula.texts.front();
      case Kind::starts_with: return named ? choice.text.compare(0, formula.texts.front().size(), formula.texts.front()) == 0 : free_.at(&formula);
      default: return named ? choice.text.find(formula.texts.front()) != std::string::npos : free_.at(&formula);
    }
  }

  Truth truth_;
  std::vector<std::pair<std::string, std::vector<Choice>>> variables_;
  std::map<std::string, Choice> chosen_;
  std::map<const Formula*, bool> free_;
};

} // namespace

Truth always() {
  static const Truth truth = make({});
  return truth;
}

Truth all_of(std::vector<Truth> parts) {
  if (parts.empty()) return always();
  if (parts.size() == 1) return parts.front();
  return make({Formula::Kind::all, {}, {}, std::move(parts)});
}

Truth negated(Truth part) { return make({Formula::Kind::negation, {}, {}, {std::move(part)}}); }

/// An expression of the language as a formula. Names and literals of texts are kept; all else may be either.
class ConditionReader {
public:
  ConditionReader(const Expression& expression, std::string_view text) : expression_(expression), text_(text) {}
  Truth read() const { return truth(expression_.root_); }

private:
  using Op = Expression::Op;
  using Part = Expression::Part;

  Truth unknown() const {
    Formula formula;
    formula.kind = Formula::Kind::unknown;
    formula.variable = text_;
    return make(std::move(formula));
  }
  Truth truth(std::uint32_t index) const {
    const Part& part = expression_.parts_[index];
    switch (part.op) {
      case Op::both: return joined(Formula::Kind::all, part);
      case Op::either: return joined(Formula::Kind::any, part);
      case Op::negation: return negated(truth(part.args.front()));
      case Op::literal: return part.literal.truth ? always() : negated(always());
      case Op::is_present: return present(part);
      // Of absent, empty, nil and filled the formula knows only on which side of `present` they are.
      case Op::is_absent:
      case Op::is_nil: return all_of({negated(present(part)), unknown()});
      case Op::is_empty:
      case Op::is_filled: return all_of({present(part), unknown()});
      case Op::equal:
      case Op::in: return comparison(Formula::Kind::equal, part);
      case Op::not_equal: return comparison(Formula::Kind::not_equal, part);
      case Op::starts_with: return comparison(Formula::Kind::starts_with, part);
      case Op::contains: return comparison(Formula::Kind::contains, part);
      default: return unknown();
    }
  }
  Truth joined(Formula::Kind kind, const Part& part) const { return make({kind, {}, {}, {truth(part.args[0]), truth(part.args[1])}}); }
  Truth present(const Part& part) const { return make({Formula::Kind::present, name(expression_.parts_[part.args.front()]), {}, {}}); }
  static std::string name(const Part& part) {
    if (part.op == Op::field) return part.place->name;
    return part.op == Op::source ? part.refs.front().text : std::string();
  }
  /// A name of text on one side and literals on the other.
  Truth comparison(Formula::Kind kind, const Part& part) const {
    const bool turned = part.op != Op::in && (kind == Formula::Kind::equal || kind == Formula::Kind::not_equal) && name(expression_.parts_[part.args[0]]).empty();
    const Part& left = expression_.parts_[part.args[turned ? 1 : 0]];
    Formula formula;
    formula.kind = kind;
    formula.variable = name(left);
    if (formula.variable.empty() || (left.type != ExprType::text && left.type != ExprType::boolean)) return unknown();
    for (std::size_t i = turned ? 0 : 1; i < (turned ? 1 : part.args.size()); ++i) {
      const Part& right = expression_.parts_[part.args[i]];
      if (right.op != Op::literal) return unknown();
      if (right.type == ExprType::boolean) formula.texts.emplace_back(right.literal.truth ? "true" : "false");
      else formula.texts.push_back(right.texts.front());
    }
    return make(std::move(formula));
  }

  const Expression& expression_;
  const std::string text_;
};

Truth read_condition(std::string_view text, const NameOf& name_of) {
  ConditionNames names(name_of);
  std::vector<ExprMistake> mistakes;
  const auto expression = Expression::compile(text, names, mistakes);
  // What the compiler says about a mistake is said there; here it is a condition that may be either.
  if (expression && expression->type() == ExprType::boolean) return ConditionReader(*expression, text).read();
  Formula formula;
  formula.kind = Formula::Kind::unknown;
  formula.variable = text;
  return make(std::move(formula));
}

Domain Domain::just(std::string text) { return {false, false, std::set<std::string>{std::move(text)}}; }
Domain Domain::nothing() { return {true, false, std::set<std::string>{}}; }

Answer3 can_hold(const Truth& truth, const Knowledge& known) { return Search(truth, known).run(); }

void collect_names(const Truth& truth, std::map<std::string, std::set<std::string>>& names) {
  using Kind = Formula::Kind;
  const bool atom = truth->kind == Kind::equal || truth->kind == Kind::not_equal || truth->kind == Kind::present || is_part_of_text(truth->kind);
  if (atom) {
    auto& literals = names[truth->variable];
    // What an unnamed text starts with is a free truth; that text itself is also a value that can come.
    literals.insert(truth->texts.begin(), truth->texts.end());
  }
  for (const Truth& part : truth->parts) collect_names(part, names);
}

bool names_variable(const Truth& truth, const std::string& variable) {
  std::map<std::string, std::set<std::string>> names;
  collect_names(truth, names);
  return names.count(variable) != 0;
}

bool is_known(const Truth& truth) {
  return truth->kind != Formula::Kind::unknown && std::all_of(truth->parts.begin(), truth->parts.end(), is_known);
}

} // namespace tongqu::mapping::detail
