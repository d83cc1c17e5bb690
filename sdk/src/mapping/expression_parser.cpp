#include <algorithm>

#include "mapping/expression.hpp"
#include "mapping/yaml_reader.hpp"

namespace tongqu::mapping::detail {
namespace {

constexpr std::size_t kDepthMax = 32;
constexpr std::size_t kPartsMax = 1000;
constexpr std::size_t kTextMax = 16 * 1024;
constexpr std::string_view kBlanks = " \t\r\n";
constexpr std::string_view kSigns = "()[],";
constexpr std::string_view kWordEnds = " \t\r\n()\"',=!<>";
constexpr std::string_view kReserved[] = {"and", "or", "not", "in", "starts_with", "ends_with", "contains", "+", "-", "*"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_number(std::string_view word) {
  if (!word.empty() && word.front() == '-') word.remove_prefix(1);
  return !word.empty() && std::all_of(word.begin(), word.end(), [](char c) { return is_digit(c) || c == '.'; }) && ExactNumber::parse(word);
}

} // namespace

std::string_view expr_type_name(ExprType type) noexcept {
  switch (type) {
    case ExprType::boolean: return "condition";
    case ExprType::text: return "text";
    case ExprType::number: return "number";
    case ExprType::time: return "time";
  }
  return "text";
}

/// Recursive descent with the types checked on the way up. A mistake of type is reported and the text read on, as if the right type
/// had stood there; a mistake of form ends the reading.
class ExpressionParser {
public:
  ExpressionParser(std::string_view text, NameResolver& resolver, std::vector<ExprMistake>& mistakes) : text_(text), resolver_(resolver), mistakes_(mistakes) {}
  std::optional<Expression> parse();

private:
  using Op = Expression::Op;
  using Part = Expression::Part;
  using Type = ExprType;

  /// A function of the language whose arguments are plain values.
  struct Shape { std::string_view name; Op op; std::vector<Type> takes; std::size_t takes_min; Type gives; bool breaks; };
  static const std::vector<Shape>& shapes();
  static const std::vector<std::string_view>& special_names();

  // Words.
  std::string_view next();
  void back() { at_ = start_; }
  bool take(std::string_view word);
  bool expect(std::string_view word);
  bool at_call() const { return at_ < text_.size() && text_[at_] == '('; }
  static bool is_text(std::string_view word) { return word.size() >= 2 && (word.front() == '"' || word.front() == '\'') && word.back() == word.front(); }
  std::size_t word_at() const { return start_; }

  // Mistakes.
  std::uint32_t syntax(Bilingual expected, Bilingual suggestion = {});
  void mistake(std::size_t offset, Bilingual expected, Bilingual suggestion = {}) { mistakes_.push_back({offset, std::move(expected), std::move(suggestion)}); }
  bool want(std::uint32_t part, Type type, std::size_t offset);

  // Grammar, outermost first.
  std::uint32_t expression();
  std::uint32_t chain(std::string_view word, Op op, std::uint32_t (ExpressionParser::*inner)());
  std::uint32_t both() { return chain("and", Op::both, &ExpressionParser::negation); }
  std::uint32_t negation();
  std::uint32_t comparison();
  std::uint32_t text_test(Op op, std::uint32_t left, std::size_t offset);
  std::uint32_t members(std::uint32_t left, std::size_t offset);
  std::uint32_t order(Op op, std::uint32_t left, std::size_t offset);
  std::uint32_t sum();
  std::uint32_t product();
  std::uint32_t primary();
  std::uint32_t operand(std::string_view word);
  std::uint32_t call(std::string_view name, std::size_t offset);
  std::uint32_t plain_call(const Shape& shape, std::size_t offset);
  std::uint32_t state_test(Op op);
  std::uint32_t choice(std::size_t offset);
  std::uint32_t coalesce(std::size_t offset);
  std::uint32_t concat();
  std::uint32_t date();
  std::uint32_t format();
  std::uint32_t to_text();
  std::uint32_t lookup();
  std::uint32_t part_fact(std::string_view name);
  std::uint32_t aggregate(std::string_view name, std::size_t offset);
  std::uint32_t site_call(std::string_view name, std::size_t offset);
  std::optional<std::string> literal();
  std::optional<DatePattern> pattern(bool& needs_zone);

  std::uint32_t add(Part part);
  std::uint32_t make(Op op, Type type, std::vector<std::uint32_t> args);
  std::uint32_t text_literal(std::string text);
  /// Turns a literal text into one of the type that it is compared with.
  void adapt(std::uint32_t part, Type type, std::size_t offset);
  Type type_of(std::uint32_t part) const { return parts_[part].type; }
  static constexpr std::uint32_t kDead = 0xFFFFFFFF;

  std::string_view text_;
  NameResolver& resolver_;
  std::vector<ExprMistake>& mistakes_;
  std::size_t at_ = 0;
  std::size_t start_ = 0;
  std::size_t depth_ = 0;
  bool breaks_ = false;
  std::vector<Part> parts_;
};

const std::vector<ExpressionParser::Shape>& ExpressionParser::shapes() {
  static const std::vector<Shape> rows = {
      {"length", Op::length, {Type::text}, 1, Type::number, false},
      {"substring", Op::substring, {Type::text, Type::number, Type::number}, 2, Type::text, true},
      {"upper", Op::upper, {Type::text}, 1, Type::text, false},
      {"lower", Op::lower, {Type::text}, 1, Type::text, false},
      {"number", Op::to_number, {Type::text}, 1, Type::number, true},
      {"round", Op::round, {Type::number, Type::number}, 1, Type::number, true},
      {"divide", Op::divide, {Type::number, Type::number, Type::number}, 3, Type::number, true},
      {"days", Op::days, {Type::time, Type::time}, 2, Type::number, true},
      {"add_days", Op::add_days, {Type::time, Type::number}, 2, Type::time, true},
      {"working_days", Op::working_days, {Type::time, Type::time}, 2, Type::number, true},
      {"add_working_days", Op::add_working_days, {Type::time, Type::number}, 2, Type::time, true},
  };
  return rows;
}

const std::vector<std::string_view>& ExpressionParser::special_names() {
  static const std::vector<std::string_view> names = {"present", "absent", "empty", "nil", "filled", "if", "coalesce", "concat", "text", "date", "format", "lookup", "part_size", "part_digest",
                                                      "derived_id", "count", "sum", "first", "last", "min", "max", "any", "all", "join"};
  return names;
}

std::optional<Expression> ExpressionParser::parse() {
  const std::size_t before = mistakes_.size();
  if (text_.size() > kTextMax) {
    mistake(0, {"at most 16 KiB", "不超过 16 KiB"});
    return std::nullopt;
  }
  Expression made;
  made.root_ = expression();
  if (made.root_ != kDead && !next().empty()) (void)syntax({"the end, or an operator", "表达式结束或运算符"});
  if (mistakes_.size() != before) return std::nullopt;
  made.parts_ = std::move(parts_);
  made.can_break_ = breaks_;
  return made;
}

/// A sign, a quoted text (with its quotes) or a run of other characters. Empty at the end.
std::string_view ExpressionParser::next() {
  at_ = std::min(text_.find_first_not_of(kBlanks, at_), text_.size());
  start_ = at_;
  if (at_ == text_.size()) return {};
  const char c = text_[at_];
  if (c == '"' || c == '\'') {
    const std::size_t end = text_.find(c, at_ + 1);
    at_ = end == std::string_view::npos ? text_.size() : end + 1;
  } else if (c == '=' || c == '!' || c == '<' || c == '>') {
    at_ += text_.substr(at_ + 1, 1) == "=" ? 2 : 1;
  } else if (kSigns.find(c) != std::string_view::npos) {
    ++at_;
  } else {
    // An index belongs to its path, a list of literals does not.
    while (at_ < text_.size() && kWordEnds.find(text_[at_]) == std::string_view::npos) {
      if (text_[at_] == ']') break;
      if (text_[at_] != '[') {
        ++at_;
        continue;
      }
      const std::size_t end = text_.find(']', at_);
      if (end == std::string_view::npos || at_ + 1 == text_.size() || !is_digit(text_[at_ + 1])) break;
      at_ = end + 1;
    }
  }
  return text_.substr(start_, at_ - start_);
}

bool ExpressionParser::take(std::string_view word) {
  if (next() == word) return true;
  back();
  return false;
}

bool ExpressionParser::expect(std::string_view word) {
  if (take(word)) return true;
  (void)next();
  (void)syntax(same(std::string(word)));
  return false;
}

std::uint32_t ExpressionParser::syntax(Bilingual expected, Bilingual suggestion) {
  if (suggestion.en.empty()) {
    const std::string near(text_.substr(start_, std::max<std::size_t>(at_ - start_, 1)));
    suggestion = near.empty() ? Bilingual{"it ends too early", "表达式过早结束"} : Bilingual{"near: " + near, "位置：" + near};
  }
  mistake(start_, std::move(expected), std::move(suggestion));
  return kDead;
}

bool ExpressionParser::want(std::uint32_t part, Type type, std::size_t offset) {
  if (type_of(part) == type) return true;
  const std::string found(expr_type_name(type_of(part)));
  Bilingual hint{"this is a " + found, "此处为 " + found};
  if (type == Type::number && type_of(part) == Type::text) hint = {"number(...) reads a text as a number", "number(...) 可将文本读作数值"};
  if (type == Type::time && type_of(part) == Type::text) hint = {"date(..., \"yyyy-MM-dd\") reads a text as a time", "date(..., \"yyyy-MM-dd\") 可将文本读作时间"};
  if (type == Type::text && type_of(part) != Type::boolean) hint = {"text(...) writes it as a text", "text(...) 可将其写作文本"};
  if (type == Type::boolean && type_of(part) == Type::text) hint = {"compare it, or ask present(...) or filled(...)", "请进行比较，或使用 present(...)、filled(...)"};
  mistake(offset, same(std::string(expr_type_name(type))), std::move(hint));
  return false;
}

std::uint32_t ExpressionParser::add(Part part) {
  if (parts_.size() == kPartsMax) return syntax({"at most 1000 parts", "不超过 1000 个组成部分"});
  parts_.push_back(std::move(part));
  return static_cast<std::uint32_t>(parts_.size() - 1);
}

std::uint32_t ExpressionParser::make(Op op, Type type, std::vector<std::uint32_t> args) {
  Part part;
  part.op = op;
  part.type = type;
  part.args = std::move(args);
  return add(std::move(part));
}

std::uint32_t ExpressionParser::text_literal(std::string text) {
  Part part;
  part.type = Type::text;
  part.texts.push_back(std::move(text));
  return add(std::move(part));
}

void ExpressionParser::adapt(std::uint32_t index, Type type, std::size_t offset) {
  Part& part = parts_[index];
  if (part.op != Op::literal || part.type != Type::text || type == Type::text) return;
  const std::string& text = part.texts.front();
  bool good = false;
  if (type == Type::boolean) {
    good = text == "true" || text == "false";
    part.literal.truth = text == "true";
  } else if (type == Type::number) {
    const auto number = ExactNumber::parse(text);
    good = number.has_value();
    part.literal.number = number.value_or(ExactNumber());
  } else {
    const auto time = model::Time::parse(text);
    good = static_cast<bool>(time);
    if (time) part.literal.time = *time;
  }
  part.literal.absent = false;
  part.type = type;
  if (!good) mistake(offset, type == Type::time ? Bilingual{"a date such as \"2149-03-05\"", "日期，如 \"2149-03-05\""} : same(std::string(expr_type_name(type))));
}

std::uint32_t ExpressionParser::chain(std::string_view word, Op op, std::uint32_t (ExpressionParser::*inner)()) {
  std::size_t offset = at_;
  std::uint32_t left = (this->*inner)();
  while (left != kDead && take(word)) {
    (void)want(left, Type::boolean, offset);
    offset = at_;
    const std::uint32_t right = (this->*inner)();
    if (right == kDead) return kDead;
    (void)want(right, Type::boolean, offset);
    left = make(op, Type::boolean, {left, right});
  }
  return left;
}

std::uint32_t ExpressionParser::expression() {
  if (++depth_ > kDepthMax) return syntax({"at most 32 levels", "嵌套不超过 32 层"});
  const std::uint32_t made = chain("or", Op::either, &ExpressionParser::both);
  --depth_;
  return made;
}

std::uint32_t ExpressionParser::negation() {
  if (!take("not")) return comparison();
  if (++depth_ > kDepthMax) return syntax({"at most 32 levels", "嵌套不超过 32 层"});
  const std::size_t offset = at_;
  const std::uint32_t inner = negation();
  --depth_;
  if (inner == kDead) return kDead;
  (void)want(inner, Type::boolean, offset);
  return make(Op::negation, Type::boolean, {inner});
}

std::uint32_t ExpressionParser::comparison() {
  const std::size_t offset = std::min(text_.find_first_not_of(kBlanks, at_), text_.size());
  const std::uint32_t left = sum();
  if (left == kDead) return kDead;
  const std::string_view sign = next();
  if (sign == "==") return order(Op::equal, left, offset);
  if (sign == "!=") return order(Op::not_equal, left, offset);
  if (sign == "<") return order(Op::less, left, offset);
  if (sign == "<=") return order(Op::less_equal, left, offset);
  if (sign == ">") return order(Op::greater, left, offset);
  if (sign == ">=") return order(Op::greater_equal, left, offset);
  if (sign == "in") return members(left, offset);
  if (sign == "starts_with") return text_test(Op::starts_with, left, offset);
  if (sign == "ends_with") return text_test(Op::ends_with, left, offset);
  if (sign == "contains") return text_test(Op::contains, left, offset);
  if (sign == "=") return syntax(same("=="));
  back();
  return left;
}

std::uint32_t ExpressionParser::text_test(Op op, std::uint32_t left, std::size_t offset) {
  const std::size_t second = at_;
  const std::uint32_t right = sum();
  if (right == kDead) return kDead;
  (void)want(left, Type::text, offset);
  (void)want(right, Type::text, second);
  return make(op, Type::boolean, {left, right});
}

std::uint32_t ExpressionParser::order(Op op, std::uint32_t left, std::size_t offset) {
  const std::size_t second = std::min(text_.find_first_not_of(kBlanks, at_), text_.size());
  const std::uint32_t right = sum();
  if (right == kDead) return kDead;
  adapt(right, type_of(left), second);
  adapt(left, type_of(right), offset);
  const bool equality = op == Op::equal || op == Op::not_equal;
  if (type_of(left) != type_of(right)) (void)want(type_of(left) == Type::text ? left : right, type_of(left) == Type::text ? type_of(right) : type_of(left), type_of(left) == Type::text ? offset : second);
  else if (!equality && (type_of(left) == Type::boolean || type_of(left) == Type::text)) mistake(offset, {"numbers or times for this comparison", "此比较须为数值或时间"}, type_of(left) == Type::text ? Bilingual{"number(...) or date(...) reads a text", "number(...) 或 date(...) 可读取文本"} : Bilingual{});
  return make(op, Type::boolean, {left, right});
}

std::uint32_t ExpressionParser::members(std::uint32_t left, std::size_t offset) {
  if (!expect("[")) return kDead;
  std::vector<std::uint32_t> args = {left};
  do {
    const std::size_t at = std::min(text_.find_first_not_of(kBlanks, at_), text_.size());
    const std::string_view word = next();
    Part part;
    if (is_text(word)) {
      part.type = Type::text;
      part.texts.emplace_back(word.substr(1, word.size() - 2));
    } else if (is_number(word)) {
      part.type = Type::number;
      part.literal.number = *ExactNumber::parse(word);
      part.literal.absent = false;
    } else {
      return syntax({"a text in quotes or a number", "带引号的文本或数值"});
    }
    const std::uint32_t item = add(std::move(part));
    if (item == kDead) return kDead;
    adapt(item, type_of(left), at);
    if (type_of(item) != type_of(left)) (void)want(left, type_of(item), offset);
    args.push_back(item);
  } while (take(","));
  if (!expect("]")) return kDead;
  return make(Op::in, Type::boolean, std::move(args));
}

std::uint32_t ExpressionParser::sum() {
  std::size_t offset = at_;
  std::uint32_t left = product();
  while (left != kDead) {
    const bool plus = take("+");
    if (!plus && !take("-")) break;
    (void)want(left, Type::number, offset);
    offset = at_;
    const std::uint32_t right = product();
    if (right == kDead) return kDead;
    (void)want(right, Type::number, offset);
    breaks_ = true;
    left = make(plus ? Op::plus : Op::minus, Type::number, {left, right});
  }
  return left;
}

std::uint32_t ExpressionParser::product() {
  std::size_t offset = at_;
  std::uint32_t left = primary();
  while (left != kDead && take("*")) {
    (void)want(left, Type::number, offset);
    offset = at_;
    const std::uint32_t right = primary();
    if (right == kDead) return kDead;
    (void)want(right, Type::number, offset);
    breaks_ = true;
    left = make(Op::times, Type::number, {left, right});
  }
  return left;
}

std::uint32_t ExpressionParser::primary() {
  if (take("(")) {
    const std::uint32_t inner = expression();
    return inner != kDead && expect(")") ? inner : kDead;
  }
  const std::string_view word = next();
  if (is_text(word)) return text_literal(std::string(word.substr(1, word.size() - 2)));
  const bool reserved = std::find(std::begin(kReserved), std::end(kReserved), word) != std::end(kReserved);
  if (word.empty() || reserved || kWordEnds.find(word.front()) != std::string_view::npos || kSigns.find(word.front()) != std::string_view::npos) {
    return syntax({"a path, a field, a literal or a function", "路径、字段、字面量或函数"});
  }
  if (at_call()) return call(word, word_at());
  if (is_number(word) || word == "true" || word == "false") {
    Part part;
    part.type = is_number(word) ? Type::number : Type::boolean;
    part.literal.absent = false;
    part.literal.truth = word == "true";
    part.literal.number = ExactNumber::parse(word).value_or(ExactNumber());
    return add(std::move(part));
  }
  return operand(word);
}

std::uint32_t ExpressionParser::operand(std::string_view word) {
  Part part;
  part.type = Type::text;
  if (word == "$value" && resolver_.own_value()) {
    part.op = Op::own;
    part.type = *resolver_.own_value();
    return add(std::move(part));
  }
  if (word.front() != '$') {
    part.op = Op::source;
    if (!resolver_.source(word, part.refs)) mistake(word_at(), {"a path that can be read", "可识别的路径"}, {"near: " + std::string(word), "位置：" + std::string(word)});
    return add(std::move(part));
  }
  part.op = Op::field;
  part.place = std::make_unique<Place>();
  if (!resolver_.field(word.substr(1), *part.place)) {
    mistake(word_at(), {"a canonical field, filled before; inside lists, of an enclosing `each`", "先前已填的规范字段；列表内字段须在对应的 each 之内"}, {"near: " + std::string(word), "位置：" + std::string(word)});
    return add(std::move(part));
  }
  switch (part.place->kind()) {
    case model::FieldKind::quantity:
    case model::FieldKind::money:
    case model::FieldKind::integer: part.type = Type::number; break;
    case model::FieldKind::time: part.type = Type::time; break;
    case model::FieldKind::boolean: part.type = Type::boolean; break;
    default: part.type = Type::text;
  }
  return add(std::move(part));
}

std::uint32_t ExpressionParser::call(std::string_view name, std::size_t offset) {
  (void)expect("(");
  if (name == "present") return state_test(Op::is_present);
  if (name == "absent") return state_test(Op::is_absent);
  if (name == "empty") return state_test(Op::is_empty);
  if (name == "nil") return state_test(Op::is_nil);
  if (name == "filled") return state_test(Op::is_filled);
  if (name == "if") return choice(offset);
  if (name == "coalesce") return coalesce(offset);
  if (name == "concat") return concat();
  if (name == "text") return to_text();
  if (name == "date") return date();
  if (name == "format") return format();
  if (name == "lookup") return lookup();
  if (name == "part_size" || name == "part_digest") return part_fact(name);
  if (name == "derived_id") {
    const std::uint32_t made = concat();
    if (made != kDead) parts_[made].op = Op::derived_id;
    return made;
  }
  for (const Shape& shape : shapes()) {
    if (shape.name == name) return plain_call(shape, offset);
  }
  if (name.find('.') != std::string_view::npos) return site_call(name, offset);
  const auto& special = special_names();
  if (std::find(special.begin(), special.end(), name) != special.end()) return aggregate(name, offset);
  std::vector<std::string_view> known = special;
  for (const Shape& shape : shapes()) known.push_back(shape.name);
  start_ = offset;
  return syntax({"a function", "函数"}, nearest(name, known).empty() ? Bilingual{"near: " + std::string(name), "位置：" + std::string(name)} : did_you_mean(name, known));
}

std::uint32_t ExpressionParser::plain_call(const Shape& shape, std::size_t offset) {
  std::vector<std::uint32_t> args;
  do {
    const std::size_t at = std::min(text_.find_first_not_of(kBlanks, at_), text_.size());
    const std::uint32_t arg = expression();
    if (arg == kDead) return kDead;
    if (args.size() < shape.takes.size()) {
      adapt(arg, shape.takes[args.size()] == Type::time ? Type::time : type_of(arg), at);
      (void)want(arg, shape.takes[args.size()], at);
    }
    args.push_back(arg);
  } while (take(","));
  if (!expect(")")) return kDead;
  if (args.size() < shape.takes_min || args.size() > shape.takes.size()) {
    const std::string count = std::to_string(shape.takes_min) + (shape.takes_min == shape.takes.size() ? "" : "-" + std::to_string(shape.takes.size()));
    mistake(offset, {count + " arguments", count + " 个参数"});
  }
  breaks_ = breaks_ || shape.breaks;
  return make(shape.op, shape.gives, std::move(args));
}

std::uint32_t ExpressionParser::state_test(Op op) {
  const std::string_view word = next();
  if (word.empty() || is_text(word) || kWordEnds.find(word.front()) != std::string_view::npos || kSigns.find(word.front()) != std::string_view::npos) {
    return syntax({"a path or a field", "路径或字段"});
  }
  const std::uint32_t made = operand(word);
  if (made == kDead || !expect(")")) return kDead;
  return make(op, Type::boolean, {made});
}

std::uint32_t ExpressionParser::choice(std::size_t offset) {
  std::size_t at = at_;
  const std::uint32_t condition = expression();
  if (condition == kDead || !expect(",")) return kDead;
  (void)want(condition, Type::boolean, at);
  const std::uint32_t yes = expression();
  if (yes == kDead) return kDead;
  std::vector<std::uint32_t> args = {condition, yes};
  if (take(",")) {
    at = at_;
    const std::uint32_t no = expression();
    if (no == kDead) return kDead;
    adapt(no, type_of(yes), at);
    adapt(yes, type_of(no), offset);
    (void)want(no, type_of(yes), at);
    args.push_back(no);
  }
  if (!expect(")")) return kDead;
  const Type type = type_of(yes);
  return make(Op::choice, type, std::move(args));
}

std::uint32_t ExpressionParser::coalesce(std::size_t offset) {
  std::vector<std::uint32_t> args;
  do {
    const std::size_t at = std::min(text_.find_first_not_of(kBlanks, at_), text_.size());
    const std::uint32_t arg = expression();
    if (arg == kDead) return kDead;
    if (!args.empty()) {
      adapt(arg, type_of(args.front()), at);
      (void)want(arg, type_of(args.front()), at);
    }
    args.push_back(arg);
  } while (take(","));
  if (!expect(")")) return kDead;
  if (args.size() < 2) mistake(offset, {"two arguments or more", "至少两个参数"});
  const Type type = type_of(args.front());
  return make(Op::coalesce, type, std::move(args));
}

std::uint32_t ExpressionParser::concat() {
  std::vector<std::uint32_t> args;
  do {
    const std::size_t at = std::min(text_.find_first_not_of(kBlanks, at_), text_.size());
    const std::uint32_t arg = expression();
    if (arg == kDead) return kDead;
    (void)want(arg, Type::text, at);
    args.push_back(arg);
  } while (take(","));
  breaks_ = true;
  return expect(")") ? make(Op::concat, Type::text, std::move(args)) : kDead;
}

std::uint32_t ExpressionParser::to_text() {
  const std::uint32_t arg = expression();
  return arg != kDead && expect(")") ? make(Op::to_text, Type::text, {arg}) : kDead;
}

std::optional<std::string> ExpressionParser::literal() {
  const std::string_view word = next();
  if (is_text(word)) return std::string(word.substr(1, word.size() - 2));
  (void)syntax({"a text in quotes", "带引号的文本"});
  return std::nullopt;
}

std::optional<DatePattern> ExpressionParser::pattern(bool& needs_zone) {
  const auto text = literal();
  if (!text) return std::nullopt;
  std::string problem;
  auto made = DatePattern::compile(*text, problem);
  if (!made) {
    (void)syntax({"a date pattern", "日期格式"}, same(*text + ": " + problem));
    return std::nullopt;
  }
  needs_zone = needs_zone || (made->may_have_clock() && !made->always_has_offset());
  return made;
}

std::uint32_t ExpressionParser::date() {
  const std::size_t at = std::min(text_.find_first_not_of(kBlanks, at_), text_.size());
  const std::uint32_t arg = expression();
  if (arg == kDead) return kDead;
  (void)want(arg, Type::text, at);
  Part part;
  part.op = Op::to_date;
  part.type = Type::time;
  part.args = {arg};
  part.zone_minutes = resolver_.zone().value_or(0);
  bool needs_zone = false;
  while (take(",")) {
    auto made = pattern(needs_zone);
    if (!made) return kDead;
    for (const DatePattern& other : part.patterns) {
      if (DatePattern::ambiguous(other, *made)) mistake(word_at(), {"patterns that no text can match both ways", "不会对同一文本产生两种解读的格式"}, same(other.text() + " | " + made->text()));
    }
    part.patterns.push_back(std::move(*made));
  }
  if (!expect(")")) return kDead;
  if (needs_zone && !resolver_.zone()) mistake(at, same("zone: \"+08:00\""));
  breaks_ = true;
  return add(std::move(part));
}

std::uint32_t ExpressionParser::format() {
  const std::size_t at = std::min(text_.find_first_not_of(kBlanks, at_), text_.size());
  const std::uint32_t arg = expression();
  if (arg == kDead || !expect(",")) return kDead;
  adapt(arg, Type::time, at);
  (void)want(arg, Type::time, at);
  Part part;
  part.op = Op::format;
  part.type = Type::text;
  part.args = {arg};
  part.zone_minutes = resolver_.zone().value_or(0);
  bool needs_zone = false;
  auto made = pattern(needs_zone);
  if (!made || !expect(")")) return kDead;
  if (needs_zone && !resolver_.zone()) mistake(at, same("zone: \"+08:00\""));
  part.patterns.push_back(std::move(*made));
  breaks_ = true;
  return add(std::move(part));
}

std::uint32_t ExpressionParser::lookup() {
  const auto catalogue = literal();
  if (!catalogue) return kDead;
  const auto& known = lookup_catalogues();
  if (std::find(known.begin(), known.end(), *catalogue) == known.end()) mistake(word_at(), one_of(known), did_you_mean(*catalogue, known));
  if (!expect(",")) return kDead;
  const std::size_t at = at_;
  const std::uint32_t key = expression();
  if (key == kDead || !expect(",")) return kDead;
  (void)want(key, Type::text, at);
  const auto member = literal();
  if (!member || !expect(")")) return kDead;
  Part part;
  part.op = Op::lookup;
  part.type = Type::text;
  part.args = {key};
  part.texts = {*catalogue, *member};
  breaks_ = true;
  return add(std::move(part));
}

/// `part_size("body")`, `part_digest("body", "sm3")`.
std::uint32_t ExpressionParser::part_fact(std::string_view name) {
  Part part;
  part.op = name == "part_size" ? Op::part_size : Op::part_digest;
  part.type = name == "part_size" ? Type::number : Type::text;
  const auto wanted = literal();
  if (!wanted) return kDead;
  part.texts.push_back(*wanted);
  if (part.op == Op::part_digest) {
    if (!expect(",")) return kDead;
    const auto algorithm = literal();
    if (!algorithm) return kDead;
    if (*algorithm != "sm3" && *algorithm != "sha256") mistake(word_at(), one_of({"sm3", "sha256"}));
    part.texts.push_back(*algorithm);
  }
  return expect(")") ? add(std::move(part)) : kDead;
}

std::uint32_t ExpressionParser::aggregate(std::string_view name, std::size_t offset) {
  struct Row { std::string_view name; Op op; };
  constexpr Row rows[] = {{"count", Op::count}, {"sum", Op::sum}, {"first", Op::first}, {"last", Op::last}, {"min", Op::least}, {"max", Op::most}, {"any", Op::any}, {"all", Op::all}, {"join", Op::join}};
  const auto* row = std::find_if(std::begin(rows), std::end(rows), [name](const Row& r) { return r.name == name; });
  Part part;
  part.op = row->op;
  part.list = std::make_unique<ExprList>();
  const std::string_view path = next();
  if (path.empty() || is_text(path) || kSigns.find(path.front()) != std::string_view::npos) return syntax({"a path to a list", "指向列表的路径"});
  if (!resolver_.enter_list(path, *part.list)) {
    mistake(word_at(), {"one path to a repeated element, or $field of a list of records", "指向重复元素的单个路径，或记录列表字段 $field"}, {"near: " + std::string(path), "位置：" + std::string(path)});
    return kDead;
  }
  bool good = true;
  if (part.op == Op::join) {
    good = expect(",");
    const auto separator = good ? literal() : std::nullopt;
    good = separator.has_value();
    if (good) part.texts.push_back(*separator);
  }
  const std::size_t at = std::min(text_.find_first_not_of(kBlanks, at_), text_.size());
  const bool condition = part.op == Op::any || part.op == Op::all;
  std::uint32_t inner = kDead;
  if (good && take(",")) {
    inner = expression();
    good = inner != kDead;
  } else if (good && part.op != Op::count && !condition && !part.list->field) {
    // The text of the element itself.
    inner = operand(".");
    if (part.op == Op::sum) {
      inner = make(Op::to_number, Type::number, {inner});
      breaks_ = true;
    }
  } else if (good && part.op != Op::count) {
    (void)next();
    (void)syntax({"a second argument about one element", "须有第二个参数，说明单个元素"});
    good = false;
  }
  resolver_.leave_list(*part.list);
  if (!good || !expect(")")) return kDead;
  part.type = condition ? Type::boolean : part.op == Op::count || part.op == Op::sum ? Type::number : part.op == Op::join ? Type::text : type_of(inner);
  if (inner != kDead) {
    part.args = {inner};
    if (condition || part.op == Op::count) (void)want(inner, Type::boolean, at);
    if (part.op == Op::sum) (void)want(inner, Type::number, at);
    if (part.op == Op::join) (void)want(inner, Type::text, at);
    const bool orders = part.op == Op::least || part.op == Op::most;
    if (orders && type_of(inner) != Type::number && type_of(inner) != Type::time) mistake(offset, {"numbers or times", "数值或时间"}, {"number(...) or date(...) reads a text", "number(...) 或 date(...) 可读取文本"});
  }
  breaks_ = breaks_ || part.op == Op::sum || part.op == Op::join;
  return add(std::move(part));
}

std::uint32_t ExpressionParser::site_call(std::string_view name, std::size_t offset) {
  const auto type_of_kind = [](ValueKind kind) { return kind == ValueKind::number ? Type::number : kind == ValueKind::time ? Type::time : kind == ValueKind::boolean ? Type::boolean : Type::text; };
  Part part;
  part.op = Op::call;
  part.function = resolver_.function(name);
  if (!part.function || !part.function->pure) {
    start_ = offset;
    return syntax(part.function ? Bilingual{"a pure function", "纯函数"} : Bilingual{"a function that the site has registered", "现场已注册的函数"},
                  part.function ? same(std::string(name)) : did_you_mean(name, resolver_.function_names()));
  }
  part.type = type_of_kind(part.function->gives);
  do {
    const std::size_t at = std::min(text_.find_first_not_of(kBlanks, at_), text_.size());
    const std::uint32_t arg = expression();
    if (arg == kDead) return kDead;
    if (part.args.size() < part.function->takes.size()) {
      const Type type = type_of_kind(part.function->takes[part.args.size()]);
      if (type == Type::time) adapt(arg, type, at);
      (void)want(arg, type, at);
    }
    part.args.push_back(arg);
  } while (take(","));
  if (!expect(")")) return kDead;
  if (part.args.size() != part.function->takes.size()) mistake(offset, {std::to_string(part.function->takes.size()) + " arguments", std::to_string(part.function->takes.size()) + " 个参数"});
  breaks_ = true;
  return add(std::move(part));
}

std::optional<Expression> Expression::compile(std::string_view text, NameResolver& resolver, std::vector<ExprMistake>& mistakes) {
  return ExpressionParser(text, resolver, mistakes).parse();
}

ExprType Expression::type() const noexcept { return parts_[root_].type; }

std::optional<std::vector<std::string>> Expression::literal_results() const {
  std::vector<std::string> results;
  std::vector<std::uint32_t> open = {root_};
  while (!open.empty()) {
    const Part& part = parts_[open.back()];
    open.pop_back();
    if (part.op == Op::literal && part.type == ExprType::text) results.push_back(part.texts.front());
    else if (part.op == Op::choice) open.insert(open.end(), part.args.begin() + 1, part.args.end());
    else if (part.op == Op::coalesce) open.insert(open.end(), part.args.begin(), part.args.end());
    else return std::nullopt;
  }
  return results;
}

bool Expression::asks_site() const noexcept {
  return std::any_of(parts_.begin(), parts_.end(), [](const Part& part) { return part.op == Op::lookup || part.op == Op::working_days || part.op == Op::add_working_days; });
}

std::vector<Ref> Expression::source_refs() const {
  std::vector<Ref> refs;
  // Frames of list elements hold what was walked last, which may be another message's.
  const auto inside = [this](const Ref& ref) {
    return ref.kind == Ref::Kind::node && std::any_of(parts_.begin(), parts_.end(), [&ref](const Part& part) { return part.list && !part.list->field && part.list->scope == ref.scope; });
  };
  for (const Part& part : parts_) std::copy_if(part.refs.begin(), part.refs.end(), std::back_inserter(refs), [&inside](const Ref& ref) { return !inside(ref); });
  return refs;
}

} // namespace tongqu::mapping::detail
