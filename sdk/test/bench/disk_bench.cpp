// The least that a durable store can do on this disk: groups of records appended to one preallocated file, each group followed by
// fdatasync. Nothing is parsed, sealed or indexed. And what the machine's memory gives now: a virtual one shares it with neighbours.
//   disk_bench FOLDER RECORD_BYTES GROUP SECONDS
// Prints {"append_fdatasync": {"per_s", "group", "record_bytes", "fdatasync_p50_us", "fdatasync_p99_us"}, "memory": {"copy_gb_per_s", "read_ns"}}.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <numeric>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "measure.hpp"

namespace tongqu::bench {
namespace {

constexpr std::size_t kFileBytes = std::size_t{256} << 20;

struct Outcome {
  double per_s = 0;
  std::vector<double> sync_us;
};

Outcome append_groups(int file, const std::string& group, std::size_t records, double seconds) {
  Outcome out;
  const double began = wall_seconds();
  std::size_t at = 0, done = 0;
  double now = began;
  while (now - began < seconds) {
    if (at + group.size() > kFileBytes) at = 0;
    if (::pwrite(file, group.data(), group.size(), static_cast<off_t>(at)) != static_cast<ssize_t>(group.size())) throw std::runtime_error("cannot write");
    const double before = wall_seconds();
    if (::fdatasync(file) != 0) throw std::runtime_error("cannot sync");
    now = wall_seconds();
    out.sync_us.push_back((now - before) * 1e6);
    at += group.size();
    done += records;
  }
  out.per_s = static_cast<double>(done) / (now - began);
  std::sort(out.sync_us.begin(), out.sync_us.end());
  return out;
}

/// The blocks are written once before, so that no sync has to store where they are.
int open_preallocated(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) throw std::runtime_error("cannot open " + path);
  const std::string piece(std::size_t{1} << 20, 'p');
  for (std::size_t at = 0; at < kFileBytes; at += piece.size()) {
    if (::pwrite(file, piece.data(), piece.size(), static_cast<off_t>(at)) != static_cast<ssize_t>(piece.size())) throw std::runtime_error("cannot write");
  }
  if (::fsync(file) != 0) throw std::runtime_error("cannot sync");
  return file;
}

/// Copying from one place to another, both larger than a processor's own caches, and reading one place after the other where the next is
/// known only when the last was read.
struct Memory {
  double copy_gb_per_s = 0, read_ns = 0;
};

Memory measure_memory(double seconds) {
  constexpr std::size_t kBytes = std::size_t{64} << 20, kLine = 64;
  Memory out;
  std::vector<char> from(kBytes, 'f'), to(kBytes, 't');
  double began = wall_seconds(), now = began;
  double copied = 0;
  for (; now - began < seconds; now = wall_seconds(), copied += kBytes) std::memcpy(to.data(), from.data(), kBytes);
  out.copy_gb_per_s = copied / (now - began) / 1e9;
  // One ring through all lines, in an order that nothing foresees (Sattolo's shuffle).
  std::vector<std::size_t> next(kBytes / sizeof(std::size_t));
  constexpr std::size_t kStep = kLine / sizeof(std::size_t);
  std::vector<std::size_t> order(kBytes / kLine);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::mt19937 random(1);
  for (std::size_t i = order.size() - 1; i > 0; --i) std::swap(order[i], order[random() % i]);
  for (std::size_t i = 0; i < order.size(); ++i) next[order[i] * kStep] = order[(i + 1) % order.size()] * kStep;
  std::size_t at = 0, reads = 0;
  began = now = wall_seconds();
  while (now - began < seconds) {
    for (int i = 0; i < 10000; ++i) at = next[at];
    reads += 10000;
    now = wall_seconds();
  }
  if (at >= next.size()) throw std::runtime_error("the ring is broken");
  out.read_ns = (now - began) * 1e9 / static_cast<double>(reads);
  return out;
}

int run(char** arguments) {
  const std::string path = std::string(arguments[1]) + "/disk_bench.dat";
  const auto bytes = static_cast<std::size_t>(std::atoi(arguments[2])), group = static_cast<std::size_t>(std::atoi(arguments[3]));
  if (bytes == 0 || group == 0 || bytes * group > kFileBytes) throw std::runtime_error("a group must fit into the file");
  const int file = open_preallocated(path);
  ::unlink(path.c_str());
  const Outcome out = append_groups(file, std::string(bytes * group, 'r'), group, std::atof(arguments[4]));
  ::close(file);
  const Memory memory = measure_memory(std::min(0.5, std::atof(arguments[4])));
  std::printf("{\"append_fdatasync\":{\"per_s\":%.1f,\"group\":%zu,\"record_bytes\":%zu,\"fdatasync_p50_us\":%.1f,\"fdatasync_p99_us\":%.1f},"
              "\"memory\":{\"copy_gb_per_s\":%.2f,\"read_ns\":%.0f}}\n",
              out.per_s, group, bytes, out.sync_us[out.sync_us.size() / 2], out.sync_us[out.sync_us.size() * 99 / 100], memory.copy_gb_per_s, memory.read_ns);
  return 0;
}

} // namespace
} // namespace tongqu::bench

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fputs("usage: disk_bench FOLDER RECORD_BYTES GROUP SECONDS\n", stderr);
    return 2;
  }
  try {
    return tongqu::bench::run(argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "disk_bench: %s\n", error.what());
    return 1;
  }
}
