#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "mapping/yaml_reader.hpp"
#include "tongqu/wire/gb18030_edition.hpp"

namespace tongqu::mapping::detail {

/// The bytes that a peer gets: what they really are, what they call themselves, and what becomes of characters that he has not.
struct Charset {
  enum class Unencodable : std::uint8_t { reject, charref, replace };

  std::string label = "utf-8";               ///< Real.
  std::string declared;                      ///< In declaration and header; empty: as `label`.
  wire::Encoding encoding = wire::Encoding::utf8;
  wire::Repertoire repertoire = wire::Repertoire::gb18030;
  std::optional<wire::GbEdition> edition;
  Unencodable unencodable = Unencodable::reject;
  std::string replacement = "?";
  bool mark = false;                         ///< A byte-order mark in front.

  const std::string& told() const noexcept { return declared.empty() ? label : declared; }
  bool takes_all() const noexcept { return encoding != wire::Encoding::gb18030; }
  /// Whether every character of the text is one of the peer's.
  bool takes(std::string_view utf8) const;
  /// The text with every character that the peer has not replaced. Counts them.
  std::string replaced(std::string_view utf8, std::size_t& count) const;
  /// @errors wire.encoding_unmappable, encoding_invalid.
  Result<std::string> bytes(std::string_view utf8) const;
};

/// Bytes of the UTF-8 character that starts at `at`, at least 1.
std::size_t utf8_bytes(std::string_view text, std::size_t at) noexcept;
/// Its code point; `text` is UTF-8.
char32_t utf8_point(std::string_view text, std::size_t at) noexcept;

/// Reads `charset`, `declared`, `unencodable`, `replacement`, `edition`, `mark` of a stage that gives bytes.
Charset compile_charset(const YamlNode& node, const std::string& real_label, std::string_view subject, const Mistakes& mistakes);

} // namespace tongqu::mapping::detail
