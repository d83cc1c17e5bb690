#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "sdk/test/whole/senders.hpp"

/// A body that ends the process twice is kept unread.
namespace tongqu::whole {
namespace {

#ifdef TONGQU_WITH_FAULT_POINTS

/// The real program; with a fault, it is killed while it maps whatever comes first.
class Killed {
public:
  Killed(const House& house, bool armed, const char* fault = "s08_mapped:kill") : out_(house.folder.file("out")) {
    ::unlink(out_.c_str());
    pid_ = ::fork();
    if (pid_ != 0) return;
    const std::string config = house.folder.file("bridge.yaml"), program = TONGQU_BIN_DIR "/tongqu";
    if (std::freopen(out_.c_str(), "w", stdout) == nullptr || ::dup2(STDOUT_FILENO, STDERR_FILENO) < 0) ::_exit(126);
    if (armed) ::setenv("TONGQU_FAULTS", fault, 1);
    ::execl(program.c_str(), program.c_str(), "bridge", "run", "-c", config.c_str(), "--quiet", static_cast<char*>(nullptr));
    ::_exit(127);
  }
  ~Killed() {
    if (!ended(0ms)) ::kill(pid_, SIGTERM), ended(10s);
  }
  Killed(const Killed&) = delete;
  Killed& operator=(const Killed&) = delete;
  bool ready() { return wait_until([&] { return file_text(out_).find("\nready\n") != std::string::npos || ended(0ms); }) && !ended_; }
  bool ended(std::chrono::milliseconds most) {
    return wait_until([&] { return ended_ || (ended_ = ::waitpid(pid_, nullptr, WNOHANG) == pid_); }, most);
  }
  std::uint16_t port(const std::string& listener) const {
    const std::string text = file_text(out_);
    return static_cast<std::uint16_t>(std::stoi(text.substr(text.find("127.0.0.1:", text.find("listening " + listener + " ")) + 10)));
  }
  Told send(const std::string& case_no) const {
    return heard(connector::test::call(port("qinglan"), "POST", "/services/spxt", {{"Content-Type", "text/xml"}}, qinglan_body(case_no, "accept")));
  }
  Told send_json(const House& house, const std::string& case_no) const {
    return heard(connector::test::call(port("linhu"), "POST", "/api/push", {{"Content-Type", "application/json"}, {"Authorization", "Bearer " + house.token}}, linhu_body(case_no, "accept")));
  }

private:
  std::string out_;
  pid_t pid_ = -1;
  bool ended_ = false;
};

TEST(Guard, a_body_that_twice_ends_the_process_is_parked_unread_and_its_neighbours_go_on) {
  House house;
  for (int i = 0; i < 2; ++i) {
    Killed program(house, true);
    ASSERT_TRUE(program.ready());
    EXPECT_NE(program.send("POISON-1").state, "stored");
    ASSERT_TRUE(program.ended(10s)) << "killed while it maps";
  }
  {
    Killed program(house, true);
    ASSERT_TRUE(program.ready());
    const Told first = program.send("POISON-1");
    EXPECT_EQ(first.reply.status, 200) << first.reply.body;
    EXPECT_NE(first.reply.body.find("parked"), std::string::npos) << first.reply.body;
    EXPECT_NE(first.reply.body.find("journal.crash_guard"), std::string::npos) << first.reply.body;
    EXPECT_EQ(program.send("POISON-1").reply.body, first.reply.body) << "a repeat hears the same";
  }
  house.open();
  EXPECT_EQ(house.counts().messages, 1);
  EXPECT_EQ(house.counts().by_state[static_cast<int>(journal::DeliveryState::parked)], 2);
  EXPECT_EQ(house.platform("province").effects, 0u);
  const auto parked = house.store()->deliveries(journal::DeliveryState::parked, 9);
  ASSERT_TRUE(parked);
  EXPECT_EQ(parked->at(0).error_id, "journal.crash_guard");
  EXPECT_NE(house.store()->bodies(parked->at(0).message_id)->raw.find("POISON-1"), std::string::npos) << "its bytes are kept";
  EXPECT_EQ(send_qinglan(house, qinglan_body("GOOD-1", "accept")).state, "stored");
  EXPECT_NE(send_qinglan(house, qinglan_body("POISON-1", "accept")).state, "stored");
  EXPECT_NE(house.control("{\"cmd\":\"hold_discard\",\"message_id\":\"" + parked->at(0).message_id + "\",\"reason\":\"repaired\"}").find("true"), std::string::npos);
  EXPECT_EQ(send_qinglan(house, qinglan_body("POISON-1", "accept")).state, "stored") << "discarding it takes the blame from its body";
  EXPECT_TRUE(wait_until([&] { return house.platform("province").effects == 2; }));
}

TEST(Guard, a_body_that_ends_the_process_at_the_gate_is_parked_unparsed) {
  House house;
  const auto kill_twice = [&](auto send) {
    for (int i = 0; i < 2; ++i) {
      Killed program(house, true, "s04_gate_passed:kill");
      ASSERT_TRUE(program.ready());
      send(program);
      ASSERT_TRUE(program.ended(10s)) << "killed at the gate";
    }
  };
  kill_twice([](const Killed& program) { EXPECT_NE(program.send("POISON-G").state, "stored"); });
  kill_twice([&](const Killed& program) { EXPECT_NE(program.send_json(house, "POISON-J").state, "stored"); });
  {
    Killed program(house, true, "s04_gate_passed:kill");
    ASSERT_TRUE(program.ready());
    const Told soap = program.send("POISON-G"), rest = program.send_json(house, "POISON-J");
    for (const Told& told : {soap, rest}) {
      EXPECT_EQ(told.reply.status, 200) << told.reply.body;
      EXPECT_NE(told.reply.body.find("journal.crash_guard"), std::string::npos) << told.reply.body;
    }
    EXPECT_EQ(program.send("POISON-G").reply.body, soap.reply.body) << "a repeat hears the same";
    EXPECT_FALSE(program.ended(0ms)) << "it was not parsed";
  }
  house.open();
  EXPECT_EQ(house.counts().messages, 2);
  const auto parked = house.store()->deliveries(journal::DeliveryState::parked, 9);
  ASSERT_TRUE(parked);
  EXPECT_EQ(parked->size(), 4U);
  for (const auto& one : *parked) EXPECT_NE(house.store()->bodies(one.message_id)->raw.find("POISON-"), std::string::npos) << "its bytes are kept";
  EXPECT_EQ(send_qinglan(house, qinglan_body("GOOD-1", "accept")).state, "stored");
  for (const auto& one : *parked) house.control("{\"cmd\":\"hold_discard\",\"message_id\":\"" + one.message_id + "\",\"reason\":\"repaired\"}");
  EXPECT_EQ(send_qinglan(house, qinglan_body("POISON-G", "accept")).state, "stored") << "discarding it takes the blame from its body";
  EXPECT_EQ(send_linhu(house, linhu_body("POISON-J", "accept")).state, "stored");
}

#endif

} // namespace
} // namespace tongqu::whole
