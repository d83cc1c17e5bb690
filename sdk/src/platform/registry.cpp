#include <algorithm>

#include "tongqu/base/assert.hpp"
#include "tongqu/platform/platform.hpp"

namespace tongqu::platform {
namespace {

bool listed(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

template <class Map>
Result<void> refuse_unknown(const PlatformConfig& config, const Map& given, const std::vector<std::string>& known, const char* group) {
  for (const auto& entry : given) {
    if (!listed(known, entry.first)) {
      return Error(Errc::platform_setting).at(config.name + "." + group + "." + entry.first).with("unknown name");
    }
  }
  return {};
}

} // namespace

void Registry::add(ProfileInfo info, Factory factory) {
  TONGQU_ASSERT(find(info.id) == nullptr, "a profile is registered once");
  TONGQU_ASSERT(factory != nullptr, "a profile comes with its factory");
  rows_.push_back({std::move(info), std::move(factory)});
}

const ProfileInfo* Registry::find(std::string_view id) const noexcept {
  const auto row = std::find_if(rows_.begin(), rows_.end(), [id](const Row& r) { return r.info.id == id; });
  return row == rows_.end() ? nullptr : &row->info;
}

std::vector<std::string> Registry::ids() const {
  std::vector<std::string> ids;
  for (const Row& row : rows_) ids.push_back(row.info.id);
  std::sort(ids.begin(), ids.end());
  return ids;
}

Result<std::unique_ptr<PlatformClient>> Registry::create(const PlatformConfig& config, std::shared_ptr<Clock> clock) const {
  TONGQU_ASSERT(clock != nullptr, "a client reads the time from the clock that it is given");
  const auto row = std::find_if(rows_.begin(), rows_.end(), [&config](const Row& r) { return r.info.id == config.profile; });
  if (row == rows_.end()) return Error(Errc::platform_unknown_profile).at(config.name + ".profile").with(config.profile);
  TONGQU_CHECK(refuse_unknown(config, config.settings, row->info.settings, "settings"));
  TONGQU_CHECK(refuse_unknown(config, config.credentials, row->info.credentials, "credentials"));
  return row->factory(config, std::move(clock));
}

} // namespace tongqu::platform
