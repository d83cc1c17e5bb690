/// bridge_simulation: the journal, the lanes and the intake of the bridge against a virtual clock, disk and network.
///
///   bridge_simulation --seeds 20000 [--from N]       runs the seeds; exit code 1 and the first failing seeds when a law breaks
///   bridge_simulation --seed N                        one seed, with what it did
///   bridge_simulation --plant NAME --seeds N          puts a bug into the world; exit code 0 only when a law notices it
#include <charconv>
#include <chrono>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <unistd.h>

#include "bridge_process.hpp"
#include "simulation.hpp"

namespace tongqu::sim {
namespace {

constexpr std::size_t kShownMax = 5;

struct Plant { const char* name; Planted what; const char* law; };
constexpr Plant kPlants[] = {
    {"sync_lies", Planted::sync_lies, "L1"},           {"early_answer", Planted::early_answer, "L1"}, {"false_not_sent", Planted::false_not_sent, "L2"},
    {"false_guarantee", Planted::false_guarantee, "L2"}, {"late_effect", Planted::late_effect, "L4"},   {"altered_body", Planted::altered_body, "L3"},
    {"nonce_identity", Planted::nonce_identity, "L2"},
};

struct Options {
  std::uint64_t seeds = 200, from = 1;
  bool one = false;
  const Plant* plant = nullptr;
};

bool read(int count, char** words, Options& options) {
  for (int i = 1; i + 1 < count; i += 2) {
    const std::string_view name = words[i], value = words[i + 1];
    if (name == "--plant") {
      for (const Plant& one : kPlants) {
        if (value == one.name) options.plant = &one;
      }
      if (options.plant == nullptr) return false;
      continue;
    }
    std::uint64_t& number = name == "--seeds" ? options.seeds : options.from;
    if (name != "--seeds" && name != "--from" && name != "--seed") return false;
    if (std::from_chars(value.data(), value.data() + value.size(), number).ptr != value.data() + value.size()) return false;
    if (name == "--seed") options.one = true, options.seeds = 1;
  }
  return count % 2 == 1;
}

void show(const RunReport& report) {
  std::printf("seed %llu: %llu steps, %.1f s of its time, %llu kills, %llu power cuts, %llu disk faults, %llu clock turns, %llu acknowledged, %llu effects, "
              "%llu settled by the operator, trace %016llx\n",
              static_cast<unsigned long long>(report.seed), static_cast<unsigned long long>(report.steps), static_cast<double>(report.virtual_ms) / 1000.0,
              static_cast<unsigned long long>(report.kills), static_cast<unsigned long long>(report.power_cuts), static_cast<unsigned long long>(report.disk_faults),
              static_cast<unsigned long long>(report.clock_turns), static_cast<unsigned long long>(report.acknowledged), static_cast<unsigned long long>(report.effects),
              static_cast<unsigned long long>(report.settled_by_operator), static_cast<unsigned long long>(report.trace));
  for (const std::string& law : report.broken) std::printf("  broken: %s\n", law.c_str());
}

struct Sum { std::uint64_t steps = 0, kills = 0, cuts = 0, disk = 0, acknowledged = 0, failed = 0; double virtual_s = 0; };

int run(const Options& options) {
  std::string folder = (std::filesystem::is_directory("/dev/shm") ? "/dev/shm/tongqu-simulation-" : "/tmp/tongqu-simulation-") + std::to_string(::getpid());
  const Planted planted = options.plant == nullptr ? Planted::none : options.plant->what;
  const auto settings = make_settings(folder + "/settings", planted == Planted::nonce_identity);
  const auto began = std::chrono::steady_clock::now();
  Sum sum;
  std::map<std::string, std::uint64_t> laws;
  for (std::uint64_t seed = options.from; seed < options.from + options.seeds; ++seed) {
    const RunReport report = run_seed(seed, *settings, folder + "/world", planted);
    sum.steps += report.steps, sum.kills += report.kills, sum.cuts += report.power_cuts, sum.disk += report.disk_faults, sum.acknowledged += report.acknowledged;
    sum.virtual_s += static_cast<double>(report.virtual_ms) / 1000.0;
    for (const std::string& law : report.broken) ++laws[law.substr(0, 2)];
    if (!report.broken.empty() && ++sum.failed <= kShownMax && options.plant == nullptr) show(report);
    if (options.one) show(report);
    if (options.plant != nullptr && laws.count(options.plant->law) != 0) break;
  }
  std::filesystem::remove_all(folder);
  const double took = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  std::printf("simulation: %llu seeds from %llu, %llu steps, %llu kills, %llu power cuts, %llu disk faults, %llu acknowledged, %llu seeds with a broken law; "
              "%.0f s of virtual time in %.1f s\n",
              static_cast<unsigned long long>(options.seeds), static_cast<unsigned long long>(options.from), static_cast<unsigned long long>(sum.steps),
              static_cast<unsigned long long>(sum.kills), static_cast<unsigned long long>(sum.cuts), static_cast<unsigned long long>(sum.disk),
              static_cast<unsigned long long>(sum.acknowledged), static_cast<unsigned long long>(sum.failed), sum.virtual_s, took);
  if (options.plant == nullptr) return sum.failed == 0 ? 0 : 1;
  const bool noticed = laws.count(options.plant->law) != 0;
  std::printf("planted %s: %s %s\n", options.plant->name, options.plant->law, noticed ? "broke, as it must" : "was not noticed");
  return noticed ? 0 : 1;
}

} // namespace
} // namespace tongqu::sim

int main(int count, char** words) {
  tongqu::sim::Options options;
  if (!tongqu::sim::read(count, words, options)) {
    std::fputs("usage: bridge_simulation [--seeds N] [--from N] | --seed N [--plant NAME]\n", stderr);
    return 2;
  }
  try {
    return tongqu::sim::run(options);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "simulation: %s\n", e.what());
    return 3;
  }
}
