#include "journal/audit_head.hpp"

#include <charconv>
#include <fcntl.h>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/files.hpp"

namespace tongqu::journal::detail {
namespace {

constexpr std::string_view kName = "tongqu-audit-head";
constexpr std::size_t kHeadBytesMax = 4096;

bool write_whole(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const auto count = ::write(descriptor, text.data(), text.size());
    if (count <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

/// Takes "name value\n" off the front.
bool take_line(std::string_view& text, std::string_view name, std::string_view& value) {
  const auto end = text.find('\n');
  if (end == std::string_view::npos || text.substr(0, name.size()) != name || end <= name.size() || text[name.size()] != ' ') return false;
  value = text.substr(name.size() + 1, end - name.size() - 1);
  text.remove_prefix(end + 1);
  return true;
}

bool read_number(std::string_view text, std::int64_t& number) {
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  return failure == std::errc() && end == text.data() + text.size();
}

} // namespace

Result<AuditHead> parse_head(std::string_view text) {
  const Error broken = Error(Errc::journal_audit_head);
  AuditHead head;
  std::string_view version, sequence, at, mac, from, root, signature;
  if (!take_line(text, kName, version) || (version != "1" && version != "2")) return broken;
  if (!take_line(text, "sequence", sequence) || !read_number(sequence, head.tip.sequence)) return broken;
  if (!take_line(text, "at_ms", at) || !read_number(at, head.tip.at_ms)) return broken;
  if (!take_line(text, "mac", mac)) return broken;
  auto mac_bytes = from_hex(mac);
  if (!mac_bytes || mac_bytes->size() != 32) return broken;
  head.tip.mac = *std::move(mac_bytes);
  if (version == "2") {
    if (!take_line(text, "from", from) || !read_number(from, head.from) || head.from < 1 || head.from > head.tip.sequence + 1) return broken;
    if (!take_line(text, "root", root)) return broken;
    auto root_bytes = from_hex(root);
    if (!root_bytes || root_bytes->size() != 32) return broken;
    head.root = *std::move(root_bytes);
  }
  if (text.empty()) return head;
  if (!take_line(text, "signature", signature) || !text.empty()) return broken;
  auto signature_bytes = from_base64(signature);
  if (!signature_bytes || signature_bytes->empty()) return broken;
  head.signature = *std::move(signature_bytes);
  return head;
}

std::string head_body(const AuditHead& head) {
  std::string out(kName);
  out += head.from == 0 ? " 1" : " 2";
  out += "\nsequence " + std::to_string(head.tip.sequence) + "\nat_ms " + std::to_string(head.tip.at_ms) + "\nmac " + to_hex(head.tip.mac) + "\n";
  if (head.from != 0) out += "from " + std::to_string(head.from) + "\nroot " + to_hex(head.root) + "\n";
  return out;
}

Result<void> write_head(const std::string& path, const AuditHead& head) {
  std::string text = head_body(head);
  if (!head.signature.empty()) text += "signature " + to_base64(head.signature) + "\n";
  const std::string beside = path + ".tmp";
  const int descriptor = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (descriptor < 0) return Error(Errc::base_file_unwritable).at(beside);
  const bool written = write_whole(descriptor, text) && ::fsync(descriptor) == 0;
  if (::close(descriptor) != 0 || !written || ::rename(beside.c_str(), path.c_str()) != 0) {
    ::unlink(beside.c_str());
    return Error(Errc::base_file_unwritable).at(path);
  }
  return sync_folder_of(path);
}

Result<std::optional<AuditHead>> read_head(const std::string& path) {
  struct stat status = {};
  if (::stat(path.c_str(), &status) != 0) return std::optional<AuditHead>();
  std::ifstream file(path, std::ios::binary);
  std::string text(kHeadBytesMax + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kHeadBytesMax) return Error(Errc::journal_audit_head).at(path);
  auto head = parse_head(text);
  if (!head) return std::move(head).error().at(path);
  return std::optional<AuditHead>(*std::move(head));
}

} // namespace tongqu::journal::detail
