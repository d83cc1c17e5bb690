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

/// What a step did to a value, or saw in it, that must be said beyond "normalised"; one bit each in Value::notes.
enum class Note : std::uint8_t {
  invisible_removed, mojibake, mojibake_repaired, half_character, text_cut, identifier_as_number, written_number, century_assumed, values_left_out, time_cut,
};
constexpr std::size_t kNoteCount = 10;
struct NoteRow { Errc id; Severity severity; int quirk; bool changes; };  ///< changes: the value is another than the one sent.
const NoteRow& note_row(Note note) noexcept;

/// A value on its way through the steps of a rule. Views point into the document or the arena.
struct Value {
  ValueType type = ValueType::text;
  std::string_view text;                 ///< text, bytes, decimal, integer, quantity.
  model::Time time;
  bool unlimited = false;                ///< A sentinel said so; `time` means nothing then.
  model::Quantity::Unit unit = model::Quantity::Unit::none;
  std::vector<std::string_view> list;
  bool repaired = false;                 ///< A step changed more than ASCII blanks at the ends.
  bool number_token = false;             ///< It was sent as a JSON number, not as a text.
  std::uint32_t notes = 0;               ///< Bits of Note.
  std::uint32_t removed = 0;             ///< Invisible characters taken out.
  Errc fault = Errc::none;               ///< What is wrong, when a step says `malformed` and knows better than mapping.malformed.

  void note(Note what) noexcept { notes |= 1u << static_cast<unsigned>(what); }
  bool has(Note what) const noexcept { return (notes >> static_cast<unsigned>(what) & 1u) != 0; }
  /// Whether the steps made another value of what was sent.
  bool changed() const noexcept;
  void start(std::string_view sent) noexcept {
    type = ValueType::text;
    text = sent;
    unlimited = repaired = number_token = false;
    unit = model::Quantity::Unit::none;
    list.clear();
    notes = removed = 0;
    fault = Errc::none;
  }
};

/// Whether a step can be turned round when a mapping writes back (docs/reference/mapping-reverse.md); the inverses stand in reverse/.
enum class Inverse : std::uint8_t {
  none,       ///< What went in cannot be told from what came out.
  canonical,  ///< Several texts give one value; one of them is written.
  exact,      ///< One text for each value.
};

enum class StepOutcome : std::uint8_t { ok, absent, placeholder, malformed, range };

class NullTexts;

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
  bool never_malforms = false;  ///< As this one was written; overrides its row.
  bool keeps_type = false;      ///< Gives what it was given: checks of numbers.
  /// Steps of texts that most texts pass as they are, without a word: idle_steps() tells those texts without running the step.
  enum class Idle : std::uint8_t { never, plain_ends, no_placeholder, narrow, no_lower, no_upper } idle = Idle::never;
  const NullTexts* nulls = nullptr;   ///< no_placeholder.
};
/// Rules of one type have its steps in common.
using Steps = std::vector<std::shared_ptr<const Step>>;

/// What bytes are, by what they begin with, never by a name: "pdf", "jpeg", "text", "empty", "unknown" (see `sniff`).
std::string_view content_kind(std::string_view bytes);

/// What compiling a step needs beside its argument.
struct StepBuild {
  const Mistakes& mistakes;
  std::string subject;
  std::optional<std::int16_t> zone_minutes;
  const YamlNode* sentinels = nullptr;   ///< Beside `date`.
};

/// What the reference says about a step; docs/reference/mapping-steps.md is made of it and a test runs every example.
struct StepDoc {
  std::string_view argument;             ///< Forms of the argument, "ascii | wide"; empty for none.
  std::string_view en, zh;               ///< What it does, one or two sentences.
  std::string_view example;              ///< A `via` list.
  std::string_view input, output;        ///< What the example makes of a text; see show_value().
  std::vector<Errc> findings = {};       ///< What it may say beside its faults.
};

/// One row per step of the language.
struct StepRow {
  std::string_view name;
  ValueType takes, gives;
  bool can_malform, can_exceed;
  int quirk;                             ///< Legacy quirk that a fault of this step shows, 0 for none.
  std::unique_ptr<Step> (*compile)(const YamlNode& argument, StepBuild& build);
  Inverse inverse;
  StepDoc doc;
};
const std::vector<StepRow>& step_registry();
/// Names of the faults that a step can raise, as `on_fail` knows them.
std::vector<std::string_view> step_faults(const StepRow& row);
/// A value as examples and explanations show it: texts and numbers as they are, lists as "<a><b>", bytes as hexadecimal, times in canonical
/// form, quantities with their unit.
std::string show_value(const Value& value);
/// In the order in which separators are looked for: where one begins like another, the longer is meant.
void longest_first(std::vector<std::string>& separators);
std::vector<std::string_view> step_names();

/// Compiles one step by name; null after reporting.
std::unique_ptr<Step> compile_step(const YamlNode& key, const YamlNode& argument, StepBuild& build);
/// Steps that the compiler adds by itself: "integer", "decimal", "canonical_time".
std::unique_ptr<Step> implied_step(std::string_view name);

/// Whether a spreadsheet or a program made a number of an identifier: 4.40112E+17, or, as a JSON number, 12.0, -5 and 4e17. Digits are lost, or
/// nobody can say that none are.
bool looks_like_damaged_number(std::string_view text, bool number_token) noexcept;

/// The check that the form of a number asks for, for `check: auto`: resident_id, residence_permit_hmt, uscc or org_code; empty for forms that have no
/// check character (a passport).
constexpr std::string_view kAutomaticCheck = "auto";
std::string_view check_for_form(std::string_view id) noexcept;

/// Steps beside which `sentinels` may stand.
bool takes_sentinels(std::string_view step) noexcept;

/// Whether a step that takes `takes` accepts a value of type `given`.
bool accepts(ValueType takes, ValueType given) noexcept;

/// Texts that stand for "no value", with the empty text.
class NullTexts {
public:
  explicit NullTexts(std::vector<std::string> texts) : texts_(std::move(texts)) {
    for (const std::string& text : texts_) lengths_ |= length_bit(text);
  }
  /// Most values are told apart by their length alone.
  bool holds(std::string_view text) const noexcept { return text.empty() || ((lengths_ & length_bit(text)) != 0 && stands_in_list(text)); }

private:
  static std::uint64_t length_bit(std::string_view text) noexcept { return std::uint64_t{1} << (text.size() < 63 ? text.size() : 63); }
  bool stands_in_list(std::string_view text) const noexcept;
  std::uint64_t lengths_ = 0;
  std::vector<std::string> texts_;
};

/// How many steps from the first would leave `text` as it is and say nothing.
std::size_t idle_steps(const Steps& steps, std::string_view text) noexcept;

/// The same, with what the first steps ask of a text brought together once, since nearly all texts pass all of them.
class IdleSteps {
public:
  IdleSteps() = default;
  explicit IdleSteps(const Steps& steps);
  std::size_t count(const Steps& steps, std::string_view text) const noexcept { return passes(text) ? count_ : idle_steps(steps, text); }
  /// Whether each of the steps that can idle would; there are `most()` of them.
  bool passes(std::string_view text) const noexcept;
  std::size_t most() const noexcept { return count_; }

private:
  std::size_t count_ = 0;
  const NullTexts* nulls_ = nullptr;
  bool plain_ends_ = false;
  bool no_wide_ = false, no_lower_ = false, no_upper_ = false;
};
/// ASCII that is no blank.
inline bool is_plain_end(unsigned char c) noexcept { return c < 0x80 && c != ' ' && c != '\t' && c != '\r' && c != '\n'; }
/// Whether nothing can be trimmed at the ends: they are ASCII that is no blank, or of U+4000 to U+9FFF, as nearly all are.
inline bool has_plain_ends(std::string_view text) noexcept {
  const auto byte = [text](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const auto common = [](unsigned char lead) { return lead - 0xE4u < 6u; };
  const std::size_t size = text.size();
  if (size == 0 || (!is_plain_end(byte(0)) && !common(byte(0)))) return false;
  return is_plain_end(byte(size - 1)) || (size >= 3 && common(byte(size - 3)) && (byte(size - 2) & 0xC0u) == 0x80 && (byte(size - 1) & 0xC0u) == 0x80);
}

} // namespace tongqu::mapping::detail
