#include <sys/wait.h>

#include <thread>

#include "journal/journal_test_support.hpp"
#include "tongqu/journal/crash_guard.hpp"

namespace tongqu::journal::test {
namespace {

class CrashGuardTest : public ::testing::Test {
protected:
  std::unique_ptr<CrashGuard> open() {
    auto opened = CrashGuard::open(path_);
    EXPECT_TRUE(opened) << describe(opened.error());
    return opened ? *std::move(opened) : nullptr;
  }
  /// A process that dies with these bodies in work.
  void die_with(std::initializer_list<const char*> bodies) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      auto guard = CrashGuard::open(path_);
      std::vector<CrashGuard::Entry> entries;
      for (const char* body : bodies) entries.push_back((*guard)->enter(body));
      ::kill(::getpid(), SIGKILL);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
  }
  Folder folder_;
  std::string path_ = folder_.file("store.db.guard");
};

TEST_F(CrashGuardTest, a_body_that_ends_the_process_twice_is_condemned_and_stays_so) {
  die_with({"poison"});
  { auto guard = open(); EXPECT_EQ(guard->tally().suspected, 1U); EXPECT_EQ(guard->tally().condemned, 0U); }
  die_with({"poison"});
  for (int i = 0; i < 2; ++i) {
    auto guard = open();
    EXPECT_TRUE(guard->enter("poison").condemned());
    EXPECT_FALSE(guard->enter("poisoN").condemned());
    EXPECT_EQ(guard->tally().condemned, 1U);
  }
  auto guard = open();
  guard->acquit("poison");
  EXPECT_FALSE(guard->enter("poison").condemned());
}

TEST_F(CrashGuardTest, bodies_that_were_only_beside_it_are_never_condemned) {
  die_with({"poison", "innocent 1", "innocent 2"});
  EXPECT_EQ(open()->tally().suspected, 3U);
  die_with({"innocent 3", "poison", "innocent 4"});
  auto guard = open();
  EXPECT_TRUE(guard->enter("poison").condemned());
  for (const char* body : {"innocent 1", "innocent 2", "innocent 3", "innocent 4"}) EXPECT_FALSE(guard->enter(body).condemned()) << body;
  EXPECT_EQ(guard->tally().suspected, 0U) << "who goes through is cleared";
}

TEST_F(CrashGuardTest, a_body_that_goes_through_leaves_nothing_behind) {
  die_with({"unlucky"});
  { auto guard = open(); guard->enter("unlucky").end(); }
  die_with({"unlucky"});
  EXPECT_FALSE(open()->enter("unlucky").condemned());
}

TEST_F(CrashGuardTest, suspected_bodies_are_worked_on_one_after_the_other) {
  die_with({"a", "b"});
  auto guard = open();
  auto first = guard->enter("a");
  std::atomic<bool> entered{false};
  std::thread second([&guard, &entered] { auto entry = guard->enter("b"); entered = true; });
  auto ordinary = guard->enter("c"); // Does not wait.
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  EXPECT_FALSE(entered);
  first.end();
  second.join();
  EXPECT_TRUE(entered);
}

TEST_F(CrashGuardTest, more_bodies_than_there_are_places_are_let_through_unwatched) {
  auto guard = open();
  std::vector<CrashGuard::Entry> entries;
  for (int i = 0; i < 600; ++i) entries.push_back(guard->enter(std::to_string(i)));
  EXPECT_EQ(guard->tally().in_work, 512U);
  entries.clear();
  EXPECT_EQ(guard->tally().in_work, 0U);
}

TEST_F(CrashGuardTest, a_damaged_or_foreign_table_is_made_anew_and_a_folder_is_refused) {
  { std::ofstream(path_) << "not a table"; }
  EXPECT_EQ(open()->tally().suspected, 0U);
  die_with({"x"});
  EXPECT_EQ(open()->tally().suspected, 1U);
  EXPECT_EQ(id_of(CrashGuard::open(folder_.path())), "journal.guard");
}

} // namespace
} // namespace tongqu::journal::test
