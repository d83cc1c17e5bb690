#include "tongqu/net/http.hpp"

#include "net/text.hpp"

namespace tongqu::net {
namespace {

/// The next parameter piece of a Content-Type value up to an unquoted ';'; `rest` moves behind it.
std::string_view next_piece(std::string_view& rest) {
  bool quoted = false;
  std::size_t at = 0;
  for (; at < rest.size(); ++at) {
    if (quoted && rest[at] == '\\') ++at;
    else if (rest[at] == '"') quoted = !quoted;
    else if (rest[at] == ';' && !quoted) break;
  }
  const std::string_view piece = rest.substr(0, at);
  rest = at < rest.size() ? rest.substr(at + 1) : std::string_view();
  return piece;
}

/// Is a piece the parameter of that name?
bool names(std::string_view piece, std::string_view name) {
  const auto equals = piece.find('=');
  return equals != std::string_view::npos && detail::equal_no_case(detail::trim(piece.substr(0, equals)), name);
}

std::string unquote(std::string_view value) {
  if (value.size() < 2 || value.front() != '"' || value.back() != '"') return std::string(value);
  std::string out;
  value = value.substr(1, value.size() - 2);
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] == '\\' && i + 1 < value.size()) ++i;
    out += value[i];
  }
  return out;
}

} // namespace

std::string_view Headers::get(std::string_view name) const noexcept {
  for (const Field& field : fields_) {
    if (detail::equal_no_case(field.first, name)) return field.second;
  }
  return {};
}

bool Headers::has(std::string_view name) const noexcept { return count(name) != 0; }

std::size_t Headers::count(std::string_view name) const noexcept {
  std::size_t n = 0;
  for (const Field& field : fields_) {
    if (detail::equal_no_case(field.first, name)) ++n;
  }
  return n;
}

std::string_view HttpRequest::path() const noexcept { return std::string_view(target).substr(0, target.find('?')); }

std::string_view HttpRequest::query() const noexcept {
  const auto mark = target.find('?');
  return mark == std::string::npos ? std::string_view() : std::string_view(target).substr(mark + 1);
}

std::string media_type(std::string_view content_type) {
  std::string out(detail::trim(content_type.substr(0, content_type.find(';'))));
  for (char& c : out) c = detail::lower(c);
  return out;
}

std::string media_parameter(std::string_view content_type, std::string_view name) {
  std::string_view rest = content_type;
  next_piece(rest);
  while (!rest.empty()) {
    const std::string_view piece = next_piece(rest);
    if (names(piece, name)) return unquote(detail::trim(piece.substr(piece.find('=') + 1)));
  }
  return {};
}

std::size_t media_parameter_count(std::string_view content_type, std::string_view name) {
  std::string_view rest = content_type;
  next_piece(rest);
  std::size_t count = 0;
  while (!rest.empty()) count += names(next_piece(rest), name) ? 1 : 0;
  return count;
}

} // namespace tongqu::net
