#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tongqu/base/limits.hpp"
#include "tongqu/base/result.hpp"
#include "tongqu/wire/document.hpp"

namespace tongqu::wire {

/// Builds a neutral document by hand: rows of a table, a document with parts put in their places. The tape is the one that the
/// readers make, so that whoever walks documents needs to know nothing of where they came from.
///
/// Views given to it are not copied: they must outlive the document, as those of a document that is copied from do when that one
/// lives as long; `keep` copies. Limits are counted on the way; after the first excess calls do nothing and `finish` tells.
/// Not safe from several threads.
class DocumentBuilder {
public:
  /// @param document  Emptied; filled until `finish`.
  /// @param names     Names to number on the tape; null for none.
  DocumentBuilder(Document& document, const Limits& limits, const NameSet* names);

  /// The text that offsets point into; must outlive the document.
  void source(std::string_view text) { document_.set_source(text); }
  /// Takes over text made for this document, for its positions.
  void own_source(std::string text) { document_.own_source(std::move(text)); }
  /// A copy of `text` that lives with the document.
  std::string_view keep(std::string_view text) { return document_.arena().store(text); }

  /// Everything made from here on stands at this offset: what is put in was read elsewhere. Nothing ends that.
  void stand_at(std::optional<std::size_t> offset) { stand_at_ = offset; }

  void open(NodeKind kind, std::string_view name, std::size_t offset);
  /// As `node`, with its text and attributes, without its children; under another name when one is given.
  void open_like(const Node& node, std::string_view name = {});
  /// Before any child.
  void attribute(std::string_view name, std::string_view value, std::size_t offset);
  /// The attribute as it stands, namespace included.
  void attribute_like(const Node& attribute);
  void text(std::string_view value);
  /// The text of a node as it stands there, split by a comment or not.
  void text_like(const Node& node);
  void close();
  /// An element with text only.
  void leaf(std::string_view name, std::string_view text, std::size_t offset);
  /// A node with everything below it.
  void copy(const Node& node, std::string_view name = {});

  bool failed() const noexcept { return failure_.has_value(); }
  /// @errors wire.document_limit with "line:column" in where() and the limit as detail.
  Result<void> finish();

private:
  struct Frame { std::uint32_t index = 0, last_child = TapeEntry::kNone, last_attribute = TapeEntry::kNone, children = 0; };
  TapeEntry* add(NodeKind kind, std::string_view name, std::size_t offset);
  std::uint32_t namespace_index(std::string_view name);
  void fail(const char* what, std::size_t offset);

  Document& document_;
  const Limits limits_;
  const NameSet* names_;
  std::vector<Frame> frames_;
  std::unordered_map<std::string_view, std::uint32_t> namespaces_;
  std::optional<std::size_t> stand_at_;
  std::optional<Error> failure_;
};

} // namespace tongqu::wire
