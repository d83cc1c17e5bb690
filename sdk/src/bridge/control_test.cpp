#include "bridge/control.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <mutex>
#include <thread>
#include <vector>

#include "bridge/test_support.hpp"
#include "tongqu/bridge/bridge.hpp"

namespace tongqu::bridge::detail {
namespace {

/// Remembers what it was asked and by whom.
class Control : public testing::Test {
protected:
  void SetUp() override { start(); }
  void start() {
    auto started = ControlServer::start(path_, [this](std::string_view request, const std::string& who) {
      const std::lock_guard lock(mutex_);
      asked_.emplace_back(request, who);
      return "answer to " + std::string(request.substr(0, 20));
    });
    ASSERT_TRUE(started);
    server_ = *std::move(started);
  }
  std::size_t asked() {
    const std::lock_guard lock(mutex_);
    return asked_.size();
  }
  int raw() const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path_.c_str(), path_.size() + 1);
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    return fd;
  }

  test::TempFolder folder_;
  std::string path_ = folder_.file("c.sock");
  std::mutex mutex_;
  std::vector<std::pair<std::string, std::string>> asked_;
  std::unique_ptr<ControlServer> server_;
};

TEST_F(Control, hands_on_one_line_and_the_callers_user_id_from_the_socket) {
  const auto answer = control_request(path_, R"({"cmd":"status","who":"uid:0"})");
  ASSERT_TRUE(answer);
  EXPECT_EQ(*answer, R"(answer to {"cmd":"status","who)");
  ASSERT_EQ(asked(), 1u);
  EXPECT_EQ(asked_[0].first, R"({"cmd":"status","who":"uid:0"})");
  EXPECT_EQ(asked_[0].second, "uid:" + std::to_string(::getuid()));
}

TEST_F(Control, is_open_to_its_owner_only) {
  struct stat status {};
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  EXPECT_TRUE(S_ISSOCK(status.st_mode));
}

TEST_F(Control, takes_the_first_line_of_a_caller_only) {
  const int fd = raw();
  ASSERT_GT(::send(fd, "one\ntwo\n", 8, 0), 0);
  char answer[64] = {};
  std::string all;
  for (ssize_t n = 0; (n = ::recv(fd, answer, sizeof answer, 0)) > 0;) all.append(answer, static_cast<std::size_t>(n));
  ::close(fd);
  EXPECT_EQ(all, "answer to one\n");
  EXPECT_EQ(asked(), 1u);
}

TEST_F(Control, never_acts_on_half_a_line_or_a_line_too_long) {
  const int half = raw();
  ASSERT_GT(::send(half, "{\"cmd\":\"repl", 12, 0), 0);
  ::close(half);
  EXPECT_FALSE(control_request(path_, std::string(70 * 1024, 'x')));
  EXPECT_FALSE(control_request(path_, std::string(2 * 1024 * 1024, 'x')));
  EXPECT_EQ(asked(), 0u);
  EXPECT_TRUE(control_request(path_, "still here"));
  EXPECT_TRUE(control_request(path_, std::string(64 * 1024, 'x'))) << "at the limit";
}

TEST_F(Control, replaces_the_socket_of_a_killed_bridge_and_leaves_none_behind) {
  server_.reset();
  EXPECT_NE(::access(path_.c_str(), F_OK), 0);
  folder_.write("c.sock", "left behind");
  start();
  EXPECT_TRUE(control_request(path_, "x"));
}

TEST_F(Control, that_is_not_there_or_has_too_long_a_path_is_told) {
  EXPECT_EQ(control_request(folder_.file("other.sock"), "x").error().id(), "bridge.control_unreachable");
  EXPECT_EQ(control_request("", "x").error().id(), "bridge.control_unreachable");
  EXPECT_EQ(ControlServer::start(folder_.file(std::string(200, 's')), nullptr).error().id(), "net.listen");
  EXPECT_EQ(ControlServer::start(folder_.file("no/such/folder/c.sock"), nullptr).error().id(), "net.listen");
}

TEST_F(Control, a_hand_over_that_cannot_be_is_told_and_nothing_was_given) {
  server_.reset();
  std::atomic<bool> given{true};
  std::atomic<std::size_t> sockets{0};
  auto started = ControlServer::start(path_, nullptr, [&](const std::function<bool(const std::map<std::string, int>&)>& give) -> Result<void> {
    if (sockets == 0) return Error(Errc::bridge_handover_failed).at("qinglan");
    std::map<std::string, int> many;
    for (std::size_t i = 0; i < sockets; ++i) many["l" + std::to_string(i)] = ::dup(0);
    const bool arrived = give(many);
    for (const auto& [name, fd] : many) ::close(fd);
    given = arrived;
    return arrived ? Result<void>() : Error(Errc::bridge_handover_failed);
  });
  ASSERT_TRUE(started);
  const auto without = take_over(path_);
  EXPECT_EQ(without.error().id(), "bridge.handover_failed");
  EXPECT_EQ(without.error().where(), "qinglan") << "the listener that has nothing to give";
  sockets = 65;
  EXPECT_EQ(take_over(path_).error().id(), "bridge.handover_failed") << "more than one message holds";
  EXPECT_FALSE(given);
  sockets = 3;
  const auto taken = take_over(path_);
  ASSERT_TRUE(taken);
  // They are here before the giver has heard so.
  for (int i = 0; i < 2000 && !given; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_TRUE(given);
  EXPECT_EQ(taken->size(), 3u);
  for (const auto& [name, fd] : *taken) EXPECT_EQ(::close(fd), 0) << name;
}

} // namespace
} // namespace tongqu::bridge::detail
