#pragma once
#include <map>
#include <optional>
#include <string>

#include "mapping/yaml_reader.hpp"
#include "tongqu/mapping/pack.hpp"

namespace tongqu::mapping::detail {

/// A pack that extends another one: the vendor's pack beside it, pinned by digest, with what a county has of its own.
struct Overlay {
  YamlNode head;                                        ///< pack.yaml of the base with the own heads put over it.
  std::string base_folder, base_digest;
  std::map<std::string, const YamlNode*, std::less<>> changes;   ///< By mapping id; nodes of the own pack.yaml.
};

/// Lines of the own pack.yaml are counted from here where its nodes stand among those of the base, so that a mistake names its file.
void shift_lines(YamlNode& node);

/// Reads `extends` of an own pack.yaml, loads the base and checks the digest. Every mistake is reported; nothing when there is no base
/// to go on with. @param root  Must outlive the answer; its lines are shifted already.
std::optional<Overlay> read_overlay(const YamlNode& root, const std::string& folder, const Mistakes& mistakes, const Functions* functions);

/// Puts the changes of one mapping over its document.
void apply_changes(YamlNode& mapping, const YamlNode& changes, const std::string& subject, const Mistakes& mistakes);

} // namespace tongqu::mapping::detail
