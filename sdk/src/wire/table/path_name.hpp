#pragma once
#include <string>
#include <string_view>

namespace tongqu::wire::detail {

/// A name out of a table as paths of rules can hold it: without blanks, and `_` for signs that mean something in a path (mapping/path.cpp).
inline std::string path_name(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (static_cast<unsigned char>(c) <= ' ') continue;
    out += std::string_view("/|[]@:\"'(),=!").find(c) == std::string_view::npos ? c : '_';
  }
  return out;
}

} // namespace tongqu::wire::detail
