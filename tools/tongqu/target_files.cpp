#include "tools/tongqu/target_files.hpp"

#include <algorithm>
#include <filesystem>

namespace tongqu::tool {
namespace {

namespace fs = std::filesystem;

/// Where platforms live: in a source tree, beside the program of a build, beside an installed program.
std::vector<fs::path> roots() {
  std::error_code ignored;
  const fs::path program = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  return {fs::path("connectors/platforms"), (program / "../../../connectors/platforms").lexically_normal(), (program / "../share/tongqu/platforms").lexically_normal()};
}

std::vector<std::string> files_in(const fs::path& folder) {
  std::vector<std::string> files;
  std::error_code failed;
  for (fs::directory_iterator at(folder, failed), end; !failed && at != end; at.increment(failed)) {
    if (at->path().extension() == ".yaml") files.push_back(at->path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

} // namespace

std::string find_target(const std::string& name) {
  if (fs::exists(name)) return name;
  for (const fs::path& root : roots()) {
    const fs::path file = root / name / "targets" / "case.yaml";
    if (fs::exists(file)) return file.string();
  }
  return name;
}

std::vector<std::string> targets_of(const std::string& platform) {
  if (fs::is_regular_file(platform)) return {platform};
  for (const fs::path& root : roots()) {
    if (auto files = files_in(root / platform / "targets"); !files.empty()) return files;
  }
  return {};
}

std::vector<std::string> all_targets() {
  for (const fs::path& root : roots()) {
    std::vector<std::string> all;
    std::error_code failed;
    for (fs::directory_iterator at(root, failed), end; !failed && at != end; at.increment(failed)) {
      for (std::string& file : files_in(at->path() / "targets")) all.push_back(std::move(file));
    }
    std::sort(all.begin(), all.end());
    if (!all.empty()) return all;
  }
  return {};
}

} // namespace tongqu::tool
