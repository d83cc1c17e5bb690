// Reads arbitrary bytes as JSON, with a new document and with a reused one. What is accepted must come out of the writer and of the
// printer as JSON that reads back the same; what is refused must tell where.
#include <cstdint>
#include <cstdlib>

#include "tongqu/wire/json.hpp"

namespace {

using namespace tongqu;
using namespace tongqu::wire;

void require(bool holds) {
  if (!holds) std::abort();
}

bool same(const Document& a, const Document& b) {
  if (a.tape().size() != b.tape().size()) return false;
  for (std::uint32_t i = 0; i < a.tape().size(); ++i) {
    const Node one(&a, i);
    const Node other(&b, i);
    if (one.kind() != other.kind() || one.name() != other.name() || one.raw_text() != other.raw_text()) return false;
    if (one.symbol() != other.symbol() || one.parent().index() != other.parent().index() || one.entry().end != other.entry().end) return false;
  }
  return true;
}

std::string written(const Document& document) {
  std::string out;
  JsonWriter(out).node(document.root());
  return out;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes bytes(reinterpret_cast<const char*>(data), size);
  NameSet names;
  names.add("a");
  names.add("通");
  names.freeze();
  JsonOptions options;
  options.names = &names;
  static Document reused;
  const Result<Document> fresh = parse_json(bytes, options);
  const Result<void> again = parse_json_into(reused, bytes, options);
  require(fresh.has_value() == again.has_value());
  if (!fresh) {
    require(fresh.error().id() == again.error().id() && fresh.error().where() == again.error().where());
    require(!fresh.error().where().empty() && reused.empty());
    return 0;
  }
  require(is_utf8(bytes) && same(*fresh, reused));
  const std::string compact = written(*fresh);
  const std::string pretty = pretty_json(*fresh);
  const Result<Document> from_compact = parse_json(compact, options);
  const Result<Document> from_pretty = parse_json(pretty, options);
  require(from_compact.has_value() && same(*fresh, *from_compact));
  require(from_pretty.has_value() && same(*fresh, *from_pretty));
  require(written(*from_pretty) == compact);
  return 0;
}
