#include <cstdio>

#include "mapping/reverse/emit.hpp"
#include "tongqu/base/bytes.hpp"

namespace tongqu::mapping::detail {
namespace {

constexpr std::string_view kSoap11 = "http://schemas.xmlsoap.org/soap/envelope/";
constexpr std::string_view kSoap12 = "http://www.w3.org/2003/05/soap-envelope";
constexpr std::string_view kXsi = "http://www.w3.org/2001/XMLSchema-instance";

std::string reference(char32_t point) {
  char text[16];
  (void)std::snprintf(text, sizeof text, "&#x%X;", static_cast<unsigned>(point));
  return text;
}

class XmlOut {
public:
  XmlOut(std::string& out, const XmlLayout& layout, const Charset& charset) : out_(out), layout_(layout), charset_(charset) {}

  void declaration() {
    const char quote = layout_.single_quotes ? '\'' : '"';
    out_.append("<?xml version=").append(1, quote).append("1.0").append(1, quote).append(" encoding=").append(1, quote);
    out_.append(layout_.declared).append(1, quote).append("?>");
    if (layout_.line_after_declaration) out_ += '\n';
  }
  void attribute(std::string_view name, std::string_view value) {
    const char quote = layout_.single_quotes ? '\'' : '"';
    out_.append(" ").append(name).append("=").append(1, quote);
    escaped(value, quote);
    out_ += quote;
  }
  /// The namespace of the document, where it is declared.
  void declare() {
    if (!layout_.ns.empty()) attribute(layout_.prefix.empty() ? "xmlns" : "xmlns:" + layout_.prefix, layout_.ns);
    if (layout_.xsi_at_root) attribute("xmlns:xsi", kXsi);
  }
  std::string name_of(std::string_view local) const { return layout_.prefix.empty() ? std::string(local) : layout_.prefix + ":" + std::string(local); }
  void element(const OutNode& node, bool root);
  /// Attributes, end of the start tag, content and end tag of an element whose start tag is open.
  void rest(const OutNode& node, const std::string& name);

private:
  void escaped(std::string_view text, char quote);
  void section(std::string_view text);
  void content(const OutNode& node);
  static bool has_elements(const OutNode& node) {
    for (const auto& child : node.children) {
      if (!child->shape->step.attribute) return true;
    }
    return false;
  }

  std::string& out_;
  const XmlLayout& layout_;
  const Charset& charset_;
};

/// `quote` is 0 outside attributes.
void XmlOut::escaped(std::string_view text, char quote) {
  const bool all = charset_.takes(text);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t size = utf8_bytes(text, at);
    const std::string_view one = text.substr(at, size);
    const char c = size == 1 ? one[0] : '\0';
    if (c == '&') out_ += "&amp;";
    else if (c == '<') out_ += "&lt;";
    else if (c == '>' && quote == 0) out_ += "&gt;";
    else if (c == '"' && quote == '"') out_ += "&quot;";
    else if (c == '\'' && quote == '\'') out_ += "&apos;";
    else if (c == '\r' && (quote != 0 || !layout_.raw_line_ends)) out_ += "&#13;";
    else if (quote != 0 && c == '\n') out_ += "&#10;";
    else if (quote != 0 && c == '\t') out_ += "&#9;";
    else if (!all && !charset_.takes(one)) out_ += reference(utf8_point(text, at));
    else out_ += one;
    at += size;
  }
}

/// One CDATA section, left for what cannot stand in it: its own end, and characters that the peer has not.
void XmlOut::section(std::string_view text) {
  const bool all = charset_.takes(text);
  out_ += "<![CDATA[";
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t size = utf8_bytes(text, at);
    const std::string_view one = text.substr(at, size);
    if (text.substr(at, 3) == "]]>") {
      out_ += "]]]]><![CDATA[>";
      at += 3;
      continue;
    }
    if (!all && !charset_.takes(one)) out_.append("]]>").append(reference(utf8_point(text, at))).append("<![CDATA[");
    else out_ += one;
    at += size;
  }
  out_ += "]]>";
}

void XmlOut::content(const OutNode& node) {
  for (const auto& child : node.children) {
    if (!child->shape->step.attribute) element(*child, false);
  }
  if (!node.has_text || node.text.empty()) return;
  if (node.shape->cdata) section(node.text);
  else escaped(node.text, 0);
}

void XmlOut::rest(const OutNode& node, const std::string& name) {
  for (const auto& child : node.children) {
    if (child->shape->step.attribute) attribute(child->shape->step.name, child->text);
  }
  if (node.nil) {
    if (!layout_.xsi_at_root) attribute("xmlns:xsi", kXsi);
    attribute("xsi:nil", "true");
  }
  const bool empty = !has_elements(node) && (!node.has_text || node.text.empty());
  if (empty && !layout_.pairs) {
    out_ += "/>";
    return;
  }
  out_ += '>';
  content(node);
  out_.append("</").append(name).append(">");
}

void XmlOut::element(const OutNode& node, bool root) {
  const std::string name = name_of(node.shape->step.name);
  out_.append("<").append(name);
  if (root) declare();
  rest(node, name);
}

} // namespace

std::string emit_xml(const OutNode& start, const XmlLayout& layout, const Charset& charset) {
  std::string out;
  XmlOut xml(out, layout, charset);
  if (layout.declaration) xml.declaration();
  // The start has no name of its own: the path to it has.
  for (std::size_t i = 0; i < layout.root.size(); ++i) {
    out.append("<").append(xml.name_of(layout.root[i]));
    if (i == 0) xml.declare();
    if (i + 1 < layout.root.size()) out += '>';
  }
  xml.rest(start, xml.name_of(layout.root.back()));
  for (std::size_t i = layout.root.size() - 1; i-- > 0;) out.append("</").append(xml.name_of(layout.root[i])).append(">");
  return out;
}

std::string emit_soap(const OutNode& operation, const SoapLayout& layout, const Charset& charset) {
  std::string out;
  XmlLayout outer = layout.xml;
  outer.ns.clear();
  outer.prefix = layout.prefix;
  XmlLayout inside = outer;
  if (!layout.qualified) inside.prefix.clear();
  XmlOut xml(out, outer, charset);
  XmlOut content(out, inside, charset);
  if (outer.declaration) xml.declaration();
  const std::string namespace_name = layout.prefix.empty() ? "xmlns" : "xmlns:" + layout.prefix;
  out.append("<").append(layout.envelope).append(":Envelope");
  xml.attribute("xmlns:" + layout.envelope, layout.version12 ? kSoap12 : kSoap11);
  if (layout.declared_at_envelope && !layout.ns.empty()) xml.attribute(namespace_name, layout.ns);
  if (layout.xml.xsi_at_root) xml.attribute("xmlns:xsi", kXsi);
  out.append(">").append("<").append(layout.envelope).append(":Body>");
  const std::string name = xml.name_of(layout.operation);
  out.append("<").append(name);
  if (!layout.declared_at_envelope && !layout.ns.empty()) xml.attribute(namespace_name, layout.ns);
  content.rest(operation, name);
  out.append("</").append(layout.envelope).append(":Body></").append(layout.envelope).append(":Envelope>");
  return out;
}

std::string escape_layer(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') out += "&amp;";
    else if (c == '<') out += "&lt;";
    else if (c == '>') out += "&gt;";
    else out += c;
  }
  return out;
}

} // namespace tongqu::mapping::detail
