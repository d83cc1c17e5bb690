#pragma once
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#include <csignal>
#include <cstring>
#include <string>
#include <vector>

extern char** environ;

namespace tongqu::journal::test {

/// Runs this program again as a child that plays `script` on a store, with faults armed; gives its wait status.
inline int run_child(const std::string& script, const std::string& store, const std::string& faults, const std::string& suite = "JournalChild") {
  std::vector<std::string> variables = {"TONGQU_TEST_SCRIPT=" + script, "TONGQU_TEST_STORE=" + store, "TONGQU_FAULTS=" + faults};
  std::vector<char*> environment;
  for (char** one = environ; *one != nullptr; ++one) {
    if (std::strncmp(*one, "TONGQU_", 7) != 0) environment.push_back(*one);
  }
  for (auto& one : variables) environment.push_back(one.data());
  environment.push_back(nullptr);
  std::string program = "/proc/self/exe", filter = "--gtest_filter=" + suite + ".*", brief = "--gtest_brief=1";
  char* arguments[] = {program.data(), filter.data(), brief.data(), nullptr};
  posix_spawn_file_actions_t quiet;
  ::posix_spawn_file_actions_init(&quiet);
  ::posix_spawn_file_actions_addopen(&quiet, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t child = 0;
  const int spawned = ::posix_spawn(&child, program.c_str(), &quiet, nullptr, arguments, environment.data());
  ::posix_spawn_file_actions_destroy(&quiet);
  if (spawned != 0) return -1;
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

inline bool was_killed(int status) { return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL; }
inline bool exited(int status, int code) { return WIFEXITED(status) && WEXITSTATUS(status) == code; }

} // namespace tongqu::journal::test
