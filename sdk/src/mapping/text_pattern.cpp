#include "mapping/text_pattern.hpp"

#include <algorithm>

#include "tongqu/base/utf8.hpp"

namespace tongqu::mapping::detail {
namespace {

bool digit(char c) { return c >= '0' && c <= '9'; }
bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

} // namespace

Decoded character_at(std::string_view text, std::size_t at) noexcept {
  const auto byte = [&text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = byte(at);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || at + length > text.size()) return {0xFFFD, 1};
  char32_t code = lead & (0xFFu >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(at + i) & 0xC0u) != 0x80) return {0xFFFD, 1};
    code = code << 6 | (byte(at + i) & 0x3Fu);
  }
  return {code, length};
}

bool is_han(char32_t code) noexcept {
  return (code >= 0x4E00 && code <= 0x9FFF) || (code >= 0x3400 && code <= 0x4DBF) || (code >= 0x20000 && code <= 0x323AF) || (code >= 0xF900 && code <= 0xFAFF) ||
         code == 0x3005 || code == 0x3007;
}

/// Recursive descent straight to instructions. A repetition copies the instructions of what it repeats.
class PatternParser {
public:
  using Op = TextPattern::Op;
  using Program = std::vector<TextPattern::Instruction>;
  PatternParser(std::string_view pattern, TextPattern& out, std::string& problem) : pattern_(pattern), out_(out), problem_(problem) {}

  bool run() {
    if (pattern_.size() > TextPattern::kPatternBytesMax) return fail("a pattern of at most " + std::to_string(TextPattern::kPatternBytesMax) + " bytes");
    Program body;
    if (!alternatives(body, 0)) return false;
    if (at_ != pattern_.size()) return fail(") without (");
    out_.program_ = {{Op::save, 0, 0}};
    append(out_.program_, body);
    out_.program_.push_back({Op::save, 1, 0});
    out_.program_.push_back({Op::match});
    return out_.program_.size() <= TextPattern::kProgramMax || fail("a smaller pattern");
  }

private:
  bool fail(std::string why) {
    if (problem_.empty()) problem_ = std::move(why) + " (at byte " + std::to_string(at_ + 1) + ")";
    return false;
  }
  bool more() const { return at_ < pattern_.size(); }
  bool next_is(char c) const { return more() && pattern_[at_] == c; }
  bool take(char c) { return next_is(c) && (++at_, true); }

  /// Jumps are kept relative to the program that holds them, and moved when it is put into another.
  static void append(Program& to, const Program& from) {
    const auto shift = static_cast<std::uint32_t>(to.size());
    for (TextPattern::Instruction i : from) {
      if (i.op == Op::split || i.op == Op::jump) i.x += shift;
      if (i.op == Op::split) i.y += shift;
      to.push_back(i);
    }
  }

  bool alternatives(Program& out, std::size_t depth) {
    Program first;
    if (!sequence(first, depth)) return false;
    if (!take('|')) {
      out = std::move(first);
      return true;
    }
    Program rest;
    if (!alternatives_after_bar(rest, depth)) return false;
    const auto size = static_cast<std::uint32_t>(first.size());
    out = {{Op::split, 1, size + 2}};
    append(out, first);
    out.push_back({Op::jump, size + 2 + static_cast<std::uint32_t>(rest.size())});
    append(out, rest);
    return out.size() <= TextPattern::kProgramMax || fail("a smaller pattern");
  }
  bool alternatives_after_bar(Program& out, std::size_t depth) {
    if (++bars_ > 200) return fail("at most 200 alternatives");
    return alternatives(out, depth);
  }

  bool sequence(Program& out, std::size_t depth) {
    while (more() && !next_is('|') && !next_is(')')) {
      Program piece;
      if (!atom(piece, depth) || !repetition(piece)) return false;
      append(out, piece);
      if (out.size() > TextPattern::kProgramMax) return fail("a smaller pattern");
    }
    return true;
  }

  bool atom(Program& out, std::size_t depth) {
    const char c = pattern_[at_];
    switch (c) {
      case '(': return group(out, depth);
      case '[': return set(out);
      case '\\': return escape(out);
      case '.': ++at_; out.push_back({Op::any}); return true;
      case '^': ++at_; out.push_back({Op::begin}); return true;
      case '$': ++at_; out.push_back({Op::end}); return true;
      case '*': case '+': case '?': case '{': return fail("something to repeat; \\ makes a sign plain");
      case ']': case '}': return fail("\\ before a plain ] or }");
      default: break;
    }
    const Decoded decoded = character_at(pattern_, at_);
    at_ += decoded.bytes;
    out.push_back({Op::character, decoded.code});
    return true;
  }

  bool group(Program& out, std::size_t depth) {
    if (depth >= TextPattern::kDepthMax) return fail("fewer groups within groups");
    ++at_;
    bool captures = true;
    std::string name;
    if (take('?')) {
      if (take(':')) captures = false;
      else if (!group_name(name)) return false;
    }
    std::uint32_t number = 0;
    if (captures) {
      if (out_.names_.size() >= TextPattern::kGroupsMax) return fail("at most " + std::to_string(TextPattern::kGroupsMax) + " groups");
      if (!name.empty() && out_.group(name) != 0) return fail("each name once");
      out_.names_.push_back(name);
      number = static_cast<std::uint32_t>(out_.names_.size());
      out.push_back({Op::save, number * 2});
    }
    Program body;
    if (!alternatives(body, depth + 1)) return false;
    if (!take(')')) return fail("( without )");
    append(out, body);
    if (captures) out.push_back({Op::save, number * 2 + 1});
    return true;
  }
  bool group_name(std::string& name) {
    if (!take('<')) return fail("( ), (?: ) or (?<name> ); there is no looking around");
    while (more() && (letter(pattern_[at_]) || digit(pattern_[at_]) || pattern_[at_] == '_')) name += pattern_[at_++];
    return (!name.empty() && take('>')) || fail("a name and >");
  }

  bool repetition(Program& piece) {
    unsigned least = 1, most = 1;
    bool endless = false;
    if (take('*')) least = 0, endless = true;
    else if (take('+')) endless = true;
    else if (take('?')) least = 0;
    else if (next_is('{')) {
      if (!counts(least, most, endless)) return false;
    } else return true;
    const bool lazy = take('?');
    if (next_is('*') || next_is('+') || next_is('?') || next_is('{')) return fail("one repetition");
    const std::size_t copies = endless ? least + 1 : std::max(most, 1u);
    if (piece.size() * copies > TextPattern::kProgramMax) return fail("a smaller pattern");
    Program out;
    for (unsigned i = 0; i < least; ++i) append(out, piece);
    if (endless) endless_part(out, piece, lazy);
    for (unsigned i = least; !endless && i < most; ++i) {
      // x{0,2} is (x(x)?)?: leaving early leaves all the rest.
      const auto left = static_cast<std::uint32_t>((most - i) * (piece.size() + 1));
      out.push_back(fork(static_cast<std::uint32_t>(out.size()) + 1, static_cast<std::uint32_t>(out.size()) + left, lazy));
      append(out, piece);
    }
    piece = std::move(out);
    return true;
  }
  static void endless_part(Program& out, const Program& piece, bool lazy) {
    const auto start = static_cast<std::uint32_t>(out.size());
    out.push_back(fork(start + 1, start + static_cast<std::uint32_t>(piece.size()) + 2, lazy));
    append(out, piece);
    out.push_back({Op::jump, start});
  }
  static TextPattern::Instruction fork(std::uint32_t on, std::uint32_t past, bool lazy) { return {Op::split, lazy ? past : on, lazy ? on : past}; }

  bool number(unsigned& out) {
    const std::size_t start = at_;
    out = 0;
    for (; more() && digit(pattern_[at_]); ++at_) {
      out = out * 10 + static_cast<unsigned>(pattern_[at_] - '0');
      if (out > TextPattern::kRepeatMax) return fail("at most " + std::to_string(TextPattern::kRepeatMax) + " repetitions");
    }
    return at_ != start || fail("a number");
  }
  bool counts(unsigned& least, unsigned& most, bool& endless) {
    ++at_;
    if (!number(least)) return false;
    most = least;
    if (take(',')) {
      endless = next_is('}');
      if (!endless && !number(most)) return false;
    }
    if (most < least) return fail("{least,most}");
    return take('}') || fail("}");
  }

  /// What stands after a backslash: one character, or a class.
  struct Escaped { bool is_class = false; char32_t character = 0; };
  bool escaped(Escaped& out, TextPattern::Set& set) {
    ++at_;
    if (!more()) return fail("a sign after \\");
    const char c = pattern_[at_];
    out.is_class = true;
    if (c == 'd') set.ranges.push_back({'0', '9'});
    else if (c == 'w') set.ranges.insert(set.ranges.end(), {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}});
    else if (c == 's') set.ranges.insert(set.ranges.end(), {{'\t', '\r'}, {' ', ' '}, {0xA0, 0xA0}, {0x2000, 0x200A}, {0x202F, 0x202F}, {0x205F, 0x205F}, {0x3000, 0x3000}});
    else if (c == 'p') return han(set);
    else out.is_class = false;
    ++at_;
    if (out.is_class) return true;
    if (c == 'n' || c == 'r' || c == 't') out.character = c == 'n' ? U'\n' : c == 'r' ? U'\r' : U'\t';
    else if (letter(c) || digit(c)) return fail("\\d \\w \\s \\p{Han} \\n \\r \\t, or \\ before a sign");
    else {
      --at_;
      const Decoded decoded = character_at(pattern_, at_);
      out.character = decoded.code;
      at_ += decoded.bytes;
    }
    return true;
  }
  bool han(TextPattern::Set& set) {
    constexpr std::string_view kName = "p{Han}";
    if (pattern_.substr(at_, kName.size()) != kName) return fail("\\p{Han}");
    at_ += kName.size();
    set.ranges.insert(set.ranges.end(), {{0x3005, 0x3005}, {0x3007, 0x3007}, {0x3400, 0x4DBF}, {0x4E00, 0x9FFF}, {0xF900, 0xFAFF}, {0x20000, 0x323AF}});
    return true;
  }
  bool escape(Program& out) {
    Escaped one;
    TextPattern::Set set;
    if (!escaped(one, set)) return false;
    if (one.is_class) add_set(out, std::move(set));
    else out.push_back({Op::character, one.character});
    return true;
  }
  void add_set(Program& out, TextPattern::Set set) {
    out.push_back({Op::set, static_cast<std::uint32_t>(out_.sets_.size())});
    out_.sets_.push_back(std::move(set));
  }

  bool set(Program& out) {
    ++at_;
    TextPattern::Set made;
    made.inverted = take('^');
    bool first = true;
    for (; more() && (first || !next_is(']')); first = false) {
      Escaped from;
      if (!set_member(from, made)) return false;
      if (from.is_class) continue;
      Escaped to = from;
      const bool range = at_ + 1 < pattern_.size() && pattern_[at_] == '-' && pattern_[at_ + 1] != ']';
      if (range) {
        ++at_;
        TextPattern::Set none;
        if (!set_member(to, none)) return false;
        if (to.is_class || to.character < from.character) return fail("a range from low to high");
      }
      made.ranges.push_back({from.character, to.character});
    }
    if (!take(']')) return fail("[ without ]");
    add_set(out, std::move(made));
    return true;
  }
  bool set_member(Escaped& out, TextPattern::Set& set) {
    if (next_is('\\')) return escaped(out, set);
    const Decoded decoded = character_at(pattern_, at_);
    out.character = decoded.code;
    at_ += decoded.bytes;
    return true;
  }

  std::string_view pattern_;
  TextPattern& out_;
  std::string& problem_;
  std::size_t at_ = 0;
  unsigned bars_ = 0;
};

std::optional<TextPattern> TextPattern::compile(std::string_view pattern, std::string& problem) {
  problem.clear();
  TextPattern made;
  made.text_ = pattern;
  if (!PatternParser(pattern, made, problem).run()) return std::nullopt;
  return made;
}

namespace {

/// The class after the colon of `{name:class}`, as a pattern; empty for an unknown one.
std::string_view small_class(std::string_view name) {
  if (name.empty()) return ".+?";
  if (name == "digits") return "[0-9]+";
  if (name == "number") return "[0-9]+(?:\\.[0-9]+)?";
  return {};
}

void append_plain(std::string& out, std::string_view character) {
  if (character.size() == 1 && !letter(character[0]) && !digit(character[0]) && static_cast<unsigned char>(character[0]) > ' ') out += '\\';
  out += character;
}

} // namespace

std::optional<TextPattern> TextPattern::compile_small(std::string_view pattern, std::string& problem) {
  std::string full;
  for (std::size_t at = 0; at < pattern.size();) {
    const std::size_t bytes = character_at(pattern, at).bytes;
    const char c = pattern[at];
    if (c == '*' || c == '?') {
      full += c == '*' ? ".*?" : ".";
    } else if (c == '{') {
      const std::size_t end = std::min(pattern.find('}', at), pattern.size());
      const std::string_view inside = pattern.substr(at + 1, end - at - 1);
      const std::size_t colon = std::min(inside.find(':'), inside.size());
      const std::string_view piece = small_class(colon < inside.size() ? inside.substr(colon + 1) : std::string_view());
      if (end == pattern.size() || piece.empty()) {
        problem = "{name}, {name:digits} or {name:number}";
        return std::nullopt;
      }
      full.append("(?<").append(inside.substr(0, colon)).append(">").append(piece).append(")");
      at = end + 1;
      continue;
    } else if (c == '\\' && at + 1 < pattern.size()) {
      const std::size_t next = character_at(pattern, at + 1).bytes;
      append_plain(full, pattern.substr(at + 1, next));
      at += 1 + next;
      continue;
    } else {
      append_plain(full, pattern.substr(at, bytes));
    }
    at += bytes;
  }
  auto made = compile(full, problem);
  if (made) made->text_ = pattern;
  return made;
}

std::size_t TextPattern::group(std::string_view name) const noexcept {
  const auto found = std::find(names_.begin(), names_.end(), name);
  return found == names_.end() || name.empty() ? 0 : static_cast<std::size_t>(found - names_.begin()) + 1;
}

bool TextPattern::takes(const Instruction& instruction, char32_t character) const noexcept {
  if (instruction.op == Op::character) return instruction.x == character;
  if (instruction.op == Op::any) return character != '\n';
  if (instruction.op != Op::set) return false;
  const Set& set = sets_[instruction.x];
  const auto inside = [character](const Range& range) { return character >= range.first && character <= range.last; };
  return std::any_of(set.ranges.begin(), set.ranges.end(), inside) != set.inverted;
}

/// All threads of the pattern go through the text together, one character at a time; no place of the program is held by two, which bounds the work.
class PatternRun {
public:
  PatternRun(const TextPattern& pattern, std::string_view text, bool whole, TextPattern::Groups* groups)
      : pattern_(pattern), text_(text), whole_(whole), groups_(groups), width_(groups == nullptr ? 0 : (pattern.names_.size() + 1) * 2) {
    now_.resize(pattern.program_.size(), width_);
    next_.resize(pattern.program_.size(), width_);
  }

  TextPattern::Answer run() {
    if (text_.size() > TextPattern::kWorkMax / pattern_.program_.size()) return TextPattern::Answer::too_much;
    bool found = false;
    std::vector<const char*> slots(width_, nullptr);
    std::vector<const char*> best(width_, nullptr);
    for (std::size_t at = 0;; ) {
      if ((at == 0 || !whole_) && !found) add(now_, 0, at, slots);
      if (now_.places.empty()) break;
      const bool end = at == text_.size();
      const Decoded character = end ? Decoded{0, 0} : character_at(text_, at);
      for (std::size_t i = 0; i < now_.places.size(); ++i) {
        const std::uint32_t place = now_.places[i];
        const auto& instruction = pattern_.program_[place];
        const char** mine = width_ == 0 ? nullptr : now_.slots.data() + place * width_;
        if (instruction.op == TextPattern::Op::match) {
          if (whole_ && !end) continue;
          found = true;
          best.assign(mine, mine + width_);
          break;  // Threads behind this one have less right.
        }
        if (end || !pattern_.takes(instruction, character.code)) continue;
        slots.assign(mine, mine + width_);
        add(next_, place + 1, at + character.bytes, slots);
      }
      std::fill(slots.begin(), slots.end(), nullptr);
      std::swap(now_, next_);
      next_.clear();
      if (end) break;
      at += character.bytes;
    }
    if (found && groups_ != nullptr) give(best);
    return found ? TextPattern::Answer::yes : TextPattern::Answer::no;
  }

private:
  using Op = TextPattern::Op;
  struct Threads {
    std::vector<std::uint32_t> places;         ///< Of instructions that take a character, or match; the first has the most right.
    std::vector<std::uint32_t> seen;           ///< By place: the round in which it was entered.
    std::uint32_t round = 1;
    std::vector<const char*> slots;
    void resize(std::size_t size, std::size_t width) {
      seen.assign(size, 0);
      slots.assign(size * width, nullptr);
    }
    void clear() {
      places.clear();
      ++round;
    }
  };
  /// A place to go to, or, on the way back, a slot to restore.
  struct Todo { std::uint32_t place; bool restore; std::uint32_t slot; const char* old; };

  void add(Threads& threads, std::uint32_t start, std::size_t at, std::vector<const char*>& slots) {
    todo_.push_back({start, false, 0, nullptr});
    while (!todo_.empty()) {
      const Todo todo = todo_.back();
      todo_.pop_back();
      if (todo.restore) slots[todo.slot] = todo.old;
      else follow(threads, todo.place, at, slots);
    }
  }
  void follow(Threads& threads, std::uint32_t place, std::size_t at, std::vector<const char*>& slots) {
    while (threads.seen[place] != threads.round) {
      threads.seen[place] = threads.round;
      const auto& instruction = pattern_.program_[place];
      switch (instruction.op) {
        case Op::jump: place = instruction.x; continue;
        case Op::split:
          todo_.push_back({instruction.y, false, 0, nullptr});
          place = instruction.x;
          continue;
        case Op::save:
          if (instruction.x < width_) {
            todo_.push_back({0, true, instruction.x, slots[instruction.x]});
            slots[instruction.x] = text_.data() + at;
          }
          ++place;
          continue;
        case Op::begin:
          if (at != 0) return;
          ++place;
          continue;
        case Op::end:
          if (at != text_.size()) return;
          ++place;
          continue;
        default: break;
      }
      threads.places.push_back(place);
      std::copy(slots.begin(), slots.end(), threads.slots.begin() + static_cast<std::ptrdiff_t>(place * width_));
      return;
    }
  }
  void give(const std::vector<const char*>& best) {
    groups_->assign(width_ / 2, {});
    for (std::size_t i = 0; i < groups_->size(); ++i) {
      const char* first = best[i * 2];
      const char* last = best[i * 2 + 1];
      if (first != nullptr && last != nullptr) (*groups_)[i] = {first, static_cast<std::size_t>(last - first)};
    }
  }

  const TextPattern& pattern_;
  std::string_view text_;
  bool whole_;
  TextPattern::Groups* groups_;
  std::size_t width_;
  Threads now_, next_;
  std::vector<Todo> todo_;
};

TextPattern::Answer TextPattern::whole(std::string_view text, Groups* groups) const {
  return PatternRun(*this, text.data() == nullptr ? std::string_view("") : text, true, groups).run();
}

TextPattern::Answer TextPattern::search(std::string_view text, Groups* groups) const {
  return PatternRun(*this, text.data() == nullptr ? std::string_view("") : text, false, groups).run();
}

std::string TextPattern::sample(const std::function<std::uint32_t(std::uint32_t)>& draw) const {
  constexpr std::size_t kStepsMax = 4000, kBytesMax = 60;
  const auto member = [&draw](const Set& set) -> char32_t {
    if (set.inverted || set.ranges.empty()) return U'x';
    const Range& range = set.ranges[draw(static_cast<std::uint32_t>(set.ranges.size()))];
    return range.first + draw(std::min<std::uint32_t>(range.last - range.first, 100) + 1);
  };
  std::string out;
  std::size_t at = 0;
  for (std::size_t steps = 0; steps < kStepsMax && at < program_.size(); ++steps) {
    const Instruction& now = program_[at];
    switch (now.op) {
      case Op::match: return out;
      case Op::character: append_utf8(out, now.x); break;
      case Op::any: append_utf8(out, draw(2) == 0 ? U'a' : U'中'); break;
      case Op::set: append_utf8(out, member(sets_[now.x])); break;
      // A long text wants out of its repetitions: the way on is the one further down.
      case Op::split: at = out.size() > kBytesMax ? std::max(now.x, now.y) : draw(2) == 0 ? now.x : now.y; continue;
      case Op::jump: at = now.x; continue;
      default: break;
    }
    ++at;
  }
  return {};
}

} // namespace tongqu::mapping::detail
