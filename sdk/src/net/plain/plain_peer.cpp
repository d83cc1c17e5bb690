#include <arpa/inet.h>
#include <netinet/in.h>

#include <charconv>
#include <cstring>

#include "net/plain/plain_client.hpp"

namespace tongqu::net::detail {
namespace {

constexpr std::string_view kScheme = "http://";
constexpr std::uint16_t kDefaultPort = 80;

template <class Address> void put(PlainPeer& peer, const Address& address) {
  std::memcpy(&peer.address, &address, sizeof address);
  peer.size = sizeof address;
}

} // namespace

std::optional<PlainPeer> plain_peer(const std::string& base_url) {
  std::string_view rest = base_url;
  if (rest.substr(0, kScheme.size()) != kScheme) return std::nullopt;
  rest.remove_prefix(kScheme.size());
  const auto bracket = rest.rfind(']');
  const auto colon = rest.find(':', bracket == std::string_view::npos ? 0 : bracket);
  std::uint16_t port = kDefaultPort;
  if (colon != std::string_view::npos) std::from_chars(rest.data() + colon + 1, rest.data() + rest.size(), port);
  const std::string host(rest.substr(0, colon));
  PlainPeer peer;
  peer.host = port == kDefaultPort ? host : host + ":" + std::to_string(port);
  sockaddr_in four{};
  if (::inet_pton(AF_INET, host.c_str(), &four.sin_addr) == 1) {
    four.sin_family = AF_INET;
    four.sin_port = htons(port);
    put(peer, four);
    return peer;
  }
  sockaddr_in6 six{};
  if (host.size() > 2 && host.front() == '[' && ::inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &six.sin6_addr) == 1) {
    six.sin6_family = AF_INET6;
    six.sin6_port = htons(port);
    put(peer, six);
    return peer;
  }
  return std::nullopt;
}

} // namespace tongqu::net::detail
