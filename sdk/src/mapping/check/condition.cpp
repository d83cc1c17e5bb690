#include "mapping/check/condition.hpp"

#include <algorithm>

namespace tongqu::mapping::detail {
namespace {

constexpr std::size_t kCombinationsMax = 200000;
constexpr std::size_t kDepthMax = 32;

Truth make(Formula formula) { return std::make_shared<const Formula>(std::move(formula)); }

/// Reads the grammar of docs/reference/mapping.md; answers null where the text is something else.
class Reader {
public:
  Reader(std::string_view text, const NameOf& name_of) : text_(text), name_of_(name_of) {}
  Truth read() {
    Truth truth = either();
    return truth && next().empty() ? truth : nullptr;
  }

private:
  static bool blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
  std::string_view next() {
    while (at_ < text_.size() && blank(text_[at_])) ++at_;
    start_ = at_;
    if (at_ == text_.size()) return {};
    const char c = text_[at_];
    if (c == '"' || c == '\'') {
      const std::size_t end = text_.find(c, at_ + 1);
      at_ = end == std::string_view::npos ? text_.size() : end + 1;
    } else if ((c == '=' || c == '!') && text_.substr(at_ + 1, 1) == "=") {
      at_ += 2;
    } else if (std::string_view("()[],").find(c) != std::string_view::npos) {
      ++at_;
    } else {
      while (at_ < text_.size() && std::string_view(" \t\r\n()\"',=!").find(text_[at_]) == std::string_view::npos) ++at_;
      if (at_ == start_) ++at_;
    }
    return text_.substr(start_, at_ - start_);
  }
  bool take(std::string_view word) {
    const std::size_t before = at_;
    if (next() == word) return true;
    at_ = before;
    return false;
  }
  Truth chain(Formula::Kind kind, std::string_view word, Truth (Reader::*inner)()) {
    std::vector<Truth> parts;
    do {
      Truth part = (this->*inner)();
      if (!part) return nullptr;
      parts.push_back(std::move(part));
    } while (take(word));
    if (parts.size() == 1) return parts.front();
    return make({kind, {}, {}, std::move(parts)});
  }
  Truth either() { return chain(Formula::Kind::any, "or", &Reader::both); }
  Truth both() { return chain(Formula::Kind::all, "and", &Reader::unary); }
  Truth unary() {
    if (++depth_ > kDepthMax) return nullptr;
    Truth truth = unary_inside();
    --depth_;
    return truth;
  }
  Truth unary_inside() {
    if (take("not")) {
      Truth inner = unary();
      return inner ? negated(std::move(inner)) : nullptr;
    }
    if (take("(")) {
      Truth inner = either();
      return inner && take(")") ? inner : nullptr;
    }
    return comparison();
  }
  bool literal(std::vector<std::string>& texts) {
    const std::string_view word = next();
    if (word.size() < 2 || (word.front() != '"' && word.front() != '\'') || word.back() != word.front()) return false;
    texts.emplace_back(word.substr(1, word.size() - 2));
    return true;
  }
  bool operand(std::string& name) {
    const std::string_view word = next();
    if (word.empty() || std::string_view("()[],\"'=!").find(word.front()) != std::string_view::npos) return false;
    name = name_of_(word);
    return true;
  }
  Truth comparison() {
    Formula formula;
    if (take("present")) {
      formula.kind = Formula::Kind::present;
      return take("(") && operand(formula.variable) && take(")") ? make(std::move(formula)) : nullptr;
    }
    if (!operand(formula.variable)) return nullptr;
    const std::string_view sign = next();
    if (sign == "==" || sign == "in") formula.kind = Formula::Kind::equal;
    else if (sign == "!=") formula.kind = Formula::Kind::not_equal;
    else if (sign == "starts_with") formula.kind = Formula::Kind::starts_with;
    else if (sign == "contains") formula.kind = Formula::Kind::contains;
    else return nullptr;
    if (sign != "in") return literal(formula.texts) ? make(std::move(formula)) : nullptr;
    if (!take("[")) return nullptr;
    do {
      if (!literal(formula.texts)) return nullptr;
    } while (take(","));
    return take("]") ? make(std::move(formula)) : nullptr;
  }

  std::string_view text_;
  const NameOf& name_of_;
  std::size_t at_ = 0, start_ = 0, depth_ = 0;
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

Truth read_condition(std::string_view text, const NameOf& name_of) {
  if (Truth truth = Reader(text, name_of).read()) return truth;
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
