#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

/// How the benchmarks measure: one thread, wall and CPU time side by side, the median of several runs.
namespace tongqu::wire {
class JsonWriter;
}
namespace tongqu::bench {

struct Rate {
  double per_s = 0, min = 0, max = 0;  ///< By the wall clock: median, slowest and fastest run.
  double cpu_us = 0;                   ///< CPU time of the thread for one operation, median.
};

struct Effort {
  int runs = 5;
  double run_s = 0.6;
};

/// Calls `operation(i)` with i = 0, 1, 2 … for about `effort.run_s` in each run. An exception ends the measurement.
Rate measure(const Effort& effort, const std::function<void(std::size_t)>& operation);

/// {"per_s":…,"min":…,"max":…,"cpu_us":…} without the braces, so that more members can follow.
void write_rate(wire::JsonWriter& json, const Rate& rate);
/// A number with one decimal place.
void write_number(wire::JsonWriter& json, double value);

double cpu_seconds_of_thread();
double wall_seconds();

} // namespace tongqu::bench
