#include <gtest/gtest.h>

#include <filesystem>

#include "sdk/test/whole/senders.hpp"

/// A configuration that is read again while messages flow: all of it, or nothing.
namespace tongqu::whole {
namespace {

std::string reload(const House& house, const std::string& more = R"(,"reason":"test")") { return house.control(R"({"cmd":"reload")" + more + "}"); }
bool done(const std::string& answer) { return answer.find(R"("reloaded":true)") != std::string::npos; }

TEST(Reload, puts_packs_tables_and_routes_in_force_and_is_audited) {
  HouseOptions options;
  options.routes = "  - {system: \"*\", targets: [province]}\n";
  House house(options);
  house.open();
  const Told held = send_qinglan(house, qinglan_body("RL-1", "accept", {{"zjlx", "09"}}));
  ASSERT_EQ(held.state, "held");
  house.edit("packs/qinglan-spxt/tables/zjlx.csv", "04,uscc", "09,person_other,其他证件\n04,uscc");
  house.edit("bridge.yaml", "targets: [province]}", "targets: [province, nation]}");
  EXPECT_EQ(send_qinglan(house, qinglan_body("RL-2", "accept", {{"zjlx", "09"}})).state, "held") << "a file that changed is not read by itself";
  const auto entries = house.verify().entries;
  EXPECT_NE(reload(house, R"(,"preview":true)").find(R"("would_reload":true)"), std::string::npos);
  EXPECT_EQ(house.verify().entries, entries);
  ASSERT_TRUE(done(reload(house))) << reload(house);
  EXPECT_GT(house.verify().entries, entries);
  const Told stored = send_qinglan(house, qinglan_body("RL-3", "accept", {{"zjlx", "09"}}));
  EXPECT_EQ(stored.state, "stored");
  EXPECT_TRUE(wait_until([&] { return house.states(stored.message_id) == "province=delivered nation=delivered"; }));
  EXPECT_EQ(house.states(held.message_id), "province=held") << "what was taken in under the old routes keeps them";
}

TEST(Reload, with_a_mistake_anywhere_keeps_the_last_good_whole) {
  House house;
  house.open();
  const std::string good = file_text(house.folder.file("bridge.yaml"));
  struct Case { const char* file; const char* from; const char* to; const char* id; const char* place; };
  const std::vector<Case> cases = {
      {"bridge.yaml", "routes:", "roots:", "bridge.config_unknown_key", "bridge.yaml"},
      {"bridge.yaml", "targets: [province, nation]", "targets: [province, nowhere]", "bridge.config_reference", "routes[0].targets"},
      {"bridge.yaml", "pack: yunxi-zwfw", "pack: other", "bridge.config_reference", "listen.pack"},
      {"bridge.yaml", "path: packs/linhu-onewin", "path: packs/none", "mapping.pack_missing", "packs/none"},
      {"bridge.yaml", "key: {file: keys/audit.key}", "key: secret", "bridge.config_literal_secret", "audit.key"},
      {"bridge.yaml", "concurrency: 8", "concurrency: many", "bridge.config_value", "concurrency"},
      {"bridge.yaml", "port: 0, path: /report", "port: 1, path: /report", "bridge.reload_restart", "listen[1]"},
      {"bridge.yaml", "seal_key: {file: keys/seal.key}}", "seal_key: {file: keys/seal.key}, backlog_max: 9}", "bridge.reload_restart", "journal.backlog_max"},
      {"bridge.yaml", "seal_key: {file: keys/seal.key}}", "seal_key: {file: keys/seal.key}, low_water_mb: 65}", "bridge.reload_restart", "journal.low_water_mb"},
      {"bridge.yaml", "seal_key: {file: keys/seal.key}}", "seal_key: {file: keys/seal.key}, ballast_mb: 17}", "bridge.reload_restart", "journal.ballast_mb"},
      {"bridge.yaml", "seal_key: {file: keys/seal.key}}", "seal_key: {file: keys/seal.key}, waiting_limit_h: 1}", "bridge.reload_restart", "journal.waiting_limit_h"},
      {"bridge.yaml", "seal_key: {file: keys/seal.key}}", "seal_key: {file: keys/seal.key}, crash_guard: off}", "bridge.reload_restart", "journal.crash_guard"},
      {"bridge.yaml", "seal_key: {file: keys/seal.key}}", "seal_key: {file: keys/seal.key}, earlier_keys: [{key_id: k0, seal_key: {file: keys/seal.key}}]}", "bridge.reload_restart", "journal.earlier_keys"},
      {"bridge.yaml", "query_after_ms: 30", "query_after_ms: 31", "bridge.reload_restart", "delivery.query_after_ms"},
      {"bridge.yaml", "paas_token: {file: keys/paas.token}", "paas_token: {file: keys/none}", "base.secret_unavailable", ""},
      {"bridge.yaml", "settings: {paas_id: demo}", "settings: {paas_id: demo, colour: red}", "platform.setting", ""},
      {"packs/yunxi-zwfw/mappings/report.yaml", "zone:", "zoen:", "mapping.unknown_key", "mappings/report.yaml"},
      {"packs/qinglan-spxt/tables/zjlx.csv", "04,uscc", "04,no_such_type", "mapping.", "zjlx"},
      {"tif_rio.yaml", "messages:", "massages:", "mapping.unknown_key", "tif_rio.yaml"},
  };
  const auto entries = house.verify().entries;
  for (const Case& one : cases) {
    const std::string before = file_text(house.folder.file(one.file));
    house.edit(one.file, one.from, one.to);
    house.edit("bridge.yaml", "retry_min_ms: 20", "retry_min_ms: 25");
    const std::string answer = reload(house);
    EXPECT_FALSE(done(answer)) << one.to;
    EXPECT_NE(answer.find(one.id), std::string::npos) << one.to << ": " << answer;
    EXPECT_NE(answer.find(one.place), std::string::npos) << one.to << ": " << answer;
    write_text(house.folder.file(one.file), before);
    write_text(house.folder.file("bridge.yaml"), good);
  }
  EXPECT_EQ(house.verify().entries, entries) << "nothing came into force";
  const Told told = send_yunxi(house, yunxi_body("RL-1", "accept"));
  EXPECT_EQ(told.state, "stored");
  EXPECT_TRUE(wait_until([&] { return house.all_delivered(1); }));
  EXPECT_TRUE(done(reload(house))) << "mended";
}

TEST(Reload, under_load_loses_and_doubles_nothing) {
  House house;
  house.open();
  constexpr int kCases = 60;
  std::atomic<int> sent{0}, bad{0};
  std::thread sender([&] {
    for (int i = 0; i < kCases; ++i, ++sent) {
      if (send_linhu(house, linhu_body("RL-" + std::to_string(i), "accept")).state != "stored") ++bad;
    }
  });
  int reloads = 0;
  while (sent.load() < kCases || reloads < 2) {
    // A bound that changes at each reload, so that each makes new lanes while the old ones still have messages in flight.
    house.edit("bridge.yaml", "concurrency: " + std::string(reloads % 2 == 0 ? "8" : "7"), "concurrency: " + std::string(reloads % 2 == 0 ? "7" : "8"));
    EXPECT_TRUE(done(reload(house)));
    ++reloads;
  }
  sender.join();
  EXPECT_EQ(bad, 0);
  EXPECT_GE(reloads, 2);
  EXPECT_TRUE(wait_until([&] { return house.all_delivered(kCases); }, 30s));
  for (const char* name : {"province", "nation"}) {
    const auto report = house.platform(name);
    EXPECT_EQ(report.effects, static_cast<std::size_t>(kCases));
    EXPECT_EQ(report.duplicates, 0u) << "a reload sends nothing twice";
  }
}

TEST(Reload, a_platform_goes_only_when_nothing_waits_for_it) {
  House house;
  house.plant("nation", "busy:every=1");
  house.open();
  const Told told = send_linhu(house, linhu_body("RL-1", "accept"));
  ASSERT_TRUE(wait_until([&] { return house.states(told.message_id) == "province=delivered nation=ready"; }));
  const std::string text = file_text(house.folder.file("bridge.yaml"));
  const auto from = text.find("  - {name: nation");
  std::string without = text.substr(0, from) + text.substr(text.find('\n', from) + 1);
  without.replace(without.find("targets: [province, nation]"), 27, "targets: [province]");
  write_text(house.folder.file("bridge.yaml"), without);
  EXPECT_NE(reload(house).find("bridge.reload_platform_busy"), std::string::npos);
  house.plant("nation", "");
  ASSERT_TRUE(wait_until([&] { return house.all_delivered(1); }));
  EXPECT_TRUE(done(reload(house)));
  const Told next = send_linhu(house, linhu_body("RL-2", "accept"));
  EXPECT_TRUE(wait_until([&] { return house.states(next.message_id) == "province=delivered"; }));
}

} // namespace
} // namespace tongqu::whole
