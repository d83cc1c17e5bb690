#include "tongqu/platform/settings.hpp"

#include <algorithm>

namespace tongqu::platform {
namespace {

Error setting_error(const PlatformConfig& config, const char* group, std::string_view name, std::string_view what) {
  return Error(Errc::platform_setting).at(config.name + "." + group + "." + std::string(name)).with(std::string(what));
}

} // namespace

std::string setting_or(const PlatformConfig& config, std::string_view name, std::string_view fallback) {
  const auto found = config.settings.find(std::string(name));
  return found == config.settings.end() ? std::string(fallback) : found->second;
}

Result<std::string> required_setting(const PlatformConfig& config, std::string_view name) {
  std::string value = setting_or(config, name, "");
  if (value.empty()) return setting_error(config, "settings", name, "missing");
  return value;
}

Result<YesNo> yes_no_setting(const PlatformConfig& config, std::string_view name, YesNo fallback) {
  const auto found = config.settings.find(std::string(name));
  if (found == config.settings.end()) return fallback;
  if (found->second == "yes") return YesNo::yes;
  if (found->second == "no") return YesNo::no;
  return wrong_setting(config, name, "yes or no");
}

Result<Secret> required_credential(const PlatformConfig& config, std::string_view name) {
  const auto found = config.credentials.find(std::string(name));
  if (found == config.credentials.end() || found->second.empty()) return setting_error(config, "credentials", name, "missing");
  return found->second;
}

bool is_header_token(std::string_view text, std::size_t length_max) noexcept {
  return !text.empty() && text.size() <= length_max && std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7F; });
}

Error wrong_setting(const PlatformConfig& config, std::string_view name, std::string_view expected) {
  return setting_error(config, "settings", name, "expected " + std::string(expected));
}

} // namespace tongqu::platform
