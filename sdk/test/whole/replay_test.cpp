#include <gtest/gtest.h>

#include "connectors/platforms/case_exchange/days.hpp"
#include "sdk/test/whole/senders.hpp"
#include "tongqu/bridge/reconcile.hpp"
#include "tongqu/journal/scan.hpp"

/// Sending again what a person chooses, and comparing a day with a platform.
namespace tongqu::whole {
namespace {

using journal::DeliveryState;

HouseOptions only_province(sandbox::Character character = sandbox::Character::dedup) {
  HouseOptions options;
  options.province = character;
  options.routes = "  - {system: \"*\", targets: [province]}\n";
  return options;
}

std::string replay(const House& house, const std::string& id, const std::string& more = R"(,"reason":"test")") {
  return house.control(R"({"cmd":"replay_message","message_id":")" + id + R"(","target":"province")" + more + "}");
}
bool ok(const std::string& answer) { return answer.find(R"("ok":true)") != std::string::npos; }

TEST(Replay, a_refused_message_is_sent_when_its_target_is_mended_and_mapped_again_when_its_pack_is) {
  House house(only_province());
  house.edit("tif_rio.yaml", "handle_user_name: {from: acceptance.handler.name", "no_such_field: {const: \"x\"}\n      handle_user_name: {from: acceptance.handler.name");
  house.open();
  const Told told = send_linhu(house, linhu_body("RP-1", "accept"));
  ASSERT_EQ(told.state, "stored") << told.reply.body;
  ASSERT_TRUE(wait_until([&] { return house.states(told.message_id) == "province=refused"; })) << house.states(told.message_id);
  EXPECT_TRUE(ok(replay(house, told.message_id, R"(,"preview":true)")));
  EXPECT_EQ(house.states(told.message_id), "province=refused");
  house.edit("tif_rio.yaml", "no_such_field: {const: \"x\"}\n      ", "");
  house.edit("packs/linhu-onewin/mappings/push.yaml", "title:          {maybe: case/title, type: blank}", "title:          {maybe: case/title, type: blank, default: 餐饮服务许可新办}");
  ASSERT_NE(house.control(R"({"cmd":"reload","reason":"mended"})").find(R"("reloaded":true)"), std::string::npos);
  EXPECT_NE(replay(house, told.message_id, R"(,"preview":true)").find(R"("changed":false)"), std::string::npos);
  const std::string preview = replay(house, told.message_id, R"(,"remap":true,"preview":true)");
  EXPECT_NE(preview.find(R"("changed":true)"), std::string::npos) << preview;
  EXPECT_NE(preview.find(R"("messages":["accept"])"), std::string::npos) << preview;
  ASSERT_TRUE(ok(replay(house, told.message_id, R"(,"remap":true,"reason":"title and target mended")")));
  EXPECT_TRUE(wait_until([&] { return house.states(told.message_id) == "province=refused province=delivered"; })) << house.states(told.message_id);
  EXPECT_NE(house.ledger("province").find("餐饮服务许可新办"), std::string::npos);
  EXPECT_TRUE(house.verify().ok());
}

TEST(Replay, says_why_a_message_is_not_sent) {
  House house(only_province());
  house.plant("province", "busy:every=1");
  house.open();
  const Told ready = send_linhu(house, linhu_body("RP-1", "accept"));
  const Told held = send_linhu(house, linhu_body("RP-2", "accept", {{"certType", "XX"}}));
  EXPECT_NE(replay(house, ready.message_id).find("bridge.replay_on_its_way"), std::string::npos);
  EXPECT_NE(replay(house, held.message_id).find("bridge.replay_held"), std::string::npos);
  EXPECT_NE(replay(house, held.message_id, R"(,"state":"refused","reason":"chosen a moment ago")").find("bridge.replay_state"), std::string::npos);
  EXPECT_NE(replay(house, "none").find("journal.not_found"), std::string::npos);
  EXPECT_NE(replay(house, ready.message_id, "").find("bridge.control_request"), std::string::npos) << "a reason is required";
}

TEST(Replay, of_a_case_keeps_its_order) {
  House house(only_province());
  house.open();
  std::vector<std::string> ids;
  for (const char* stage : {"accept", "process", "result"}) ids.push_back(send_linhu(house, linhu_body("RP-1", stage)).message_id);
  ASSERT_TRUE(wait_until([&] { return house.all_delivered(3); }));
  EXPECT_NE(replay(house, ids[0]).find("bridge.replay_overtaken"), std::string::npos);
  house.plant("province", "busy:every=1");
  for (const auto& id : ids) ASSERT_TRUE(ok(replay(house, id, R"(,"overtake":true,"reason":"all of the case again")")));
  house.plant("province", "");
  ASSERT_TRUE(wait_until([&] { return house.all_delivered(3); }));
  EXPECT_EQ(house.platform("province").duplicates, 3u);
  EXPECT_EQ(house.platform("province").effects, 3u) << "this platform knows the ids again";
}

bridge::DayComparison compare(const House& house, const std::string& target, const std::string& day) {
  const auto options = bridge::journal_options(house.config);
  const auto ours = bridge::read_day_book(*options, target, day, &platform::case_exchange::read_receipts);
  if (!ours) throw std::runtime_error(describe(ours.error()));
  const auto compared = bridge::compare_day(*ours, [&](const std::string& prefix) { return bridge::ask_running_bridge(house.config.control_socket, target, day, prefix); });
  if (!compared) throw std::runtime_error(describe(compared.error()));
  return *compared;
}

/// The platform's day, now.
std::string today() {
  const std::time_t now = std::time(nullptr) + 8 * 3600;
  std::tm day{};
  ::gmtime_r(&now, &day);
  char text[16];
  std::strftime(text, sizeof text, "%Y-%m-%d", &day);
  return text;
}

TEST(Reconciliation, finds_what_the_platform_lost_and_what_only_it_has) {
  House house;
  house.open();
  const std::string day = today();
  constexpr int kCases = 90;
  std::vector<std::string> ids;
  for (int i = 0; i < kCases; ++i) ids.push_back(send_linhu(house, linhu_body("RC-" + std::to_string(i), "accept")).message_id);
  ASSERT_TRUE(wait_until([&] { return house.all_delivered(kCases); }, 30s));
  if (today() != day) GTEST_SKIP() << "midnight in China passed meanwhile";
  for (const char* name : {"province", "nation"}) {
    const auto same = compare(house, name, day);
    EXPECT_EQ(same.ours, static_cast<std::uint64_t>(kCases));
    EXPECT_EQ(same.theirs, static_cast<std::uint64_t>(kCases));
    EXPECT_TRUE(same.differences.empty());
    EXPECT_EQ(same.requests, 1u);
  }
  // The province comes back without the last line of its ledger: a disk that was restored.
  house.forget_last("province");
  const auto lost = compare(house, "province", day);
  ASSERT_EQ(lost.differences.size(), 1u);
  EXPECT_EQ(lost.differences[0].kind, bridge::DayDifference::Kind::missing);
  EXPECT_LE(lost.requests, 3u);
  const auto options = bridge::journal_options(house.config);
  const auto message = journal::message_of_delivery(*options, lost.differences[0].delivery);
  ASSERT_TRUE(message);
  EXPECT_EQ(house.platform("province").effects, static_cast<std::uint64_t>(kCases - 1)) << "nothing is sent again by itself";
  ASSERT_TRUE(ok(replay(house, *message, R"(,"overtake":true,"reason":"missing there")")));
  EXPECT_TRUE(wait_until([&] { return house.platform("province").effects == static_cast<std::uint64_t>(kCases); }));
  EXPECT_TRUE(wait_until([&] { return compare(house, "province", day).differences.empty(); }));
}

} // namespace
} // namespace tongqu::whole
