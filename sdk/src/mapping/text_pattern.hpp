#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tongqu::mapping::detail {

/// A pattern of texts, compiled once, of an engine whose time is at most the length of the text times the size of the pattern, whatever the
/// pattern: no `(a|a)*` can hang a message. Works on characters (code points), not bytes.
///
/// Language: literals, `.`, `[a-z]` `[^…]`, `\d \w \s` (ASCII digits; ASCII letters, digits, `_`; blanks, also wide ones), `\p{Han}`, `( )`, `(?: )`,
/// `(?<name> )`, `|`, `* + ? {n} {n,} {n,m}` each with a lazy form (`*?`), `^ $`. The alternative that stands first wins, as in Perl. Nothing that
/// needs to go back: no back-references, no look-around.
class TextPattern {
public:
  static constexpr std::size_t kPatternBytesMax = 2000;
  static constexpr std::size_t kProgramMax = 4000;      ///< Instructions, after repetitions are written out.
  static constexpr std::size_t kGroupsMax = 20;
  static constexpr std::size_t kDepthMax = 40;          ///< Groups within groups.
  static constexpr unsigned kRepeatMax = 1000;
  static constexpr std::size_t kWorkMax = 64u << 20;    ///< Text bytes times instructions of one run.

  /// Nothing, with the reason in `problem`, when the pattern cannot be read or is too large.
  static std::optional<TextPattern> compile(std::string_view pattern, std::string& problem);
  /// The small patterns of `match`: `*` is any run of characters, `?` one character, `{name}` a run of at least one that is captured,
  /// `{name:digits}` one of digits, `{name:number}` digits with an optional fraction; `\` makes the next sign plain. Everything else is itself.
  static std::optional<TextPattern> compile_small(std::string_view pattern, std::string& problem);

  enum class Answer : std::uint8_t { no, yes, too_much };  ///< too_much: the text is too long for this pattern.
  /// Groups: 0 is what was matched, then those of the pattern in the order of their opening; views into the text, with a null data() for a group
  /// that took no part.
  using Groups = std::vector<std::string_view>;
  Answer whole(std::string_view text, Groups* groups = nullptr) const;
  /// The leftmost match anywhere in the text.
  Answer search(std::string_view text, Groups* groups = nullptr) const;

  /// A text that the pattern reads whole, made by walking it; `draw` gives a number below its argument. Empty where none was found in the steps
  /// allowed. For tests of the way back; assertions are not looked at, so ask `whole`.
  std::string sample(const std::function<std::uint32_t(std::uint32_t)>& draw) const;

  const std::string& text() const noexcept { return text_; }
  std::size_t group_count() const noexcept { return names_.size(); }        ///< Without group 0.
  /// Number of a named group; 0 when there is none.
  std::size_t group(std::string_view name) const noexcept;

private:
  friend class PatternParser;
  friend class PatternRun;
  struct Range { char32_t first, last; };
  struct Set { std::vector<Range> ranges; bool inverted = false; };
  enum class Op : std::uint8_t { character, any, set, split, jump, save, begin, end, match };
  /// split: `x` first, then `y`. jump: `x`. save: slot `x`. set: number `x`. character: code point `x`.
  struct Instruction { Op op; std::uint32_t x = 0, y = 0; };
  bool takes(const Instruction& instruction, char32_t character) const noexcept;

  std::string text_;
  std::vector<Instruction> program_;
  std::vector<Set> sets_;
  std::vector<std::string> names_;   ///< By group, from 1; empty for groups without a name.
};

/// The character at `at` and how many bytes it has; U+FFFD and one byte where the text is not UTF-8.
struct Decoded { char32_t code; std::size_t bytes; };
Decoded character_at(std::string_view text, std::size_t at) noexcept;
bool is_han(char32_t code) noexcept;

} // namespace tongqu::mapping::detail
