#include "connectors/rest/query.hpp"

#include <algorithm>

#include "tongqu/base/bytes.hpp"

namespace tongqu::connectors::rest {
namespace {

constexpr std::size_t kParametersMax = 32;

Result<std::string> unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') out += ' ';
    else if (text[i] != '%') out += text[i];
    else {
      const bool whole = i + 2 < text.size();
      const auto byte = whole ? from_hex(text.substr(i + 1, 2)) : Result<std::string>(Error(Errc::connector_parameter));
      // No key of ours holds a control character: what comes as one is meant for another reader.
      if (!byte || static_cast<unsigned char>((*byte)[0]) < 0x20 || (*byte)[0] == 0x7f) return Error(Errc::connector_parameter);
      out += *byte;
      i += 2;
    }
  }
  if (!is_utf8(out)) return Error(Errc::connector_parameter);
  return out;
}

} // namespace

Result<std::vector<std::pair<std::string, std::string>>> parse_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> all;
  while (!query.empty()) {
    const auto amp = query.find('&');
    const std::string_view pair = query.substr(0, amp);
    query = amp == std::string_view::npos ? std::string_view() : query.substr(amp + 1);
    const auto equals = pair.find('=');
    const Error wrong = Error(Errc::connector_parameter).at("parameter " + std::to_string(all.size() + 1));
    if (equals == std::string_view::npos || equals == 0 || all.size() == kParametersMax) return wrong;
    auto name = unescape(pair.substr(0, equals));
    auto value = unescape(pair.substr(equals + 1));
    if (!name || !value) return wrong;
    if (std::any_of(all.begin(), all.end(), [&](const auto& p) { return p.first == *name; })) return wrong;
    all.emplace_back(*std::move(name), *std::move(value));
  }
  return all;
}

} // namespace tongqu::connectors::rest
