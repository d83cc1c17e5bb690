#include <clocale>
#include <cstdlib>
#include <exception>
#include <string>

#include <CLI/CLI.hpp>

#include "tools/tongqu/commands.hpp"

namespace {

tongqu::Lang language_of_environment() {
  for (const char* name : {"LC_ALL", "LC_MESSAGES", "LANG"}) {
    const char* value = std::getenv(name);
    if (value != nullptr && *value != '\0') return std::string_view(value).substr(0, 2) == "zh" ? tongqu::Lang::zh : tongqu::Lang::en;
  }
  return tongqu::Lang::en;
}

} // namespace

int main(int argc, char** argv) {
  using namespace tongqu::tool;
  CLI::App program("Tongqu 通衢: from the systems that counties run to the provincial and national platforms", "tongqu");
  program.require_subcommand(1);
  program.fallthrough();
  std::string lang;
  Console console;
  console.lang = language_of_environment();
  program.add_option("--lang", lang, "Language of messages: en or zh (default: from LANG)")->check(CLI::IsMember({"en", "zh"}));
  program.add_flag("--json", console.json, "Machine output on standard output; people's text goes to standard error");
  Run run;
  add_wire_commands(program, run);
  add_model_commands(program, run);
  add_map_commands(program, run);
  add_bridge_commands(program, run);
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return program.exit(error) == 0 ? kDone : kUsage;
  }
  if (!lang.empty()) console.lang = lang == "zh" ? tongqu::Lang::zh : tongqu::Lang::en;
  // The third catch site: what gets here is a bug of ours and says so without echoing anything it was working on.
  try {
    return run(console);
  } catch (const std::exception&) {
    return console.fail(tongqu::Error(tongqu::Errc::base_internal));
  }
}
