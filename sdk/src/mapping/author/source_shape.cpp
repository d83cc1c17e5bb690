#include "mapping/author/source_shape.hpp"

#include <algorithm>

#include "mapping/author/characters.hpp"
#include "mapping/date_pattern.hpp"
#include "mapping/reverse/charset.hpp"

namespace tongqu::mapping::author {
namespace {

constexpr std::size_t kValuesMax = 60;
constexpr std::size_t kShapesMax = 20;

std::string class_of(std::string_view character) {
  const char c = character[0];
  if (c >= '0' && c <= '9') return "9";
  if (c >= 'A' && c <= 'Z') return "A";
  if (c >= 'a' && c <= 'z') return "a";
  if (static_cast<unsigned char>(c) < 0x80) return std::string(character);
  if (character >= std::string_view("\xEF\xBC\x90") && character <= std::string_view("\xEF\xBC\x99")) return "９";
  if (is_ideograph(character)) return "汉";
  return is_letter_beyond_ascii(character) ? "字" : std::string(character);
}

} // namespace

std::string value_shape(std::string_view text) {
  std::string out, last;
  std::size_t times = 0;
  constexpr std::size_t kLongest = 60;
  const auto flush = [&] {
    if (times == 1) out += last;
    else if (times > 1) out += last + "{" + std::to_string(times) + "}";
  };
  for (std::size_t at = 0; at < text.size() && out.size() < kLongest;) {
    const std::size_t bytes = detail::utf8_bytes(text, at);
    std::string one = class_of(text.substr(at, bytes));
    at += bytes;
    if (one == last) {
      ++times;
      continue;
    }
    flush();
    last = std::move(one);
    times = 1;
  }
  flush();
  return out;
}

std::string_view trimmed(std::string_view text) {
  static constexpr std::string_view kBlanks[] = {" ", "\t", "\r", "\n", "\xE3\x80\x80", "\xC2\xA0", "\xE2\x80\x8B", "\xEF\xBB\xBF"};
  for (bool again = true; again;) {
    again = false;
    for (const std::string_view blank : kBlanks) {
      if (text.size() < blank.size() || text.empty()) continue;
      if (text.substr(0, blank.size()) == blank) text.remove_prefix(blank.size()), again = true;
      if (text.size() >= blank.size() && text.substr(text.size() - blank.size()) == blank) text.remove_suffix(blank.size()), again = true;
    }
  }
  return text;
}

bool is_placeholder(std::string_view text) {
  static constexpr std::string_view kTexts[] = {"无", "暂无", "/", "-", "--", "—", "——", "\\", "null", "NULL", "Null", "undefined", "待定", "不详", "N/A", "n/a", "none", "None", "空"};
  return std::find(std::begin(kTexts), std::end(kTexts), text) != std::end(kTexts);
}

void SeenField::take(std::string_view raw) {
  ++count;
  const std::string_view text = trimmed(raw);
  if (text.empty()) return;
  if (is_placeholder(text)) {
    ++placeholders[std::string(text)];
    return;
  }
  ++filled;
  std::size_t length = 0;
  for (std::size_t at = 0; at < text.size(); at += detail::utf8_bytes(text, at)) ++length;
  length_max = std::max(length_max, length);
  const std::string shape = value_shape(text);
  if (shapes.size() < kShapesMax || shapes.count(shape) != 0) ++shapes[shape];
  const std::string value(text.substr(0, 200));
  if (values.size() < kValuesMax || values.count(value) != 0) ++values[value];
  else many_values = true;
}

SeenField& MessageKind::field(const std::string& path) {
  const auto at = std::find_if(fields.begin(), fields.end(), [&path](const SeenField& one) { return one.path == path; });
  if (at != fields.end()) return *at;
  fields.emplace_back();
  fields.back().path = path;
  return fields.back();
}

void MessageKind::list(const std::string& path) {
  if (!is_list(path)) lists.push_back(path);
}

bool MessageKind::is_list(const std::string& path) const { return std::find(lists.begin(), lists.end(), path) != lists.end(); }

std::vector<std::string> date_patterns(const std::map<std::string, std::size_t>& values) {
  // No two of these read one text differently; the compiler would say so.
  static constexpr std::string_view kPatterns[] = {"yyyy-MM-dd HH:mm[:ss]", "yyyy-MM-dd HH:mm:ss.SSS", "yyyy-MM-dd", "yyyyMMddHHmmss", "yyyyMMdd", "yyyy/M/d H:m", "yyyy/M/d H:m:s", "yyyy/M/d", "yyyy-MM-dd'T'HH:mm:ss",
                                                   "yyyy-MM-dd'T'HH:mm:ssXXX", "yyyy-MM-dd'T'HH:mm:ss.SSSXXX", "yyyy年M月d日", "yyyy年M月d日 H时m分", "yyyy年M月d日H时m分", "yyyy.MM.dd", "yyyy.M.d", "yyyy-M-d H:m:s", "yyyy-M-d"};
  constexpr std::int16_t kChina = 480;
  std::vector<std::string> used;
  for (const auto& [value, times] : values) {
    bool read = false;
    for (const std::string_view text : kPatterns) {
      std::string problem;
      const auto pattern = detail::DatePattern::compile(text, problem);
      if (!pattern || !pattern->read(value, kChina)) continue;
      read = true;
      if (std::find(used.begin(), used.end(), text) == used.end()) used.emplace_back(text);
      break;
    }
    if (!read) return {};
  }
  return used;
}

} // namespace tongqu::mapping::author
