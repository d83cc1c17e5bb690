#include "tongqu/base/finding.hpp"

#include <algorithm>
#include <iterator>

#include "tongqu/base/bytes.hpp"
#include "tongqu/base/phrases.hpp"

namespace tongqu {

std::string_view severity_name(Severity severity) noexcept {
  switch (severity) {
    case Severity::info: return "info";
    case Severity::warn: return "warn";
    case Severity::error: return "error";
  }
  return "error";
}

namespace {

/// A value class as `value_class_of` writes it, in Chinese; what has no phrase stays as it is.
std::string value_class_zh(const std::string& text) {
  if (text == "empty") return "空";
  std::string out;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(", ", at), text.size());
    out.append(out.empty() ? "" : "、").append(phrase_in(Lang::zh, std::string_view(text).substr(at, end - at)));
    at = end + 2;
  }
  return out;
}

} // namespace

std::string describe(const Finding& finding, Lang lang) {
  const bool zh = lang == Lang::zh;
  const ErrcRow& row = errc_row(finding.id);
  std::string text;
  const std::string& path = finding.path.empty() ? finding.source.path : finding.path;
  if (!path.empty()) text += path + (zh ? "：" : ": ");
  const std::string& expected = zh ? finding.expected.zh : finding.expected.en;
  // The author of a pack's check has said in both languages what is wrong.
  const bool own_words = finding.id == Errc::mapping_check_failed && !expected.empty();
  text += own_words ? expected : std::string(zh ? row.zh : row.en);
  if (own_words) return text;
  if (!expected.empty()) text += (zh ? "；应为：" : "; expected ") + expected;
  if (!finding.value_class.empty()) text += (zh ? "；实际：" + value_class_zh(finding.value_class) : "; got " + finding.value_class);
  const std::string& suggestion = zh ? finding.suggestion.zh : finding.suggestion.en;
  if (!suggestion.empty()) text += (zh ? "；建议：" : "; suggestion: ") + suggestion;
  return text;
}

std::string value_class_of(std::string_view utf8) {
  if (utf8.empty()) return "empty";
  bool digits = false, upper = false, lower = false, blank = false, other_ascii = false, beyond = false;
  for (const char c : utf8) {
    const auto u = static_cast<unsigned char>(c);
    if (u >= 0x80) beyond = true;
    else if (c >= '0' && c <= '9') digits = true;
    else if (c >= 'A' && c <= 'Z') upper = true;
    else if (c >= 'a' && c <= 'z') lower = true;
    else if (c == ' ' || c == '\t' || c == '\n' || c == '\r') blank = true;
    else other_ascii = true;
  }
  std::string text = std::to_string(utf8_length(utf8)) + " characters";
  if (digits) text += ", digits";
  if (upper) text += ", capitals";
  if (lower) text += ", small letters";
  if (blank) text += ", blanks";
  if (other_ascii) text += ", signs";
  if (beyond) text += ", non-ASCII";
  return text;
}

void Findings::add(Finding finding) {
  if (finding.severity == Severity::error) ++errors_;
  if (items_.size() >= kFindingsMax) {
    ++dropped_;
    return;
  }
  items_.push_back(std::move(finding));
}

void Findings::append(Findings&& other) {
  dropped_ += other.dropped_;
  std::size_t kept_errors = 0;
  for (Finding& finding : other.items_) {
    if (finding.severity == Severity::error) ++kept_errors;
    add(std::move(finding));
  }
  errors_ += other.errors_ - kept_errors;
  other.clear();
}

} // namespace tongqu
