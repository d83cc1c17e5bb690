#include <unistd.h>

#include <gtest/gtest.h>

#include "sdk/test/whole/senders.hpp"

/// What people see and do while a bridge runs: status, hold, replay, health, counters.
namespace tongqu::whole {
namespace {

using journal::DeliveryState;

/// The store's file and its log, as bytes: the audit chain is not sealed.
std::string store_bytes(const House& house) { return file_text(house.folder.file("state/journal.db")) + file_text(house.folder.file("state/journal.db-wal")); }

TEST(Operator, status_tells_each_target_to_the_system_that_asks) {
  House house;
  house.open();
  const Told delivered = send_linhu(house, linhu_body("OP-1", "accept"));
  const Told held = send_linhu(house, linhu_body("OP-2", "accept", {{"certType", "XX"}}));
  const Told soap = send_qinglan(house, qinglan_body("OP-1", "accept"));
  ASSERT_EQ(held.state, "held");
  ASSERT_TRUE(wait_until([&] { return house.counts().by_state[static_cast<int>(DeliveryState::delivered)] == 4; }));
  const auto ask = [&](const std::string& query) {
    return connector::test::call(house.port("linhu"), "GET", "/api/push/status?" + query, {{"Authorization", "Bearer " + house.token}}, "");
  };
  const Reply by_id = ask("message_id=" + delivered.message_id);
  EXPECT_EQ(by_id.status, 200);
  for (const char* text : {R"("target":"province","state":"delivered","receipt_no":")", R"("target":"nation","state":"delivered","receipt_no":")", R"("case_no":"OP-1")", R"("event":"accept")"}) {
    EXPECT_NE(by_id.body.find(text), std::string::npos) << text << "\n" << by_id.body;
  }
  const Reply by_case = ask("case_no=OP-2");
  EXPECT_NE(by_case.body.find(R"("state":"held")"), std::string::npos) << by_case.body;
  EXPECT_NE(by_case.body.find(R"("zh":)"), std::string::npos) << by_case.body;
  EXPECT_EQ(ask("message_id=" + soap.message_id).status, 404) << "another system's message";
  EXPECT_EQ(ask("case_no=OP-3").status, 404);

  const auto ask_soap = [&](const std::string& inner) {
    return connector::test::call(house.port("qinglan"), "POST", "/services/spxt", {{"Content-Type", "text/xml"}}, envelope("<tongquStatus>" + inner + "</tongquStatus>"));
  };
  const Reply soap_status = ask_soap("<messageId>" + soap.message_id + "</messageId>");
  EXPECT_EQ(soap_status.status, 200);
  EXPECT_NE(soap_status.body.find("delivered"), std::string::npos) << soap_status.body;
  EXPECT_NE(ask_soap("<caseNo>OP-1</caseNo>").body.find(soap.message_id), std::string::npos);
  EXPECT_NE(ask_soap("<messageId>" + delivered.message_id + "</messageId>").body.find("journal.not_found"), std::string::npos);
}

TEST(Operator, a_held_message_is_discarded_with_a_reason_in_the_audit_chain) {
  House house;
  house.open();
  const Told held = send_qinglan(house, qinglan_body("OP-1", "accept", {{"zjlx", "09"}}));
  const auto discard = [&](const std::string& more) { return house.control(R"({"cmd":"hold_discard","message_id":")" + held.message_id + "\"" + more + "}"); };
  EXPECT_NE(discard("").find("bridge.control_request"), std::string::npos) << "a reason is required";
  EXPECT_NE(discard(R"(,"reason":")" + std::string(501, 'x') + "\"").find("bridge.control_request"), std::string::npos);
  EXPECT_NE(discard(R"(,"preview":true)").find(R"("would_discard":2)"), std::string::npos);
  EXPECT_EQ(house.states(held.message_id), "province=held nation=held") << "a preview changes nothing";
  EXPECT_NE(discard(R"(,"reason":"sent by mistake 7731","target":"nation")").find(R"("discarded":1)"), std::string::npos);
  EXPECT_EQ(house.states(held.message_id), "province=held nation=discarded");
  EXPECT_NE(discard(R"(,"reason":"sent by mistake 7732")").find(R"("discarded":1)"), std::string::npos);
  EXPECT_NE(discard(R"(,"reason":"again")").find("bridge.not_held"), std::string::npos);
  const std::string kept = store_bytes(house);
  for (const std::string& text : {std::string("sent by mistake 7731"), std::string("sent by mistake 7732"), "uid:" + std::to_string(::getuid())}) EXPECT_NE(kept.find(text), std::string::npos) << text;
  EXPECT_TRUE(house.verify().ok());
  EXPECT_EQ(house.platform("province").effects, 0u);
}

TEST(Operator, a_parked_message_is_replayed_after_a_preview) {
  House house;
  house.open();
  house.plant("province", "busy:every=1");
  const Told told = send_qinglan(house, qinglan_body("OP-1", "accept"));
  ASSERT_TRUE(wait_until([&] { return house.states(told.message_id) == "province=ready nation=delivered"; }));
  house.close();
  // The platform asks for more now than this record holds: what was planned at intake cannot be sent any more.
  house.edit("tif_rio.yaml", "catalog_code: {maybe: catalog_code}", "catalog_code: {from: catalog_code, on_fail: hold}");
  house.plant("province", "");
  house.open();
  ASSERT_TRUE(wait_until([&] { return house.states(told.message_id) == "province=parked nation=delivered"; })) << house.states(told.message_id);
  ASSERT_EQ(send_qinglan(house, qinglan_body("OP-1", "process")).state, "stored");
  house.close();
  house.edit("tif_rio.yaml", "catalog_code: {from: catalog_code, on_fail: hold}", "catalog_code: {maybe: catalog_code}");
  house.open();
  const auto parked = house.store()->deliveries(DeliveryState::parked, 10);
  ASSERT_EQ(parked->size(), 1u);
  const std::string replay = R"({"cmd":"replay","delivery":)" + std::to_string(parked->front().delivery);
  EXPECT_NE(house.control(replay + R"(,"preview":true})").find(R"("to":"ready")"), std::string::npos);
  std::this_thread::sleep_for(50ms);
  EXPECT_EQ(house.states(told.message_id), "province=parked nation=delivered") << "a preview changes nothing";
  EXPECT_NE(house.control(replay + "}").find("bridge.control_request"), std::string::npos) << "a reason is required";
  EXPECT_EQ(house.platform("province").effects, 0u) << "the next event waits behind it";
  EXPECT_NE(house.control(replay + R"(,"reason":"target mended"})").find(R"("ok":true)"), std::string::npos);
  EXPECT_TRUE(wait_until([&] { return house.all_delivered(2); }));
  EXPECT_NE(house.control(replay + R"(,"reason":"once more"})").find("journal.illegal_move"), std::string::npos);
  EXPECT_NE(store_bytes(house).find("target mended"), std::string::npos);
  EXPECT_TRUE(house.verify().ok());
}

TEST(Operator, control_requests_that_are_not_understood_change_nothing) {
  House house;
  house.open();
  for (const char* request : {"", "{", "[]", "null", R"({"cmd":"shutdown","reason":"x"})", R"({"cmd":"status","path":"/etc/passwd"})", R"({"cmd":"resolve","delivery":1,"as":"lost","reason":"x"})",
                              R"({"cmd":"hold_release","cmd":"status"})"}) {
    EXPECT_NE(house.control(request).find("bridge.control_request"), std::string::npos) << request << " " << house.control(request);
  }
  EXPECT_NE(house.control(R"({"cmd":"hold_release","message_id":"nothing","reason":"x"})").find("journal.not_found"), std::string::npos);
  EXPECT_NE(house.control(R"({"cmd":"hold_discard","message_id":"' OR 1=1","reason":"x"})").find("journal.not_found"), std::string::npos);
  EXPECT_NE(house.control(R"({"cmd":"status"})").find(R"("messages":0)"), std::string::npos);
  EXPECT_TRUE(house.verify().ok());
}

TEST(Operator, health_and_counters_agree_with_the_store) {
  House house;
  house.open();
  EXPECT_EQ(house.health("/healthz").status, 200);
  ASSERT_EQ(send_qinglan(house, qinglan_body("OP-1", "accept")).state, "stored");
  ASSERT_EQ(send_qinglan(house, qinglan_body("OP-1", "accept")).state, "stored");
  ASSERT_EQ(send_qinglan(house, qinglan_body("OP-1", "accept", {{"sqrmc", "上官明月"}})).error_id, "journal.conflict");
  ASSERT_EQ(send_qinglan(house, qinglan_body("OP-2", "accept", {{"zjlx", "09"}})).state, "held");
  ASSERT_EQ(send_qinglan(house, "<a/>").error_id, "connector.soap_structure");
  ASSERT_TRUE(wait_until([&] { return house.counts().by_state[static_cast<int>(DeliveryState::delivered)] == 2; }));
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"tongqu_intake_total{outcome=\"stored\"}", "1"}, {"tongqu_intake_total{outcome=\"duplicate\"}", "1"}, {"tongqu_intake_total{outcome=\"conflict\"}", "1"},
      {"tongqu_intake_total{outcome=\"held\"}", "1"}, {"tongqu_intake_total{outcome=\"refused\"}", "1"}, {"tongqu_intake_total{outcome=\"busy\"}", "0"},
      {"tongqu_delivery_total{target=\"province\",outcome=\"delivered\"}", "1"}, {"tongqu_messages", "2"}, {"tongqu_refusals", "1"},
      {"tongqu_deliveries{state=\"delivered\"}", "2"}, {"tongqu_deliveries{state=\"held\"}", "2"}};
  for (const auto& [name, value] : expected) EXPECT_EQ(house.metric(name), value) << name;
  EXPECT_EQ(house.health("/metrics").header("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(house.health("/").status, 404);
  EXPECT_EQ(connector::test::call(house.port("health"), "POST", "/healthz", {}, "x").status, 405);
}

} // namespace
} // namespace tongqu::whole
