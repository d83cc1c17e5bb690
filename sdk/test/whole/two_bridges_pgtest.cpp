#include <gtest/gtest.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <random>

#include "sdk/src/journal/postgres/postgres_test_support.hpp"
#include "sdk/test/whole/senders.hpp"
#include "tongqu/base/bytes.hpp"
#include "tongqu/crypto/crypto.hpp"

extern char** environ;

/// Two bridges on one store in PostgreSQL, in front of the same platforms. The platforms' own ledgers are the judge.
namespace tongqu::whole {
namespace {

/// A bridge in a process of its own: this program again, on another configuration.
class Program {
public:
  Program(const std::string& config, const std::string& out) : out_(out) {
    std::string program = "/proc/self/exe", filter = "--gtest_filter=SecondBridge.*", variable = "TWO_BRIDGES_CONFIG=" + config;
    char* arguments[] = {program.data(), filter.data(), nullptr};
    std::vector<char*> environment{variable.data()};
    for (char** one = environ; *one != nullptr; ++one) environment.push_back(*one);
    environment.push_back(nullptr);
    write_text(out_, "");
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, out_.c_str(), O_WRONLY | O_TRUNC, 0);
    ::posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
    if (::posix_spawn(&pid_, program.c_str(), &actions, nullptr, arguments, environment.data()) != 0) pid_ = -1;
    ::posix_spawn_file_actions_destroy(&actions);
  }
  ~Program() { kill(); }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  std::string said() const { return file_text(out_); }
  bool ready() const { return said().find("\nready\n") != std::string::npos; }
  std::uint16_t port(const std::string& listener) const {
    const std::string text = said();
    const auto line = text.find("listening " + listener + " ");
    return line == std::string::npos ? std::uint16_t{0} : static_cast<std::uint16_t>(std::stoi(text.substr(text.find("127.0.0.1:", line) + 10)));
  }
  void signal(int number) const { ::kill(pid_, number); }
  void kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(std::exchange(pid_, -1), nullptr, 0);
  }

private:
  std::string out_;
  pid_t pid_ = -1;
};

TEST(SecondBridge, runs_until_it_is_killed) {
  const char* const config = std::getenv("TWO_BRIDGES_CONFIG");
  if (config == nullptr) return; // It acts only as the child of another test.
  const auto bridge = start_bridge(config);
  std::printf("\nlistening linhu 127.0.0.1:%d\nready\n", bridge->port("linhu"));
  std::fflush(stdout);
  for (;;) ::pause();
}

void replace(std::string& text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  ASSERT_NE(at, std::string::npos) << from;
  text.replace(at, from.size(), to);
}

/// Platforms that take whatever comes, and can only be asked: a second send would be a second effect.
HouseOptions forgetful_platforms() {
  HouseOptions options;
  options.province = options.nation = sandbox::Character::queryable;
  options.guarantee = ", deduplicates: no";
  options.platform_extra = ", total_timeout_ms: 2000";
  options.delivery = "{retry_min_ms: 20, retry_max_ms: 200, query_after_ms: 2500, breaker_failures: 50, breaker_open_ms: 150}";
  return options;
}

/// Both bridges of a house; the second one is a process of its own.
class TwoBridges : public ::testing::Test {
protected:
  void SetUp() override {
    write_text(house_.folder.file("keys/pg.conn"), journal::test::pg_server().connection(), true);
    schema_ = "house_" + std::to_string(::getpid()) + "_" + std::to_string(++count_);
    house_.edit("bridge.yaml", "path: state/journal.db", "postgres: {connection: {file: keys/pg.conn}, schema: " + schema_ + "}, path: state/a");
    house_.open();
    std::string second = file_text(house_.folder.file("bridge.yaml"));
    replace(second, "path: state/a", "path: state/b");
    replace(second, "state/control.sock", "state/control-b.sock");
    write_text(second_config_, second);
  }
  void start_second() {
    second_ = std::make_unique<Program>(second_config_, house_.folder.file("out-b"));
    ASSERT_TRUE(wait_until([this] { return second_->ready(); }, 60s)) << second_->said();
    port_b_ = second_->port("linhu");
  }
  /// Sends to one bridge or the other until one has taken it.
  void send_until_taken(const std::string& case_no, const std::string& stage, unsigned first) {
    const std::string body = linhu_body(case_no, stage);
    const auto end = std::chrono::steady_clock::now() + 120s;
    for (unsigned tries = first;; ++tries) {
      if (std::chrono::steady_clock::now() > end) {
        ADD_FAILURE() << case_no << " " << stage << " was not taken";
        return;
      }
      const std::uint16_t port = tries % 2 == 0 || port_b_ == 0 ? house_.port("linhu") : port_b_.load();
      try {
        const Told told = heard(connector::test::call(port, "POST", "/api/push", {{"Content-Type", "application/json"}, {"Authorization", "Bearer " + house_.token}}, body));
        if (told.state == "stored") return;
      } catch (const std::exception&) {
        // Nobody there: it was killed.
      }
      std::this_thread::sleep_for(5ms);
    }
  }
  void expect_each_once_and_in_order(std::size_t cases) {
    const std::size_t messages = 3 * cases;
    EXPECT_TRUE(wait_until([&] { return house_.all_delivered(static_cast<std::int64_t>(messages)); }, 120s)) << "lost or stuck, of " << messages;
    for (const char* name : {"province", "nation"}) {
      const auto report = house_.platform(name);
      EXPECT_EQ(report.effects, messages) << name;
      EXPECT_TRUE(report.doubled.empty()) << name << " " << report.doubled.size();
      EXPECT_EQ(report.cases.size(), cases);
      for (const auto& [key, one] : report.cases) {
        std::string stages;
        for (const std::size_t message : one.messages) stages += report.messages[message].stage + " ";
        EXPECT_EQ(stages, "accept process result ") << name << " " << key;
      }
    }
    EXPECT_TRUE(house_.verify().ok());
  }

  static inline int count_ = 0;
  House house_{forgetful_platforms()};
  std::string schema_;
  const std::string second_config_ = house_.folder.file("bridge-b.yaml");
  std::unique_ptr<Program> second_;
  std::atomic<std::uint16_t> port_b_{0};
};

TEST_F(TwoBridges, with_one_store_deliver_each_once_and_in_order) {
  start_second();
  for (int i = 0; i < 20; ++i) {
    for (const char* stage : {"accept", "process", "result"}) send_until_taken("TB-" + std::to_string(i), stage, static_cast<unsigned>(i));
  }
  expect_each_once_and_in_order(20);
}

TEST_F(TwoBridges, answer_the_operators_commands_for_the_store_that_they_share) {
  house_.close();
  house_.sign_heads();
  house_.open();
  start_second();
  for (const char* stage : {"accept", "process", "result"}) send_until_taken("TC-1", stage, 0);
  send_until_taken("TC-2", "accept", 1);
  ASSERT_TRUE(wait_until([&] { return house_.all_delivered(4); }, 60s));
  const std::string a = " -c " + house_.folder.file("bridge.yaml"), b = " -c " + second_config_, evidence = house_.folder.file("m.evidence");
  Said said = house_.tongqu_bridge("hold list --state delivered" + b);
  EXPECT_EQ(said.code, 0) << said.text;
  const std::string id = house_.store()->deliveries(journal::DeliveryState::delivered, 1)->at(0).message_id;
  EXPECT_NE(said.text.find(id), std::string::npos) << said.text;
  said = house_.tongqu_bridge("status --message " + id + b);
  EXPECT_EQ(said.code, 0) << said.text;
  EXPECT_NE(said.text.find("delivered"), std::string::npos) << said.text;
  said = house_.tongqu_bridge("rekey" + a + " --reason x");
  EXPECT_EQ(said.code, 0) << said.text;
  house_.close();
  second_->kill();
  // Offline, from either bridge's configuration.
  for (const std::string& config : {a, b}) {
    said = house_.tongqu_bridge("verify" + config);
    EXPECT_EQ(said.code, 0) << said.text;
    said = house_.tongqu_bridge("status --message " + id + config);
    EXPECT_NE(said.text.find("delivered"), std::string::npos) << said.text;
  }
  said = house_.tongqu_bridge("evidence" + a + " " + id + " -o " + evidence);
  EXPECT_EQ(said.code, 0) << said.text;
  said = house_.tongqu_bridge("verify --evidence " + evidence + " --public-key " + house_.folder.file("sign.pub"));
  EXPECT_EQ(said.code, 0) << said.text;
  EXPECT_NE(said.text.find("evidence holds: message " + id), std::string::npos) << said.text;
  for (const std::string& command : {"backup" + a + " " + house_.folder.file("x"), "restore" + a + " " + house_.folder.file("x")}) {
    said = house_.tongqu_bridge(command);
    EXPECT_NE(said.code, 0) << command;
    EXPECT_NE(said.text.find("journal.file_store_only"), std::string::npos) << command << ": " << said.text;
  }
}

// A county gives a file to one bridge, and its message to the other, when the first one is gone.
TEST_F(TwoBridges, give_out_the_attachments_that_either_took) {
  house_.close();
  for (const char* config : {"bridge.yaml", "bridge-b.yaml"}) {
    std::string text = file_text(house_.folder.file(config));
    replace(text, "pack: linhu-onewin, token: {file: keys/linhu.token}}", "pack: linhu-onewin, token: {file: keys/linhu.token}, attachments: hold}");
    write_text(house_.folder.file(config), text);
  }
  house_.open();
  start_second();
  const std::string content(3000000, 'x'), digest = to_hex(crypto::sm3(content));
  write_text(house_.folder.file("scan.pdf"), content);
  const auto curl = [this, &digest](const std::string& arguments, std::uint16_t port) {
    return house_.shell("curl -s -m 120 -w ' %{http_code}' -H 'Authorization: Bearer " + house_.token + "' " + arguments + " http://127.0.0.1:" + std::to_string(port) + "/attachments/" + digest).text;
  };
  const std::string put = "-T " + house_.folder.file("scan.pdf");
  EXPECT_EQ(curl(put, port_b_), "{\"digest\":\"sm3:" + digest + "\",\"bytes\":3000000,\"state\":\"stored\"} 201");
  second_->kill();
  EXPECT_EQ(curl("-I -o /dev/null", house_.port("linhu")), " 200") << "though the bridge that took it is gone";
  EXPECT_NE(curl(put, house_.port("linhu")).find("\"state\":\"known\"} 200"), std::string::npos);
  Said said = house_.tongqu_bridge("verify --attachments -c " + second_config_);
  EXPECT_EQ(said.code, 0) << said.text;
  EXPECT_NE(said.text.find("attachments read: 1, broken: 0"), std::string::npos) << said.text;
  journal::test::pg_value_in(schema_, "UPDATE attachment_chunks SET record = set_byte(record, 9, get_byte(record, 9) # 1) WHERE place = 20");
  said = house_.tongqu_bridge("verify --attachments -c " + second_config_);
  EXPECT_NE(said.code, 0);
  EXPECT_NE(said.text.find("journal.attachment_broken"), std::string::npos) << said.text;
  EXPECT_NE(curl(put, house_.port("linhu")).find("\"state\":\"stored\"} 201"), std::string::npos) << "sent again, it is whole again";
  EXPECT_EQ(house_.tongqu_bridge("verify --attachments -c " + second_config_).code, 0);
  EXPECT_EQ(house_.log().find(digest), std::string::npos) << "the digest of a citizen's file stands in no log";
}

TEST_F(TwoBridges, one_of_which_is_killed_thirty_times_lose_and_double_nothing_and_keep_the_order) {
  const char* const given = std::getenv("TONGQU_SEED");
  const unsigned seed = given != nullptr ? static_cast<unsigned>(std::atoi(given)) : 20261130U;
  std::mt19937 random(seed);
  SCOPED_TRACE("TONGQU_SEED=" + std::to_string(seed));
  start_second();
  std::atomic<bool> stop{false};
  constexpr int kSenders = 3;
  std::vector<std::size_t> sent(kSenders, 0);
  std::vector<std::thread> senders;
  for (int s = 0; s < kSenders; ++s) {
    senders.emplace_back([this, s, &stop, &sent] {
      for (unsigned i = 0; !stop; ++i) {
        const std::string case_no = "TK-" + std::to_string(s) + "-" + std::to_string(i);
        for (const char* stage : {"accept", "process", "result"}) send_until_taken(case_no, stage, i);
        ++sent[static_cast<std::size_t>(s)];
      }
    });
  }
  for (int kill = 0; kill < 30; ++kill) {
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % 400));
    second_->kill();
    start_second();
  }
  stop = true;
  for (auto& sender : senders) sender.join();
  std::size_t cases = 0;
  for (const std::size_t one : sent) cases += one;
  EXPECT_GT(cases, 30U);
  expect_each_once_and_in_order(cases);
  RecordProperty("messages", static_cast<int>(3 * cases));
  std::printf("two bridges: 30 kills, %zu messages, seed %u\n", 3 * cases, seed);
}

} // namespace
} // namespace tongqu::whole
