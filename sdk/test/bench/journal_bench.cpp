// Whole cycle of the journal (accept, claim, settle) with group commit, and claiming from a backlog.
//   journal_bench [FOLDER] [MESSAGES] [PRODUCERS] [BACKLOG] [CONNECTION]
// With a connection ("host=… dbname=…") over PostgreSQL, in a new schema of its name and the process id, which is left there.
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tongqu/crypto/crypto.hpp"
#include "tongqu/journal/journal.hpp"

using namespace tongqu;
using namespace tongqu::journal;

namespace {

using SteadyClock = std::chrono::steady_clock;

double seconds_since(SteadyClock::time_point start) { return std::chrono::duration<double>(SteadyClock::now() - start).count(); }

long resident_kb() {
  std::ifstream file("/proc/self/statm");
  long total = 0, resident = 0;
  file >> total >> resident;
  return resident * (::sysconf(_SC_PAGESIZE) / 1024);
}

double cpu_seconds() {
  rusage usage = {};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

Intake make_intake(const std::string& prefix, long number) {
  static const std::string kDigest = crypto::sm3("content");
  Intake in;
  in.message_id = prefix + std::to_string(number);
  in.system = "county";
  in.identity = "11990000MB0000000X|11990000MB0000000X4000100000000|" + in.message_id + "|accept|1";
  in.digest = kDigest;
  in.case_key = "11990000MB0000000X|11990000MB0000000X4000100000000|" + prefix + std::to_string(number / 3);
  in.case_no = prefix + std::to_string(number / 3);
  in.event = "accept";
  in.pack = "county@1";
  in.pack_digest = std::string(64, '0');
  in.raw = std::string(4096, 'r');
  in.canonical = std::string(3584, 'c');
  in.acknowledgement = std::string(300, 'a');
  in.findings = "[]";
  in.targets = {{"province", DeliveryState::ready, "", ""}};
  return in;
}

/// Claims in pages whenever something is ready, and settles each at once.
class Worker {
public:
  Worker(Journal& journal, long goal) : journal_(journal), goal_(goal) {
    journal_.on_ready([this](const std::string&) { wake(); });
  }
  void run() {
    std::unique_lock lock(mutex_);
    while (settled_ < goal_) {
      ready_.wait_for(lock, std::chrono::milliseconds(20), [this] { return woken_ || settled_ >= goal_; });
      woken_ = false;
      if (flying_ > 512 || asking_) continue;
      asking_ = true;
      lock.unlock();
      journal_.claim("province", 128, [this](Result<std::vector<Claim>> claims) { on_claims(std::move(claims)); });
      lock.lock();
    }
  }

private:
  void wake() {
    const std::lock_guard lock(mutex_);
    woken_ = true;
    ready_.notify_one();
  }
  void on_claims(Result<std::vector<Claim>> claims) {
    if (!claims) std::abort();
    const std::lock_guard lock(mutex_);
    asking_ = false;
    flying_ += static_cast<long>(claims->size());
    for (Claim& one : *claims) waiting_.push_back(std::move(one));
    if (!claims->empty()) { woken_ = true; ready_.notify_one(); filled_.notify_one(); }
  }

public:
  /// The platform: answers on a thread of its own.
  void answer() {
    std::vector<Claim> taken;
    while (settled_ < goal_) {
      {
        std::unique_lock lock(mutex_);
        filled_.wait_for(lock, std::chrono::milliseconds(20), [this] { return !waiting_.empty(); });
        taken.swap(waiting_);
      }
      for (const Claim& one : taken) {
        Settlement done;
        done.delivery = one.delivery;
        done.fence = one.fence;
        done.receipt = std::string(300, 'p');
        done.receipt_no = "R-" + one.message_id;
        journal_.settle(std::move(done), [this](Result<void> result) {
          if (!result) std::abort();
          const std::lock_guard lock(mutex_);
          --flying_;
          ++settled_;
          woken_ = true;
          ready_.notify_one();
        });
      }
      taken.clear();
    }
  }

private:
  Journal& journal_;
  const long goal_;
  std::atomic<long> settled_{0};
  long flying_ = 0;
  bool woken_ = true, asking_ = false;
  std::vector<Claim> waiting_;
  std::mutex mutex_;
  std::condition_variable ready_, filled_;
};

/// `producers` requests are always in the air, made by two threads, as an asynchronous server does it.
void produce(Journal& journal, const std::string& prefix, long messages, long producers) {
  std::atomic<long> next{0}, done{0};
  std::mutex mutex;
  std::condition_variable room;
  long in_air = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([&journal, &prefix, &next, &done, &mutex, &room, &in_air, messages, producers] {
      for (long n = next++; n < messages; n = next++) {
        {
          std::unique_lock lock(mutex);
          room.wait(lock, [&in_air, producers] { return in_air < producers; });
          ++in_air;
        }
        journal.accept(make_intake(prefix, n), [&done, &mutex, &room, &in_air](Result<IntakeOutcome> outcome) {
          if (!outcome) { std::fprintf(stderr, "%s\n", describe(outcome.error()).c_str()); std::abort(); }
          ++done;
          const std::lock_guard lock(mutex);
          --in_air;
          room.notify_one();
        });
      }
    });
  }
  for (auto& thread : threads) thread.join();
  while (done < messages) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

void drain(Journal& journal, long goal) {
  Worker worker(journal, goal);
  std::thread platform([&worker] { worker.answer(); });
  worker.run();
  platform.join();
  journal.on_ready(nullptr);
}

} // namespace

int main(int count, char** arguments) {
  const std::string folder = count > 1 ? arguments[1] : "/tmp";
  const long messages = count > 2 ? std::atol(arguments[2]) : 40000;
  const long producers = count > 3 ? std::atol(arguments[3]) : 64;
  const long backlog = count > 4 ? std::atol(arguments[4]) : 0;
  JournalOptions options;
  options.path = folder + "/journal_bench.db";
  options.seal_key = Secret(std::string(32, 's'));
  options.audit_key = Secret(std::string(32, 'a'));
  options.audit_head_file = options.path + ".head";
  if (count > 5) {
    auto& postgres = options.postgres.emplace();
    postgres.connection = Secret(arguments[5]);
    postgres.schema = "journal_bench_" + std::to_string(::getpid());
  }
  for (const char* end : {"", "-wal", "-shm", ".lock", ".head", ".bridge"}) ::unlink((options.path + end).c_str());
  {
    auto opened = Journal::open(options, std::make_shared<SystemClock>());
    if (!opened) { std::fprintf(stderr, "%s\n", describe(opened.error()).c_str()); return 1; }
    Journal& journal = **opened;
    auto start = SteadyClock::now();
    double cpu = cpu_seconds();
    std::thread worker([&journal, messages] { drain(journal, messages); });
    produce(journal, "m", messages, producers);
    worker.join();
    double took = seconds_since(start);
    std::printf("cycle: %ld messages, %ld in the air, %.0f/s, %.1f us CPU each, %ld MB resident\n", messages, producers,
                static_cast<double>(messages) / took, (cpu_seconds() - cpu) * 1e6 / static_cast<double>(messages), resident_kb() / 1024);
    if (backlog > 0) {
      start = SteadyClock::now();
      cpu = cpu_seconds();
      produce(journal, "b", backlog, producers);
      took = seconds_since(start);
      std::printf("fill: %ld messages, %.0f/s, %.1f us CPU each, %ld MB resident\n", backlog, static_cast<double>(backlog) / took,
                  (cpu_seconds() - cpu) * 1e6 / static_cast<double>(backlog), resident_kb() / 1024);
    }
  }
  if (backlog > 0) {
    auto start = SteadyClock::now();
    auto opened = Journal::open(options, std::make_shared<SystemClock>());
    if (!opened) return 1;
    std::printf("reopen: %.3f s\n", seconds_since(start));
    start = SteadyClock::now();
    double cpu = cpu_seconds();
    drain(**opened, backlog);
    const double took = seconds_since(start);
    std::printf("drain: %.0f/s, %.1f us CPU each, %ld MB resident\n", static_cast<double>(backlog) / took,
                (cpu_seconds() - cpu) * 1e6 / static_cast<double>(backlog), resident_kb() / 1024);
  }
  for (const char* end : {"", "-wal", "-shm", ".lock", ".head", ".bridge"}) ::unlink((options.path + end).c_str());
  return 0;
}
