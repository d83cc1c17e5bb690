#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mapping/rule.hpp"

namespace tongqu::mapping::detail {

/// A value on its way back through the steps of a rule, from the last to the first. It owns its text.
struct Back {
  ValueType type = ValueType::text;
  std::string text;                         ///< text, bytes, decimal, integer, quantity.
  model::Time time;
  bool unlimited = false;
  model::Quantity::Unit unit = model::Quantity::Unit::none;
  std::vector<std::string> list;
  /// One of the parts that `split_code` cuts: the rest of the text comes from other rules.
  struct Part { std::vector<unsigned> lengths; unsigned number = 0; };
  std::optional<Part> part;
};

/// One step turned round. Immutable and safe from several threads.
class InverseStep {
public:
  virtual ~InverseStep() = default;
  /// Appends what may have gone into the step, the preferred form first; nothing when no text gives this value.
  virtual void run(const Back& value, std::vector<Back>& out) const = 0;
};

/// The way back through the steps of one rule.
class InverseSteps {
public:
  /// More forms than a rule has patterns are never needed; a bound all the same.
  static constexpr std::size_t kFormsMax = 64;

  /// Compiles the inverse of every step.
  /// @param dates  Date patterns that are to be written, when the rule reads them; empty for the order of the rule.
  /// @return  The name of the first step that has none, or nothing when all is well.
  std::optional<std::string> compile(const Rule& rule, std::int16_t zone_minutes, const std::vector<std::string>& dates);

  /// Texts that may have stood in the message, the preferred one first.
  std::vector<Back> run(const Back& value) const;

private:
  std::vector<std::unique_ptr<InverseStep>> steps_;   ///< In the order of running: the last step of the rule first.
};

/// The inverse of a step, null when it has none. The registry's column says the same; a test holds the two together.
std::unique_ptr<InverseStep> invert(const Step& step, std::int16_t zone_minutes, const std::vector<std::string>& dates);

/// Patterns of a step `date`; empty for other steps.
std::vector<std::string> date_forms(const Step& step);

/// Runs the steps of a rule forwards over one text, as a message would. Nothing when a step refuses it or says "no value".
std::optional<Value> run_forwards(const Rule& rule, std::string_view text, wire::Arena& arena);

} // namespace tongqu::mapping::detail
