// Reads arbitrary bytes as XML with both engines, Expat and the scanner, which must agree on verdict, error, place and tape. The first
// byte chooses the options, so that small limits and documents carried in strings are tried too.
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "sdk/test/differential/xml_compare.hpp"

namespace {

using namespace tongqu;

wire::XmlOptions options_of(unsigned choice) {
  static const wire::NameSet names = [] {
    wire::NameSet set;
    for (const char* name : {"a", "b", "SXBM", "Envelope", "Body"}) set.add(name);
    set.freeze();
    return set;
  }();
  wire::XmlOptions options;
  if ((choice & 1u) != 0) options.names = &names;
  if ((choice & 2u) != 0) options.declared_encoding_ignored = true;
  if ((choice & 4u) != 0) options.transport = wire::Encoding::utf8;
  if ((choice & 8u) != 0) options.limits.text_bytes_max = 8;
  if ((choice & 16u) != 0) options.limits.name_bytes_max = options.limits.depth_max = 3;
  if ((choice & 32u) != 0) options.limits.attributes_max = options.limits.children_max = 2;
  if ((choice & 64u) != 0) options.limits.nodes_max = 5;
  return options;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static test::XmlComparison comparison;
  if (size == 0) return 0;
  const Bytes bytes(reinterpret_cast<const char*>(data), size);
  // A document as it is, and one behind a byte of options: a seed file needs no such byte.
  for (const auto& [text, options] : {std::pair{bytes, wire::XmlOptions{}}, std::pair{bytes.substr(1), options_of(data[0])}}) {
    const std::string difference = comparison.difference(text, options);
    if (difference.empty()) continue;
    std::fprintf(stderr, "%s\n%s\n", difference.c_str(), test::printable(text).c_str());
    std::abort();
  }
  return 0;
}
