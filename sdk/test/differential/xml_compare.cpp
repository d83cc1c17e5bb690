#include "xml_compare.hpp"

#include <cstdio>

namespace tongqu::test {
namespace {

using wire::Document;
using wire::TapeEntry;

std::string judged(const Result<void>& verdict) { return verdict ? "accepted" : describe(verdict.error()); }

std::string_view text_of(const TapeEntry& entry) { return {entry.text, entry.text_size}; }
std::string_view name_of(const TapeEntry& entry) { return {entry.name, entry.name_size}; }

const char* difference_of(const TapeEntry& expected, const TapeEntry& found) {
  if (expected.kind != found.kind) return "kind";
  if (name_of(expected) != name_of(found)) return "name";
  if (text_of(expected) != text_of(found)) return "text";
  if (expected.has_child != found.has_child || expected.has_text != found.has_text || expected.mixed != found.mixed) return "flags";
  if (expected.symbol != found.symbol) return "symbol";
  if (expected.ns != found.ns) return "namespace";
  if (expected.parent != found.parent || expected.next != found.next || expected.end != found.end) return "links";
  if (expected.attributes != found.attributes) return "attributes";
  return expected.offset == found.offset ? nullptr : "offset";
}

std::string difference_of(const Document& expected, const Document& found) {
  if (expected.source() != found.source()) return "source";
  if (expected.namespaces() != found.namespaces()) return "namespaces";
  if (expected.tape().size() != found.tape().size()) return "size of the tape";
  for (std::size_t i = 0; i < expected.tape().size(); ++i) {
    if (const char* what = difference_of(expected.tape()[i], found.tape()[i])) return std::string(what) + " of entry " + std::to_string(i);
  }
  return {};
}

} // namespace

std::string XmlComparison::difference(Bytes bytes, const wire::XmlOptions& options) {
  wire::XmlOptions with = options;
  with.engine = wire::XmlEngine::expat;
  const Result<void> expected = expat_.read_into(expected_, bytes, with);
  with.engine = wire::XmlEngine::scanner;
  const Result<void> found = scanner_.read_into(found_, bytes, with);
  ++(expected ? accepted_ : refused_);
  // The description has id, place and detail.
  if (judged(expected) != judged(found)) return "expat: " + judged(expected) + "; scanner: " + judged(found);
  return expected ? difference_of(expected_, found_) : std::string();
}

std::string printable(Bytes bytes) {
  std::string out = "\"";
  for (const char c : bytes) {
    if (c == '"' || c == '\\') out += '\\';
    if (c >= ' ' && c < 0x7F) {
      out += c;
      continue;
    }
    char octal[5];
    std::snprintf(octal, sizeof octal, "\\%03o", static_cast<unsigned>(static_cast<unsigned char>(c)));
    out += octal;
  }
  return out + '"';
}

} // namespace tongqu::test
