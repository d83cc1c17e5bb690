#pragma once
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mapping/path.hpp"
#include "mapping/reverse/inverse.hpp"

namespace tongqu::mapping::detail {

/// The longest that a peer takes, in his own unit.
struct LengthLimit {
  enum class Unit : std::uint8_t { characters, utf8, gbk } unit = Unit::characters;
  std::size_t most = 0;
  bool cut = false;                          ///< Cut between characters, with a finding; else the record is held.
};

/// One place of a message that is written: element, attribute or member, with how it is written. The places of one document are a
/// tree, made while the mapping is compiled from the paths that its rules read.
struct Shape {
  static constexpr std::size_t kUnlisted = std::numeric_limits<std::size_t>::max();
  enum class Absent : std::uint8_t { omit, empty, nil };
  enum class Token : std::uint8_t { text, number, boolean };
  enum class Nested : std::uint8_t { none, json, xml };

  PathStep step;                             ///< Name, attribute, ordinal.
  Shape* parent = nullptr;
  std::vector<std::unique_ptr<Shape>> children;
  bool list = false;                         ///< One element of an `each`.
  bool leaf = false;                         ///< A rule, a constant or a carried document writes its text.
  bool array = false;                        ///< JSON: a list even when there is one.
  bool cdata = false;
  Absent absent = Absent::omit;              ///< What stands here when the record has no value.
  Token token = Token::text;
  Nested nested = Nested::none;              ///< Its content is a document of its own, written into a text.
  std::optional<std::string> constant;
  std::optional<LengthLimit> length;
  std::size_t listed = kUnlisted;            ///< Place in `order`.
  std::size_t sequence = kUnlisted;          ///< When the first rule came to it.
  std::size_t position = 0;                  ///< Among its siblings, when written.

  /// The place at a path below this one, made when it is not there.
  Shape& at(const std::vector<PathStep>& steps);
  const Shape* find(const std::vector<PathStep>& steps) const;
  /// A rule has come to this place: it and what it stands in take their turn.
  void touch(std::size_t& counter);
  /// Says where each child stands among its siblings: as `order` lists them, then as the rules came; elements of one name by number.
  void arrange();
  /// "hj/mc", from the document's start.
  std::string path() const;
};

/// One element, attribute or member of a message on its way out.
struct OutNode {
  explicit OutNode(const Shape& its_shape) : shape(&its_shape) {}
  const Shape* shape;
  std::string text;
  bool has_text = false;
  bool nil = false;
  bool none = false;                         ///< Stands for a list that is known to be empty (JSON).
  std::vector<std::unique_ptr<OutNode>> children;
  std::vector<OutNode*> firsts;              ///< The first child of each shape: elements of long lists are not searched.

  // Until all rules have written:
  struct PartForm { Back::Part part; std::string text; };
  std::vector<std::string> forms;            ///< Texts on which all rules so far agree, the preferred one first.
  bool written = false;                      ///< A rule has written whole forms.
  bool open = false;                         ///< A table leaves several codes open.
  std::vector<PartForm> parts;               ///< Pieces of a text that is cut by lengths.
  std::vector<std::string> fields;           ///< Canonical paths of what was written here.

  OutNode& child(const Shape& of);           ///< The one child of this shape, made when it is not there.
  const OutNode* find(const Shape& of) const;
  OutNode& append(const Shape& of);
  void arrange();                            ///< Children in the order of their shapes, here and below.
};

} // namespace tongqu::mapping::detail
