#pragma once
#include <functional>

#include "tools/tongqu/console.hpp"

namespace CLI {
class App;
}

namespace tongqu::tool {

/// Each adds its sub-commands to the program; the chosen one sets `run`, which gives the exit code.
using Run = std::function<int(const Console&)>;
void add_wire_commands(CLI::App& program, Run& run);
void add_model_commands(CLI::App& program, Run& run);
/// To the command `model`.
void add_model_schema_commands(CLI::App& model, Run& run);
void add_model_export_commands(CLI::App& model, Run& run);
void add_map_commands(CLI::App& program, Run& run);
/// To the command `map`: reverse, laws.
void add_map_reverse_commands(CLI::App& map, Run& run);
void add_bridge_commands(CLI::App& program, Run& run);

} // namespace tongqu::tool
