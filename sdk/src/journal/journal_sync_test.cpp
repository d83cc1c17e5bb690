#include <algorithm>
#include <cerrno>
#include <limits>

#include <sys/syscall.h>
#include <unistd.h>

#include "journal/journal_test_support.hpp"

namespace {

/// Syncs that still succeed; the library's calls land in the two functions below, which stand before those of libc.
std::atomic<long> g_syncs_left{std::numeric_limits<long>::max()};
std::atomic<long> g_failed{0};

int sync_or_fail(long number, int descriptor) {
  if (g_syncs_left.fetch_sub(1) > 0) return static_cast<int>(::syscall(number, descriptor));
  ++g_failed;
  errno = EIO;
  return -1;
}

} // namespace

extern "C" __attribute__((visibility("default"))) int fdatasync(int descriptor) { return sync_or_fail(SYS_fdatasync, descriptor); }
extern "C" __attribute__((visibility("default"))) int fsync(int descriptor) { return sync_or_fail(SYS_fsync, descriptor); }

namespace tongqu::journal {
namespace {

using namespace test;

class JournalSync : public JournalTest {
protected:
  void fail_after(long syncs) { g_failed = 0; g_syncs_left = syncs; }
  void heal() { g_syncs_left = std::numeric_limits<long>::max(); }
  void TearDown() override { heal(); }
  void expect_all_refused() {
    EXPECT_EQ(id_of(journal_->accept_and_wait(intake("later"))), "journal.sync_failed");
    EXPECT_EQ(id_of(journal_->note("x", {"a", "b"})), "journal.sync_failed");
    EXPECT_EQ(id_of(settle(*journal_, Settlement{})), "journal.sync_failed");
  }
};

TEST_F(JournalSync, a_failed_sync_gives_no_acknowledgement_and_ends_all_work) {
  store(intake("m1"));
  fail_after(0);
  EXPECT_EQ(id_of(journal_->accept_and_wait(intake("m2"))), "journal.sync_failed");
  EXPECT_EQ(g_failed, 1) << "a sync that failed must not be tried again";
  expect_all_refused();
  journal_.reset();
  EXPECT_EQ(g_failed, 1) << "nor when the store is closed";
  heal();
  reopen();
  EXPECT_EQ(id_of(journal_->bodies("m1")), "ok");
  EXPECT_EQ(id_of(journal_->accept_and_wait(intake("m2"))), "ok") << "the sender's retry finds one message, old or new";
  EXPECT_EQ(journal_->counts()->messages, 2);
}

TEST_F(JournalSync, a_sync_that_fails_in_a_checkpoint_ends_all_work_too) {
  Intake large = intake("m1");
  large.raw = std::string(std::size_t{24} << 20U, 'x');
  fail_after(1);
  store(large); // The checkpoint behind it is on a thread of its own.
  for (int i = 0; i < 5000 && g_failed == 0; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  heal(); // What the failed one lost is not known, though syncs work again.
  std::string known = "ok";
  for (int i = 0; i < 5000 && known == "ok"; ++i) known = id_of(journal_->note("x", {"a", "b"}));
  EXPECT_EQ(known, "journal.sync_failed");
  expect_all_refused();
  EXPECT_EQ(g_failed, 1);
  reopen();
  EXPECT_EQ(journal_->bodies("m1")->raw.size(), large.raw.size());
}

TEST_F(JournalSync, the_log_begins_anew_while_the_writer_never_rests) {
  constexpr int kSenders = 4, kEach = 100;
  std::atomic<std::uintmax_t> longest{0};
  std::vector<std::thread> senders;
  for (int sender = 0; sender < kSenders; ++sender) {
    senders.emplace_back([this, sender, &longest] {
      for (int i = 0; i < kEach; ++i) {
        Intake large = intake("m" + std::to_string(sender) + "-" + std::to_string(i));
        large.raw = std::string(std::size_t{512} << 10U, 'x');
        EXPECT_EQ(id_of(journal_->accept_and_wait(std::move(large))), "ok");
        longest = std::max(longest.load(), std::filesystem::file_size(options_.path + "-wal"));
      }
    });
  }
  for (std::thread& sender : senders) sender.join();
  EXPECT_LT(longest, std::uintmax_t{96} << 20U) << "of 200 MB that went through it";
}

} // namespace
} // namespace tongqu::journal
