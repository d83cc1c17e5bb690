#include "tongqu/bridge/config.hpp"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <set>
#include <sstream>

#include "tongqu/base/bytes.hpp"
#include "tongqu/crypto/crypto.hpp"
#include "tongqu/model/values.hpp"
#include "tongqu/wire/yaml.hpp"

namespace tongqu::bridge {
namespace {

using wire::YamlNode;
namespace fs = std::filesystem;

/// Typed reading of one configuration file; every mistake becomes a finding with its place.
class Reader {
public:
  Reader(std::string file, Findings& mistakes) : file_(std::move(file)), folder_(fs::absolute(file_).parent_path()), mistakes_(mistakes) {}

  void mistake(Errc id, const YamlNode& at, std::string key_path, Bilingual expected = {}) {
    Finding finding;
    finding.id = id;
    finding.path = std::move(key_path);
    finding.source.part = file_;
    finding.source.line = at.line;
    finding.source.column = at.column;
    finding.expected = std::move(expected);
    mistakes_.add(std::move(finding));
  }

  /// Checks that `node` is a mapping with only the named keys.
  bool keys(const YamlNode& node, const std::string& path, std::initializer_list<std::string_view> known) {
    if (!node.is_mapping()) {
      mistake(Errc::bridge_config_value, node, path, {"a mapping", "映射"});
      return false;
    }
    for (const auto& [key, value] : node.members) {
      if (std::find(known.begin(), known.end(), key.text) != known.end()) continue;
      std::string all;
      for (const auto name : known) all += (all.empty() ? "" : ", ") + std::string(name);
      mistake(Errc::bridge_config_unknown_key, key, join(path, key.text), {"one of " + all, "以下之一：" + all});
    }
    return true;
  }

  static std::string join(const std::string& path, std::string_view key) { return path.empty() ? std::string(key) : path + "." + std::string(key); }

  std::string text(const YamlNode& node, const std::string& path, std::string_view key, bool required, std::string otherwise = {}) {
    const YamlNode* value = node.find(key);
    if (value == nullptr) {
      if (required) mistake(Errc::bridge_config_missing_key, node, join(path, key));
      return otherwise;
    }
    if (!value->is_scalar() || (required && value->text.empty())) {
      mistake(Errc::bridge_config_value, *value, join(path, key), {"a text", "文本"});
      return otherwise;
    }
    return value->text;
  }

  template <class T>
  T number(const YamlNode& node, const std::string& path, std::string_view key, T otherwise, std::int64_t least, std::int64_t most) {
    const YamlNode* value = node.find(key);
    if (value == nullptr) return otherwise;
    std::int64_t n = 0;
    const char* end = value->text.data() + value->text.size();
    const auto [at, ec] = std::from_chars(value->text.data(), end, n);
    if (!value->is_scalar() || ec != std::errc() || at != end || n < least || n > most) {
      const std::string range = std::to_string(least) + " .. " + std::to_string(most);
      mistake(Errc::bridge_config_value, *value, join(path, key), {"a whole number, " + range, "整数，" + range});
      return otherwise;
    }
    return static_cast<T>(n);
  }

  std::string beside(const std::string& path) const { return (folder_ / path).lexically_normal().string(); }

  std::string path_text(const YamlNode& node, const std::string& path, std::string_view key, bool required) {
    std::string value = text(node, path, key, required);
    if (value.empty()) return value;
    return fs::path(value).is_absolute() ? value : (folder_ / value).lexically_normal().string();
  }

  /// A path that is an item of a list.
  std::string path_of(const YamlNode& item, const std::string& path) {
    if (!item.is_scalar() || item.text.empty()) {
      mistake(Errc::bridge_config_value, item, path, {"a path", "路径"});
      return {};
    }
    return fs::path(item.text).is_absolute() ? item.text : (folder_ / item.text).lexically_normal().string();
  }

  SecretRef secret(const YamlNode& node, const std::string& path, std::string_view key, bool required) {
    SecretRef ref;
    const YamlNode* value = node.find(key);
    const std::string at = join(path, key);
    if (value == nullptr) {
      if (required) mistake(Errc::bridge_config_missing_key, node, at);
      return ref;
    }
    if (!value->is_mapping() || value->members.size() != 1) {
      mistake(Errc::bridge_config_literal_secret, *value, at);
      return ref;
    }
    const auto& [kind, name] = value->members.front();
    if (kind.text == "file" && name.is_scalar() && !name.text.empty()) {
      ref.from = SecretRef::From::file;
      ref.name = fs::path(name.text).is_absolute() ? name.text : (folder_ / name.text).lexically_normal().string();
    } else if (kind.text == "env" && name.is_scalar() && !name.text.empty()) {
      ref.from = SecretRef::From::env;
      ref.name = name.text;
    } else {
      mistake(Errc::bridge_config_literal_secret, *value, at);
    }
    return ref;
  }

  std::map<std::string, std::string> texts(const YamlNode& node, const std::string& path, std::string_view key) {
    std::map<std::string, std::string> all;
    const YamlNode* value = node.find(key);
    if (value == nullptr) return all;
    if (!value->is_mapping()) {
      mistake(Errc::bridge_config_value, *value, join(path, key), {"a mapping of texts", "文本映射"});
      return all;
    }
    for (const auto& [name, one] : value->members) {
      if (one.is_scalar()) all[name.text] = one.text;
      else mistake(Errc::bridge_config_value, one, join(join(path, key), name.text), {"a text", "文本"});
    }
    return all;
  }

  /// The items of a list; a mistake when the key is missing though required, or is not a list.
  const std::vector<YamlNode>& list(const YamlNode& node, const std::string& path, std::string_view key, bool required) {
    static const std::vector<YamlNode> kNone;
    const YamlNode* value = node.find(key);
    if (value == nullptr) {
      if (required) mistake(Errc::bridge_config_missing_key, node, join(path, key));
      return kNone;
    }
    if (!value->is_sequence()) {
      mistake(Errc::bridge_config_value, *value, join(path, key), {"a list", "列表"});
      return kNone;
    }
    return value->items;
  }

private:
  std::string file_;
  fs::path folder_;
  Findings& mistakes_;
};

std::string indexed(std::string_view name, std::size_t i) { return std::string(name) + "[" + std::to_string(i) + "]"; }

Limits read_limits(Reader& r, const YamlNode& node, const std::string& path, ListenSettings& listen) {
  std::size_t& records_max = listen.records_max;
  Limits limits;
  const YamlNode* value = node.find("limits");
  if (value == nullptr) return limits;
  const std::string at = Reader::join(path, "limits");
  if (!r.keys(*value, at, {"message_bytes_max", "depth_max", "attributes_max", "children_max", "nodes_max", "records_max", "attachment_bytes_max"})) return limits;
  limits.message_bytes_max = r.number<std::size_t>(*value, at, "message_bytes_max", limits.message_bytes_max, 1024, std::int64_t{1} << 30);
  limits.depth_max = r.number<std::uint32_t>(*value, at, "depth_max", limits.depth_max, 4, 64);
  limits.attributes_max = r.number<std::uint32_t>(*value, at, "attributes_max", limits.attributes_max, 1, 10000);
  limits.children_max = r.number<std::uint32_t>(*value, at, "children_max", limits.children_max, 16, 10000000);
  limits.nodes_max = r.number<std::uint32_t>(*value, at, "nodes_max", limits.nodes_max, 16, 100000000);
  records_max = r.number<std::size_t>(*value, at, "records_max", records_max, 1, 1000000);
  // What a Content-Length can say.
  listen.attachment_bytes_max = r.number<std::uint64_t>(*value, at, "attachment_bytes_max", listen.attachment_bytes_max, 1024, 9'999'999'999);
  return limits;
}

MissingAttachment read_attachments(Reader& r, const YamlNode& node, const std::string& path) {
  const std::string text = r.text(node, path, "attachments", false);
  if (text == "hold") return MissingAttachment::hold;
  if (text == "refuse") return MissingAttachment::refuse;
  if (text == "report") return MissingAttachment::report;
  if (const YamlNode* value = node.find("attachments"); value != nullptr && value->is_scalar()) {
    r.mistake(Errc::bridge_config_value, *value, Reader::join(path, "attachments"), {"hold, refuse or report", "hold、refuse 或 report"});
  }
  return MissingAttachment::none_taken;
}

void read_listen(Reader& r, const YamlNode& root, Config& config) {
  const auto& items = r.list(root, "", "listen", true);
  for (std::size_t i = 0; i < items.size(); ++i) {
    const YamlNode& node = items[i];
    const std::string at = indexed("listen", i);
    if (!r.keys(node, at, {"name", "family", "address", "port", "path", "public_url", "pack", "token", "hosts", "limits", "settings", "attachments"})) continue;
    ListenSettings one;
    one.name = r.text(node, at, "name", true);
    one.family = r.text(node, at, "family", true);
    one.address = r.text(node, at, "address", false, one.address);
    one.port = r.number<std::uint16_t>(node, at, "port", 0, 0, 65535);
    one.path = r.text(node, at, "path", false, one.path);
    one.public_url = r.text(node, at, "public_url", false);
    one.pack = r.text(node, at, "pack", true);
    one.token = r.secret(node, at, "token", false);
    for (const YamlNode& host : r.list(node, at, "hosts", false)) one.hosts.push_back(host.text);
    one.settings = r.texts(node, at, "settings");
    one.limits = read_limits(r, node, at, one);
    one.attachments = read_attachments(r, node, at);
    one.line = node.line;
    config.listen.push_back(std::move(one));
  }
}

std::map<std::string, PackKey> read_pack_keys(Reader& r, const YamlNode& node, const std::string& path) {
  std::map<std::string, PackKey> keys;
  const YamlNode* all = node.find("keys");
  if (all == nullptr) return keys;
  const std::string at = Reader::join(path, "keys");
  if (!all->is_mapping()) {
    r.mistake(Errc::bridge_config_value, *all, at, {"a mapping of key names to {file: PATH} or {env: NAME}", "密钥名到 {file: 路径} 或 {env: 名称} 的映射"});
    return keys;
  }
  for (const auto& [name, value] : all->members) {
    PackKey key;
    YamlNode only = *all;  // The reference alone, so that one reader judges all secrets.
    only.members = {{name, value}};
    if (const YamlNode* form = value.is_mapping() ? value.find("as") : nullptr; form != nullptr) {
      if (form->text == "base64") key.form = PackKey::Form::base64;
      else if (form->text == "text") key.form = PackKey::Form::text;
      else if (form->text != "hex") r.mistake(Errc::bridge_config_value, *form, Reader::join(at, name.text) + ".as", {"hex, base64 or text", "hex、base64 或 text"});
      auto& members = only.members.front().second.members;
      members.erase(std::remove_if(members.begin(), members.end(), [](const auto& m) { return m.first.text == "as"; }), members.end());
    }
    key.ref = r.secret(only, at, name.text, true);
    keys[name.text] = std::move(key);
  }
  return keys;
}

CallBackSettings read_call_back(Reader& r, const YamlNode& node, const std::string& path) {
  CallBackSettings call_back;
  const YamlNode* value = node.find("call_back");
  const std::string at = Reader::join(path, "call_back");
  if (value == nullptr || !r.keys(*value, at, {"url", "pinned_host", "path", "ca_file", "token", "form", "reply"})) return call_back;
  call_back.url = r.text(*value, at, "url", true);
  call_back.pinned_host = r.text(*value, at, "pinned_host", true);
  call_back.path = r.text(*value, at, "path", false, call_back.path);
  call_back.ca_file = r.path_text(*value, at, "ca_file", false);
  call_back.token = r.secret(*value, at, "token", false);
  call_back.reply_file = r.path_text(*value, at, "reply", false);
  const std::string form = r.text(*value, at, "form", false, "stored");
  call_back.form = form == "own" ? CallBackSettings::Form::own : CallBackSettings::Form::stored;
  if (form != "own" && form != "stored") r.mistake(Errc::bridge_config_value, *value->find("form"), Reader::join(at, "form"), {"stored or own", "stored 或 own"});
  if (call_back.path.empty() || call_back.path.front() != '/') r.mistake(Errc::bridge_config_value, *value->find("path"), Reader::join(at, "path"), {"a path that begins with /", "以 / 开头的路径"});
  return call_back;
}

void read_packs(Reader& r, const YamlNode& root, Config& config) {
  const auto& items = r.list(root, "", "packs", true);
  for (std::size_t i = 0; i < items.size(); ++i) {
    const std::string at = indexed("packs", i);
    if (!r.keys(items[i], at, {"path", "params", "name", "keys", "call_back"})) continue;
    config.packs.push_back({r.path_text(items[i], at, "path", true), r.texts(items[i], at, "params"), r.text(items[i], at, "name", false), read_pack_keys(r, items[i], at),
                            read_call_back(r, items[i], at)});
  }
}

RateSettings read_rate(Reader& r, const YamlNode& node, const std::string& path) {
  RateSettings rate;
  const YamlNode* value = node.find("rate");
  const std::string at = Reader::join(path, "rate");
  if (value == nullptr || !r.keys(*value, at, {"per_minute", "per_second", "burst", "learn"})) return rate;
  const auto per_second = r.number<std::int64_t>(*value, at, "per_second", 0, 1, 1000000);
  const auto per_minute = r.number<std::int64_t>(*value, at, "per_minute", 0, 1, 60000000);
  if (per_second > 0 && per_minute > 0) r.mistake(Errc::bridge_config_value, *value, at, {"per_second or per_minute, not both", "per_second 与 per_minute 只能取其一"});
  rate.per_second = per_second > 0 ? static_cast<double>(per_second) : static_cast<double>(per_minute) / 60.0;
  rate.burst = r.number<std::size_t>(*value, at, "burst", 0, 1, 1000000);
  const std::string learn = r.text(*value, at, "learn", false, "yes");
  if (learn != "yes" && learn != "no") r.mistake(Errc::bridge_config_value, *value->find("learn"), Reader::join(at, "learn"), {"yes or no", "yes 或 no"});
  rate.learn = learn != "no";
  return rate;
}

EventSettings read_events(Reader& r, const YamlNode& node, const std::string& path) {
  EventSettings events;
  const YamlNode* value = node.find("events");
  const std::string at = Reader::join(path, "events");
  if (value == nullptr || !r.keys(*value, at, {"poll_ms", "max", "pack"})) return events;
  if (value->find("poll_ms") == nullptr) r.mistake(Errc::bridge_config_missing_key, *value, Reader::join(at, "poll_ms"));
  events.poll = std::chrono::milliseconds(r.number<std::int64_t>(*value, at, "poll_ms", 5000, 10, 3600000));
  events.max = r.number<std::size_t>(*value, at, "max", events.max, 1, 200);
  events.pack = r.path_text(*value, at, "pack", false);
  return events;
}

std::vector<PauseSettings> read_pauses(Reader& r, const YamlNode& node, const std::string& path) {
  std::vector<PauseSettings> pauses;
  const auto& items = r.list(node, path, "pauses", false);
  for (std::size_t i = 0; i < items.size(); ++i) {
    const std::string at = indexed(path + ".pauses", i);
    if (!r.keys(items[i], at, {"from", "until"})) continue;
    PauseSettings pause;
    for (const auto& [key, into] : {std::pair{"from", &pause.from}, std::pair{"until", &pause.until}}) {
      const std::string text = r.text(items[i], at, key, true);
      const auto time = model::Time::parse(text);
      if (time && time->has_clock()) *into = time->utc();
      else if (!text.empty()) r.mistake(Errc::bridge_config_value, *items[i].find(key), Reader::join(at, key), {"a time with offset, 2150-01-05T22:00:00+08:00", "带时区偏移的时间，如 2150-01-05T22:00:00+08:00"});
    }
    if (pause.until < pause.from) r.mistake(Errc::bridge_config_value, items[i], Reader::join(at, "until"), {"a time after `from`", "晚于 `from` 的时间"});
    pauses.push_back(pause);
  }
  return pauses;
}

void read_platforms(Reader& r, const YamlNode& root, Config& config) {
  const auto& items = r.list(root, "", "platforms", true);
  for (std::size_t i = 0; i < items.size(); ++i) {
    const YamlNode& node = items[i];
    const std::string at = indexed("platforms", i);
    if (!r.keys(node, at, {"name", "profile", "url", "pinned_host", "ca_file", "target", "credentials", "settings", "connect_timeout_ms", "total_timeout_ms", "concurrency", "rate", "events", "pauses"})) continue;
    PlatformSettings one;
    one.name = r.text(node, at, "name", true);
    one.profile = r.text(node, at, "profile", true);
    one.url = r.text(node, at, "url", true);
    one.pinned_host = r.text(node, at, "pinned_host", true);
    one.ca_file = r.path_text(node, at, "ca_file", false);
    one.target_file = r.path_text(node, at, "target", true);
    if (const YamlNode* credentials = node.find("credentials"); credentials != nullptr && credentials->is_mapping()) {
      for (const auto& [name, value] : credentials->members) one.credentials[name.text] = r.secret(*credentials, at + ".credentials", name.text, true);
    } else if (credentials != nullptr) {
      r.mistake(Errc::bridge_config_literal_secret, *credentials, at + ".credentials");
    }
    one.settings = r.texts(node, at, "settings");
    one.connect_timeout = std::chrono::milliseconds(r.number<std::int64_t>(node, at, "connect_timeout_ms", one.connect_timeout.count(), 10, 600000));
    one.total_timeout = std::chrono::milliseconds(r.number<std::int64_t>(node, at, "total_timeout_ms", one.total_timeout.count(), 10, 600000));
    one.concurrency = r.number<std::size_t>(node, at, "concurrency", one.concurrency, 1, 1024);
    one.rate = read_rate(r, node, at);
    one.events = read_events(r, node, at);
    one.pauses = read_pauses(r, node, at);
    config.platforms.push_back(std::move(one));
  }
}

void read_routes(Reader& r, const YamlNode& root, Config& config) {
  const auto& items = r.list(root, "", "routes", true);
  for (std::size_t i = 0; i < items.size(); ++i) {
    const YamlNode& node = items[i];
    const std::string at = indexed("routes", i);
    if (!r.keys(node, at, {"system", "event", "targets"})) continue;
    RouteSettings one;
    one.system = r.text(node, at, "system", true);
    one.event = r.text(node, at, "event", false);
    for (const YamlNode& target : r.list(node, at, "targets", true)) {
      if (target.is_scalar()) {
        one.targets.push_back({target.text, ""});
      } else if (r.keys(target, at + ".targets", {"platform", "after"})) {
        one.targets.push_back({r.text(target, at + ".targets", "platform", true), r.text(target, at + ".targets", "after", false)});
      }
    }
    const auto known = [&](const std::string& name) {
      return std::any_of(config.platforms.begin(), config.platforms.end(), [&](const PlatformSettings& p) { return p.name == name; });
    };
    for (const auto& to : one.targets) {
      if (!known(to.platform)) r.mistake(Errc::bridge_config_reference, node, at + ".targets", {"the name of a platform", "已配置平台的名称"});
      if (!to.after.empty() && (to.after == to.platform || !std::any_of(one.targets.begin(), one.targets.end(), [&](const auto& t) { return t.platform == to.after; })))
        r.mistake(Errc::bridge_config_reference, node, at + ".targets.after", {"another target of this route", "本路由的另一目标"});
    }
    config.routes.push_back(std::move(one));
  }
}

void read_earlier_keys(Reader& r, const YamlNode& journal, Config& config) {
  std::set<std::string> ids{config.journal.key_id};
  const auto& items = r.list(journal, "journal", "earlier_keys", false);
  for (std::size_t i = 0; i < items.size(); ++i) {
    const std::string at = indexed("journal.earlier_keys", i);
    if (!r.keys(items[i], at, {"key_id", "seal_key"})) continue;
    JournalSettings::EarlierKey one{r.text(items[i], at, "key_id", true), r.secret(items[i], at, "seal_key", true)};
    if (!ids.insert(one.key_id).second) r.mistake(Errc::bridge_config_value, items[i], at, {"an id that stands once", "不重复的编号"});
    config.journal.earlier_keys.push_back(std::move(one));
  }
}

/// The store in PostgreSQL. What belongs to the disk of a file has no meaning beside it.
void read_postgres(Reader& r, const YamlNode& journal, Config& config) {
  const YamlNode* const node = journal.find("postgres");
  if (node == nullptr) return;
  auto& postgres = config.journal.postgres.emplace();
  if (journal.find("path") == nullptr) config.journal.path = r.beside("bridge");
  if (!r.keys(*node, "journal.postgres", {"connection", "schema", "outage_ms", "clock_skew_ms_max"})) return;
  postgres.connection = r.secret(*node, "journal.postgres", "connection", true);
  postgres.schema = r.text(*node, "journal.postgres", "schema", false, postgres.schema);
  const auto good = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; };
  const std::string& name = postgres.schema;
  const bool named = !name.empty() && name.size() <= 48 && (name[0] < '0' || name[0] > '9') && std::all_of(name.begin(), name.end(), good);
  if (!named) r.mistake(Errc::bridge_config_value, *node->find("schema"), "journal.postgres.schema", {"lower-case letters, digits and _, at most 48", "小写字母、数字和下划线，最多 48 个"});
  postgres.outage = std::chrono::milliseconds(r.number<std::int64_t>(*node, "journal.postgres", "outage_ms", postgres.outage.count(), 0, 600000));
  postgres.clock_skew_max = std::chrono::milliseconds(r.number<std::int64_t>(*node, "journal.postgres", "clock_skew_ms_max", postgres.clock_skew_max.count(), 0, 3600000));
  for (const char* const key : {"low_water_mb", "ballast_mb"}) {
    if (const YamlNode* const one = journal.find(key)) r.mistake(Errc::bridge_config_value, *one, Reader::join("journal", key), {"nothing: the disk is the server's", "不填：磁盘由数据库服务器管理"});
  }
}

void read_journal_and_audit(Reader& r, const YamlNode& root, Config& config) {
  static const YamlNode kEmpty = [] { YamlNode n; n.kind = YamlNode::Kind::mapping; n.line = 1; n.column = 1; return n; }();
  const YamlNode* journal = root.find("journal");
  if (journal == nullptr) r.mistake(Errc::bridge_config_missing_key, root, "journal");
  else if (r.keys(*journal, "journal", {"path", "postgres", "seal_key", "key_id", "earlier_keys", "queue_max", "backlog_max", "low_water_mb", "ballast_mb", "crash_guard", "waiting_limit_h", "attachments_unnamed_h", "synchronous"})) {
    config.journal.path = r.path_text(*journal, "journal", "path", journal->find("postgres") == nullptr);
    read_postgres(r, *journal, config);
    config.journal.seal_key = r.secret(*journal, "journal", "seal_key", true);
    config.journal.key_id = r.text(*journal, "journal", "key_id", false, config.journal.key_id);
    config.journal.queue_max = r.number<std::size_t>(*journal, "journal", "queue_max", config.journal.queue_max, 16, 1000000);
    config.journal.backlog_max = r.number<std::int64_t>(*journal, "journal", "backlog_max", config.journal.backlog_max, 0, 1000000000000);
    config.journal.low_water_mb = r.number<std::int64_t>(*journal, "journal", "low_water_mb", config.journal.low_water_mb, 0, 1000000);
    config.journal.ballast_mb = r.number<std::int64_t>(*journal, "journal", "ballast_mb", config.journal.ballast_mb, 0, 10000);
    config.journal.waiting_limit = std::chrono::hours(r.number<std::int64_t>(*journal, "journal", "waiting_limit_h", config.journal.waiting_limit.count(), 0, 100000));
    config.journal.attachments_unnamed = std::chrono::hours(r.number<std::int64_t>(*journal, "journal", "attachments_unnamed_h", config.journal.attachments_unnamed.count(), 1, 8760));
    read_earlier_keys(r, *journal, config);
    const std::string guard = r.text(*journal, "journal", "crash_guard", false, "on");
    config.journal.crash_guard = guard != "off";
    if (guard != "on" && guard != "off") r.mistake(Errc::bridge_config_value, *journal->find("crash_guard"), "journal.crash_guard", {"on or off", "on 或 off"});
    const std::string synchronous = r.text(*journal, "journal", "synchronous", false, "FULL");
    if (synchronous != "FULL") r.mistake(Errc::journal_weak_durability, *journal->find("synchronous"), "journal.synchronous", {"FULL", "FULL"});
  }
  const YamlNode& audit = root.find("audit") != nullptr ? *root.find("audit") : kEmpty;
  if (root.find("audit") == nullptr) r.mistake(Errc::bridge_config_missing_key, root, "audit");
  else if (r.keys(audit, "audit", {"key", "sign_key", "head_file", "public_key_file", "lost_head"})) {
    config.audit.key = r.secret(audit, "audit", "key", true);
    config.audit.sign_key = r.secret(audit, "audit", "sign_key", false);
    config.audit.head_file = r.path_text(audit, "audit", "head_file", false);
    config.audit.public_key_file = r.path_text(audit, "audit", "public_key_file", false);
    const std::string lost = r.text(audit, "audit", "lost_head", false, "note");
    config.audit.stop_without_head = lost == "stop";
    if (lost != "note" && lost != "stop") r.mistake(Errc::bridge_config_value, *audit.find("lost_head"), "audit.lost_head", {"note or stop", "note 或 stop"});
  }
}

void read_delivery(Reader& r, const YamlNode& root, Config& config) {
  const YamlNode* node = root.find("delivery");
  if (node == nullptr || !r.keys(*node, "delivery", {"retry_min_ms", "retry_max_ms", "query_after_ms", "breaker_failures", "breaker_open_ms"})) return;
  DeliverySettings& d = config.delivery;
  d.retry_min = std::chrono::milliseconds(r.number<std::int64_t>(*node, "delivery", "retry_min_ms", d.retry_min.count(), 10, 3600000));
  d.retry_max = std::chrono::milliseconds(r.number<std::int64_t>(*node, "delivery", "retry_max_ms", d.retry_max.count(), 10, 86400000));
  d.query_after = std::chrono::milliseconds(r.number<std::int64_t>(*node, "delivery", "query_after_ms", d.query_after.count(), 10, 3600000));
  d.breaker_failures = r.number<int>(*node, "delivery", "breaker_failures", d.breaker_failures, 1, 1000);
  d.breaker_open = std::chrono::milliseconds(r.number<std::int64_t>(*node, "delivery", "breaker_open_ms", d.breaker_open.count(), 10, 3600000));
}

/// What packs and targets may look up.
void read_site_data(Reader& r, const YamlNode& root, Config& config) {
  if (const YamlNode* lookup = root.find("lookup"); lookup != nullptr && r.keys(*lookup, "lookup", {"item", "organisation", "division"})) {
    for (const auto& [name, value] : lookup->members) config.catalogues[name.text] = r.path_text(*lookup, "lookup", name.text, true);
  }
  const YamlNode* calendar = root.find("calendar");
  if (calendar == nullptr || !r.keys(*calendar, "calendar", {"division", "files"})) return;
  config.calendar.division = r.text(*calendar, "calendar", "division", false, config.calendar.division);
  const std::string& division = config.calendar.division;
  const bool digits = std::all_of(division.begin(), division.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!digits || (division.size() != 6 && division.size() != 9 && division.size() != 12)) {
    r.mistake(Errc::bridge_config_value, *calendar->find("division"), "calendar.division", {"6, 9 or 12 digits in quotes", "加引号的 6、9 或 12 位数字"});
  }
  for (const YamlNode& file : r.list(*calendar, "calendar", "files", false)) config.calendar.files.push_back(r.path_of(file, "calendar.files"));
}

void read_model(Reader& r, const YamlNode& root, Config& config) {
  const std::time_t now = std::time(nullptr) + 8 * 3600;  // The calendar day in China, where every source system lives.
  std::tm day{};
  ::gmtime_r(&now, &day);
  config.reference_date.year = static_cast<std::int16_t>(day.tm_year + 1900);
  config.reference_date.month = static_cast<std::int8_t>(day.tm_mon + 1);
  config.reference_date.day = static_cast<std::int8_t>(day.tm_mday);
  const YamlNode* node = root.find("model");
  if (node == nullptr || !r.keys(*node, "model", {"reference_date"})) return;
  const std::string text = r.text(*node, "model", "reference_date", false);
  if (text.empty()) return;
  const auto time = model::Time::parse(text);
  if (!time || time->precision != model::Time::Precision::day) r.mistake(Errc::bridge_config_value, *node, "model.reference_date", {"yyyy-MM-dd", "yyyy-MM-dd"});
  else {
    config.reference_date = *time;
    config.reference_date_given = true;
  }
}

void check_names(Reader& r, const YamlNode& root, const Config& config) {
  std::set<std::string> listeners, platforms;
  for (const auto& one : config.listen) {
    if (!listeners.insert(one.name).second) r.mistake(Errc::bridge_config_value, root, "listen", {"a name that stands once", "不重复的名称"});
  }
  for (const auto& one : config.platforms) {
    if (!platforms.insert(one.name).second) r.mistake(Errc::bridge_config_value, root, "platforms", {"a name that stands once", "不重复的名称"});
  }
}

} // namespace

Result<Secret> SecretRef::read() const {
  switch (from) {
    case From::file: return Secret::from_file(name);
    case From::env: return Secret::from_env(name);
    case From::none: break;
  }
  return Error(Errc::base_secret_unavailable);
}

Result<Config> load_config(const std::string& file, Findings& mistakes) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return Error(Errc::base_file_unreadable).at(file);
  std::ostringstream bytes;
  bytes << in.rdbuf();
  const std::string text = bytes.str();
  auto root = wire::parse_yaml(text);
  if (!root) return Error(Errc::bridge_config_invalid).at(file).because(std::move(root).error());

  Config config;
  config.file = fs::absolute(file).string();
  config.digest = to_hex(crypto::sm3(text));
  Reader r(file, mistakes);
  if (r.keys(*root, "", {"model", "journal", "audit", "listen", "packs", "platforms", "routes", "delivery", "lookup", "calendar", "health", "control", "workers"})) {
    read_model(r, *root, config);
    read_site_data(r, *root, config);
    read_journal_and_audit(r, *root, config);
    read_listen(r, *root, config);
    read_packs(r, *root, config);
    read_platforms(r, *root, config);
    read_routes(r, *root, config);
    read_delivery(r, *root, config);
    check_names(r, *root, config);
    if (const YamlNode* health = root->find("health"); health != nullptr && r.keys(*health, "health", {"listen"})) config.health_address = r.text(*health, "health", "listen", true);
    if (const YamlNode* control = root->find("control"); control != nullptr && r.keys(*control, "control", {"socket"})) config.control_socket = r.path_text(*control, "control", "socket", true);
    config.workers = r.number<std::size_t>(*root, "", "workers", config.workers, 1, 64);
  }
  if (mistakes.has_errors()) return Error(Errc::bridge_config_invalid).at(file);
  return config;
}

} // namespace tongqu::bridge
