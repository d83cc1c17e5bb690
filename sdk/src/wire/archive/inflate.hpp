#pragma once
#include <cstdint>
#include <string>

#include "tongqu/wire/archive.hpp"

namespace tongqu::wire::detail {

/// How packed bytes are framed.
enum class Packing : std::uint8_t { raw, gzip };

/// Unpacks until the end of the stream, appending to `out`.
/// @param used  Receives the number of packed bytes read.
/// @errors `invalid` for what is no such stream, wire.archive_checksum, wire.archive_limit; where() is the offset in `packed`.
struct InflateJob {
  Packing packing = Packing::raw;
  Errc invalid = Errc::wire_zip_invalid;
  std::size_t bytes_max = 0;          ///< Of `out` in all.
  const ArchiveLimits* limits = nullptr;
};
Result<void> inflate_append(std::string& out, Bytes packed, const InflateJob& job, std::size_t& used);

/// CRC-32 of ISO 3309, as zip and gzip use it.
std::uint32_t crc32_of(Bytes bytes);

Error at_offset(Errc code, std::size_t offset);

} // namespace tongqu::wire::detail
