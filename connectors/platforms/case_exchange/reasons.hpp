#pragma once
#include <string>

#include "tongqu/base/finding.hpp"
#include "tongqu/wire/document.hpp"

namespace tongqu::platform::case_exchange {

/// What the service says about the fields of a refused row.
struct PlatformReasons {
  Bilingual text;           ///< "field: reason; field: reason", empty when nothing usable was said.
  std::string first_field;  ///< Name of the first field, empty when it is not a plain name.
};

/// Reads `errors[]` of `{field, reason: {en, zh}}`. Each reason must hold both languages in at most kReasonCharactersMax characters;
/// control characters are removed; what does not fit into kReasonCharactersMax characters in all is left out. Nothing else of an answer
/// is ever repeated, because it may hold personal data or markup.
PlatformReasons platform_reasons(const wire::Node& data);

} // namespace tongqu::platform::case_exchange
