#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tongqu/wire/document.hpp"
#include "tongqu/wire/xml.hpp"
#include "xml/byte_runs.hpp"
#include "xml/namespace_scope.hpp"

namespace tongqu::wire::detail {

/// Our own reader of XML: one pass over the text of a document, straight onto the tape. Its verdict, error, place and tape are those of
/// the reader on Expat; docs/reference/xml-scanner.md says how that is held. Works on one document at a time and is reused.
///
/// Every step takes the place where it starts and gives the place behind what it read, or null when it refused.
class XmlScanner {
public:
  /// Reads the source of `document`, which holds its text and nothing else yet. Its byte-order mark, encoding and DOCTYPE are dealt with.
  Result<void> run(Document& document, const XmlOptions& options);

  /// What happens to an element on the way `path` when its end is reached.
  struct Records {
    const std::vector<std::string>& path;
    /// Null: a stub of it stays. Else it is handed over and goes.
    std::function<void(std::uint32_t element)> hand_over;
  };
  Result<void> run(Document& document, const XmlOptions& options, const Records& records);

private:
  /// An element that is not closed yet.
  struct Frame {
    std::uint32_t index = 0;
    std::uint32_t last_child = TapeEntry::kNone;
    std::uint32_t children = 0;
    std::uint32_t declarations = 0;  ///< In force around the element.
    const char* name = nullptr;      ///< As written, prefix included.
    std::uint32_t name_size = 0;
    std::uint32_t text_size = 0;
    std::uint32_t text_room = 0;     ///< Bytes at `text` that are ours; 0 while it points into the source.
    bool more_than_blanks = false;
    const char* text = nullptr;
  };
  /// A name in the source; `local` is behind its colon.
  struct QName {
    const char* begin = nullptr;
    const char* local = nullptr;
    const char* end = nullptr;
    std::string_view whole() const noexcept { return {begin, static_cast<std::size_t>(end - begin)}; }
    std::string_view prefix() const noexcept {
      return local == begin ? std::string_view() : std::string_view(begin, static_cast<std::size_t>(local - begin - 1));
    }
    std::string_view local_name() const noexcept { return {local, static_cast<std::size_t>(end - local)}; }
  };
  struct Attribute {
    QName name;
    std::string_view value;
    std::uint32_t binding = NamespaceScope::kUnbound;
    bool plain = true;  ///< The value stands in the source as it is.
    bool repeated = false;
    bool declaration = false;
  };

  /// Where an instruction stands; an XML declaration may stand at the start only.
  enum class Spot : std::uint8_t { start, within, behind };
  /// How Expat cuts text into pieces, which only the place of a refusal shows.
  enum class Pieces : std::uint8_t { of_text, of_cdata };

  // xml_scanner.cpp: the document and its content
  const char* scan_document(const char* at);
  const char* scan_content(const char* at);
  const char* scan_exclamation(const char* at);
  const char* scan_text(const char* at);
  const char* scan_text_reference(const char* at);
  const char* scan_carriage_return(const char* at);
  const char* text_run_end(const char* at) const noexcept;
  const char* scan_cdata(const char* at);
  const char* refuse_brackets(const char* run, const char* at);
  const char* refuse_character(const char* at);
  bool add_text(const char* begin, const char* end, Pieces pieces = Pieces::of_text);
  bool add_copied(std::string_view text, const char* place);
  void append_copied(Frame& frame, std::string_view text);
  void make_room(Frame& frame, std::size_t needed);
  void refuse_long_text(const char* begin, const char* end, Pieces pieces);

  // xml_records.cpp: elements whose content goes as soon as they end
  const char* scan_record(const char* at);
  void end_record(std::uint32_t index);
  bool is_record(std::uint32_t index) const;

  // xml_tags.cpp: start and end tags
  const char* scan_start_tag(const char* at);
  const char* scan_plain_leaf(const char* at);
  const char* scan_attributes(const char* at, const char* tag);
  const char* scan_attribute(const char* at, const char* tag);
  const char* scan_value(const char* at, const char* tag, Attribute& attribute);
  const char* skip_blanks(const char* at) const noexcept;
  const char* finish_start_tag(const char* at, const char* tag, const QName& name);
  const char* scan_end_tag(const char* at);
  const char* scan_odd_end_tag(const char* at);
  bool open(const char* tag, const QName& name, std::uint32_t ns, std::uint32_t declarations_before);
  TapeEntry& add_element(const char* tag, std::string_view local, std::uint32_t ns);
  bool refuse_element(const char* tag);
  void close();

  // xml_attributes.cpp: what the attributes of a start tag mean
  bool settle_attributes(const char* tag);
  bool settle_attribute(Attribute& attribute, const char* tag);
  bool unfold_value(Attribute& attribute, const char* tag);
  void mark_repeated();
  bool bind_prefixes(const char* tag);
  bool expanded_names_repeat();
  bool add_attributes(const char* tag, std::uint32_t element);

  // xml_tokens.cpp: names, references, comments and instructions
  const char* scan_ncname(const char* at, const char* token);
  const char* scan_name_rest(const char* at, const char* token);
  /// A name of ASCII without a prefix, as most are, costs one look at its bytes.
  const char* scan_qname(const char* at, const char* token, QName& name) {
    if (at != end_ && is_class(at, kNameStartByte)) {
      const char* const stop = Runs::name(at, end_);
      if (stop != end_ && *stop != ':' && !is_multibyte(stop)) {
        name = {at, at, stop};
        return stop;
      }
    }
    return scan_other_qname(at, token, name);
  }
  const char* scan_other_qname(const char* at, const char* token, QName& name);
  const char* pass_multibyte(const char* at, const char* token);
  const char* scan_reference(const char* at, const char* token);
  const char* scan_character_reference(const char* at, const char* token);
  const char* scan_comment(const char* at, const char* token);
  const char* scan_instruction(const char* at, Spot spot);
  const char* instruction_end(const char* at, const char* token);
  const char* end_declaration(const char* at, const char* end, Spot spot);
  bool note_comment(const char* token, const char* begin, const char* end);

  // xml_outside.cpp: around the root element
  const char* scan_prolog(const char* at);
  const char* scan_epilog(const char* at);
  const char* refuse_outside(const char* at);
  const char* refuse_stray_literal(const char* at);
  const char* refuse_stray_declaration(const char* at);
  const char* refuse_stray_percent(const char* at);
  const char* refuse_stray_name(const char* at, const char* token);

  const char* refuse(Errc code, const char* at, const char* what = "");
  const char* refuse_token(const char* at);
  const char* refuse_cut(const char* token) { return refuse(Errc::wire_xml_not_wf, token); }
  std::uint32_t offset_of(const char* at) const noexcept { return static_cast<std::uint32_t>(at - begin_); }

  Document* document_ = nullptr;
  const XmlOptions* options_ = nullptr;
  std::vector<TapeEntry>* tape_ = nullptr;
  const char* begin_ = nullptr;
  const char* end_ = nullptr;
  std::vector<Frame> frames_;
  std::vector<Attribute> attributes_;
  std::vector<std::uint32_t> order_;  ///< Of attributes by name, when they are many.
  std::uint32_t declared_ = 0;        ///< Namespace declarations of the start tag being read.
  std::uint32_t prefixed_ = 0;        ///< Its attributes with a prefix.
  NamespaceScope scope_;
  static constexpr std::size_t kNoRecords = ~std::size_t{0};
  const Records* records_ = nullptr;
  std::size_t records_depth_ = kNoRecords;  ///< Open elements around a record.
  std::size_t dropped_ = 0;                 ///< Entries that are no more on the tape and count nevertheless.
  std::size_t namespaces_before_ = 0;       ///< The record that is read: what there was before it.
  Arena::Mark memory_before_;
  bool refused_ = false;
  Errc code_ = Errc::wire_xml_not_wf;
  const char* refused_at_ = nullptr;
  const char* what_ = "";
};

/// The value of a reference between '&' and ';', whose form is known to be good, as UTF-8; empty when it names nothing or no character.
struct Resolved {
  char bytes[4] = {};
  std::uint8_t size = 0;
  Errc code = Errc::wire_xml_not_wf;  ///< Of the refusal, when it is empty.
  std::string_view utf8() const noexcept { return {bytes, size}; }
};
Resolved resolve_reference(std::string_view inside) noexcept;

} // namespace tongqu::wire::detail
