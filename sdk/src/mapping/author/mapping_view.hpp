#pragma once
#include "mapping/source_mapping.hpp"

namespace tongqu::mapping::detail {

/// What the tools for authors may see of a compiled mapping.
class MappingView {
public:
  static const Block* rules(const SourceMapping& mapping) { return mapping.rules_.get(); }
  static const std::vector<std::unique_ptr<Rule>>& identity(const SourceMapping& mapping) { return mapping.identity_; }
  static const Rule* event(const SourceMapping& mapping) { return mapping.event_.get(); }
  static const Rule* kind(const SourceMapping& mapping) { return mapping.kind_rule_.get(); }
};

} // namespace tongqu::mapping::detail
