#include "tools/tongqu/console.hpp"

#include <fstream>
#include <iostream>
#include <iterator>

#include "tongqu/wire/finding_json.hpp"

namespace tongqu::tool {

void Console::complain(const Error& error) const {
  const std::string line = describe(error, lang) + "\n";
  std::fwrite(line.data(), 1, line.size(), stderr);
}

int Console::fail(const Error& error) const {
  complain(error);
  machine(wire::refusal_json(error, "", {}));
  switch (error.action()) {
    case Action::fix_input: return kInputAtFault;
    case Action::fix_setup: return kUsage;
    case Action::retry_later: return kCouldNotCheck;
    case Action::give_up: return kOwnFault;
  }
  return kOwnFault;
}

void Console::list(const Findings& findings) const {
  for (const Finding& finding : findings) {
    std::string line = finding.source.part;
    if (finding.source.line != 0) line += ":" + std::to_string(finding.source.line) + ":" + std::to_string(finding.source.column);
    // Rows of a database are known by table and key, not by a line of what a connector wrote.
    if (finding.source.line != 0 && finding.source.path.find('=') != std::string::npos) line += " " + finding.source.path;
    if (!line.empty()) line += "  ";
    line += std::string(errc_row(finding.id).id) + "  " + std::string(severity_name(finding.severity)) + "  " + describe(finding, lang);
    say(line);
  }
  if (findings.dropped_count() != 0) say(std::string(pick("further findings not shown: ", "未显示的问题数：")) + std::to_string(findings.dropped_count()));
}

Result<std::string> read_file(const std::string& path, std::size_t bytes_max) {
  std::string text;
  if (path == "-") {
    text.assign(std::istreambuf_iterator<char>(std::cin), {});
  } else {
    std::ifstream in(path, std::ios::binary);
    if (!in) return Error(Errc::base_file_unreadable).at(path);
    text.assign(std::istreambuf_iterator<char>(in), {});
    if (in.bad()) return Error(Errc::base_file_unreadable).at(path);
  }
  if (text.size() > bytes_max) return Error(Errc::base_limit_exceeded).at(path);
  return text;
}

} // namespace tongqu::tool
