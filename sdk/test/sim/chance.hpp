#pragma once
#include <cstdint>

namespace tongqu::sim {

/// Everything that happens by chance in a run comes from here, so that a seed tells the whole run. @source splitmix64, S. Vigna
class Chance {
public:
  explicit Chance(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15U;
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31U);
  }
  /// 0 .. n-1.
  std::uint64_t below(std::uint64_t n) { return n == 0 ? 0 : next() % n; }
  std::int64_t between(std::int64_t low, std::int64_t high) { return low + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(high - low + 1))); }
  /// True `part` times of 1000.
  bool once_in_a_while(unsigned part) { return below(1000) < part; }
  /// An independent stream.
  Chance fork() { return Chance(next()); }

private:
  std::uint64_t state_;
};

} // namespace tongqu::sim
