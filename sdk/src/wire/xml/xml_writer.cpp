#include "tongqu/base/assert.hpp"
#include "tongqu/wire/xml.hpp"

namespace tongqu::wire {
namespace {

std::string_view escape_of(char c) noexcept {
  switch (c) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    case '\r': return "&#13;";
    default: return {};
  }
}

/// In an attribute a reader also turns tabs and line feeds into blanks.
std::string_view attribute_escape_of(char c) noexcept {
  if (c == '\t') return "&#9;";
  if (c == '\n') return "&#10;";
  return escape_of(c);
}

template <class EscapeOf>
void append_escaped(std::string& out, std::string_view text, EscapeOf escape) {
  std::size_t copied = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::string_view replacement = escape(text[i]);
    if (replacement.empty()) continue;
    out.append(text, copied, i - copied).append(replacement);
    copied = i + 1;
  }
  out.append(text, copied, text.size() - copied);
}

} // namespace

std::size_t xml_forbidden(std::string_view text) noexcept {
  std::size_t bad = 0;
  const bool utf8 = is_utf8(text, &bad);
  const std::size_t end = utf8 ? text.size() : bad;
  for (std::size_t i = 0; i < end; ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x20 && c != '\t' && c != '\n' && c != '\r') return i;
    if (c == 0xEF && static_cast<unsigned char>(text[i + 1]) == 0xBF && static_cast<unsigned char>(text[i + 2]) >= 0xBE) return i;
  }
  return utf8 ? std::string_view::npos : bad;
}

Result<void> append_xml_escaped(std::string& out, std::string_view text) {
  if (const std::size_t bad = xml_forbidden(text); bad != std::string_view::npos) {
    return Error(Errc::wire_xml_character).at("offset " + std::to_string(bad));
  }
  append_escaped(out, text, escape_of);
  return {};
}

void XmlWriter::declaration(std::string_view encoding_label) {
  out_.append("<?xml version=\"1.0\" encoding=\"").append(encoding_label).append("\"?>");
}

void XmlWriter::end_start_tag() {
  if (in_start_tag_) out_ += '>';
  in_start_tag_ = false;
}

bool XmlWriter::writable(std::string_view value, std::string_view holder) {
  if (xml_forbidden(value) == std::string_view::npos) return true;
  if (!faulty_) fault_at_ = holder;
  faulty_ = true;
  return false;
}

Result<void> XmlWriter::check() const {
  if (faulty_) return Error(Errc::wire_xml_character).at(fault_at_);
  return {};
}

void XmlWriter::open(std::string_view qualified_name) {
  end_start_tag();
  out_.append("<").append(qualified_name);
  open_.emplace_back(qualified_name);
  in_start_tag_ = true;
}

void XmlWriter::attribute(std::string_view qualified_name, std::string_view value) {
  TONGQU_ASSERT(in_start_tag_, "attributes come before any content");
  out_.append(" ").append(qualified_name).append("=\"");
  if (writable(value, qualified_name)) append_escaped(out_, value, attribute_escape_of);
  out_ += '"';
}

void XmlWriter::text(std::string_view value) {
  end_start_tag();
  if (writable(value, open_.empty() ? std::string_view() : open_.back())) append_escaped(out_, value, escape_of);
}

void XmlWriter::cdata(std::string_view value) {
  end_start_tag();
  if (!writable(value, open_.empty() ? std::string_view() : open_.back())) return;
  out_ += "<![CDATA[";
  std::size_t from = 0;
  for (std::size_t at = value.find("]]>"); at != std::string_view::npos; at = value.find("]]>", from)) {
    out_.append(value, from, at + 2 - from).append("]]><![CDATA[");
    from = at + 2;
  }
  out_.append(value, from, value.size() - from).append("]]>");
}

void XmlWriter::close() {
  TONGQU_ASSERT(!open_.empty(), "an element is closed once");
  if (in_start_tag_) out_ += "/>";
  else out_.append("</").append(open_.back()).append(">");
  in_start_tag_ = false;
  open_.pop_back();
}

void XmlWriter::element(std::string_view qualified_name, std::string_view value) {
  open(qualified_name);
  if (!value.empty()) text(value);
  close();
}

} // namespace tongqu::wire
