#include "journal/disk_watch.hpp"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "journal/files.hpp"

namespace tongqu::journal::detail {
namespace {

constexpr std::chrono::milliseconds kEvery{100};
/// Below this SQLite may not be able to make its index file.
constexpr std::int64_t kOpeningBytes = std::int64_t{1} << 20U;

/// Room for this process, also when it is not root; a file system that does not tell has room.
std::int64_t free_bytes_at(const std::string& path) {
  const auto slash = path.rfind('/');
  struct statvfs status = {};
  if (::statvfs(slash == std::string::npos ? "." : path.substr(0, slash + 1).c_str(), &status) != 0) return INT64_MAX;
  return static_cast<std::int64_t>(status.f_bavail) * static_cast<std::int64_t>(status.f_frsize);
}

} // namespace

DiskWatch::DiskWatch(const std::string& store, std::int64_t low_water_bytes, std::int64_t ballast_bytes)
    : store_(store), ballast_(store + ".ballast"), low_water_bytes_(low_water_bytes), ballast_bytes_(ballast_bytes) {}

void DiskWatch::before_opening() {
  if (ballast_bytes_ > 0 && free_bytes_at(store_) < kOpeningBytes) ::unlink(ballast_.c_str());
}

bool DiskWatch::look(MonoTime now) {
  if (low_water_bytes_ == 0 && ballast_bytes_ == 0) return false;
  if (looked_at_ != MonoTime{} && now - looked_at_ < kEvery) return false;
  looked_at_ = now;
  free_bytes_ = free_bytes_at(store_);
  const bool was_low = low();
  // A quarter more than the mark ends it, so that it does not come and go with every checkpoint.
  const std::int64_t mark = was_low ? low_water_bytes_ + low_water_bytes_ / 4 : low_water_bytes_;
  low_.store(free_bytes_ < mark, std::memory_order_relaxed);
  if (!low()) keep_ballast();
  return low() != was_low;
}

void DiskWatch::keep_ballast() {
  if (ballast_bytes_ == 0 || free_bytes_ < low_water_bytes_ + 2 * ballast_bytes_ || size_of_file(ballast_) == ballast_bytes_) return;
  const int descriptor = ::open(ballast_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor < 0) return;
  const bool kept = ::posix_fallocate(descriptor, 0, ballast_bytes_) == 0;
  ::close(descriptor);
  if (!kept) ::unlink(ballast_.c_str());
}

bool DiskWatch::give_ballast_up() {
  if (low_water_bytes_ > 0) low_.store(true, std::memory_order_relaxed);
  return ballast_bytes_ > 0 && ::unlink(ballast_.c_str()) == 0;
}

} // namespace tongqu::journal::detail
