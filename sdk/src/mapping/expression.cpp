#include "mapping/expression.hpp"

#include <algorithm>

namespace tongqu::mapping::detail {
namespace {

constexpr std::size_t kDepthMax = 32;
constexpr std::string_view kBlanks = " \t\r\n";

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

} // namespace

class ExpressionParser {
public:
  ExpressionParser(std::string_view text, NameResolver& resolver) : text_(text), resolver_(resolver) {}
  bool parse(Expression& out, std::string& problem) {
    bool good = either(out.root_) && (next() == "" || fail());
    if (!good) problem = problem_.empty() ? std::string(text_.substr(std::min(at_, text_.size()))) : problem_;
    out.parts_ = std::move(parts_);
    return good;
  }

private:
  using Op = Expression::Op;
  bool fail() { problem_ = word_; return false; }

  /// Reads a token into word_: a sign, a quoted text (with its quote in front) or a run of other characters.
  std::string_view next() {
    at_ = std::min(text_.find_first_not_of(kBlanks, at_), text_.size());
    start_ = at_;
    if (at_ == text_.size()) return word_ = {};
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
    return word_ = text_.substr(start_, at_ - start_);
  }
  void back() { at_ = start_; }
  bool take(std::string_view word) {
    if (next() == word) return true;
    back();
    return false;
  }

  std::size_t add(Expression::Part part) {
    parts_.push_back(std::move(part));
    return parts_.size() - 1;
  }
  bool chain(Op op, std::string_view word, bool (ExpressionParser::*inner)(std::size_t&), std::size_t& out) {
    if (!(this->*inner)(out)) return false;
    while (take(word)) {
      std::size_t right = 0;
      if (!(this->*inner)(right)) return false;
      Expression::Part part;
      part.op = op;
      part.left = out;
      part.right = right;
      out = add(std::move(part));
    }
    return true;
  }
  bool either(std::size_t& out) { return chain(Op::either, "or", &ExpressionParser::both, out); }
  bool both(std::size_t& out) { return chain(Op::both, "and", &ExpressionParser::unary, out); }

  bool unary(std::size_t& out) {
    if (++depth_ > kDepthMax) return fail();
    const bool good = unary_inside(out);
    --depth_;
    return good;
  }
  bool unary_inside(std::size_t& out) {
    if (take("not")) {
      Expression::Part part;
      part.op = Op::negation;
      if (!unary(part.left)) return false;
      out = add(std::move(part));
      return true;
    }
    if (take("(")) return either(out) && (take(")") || fail());
    return comparison(out);
  }

  bool operand(Expression::Operand& out) {
    const std::string_view word = next();
    if (word.empty() || std::string_view("()[],\"'=!").find(word.front()) != std::string_view::npos) return fail();
    out.field = word.front() == '$';
    const bool known = out.field ? resolver_.field(word.substr(1), out.place) : resolver_.source(word, out.refs);
    return known || fail();
  }
  bool literal(std::vector<std::string>& texts) {
    const std::string_view word = next();
    if (word.size() < 2 || (word.front() != '"' && word.front() != '\'') || word.back() != word.front()) return fail();
    texts.emplace_back(word.substr(1, word.size() - 2));
    return true;
  }
  bool comparison(std::size_t& out) {
    Expression::Part part;
    if (take("present")) {
      if (!(take("(") && operand(part.operand) && take(")"))) return fail();
      out = add(std::move(part));
      return true;
    }
    if (!operand(part.operand)) return false;
    const std::string_view sign = next();
    if (sign == "==") part.op = Op::equal;
    else if (sign == "!=") part.op = Op::not_equal;
    else if (sign == "in") part.op = Op::in;
    else if (sign == "starts_with") part.op = Op::starts_with;
    else if (sign == "contains") part.op = Op::contains;
    else return fail();
    if (part.op != Op::in) {
      if (!literal(part.texts)) return false;
    } else {
      if (!take("[")) return fail();
      do {
        if (!literal(part.texts)) return false;
      } while (take(","));
      if (!take("]")) return fail();
    }
    out = add(std::move(part));
    return true;
  }

  std::string_view text_;
  NameResolver& resolver_;
  std::size_t at_ = 0;
  std::size_t start_ = 0;
  std::size_t depth_ = 0;
  std::string_view word_;
  std::string problem_;
  std::vector<Expression::Part> parts_;
};

std::optional<Expression> Expression::compile(std::string_view text, NameResolver& resolver, std::string& problem) {
  Expression expression;
  if (!ExpressionParser(text, resolver).parse(expression, problem)) return std::nullopt;
  return expression;
}

bool Expression::holds(const NameValues& values, std::size_t index) const {
  const Part& part = parts_[index];
  if (part.op == Op::either) return holds(values, part.left) || holds(values, part.right);
  if (part.op == Op::both) return holds(values, part.left) && holds(values, part.right);
  if (part.op == Op::negation) return !holds(values, part.left);
  std::optional<std::string> owned;
  std::optional<std::string_view> value;
  if (part.operand.field) {
    owned = values.field_text(part.operand.place);
    if (owned) value = *owned;
  } else if (value = values.source_text(part.operand.refs); value) {
    value = trimmed(*value);
  }
  if (part.op == Op::present) return value.has_value();
  if (!value) return part.op == Op::not_equal;
  switch (part.op) {
    case Op::equal:
    case Op::in: return std::find(part.texts.begin(), part.texts.end(), *value) != part.texts.end();
    case Op::not_equal: return *value != part.texts.front();
    case Op::starts_with: return value->substr(0, part.texts.front().size()) == part.texts.front();
    case Op::contains: return value->find(part.texts.front()) != std::string_view::npos;
    default: return false;
  }
}

} // namespace tongqu::mapping::detail
