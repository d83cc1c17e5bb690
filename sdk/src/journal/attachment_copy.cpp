#include "journal/attachment_copy.hpp"

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include "journal/attachment_file.hpp"
#include "journal/attachment_folder.hpp"
#include "journal/files.hpp"

namespace tongqu::journal::detail {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPiece = std::size_t{256} << 10U;

Error failed(const std::string& where) { return errno == ENOSPC || errno == EDQUOT ? Error(Errc::journal_disk_low).at(where) : Error(Errc::journal_backup).at(where); }

/// A folder that goes away unless it gets its name.
class PartFolder {
public:
  explicit PartFolder(std::string path) : path_(std::move(path)) { remove(); }
  ~PartFolder() { remove(); }
  PartFolder(const PartFolder&) = delete;
  PartFolder& operator=(const PartFolder&) = delete;
  const std::string& path() const noexcept { return path_; }

private:
  void remove() const {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  const std::string path_;
};

/// False when the file is not there any more.
Result<bool> copy_file(const std::string& from, const std::string& to) {
  const Descriptor in(::open(from.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!in && errno == ENOENT) return false;
  if (!in) return failed(from);
  const Descriptor out(::open(to.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!out) return failed(to);
  std::string piece(kPiece, '\0');
  for (std::int64_t at = 0;;) {
    const std::int64_t got = read_at(in.get(), piece.data(), piece.size(), at);
    if (got < 0) return failed(from);
    if (got == 0) break;
    if (!write_at(out.get(), Bytes(piece.data(), static_cast<std::size_t>(got)), at)) return failed(to);
    at += got;
  }
  struct stat status = {};
  if (::fstat(in.get(), &status) != 0) return failed(from);
  const timespec times[2] = {status.st_mtim, status.st_mtim};
  if (::futimens(out.get(), times) != 0 || ::fsync(out.get()) != 0) return failed(to);
  return true;
}

/// A change of keys may go on in the middle of a head that is being copied: then it is copied again.
Result<void> copy_attachment(const AttachmentFolder& from, const AttachmentFolder& to, const std::string& name, const Sealing& sealing) {
  for (int tries = 0; tries < 2; ++tries) {
    TONGQU_TRY(const bool there, copy_file(from.file(name), to.file(name)));
    if (!there) return {};
    const Descriptor copied = to.open_name(name, O_RDONLY);
    if (copied && open_head(copied.get(), sealing, name)) return {};
  }
  return {}; // It is as broken as the one that it was made of; whoever checks the copy is told.
}

} // namespace

Result<void> copy_attachments(const std::string& from, const std::string& to, const Sealing& sealing) {
  AttachmentFolder source(from, sealing);
  TONGQU_CHECK(source.load(AttachmentFolder::Access::read));
  if (!source.there()) return {};
  if (size_of_file(to) >= 0) return Error(Errc::journal_backup).at(to).with("exists");
  const PartFolder part(to + ".part");
  if (::mkdir(part.path().c_str(), 0700) != 0) return failed(part.path());
  const AttachmentFolder into(part.path(), sealing);
  for (const std::string& name : source.names()) TONGQU_CHECK(copy_attachment(source, into, name, sealing));
  // The key of the names comes last: as long as it is missing nobody takes the folder for one.
  TONGQU_CHECK(copy_file(from + "/names.key", part.path() + "/names.key"));
  if (!sync_folder_of(part.path() + "/") || ::rename(part.path().c_str(), to.c_str()) != 0) return failed(to);
  return sync_folder_of(to);
}

} // namespace tongqu::journal::detail
