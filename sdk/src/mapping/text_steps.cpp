#include "mapping/step_compilers.hpp"

#include <algorithm>
#include <cstring>

#include "tongqu/base/bytes.hpp"
#include "tongqu/model/identifiers.hpp"
#include "tongqu/wire/encoding.hpp"

namespace tongqu::mapping::detail {
namespace {

/// Bytes of the UTF-8 character that starts at `at`.
std::size_t character_bytes(std::string_view text, std::size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  return std::min(length, text.size() - at);
}

constexpr std::string_view kWideBlanks[] = {"\xE3\x80\x80", "\xC2\xA0", "\xE2\x80\x8B", "\xE2\x80\x8C", "\xE2\x80\x8D", "\xEF\xBB\xBF", "\xE2\x81\xA0"};

bool ascii_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

class Trim final : public Step {
public:
  explicit Trim(bool wide) : wide_(wide) {}
  StepOutcome run(Value& value, wire::Arena&) const override {
    std::string_view& text = value.text;
    bool again = true;
    while (again) {
      while (!text.empty() && ascii_blank(text.front())) text.remove_prefix(1);
      while (!text.empty() && ascii_blank(text.back())) text.remove_suffix(1);
      again = wide_ && !text.empty() && (text.front() < 0 || text.back() < 0) && strip_wide(text);
      value.repaired = value.repaired || again;
    }
    return StepOutcome::ok;
  }

private:
  static bool strip_wide(std::string_view& text) {
    for (const std::string_view blank : kWideBlanks) {
      if (text.size() < blank.size()) continue;
      if (text.substr(0, blank.size()) == blank) {
        text.remove_prefix(blank.size());
        return true;
      }
      if (text.substr(text.size() - blank.size()) == blank) {
        text.remove_suffix(blank.size());
        return true;
      }
    }
    return false;
  }
  bool wide_;
};

class Strip final : public Step {
public:
  explicit Strip(std::vector<std::string> characters) : characters_(std::move(characters)) {}
  StepOutcome run(Value& value, wire::Arena& arena) const override {
    const std::string_view text = value.text;
    const auto first = find(text, 0);
    if (first == text.size()) return StepOutcome::ok;
    char* out = arena.allocate(text.size());
    std::size_t size = 0;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t bytes = character_bytes(text, at);
      if (!stripped(text.substr(at, bytes))) {
        std::memcpy(out + size, text.data() + at, bytes);
        size += bytes;
      }
      at += bytes;
    }
    value.text = {out, size};
    value.repaired = true;
    return StepOutcome::ok;
  }

private:
  bool stripped(std::string_view character) const { return std::find(characters_.begin(), characters_.end(), character) != characters_.end(); }
  std::size_t find(std::string_view text, std::size_t at) const {
    while (at < text.size()) {
      const std::size_t bytes = character_bytes(text, at);
      if (stripped(text.substr(at, bytes))) return at;
      at += bytes;
    }
    return at;
  }
  std::vector<std::string> characters_;
};

class Fold final : public Step {
public:
  bool digits = false, latin = false, punct = false, space = false;
  StepOutcome run(Value& value, wire::Arena& arena) const override {
    const std::string_view text = value.text;
    // Full-width forms start with EF, the ideographic blank with E3: most values have neither.
    if (std::memchr(text.data(), 0xEF, text.size()) == nullptr && (!space || std::memchr(text.data(), 0xE3, text.size()) == nullptr)) return StepOutcome::ok;
    char* out = nullptr;
    std::size_t size = 0;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t bytes = character_bytes(text, at);
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
    if (space && character == "\xE3\x80\x80") return ' ';
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
  explicit NullIf(std::vector<std::string> texts) : texts_(std::move(texts)) {}
  StepOutcome run(Value& value, wire::Arena&) const override {
    return texts_.holds(value.text) ? StepOutcome::placeholder : StepOutcome::ok;
  }
  Bilingual expected() const override { return {"a value, not a placeholder", "实际取值，而非占位内容"}; }

private:
  NullTexts texts_;
};

class ChangeCase final : public Step {
public:
  explicit ChangeCase(bool upper) : from_(upper ? 'a' : 'A'), to_(upper ? 'A' : 'a') {}
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
    value.text = arena.store(before_ + std::string(value.text) + after_);
    return StepOutcome::ok;
  }

private:
  std::string before_, after_;
};

class Split final : public Step {
public:
  explicit Split(std::string separator) : separator_(std::move(separator)) {}
  StepOutcome run(Value& value, wire::Arena&) const override {
    value.list.clear();
    for (std::size_t at = 0; at <= value.text.size();) {
      const std::size_t end = std::min(value.text.find(separator_, at), value.text.size());
      if (end > at) value.list.push_back(value.text.substr(at, end - at));
      at = end + separator_.size();
    }
    return StepOutcome::ok;
  }

private:
  std::string separator_;
};

class SplitCode final : public Step {
public:
  explicit SplitCode(std::vector<unsigned> lengths) : lengths_(std::move(lengths)) {}
  StepOutcome run(Value& value, wire::Arena&) const override {
    value.list.clear();
    std::size_t at = 0;
    for (const unsigned length : lengths_) {
      const std::size_t start = at;
      for (unsigned i = 0; i < length; ++i) {
        if (at >= value.text.size()) return StepOutcome::malformed;
        at += character_bytes(value.text, at);
      }
      value.list.push_back(value.text.substr(start, at - start));
    }
    return at == value.text.size() ? StepOutcome::ok : StepOutcome::malformed;
  }
  Bilingual expected() const override {
    unsigned total = 0;
    for (const unsigned length : lengths_) total += length;
    return {std::to_string(total) + " characters", std::to_string(total) + " 个字符"};
  }

private:
  std::vector<unsigned> lengths_;
};

class Part final : public Step {
public:
  explicit Part(unsigned number) : number_(number) {}
  StepOutcome run(Value& value, wire::Arena&) const override {
    if (value.list.size() < number_) return StepOutcome::malformed;
    value.text = value.list[number_ - 1];
    value.list.clear();
    return StepOutcome::ok;
  }
  Bilingual expected() const override { return {"at least " + std::to_string(number_) + " parts", "至少 " + std::to_string(number_) + " 段"}; }

private:
  unsigned number_;
};

class Substring final : public Step {
public:
  Substring(unsigned start, unsigned length) : start_(start), length_(length) {}
  StepOutcome run(Value& value, wire::Arena&) const override {
    std::size_t at = 0;
    for (unsigned i = 1; i < start_; ++i) {
      if (at >= value.text.size()) return StepOutcome::malformed;
      at += character_bytes(value.text, at);
    }
    const std::size_t from = at;
    for (unsigned i = 0; i < length_; ++i) {
      if (at >= value.text.size()) return StepOutcome::malformed;
      at += character_bytes(value.text, at);
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

class UpgradeId final : public Step {
public:
  StepOutcome run(Value& value, wire::Arena& arena) const override {
    if (value.text.size() != 15) return StepOutcome::ok;
    auto longer = model::upgrade_resident_id(value.text);
    if (!longer) return StepOutcome::malformed;
    value.text = arena.store(*longer);
    value.repaired = true;
    return StepOutcome::ok;
  }
  Bilingual expected() const override { return {"a valid number of 15 or 18 characters", "有效的 15 位或 18 位号码"}; }
};

class Base64 final : public Step {
public:
  StepOutcome run(Value& value, wire::Arena& arena) const override {
    auto bytes = from_base64(value.text, Base64Breaks::skip);
    if (!bytes) return StepOutcome::malformed;
    value.text = arena.store(*bytes);
    return StepOutcome::ok;
  }
  Bilingual expected() const override { return {"Base64", "Base64 编码"}; }
};

class Gbk final : public Step {
public:
  StepOutcome run(Value& value, wire::Arena& arena) const override {
    auto text = wire::decode(value.text, wire::Encoding::gb18030);
    if (!text) return StepOutcome::malformed;
    value.text = arena.store(*text);
    return StepOutcome::ok;
  }
  Bilingual expected() const override { return {"GB18030 bytes", "GB18030 编码的字节"}; }
};

enum class LengthUnit : std::uint8_t { chars, utf8, gbk };
class LengthMax final : public Step {
public:
  LengthMax(LengthUnit unit, unsigned most) : unit_(unit), most_(most) {}
  StepOutcome run(Value& value, wire::Arena&) const override {
    if (value.text.size() <= most_ && unit_ != LengthUnit::gbk) return StepOutcome::ok;
    std::size_t length = value.text.size();
    if (unit_ == LengthUnit::chars) length = utf8_length(value.text);
    if (unit_ == LengthUnit::gbk) {
      auto bytes = wire::encode(value.text, wire::Encoding::gb18030);
      if (!bytes) return StepOutcome::range;
      length = bytes->size();
    }
    return length <= most_ ? StepOutcome::ok : StepOutcome::range;
  }
  Bilingual expected() const override {
    const std::string most = std::to_string(most_);
    if (unit_ == LengthUnit::chars) return {"at most " + most + " characters", "至多 " + most + " 个字符"};
    const std::string label = unit_ == LengthUnit::gbk ? "GBK" : "UTF-8";
    return {"at most " + most + " bytes of " + label, label + " 编码至多 " + most + " 字节"};
  }

private:
  LengthUnit unit_;
  unsigned most_;
};

std::vector<std::string> characters_of(std::string_view text) {
  std::vector<std::string> characters;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t bytes = character_bytes(text, at);
    characters.emplace_back(text.substr(at, bytes));
    at += bytes;
  }
  return characters;
}

StepPtr wrong(const YamlNode& argument, const StepBuild& build, Bilingual expected) {
  build.mistakes.add(Errc::mapping_wrong_shape, argument, build.subject, std::move(expected));
  return nullptr;
}

std::vector<unsigned> numbers(const YamlNode& argument, unsigned minimum) {
  std::vector<unsigned> list;
  for (const YamlNode& item : argument.items) {
    if (const auto number = small_number(item.text, minimum, 10000)) list.push_back(*number);
  }
  return list;
}

bool flag(const YamlNode& argument, const StepBuild& build) {
  if (argument.is_scalar() && (argument.text.empty() || argument.text == "yes" || argument.text == "true")) return true;
  (void)wrong(argument, build, {"no argument", "不带参数"});
  return false;
}

} // namespace

StepPtr compile_trim(const YamlNode& argument, StepBuild& build) {
  if (argument.is_scalar() && (argument.text == "ascii" || argument.text == "wide")) return std::make_unique<Trim>(argument.text == "wide");
  return wrong(argument, build, one_of({"ascii", "wide"}));
}

StepPtr compile_strip(const YamlNode& argument, StepBuild& build) {
  if (!argument.is_scalar() || argument.text.empty()) return wrong(argument, build, {"characters", "若干字符"});
  return std::make_unique<Strip>(characters_of(argument.text));
}

StepPtr compile_fold(const YamlNode& argument, StepBuild& build) {
  auto fold = std::make_unique<Fold>();
  for (const std::string& word : texts(argument, build.subject, build.mistakes)) {
    if (word == "digits") fold->digits = true;
    else if (word == "latin") fold->latin = true;
    else if (word == "punct") fold->punct = true;
    else if (word == "space") fold->space = true;
    else return wrong(argument, build, one_of({"digits", "latin", "punct", "space"}));
  }
  return fold;
}

StepPtr compile_null_if(const YamlNode& argument, StepBuild& build) {
  return std::make_unique<NullIf>(texts(argument, build.subject, build.mistakes));
}

StepPtr compile_upper(const YamlNode& argument, StepBuild& build) { return flag(argument, build) ? std::make_unique<ChangeCase>(true) : nullptr; }
StepPtr compile_lower(const YamlNode& argument, StepBuild& build) { return flag(argument, build) ? std::make_unique<ChangeCase>(false) : nullptr; }
StepPtr compile_join_lines(const YamlNode& argument, StepBuild& build) { return flag(argument, build) ? std::make_unique<JoinLines>() : nullptr; }
StepPtr compile_upgrade_id15(const YamlNode& argument, StepBuild& build) { return flag(argument, build) ? std::make_unique<UpgradeId>() : nullptr; }
StepPtr compile_base64(const YamlNode& argument, StepBuild& build) { return flag(argument, build) ? std::make_unique<Base64>() : nullptr; }
StepPtr compile_gbk(const YamlNode& argument, StepBuild& build) { return flag(argument, build) ? std::make_unique<Gbk>() : nullptr; }

StepPtr compile_prefix(const YamlNode& argument, StepBuild& build) {
  if (!argument.is_scalar()) return wrong(argument, build, {"one text", "单个文本"});
  return std::make_unique<Affix>(argument.text, "");
}

StepPtr compile_suffix(const YamlNode& argument, StepBuild& build) {
  if (!argument.is_scalar()) return wrong(argument, build, {"one text", "单个文本"});
  return std::make_unique<Affix>("", argument.text);
}

StepPtr compile_split(const YamlNode& argument, StepBuild& build) {
  if (!argument.is_scalar() || argument.text.empty()) return wrong(argument, build, {"a separator", "分隔符"});
  return std::make_unique<Split>(argument.text);
}

StepPtr compile_split_code(const YamlNode& argument, StepBuild& build) {
  const std::vector<unsigned> lengths = numbers(argument, 1);
  if (!argument.is_sequence() || lengths.empty() || lengths.size() != argument.items.size()) return wrong(argument, build, {"lengths such as [31, 2]", "各段长度，如 [31, 2]"});
  return std::make_unique<SplitCode>(lengths);
}

StepPtr compile_part(const YamlNode& argument, StepBuild& build) {
  const auto number = argument.is_scalar() ? small_number(argument.text, 1, 100) : std::nullopt;
  if (!number) return wrong(argument, build, {"a number from 1", "从 1 起的序号"});
  return std::make_unique<Part>(*number);
}

StepPtr compile_substring(const YamlNode& argument, StepBuild& build) {
  const std::vector<unsigned> pair = numbers(argument, 1);
  if (!argument.is_sequence() || argument.items.size() != 2 || pair.size() != 2) return wrong(argument, build, {"[start, length]", "[起始, 长度]"});
  return std::make_unique<Substring>(pair[0], pair[1]);
}

StepPtr compile_length_max(const YamlNode& argument, StepBuild& build) {
  if (argument.is_mapping() && argument.members.size() == 1 && argument.members[0].second.is_scalar()) {
    const std::string& unit = argument.members[0].first.text;
    const auto most = small_number(argument.members[0].second.text, 1, 1000000);
    if (most && unit == "chars") return std::make_unique<LengthMax>(LengthUnit::chars, *most);
    if (most && unit == "utf8") return std::make_unique<LengthMax>(LengthUnit::utf8, *most);
    if (most && unit == "gbk") return std::make_unique<LengthMax>(LengthUnit::gbk, *most);
  }
  return wrong(argument, build, {"{chars: n}, {utf8: n} or {gbk: n}", "{chars: n}、{utf8: n} 或 {gbk: n}"});
}

} // namespace tongqu::mapping::detail
