#pragma once
#include <cstdio>
#include <string>
#include <string_view>

#include "tongqu/base/error.hpp"
#include "tongqu/base/finding.hpp"
#include "tongqu/base/result.hpp"

namespace tongqu::tool {

/// Exit codes of every command.
enum Exit : int { kDone = 0, kInputAtFault = 1, kCouldNotCheck = 2, kOwnFault = 3, kUsage = 4 };

/// How a command speaks: language, and whether standard output is for machines.
struct Console {
  Lang lang = Lang::en;
  bool json = false;

  /// A line for people: standard output, or standard error when --json is given.
  void say(std::string_view line) const {
    std::FILE* to = json ? stderr : stdout;
    std::fwrite(line.data(), 1, line.size(), to);
    std::fputc('\n', to);
  }
  /// A line for machines, only with --json.
  void machine(std::string_view line) const {
    if (!json) return;
    std::fwrite(line.data(), 1, line.size(), stdout);
    std::fputc('\n', stdout);
  }
  /// One line about an error on stderr, where the answer on stdout tells it in its own way.
  void complain(const Error& error) const;
  /// An error to standard error; gives the exit code that fits its action.
  int fail(const Error& error) const;
  /// Findings of a configuration or pack: "file:line:column id severity text", one line each.
  void list(const Findings& findings) const;
  std::string_view pick(std::string_view en, std::string_view zh) const { return lang == Lang::zh ? zh : en; }
};

/// Whole file or standard input ("-"). @errors base.file_unreadable.
Result<std::string> read_file(const std::string& path, std::size_t bytes_max = std::size_t{1} << 30);

} // namespace tongqu::tool
