#include "tongqu/obs/log.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <ctime>
#include <mutex>

namespace tongqu::obs {
namespace {

constexpr std::array<std::string_view, 40> kLoggable = {
    "action", "address", "attempt", "attempts", "b",        "bytes", "c",     "case_no", "count",  "delivered", "delivery", "digest", "entries", "error_id",
    "event",  "family",  "file",    "from",     "key_path", "line",  "ms",    "message_id", "outcome", "pack",  "path",     "peer",   "platform_code", "port",
    "profile", "reason_id", "receipt_no", "route", "size",  "state", "status", "system", "target", "trace_id", "version", "where"};

bool is_plain(char c) noexcept { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f && c != '"' && c != '\\'; }

void append_json_text(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const auto odd = std::find_if_not(text.begin(), text.end(), is_plain);
    const auto plain = static_cast<std::size_t>(odd - text.begin());
    out.append(text.substr(0, plain));
    if (odd == text.end()) break;
    if (*odd == '"' || *odd == '\\') (out += '\\') += *odd;
    else out += ' ';
    text.remove_prefix(plain + 1);
  }
  out += '"';
}

void append_digits(std::string& out, std::int64_t number, int width) {
  std::string digits(static_cast<std::size_t>(width), '0');
  for (std::size_t at = digits.size(); at-- > 0; number /= 10) digits[at] = static_cast<char>('0' + number % 10);
  out += digits;
}

void append_time(std::string& out, UtcMillis at) {
  const std::time_t seconds = std::chrono::duration_cast<std::chrono::seconds>(at.time_since_epoch()).count();
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  append_digits(out, utc.tm_year + 1900, 4);
  append_digits(out += '-', utc.tm_mon + 1, 2);
  append_digits(out += '-', utc.tm_mday, 2);
  append_digits(out += 'T', utc.tm_hour, 2);
  append_digits(out += ':', utc.tm_min, 2);
  append_digits(out += ':', utc.tm_sec, 2);
  append_digits(out += '.', to_epoch_ms(at) % 1000, 3);
  out += 'Z';
}

/// A pipe with any room takes so many bytes in one piece without waiting.
constexpr std::size_t kLineMax = PIPE_BUF;
constexpr std::size_t kLineUsual = 256;

std::string json_line(const LogRecord& record, UtcMillis at, bool with_fields) {
  std::string line;
  line.reserve(kLineUsual);
  line += "{\"at\":\"";
  append_time(line, at);
  line += "\",\"level\":\"";
  line += level_name(record.level);
  line += "\",\"event\":";
  append_json_text(line, record.event);
  if (with_fields) {
    for (const auto& [name, value] : record.fields) {
      line += ",\"";
      line += name;
      line += "\":";
      append_json_text(line, value);
    }
  }
  line += "}\n";
  return line;
}

/// A log that cannot be written must not stop the road: whoever does not read it, or has no room for it, loses lines and nothing else.
class JsonLinesSink final : public LogSink {
public:
  JsonLinesSink(int descriptor, Level least) : descriptor_(descriptor), least_(least) {
    struct stat what {};
    never_waits_ = ::fstat(descriptor, &what) == 0 && S_ISREG(what.st_mode);
  }

  bool wants(Level level) const noexcept override { return level >= least_; }

  void write(const LogRecord& record, UtcMillis at) override {
    if (record.level < least_) return;
    std::string line = json_line(record, at, true);
    if (line.size() > kLineMax) line = json_line(record, at, false);
    // One at a time: two that saw the last room of a pipe would both write, and one of them would wait.
    const std::lock_guard lock(mutex_);
    if (untold_ > 0) {
      const LogRecord gap{Level::warn, "log_dropped", {{"count", std::to_string(untold_)}}};
      if (put(json_line(gap, at, true))) untold_ = 0;
    }
    if (untold_ == 0 && put(line)) return;
    ++untold_;
    dropped_.fetch_add(1, std::memory_order_relaxed);
  }

  std::int64_t dropped() const override { return dropped_.load(std::memory_order_relaxed); }

private:
  /// False when it would wait or fails. What was written of a line that broke off is ended by the next one.
  bool put(const std::string& line) {
    pollfd room{descriptor_, POLLOUT, 0};
    if (!never_waits_ && (::poll(&room, 1, 0) != 1 || (room.revents & POLLOUT) == 0)) return false;
    if (torn_ && write_some("\n", 1) != 1) return false;
    torn_ = false;
    const ssize_t written = write_some(line.data(), line.size());
    if (written == static_cast<ssize_t>(line.size())) return true;
    torn_ = written > 0;
    return false;
  }

  /// A socket says that it has room when it has less than a line; there it is asked not to wait.
  ssize_t write_some(const char* from, std::size_t size) {
    if (is_socket_) {
      const ssize_t sent = ::send(descriptor_, from, size, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (sent >= 0 || errno != ENOTSOCK) return sent;
      is_socket_ = false;
    }
    return ::write(descriptor_, from, size);
  }

  int descriptor_;
  Level least_;
  std::mutex mutex_;
  bool never_waits_ = false;                       ///< A file: it has no room that another would have to make.
  bool is_socket_ = true;                          ///< Until it says that it is none.
  bool torn_ = false;
  std::int64_t untold_ = 0;
  std::atomic<std::int64_t> dropped_{0};
};

} // namespace

std::string_view level_name(Level level) noexcept {
  switch (level) {
    case Level::debug: return "debug";
    case Level::info: return "info";
    case Level::warn: return "warn";
    case Level::error: return "error";
  }
  return "error";
}

bool is_loggable(std::string_view field) noexcept { return std::find(kLoggable.begin(), kLoggable.end(), field) != kLoggable.end(); }

std::unique_ptr<LogSink> json_lines_sink(int descriptor, Level least) { return std::make_unique<JsonLinesSink>(descriptor, least); }

void Log::operator()(Level level, std::string_view event, std::vector<std::pair<std::string_view, std::string>> fields) const {
  if (!wants(level)) return;
  fields.erase(std::remove_if(fields.begin(), fields.end(), [](const auto& f) { return !is_loggable(f.first); }), fields.end());
  sink_->write(LogRecord{level, event, std::move(fields)}, clock_->now_utc());
}

} // namespace tongqu::obs
