#include "journal/attachment_file.hpp"

#include <cerrno>
#include <sys/stat.h>
#include <unistd.h>

namespace tongqu::journal::detail {
namespace {

constexpr std::string_view kMagic = "TQA1\n";
constexpr std::int64_t kRecordBytes = static_cast<std::int64_t>(kRecordHead + kAttachmentChunk + kRecordMac);
constexpr std::int64_t kEndRecord = static_cast<std::int64_t>(kRecordHead + kEndBytes + kRecordMac);
constexpr std::size_t kCipherKeyBytes = 16, kDigestBytes = 32;

template <class Number> std::string big_endian(Number value) {
  std::string out(sizeof value, '\0');
  for (std::size_t i = sizeof value; i-- > 0; value = static_cast<Number>(value >> 8U)) out[i] = static_cast<char>(value & 0xffU);
  return out;
}

std::uint64_t number_of(Bytes bytes) {
  std::uint64_t value = 0;
  for (const char c : bytes) value = value << 8U | static_cast<unsigned char>(c);
  return value;
}

Secret derived(const Secret& file_key, const char* label, std::size_t bytes) {
  return Secret(crypto::hmac(crypto::MacAlgorithm::hmac_sm3, file_key, label).substr(0, bytes));
}

std::string record_head(char kind, std::size_t length) { return std::string(1, kind) + big_endian(static_cast<std::uint32_t>(length)); }

} // namespace

Result<void> enter_upload(std::atomic<int>& uploads) {
  if (uploads.fetch_add(1) < kUploadsMax) return {};
  uploads.fetch_sub(1);
  return Error(Errc::journal_attachment_busy);
}

Result<void> check_announced(const Attachments::Announced& announced, std::int64_t bytes_max) {
  if (announced.bytes > bytes_max) return Error(Errc::journal_attachment_too_large);
  if (!announced.digest.empty() && announced.digest.size() != kDigestBytes) return Error(Errc::journal_attachment_digest).at("digest");
  return {};
}

void Descriptor::reset() noexcept {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

bool write_at(int fd, Bytes bytes, std::int64_t offset) {
  while (!bytes.empty()) {
    const ssize_t done = ::pwrite(fd, bytes.data(), bytes.size(), offset);
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(done));
    offset += done;
  }
  return true;
}

std::int64_t read_at(int fd, char* into, std::size_t size, std::int64_t offset) {
  std::size_t got = 0;
  while (got < size) {
    const ssize_t done = ::pread(fd, into + got, size - got, offset + static_cast<std::int64_t>(got));
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return -1;
    if (done == 0) break;
    got += static_cast<std::size_t>(done);
  }
  return static_cast<std::int64_t>(got);
}

RecordCipher::RecordCipher(const Secret& file_key)
    : cipher_key_(derived(file_key, "tongqu-attachment-cipher-1", kCipherKeyBytes)),
      mac_(crypto::MacAlgorithm::hmac_sm3, derived(file_key, "tongqu-attachment-mac-1", 32)) {}

std::string RecordCipher::mac_of(char kind, std::uint64_t index, Bytes cipher) {
  mac_.begin();
  mac_.update(record_head(kind, cipher.size()) + big_endian(index));
  mac_.update(cipher);
  return mac_.finish();
}

Result<std::string> RecordCipher::seal(char kind, std::uint64_t index, Bytes plain) {
  TONGQU_TRY(const std::string cipher, crypto::sm4_ctr(cipher_key_, big_endian(index) + std::string(8, '\0'), plain));
  std::string record = record_head(kind, plain.size());
  record.reserve(record.size() + cipher.size() + kRecordMac);
  record += cipher;
  record += mac_of(kind, index, cipher);
  return record;
}

Result<std::optional<std::string>> RecordCipher::open(char kind, std::uint64_t index, Bytes record) {
  if (record.size() < kRecordHead + kRecordMac) return std::optional<std::string>();
  const Bytes cipher = record.substr(kRecordHead, record.size() - kRecordHead - kRecordMac);
  if (record.substr(0, kRecordHead) != record_head(kind, cipher.size())) return std::optional<std::string>();
  if (!equal_constant_time(mac_of(kind, index, cipher), record.substr(record.size() - kRecordMac))) return std::optional<std::string>();
  TONGQU_TRY(std::string plain, crypto::sm4_ctr(cipher_key_, big_endian(index) + std::string(8, '\0'), cipher));
  return std::optional<std::string>(std::move(plain));
}

std::string end_text(const AttachmentFacts& facts) { return facts.digest + big_endian(static_cast<std::uint64_t>(facts.bytes)); }

std::optional<AttachmentFacts> facts_of_end(Bytes end, std::string name) {
  if (end.size() != kEndBytes) return std::nullopt;
  return AttachmentFacts{std::string(end.substr(0, kDigestBytes)), static_cast<std::int64_t>(number_of(end.substr(kDigestBytes))), std::move(name)};
}

std::string slot_text(const FileSlot& slot) {
  std::string text = big_endian(static_cast<std::uint16_t>(slot.key_id.size())) + big_endian(static_cast<std::uint16_t>(slot.box.size())) + slot.key_id + slot.box;
  text.resize(static_cast<std::size_t>(kAttachmentSlot), '\0');
  return text;
}

std::optional<FileSlot> read_slot(int fd, int which) {
  std::string text(static_cast<std::size_t>(kAttachmentSlot), '\0');
  if (read_at(fd, text.data(), text.size(), kAttachmentSlot * (1 + which)) != kAttachmentSlot) return std::nullopt;
  const std::size_t key_id = number_of(Bytes(text).substr(0, 2)), box = number_of(Bytes(text).substr(2, 2));
  if (key_id == 0 || box == 0 || 4 + key_id + box > text.size()) return std::nullopt;
  return FileSlot{text.substr(4, key_id), text.substr(4 + key_id, box)};
}

Result<void> write_slot(int fd, int which, Bytes text) {
  const bool first = which == 0 && !write_at(fd, std::string(kMagic) + std::string(static_cast<std::size_t>(kAttachmentSlot) - kMagic.size(), '\0'), 0);
  if (first || !write_at(fd, text, kAttachmentSlot * (1 + which))) return Error(Errc::journal_write);
  return {};
}

Result<std::string> seal_file_key(const Sealing& sealing, const Secret& file_key, const std::string& name) {
  TONGQU_TRY(std::string box, sealing.seal(file_key.reveal(), name, "attachment"));
  if (4 + sealing.key_id().size() + box.size() > static_cast<std::size_t>(kAttachmentSlot)) return Error(Errc::journal_attachment_store).at("key_id");
  return slot_text({sealing.key_id(), std::move(box)});
}

Error broken_attachment(const std::string& name, const char* what) { return Error(Errc::journal_attachment_broken).at("attachment " + name).with(what); }

namespace {

/// A reseal fills one slot and then wipes the other. Whoever looks at both in that moment may find neither, and looks again.
std::optional<FileHead> look_at_slots(int fd, const Sealing& sealing, const std::string& name) {
  std::optional<FileHead> head;
  int filled = 0;
  for (int which = 0; which < 2; ++which) {
    const auto slot = read_slot(fd, which);
    if (!slot) continue;
    ++filled;
    auto key = sealing.open(slot->box, slot->key_id, name, "attachment");
    if (!key || key->size() != 32) continue;
    // Both open when a reseal was cut off between its two steps: the key in force is the one to keep.
    if (head && slot->key_id != sealing.key_id()) continue;
    head = FileHead{Secret(*std::move(key)), which, slot->key_id, true};
  }
  if (head) head->only = filled == 1;
  return head;
}

} // namespace

Result<FileHead> open_head(int fd, const Sealing& sealing, const std::string& name) {
  constexpr int kLooks = 3;
  std::string magic(kMagic.size(), '\0');
  if (read_at(fd, magic.data(), magic.size(), 0) < 0) return Error(Errc::journal_read).at("attachment " + name);
  if (magic != kMagic) return broken_attachment(name, "head");
  for (int look = 0; look < kLooks; ++look) {
    if (auto head = look_at_slots(fd, sealing, name)) return *std::move(head);
  }
  return broken_attachment(name, "key");
}

std::optional<FileShape> shape_of(std::int64_t file_bytes) {
  const std::int64_t records = file_bytes - kAttachmentData - kEndRecord;
  if (records < 0) return std::nullopt;
  FileShape shape;
  const std::int64_t whole = records / kRecordBytes, rest = records % kRecordBytes;
  const std::int64_t frame = static_cast<std::int64_t>(kRecordHead + kRecordMac);
  if (rest != 0 && rest <= frame) return std::nullopt;
  shape.bytes = whole * static_cast<std::int64_t>(kAttachmentChunk) + (rest == 0 ? 0 : rest - frame);
  shape.records = static_cast<std::uint64_t>(whole) + (rest == 0 ? 0U : 1U);
  shape.end_offset = file_bytes - kEndRecord;
  return shape;
}

Result<OpenedFile> open_file(int fd, const Sealing& sealing, const std::string& name) {
  OpenedFile file;
  TONGQU_TRY(file.head, open_head(fd, sealing, name));
  struct stat status = {};
  if (::fstat(fd, &status) != 0) return Error(Errc::journal_read).at("attachment " + name);
  const auto shape = shape_of(status.st_size);
  if (!shape) return broken_attachment(name, "size");
  file.shape = *shape;
  std::string record(static_cast<std::size_t>(kEndRecord), '\0');
  if (read_at(fd, record.data(), record.size(), shape->end_offset) != kEndRecord) return Error(Errc::journal_read).at("attachment " + name);
  RecordCipher cipher(file.head.file_key);
  TONGQU_TRY(const auto end, cipher.open('e', shape->records, record));
  auto facts = end ? facts_of_end(*end, name) : std::nullopt;
  if (!facts) return broken_attachment(name, "end");
  file.facts = *std::move(facts);
  if (file.facts.bytes != shape->bytes) return broken_attachment(name, "length");
  return file;
}

} // namespace tongqu::journal::detail
