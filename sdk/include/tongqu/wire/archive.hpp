#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tongqu/base/bytes.hpp"
#include "tongqu/base/finding.hpp"
#include "tongqu/base/result.hpp"
#include "tongqu/wire/encoding.hpp"

/// What was packed for the way: gzip, zip, Base64 that is not strict.
namespace tongqu::wire {

/// Bounds on unpacking. A bomb is stopped while it is unpacked, not afterwards: sizes that an archive declares are never trusted.
struct ArchiveLimits {
  std::size_t bytes_max = std::size_t{8} * 1024 * 1024;   ///< One unpacked file, and all that are read from one archive.
  std::uint32_t ratio_max = 100;                          ///< Unpacked to packed; asked once `ratio_free_bytes` are out.
  std::size_t ratio_free_bytes = std::size_t{256} * 1024; ///< Small texts that repeat themselves may exceed the ratio.
  std::uint32_t entries_max = 1000;
  std::uint32_t name_bytes_max = 1024;
};

/// Unpacks gzip, every member of it, with length and checksum proved. Linear; memory as large as the result.
/// @errors wire.gzip_invalid, archive_checksum, archive_limit; where() is the "offset N" of the packed byte.
/// @source RFC 1952
Result<void> gunzip_into(std::string& out, Bytes packed, const ArchiveLimits& limits);

struct ZipOptions {
  ArchiveLimits limits;
  /// How names without the UTF-8 flag are read. Zip tools of Chinese systems write the code page of the machine.
  Encoding names = Encoding::utf8;
};

/// One file of an archive. A name is an id, never a path of ours: nothing is written anywhere.
struct ZipEntry {
  std::string name;                 ///< UTF-8, "/" between folders also where the writer used "\".
  std::uint32_t packed_bytes = 0;
  std::uint32_t bytes = 0;
  std::uint32_t crc = 0;
  std::uint16_t method = 0;         ///< 0 stored, 8 deflate.
  std::size_t data_at = 0;          ///< First packed byte.
};

/// A zip archive in memory, checked as a whole before the first file is read: central directory against local headers, no overlap,
/// names that stay inside, no name twice, no encryption, no link, no zip64, no second disk.
class ZipReader {
public:
  /// @param bytes     Must outlive the reader.
  /// @param findings  Receives wire.zip_name_legacy when names without the flag needed the declared encoding.
  /// @errors wire.zip_invalid, zip_feature, zip_name, archive_limit; where() is "offset N" in the archive.
  /// @source APPNOTE.TXT 6.3.9, sections 4.3 to 4.5
  static Result<ZipReader> open(Bytes bytes, const ZipOptions& options, Findings& findings);
  /// Files in the order of the directory; folders are left out.
  const std::vector<ZipEntry>& entries() const noexcept { return entries_; }
  /// @errors wire.zip_invalid, archive_checksum, archive_limit; where() is "offset N".
  Result<void> read_into(std::string& out, const ZipEntry& entry);

private:
  ZipReader(Bytes bytes, const ArchiveLimits& limits) : bytes_(bytes), limits_(limits) {}
  Bytes bytes_;
  ArchiveLimits limits_;
  std::vector<ZipEntry> entries_;
  std::size_t read_bytes_ = 0;
};

/// `*` stands for any characters, `?` for one. A pattern without "/" is compared with the last part of the name.
bool name_matches(std::string_view name, std::string_view pattern);

/// What a pack may allow beyond strict Base64. Each is a switch of its own.
struct Base64Tolerance {
  bool breaks = false;     ///< Line ends, blanks and tabs between the characters.
  bool padding = false;    ///< Missing or surplus "=".
  bool url = false;        ///< "-" and "_" for "+" and "/".
  bool data_uri = false;   ///< "data:image/png;base64," in front.
};
/// What was made use of, by the same names.
struct Base64Used { bool breaks = false, padding = false, url = false, data_uri = false; };
/// @errors base.base64_invalid with "offset N" in where().
Result<std::string> read_base64(std::string_view text, const Base64Tolerance& tolerance, Base64Used& used);

} // namespace tongqu::wire
