#include "tongqu/journal/attachments.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <fcntl.h>
#include <mutex>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/attachment_file.hpp"
#include "journal/attachment_folder.hpp"
#include "journal/files.hpp"
#include "journal/postgres/postgres.hpp"
#include "tongqu/base/fault_point.hpp"
#include "tongqu/journal/journal.hpp"

namespace tongqu::journal {
namespace detail {
namespace {

/// What has been written goes to the disk in such steps, so that the end of an upload has little left to wait for.
constexpr std::int64_t kSyncEvery = std::int64_t{32} << 20U;
constexpr std::int64_t kLookAtDiskEvery = std::int64_t{4} << 20U;

Error write_error(int number) { return Error(number == ENOSPC || number == EDQUOT ? Errc::journal_disk_low : Errc::journal_write); }

/// What a writer needs of its store.
struct Shop {
  AttachmentFolder& folder;
  const Sealing& sealing;
  const Clock& clock;
  std::int64_t bytes_max = 0, low_water_bytes = 0;
  std::mutex& mutex;             ///< Held while names come, go and change.
  std::atomic<int>& writers;
};

class FileReader final : public AttachmentReader {
public:
  FileReader(Descriptor file, OpenedFile opened) : file_(std::move(file)), opened_(std::move(opened)), cipher_(opened_.head.file_key) {
    ::posix_fadvise(file_.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
  }
  const AttachmentFacts& facts() const override { return opened_.facts; }

  Result<Bytes> next() override {
    if (index_ == opened_.shape.records) return finish();
    constexpr std::size_t kFrame = kRecordHead + kRecordMac;
    const auto left = static_cast<std::size_t>(opened_.shape.end_offset - offset_);
    const std::size_t size = std::min(left, kAttachmentChunk + kFrame);
    record_.resize(size);
    if (read_at(file_.get(), record_.data(), size, offset_) != static_cast<std::int64_t>(size)) return Error(Errc::journal_read).at("attachment " + facts().name);
    TONGQU_TRY(auto plain, cipher_.open('d', index_, record_));
    if (!plain) return broken_attachment(facts().name, "chunk");
    ++index_;
    offset_ += static_cast<std::int64_t>(size);
    chunk_ = *std::move(plain);
    hasher_.update(chunk_);
    return Bytes(chunk_);
  }

private:
  Result<Bytes> finish() {
    if (!finished_ && hasher_.finish() != facts().digest) return broken_attachment(facts().name, "digest");
    finished_ = true;
    return Bytes();
  }

  Descriptor file_;
  const OpenedFile opened_;
  RecordCipher cipher_;
  crypto::Hasher hasher_{crypto::Hasher::Algorithm::sm3};
  std::string record_, chunk_;
  std::uint64_t index_ = 0;
  std::int64_t offset_ = kAttachmentData;
  bool finished_ = false;
};

/// Whether a name stands for a content, every chunk of it: only then may a sender be told that it is known. Reads the file.
bool stands_whole(const Shop& shop, const std::string& name, const std::string& digest) {
  Descriptor file = shop.folder.open_name(name, O_RDONLY);
  if (!file) return false;
  auto opened = open_file(file.get(), shop.sealing, name);
  if (!opened || opened->facts.digest != digest) return false;
  FileReader reader(std::move(file), *std::move(opened));
  for (;;) {
    const auto chunk = reader.next();
    if (!chunk) return false;
    if (chunk->empty()) return true;
  }
}

class FileWriter final : public AttachmentWriter {
public:
  FileWriter(Shop shop, Attachments::Announced announced, std::string part, Descriptor file, Secret file_key)
      : shop_(shop), announced_(std::move(announced)), part_(std::move(part)), file_(std::move(file)), file_key_(std::move(file_key)), cipher_(file_key_),
        feed_(shop.bytes_max) {}
  ~FileWriter() override {
    file_.reset();
    if (!part_.empty()) ::unlink(part_.c_str());
    shop_.writers.fetch_sub(1);
  }

  std::int64_t bytes() const override { return feed_.bytes(); }

  Result<void> write(Bytes piece) override {
    return feed_.take(piece, [this](Bytes chunk) { return put_chunk(chunk); });
  }

  Result<Stored> commit() override {
    Stored stored;
    TONGQU_TRY(stored.facts, feed_.end([this](Bytes chunk) { return put_chunk(chunk); }));
    if (!announced_.digest.empty() && announced_.digest != stored.facts.digest) return Error(Errc::journal_attachment_digest);
    TONGQU_TRY(stored.facts.name, shop_.folder.name_of(stored.facts.digest));
    TONGQU_CHECK(finish_file(stored.facts));
    TONGQU_CHECK(put_in_place(stored));
    FAULT_POINT("a4_attachment_renamed");
    if (!sync_folder_of(part_of_folder())) return Error(Errc::journal_write);
    FAULT_POINT("a5_attachment_durable");
    return stored;
  }

private:
  std::string part_of_folder() const { return shop_.folder.path() + "/"; }

  Result<void> put(char kind, Bytes plain) {
    TONGQU_TRY(const std::string record, cipher_.seal(kind, index_, plain));
    if (!write_at(file_.get(), record, offset_)) return write_error(errno);
    offset_ += static_cast<std::int64_t>(record.size());
    return {};
  }

  Result<void> put_chunk(Bytes chunk) {
    FAULT_POINT_TRY("a2_attachment_chunk");
    TONGQU_CHECK(put('d', chunk));
    ++index_;
    if (offset_ - looked_at_ >= kLookAtDiskEvery) {
      looked_at_ = offset_;
      if (shop_.folder.free_bytes() < shop_.low_water_bytes) return Error(Errc::journal_disk_low);
    }
    if (offset_ - synced_at_ < kSyncEvery) return {};
    synced_at_ = offset_;
    return ::fdatasync(file_.get()) == 0 ? Result<void>() : Result<void>(write_error(errno));
  }

  /// The key of the file is bound to its name, which only the end of the content tells: so the head is written last.
  Result<void> finish_file(const AttachmentFacts& facts) {
    TONGQU_CHECK(put('e', end_text(facts)));
    TONGQU_TRY(const std::string slot, seal_file_key(shop_.sealing, file_key_, facts.name));
    const std::string none(static_cast<std::size_t>(kAttachmentSlot), '\0');
    if (!write_slot(file_.get(), 0, slot) || !write_at(file_.get(), none, 2 * kAttachmentSlot)) return write_error(errno);
    TONGQU_CHECK(shop_.folder.renew(part_, shop_.clock.now_utc()));
    FAULT_POINT_TRY("a3_attachment_written");
    // After a failed sync nobody knows what is on the disk; the whole file goes.
    return ::fsync(file_.get()) == 0 ? Result<void>() : Result<void>(write_error(errno));
  }

  /// A file that is broken must not stand in the way of the whole one. What another sender puts there meanwhile is the same content.
  Result<void> put_in_place(Stored& stored) {
    const bool whole = stands_whole(shop_, stored.facts.name, stored.facts.digest);
    const std::lock_guard lock(shop_.mutex);
    const std::string path = shop_.folder.file(stored.facts.name);
    if (whole && shop_.folder.open_name(stored.facts.name, O_RDONLY)) {
      stored.known = true;
      return shop_.folder.renew(path, shop_.clock.now_utc());
    }
    if (::rename(part_.c_str(), path.c_str()) != 0) return write_error(errno);
    part_.clear();
    return {};
  }

  Shop shop_;
  const Attachments::Announced announced_;
  std::string part_;             ///< Empty when the file has its name.
  Descriptor file_;
  Secret file_key_;
  RecordCipher cipher_;
  ChunkFeed feed_;
  std::uint64_t index_ = 0;
  std::int64_t offset_ = kAttachmentData, looked_at_ = 0, synced_at_ = 0;
};

class FolderAttachments final : public Attachments {
public:
  FolderAttachments(const JournalOptions& options, std::shared_ptr<Clock> clock, Sealing sealing)
      : bytes_max_(options.attachment_bytes_max), low_water_bytes_(options.low_water_bytes), clock_(std::move(clock)), sealing_(std::move(sealing)),
        folder_(options.path + ".attachments", sealing_) {}

  Result<void> load(Access access) { return folder_.load(access == Access::write ? AttachmentFolder::Access::write : AttachmentFolder::Access::read); }

  Result<std::unique_ptr<AttachmentWriter>> begin(Announced announced) override {
    TONGQU_CHECK(check_announced(announced, bytes_max_));
    TONGQU_CHECK(folder_.make());
    if (folder_.free_bytes() - std::max<std::int64_t>(announced.bytes, 0) < low_water_bytes_) return Error(Errc::journal_disk_low);
    TONGQU_CHECK(enter_upload(writers_));
    std::string part = folder_.new_part();
    Descriptor file(::open(part.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file) {
      const int why = errno;
      writers_.fetch_sub(1);
      return write_error(why);
    }
    FAULT_POINT("a1_attachment_begun");
    const Shop shop{folder_, sealing_, *clock_, bytes_max_, low_water_bytes_, mutex_, writers_};
    return std::unique_ptr<AttachmentWriter>(std::make_unique<FileWriter>(shop, std::move(announced), std::move(part), std::move(file), Secret(crypto::random_bytes(32))));
  }

  Result<std::optional<AttachmentFacts>> find(std::string_view digest) const override {
    if (!folder_.there()) return std::optional<AttachmentFacts>();
    TONGQU_TRY(const std::string name, folder_.name_of(digest));
    const Descriptor file = folder_.open_name(name, O_RDONLY);
    if (!file) return std::optional<AttachmentFacts>();
    TONGQU_TRY(const OpenedFile opened, open_file(file.get(), sealing_, name));
    if (opened.facts.digest != digest) return broken_attachment(name, "another content");
    return std::optional<AttachmentFacts>(opened.facts);
  }

  Result<std::optional<AttachmentFacts>> renew(std::string_view digest) override {
    const std::lock_guard lock(mutex_);
    TONGQU_TRY(auto facts, find(digest));
    if (facts) TONGQU_CHECK(folder_.renew(folder_.file(facts->name), clock_->now_utc()));
    return facts;
  }

  Result<std::unique_ptr<AttachmentReader>> read(std::string_view digest) const override {
    if (!folder_.there()) return Error(Errc::journal_attachment_unknown);
    TONGQU_TRY(const std::string name, folder_.name_of(digest));
    TONGQU_TRY(auto reader, read_name(name));
    if (reader->facts().digest != digest) return broken_attachment(name, "another content");
    return std::unique_ptr<AttachmentReader>(std::move(reader));
  }

  Result<std::string> name_of(std::string_view digest) override {
    TONGQU_CHECK(folder_.make());
    return folder_.name_of(digest);
  }
  Result<bool> has(const std::string& name) const override { return ::access(folder_.file(name).c_str(), F_OK) == 0; }

  Result<std::vector<std::string>> older_than(UtcMillis before) const override {
    std::vector<std::string> found = folder_.names();
    const auto young = [&](const std::string& name) { return folder_.renewed_ms(name).value_or(INT64_MAX) >= to_epoch_ms(before); };
    found.erase(std::remove_if(found.begin(), found.end(), young), found.end());
    return found;
  }

  bool remove(const std::string& name, UtcMillis before) override {
    {
      const std::lock_guard lock(mutex_);
      if (folder_.renewed_ms(name).value_or(INT64_MAX) >= to_epoch_ms(before)) return false;
      // Only the name goes here: taking a gigabyte off the disk lasts longer than anybody may wait.
      if (::rename(folder_.file(name).c_str(), folder_.gone(name).c_str()) != 0) return false;
    }
    return true;
  }

  void forget_removed() override { folder_.remove_gone(); }

  Result<Checked> check_all(const std::function<void(const Error&)>& broken) const override {
    Checked checked;
    for (const std::string& name : folder_.names()) {
      auto bytes = check_one(name);
      if (bytes && *bytes < 0) continue; // Purged meanwhile.
      ++checked.count;
      if (bytes) {
        checked.bytes += *bytes;
        continue;
      }
      if (bytes.error().code() != Errc::journal_attachment_broken) return std::move(bytes).error();
      ++checked.broken;
      if (broken) broken(bytes.error());
    }
    return checked;
  }

  Result<Resealed> reseal() override {
    Resealed resealed;
    for (const std::string& name : folder_.names()) {
      TONGQU_TRY(const Step step, reseal_one(name));
      resealed.count += step == Step::changed ? 1 : 0;
      resealed.all = resealed.all && step != Step::closed;
    }
    TONGQU_CHECK(folder_.reseal_key());
    return resealed;
  }

private:
  enum class Step : std::uint8_t { same, changed, closed };

  Result<std::unique_ptr<FileReader>> read_name(const std::string& name) const {
    Descriptor file = folder_.open_name(name, O_RDONLY);
    if (!file) return Error(errno == ENOENT ? Errc::journal_attachment_unknown : Errc::journal_read).at("attachment " + name);
    TONGQU_TRY(OpenedFile opened, open_file(file.get(), sealing_, name));
    return std::make_unique<FileReader>(std::move(file), std::move(opened));
  }

  /// Length of the content; -1 when the file is not there any more.
  Result<std::int64_t> check_one(const std::string& name) const {
    auto reader = read_name(name);
    if (!reader && reader.error().code() == Errc::journal_attachment_unknown) return std::int64_t{-1};
    if (!reader) return std::move(reader).error();
    TONGQU_TRY(const std::string expected, folder_.name_of((*reader)->facts().digest));
    if (expected != name) return broken_attachment(name, "another content");
    for (;;) {
      TONGQU_TRY(const Bytes chunk, (*reader)->next());
      if (chunk.empty()) return (*reader)->facts().bytes;
    }
  }

  /// The new box is on the disk before the old one goes: whenever this is cut off, one of them opens.
  Result<Step> reseal_one(const std::string& name) {
    const std::lock_guard lock(mutex_);
    const Descriptor file = folder_.open_name(name, O_RDWR);
    if (!file) return Step::same;
    const auto head = open_head(file.get(), sealing_, name);
    if (!head) return Step::closed;
    if (head->key_id == sealing_.key_id() && head->only) return Step::same;
    const auto renewed_ms = folder_.renewed_ms(name);
    int old = 1 - head->slot;
    if (head->key_id != sealing_.key_id()) {
      TONGQU_TRY(const std::string slot, seal_file_key(sealing_, head->file_key, name));
      TONGQU_CHECK(write_slot(file.get(), 1 - head->slot, slot));
      if (::fdatasync(file.get()) != 0) return write_error(errno);
      FAULT_POINT_TRY("a6_attachment_resealed");
      old = head->slot;
    }
    const std::string none(static_cast<std::size_t>(kAttachmentSlot), '\0');
    if (!write_at(file.get(), none, kAttachmentSlot * (1 + old)) || ::fdatasync(file.get()) != 0) return write_error(errno);
    // Its time goes on where it was.
    if (renewed_ms) TONGQU_CHECK(folder_.renew(folder_.file(name), from_epoch_ms(*renewed_ms)));
    return Step::changed;
  }

  const std::int64_t bytes_max_, low_water_bytes_;
  const std::shared_ptr<Clock> clock_;
  const Sealing sealing_;
  AttachmentFolder folder_;
  std::mutex mutex_;
  std::atomic<int> writers_{0};
};

} // namespace
} // namespace detail

Result<std::unique_ptr<Attachments>> Attachments::open(const JournalOptions& options, std::shared_ptr<Clock> clock, Access access) {
  if (options.postgres) return detail::open_postgres_attachments(options, std::move(clock), access);
  TONGQU_TRY(auto sealing, detail::Sealing::create(options));
  auto store = std::make_unique<detail::FolderAttachments>(options, std::move(clock), std::move(sealing));
  TONGQU_CHECK(store->load(access));
  return std::unique_ptr<Attachments>(std::move(store));
}

} // namespace tongqu::journal
