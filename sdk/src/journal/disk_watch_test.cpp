#include <fcntl.h>
#include <sys/mount.h>

#include <thread>

#include "journal/journal_test_support.hpp"

namespace tongqu::journal::test {
namespace {

using S = DeliveryState;
constexpr std::int64_t kMegabyte = std::int64_t{1} << 20U;

/// A file system of 12 MB for one test.
class SmallDisk : public ::testing::Test {
protected:
  void SetUp() override {
    if (::mount("tongqu-test", folder_.path().c_str(), "tmpfs", 0, "size=12m,mode=0700") != 0) GTEST_SKIP() << "a small file system needs the right to mount one";
    mounted_ = true;
    options_.low_water_bytes = 4 * kMegabyte;
    options_.ballast_bytes = kMegabyte;
  }
  void TearDown() override {
    journal_.reset();
    if (mounted_) ::umount2(folder_.path().c_str(), MNT_DETACH);
  }
  void open() {
    journal_.reset();
    auto opened = Journal::open(options_, std::make_shared<SystemClock>());
    ASSERT_TRUE(opened) << describe(opened.error());
    journal_ = *std::move(opened);
  }
  /// Leaves this much room.
  void fill_up_to(std::int64_t left) {
    const auto room = static_cast<std::int64_t>(std::filesystem::space(folder_.path()).available);
    const int descriptor = ::open(folder_.file("other").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    ASSERT_GE(descriptor, 0);
    const auto size = static_cast<std::int64_t>(std::filesystem::file_size(folder_.file("other")));
    EXPECT_EQ(::posix_fallocate(descriptor, 0, std::max<std::int64_t>(1, size + room - left)), 0);
    ::close(descriptor);
  }
  void make_room() { std::filesystem::remove(folder_.file("other")); }
  std::string intake_says(const std::string& id) { return id_of(journal_->accept_and_wait(intake(id, id))); }
  /// The journal looks by itself; nobody tells it.
  bool comes_to_say(const std::string& expected, const std::string& id) {
    for (int i = 0; i < 100; ++i) {
      if (intake_says(id + "-" + std::to_string(i)) == expected) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return false;
  }
  Folder folder_;
  JournalOptions options_ = options_for(folder_.file("store.db"));
  std::unique_ptr<Journal> journal_;
  bool mounted_ = false;
};

TEST_F(SmallDisk, intake_stops_at_the_low_water_mark_deliveries_go_on_and_intake_comes_back_by_itself) {
  open();
  for (int i = 0; i < 20; ++i) ASSERT_EQ(intake_says("m" + std::to_string(i)), "ok");
  ASSERT_TRUE(std::filesystem::exists(options_.path + ".ballast"));
  fill_up_to(2 * kMegabyte);
  ASSERT_TRUE(comes_to_say("journal.disk_low", "low"));
  EXPECT_EQ(journal_->accept_and_wait(intake("x", "x")).error().action(), Action::retry_later);
  const auto claims = claim(*journal_, 10);
  ASSERT_EQ(claims.size(), 10U);
  for (const Claim& one : claims) EXPECT_TRUE(settle(*journal_, settlement(one, S::delivered)));
  make_room();
  EXPECT_TRUE(comes_to_say("ok", "again"));
  EXPECT_NE(first_value(options_.path, "SELECT detail FROM audit WHERE kind = 'disk_low'").find("free_bytes="), std::string::npos);
  EXPECT_EQ(first_value(options_.path, "SELECT count(*) FROM audit WHERE kind = 'disk_room'"), "1");
}

TEST_F(SmallDisk, on_a_full_disk_the_ballast_gives_room_to_record_what_was_sent) {
  open();
  for (int i = 0; i < 60; ++i) ASSERT_EQ(intake_says("m" + std::to_string(i)), "ok");
  const auto claims = claim(*journal_, 60);
  ASSERT_EQ(claims.size(), 60U);
  fill_up_to(0);
  int recorded = 0;
  for (Claim one : claims) {
    Settlement done = settlement(one, S::delivered);
    done.receipt = std::string(3000, 'r');
    recorded += settle(*journal_, std::move(done)) ? 1 : 0;
  }
  EXPECT_EQ(recorded, 60);
  EXPECT_FALSE(std::filesystem::exists(options_.path + ".ballast"));
  EXPECT_EQ(intake_says("more"), "journal.disk_low");
  make_room();
  EXPECT_TRUE(comes_to_say("ok", "again"));
  for (int i = 0; i < 40 && !std::filesystem::exists(options_.path + ".ballast"); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_TRUE(std::filesystem::exists(options_.path + ".ballast")) << "kept again for the next time";
}

TEST_F(SmallDisk, a_store_on_a_full_disk_is_opened_with_the_room_of_the_ballast) {
  open();
  ASSERT_EQ(intake_says("m1"), "ok");
  journal_->close();
  journal_.reset();
  std::filesystem::remove(options_.path + "-shm");
  fill_up_to(0);
  open();
  EXPECT_EQ(intake_says("m2"), "journal.disk_low");
  const auto claims = claim(*journal_, 1);
  ASSERT_EQ(claims.size(), 1U);
  EXPECT_TRUE(settle(*journal_, settlement(claims[0], S::delivered)));
}

} // namespace
} // namespace tongqu::journal::test
