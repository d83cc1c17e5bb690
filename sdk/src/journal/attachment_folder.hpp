#pragma once
#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "journal/attachment_file.hpp"
#include "tongqu/base/clock.hpp"

namespace tongqu::journal::detail {

/// The folder of a store's attachments: names, times, the key of the names. "<64 hex>.att" is an attachment, "*.part" one on its way in,
/// "*.gone" one on its way out, "names.key" the sealed key under which names are derived. Safe from several threads; who changes names
/// holds the lock of the store.
class AttachmentFolder {
public:
  enum class Access : std::uint8_t { write, read };
  /// @param sealing  Must outlive the folder.
  AttachmentFolder(std::string path, const Sealing& sealing) : path_(std::move(path)), sealing_(sealing) {}

  /// Reads the key of the names, if there is a folder; with `write`, removes what a dead process left half.
  /// @errors journal.attachment_store (where: the folder), journal.open (where: seal_key).
  Result<void> load(Access access);
  /// Makes the folder and the key of its names, once. @errors journal.attachment_store, journal.disk_low, journal.read_only.
  Result<void> make();
  bool there() const noexcept { return there_.load(); }
  const std::string& path() const noexcept { return path_; }

  /// HMAC-SM3 of a digest under the key of the names: whoever sees the folder cannot tell whether it holds a file that he knows.
  /// @errors journal.attachment_store when there is no folder.
  Result<std::string> name_of(std::string_view digest) const;
  std::string file(const std::string& name) const { return path_ + "/" + name + ".att"; }
  std::string gone(const std::string& name) const { return path_ + "/" + name + ".gone"; }
  std::string new_part() const;
  Descriptor open_name(const std::string& name, int flags) const;

  /// Names of all attachments, sorted.
  std::vector<std::string> names() const;
  std::optional<std::int64_t> renewed_ms(const std::string& name) const;
  Result<void> renew(const std::string& path, UtcMillis when) const;
  std::int64_t free_bytes() const;
  void remove_gone() const { remove_ending(".gone"); }
  /// Seals the key of the names under the key in force. @errors journal.disk_low, journal.write.
  Result<void> reseal_key();

private:
  Result<void> make_folder();
  Result<void> write_key(const Secret& key);
  void remove_ending(std::string_view end) const;
  const std::string path_;
  const Sealing& sealing_;
  Access access_ = Access::write;
  std::mutex mutex_;             ///< Of make and reseal_key.
  std::atomic<bool> there_{false};
  Secret names_key_;             ///< Written once, before `there_`.
};

} // namespace tongqu::journal::detail
