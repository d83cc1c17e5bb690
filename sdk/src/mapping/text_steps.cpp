#include "mapping/text_steps.hpp"

#include <algorithm>
#include <cstring>

#include "mapping/step_compilers.hpp"
#include "mapping/text_pattern.hpp"

namespace tongqu::mapping::detail {
namespace {

/// Characters that take no room: zero-width ones, byte-order marks in mid-text, soft hyphens, marks of writing direction. Selectors of variants stay:
/// they tell one form of a name from another.
bool invisible(char32_t c) {
  return (c >= 0x200B && c <= 0x200F) || (c >= 0x202A && c <= 0x202E) || (c >= 0x2060 && c <= 0x2064) || (c >= 0x2066 && c <= 0x206F) || c == 0xFEFF || c == 0xAD || c == 0x180E;
}
/// Blanks beyond ASCII.
bool wide_blank(char32_t c) { return c == 0x3000 || c == 0xA0 || (c >= 0x2000 && c <= 0x200A) || c == 0x202F || c == 0x205F; }
bool blank(char32_t c) { return (c >= '\t' && c <= '\r') || c == ' ' || wide_blank(c); }
bool control(char32_t c) { return (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || (c >= 0x7F && c <= 0x9F); }
bool ascii_digit(char32_t c) { return c >= '0' && c <= '9'; }
bool ascii_letter(char32_t c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }
bool punctuation(char32_t c) {
  return (c > 0x20 && c < 0x7F && !ascii_digit(c) && !ascii_letter(c)) || (c >= 0x3001 && c <= 0x303F && !is_han(c)) || (c >= 0x2010 && c <= 0x2027) || (c >= 0x2030 && c <= 0x205E) ||
         (c >= 0xFF01 && c <= 0xFF65 && !(c >= 0xFF10 && c <= 0xFF19) && !(c >= 0xFF21 && c <= 0xFF3A) && !(c >= 0xFF41 && c <= 0xFF5A)) || c == 0xB7;
}
struct CharacterClass { std::string_view name; bool (*holds)(char32_t); };
constexpr CharacterClass kClasses[] = {{"blank", blank}, {"invisible", invisible}, {"control", control}, {"digits", ascii_digit}, {"latin", ascii_letter}, {"punct", punctuation}, {"han", is_han}};

bool ascii_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

std::string_view trim_ascii(std::string_view text) noexcept {
  while (!text.empty() && ascii_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && ascii_blank(text.back())) text.remove_suffix(1);
  return text;
}

/// Takes one wide character away at either end.
bool strip_wide(std::string_view& text) {
  const Decoded first = character_at(text, 0);
  if (wide_blank(first.code) || invisible(first.code)) {
    text.remove_prefix(first.bytes);
    return true;
  }
  std::size_t at = text.size() - 1;
  while (at > 0 && text.size() - at < 4 && (static_cast<unsigned char>(text[at]) & 0xC0u) == 0x80) --at;
  const Decoded last = character_at(text, at);
  if (at + last.bytes != text.size() || (!wide_blank(last.code) && !invisible(last.code))) return false;
  text.remove_suffix(last.bytes);
  return true;
}

class Trim final : public Step {
public:
  explicit Trim(bool wide) : wide_(wide) { idle = Idle::plain_ends; }
  StepOutcome run(Value& value, wire::Arena&) const override {
    value.text = wide_ ? trim_wide(value.text, &value.repaired) : trim_ascii(value.text);
    return StepOutcome::ok;
  }

private:
  bool wide_;
};

/// Removes characters everywhere; or, for `keep`, all others.
class Strip final : public Step {
public:
  std::vector<char32_t> characters;
  std::vector<CharacterClass> classes;
  bool keep = false;
  StepOutcome run(Value& value, wire::Arena& arena) const override {
    const std::string_view text = value.text;
    char* out = nullptr;
    std::size_t size = 0;
    for (std::size_t at = 0; at < text.size();) {
      const Decoded c = character_at(text, at);
      const bool goes = named(c.code) != keep;
      if (goes && out == nullptr) {
        out = arena.allocate(text.size());
        std::memcpy(out, text.data(), at);
        size = at;
      }
      if (goes) {
        tell(c.code, value);
      } else if (out != nullptr) {
        std::memcpy(out + size, text.data() + at, c.bytes);
        size += c.bytes;
      }
      at += c.bytes;
    }
    if (out != nullptr) value.text = {out, size};
    return StepOutcome::ok;
  }

private:
  bool named(char32_t code) const {
    return std::find(characters.begin(), characters.end(), code) != characters.end() ||
           std::any_of(classes.begin(), classes.end(), [code](const CharacterClass& one) { return one.holds(code); });
  }
  static void tell(char32_t code, Value& value) {
    if (!invisible(code)) {
      value.repaired = true;
      return;
    }
    value.note(Note::invisible_removed);
    ++value.removed;
  }
};

class Fold final : public Step {
public:
  bool digits = false, latin = false, punct = false, space = false;
  StepOutcome run(Value& value, wire::Arena& arena) const override {
    const std::string_view text = value.text;
    // Full-width forms start with EF: most values have none.
    if (text.empty() || (!space && std::memchr(text.data(), 0xEF, text.size()) == nullptr)) return StepOutcome::ok;
    char* out = nullptr;
    std::size_t size = 0;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t bytes = character_at(text, at).bytes;
      const char folded = fold(text.substr(at, bytes));
      if (folded != 0 && out == nullptr) {
        out = arena.allocate(text.size());
        std::memcpy(out, text.data(), at);
        size = at;
      }
      if (folded != 0) {
        out[size++] = folded;
      } else if (out != nullptr) {
        std::memcpy(out + size, text.data() + at, bytes);
        size += bytes;
      }
      at += bytes;
    }
    if (out != nullptr) {
      value.text = {out, size};
      value.repaired = true;
    }
    return StepOutcome::ok;
  }

private:
  /// The ASCII form of a full-width character, or NUL.
  char fold(std::string_view character) const {
    if (space && wide_blank(character_at(character, 0).code)) return ' ';
    if (character.size() != 3 || character[0] != '\xEF') return 0;
    const unsigned code = 0xF000u | (static_cast<unsigned>(character[1]) & 0x3Fu) << 6 | (static_cast<unsigned>(character[2]) & 0x3Fu);
    if (code < 0xFF01 || code > 0xFF5E) return 0;
    const char ascii = static_cast<char>(code - 0xFF01 + 0x21);
    const bool is_digit = ascii >= '0' && ascii <= '9';
    const bool is_latin = (ascii >= 'A' && ascii <= 'Z') || (ascii >= 'a' && ascii <= 'z');
    return (is_digit ? digits : is_latin ? latin : punct) ? ascii : '\0';
  }
};

class NullIf final : public Step {
public:
  explicit NullIf(std::vector<std::string> texts) : texts_(std::move(texts)) {
    idle = Idle::no_placeholder;
    nulls = &texts_;
  }
  StepOutcome run(Value& value, wire::Arena&) const override {
    return texts_.holds(value.text) ? StepOutcome::placeholder : StepOutcome::ok;
  }
  Bilingual expected() const override { return {"a value, not a placeholder", "实际取值，而非占位内容"}; }

private:
  NullTexts texts_;
};

class ChangeCase final : public Step {
public:
  explicit ChangeCase(bool upper) : from_(upper ? 'a' : 'A'), to_(upper ? 'A' : 'a') { idle = upper ? Idle::no_lower : Idle::no_upper; }
  StepOutcome run(Value& value, wire::Arena& arena) const override {
    const auto changes = [this](char c) { return c >= from_ && c <= from_ + 25; };
    if (std::none_of(value.text.begin(), value.text.end(), changes)) return StepOutcome::ok;
    char* out = arena.allocate(value.text.size());
    for (std::size_t i = 0; i < value.text.size(); ++i) {
      const char c = value.text[i];
      out[i] = changes(c) ? static_cast<char>(c - from_ + to_) : c;
    }
    value.text = {out, value.text.size()};
    value.repaired = true;
    return StepOutcome::ok;
  }

private:
  char from_, to_;
};

class JoinLines final : public Step {
public:
  StepOutcome run(Value& value, wire::Arena& arena) const override {
    const std::string_view text = value.text;
    if (text.find_first_of("\r\n") == std::string_view::npos) return StepOutcome::ok;
    char* out = arena.allocate(text.size());
    std::size_t size = 0;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = std::min(text.find_first_of("\r\n", at), text.size());
      std::string_view line = text.substr(at, end - at);
      while (at != 0 && !line.empty() && ascii_blank(line.front())) line.remove_prefix(1);
      while (end != text.size() && !line.empty() && ascii_blank(line.back())) line.remove_suffix(1);
      if (!line.empty()) std::memcpy(out + size, line.data(), line.size());
      size += line.size();
      at = end + 1;
    }
    value.text = {out, size};
    value.repaired = true;
    return StepOutcome::ok;
  }
};

class Affix final : public Step {
public:
  Affix(std::string before, std::string after) : before_(std::move(before)), after_(std::move(after)) {}
  StepOutcome run(Value& value, wire::Arena& arena) const override {
    const std::size_t size = before_.size() + value.text.size() + after_.size();
    if (size == 0) return StepOutcome::ok;
    char* const out = arena.allocate(size);
    char* at = out;
    for (const std::string_view piece : {std::string_view(before_), value.text, std::string_view(after_)}) at = std::copy(piece.begin(), piece.end(), at);
    value.text = {out, size};
    return StepOutcome::ok;
  }

private:
  std::string before_, after_;
};

/// Fills up to a number of characters; what is longer stays.
class Pad final : public Step {
public:
  Pad(std::string fill, unsigned to, bool left) : fill_(std::move(fill)), to_(to), left_(left) {}
  StepOutcome run(Value& value, wire::Arena& arena) const override {
    std::size_t length = 0;
    for (std::size_t at = 0; at < value.text.size() && length < to_; ++length) at += character_at(value.text, at).bytes;
    if (length >= to_) return StepOutcome::ok;
    std::string more;
    for (; length < to_; ++length) more += fill_;
    value.text = arena.store(left_ ? more + std::string(value.text) : std::string(value.text) + more);
    return StepOutcome::ok;
  }

private:
  std::string fill_;
  unsigned to_;
  bool left_;
};

class Substring final : public Step {
public:
  Substring(unsigned start, unsigned length) : start_(start), length_(length) {}
  StepOutcome run(Value& value, wire::Arena&) const override {
    std::size_t at = 0;
    for (unsigned i = 1; i < start_; ++i) {
      if (at >= value.text.size()) return StepOutcome::malformed;
      at += character_at(value.text, at).bytes;
    }
    const std::size_t from = at;
    for (unsigned i = 0; i < length_; ++i) {
      if (at >= value.text.size()) return StepOutcome::malformed;
      at += character_at(value.text, at).bytes;
    }
    value.text = value.text.substr(from, at - from);
    return StepOutcome::ok;
  }
  Bilingual expected() const override {
    const std::string least = std::to_string(start_ + length_ - 1);
    return {"at least " + least + " characters", "至少 " + least + " 个字符"};
  }

private:
  unsigned start_, length_;
};

std::vector<char32_t> characters_of(std::string_view text) {
  std::vector<char32_t> characters;
  for (std::size_t at = 0; at < text.size();) {
    const Decoded c = character_at(text, at);
    characters.push_back(c.code);
    at += c.bytes;
  }
  return characters;
}

std::vector<unsigned> numbers(const YamlNode& argument, unsigned minimum) {
  std::vector<unsigned> list;
  for (const YamlNode& item : argument.items) {
    if (const auto number = small_number(item.text, minimum, 10000)) list.push_back(*number);
  }
  return list;
}

} // namespace

std::string_view trim_wide(std::string_view text, bool* beyond_ascii) noexcept {
  if (has_plain_ends(text)) return text;
  for (;;) {
    text = trim_ascii(text);
    const auto plain = [](char c) { return is_plain_end(static_cast<unsigned char>(c)); };
    if (text.empty() || (plain(text.front()) && plain(text.back())) || !strip_wide(text)) return text;
    if (beyond_ascii != nullptr) *beyond_ascii = true;
  }
}

StepPtr compile_trim(const YamlNode& argument, StepBuild& build) {
  if (argument.is_scalar() && (argument.text == "ascii" || argument.text == "wide")) return std::make_unique<Trim>(argument.text == "wide");
  return wrong(argument, build, one_of({"ascii", "wide"}));
}

namespace {

StepPtr strip_or_keep(const YamlNode& argument, StepBuild& build, bool keep) {
  auto strip = std::make_unique<Strip>();
  strip->keep = keep;
  const Bilingual hint{"characters, or {class: […], chars: …}", "若干字符，或 {class: […], chars: …}"};
  if (argument.is_scalar() && !argument.text.empty()) {
    strip->characters = characters_of(argument.text);
    return strip;
  }
  if (!argument.is_mapping() || argument.members.empty()) return wrong(argument, build, hint);
  if (!check_keys(argument, {"class", "chars"}, build.subject, build.mistakes)) return nullptr;
  if (const YamlNode* chars = argument.find("chars"); chars != nullptr) strip->characters = characters_of(chars->text);
  const YamlNode* named = argument.find("class");
  if (named == nullptr) return strip;
  for (const std::string& word : texts(*named, build.subject, build.mistakes)) {
    const auto* found = std::find_if(std::begin(kClasses), std::end(kClasses), [&word](const CharacterClass& one) { return one.name == word; });
    if (found == std::end(kClasses)) return wrong(*named, build, one_of({"blank", "invisible", "control", "digits", "latin", "punct", "han"}));
    strip->classes.push_back(*found);
  }
  return strip;
}

} // namespace

StepPtr compile_strip(const YamlNode& argument, StepBuild& build) { return strip_or_keep(argument, build, false); }
StepPtr compile_keep(const YamlNode& argument, StepBuild& build) { return strip_or_keep(argument, build, true); }

StepPtr compile_fold(const YamlNode& argument, StepBuild& build) {
  auto fold = std::make_unique<Fold>();
  for (const std::string& word : texts(argument, build.subject, build.mistakes)) {
    if (word == "digits") fold->digits = true;
    else if (word == "latin") fold->latin = true;
    else if (word == "punct") fold->punct = true;
    else if (word == "space") fold->space = true;
    else return wrong(argument, build, one_of({"digits", "latin", "punct", "space"}));
  }
  if (!fold->space) fold->idle = Step::Idle::narrow;
  return fold;
}

StepPtr compile_null_if(const YamlNode& argument, StepBuild& build) {
  return std::make_unique<NullIf>(texts(argument, build.subject, build.mistakes));
}

StepPtr compile_upper(const YamlNode& argument, StepBuild& build) { return no_argument(argument, build) ? std::make_unique<ChangeCase>(true) : nullptr; }
StepPtr compile_lower(const YamlNode& argument, StepBuild& build) { return no_argument(argument, build) ? std::make_unique<ChangeCase>(false) : nullptr; }
StepPtr compile_join_lines(const YamlNode& argument, StepBuild& build) { return no_argument(argument, build) ? std::make_unique<JoinLines>() : nullptr; }
StepPtr compile_prefix(const YamlNode& argument, StepBuild& build) {
  if (!argument.is_scalar()) return wrong(argument, build, {"one text", "单个文本"});
  return std::make_unique<Affix>(argument.text, "");
}

StepPtr compile_suffix(const YamlNode& argument, StepBuild& build) {
  if (!argument.is_scalar()) return wrong(argument, build, {"one text", "单个文本"});
  return std::make_unique<Affix>("", argument.text);
}

StepPtr compile_pad(const YamlNode& argument, StepBuild& build) {
  const Bilingual hint{"{left: \"0\", to: 4} or {right: \"0\", to: 12}", "{left: \"0\", to: 4} 或 {right: \"0\", to: 12}"};
  const YamlNode* left = argument.find("left");
  const YamlNode* right = argument.find("right");
  const YamlNode* to = argument.find("to");
  const bool shape = argument.is_mapping() && argument.members.size() == 2 && (left == nullptr) != (right == nullptr) && to != nullptr;
  const YamlNode* fill = left != nullptr ? left : right;
  const auto length = shape && to->is_scalar() ? small_number(to->text, 1, 1000) : std::nullopt;
  if (!length || !fill->is_scalar() || characters_of(fill->text).size() != 1) return wrong(argument, build, hint);
  return std::make_unique<Pad>(fill->text, *length, left != nullptr);
}

StepPtr compile_substring(const YamlNode& argument, StepBuild& build) {
  const std::vector<unsigned> pair = numbers(argument, 1);
  if (!argument.is_sequence() || argument.items.size() != 2 || pair.size() != 2) return wrong(argument, build, {"[start, length]", "[起始, 长度]"});
  return std::make_unique<Substring>(pair[0], pair[1]);
}

} // namespace tongqu::mapping::detail
