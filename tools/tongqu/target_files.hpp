#pragma once
#include <string>
#include <vector>

namespace tongqu::tool {

/// A target mapping by file, or by the id of a platform in the folders where platforms live; the name itself when there is none.
std::string find_target(const std::string& name);
/// Target mappings of all platforms that this program finds beside it, in order of their names.
std::vector<std::string> all_targets();
/// All targets of one platform; empty when there is no such platform. A file is a list of itself.
std::vector<std::string> targets_of(const std::string& platform);

} // namespace tongqu::tool
