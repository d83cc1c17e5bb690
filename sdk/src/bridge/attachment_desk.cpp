#include "bridge/attachment_desk.hpp"

namespace tongqu::bridge::detail {
namespace {

constexpr std::size_t kThreads = 2;
constexpr std::size_t kQueueMax = 1024;  // One piece of each upload at most.

/// One upload. Its pieces come one after the other, each sealed on a thread of the pool.
class PooledUpload final : public connector::Upload {
public:
  struct Told { obs::Metric& stored; obs::Metric& known; obs::Metric& failed; };
  PooledUpload(std::unique_ptr<journal::AttachmentWriter> writer, WorkerPool& pool, Told told) : writer_(std::move(writer)), pool_(pool), told_(told) {}

  void take(std::string piece, std::function<void(Result<void>)> taken) override {
    pool_.post([writer = writer_, piece = std::move(piece), taken = std::move(taken), told = told_](Worker&) {
      auto written = writer->write(piece);
      if (!written) told.failed.add();
      taken(std::move(written));
    });
  }

  void finish(std::function<void(Result<Kept>)> done) override {
    pool_.post([writer = writer_, done = std::move(done), told = told_](Worker&) {
      auto stored = writer->commit();
      (!stored ? told.failed : stored->known ? told.known : told.stored).add();
      if (!stored) return done(std::move(stored).error());
      done(Kept{stored->known, static_cast<std::uint64_t>(stored->facts.bytes), stored->facts.digest});
    });
  }

private:
  const std::shared_ptr<journal::AttachmentWriter> writer_;  ///< The last one to let go takes the half file away.
  WorkerPool& pool_;
  const Told told_;
};

} // namespace

AttachmentDesk::AttachmentDesk(AttachmentDeskParts parts)
    : parts_(std::move(parts)),
      stored_(parts_.metrics->metric("tongqu_attachments_total", "outcome=\"stored\"", "Attachments taken, by outcome")),
      known_(parts_.metrics->metric("tongqu_attachments_total", "outcome=\"known\"", "Attachments taken, by outcome")),
      failed_(parts_.metrics->metric("tongqu_attachments_total", "outcome=\"failed\"", "Attachments taken, by outcome")),
      pool_(kThreads, kQueueMax, [this] { parts_.log(obs::Level::error, "work_item_failed", {{"error_id", std::string(errc_row(Errc::base_internal).id)}}); }),
      sweeper_([this] { sweep_now_and_then(); }) {}

AttachmentDesk::~AttachmentDesk() { stop(); }

Result<std::unique_ptr<connector::Upload>> AttachmentDesk::begin(const connector::UploadHead& head) {
  const std::int64_t bytes = head.bytes ? static_cast<std::int64_t>(*head.bytes) : -1;
  TONGQU_TRY(auto writer, parts_.journal->attachments()->begin({head.digest, bytes}));
  return std::unique_ptr<connector::Upload>(std::make_unique<PooledUpload>(std::move(writer), pool_, PooledUpload::Told{stored_, known_, failed_}));
}

Result<std::optional<std::uint64_t>> AttachmentDesk::look(const std::string& digest) {
  TONGQU_TRY(const auto facts, parts_.journal->attachments()->renew(digest));
  if (!facts) return std::optional<std::uint64_t>();
  return std::optional<std::uint64_t>(static_cast<std::uint64_t>(facts->bytes));
}

Result<void> AttachmentDesk::keep(Bytes content) {
  TONGQU_TRY(const auto writer, parts_.journal->attachments()->begin({{}, static_cast<std::int64_t>(content.size())}));
  TONGQU_CHECK(writer->write(content));
  TONGQU_TRY(const auto stored, writer->commit());
  (stored.known ? known_ : stored_).add();
  return {};
}

void AttachmentDesk::sweep_now_and_then() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, parts_.sweep_every, [this] { return stopping_; })) {
    lock.unlock();
    const auto removed = parts_.journal->sweep_attachments();
    if (removed && *removed > 0) parts_.log(obs::Level::info, "attachments_removed", {{"count", std::to_string(*removed)}});
    if (!removed) parts_.log(obs::Level::warn, "attachments_not_swept", {{"error_id", std::string(removed.error().id())}});
    lock.lock();
  }
}

void AttachmentDesk::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (sweeper_.joinable()) sweeper_.join();
  pool_.stop();
}

} // namespace tongqu::bridge::detail
