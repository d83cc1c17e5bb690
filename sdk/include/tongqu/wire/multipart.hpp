#pragma once
#include <string_view>
#include <vector>

#include "tongqu/base/bytes.hpp"
#include "tongqu/base/finding.hpp"
#include "tongqu/base/limits.hpp"
#include "tongqu/base/result.hpp"
#include "tongqu/wire/delivery.hpp"

/// Bodies of several parts: MTOM and SOAP with attachments, forms with files.
namespace tongqu::wire {

struct MultipartLimits {
  std::size_t bytes_max = std::size_t{8} * 1024 * 1024;  ///< The body, and all parts once decoded.
  std::uint32_t parts_max = 1000;
  std::uint32_t header_bytes_max = 8192;                 ///< Headers of one part.
};

/// Cuts a multipart body into its parts. A part is called by its Content-ID without brackets, else by its form name, else "part<N>".
/// Transfer encodings: 7bit, 8bit, binary, base64, quoted-printable. The root part (the `start` of the content type wherever it stands, else the first) comes
/// first in the result.
/// @param content_type  Of the whole, with its boundary.
/// @errors wire.multipart_invalid, multipart_limit; where() is "offset N".
/// @source RFC 2046 section 5.1, RFC 2387, RFC 7578
Result<std::vector<Part>> parse_multipart(Bytes body, std::string_view content_type, const MultipartLimits& limits = {});

/// A parameter of a header value ("text/xml; charset=gbk", "charset"), unquoted; empty when it is not there.
std::string header_parameter(std::string_view value, std::string_view name);

/// Puts attachments where a document refers to them, as Base64 text: xop:Include elements, `href="cid:…"` on empty elements, and leaves whose
/// whole text is the `cid:` of a part that is there. Of a part whose bytes are in the store of attachments it is `sm3:HEX` instead. Parts that nothing refers to give wire.part_unreferenced.
/// @param root   Rewritten into `out`; must outlive it.
/// @param parts  Without the one that the document came in.
/// @errors wire.part_missing, document_limit; where() is line:column. References to anything but a part are never followed.
/// @source XML-binary Optimized Packaging section 4
struct AttachmentContext {
  const std::vector<const Part*>& parts;
  const Limits& limits;
  const NameSet* names = nullptr;
  Findings& findings;
};
Result<void> resolve_attachments(Document& out, const Node& root, const AttachmentContext& context);

} // namespace tongqu::wire
