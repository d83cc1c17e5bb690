#include "journal/head_file.hpp"

#include <utility>

namespace tongqu::journal::detail {

void HeadFile::begin() {
  if (path_.empty()) return;
  thread_ = std::thread([this] { run(); });
}

void HeadFile::put(AuditHead head) {
  if (!thread_.joinable()) return write(head);
  {
    const std::lock_guard lock(mutex_);
    sequence_ = head.tip.sequence;
    waiting_ = std::move(head);
  }
  changed_.notify_one();
}

void HeadFile::end() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

std::int64_t HeadFile::sequence() const {
  const std::lock_guard lock(mutex_);
  return sequence_;
}

void HeadFile::run() {
  for (;;) {
    std::optional<AuditHead> head;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return ending_ || waiting_; });
      head = std::exchange(waiting_, std::nullopt);
      if (!head) return;
    }
    write(*head);
  }
}

void HeadFile::write(const AuditHead& head) {
  const bool good = static_cast<bool>(write_head(path_, head));
  const std::lock_guard lock(mutex_);
  if (good) written_ = head.tip.sequence;
  if (!waiting_) sequence_ = written_;
}

} // namespace tongqu::journal::detail
