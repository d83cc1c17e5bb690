#include "tongqu/base/phrases.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace tongqu {
namespace {

struct Phrase {
  std::string_view en, zh;
};

constexpr Phrase kPhrases[] = {
#define TONGQU_PHRASE(en, zh) {en, zh},
#include "phrases.inc"
#undef TONGQU_PHRASE
};

constexpr std::string_view kHole = "{}";
constexpr std::size_t kHolesMax = 2;
constexpr std::size_t kHoleBytesMax = 64;  ///< Longer ones are sentences, not names.

/// What stands in the holes of the pattern, when the text fits it.
std::optional<std::array<std::string_view, kHolesMax>> fit(std::string_view pattern, std::string_view text) {
  std::array<std::string_view, kHolesMax> found{};
  std::size_t hole = 0;
  for (;;) {
    const std::size_t open = pattern.find(kHole);
    const std::string_view plain = pattern.substr(0, open);
    if (text.substr(0, plain.size()) != plain) return std::nullopt;
    text.remove_prefix(plain.size());
    if (open == std::string_view::npos) return text.empty() ? std::optional(found) : std::nullopt;
    pattern.remove_prefix(open + kHole.size());
    const std::string_view next = pattern.substr(0, pattern.find(kHole));
    const std::size_t end = next.empty() ? text.size() : text.find(next);
    if (end == std::string_view::npos || end == 0 || end > kHoleBytesMax || hole == kHolesMax) return std::nullopt;
    found[hole++] = text.substr(0, end);
    text.remove_prefix(end);
  }
}

std::string filled(std::string_view pattern, const std::array<std::string_view, kHolesMax>& words) {
  std::string made;
  for (std::size_t hole = 0;; ++hole) {
    const std::size_t open = pattern.find(kHole);
    made += pattern.substr(0, open);
    if (open == std::string_view::npos || hole == kHolesMax) return made;
    made += phrase_in(Lang::zh, words[hole]);
    pattern.remove_prefix(open + kHole.size());
  }
}

} // namespace

std::string phrase_in(Lang lang, std::string_view detail) {
  if (lang != Lang::zh || detail.empty()) return std::string(detail);
  const auto whole = std::find_if(std::begin(kPhrases), std::end(kPhrases), [detail](const Phrase& row) { return row.en == detail; });
  if (whole != std::end(kPhrases)) return std::string(whole->zh);
  for (const Phrase& row : kPhrases) {
    if (row.en.find(kHole) == std::string_view::npos) continue;
    if (const auto words = fit(row.en, detail)) return filled(row.zh, *words);
  }
  return std::string(detail);
}

} // namespace tongqu
