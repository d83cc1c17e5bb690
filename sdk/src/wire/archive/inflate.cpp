#include "archive/inflate.hpp"

#include <zlib.h>

#include <algorithm>

namespace tongqu::wire::detail {
namespace {

constexpr std::size_t kStepBytes = std::size_t{64} * 1024;
constexpr std::size_t kPieceBytesMax = std::size_t{1} << 30;  // zlib counts in unsigned int.
constexpr int kWindowBits = 15;
constexpr int kGzipOnly = 16;

const Bytef* octets(const char* at) { return reinterpret_cast<const Bytef*>(at); }

class Stream {
public:
  explicit Stream(Packing packing) { good_ = inflateInit2(&stream_, packing == Packing::gzip ? kWindowBits + kGzipOnly : -kWindowBits) == Z_OK; }
  ~Stream() { if (good_) (void)inflateEnd(&stream_); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  bool good() const noexcept { return good_; }
  z_stream& get() noexcept { return stream_; }

private:
  z_stream stream_{};
  bool good_ = false;
};

/// zlib says "incorrect data check" and "incorrect length check" in words only; its inputs tell them apart by the place.
bool is_checksum(const z_stream& stream) {
  const std::string_view text = stream.msg == nullptr ? std::string_view() : std::string_view(stream.msg);
  return text == "incorrect data check" || text == "incorrect length check";
}

} // namespace

Error at_offset(Errc code, std::size_t offset) { return Error(code).at("offset " + std::to_string(offset)); }

std::uint32_t crc32_of(Bytes bytes) {
  uLong crc = crc32(0, nullptr, 0);
  for (std::size_t at = 0; at < bytes.size(); at += kPieceBytesMax) crc = crc32(crc, octets(bytes.data() + at), static_cast<uInt>(std::min(kPieceBytesMax, bytes.size() - at)));
  return static_cast<std::uint32_t>(crc);
}

Result<void> inflate_append(std::string& out, Bytes packed, const InflateJob& job, std::size_t& used) {
  Stream stream(job.packing);
  if (!stream.good()) return Error(Errc::base_internal);
  z_stream& z = stream.get();
  const std::size_t before = out.size();
  std::size_t given = 0;
  for (int state = Z_OK; state != Z_STREAM_END;) {
    if (z.avail_in == 0 && given < packed.size()) {
      const std::size_t piece = std::min(kPieceBytesMax, packed.size() - given);
      z.next_in = const_cast<Bytef*>(octets(packed.data() + given));  // zlib does not write here.
      z.avail_in = static_cast<uInt>(piece);
      given += piece;
    }
    const std::size_t at = out.size();
    out.resize(at + kStepBytes);
    z.next_out = reinterpret_cast<Bytef*>(out.data() + at);
    z.avail_out = static_cast<uInt>(kStepBytes);
    state = inflate(&z, Z_NO_FLUSH);
    out.resize(at + kStepBytes - z.avail_out);
    used = given - z.avail_in;
    const std::size_t made = out.size() - before;
    if (out.size() > job.bytes_max) return at_offset(Errc::wire_archive_limit, used).with("bytes");
    if (made > job.limits->ratio_free_bytes && made / job.limits->ratio_max > used) return at_offset(Errc::wire_archive_limit, used).with("ratio");
    if (state == Z_DATA_ERROR && is_checksum(z)) return at_offset(Errc::wire_archive_checksum, used);
    if (state == Z_MEM_ERROR) throw std::bad_alloc();
    if (state != Z_OK && state != Z_STREAM_END) return at_offset(job.invalid, used);
    if (state == Z_OK && z.avail_in == 0 && given == packed.size() && z.avail_out != 0) return at_offset(job.invalid, used);
  }
  return {};
}

} // namespace tongqu::wire::detail

namespace tongqu::wire {

Result<void> gunzip_into(std::string& out, Bytes packed, const ArchiveLimits& limits) {
  out.clear();
  std::size_t at = 0;
  std::uint32_t members = 0;
  do {
    if (++members > limits.entries_max) return detail::at_offset(Errc::wire_archive_limit, at).with("members");
    std::size_t used = 0;
    const std::size_t before = at;
    auto done = detail::inflate_append(out, packed.substr(at), {detail::Packing::gzip, Errc::wire_gzip_invalid, limits.bytes_max, &limits}, used);
    at += used;
    if (!done) return Error(done.error().code()).at("offset " + std::to_string(at)).with(done.error().detail());
    if (at == before) return detail::at_offset(Errc::wire_gzip_invalid, at);
  } while (at < packed.size());
  return {};
}

} // namespace tongqu::wire
