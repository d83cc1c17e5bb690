#pragma once
#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>

namespace tongqu::obs {

/// A number that goes up, or up and down. Adding is lock-free.
class Metric {
public:
  void add(std::int64_t n = 1) noexcept { value_.fetch_add(n, std::memory_order_relaxed); }
  void set(std::int64_t n) noexcept { value_.store(n, std::memory_order_relaxed); }
  std::int64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

private:
  std::atomic<std::int64_t> value_{0};
};

/// The counters and gauges of one process. Metrics live as long as the registry; keep the reference, do not look up per message.
class Metrics {
public:
  /// @param name    "tongqu_intake_total"; a name ending in _total is a counter, any other a gauge.
  /// @param labels  `target="province"`, already escaped; may be empty. The same name and labels give the same metric.
  Metric& metric(std::string_view name, std::string_view labels, std::string_view help);
  /// Prometheus text exposition format 0.0.4.
  std::string prometheus() const;

private:
  struct Row { std::string name, labels, help; Metric metric; };
  mutable std::mutex mutex_;
  std::deque<Row> rows_;
};

} // namespace tongqu::obs
