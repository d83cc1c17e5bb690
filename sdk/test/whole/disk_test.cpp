#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "sdk/test/whole/failing_sync.hpp"
#include "sdk/test/whole/senders.hpp"

/// The disk stops confirming: nothing is acknowledged, nothing is doubled, and the process ends by itself.
namespace tongqu::whole {
namespace {

class Disk : public testing::Test {
protected:
  void TearDown() override { fail_syncs(false); }
};

TEST_F(Disk, a_lost_disk_is_told_to_the_sender_and_ends_the_bridge) {
  House house;
  house.open();
  ASSERT_EQ(send_qinglan(house, qinglan_body("DK-0", "accept")).state, "stored");
  ASSERT_TRUE(wait_until([&] { return house.all_delivered(1); }));
  EXPECT_FALSE(house.bridge().failed());
  fail_syncs(true);
  const Told soap = send_qinglan(house, qinglan_body("DK-1", "accept"));
  EXPECT_EQ(soap.error_id, "journal.sync_failed");
  EXPECT_EQ(soap.reply.status, 500);
  EXPECT_NE(soap.reply.body.find("soap:Server"), std::string::npos);
  EXPECT_TRUE(house.bridge().failed());
  const Told rest = send_linhu(house, linhu_body("DK-2", "accept"));
  EXPECT_EQ(rest.error_id, "journal.sync_failed");
  EXPECT_EQ(rest.reply.status, 500);
  EXPECT_EQ(house.health("/healthz").status, 503);
  EXPECT_NE(house.health("/healthz").body.find("journal.sync_failed"), std::string::npos);
  EXPECT_NE(house.log().find("journal_failed error_id=journal.sync_failed"), std::string::npos);
  fail_syncs(false);
  EXPECT_EQ(send_qinglan(house, qinglan_body("DK-1", "accept")).error_id, "journal.sync_failed") << "a failed sync is never trusted again";
  EXPECT_EQ(house.platform("province").effects, 1u);
  house.close();
  house.open();
  EXPECT_EQ(send_qinglan(house, qinglan_body("DK-1", "accept")).state, "stored");
  EXPECT_EQ(send_linhu(house, linhu_body("DK-2", "accept")).state, "stored");
  EXPECT_TRUE(wait_until([&] { return house.all_delivered(3); }));
  for (const char* name : {"province", "nation"}) EXPECT_EQ(house.platform(name).effects, 3u);
  EXPECT_TRUE(house.verify().ok());
}

TEST_F(Disk, a_disk_lost_while_only_sends_go_on_ends_the_bridge_too) {
  House house;
  house.open();
  house.plant("province", "slow:every=1:ms=100");
  ASSERT_EQ(send_qinglan(house, qinglan_body("DK-1", "accept")).state, "stored");
  ASSERT_TRUE(wait_until([&] { return house.platform("province").effects == 1; }));
  fail_syncs(true);
  EXPECT_TRUE(wait_until([&] { return house.bridge().failed(); }, 3s));
  house.close();
  fail_syncs(false);
  house.plant("province", "");
  house.open();
  EXPECT_TRUE(wait_until([&] { return house.all_delivered(1); })) << house.log();
  EXPECT_EQ(house.platform("province").effects, 1u);
  EXPECT_EQ(house.platform("province").duplicates, 0u) << "what was sent before the disk went is asked for";
}

TEST_F(Disk, a_disk_lost_while_only_refusals_are_written_ends_the_bridge_too) {
  House house;
  house.open();
  fail_syncs(true);
  EXPECT_EQ(send_qinglan(house, "<a/>").error_id, "connector.soap_structure");
  EXPECT_TRUE(wait_until([&] { return house.bridge().failed(); }, 4s));
}

/// The real program, with the fault in a preloaded library.
class Program {
public:
  explicit Program(const House& house) : out_(house.folder.file("out")), flag_(house.folder.file("fail-now")) {
    pid_ = ::fork();
    if (pid_ != 0) return;
    const std::string config = house.folder.file("bridge.yaml"), program = TONGQU_BIN_DIR "/tongqu";
    if (std::freopen(out_.c_str(), "w", stdout) == nullptr || ::dup2(STDOUT_FILENO, STDERR_FILENO) < 0) ::_exit(126);
    ::setenv("LD_PRELOAD", TONGQU_FAILING_SYNC, 1);
    ::setenv("ASAN_OPTIONS", "verify_asan_link_order=0", 1);
    ::setenv("TONGQU_TEST_FAIL_SYNC_WHEN", flag_.c_str(), 1);
    ::execl(program.c_str(), program.c_str(), "bridge", "run", "-c", config.c_str(), "--quiet", static_cast<char*>(nullptr));
    ::_exit(127);
  }
  ~Program() {
    if (exit_code(0ms) == -1) ::kill(pid_, SIGKILL), ::waitpid(pid_, nullptr, 0);
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  std::string said() const { return file_text(out_); }
  std::uint16_t port(const std::string& listener) const {
    const std::string text = said();
    const auto line = text.find("listening " + listener + " ");
    return static_cast<std::uint16_t>(std::stoi(text.substr(text.find("127.0.0.1:", line) + 10)));
  }
  void lose_the_disk() const { write_text(flag_, "x"); }
  /// -1: still running.
  int exit_code(std::chrono::milliseconds most) {
    wait_until([&] { return ended_ || (ended_ = ::waitpid(pid_, &status_, WNOHANG) == pid_); }, most);
    return !ended_ ? -1 : WIFEXITED(status_) ? WEXITSTATUS(status_) : 128 + WTERMSIG(status_);
  }

private:
  std::string out_, flag_;
  pid_t pid_ = -1;
  int status_ = 0;
  bool ended_ = false;
};

TEST_F(Disk, the_program_ends_with_its_own_fault_and_says_why_in_both_languages) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a preloaded library and a sanitizer's own do not get on";
#endif
  House house;
  Program program(house);
  ASSERT_TRUE(wait_until([&] { return program.said().find("\nready\n") != std::string::npos || program.exit_code(0ms) != -1; })) << program.said();
  ASSERT_NE(program.said().find("\nready\n"), std::string::npos) << program.said();
  const auto send = [&](const std::string& case_no) {
    return heard(connector::test::call(program.port("qinglan"), "POST", "/services/spxt", {{"Content-Type", "text/xml"}}, qinglan_body(case_no, "accept")));
  };
  EXPECT_EQ(send("DK-1").state, "stored");
  program.lose_the_disk();
  EXPECT_EQ(send("DK-2").error_id, "journal.sync_failed");
  const int code = program.exit_code(8s);
  EXPECT_GT(code, 0) << program.said();
  EXPECT_LT(code, 126) << program.said();
  EXPECT_NE(program.said().find("The disk did not confirm a write"), std::string::npos) << program.said();
  EXPECT_NE(program.said().find("磁盘未确认写入"), std::string::npos) << program.said();
  EXPECT_EQ(program.said().find("\nstopped\n"), std::string::npos);
}

} // namespace
} // namespace tongqu::whole
