#pragma once
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "journal/sealing.hpp"
#include "tongqu/crypto/crypto.hpp"
#include "tongqu/journal/attachments.hpp"

/// Form of one file of an attachment: docs/reference/attachments.md, "The file".
///
///   0     "TQA1\n", zeros
///   512   slot A   two boxes for the key of the file; one is zeros. A reseal fills the empty one and only then wipes the other.
///   1024  slot B
///   1536  records: kind (1), length (4), cipher text, HMAC-SM3 (32). Kind 'd': 64 KiB of the content, the last one what is left.
///         Kind 'e', once, at the end: SM3 and length of the content.
namespace tongqu::journal::detail {

constexpr std::size_t kAttachmentChunk = std::size_t{64} << 10U;
constexpr std::int64_t kAttachmentSlot = 512;
constexpr std::int64_t kAttachmentData = 1536;
constexpr std::size_t kRecordHead = 5, kRecordMac = 32, kEndBytes = 40;

/// At most so many uploads at once in one process.
constexpr int kUploadsMax = 64;
/// @errors journal.attachment_busy. Whoever was let in counts itself out.
Result<void> enter_upload(std::atomic<int>& uploads);
/// @errors journal.attachment_too_large, journal.attachment_digest (where: digest).
Result<void> check_announced(const Attachments::Announced& announced, std::int64_t bytes_max);

/// A descriptor that closes itself.
class Descriptor {
public:
  explicit Descriptor(int fd = -1) noexcept : fd_(fd) {}
  ~Descriptor() { reset(); }
  Descriptor(Descriptor&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  Descriptor& operator=(Descriptor&& other) noexcept { std::swap(fd_, other.fd_); return *this; }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }
  void reset() noexcept;

private:
  int fd_;
};

/// Writes all; -1 with errno when it cannot. Reads as much as there is up to `size`; -1 on error.
bool write_at(int fd, Bytes bytes, std::int64_t offset);
std::int64_t read_at(int fd, char* into, std::size_t size, std::int64_t offset);

/// Seals and opens the records of one file. Each file has a key of its own, so that the counter may begin at the number of the record.
class RecordCipher {
public:
  explicit RecordCipher(const Secret& file_key);
  /// A whole record: head, cipher text, MAC.
  Result<std::string> seal(char kind, std::uint64_t index, Bytes plain);
  /// The plain bytes of a record that was read; nothing when a bit differs or it stood elsewhere.
  Result<std::optional<std::string>> open(char kind, std::uint64_t index, Bytes record);

private:
  std::string mac_of(char kind, std::uint64_t index, Bytes cipher);
  Secret cipher_key_;
  crypto::Mac mac_;
};

/// Content of the record 'e', and what one says; nothing when it is no such text.
std::string end_text(const AttachmentFacts& facts);
std::optional<AttachmentFacts> facts_of_end(Bytes end, std::string name);

/// A content on its way in: cut into chunks, counted and digested while it passes, in the memory of one chunk.
class ChunkFeed {
public:
  explicit ChunkFeed(std::int64_t bytes_max) : bytes_max_(bytes_max) { chunk_.reserve(kAttachmentChunk); }
  std::int64_t bytes() const noexcept { return bytes_; }
  /// Hands each whole chunk on. @errors journal.attachment_too_large, those of `put`.
  template <class Put> Result<void> take(Bytes piece, Put put) {
    const auto size = static_cast<std::int64_t>(piece.size());
    if (size > bytes_max_ - bytes_) return Error(Errc::journal_attachment_too_large);
    bytes_ += size;
    hasher_.update(piece);
    while (!piece.empty()) {
      const Bytes taken = piece.substr(0, kAttachmentChunk - chunk_.size());
      chunk_.append(taken);
      piece.remove_prefix(taken.size());
      if (chunk_.size() < kAttachmentChunk) break;
      TONGQU_CHECK(put(Bytes(chunk_)));
      chunk_.clear();
    }
    return {};
  }
  /// Hands on what is left; digest and length of the whole. Once.
  template <class Put> Result<AttachmentFacts> end(Put put) {
    if (!chunk_.empty()) TONGQU_CHECK(put(Bytes(chunk_)));
    AttachmentFacts facts;
    facts.digest = hasher_.finish();
    facts.bytes = bytes_;
    return facts;
  }

private:
  const std::int64_t bytes_max_;
  crypto::Hasher hasher_{crypto::Hasher::Algorithm::sm3};
  std::string chunk_;
  std::int64_t bytes_ = 0;
};

/// Text of a slot: which key, and the sealed key of the file. Bound to the name of the file.
struct FileSlot { std::string key_id, box; };
std::string slot_text(const FileSlot& slot);
/// Nothing when it is empty or does not read.
std::optional<FileSlot> read_slot(int fd, int which);
Result<void> write_slot(int fd, int which, Bytes text);
Result<std::string> seal_file_key(const Sealing& sealing, const Secret& file_key, const std::string& name);

/// The opened head of a file.
struct FileHead {
  Secret file_key;
  int slot = 0;                  ///< That opened.
  std::string key_id;            ///< Of that slot.
  bool only = true;              ///< The other slot is empty.
};
/// @errors journal.attachment_broken (where: name).
Result<FileHead> open_head(int fd, const Sealing& sealing, const std::string& name);

Error broken_attachment(const std::string& name, const char* what);

/// Length of the content and number of its records, from the size of the file; nothing when no file has this size.
struct FileShape { std::int64_t bytes = 0; std::uint64_t records = 0; std::int64_t end_offset = 0; };
std::optional<FileShape> shape_of(std::int64_t file_bytes);

/// Facts of an open file, from its head and its end. @errors journal.attachment_broken, journal.read.
struct OpenedFile { FileHead head; FileShape shape; AttachmentFacts facts; };
Result<OpenedFile> open_file(int fd, const Sealing& sealing, const std::string& name);

} // namespace tongqu::journal::detail
