#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "archive/inflate.hpp"
#include "tongqu/wire/archive.hpp"

namespace tongqu::wire {
namespace {

using detail::at_offset;

constexpr std::size_t kEndBytes = 22, kCommentBytesMax = 65535, kCentralBytes = 46, kLocalBytes = 30;
constexpr std::uint32_t kEndSignature = 0x06054b50, kCentralSignature = 0x02014b50, kLocalSignature = 0x04034b50;
constexpr std::uint16_t kEncrypted = 0x0001, kDescriptor = 0x0008, kPatched = 0x0020, kStrong = 0x0040, kUtf8Names = 0x0800, kMasked = 0x2000;
constexpr std::uint16_t kUnicodePathField = 0x7075;
constexpr std::uint16_t kStored = 0, kDeflate = 8;
constexpr std::uint32_t kUnixLink = 0xA000, kUnixKind = 0xF000;
constexpr std::uint8_t kMadeByUnix = 3;
constexpr int kFilesQuirk = 52;

std::uint32_t number(Bytes bytes, std::size_t at, std::size_t size) {
  std::uint32_t value = 0;
  for (std::size_t i = size; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}
std::uint16_t two(Bytes bytes, std::size_t at) { return static_cast<std::uint16_t>(number(bytes, at, 2)); }
std::uint32_t four(Bytes bytes, std::size_t at) { return number(bytes, at, 4); }

struct Directory { std::size_t at = 0, size = 0, end = 0; std::uint16_t count = 0; };

Result<Directory> find_directory(Bytes bytes) {
  if (bytes.size() < kEndBytes) return at_offset(Errc::wire_zip_invalid, bytes.size());
  const std::size_t lowest = bytes.size() - std::min(bytes.size(), kEndBytes + kCommentBytesMax);
  for (std::size_t at = bytes.size() - kEndBytes + 1; at-- > lowest;) {
    if (four(bytes, at) != kEndSignature || at + kEndBytes + two(bytes, at + 20) != bytes.size()) continue;
    Directory directory{four(bytes, at + 16), four(bytes, at + 12), at, two(bytes, at + 10)};
    if (two(bytes, at + 4) != 0 || two(bytes, at + 6) != 0 || two(bytes, at + 8) != directory.count) return at_offset(Errc::wire_zip_feature, at).with("several disks");
    if (directory.count == 0xFFFF || directory.at == 0xFFFFFFFF) return at_offset(Errc::wire_zip_feature, at).with("zip64");
    if (directory.at > at || directory.size != at - directory.at) return at_offset(Errc::wire_zip_invalid, at).with("directory");
    return directory;
  }
  return at_offset(Errc::wire_zip_invalid, bytes.size()).with("no directory");
}

/// One row of the central directory as it stands.
struct Row {
  std::size_t at = 0, size = 0;
  std::uint16_t flags = 0;
  std::string_view raw_name, extra;
  bool link = false;
  std::size_t local_at = 0;
  ZipEntry entry;
};

Result<Row> read_row(Bytes bytes, std::size_t at, std::size_t end) {
  Row row;
  row.at = at;
  if (end - at < kCentralBytes || four(bytes, at) != kCentralSignature) return at_offset(Errc::wire_zip_invalid, at).with("directory entry");
  const std::size_t name = two(bytes, at + 28), extra = two(bytes, at + 30), comment = two(bytes, at + 32);
  row.size = kCentralBytes + name + extra + comment;
  if (end - at < row.size) return at_offset(Errc::wire_zip_invalid, at).with("directory entry");
  row.flags = two(bytes, at + 8);
  row.entry.method = two(bytes, at + 10);
  row.entry.crc = four(bytes, at + 16);
  row.entry.packed_bytes = four(bytes, at + 20);
  row.entry.bytes = four(bytes, at + 24);
  row.local_at = four(bytes, at + 42);
  row.raw_name = bytes.substr(at + kCentralBytes, name);
  row.extra = bytes.substr(at + kCentralBytes + name, extra);
  row.link = (two(bytes, at + 4) >> 8) == kMadeByUnix && (four(bytes, at + 38) >> 16 & kUnixKind) == kUnixLink;
  if ((row.flags & (kEncrypted | kPatched | kStrong | kMasked)) != 0) return at_offset(Errc::wire_zip_feature, at).with("encrypted");
  if (row.entry.method != kStored && row.entry.method != kDeflate) return at_offset(Errc::wire_zip_feature, at).with("method");
  if (row.entry.packed_bytes == 0xFFFFFFFF || row.entry.bytes == 0xFFFFFFFF || row.local_at == 0xFFFFFFFF) return at_offset(Errc::wire_zip_feature, at).with("zip64");
  if (row.link) return at_offset(Errc::wire_zip_feature, at).with("link");
  return row;
}

/// The local header must say what the directory says; what differs would be read differently by another program.
Result<std::size_t> check_local(Bytes bytes, const Row& row, std::size_t directory_at) {
  const std::size_t at = row.local_at;
  const auto wrong = [at](const char* what) { return at_offset(Errc::wire_zip_invalid, at).with(what); };
  if (at > directory_at || directory_at - at < kLocalBytes || four(bytes, at) != kLocalSignature) return wrong("local header");
  const std::size_t name = two(bytes, at + 26), extra = two(bytes, at + 28);
  if (directory_at - at - kLocalBytes < name + extra || bytes.substr(at + kLocalBytes, name) != row.raw_name) return wrong("local name");
  if (two(bytes, at + 8) != row.entry.method || ((two(bytes, at + 6) ^ row.flags) & (kEncrypted | kUtf8Names)) != 0) return wrong("local header");
  const std::uint32_t packed = four(bytes, at + 18), plain = four(bytes, at + 22), crc = four(bytes, at + 14);
  const bool later = (row.flags & kDescriptor) != 0 && packed == 0 && plain == 0 && crc == 0;
  if (!later && (packed != row.entry.packed_bytes || plain != row.entry.bytes || crc != row.entry.crc)) return wrong("local sizes");
  const std::size_t data = at + kLocalBytes + name + extra;
  if (directory_at - data < row.entry.packed_bytes) return wrong("data");
  return data;
}

/// Info-ZIP's extra field with the name in UTF-8, when it was made for this name.
std::optional<std::string_view> unicode_path(const Row& row) {
  std::string_view rest = row.extra;
  while (rest.size() >= 4) {
    const std::size_t size = two(rest, 2);
    if (rest.size() < 4 + size) return std::nullopt;
    const std::string_view field = rest.substr(4, size);
    if (two(rest, 0) == kUnicodePathField && size > 5 && field[0] == 1 && four(field, 1) == detail::crc32_of(row.raw_name)) return field.substr(5);
    rest.remove_prefix(4 + size);
  }
  return std::nullopt;
}

bool stays_inside(std::string_view name) {
  if (name.empty() || name.front() == '/' || (name.size() > 1 && name[1] == ':')) return false;
  for (std::size_t start = 0; start < name.size();) {
    const std::size_t end = std::min(name.find('/', start), name.size());
    const std::string_view part = name.substr(start, end - start);
    if (part.empty() || part == "." || part == "..") return false;
    start = end + 1;
  }
  return std::none_of(name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

Result<std::string> read_name(const Row& row, Encoding legacy, bool& used_legacy) {
  const auto from_field = unicode_path(row);
  const bool ascii = std::all_of(row.raw_name.begin(), row.raw_name.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  const bool marked = (row.flags & kUtf8Names) != 0 || from_field || ascii;
  auto name = decode(from_field ? *from_field : row.raw_name, marked ? Encoding::utf8 : legacy);
  if (!name) return at_offset(Errc::wire_zip_name, row.at).with("encoding");
  used_legacy = used_legacy || !marked;
  std::replace(name->begin(), name->end(), '\\', '/');
  if (!stays_inside(*name)) return at_offset(Errc::wire_zip_name, row.at);
  return name;
}

} // namespace

Result<ZipReader> ZipReader::open(Bytes bytes, const ZipOptions& options, Findings& findings) {
  TONGQU_TRY(const Directory directory, find_directory(bytes));
  if (directory.count > options.limits.entries_max) return at_offset(Errc::wire_archive_limit, directory.end).with("entries");
  ZipReader reader(bytes, options.limits);
  std::set<std::string, std::less<>> names;
  std::vector<std::pair<std::size_t, std::size_t>> ranges;
  bool legacy = false;
  std::size_t at = directory.at;
  for (unsigned i = 0; i < directory.count; ++i) {
    TONGQU_TRY(Row row, read_row(bytes, at, directory.end));
    at += row.size;
    if (row.raw_name.size() > options.limits.name_bytes_max) return at_offset(Errc::wire_archive_limit, row.at).with("name");
    TONGQU_TRY(const std::size_t data, check_local(bytes, row, directory.at));
    ranges.emplace_back(row.local_at, data + row.entry.packed_bytes);
    const bool folder = !row.raw_name.empty() && (row.raw_name.back() == '/' || row.raw_name.back() == '\\') && row.entry.bytes == 0;
    if (folder) row.raw_name.remove_suffix(1);
    TONGQU_TRY(std::string name, read_name(row, options.names, legacy));
    if (!names.insert(name).second) return at_offset(Errc::wire_zip_name, row.at).with("twice");
    if (folder) continue;
    row.entry.name = std::move(name);
    row.entry.data_at = data;
    reader.entries_.push_back(std::move(row.entry));
  }
  if (at != directory.end) return at_offset(Errc::wire_zip_invalid, at).with("directory");
  std::sort(ranges.begin(), ranges.end());
  for (std::size_t i = 1; i < ranges.size(); ++i) {
    if (ranges[i].first < ranges[i - 1].second) return at_offset(Errc::wire_zip_invalid, ranges[i].first).with("overlap");
  }
  if (legacy) {
    Finding finding;
    finding.id = Errc::wire_zip_name_legacy;
    finding.severity = Severity::info;
    finding.quirk = kFilesQuirk;
    findings.add(std::move(finding));
  }
  return reader;
}

Result<void> ZipReader::read_into(std::string& out, const ZipEntry& entry) {
  out.clear();
  const Bytes packed = bytes_.substr(entry.data_at, entry.packed_bytes);
  if (read_bytes_ + entry.bytes > limits_.bytes_max) return at_offset(Errc::wire_archive_limit, entry.data_at).with("bytes");
  if (entry.method == kStored) {
    if (entry.bytes != entry.packed_bytes) return at_offset(Errc::wire_zip_invalid, entry.data_at).with("size");
    out.assign(packed);
  } else {
    std::size_t used = 0;
    // One byte more than declared is enough to see that the declaration lies.
    auto done = detail::inflate_append(out, packed, {detail::Packing::raw, Errc::wire_zip_invalid, limits_.bytes_max - read_bytes_, &limits_}, used);
    if (!done) return at_offset(done.error().code(), entry.data_at + used).with(done.error().detail());
    if (used != packed.size() || out.size() != entry.bytes) return at_offset(Errc::wire_zip_invalid, entry.data_at + used).with("size");
  }
  read_bytes_ += out.size();
  if (detail::crc32_of(out) != entry.crc) return at_offset(Errc::wire_archive_checksum, entry.data_at);
  return {};
}

bool name_matches(std::string_view name, std::string_view pattern) {
  if (pattern.find('/') == std::string_view::npos) name = name.substr(name.rfind('/') + 1);
  std::size_t n = 0, p = 0, star = std::string_view::npos, from = 0;
  const auto next = [](std::string_view text, std::size_t at) {
    do ++at; while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80);
    return at;
  };
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      from = n;
    } else if (p < pattern.size() && pattern[p] == '?') {
      ++p;
      n = next(name, n);
    } else if (p < pattern.size() && pattern[p] == name[n]) {
      ++p;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = from = next(name, from);
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

} // namespace tongqu::wire
