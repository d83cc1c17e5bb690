#pragma once
#include <string_view>

#include "tongqu/base/result.hpp"

/// The checks of identifiers as functions, for plans that look a name up once.
namespace tongqu::model::detail {

using Check = Result<void> (*)(std::string_view);

struct NamedCheck {
  std::string_view name;
  Check check;
};

/// Null when there is no such check.
const NamedCheck* find_check(std::string_view name) noexcept;

} // namespace tongqu::model::detail
