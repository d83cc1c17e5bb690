#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "mapping/rule.hpp"

/// What the tools that hide values must agree on: which signs can be part of a name, and which fields are about a person.
namespace tongqu::mapping::author {

/// The characters of a UTF-8 text, one by one.
std::vector<std::string> characters_of(std::string_view text);

/// Anything beyond ASCII that a name may be written with: letters, vowel signs, syllables and ideographs of every script, and the private
/// use areas, where systems keep rare characters. Not blanks, punctuation, symbols and variation selectors. Unassigned places count as letters.
bool is_letter_beyond_ascii(std::string_view character);
/// An ideograph: of the unified block, its extensions, or the compatibility blocks.
bool is_ideograph(std::string_view character);

/// Personal fields of the model, and extension fields, of which nobody knows what they hold.
bool is_personal(const detail::Place& place);

/// A word for what bytes are that are no text: "pdf", "jpeg"; empty for texts of any encoding and for what is not recognised.
std::string_view known_file(std::string_view bytes);

} // namespace tongqu::mapping::author
