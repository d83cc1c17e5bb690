#include "sdk/test/whole/failing_sync.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <string_view>

// Stands in front of libc, in a test program or as a preloaded library: the disk under the journal stops confirming. The ledgers of the
// sandboxes, which are in the same process, go on.
namespace {

std::atomic<bool> g_failing{false};

bool is_journal(int descriptor) {
  std::array<char, 64> link{};
  std::array<char, 4096> path{};
  const std::string_view prefix = "/proc/self/fd/";
  std::size_t at = prefix.copy(link.data(), prefix.size());
  std::array<char, 12> digits{};
  std::size_t count = 0;
  do {
    digits[count++] = static_cast<char>('0' + descriptor % 10);
  } while ((descriptor /= 10) != 0);
  while (count > 0) link[at++] = digits[--count];
  const ssize_t size = ::readlink(link.data(), path.data(), path.size());
  return size > 0 && std::string_view(path.data(), static_cast<std::size_t>(size)).find("/journal.db") != std::string_view::npos;
}

bool told_to_fail() {
  if (g_failing.load()) return true;
  const char* flag = std::getenv("TONGQU_TEST_FAIL_SYNC_WHEN");
  return flag != nullptr && ::access(flag, F_OK) == 0;
}

int sync_or_fail(long number, int descriptor) {
  if (!told_to_fail() || !is_journal(descriptor)) return static_cast<int>(::syscall(number, descriptor));
  errno = EIO;
  return -1;
}

} // namespace

extern "C" __attribute__((visibility("default"))) int fdatasync(int descriptor) { return sync_or_fail(SYS_fdatasync, descriptor); }
extern "C" __attribute__((visibility("default"))) int fsync(int descriptor) { return sync_or_fail(SYS_fsync, descriptor); }

namespace tongqu::whole {
void fail_syncs(bool failing) { g_failing.store(failing); }
} // namespace tongqu::whole
