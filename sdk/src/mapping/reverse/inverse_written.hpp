#pragma once
#include <string>
#include <vector>

#include "mapping/reverse/inverse.hpp"
#include "mapping/written_number.hpp"

namespace tongqu::mapping::detail {

/// Inverses of the steps that read numbers, times and texts as people write them: amount, quantity, serial_date, html_text, replace, match. Null for
/// other steps.
std::unique_ptr<InverseStep> invert_written(const Step& step, std::int16_t zone_minutes);

/// Words and bare unit of a step `quantity`.
QuantityWords quantity_words(const YamlNode& argument);
/// Texts that mean "without end" beside a step of times, those that are no patterns first.
std::vector<std::string> unlimited_texts(const Step& step);

} // namespace tongqu::mapping::detail
