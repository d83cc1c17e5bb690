#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "tongqu/base/result.hpp"
#include "tongqu/connector/connector.hpp"
#include "tongqu/wire/document.hpp"

namespace tongqu::connectors::soap {

enum class Version : std::uint8_t { v11, v12 };

inline constexpr std::string_view kEnvelope11 = "http://schemas.xmlsoap.org/soap/envelope/";
inline constexpr std::string_view kEnvelope12 = "http://www.w3.org/2003/05/soap-envelope";
inline constexpr std::string_view kEncoding11 = "http://schemas.xmlsoap.org/soap/encoding/";
inline constexpr std::string_view kEncoding12 = "http://www.w3.org/2003/05/soap-encoding";
inline constexpr std::string_view kXopInclude = "http://www.w3.org/2004/08/xop/include";
inline constexpr std::string_view kSchemaInstance = "http://www.w3.org/2001/XMLSchema-instance";
inline constexpr std::string_view kRefusalNamespace = "urn:tongqu:refusal:1";

/// What came with an envelope.
enum class Beside : std::uint8_t { nothing, parts };

/// What the connector learns from a gated envelope. Routing is by the body element and by nothing else.
struct Envelope {
  Version version = Version::v11;
  wire::Node operation;                            ///< The one element in Body.
};

/// Checks the structure: Envelope of SOAP 1.1 or 1.2, at most one Header before one Body, one operation in Body, no text between,
/// no header aimed at us that must be understood, no SOAP encoding references, no attachments by reference but to parts beside the envelope, no xsi:nil with content.
/// Schema locations, xsi:type, XInclude and addresses in headers are inert: nothing is fetched, nothing is sent to them.
/// @param version  Receives the version as soon as it is known, so that a fault can be written in it.
/// @errors connector.soap_structure, soap_version, soap_must_understand, soap_encoding, soap_type; where() is line:column.
/// @source SOAP 1.1 section 4; SOAP 1.2 part 1 section 5
Result<Envelope> read_envelope(const wire::Document& document, Version& version, Beside beside = Beside::nothing);

/// An HTTP answer in parts: status, content type, bytes in the answer's encoding.
struct Wrapped {
  int status = 200;
  std::string content_type;
  std::string body;
};

/// Wraps the payload of a pack into an envelope: <element xmlns=ns><part>payload</part></element>. A character that the caller's
/// encoding lacks becomes a character reference, so an acknowledgement of something committed can always be given. A payload that is
/// to stand as elements and is not well-formed content stands escaped in the part instead.
Wrapped wrap_answer(const connector::Answer& answer, Version version, std::string_view operation, std::string_view ns);

/// A fault in the caller's version with the refusal as detail. @source SOAP 1.1 section 4.4; SOAP 1.2 part 1 section 5.4
Wrapped wrap_fault(const Error& error, const Findings& findings, const std::string& trace_id, Version version);

/// The answer of the status operation.
Wrapped wrap_status(const std::vector<connector::MessageStatus>& messages, Version version);

} // namespace tongqu::connectors::soap
