#pragma once
#include "tongqu/connector/connector.hpp"

namespace tongqu::connectors::soap {

/// Adds the family `soap`: a SOAP 1.1 and 1.2 server at one path, WSDL at `?wsdl`, status operation `tongquStatus`.
void register_soap(connector::Registry& registry);

} // namespace tongqu::connectors::soap
