#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "tongqu/wire/document.hpp"
#include "tongqu/wire/xml.hpp"

namespace tongqu::wire::detail {

/// The encoding label of an XML declaration at the very start, and where it stands. Reads no further than the declaration; whether
/// that is well formed is for the parser to say.
struct DeclaredEncoding { std::string_view label; std::size_t offset = 0; };
std::optional<DeclaredEncoding> declared_encoding(std::string_view text) noexcept;

/// Offset of a DOCTYPE behind white space, comments and processing instructions at the start of `text`.
std::optional<std::size_t> doctype_offset(std::string_view text) noexcept;

/// Settles the encoding from byte-order mark, transport and declaration, which must agree, and gives `document` its source in
/// UTF-8 without a byte-order mark.
Result<void> set_xml_source(Document& document, Bytes bytes, const XmlOptions& options);

} // namespace tongqu::wire::detail
