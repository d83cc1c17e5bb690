#include "net/curl/peer_address.hpp"

#include <algorithm>
#include <array>

#include "net/text.hpp"

namespace tongqu::net::detail {
namespace {

bool is_port(std::string_view text) {
  if (text.empty() || text.size() > 5 || !std::all_of(text.begin(), text.end(), is_digit)) return false;
  unsigned value = 0;
  for (const char c : text) value = value * 10 + static_cast<unsigned>(c - '0');
  return value >= 1 && value <= 65535;
}

bool is_host_name(std::string_view host) {
  if (host.empty()) return false;
  if (host.front() != '[') {
    return std::all_of(host.begin(), host.end(), [](char c) { return is_alnum(c) || c == '.' || c == '-'; });
  }
  const auto good = [](char c) { return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'f') || c == ':' || c == '.'; };
  return host.size() > 2 && host.back() == ']' && std::all_of(host.begin() + 1, host.end() - 1, good);
}

} // namespace

Result<std::string> checked_base_url(const PeerOptions& options) {
  std::string_view rest = options.base_url;
  if (rest.substr(0, 7) == "http://") rest.remove_prefix(7);
  else if (rest.substr(0, 8) == "https://") rest.remove_prefix(8);
  else return Error(Errc::net_peer).at("base_url");
  if (!rest.empty() && rest.back() == '/') rest.remove_suffix(1);
  const auto bracket = rest.rfind(']');
  const auto colon = rest.find(':', bracket == std::string_view::npos ? 0 : bracket);
  const std::string_view host = rest.substr(0, colon);
  if (!is_host_name(host)) return Error(Errc::net_peer).at("base_url");
  if (colon != std::string_view::npos && !is_port(rest.substr(colon + 1))) return Error(Errc::net_peer).at("base_url");
  if (!equal_no_case(host, options.pinned_host)) return Error(Errc::net_peer).at("pinned_host");
  std::string_view url = options.base_url;
  if (url.back() == '/') url.remove_suffix(1);
  return std::string(url);
}

Result<void> check_outgoing(const HttpRequest& request) {
  static constexpr std::array<std::string_view, 6> kOurs = {"host", "content-length", "transfer-encoding", "connection", "expect", "upgrade"};
  if (!is_token(request.method) || request.method == "CONNECT" || request.method == "TRACE") return Error(Errc::net_method);
  const auto visible = [](char c) { return c > ' ' && c < 0x7f && c != '#'; };
  if (request.target.empty() || request.target[0] != '/' || !std::all_of(request.target.begin(), request.target.end(), visible)) {
    return Error(Errc::net_target);
  }
  std::size_t number = 0;
  for (const auto& [name, value] : request.headers.fields()) {
    ++number;
    const auto is_name = [&field = name](std::string_view one) { return equal_no_case(one, field); };
    const bool good = is_token(name) && is_field_value(value) && std::none_of(kOurs.begin(), kOurs.end(), is_name);
    if (!good) return Error(Errc::net_header).at(std::to_string(number));
  }
  return {};
}

} // namespace tongqu::net::detail
