#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tongqu/base/bytes.hpp"
#include "tongqu/base/limits.hpp"
#include "tongqu/base/result.hpp"
#include "tongqu/wire/document.hpp"
#include "tongqu/wire/encoding.hpp"

namespace tongqu::wire {

/// What reads XML. Both give the same verdict, error, place and document; the tests hold them to it.
enum class XmlEngine : std::uint8_t {
  product,  ///< What the library was built for (CMake option TONGQU_XML_ENGINE).
  scanner,  ///< Our own scanner.
  expat,    ///< Expat, several times slower.
};

/// How one XML document is read.
struct XmlOptions {
  Limits limits;
  /// Encoding told by the transport (charset of the content type); nothing when it told none.
  std::optional<Encoding> transport;
  /// The bytes are already characters (a document carried in a string): they are UTF-8 and the declared encoding is ignored.
  bool declared_encoding_ignored = false;
  /// Names to number on the tape; null for none. Must outlive the call.
  const NameSet* names = nullptr;
  XmlEngine engine = XmlEngine::product;
};

/// The strict gate: reads untrusted XML into a neutral document.
///
/// Well-formed XML 1.0 with namespaces, no DOCTYPE, byte-order mark, transport charset and declaration in agreement, within limits.
/// Encodings: UTF-8, UTF-16 with a byte-order mark, and the GB labels. Nothing is fetched, no entity is expanded but the five.
/// @param bytes  Must outlive the document when it is UTF-8 (source() points to it).
/// @errors wire.xml_doctype, xml_not_wf, xml_declaration, xml_encoding, encoding_invalid, xml_namespace, xml_character, xml_depth,
///         xml_limit (all fix_input); where() is line:column.
/// @note   Linear in size. Safe from several threads.
/// @source XML 1.0 5th ed.; Namespaces in XML 1.0 3rd ed.
Result<Document> parse_xml(Bytes bytes, const XmlOptions& options = {});

/// The same into a document that is reused; on an error its content is unspecified until the next parse.
Result<void> parse_xml_into(Document& document, Bytes bytes, const XmlOptions& options);

/// A parser that is kept between messages; `parse_xml_into` keeps one for each thread. Not safe from several threads at once.
class XmlReader {
public:
  XmlReader();
  ~XmlReader();
  XmlReader(XmlReader&&) noexcept;
  XmlReader& operator=(XmlReader&&) noexcept;
  /// As parse_xml_into.
  Result<void> read_into(Document& document, Bytes bytes, const XmlOptions& options);

private:
  friend Result<void> parse_xml_thin_into(Document& document, Bytes bytes, const XmlOptions& options, const std::vector<std::string>& path);
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// Writes XML text with every value escaped; never raw markup, never CDATA unless asked for. UTF-8.
/// A value with a character that XML 1.0 cannot hold is left out and remembered: ask `check` before the text is used.
class XmlWriter {
public:
  /// @param out  Appended to; must outlive the writer.
  explicit XmlWriter(std::string& out) : out_(out) {}
  /// `<?xml version="1.0" encoding="LABEL"?>`
  void declaration(std::string_view encoding_label);
  /// Opens an element; `qualified_name` is written as given. Attributes follow before any content.
  void open(std::string_view qualified_name);
  void attribute(std::string_view qualified_name, std::string_view value);
  void text(std::string_view value);
  /// One CDATA section, split where the value contains "]]>". A reader turns CR and CR LF in it into LF; `text` keeps them.
  void cdata(std::string_view value);
  void close();
  /// open + text + close.
  void element(std::string_view qualified_name, std::string_view value);
  std::size_t depth() const noexcept { return open_.size(); }
  /// @errors wire.xml_character when a value held a character that cannot stand in XML 1.0; where() is the element's or attribute's name.
  Result<void> check() const;

private:
  void end_start_tag();
  bool writable(std::string_view value, std::string_view holder);
  std::string& out_;
  std::vector<std::string> open_;
  bool in_start_tag_ = false;
  bool faulty_ = false;
  std::string fault_at_;
};

/// Offset of the first character of `text` that XML 1.0 does not allow, or of a byte that is not UTF-8; npos when there is none.
std::size_t xml_forbidden(std::string_view text) noexcept;

/// Appends `text` with &, <, >, " and control line ends escaped so that a reader gets it back exactly.
/// @errors wire.xml_character when a character cannot stand in XML 1.0 (offset in where()); nothing is appended then.
Result<void> append_xml_escaped(std::string& out, std::string_view text);

} // namespace tongqu::wire
