#include "xml/bad_token.hpp"

#include "tongqu/wire/encoding.hpp"

namespace tongqu::wire::detail {

Errc errc_of_bad_token(std::string_view rest) noexcept {
  const auto byte = [rest](std::size_t i) { return i < rest.size() ? static_cast<unsigned char>(rest[i]) : 0u; };
  if (rest.empty()) return Errc::wire_xml_not_wf;
  const unsigned lead = byte(0);
  if (lead < 0x20 && lead != '\t' && lead != '\n' && lead != '\r') return Errc::wire_xml_character;
  if (lead < 0x80) return Errc::wire_xml_not_wf;
  const bool surrogate = lead == 0xED && byte(1) >= 0xA0 && byte(1) <= 0xBF && byte(2) >= 0x80 && byte(2) <= 0xBF;
  const bool noncharacter = lead == 0xEF && byte(1) == 0xBF && (byte(2) == 0xBE || byte(2) == 0xBF);
  if (surrogate || noncharacter) return Errc::wire_xml_character;
  std::size_t bad = 0;
  return !is_utf8(rest.substr(0, 4), &bad) && bad == 0 ? Errc::wire_encoding_invalid : Errc::wire_xml_not_wf;
}

} // namespace tongqu::wire::detail
