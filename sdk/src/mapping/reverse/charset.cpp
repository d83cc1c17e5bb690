#include "mapping/reverse/charset.hpp"

#include <algorithm>

#include "tongqu/base/bytes.hpp"

namespace tongqu::mapping::detail {
namespace {

wire::Repertoire repertoire_of(std::string_view label) {
  if (label == "gb2312") return wire::Repertoire::gb2312;
  return label == "gb18030" ? wire::Repertoire::gb18030 : wire::Repertoire::gbk;
}

} // namespace

std::size_t utf8_bytes(std::string_view text, std::size_t at) noexcept {
  const auto lead = static_cast<unsigned char>(text[at]);
  const std::size_t length = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  return std::min(length, text.size() - at);
}

char32_t utf8_point(std::string_view text, std::size_t at) noexcept {
  const std::size_t bytes = utf8_bytes(text, at);
  auto point = static_cast<char32_t>(static_cast<unsigned char>(text[at]));
  if (bytes > 1) point &= bytes == 2 ? 0x1Fu : bytes == 3 ? 0x0Fu : 0x07u;
  for (std::size_t i = 1; i < bytes; ++i) point = point << 6 | (static_cast<unsigned char>(text[at + i]) & 0x3Fu);
  return point;
}

Result<std::string> Charset::bytes(std::string_view utf8) const {
  std::string out;
  if (mark && encoding == wire::Encoding::utf8) out = "\xEF\xBB\xBF";
  if (encoding == wire::Encoding::utf8) {
    if (!is_utf8(utf8)) return Error(Errc::wire_encoding_invalid);
    return out.append(utf8);
  }
  if (edition) return wire::encode_gb18030(utf8, *edition, repertoire);
  return wire::encode(utf8, encoding, repertoire);
}

bool Charset::takes(std::string_view utf8) const {
  if (takes_all()) return true;
  const bool ascii = std::all_of(utf8.begin(), utf8.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  return ascii || bytes(utf8).has_value();
}

std::string Charset::replaced(std::string_view utf8, std::size_t& count) const {
  if (takes(utf8)) return std::string(utf8);
  std::string out;
  for (std::size_t at = 0; at < utf8.size();) {
    const std::size_t size = utf8_bytes(utf8, at);
    const std::string_view one = utf8.substr(at, size);
    const bool good = takes(one);
    out += good ? one : std::string_view(replacement);
    count += good ? 0 : 1;
    at += size;
  }
  return out;
}

Charset compile_charset(const YamlNode& node, const std::string& real_label, std::string_view subject, const Mistakes& mistakes) {
  Charset made;
  const std::string at(subject);
  const auto text = [&](const char* key) { return member_text(node, key, Need::optional, subject, mistakes).value_or(""); };
  const std::string given = text("charset");
  std::string label = given.empty() ? real_label : given;
  std::transform(label.begin(), label.end(), label.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  if (label.empty()) label = "utf-8";
  const auto encoding = wire::encoding_from_label(label);
  if (!encoding || *encoding == wire::Encoding::utf16le || *encoding == wire::Encoding::utf16be) {
    const YamlNode* where = node.find("charset");
    mistakes.add(Errc::mapping_wrong_shape, where == nullptr ? node : *where, at + ".charset", one_of({"utf-8", "gb18030", "gbk", "gb2312"}));
    return made;
  }
  made.label = label;
  made.encoding = *encoding;
  made.repertoire = repertoire_of(label);
  made.declared = text("declared");
  made.replacement = node.find("replacement") == nullptr ? "?" : text("replacement");
  made.mark = text("mark") == "yes";
  const std::string policy = text("unencodable");
  if (policy == "charref") made.unencodable = Charset::Unencodable::charref;
  else if (policy == "replace") made.unencodable = Charset::Unencodable::replace;
  else if (!policy.empty() && policy != "reject") mistakes.add(Errc::mapping_wrong_shape, *node.find("unencodable"), at + ".unencodable", one_of({"reject", "charref", "replace"}));
  if (const YamlNode* edition = node.find("edition"); edition != nullptr) {
    made.edition = wire::gb_edition_from_name(edition->text);
    if (!made.edition) mistakes.add(Errc::mapping_wrong_shape, *edition, at + ".edition", one_of({"2005", "2022"}));
  }
  const bool replaceable = made.takes(made.replacement) && made.replacement.size() <= 16;
  if (!replaceable) mistakes.add(Errc::mapping_wrong_shape, *node.find("replacement"), at + ".replacement", {"characters of the peer's own set", "对方字符集内的字符"});
  return made;
}

} // namespace tongqu::mapping::detail
