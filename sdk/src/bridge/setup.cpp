#include "bridge/setup.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tongqu/base/bytes.hpp"
#include "tongqu/crypto/crypto.hpp"

namespace tongqu::bridge::detail {
namespace {

constexpr std::size_t kKeyBytes = 16;  // SM4 and AES-128, the ciphers of the stage `open`.

Result<Secret> pack_key(const PackKey& from) {
  TONGQU_TRY(Secret text, from.ref.read());
  if (from.form == PackKey::Form::text) {
    if (text.reveal().size() != kKeyBytes) return Error(Errc::crypto_key_size).at(from.ref.name);
    return text;
  }
  auto raw = from.form == PackKey::Form::hex ? from_hex(text.reveal()) : from_base64(text.reveal());
  if (!raw || raw->size() != kKeyBytes) return Error(Errc::crypto_key_size).at(from.ref.name);
  return Secret(*std::move(raw));
}

Finding mistake(Errc id, std::string part, std::string path = {}) {
  Finding finding;
  finding.id = id;
  finding.source.part = std::move(part);
  finding.path = std::move(path);
  return finding;
}

constexpr std::size_t kSiteFileBytesMax = std::size_t{256} * 1024 * 1024;

/// A file of the site's data. @errors base.file_unreadable.
Result<std::string> site_file(const std::string& path) {
  std::error_code wrong;
  const auto bytes = std::filesystem::file_size(path, wrong);
  if (wrong || bytes > kSiteFileBytesMax) return Error(Errc::base_file_unreadable).at(path);
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  if (!in || !(text << in.rdbuf())) {
    if (bytes != 0) return Error(Errc::base_file_unreadable).at(path);
  }
  return text.str();
}

/// The line at the end of "FILE:LINE"; 0 when there is none.
std::uint32_t line_of(const std::string& where) {
  const auto colon = where.rfind(':');
  std::uint32_t line = 0;
  if (colon == std::string::npos) return 0;
  const auto [at, ec] = std::from_chars(where.data() + colon + 1, where.data() + where.size(), line);
  return ec == std::errc() && at == where.data() + where.size() ? line : 0;
}

/// The pack of each platform that reads its events.
bool load_event_packs(const Config& config, Setup& setup, Findings& mistakes) {
  bool good = true;
  for (const PlatformSettings& one : config.platforms) {
    if (one.events.pack.empty()) continue;
    auto pack = mapping::Pack::load(one.events.pack, {}, mistakes);
    if (!pack) mistakes.add(mistake(pack.error().code(), one.events.pack, "platforms.events.pack"));
    else setup.event_packs[one.name] = *std::move(pack);
    good = good && setup.event_packs.count(one.name) > 0;
  }
  return good;
}

/// What reads the answers of the systems that are called.
bool load_replies(Setup& setup, Findings& mistakes) {
  bool good = true;
  for (const auto& [name, pack] : setup.packs) {
    const CallBackSettings& call_back = pack->settings.call_back;
    if (!call_back.on()) continue;
    if (call_back.form == CallBackSettings::Form::own && setup.event_packs.empty()) {
      mistakes.add(mistake(Errc::bridge_config_reference, setup.config.file, "platforms.events.pack"));
      good = false;
    }
    if (call_back.reply_file.empty()) continue;
    auto reply = mapping::Target::load(call_back.reply_file, mistakes);
    if (reply) setup.replies[name] = *std::move(reply);
    else mistakes.add(mistake(reply.error().code(), call_back.reply_file, "packs.call_back.reply"));
    good = good && setup.replies.count(name) > 0;
  }
  return good;
}

} // namespace

SiteDataPtr SiteData::published() {
  static const SiteDataPtr site = std::make_shared<const SiteData>(SiteData{nullptr, model::Calendars::published().working_days("000000"), ""});
  return site;
}

Result<SiteDataPtr> load_site_data(const Config& config, Findings& mistakes) {
  if (config.catalogues.empty() && config.calendar.files.empty() && config.calendar.division == "000000") return SiteData::published();
  crypto::Hasher digest(crypto::Hasher::Algorithm::sm3);
  std::optional<Error> wrong;
  const auto refuse = [&](const Error& error, const std::string& file, const std::string& key) {
    Finding finding = mistake(error.code(), file, key);
    finding.source.line = line_of(error.where());
    mistakes.add(std::move(finding));
    wrong = error;
  };
  auto site = std::make_shared<SiteData>();
  std::map<std::string, std::string, std::less<>> texts;
  for (const auto& [catalogue, file] : config.catalogues) {
    auto text = site_file(file);
    // One by one, so that every file's mistake is told.
    auto alone = text ? mapping::make_table_lookup({{catalogue, *text}}) : Result<std::shared_ptr<const mapping::Lookup>>(text.error());
    if (!alone) refuse(alone.error(), file, "lookup." + catalogue);
    else texts.emplace(catalogue, *std::move(text));
  }
  for (const auto& [catalogue, text] : texts) digest.update(catalogue + ":" + std::to_string(text.size()) + ":"), digest.update(text);
  if (!wrong && !texts.empty()) {
    TONGQU_TRY(site->lookup, mapping::make_table_lookup(texts));
  }
  model::Calendars calendars = model::Calendars::published();
  digest.update(config.calendar.division);
  for (const std::string& file : config.calendar.files) {
    const auto text = site_file(file);
    const auto added = text ? calendars.add_file(*text, file) : Result<void>(text.error());
    if (!added) refuse(added.error(), file, "calendar.files");
    else digest.update(std::to_string(text->size()) + ":"), digest.update(*text);
  }
  if (wrong) return *std::move(wrong);
  site->working_days = calendars.working_days(config.calendar.division);
  site->digest = to_hex(digest.finish());
  return SiteDataPtr(std::move(site));
}

const ListenSettings* Setup::listener(const std::string& route) const noexcept {
  const auto at = std::find_if(config.listen.begin(), config.listen.end(), [&](const ListenSettings& l) { return l.name == route; });
  return at == config.listen.end() ? nullptr : &*at;
}

PackInForcePtr Setup::pack(const std::string& name) const {
  const auto at = packs.find(name);
  return at == packs.end() ? nullptr : at->second;
}

PackInForcePtr Setup::pack_of_system(const std::string& system) const {
  for (const auto& [name, one] : packs) {
    if (one->pack->info().system == system) return one;
  }
  return nullptr;
}

const RouteSettings* Setup::route(const std::string& system, const std::string& event) const noexcept {
  const RouteSettings* best = nullptr;
  int best_score = -1;
  for (const RouteSettings& one : config.routes) {
    if ((one.system != system && one.system != "*") || (!one.event.empty() && one.event != event)) continue;
    const int score = (one.system == system ? 2 : 0) + (one.event.empty() ? 0 : 1);
    if (score > best_score) best = &one, best_score = score;
  }
  return best;
}

Result<PackInForcePtr> load_pack(const PackSettings& settings, Findings& mistakes) {
  auto made = std::make_shared<PackInForce>();
  made->settings = settings;
  std::map<std::string, Secret, std::less<>> keys;
  std::optional<Error> wrong;
  for (const auto& [name, key] : settings.keys) {
    auto secret = pack_key(key);
    if (secret) keys.emplace(name, *std::move(secret));
    else {
      mistakes.add(mistake(secret.error().code(), secret.error().where(), "packs.keys." + name));
      wrong = std::move(secret).error();
    }
  }
  if (!keys.empty()) made->opener = mapping::make_key_opener(std::move(keys));
  auto pack = mapping::Pack::load(settings.path, settings.params, mistakes);
  if (!pack) {
    mistakes.add(mistake(pack.error().code(), settings.path));
    return std::move(pack).error();
  }
  if (wrong) return *std::move(wrong);
  made->pack = *std::move(pack);
  return PackInForcePtr(std::move(made));
}

Result<SetupPtr> load_setup(Config config, Findings& mistakes) {
  auto setup = std::make_shared<Setup>();
  bool broken = false;
  for (const PackSettings& one : config.packs) {
    auto pack = load_pack(one, mistakes);
    if (!pack) {
      broken = true;
      continue;
    }
    const std::string name = one.name.empty() ? (*pack)->pack->info().id : one.name;
    if (setup->packs.emplace(name, *std::move(pack)).second) continue;
    broken = true;
    Finding twice = mistake(Errc::bridge_config_value, config.file, "packs.name");
    twice.expected = {"a name that stands once; give the second one a `name`", "不重复的名称；请为第二个指定 `name`"};
    mistakes.add(std::move(twice));
  }
  for (const PlatformSettings& one : config.platforms) {
    auto target = mapping::Target::load(one.target_file, mistakes);
    if (target) {
      setup->targets[one.name] = *std::move(target);
      continue;
    }
    broken = true;
    mistakes.add(mistake(target.error().code(), one.target_file, "platforms.target"));
  }
  auto site = load_site_data(config, mistakes);
  if (site) setup->site = *std::move(site);
  setup->config = config;
  const bool events = load_event_packs(config, *setup, mistakes), replies = load_replies(*setup, mistakes);
  broken = broken || !site || !events || !replies;
  for (const ListenSettings& one : config.listen) {
    if (broken || setup->packs.count(one.pack) > 0) continue;
    broken = true;
    Finding nowhere = mistake(Errc::bridge_config_reference, config.file, "listen.pack");
    nowhere.source.line = one.line;
    nowhere.expected = {"the name of a pack of this file", "本文件中某个映射包的名称"};
    mistakes.add(std::move(nowhere));
  }
  if (broken) return Error(Errc::bridge_config_invalid).at(config.file);
  return SetupPtr(std::move(setup));
}

SetupPtr SetupShelf::current() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

void SetupShelf::put(SetupPtr setup) {
  const std::lock_guard lock(mutex_);
  for (const auto& [name, pack] : setup->packs) remember(pack);
  current_ = std::move(setup);
}

void SetupShelf::remember(const PackInForcePtr& pack) {
  const std::string& digest = pack->pack->info().digest;
  const bool first = by_digest_.count(digest) == 0;
  by_digest_[digest] = pack;
  if (first) seen_.push_back(digest);
  while (seen_.size() > kVersionsMax) {
    by_digest_.erase(seen_.front());
    seen_.pop_front();
  }
}

PackInForcePtr SetupShelf::version(const std::string& digest) const {
  const std::lock_guard lock(mutex_);
  const auto at = by_digest_.find(digest);
  return at == by_digest_.end() ? nullptr : at->second;
}

Result<PackInForcePtr> SetupShelf::reload_pack(const std::string& system, Findings& mistakes) {
  const SetupPtr before = current();
  const PackInForcePtr in_force = before->pack_of_system(system);
  if (in_force == nullptr) return Error(Errc::bridge_config_reference).at("packs").with(system);
  TONGQU_TRY(PackInForcePtr fresh, load_pack(in_force->settings, mistakes));
  const std::lock_guard lock(mutex_);
  auto changed = std::make_shared<Setup>(*current_);
  // Another reload may have come in between; then its pack stays in force and this one is only remembered.
  for (auto& [name, one] : changed->packs) {
    if (one == in_force) one = fresh;
  }
  remember(fresh);
  current_ = std::move(changed);
  return fresh;
}

} // namespace tongqu::bridge::detail
