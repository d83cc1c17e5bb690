#include <chrono>
#include <csignal>
#include <optional>
#include <random>
#include <set>
#include <thread>

#include "journal/child_test_support.hpp"
#include "journal/sqlite/gathered_log_test_support.hpp"

namespace tongqu::journal {
namespace {

using namespace test;
using Failure = LogWrites::Failure;

class GatheredLogFault : public ::testing::TestWithParam<Failure> {
protected:
  LogWrites writes_;
};

/// Transactions of growing size, some of which spill; gives the numbers of those that were told to be committed.
std::set<std::int64_t> commit_some(Database& database, bool& ended, std::string& failure) {
  std::set<std::int64_t> told;
  for (std::int64_t number = 0; number < 12 && !ended; ++number) {
    const auto one = [&database, number]() -> Result<void> {
      TONGQU_CHECK(database.run("BEGIN IMMEDIATE"));
      for (std::int64_t id = 0; id <= number * 3; ++id) TONGQU_CHECK(insert(database, number * 100 + id));
      return database.run("COMMIT");
    };
    const auto done = one();
    if (done) {
      told.insert(number);
      continue;
    }
    failure = done.error().id();
    ended = failure == "journal.sync_failed"; // As the journal: nothing more is tried.
    if (!database.in_transaction()) continue;
    EXPECT_TRUE(database.run("ROLLBACK"));
  }
  return told;
}

void expect_exactly(const std::string& path, const std::set<std::int64_t>& told) {
  ASSERT_EQ(verdict_of(path), "ok");
  auto database = Database::open(path, Access::read);
  ASSERT_TRUE(database);
  std::int64_t rows = 0;
  for (const std::int64_t number : told) {
    for (std::int64_t id = 0; id <= number * 3; ++id, ++rows) ASSERT_EQ(text_of_row(**database, number * 100 + id), row_text(number * 100 + id));
  }
  EXPECT_EQ(number(**database, "SELECT count(*) FROM rows"), std::to_string(rows)) << "and nothing that was told to have failed";
}

TEST_P(GatheredLogFault, of_any_write_is_told_and_takes_nothing_along_that_was_told_to_be_there) {
  long nth = 1;
  for (;; ++nth) {
    Folder folder;
    const std::string path = folder.file("store.db");
    auto database = open_writer(path);
    make_table(*database);
    ASSERT_TRUE(database->run("PRAGMA cache_size = 10"));
    writes_.forget();
    writes_.fail(nth, GetParam());
    bool ended = false;
    std::string failure;
    const auto told = commit_some(*database, ended, failure);
    if (writes_.failed() == 0) break;
    EXPECT_EQ(failure, GetParam() == Failure::io_error ? "journal.sync_failed" : "journal.write") << "write " << nth;
    const auto before = static_cast<std::size_t>(told.empty() ? 0 : *told.rbegin() + 1);
    EXPECT_EQ(told.size(), ended ? before : 11U) << "write " << nth;
    expect_exactly(path, told); // While the writer has it open.
    database.reset();
    std::filesystem::remove(path + "-shm"); // The log is read anew.
    expect_exactly(path, told);
    if (HasFatalFailure()) FAIL() << "write " << nth;
  }
  EXPECT_GT(nth, 12) << "each commit has a write of its own at least";
}

INSTANTIATE_TEST_SUITE_P(EveryKind, GatheredLogFault, ::testing::Values(Failure::io_error, Failure::no_room, Failure::short_then_no_room),
                         [](const auto& param) { return std::string(param.param == Failure::io_error ? "io_error" : param.param == Failure::no_room ? "no_room" : "short"); });

sqlite3_file* file_of(Database& database, int which) {
  sqlite3_file* file = nullptr;
  EXPECT_EQ(sqlite3_file_control(database.handle(), "main", which, static_cast<void*>(&file)), SQLITE_OK);
  return file;
}

/// The log by the calls that SQLite makes, behind everything that is in it.
class GatheredLogCalls : public ::testing::Test {
protected:
  void SetUp() override {
    make_table(*database_);
    log_ = file_of(*database_, SQLITE_FCNTL_JOURNAL_POINTER);
    index_ = file_of(*database_, SQLITE_FCNTL_FILE_POINTER);
    ASSERT_EQ(log_->pMethods->xFileSize(log_, &end_), SQLITE_OK);
    writes_.forget();
  }
  int write(const std::string& bytes, sqlite3_int64 at) { return log_->pMethods->xWrite(log_, bytes.data(), static_cast<int>(bytes.size()), end_ + at); }
  int sync() { return log_->pMethods->xSync(log_, SQLITE_SYNC_NORMAL); }
  std::string written() const { return content_of(path_ + "-wal").substr(static_cast<std::size_t>(end_)); }

  Folder folder_;
  const std::string path_ = folder_.file("store.db");
  std::unique_ptr<Database> database_ = open_writer(path_);
  LogWrites writes_;
  sqlite3_file* log_ = nullptr;
  sqlite3_file* index_ = nullptr;
  sqlite3_int64 end_ = 0;
};

TEST_F(GatheredLogCalls, write_together_what_follows_on_each_other) {
  ASSERT_EQ(write("one", 0), SQLITE_OK);
  ASSERT_EQ(write("two", 3), SQLITE_OK);
  EXPECT_EQ(written(), "");
  ASSERT_EQ(write("four", 9), SQLITE_OK);
  EXPECT_EQ(written(), "onetwo") << "what does not follow sends out what is before it";
  ASSERT_EQ(sync(), SQLITE_OK);
  EXPECT_EQ(written(), std::string("onetwo\0\0\0four", 13));
  EXPECT_EQ(writes_.count(), 2);
  ASSERT_EQ(write(std::string(detail::GatheredLog::kRoom + 1, 'l'), 0), SQLITE_OK);
  EXPECT_EQ(written().size(), detail::GatheredLog::kRoom + 1) << "more than there is room for";
}

TEST_F(GatheredLogCalls, answer_as_if_all_were_written) {
  ASSERT_EQ(write("0123", 0), SQLITE_OK);
  ASSERT_EQ(sync(), SQLITE_OK);
  ASSERT_EQ(write("4567", 4), SQLITE_OK);
  sqlite3_int64 size = 0;
  ASSERT_EQ(log_->pMethods->xFileSize(log_, &size), SQLITE_OK);
  EXPECT_EQ(size, end_ + 8);
  const auto read = [this](int amount, sqlite3_int64 at) {
    std::string into(static_cast<std::size_t>(amount), '#');
    const int rc = log_->pMethods->xRead(log_, into.data(), amount, end_ + at);
    return std::make_pair(rc, into);
  };
  EXPECT_EQ(read(4, 4), std::make_pair(static_cast<int>(SQLITE_OK), std::string("4567")));
  EXPECT_EQ(read(6, 1), std::make_pair(static_cast<int>(SQLITE_OK), std::string("123456"))) << "written and gathered";
  EXPECT_EQ(read(2, 0), std::make_pair(static_cast<int>(SQLITE_OK), std::string("01")));
  EXPECT_EQ(read(4, 6), std::make_pair(static_cast<int>(SQLITE_IOERR_SHORT_READ), std::string("67\0\0", 4))) << "behind the end";
  EXPECT_EQ(writes_.count(), 1);
  ASSERT_EQ(log_->pMethods->xTruncate(log_, end_ + 6), SQLITE_OK);
  EXPECT_EQ(written(), "012345");
}

TEST_F(GatheredLogCalls, of_the_index_write_the_log_before_anything_is_published) {
  ASSERT_EQ(write("frames", 0), SQLITE_OK);
  index_->pMethods->xShmBarrier(index_);
  EXPECT_EQ(written(), "frames");
  ASSERT_EQ(write("never", 6), SQLITE_OK);
  writes_.fail(1, Failure::no_room);
  index_->pMethods->xShmBarrier(index_);
  EXPECT_EQ(sync(), SQLITE_IOERR_WRITE) << "nobody could be told before";
  EXPECT_EQ(write("more", 11), SQLITE_IOERR_WRITE);
}

TEST_F(GatheredLogCalls, that_fail_keep_what_they_could_not_write) {
  for (const auto& [how, rc] : {std::make_pair(Failure::io_error, SQLITE_IOERR_WRITE), {Failure::no_room, SQLITE_FULL}, {Failure::short_then_no_room, SQLITE_FULL}}) {
    ASSERT_EQ(write("first", 0), SQLITE_OK);
    writes_.fail(1, how);
    EXPECT_EQ(sync(), rc);
    writes_.fail(1, how);
    EXPECT_EQ(write("elsewhere", 20), rc) << "what is before it in the log is not there yet";
    writes_.fail(1, how);
    EXPECT_EQ(log_->pMethods->xTruncate(log_, end_), rc);
    ASSERT_EQ(write(" and second", 5), SQLITE_OK);
    ASSERT_EQ(sync(), SQLITE_OK);
    EXPECT_EQ(written(), "first and second");
    ASSERT_EQ(log_->pMethods->xTruncate(log_, end_), SQLITE_OK);
  }
}

TEST_F(GatheredLogCalls, of_the_index_give_up_what_was_not_committed_when_the_writers_lock_goes) {
  const auto lock = [this](int flags) { return index_->pMethods->xShmLock(index_, 0, 1, flags | SQLITE_SHM_EXCLUSIVE); };
  ASSERT_EQ(lock(SQLITE_SHM_LOCK), SQLITE_OK);
  ASSERT_EQ(write("taken back", 0), SQLITE_OK);
  ASSERT_EQ(index_->pMethods->xShmLock(index_, 1, 1, SQLITE_SHM_LOCK | SQLITE_SHM_EXCLUSIVE), SQLITE_OK);
  ASSERT_EQ(index_->pMethods->xShmLock(index_, 1, 1, SQLITE_SHM_UNLOCK | SQLITE_SHM_EXCLUSIVE), SQLITE_OK);
  sqlite3_int64 size = 0;
  ASSERT_EQ(log_->pMethods->xFileSize(log_, &size), SQLITE_OK);
  EXPECT_EQ(size, end_ + 10) << "another lock is none of its business";
  ASSERT_EQ(lock(SQLITE_SHM_UNLOCK), SQLITE_OK);
  ASSERT_EQ(sync(), SQLITE_OK);
  EXPECT_EQ(written(), "");
}

TEST(GatheredLogRoom, is_enough_for_a_small_transaction_where_a_large_one_found_none) {
  Folder folder;
  const std::string path = folder.file("store.db");
  const auto database = open_writer(path);
  make_table(*database);
  LogWrites writes;
  writes.limit(static_cast<off_t>(std::filesystem::file_size(path + "-wal")) + 80000);
  bool ended = false;
  std::string failure;
  const auto told = commit_some(*database, ended, failure);
  EXPECT_EQ(failure, "journal.write");
  EXPECT_FALSE(told.empty());
  EXPECT_LT(told.size(), 11U);
  EXPECT_TRUE(database->run("INSERT INTO rows(id, text, other) VALUES(5000, 'small', 5000)")) << "as SQLite alone would have it";
  ASSERT_TRUE(database->run("DELETE FROM rows WHERE id = 5000"));
  expect_exactly(path, told);
}

constexpr int kGroup = 7;

/// Commits groups for ever and notes each one after it; is killed by itself at some moment.
TEST(GatheredLogChild, commits_until_it_is_killed) {
  const char* script = std::getenv("TONGQU_TEST_SCRIPT");
  if (script == nullptr) return; // It acts only as a child of the next test.
  const std::string path = std::getenv("TONGQU_TEST_STORE");
  const auto database = open_writer(path);
  make_table(*database);
  ASSERT_TRUE(database->run("PRAGMA cache_size = 6"));
  const std::int64_t first = *database->number_of("SELECT coalesce(max(id), 0) + 1 FROM rows");
  std::ofstream ledger(path + ".ledger", std::ios::app);
  std::thread([micros = std::atol(script)] {
    std::this_thread::sleep_for(std::chrono::microseconds(micros));
    ::kill(::getpid(), SIGKILL);
  }).detach();
  for (std::int64_t id = first;; id += kGroup) {
    ASSERT_TRUE(database->run("BEGIN IMMEDIATE"));
    for (std::int64_t one = id; one < id + kGroup; ++one) ASSERT_TRUE(insert(*database, one));
    ASSERT_TRUE(database->run("COMMIT"));
    ledger << id << std::endl;
    if (id / kGroup % 40 == 39) { ASSERT_TRUE(database->checkpoint(Database::Checkpoint::truncate)); }
  }
}

TEST(GatheredLogKill, at_any_moment_leaves_every_row_that_was_committed) {
  Folder folder;
  const std::string path = folder.file("store.db");
  std::mt19937 chance(20);
  std::int64_t rows = 0;
  for (int life = 0; life < 12; ++life) {
    ASSERT_TRUE(was_killed(run_child(std::to_string(chance() % 30000), path, "", "GatheredLogChild")));
    if (!std::filesystem::exists(path)) continue;
    ASSERT_EQ(verdict_of(path), "ok");
    auto opened = Database::open(path, Access::write);
    ASSERT_TRUE(opened);
    make_table(**opened);
    std::ifstream ledger(path + ".ledger");
    rows = 0;
    for (std::int64_t id = 0; ledger >> id;) {
      for (std::int64_t one = id; one < id + kGroup; ++one, ++rows) ASSERT_EQ(text_of_row(**opened, one), row_text(one)) << "lost in life " << life;
    }
    const std::int64_t there = *(*opened)->number_of("SELECT count(*) FROM rows");
    EXPECT_GE(there, rows);
    EXPECT_EQ(there % kGroup, 0) << "half a group";
  }
  EXPECT_GT(rows, 100);
}

class GatheredLogJournal : public JournalTest {
protected:
  LogWrites writes_;
};

TEST_F(GatheredLogJournal, a_write_that_fails_for_good_ends_all_work) {
  store(intake("m1"));
  writes_.fail(1, Failure::io_error);
  EXPECT_EQ(id_of(journal_->accept_and_wait(intake("m2"))), "journal.sync_failed");
  EXPECT_EQ(writes_.failed(), 1);
  EXPECT_EQ(id_of(journal_->accept_and_wait(intake("m3"))), "journal.sync_failed") << "though the disk works again";
  reopen();
  EXPECT_EQ(journal_->counts()->messages, 1);
  EXPECT_EQ(id_of(journal_->accept_and_wait(intake("m2"))), "ok");
}

TEST_F(GatheredLogJournal, a_write_that_finds_no_room_takes_back_its_group_alone) {
  store(intake("m1"));
  writes_.limit(0);
  EXPECT_EQ(id_of(journal_->accept_and_wait(intake("m2"))), "journal.write");
  EXPECT_GT(writes_.failed(), 0);
  writes_.forget();
  store(intake("m2"));
  EXPECT_EQ(journal_->counts()->messages, 2);
  EXPECT_EQ(id_of(journal_->bodies("m1")), "ok");
  EXPECT_EQ(verdict_of(options_.path), "ok");
}

TEST_F(GatheredLogJournal, writes_of_a_message_are_few) {
  writes_.forget();
  for (int i = 0; i < 20; ++i) store(intake("m" + std::to_string(i)));
  EXPECT_LE(writes_.count(), 2 * 20) << "one for each commit, and the header of the log";
}

} // namespace
} // namespace tongqu::journal
