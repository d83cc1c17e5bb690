#include <CLI/CLI.hpp>
#include <cstdio>

#include "conformance/cli/sandbox_command.hpp"
#include "tongqu/base/assert.hpp"

using tongqu::conform::Common;
using tongqu::conform::SandboxCommand;

namespace {

int run(int argc, char** argv) {
  CLI::App app{"tongqu-conform: judges systems that exchange cases with provinces and the nation"};
  app.require_subcommand(1);
  app.fallthrough();
  Common common;
  app.add_option("--lang", common.lang, "Language of messages: en or zh (default: from LANG)")->check(CLI::IsMember({"en", "zh"}));
  app.add_flag("--json", common.json, "Machine output on standard output");
  CLI::App* sandbox = app.add_subcommand(
      "sandbox", "Play a province or the nation: check signatures, rows, item codes, life cycle and duplicates; keep a ledger");
  sandbox->footer("Exit codes: 0 done, 1 the ledger differs from what is expected, 2 could not check, 3 own fault, 4 usage or set-up.\n"
                  "While it runs, from this machine only: GET /_sandbox/state, POST /_sandbox/faults (one fault a line; empty: none).");
  sandbox->fallthrough();
  SandboxCommand command(*sandbox, common);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? tongqu::conform::kDone : tongqu::conform::kUsage;
  }
  return command.run();
}

} // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const tongqu::ContractViolation& violation) {
    std::fprintf(stderr, "tongqu-conform: %s\n", violation.what());
  } catch (const std::exception&) {
    std::fputs("tongqu-conform: base.internal\n", stderr);
  }
  return tongqu::conform::kOwnFault;
}
