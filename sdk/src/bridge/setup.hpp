#pragma once
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "tongqu/base/finding.hpp"
#include "tongqu/base/result.hpp"
#include "tongqu/bridge/config.hpp"
#include "tongqu/mapping/pack.hpp"
#include "tongqu/model/calendar.hpp"

namespace tongqu::bridge::detail {

using PackPtr = std::shared_ptr<const mapping::Pack>;
using TargetPtr = std::shared_ptr<const mapping::Target>;

/// A pack as one site runs it.
struct PackInForce {
  PackPtr pack;
  PackSettings settings;
  std::shared_ptr<const mapping::Opener> opener;   ///< Null when the site gave no keys.
};
using PackInForcePtr = std::shared_ptr<const PackInForce>;

/// What packs and targets may look up. Immutable.
struct SiteData {
  std::shared_ptr<const mapping::Lookup> lookup;   ///< Null when the site names no catalogue.
  model::WorkingDays working_days;
  std::string digest;                              ///< Of all of it; empty when it is what every site has.
  /// The published working days of the nation and nothing else.
  static std::shared_ptr<const SiteData> published();
};
using SiteDataPtr = std::shared_ptr<const SiteData>;
/// @errors base.file_unreadable, mapping.table_invalid, model.calendar_* with the mistakes added.
Result<SiteDataPtr> load_site_data(const Config& config, Findings& mistakes);

/// Everything that one configuration says about what a delivery becomes and where it goes. Immutable: whoever works on a message holds the
/// one it started with, however often the configuration is read again meanwhile.
struct Setup {
  Config config;
  std::map<std::string, PackInForcePtr> packs;     ///< By the name that listeners use.
  std::map<std::string, TargetPtr> targets;        ///< By platform name.
  std::map<std::string, PackPtr> event_packs;      ///< By platform name: what reads its events.
  std::map<std::string, TargetPtr> replies;        ///< By the name of the pack whose call-back's answers it reads.
  SiteDataPtr site = SiteData::published();

  /// What mapping needs from outside. Lives as long as this.
  mapping::Environment environment(const mapping::Opener* opener = nullptr, const Limits& limits = {}) const {
    return {limits, config.reference_date, opener, &site->working_days, site->lookup.get()};
  }
  const ListenSettings* listener(const std::string& route) const noexcept;
  PackInForcePtr pack(const std::string& name) const;
  PackInForcePtr pack_of_system(const std::string& system) const;
  /// The closest route: one of the system before one for every system, one of the event before one for every event; null when none leads on.
  const RouteSettings* route(const std::string& system, const std::string& event) const noexcept;
};
using SetupPtr = std::shared_ptr<const Setup>;

/// Loads one pack with its parameters and keys. @errors mapping.*, base.secret_*, crypto.key_size.
Result<PackInForcePtr> load_pack(const PackSettings& settings, Findings& mistakes);

/// Loads packs, keys and targets of a configuration; all mistakes are reported at once.
/// @errors bridge.config_invalid with the mistakes added.
Result<SetupPtr> load_setup(Config config, Findings& mistakes);

/// The setup in force, and the older pack versions that this process has seen: a retry is compared under the version that mapped the
/// first one. Safe from several threads.
class SetupShelf {
public:
  SetupPtr current() const;
  void put(SetupPtr setup);
  /// Any pack version seen, by digest; null when it is not on the shelf.
  PackInForcePtr version(const std::string& digest) const;
  /// Reads the pack of a system again from disk and puts it in force; the old one stays in force when the new one has mistakes.
  Result<PackInForcePtr> reload_pack(const std::string& system, Findings& mistakes);

private:
  void remember(const PackInForcePtr& pack);
  static constexpr std::size_t kVersionsMax = 256;
  mutable std::mutex mutex_;
  SetupPtr current_;
  std::map<std::string, PackInForcePtr> by_digest_;
  std::deque<std::string> seen_;                   ///< Oldest first.
};

} // namespace tongqu::bridge::detail
