#include "xml/prolog.hpp"

#include <algorithm>
#include <array>

namespace tongqu::wire::detail {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";
constexpr std::size_t kDeclarationBytesMax = 1024;

bool starts_with(std::string_view text, std::string_view start) noexcept { return text.substr(0, start.size()) == start; }

/// UTF-16 and UTF-32 without a mark, UTF-32 with one, EBCDIC, UTF-7: encodings that we know by sight and do not read. A NUL among the
/// first two bytes is UTF-16 to Expat, whatever character it belongs to.
bool foreign_start(Bytes bytes) noexcept {
  using namespace std::string_view_literals;
  constexpr std::array<std::string_view, 3> kStarts{"\xFF\xFE\x00\x00"sv, "\x4C\x6F\xA7\x94"sv, "+ADw-"sv};
  return bytes.substr(0, 2).find('\0') != Bytes::npos ||
         std::any_of(kStarts.begin(), kStarts.end(), [bytes](std::string_view start) { return starts_with(bytes, start); });
}

bool is_utf16(Encoding encoding) noexcept { return encoding == Encoding::utf16le || encoding == Encoding::utf16be; }

bool is_plain_utf16(std::string_view label) noexcept { return label.size() == 6; }

Error disagreement(std::string why, std::string where) {
  return Error(Errc::wire_xml_encoding).at(std::move(where)).with(std::move(why));
}

/// A transport that says "utf-16" arrives as utf16le, so little endian there agrees with either mark.
bool transport_agrees(Encoding transport, Encoding actual) noexcept {
  return transport == actual || (transport == Encoding::utf16le && actual == Encoding::utf16be);
}

struct Choice { Encoding encoding = Encoding::utf8; std::size_t skip = 0; };

Result<Choice> choose_encoding(Bytes bytes, const XmlOptions& options) {
  const std::optional<Bom> bom = byte_order_mark(bytes);
  if (options.declared_encoding_ignored) return Choice{Encoding::utf8, bom && bom->encoding == Encoding::utf8 ? bom->bytes : 0};
  if (foreign_start(bytes)) return disagreement("not UTF-8, not UTF-16 with a byte-order mark, not a GB encoding", "1:1");
  if (bom) {
    if (options.transport && !transport_agrees(*options.transport, bom->encoding)) {
      return disagreement("byte-order mark against transport charset", "1:1");
    }
    return Choice{bom->encoding, bom->bytes};
  }
  if (options.transport) {
    if (is_utf16(*options.transport)) return disagreement("UTF-16 without a byte-order mark", "1:1");
    return Choice{*options.transport, 0};
  }
  // Anything but a GB label leaves UTF-8 here; check_label refuses what is not UTF-8 then.
  const auto declared = declared_encoding(bytes);
  const auto known = declared ? encoding_from_label(declared->label) : std::nullopt;
  return Choice{known == Encoding::gb18030 ? Encoding::gb18030 : Encoding::utf8, 0};
}

/// The declaration of the decoded text must name the encoding that was decoded.
Result<void> check_label(const Document& document, Encoding actual) {
  const auto declared = declared_encoding(document.source());
  if (!declared) return {};
  const auto known = encoding_from_label(declared->label);
  if (!known) return disagreement("declared encoding is not supported", document.position(declared->offset));
  const bool agrees = *known == actual || (is_utf16(actual) && is_utf16(*known) && is_plain_utf16(declared->label));
  if (agrees) return {};
  return disagreement("declared encoding against byte-order mark, transport charset or bytes", document.position(declared->offset));
}

} // namespace

std::optional<DeclaredEncoding> declared_encoding(std::string_view text) noexcept {
  if (!starts_with(text, "<?xml") || text.size() < 6 || kBlanks.find(text[5]) == std::string_view::npos) return std::nullopt;
  const std::string_view declaration = text.substr(0, std::min(text.find("?>"), kDeclarationBytesMax));
  std::size_t at = declaration.find("encoding", 6);
  if (at == std::string_view::npos || kBlanks.find(declaration[at - 1]) == std::string_view::npos) return std::nullopt;
  at = declaration.find_first_not_of(kBlanks, at + 8);
  if (at == std::string_view::npos || declaration[at] != '=') return std::nullopt;
  at = declaration.find_first_not_of(kBlanks, at + 1);
  if (at == std::string_view::npos || (declaration[at] != '"' && declaration[at] != '\'')) return std::nullopt;
  const std::size_t close = declaration.find(declaration[at], at + 1);
  if (close == std::string_view::npos) return std::nullopt;
  return DeclaredEncoding{declaration.substr(at + 1, close - at - 1), at + 1};
}

std::optional<std::size_t> doctype_offset(std::string_view text) noexcept {
  std::size_t at = 0;
  while ((at = text.find_first_not_of(kBlanks, at)) != std::string_view::npos) {
    const std::string_view rest = text.substr(at);
    if (starts_with(rest, "<!DOCTYPE")) return at;
    std::string_view close;
    if (starts_with(rest, "<!--")) close = "-->";
    else if (starts_with(rest, "<?")) close = "?>";
    else return std::nullopt;
    const std::size_t end = text.find(close, at + (close.size() == 3 ? 4 : 2));
    if (end == std::string_view::npos) return std::nullopt;
    at = end + close.size();
  }
  return std::nullopt;
}

Result<void> set_xml_source(Document& document, Bytes bytes, const XmlOptions& options) {
  auto choice = choose_encoding(bytes, options);
  if (!choice) return std::move(choice).error();
  const Bytes content = bytes.substr(choice->skip);
  if (choice->encoding == Encoding::utf8) {
    document.set_source(content);
  } else {
    std::string text = document.take_buffer();
    Result<void> decoded = decode_into(text, content, choice->encoding);
    document.own_source(std::move(text));
    // The text before the bad sequence is there, so its end is the place.
    if (!decoded) return std::move(decoded).error().at(document.position(document.source().size()));
  }
  return options.declared_encoding_ignored ? Result<void>() : check_label(document, choice->encoding);
}

} // namespace tongqu::wire::detail
