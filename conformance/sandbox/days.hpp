#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tongqu::sandbox {

/// One message of a day, as the digest sees it.
struct DayLine {
  std::string_view message_id;
  const std::array<char, 32>* digest = nullptr;
};

/// SM3, 64 hex, over "messageId digest\n" of lines that are sorted by id.
std::string digest_of_lines(const DayLine* first, const DayLine* last);

/// The `data` member's content for a question below a prefix: count, digest, and parts or entries.
/// @param lines  Of the whole day, sorted by id.
std::string day_answer(std::string_view date, std::string_view prefix, const std::vector<DayLine>& lines);
/// The same for a question without a prefix: count and digest alone.
std::string day_answer(std::string_view date, const std::vector<DayLine>& lines);

} // namespace tongqu::sandbox
