#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tongqu::mapping::detail {

/// `slashes`: source paths "a/b[2]/@x", ordinals from 1. `dots`: canonical paths of targets "a.b[0]", indexes from 0.
enum class PathSyntax : std::uint8_t { slashes, dots };

struct PathStep {
  std::string name;
  bool attribute = false;
  std::uint16_t ordinal = 0;  ///< 1 for the first of its name; 0 when the only one is meant.
  bool operator==(const PathStep& o) const = default;
};

enum class Origin : std::uint8_t { here, root, outer, meta, param, group };

struct Path {
  Origin origin = Origin::here;
  std::vector<PathStep> steps;  ///< Empty for "."; one step with the name for meta and param.
};

/// Reads a path with its alternatives ("a|b"). Answers false, with the offending piece in `problem`, when one cannot be read.
bool parse_path(std::string_view text, PathSyntax syntax, std::vector<Path>& out, std::string& problem);

} // namespace tongqu::mapping::detail
