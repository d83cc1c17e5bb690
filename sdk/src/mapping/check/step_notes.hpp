#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "mapping/steps.hpp"
#include "tongqu/base/errc.hpp"

namespace tongqu::mapping::detail {

/// What the reference says of a step.
struct StepNote {
  std::string_view name;
  std::string_view argument;                 ///< Forms of the argument; empty for none.
  std::string_view en, zh;
  std::string_view example, input, output;   ///< A `via` list, and what it makes of a text.
};

/// Notes of steps whose row in the registry has none.
const StepNote* written_note(std::string_view step) noexcept;

/// The note of a step: that of its row where the registry carries one. Empty texts when nobody wrote any, which a test refuses.
template <class Row>
StepNote note_of(const Row& row) {
  if constexpr (requires { row.doc.example; }) {
    return {row.name, row.doc.argument, row.doc.en, row.doc.zh, row.doc.example, row.doc.input, row.doc.output};
  } else {
    const StepNote* note = written_note(row.name);
    return note == nullptr ? StepNote{row.name, {}, {}, {}, {}, {}, {}} : *note;
  }
}

/// Ids of what a step may say beside its faults, joined by commas.
template <class Row>
std::string findings_of(const Row& row) {
  std::string text;
  if constexpr (requires { row.doc.findings; }) {
    for (const Errc id : row.doc.findings) text += (text.empty() ? "" : ", ") + std::string(errc_row(id).id);
  }
  return text;
}

/// Faults of a step as `on_fail` names them.
template <class Row>
std::vector<std::string_view> faults_of(const Row& row) {
  if constexpr (requires { step_faults(row); }) {
    return step_faults(row);
  } else {
    std::vector<std::string_view> faults;
    if (row.name == "null_if") faults.push_back("placeholder");
    if (row.can_malform) faults.push_back("malformed");
    if (row.can_exceed) faults.push_back("range");
    return faults;
  }
}

} // namespace tongqu::mapping::detail
