#include "tongqu/wire/trusted_xml.hpp"

#include <array>
#include <pugixml.hpp>

namespace tongqu::wire {
namespace {

constexpr std::array<std::string_view, 2> kSoapBindings{"http://schemas.xmlsoap.org/wsdl/soap/",
                                                        "http://schemas.xmlsoap.org/wsdl/soap12/"};
constexpr int kDepthMax = 64;

class Utf8Text final : public pugi::xml_writer {
public:
  void write(const void* data, std::size_t size) override { text.append(static_cast<const char*>(data), size); }
  std::string text;
};

/// Namespace name of an element, by the nearest declaration of its prefix.
std::string_view namespace_of(pugi::xml_node element, std::string_view prefix) {
  const std::string declaration = prefix.empty() ? "xmlns" : "xmlns:" + std::string(prefix);
  for (pugi::xml_node node = element; node; node = node.parent()) {
    if (const pugi::xml_attribute found = node.attribute(declaration.c_str())) return found.value();
  }
  return {};
}

bool is_soap_address(pugi::xml_node element) {
  const std::string_view name = element.name();
  const std::size_t colon = name.find(':');
  const std::string_view local = colon == std::string_view::npos ? name : name.substr(colon + 1);
  if (local != "address") return false;
  const std::string_view ns = namespace_of(element, colon == std::string_view::npos ? std::string_view() : name.substr(0, colon));
  return ns == kSoapBindings[0] || ns == kSoapBindings[1];
}

struct AddressSetter final : pugi::xml_tree_walker {
  explicit AddressSetter(const std::string& with) : address(with) {}
  bool for_each(pugi::xml_node& node) override {
    if (depth() > kDepthMax || node.type() == pugi::node_doctype) return false;
    if (node.type() != pugi::node_element || !is_soap_address(node)) return true;
    pugi::xml_attribute location = node.attribute("location");
    if (!location) location = node.append_attribute("location");
    location.set_value(address.c_str());
    ++addresses;
    return true;
  }
  const std::string& address;
  int addresses = 0;
};

} // namespace

Result<std::string> wsdl_with_address(std::string_view wsdl, std::string_view public_address) {
  pugi::xml_document document;
  constexpr unsigned kEverything = pugi::parse_full;
  const pugi::xml_parse_result parsed = document.load_buffer(wsdl.data(), wsdl.size(), kEverything, pugi::encoding_auto);
  if (!parsed) return Error(Errc::wire_wsdl_invalid).at("offset " + std::to_string(parsed.offset));
  const std::string address(public_address);
  AddressSetter setter(address);
  if (!document.traverse(setter)) return Error(Errc::wire_wsdl_invalid).with("a DOCTYPE, or elements nested too deeply");
  if (setter.addresses == 0) return Error(Errc::wire_wsdl_invalid).with("no soap:address");
  // What is written is UTF-8, whatever the file was in.
  pugi::xml_node declaration = document.first_child();
  if (declaration.type() == pugi::node_declaration) declaration.attribute("encoding").set_value("UTF-8");
  Utf8Text out;
  document.save(out, "  ", pugi::format_indent, pugi::encoding_utf8);
  return std::move(out.text);
}

} // namespace tongqu::wire
