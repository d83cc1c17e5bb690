#pragma once
#include "tongqu/connector/connector.hpp"

namespace tongqu::connectors::staging {

/// Family "staging": rows that an office puts into a database of its own. README.md
void register_staging(connector::Registry& registry);

} // namespace tongqu::connectors::staging
