#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tongqu/base/result.hpp"

namespace tongqu::connectors::rest {

/// Reads `a=b&c=d` strictly: percent escapes of valid UTF-8, '+' as a blank, at most 32 parameters, none twice.
/// @errors connector.parameter with the parameter's number in where().
/// @source WHATWG URL, application/x-www-form-urlencoded
Result<std::vector<std::pair<std::string, std::string>>> parse_query(std::string_view query);

} // namespace tongqu::connectors::rest
