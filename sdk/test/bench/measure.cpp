#include "measure.hpp"

#include <time.h>

#include <algorithm>
#include <cstdio>
#include <vector>

#include "tongqu/wire/json.hpp"

namespace tongqu::bench {
namespace {

double seconds(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

} // namespace

double cpu_seconds_of_thread() { return seconds(CLOCK_THREAD_CPUTIME_ID); }
double wall_seconds() { return seconds(CLOCK_MONOTONIC); }

Rate measure(const Effort& effort, const std::function<void(std::size_t)>& operation) {
  // The clock is read once in 64 operations.
  constexpr std::size_t kBatch = 64;
  std::vector<double> rates, costs;
  std::size_t at = 0;
  for (int run = 0; run < effort.runs; ++run) {
    const double began = wall_seconds(), cpu = cpu_seconds_of_thread();
    std::size_t done = 0;
    double elapsed = 0;
    do {
      for (std::size_t i = 0; i < kBatch; ++i) operation(at++);
      done += kBatch;
      elapsed = wall_seconds() - began;
    } while (elapsed < effort.run_s);
    rates.push_back(static_cast<double>(done) / elapsed);
    costs.push_back((cpu_seconds_of_thread() - cpu) * 1e6 / static_cast<double>(done));
  }
  const auto [low, high] = std::minmax_element(rates.begin(), rates.end());
  return {median(rates), *low, *high, median(costs)};
}

void write_number(wire::JsonWriter& json, double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", value);
  json.number_text(text);
}

void write_rate(wire::JsonWriter& json, const Rate& rate) {
  const auto member = [&json](std::string_view name, double value) {
    json.key(name);
    write_number(json, value);
  };
  member("per_s", rate.per_s);
  member("min", rate.min);
  member("max", rate.max);
  member("cpu_us", rate.cpu_us);
}

} // namespace tongqu::bench
