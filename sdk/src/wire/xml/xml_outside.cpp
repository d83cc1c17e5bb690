#include "xml/name_classes.hpp"
#include "xml/xml_scanner.hpp"

namespace tongqu::wire::detail {
namespace {

constexpr Stops kLiteralStops{'"', '\'', '\'', true, true};

bool is_one_of(const char* at, std::string_view bytes) noexcept { return bytes.find(*at) != std::string_view::npos; }

/// What could go on as a byte-order mark, and is all there is.
bool is_cut_mark(std::string_view source) noexcept {
  if (source.size() == 1) return is_one_of(source.data(), "\xEF\xFE\xFF");
  return source == "\xEF\xBB";
}

} // namespace

/// To the '<' of the root element.
const char* XmlScanner::scan_prolog(const char* at) {
  if (is_cut_mark({at, static_cast<std::size_t>(end_ - at)})) return refuse_cut(at);
  for (;;) {
    at = skip_blanks(at);
    if (at == end_) return refuse_cut(at);
    if (*at != '<') return refuse_outside(at);
    if (at + 1 == end_) return refuse_cut(at);
    switch (at[1]) {
      case '?': at = scan_instruction(at, at == begin_ ? Spot::start : Spot::within); break;
      case '!': at = at + 2 != end_ && at[2] == '-' ? scan_comment(at + 3, at) : refuse_stray_declaration(at); break;
      default: return at;
    }
    if (at == nullptr) return nullptr;
  }
}

const char* XmlScanner::scan_epilog(const char* at) {
  for (;;) {
    at = skip_blanks(at);
    if (at == end_) return at;
    if (*at != '<') return refuse_outside(at);
    if (at + 1 == end_) return refuse_cut(at);
    if (at[1] == '?') {
      at = scan_instruction(at, Spot::behind);
    } else if (at[1] == '!') {
      at = at + 2 != end_ && at[2] == '-' ? scan_comment(at + 3, at) : refuse_stray_declaration(at);
    } else {
      const bool starts_tag = is_class(at + 1, kNameStartByte) || (byte_at(at + 1) >= 0xC0 && byte_at(at + 1) <= 0xF4);
      return starts_tag ? refuse(Errc::wire_xml_not_wf, at) : refuse_token(at + 1);
    }
    if (at == nullptr) return nullptr;
  }
}

// What may not stand outside the root element is refused where Expat refuses it: at the start of a token that could stand in a DTD, or
// inside when it is not even one.

const char* XmlScanner::refuse_outside(const char* at) {
  switch (*at) {
    case '"':
    case '\'': return refuse_stray_literal(at);
    case '%': return refuse_stray_percent(at);
    case '#': return refuse_stray_name(at + 1, at);
    case ')':
      if (at + 1 == end_ || is_class(at + 1, kBlankByte) || is_one_of(at + 1, "*?+>,|)")) return refuse_cut(at);
      return refuse_token(at + 1);
    default: break;
  }
  if (is_class(at, kNameByte) || is_multibyte(at) || *at == ':') return refuse_stray_name(at, at);
  return refuse_token(at);
}

const char* XmlScanner::refuse_stray_literal(const char* at) {
  const char* const token = at;
  const char quote = *at++;
  for (;;) {
    at = Runs::plain<kLiteralStops>(at, end_);
    if (at == end_) return refuse_cut(token);
    if (is_multibyte(at)) {
      if ((at = pass_multibyte(at, token)) == nullptr) return nullptr;
      continue;
    }
    if (*at != '"' && *at != '\'') return refuse_token(at);
    if (*at++ == quote) break;
  }
  const bool ends = at == end_ || is_class(at, kBlankByte) || is_one_of(at, ">%[");
  return ends ? refuse_cut(token) : refuse_token(at);
}

/// `at` is "<!" and no comment follows.
const char* XmlScanner::refuse_stray_declaration(const char* at) {
  const char* const token = at;
  at += 2;
  if (at == end_ || *at == '[') return refuse_cut(token);
  if (!is_class(at, kNameStartByte)) return refuse_token(at);
  while (at != end_ && is_class(at, kNameStartByte)) ++at;
  if (at == end_ || is_class(at, kBlankByte)) return refuse_cut(token);
  if (*at != '%') return refuse_token(at);
  if (at + 1 == end_) return refuse_cut(token);
  return is_class(at + 1, kBlankByte) || at[1] == '%' ? refuse_token(at) : refuse_cut(token);
}

const char* XmlScanner::refuse_stray_percent(const char* at) {
  const char* const token = at++;
  if (at != end_ && (is_class(at, kBlankByte) || *at == '%')) return refuse_cut(token);
  if ((at = scan_ncname(at, token)) == nullptr) return nullptr;
  return at == end_ || *at == ';' ? refuse_cut(token) : refuse_token(at);
}

/// A word, or "#" and a word; `at` is where the word begins.
const char* XmlScanner::refuse_stray_name(const char* at, const char* token) {
  const bool hash = at != token;
  bool is_name = true;
  if (hash) {
    if ((at = scan_ncname(at, token)) == nullptr) return nullptr;
    const bool ends = at == end_ || is_class(at, kBlankByte) || is_one_of(at, ")>%|");
    return ends ? refuse_cut(token) : refuse_token(at);
  }
  if (is_multibyte(at)) {
    const int length = multibyte_length(at, end_);
    if (length > 0) is_name = starts_name(multibyte_code(at, length));
  } else {
    is_name = is_class(at, kNameStartByte);
    ++at;
  }
  for (int colons = 0;; ++colons) {
    if ((at = scan_name_rest(at, token)) == nullptr) return nullptr;
    if (at == end_ || *at != ':') break;
    ++at;
    if (is_name && colons == 0 && at == end_) return refuse_cut(token);
    if (colons > 0 || at == end_ || !(is_class(at, kNameByte) || is_multibyte(at))) is_name = false;
  }
  if (at == end_ || is_class(at, kBlankByte) || is_one_of(at, ">),|[%")) return refuse_cut(token);
  return is_name && is_one_of(at, "+*?") ? refuse_cut(token) : refuse_token(at);
}

} // namespace tongqu::wire::detail
