#include <gtest/gtest.h>

#include "sdk/test/whole/senders.hpp"

/// The road itself: what is told, what arrives, in which order, and what a stop leaves behind.
namespace tongqu::whole {
namespace {

const std::vector<std::string> kStages = {"accept", "process", "result"};

std::string accept_of(int i) { return "RD-" + std::to_string(i); }

TEST(Road, the_same_message_again_hears_the_same_bytes) {
  House house;
  house.open();
  const std::vector<std::function<Told()>> sends = {
      [&] { return send_qinglan(house, qinglan_body("RD-1", "accept")); },
      [&] { return send_qinglan(house, qinglan_body("RD-2", "accept", {}, true), true); },
      [&] { return send_yunxi(house, yunxi_body("RD-3", "accept")); },
      [&] { return send_linhu(house, linhu_body("RD-4", "accept")); },
      [&] { return send_qinglan(house, qinglan_body("RD-5", "accept", {{"zjlx", "09"}})); },
  };
  std::vector<Told> first;
  for (const auto& send : sends) first.push_back(send());
  const auto expect_same = [&](const char* when) {
    for (std::size_t i = 0; i < sends.size(); ++i) {
      const Told again = sends[i]();
      EXPECT_EQ(again.reply.body, first[i].reply.body) << when << i;
      EXPECT_EQ(again.reply.status, 200);
      EXPECT_EQ(again.reply.header("Content-Type"), first[i].reply.header("Content-Type"));
    }
  };
  for (std::size_t i = 0; i < first.size(); ++i) EXPECT_EQ(first[i].state, i == 4 ? "held" : "stored") << first[i].reply.body;
  expect_same("at once");
  ASSERT_TRUE(wait_until([&] { return house.counts().by_state[static_cast<int>(journal::DeliveryState::delivered)] == 8; }));
  expect_same("delivered");
  house.close();
  house.open();
  expect_same("after a restart");
  EXPECT_EQ(house.counts().messages, 5);
  for (const char* name : {"province", "nation"}) EXPECT_EQ(house.platform(name).effects, 4u);
}

TEST(Road, one_message_from_many_threads_is_stored_once) {
  House house;
  house.open();
  const std::string body = qinglan_body("RD-1", "accept");
  std::vector<std::string> heard_by(24);
  std::vector<std::thread> senders;
  for (auto& place : heard_by) senders.emplace_back([&house, &body, &place] { place = send_qinglan(house, body).reply.body; });
  for (auto& sender : senders) sender.join();
  for (const auto& one : heard_by) EXPECT_EQ(one, heard_by.front());
  EXPECT_TRUE(wait_until([&] { return house.all_delivered(1); }));
  EXPECT_EQ(house.platform("province").effects, 1u);
}

TEST(Road, another_content_under_the_same_key_is_a_conflict_in_the_callers_form) {
  House house;
  house.open();
  ASSERT_EQ(send_qinglan(house, qinglan_body("RD-1", "accept")).state, "stored");
  ASSERT_EQ(send_yunxi(house, yunxi_body("RD-2", "accept")).state, "stored");
  ASSERT_EQ(send_linhu(house, linhu_body("RD-3", "accept")).state, "stored");
  const Told v11 = send_qinglan(house, qinglan_body("RD-1", "accept", {{"sqrmc", "上官明月"}}));
  EXPECT_EQ(v11.error_id, "journal.conflict");
  EXPECT_EQ(v11.reply.status, 500);
  EXPECT_NE(v11.reply.body.find("soap:Client"), std::string::npos);
  const Told v12 = send_qinglan(house, qinglan_body("RD-1", "accept", {{"sqrmc", "上官明月"}}, true), true);
  EXPECT_EQ(v12.error_id, "journal.conflict");
  EXPECT_EQ(v12.reply.status, 400);
  EXPECT_NE(v12.reply.body.find("http://www.w3.org/2003/05/soap-envelope"), std::string::npos);
  EXPECT_EQ(send_yunxi(house, yunxi_body("RD-2", "accept", {{"Name", "钟离权"}})).error_id, "journal.conflict");
  const Told rest = send_linhu(house, linhu_body("RD-3", "accept", {{"name", "公孙策"}}));
  EXPECT_EQ(rest.error_id, "journal.conflict");
  EXPECT_EQ(rest.reply.status, 409);
  for (const Told* told : {&v11, &v12, &rest}) EXPECT_EQ(told->reply.body.find("上官"), std::string::npos);
  EXPECT_TRUE(wait_until([&] { return house.all_delivered(3); }));
  const std::string ledger = house.ledger("province");
  for (const char* name : {"上官明月", "钟离权", "公孙策"}) EXPECT_EQ(ledger.find(name), std::string::npos);
}

TEST(Road, a_step_that_comes_before_its_acceptance_waits_for_it) {
  HouseOptions options;
  options.delivery = "{retry_min_ms: 300000, retry_max_ms: 300000, query_after_ms: 30, breaker_failures: 5, breaker_open_ms: 150}";
  House house(options);
  house.open();
  const Told step = send_linhu(house, linhu_body("RD-1", "process"));
  ASSERT_EQ(step.state, "stored") << step.reply.body;
  const auto waits = [&](const char* name) { return house.metric("tongqu_delivery_total{target=\"" + std::string(name) + "\",outcome=\"retry\"}") == "1"; };
  ASSERT_TRUE(wait_until([&] { return waits("province") && waits("nation"); }));
  EXPECT_EQ(house.store()->message(step.message_id).value()->deliveries.at(0).error_id, "platform.predecessor_missing");
  EXPECT_EQ(send_linhu(house, linhu_body("RD-1", "accept")).state, "stored");
  EXPECT_TRUE(wait_until([&] { return house.all_delivered(2); })) << house.states(step.message_id);
  EXPECT_EQ(house.platform("province").effects, 2u);
}

TEST(Road, an_unknown_code_waits_alone_until_a_table_row_releases_it) {
  House house;
  house.open();
  const Told held = send_qinglan(house, qinglan_body("RD-1", "accept", {{"zjlx", "09"}}));
  ASSERT_EQ(held.state, "held");
  ASSERT_EQ(send_qinglan(house, qinglan_body("RD-1", "process")).state, "stored");
  const Told other = send_qinglan(house, qinglan_body("RD-2", "accept"));
  ASSERT_EQ(other.state, "stored");
  ASSERT_TRUE(wait_until([&] { return house.states(other.message_id) == "province=delivered nation=delivered"; }));
  EXPECT_EQ(house.states(held.message_id), "province=held nation=held");
  EXPECT_EQ(house.platform("province").effects, 1u) << "the step of the held case waits behind it";

  const auto release = [&](const std::string& more) { return house.control(R"({"cmd":"hold_release","message_id":")" + held.message_id + "\"" + more + "}"); };
  EXPECT_NE(release(R"(,"preview":true)").find(R"("would_release":false)"), std::string::npos);
  const std::string early = release(R"(,"reason":"too early")");
  EXPECT_NE(early.find(R"("released":false)"), std::string::npos) << early;
  EXPECT_NE(early.find(R"("error_id":"bridge.still_held")"), std::string::npos) << early;
  house.edit("packs/qinglan-spxt/tables/zjlx.csv", "04,uscc", "09,person_other,其他证件\n04,uscc");
  EXPECT_NE(release(R"(,"preview":true)").find(R"("would_release":true)"), std::string::npos);
  EXPECT_EQ(house.states(held.message_id), "province=held nation=held") << "a preview changes nothing";
  const auto before = house.verify().entries;
  EXPECT_NE(release(R"(,"reason":"code 09 confirmed with the county")").find(R"("released":true)"), std::string::npos);
  EXPECT_TRUE(wait_until([&] { return house.all_delivered(3); }));
  EXPECT_GT(house.verify().entries, before);
  for (const char* name : {"province", "nation"}) {
    const auto report = house.platform(name);
    ASSERT_EQ(report.cases.count("qinglan-spxt/RD-1"), 1u);
    const auto& order = report.cases.at("qinglan-spxt/RD-1").messages;
    ASSERT_EQ(order.size(), 2u);
    EXPECT_EQ(report.messages[order[0]].stage, "accept");
    EXPECT_EQ(report.messages[order[1]].stage, "process");
  }
  EXPECT_TRUE(house.verify().ok());
}

TEST(Road, a_retry_after_the_table_grew_is_still_the_same_message) {
  House house;
  house.open();
  const std::string body = qinglan_body("RD-1", "accept", {{"zjlx", "09"}});
  const Told held = send_qinglan(house, body);
  const Told stored = send_qinglan(house, qinglan_body("RD-2", "accept"));
  house.edit("packs/qinglan-spxt/tables/zjlx.csv", "04,uscc", "09,person_other,其他证件\n04,uscc");
  ASSERT_NE(house.control(R"({"cmd":"hold_release","message_id":")" + held.message_id + R"(","reason":"row added"})").find(R"("released":true)"), std::string::npos);
  EXPECT_EQ(send_qinglan(house, body).reply.body, held.reply.body);
  EXPECT_EQ(send_qinglan(house, qinglan_body("RD-2", "accept")).reply.body, stored.reply.body);
  EXPECT_TRUE(wait_until([&] { return house.all_delivered(2); }));
}

TEST(Road, events_of_a_case_arrive_in_order_while_cases_run_beside_each_other) {
  House house;
  house.open();
  for (const char* name : {"province", "nation"}) house.plant(name, "slow:every=3:ms=15\nerror_before_commit:every=11:first=3");
  const auto send_all = [&](const std::function<Told(const std::string&, const std::string&)>& send) {
    for (const auto& stage : kStages) {
      for (int i = 0; i < 12; ++i) EXPECT_EQ(send(accept_of(i), stage).state, "stored");
    }
  };
  std::vector<std::thread> senders;
  senders.emplace_back([&] { send_all([&](const auto& no, const auto& stage) { return send_qinglan(house, qinglan_body(no, stage)); }); });
  senders.emplace_back([&] { send_all([&](const auto& no, const auto& stage) { return send_yunxi(house, yunxi_body(no, stage)); }); });
  senders.emplace_back([&] { send_all([&](const auto& no, const auto& stage) { return send_linhu(house, linhu_body(no, stage)); }); });
  for (auto& sender : senders) sender.join();
  ASSERT_TRUE(wait_until([&] { return house.all_delivered(108); }, 20s));
  for (const char* name : {"province", "nation"}) {
    const auto report = house.platform(name);
    EXPECT_EQ(report.effects, 108u);
    EXPECT_TRUE(report.doubled.empty());
    EXPECT_EQ(report.cases.size(), 36u);
    for (const auto& [key, one] : report.cases) {
      ASSERT_EQ(one.messages.size(), 3u) << key;
      for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(report.messages[one.messages[i]].stage, kStages[i]) << key;
    }
  }
}

TEST(Road, a_target_behind_another_waits_for_its_receipt) {
  HouseOptions options;
  options.routes = "  - {system: \"*\", targets: [province, {platform: nation, after: province}]}\n";
  House house(options);
  house.open();
  house.plant("province", "slow:ms=150");
  const Told told = send_qinglan(house, qinglan_body("RD-1", "accept"));
  EXPECT_EQ(house.states(told.message_id).find("delivered"), std::string::npos);
  EXPECT_NE(house.states(told.message_id).find("nation=waiting"), std::string::npos) << house.states(told.message_id);
  EXPECT_TRUE(wait_until([&] { return house.all_delivered(1); }));
  EXPECT_GE(house.platform("nation").messages.at(0).received_ms, house.platform("province").messages.at(0).received_ms);
}

TEST(Road, a_restart_settles_what_was_unknown_by_asking) {
  HouseOptions options;
  options.platform_extra = ", total_timeout_ms: 60000";
  House house(options);
  house.open();
  house.plant("province", "hang_after_commit:every=1:ms=0");
  std::vector<Told> told;
  for (int i = 0; i < 6; ++i) told.push_back(send_qinglan(house, qinglan_body(accept_of(i), "accept")));
  ASSERT_TRUE(wait_until([&] { return house.platform("province").effects == 6; }));
  house.close(50ms);
  house.plant("province", "");
  for (const auto& one : told) EXPECT_EQ(house.states(one.message_id).substr(0, 16), "province=unknown") << house.states(one.message_id);
  house.open();
  EXPECT_TRUE(wait_until([&] { return house.all_delivered(6); })) << house.log();
  const auto report = house.platform("province");
  EXPECT_EQ(report.effects, 6u);
  EXPECT_EQ(report.duplicates, 0u) << "asked, not sent again";
}

TEST(Road, a_graceful_stop_finishes_what_is_in_flight_and_loses_nothing) {
  House house;
  house.open();
  for (const char* name : {"province", "nation"}) house.plant(name, "slow:every=1:ms=400");
  for (int i = 0; i < 40; ++i) ASSERT_EQ(send_qinglan(house, qinglan_body(accept_of(i), "accept")).state, "stored");
  const auto started = std::chrono::steady_clock::now();
  house.close(10s);
  EXPECT_LT(std::chrono::steady_clock::now() - started, 5s);
  const auto stopped = house.counts();
  EXPECT_EQ(stopped.messages, 40);
  EXPECT_EQ(stopped.by_state[static_cast<int>(journal::DeliveryState::sending)], 0);
  EXPECT_EQ(stopped.by_state[static_cast<int>(journal::DeliveryState::unknown)], 0) << "what was in flight had time to end";
  EXPECT_GT(stopped.by_state[static_cast<int>(journal::DeliveryState::ready)], 0) << "the stop came in the middle";
  for (const char* name : {"province", "nation"}) house.plant(name, "");
  house.open();
  EXPECT_TRUE(wait_until([&] { return house.all_delivered(40); }));
  for (const char* name : {"province", "nation"}) {
    EXPECT_EQ(house.platform(name).effects, 40u);
    EXPECT_EQ(house.platform(name).duplicates, 0u);
  }
}

TEST(Road, a_bridge_that_stops_tells_senders_to_come_again) {
  House house;
  house.open();
  const std::uint16_t soap = house.port("qinglan");
  auto socket = net::test::RawSocket::connect(soap);
  house.close();
  socket.send("POST /services/spxt HTTP/1.1\r\nHost: a\r\nContent-Type: text/xml\r\nContent-Length: 4\r\n\r\n<a/>");
  const std::string answer = socket.read_until_close();
  EXPECT_TRUE(answer.empty() || answer.substr(0, 12) == "HTTP/1.1 503") << answer;
  EXPECT_EQ(house.counts().messages, 0);
}

TEST(Road, messages_sent_during_a_stop_are_stored_or_not_acknowledged) {
  House house;
  house.open();
  std::atomic<bool> stopping{false};
  std::vector<std::string> acknowledged[4];
  std::vector<std::thread> senders;
  const std::uint16_t port = house.port("linhu");
  for (int t = 0; t < 4; ++t) {
    senders.emplace_back([&, t] {
      for (int i = 0; i < 200 && !stopping; ++i) {
        const Told told = heard(connector::test::call(port, "POST", "/api/push", {{"Content-Type", "application/json"}, {"Authorization", "Bearer " + house.token}},
                                                      linhu_body("ST-" + std::to_string(t) + "-" + std::to_string(i), "accept")));
        if (told.state == "stored") acknowledged[t].push_back(told.message_id);
        if (told.reply.status == 0 || told.reply.status == 503) return;
      }
    });
  }
  std::this_thread::sleep_for(60ms);
  house.close();
  stopping = true;
  for (auto& sender : senders) sender.join();
  std::int64_t told = 0;
  for (const auto& some : acknowledged) {
    told += static_cast<std::int64_t>(some.size());
    for (const auto& id : some) EXPECT_NE(house.states(id), "none");
  }
  EXPECT_GT(told, 0);
  house.open();
  EXPECT_TRUE(wait_until([&] { return house.all_delivered(house.counts().messages); }));
  EXPECT_GE(house.counts().messages, told);
  EXPECT_EQ(house.platform("province").effects, static_cast<std::uint64_t>(house.counts().messages));
}

TEST(Road, data_that_a_pack_refuses_is_answered_in_the_callers_convention) {
  House house;
  house.open();
  const Told soap = send_qinglan(house, qinglan_body("RD-1", "accept", {{"zjhm", "100000209901010014"}}));
  EXPECT_EQ(soap.state, "refused");
  EXPECT_EQ(soap.error_id, "model.id_check_digit");
  EXPECT_EQ(soap.reply.status, 200);
  EXPECT_EQ(soap.reply.body.find("100000209901010014"), std::string::npos);
  const Told rest = send_linhu(house, linhu_body("RD-2", "accept", {{"certType", "USCC"}}));
  EXPECT_EQ(rest.state, "fault");
  EXPECT_EQ(rest.reply.status, 422);
  EXPECT_EQ(rest.reply.body.find("100000209901010013"), std::string::npos);
  EXPECT_EQ(house.counts().messages, 0);
  EXPECT_TRUE(wait_until([&] { return house.counts().refusals == 2; }));
}

} // namespace
} // namespace tongqu::whole
