#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tongqu/base/bytes.hpp"
#include "tongqu/base/result.hpp"

namespace tongqu::wire {

/// What a node of the neutral document is. XML gives `element` and `attribute`; JSON gives the rest.
enum class NodeKind : std::uint8_t { element, attribute, object, array, string, number, boolean, null };

/// A fixed set of local names that a reader of documents cares about, each with a small number. Built once when a mapping is
/// compiled; the parsers look each name up once while they build the tape, so that nobody compares names afterwards.
/// Immutable after `freeze`; then safe from several threads.
class NameSet {
public:
  /// Adds a name (UTF-8, case-sensitive) or finds it; numbers start at 1.
  std::uint32_t add(std::string_view name);
  void freeze();
  /// The number of a name; 0 when it is not in the set. Constant time.
  std::uint32_t find(std::string_view name) const noexcept;
  std::uint32_t size() const noexcept { return static_cast<std::uint32_t>(names_.size()); }
  std::string_view name(std::uint32_t symbol) const { return names_.at(symbol - 1); }

private:
  struct Bucket { std::uint32_t hash = 0; std::uint32_t symbol = 0; };
  void place(std::uint32_t symbol, std::uint32_t hash);
  void rehash(std::size_t buckets);
  std::vector<std::string> names_;
  std::vector<Bucket> buckets_;  ///< Open addressing, power of two; freeze() makes it sparse.
};

/// One entry of the tape. Siblings are linked; the first child of an entry, when it has one, is the next entry of the tape
/// (attributes of an element come first and are skipped by Node::first_child).
struct TapeEntry {
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;
  NodeKind kind = NodeKind::element;
  bool has_child = false;       ///< Has at least one child element / member / item.
  bool has_text = false;        ///< XML: has character data that is not only white space.
  bool mixed = false;           ///< XML: a comment or processing instruction stands inside this element beside text or alone.
  std::uint32_t symbol = 0;     ///< Number of the local name in the NameSet given to the parser; 0 when not in it.
  std::uint32_t parent = kNone;
  std::uint32_t next = kNone;   ///< Next sibling of the same class (attribute to attribute, child to child).
  std::uint32_t end = 0;        ///< One past the last tape entry of this subtree.
  std::uint32_t attributes = 0; ///< XML: number of attributes; they follow the element directly on the tape.
  const char* name = nullptr;   ///< Local name or member key, UTF-8.
  std::uint32_t name_size = 0;
  std::uint32_t ns = 0;         ///< Index into Document::namespaces(); 0 is "no namespace".
  const char* text = nullptr;   ///< Attribute value, JSON scalar (decoded string, number as written), or all character data of an element joined.
  std::uint32_t text_size = 0;
  std::uint32_t offset = 0;     ///< Byte offset of the start of the node in Document::source().
};

class Document;

/// Where in one document somebody has just looked, so that places asked for in its order cost no count from its start each time.
/// Not safe from two threads at once.
class PlaceMemory {
public:
  /// Begins anew with a document, or with other content of the same one.
  void watch(const Document* document) { *this = PlaceMemory(), document_ = document; }

private:
  friend class Node;
  friend class Document;
  struct Siblings { std::uint32_t parent = TapeEntry::kNone, index = 0; std::size_t before = 0; bool more = false; };
  void forget_graft(const Document& document);
  const Document* document_ = nullptr;
  std::uint64_t grafts_ = 0;         ///< Of the document, when it was last looked at.
  std::size_t offset_ = 0, line_ = 1, line_start_ = 0;
  std::vector<Siblings> siblings_;   ///< By depth.
};

/// A light handle to one node; copy freely. Valid as long as its Document lives and is not moved from.
class Node {
public:
  Node() = default;
  Node(const Document* document, std::uint32_t index) : document_(document), index_(index) {}
  explicit operator bool() const noexcept { return document_ != nullptr; }
  bool operator==(const Node& other) const noexcept { return document_ == other.document_ && index_ == other.index_; }

  NodeKind kind() const { return entry().kind; }
  std::string_view name() const { return {entry().name, entry().name_size}; }
  std::string_view ns() const;                 ///< Namespace name; empty when none.
  std::uint32_t symbol() const { return entry().symbol; }
  std::uint32_t index() const noexcept { return index_; }
  const Document* document() const noexcept { return document_; }

  Node parent() const;
  Node first_child() const;                    ///< First child element, member or item; null handle when none.
  Node next() const;                           ///< Next sibling; null handle when none.
  Node child(std::string_view local) const;    ///< First child with that local name or key.
  Node child(std::string_view ns, std::string_view local) const;
  Node attribute(std::string_view local) const;
  Node first_attribute() const;
  std::size_t child_count() const;

  bool has_children() const { return entry().has_child; }
  /// Whole text of a leaf: all character data joined across CDATA and references, untouched otherwise; a JSON scalar as text
  /// (string decoded, number as written, "true", "false"; null gives the empty string).
  /// @errors wire.xml_mixed when the element holds a comment, a processing instruction or child elements beside text;
  ///         wire.not_a_leaf for elements with children, objects and arrays. where() is line:column.
  Result<std::string_view> leaf() const;
  /// Text without the checks of `leaf`, for attributes and JSON scalars, and for elements known to be leaves.
  std::string_view raw_text() const { return {entry().text, entry().text_size}; }
  /// True for xsi:nil="true" or "1", and for JSON null.
  bool is_nil() const;

  /// "line:column", both from 1, columns in bytes of Document::source().
  std::string position() const;
  std::string position(PlaceMemory& memory) const;
  std::uint32_t offset() const { return entry().offset; }
  /// Path from the root, local names with an index where siblings share the name: "/Envelope/Body/sendBj/xmlStr", "/rows/0/name". A node
  /// with a label has that for its index: "/T_BJ[LSH=17]/SQR".
  /// Like `position`, it counts from the start at every call. Whoever asks for many nodes of one document in their order hands in a
  /// memory that watches it; with another document the memory is not used.
  std::string path() const;
  std::string path(PlaceMemory& memory) const;
  const TapeEntry& entry() const;

private:
  const Document* document_ = nullptr;
  std::uint32_t index_ = 0;
};

/// Bump allocator for the strings of one document. Grows in blocks; nothing is freed before the whole.
class Arena {
public:
  Arena() = default;
  Arena(Arena&&) noexcept = default;
  Arena& operator=(Arena&&) noexcept = default;
  char* allocate(std::size_t bytes);
  std::string_view store(std::string_view text);
  void reset();  ///< Forgets everything but keeps the first block.
  /// How far it is used; release() gives back what was taken since.
  struct Mark { std::size_t blocks = 0, at = 0, used = 0; };
  Mark mark() const noexcept { return {blocks_.size(), at_, used_total_}; }
  void release(const Mark& mark);
  std::size_t bytes_used() const noexcept { return used_total_; }

private:
  struct Block { std::unique_ptr<char[]> memory; std::size_t size = 0; };
  void grow(std::size_t bytes);
  std::vector<Block> blocks_;
  std::size_t at_ = 0;
  std::size_t used_total_ = 0;
};

/// A gated document: a flat tape of nodes in document order. Made by `parse_xml` and `parse_json` only. Movable, not copyable;
/// handles into it must be taken after the last move. Const use is safe from several threads.
class Document {
public:
  Document() = default;
  Document(Document&&) noexcept = default;
  Document& operator=(Document&&) noexcept = default;

  Node root() const { return tape_.empty() ? Node() : Node(this, 0); }
  bool empty() const noexcept { return tape_.empty(); }
  const std::vector<TapeEntry>& tape() const noexcept { return tape_; }
  /// The UTF-8 text that offsets point into: the input itself, less its byte-order mark, when it was UTF-8 (not owned; it must
  /// outlive the document), or the decoded text (owned).
  std::string_view source() const noexcept { return source_; }
  const std::vector<std::string_view>& namespaces() const noexcept { return namespaces_; }
  /// "line:column" of an offset into source().
  std::string position(std::size_t offset) const;
  std::string position(std::size_t offset, PlaceMemory& memory) const;

  // For the parsers of this module.
  std::vector<TapeEntry>& mutable_tape() noexcept { return tape_; }
  std::vector<std::string_view>& mutable_namespaces() noexcept { return namespaces_; }
  Arena& arena() noexcept { return arena_; }
  void set_source(std::string_view source) noexcept { source_ = source; }
  /// What stands in paths for the place of an item among its siblings; must outlive the document. Empty when there is none.
  void set_label(std::uint32_t index, std::string_view label) { labels_[index] = label; }
  std::string_view label(std::uint32_t index) const {
    const auto found = labels_.find(index);
    return found == labels_.end() ? std::string_view() : found->second;
  }
  /// Takes over decoded text; source() then points to it.
  void own_source(std::string text);
  /// An empty string with the capacity of the text last owned, to be filled and given back by own_source.
  std::string take_buffer();
  void clear();  ///< Keeps capacity, for reuse by the next message.

  /// Puts an element of `from`, with all that is in it, behind everything else, in the place of `stub`, an element of this document that
  /// was left without its content (xml_records.hpp). The one that was grafted before goes. Both documents must have one source and number
  /// their namespaces alike. Places and paths are those of the stub. Answers the index of the element here.
  std::uint32_t graft(const Document& from, std::uint32_t element, std::uint32_t stub);
  /// The node that stands in the tree of siblings for this one: the stub for a grafted element, else itself.
  std::uint32_t stands_at(std::uint32_t index) const noexcept { return index == graft_ ? stub_ : index; }
  std::uint32_t grafted() const noexcept { return graft_; }      ///< Where the grafted element begins; kNone when there is none.
  std::uint64_t grafts() const noexcept { return grafts_; }      ///< How many were grafted so far.

private:
  std::vector<TapeEntry> tape_;
  std::vector<std::string_view> namespaces_;
  std::unordered_map<std::uint32_t, std::string_view> labels_;
  Arena arena_;
  std::unique_ptr<std::string> owned_;
  std::string_view source_;
  std::uint32_t graft_ = TapeEntry::kNone, stub_ = TapeEntry::kNone;
  std::uint64_t grafts_ = 0;
};

} // namespace tongqu::wire
