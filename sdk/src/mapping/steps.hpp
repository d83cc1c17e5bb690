#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mapping/yaml_reader.hpp"
#include "tongqu/model/values.hpp"
#include "tongqu/wire/document.hpp"

namespace tongqu::mapping::detail {

enum class ValueType : std::uint8_t { text, bytes, time, decimal, integer, quantity, text_list };
std::string_view value_type_name(ValueType type) noexcept;

/// A value on its way through the steps of a rule. Views point into the document or the arena.
struct Value {
  ValueType type = ValueType::text;
  std::string_view text;                 ///< text, bytes, decimal, integer, quantity.
  model::Time time;
  bool unlimited = false;                ///< A sentinel said so; `time` means nothing then.
  model::Quantity::Unit unit = model::Quantity::Unit::none;
  std::vector<std::string_view> list;
  bool repaired = false;                 ///< A step changed more than ASCII blanks at the ends.
};

/// Whether a step can be turned round when a mapping writes back (docs/reference/mapping-reverse.md); the inverses stand in reverse/.
enum class Inverse : std::uint8_t {
  none,       ///< What went in cannot be told from what came out.
  canonical,  ///< Several texts give one value; one of them is written.
  exact,      ///< One text for each value.
};

enum class StepOutcome : std::uint8_t { ok, absent, placeholder, malformed, range };

/// One compiled step; immutable and safe from several threads.
class Step {
public:
  virtual ~Step() = default;
  virtual StepOutcome run(Value& value, wire::Arena& arena) const = 0;
  /// What the step can read, for findings.
  virtual Bilingual expected() const { return {}; }

  std::string_view name;
  ValueType takes = ValueType::text;
  ValueType gives = ValueType::text;
  bool can_malform = false;
  bool can_exceed = false;
  int quirk = 0;
  std::shared_ptr<const YamlNode> argument;   ///< As written, for the way back; null for steps that the compiler adds.
  std::shared_ptr<const YamlNode> sentinels;  ///< Beside `date`.
};
using Steps = std::vector<std::unique_ptr<Step>>;

/// What compiling a step needs beside its argument.
struct StepBuild {
  const Mistakes& mistakes;
  std::string subject;
  std::optional<std::int16_t> zone_minutes;
  const YamlNode* sentinels = nullptr;   ///< Beside `date`.
};

/// One row per step of the language.
struct StepRow {
  std::string_view name;
  ValueType takes, gives;
  bool can_malform, can_exceed;
  int quirk;                             ///< Legacy quirk that a fault of this step shows, 0 for none.
  std::unique_ptr<Step> (*compile)(const YamlNode& argument, StepBuild& build);
  Inverse inverse = Inverse::none;
};
const std::vector<StepRow>& step_registry();
std::vector<std::string_view> step_names();

/// Compiles one step by name; null after reporting.
std::unique_ptr<Step> compile_step(const YamlNode& key, const YamlNode& argument, StepBuild& build);
/// Steps that the compiler adds by itself: "integer", "decimal", "canonical_time".
std::unique_ptr<Step> implied_step(std::string_view name);

/// Whether a step that takes `takes` accepts a value of type `given`.
bool accepts(ValueType takes, ValueType given) noexcept;

/// Texts that stand for "no value", with the empty text.
class NullTexts {
public:
  explicit NullTexts(std::vector<std::string> texts) : texts_(std::move(texts)) {}
  bool holds(std::string_view text) const noexcept;
private:
  std::vector<std::string> texts_;
};

} // namespace tongqu::mapping::detail
