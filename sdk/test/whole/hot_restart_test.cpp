#include <gtest/gtest.h>

#include "sdk/test/whole/senders.hpp"

/// One bridge after another on the same sockets and the same store, while callers go on.
namespace tongqu::whole {
namespace {

TEST(HotRestart, twenty_times_under_load_fails_no_request) {
  House house;
  house.open();
  const std::uint16_t port = house.port("linhu");
  std::atomic<bool> stop{false};
  std::atomic<int> sent{0}, failed{0};
  std::vector<std::string> first_failure(3);
  std::vector<std::thread> senders;
  for (int s = 0; s < 2; ++s) {
    senders.emplace_back([&, s] {
      for (int i = 0; !stop.load(); ++i) {
        const std::string body = linhu_body("HR-" + std::to_string(s) + "-" + std::to_string(i), "accept");
        const Told told = heard(connector::test::call(port, "POST", "/api/push", {{"Content-Type", "application/json"}, {"Authorization", "Bearer " + house.token}}, body));
        ++sent;
        if (told.state == "stored") continue;
        ++failed;
        first_failure[static_cast<std::size_t>(s)] = std::to_string(told.reply.status) + " " + told.reply.body;
      }
    });
  }
  // A caller that keeps its connection, as most do.
  senders.emplace_back([&] {
    std::unique_ptr<net::test::RawSocket> socket;
    for (int i = 0; !stop.load(); ++i) {
      if (!socket) socket = std::make_unique<net::test::RawSocket>(net::test::RawSocket::connect(port));
      const std::string body = linhu_body("HR-K-" + std::to_string(i), "accept");
      socket->send("POST /api/push HTTP/1.1\r\nHost: bridge.test\r\nContent-Type: application/json\r\nAuthorization: Bearer " + house.token + "\r\nContent-Length: " +
                   std::to_string(body.size()) + "\r\n\r\n" + body);
      const std::string answer = socket->read_message();
      ++sent;
      if (answer.find("HTTP/1.1 200") != 0) ++failed, first_failure[2] = answer.empty() ? "closed without an answer" : answer;
      if (answer.empty() || answer.find("Connection: close") != std::string::npos) socket.reset();
    }
  });
  for (int i = 0; i < 20; ++i) {
    const int before = sent.load();
    house.restart_hot();
    EXPECT_TRUE(wait_until([&] { return sent.load() > before; })) << "served by number " << i;
    EXPECT_EQ(house.port("linhu"), port);
  }
  stop.store(true);
  for (auto& sender : senders) sender.join();
  EXPECT_EQ(failed.load(), 0) << first_failure[0] << first_failure[1] << first_failure[2] << " of " << sent.load();
  EXPECT_GT(sent.load(), 40);
  EXPECT_TRUE(wait_until([&] { return house.all_delivered(sent.load()); }, 60s));
  for (const char* name : {"province", "nation"}) EXPECT_EQ(house.platform(name).effects, static_cast<std::uint64_t>(sent.load()));
  EXPECT_TRUE(house.verify().ok());
  EXPECT_EQ(house.health("/healthz").status, 200);
  EXPECT_NE(house.control(R"({"cmd":"status"})").find(R"("ok":true)"), std::string::npos);
}

TEST(HotRestart, nobody_who_is_asked_gives_sockets_twice) {
  House house;
  house.open();
  house.restart_hot();
  house.close();
  EXPECT_EQ(bridge::take_over(house.config.control_socket).error().id(), "bridge.control_unreachable");
}

TEST(HotRestart, a_hand_over_that_does_not_arrive_changes_nothing) {
  House house;
  house.open();
  std::map<std::string, int> shown;
  const auto given = house.bridge().hand_over([&](const std::map<std::string, int>& sockets) {
    shown = sockets;
    return false;
  });
  EXPECT_EQ(given.error().id(), "bridge.handover_failed");
  EXPECT_EQ(shown.size(), 5u) << "four listeners and the health server";
  EXPECT_FALSE(house.bridge().handed_over());
  EXPECT_EQ(send_linhu(house, linhu_body("HR-1", "accept")).state, "stored");
  house.restart_hot();
  EXPECT_EQ(send_linhu(house, linhu_body("HR-2", "accept")).state, "stored");
}

} // namespace
} // namespace tongqu::whole
