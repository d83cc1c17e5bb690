#pragma once
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tongqu/base/finding.hpp"
#include "tongqu/wire/yaml.hpp"

namespace tongqu::mapping::detail {

using wire::YamlNode;

/// Collects the mistakes of one file: each has the file, line and column, what it is about (`subject`) and a hint.
class Mistakes {
public:
  /// Nodes of an overlay's own file stand among those of the pack that it extends; their lines are counted from here.
  static constexpr std::uint32_t kOverlayLines = 100'000'000;
  static bool of_overlay(const YamlNode& node) noexcept { return node.line >= kOverlayLines; }

  Mistakes(Findings& out, std::string file, std::string overlay = {}) : out_(&out), file_(std::move(file)), overlay_(std::move(overlay)) {}
  const std::string& file() const noexcept { return file_; }
  Findings& findings() const noexcept { return *out_; }
  Mistakes for_file(std::string file) const { return Mistakes(*out_, std::move(file), overlay_); }

  /// The same mistake at the same place is said once, whoever meets it: a type is compiled for each rule that uses it.
  void add(Errc id, const YamlNode& at, std::string subject, Bilingual expected = {}, Bilingual suggestion = {}) const;
  void add_line(Errc id, std::uint32_t line, std::uint32_t column, std::string subject, Bilingual expected = {}) const;
  /// An error of a reader, whose where() is "line:column"; its detail in both languages.
  void add_error(const Error& error, std::string subject) const;

private:
  bool is_said(const Finding& finding) const;
  Findings* out_;
  std::string file_;
  std::string overlay_;   ///< File of the nodes that came from an overlay.
};

/// The word of `known` nearest to `word`, when it is near enough to be a slip; else empty.
std::string nearest(std::string_view word, const std::vector<std::string_view>& known);
Bilingual did_you_mean(std::string_view word, const std::vector<std::string_view>& known);
/// "one of: a, b" in both languages.
Bilingual one_of(const std::vector<std::string_view>& known);
/// Program words that read the same in both languages.
Bilingual same(std::string text);

/// Reports every key of a mapping that is not in `known`. Reports wrong_shape and answers false when it is no mapping.
bool check_keys(const YamlNode& node, const std::vector<std::string_view>& known, std::string_view subject, const Mistakes& mistakes);
/// Text of a scalar; reports wrong_shape.
std::optional<std::string> scalar(const YamlNode& node, std::string_view subject, const Mistakes& mistakes);
/// Text of a member; nothing when it is absent; reports missing_key when `required`.
enum class Need : std::uint8_t { optional, required };
std::optional<std::string> member_text(const YamlNode& node, std::string_view key, Need need, std::string_view subject, const Mistakes& mistakes);
/// A sequence of scalars, or one scalar as a list of one.
std::vector<std::string> texts(const YamlNode& node, std::string_view subject, const Mistakes& mistakes);
std::optional<unsigned> small_number(std::string_view text, unsigned minimum, unsigned maximum);

/// Texts that look like a key or token: long hexadecimal or Base64 with high variety.
bool looks_secret(std::string_view text);
void refuse_secret(const YamlNode& node, std::string_view subject, const Mistakes& mistakes);

/// Whole file as bytes; nothing when it cannot be read or exceeds 16 MiB.
std::optional<std::string> read_file(const std::string& path);

} // namespace tongqu::mapping::detail
