#include <sqlite3.h>

#include <filesystem>

#include "journal/journal_test_support.hpp"
#include "journal/stepped.hpp"

namespace tongqu::journal {
namespace {

namespace fs = std::filesystem;
using namespace test;
using S = DeliveryState;

/// What happens to the files of the store behind the journal's back.
class JournalFiles : public JournalTest {
protected:
  std::string kinds(const char* kind) { return first_value(options_.path, "SELECT count(*) FROM audit WHERE kind = '" + std::string(kind) + "'"); }
};

TEST_F(JournalFiles, nothing_is_acknowledged_when_the_store_or_its_log_is_gone) {
  for (const std::string end : {"", "-wal"}) {
    store(intake("before" + end));
    fs::rename(options_.path + end, folder_.file("aside"));
    EXPECT_EQ(id_of(journal_->accept_and_wait(intake("after" + end))), "journal.sync_failed") << end;
    EXPECT_EQ(id_of(journal_->note("x", {"a", "b"})), "journal.sync_failed") << end;
    journal_.reset();
    EXPECT_FALSE(fs::exists(options_.path + end)) << "no other file is made in its place";
    fs::rename(folder_.file("aside"), options_.path + end);
    reopen();
    EXPECT_EQ(id_of(journal_->bodies("before" + end)), "ok");
  }
}

TEST_F(JournalFiles, another_file_in_the_place_of_the_store_is_not_taken_for_it) {
  store(intake("m1"));
  fs::copy_file(options_.path, folder_.file("copy"));
  fs::rename(folder_.file("copy"), options_.path);
  EXPECT_EQ(id_of(journal_->accept_and_wait(intake("m2"))), "journal.sync_failed");
}

TEST_F(JournalFiles, an_empty_store_is_not_made_where_one_is_missing) {
  store(intake("m1"));
  journal_.reset();
  fs::rename(options_.path, folder_.file("aside"));
  EXPECT_EQ(id_of(Journal::open(options_, clock_)), "journal.open") << "its log tells of it";
  fs::remove(options_.path + "-wal");
  EXPECT_EQ(id_of(Journal::open(options_, clock_)), "journal.open") << "its audit head tells of it";
  EXPECT_FALSE(fs::exists(options_.path));
  { std::ofstream(options_.path).flush(); }
  EXPECT_EQ(id_of(Journal::open(options_, clock_)), "journal.open") << "an empty file is no store";
  fs::remove(options_.path);
  fs::remove(options_.audit_head_file);
  EXPECT_EQ(id_of(Journal::open(options_, clock_)), "ok") << "who wants a new one takes the old head away";
}

TEST_F(JournalFiles, a_writer_that_holds_the_store_costs_no_number_and_no_key) {
  store(intake("m1"));
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(options_.path.c_str(), &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  EXPECT_EQ(id_of(journal_->accept_and_wait(intake("m2"))), "journal.write");
  ASSERT_EQ(sqlite3_exec(other, "ROLLBACK", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(other);
  EXPECT_EQ(journal_->accept_and_wait(intake("m1"))->verdict, IntakeVerdict::duplicate) << "it is still known";
  store(intake("m2"));
  EXPECT_EQ(journal_->counts()->messages, 2);
  reopen();
  EXPECT_EQ(journal_->accept_and_wait(intake("m2"))->verdict, IntakeVerdict::duplicate);
}

TEST_F(JournalFiles, a_missing_head_leaves_an_entry) {
  EXPECT_EQ(kinds("head_missing"), "0") << "a new store has none yet";
  reopen();
  EXPECT_EQ(kinds("head_missing"), "0");
  journal_.reset();
  fs::remove(options_.audit_head_file);
  reopen();
  EXPECT_EQ(kinds("head_missing"), "1");
}

TEST_F(JournalFiles, a_lost_head_may_refuse_the_start) {
  store(intake("m1"));
  options_.lost_head = JournalOptions::LostHead::refused;
  reopen();
  journal_.reset();
  fs::copy(options_.audit_head_file, options_.audit_head_file + ".kept");
  fs::remove(options_.audit_head_file);
  EXPECT_EQ(id_of(Journal::open(options_, clock_)), "journal.audit_head") << "gone";
  std::ofstream(options_.audit_head_file) << "no head\n";
  EXPECT_EQ(id_of(Journal::open(options_, clock_)), "journal.audit_head") << "unreadable";
  EXPECT_EQ(fs::file_size(options_.audit_head_file), 8U) << "nothing is put aside";
  fs::copy(options_.audit_head_file + ".kept", options_.audit_head_file, fs::copy_options::overwrite_existing);
  fs::copy(options_.path, options_.path + ".old");
  reopen();
  store(intake("m2"));
  journal_.reset();
  fs::copy(options_.path + ".old", options_.path, fs::copy_options::overwrite_existing);
  EXPECT_EQ(id_of(Journal::open(options_, clock_)), "journal.audit_cut") << "an older store under a newer head";
  options_.lost_head = JournalOptions::LostHead::noted;
  reopen();
  EXPECT_EQ(kinds("head_foreign"), "1");
}

TEST_F(JournalFiles, a_wait_counted_on_a_wrong_clock_ends_with_the_next_start) {
  options_.ask_after = std::chrono::seconds(2);
  reopen();
  for (const char* id : {"m1", "m2", "m3"}) store(intake(id, id));
  auto claims = claim(*journal_, 3);
  ASSERT_EQ(claims.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    Settlement later = settlement(claims[i], i == 0 ? S::ready : S::unknown);
    later.not_before = clock_->now_utc() + (i == 2 ? std::chrono::hours(24 * 365 * 100) : std::chrono::hours(0) + std::chrono::minutes(10));
    ASSERT_TRUE(settle(*journal_, later));
  }
  journal_.reset();
  clock_->turn_wall(std::chrono::hours(-24));
  reopen();
  clock_->pass(std::chrono::milliseconds(1999));
  EXPECT_TRUE(claim(*journal_, 3).empty());
  clock_->pass(std::chrono::milliseconds(1));
  EXPECT_EQ(claim(*journal_, 3).size(), 2U) << "the third waits for a person, however long";
}

TEST_F(JournalFiles, a_wait_that_a_platform_asked_for_outlasts_a_start) {
  store(intake("m1"));
  Settlement later = settlement(claim(*journal_).at(0), S::ready);
  later.not_before = clock_->now_utc() + std::chrono::minutes(59);
  ASSERT_TRUE(settle(*journal_, later));
  reopen();
  EXPECT_TRUE(claim(*journal_).empty());
  clock_->pass(std::chrono::minutes(59));
  EXPECT_EQ(claim(*journal_).size(), 1U);
}

/// The caller counts on the wall of his moment; the writer comes to it later, when the wall may be another.
TEST(SteppedJournal, a_wait_is_counted_when_it_is_handed_in_and_not_when_the_writer_comes_to_it) {
  const Folder folder;
  const auto clock = std::make_shared<HandClock>();
  auto opened = detail::open_stepped(options_for(folder.file("store.db")), clock);
  ASSERT_TRUE(opened) << describe(opened.error());
  const auto run = [&opened] { while (opened->turn()) {} };
  const auto claimed = [&] {
    std::vector<Claim> out;
    opened->journal->claim("province", 9, [&out](Result<std::vector<Claim>> claims) { out = claims ? *std::move(claims) : out; });
    run();
    return out;
  };
  opened->journal->accept(intake("m1"), [](Result<IntakeOutcome> outcome) { EXPECT_TRUE(outcome); });
  run();
  const auto claims = claimed();
  ASSERT_EQ(claims.size(), 1U);
  Settlement unknown = settlement(claims[0], DeliveryState::unknown);
  unknown.not_before = clock->now_utc() + std::chrono::milliseconds(1000);
  opened->journal->settle(unknown, [](Result<void> done) { EXPECT_TRUE(done); });
  clock->turn_wall(std::chrono::hours(1));
  run();
  EXPECT_TRUE(claimed().empty()) << "its request may still be on its way";
  clock->pass(std::chrono::milliseconds(1000));
  EXPECT_EQ(claimed().size(), 1U);
}

} // namespace
} // namespace tongqu::journal
