// Reads arbitrary bytes as everything that a mapping can unpack: archives, tables, workbooks, multipart bodies, documents in a row, reference
// and change-set XML. What is accepted must be a whole tape with places; what cuts must cut without loss and in order.
#include <cstdint>
#include <cstdlib>

#include "tongqu/wire/archive.hpp"
#include "tongqu/wire/multipart.hpp"
#include "tongqu/wire/pieces.hpp"
#include "tongqu/wire/spreadsheet.hpp"
#include "tongqu/wire/unwrap.hpp"
#include "tongqu/wire/xml.hpp"

namespace {

using namespace tongqu;
using namespace tongqu::wire;

void require(bool holds) {
  if (!holds) std::abort();
}

void walk(const Document& document) {
  require(!document.empty() && document.tape().front().end == document.tape().size());
  for (std::uint32_t i = 0; i < document.tape().size(); ++i) {
    const Node node(&document, i);
    require(node.entry().end > i && node.offset() <= document.source().size() && !node.position().empty());
  }
}

void tables(Bytes bytes, const Limits& limits) {
  Grid grid;
  Findings findings;
  Document document;
  TableShape shape;
  shape.ragged = TableShape::Ragged::report;
  if (read_csv(grid, bytes, {}, limits) && shape_table(document, grid, shape, limits, nullptr, findings)) walk(document);
  FixedOptions fixed;
  fixed.fields = {{"a", 3}, {"b", 5}};
  fixed.cut_dropped = fixed.short_allowed = true;
  shape.header_rows.clear();
  shape.columns = {"a", "b"};
  if (read_fixed(grid, bytes, fixed, limits, findings) && shape_table(document, grid, shape, limits, nullptr, findings)) walk(document);
  SpreadsheetOptions options;
  options.archive.bytes_max = limits.message_bytes_max;
  if (read_spreadsheet(grid, bytes, options, limits, findings)) {
    shape.columns.clear();
    shape.header_rows = {1};
    if (shape_table(document, grid, shape, limits, nullptr, findings)) walk(document);
  }
}

void pieces(Bytes bytes, const Limits& limits) {
  for (const auto& cut : {split_xml_documents(bytes, limits), split_json_documents(bytes, limits)}) {
    std::size_t end = 0;
    for (std::size_t i = 0; cut && i < cut->size(); ++i) {
      const Piece& piece = (*cut)[i];
      require(piece.offset >= end && !piece.text.empty() && piece.text.data() == bytes.data() + piece.offset);
      end = piece.offset + piece.text.size();
    }
  }
  const auto frames = split_frames(bytes, {FrameOptions::Length::u16be, 0, false}, limits);
  if (!frames) return;
  std::size_t counted = frames->tail ? frames->tail->text.size() : 0;
  for (const Piece& piece : frames->pieces) counted += piece.text.size() + 2;
  require(counted == bytes.size());
}

void archives(Bytes bytes, const ArchiveLimits& limits) {
  Findings findings;
  std::string out;
  if (auto zip = ZipReader::open(bytes, {limits, Encoding::gb18030}, findings)) {
    std::size_t total = 0;
    for (const ZipEntry& entry : zip->entries()) {
      if (zip->read_into(out, entry)) total += out.size();
    }
    require(total <= limits.bytes_max);
  }
  if (gunzip_into(out, bytes, limits)) require(out.size() <= limits.bytes_max);
  Base64Used used;
  const auto loose = read_base64(bytes, {true, true, true, true}, used);
  if (const auto strict = from_base64(bytes)) require(loose.has_value() && *loose == *strict);
  (void)parse_multipart(bytes, "multipart/related; boundary=b").has_value();
}

void documents(Bytes bytes, const Limits& limits) {
  const auto document = parse_xml(bytes);
  if (!document) return;
  Findings findings;
  Document out;
  if (read_dataset(out, document->root(), {limits, nullptr, findings})) walk(out);
  if (resolve_references(out, document->root(), {limits, nullptr, findings})) walk(out);
  const std::vector<const Part*> none;
  if (resolve_attachments(out, document->root(), {none, limits, nullptr, findings})) walk(out);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes bytes(reinterpret_cast<const char*>(data), size);
  Limits limits;
  limits.message_bytes_max = std::size_t{1} << 20;
  ArchiveLimits archive;
  archive.bytes_max = limits.message_bytes_max;
  tables(bytes, limits);
  pieces(bytes, limits);
  archives(bytes, archive);
  documents(bytes, limits);
  return 0;
}
