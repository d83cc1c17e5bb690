#include <algorithm>

#include "mapping/step_compilers.hpp"
#include "mapping/text_pattern.hpp"

/// Steps that look at the form of a text: match, classify, form, extract, replace, one_of.
namespace tongqu::mapping::detail {
namespace {

constexpr std::size_t kRowsMax = 200;

std::optional<TextPattern> pattern_of(const YamlNode& node, const StepBuild& build, bool small) {
  std::string problem;
  if (!node.is_scalar()) {
    (void)wrong(node, build, {"a pattern", "模式"});
    return std::nullopt;
  }
  auto made = small ? TextPattern::compile_small(node.text, problem) : TextPattern::compile(node.text, problem);
  if (!made) build.mistakes.add(Errc::mapping_wrong_shape, node, build.subject, same(problem));
  return made;
}

/// A result with `{name}` for what was captured; `{{` is a brace.
struct Template {
  struct Piece { std::string text; std::size_t group = 0; };
  std::vector<Piece> pieces;

  /// Answers false when it names a group that the pattern does not have.
  bool compile(std::string_view text, const TextPattern& pattern) {
    std::string plain;
    for (std::size_t at = 0; at < text.size(); ++at) {
      const bool doubled = text[at] == '{' && text.substr(at, 2) == "{{";
      if (text[at] != '{' || doubled) {
        plain += text[at];
        at += doubled ? 1 : 0;
        continue;
      }
      const std::size_t end = text.find('}', at);
      const std::size_t group = end == std::string_view::npos ? 0 : pattern.group(text.substr(at + 1, end - at - 1));
      if (group == 0) return false;
      pieces.push_back({std::move(plain), group});
      plain.clear();
      at = end;
    }
    pieces.push_back({std::move(plain), 0});
    return true;
  }
  std::string fill(const TextPattern::Groups& groups) const {
    std::string out;
    for (const Piece& piece : pieces) {
      out += piece.text;
      if (piece.group != 0) out += groups[piece.group];
    }
    return out;
  }
};

/// The first pattern that reads the whole text says what comes out.
class Match final : public Step {
public:
  struct Row { TextPattern pattern; Template result; };
  std::vector<Row> rows;
  StepOutcome run(Value& value, wire::Arena& arena) const override {
    TextPattern::Groups groups;
    for (const Row& row : rows) {
      if (row.pattern.whole(value.text, &groups) != TextPattern::Answer::yes) continue;
      value.text = arena.store(row.result.fill(groups));
      return StepOutcome::ok;
    }
    return StepOutcome::malformed;
  }
  Bilingual expected() const override {
    std::string forms;
    for (const Row& row : rows) forms += (forms.empty() ? "" : " | ") + row.pattern.text();
    return {"a text in one of the forms " + forms, "符合下列形式之一的文本：" + forms};
  }
};

/// What a text that does not fit means.
enum class Otherwise : std::uint8_t { fault, absent };

StepOutcome unfit(Otherwise otherwise, Value& value) {
  if (otherwise == Otherwise::fault) return StepOutcome::malformed;
  value.fault = Errc::mapping_dropped;
  return StepOutcome::absent;
}

class Form final : public Step {
public:
  Form(TextPattern pattern, Otherwise otherwise) : pattern_(std::move(pattern)), otherwise_(otherwise) { never_malforms = otherwise == Otherwise::absent; }
  StepOutcome run(Value& value, wire::Arena&) const override {
    return pattern_.whole(value.text) == TextPattern::Answer::yes ? StepOutcome::ok : unfit(otherwise_, value);
  }
  Bilingual expected() const override { return {"a text in the form " + pattern_.text(), "形式为 " + pattern_.text() + " 的文本"}; }

private:
  TextPattern pattern_;
  Otherwise otherwise_;
};

class Extract final : public Step {
public:
  Extract(TextPattern pattern, std::size_t group, Otherwise otherwise) : pattern_(std::move(pattern)), group_(group), otherwise_(otherwise) { never_malforms = otherwise == Otherwise::absent; }
  StepOutcome run(Value& value, wire::Arena&) const override {
    TextPattern::Groups groups;
    if (pattern_.search(value.text, &groups) != TextPattern::Answer::yes || groups[group_].data() == nullptr) return unfit(otherwise_, value);
    if (groups[group_].size() != value.text.size()) value.repaired = true;
    value.text = groups[group_];
    return StepOutcome::ok;
  }
  Bilingual expected() const override { return {"a text that holds " + pattern_.text(), "含有 " + pattern_.text() + " 的文本"}; }

private:
  TextPattern pattern_;
  std::size_t group_;
  Otherwise otherwise_;
};

class Replace final : public Step {
public:
  std::vector<std::pair<std::string, std::string>> pairs;
  StepOutcome run(Value& value, wire::Arena& arena) const override {
    std::string out;
    bool changed = false;
    for (std::size_t at = 0; at < value.text.size();) {
      const auto here = [&](const auto& pair) { return value.text.substr(at, pair.first.size()) == pair.first; };
      const auto found = std::find_if(pairs.begin(), pairs.end(), here);
      if (found == pairs.end()) {
        out += value.text[at++];
        continue;
      }
      out += found->second;
      at += found->first.size();
      changed = true;
    }
    if (!changed) return StepOutcome::ok;
    value.text = arena.store(out);
    value.repaired = true;
    return StepOutcome::ok;
  }
};

class OneOf final : public Step {
public:
  explicit OneOf(std::vector<std::string> texts) : texts_(std::move(texts)) {}
  StepOutcome run(Value& value, wire::Arena&) const override {
    return std::find(texts_.begin(), texts_.end(), value.text) == texts_.end() ? StepOutcome::malformed : StepOutcome::ok;
  }
  Bilingual expected() const override {
    std::vector<std::string_view> views(texts_.begin(), texts_.end());
    return one_of(views);
  }

private:
  std::vector<std::string> texts_;
};

StepPtr rows_of(const YamlNode& argument, StepBuild& build, bool small) {
  if (!argument.is_mapping() || argument.members.empty() || argument.members.size() > kRowsMax) {
    return wrong(argument, build, {"patterns and what each gives", "若干模式及其结果"});
  }
  auto step = std::make_unique<Match>();
  bool everything = false;
  for (const auto& [key, result] : argument.members) {
    auto pattern = pattern_of(key, build, small);
    if (!pattern || !scalar(result, build.subject, build.mistakes)) continue;
    if (everything) build.mistakes.add(Errc::mapping_wrong_shape, key, build.subject, {"nothing after the pattern that takes every text", "匹配一切文本的模式之后不应再有模式"});
    everything = everything || key.text == (small ? "*" : ".*");
    Template made;
    if (!made.compile(result.text, *pattern)) build.mistakes.add(Errc::mapping_wrong_shape, result, build.subject, {"{name} of the pattern", "模式中的 {name}"});
    step->rows.push_back({std::move(*pattern), std::move(made)});
  }
  return step;
}

/// `PATTERN` or `{pattern: PATTERN, else: absent, …}`.
struct PatternArgument {
  std::optional<TextPattern> pattern;
  Otherwise otherwise = Otherwise::fault;
  std::size_t group = 0;
};
PatternArgument pattern_argument(const YamlNode& argument, const std::vector<std::string_view>& keys, const StepBuild& build) {
  PatternArgument made;
  if (!argument.is_mapping()) {
    made.pattern = pattern_of(argument, build, false);
    return made;
  }
  if (!check_keys(argument, keys, build.subject, build.mistakes)) return made;
  const YamlNode* pattern = argument.find("pattern");
  if (pattern == nullptr) build.mistakes.add(Errc::mapping_missing_key, argument, build.subject + ".pattern");
  else made.pattern = pattern_of(*pattern, build, false);
  if (const YamlNode* otherwise = argument.find("else"); otherwise != nullptr) {
    if (otherwise->text != "absent") (void)wrong(*otherwise, build, one_of({"absent"}));
    made.otherwise = Otherwise::absent;
  }
  if (const YamlNode* group = argument.find("group"); group != nullptr && made.pattern) {
    made.group = made.pattern->group(group->text);
    if (made.group == 0) build.mistakes.add(Errc::mapping_wrong_shape, *group, build.subject + ".group", {"a named group of the pattern", "模式中的命名分组"});
  }
  return made;
}

} // namespace

StepPtr compile_match(const YamlNode& argument, StepBuild& build) { return rows_of(argument, build, true); }
StepPtr compile_classify(const YamlNode& argument, StepBuild& build) { return rows_of(argument, build, false); }

StepPtr compile_form(const YamlNode& argument, StepBuild& build) {
  auto made = pattern_argument(argument, {"pattern", "else"}, build);
  return made.pattern ? std::make_unique<Form>(std::move(*made.pattern), made.otherwise) : nullptr;
}

StepPtr compile_extract(const YamlNode& argument, StepBuild& build) {
  auto made = pattern_argument(argument, {"pattern", "group", "else"}, build);
  if (!made.pattern) return nullptr;
  if (made.group == 0 && made.pattern->group_count() != 0) made.group = 1;
  return std::make_unique<Extract>(std::move(*made.pattern), made.group, made.otherwise);
}

StepPtr compile_replace(const YamlNode& argument, StepBuild& build) {
  if (!argument.is_mapping() || argument.members.empty() || argument.members.size() > kRowsMax) return wrong(argument, build, {"{text: replacement}", "{原文: 替换文本}"});
  auto step = std::make_unique<Replace>();
  for (const auto& [from, to] : argument.members) {
    if (from.text.empty()) (void)wrong(from, build, {"a text", "文本"});
    if (scalar(to, build.subject, build.mistakes) && !from.text.empty()) step->pairs.emplace_back(from.text, to.text);
  }
  return step;
}

StepPtr compile_one_of(const YamlNode& argument, StepBuild& build) {
  if (!argument.is_sequence() || argument.items.empty()) return wrong(argument, build, {"a list of texts", "文本列表"});
  return std::make_unique<OneOf>(texts(argument, build.subject, build.mistakes));
}

} // namespace tongqu::mapping::detail
