#include "wire/yaml/yaml_prescan.hpp"

#include <algorithm>

#include "tongqu/base/bytes.hpp"

namespace tongqu::wire::detail {
namespace {

constexpr std::size_t kFlowIndicatorsMax = 100000;  // A token of yaml-cpp costs 250 bytes and waits for the end of its collection.

bool is_flow_indicator(char c) noexcept { return c == '[' || c == ']' || c == '{' || c == '}' || c == ','; }

Error refuse(Errc code, std::string_view text, std::size_t offset, const char* reason) {
  return Error(code).at(yaml_position(text, offset)).with(reason);
}

/// Not printable by YAML 1.2 section 5.1: controls other than tab and line ends, DEL and the C1 controls other than NEL.
bool is_forbidden(std::string_view text, std::size_t i) noexcept {
  const auto c = static_cast<unsigned char>(text[i]);
  if (c == '\r') return i + 1 == text.size() || text[i + 1] != '\n';
  if (c < 0x20) return c != '\t' && c != '\n';
  if (c == 0x7F) return true;
  if (c != 0xC2 || i + 1 == text.size()) return false;
  const auto second = static_cast<unsigned char>(text[i + 1]);
  return second < 0xA0 && second != 0x85;
}

} // namespace

std::string yaml_position(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const auto line_start = before.rfind('\n');
  const std::size_t column = line_start == std::string_view::npos ? before.size() + 1 : before.size() - line_start;
  return std::to_string(line) + ':' + std::to_string(column);
}

std::optional<Error> prescan_yaml(std::string_view text) {
  if (text.size() > kYamlBytesMax) return Error(Errc::wire_yaml_limit).at("1:1").with("4 MiB");
  std::size_t bad = 0;
  if (!is_utf8(text, &bad)) return refuse(Errc::wire_encoding_invalid, text, bad, "UTF-8");
  std::size_t flow_indicators = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_forbidden(text, i)) return refuse(Errc::wire_yaml_syntax, text, i, "a control character");
    if (text[i] == '%' && (i == 0 || text[i - 1] == '\n')) return refuse(Errc::wire_yaml_feature, text, i, "a line that starts with %");
    if (is_flow_indicator(text[i]) && ++flow_indicators > kFlowIndicatorsMax) {
      return refuse(Errc::wire_yaml_limit, text, i, "100000 brackets, braces and commas");
    }
  }
  return std::nullopt;
}

std::size_t quoted_end(std::string_view text, std::size_t start) noexcept {
  const char quote = text[start];
  for (std::size_t i = start + 1; i < text.size(); ++i) {
    if (quote == '"' && text[i] == '\\') {
      ++i;
    } else if (text[i] == quote) {
      const bool doubled = quote == '\'' && i + 1 < text.size() && text[i + 1] == quote;
      if (!doubled) return i + 1;
      ++i;
    }
  }
  return std::string_view::npos;
}

} // namespace tongqu::wire::detail
