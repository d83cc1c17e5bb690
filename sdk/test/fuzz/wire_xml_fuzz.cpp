// Reads arbitrary bytes as XML twice, with a new document and with a reused one, and walks what comes out. Both must agree, every
// position must lie inside the source, and every text of the tree must be writable again and read back the same.
#include <cstdint>
#include <cstdlib>

#include "tongqu/wire/xml.hpp"

namespace {

using namespace tongqu;
using namespace tongqu::wire;

void require(bool holds) {
  if (!holds) std::abort();
}

std::size_t walk(const Node& node) {
  require(node.offset() <= node.document()->source().size());
  require(is_utf8(node.name()) && is_utf8(node.raw_text()));
  require(node.path().size() > 1);
  std::size_t seen = 1;
  std::string written;
  require(append_xml_escaped(written, node.raw_text()).has_value());
  for (Node attribute = node.first_attribute(); attribute; attribute = attribute.next()) {
    require(attribute.parent() == node);
    ++seen;
  }
  for (Node child = node.first_child(); child; child = child.next()) {
    require(child.parent() == node);
    seen += walk(child);
  }
  require(seen == node.entry().end - node.index());
  return seen;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes bytes(reinterpret_cast<const char*>(data), size);
  XmlOptions options;
  options.limits.nodes_max = 2000;  // Paths look at siblings; keeps one run short.
  options.limits.children_max = 200;
  static Document reused;
  const Result<Document> fresh = parse_xml(bytes, options);
  const Result<void> again = parse_xml_into(reused, bytes, options);
  require(fresh.has_value() == again.has_value());
  if (!fresh) {
    require(fresh.error().id() == again.error().id() && fresh.error().where() == again.error().where());
    return 0;
  }
  require(fresh->tape().size() == reused.tape().size());
  require(walk(fresh->root()) == fresh->tape().size());
  options.declared_encoding_ignored = true;
  (void)parse_xml_into(reused, bytes, options);
  return 0;
}
