#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tongqu/base/clock.hpp"

namespace tongqu::obs {

enum class Level : std::uint8_t { debug, info, warn, error };
std::string_view level_name(Level level) noexcept;

/// Names of fields that may be logged: ids, codes, counts and places. A field that is not in this list is dropped by `Log`, so that a
/// body, a name or a number of a person cannot reach a log by mistake.
bool is_loggable(std::string_view field) noexcept;

/// One thing that happened. Values are short and free of personal data.
struct LogRecord {
  Level level = Level::info;
  std::string_view event;                          ///< snake_case, stable.
  std::vector<std::pair<std::string_view, std::string>> fields;
};

/// Where records go. Implementations are safe from several threads and never block.
class LogSink {
public:
  virtual ~LogSink() = default;
  virtual void write(const LogRecord& record, UtcMillis at) = 0;
  /// Whether records of a level are kept; who builds long ones asks first.
  virtual bool wants(Level) const noexcept { return true; }
  virtual std::int64_t dropped() const { return 0; } ///< Records that could not be written.
};

/// JSON lines to a file descriptor, one write call of at most 4096 bytes per record. A record that would have to wait (a pipe that nobody
/// reads) or finds no room is dropped and counted; `log_dropped` tells the number when writing goes on.
std::unique_ptr<LogSink> json_lines_sink(int descriptor, Level least);

/// Checks fields against the allow-list and hands the record on. Cheap to copy; a null sink drops everything.
class Log {
public:
  Log() = default;
  Log(std::shared_ptr<LogSink> sink, std::shared_ptr<Clock> clock) : sink_(std::move(sink)), clock_(std::move(clock)) {}
  bool wants(Level level) const noexcept { return sink_ != nullptr && sink_->wants(level); }
  void operator()(Level level, std::string_view event, std::vector<std::pair<std::string_view, std::string>> fields = {}) const;
  std::int64_t dropped() const { return sink_ ? sink_->dropped() : 0; }

private:
  std::shared_ptr<LogSink> sink_;
  std::shared_ptr<Clock> clock_;
};

} // namespace tongqu::obs
