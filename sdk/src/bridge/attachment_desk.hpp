#pragma once
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "bridge/worker_pool.hpp"
#include "tongqu/connector/connector.hpp"
#include "tongqu/journal/journal.hpp"
#include "tongqu/obs/log.hpp"
#include "tongqu/obs/metrics.hpp"

namespace tongqu::bridge::detail {

struct AttachmentDeskParts {
  journal::Journal* journal = nullptr;             ///< With attachments.
  obs::Log log;
  obs::Metrics* metrics = nullptr;
  std::chrono::milliseconds sweep_every{600000};
};

/// Attachments on their way into the store, on threads of their own: sealing a gigabyte must not keep messages waiting. Looks now and then
/// for those that nobody needs. Members are safe from several threads.
class AttachmentDesk {
public:
  explicit AttachmentDesk(AttachmentDeskParts parts);
  ~AttachmentDesk();
  AttachmentDesk(const AttachmentDesk&) = delete;
  AttachmentDesk& operator=(const AttachmentDesk&) = delete;

  /// @errors as journal::Attachments::begin.
  Result<std::unique_ptr<connector::Upload>> begin(const connector::UploadHead& head);
  /// Length of one that is there, whose time begins anew.
  Result<std::optional<std::uint64_t>> look(const std::string& digest);
  /// Stores a part of a delivery and waits for the disk. @errors as above.
  Result<void> keep(Bytes content);
  /// Lets what is under way end, then its threads. Idempotent.
  void stop();

private:
  void sweep_now_and_then();
  const AttachmentDeskParts parts_;
  obs::Metric& stored_;
  obs::Metric& known_;
  obs::Metric& failed_;
  WorkerPool pool_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread sweeper_;
};

} // namespace tongqu::bridge::detail
