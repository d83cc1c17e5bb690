#include <algorithm>
#include <unordered_set>

#include "mapping/step_compilers.hpp"
#include "mapping/text_pattern.hpp"

/// Steps between texts and lists of texts.
namespace tongqu::mapping::detail {

void longest_first(std::vector<std::string>& separators) {
  std::stable_sort(separators.begin(), separators.end(), [](const std::string& a, const std::string& b) { return a.size() > b.size(); });
}

namespace {

constexpr std::size_t kItemsMax = 65535;

class Split final : public Step {
public:
  std::vector<std::string> separators;   ///< The longest first.
  std::string escape;                    ///< The character behind it is plain.
  bool keep_empty = false;
  StepOutcome run(Value& value, wire::Arena& arena) const override {
    const std::string_view text = value.text;
    value.list.clear();
    std::string unescaped;
    bool escaped = false;
    std::size_t start = 0;
    const auto item = [&](std::size_t end) {
      const std::string_view piece = text.substr(start, end - start);
      if (escaped) value.list.push_back(arena.store(unescaped + std::string(piece)));
      else if (!piece.empty() || keep_empty) value.list.push_back(piece);
      escaped = false;
      unescaped.clear();
    };
    for (std::size_t at = 0; at < text.size();) {
      if (!escape.empty() && text.substr(at, escape.size()) == escape && at + escape.size() < text.size()) {
        unescaped += text.substr(start, at - start);
        escaped = true;
        start = at + escape.size();
        at = start + character_at(text, start).bytes;
        continue;
      }
      const std::size_t cut = separator_at(text, at);
      if (cut == 0) {
        ++at;
        continue;
      }
      item(at);
      at += cut;
      start = at;
      if (value.list.size() > kItemsMax) return StepOutcome::malformed;
    }
    item(text.size());
    return StepOutcome::ok;
  }
  Bilingual expected() const override { return {"at most 65535 items", "至多 65535 项"}; }

private:
  std::size_t separator_at(std::string_view text, std::size_t at) const {
    for (const std::string& separator : separators) {
      if (text.substr(at, separator.size()) == separator) return separator.size();
    }
    return 0;
  }
};

/// Lengths of the parts; several ways are told apart by their sum.
class SplitCode final : public Step {
public:
  explicit SplitCode(std::vector<std::vector<unsigned>> ways) : ways_(std::move(ways)) {}
  StepOutcome run(Value& value, wire::Arena&) const override {
    std::vector<std::size_t> ends;
    for (std::size_t at = 0; at < value.text.size();) {
      at += character_at(value.text, at).bytes;
      ends.push_back(at);
    }
    for (const auto& lengths : ways_) {
      if (total(lengths) != ends.size()) continue;
      value.list.clear();
      std::size_t from = 0, characters = 0;
      for (const unsigned length : lengths) {
        characters += length;
        value.list.push_back(value.text.substr(from, ends[characters - 1] - from));
        from = ends[characters - 1];
      }
      return StepOutcome::ok;
    }
    return StepOutcome::malformed;
  }
  Bilingual expected() const override {
    std::string totals;
    for (const auto& lengths : ways_) totals += (totals.empty() ? "" : " | ") + std::to_string(total(lengths));
    return {totals + " characters", totals + " 个字符"};
  }
  static std::size_t total(const std::vector<unsigned>& lengths) {
    std::size_t sum = 0;
    for (const unsigned length : lengths) sum += length;
    return sum;
  }

private:
  std::vector<std::vector<unsigned>> ways_;
};

class Part final : public Step {
public:
  Part(unsigned number, bool absent_without) : number_(number), absent_without_(absent_without) { never_malforms = absent_without; }
  StepOutcome run(Value& value, wire::Arena&) const override {
    if (value.list.size() < number_) return absent_without_ ? StepOutcome::absent : StepOutcome::malformed;
    value.text = value.list[number_ - 1];
    value.list.clear();
    return StepOutcome::ok;
  }
  Bilingual expected() const override { return {"at least " + std::to_string(number_) + " parts", "至少 " + std::to_string(number_) + " 段"}; }

private:
  unsigned number_;
  bool absent_without_;
};

class End final : public Step {
public:
  explicit End(bool last) : last_(last) {}
  StepOutcome run(Value& value, wire::Arena&) const override {
    if (value.list.empty()) return StepOutcome::malformed;
    if (value.list.size() > 1) value.note(Note::values_left_out);
    value.text = last_ ? value.list.back() : value.list.front();
    value.list.clear();
    return StepOutcome::ok;
  }
  Bilingual expected() const override { return {"at least one item", "至少一项"}; }

private:
  bool last_;
};

class Count final : public Step {
public:
  StepOutcome run(Value& value, wire::Arena& arena) const override {
    value.text = arena.store(std::to_string(value.list.size()));
    value.list.clear();
    return StepOutcome::ok;
  }
};

class Join final : public Step {
public:
  explicit Join(std::string separator) : separator_(std::move(separator)) {}
  StepOutcome run(Value& value, wire::Arena& arena) const override {
    std::string all;
    for (std::size_t i = 0; i < value.list.size(); ++i) all.append(i == 0 ? "" : separator_).append(value.list[i]);
    value.text = arena.store(all);
    value.list.clear();
    return StepOutcome::ok;
  }

private:
  std::string separator_;
};

class Unique final : public Step {
public:
  StepOutcome run(Value& value, wire::Arena&) const override {
    std::unordered_set<std::string_view> seen;
    std::vector<std::string_view> kept;
    for (const std::string_view item : value.list) {
      if (seen.insert(item).second) kept.push_back(item);
    }
    value.repaired = value.repaired || kept.size() != value.list.size();
    value.list = std::move(kept);
    return StepOutcome::ok;
  }
};

std::vector<unsigned> lengths_of(const YamlNode& node) {
  std::vector<unsigned> list;
  for (const YamlNode& item : node.items) {
    const auto number = item.is_scalar() ? small_number(item.text, 1, 10000) : std::nullopt;
    if (!number) return {};
    list.push_back(*number);
  }
  return list;
}

} // namespace

StepPtr compile_split(const YamlNode& argument, StepBuild& build) {
  auto split = std::make_unique<Split>();
  const YamlNode* by = &argument;
  if (argument.is_mapping()) {
    if (!check_keys(argument, {"by", "escape", "empty"}, build.subject, build.mistakes)) return nullptr;
    by = argument.find("by");
    if (by == nullptr) {
      build.mistakes.add(Errc::mapping_missing_key, argument, build.subject + ".by");
      return nullptr;
    }
    if (const YamlNode* empty = argument.find("empty"); empty != nullptr) {
      split->keep_empty = empty->text == "keep";
      if (!split->keep_empty) (void)wrong(*empty, build, one_of({"keep"}));
    }
    split->escape = member_text(argument, "escape", Need::optional, build.subject, build.mistakes).value_or("");
  }
  split->separators = texts(*by, build.subject, build.mistakes);
  const auto empty = [](const std::string& text) { return text.empty(); };
  if (split->separators.empty() || std::any_of(split->separators.begin(), split->separators.end(), empty)) return wrong(argument, build, {"a separator, or a list of them", "一个或多个分隔符"});
  longest_first(split->separators);
  return split;
}

StepPtr compile_split_code(const YamlNode& argument, StepBuild& build) {
  const Bilingual hint{"lengths such as [31, 2], or several such lists with different sums", "各段长度，如 [31, 2]，或若干总长不同的此类列表"};
  if (!argument.is_sequence() || argument.items.empty()) return wrong(argument, build, hint);
  std::vector<std::vector<unsigned>> ways;
  if (argument.items[0].is_scalar()) {
    ways.push_back(lengths_of(argument));
  } else {
    for (const YamlNode& item : argument.items) ways.push_back(item.is_sequence() ? lengths_of(item) : std::vector<unsigned>());
  }
  std::unordered_set<std::size_t> sums;
  for (const auto& way : ways) {
    if (way.empty() || !sums.insert(SplitCode::total(way)).second) return wrong(argument, build, hint);
  }
  return std::make_unique<SplitCode>(std::move(ways));
}

StepPtr compile_part(const YamlNode& argument, StepBuild& build) {
  const YamlNode* number_node = argument.is_mapping() ? argument.find("n") : &argument;
  const auto number = number_node != nullptr && number_node->is_scalar() ? small_number(number_node->text, 1, 100) : std::nullopt;
  bool absent = false;
  if (argument.is_mapping() && check_keys(argument, {"n", "else"}, build.subject, build.mistakes)) {
    const YamlNode* otherwise = argument.find("else");
    absent = otherwise != nullptr && otherwise->text == "absent";
    if (otherwise != nullptr && !absent) return wrong(*otherwise, build, one_of({"absent"}));
  }
  if (!number) return wrong(argument, build, {"a number from 1", "从 1 起的序号"});
  return std::make_unique<Part>(*number, absent);
}

StepPtr compile_first(const YamlNode& argument, StepBuild& build) { return no_argument(argument, build) ? std::make_unique<End>(false) : nullptr; }
StepPtr compile_last(const YamlNode& argument, StepBuild& build) { return no_argument(argument, build) ? std::make_unique<End>(true) : nullptr; }
StepPtr compile_count(const YamlNode& argument, StepBuild& build) { return no_argument(argument, build) ? std::make_unique<Count>() : nullptr; }
StepPtr compile_unique(const YamlNode& argument, StepBuild& build) { return no_argument(argument, build) ? std::make_unique<Unique>() : nullptr; }
StepPtr compile_join(const YamlNode& argument, StepBuild& build) {
  if (!argument.is_scalar()) return wrong(argument, build, {"a separator", "分隔符"});
  return std::make_unique<Join>(argument.text);
}

} // namespace tongqu::mapping::detail
