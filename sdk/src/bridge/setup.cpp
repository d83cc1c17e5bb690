#include "bridge/setup.hpp"

#include <algorithm>

#include "tongqu/base/bytes.hpp"

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

} // namespace

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
  for (const ListenSettings& one : config.listen) {
    if (broken || setup->packs.count(one.pack) > 0) continue;
    broken = true;
    Finding nowhere = mistake(Errc::bridge_config_reference, config.file, "listen.pack");
    nowhere.source.line = one.line;
    nowhere.expected = {"the name of a pack of this file", "本文件中某个映射包的名称"};
    mistakes.add(std::move(nowhere));
  }
  if (broken) return Error(Errc::bridge_config_invalid).at(config.file);
  setup->config = std::move(config);
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
