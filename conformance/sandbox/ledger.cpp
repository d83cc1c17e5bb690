#include "conformance/sandbox/ledger.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

#include "conformance/sandbox/checks.hpp"
#include "tongqu/wire/json.hpp"

namespace tongqu::sandbox {
namespace {

constexpr std::size_t kPieceBytes = std::size_t{1} << 20;
// A message of the largest size, every byte of it escaped in six.
constexpr std::size_t kLineBytesMax = std::size_t{64} << 20;

void optional_member(wire::JsonWriter& json, std::string_view name, std::string_view value) {
  if (!value.empty()) json.member(name, value);
}

/// A new file's name must survive a power cut as well as its content.
void sync_folder_of(const std::string& path) {
  const auto parent = std::filesystem::path(path).parent_path();
  const int folder = ::open(parent.empty() ? "." : parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return;
  ::fsync(folder);
  ::close(folder);
}

} // namespace

void append_line(const LedgerLine& line, std::string& out) {
  wire::JsonWriter json(out);
  json.begin_object();
  json.member("kind", line.kind);
  json.member("time", beijing_rfc3339(line.time_ms));
  optional_member(json, "messageId", line.message_id);
  optional_member(json, "sourceSystem", line.source_system);
  optional_member(json, "stage", line.stage);
  optional_member(json, "project_no", line.project_no);
  optional_member(json, "digest", line.digest);
  optional_member(json, "receiptNo", line.receipt_no);
  if (line.kind == "taken") {
    json.key("duplicate");
    json.boolean(line.duplicate);
  }
  optional_member(json, "code", line.code);
  optional_member(json, "fields", line.fields);
  optional_member(json, "requester", line.requester);
  optional_member(json, "data", line.data);
  json.end_object();
  out.push_back('\n');
}

Result<LedgerLine> parse_line(std::string_view text) {
  auto document = wire::parse_json(text);
  if (!document || document->root().kind() != wire::NodeKind::object) return Error(Errc::conform_ledger_invalid);
  const wire::Node root = document->root();
  const auto member = [&root](std::string_view name) {
    const wire::Node node = root.child(name);
    return node ? std::string(node.raw_text()) : std::string();
  };
  LedgerLine line;
  line.kind = member("kind");
  const auto time = read_rfc3339(member("time"));
  const bool known = line.kind == "taken" || line.kind == "refused" || line.kind == "fault";
  if (!known || !time) return Error(Errc::conform_ledger_invalid);
  line.time_ms = *time;
  line.message_id = member("messageId");
  line.source_system = member("sourceSystem");
  line.stage = member("stage");
  line.project_no = member("project_no");
  line.digest = member("digest");
  line.receipt_no = member("receiptNo");
  line.duplicate = member("duplicate") == "true";
  line.code = member("code");
  line.fields = member("fields");
  line.requester = member("requester");
  line.data = member("data");
  return line;
}

Result<std::uint64_t> read_ledger(const std::string& path, const std::function<void(LedgerLine)>& take) {
  std::error_code unknown;
  std::ifstream in(path, std::ios::binary);
  // A device would go on for ever.
  if (!in || !std::filesystem::is_regular_file(path, unknown)) return Error(Errc::base_file_unreadable).at(path);
  std::string held;
  std::string piece(kPieceBytes, '\0');
  std::uint64_t bytes = 0;
  std::uint64_t number = 0;
  while (in.read(piece.data(), static_cast<std::streamsize>(piece.size())), in.gcount() > 0) {
    held.append(piece, 0, static_cast<std::size_t>(in.gcount()));
    std::size_t at = 0;
    for (std::size_t end = held.find('\n'); end != std::string::npos; end = held.find('\n', at)) {
      ++number;
      auto line = parse_line(std::string_view(held).substr(at, end - at));
      if (!line) return Error(Errc::conform_ledger_invalid).at(path + ":" + std::to_string(number));
      take(*std::move(line));
      bytes += end + 1 - at;
      at = end + 1;
    }
    held.erase(0, at);
    if (held.size() > kLineBytesMax) return Error(Errc::conform_ledger_invalid).at(path + ":" + std::to_string(number + 1));
  }
  if (in.bad()) return Error(Errc::base_file_unreadable).at(path);
  return bytes;
}

Result<std::unique_ptr<LedgerWriter>> LedgerWriter::open(const std::string& path, const std::function<void(LedgerLine)>& take) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0) return Error(Errc::conform_ledger_unwritable).at(path);
  // Locked before it is read: cutting off a tail that another sandbox still writes would lose what it has answered.
  if (::flock(file, LOCK_EX | LOCK_NB) != 0) {
    ::close(file);
    return Error(Errc::conform_ledger_in_use).at(path);
  }
  const auto whole_bytes = read_ledger(path, take);
  if (!whole_bytes) {
    ::close(file);
    return whole_bytes.error();
  }
  if (::fchmod(file, 0600) != 0 || ::ftruncate(file, static_cast<off_t>(*whole_bytes)) != 0 || ::fdatasync(file) != 0) {
    ::close(file);
    return Error(Errc::conform_ledger_unwritable).at(path);
  }
  sync_folder_of(path);
  return std::unique_ptr<LedgerWriter>(new LedgerWriter(file));
}

LedgerWriter::LedgerWriter(int file) : file_(file), thread_([this] { run(); }) {}

LedgerWriter::~LedgerWriter() {
  close();
  ::close(file_);
}

void LedgerWriter::append(std::string_view lines, Done done) {
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    wake = waiting_.empty();
    lines_.append(lines);
    waiting_.push_back(std::move(done));
  }
  if (wake) wake_.notify_one();
}

void LedgerWriter::close() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void LedgerWriter::run() {
  std::string lines;
  std::vector<Done> waiting;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return closing_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      lines.swap(lines_);
      waiting.swap(waiting_);
    }
    // After one failure nothing is certain about the file any more, so no later success is claimed.
    if (!failed_ && !lines.empty()) failed_ = !write_all(lines) || ::fdatasync(file_) != 0;
    for (const Done& done : waiting) done(!failed_);
    lines.clear();
    waiting.clear();
  }
}

bool LedgerWriter::write_all(const std::string& lines) const {
  std::size_t at = 0;
  while (at < lines.size()) {
    const ssize_t written = ::write(file_, lines.data() + at, lines.size() - at);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    at += static_cast<std::size_t>(written);
  }
  return true;
}

} // namespace tongqu::sandbox
