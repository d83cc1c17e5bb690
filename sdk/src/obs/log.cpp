#include "tongqu/obs/log.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <ctime>

namespace tongqu::obs {
namespace {

constexpr std::array<std::string_view, 40> kLoggable = {
    "action", "address", "attempt", "attempts", "b",        "bytes", "c",     "case_no", "count",  "delivered", "delivery", "digest", "entries", "error_id",
    "event",  "family",  "file",    "from",     "key_path", "line",  "ms",    "message_id", "outcome", "pack",  "path",     "peer",   "platform_code", "port",
    "profile", "reason_id", "receipt_no", "route", "size",  "state", "status", "system", "target", "trace_id", "version", "where"};

void append_json_text(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    const auto u = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') (out += '\\') += c;
    else if (u < 0x20 || u == 0x7f) out += ' ';
    else out += c;
  }
  out += '"';
}

void append_time(std::string& out, UtcMillis at) {
  const std::time_t seconds = std::chrono::duration_cast<std::chrono::seconds>(at.time_since_epoch()).count();
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  char text[40];
  const std::size_t n = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
  out.append(text, n);
  const std::string millis = std::to_string(to_epoch_ms(at) % 1000);
  out += '.';
  out.append(3 - std::min<std::size_t>(3, millis.size()), '0');
  out += millis;
  out += 'Z';
}

class JsonLinesSink final : public LogSink {
public:
  JsonLinesSink(int descriptor, Level least) : descriptor_(descriptor), least_(least) {}

  bool wants(Level level) const noexcept override { return level >= least_; }

  void write(const LogRecord& record, UtcMillis at) override {
    std::string line = "{\"at\":\"";
    append_time(line, at);
    line += "\",\"level\":\"";
    line += level_name(record.level);
    line += "\",\"event\":";
    append_json_text(line, record.event);
    for (const auto& [name, value] : record.fields) {
      line += ",\"";
      line += name;
      line += "\":";
      append_json_text(line, value);
    }
    line += "}\n";
    const ssize_t written = ::write(descriptor_, line.data(), line.size());
    static_cast<void>(written);  // A log that cannot be written must not stop the road; the counters still tell.
  }

private:
  int descriptor_;
  Level least_;
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
