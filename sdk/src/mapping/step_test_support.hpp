#pragma once
#include <fstream>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "mapping/steps.hpp"
#include "tongqu/wire/yaml.hpp"

/// Steps run over single texts, and the vectors that other implementations made.
namespace tongqu::mapping::test {

struct StepRun {
  std::string shown;                 ///< As show_value() says, or the outcome in words with the id of the fault.
  std::string notes;                 ///< Ids of the notes, joined by blanks.
  detail::Value value;
};

/// Runs a `via` list over a text, in the zone +08:00.
inline StepRun run_steps(std::string_view via, std::string_view input, bool number_token = false) {
  using namespace detail;
  static wire::Arena arena;   // What a value points to lives until the next run.
  arena.reset();
  static const YamlNode kNone;
  const auto root = wire::parse_yaml("via: " + std::string(via));
  if (!root) return {"yaml " + root.error().where(), "", {}};
  Findings found;
  const Mistakes mistakes(found, "step");
  StepRun result;
  Value& value = result.value;
  value.start(input);
  value.number_token = number_token;
  const auto outcome_name = [&value](StepOutcome outcome) -> std::string {
    const std::string id = value.fault == Errc::none ? "" : " " + std::string(errc_row(value.fault).id);
    switch (outcome) {
      case StepOutcome::ok: return "";
      case StepOutcome::absent: return "absent";
      case StepOutcome::placeholder: return "placeholder";
      case StepOutcome::malformed: return "malformed" + id;
      case StepOutcome::range: return "range" + id;
    }
    return "";
  };
  for (const YamlNode& item : root->find("via")->items) {
    const bool plain = item.is_scalar();
    StepBuild build{mistakes, "step", std::int16_t{480}, item.find("sentinels")};
    const auto step = compile_step(plain ? item : item.members[0].first, plain ? kNone : item.members[0].second, build);
    if (!step || found.error_count() != 0) return {"mistake", "", {}};
    if (!accepts(step->takes, value.type)) return {"type", "", {}};
    const std::string failed = outcome_name(step->run(value, arena));
    if (!failed.empty()) return {failed, "", {}};
    if (!step->keeps_type) value.type = step->gives;
  }
  result.shown = show_value(value);
  for (std::size_t i = 0; i < kNoteCount; ++i) {
    const auto note = static_cast<Note>(i);
    if (value.has(note)) result.notes += (result.notes.empty() ? "" : " ") + std::string(errc_row(note_row(note).id).id);
  }
  return result;
}
inline std::string run_via(std::string_view via, std::string_view input) { return run_steps(via, input).shown; }
inline std::string notes_of(std::string_view via, std::string_view input) { return run_steps(via, input).notes; }

/// Rows of a file of testdata/make_vectors.py.
inline std::vector<std::vector<std::string>> vectors(const std::string& name) {
  std::ifstream in(std::string(TONGQU_SOURCE_DIR) + "/sdk/src/mapping/testdata/" + name, std::ios::binary);
  EXPECT_TRUE(in) << name;
  std::vector<std::vector<std::string>> rows;
  for (std::string line; std::getline(in, line);) {
    std::vector<std::string> cells(1);
    for (const char c : line) {
      if (c == '\t') cells.emplace_back();
      else cells.back() += c;
    }
    rows.push_back(std::move(cells));
  }
  return rows;
}

} // namespace tongqu::mapping::test
