#pragma once
#include <string>

#include "tongqu/base/result.hpp"

namespace tongqu::journal::detail {

/// Open-file lock (F_OFD_SETLK) on a file of its own, held for life. It goes with the last descriptor, so a killed process never
/// leaves it behind, whatever its process id does.
class InstanceLock {
public:
  InstanceLock() = default;
  ~InstanceLock();
  InstanceLock(InstanceLock&& other) noexcept : descriptor_(other.descriptor_) { other.descriptor_ = -1; }
  InstanceLock& operator=(InstanceLock&& other) noexcept;
  InstanceLock(const InstanceLock&) = delete;
  InstanceLock& operator=(const InstanceLock&) = delete;

  /// @errors journal.locked, journal.open.
  static Result<InstanceLock> take(const std::string& path);

private:
  explicit InstanceLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_ = -1;
};

} // namespace tongqu::journal::detail
