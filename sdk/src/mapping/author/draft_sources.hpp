#pragma once
#include <string>
#include <vector>

#include "mapping/author/source_shape.hpp"
#include "tongqu/base/result.hpp"
#include "tongqu/wire/document.hpp"
#include "tongqu/wire/yaml.hpp"

/// Readers of what a system offers to describe itself; each gives the kinds of messages that it finds.
namespace tongqu::mapping::author {

/// @param folder  Where imports are looked for; nothing is fetched.
Result<std::vector<MessageKind>> kinds_of_wsdl(const wire::Document& wsdl, const std::string& folder);
Result<std::vector<MessageKind>> kinds_of_xsd(const wire::Document& xsd, const std::string& folder);
Result<std::vector<MessageKind>> kinds_of_openapi(const wire::YamlNode& document);
std::vector<MessageKind> kinds_of_sql(std::string_view text);
/// Messages as captured: file name and bytes.
struct Capture { std::string file, bytes; };
std::vector<MessageKind> kinds_of_messages(const std::vector<Capture>& captures);

} // namespace tongqu::mapping::author
