#pragma once
#include <string>
#include <string_view>

#include "net/text.hpp"
#include "tongqu/net/http.hpp"

namespace tongqu::net::detail {

/// Fields of a head that the guard has passed.
inline void take_fields(std::string_view head, Headers& headers) {
  std::size_t at = head.find("\r\n") + 2;
  for (;;) {
    const auto end = head.find("\r\n", at);
    if (end == at || end == std::string_view::npos) return;
    const std::string_view line = head.substr(at, end - at);
    const auto colon = line.find(':');
    headers.add(std::string(line.substr(0, colon)), std::string(trim(line.substr(colon + 1))));
    at = end + 2;
  }
}

} // namespace tongqu::net::detail
