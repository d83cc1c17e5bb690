#pragma once
#include <string_view>
#include <vector>

#include "mapping/source_mapping.hpp"

namespace tongqu::mapping::detail {

/// Pack::reverse over the mappings of a pack.
Result<Reversed> reverse_with(const std::vector<const SourceMapping*>& mappings, std::string_view canonical, std::string_view wanted, const SourceMapping::Surroundings& around);

/// Pack::check_laws over the mappings of a pack.
Result<std::vector<LawReport>> check_laws_of(const std::vector<const SourceMapping*>& mappings, const LawOptions& options, const SourceMapping::Surroundings& around);

} // namespace tongqu::mapping::detail
