#pragma once
#include <optional>
#include <string>

#include "mapping/code_table.hpp"
#include "mapping/expression.hpp"

namespace tongqu::mapping::detail {

/// A check of the pack's author: his id, his words.
struct PackCheck {
  std::string id;                          ///< "pack.<system>.<id>"
  std::string field;                       ///< Canonical path that the finding names; empty for the record as a whole.
  std::optional<Expression> when;
  std::optional<Expression> that;          ///< Always there in a pack that compiles.
  Bilingual text;
  Severity severity = Severity::error;
  Policy policy = Policy::reject;          ///< reject, hold, report; on rules also drop.
};

} // namespace tongqu::mapping::detail
