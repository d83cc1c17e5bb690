#include "tongqu/bridge/config.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "bridge/test_support.hpp"
#include "tongqu/base/bytes.hpp"
#include "tongqu/bridge/bridge.hpp"
#include "tongqu/crypto/crypto.hpp"

namespace tongqu::bridge {
namespace {

const std::string kGood =
    "model: {reference_date: 2150-01-01}\n"
    "journal: {path: state/j.db, seal_key: {file: seal.key}}\n"
    "audit: {key: {env: AUDIT_KEY}, head_file: state/head}\n"
    "listen:\n"
    "  - {name: a, family: soap, pack: p, path: /x, port: 8080, hosts: [h1, h2], limits: {message_bytes_max: 4096}, token: {file: t}}\n"
    "packs:\n"
    "  - {path: packs/p, params: {organisation: X}}\n"
    "platforms:\n"
    "  - {name: one, profile: tif_rio, url: \"http://h\", pinned_host: h, target: t.yaml, credentials: {paas_token: {file: paas}}, concurrency: 3, total_timeout_ms: 900}\n"
    "  - {name: two, profile: gjgxjhpt, url: \"http://h\", pinned_host: h, target: t.yaml}\n"
    "routes:\n"
    "  - {system: \"*\", event: accept, targets: [one, {platform: two, after: one}]}\n"
    "delivery: {retry_min_ms: 20, breaker_failures: 3}\n"
    "health: {listen: \"127.0.0.1:0\"}\n"
    "control: {socket: c.sock}\n"
    "workers: 4\n";

struct Loaded {
  test::TempFolder folder;
  Findings mistakes;
  Result<Config> config = Error(Errc::base_internal);
  explicit Loaded(const std::string& text) { config = load_config(folder.write("bridge.yaml", text), mistakes); }
  /// "id line:column path", one a line.
  std::string list() const {
    std::string all;
    for (const Finding& one : mistakes) {
      EXPECT_EQ(one.source.part, folder.file("bridge.yaml"));
      all += std::string(errc_row(one.id).id) + " " + std::to_string(one.source.line) + ":" + std::to_string(one.source.column) + " " + one.path + "\n";
    }
    return all;
  }
};

std::string with(const std::string& from, const std::string& to) {
  std::string text = kGood;
  const auto at = text.find(from);
  if (at == std::string::npos) throw std::runtime_error(from);
  return text.replace(at, from.size(), to);
}

/// The one mistake of a text.
std::string mistake(const std::string& from, const std::string& to) {
  const Loaded loaded(with(from, to));
  if (loaded.config) return "loaded";
  EXPECT_EQ(loaded.config.error().id(), "bridge.config_invalid");
  return loaded.list();
}

/// "line:column " of the first place where `needle` stands.
std::string place(const std::string& text, const std::string& needle) {
  const auto at = text.find(needle);
  if (at == std::string::npos) throw std::runtime_error(needle);
  const auto line = std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n');
  const auto start = text.rfind('\n', at) == std::string::npos ? 0 : text.rfind('\n', at) + 1;
  return std::to_string(line + 1) + ":" + std::to_string(at - start + 1) + " ";
}

/// Changes one thing and expects one mistake, where `needle` stands.
void expect_mistake(const std::string& from, const std::string& to, const std::string& id, const std::string& needle, const std::string& path) {
  EXPECT_EQ(mistake(from, to), id + " " + place(with(from, to), needle) + path + "\n");
}

TEST(LoadConfig, reads_everything_and_makes_paths_absolute) {
  const Loaded loaded(kGood);
  ASSERT_TRUE(loaded.config) << loaded.list();
  const Config& c = *loaded.config;
  EXPECT_EQ(c.digest, to_hex(crypto::sm3(kGood)));
  EXPECT_EQ(c.reference_date.year, 2150);
  EXPECT_TRUE(c.reference_date_given);
  EXPECT_EQ(c.journal.path, loaded.folder.file("state/j.db"));
  EXPECT_EQ(c.journal.seal_key.name, loaded.folder.file("seal.key"));
  EXPECT_EQ(c.audit.key.from, SecretRef::From::env);
  EXPECT_EQ(c.audit.key.name, "AUDIT_KEY");
  ASSERT_EQ(c.listen.size(), 1u);
  EXPECT_EQ(c.listen[0].port, 8080);
  EXPECT_EQ(c.listen[0].hosts, (std::vector<std::string>{"h1", "h2"}));
  EXPECT_EQ(c.listen[0].limits.message_bytes_max, 4096u);
  EXPECT_EQ(c.listen[0].limits.depth_max, Limits{}.depth_max);
  EXPECT_EQ(c.packs.at(0).params.at("organisation"), "X");
  EXPECT_EQ(c.platforms.at(0).concurrency, 3u);
  EXPECT_EQ(c.platforms[0].total_timeout, std::chrono::milliseconds(900));
  EXPECT_EQ(c.platforms[0].credentials.at("paas_token").name, loaded.folder.file("paas"));
  ASSERT_EQ(c.routes.at(0).targets.size(), 2u);
  EXPECT_EQ(c.routes[0].targets[1].after, "one");
  EXPECT_EQ(c.delivery.retry_min, std::chrono::milliseconds(20));
  EXPECT_EQ(c.delivery.retry_max, DeliverySettings{}.retry_max);
  EXPECT_EQ(c.delivery.breaker_failures, 3);
  EXPECT_EQ(c.control_socket, loaded.folder.file("c.sock"));
  EXPECT_EQ(c.workers, 4u);
}

TEST(LoadConfig, names_each_unknown_key_with_its_place) {
  const std::string id = "bridge.config_unknown_key";
  EXPECT_EQ(mistake("workers: 4", "worker: 4"), "bridge.config_unknown_key 16:1 worker\n");
  expect_mistake("head_file: state/head", "headfile: state/head", id, "headfile", "audit.headfile");
  expect_mistake("family: soap,", "family: soap, tls: yes,", id, "tls:", "listen[0].tls");
  expect_mistake("{message_bytes_max: 4096}", "{bytes: 4096}", id, "bytes:", "listen[0].limits.bytes");
  expect_mistake("concurrency: 3", "threads: 3", id, "threads", "platforms[0].threads");
  expect_mistake("after: one}", "behind: one}", id, "behind", "routes[0].targets.behind");
}

TEST(LoadConfig, refuses_literal_secrets_wherever_they_stand) {
  for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{{"seal_key: {file: seal.key}", "seal_key: 00112233"},
                                                                                {"key: {env: AUDIT_KEY}", "key: {value: secret}"},
                                                                                {"token: {file: t}", "token: abc"},
                                                                                {"{paas_token: {file: paas}}", "{paas_token: abc}"},
                                                                                {"{paas_token: {file: paas}}", "abc"},
                                                                                {"{file: seal.key}", "{file: seal.key, env: X}"},
                                                                                {"{file: seal.key}", "{file: \"\"}"}}) {
    const std::string told = mistake(from, to);
    EXPECT_EQ(told.substr(0, 29), "bridge.config_literal_secret ") << to << "\n" << told;
    EXPECT_EQ(told.find("abc"), std::string::npos);
  }
}

TEST(LoadConfig, wants_what_cannot_be_left_out) {
  EXPECT_EQ(mistake("journal: {path: state/j.db, seal_key: {file: seal.key}}\n", ""), "bridge.config_missing_key 1:1 journal\n");
  EXPECT_EQ(mistake("path: state/j.db, ", ""), "bridge.config_missing_key 2:10 journal.path\n");
  EXPECT_EQ(mistake(", seal_key: {file: seal.key}", ""), "bridge.config_missing_key 2:10 journal.seal_key\n");
  EXPECT_EQ(mistake(", pack: p", ""), "bridge.config_missing_key 5:5 listen[0].pack\n");
  EXPECT_EQ(mistake("pinned_host: h, ", ""), "bridge.config_missing_key 9:5 platforms[0].pinned_host\n");
  EXPECT_EQ(mistake("audit: {key: {env: AUDIT_KEY}, head_file: state/head}\n", ""), "bridge.config_missing_key 1:1 audit\n");
}

TEST(LoadConfig, judges_values) {
  for (const std::string bad : {"65536", "80a", "-1", "8080.0"}) expect_mistake("port: 8080", "port: " + bad, "bridge.config_value", bad, "listen[0].port");
  expect_mistake("message_bytes_max: 4096", "message_bytes_max: 10", "bridge.config_value", "10}", "listen[0].limits.message_bytes_max");
  expect_mistake("path: state/j.db", "path: \"\"", "bridge.config_value", "\"\"", "journal.path");
  EXPECT_EQ(mistake("workers: 4", "workers: 0"), "bridge.config_value 16:10 workers\n");
  EXPECT_EQ(mistake("2150-01-01", "yesterday").substr(0, 20), "bridge.config_value ");
  EXPECT_EQ(mistake("2150-01-01", "2150-01").substr(0, 20), "bridge.config_value ");
  expect_mistake("seal_key: {file: seal.key}}", "seal_key: {file: seal.key}, synchronous: NORMAL}", "journal.weak_durability", "NORMAL", "journal.synchronous");
  EXPECT_EQ(mistake("seal_key: {file: seal.key}}", "seal_key: {file: seal.key}, synchronous: FULL}"), "loaded");
  expect_mistake("seal_key: {file: seal.key}}", "seal_key: {file: seal.key}, backlog_max: -2}", "bridge.config_value", "-2", "journal.backlog_max");
  expect_mistake("head_file: state/head", "head_file: state/head, lost_head: ignore", "bridge.config_value", "ignore", "audit.lost_head");
}

TEST(LoadConfig, a_lost_head_and_a_long_backlog_are_settings_of_the_store) {
  const Loaded silent(kGood), told(with("seal_key: {file: seal.key}}", "seal_key: {file: seal.key}, backlog_max: 7}"));
  ASSERT_TRUE(silent.config && told.config) << told.list();
  EXPECT_EQ(silent.config->journal.backlog_max, 0);
  EXPECT_EQ(told.config->journal.backlog_max, 7);
  EXPECT_FALSE(silent.config->audit.stop_without_head);
  const Loaded stops(with("head_file: state/head", "head_file: state/head, lost_head: stop"));
  ASSERT_TRUE(stops.config) << stops.list();
  EXPECT_TRUE(stops.config->audit.stop_without_head);
}

TEST(LoadConfig, follows_every_reference) {
  EXPECT_EQ(mistake("targets: [one,", "targets: [three,").substr(0, 27), "bridge.config_reference 12:");
  EXPECT_EQ(mistake("after: one", "after: two"), "bridge.config_reference 12:5 routes[0].targets.after\n");
  EXPECT_EQ(mistake("after: one", "after: three"), "bridge.config_reference 12:5 routes[0].targets.after\n");
  EXPECT_EQ(mistake("name: two, profile", "name: one, profile"), "bridge.config_reference 12:5 routes[0].targets\nbridge.config_value 1:1 platforms\n");
}

TEST(LoadConfig, tells_all_mistakes_at_once) {
  std::string text = with("workers: 4", "worker: 4");
  for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{{"port: 8080", "port: x"}, {"{file: paas}", "abc"}, {"pinned_host: h, target: t.yaml}", "target: t.yaml}"}}) {
    text.replace(text.find(from), from.size(), to);
  }
  const Loaded loaded(text);
  EXPECT_FALSE(loaded.config);
  EXPECT_EQ(loaded.mistakes.size(), 4u) << loaded.list();
}

TEST(LoadConfig, a_file_that_is_no_yaml_or_not_there_is_told) {
  Findings mistakes;
  EXPECT_EQ(load_config("/nonexistent/bridge.yaml", mistakes).error().id(), "base.file_unreadable");
  const Loaded broken("listen: [\n");
  EXPECT_EQ(broken.config.error().id(), "bridge.config_invalid");
  EXPECT_TRUE(broken.config.error().cause() != nullptr);
  const Loaded twice(kGood + "workers: 2\n");
  EXPECT_EQ(twice.config.error().id(), "bridge.config_invalid");
  const Loaded list("- a\n");
  EXPECT_EQ(list.list().substr(0, 23), "bridge.config_value 1:1");
}

TEST(SecretOfConfig, is_read_only_when_nobody_else_can) {
  const test::TempFolder folder;
  using fs = std::filesystem::perms;
  SecretRef ref{SecretRef::From::file, folder.write("k", std::string(64, 'a') + "\n")};
  ASSERT_TRUE(ref.read());
  EXPECT_EQ(ref.read()->reveal().size(), 64u);
  for (const fs more : {fs::group_read, fs::others_read, fs::group_write, fs::others_exec}) {
    folder.write("k", std::string(64, 'a'), fs::owner_read | fs::owner_write | more);
    EXPECT_EQ(ref.read().error().id(), "base.secret_exposed");
  }
  EXPECT_EQ((SecretRef{SecretRef::From::file, folder.file("none")}).read().error().id(), "base.secret_unavailable");
  EXPECT_EQ((SecretRef{SecretRef::From::env, "TONGQU_TEST_NO_SUCH_VARIABLE"}).read().error().id(), "base.secret_unavailable");
  EXPECT_EQ(SecretRef{}.read().error().id(), "base.secret_unavailable");
}

TEST(JournalOptions, take_keys_of_64_hexadecimal_digits_only) {
  const test::TempFolder folder;
  Config config;
  config.journal.path = folder.file("j.db");
  config.journal.seal_key = {SecretRef::From::file, folder.write("seal", std::string(64, 'a'))};
  config.audit.key = {SecretRef::From::file, folder.write("audit", std::string(64, 'B'))};
  const auto good = journal_options(config);
  ASSERT_TRUE(good);
  EXPECT_EQ(good->seal_key.reveal(), std::string(32, '\xaa'));
  for (const std::string& bad : {std::string(62, 'a'), std::string(66, 'a'), std::string(64, 'g'), std::string(32, '\xaa')}) {
    folder.write("seal", bad);
    const auto refused = journal_options(config);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().id(), "crypto.key_size");
    EXPECT_EQ(refused.error().message(Lang::en).find(bad), std::string::npos);
  }
}

TEST(DeliveryConfig, rate_events_pauses_keys_and_call_back_are_read) {
  std::string text = with("concurrency: 3,", "concurrency: 3, rate: {per_minute: 90, burst: 7, learn: no}, events: {poll_ms: 700, max: 9}, "
                                             "pauses: [{from: \"2150-01-05T22:00:00+08:00\", until: \"2150-01-05T23:00:00+08:00\"}],");
  const std::string plain = "params: {organisation: X}";
  text.replace(text.find(plain), plain.size(), "params: {organisation: X}, name: county, keys: {k: {file: k.key, as: base64}, e: {env: K2}}, "
                                               "call_back: {url: \"http://c\", pinned_host: c, path: /e, token: {file: c.token}}");
  const Loaded loaded(text);
  ASSERT_TRUE(loaded.config) << loaded.list();
  const PlatformSettings& one = loaded.config->platforms.at(0);
  EXPECT_DOUBLE_EQ(one.rate.per_second, 1.5);
  EXPECT_EQ(one.rate.burst, 7u);
  EXPECT_FALSE(one.rate.learn);
  EXPECT_EQ(one.events.poll.count(), 700);
  EXPECT_EQ(one.events.max, 9u);
  ASSERT_EQ(one.pauses.size(), 1u);
  EXPECT_EQ((one.pauses[0].until - one.pauses[0].from).count(), 3600000);
  EXPECT_TRUE(loaded.config->platforms.at(1).rate.learn);
  EXPECT_FALSE(loaded.config->platforms.at(1).events.on());
  const PackSettings& pack = loaded.config->packs.at(0);
  EXPECT_EQ(pack.name, "county");
  EXPECT_EQ(pack.keys.at("k").form, PackKey::Form::base64);
  EXPECT_EQ(pack.keys.at("k").ref.name, loaded.folder.file("k.key"));
  EXPECT_EQ(pack.keys.at("e").ref.from, SecretRef::From::env);
  EXPECT_TRUE(pack.call_back.on());
  EXPECT_EQ(pack.call_back.path, "/e");
}

TEST(DeliveryConfig, its_mistakes_are_told_with_their_place) {
  const auto platform = [](const std::string& more, const std::string& id, const std::string& needle, const std::string& path) {
    expect_mistake("concurrency: 3,", "concurrency: 3, " + more + ",", id, needle, "platforms[0]." + path);
  };
  platform("rate: {per_second: 0}", "bridge.config_value", "0}", "rate.per_second");
  platform("rate: {per_second: 5, per_minute: 5}", "bridge.config_value", "{per_second", "rate");
  platform("rate: {learn: maybe}", "bridge.config_value", "maybe", "rate.learn");
  platform("rate: {speed: 5}", "bridge.config_unknown_key", "speed", "rate.speed");
  platform("events: {max: 5}", "bridge.config_missing_key", "{max: 5}", "events.poll_ms");
  platform("events: {poll_ms: 5}", "bridge.config_value", "5}", "events.poll_ms");
  platform("pauses: [{from: \"2150-01-05\", until: \"2150-01-06T00:00:00+08:00\"}]", "bridge.config_value", "\"2150-01-05\"", "pauses[0].from");
  platform("pauses: [{from: \"2150-01-06T00:00:00+08:00\", until: \"2150-01-05T00:00:00+08:00\"}]", "bridge.config_value", "{from", "pauses[0].until");
  const auto pack = [](const std::string& more, const std::string& id, const std::string& needle, const std::string& path) {
    expect_mistake("params: {organisation: X}", "params: {organisation: X}, " + more, id, needle, "packs[0]." + path);
  };
  pack("keys: {k: 00112233}", "bridge.config_literal_secret", "00112233", "keys.k");
  pack("keys: {k: {file: f, as: raw}}", "bridge.config_value", "raw", "keys.k.as");
  pack("keys: [k]", "bridge.config_value", "[k]", "keys");
  pack("call_back: {url: \"http://c\"}", "bridge.config_missing_key", "{url: \"http://c\"}", "call_back.pinned_host");
  pack("call_back: {url: \"http://c\", pinned_host: c, path: e}", "bridge.config_value", "e}", "call_back.path");
  pack("call_back: {url: \"http://c\", pinned_host: c, token: abc}", "bridge.config_literal_secret", "abc", "call_back.token");
}

TEST(SiteConfig, catalogues_calendar_and_the_form_of_call_backs_are_read) {
  std::string text = with("workers: 4\n", "workers: 4\nlookup: {item: cat/items.csv, division: /abs/d.csv}\ncalendar: {division: \"990000\", files: [cal/2151.csv]}\n");
  const std::string plain = "params: {organisation: X}";
  text.replace(text.find(plain), plain.size(), "params: {organisation: X}, call_back: {url: \"http://c\", pinned_host: c, form: own, reply: r.yaml}");
  text.replace(text.find("concurrency: 3,"), 15, "concurrency: 3, events: {poll_ms: 700, pack: ev},");
  const Loaded loaded(text);
  ASSERT_TRUE(loaded.config) << loaded.list();
  EXPECT_EQ(loaded.config->catalogues, (std::map<std::string, std::string>{{"item", loaded.folder.file("cat/items.csv")}, {"division", "/abs/d.csv"}}));
  EXPECT_EQ(loaded.config->calendar.division, "990000");
  EXPECT_EQ(loaded.config->calendar.files, (std::vector<std::string>{loaded.folder.file("cal/2151.csv")}));
  EXPECT_EQ(loaded.config->platforms.at(0).events.pack, loaded.folder.file("ev"));
  EXPECT_EQ(loaded.config->packs.at(0).call_back.form, CallBackSettings::Form::own);
  EXPECT_EQ(loaded.config->packs.at(0).call_back.reply_file, loaded.folder.file("r.yaml"));
}

TEST(SiteConfig, its_mistakes_are_told_with_their_place) {
  const auto more = [](const std::string& line, const std::string& told) { EXPECT_EQ(mistake("workers: 4\n", "workers: 4\n" + line + "\n"), told) << line; };
  more("lookup: {items: a.csv}", "bridge.config_unknown_key 17:10 lookup.items\n");
  more("lookup: {item: [a.csv]}", "bridge.config_value 17:16 lookup.item\n");
  more("lookup: [a.csv]", "bridge.config_value 17:9 lookup\n");
  more("calendar: {division: \"99\"}", "bridge.config_value 17:22 calendar.division\n");
  more("calendar: {files: a.csv}", "bridge.config_value 17:19 calendar.files\n");
  more("calendar: {files: [[a]]}", "bridge.config_value 17:20 calendar.files\n");
  expect_mistake("params: {organisation: X}", "params: {organisation: X}, call_back: {url: \"http://c\", pinned_host: c, form: legacy}", "bridge.config_value", "legacy", "packs[0].call_back.form");
}

} // namespace
} // namespace tongqu::bridge
