#include <algorithm>
#include <cstring>

#include "xml/name_classes.hpp"
#include "xml/prolog.hpp"
#include "xml/xml_declaration.hpp"
#include "xml/xml_scanner.hpp"

namespace tongqu::wire::detail {
namespace {

constexpr Stops kCommentStops{'-', '-', '-', true, true};
constexpr Stops kInstructionStops{'?', '?', '?', true, true};
constexpr std::uint32_t kCodeMax = 0x10FFFF;

bool is_character(std::uint32_t code) noexcept {
  if (code < 0x20) return code == '\t' || code == '\n' || code == '\r';
  return !(code >= 0xD800 && code <= 0xDFFF) && code != 0xFFFE && code != 0xFFFF && code <= kCodeMax;
}

bool is_hex_digit(const char* at) noexcept {
  return (*at >= '0' && *at <= '9') || (*at >= 'a' && *at <= 'f') || (*at >= 'A' && *at <= 'F');
}

bool is_digit(const char* at) noexcept { return *at >= '0' && *at <= '9'; }

std::uint32_t digit_value(char c) noexcept {
  if (c <= '9') return static_cast<std::uint32_t>(c - '0');
  return static_cast<std::uint32_t>((c | 0x20) - 'a' + 10);
}

Resolved utf8_of(std::uint32_t code) noexcept {
  Resolved out;
  const auto add = [&out](std::uint32_t byte) { out.bytes[out.size++] = static_cast<char>(byte); };
  if (code < 0x80) {
    add(code);
  } else if (code < 0x800) {
    add(0xC0 | code >> 6);
  } else {
    if (code < 0x10000) {
      add(0xE0 | code >> 12);
    } else {
      add(0xF0 | code >> 18);
      add(0x80 | (code >> 12 & 0x3F));
    }
    add(0x80 | (code >> 6 & 0x3F));
  }
  if (code >= 0x80) add(0x80 | (code & 0x3F));
  return out;
}

/// The name as the target of an instruction: "xml" declares, other spellings of it are reserved.
enum class Target : std::uint8_t { any, declaration, reserved };
Target target_of(std::string_view name) noexcept {
  if (name.size() != 3 || (name[0] | 0x20) != 'x' || (name[1] | 0x20) != 'm' || (name[2] | 0x20) != 'l') return Target::any;
  return name == "xml" ? Target::declaration : Target::reserved;
}

} // namespace

Resolved resolve_reference(std::string_view inside) noexcept {
  Resolved out;
  if (inside[0] == '#') {
    const bool hex = inside[1] == 'x';
    const std::uint32_t base = hex ? 16 : 10;
    std::uint32_t code = 0;
    for (const char c : inside.substr(hex ? 2 : 1)) code = code > kCodeMax ? code : code * base + digit_value(c);
    if (is_character(code)) return utf8_of(code);
    out.code = Errc::wire_xml_character;
    return out;
  }
  constexpr std::pair<std::string_view, char> kNames[] = {{"lt", '<'}, {"gt", '>'}, {"amp", '&'}, {"quot", '"'}, {"apos", '\''}};
  for (const auto& [name, byte] : kNames) {
    if (inside != name) continue;
    out.bytes[0] = byte;
    out.size = 1;
  }
  return out;
}

/// Characters from 0x80 on, one after another.
const char* XmlScanner::pass_multibyte(const char* at, const char* token) {
  do {
    const int length = multibyte_length(at, end_);
    if (length == kCutCharacter) return refuse(Errc::wire_encoding_invalid, token);
    if (length == kBadCharacter) return refuse_token(at);
    at += length;
  } while (at != end_ && is_multibyte(at));
  return at;
}

/// A name without colons that starts at `at`.
const char* XmlScanner::scan_ncname(const char* at, const char* token) {
  if (at == end_) return refuse_cut(token);
  if (is_class(at, kNameStartByte)) return scan_name_rest(at, token);
  if (!is_multibyte(at)) return refuse_token(at);
  const int length = multibyte_length(at, end_);
  if (length == kCutCharacter) return refuse(Errc::wire_encoding_invalid, token);
  if (length == kBadCharacter || !starts_name(multibyte_code(at, length))) return refuse_token(at);
  return scan_name_rest(at + length, token);
}

const char* XmlScanner::scan_name_rest(const char* at, const char* token) {
  for (;;) {
    at = Runs::name(at, end_);
    if (at == end_ || !is_multibyte(at)) return at;
    const int length = multibyte_length(at, end_);
    if (length == kCutCharacter) return refuse(Errc::wire_encoding_invalid, token);
    if (length == kBadCharacter || !stands_in_name(multibyte_code(at, length))) return refuse_token(at);
    at += length;
  }
}

const char* XmlScanner::scan_other_qname(const char* at, const char* token, QName& name) {
  name.begin = name.local = at;
  if ((at = scan_ncname(at, token)) == nullptr) return nullptr;
  if (at != end_ && *at == ':') {
    name.local = at + 1;
    if ((at = scan_ncname(name.local, token)) == nullptr) return nullptr;
    if (at != end_ && *at == ':') return refuse_token(at);
  }
  name.end = at;
  return at;
}

/// The form of a reference, from its '&' to behind its ';'; what it stands for is asked later.
const char* XmlScanner::scan_reference(const char* at, const char* token) {
  if (++at == end_) return refuse_cut(token);
  if (*at == '#') return scan_character_reference(at + 1, token);
  if ((at = scan_ncname(at, token)) == nullptr) return nullptr;
  if (at == end_) return refuse_cut(token);
  return *at == ';' ? at + 1 : refuse_token(at);
}

const char* XmlScanner::scan_character_reference(const char* at, const char* token) {
  if (at == end_) return refuse_cut(token);
  const bool hex = *at == 'x';
  if (hex && ++at == end_) return refuse_cut(token);
  const auto is_wanted = hex ? is_hex_digit : is_digit;
  if (!is_wanted(at)) return refuse_token(at);
  while (at != end_ && is_wanted(at)) ++at;
  if (at == end_) return refuse_cut(token);
  return *at == ';' ? at + 1 : refuse_token(at);
}

/// `at` is behind "<!-".
const char* XmlScanner::scan_comment(const char* at, const char* token) {
  if (at == end_) return refuse_cut(token);
  if (*at != '-') return refuse_token(at);
  const char* const text = ++at;
  for (;;) {
    at = Runs::plain<kCommentStops>(at, end_);
    if (at == end_) return refuse_cut(token);
    if (is_multibyte(at)) {
      if ((at = pass_multibyte(at, token)) == nullptr) return nullptr;
      continue;
    }
    if (*at != '-') return refuse_token(at);
    if (++at == end_) return refuse_cut(token);
    if (*at != '-') continue;
    if (++at == end_) return refuse_cut(token);
    if (*at != '>') return refuse_token(at);
    return note_comment(token, text, at - 2) ? at + 1 : nullptr;
  }
}

/// A line end counts as one byte, however it is written.
bool XmlScanner::note_comment(const char* token, const char* begin, const char* end) {
  auto size = static_cast<std::size_t>(end - begin);
  const std::size_t size_max = options_->limits.text_bytes_max;
  if (size > size_max) {
    for (const char* at = begin; at + 1 < end; ++at) size -= at[0] == '\r' && at[1] == '\n';
    if (size > size_max) return refuse(Errc::wire_xml_limit, token, "comment") != nullptr;
  }
  if (!frames_.empty()) (*tape_)[frames_.back().index].mixed = true;
  return true;
}

/// `at` is "<?".
const char* XmlScanner::scan_instruction(const char* at, Spot spot) {
  const char* const token = at;
  const char* const name = at + 2;
  if ((at = scan_ncname(name, token)) == nullptr) return nullptr;
  if (at == end_) return refuse_cut(token);
  const bool blank = is_class(at, kBlankByte);
  if (!blank && *at != '?') return refuse_token(at);
  const std::string_view target(name, static_cast<std::size_t>(at - name));
  const Target kind = target_of(target);
  if (kind == Target::reserved) return refuse_token(at);
  const char* const behind_name = at;
  if (!blank) {
    if (++at == end_) return refuse_cut(token);
    if (*at != '>') return refuse_token(at);
    ++at;
  } else if ((at = instruction_end(at + 1, token)) == nullptr) {
    return nullptr;
  }
  if (kind == Target::declaration) return end_declaration(token, at, spot);
  if (target.size() > options_->limits.name_bytes_max) return refuse(Errc::wire_xml_limit, token, "name");
  const char* const data_end = at - 2;
  const char* data = behind_name;
  while (data != data_end && is_class(data, kBlankByte)) ++data;
  return note_comment(token, data, data_end) ? at : nullptr;
}

/// Behind the first "?>" from `at` on.
const char* XmlScanner::instruction_end(const char* at, const char* token) {
  for (;;) {
    at = Runs::plain<kInstructionStops>(at, end_);
    if (at == end_) return refuse_cut(token);
    if (is_multibyte(at)) {
      if ((at = pass_multibyte(at, token)) == nullptr) return nullptr;
      continue;
    }
    if (*at != '?') return refuse_token(at);
    if (++at == end_) return refuse_cut(token);
    if (*at == '>') return at + 1;
  }
}

/// An instruction named "xml", from its "<?" to behind its "?>".
const char* XmlScanner::end_declaration(const char* token, const char* end, Spot spot) {
  if (spot == Spot::within) return refuse(Errc::wire_xml_declaration, token);
  if (spot == Spot::behind) return refuse(token[5] == ' ' ? Errc::wire_xml_declaration : Errc::wire_xml_not_wf, token);
  const XmlDeclaration declaration = parse_declaration({token + 5, static_cast<std::size_t>(end - 2 - (token + 5))});
  if (declaration.bad != nullptr) return refuse(Errc::wire_xml_declaration, declaration.bad);
  if (declaration.version != "1.0") return refuse(Errc::wire_xml_declaration, token, "version is not 1.0");
  // The label was read by the look at the prolog before; both must have seen the same.
  const auto seen = declared_encoding(document_->source());
  const bool same = seen.has_value() == declaration.encoding.has_value() && (!seen || seen->label == *declaration.encoding);
  return same ? end : refuse(Errc::wire_xml_declaration, token);
}

} // namespace tongqu::wire::detail
