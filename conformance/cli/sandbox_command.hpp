#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tongqu/base/errc.hpp"

namespace CLI {
class App;
}

namespace tongqu::conform {

/// Exit codes of every command.
enum ExitCode : int { kDone = 0, kAtFault = 1, kCouldNotCheck = 2, kOwnFault = 3, kUsage = 4 };

/// What holds for all commands.
struct Common {
  std::string lang;    ///< "en", "zh" or empty: from the environment.
  bool json = false;
  Lang language() const;
};

/// `tongqu-conform sandbox …`: run, report, check.
class SandboxCommand {
public:
  /// Adds options and subcommands to `app`, which must outlive this.
  SandboxCommand(CLI::App& app, const Common& common);
  ~SandboxCommand();
  SandboxCommand(const SandboxCommand&) = delete;
  SandboxCommand& operator=(const SandboxCommand&) = delete;
  /// After parsing. @return the exit code.
  int run();

private:
  struct Settings;
  int serve();
  int report();
  int check();
  const Common& common_;
  std::unique_ptr<Settings> settings_;
};

} // namespace tongqu::conform
