#pragma once
#include <string>
#include <string_view>

#include "tongqu/base/errc.hpp"

namespace tongqu {

/// What an error says behind its sentence, in the language asked for. Details are written in English; those that are words and not names have
/// a row in phrases.inc. A detail without a row, which is a name or a number, stands as it is in both languages.
std::string phrase_in(Lang lang, std::string_view detail);

} // namespace tongqu
