#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "tongqu/wire/xml.hpp"

namespace tongqu::wire {

/// Reading a document of many records in little memory. First the whole document is read and judged, as parse_xml does it, but of each
/// record only a stub stays: its element, without what is in it. Then the text is read once more and each record grafted into the
/// document in turn, in the place of its stub. So no record is seen before the whole document was found good, and the memory is that of
/// the document without its records, one entry for each, and one record.

/// Which elements are records: their local names from the root down; an empty name stands for any. Never the root itself.
using RecordPath = std::vector<std::string>;

/// Whether records can be read apart with these options; Expat's reader cannot.
bool reads_records_apart(const XmlOptions& options) noexcept;

/// As parse_xml_into, with stubs for the records: same verdict, error and place.
/// @param path  At least two names.
Result<void> parse_xml_thin_into(Document& document, Bytes bytes, const XmlOptions& options, const RecordPath& path);

/// Takes the records of a document one by one.
class RecordElements {
public:
  virtual ~RecordElements() = default;
  /// @param element  Index of the whole record in the thin document, good until the call returns.
  virtual void take(std::uint32_t element) = 0;
};

/// Reads the text of a thin document again.
/// @param options  Those it was read with; encoding and declaration are settled.
/// @param stubs  All stubs of its records, in their order.
void read_records(Document& thin, const XmlOptions& options, const RecordPath& path, const std::vector<std::uint32_t>& stubs, RecordElements& to);

} // namespace tongqu::wire
