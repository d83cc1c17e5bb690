#pragma once
#include <string_view>

namespace tongqu::mapping::detail {

/// Whether the value in front of a step can be written again from what the step gave, by the step's name: the registry's column.
bool is_invertible(std::string_view step) noexcept;

} // namespace tongqu::mapping::detail
