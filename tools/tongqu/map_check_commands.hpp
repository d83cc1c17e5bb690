#pragma once
#include "tools/tongqu/commands.hpp"

namespace tongqu::tool {

/// Adds check, schema, fmt, steps and doc to the command `map`.
void add_map_check_commands(CLI::App& map, Run& run);

} // namespace tongqu::tool
