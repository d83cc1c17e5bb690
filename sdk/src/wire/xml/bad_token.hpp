#pragma once
#include <string_view>

#include "tongqu/base/errc.hpp"

namespace tongqu::wire::detail {

/// What is wrong with the byte at the start of `rest`, where no token of XML goes on: not UTF-8, no character of XML, or not well formed.
Errc errc_of_bad_token(std::string_view rest) noexcept;

} // namespace tongqu::wire::detail
