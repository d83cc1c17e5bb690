#pragma once
#include <string>
#include <vector>

#include "mapping/author/byte_map.hpp"
#include "mapping/stage_run.hpp"
#include "tongqu/mapping/author.hpp"

namespace tongqu::mapping::author {

/// Where the documents of one delivery came from, layer by layer: built while the stages run, by comparing what goes into a stage with
/// what comes out of it. Valid as long as the piece that is being mapped.
class Provenance {
public:
  void begin(const wire::Delivery& delivery);
  void stage(std::size_t number, const detail::Flow& flow, const detail::StageResult& result);

  /// The place of a node's text in every layer, outermost first.
  std::vector<Hop> hops(const wire::Document& document, std::uint32_t node) const;
  /// A transport fact.
  static std::vector<Hop> fact(const std::string& name);

private:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  /// Bytes or text that something is read from.
  struct Carrier {
    std::size_t made_at = 0;               ///< Stage.
    std::size_t parent = kNone;
    std::string part, how, path;           ///< `how` it came out of the parent, `path` of the leaf that held it.
    std::string_view view;
    ByteMap map;                           ///< To the parent.
    bool exact = true;
  };
  struct Read { std::size_t made_at = 0; const wire::Document* document = nullptr; std::size_t carrier = 0; ByteMap map; bool exact = true; std::string how; };

  void read_document(std::size_t number, const wire::Document& document);
  bool from_leaf(Carrier& carrier) const;
  bool from_text(Carrier& carrier) const;
  const Read* of(const wire::Document& document) const;

  const wire::Delivery* delivery_ = nullptr;
  std::vector<Carrier> carriers_;
  std::vector<Read> reads_;
};

} // namespace tongqu::mapping::author
