// Reads arbitrary bytes as YAML. What is accepted must hold only what the strict subset has, with places inside the text; what is
// refused must tell where.
#include <cstdint>
#include <cstdlib>
#include <set>

#include "tongqu/wire/yaml.hpp"

namespace {

using namespace tongqu;
using namespace tongqu::wire;

void require(bool holds) {
  if (!holds) std::abort();
}

void walk(const YamlNode& node, std::size_t depth) {
  require(node.line >= 1 && node.column >= 1);
  require(node.is_scalar() || depth < 64);
  require(is_utf8(node.text) && node.text.find('\0') == std::string::npos);
  require(node.is_scalar() || (node.text.empty() && !node.quoted));
  require(node.is_sequence() || node.items.empty());
  require(node.is_mapping() || node.members.empty());
  for (const YamlNode& item : node.items) walk(item, depth + 1);
  std::set<std::string> keys;
  for (const auto& [key, value] : node.members) {
    require(key.is_scalar() && keys.insert(key.text).second);
    require(node.find(key.text) == &value);
    walk(value, depth + 1);
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Result<YamlNode> node = parse_yaml(Bytes(reinterpret_cast<const char*>(data), size));
  if (node) walk(*node, 0);
  else require(!node.error().where().empty());
  return 0;
}
