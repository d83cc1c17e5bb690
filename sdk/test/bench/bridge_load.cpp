// Sends generated cases as SOAP to a running bridge and keeps what it was told about each.
//   bridge_load PORT PATH FIRST COUNT CONNECTIONS RATE SECONDS TOLD_FILE
// RATE 0 is a closed loop, SECONDS 0 sends all. Makes all requests beforehand, prints "ready" and waits for a line on standard input;
// then sends, prints "sent N" at the last answer, writes one line for each message sent (case number, message id or "-", HTTP status) to
// TOLD_FILE and prints one JSON object.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

#include "case_generator.hpp"
#include "load_sender.hpp"
#include "measure.hpp"
#include "tongqu/wire/json.hpp"

namespace tongqu::bench {
namespace {

struct Messages {
  std::vector<std::string> case_numbers, requests;
};

Messages make_messages(const std::string& path, std::uint64_t first, std::size_t count) {
  Messages out;
  for (std::size_t i = 0; i < count; ++i) {
    const LegacyCase one = make_case(first + i);
    out.case_numbers.push_back(one.case_no);
    out.requests.push_back(http_post(path, "text/xml; charset=utf-8", soap_form(one)));
  }
  return out;
}

/// The message id of an acknowledgement of the pack bench-county; empty when the answer is no acknowledgement.
std::string message_id_of(const Told& told) {
  const auto code = told.body.find("code&gt;0&lt;");
  const auto id = told.body.find("lsh&gt;");
  if (told.status != 200 || code == std::string::npos || id == std::string::npos) return {};
  const auto begin = id + 7;
  const auto end = told.body.find("&lt;", begin);
  return end == std::string::npos ? std::string() : told.body.substr(begin, end - begin);
}

struct Summary {
  std::size_t sent = 0, accepted = 0;
  std::vector<double> latencies;
  std::string first_refusal;
};

Summary judge(const LoadResult& result, const Messages& messages, const std::string& told_file) {
  std::FILE* file = std::fopen(told_file.c_str(), "wb");
  if (file == nullptr) throw std::runtime_error("cannot write " + told_file);
  Summary summary;
  for (std::size_t i = 0; i < result.told.size(); ++i) {
    const Told& told = result.told[i];
    if (!told.sent) continue;
    const std::string id = message_id_of(told);
    std::fprintf(file, "%s\t%s\t%d\n", messages.case_numbers[i].c_str(), id.empty() ? "-" : id.c_str(), told.status);
    ++summary.sent;
    if (id.empty() && summary.first_refusal.empty()) summary.first_refusal = "HTTP " + std::to_string(told.status) + " " + told.body.substr(0, 400);
    if (id.empty()) continue;
    ++summary.accepted;
    summary.latencies.push_back(told.latency_ms);
  }
  if (std::fclose(file) != 0) throw std::runtime_error("cannot write " + told_file);
  std::sort(summary.latencies.begin(), summary.latencies.end());
  return summary;
}

void print(const LoadResult& result, const Summary& summary) {
  const double seconds = result.ended_s - result.began_s;
  const auto part = [&summary](double share) {
    const auto& all = summary.latencies;
    return all.empty() ? 0.0 : all[static_cast<std::size_t>(share * static_cast<double>(all.size() - 1))];
  };
  std::printf("{\"sent\":%zu,\"accepted\":%zu,\"seconds\":%.4f,\"per_s\":%.1f,\"began_s\":%.6f,\"ended_s\":%.6f,"
              "\"p50_ms\":%.3f,\"p90_ms\":%.3f,\"p99_ms\":%.3f,\"p999_ms\":%.3f,\"max_ms\":%.3f}\n",
              summary.sent, summary.accepted, seconds, seconds > 0 ? static_cast<double>(summary.accepted) / seconds : 0, result.began_s, result.ended_s, part(0.5),
              part(0.9), part(0.99), part(0.999), part(1));
}

int run(char** arguments) {
  LoadPlan plan;
  plan.port = static_cast<std::uint16_t>(std::atoi(arguments[1]));
  plan.connections = static_cast<std::size_t>(std::atoi(arguments[5]));
  plan.rate_per_s = std::atof(arguments[6]);
  plan.seconds_max = std::atof(arguments[7]);
  const Messages messages = make_messages(arguments[2], std::strtoull(arguments[3], nullptr, 10), std::strtoull(arguments[4], nullptr, 10));
  std::puts("ready");
  std::fflush(stdout);
  if (std::getchar() == EOF) return 2;
  const LoadResult result = send_all(plan, messages.requests);
  const auto sent = std::count_if(result.told.begin(), result.told.end(), [](const Told& told) { return told.sent; });
  std::printf("sent %zu\n", static_cast<std::size_t>(sent));
  std::fflush(stdout);
  const Summary summary = judge(result, messages, arguments[8]);
  print(result, summary);
  if (!summary.first_refusal.empty()) std::fprintf(stderr, "bridge_load: %s\n", summary.first_refusal.c_str());
  return summary.sent == summary.accepted && summary.sent > 0 ? 0 : 1;
}

} // namespace
} // namespace tongqu::bench

int main(int argc, char** argv) {
  if (argc != 9) {
    std::fputs("usage: bridge_load PORT PATH FIRST COUNT CONNECTIONS RATE SECONDS TOLD_FILE\n", stderr);
    return 2;
  }
  try {
    return tongqu::bench::run(argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bridge_load: %s\n", error.what());
    return 1;
  }
}
