#pragma once
#include <string_view>

namespace tongqu::model::detail {

/// The text of a table that is built into the library, by its path under sdk/src/model ("life_cycle/states.csv"); empty when there is none.
std::string_view embedded_file(std::string_view name) noexcept;

} // namespace tongqu::model::detail
