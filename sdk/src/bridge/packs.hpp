#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "tongqu/base/finding.hpp"
#include "tongqu/base/result.hpp"
#include "tongqu/bridge/config.hpp"
#include "tongqu/mapping/pack.hpp"

namespace tongqu::bridge::detail {

using PackPtr = std::shared_ptr<const mapping::Pack>;

/// The packs in force, and the older versions that this process has seen: a retry is compared under the version that mapped the first one.
class PackShelf {
public:
  /// Loads every pack of the configuration. @errors bridge.config_invalid with the mistakes added.
  Result<void> load(const std::vector<PackSettings>& settings, Findings& mistakes);
  /// Pack in force by its id; null when there is none.
  PackPtr current(const std::string& id) const;
  PackPtr current_of_system(const std::string& system) const;
  /// Any version seen, by digest; null when it is not on the shelf.
  PackPtr version(const std::string& digest) const;
  /// Reads one pack again from disk and puts it in force; the old one stays in force when the new one has mistakes.
  Result<PackPtr> reload(const std::string& id, Findings& mistakes);

private:
  mutable std::mutex mutex_;
  std::map<std::string, PackSettings> settings_;
  std::map<std::string, PackPtr> current_;
  std::map<std::string, PackPtr> by_digest_;
};

} // namespace tongqu::bridge::detail
