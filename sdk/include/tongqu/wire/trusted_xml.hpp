#pragma once
#include <string>
#include <string_view>

#include "tongqu/base/result.hpp"

namespace tongqu::wire {

/// The text of a pack's WSDL file with every `soap:address/@location` (SOAP 1.1 and 1.2 bindings) set to the public address, so that
/// clients that read it call us and not the host it was written on. Everything else stays; indentation may change.
/// @param wsdl  A file of ours: it is not gated. Never hand bytes of a peer to this function.
/// @errors wire.wsdl_invalid (fix_setup) when it is not XML, holds a DOCTYPE, or has no SOAP address; where() is a byte offset or empty.
/// @source WSDL 1.1 section 3.8; WSDL 1.1 Binding Extension for SOAP 1.2
Result<std::string> wsdl_with_address(std::string_view wsdl, std::string_view public_address);

} // namespace tongqu::wire
