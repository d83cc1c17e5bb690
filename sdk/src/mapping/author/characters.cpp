#include "mapping/author/characters.hpp"

#include <algorithm>

#include "mapping/reverse/charset.hpp"
#include "mapping/steps.hpp"

namespace tongqu::mapping::author {
namespace {

struct Range { char32_t first, last; };

template <std::size_t kCount>
bool holds(const Range (&ranges)[kCount], char32_t point) {
  return std::any_of(std::begin(ranges), std::end(ranges), [point](const Range& range) { return point >= range.first && point <= range.last; });
}

} // namespace

std::vector<std::string> characters_of(std::string_view text) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t bytes = detail::utf8_bytes(text, at);
    out.emplace_back(text.substr(at, bytes));
    at += bytes;
  }
  return out;
}

bool is_letter_beyond_ascii(std::string_view character) {
  // Blanks, punctuation, symbols, numbers in circles, selectors, forms of width that are no letters.
  static constexpr Range kSigns[] = {
      {0x80, 0xA9}, {0xAB, 0xB4}, {0xB6, 0xB9}, {0xBB, 0xBF}, {0xD7, 0xD7}, {0xF7, 0xF7}, {0x2000, 0x206F}, {0x20A0, 0x20CF}, {0x2100, 0x2BFF},
      {0x2E00, 0x2E7F}, {0x2FF0, 0x3004}, {0x3008, 0x3020}, {0x3030, 0x3030}, {0x30FB, 0x30FB}, {0xFE00, 0xFE6F}, {0xFEFF, 0xFEFF},
      {0xFF01, 0xFF20}, {0xFF3B, 0xFF40}, {0xFF5B, 0xFF65}, {0xFFE0, 0xFFFF}, {0x1F000, 0x1FAFF}, {0xE0100, 0xE01EF}};
  if (character.empty()) return false;
  const char32_t point = detail::utf8_point(character, 0);
  return point >= 0x80 && !holds(kSigns, point);
}

bool is_ideograph(std::string_view character) {
  static constexpr Range kHan[] = {{0x3005, 0x3007}, {0x3400, 0x4DBF}, {0x4E00, 0x9FFF}, {0xF900, 0xFAFF}, {0x20000, 0x3FFFF}};
  return !character.empty() && holds(kHan, detail::utf8_point(character, 0));
}

bool is_personal(const detail::Place& place) {
  if (place.is_ext) return true;
  if (!place.in_entity() || place.slot.depth == 0) return false;
  return std::any_of(place.slot.steps.begin(), place.slot.steps.begin() + place.slot.depth, [](const model::FieldInfo* field) { return field->personal; });
}

std::string_view known_file(std::string_view bytes) {
  static constexpr std::string_view kTexts[] = {"empty", "unknown", "text", "xml", "html", "rtf"};
  const std::string_view kind = detail::content_kind(bytes);
  return std::find(std::begin(kTexts), std::end(kTexts), kind) == std::end(kTexts) ? kind : std::string_view();
}

} // namespace tongqu::mapping::author
