#include "journal/sqlite/gathered_log.hpp"

#include <array>
#include <cstdio>
#include <functional>
#include <random>

#include "journal/sqlite/gathered_log_test_support.hpp"

namespace tongqu::journal {
namespace {

using namespace test;

constexpr long kFrame = 8192 + 24;

class GatheredLogTest : public ::testing::Test {
protected:
  Folder folder_;
  const std::string path_ = folder_.file("store.db");
  LogWrites writes_;
};

void insert_many(Database& database, std::int64_t from, std::int64_t count) {
  ASSERT_TRUE(database.run("BEGIN IMMEDIATE"));
  for (std::int64_t id = from; id < from + count; ++id) ASSERT_TRUE(insert(database, id));
  ASSERT_TRUE(database.run("COMMIT"));
}

TEST_F(GatheredLogTest, a_commit_reaches_the_log_in_few_writes) {
  for (const bool gathered : {false, true}) {
    const auto database = open_writer(folder_.file(gathered ? "gathered.db" : "alone.db"), gathered);
    make_table(*database);
    const long before = database->wal_pages();
    writes_.forget();
    insert_many(*database, 1, 40);
    const long frames = database->wal_pages() - before;
    EXPECT_GT(frames, 40);
    EXPECT_EQ(writes_.bytes(), frames * kFrame);
    const auto room = static_cast<long>(detail::GatheredLog::kRoom);
    EXPECT_LE(writes_.count(), gathered ? writes_.bytes() / (room - 8192) + 1 : 2 * frames);
    if (!gathered) { EXPECT_EQ(writes_.count(), 2 * frames) << "what SQLite does by itself"; }
  }
}

/// Every kind of thing that makes SQLite write to a log: commits small and large, spills, frames that are written again, savepoints and whole
/// transactions taken back, checkpoints that begin the log anew or cut it.
std::vector<std::string> play(const std::string& path, bool gathered) {
  sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, 77, nullptr);
  sqlite3_test_control(SQLITE_TESTCTRL_PRNG_RESET);
  std::vector<std::string> seen;
  const auto database = open_writer(path, gathered);
  EXPECT_TRUE(database->run("PRAGMA cache_size = 12; PRAGMA journal_size_limit = 300000"));
  make_table(*database);
  std::mt19937 chance(4711);
  std::int64_t next = 1;
  for (int step = 0; step < 60; ++step) {
    EXPECT_TRUE(database->run("BEGIN IMMEDIATE"));
    const int inserts = static_cast<int>(chance() % (step % 10 == 0 ? 60 : 8));
    for (int i = 0; i < inserts; ++i) {
      EXPECT_TRUE(insert(*database, next++));
      if (chance() % 3 != 0) continue;
      EXPECT_TRUE(database->run(("UPDATE rows SET text = text || 'x' WHERE id % 17 = " + std::to_string(chance() % 17)).c_str()));
    }
    EXPECT_TRUE(database->run("SAVEPOINT one"));
    EXPECT_TRUE(database->run(("DELETE FROM rows WHERE id % 23 = " + std::to_string(chance() % 23)).c_str()));
    EXPECT_TRUE(insert(*database, next++));
    EXPECT_TRUE(database->run(chance() % 2 == 0 ? "ROLLBACK TO one" : "RELEASE one"));
    const bool committed = chance() % 5 != 0;
    EXPECT_TRUE(database->run(committed ? "COMMIT" : "ROLLBACK"));
    seen.push_back(number(*database, "SELECT count(*) FROM rows") + " " + number(*database, "SELECT coalesce(sum(length(text)), 0) FROM rows"));
    // Frames that were never committed are garbage behind the last commit, or in a log that has begun anew.
    if (committed) seen.push_back(content_of(path + "-wal").substr(0, static_cast<std::size_t>(32 + database->wal_pages() * kFrame)));
    if (step % 9 != 8) continue;
    EXPECT_TRUE(database->checkpoint(step % 2 == 0 ? Database::Checkpoint::passive : Database::Checkpoint::truncate));
  }
  return seen;
}

TEST_F(GatheredLogTest, the_files_are_byte_for_byte_what_sqlite_alone_writes) {
  const auto alone = play(folder_.file("alone.db"), false);
  const long by_itself = writes_.count();
  writes_.forget();
  const auto gathered = play(folder_.file("gathered.db"), true);
  EXPECT_LT(writes_.count() * 2, by_itself);
  ASSERT_EQ(alone.size(), gathered.size());
  for (std::size_t i = 0; i < alone.size(); ++i) ASSERT_TRUE(alone[i] == gathered[i]) << "at " << i;
  EXPECT_TRUE(content_of(folder_.file("alone.db")) == content_of(folder_.file("gathered.db")));
  EXPECT_EQ(verdict_of(folder_.file("gathered.db")), "ok");
}

TEST_F(GatheredLogTest, a_reader_beside_the_writer_sees_every_commit_at_once_and_nothing_else) {
  const auto database = open_writer(path_);
  make_table(*database);
  auto reader = Database::open(path_, Access::read);
  ASSERT_TRUE(reader);
  for (std::int64_t id = 1; id <= 60; id += 3) {
    insert_many(*database, id, 3);
    for (std::int64_t one = id; one < id + 3; ++one) ASSERT_EQ(text_of_row(**reader, one), row_text(one));
    ASSERT_TRUE(database->run("BEGIN IMMEDIATE"));
    ASSERT_TRUE(insert(*database, 1000 + id));
    EXPECT_EQ(number(**reader, "SELECT count(*) FROM rows"), std::to_string(id + 2)) << "what is not committed is nobody's business";
    ASSERT_TRUE(database->run("ROLLBACK"));
  }
}

TEST_F(GatheredLogTest, another_program_sees_every_commit_at_once) {
  if (::access("/usr/bin/sqlite3", X_OK) != 0) GTEST_SKIP() << "no sqlite3 command line";
  const auto database = open_writer(path_);
  make_table(*database);
  for (std::int64_t id = 1; id <= 12; id += 4) {
    insert_many(*database, id, 4);
    const std::string command = "/usr/bin/sqlite3 -readonly '" + path_ + "' \"SELECT count(*) || ' ' || max(id) || ' ' || (SELECT text FROM rows WHERE id = " +
                                std::to_string(id + 3) + ") FROM rows; PRAGMA integrity_check\" 2>&1";
    FILE* program = ::popen(command.c_str(), "r");
    ASSERT_NE(program, nullptr);
    std::string said;
    for (std::array<char, 4096> piece{}; const std::size_t got = std::fread(piece.data(), 1, piece.size(), program);) said.append(piece.data(), got);
    ::pclose(program);
    EXPECT_EQ(said, std::to_string(id + 3) + " " + std::to_string(id + 3) + " " + row_text(id + 3) + "\nok\n");
  }
}

TEST_F(GatheredLogTest, the_writer_reads_what_is_not_written_yet) {
  const auto database = open_writer(path_);
  make_table(*database);
  ASSERT_TRUE(database->run("PRAGMA cache_size = 4"));
  writes_.forget();
  ASSERT_TRUE(database->run("BEGIN IMMEDIATE"));
  for (std::int64_t id = 1; id <= 9; ++id) ASSERT_TRUE(insert(*database, id));
  ASSERT_EQ(writes_.count(), 0) << "this test is about pages that were spilled and only gathered";
  for (std::int64_t id = 1; id <= 9; ++id) EXPECT_EQ(text_of_row(*database, id), row_text(id));
  EXPECT_EQ(writes_.count(), 0) << "reading writes nothing";
  for (std::int64_t id = 10; id <= 200; ++id) ASSERT_TRUE(insert(*database, id));
  for (std::int64_t id = 1; id <= 200; ++id) EXPECT_EQ(text_of_row(*database, id), row_text(id)) << "some gathered, some written, some across";
  ASSERT_TRUE(database->run("COMMIT"));
  for (std::int64_t id = 1; id <= 200; ++id) EXPECT_EQ(text_of_row(*database, id), row_text(id));
  EXPECT_EQ(verdict_of(path_), "ok");
}

TEST_F(GatheredLogTest, a_transaction_taken_back_leaves_nothing_for_the_next_writers_frames) {
  const auto database = open_writer(path_);
  make_table(*database);
  ASSERT_TRUE(database->run("PRAGMA cache_size = 4"));
  const auto other = open_writer(path_, false);
  for (std::int64_t round = 0; round < 10; ++round) {
    ASSERT_TRUE(database->run("BEGIN IMMEDIATE"));
    for (std::int64_t id = 0; id < 8; ++id) ASSERT_TRUE(insert(*database, 1000 + id));
    ASSERT_TRUE(database->run("ROLLBACK"));
    insert_many(*other, 1 + round * 20, 10);
    insert_many(*database, 11 + round * 20, 10);
  }
  for (std::int64_t id = 1; id <= 200; ++id) EXPECT_EQ(text_of_row(*other, id), row_text(id));
  EXPECT_EQ(number(*database, "SELECT count(*) FROM rows"), "200");
  EXPECT_EQ(verdict_of(path_), "ok");
}

TEST_F(GatheredLogTest, nothing_is_published_that_is_not_written) {
  const auto database = open_writer(path_);
  make_table(*database);
  // The store refuses this. SQLite publishes a commit then without a sync, and only the barrier before stands between.
  ASSERT_TRUE(database->run("PRAGMA synchronous = NORMAL"));
  auto reader = Database::open(path_, Access::read);
  ASSERT_TRUE(reader);
  for (std::int64_t id = 1; id <= 30; id += 3) {
    insert_many(*database, id, 3);
    for (std::int64_t one = id; one < id + 3; ++one) ASSERT_EQ(text_of_row(**reader, one), row_text(one));
  }
  writes_.fail(1, LogWrites::Failure::no_room);
  insert_many(*database, 100, 3);
  EXPECT_EQ(writes_.failed(), 1);
  const auto after = database->run("INSERT INTO rows(id, text, other) VALUES(200, 'x', 200)");
  ASSERT_FALSE(after) << "what was published and could not be written ends all work";
  EXPECT_EQ(after.error().id(), "journal.sync_failed");
}

TEST_F(GatheredLogTest, nothing_is_gathered_before_durability_is_checked_or_where_sqlite_writes_behind_its_sync) {
  {
    auto opened = Database::open_for_groups(path_, Access::create);
    ASSERT_TRUE(opened);
    ASSERT_TRUE((*opened)->run("PRAGMA page_size = 8192; PRAGMA journal_mode = WAL"));
    writes_.forget();
    make_table(**opened);
    EXPECT_GT(writes_.count(), 2 * (*opened)->wal_pages());
  }
  // Without "power-safe overwrite" it fills the sector up, and what lies behind the sector's end is written after the sync.
  const auto padded = open_writer("file:" + folder_.file("padded.db") + "?psow=0");
  make_table(*padded);
  const long before = padded->wal_pages();
  writes_.forget();
  insert_many(*padded, 1, 5);
  EXPECT_GE(writes_.count(), 2 * (padded->wal_pages() - before));
}

TEST_F(GatheredLogTest, serves_a_connection_that_lives_on_behind_a_statement) {
  auto database = open_writer(path_);
  make_table(*database);
  insert_many(*database, 1, 3);
  auto statement = Statement::prepare(*database, "SELECT text FROM rows ORDER BY id");
  ASSERT_TRUE(statement);
  ASSERT_TRUE(*statement->step());
  database.reset();
  EXPECT_EQ(statement->bytes_at(0), row_text(1));
}

} // namespace
} // namespace tongqu::journal
