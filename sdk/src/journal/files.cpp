#include "journal/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace tongqu::journal::detail {

Result<void> sync_folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return Error(Errc::base_file_unwritable).at(folder);
  const bool synced = ::fsync(descriptor) == 0;
  ::close(descriptor);
  if (!synced) return Error(Errc::base_file_unwritable).at(folder);
  return {};
}

std::int64_t size_of_file(const std::string& path) {
  struct stat status = {};
  return ::stat(path.c_str(), &status) == 0 ? static_cast<std::int64_t>(status.st_size) : -1;
}

std::optional<FileIdentity> identity_of_file(const std::string& path) {
  struct stat status = {};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  return FileIdentity(status.st_dev, status.st_ino);
}

} // namespace tongqu::journal::detail
