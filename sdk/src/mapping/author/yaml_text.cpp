#include "mapping/author/yaml_text.hpp"

#include <algorithm>

#include "tongqu/base/bytes.hpp"

namespace tongqu::mapping::author {
namespace {

std::string quoted(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') out += std::string("\\") + c;
    else if (c == '\n') out += "\\n";
    else if (c == '\t') out += "\\t";
    else if (byte < 0x20 || byte == 0x7F) out += std::string("\\x") + kHex[byte >> 4] + kHex[byte & 15];
    else out += c;
  }
  return out + "\"";
}

bool is_plain(std::string_view text) {
  const auto safe = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '/' || c == '-' || static_cast<unsigned char>(c) >= 0x80; };
  if (text.empty() || text == "-" || text.front() == '-' || text.front() == '.' || text.front() == '/') return false;
  // YAML tools other than ours take these for something else than text.
  static constexpr std::string_view kWords[] = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"};
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  const bool number = std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || c == '.' || c == '-' || c == 'e' || c == 'E' || c == '_'; });
  return !number && std::all_of(text.begin(), text.end(), safe) && std::find(std::begin(kWords), std::end(kWords), lower) == std::end(kWords) && text.find("\xC2") == std::string_view::npos;
}

} // namespace

std::string yaml_scalar(std::string_view text) { return is_plain(text) ? std::string(text) : quoted(text); }

std::string yaml_line(const wire::YamlNode& node) {
  // A bare none takes a rule or a row of the base away, a quoted one is a text: the one word that changes its meaning with quotes.
  if (node.is_scalar()) return !node.quoted && (node.text.empty() || node.text == "none") ? node.text : quoted(node.text);
  std::string out = node.is_sequence() ? "[" : "{";
  const char* comma = "";
  for (const wire::YamlNode& item : node.items) {
    out += comma + yaml_line(item);
    comma = ", ";
  }
  for (const auto& [key, value] : node.members) {
    out += comma + quoted(key.text) + ": " + yaml_line(value);
    comma = ", ";
  }
  return out + (node.is_sequence() ? "]" : "}");
}

} // namespace tongqu::mapping::author
