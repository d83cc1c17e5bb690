#include "mapping/yaml_reader.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fstream>

#include "tongqu/base/phrases.hpp"

namespace tongqu::mapping::detail {
namespace {

constexpr std::size_t kFileBytesMax = std::size_t{16} * 1024 * 1024;

/// Insertions, deletions, changes and swaps of neighbours, each counted as one.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0u : 1u)});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  }
  return d[a.size()][b.size()];
}

std::string joined(const std::vector<std::string_view>& words) {
  std::string text;
  for (const std::string_view word : words) {
    if (!text.empty()) text += ", ";
    text += word;
  }
  return text;
}

double entropy(std::string_view text) {
  std::array<std::size_t, 256> counts{};
  for (const char c : text) ++counts[static_cast<unsigned char>(c)];
  double bits = 0;
  for (const std::size_t count : counts) {
    if (count == 0) continue;
    const double share = static_cast<double>(count) / static_cast<double>(text.size());
    bits -= share * std::log2(share);
  }
  return bits;
}

bool secret_run(std::string_view run) {
  std::size_t upper = 0, lower = 0, digits = 0, hex_letters = 0;
  bool hex = true;
  for (const char c : run) {
    const bool is_digit = c >= '0' && c <= '9';
    const bool hex_letter = (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    digits += is_digit ? 1u : 0u;
    hex_letters += hex_letter ? 1u : 0u;
    upper += c >= 'A' && c <= 'Z' ? 1u : 0u;
    lower += c >= 'a' && c <= 'z' ? 1u : 0u;
    hex = hex && (is_digit || hex_letter);
  }
  // Item codes are digits with one to three capitals: far fewer letters than random hexadecimal has.
  if (hex && run.size() >= 32) return hex_letters * 6 >= run.size() && digits > 0 && entropy(run) >= 3.0;
  return run.size() >= 24 && upper > 1 && lower > 1 && digits > 1 && entropy(run) >= 4.0;
}

} // namespace

void Mistakes::add(Errc id, const YamlNode& at, std::string subject, Bilingual expected, Bilingual suggestion) const {
  Finding finding;
  finding.id = id;
  finding.path = std::move(subject);
  finding.source.part = of_overlay(at) ? overlay_ : file_;
  finding.source.line = of_overlay(at) ? at.line - kOverlayLines : at.line;
  finding.source.column = at.column;
  finding.expected = std::move(expected);
  finding.suggestion = std::move(suggestion);
  if (!is_said(finding)) out_->add(std::move(finding));
}

bool Mistakes::is_said(const Finding& finding) const {
  // One thing wrong with what stands there, whichever rule came upon it; other mistakes may be there for each subject.
  static constexpr Errc kOfThePlace[] = {Errc::mapping_wrong_shape, Errc::mapping_unknown_key, Errc::mapping_unknown_step, Errc::mapping_step_type, Errc::mapping_date_pattern,
                                         Errc::mapping_date_ambiguous, Errc::mapping_policy_not_allowed};
  constexpr std::size_t kLookBack = 200;
  const bool of_place = std::find(std::begin(kOfThePlace), std::end(kOfThePlace), finding.id) != std::end(kOfThePlace);
  const std::vector<Finding>& items = out_->items();
  const auto same_place = [&](const Finding& other) {
    return other.id == finding.id && other.source.line == finding.source.line && other.source.column == finding.source.column && other.source.part == finding.source.part &&
           other.expected.en == finding.expected.en && other.suggestion.en == finding.suggestion.en && (of_place || other.path == finding.path);
  };
  const std::size_t from = items.size() - std::min(items.size(), kLookBack);
  return finding.source.line != 0 && std::any_of(items.begin() + static_cast<std::ptrdiff_t>(from), items.end(), same_place);
}

/// What the reader of YAML says, in both languages.
static Bilingual yaml_reason(const Error& error) {
  const std::string zh = phrase_in(Lang::zh, error.detail());
  if (error.code() == Errc::wire_yaml_feature) return {"not allowed: " + error.detail(), "不允许：" + zh};
  return {error.detail(), zh};
}

void Mistakes::add_line(Errc id, std::uint32_t line, std::uint32_t column, std::string subject, Bilingual expected) const {
  YamlNode at;
  at.line = line;
  at.column = column;
  add(id, at, std::move(subject), std::move(expected));
}

void Mistakes::add_error(const Error& error, std::string subject) const {
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  const std::string& where = error.where();
  if (const auto colon = where.find(':'); colon != std::string::npos) {
    std::from_chars(where.data(), where.data() + colon, line);
    std::from_chars(where.data() + colon + 1, where.data() + where.size(), column);
  }
  YamlNode at;
  at.line = line;
  at.column = column;
  add(error.code(), at, std::move(subject), {}, error.detail().empty() ? Bilingual() : yaml_reason(error));
}

std::string nearest(std::string_view word, const std::vector<std::string_view>& known) {
  std::size_t best = std::max<std::size_t>(1, word.size() / 3) + 1;
  std::string_view found;
  for (const std::string_view candidate : known) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best) {
      best = distance;
      found = candidate;
    }
  }
  return std::string(found);
}

Bilingual did_you_mean(std::string_view word, const std::vector<std::string_view>& known) {
  const std::string found = nearest(word, known);
  if (found.empty()) return {};
  return {"did you mean " + found + "?", "是否为 " + found + "？"};
}

Bilingual one_of(const std::vector<std::string_view>& known) {
  const std::string words = joined(known);
  return {"one of: " + words, "下列之一：" + words};
}

Bilingual same(std::string text) { return {text, text}; }

bool check_keys(const YamlNode& node, const std::vector<std::string_view>& known, std::string_view subject, const Mistakes& mistakes) {
  if (!node.is_mapping()) {
    mistakes.add(Errc::mapping_wrong_shape, node, std::string(subject), {"a mapping of keys", "键值映射"});
    return false;
  }
  for (const auto& [key, value] : node.members) {
    if (std::find(known.begin(), known.end(), key.text) != known.end()) continue;
    const std::string path = subject.empty() ? key.text : std::string(subject) + "." + key.text;
    mistakes.add(Errc::mapping_unknown_key, key, path, one_of(known), did_you_mean(key.text, known));
  }
  return true;
}

std::optional<std::string> scalar(const YamlNode& node, std::string_view subject, const Mistakes& mistakes) {
  if (node.is_scalar()) return node.text;
  mistakes.add(Errc::mapping_wrong_shape, node, std::string(subject), {"one text", "单个文本"});
  return std::nullopt;
}

std::optional<std::string> member_text(const YamlNode& node, std::string_view key, Need need, std::string_view subject,
                                       const Mistakes& mistakes) {
  const std::string path = subject.empty() ? std::string(key) : std::string(subject) + "." + std::string(key);
  const YamlNode* value = node.is_mapping() ? node.find(key) : nullptr;
  if (value == nullptr) {
    if (need == Need::required) mistakes.add(Errc::mapping_missing_key, node, path);
    return std::nullopt;
  }
  return scalar(*value, path, mistakes);
}

std::vector<std::string> texts(const YamlNode& node, std::string_view subject, const Mistakes& mistakes) {
  std::vector<std::string> list;
  if (node.is_scalar()) {
    list.push_back(node.text);
  } else if (node.is_sequence()) {
    for (const YamlNode& item : node.items) {
      if (auto text = scalar(item, subject, mistakes)) list.push_back(std::move(*text));
    }
  } else {
    mistakes.add(Errc::mapping_wrong_shape, node, std::string(subject), {"a list of texts", "文本列表"});
  }
  return list;
}

std::optional<unsigned> small_number(std::string_view text, unsigned minimum, unsigned maximum) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < minimum || value > maximum) return std::nullopt;
  return value;
}

bool looks_secret(std::string_view text) {
  std::size_t start = 0;
  for (std::size_t at = 0; at <= text.size(); ++at) {
    const char c = at < text.size() ? text[at] : ' ';
    const bool inside = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '+' || c == '/' || c == '=';
    if (inside) continue;
    if (at > start && secret_run(text.substr(start, at - start))) return true;
    start = at + 1;
  }
  return false;
}

void refuse_secret(const YamlNode& node, std::string_view subject, const Mistakes& mistakes) {
  if (node.is_scalar() && looks_secret(node.text)) mistakes.add(Errc::mapping_secret_literal, node, std::string(subject));
}

std::optional<std::string> read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary | std::ios::ate);
  if (!in) return std::nullopt;
  const std::streamoff size = in.tellg();
  if (size < 0 || static_cast<std::size_t>(size) > kFileBytesMax) return std::nullopt;
  std::string bytes(static_cast<std::size_t>(size), '\0');
  in.seekg(0);
  if (!in.read(bytes.data(), size)) return std::nullopt;
  return bytes;
}

} // namespace tongqu::mapping::detail
