#include "mapping/steps.hpp"

#include <cstring>

#include "mapping/step_compilers.hpp"
#include "tongqu/base/bytes.hpp"

namespace tongqu::mapping::detail {
namespace {

/// Rows that only the compiler adds, not part of the language.
const StepRow kCanonicalTime{"canonical_time", ValueType::text, ValueType::time, true, false, 27, compile_canonical_time, Inverse::none, {}};

void describe_step(Step& step, const StepRow& row) {
  step.name = row.name;
  step.takes = row.takes;
  step.gives = row.gives;
  step.can_malform = row.can_malform && !step.never_malforms;
  step.can_exceed = row.can_exceed;
  step.quirk = row.quirk;
}

} // namespace

std::string_view value_type_name(ValueType type) noexcept {
  switch (type) {
    case ValueType::text: return "text";
    case ValueType::bytes: return "bytes";
    case ValueType::time: return "time";
    case ValueType::decimal: return "decimal";
    case ValueType::integer: return "integer";
    case ValueType::quantity: return "quantity";
    case ValueType::text_list: return "text list";
  }
  return "text";
}

std::vector<std::string_view> step_faults(const StepRow& row) {
  std::vector<std::string_view> faults;
  if (row.name == "null_if") faults.push_back("placeholder");
  if (row.can_malform) faults.push_back("malformed");
  if (row.can_exceed) faults.push_back("range");
  return faults;
}

const NoteRow& note_row(Note note) noexcept {
  static constexpr NoteRow kRows[kNoteCount] = {
      {Errc::mapping_invisible_removed, Severity::info, 25, true},   {Errc::mapping_mojibake, Severity::warn, 21, false},
      {Errc::mapping_mojibake_repaired, Severity::warn, 21, true},   {Errc::mapping_half_character, Severity::warn, 38, true},
      {Errc::mapping_text_cut, Severity::warn, 38, true},            {Errc::mapping_identifier_as_number, Severity::info, 33, false},
      {Errc::mapping_written_number, Severity::info, 33, true},      {Errc::mapping_century_assumed, Severity::info, 27, true},
      {Errc::mapping_values_left_out, Severity::warn, 34, true},     {Errc::mapping_time_cut, Severity::warn, 28, true},
  };
  return kRows[static_cast<std::size_t>(note)];
}

bool Value::changed() const noexcept {
  if (repaired) return true;
  for (std::size_t i = 0; notes != 0 && i < kNoteCount; ++i) {
    if (has(static_cast<Note>(i)) && note_row(static_cast<Note>(i)).changes) return true;
  }
  return false;
}

std::string show_value(const Value& value) {
  switch (value.type) {
    case ValueType::bytes: return to_hex(value.text);
    case ValueType::time: return value.unlimited ? "unlimited" : value.time.text();
    case ValueType::quantity: return std::string(value.text) + " " + std::string(model::unit_name(value.unit));
    case ValueType::text_list: {
      std::string all;
      for (const std::string_view item : value.list) all.append("<").append(item).append(">");
      return all;
    }
    default: return std::string(value.text);
  }
}

std::vector<std::string_view> step_names() {
  std::vector<std::string_view> names;
  for (const StepRow& row : step_registry()) names.push_back(row.name);
  return names;
}

StepPtr compile_step(const YamlNode& key, const YamlNode& argument, StepBuild& build) {
  for (const StepRow& row : step_registry()) {
    if (row.name != key.text) continue;
    StepPtr step = row.compile(argument, build);
    if (step) {
      describe_step(*step, row);
      step->argument = std::make_shared<const YamlNode>(argument);
      if (build.sentinels != nullptr) step->sentinels = std::make_shared<const YamlNode>(*build.sentinels);
    }
    return step;
  }
  build.mistakes.add(Errc::mapping_unknown_step, key, build.subject + "." + key.text, one_of(step_names()), did_you_mean(key.text, step_names()));
  return nullptr;
}

StepPtr implied_step(std::string_view name) {
  Findings ignored;
  const Mistakes mistakes(ignored, {});
  StepBuild build{mistakes, {}, std::nullopt, nullptr};
  if (name == kCanonicalTime.name) {
    StepPtr step = kCanonicalTime.compile({}, build);
    describe_step(*step, kCanonicalTime);
    return step;
  }
  YamlNode key;
  key.text = name;
  return compile_step(key, {}, build);
}

bool takes_sentinels(std::string_view step) noexcept { return step == "date" || step == "epoch" || step == "serial_date"; }

bool accepts(ValueType takes, ValueType given) noexcept {
  if (takes == given) return true;
  if (takes == ValueType::text) return given == ValueType::decimal || given == ValueType::integer;
  return takes == ValueType::decimal && given == ValueType::integer;
}

namespace {

constexpr std::uint64_t kEachByte = 0x0101010101010101u;
constexpr std::uint64_t kHighBits = kEachByte * 0x80;

/// The high bit of each byte that lies from `first` to `last`, for bytes below 0x80.
std::uint64_t bytes_between(std::uint64_t word, unsigned char first, unsigned char last) noexcept {
  return (word + kEachByte * (0x80u - first)) & ~(word + kEachByte * (0x7Fu - last)) & kHighBits;
}

/// What a text is made of, as far as the steps ask.
struct Letters { bool beyond_ascii = false, lower = false, upper = false; };

Letters letters_of(std::string_view text) noexcept {
  std::uint64_t high = 0, lower = 0, upper = 0;
  const auto look = [&](std::uint64_t word) {
    high |= word & kHighBits;
    lower |= bytes_between(word & ~kHighBits, 'a', 'z') & ~word;
    upper |= bytes_between(word & ~kHighBits, 'A', 'Z') & ~word;
  };
  const auto load = [text](std::size_t at, std::size_t bytes) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, bytes);
    return word;
  };
  // Words that may overlap: a character seen twice is the same one.
  const std::size_t size = text.size();
  if (size >= 8) {
    for (std::size_t at = 0; at + 8 < size; at += 8) look(load(at, 8));
    look(load(size - 8, 8));
  } else if (size >= 4) {
    look(load(0, 4) | load(size - 4, 4) << 32);
  } else if (size > 0) {
    look(load(0, 1) | load(size / 2, 1) << 8 | load(size - 1, 1) << 16);
  }
  return {high != 0, lower != 0, upper != 0};
}

} // namespace

std::size_t idle_steps(const Steps& steps, std::string_view text) noexcept {
  std::size_t count = 0;
  std::optional<Letters> letters;
  const auto made_of = [&]() -> const Letters& { return letters ? *letters : letters.emplace(letters_of(text)); };
  for (const auto& step : steps) {
    bool idle = false;
    switch (step->idle) {
      case Step::Idle::never: break;
      case Step::Idle::plain_ends: idle = has_plain_ends(text); break;
      case Step::Idle::no_placeholder: idle = !step->nulls->holds(text); break;
      case Step::Idle::narrow: idle = !made_of().beyond_ascii; break;
      case Step::Idle::no_lower: idle = !made_of().lower; break;
      case Step::Idle::no_upper: idle = !made_of().upper; break;
    }
    if (!idle) break;
    ++count;
  }
  return count;
}

IdleSteps::IdleSteps(const Steps& steps) {
  for (const auto& step : steps) {
    switch (step->idle) {
      case Step::Idle::never: return;
      case Step::Idle::plain_ends: plain_ends_ = true; break;
      case Step::Idle::no_placeholder:
        if (nulls_ != nullptr && nulls_ != step->nulls) return;
        nulls_ = step->nulls;
        break;
      case Step::Idle::narrow: no_wide_ = true; break;
      case Step::Idle::no_lower: no_lower_ = true; break;
      case Step::Idle::no_upper: no_upper_ = true; break;
    }
    ++count_;
  }
}

bool IdleSteps::passes(std::string_view text) const noexcept {
  if (plain_ends_ && !has_plain_ends(text)) return false;
  if (nulls_ != nullptr && nulls_->holds(text)) return false;
  if (!no_wide_ && !no_lower_ && !no_upper_) return true;
  const Letters letters = letters_of(text);
  return !(no_wide_ && letters.beyond_ascii) && !(no_lower_ && letters.lower) && !(no_upper_ && letters.upper);
}

bool NullTexts::stands_in_list(std::string_view text) const noexcept {
  for (const std::string& null : texts_) {
    // Texts of one length mostly differ in their first byte already.
    if (null.size() == text.size() && null.front() == text.front() && null == text) return true;
  }
  return false;
}

} // namespace tongqu::mapping::detail
