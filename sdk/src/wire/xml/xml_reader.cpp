#include <algorithm>
#include <limits>

#include "tongqu/base/assert.hpp"
#include "tongqu/wire/xml_records.hpp"
#include "xml/expat_reader.hpp"
#include "xml/prolog.hpp"
#include "xml/xml_scanner.hpp"

namespace tongqu::wire {
namespace {

XmlEngine engine_of(const XmlOptions& options) noexcept {
  // The build names an enumerator.
  return options.engine == XmlEngine::product ? XmlEngine::TONGQU_XML_ENGINE : options.engine;
}

} // namespace

class XmlReader::Impl {
public:
  Result<void> read_into(Document& document, Bytes bytes, const XmlOptions& options, const RecordPath* records = nullptr) {
    document.clear();
    const std::size_t bytes_max = std::min<std::size_t>(options.limits.message_bytes_max, std::numeric_limits<int>::max() / 2);
    if (bytes.size() > bytes_max) return Error(Errc::wire_xml_limit).at("1:1").with("size of the message");
    TONGQU_CHECK(detail::set_xml_source(document, bytes, options));
    const std::string_view source = document.source();
    if (source.size() > bytes_max) return Error(Errc::wire_xml_limit).at("1:1").with("size of the decoded message");
    // The mark of the document is gone already; the parser would swallow a second one.
    if (byte_order_mark(source)) return Error(Errc::wire_xml_not_wf).at("1:1");
    // Expat takes a NUL there for UTF-16, even behind a mark or in a document that is known to be characters.
    if (const std::size_t nul = source.substr(0, 2).find('\0'); nul != std::string_view::npos) {
      return Error(Errc::wire_xml_character).at(document.position(nul));
    }
    if (const auto doctype = detail::doctype_offset(source)) return Error(Errc::wire_xml_doctype).at(document.position(*doctype));
    if (records != nullptr) return scanner_.run(document, options, detail::XmlScanner::Records{*records, nullptr});
    return engine_of(options) == XmlEngine::expat ? expat_.run(document, options) : scanner_.run(document, options);
  }

private:
  detail::ExpatReader expat_;
  detail::XmlScanner scanner_;
};

XmlReader::XmlReader() : impl_(std::make_unique<Impl>()) {}
XmlReader::~XmlReader() = default;
XmlReader::XmlReader(XmlReader&&) noexcept = default;
XmlReader& XmlReader::operator=(XmlReader&&) noexcept = default;

bool reads_records_apart(const XmlOptions& options) noexcept { return engine_of(options) == XmlEngine::scanner; }

Result<void> parse_xml_thin_into(Document& document, Bytes bytes, const XmlOptions& options, const RecordPath& path) {
  TONGQU_ASSERT(reads_records_apart(options) && path.size() >= 2, "records stand inside the root, and our own scanner reads them");
  return XmlReader::Impl().read_into(document, bytes, options, &path);
}

Result<void> XmlReader::read_into(Document& document, Bytes bytes, const XmlOptions& options) {
  return impl_->read_into(document, bytes, options);
}

Result<void> parse_xml_into(Document& document, Bytes bytes, const XmlOptions& options) {
  thread_local XmlReader reader;
  return reader.read_into(document, bytes, options);
}

Result<Document> parse_xml(Bytes bytes, const XmlOptions& options) {
  Document document;
  TONGQU_CHECK(parse_xml_into(document, bytes, options));
  return document;
}

} // namespace tongqu::wire
