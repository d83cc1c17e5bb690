#pragma once
#include "tongqu/connector/connector.hpp"

namespace tongqu::connectors::rest {

/// Adds the family `rest`: POST of one JSON document at one path with a bearer token, GET <path>/status.
void register_rest(connector::Registry& registry);

} // namespace tongqu::connectors::rest
