#include "mapping/reverse/inverse.hpp"

#include <algorithm>
#include <functional>

#include "mapping/date_pattern.hpp"
#include "mapping/reverse/inverse_written.hpp"
#include "tongqu/base/bytes.hpp"
#include "tongqu/wire/encoding.hpp"

namespace tongqu::mapping::detail {
namespace {

using Precision = model::Time::Precision;
using InversePtr = std::unique_ptr<InverseStep>;

/// What the step gave is a text that the step would have left alone: trim, fold, null_if, upper, decimal … Whether it really would is
/// asked afterwards, by running the rule forwards.
class Same final : public InverseStep {
public:
  explicit Same(ValueType takes) : takes_(takes) {}
  void run(const Back& value, std::vector<Back>& out) const override {
    out.push_back(value);
    if (value.type != ValueType::text_list) out.back().type = takes_;
  }

private:
  ValueType takes_;
};

class Unaffix final : public InverseStep {
public:
  Unaffix(std::string affix, bool front) : affix_(std::move(affix)), front_(front) {}
  void run(const Back& value, std::vector<Back>& out) const override {
    if (value.text.size() < affix_.size()) return;
    const std::size_t rest = value.text.size() - affix_.size();
    if (value.text.compare(front_ ? 0 : rest, affix_.size(), affix_) != 0) return;
    out.push_back(value);
    out.back().text = front_ ? value.text.substr(affix_.size()) : value.text.substr(0, rest);
  }

private:
  std::string affix_;
  bool front_;
};

class Undate final : public InverseStep {
public:
  std::vector<DatePattern> patterns;         ///< In the order of preference.
  std::vector<std::string> unlimited;
  std::int16_t zone_minutes = 0;

  void run(const Back& value, std::vector<Back>& out) const override {
    if (value.unlimited) {
      for (const std::string& text : unlimited) put(text, out);
      return;
    }
    for (const DatePattern& pattern : patterns) {
      model::Time time = value.time;
      const bool turn = time.has_clock() && !pattern.always_has_offset() && time.offset_minutes != zone_minutes;
      if (turn) time = local_time(to_epoch_ms(time.utc()), zone_minutes, time.precision);
      std::string text;
      if (pattern.write(time, text)) put(text, out);
    }
  }

private:
  static void put(const std::string& text, std::vector<Back>& out) {
    out.emplace_back();
    out.back().text = text;
  }
};

class Unepoch final : public InverseStep {
public:
  Unepoch(std::string unit, std::int16_t zone_minutes) : unit_(std::move(unit)), zone_minutes_(zone_minutes) {}
  void run(const Back& value, std::vector<Back>& out) const override {
    if (value.unlimited || !value.time.has_clock()) return;
    const std::int64_t millis = to_epoch_ms(value.time.utc());
    if (millis < 0) return;
    const auto put = [&out](std::string text) {
      out.emplace_back();
      out.back().text = std::move(text);
    };
    if (unit_ == "s" || unit_ == "auto") put(std::to_string(millis / 1000));
    if (unit_ == "ms" || unit_ == "auto") put(std::to_string(millis));
    if (unit_ == "json") put("/Date(" + std::to_string(millis) + offset() + ")/");
  }

private:
  std::string offset() const {
    const int minutes = zone_minutes_ < 0 ? -zone_minutes_ : zone_minutes_;
    std::string text = zone_minutes_ < 0 ? "-" : "+";
    for (const int part : {minutes / 60, minutes % 60}) text += (part < 10 ? "0" : "") + std::to_string(part);
    return text;
  }
  std::string unit_;
  std::int16_t zone_minutes_;
};

/// Steps over decimals that are their own inverse with another argument.
class Unscale final : public InverseStep {
public:
  explicit Unscale(StepRow row, const YamlNode& argument, StepBuild& build) : step_(row.compile(argument, build)) {}
  void run(const Back& value, std::vector<Back>& out) const override {
    wire::Arena arena;
    Value there;
    there.type = ValueType::decimal;
    there.text = value.text;
    if (!step_ || step_->run(there, arena) != StepOutcome::ok) return;
    out.push_back(value);
    out.back().text = std::string(there.text);
    out.back().type = ValueType::decimal;
  }

private:
  std::unique_ptr<Step> step_;
};

class Unstrip final : public InverseStep {
public:
  explicit Unstrip(std::string unit) : unit_(std::move(unit)) {}
  void run(const Back& value, std::vector<Back>& out) const override {
    out.push_back(value);
    out.back().type = ValueType::text;
    out.back().text += unit_;
  }

private:
  std::string unit_;
};

class Ununit final : public InverseStep {
public:
  explicit Ununit(model::Quantity::Unit unit) : unit_(unit) {}
  void run(const Back& value, std::vector<Back>& out) const override {
    if (value.unit != unit_) return;
    out.push_back(value);
    out.back().type = ValueType::decimal;
    out.back().unit = model::Quantity::Unit::none;
  }

private:
  model::Quantity::Unit unit_;
};

class Join final : public InverseStep {
public:
  explicit Join(std::string separator) : separator_(std::move(separator)) {}
  void run(const Back& value, std::vector<Back>& out) const override {
    out.emplace_back();
    for (std::size_t i = 0; i < value.list.size(); ++i) out.back().text += (i == 0 ? "" : separator_) + value.list[i];
  }

private:
  std::string separator_;
};

/// The text that a part was cut from holds more than this rule knows, so the part goes on with its place.
class Unpart final : public InverseStep {
public:
  explicit Unpart(unsigned number) : number_(number) {}
  void run(const Back& value, std::vector<Back>& out) const override {
    out.push_back(value);
    out.back().part = Back::Part{{}, number_};
  }

private:
  unsigned number_;
};

class UnsplitCode final : public InverseStep {
public:
  explicit UnsplitCode(std::vector<unsigned> lengths) : lengths_(std::move(lengths)) {}
  void run(const Back& value, std::vector<Back>& out) const override {
    if (!value.part || value.part->number == 0 || value.part->number > lengths_.size()) return;
    if (utf8_length(value.text) != lengths_[value.part->number - 1]) return;
    out.push_back(value);
    out.back().type = ValueType::text;
    out.back().part->lengths = lengths_;
  }

private:
  std::vector<unsigned> lengths_;
};

class Unbase64 final : public InverseStep {
public:
  void run(const Back& value, std::vector<Back>& out) const override {
    if (value.part) return;
    out.emplace_back();
    out.back().text = to_base64(value.text);
  }
};

class Ungbk final : public InverseStep {
public:
  void run(const Back& value, std::vector<Back>& out) const override {
    auto bytes = value.part ? Result<std::string>(Error(Errc::wire_encoding_unmappable)) : wire::encode(value.text, wire::Encoding::gb18030);
    if (!bytes) return;
    out.emplace_back();
    out.back().type = ValueType::bytes;
    out.back().text = std::move(*bytes);
  }
};

std::vector<std::string> words(const YamlNode* node) {
  std::vector<std::string> list;
  if (node == nullptr) return list;
  if (node->is_scalar()) list.push_back(node->text);
  for (const YamlNode& item : node->items) list.push_back(item.text);
  return list;
}

} // namespace

std::vector<std::string> date_forms(const Step& step) {
  if (step.name != "date" || !step.argument) return {};
  return words(step.argument->is_mapping() ? step.argument->find("patterns") : step.argument.get());
}

std::vector<std::string> unlimited_texts(const Step& step) {
  std::vector<std::string> plain, wild;
  if (step.sentinels == nullptr) return plain;
  for (std::string& text : words(step.sentinels->find("unlimited"))) {
    const bool is_wild = text.size() > 1 && text.back() == '*';
    if (is_wild) text.pop_back();
    (is_wild ? wild : plain).push_back(std::move(text));
  }
  plain.insert(plain.end(), wild.begin(), wild.end());
  return plain;
}

namespace {

InversePtr undate(const Step& step, std::int16_t zone_minutes, const std::vector<std::string>& dates) {
  auto made = std::make_unique<Undate>();
  made->zone_minutes = zone_minutes;
  std::vector<std::string> known = date_forms(step);
  std::vector<std::string> wanted;
  for (const std::string& text : dates) {
    if (std::find(known.begin(), known.end(), text) != known.end()) wanted.push_back(text);
  }
  for (const std::string& text : wanted.empty() ? known : wanted) {
    std::string problem;
    if (auto pattern = DatePattern::compile(text, problem)) made->patterns.push_back(std::move(*pattern));
  }
  made->unlimited = unlimited_texts(step);
  return made;
}

InversePtr unscale(const Step& step) {
  for (const StepRow& row : step_registry()) {
    if (row.name != "scale") continue;
    YamlNode turned = *step.argument;
    turned.text = turned.text.substr(0, 1) == "-" ? turned.text.substr(1) : "-" + turned.text;
    Findings ignored;
    const Mistakes mistakes(ignored, {});
    StepBuild build{mistakes, {}, std::nullopt, nullptr};
    return std::make_unique<Unscale>(row, turned, build);
  }
  return nullptr;
}

std::vector<unsigned> lengths_of(const YamlNode& node) {
  std::vector<unsigned> lengths;
  for (const YamlNode& item : node.items) lengths.push_back(small_number(item.text, 1, 10000).value_or(1));
  return lengths;
}

} // namespace

InversePtr invert(const Step& step, std::int16_t zone_minutes, const std::vector<std::string>& dates) {
  static constexpr std::string_view kSame[] = {"trim", "strip", "fold", "null_if", "upper", "lower", "join_lines", "decimal", "integer", "upgrade_id15", "length_max",
                                              "length_min", "keep", "mojibake", "identifier", "form", "one_of", "range", "content", "unique"};
  if (std::find(std::begin(kSame), std::end(kSame), step.name) != std::end(kSame)) return std::make_unique<Same>(step.takes);
  if (auto written = invert_written(step, zone_minutes)) return written;
  if (!step.argument) return nullptr;
  const YamlNode& argument = *step.argument;
  if (step.name == "prefix" || step.name == "suffix") return std::make_unique<Unaffix>(argument.text, step.name == "prefix");
  if (step.name == "date") return undate(step, zone_minutes, dates);
  if (step.name == "epoch") return std::make_unique<Unepoch>(argument.is_mapping() && argument.find("unit") != nullptr ? argument.find("unit")->text : argument.text, zone_minutes);
  if (step.name == "scale") return unscale(step);
  if (step.name == "strip_unit") {
    const auto units = words(&argument);
    return units.empty() ? nullptr : std::make_unique<Unstrip>(units.front());
  }
  if (step.name == "unit") return std::make_unique<Ununit>(model::unit_from_name(argument.text).value_or(model::Quantity::Unit::none));
  if (step.name == "split") {
    const auto separators = words(argument.is_mapping() ? argument.find("by") : &argument);
    return separators.empty() ? nullptr : std::make_unique<Join>(separators.front());
  }
  if (step.name == "split_code") return std::make_unique<UnsplitCode>(lengths_of(argument));
  if (step.name == "part") return std::make_unique<Unpart>(small_number(argument.text, 1, 100).value_or(1));
  if (step.name == "base64") return std::make_unique<Unbase64>();
  if (step.name == "gbk") return std::make_unique<Ungbk>();
  if (step.name == "utf8") return std::make_unique<Same>(ValueType::bytes);
  return nullptr;
}

std::optional<std::string> InverseSteps::compile(const Rule& rule, std::int16_t zone_minutes, const std::vector<std::string>& dates) {
  steps_.clear();
  for (std::size_t i = rule.steps.size(); i-- > 0;) {
    const Step& step = *rule.steps[i];
    // A part of a text that was split at a sign could have stood beside anything; a code cut by lengths is put together again.
    const bool loose_part = step.name == "part" && (i == 0 || rule.steps[i - 1]->name != "split_code");
    const bool whole_list = step.name == "split_code" && (i + 1 == rule.steps.size() || rule.steps[i + 1]->name != "part");
    auto made = loose_part || whole_list ? nullptr : invert(step, zone_minutes, dates);
    if (!made) return std::string(step.name);
    steps_.push_back(std::move(made));
  }
  return std::nullopt;
}

std::vector<Back> InverseSteps::run(const Back& value) const {
  std::vector<Back> forms{value};
  for (const auto& step : steps_) {
    std::vector<Back> next;
    for (const Back& form : forms) {
      if (next.size() < kFormsMax) step->run(form, next);
    }
    forms = std::move(next);
  }
  return forms;
}

std::optional<Value> run_forwards(const Rule& rule, std::string_view text, wire::Arena& arena) {
  Value value;
  value.text = text;
  for (const auto& step : rule.steps) {
    if (value.type == ValueType::text_list && step->takes == ValueType::text) {
      for (std::string_view& item : value.list) {
        value.text = item;
        if (step->run(value, arena) != StepOutcome::ok) return std::nullopt;
        item = value.text;
      }
      continue;
    }
    if (step->run(value, arena) != StepOutcome::ok) return std::nullopt;
    value.type = step->gives;
  }
  return value;
}

} // namespace tongqu::mapping::detail
