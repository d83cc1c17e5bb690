#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "mapping/path.hpp"
#include "tongqu/wire/document.hpp"

namespace tongqu::mapping::detail {

/// Where a rule reads: a place that the walk over a document fills, a transport fact or a parameter's text.
struct Ref {
  enum class Kind : std::uint8_t { node, meta, param } kind = Kind::node;
  std::uint16_t slot = 0;    ///< node: place in the scope's frame.
  std::uint16_t scope = 0;   ///< node: number of the scope.
  std::string text;          ///< meta: name of the fact; param: the text.
};

/// What one walk found: a node per slot, nodes per list. Reused from message to message.
struct Frame {
  struct Found { std::uint32_t node = wire::TapeEntry::kNone; bool repeated = false; };
  const wire::Document* document = nullptr;
  std::uint32_t start = 0;                 ///< The node that the walk began at.
  const wire::NameSet* names = nullptr;    ///< As the walk was told; what stands below is walked with the same.
  /// By distance from the start of the walk: the symbol there the last time. Messages of one kind are alike, and whether a name is the one
  /// guessed is told faster than which one it is.
  std::vector<std::uint32_t> guesses;
  std::vector<Found> slots;
  std::vector<std::vector<std::uint32_t>> lists;
};

/// The paths that rules read below one starting element, as a tree of names. One walk over the element's part of the tape fills a
/// frame; nobody looks a name up per field. Built while a mapping is compiled, immutable afterwards.
class Scope {
public:
  Scope();
  std::uint16_t slot(const std::vector<PathStep>& steps, wire::NameSet& names);
  std::uint16_t list(const std::vector<PathStep>& steps, wire::NameSet& names);
  /// Whether elements of a list can be left out of a walk's document: nothing but the list asks for them or for what is in them, and no
  /// path on the way there counts elements.
  bool stands_alone(std::uint16_t list, const wire::NameSet& names) const;
  /// Deliberately unused: the leaf or everything below the element.
  void ignore(const std::vector<PathStep>& steps, wire::NameSet& names);
  std::uint16_t slot_count() const noexcept { return slots_; }
  std::uint16_t list_count() const noexcept { return lists_; }
  /// The path that a slot or list was made for.
  const std::vector<PathStep>& slot_path(std::uint16_t slot) const { return slot_paths_.at(slot); }
  const std::vector<PathStep>& list_path(std::uint16_t list) const { return list_paths_.at(list); }

  /// Namespace that elements must have; empty for any.
  std::string ns;

  /// Leaves that no path reads, each with its document: a list may stand in another one than the rules around it.
  struct Unused {
    static constexpr std::size_t kMax = 1000;
    struct Leaf { const wire::Document* document; std::uint32_t at; };
    std::vector<Leaf> leaves;
  };
  /// @param names  Null when the document was read with this mapping's names; else symbols are looked up again.
  void walk(const wire::Document& document, std::uint32_t start, const wire::NameSet* names, Frame& frame, Unused& unused) const;

private:
  struct Edge { std::uint32_t symbol; std::uint32_t child; std::uint16_t ordinal; bool attribute; };
  struct Branch {
    std::vector<Edge> edges;
    std::vector<std::uint32_t> direct;  ///< By symbol, plain child edges: branch + 1; empty when there are few.
    bool ordinals = false;
    bool ignored = false;
    int slot = -1;
    int list = -1;
  };
  struct Walk;
  bool reads_below(const Branch& branch) const;
  std::uint32_t branch_at(const std::vector<PathStep>& steps, wire::NameSet& names);
  std::vector<Branch> branches_;
  std::uint16_t slots_ = 0;
  std::uint16_t lists_ = 0;
  std::vector<std::vector<PathStep>> slot_paths_, list_paths_;
  std::uint32_t item_ = 0;              ///< Symbol of "item", the name of what stands in an array without a name; 0 when no path asks.
};

} // namespace tongqu::mapping::detail
