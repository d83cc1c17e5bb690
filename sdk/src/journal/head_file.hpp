#pragma once
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "journal/audit_head.hpp"

namespace tongqu::journal::detail {

/// Writes heads of the chain on a thread of its own: a new file and its name take two commits of the file system, and every message of that
/// time would wait for them. Of several that wait the newest is written. Before begin() and after end(): on the caller's thread.
class HeadFile {
public:
  explicit HeadFile(std::string path) : path_(std::move(path)) {}
  ~HeadFile() { end(); }
  HeadFile(const HeadFile&) = delete;
  HeadFile& operator=(const HeadFile&) = delete;

  void begin();
  void put(AuditHead head);
  /// Writes what waits and ends the thread. Idempotent.
  void end();
  /// Sequence of the newest head that stands in the file or is on its way there; one that failed counts no more.
  std::int64_t sequence() const;

private:
  void run();
  void write(const AuditHead& head);
  const std::string path_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<AuditHead> waiting_;
  std::int64_t sequence_ = 0, written_ = 0;
  bool ending_ = false;
  std::thread thread_;
};

} // namespace tongqu::journal::detail
