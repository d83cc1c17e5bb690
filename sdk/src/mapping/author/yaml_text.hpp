#pragma once
#include <string>
#include <string_view>

#include "tongqu/wire/yaml.hpp"

namespace tongqu::mapping::author {

/// A scalar as strict YAML: plain where that is safe, else in double quotes.
std::string yaml_scalar(std::string_view text);
/// A whole value on one line, every scalar in quotes: for machines.
std::string yaml_line(const wire::YamlNode& node);

} // namespace tongqu::mapping::author
