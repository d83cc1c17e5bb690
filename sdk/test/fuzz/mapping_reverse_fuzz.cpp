// Takes arbitrary bytes as a canonical record and asks three packs to write it back. Nothing may be thrown, no limit exceeded, and what is
// handed out must be read again by the same pack.
#include <cstdlib>
#include <filesystem>
#include <vector>

#include "tongqu/mapping/reverse.hpp"

namespace {

using namespace tongqu;

void require(bool holds) {
  if (!holds) std::abort();
}

std::vector<std::shared_ptr<const mapping::Pack>> load() {
  std::vector<std::shared_ptr<const mapping::Pack>> packs;
  for (const char* name : {"qinglan-spxt", "yunxi-zwfw", "linhu-onewin"}) {
    Findings mistakes;
    auto pack = mapping::Pack::load(std::string(TONGQU_SOURCE_DIR) + "/connectors/packs/" + name, {}, mistakes);
    require(pack.has_value());
    packs.push_back(*pack);
  }
  return packs;
}

/// What such a mapping writes is for the system to read, not for the pack.
bool only_writes(const std::string& mapping) { return mapping.find("notice") != std::string::npos || mapping.find("evaluation") != std::string::npos; }

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto packs = load();
  mapping::Environment environment;
  environment.reference_date.year = 2150;
  environment.limits.message_bytes_max = 1 << 20;
  mapping::Workspace workspace;
  const std::string_view record(reinterpret_cast<const char*>(data), size);
  for (const auto& pack : packs) {
    for (const mapping::MappingInfo& info : pack->info().mappings) {
      const auto made = pack->reverse(record, info.id, environment, workspace);
      if (!made) continue;
      require(made->bytes.size() <= environment.limits.message_bytes_max);
      require((made->verdict == mapping::RecordVerdict::accepted) == !made->findings.has_errors());
      if (made->verdict != mapping::RecordVerdict::accepted || only_writes(info.id)) continue;
      wire::Delivery again;
      again.facts["family"] = pack->info().connector.family;
      again.parts.push_back({"body", {}, made->bytes, nullptr});
      const auto read = pack->run(again, environment, workspace);
      require(read.has_value() && read->size() == 1 && read->front().verdict == mapping::RecordVerdict::accepted);
    }
  }
  return 0;
}
