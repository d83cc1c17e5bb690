// One delivery of many cases: gate, map, validate, canonical JSON, HMAC, each record handed over as soon as it is made. Ends with an error when
// one record is not accepted or is not there.
//   batch_bench PACK_FOLDER [RECORDS] | --sample FILE
// Prints one JSON object: {"batch": {...}}. Memory is what the process took beyond the delivery itself.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>

#include "case_generator.hpp"
#include "measure.hpp"
#include "tongqu/crypto/crypto.hpp"
#include "tongqu/mapping/record_sink.hpp"
#include "tongqu/wire/json.hpp"

namespace tongqu::bench {
namespace {

constexpr std::size_t kRecords = 15000;

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error(what); }

/// A figure of /proc/self/status in kB: "VmHWM", "VmRSS".
double memory_kb(const std::string& name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind(name + ":", 0) == 0) return std::strtod(line.c_str() + name.size() + 1, nullptr);
  }
  return 0;
}

class Counter final : public mapping::RecordSink {
public:
  void take(mapping::MappedRecord&& record) override {
    if (record.verdict != mapping::RecordVerdict::accepted || !record.findings.empty()) fail("a record was " + std::string(verdict_name(record.verdict)));
    if (mac_.compute(record.canonical).size() != 32) fail("HMAC-SHA-256 gives 32 bytes");
    ++records;
    bytes += record.canonical.size();
  }
  std::size_t records = 0, bytes = 0;

private:
  crypto::Mac mac_{crypto::MacAlgorithm::hmac_sha256, Secret(std::string(32, 'k'))};
};

void run(const std::string& folder, std::size_t records) {
  Findings mistakes;
  const auto pack = mapping::Pack::load(folder, {}, mistakes);
  if (!pack) fail(pack.error().message(Lang::en));
  mapping::Environment environment;
  environment.reference_date = *model::Time::parse("2150-01-01");
  environment.limits.message_bytes_max = std::size_t{128} * 1024 * 1024;
  environment.limits.nodes_max = 4'000'000;
  wire::Delivery delivery;
  delivery.parts.push_back({"body", "application/xml", batch_form(records), nullptr});
  std::ofstream("/proc/self/clear_refs") << "5";   // The peak counts from here on, not from the making of the delivery.
  const double before = memory_kb("VmRSS");
  const double began = wall_seconds(), cpu = cpu_seconds_of_thread();
  mapping::Workspace workspace;
  Counter counter;
  const auto done = mapping::run_each(**pack, delivery, environment, workspace, counter);
  const double took = wall_seconds() - began, cpu_s = cpu_seconds_of_thread() - cpu;
  if (!done) fail("the delivery was refused: " + std::string(done.error().id()) + " " + done.error().where());
  if (counter.records != records || !done->records.empty() || !done->findings.empty()) fail("records are missing, or something was found");
  std::string out;
  wire::JsonWriter json(out);
  const auto member = [&json](std::string_view name, double value) {
    json.key(name);
    write_number(json, value);
  };
  json.begin_object();
  json.key("batch");
  json.begin_object();
  json.member("records", static_cast<std::int64_t>(records));
  json.member("bytes", static_cast<std::int64_t>(delivery.parts.front().bytes.size()));
  json.member("canonical_bytes", static_cast<std::int64_t>(counter.bytes));
  member("per_s", static_cast<double>(records) / took);
  member("cpu_us", cpu_s * 1e6 / static_cast<double>(records));
  member("peak_mb_beyond_delivery", (memory_kb("VmHWM") - before) / 1024);
  json.end_object();
  json.end_object();
  std::puts(out.c_str());
}

} // namespace
} // namespace tongqu::bench

int main(int argc, char** argv) {
  if (argc < 2 || argc > 3) {
    std::fputs("usage: batch_bench PACK_FOLDER [RECORDS] | --sample FILE\n", stderr);
    return 2;
  }
  try {
    if (std::strcmp(argv[1], "--sample") == 0 && argc == 3) {
      std::ofstream(argv[2], std::ios::binary) << tongqu::bench::batch_form(2);
      return 0;
    }
    tongqu::bench::run(argv[1], argc == 3 ? std::strtoul(argv[2], nullptr, 10) : tongqu::bench::kRecords);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "batch_bench: %s\n", error.what());
    return 1;
  }
}
