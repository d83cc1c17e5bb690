#include <algorithm>
#include <array>
#include <cmath>

#include "mapping/check/checks.hpp"

namespace tongqu::mapping::detail {
namespace {

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_token(char c) { return is_lower(c) || is_upper(c) || is_digit(c) || c == '+' || c == '/' || c == '=' || c == '_' || c == '-'; }

/// Length of the run of token characters that starts at `at`.
std::size_t token_length(std::string_view text, std::size_t at) {
  std::size_t length = 0;
  while (at + length < text.size() && is_token(text[at + length])) ++length;
  return length;
}

/// Beginnings that issuers put in front of their keys.
struct Mark { std::string_view text; std::size_t token_min; };
constexpr std::array<Mark, 9> kMarks = {{{"-----BEGIN ", 2}, {"Bearer ", 16}, {"Basic ", 12}, {"AKIA", 16}, {"LTAI", 12}, {"AKID", 13}, {"ghp_", 20}, {"sk-", 20}, {"eyJ", 20}}};

bool has_mark(std::string_view text) {
  for (const Mark& mark : kMarks) {
    for (std::size_t at = text.find(mark.text); at != std::string_view::npos; at = text.find(mark.text, at + 1)) {
      const bool starts = at == 0 || !is_token(text[at - 1]);
      if (starts && token_length(text, at + mark.text.size()) >= mark.token_min) return true;
    }
  }
  return false;
}

/// "scheme://user:password@host".
bool has_userinfo(std::string_view text) {
  const std::size_t scheme = text.find("://");
  if (scheme == std::string_view::npos) return false;
  const std::string_view authority = text.substr(scheme + 3, text.find_first_of("/?#", scheme + 3) - scheme - 3);
  const std::size_t at = authority.rfind('@');
  const std::size_t colon = authority.find(':');
  return at != std::string_view::npos && colon < at && colon + 1 < at && authority[colon + 1] != '{';
}

/// Names in camel case read as words: most of their letters stand in runs of small letters.
bool wordy(std::string_view run) {
  std::size_t in_words = 0;
  for (std::size_t at = 0; at < run.size();) {
    std::size_t end = at;
    while (end < run.size() && is_lower(run[end])) ++end;
    if (end - at >= 3) in_words += end - at + 1;
    at = end == at ? at + 1 : end;
  }
  return in_words * 2 >= run.size();
}

bool looks_random(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    const std::size_t length = token_length(text, at);
    const std::string_view run = text.substr(at, length);
    if (length >= 24 && !wordy(run) && looks_secret(run)) return true;
    at += length;
  }
  return false;
}

/// A name that says its value is a secret.
bool names_secret(std::string_view key) {
  std::string plain;
  for (const char c : key) {
    if (c != '_' && c != '-' && c != '.') plain += is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
  }
  static constexpr std::string_view kEnds[] = {"password", "passwd", "pwd", "secret", "secretkey", "appkey", "apikey", "accesskey", "privatekey", "signkey",
                                               "token", "密码", "口令", "密钥", "私钥", "令牌"};
  return std::any_of(std::begin(kEnds), std::end(kEnds), [&plain](std::string_view end) {
    return plain.size() >= end.size() && plain.compare(plain.size() - end.size(), end.size(), end) == 0;
  });
}

/// Values that stand under such a name and are none: paths and names of headers have letters only.
bool could_be_secret(std::string_view value) {
  const bool has_digit = std::any_of(value.begin(), value.end(), is_digit);
  return value.size() >= 6 && value.size() <= 4096 && (has_digit || value.size() >= 16);
}

/// Keys whose values are places, patterns or names of the pack, and those that pin content by its digest.
bool holds_no_value(std::string_view key) {
  static constexpr std::string_view kKeys[] = {"from", "maybe", "each", "when", "at", "root", "ignore", "file", "wsdl", "namespace", "in", "date", "date_format",
                                               "columns", "fields", "entry", "operation", "element", "type", "table", "check", "match", "key", "digest", "sm3",
                                               "sha256", "pin", "namespaces", "system", "model", "source_list", "mapping", "param"};
  return std::find(std::begin(kKeys), std::end(kKeys), key) != std::end(kKeys);
}

class SecretSearch {
public:
  SecretSearch(std::string file, Report& report) : file_(std::move(file)), report_(report) {}
  void look(const YamlNode& node, const std::string& key, const std::string& path) {
    for (const auto& [name, value] : node.members) {
      if (path.empty() && name.text == "tests") continue;
      look(value, name.text, path.empty() ? name.text : path + "." + name.text);
    }
    for (const YamlNode& item : node.items) look(item, key, path);
    if (node.is_scalar() && is_secret(node.text, key)) say(node, path);
  }
  static bool is_secret(std::string_view text, std::string_view key) {
    if (has_mark(text) || has_userinfo(text)) return true;
    if (holds_no_value(key)) return false;
    return looks_random(text) || (names_secret(key) && could_be_secret(text));
  }

private:
  void say(const YamlNode& at, const std::string& path) {
    const auto said = [&](const Finding& other) {
      return other.id == Errc::mapping_secret_literal && other.source.part == file_ && other.source.line == at.line && other.source.column == at.column;
    };
    const auto& items = report_.findings().items();
    if (std::any_of(items.begin(), items.end(), said)) return;
    report_.add(file_, at, {Errc::mapping_secret_literal, Severity::error, path, {}, {"take it out of the pack and change it where it is used", "从映射包中移除，并在使用处更换"}});
  }

  std::string file_;
  Report& report_;
};

} // namespace

void check_secrets(const std::string& file, const YamlNode& root, Report& report) { SecretSearch(file, report).look(root, "", ""); }

void check_table_secrets(const DocumentOutline& document, Report& report) {
  for (const auto& table : document.tables) {
    for (const TableRowSite& row : table->rows) {
      if (row.file == document.file) continue;   // Rows in the mapping itself are seen with it.
      const std::string cells[] = {row.row.code, row.row.name, row.row.label};
      const auto secret = [](const std::string& cell) { return SecretSearch::is_secret(cell, ""); };
      if (std::none_of(std::begin(cells), std::end(cells), secret)) continue;
      report.add_line(row.file, row.line, row.column, {Errc::mapping_secret_literal, Severity::error, "tables." + table->name, {}, {}});
    }
  }
}

} // namespace tongqu::mapping::detail
