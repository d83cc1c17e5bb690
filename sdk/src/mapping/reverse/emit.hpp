#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "mapping/reverse/charset.hpp"
#include "mapping/reverse/shape.hpp"
#include "tongqu/wire/table.hpp"

namespace tongqu::mapping::detail {

/// How an XML document looks beside its content.
struct XmlLayout {
  std::vector<std::string> root;             ///< Names from the document element to where rules start; never empty.
  bool declaration = false;
  std::string declared;                      ///< Encoding that the declaration names.
  bool single_quotes = false;                ///< Of declaration and attributes.
  bool line_after_declaration = false;
  bool pairs = false;                        ///< `<a></a>` for an empty element, not `<a/>`.
  bool xsi_at_root = false;                  ///< The prefix of xsi:nil is declared once.
  bool raw_line_ends = false;                ///< Line ends of values are the peer's own (CR LF) and stand as they are.
  std::string ns, prefix;                    ///< Of every element; empty for none.
};

/// A SOAP envelope around one operation.
struct SoapLayout {
  bool version12 = false;
  std::string envelope = "soapenv";          ///< Prefix of the envelope.
  std::string operation, ns, prefix;         ///< Of the operation; no prefix: a default namespace.
  bool declared_at_envelope = false;         ///< Where the operation's prefix is declared.
  bool qualified = true;                     ///< Children carry the operation's prefix.
  std::string action;
  XmlLayout xml;                             ///< Declaration, quotes and empty elements.
};

struct JsonLayout {
  std::vector<std::string> root;             ///< Members around where rules start.
  bool ascii = false;                        ///< Everything else as \uXXXX.
  bool spaced = false;                       ///< A blank after ':' and ','.
};

struct CsvLayout {
  wire::CsvOptions csv;
  std::vector<std::string> columns;
  bool header = true;
  bool quotes_always = false;
  bool crlf = true;
};

/// Whole documents as characters. `charset` says which characters must stand as references (XML) or escapes (JSON).
std::string emit_xml(const OutNode& start, const XmlLayout& layout, const Charset& charset);
std::string emit_soap(const OutNode& operation, const SoapLayout& layout, const Charset& charset);
std::string emit_json(const OutNode& start, const JsonLayout& layout, const Charset& charset);
/// @errors mapping.reverse_character when a cell cannot stand in the format; where() is the column.
Result<std::string> emit_csv(const OutNode& rows, const CsvLayout& layout);
/// Bytes. @errors wire.encoding_unmappable, mapping.reverse_too_long; where() is the column.
Result<std::string> emit_fixed(const OutNode& rows, const wire::FixedOptions& layout, const Charset& charset);
/// name=value pairs, percent-encoded from the peer's bytes. @errors wire.encoding_unmappable.
Result<std::string> emit_form(const std::vector<std::pair<std::string, std::string>>& fields, bool plus, const Charset& charset);

/// Escapes once more what a further layer of text will undo.
std::string escape_layer(std::string_view text);

} // namespace tongqu::mapping::detail
