#include "journal/attachment_folder.hpp"

#include <algorithm>
#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "journal/files.hpp"

namespace tongqu::journal::detail {
namespace {

constexpr std::string_view kAttachment = ".att", kPart = ".part";
constexpr const char* kKeyFile = "/names.key";
constexpr const char* kOwner = "names";
constexpr const char* kColumn = "attachments";

bool ends_with(std::string_view text, std::string_view end) { return text.size() >= end.size() && text.substr(text.size() - end.size()) == end; }

std::vector<std::string> entries_of(const std::string& path) {
  std::vector<std::string> found;
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(path.c_str()), ::closedir);
  if (!folder) return found;
  while (const dirent* one = ::readdir(folder.get())) found.emplace_back(one->d_name);
  return found;
}

Error unusable(const std::string& where) { return Error(Errc::journal_attachment_store).at(where); }
Error no_room_or(Error otherwise) { return errno == ENOSPC || errno == EDQUOT ? Error(Errc::journal_disk_low) : std::move(otherwise); }

} // namespace

Result<void> AttachmentFolder::load(Access access) {
  access_ = access;
  struct stat status = {};
  if (::lstat(path_.c_str(), &status) != 0) return errno == ENOENT ? Result<void>() : Result<void>(unusable(path_));
  if (!S_ISDIR(status.st_mode)) return unusable(path_);
  const Descriptor file(::open((path_ + kKeyFile).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file) {
    // Without the key of the names nothing here can be found again: that is no new folder.
    if (errno == ENOENT && names().empty()) return {};
    return unusable(path_ + kKeyFile);
  }
  const auto slot = read_slot(file.get(), 0);
  if (!slot) return unusable(path_ + kKeyFile);
  auto key = sealing_.open(slot->box, slot->key_id, kOwner, kColumn);
  if (!key || key->size() != 32) return Error(Errc::journal_open).at("seal_key").because(unusable(path_ + kKeyFile));
  names_key_ = Secret(*std::move(key));
  there_.store(true);
  if (access_ == Access::read) return {};
  remove_ending(kPart);
  remove_gone();
  return {};
}

Result<void> AttachmentFolder::make_folder() {
  if (::mkdir(path_.c_str(), 0700) == 0) {
    if (!sync_folder_of(path_)) return unusable(path_);
    return {};
  }
  struct stat status = {};
  if (errno == EEXIST && ::lstat(path_.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) return {};
  return no_room_or(unusable(path_));
}

Result<void> AttachmentFolder::make() {
  if (there_.load()) return {};
  if (access_ == Access::read) return Error(Errc::journal_read_only);
  const std::lock_guard lock(mutex_);
  if (there_.load()) return {};
  TONGQU_CHECK(make_folder());
  Secret key(crypto::random_bytes(32));
  TONGQU_CHECK(write_key(key));
  names_key_ = std::move(key);
  there_.store(true);
  return {};
}

Result<void> AttachmentFolder::write_key(const Secret& key) {
  TONGQU_TRY(std::string box, sealing_.seal(key.reveal(), kOwner, kColumn));
  const std::string part = path_ + kKeyFile + std::string(kPart);
  const Descriptor file(::open(part.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) return no_room_or(unusable(part));
  if (!write_slot(file.get(), 0, slot_text({sealing_.key_id(), std::move(box)})) || ::fsync(file.get()) != 0 ||
      ::rename(part.c_str(), (path_ + kKeyFile).c_str()) != 0) {
    const Error why = no_room_or(Error(Errc::journal_write));
    ::unlink(part.c_str());
    return why;
  }
  if (!sync_folder_of(path_ + "/")) return Error(Errc::journal_write);
  return {};
}

Result<void> AttachmentFolder::reseal_key() {
  const std::lock_guard lock(mutex_);
  if (!there_.load()) return {};
  return write_key(names_key_);
}

Result<std::string> AttachmentFolder::name_of(std::string_view digest) const {
  if (!there_.load()) return unusable(path_);
  return to_hex(crypto::hmac(crypto::MacAlgorithm::hmac_sm3, names_key_, digest));
}

std::string AttachmentFolder::new_part() const { return path_ + "/" + to_hex(crypto::random_bytes(16)) + std::string(kPart); }

Descriptor AttachmentFolder::open_name(const std::string& name, int flags) const {
  return Descriptor(::open(file(name).c_str(), flags | O_CLOEXEC | O_NOFOLLOW));
}

std::vector<std::string> AttachmentFolder::names() const {
  std::vector<std::string> found;
  for (std::string& one : entries_of(path_)) {
    if (!ends_with(one, kAttachment)) continue;
    one.resize(one.size() - kAttachment.size());
    found.push_back(std::move(one));
  }
  std::sort(found.begin(), found.end());
  return found;
}

void AttachmentFolder::remove_ending(std::string_view end) const {
  for (const std::string& one : entries_of(path_)) {
    if (ends_with(one, end)) ::unlink((path_ + "/" + one).c_str());
  }
}

std::optional<std::int64_t> AttachmentFolder::renewed_ms(const std::string& name) const {
  struct stat status = {};
  if (::lstat(file(name).c_str(), &status) != 0) return std::nullopt;
  return static_cast<std::int64_t>(status.st_mtim.tv_sec) * 1000 + status.st_mtim.tv_nsec / 1000000;
}

Result<void> AttachmentFolder::renew(const std::string& path, UtcMillis when) const {
  const std::int64_t ms = to_epoch_ms(when);
  timespec time = {};
  time.tv_sec = static_cast<time_t>(ms / 1000);
  time.tv_nsec = static_cast<long>(ms % 1000) * 1000000L;
  const timespec times[2] = {time, time};
  if (::utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW) != 0) return Error(Errc::journal_write);
  return {};
}

std::int64_t AttachmentFolder::free_bytes() const {
  struct statvfs status = {};
  if (::statvfs(path_.c_str(), &status) != 0) return INT64_MAX;
  return static_cast<std::int64_t>(status.f_bavail) * static_cast<std::int64_t>(status.f_frsize);
}

} // namespace tongqu::journal::detail
