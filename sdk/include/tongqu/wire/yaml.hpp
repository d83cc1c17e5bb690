#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tongqu/base/bytes.hpp"
#include "tongqu/base/result.hpp"

namespace tongqu::wire {

/// One value of a strict YAML document: every scalar is text (01 stays "01", no stays "no"). Positions start at 1.
struct YamlNode {
  enum class Kind : std::uint8_t { scalar, sequence, mapping };
  YamlNode();  ///< Out of line: a pair of this type cannot be judged while the type is incomplete.
  Kind kind = Kind::scalar;
  std::string text;                                            ///< Of a scalar.
  bool quoted = false;                                         ///< Stood in quotes or as a block text: an empty plain scalar is "absent", '' is the empty text.
  std::vector<YamlNode> items;                                 ///< Of a sequence.
  std::vector<std::pair<YamlNode, YamlNode>> members;          ///< Of a mapping, in written order; keys are scalars.
  std::uint32_t line = 0;
  std::uint32_t column = 0;

  bool is_scalar() const noexcept { return kind == Kind::scalar; }
  bool is_sequence() const noexcept { return kind == Kind::sequence; }
  bool is_mapping() const noexcept { return kind == Kind::mapping; }
  /// Value of a key, or null.
  const YamlNode* find(std::string_view key) const noexcept;
  /// "line:column".
  std::string position() const;
};

/// Reads the strict subset: one document, block and flow style, plain and quoted scalars, literal and folded blocks. Refused: tags,
/// anchors, aliases, merge keys, duplicate keys, complex keys, tabs as indentation, several documents, more than 4 MiB, depth over 64.
/// @errors wire.yaml_syntax, yaml_duplicate_key, yaml_feature, yaml_limit, encoding_invalid (all fix_setup); where() is line:column.
Result<YamlNode> parse_yaml(Bytes bytes);

} // namespace tongqu::wire
