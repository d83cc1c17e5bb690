#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "tongqu/base/result.hpp"
#include "tongqu/base/secret.hpp"
#include "tongqu/platform/platform.hpp"

/// Reading the settings and credentials of one platform in a profile's factory. Every error is platform.setting (fix_setup) with the
/// place in the configuration in where(): "province.settings.paas_id", "province.credentials.paas_token". Values never enter an error.
namespace tongqu::platform {

/// A setting as text; the fallback when it is absent.
std::string setting_or(const PlatformConfig& config, std::string_view name, std::string_view fallback);
/// A setting that must be there and not empty.
Result<std::string> required_setting(const PlatformConfig& config, std::string_view name);
/// "yes" or "no"; the fallback when absent.
enum class YesNo : std::uint8_t { no, yes };
Result<YesNo> yes_no_setting(const PlatformConfig& config, std::string_view name, YesNo fallback);
/// A credential that must be there and not empty.
Result<Secret> required_credential(const PlatformConfig& config, std::string_view name);

/// True for 1 to `length_max` printable ASCII characters without blanks: what may stand in a header value.
bool is_header_token(std::string_view text, std::size_t length_max) noexcept;
/// The error for a setting whose value is of the wrong form. @param expected  In the words of the program.
Error wrong_setting(const PlatformConfig& config, std::string_view name, std::string_view expected);

} // namespace tongqu::platform
