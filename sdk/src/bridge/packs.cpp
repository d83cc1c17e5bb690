#include "bridge/packs.hpp"

namespace tongqu::bridge::detail {

Result<void> PackShelf::load(const std::vector<PackSettings>& settings, Findings& mistakes) {
  bool broken = false;
  for (const PackSettings& one : settings) {
    auto pack = mapping::Pack::load(one.path, one.params, mistakes);
    if (!pack) {
      Finding finding;
      finding.id = pack.error().code();
      finding.source.part = one.path;
      mistakes.add(std::move(finding));
      broken = true;
      continue;
    }
    const std::lock_guard lock(mutex_);
    settings_[(*pack)->info().id] = one;
    by_digest_[(*pack)->info().digest] = *pack;
    current_[(*pack)->info().id] = std::move(*pack);
  }
  if (broken) return Error(Errc::bridge_config_invalid).at("packs");
  return {};
}

PackPtr PackShelf::current(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  const auto at = current_.find(id);
  return at == current_.end() ? nullptr : at->second;
}

PackPtr PackShelf::current_of_system(const std::string& system) const {
  const std::lock_guard lock(mutex_);
  for (const auto& [id, pack] : current_) {
    if (pack->info().system == system) return pack;
  }
  return nullptr;
}

PackPtr PackShelf::version(const std::string& digest) const {
  const std::lock_guard lock(mutex_);
  const auto at = by_digest_.find(digest);
  return at == by_digest_.end() ? nullptr : at->second;
}

Result<PackPtr> PackShelf::reload(const std::string& id, Findings& mistakes) {
  PackSettings settings;
  {
    const std::lock_guard lock(mutex_);
    const auto at = settings_.find(id);
    if (at == settings_.end()) return Error(Errc::bridge_config_reference).at("packs").with(id);
    settings = at->second;
  }
  TONGQU_TRY(PackPtr pack, mapping::Pack::load(settings.path, settings.params, mistakes));
  const std::lock_guard lock(mutex_);
  by_digest_[pack->info().digest] = pack;
  current_[id] = pack;
  return pack;
}

} // namespace tongqu::bridge::detail
