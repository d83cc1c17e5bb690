#pragma once
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tongqu/base/finding.hpp"

namespace tongqu::mapping::author {

/// What is known of one field of a source, from a description or from messages.
struct SeenField {
  std::string path;                        ///< From the rules' start: "cllist/cl/mc".
  std::string label;                       ///< Words of the source about it.
  std::string type;                        ///< string, integer, decimal, boolean, date, time: told by a description; else empty.
  bool required = false;                   ///< Told by a description.
  std::size_t count = 0, filled = 0;       ///< Times that it stood, and stood with something in it.
  std::size_t length_max = 0;              ///< Characters, told or seen.
  std::map<std::string, std::size_t> values;       ///< Until there are too many.
  bool many_values = false;
  std::map<std::string, std::size_t> shapes;
  std::vector<std::pair<std::string, std::string>> codes;  ///< Value and label, told by a description.
  std::map<std::string, std::size_t> placeholders;
  void take(std::string_view text);
};

/// One kind of message: how it is unwrapped and what is in it.
struct MessageKind {
  std::string name;                        ///< Operation, document element, path or table.
  std::size_t messages = 0;
  std::vector<std::string> stages;         ///< As lines of YAML.
  std::vector<std::pair<std::string, std::string>> match;
  std::string records;                     ///< `each` of `records`; empty for one record.
  bool soap = false;
  std::vector<SeenField> fields;           ///< In the order in which they were first seen.
  std::map<std::string, std::size_t> containers;   ///< Elements with children, and how often they stood.
  std::vector<std::string> lists;          ///< Paths of repeated elements.
  std::vector<Bilingual> risks;

  SeenField& field(const std::string& path);
  void list(const std::string& path);
  bool is_list(const std::string& path) const;
};

/// Kinds of characters with how many of each: "9{4}-9{2}-9{2}", "汉{3}", "A9{8}", "字{4}" for letters of
/// other scripts. Says nothing of what they are.
std::string value_shape(std::string_view utf8);
/// Texts that stand for "nothing" in many systems.
bool is_placeholder(std::string_view text);
/// Blanks of every kind taken off at both ends.
std::string_view trimmed(std::string_view text);
/// Date patterns of the mapping language that together read every value; empty when some value is none.
std::vector<std::string> date_patterns(const std::map<std::string, std::size_t>& values);

} // namespace tongqu::mapping::author
