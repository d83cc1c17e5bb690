#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "tongqu/wire/document.hpp"
#include "tongqu/wire/xml.hpp"
#include "xml/namespace_table.hpp"

namespace tongqu::wire::detail {

/// Separates namespace name and local name in the parser's names. No XML document can hold it, not even as a reference.
constexpr char kNamespaceSeparator = '\x01';

/// Turns the parser's events into the tape, within limits. Works on one document at a time and is reused.
class TapeBuilder {
public:
  struct Place { std::size_t offset = 0; std::size_t bytes = 0; };  ///< Of an event, in the source.

  void start(Document& document, const XmlOptions& options);
  /// @param attributes  Name and value by turns, ended by null.
  void open(const char* name, const char* const* attributes, Place place);
  void close();
  void text(std::string_view data, std::size_t offset);
  void comment(std::string_view data, std::size_t offset);
  void instruction(std::string_view target, std::string_view data, std::size_t offset);
  void namespace_declared() { ++declarations_; }

  void refuse(Errc code, std::size_t offset, const char* what = "");
  bool refused() const noexcept { return refused_; }
  /// The first refusal.
  Error error() const;

private:
  /// An element that is not closed yet.
  struct Frame {
    std::uint32_t index = 0;
    std::uint32_t last_child = TapeEntry::kNone;
    std::uint32_t children = 0;
    std::uint32_t text_size = 0;
    std::uint32_t text_room = 0;   ///< Bytes at `text` that are ours; 0 while it points into the source.
    bool more_than_blanks = false;
    const char* text = nullptr;
  };

  bool within_limits(std::size_t offset);
  std::uint32_t add_entry(NodeKind kind, std::string_view qualified, std::size_t offset);
  void add_attributes(std::uint32_t element, const char* const* attributes, Place place);
  void place_attributes(std::uint32_t first, std::uint32_t count, Place place);
  void append_copied(Frame& frame, std::string_view data);

  Document* document_ = nullptr;
  const XmlOptions* options_ = nullptr;
  std::vector<Frame> frames_;
  NamespaceTable namespaces_;
  std::uint32_t declarations_ = 0;
  bool refused_ = false;
  Errc code_ = Errc::wire_xml_not_wf;
  std::size_t refused_at_ = 0;
  const char* what_ = "";
};

} // namespace tongqu::wire::detail
