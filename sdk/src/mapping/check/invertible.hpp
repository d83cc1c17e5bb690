#pragma once
#include <string_view>

namespace tongqu::mapping::detail {

/// Whether the value in front of a step can be written again from what the step gave, by the step's name. The one place where the
/// checks ask this, so that a registry with a column for inverses replaces it.
bool is_invertible(std::string_view step) noexcept;

} // namespace tongqu::mapping::detail
