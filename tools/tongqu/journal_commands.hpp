#pragma once
#include "tools/tongqu/commands.hpp"

namespace tongqu::tool {

/// To the command `bridge`: what keeps a store over the years, and what proves its content to others.
void add_journal_commands(CLI::App& bridge, Run& run);

} // namespace tongqu::tool
