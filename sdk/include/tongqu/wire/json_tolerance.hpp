#pragma once
#include <cstdint>

#include "tongqu/wire/json.hpp"

/// JSON as senders write it who have no JSON library (LQ42).
namespace tongqu::wire {

/// What a pack may allow beyond strict JSON. Each is a switch of its own; all off is RFC 8259.
struct JsonTolerance {
  enum class Keys : std::uint8_t { refuse, first, last };
  Keys keys = Keys::refuse;       ///< A key that stands twice in one object: which value counts.
  bool mark = false;              ///< A byte-order mark in front is skipped.
  bool comments = false;          ///< `/*…*/` and `//…` between tokens are skipped.
  bool single_quotes = false;     ///< Texts and keys in single quotes; `\'` is a quote there.
  bool trailing_commas = false;   ///< One comma before `}` or `]` is skipped.
  bool not_a_number = false;      ///< NaN, Infinity and -Infinity are null.
  bool callback = false;          ///< `name(…)` or `name(…);` around the value is taken off (JSONP).
};

/// How often each tolerance was made use of, and where first (a byte of the source).
struct JsonUses {
  enum Kind : std::uint8_t { key, mark, comment, single_quote, trailing_comma, not_a_number, callback, kKinds };
  struct Use { std::uint32_t count = 0, offset = 0; };
  Use uses[kKinds];
  void note(Kind kind, std::uint32_t offset) noexcept {
    if (uses[kind].count++ == 0) uses[kind].offset = offset;
  }
};

/// As parse_json_into, with tolerances; `uses` is added to. What was tolerated leaves no trace in the document: a key that does not count is not there.
/// @errors As parse_json.
Result<void> parse_json_into(Document& document, Bytes bytes, const JsonOptions& options, const JsonTolerance& tolerance, JsonUses& uses);

} // namespace tongqu::wire
