#pragma once
#include <optional>
#include <string_view>

namespace tongqu::wire::detail {

/// What an XML declaration says, or where it breaks the rules.
struct XmlDeclaration {
  std::string_view version;
  std::optional<std::string_view> encoding;
  const char* bad = nullptr;  ///< Null when the declaration is well formed.
};

/// @param text  What stands between "<?xml" and "?>"; its characters are known to be good.
/// @source XML 1.0 5th ed. sections 2.8, 4.3.3.
XmlDeclaration parse_declaration(std::string_view text);

} // namespace tongqu::wire::detail
