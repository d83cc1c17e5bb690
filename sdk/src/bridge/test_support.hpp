#pragma once
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>

#include "tongqu/base/error.hpp"

namespace tongqu::bridge::test {

/// What must be there in a test.
template <class R>
auto good(R result) {
  if (!result) throw std::runtime_error(describe(result.error()));
  return *std::move(result);
}

/// A folder that goes with the test.
class TempFolder {
public:
  TempFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tongqu-bridge-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = pattern;
  }
  ~TempFolder() { std::filesystem::remove_all(path_); }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  std::string file(std::string_view name) const { return path_ + "/" + std::string(name); }
  /// Writes a file; for secrets only its owner may read it.
  std::string write(std::string_view name, std::string_view text, std::filesystem::perms mode = std::filesystem::perms::owner_read | std::filesystem::perms::owner_write) const {
    std::filesystem::create_directories(std::filesystem::path(file(name)).parent_path());
    std::ofstream(file(name), std::ios::binary | std::ios::trunc) << text;
    std::filesystem::permissions(file(name), mode);
    return file(name);
  }

private:
  std::string path_;
};

} // namespace tongqu::bridge::test
