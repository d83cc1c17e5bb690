#include "xml/expat_reader.hpp"

#include <algorithm>
#include <new>
#include <random>
#include <utility>

#include "xml/bad_token.hpp"
#include "xml/prolog.hpp"

namespace tongqu::wire::detail {
namespace {

/// A parser that has read a large message keeps large buffers; beyond this it is made anew.
constexpr std::size_t kParserKeptBytesMax = std::size_t{1024} * 1024;

/// Random for each process, so that nobody can prepare names that collide in the parser's tables.
unsigned long hash_salt() {
  static const unsigned long salt = [] {
    std::random_device random;
    return (static_cast<unsigned long>(random()) << 32 | random()) | 1u;
  }();
  return salt;
}

Errc errc_of(XML_Error code, std::string_view rest) noexcept {
  switch (code) {
    case XML_ERROR_BAD_CHAR_REF: return Errc::wire_xml_character;
    case XML_ERROR_PARTIAL_CHAR: return Errc::wire_encoding_invalid;
    case XML_ERROR_XML_DECL:
    case XML_ERROR_TEXT_DECL:
    case XML_ERROR_MISPLACED_XML_PI: return Errc::wire_xml_declaration;
    case XML_ERROR_UNKNOWN_ENCODING:
    case XML_ERROR_INCORRECT_ENCODING: return Errc::wire_xml_encoding;
    case XML_ERROR_DUPLICATE_ATTRIBUTE:
    case XML_ERROR_UNBOUND_PREFIX:
    case XML_ERROR_UNDECLARING_PREFIX:
    case XML_ERROR_RESERVED_PREFIX_XML:
    case XML_ERROR_RESERVED_PREFIX_XMLNS:
    case XML_ERROR_RESERVED_NAMESPACE_URI: return Errc::wire_xml_namespace;
    case XML_ERROR_INVALID_TOKEN: return errc_of_bad_token(rest);
    case XML_ERROR_JUNK_AFTER_DOC_ELEMENT: return rest.substr(0, 6) == "<?xml " ? Errc::wire_xml_declaration : Errc::wire_xml_not_wf;
    default: return Errc::wire_xml_not_wf;
  }
}

} // namespace

struct ExpatReader::Events {
  /// No exception may cross the parser's frames.
  template <class Event>
  static void handle(void* self_pointer, Event event) {
    ExpatReader& self = *static_cast<ExpatReader*>(self_pointer);
    try {
      event(self);
    } catch (const std::exception&) {
      self.pending_ = std::current_exception();
      self.builder_.refuse(Errc::wire_xml_limit, 0);
    }
    if (self.builder_.refused()) XML_StopParser(self.parser_, XML_FALSE);
  }

  static void XMLCALL on_open(void* self_pointer, const XML_Char* name, const XML_Char** attributes) {
    handle(self_pointer, [=](ExpatReader& self) {
      self.builder_.open(name, attributes, {self.place(), static_cast<std::size_t>(XML_GetCurrentByteCount(self.parser_))});
    });
  }
  static void XMLCALL on_close(void* self_pointer, const XML_Char*) {
    handle(self_pointer, [](ExpatReader& self) { self.builder_.close(); });
  }
  static void XMLCALL on_text(void* self_pointer, const XML_Char* data, int size) {
    handle(self_pointer, [=](ExpatReader& self) { self.builder_.text({data, static_cast<std::size_t>(size)}, self.place()); });
  }
  static void XMLCALL on_comment(void* self_pointer, const XML_Char* data) {
    handle(self_pointer, [=](ExpatReader& self) { self.builder_.comment(data, self.place()); });
  }
  static void XMLCALL on_instruction(void* self_pointer, const XML_Char* target, const XML_Char* data) {
    handle(self_pointer, [=](ExpatReader& self) { self.builder_.instruction(target, data, self.place()); });
  }
  static void XMLCALL on_namespace(void* self_pointer, const XML_Char*, const XML_Char*) {
    static_cast<ExpatReader*>(self_pointer)->builder_.namespace_declared();
  }
  static void XMLCALL on_declaration(void* self_pointer, const XML_Char* version, const XML_Char* label, int) {
    handle(self_pointer, [=](ExpatReader& self) { self.check_declaration(version, label); });
  }
  /// The look at the prolog before has found every DOCTYPE already; this one is a second lock on the same door.
  static void XMLCALL on_doctype(void* self_pointer, const XML_Char*, const XML_Char*, const XML_Char*, int) {
    handle(self_pointer, [](ExpatReader& self) { self.builder_.refuse(Errc::wire_xml_doctype, self.place()); });
  }
};

void ExpatReader::drop_parser() {
  if (parser_ != nullptr) XML_ParserFree(parser_);
  parser_ = nullptr;
}

void ExpatReader::prepare() {
  if (parser_ == nullptr) {
    parser_ = XML_ParserCreateNS("UTF-8", kNamespaceSeparator);
    if (parser_ == nullptr) throw std::bad_alloc();
  } else {
    XML_ParserReset(parser_, "UTF-8");
  }
  XML_SetHashSalt(parser_, hash_salt());
  XML_SetUserData(parser_, this);
  XML_SetElementHandler(parser_, Events::on_open, Events::on_close);
  XML_SetCharacterDataHandler(parser_, Events::on_text);
  XML_SetCommentHandler(parser_, Events::on_comment);
  XML_SetProcessingInstructionHandler(parser_, Events::on_instruction);
  XML_SetStartNamespaceDeclHandler(parser_, Events::on_namespace);
  XML_SetXmlDeclHandler(parser_, Events::on_declaration);
  XML_SetStartDoctypeDeclHandler(parser_, Events::on_doctype);
}

/// The whole text goes to the parser in one piece: it then scans each byte once and hands out text that points into the source. A
/// refusal stops it at the event, so a limit ends the work as early as feeding pieces would.
Result<void> ExpatReader::run(Document& document, const XmlOptions& options) {
  prepare();
  source_ = document.source();
  builder_.start(document, options);
  pending_ = nullptr;
  const XML_Status status = XML_Parse(parser_, source_.data(), static_cast<int>(source_.size()), XML_TRUE);
  const XML_Error code = XML_GetErrorCode(parser_);
  const std::size_t at = place();
  if (source_.size() > kParserKeptBytesMax || pending_ != nullptr) drop_parser();
  if (pending_ != nullptr) std::rethrow_exception(std::exchange(pending_, nullptr));
  if (builder_.refused()) return builder_.error();
  if (status == XML_STATUS_OK) return {};
  if (code == XML_ERROR_NO_MEMORY) throw std::bad_alloc();
  return Error(errc_of(code, source_.substr(at))).at(document.position(at));
}

std::size_t ExpatReader::place() const {
  const XML_Index index = XML_GetCurrentByteIndex(parser_);
  return index < 0 ? 0 : std::min(static_cast<std::size_t>(index), source_.size());
}

/// The label was read by our own look at the declaration before; both must have seen the same.
void ExpatReader::check_declaration(const XML_Char* version, const XML_Char* label) {
  const auto seen = declared_encoding(source_);
  const bool same = seen.has_value() == (label != nullptr) && (label == nullptr || seen->label == label);
  const bool version_1_0 = version != nullptr && std::string_view(version) == "1.0";
  if (!version_1_0) builder_.refuse(Errc::wire_xml_declaration, place(), "version is not 1.0");
  else if (!same) builder_.refuse(Errc::wire_xml_declaration, place());
}

} // namespace tongqu::wire::detail
