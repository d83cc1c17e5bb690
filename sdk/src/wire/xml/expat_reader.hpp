#pragma once
#include <expat.h>

#include <exception>
#include <string_view>

#include "xml/tape_builder.hpp"

namespace tongqu::wire::detail {

/// The reader of XML on Expat. Works on one document at a time and is reused.
class ExpatReader {
public:
  ExpatReader() = default;
  ~ExpatReader() { drop_parser(); }
  ExpatReader(const ExpatReader&) = delete;
  ExpatReader& operator=(const ExpatReader&) = delete;

  /// Reads the source of `document`, which holds its text and nothing else yet. Its byte-order mark, encoding and DOCTYPE are dealt with.
  Result<void> run(Document& document, const XmlOptions& options);

private:
  struct Events;
  void drop_parser();
  void prepare();
  std::size_t place() const;
  void check_declaration(const XML_Char* version, const XML_Char* label);

  XML_Parser parser_ = nullptr;
  TapeBuilder builder_;
  std::string_view source_;
  std::exception_ptr pending_;
};

} // namespace tongqu::wire::detail
