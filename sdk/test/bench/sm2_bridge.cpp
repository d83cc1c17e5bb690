// A bridge whose platform has every message signed with SM2, for the benchmark of that; a profile of the tests, no platform is like this.
//   sm2_bridge run CONFIG             like `tongqu bridge run`, with the profile "tif_rio_sm2": tif_rio, and the credential sm2_key
//   sm2_bridge ceiling PEM SECONDS    the same signatures alone, on all processors; prints {"per_s":...,"cpu_us":...}
// For each message: a signature over its row, which verifies itself before it is handed out, brought into the form r||s of 64 bytes (GB/T 35276);
// and one more verified from that form, in the place of the platform's. It is not sent: the sandbox behind knows nothing of it.
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <thread>
#include <vector>

#include "connectors/platforms/tif_rio/tif_rio.hpp"
#include "connectors/soap/soap_connector.hpp"
#include "sdk/test/bench/measure.hpp"
#include "tongqu/bridge/bridge.hpp"
#include "tongqu/crypto/crypto.hpp"

namespace tongqu::bench {
namespace {

constexpr std::size_t kPart = 32;

/// One INTEGER of a DER signature as 32 bytes; moves on. Empty when it is none.
std::string part_of(std::string_view& der) {
  if (der.size() < 2 || der[0] != '\x02' || der.size() < 2 + static_cast<std::size_t>(der[1])) return {};
  std::string_view number = der.substr(2, static_cast<std::size_t>(der[1]));
  der.remove_prefix(2 + number.size());
  while (number.size() > kPart && number[0] == '\0') number.remove_prefix(1);
  return number.size() > kPart ? std::string() : std::string(kPart - number.size(), '\0').append(number);
}

/// r||s; empty when the signature is none. Both parts are short, so that every length is one byte.
std::string raw_of(std::string_view der) {
  if (der.size() < 2 || der[0] != '\x30' || der.size() != 2 + static_cast<std::size_t>(der[1])) return {};
  der.remove_prefix(2);
  const std::string r = part_of(der), s = part_of(der);
  return r.empty() || s.empty() || !der.empty() ? std::string() : r + s;
}

void add_part(std::string& der, std::string_view part) {
  while (part.size() > 1 && part[0] == '\0') part.remove_prefix(1);
  const bool high = (static_cast<unsigned char>(part[0]) & 0x80U) != 0;
  der.append(1, '\x02').append(1, static_cast<char>(part.size() + (high ? 1 : 0)));
  if (high) der += '\0';
  der += part;
}

std::string der_of(std::string_view raw) {
  std::string parts;
  add_part(parts, raw.substr(0, kPart));
  add_part(parts, raw.substr(kPart));
  return std::string(1, '\x30').append(1, static_cast<char>(parts.size())).append(parts);
}

/// What one message costs: false when a signature is not right.
class Signatures {
public:
  static Result<Signatures> from_pem(const Secret& pem) {
    auto key = crypto::Sm2PrivateKey::from_pem(pem);
    if (!key) return std::move(key).error();
    auto public_key = crypto::Sm2PublicKey::from_pem(key->public_pem());
    if (!public_key) return std::move(public_key).error();
    return Signatures(*std::move(key), *std::move(public_key));
  }
  bool of_one(std::string_view row) const {
    const auto der = key_.sign(row);
    const std::string raw = der ? raw_of(*der) : std::string();
    return raw.size() == 2 * kPart && public_key_.verify(row, der_of(raw));
  }

private:
  Signatures(crypto::Sm2PrivateKey key, crypto::Sm2PublicKey public_key) : key_(std::move(key)), public_key_(std::move(public_key)) {}
  crypto::Sm2PrivateKey key_;
  crypto::Sm2PublicKey public_key_;
};

class SigningClient final : public platform::PlatformClient {
public:
  SigningClient(std::unique_ptr<PlatformClient> behind, Signatures signatures) : behind_(std::move(behind)), signatures_(std::move(signatures)) {}
  platform::Guarantee guarantee() const override { return behind_->guarantee(); }
  void submit(platform::Submission submission, std::function<void(platform::SubmitOutcome)> done) override {
    if (!signatures_.of_one(submission.body)) {
      platform::SubmitOutcome failed;
      failed.state = platform::SubmitState::not_sent;
      failed.error = Error(Errc::crypto_engine);
      return done(std::move(failed));
    }
    behind_->submit(std::move(submission), std::move(done));
  }
  void query(std::string message_id, std::string digest_of_body, std::function<void(platform::QueryOutcome)> done) override {
    behind_->query(std::move(message_id), std::move(digest_of_body), std::move(done));
  }

private:
  std::unique_ptr<PlatformClient> behind_;
  Signatures signatures_;
};

void register_tif_rio_sm2(platform::Registry& registry) {
  const auto real = std::make_shared<platform::Registry>();
  platform::register_tif_rio(*real);
  platform::ProfileInfo info = *real->find("tif_rio");
  info.id = "tif_rio_sm2";
  info.credentials.push_back("sm2_key");
  registry.add(std::move(info), [real](const platform::PlatformConfig& given, std::shared_ptr<Clock> clock) -> Result<std::unique_ptr<platform::PlatformClient>> {
    platform::PlatformConfig config = given;
    config.profile = "tif_rio";
    const auto pem = config.credentials.extract("sm2_key");
    if (pem.empty()) return Error(Errc::platform_setting).at("sm2_key");
    auto signatures = Signatures::from_pem(pem.mapped());
    if (!signatures) return std::move(signatures).error();
    auto behind = real->create(config, std::move(clock));
    if (!behind) return std::move(behind).error();
    return std::unique_ptr<platform::PlatformClient>(new SigningClient(*std::move(behind), *std::move(signatures)));
  });
}

volatile sig_atomic_t g_stop = 0;

int fail(const Error& error) {
  std::fprintf(stderr, "sm2_bridge: %s\n", describe(error).c_str());
  return 1;
}

int run(const std::string& file) {
  Findings mistakes;
  auto config = bridge::load_config(file, mistakes);
  if (!config) return fail(config.error());
  connector::Registry connectors;
  connectors::soap::register_soap(connectors);
  platform::Registry platforms;
  register_tif_rio_sm2(platforms);
  bridge::Parts parts;
  parts.connectors = &connectors;
  parts.platforms = &platforms;
  parts.clock = std::make_shared<SystemClock>();
  parts.log = obs::Log(obs::json_lines_sink(STDERR_FILENO, obs::Level::info), parts.clock);
  for (const int number : {SIGTERM, SIGINT}) ::signal(number, [](int) { g_stop = 1; });
  ::signal(SIGPIPE, SIG_IGN);
  const auto listen = config->listen;
  auto running = bridge::Bridge::start(*std::move(config), parts, mistakes);
  if (!running) return fail(running.error());
  for (const auto& one : listen) std::printf("listening %s http://127.0.0.1:%d/\n", one.name.c_str(), static_cast<int>((*running)->port(one.name)));
  std::printf("health http://127.0.0.1:%d/\nready\n", static_cast<int>((*running)->port("health")));
  std::fflush(stdout);
  while (g_stop == 0 && !(*running)->failed()) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  (*running)->stop(CallContext());
  return (*running)->failed() ? 1 : 0;
}

int ceiling(const std::string& file, double seconds) {
  std::ifstream in(file, std::ios::binary);
  const auto signatures = Signatures::from_pem(Secret(std::string(std::istreambuf_iterator<char>(in), {})));
  if (!signatures) return fail(signatures.error());
  std::atomic<long> done{0}, cpu_us{0};
  std::atomic<bool> wrong{false};
  const double began = wall_seconds();
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < std::max(1U, std::thread::hardware_concurrency()); ++i) {
    threads.emplace_back([&signatures, &done, &cpu_us, &wrong, began, seconds] {
      const std::string row(3500, 'r');  // As long as a row of the benchmark.
      while (wall_seconds() - began < seconds) {
        if (!signatures->of_one(row)) wrong = true;
        ++done;
      }
      cpu_us += static_cast<long>(1e6 * cpu_seconds_of_thread());
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::printf("{\"per_s\":%.1f,\"cpu_us\":%.1f}\n", static_cast<double>(done) / (wall_seconds() - began), static_cast<double>(cpu_us) / static_cast<double>(done));
  return wrong ? 1 : 0;
}

} // namespace
} // namespace tongqu::bench

int main(int argc, char** argv) {
  const std::string_view what = argc > 2 ? argv[1] : "";
  if (what == "run" && argc == 3) return tongqu::bench::run(argv[2]);
  if (what == "ceiling" && argc == 4) return tongqu::bench::ceiling(argv[2], std::atof(argv[3]));
  std::fputs("usage: sm2_bridge run CONFIG | ceiling PEM SECONDS\n", stderr);
  return 2;
}
