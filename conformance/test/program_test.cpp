#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <fstream>

#include "conformance/test/sandbox_support.hpp"

namespace tongqu::sandbox::test {
namespace {

const std::string kProgram = std::string(TONGQU_BIN_DIR) + "/tongqu-conform";
const std::string kSender = std::string(TONGQU_SOURCE_DIR) + "/conformance/test/foreign_sender.py";

struct Ran {
  int exit_code = -1;
  std::string out;
};
Ran run(const std::string& command) {
  Ran ran;
  std::FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  std::array<char, 4096> piece{};
  while (const std::size_t got = std::fread(piece.data(), 1, piece.size(), pipe)) ran.out.append(piece.data(), got);
  const int status = ::pclose(pipe);
  ran.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return ran;
}

/// The program as a child, from its line of readiness to its end by signal.
class Served {
public:
  explicit Served(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), kProgram);
    std::vector<char*> raw;
    for (std::string& one : arguments) raw.push_back(one.data());
    raw.push_back(nullptr);
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) return;
    child_ = ::fork();
    if (child_ == 0) {
      ::dup2(ends[1], STDOUT_FILENO);
      ::execv(raw[0], raw.data());
      ::_exit(127);
    }
    ::close(ends[1]);
    char c = 0;
    while (::read(ends[0], &c, 1) == 1 && c != '\n') line += c;
    ::close(ends[0]);
  }
  ~Served() {
    if (child_ > 0) static_cast<void>(end(SIGKILL));
  }
  Served(const Served&) = delete;
  Served& operator=(const Served&) = delete;
  std::string port() const { return line.substr(line.rfind(':') + 1); }
  int end(int number) {
    int status = 0;
    ::kill(child_, number);
    ::waitpid(child_, &status, 0);
    child_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  std::string line;

private:
  pid_t child_ = -1;
};

std::string secret_file(const TempFolder& folder, const std::string& text) {
  const std::string path = folder.file("secret");
  std::ofstream(path) << text << "\n";
  static_cast<void>(::chmod(path.c_str(), 0600));
  return path;
}

void foreign_case(const std::string& profile, const std::vector<std::string>& credential, const std::string& text) {
  const TempFolder folder;
  const std::string secret = secret_file(folder, text);
  Served served({"sandbox", "--profile", profile, "--listen", "127.0.0.1:0", credential[0], "demo", credential[1], secret, "--ledger",
                 folder.file("ledger.jsonl")});
  ASSERT_EQ(served.line.substr(0, 23), "listening on 127.0.0.1:");
  const Ran sender = run("/usr/bin/python3 " + kSender + " --profile " + profile + " --port " + served.port() + " --id demo --secret-file " + secret);
  EXPECT_EQ(sender.exit_code, 0) << sender.out;
  EXPECT_NE(sender.out.find("\"digest_agrees\": true"), std::string::npos) << sender.out;
  EXPECT_EQ(served.end(SIGTERM), 0);

  const Ran report = run(kProgram + " sandbox report --json --ledger " + folder.file("ledger.jsonl"));
  EXPECT_EQ(report.exit_code, 0);
  EXPECT_EQ(member(report.out, "effects"), "4");
  EXPECT_EQ(member(report.out, "doubled"), "0");
  std::ofstream(folder.file("expect.tsv")) << "foreign-spxt\tFOREIGN-0001\taccept\nforeign-spxt\tFOREIGN-0001\tprocess\n"
                                              "foreign-spxt\tFOREIGN-0001\tspecial\nforeign-spxt\tFOREIGN-0001\tresult\n";
  const std::string check = kProgram + " sandbox check --ledger " + folder.file("ledger.jsonl") + " --expect " + folder.file("expect.tsv");
  EXPECT_EQ(run(check).exit_code, 0);
  std::ofstream(folder.file("expect.tsv"), std::ios::app) << "foreign-spxt\tFOREIGN-0002\taccept\n";
  EXPECT_EQ(run(check).exit_code, 1);
}

TEST(Program, foreign_sender_delivers_a_case_to_the_province) { foreign_case("tif_rio", {"--paas-id", "--token-file"}, "demoToken"); }

TEST(Program, foreign_sender_delivers_a_case_to_the_nation) {
  foreign_case("gjgxjhpt", {"--rid", "--app-key-file"}, "0123456789abcdef0123456789abcdef");
}

TEST(Program, interrupt_ends_it_with_0_even_while_an_answer_hangs) {
  const TempFolder folder;
  const std::string secret = secret_file(folder, "demoToken");
  Served served({"sandbox", "--profile", "tif_rio", "--listen", "127.0.0.1:0", "--paas-id", "demo", "--token-file", secret, "--slow", "60000"});
  const Connection hung(static_cast<std::uint16_t>(std::stoi(served.port())));
  hung.send("POST /ebus/case-exchange/submit HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
  while (run("curl -s http://127.0.0.1:" + served.port() + "/_sandbox/state").out.find("\"submits\":1") == std::string::npos) {}
  EXPECT_EQ(served.end(SIGINT), 0);
}

TEST(Program, wrong_usage_and_set_up_exit_with_4) {
  const TempFolder folder;
  const std::string secret = secret_file(folder, "demoToken");
  const std::string good = kProgram + " sandbox --profile tif_rio --listen 127.0.0.1:0 --paas-id demo --token-file " + secret;
  EXPECT_EQ(run(kProgram).exit_code, 4);
  EXPECT_EQ(run(kProgram + " sandbox").exit_code, 4);
  EXPECT_EQ(run(kProgram + " sandbox --profile other").exit_code, 4);
  EXPECT_EQ(run(kProgram + " sandbox --profile tif_rio --listen 127.0.0.1:0").exit_code, 4);
  EXPECT_EQ(run(good + " --listen 127.0.0.1:65536").exit_code, 4);
  const Ran fault = run(good + " --fault none_such");
  EXPECT_EQ(fault.exit_code, 4);
  EXPECT_NE(fault.out.find("conform.fault_spec at none_such"), std::string::npos) << fault.out;
  ::chmod(secret.c_str(), 0644);
  EXPECT_NE(run(good).out.find("base.secret_exposed"), std::string::npos);
  EXPECT_EQ(run(kProgram + " sandbox report --ledger " + folder.file("absent")).exit_code, 4);
  EXPECT_EQ(run(kProgram + " sandbox --help").exit_code, 0);
}

TEST(Program, messages_come_in_the_language_asked_for) {
  EXPECT_NE(run(kProgram + " --lang zh sandbox report --ledger /nonexistent/ledger").out.find("文件无法读取"), std::string::npos);
  EXPECT_NE(run("LC_ALL= LANG=zh_CN.UTF-8 " + kProgram + " sandbox report --ledger /nonexistent/ledger").out.find("文件无法读取"), std::string::npos);
  EXPECT_NE(run(kProgram + " --lang en sandbox report --ledger /nonexistent/ledger").out.find("could not be read"), std::string::npos);
}

} // namespace
} // namespace tongqu::sandbox::test
