#include "raw_parsers.hpp"

#include <expat.h>

#include <pugixml.hpp>
#include <stdexcept>
#include <vector>

namespace tongqu::bench {

std::size_t pugixml_parse(std::string_view xml) {
  thread_local std::vector<char> buffer;
  buffer.assign(xml.begin(), xml.end());
  pugi::xml_document document;
  const auto result = document.load_buffer_inplace(buffer.data(), buffer.size(), pugi::parse_default, pugi::encoding_utf8);
  if (!result) throw std::runtime_error("pugixml refused a generated message");
  std::size_t children = 0;
  for (const auto& child : document.document_element().children()) children += child.type() == pugi::node_element;
  return children;
}

struct BareExpat::State {
  XML_Parser parser = XML_ParserCreateNS("UTF-8", '\n');
  std::size_t events = 0;
};

BareExpat::BareExpat() : state_(std::make_unique<State>()) {}
BareExpat::~BareExpat() { XML_ParserFree(state_->parser); }

std::size_t BareExpat::parse(std::string_view xml) {
  XML_ParserReset(state_->parser, "UTF-8");
  state_->events = 0;
  XML_SetUserData(state_->parser, &state_->events);
  XML_SetElementHandler(
      state_->parser, [](void* events, const XML_Char*, const XML_Char**) { ++*static_cast<std::size_t*>(events); }, [](void*, const XML_Char*) {});
  XML_SetCharacterDataHandler(state_->parser, [](void* events, const XML_Char*, int) { ++*static_cast<std::size_t*>(events); });
  if (XML_Parse(state_->parser, xml.data(), static_cast<int>(xml.size()), 1) != XML_STATUS_OK) throw std::runtime_error("Expat refused a generated message");
  return state_->events;
}

} // namespace tongqu::bench
