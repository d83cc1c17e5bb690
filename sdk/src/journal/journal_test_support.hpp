#pragma once
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <sstream>
#include <string>

#ifdef TONGQU_JOURNAL_TEST_POSTGRES
#include "journal/postgres/postgres_test_support.hpp"
#endif
#include "tongqu/crypto/crypto.hpp"
#include "tongqu/journal/journal.hpp"

namespace tongqu::journal::test {

/// The same tests run over the store in a file and, in a program of their own, over the one in PostgreSQL.
#ifdef TONGQU_JOURNAL_TEST_POSTGRES
constexpr bool kOnPostgres = true;
#define FILE_STORE_ONLY(why) GTEST_SKIP() << "a matter of the store in a file: " why
#else
constexpr bool kOnPostgres = false;
#define FILE_STORE_ONLY(why) static_cast<void>(0)
#endif

/// Hands that a test turns; wall and monotonic time apart.
class HandClock final : public Clock {
public:
  UtcMillis now_utc() const override { return from_epoch_ms(utc_ms_); }
  MonoTime now_mono() const override { return MonoTime(std::chrono::milliseconds(mono_ms_)); }
  void pass(std::chrono::milliseconds time) { utc_ms_ += time.count(); mono_ms_ += time.count(); }
  void turn_wall(std::chrono::milliseconds time) { utc_ms_ += time.count(); }

private:
  std::atomic<std::int64_t> utc_ms_{5680281600000}; // 2150-01-01
  std::atomic<std::int64_t> mono_ms_{1000000};
};

class Folder {
public:
  Folder() {
    // Killed processes lose nothing that a file system in memory holds, and no test waits for a busy disk.
    const std::filesystem::path parent = ::access("/dev/shm", W_OK) == 0 ? "/dev/shm" : std::filesystem::temp_directory_path();
    std::string name = (parent / "tongqu-journal-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  ~Folder() { std::error_code ignored; std::filesystem::remove_all(path_, ignored); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

private:
  std::string path_;
};

inline JournalOptions options_for(const std::string& path) {
  JournalOptions options;
  options.path = path;
#ifdef TONGQU_JOURNAL_TEST_POSTGRES
  options.postgres = postgres_for(path);
#endif
  options.seal_key = Secret(std::string(32, 's'));
  options.audit_key = Secret(std::string(32, 'a'));
  options.audit_head_file = path + ".head";
  return options;
}

inline Intake intake(const std::string& id, const std::string& case_key = "case-1", const std::string& content = "content") {
  Intake in;
  in.message_id = id;
  in.system = "county";
  in.identity = "identity of " + id;
  in.digest = crypto::sm3(content);
  in.case_key = case_key;
  in.case_no = case_key;
  in.event = "accept";
  in.pack = "county@1";
  in.pack_digest = std::string(64, '0');
  in.raw = "raw bytes of " + id;
  in.canonical = "canonical record of " + id;
  in.acknowledgement = "acknowledgement of " + id;
  in.findings = "[]";
  in.targets = {{"province", DeliveryState::ready, "", ""}};
  return in;
}

inline std::vector<Claim> claim(Journal& journal, std::size_t max = 10, const std::string& target = "province") {
  std::promise<Result<std::vector<Claim>>> promise;
  journal.claim(target, max, [&promise](Result<std::vector<Claim>> claims) { promise.set_value(std::move(claims)); });
  auto claims = promise.get_future().get();
  EXPECT_TRUE(claims) << (claims ? "" : describe(claims.error()));
  return claims ? *claims : std::vector<Claim>();
}

inline Result<void> settle(Journal& journal, Settlement settlement) {
  std::promise<Result<void>> promise;
  journal.settle(std::move(settlement), [&promise](Result<void> outcome) { promise.set_value(std::move(outcome)); });
  return promise.get_future().get();
}

inline Settlement settlement(const Claim& of, DeliveryState state) {
  Settlement out;
  out.delivery = of.delivery;
  out.fence = of.fence;
  out.state = state;
  if (state == DeliveryState::delivered) {
    out.receipt = "receipt of " + of.message_id;
    out.receipt_no = "R-" + of.message_id;
  }
  return out;
}

template <class T>
std::string id_of(const Result<T>& result) { return result ? "ok" : std::string(result.error().id()); }

#ifdef TONGQU_JOURNAL_TEST_POSTGRES
inline void tamper(const std::string& path, const std::string& sql) { static_cast<void>(pg_value(path, sql)); }
inline std::string first_value(const std::string& path, const std::string& sql) { return pg_value(path, sql); }
#else
/// Runs SQL behind the journal's back.
inline void tamper(const std::string& path, const std::string& sql) {
  sqlite3* handle = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &handle), SQLITE_OK);
  char* message = nullptr;
  EXPECT_EQ(sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, &message), SQLITE_OK) << (message != nullptr ? message : "");
  sqlite3_free(message);
  sqlite3_close(handle);
}

inline std::string first_value(const std::string& path, const std::string& sql) {
  sqlite3* handle = nullptr;
  std::string value;
  if (sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READONLY, nullptr) != SQLITE_OK) return "unopened";
  const auto take = [](void* out, int, char** cells, char**) { *static_cast<std::string*>(out) = cells[0] != nullptr ? cells[0] : ""; return 0; };
  sqlite3_exec(handle, sql.c_str(), take, &value, nullptr);
  sqlite3_close(handle);
  return value;
}

#endif

inline VerifyOptions verify_options_for(const JournalOptions& options) {
  VerifyOptions verify;
  verify.path = options.path;
  verify.postgres = options.postgres;
  verify.audit_key = options.audit_key;
  verify.audit_head_file = options.audit_head_file;
  return verify;
}

inline std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream out;
  out << file.rdbuf();
  return out.str();
}

/// A store in a folder of its own with a clock in the test's hands.
class JournalTest : public ::testing::Test {
protected:
  void SetUp() override { reopen(); }
  void reopen() {
    journal_.reset();
    auto opened = Journal::open(options_, clock_);
    ASSERT_TRUE(opened) << describe(opened.error());
    journal_ = *std::move(opened);
  }
  DeliveryView only_delivery(const std::string& message_id) {
    auto view = journal_->message(message_id);
    EXPECT_TRUE(view && view->has_value() && (*view)->deliveries.size() == 1);
    return (*view)->deliveries.at(0);
  }
  void store(Intake in) {
    const auto outcome = journal_->accept_and_wait(std::move(in));
    ASSERT_TRUE(outcome) << describe(outcome.error());
    ASSERT_EQ(outcome->verdict, IntakeVerdict::stored);
  }
  Folder folder_;
  std::shared_ptr<HandClock> clock_ = std::make_shared<HandClock>();
  JournalOptions options_ = options_for(folder_.file("store.db"));
  std::unique_ptr<Journal> journal_;
};

} // namespace tongqu::journal::test
