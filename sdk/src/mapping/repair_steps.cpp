#include <algorithm>
#include <cstring>

#include "mapping/step_compilers.hpp"
#include "mapping/text_pattern.hpp"
#include "tongqu/base/bytes.hpp"
#include "tongqu/base/utf8.hpp"
#include "tongqu/wire/encoding.hpp"

/// Steps against texts that were harmed on their way, or will be: mojibake, mark-up, columns that are too narrow.
namespace tongqu::mapping::detail {
namespace {

/// Windows-1252 puts these where Latin-1 has controls; programs that say Latin-1 mostly mean it.
constexpr char32_t kWindows1252[32] = {0x20AC, 0x81,   0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8D,   0x017D, 0x8F,
                                       0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D,   0x017E, 0x0178};

/// The bytes that a reader of Latin-1 or Windows-1252 made this text of; nothing when it holds other characters.
std::optional<std::string> latin_bytes(std::string_view text) {
  std::string bytes;
  for (std::size_t at = 0; at < text.size();) {
    const Decoded c = character_at(text, at);
    at += c.bytes;
    if (c.code < 0x100) {
      bytes += static_cast<char>(static_cast<unsigned char>(c.code));
      continue;
    }
    const auto* found = std::find(std::begin(kWindows1252), std::end(kWindows1252), c.code);
    if (found == std::end(kWindows1252)) return std::nullopt;
    bytes += static_cast<char>(static_cast<unsigned char>(0x80 + (found - std::begin(kWindows1252))));
  }
  return bytes;
}

/// How many of the characters beyond ASCII are Han or the punctuation that goes with it, and whether all are.
struct Script { std::size_t han = 0; bool only = true; };
Script script_of(std::string_view text) {
  Script script;
  for (std::size_t at = 0; at < text.size();) {
    const Decoded c = character_at(text, at);
    at += c.bytes;
    if (c.code < 0x80) continue;
    const bool sign = (c.code >= 0x3000 && c.code <= 0x303F) || (c.code >= 0xFF00 && c.code <= 0xFFEF) || (c.code >= 0x2010 && c.code <= 0x2027) || c.code == 0xB7;
    if (is_han(c.code)) ++script.han;
    else if (!sign) script.only = false;
  }
  return script;
}

enum class Repair : std::uint8_t { none, utf8_as_latin1, gbk_as_latin1, utf8_as_gbk };

/// Whether bytes beyond ASCII stand in twos.
bool in_pairs(std::string_view bytes) {
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    if (static_cast<unsigned char>(bytes[at]) < 0x80) continue;
    if (++at == bytes.size() || static_cast<unsigned char>(bytes[at]) < 0xA1) return false;
  }
  return true;
}

/// What the text was before it was read in the wrong encoding; nothing unless the whole of it goes back and gives Chinese.
std::optional<std::string> restore(std::string_view text, Repair repair, bool sure = false) {
  std::optional<std::string> bytes;
  if (repair == Repair::utf8_as_gbk) {
    auto encoded = wire::encode(text, wire::Encoding::gb18030);
    if (encoded) bytes = std::move(*encoded);
  } else {
    bytes = latin_bytes(text);
  }
  if (!bytes) return std::nullopt;
  std::string restored;
  if (repair == Repair::gbk_as_latin1) {
    // Müller: a letter with a sign and the plain one behind it make a GBK character too, but nobody sent one.
    if (sure && !in_pairs(*bytes)) return std::nullopt;
    auto decoded = wire::decode(*bytes, wire::Encoding::gb18030);
    if (!decoded) return std::nullopt;
    restored = std::move(*decoded);
  } else {
    if (!is_utf8(*bytes)) return std::nullopt;
    restored = std::move(*bytes);
  }
  const Script script = script_of(restored);
  // One Han character made of Latin letters may be chance for GBK (é and è are C3 A9); UTF-8 has a form of its own.
  const std::size_t least = repair == Repair::utf8_as_latin1 ? 1 : 2;
  return script.only && script.han >= least ? std::optional(restored) : std::nullopt;
}

/// Signs of a text that was read wrongly and cannot be what somebody wrote.
bool beyond_repair(std::string_view text) {
  constexpr std::string_view kSigns[] = {"锟斤拷", "锟斤", "烫烫烫", "屯屯屯", "\xEF\xBF\xBD", "????"};
  for (const std::string_view sign : kSigns) {
    if (text.find(sign) != std::string_view::npos) return true;
  }
  // ?? alone: every character of a short name that the sender's encoding did not have.
  return text.size() >= 2 && text.find_first_not_of('?') == std::string_view::npos;
}

/// Whether a stretch of the text, between characters that no reader of Latin-1 makes, is Chinese read as Latin-1.
bool latin_stretch(std::string_view text) {
  std::size_t start = 0;
  const auto wrong_reading = [&text](std::size_t from, std::size_t to) {
    const std::string_view run = text.substr(from, to - from);
    return restore(run, Repair::utf8_as_latin1).has_value() || restore(run, Repair::gbk_as_latin1, true).has_value();
  };
  for (std::size_t at = 0; at < text.size();) {
    const Decoded c = character_at(text, at);
    const bool latin = c.code < 0x100 || std::find(std::begin(kWindows1252), std::end(kWindows1252), c.code) != std::end(kWindows1252);
    // Plain characters cut a stretch too, so that one real word beside it hides nothing.
    if (!latin || c.code < 0x80) {
      if (at > start && wrong_reading(start, at)) return true;
      start = at + c.bytes;
    }
    at += c.bytes;
  }
  return start < text.size() && wrong_reading(start, text.size());
}

bool suspicious(std::string_view text) {
  if (beyond_repair(text)) return true;
  const bool ascii = std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  return !ascii && (latin_stretch(text) || restore(text, Repair::utf8_as_gbk).has_value());
}

class Mojibake final : public Step {
public:
  Mojibake(bool report, Repair repair) : report_(report), repair_(repair) { never_malforms = report; }
  StepOutcome run(Value& value, wire::Arena& arena) const override {
    if (repair_ != Repair::none) {
      if (const auto restored = restore(value.text, repair_)) {
        value.text = arena.store(*restored);
        value.note(Note::mojibake_repaired);
      }
    }
    if (!suspicious(value.text)) return StepOutcome::ok;
    if (report_) {
      value.note(Note::mojibake);
      return StepOutcome::ok;
    }
    value.fault = Errc::mapping_mojibake;
    return StepOutcome::malformed;
  }
  Bilingual expected() const override { return {"text read in its own encoding", "以正确编码读取的文本"}; }

private:
  bool report_;
  Repair repair_;
};

struct Entity { std::string_view name; char32_t code; };
constexpr Entity kEntities[] = {{"nbsp", ' '},       {"lt", '<'},         {"gt", '>'},         {"amp", '&'},        {"quot", '"'},       {"apos", '\''},      {"ensp", ' '},
                                {"emsp", ' '},       {"thinsp", ' '},     {"middot", 0xB7},    {"mdash", 0x2014},   {"ndash", 0x2013},   {"hellip", 0x2026},  {"ldquo", 0x201C},
                                {"rdquo", 0x201D},   {"lsquo", 0x2018},   {"rsquo", 0x2019},   {"times", 0xD7},     {"divide", 0xF7},    {"deg", 0xB0},       {"yen", 0xA5},
                                {"copy", 0xA9},      {"reg", 0xAE},       {"bull", 0x2022},    {"sect", 0xA7},      {"plusmn", 0xB1},    {"sup2", 0xB2},      {"sup3", 0xB3},
                                {"zwnj", 0x200C},    {"zwj", 0x200D}};

/// Tags go, their meaning for lines stays, entities become their characters. One pass, whatever the text.
class HtmlText {
public:
  explicit HtmlText(std::string_view text) : text_(text) {}
  std::string run() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '<' && tag()) continue;
      if (c == '&' && entity()) continue;
      if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
        blank_ = true;
        ++at_;
        continue;
      }
      put(text_.substr(at_, 1));
      ++at_;
    }
    return std::move(out_);
  }
  bool changed() const noexcept { return changed_; }

private:
  void put(std::string_view piece) {
    if (blank_ && !out_.empty() && out_.back() != '\n') out_ += ' ';
    blank_ = false;
    out_ += piece;
  }
  void line() {
    blank_ = false;
    if (!out_.empty() && out_.back() != '\n') out_ += '\n';
  }
  static std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return out;
  }
  static bool one_of_names(std::string_view name, std::initializer_list<std::string_view> names) { return std::find(names.begin(), names.end(), name) != names.end(); }

  /// Skips a tag or comment; answers false for a < that opens none (3<5).
  bool tag() {
    if (text_.substr(at_, 4) == "<!--") return skip_to("-->", at_ + 4);
    std::size_t name_at = at_ + 1;
    const bool closing = name_at < text_.size() && text_[name_at] == '/';
    if (closing) ++name_at;
    std::size_t name_end = name_at;
    const auto letter = [this](std::size_t i) { return i < text_.size() && ((text_[i] >= 'a' && text_[i] <= 'z') || (text_[i] >= 'A' && text_[i] <= 'Z') || text_[i] == '!' || text_[i] == '?'); };
    while (letter(name_end) || (name_end > name_at && name_end < text_.size() && text_[name_end] >= '0' && text_[name_end] <= '9')) ++name_end;
    if (name_end == name_at) return false;
    const std::size_t end = tag_end(name_end);
    if (end == std::string_view::npos) return false;
    const std::string name = lower(text_.substr(name_at, name_end - name_at));
    at_ = end + 1;
    changed_ = true;
    if (one_of_names(name, {"br", "p", "div", "tr", "li", "ul", "ol", "table", "h1", "h2", "h3", "h4", "h5", "h6", "hr"})) line();
    if (one_of_names(name, {"td", "th"})) blank_ = true;
    if (!closing && one_of_names(name, {"script", "style"})) skip_element(name);
    return true;
  }
  /// The > that closes a tag, not one inside a quoted attribute; the next < ends the search, so that no text is looked at again and again.
  std::size_t tag_end(std::size_t from) {
    char quote = 0;
    for (std::size_t i = from; i < text_.size() && i - from < 65536; ++i) {
      const char c = text_[i];
      if (quote != 0) quote = c == quote ? '\0' : quote;
      else if (c == '"' || c == '\'') quote = c;
      else if (c == '<') return std::string_view::npos;
      else if (c == '>') return i;
    }
    return std::string_view::npos;
  }
  void skip_element(const std::string& name) {
    const std::string closing = "</" + name;
    for (std::size_t i = at_; i + closing.size() <= text_.size(); ++i) {
      if (text_[i] != '<' || lower(text_.substr(i, closing.size())) != closing) continue;
      at_ = i;
      return;
    }
    at_ = text_.size();
  }
  bool skip_to(std::string_view mark, std::size_t from) {
    const std::size_t end = text_.find(mark, from);
    changed_ = true;
    at_ = end == std::string_view::npos ? text_.size() : end + mark.size();
    return true;
  }
  bool entity() {
    const std::size_t end = text_.substr(0, std::min(text_.size(), at_ + 12)).find(';', at_);
    if (end == std::string_view::npos) return false;
    const std::string_view name = text_.substr(at_ + 1, end - at_ - 1);
    char32_t code = 0;
    if (!name.empty() && name[0] == '#') code = numeric(name.substr(1));
    for (const Entity& row : kEntities) {
      if (row.name == name) code = row.code;
    }
    if (code == 0) return false;
    changed_ = true;
    at_ = end + 1;
    if (code == ' ' || code == 0xA0) {
      blank_ = true;
      return true;
    }
    std::string piece;
    append_utf8(piece, code);
    put(piece);
    return true;
  }
  static char32_t numeric(std::string_view digits) {
    const bool hex = !digits.empty() && (digits[0] == 'x' || digits[0] == 'X');
    if (hex) digits.remove_prefix(1);
    if (digits.empty() || digits.size() > 7) return 0;
    char32_t code = 0;
    for (const char c : digits) {
      const bool decimal = c >= '0' && c <= '9';
      const char small = static_cast<char>(c | 0x20);
      const bool letter = hex && small >= 'a' && small <= 'f';
      if (!decimal && !letter) return 0;
      code = code * (hex ? 16 : 10) + static_cast<char32_t>(decimal ? c - '0' : small - 'a' + 10);
    }
    const bool character = code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF) && (code >= 0x20 || code == '\n' || code == '\t');
    return character ? code : 0;
  }

  std::string_view text_;
  std::string out_;
  std::size_t at_ = 0;
  bool blank_ = false;
  bool changed_ = false;
};

class Html final : public Step {
public:
  StepOutcome run(Value& value, wire::Arena& arena) const override {
    if (value.text.find_first_of("<&") == std::string_view::npos) return StepOutcome::ok;
    HtmlText reader(value.text);
    std::string text = reader.run();
    if (!reader.changed()) return StepOutcome::ok;
    while (!text.empty() && text.back() == '\n') text.pop_back();
    value.text = arena.store(text);
    value.repaired = true;
    return StepOutcome::ok;
  }
};

enum class LengthUnit : std::uint8_t { chars, utf8, gbk };
constexpr std::pair<std::string_view, LengthUnit> kLengthUnits[] = {{"chars", LengthUnit::chars}, {"utf8", LengthUnit::utf8}, {"gbk", LengthUnit::gbk}};

/// Bytes of GBK that a character takes; more than any limit where GB18030 does not have it.
std::size_t gbk_bytes(char32_t code, std::string_view character) {
  if (code < 0x80) return 1;
  const auto bytes = wire::encode(character, wire::Encoding::gb18030);
  return bytes ? bytes->size() : std::size_t{1} << 30;
}

/// Characters that belong to the one before: what is left of 葛 without its selector is another form of the name.
bool extends(char32_t code) {
  return (code >= 0x300 && code <= 0x36F) || (code >= 0xFE00 && code <= 0xFE0F) || (code >= 0xE0100 && code <= 0xE01EF) || code == 0x200D || (code >= 0x1F3FB && code <= 0x1F3FF);
}

std::size_t measure(LengthUnit unit, const Decoded& c, std::string_view character) {
  if (unit == LengthUnit::chars) return 1;
  return unit == LengthUnit::utf8 ? c.bytes : gbk_bytes(c.code, character);
}

class Length final : public Step {
public:
  Length(LengthUnit unit, unsigned limit, bool most) : unit_(unit), limit_(limit), most_(most) {}
  StepOutcome run(Value& value, wire::Arena&) const override {
    if (most_ && value.text.size() <= limit_ && unit_ != LengthUnit::gbk) return StepOutcome::ok;
    std::size_t length = 0;
    for (std::size_t at = 0; at < value.text.size() && length <= limit_;) {
      const Decoded c = character_at(value.text, at);
      length += measure(unit_, c, value.text.substr(at, c.bytes));
      at += c.bytes;
    }
    return (most_ ? length <= limit_ : length >= limit_) ? StepOutcome::ok : StepOutcome::range;
  }
  Bilingual expected() const override {
    const std::string count = std::to_string(limit_);
    const std::string en = most_ ? "at most " : "at least ", zh = most_ ? "至多 " : "至少 ";
    if (unit_ == LengthUnit::chars) return {en + count + " characters", zh + count + " 个字符"};
    const std::string label = unit_ == LengthUnit::gbk ? "GBK" : "UTF-8";
    return {en + count + " bytes of " + label, label + " 编码" + zh + count + " 字节"};
  }

private:
  LengthUnit unit_;
  unsigned limit_;
  bool most_;
};

/// Cuts what is longer, never inside a character or between a character and what belongs to it.
class Cut final : public Step {
public:
  Cut(LengthUnit unit, unsigned most) : unit_(unit), most_(most) {}
  StepOutcome run(Value& value, wire::Arena&) const override {
    std::size_t length = 0, whole = 0;
    for (std::size_t at = 0; at < value.text.size();) {
      const Decoded c = character_at(value.text, at);
      if (!extends(c.code)) whole = at;
      length += measure(unit_, c, value.text.substr(at, c.bytes));
      if (length > most_) {
        value.text = value.text.substr(0, whole);
        value.note(Note::text_cut);
        return StepOutcome::ok;
      }
      at += c.bytes;
    }
    return StepOutcome::ok;
  }

private:
  LengthUnit unit_;
  unsigned most_;
};

struct LengthArgument { LengthUnit unit = LengthUnit::chars; unsigned limit = 0; };
std::optional<LengthArgument> length_argument(const YamlNode& argument, const StepBuild& build) {
  if (argument.is_mapping() && argument.members.size() == 1 && argument.members[0].second.is_scalar()) {
    const auto limit = small_number(argument.members[0].second.text, 1, 1000000);
    for (const auto& [name, unit] : kLengthUnits) {
      if (limit && name == argument.members[0].first.text) return LengthArgument{unit, *limit};
    }
  }
  (void)wrong(argument, build, {"{chars: n}, {utf8: n} or {gbk: n}", "{chars: n}、{utf8: n} 或 {gbk: n}"});
  return std::nullopt;
}

} // namespace

StepPtr compile_mojibake(const YamlNode& argument, StepBuild& build) {
  if (argument.is_scalar() && (argument.text == "refuse" || argument.text == "report")) return std::make_unique<Mojibake>(argument.text == "report", Repair::none);
  if (!argument.is_mapping()) return wrong(argument, build, {"refuse, report or {repair: …}", "refuse、report 或 {repair: …}"});
  if (!check_keys(argument, {"repair", "else"}, build.subject, build.mistakes)) return nullptr;
  constexpr std::pair<std::string_view, Repair> kRepairs[] = {
      {"utf8_as_latin1", Repair::utf8_as_latin1}, {"gbk_as_latin1", Repair::gbk_as_latin1}, {"utf8_as_gbk", Repair::utf8_as_gbk}};
  const std::string repair = member_text(argument, "repair", Need::required, build.subject, build.mistakes).value_or("utf8_as_latin1");
  const auto* found = std::find_if(std::begin(kRepairs), std::end(kRepairs), [&repair](const auto& row) { return row.first == repair; });
  const std::string otherwise = member_text(argument, "else", Need::optional, build.subject, build.mistakes).value_or("refuse");
  if (found == std::end(kRepairs)) return wrong(argument, build, one_of({"utf8_as_latin1", "gbk_as_latin1", "utf8_as_gbk"}));
  if (otherwise != "refuse" && otherwise != "report") return wrong(argument, build, one_of({"refuse", "report"}));
  return std::make_unique<Mojibake>(otherwise == "report", found->second);
}

StepPtr compile_html_text(const YamlNode& argument, StepBuild& build) { return no_argument(argument, build) ? std::make_unique<Html>() : nullptr; }

StepPtr compile_length_max(const YamlNode& argument, StepBuild& build) {
  const auto made = length_argument(argument, build);
  return made ? std::make_unique<Length>(made->unit, made->limit, true) : nullptr;
}

StepPtr compile_length_min(const YamlNode& argument, StepBuild& build) {
  const auto made = length_argument(argument, build);
  return made ? std::make_unique<Length>(made->unit, made->limit, false) : nullptr;
}

StepPtr compile_cut(const YamlNode& argument, StepBuild& build) {
  const auto made = length_argument(argument, build);
  return made ? std::make_unique<Cut>(made->unit, made->limit) : nullptr;
}

} // namespace tongqu::mapping::detail
