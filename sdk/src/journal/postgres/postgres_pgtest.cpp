#include <fcntl.h>
#include <spawn.h>
#include <libpq-fe.h>
#include <sys/wait.h>

#include <csignal>
#include <cstring>
#include <thread>

#include "journal/postgres/several_bridges.hpp"
#include "tongqu/journal/evidence.hpp"

extern char** environ;

namespace tongqu::journal::test {
namespace {

using S = DeliveryState;
using std::chrono::milliseconds;

class PostgresTest : public SeveralBridges {
protected:
  bool becomes(const std::string& sql, const std::string& wanted, milliseconds within = milliseconds(10000)) const {
    const auto until = std::chrono::steady_clock::now() + within;
    while (std::chrono::steady_clock::now() < until) {
      if (value(sql) == wanted) return true;
      std::this_thread::sleep_for(milliseconds(20));
    }
    return false;
  }
  /// Claims until there is something.
  std::vector<Claim> wait_for_claims(Journal& journal, milliseconds within = milliseconds(10000)) {
    const auto until = std::chrono::steady_clock::now() + within;
    for (;;) {
      auto claims = claim(journal);
      if (!claims.empty() || std::chrono::steady_clock::now() >= until) return claims;
      std::this_thread::sleep_for(milliseconds(20));
    }
  }
  void expect_whole_chain() const {
    VerifyOptions verify = verify_options_for(options_);
    verify.audit_head_file.clear();
    const auto report = verify_audit(verify);
    ASSERT_TRUE(report) << describe(report.error());
    EXPECT_TRUE(report->ok()) << report->problem << " at " << report->first_broken;
  }
};

TEST_F(PostgresTest, one_event_at_two_bridges_at_once_is_stored_once) {
  const auto other = open(beside("b"));
  constexpr int kEvents = 60;
  std::atomic<int> stored{0}, duplicate{0}, wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this, t, &other, &stored, &duplicate, &wrong] {
      Journal& journal = t % 2 == 0 ? *journal_ : *other;
      for (int i = 0; i < kEvents; ++i) {
        Intake in = intake("m" + std::to_string(t) + "-" + std::to_string(i), "case " + std::to_string(i % 7));
        in.identity = "event " + std::to_string(i);
        const auto outcome = journal.accept_and_wait(std::move(in));
        if (!outcome) ++wrong;
        else ++(outcome->verdict == IntakeVerdict::stored ? stored : (outcome->verdict == IntakeVerdict::duplicate ? duplicate : wrong));
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(stored, kEvents);
  EXPECT_EQ(duplicate, 3 * kEvents);
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(other->counts()->messages, kEvents);
  EXPECT_EQ(value("SELECT count(*) FROM messages"), std::to_string(kEvents));
  expect_whole_chain();
}

TEST_F(PostgresTest, the_order_of_a_case_holds_across_bridges) {
  const auto other = open(beside("b"));
  store(intake("m1"));
  ASSERT_TRUE(other->accept_and_wait(intake("m2")));
  store(intake("m3"));
  const auto first = claim(*other);
  ASSERT_EQ(first.size(), 1U);
  EXPECT_EQ(first[0].message_id, "m1");
  EXPECT_TRUE(claim(*journal_).empty()) << "the first one is in the other's hands";
  ASSERT_TRUE(settle(*other, settlement(first[0], S::delivered)));
  const auto second = claim(*journal_);
  ASSERT_EQ(second.size(), 1U);
  EXPECT_EQ(second[0].message_id, "m2");
  EXPECT_EQ(second[0].parent_receipt, "receipt of m1");
  EXPECT_EQ(*second[0].canonical, "canonical record of m2") << "another bridge took it in";
}

TEST_F(PostgresTest, a_bridge_hears_of_the_work_that_another_one_made) {
  const auto other = open(beside("b"));
  std::atomic<int> heard{0};
  other->on_ready([&heard](const std::string& target) { if (target == "province") ++heard; });
  std::this_thread::sleep_for(milliseconds(300)); // It begins to listen.
  store(intake("m1"));
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (heard == 0 && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(milliseconds(5));
  EXPECT_EQ(heard, 1);
  other->on_ready(nullptr);
}

TEST_F(PostgresTest, what_was_mapped_again_at_one_bridge_is_what_another_one_sends) {
  const auto other = open(beside("b"));
  Intake in = intake("m1");
  in.targets[0].state = S::held;
  store(in);
  ASSERT_TRUE(other->release("m1", "mapped again", crypto::sm3("again"), "county@2", std::string(64, '1'), {"operator", "row added"}));
  const auto claims = claim(*journal_); // The bridge that still remembers the first record.
  ASSERT_EQ(claims.size(), 1U);
  EXPECT_EQ(*claims[0].canonical, "mapped again");
}

TEST_F(PostgresTest, systems_take_turns_across_bridges) {
  const auto other = open(beside("b"));
  for (int i = 0; i < 20; ++i) store(intake("a" + std::to_string(i), "a/" + std::to_string(i)));
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(other->accept_and_wait(intake("b" + std::to_string(i), "b/" + std::to_string(i))));
  int of_b = 0;
  for (const Claim& one : claim(*journal_, 6)) of_b += one.message_id[0] == 'b' ? 1 : 0;
  EXPECT_EQ(of_b, 3) << "the other system does not wait behind the backlog";
}

TEST_F(PostgresTest, what_a_closed_bridge_held_is_taken_over_at_once) {
  auto other = open(beside("b"));
  store(intake("m1"));
  const auto held = claim(*other);
  ASSERT_EQ(held.size(), 1U);
  other->close();
  other.reset();
  // The lease is a minute long.
  options_.lease = milliseconds(60000);
  ASSERT_TRUE(becomes("SELECT state FROM deliveries", std::to_string(static_cast<int>(S::unknown))));
  const auto claims = claim(*journal_);
  ASSERT_EQ(claims.size(), 1U);
  EXPECT_TRUE(claims[0].query_first);
  EXPECT_GT(claims[0].fence, held[0].fence);
  EXPECT_EQ(value("SELECT count(*) FROM audit WHERE kind = 'take_over'"), "1");
}

TEST_F(PostgresTest, signed_heads_of_two_bridges_close_one_chain) {
  const auto key = crypto::Sm2PrivateKey::generate();
  ASSERT_TRUE(key);
  journal_.reset();
  options_.audit_sign_key_pem = key->private_pem();
  options_.head_every_entries = 3;
  reopen();
  auto other = open(beside("b"));
  for (int i = 0; i < 30; ++i) {
    store(intake("m" + std::to_string(i), "case " + std::to_string(i)));
    ASSERT_TRUE(other->accept_and_wait(intake("n" + std::to_string(i), "case " + std::to_string(i))));
  }
  other->close();
  journal_->close();
  const std::string pem = key->public_pem();
  for (const JournalOptions& one : {options_, beside("b")}) {
    VerifyOptions verify = verify_options_for(one);
    verify.audit_public_key_pem = pem;
    const auto report = verify_audit(verify);
    ASSERT_TRUE(report) << describe(report.error());
    EXPECT_TRUE(report->ok()) << report->problem;
    EXPECT_GE(report->head_sequence, 62);
  }
  for (const char* id : {"m0", "n29"}) {
    const auto evidence = collect_evidence(options_, id);
    ASSERT_TRUE(evidence) << describe(evidence.error());
    const auto checked = verify_evidence(*evidence, pem);
    ASSERT_TRUE(checked) << describe(checked.error());
    EXPECT_EQ(checked->message_id, id);
  }
}

TEST_F(PostgresTest, bytes_that_no_text_of_a_server_may_hold_come_back_as_they_were) {
  Intake in = intake("m1");
  in.identity = std::string("zero\0byte \xe4\xb8\x80", 13);
  in.case_no = std::string("\xff\x00\\x", 4);
  in.event = "accept'; DROP TABLE messages; --";
  store(in);
  const auto view = journal_->message("m1");
  ASSERT_TRUE(view && view->has_value());
  EXPECT_EQ((*view)->identity, in.identity);
  EXPECT_EQ((*view)->case_no, in.case_no);
  EXPECT_EQ((*view)->event, in.event);
  EXPECT_FALSE((*view)->damaged);
  EXPECT_TRUE(journal_->find(in.identity)->has_value());
  EXPECT_EQ(journal_->messages_of_case("county", in.case_no)->size(), 1U);
}

TEST_F(PostgresTest, a_store_or_server_that_would_lose_data_is_refused) {
  journal_.reset();
  const auto where = [this] {
    const auto opened = Journal::open(options_, clock_);
    return opened ? std::string("ok") : std::string(opened.error().id()) + " " + opened.error().where();
  };
  value("ALTER ROLE tongqu SET synchronous_commit = off");
  EXPECT_EQ(where(), "journal.weak_durability synchronous_commit");
  value("ALTER ROLE tongqu SET synchronous_commit = remote_apply");
  EXPECT_EQ(where(), "ok");
  value("ALTER ROLE tongqu RESET synchronous_commit");
  value("ALTER TABLE receipts SET UNLOGGED");
  EXPECT_EQ(where(), "journal.weak_durability table receipts");
  value("ALTER TABLE receipts SET LOGGED");
  EXPECT_EQ(where(), "ok");
}

TEST_F(PostgresTest, a_server_made_unsafe_while_it_runs_gets_nothing_more) {
  store(intake("m1"));
  value("ALTER SYSTEM SET full_page_writes = off");
  value("SELECT pg_reload_conf()");
  ASSERT_TRUE(becomes("SELECT current_setting('full_page_writes')", "off"));
  std::string refused;
  for (int i = 0; i < 100 && refused != "journal.weak_durability"; ++i) {
    refused = id_of(journal_->accept_and_wait(intake("n" + std::to_string(i), "n")));
    std::this_thread::sleep_for(milliseconds(20));
  }
  EXPECT_EQ(refused, "journal.weak_durability");
  value("ALTER SYSTEM RESET full_page_writes");
  value("SELECT pg_reload_conf()");
  ASSERT_TRUE(becomes("SELECT current_setting('full_page_writes')", "on"));
  std::string taken;
  for (int i = 0; i < 100 && taken != "ok"; ++i) {
    taken = id_of(journal_->accept_and_wait(intake("m2", "case-2")));
    std::this_thread::sleep_for(milliseconds(20));
  }
  EXPECT_EQ(taken, "ok");
}

TEST_F(PostgresTest, a_newer_foreign_or_missing_store_is_refused_and_left_alone) {
  journal_.reset();
  value("UPDATE meta SET value = '3' WHERE name = 'version'");
  EXPECT_EQ(id_of(Journal::open(options_, clock_)), "journal.schema");
  EXPECT_EQ(id_of(open_read_only(options_)), "journal.schema");
  value("UPDATE meta SET value = '2' WHERE name = 'version'");
  EXPECT_EQ(id_of(Journal::open(options_, clock_)), "ok");

  JournalOptions foreign = beside("f");
  foreign.postgres->schema = "foreign_one";
  value("CREATE SCHEMA foreign_one; CREATE TABLE foreign_one.theirs(x integer)");
  EXPECT_EQ(id_of(Journal::open(foreign, clock_)), "journal.schema");
  EXPECT_EQ(value("SELECT count(*) FROM pg_class WHERE relnamespace = 'foreign_one'::regnamespace"), "1");

  JournalOptions missing = beside("g");
  missing.postgres->schema = "not_there";
  missing.create = false;
  EXPECT_EQ(id_of(Journal::open(missing, clock_)), "journal.open");
  missing.create = true;
  missing.postgres->schema = "x\"; DROP SCHEMA foreign_one; --";
  EXPECT_EQ(id_of(Journal::open(missing, clock_)), "journal.open");
}

TEST_F(PostgresTest, a_host_whose_clock_is_far_off_is_refused) {
  JournalOptions options = beside("b");
  options.postgres->clock_skew_max = milliseconds(5000);
  EXPECT_EQ(id_of(Journal::open(options, clock_)), "journal.clock_skew");
  EXPECT_EQ(id_of(Journal::open(options, std::make_shared<SystemClock>())), "ok");
}

TEST_F(PostgresTest, a_server_that_is_not_there_or_says_no_is_told_apart) {
  JournalOptions options = beside("b");
  options.postgres->connection = Secret("host=/nonexistent user=tongqu dbname=postgres");
  EXPECT_EQ(id_of(Journal::open(options, clock_)), "journal.server_away");
  options.postgres->connection = Secret("nonsense=1");
  EXPECT_EQ(id_of(Journal::open(options, clock_)), "journal.server_refused");
}

/// Takes every connection that the server has left, until it goes.
class AllConnections {
public:
  AllConnections() { take(); }
  void take() {
    for (;;) {
      PGconn* const one = PQconnectdb(pg_server().connection().c_str());
      if (PQstatus(one) != CONNECTION_OK) return PQfinish(one);
      taken_.push_back(one);
    }
  }
  ~AllConnections() {
    for (PGconn* const one : taken_) PQfinish(one);
  }
  AllConnections(const AllConnections&) = delete;
  AllConnections& operator=(const AllConnections&) = delete;
  std::size_t size() const { return taken_.size(); }
  /// Ends the sessions of all bridges.
  void end_bridges() {
    PQclear(PQexec(taken_.front(), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tongqu' AND pid <> pg_backend_pid()"));
  }

private:
  std::vector<PGconn*> taken_;
};

TEST_F(PostgresTest, a_server_without_a_connection_left_is_waited_for_and_refuses_nothing_for_good) {
  store(intake("m1"));
  JournalOptions options = beside("b");
  {
    AllConnections all;
    ASSERT_GT(all.size(), 10U);
    EXPECT_EQ(id_of(Journal::open(options, clock_)), "journal.server_away") << "it may come back";
    // What the writer holds it keeps.
    store(intake("m2"));
    for (int i = 0; i < 20; ++i) {
      all.end_bridges();
      all.take();
    }
    const auto outcome = journal_->accept_and_wait(intake("m3"));
    ASSERT_FALSE(outcome) << "the writer has found a place";
    EXPECT_EQ(outcome.error().id(), std::string("journal.server_away"));
  }
  const auto until = std::chrono::steady_clock::now() + milliseconds(10000);
  auto outcome = journal_->accept_and_wait(intake("m3"));
  while (!outcome && std::chrono::steady_clock::now() < until) outcome = journal_->accept_and_wait(intake("m3"));
  ASSERT_TRUE(outcome) << describe(outcome.error());
  EXPECT_EQ(value("SELECT count(*) FROM messages"), "3");
  expect_whole_chain();
}

TEST_F(PostgresTest, a_server_that_crashes_under_load_loses_and_doubles_nothing) {
  std::atomic<bool> done{false};
  std::atomic<int> acknowledged{0}, refused{0};
  std::vector<std::thread> senders;
  constexpr int kSenders = 4;
  std::vector<std::vector<std::string>> told(kSenders);
  for (int t = 0; t < kSenders; ++t) {
    senders.emplace_back([this, t, &done, &acknowledged, &refused, &told] {
      for (int i = 0; !done; ++i) {
        const std::string id = std::to_string(t) + "-" + std::to_string(i);
        // Until it is acknowledged, as a sender does.
        for (int tries = 0; tries < 200; ++tries) {
          Intake in = intake("m" + id + "-" + std::to_string(tries), "case " + std::to_string(t));
          in.identity = "event " + id;
          const auto outcome = journal_->accept_and_wait(std::move(in));
          if (!outcome) { ++refused; continue; }
          if (outcome->verdict == IntakeVerdict::conflict) ADD_FAILURE();
          ++acknowledged;
          told[static_cast<std::size_t>(t)].push_back("event " + id);
          break;
        }
      }
    });
  }
  for (int crash = 0; crash < 3; ++crash) {
    const int before = acknowledged;
    while (acknowledged < before + 50) std::this_thread::sleep_for(milliseconds(5));
    ASSERT_TRUE(pg_server().crash_and_restart());
  }
  done = true;
  for (auto& sender : senders) sender.join();
  int all = 0;
  for (const auto& one : told) {
    for (const std::string& identity : one) EXPECT_TRUE(journal_->find(identity)->has_value()) << identity;
    all += static_cast<int>(one.size());
  }
  EXPECT_EQ(value("SELECT count(*) FROM messages"), std::to_string(all)) << "each event once, and none that nobody was told of";
  EXPECT_EQ(journal_->counts()->messages, all);
  expect_whole_chain();
}

// The server has committed, and dies before it says so: it waits for a standby that does not exist, and its session is ended meanwhile.
TEST_F(PostgresTest, a_commit_whose_answer_is_lost_is_found_and_not_repeated) {
  value("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
  value("SELECT pg_reload_conf()");
  ASSERT_TRUE(becomes("SELECT current_setting('synchronous_standby_names')", "nobody"));
  std::promise<Result<IntakeOutcome>> promise;
  journal_->accept(intake("m1"), [&promise](Result<IntakeOutcome> outcome) { promise.set_value(std::move(outcome)); });
  const std::string waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND application_name = 'tongqu' AND query = 'COMMIT'";
  // A lease that is renewed in this moment waits for the standby as well, and holds up the writer: it is not what is tried here.
  bool waiting = false;
  for (int tries = 0; tries < 40 && !waiting; ++tries) {
    value("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND application_name = 'tongqu' AND query <> 'COMMIT'");
    waiting = becomes(waits, "1", milliseconds(250));
  }
  value("ALTER SYSTEM RESET synchronous_standby_names");
  EXPECT_TRUE(waiting);
  value("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND application_name = 'tongqu' AND query = 'COMMIT'");
  value("SELECT pg_reload_conf()");
  const auto outcome = promise.get_future().get();
  ASSERT_TRUE(outcome) << describe(outcome.error());
  EXPECT_EQ(outcome->verdict, IntakeVerdict::stored) << "found as stored, not stored again as a duplicate of itself";
  EXPECT_EQ(value("SELECT count(*) FROM audit WHERE kind = 'intake'"), "1");
  EXPECT_EQ(journal_->counts()->messages, 1);
  EXPECT_EQ(claim(*journal_).size(), 1U);
  expect_whole_chain();
}

/// A bridge in a process of its own, which plays a script.
class Child {
public:
  Child(const std::string& script, const JournalOptions& options, const std::string& faults = {}) {
    std::vector<std::string> variables = {"BRIDGE_SCRIPT=" + script, "BRIDGE_STORE=" + options.path, "BRIDGE_SCHEMA=" + options.postgres->schema,
                                          "BRIDGE_LEASE=" + std::to_string(options.lease.count())};
    if (!faults.empty()) variables.push_back("TONGQU_FAULTS=" + faults);
    std::vector<char*> environment;
    for (char** one = environ; *one != nullptr; ++one) environment.push_back(*one);
    for (auto& one : variables) environment.push_back(one.data());
    environment.push_back(nullptr);
    std::string program = "/proc/self/exe", filter = "--gtest_filter=PostgresChild.*", brief = "--gtest_brief=1";
    char* arguments[] = {program.data(), filter.data(), brief.data(), nullptr};
    posix_spawn_file_actions_t quiet;
    ::posix_spawn_file_actions_init(&quiet);
    ::posix_spawn_file_actions_addopen(&quiet, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    if (::posix_spawn(&process_, program.c_str(), &quiet, nullptr, arguments, environment.data()) != 0) process_ = 0;
    ::posix_spawn_file_actions_destroy(&quiet);
  }
  ~Child() { if (process_ > 0) { ::kill(process_, SIGKILL); wait(); } }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  void signal(int number) const { ::kill(process_, number); }
  int wait() {
    int status = 0;
    ::waitpid(process_, &status, 0);
    process_ = 0;
    return status;
  }

private:
  pid_t process_ = 0;
};

JournalOptions child_options() {
  const auto text = [](const char* name) { const char* value = std::getenv(name); return std::string(value == nullptr ? "" : value); };
  JournalOptions options = options_for(text("BRIDGE_STORE"));
  options.postgres->schema = text("BRIDGE_SCHEMA");
  options.lease = milliseconds(std::stol(text("BRIDGE_LEASE")));
  return options;
}

TEST(PostgresChild, plays_its_script) {
  const char* script = std::getenv("BRIDGE_SCRIPT");
  if (script == nullptr) return; // It acts only as a child of another test.
  const JournalOptions options = child_options();
  auto journal = Journal::open(options, std::make_shared<SystemClock>());
  ASSERT_TRUE(journal) << describe(journal.error());
  std::ofstream told(options.path + ".told");
  if (std::string_view(script) == "hold") {
    const auto claims = claim(**journal);
    told << "claimed " << claims.size() << std::endl;
    std::string word;
    while (!std::filesystem::exists(options.path + ".go")) std::this_thread::sleep_for(milliseconds(10));
    for (const Claim& one : claims) told << "settled " << id_of(settle(**journal, settlement(one, S::refused))) << std::endl;
  }
  if (std::string_view(script) == "store") told << "stored " << id_of((*journal)->accept_and_wait(intake("child"))) << std::endl;
}

TEST_F(PostgresTest, a_bridge_stopped_past_its_lease_is_taken_over_and_its_late_word_is_stale) {
  store(intake("m1"));
  JournalOptions options = beside("b");
  options.lease = milliseconds(1000);
  Child child("hold", options);
  ASSERT_TRUE(becomes("SELECT count(*) FROM claims", "1"));
  child.signal(SIGSTOP);
  const auto stopped = std::chrono::steady_clock::now();
  ASSERT_TRUE(becomes("SELECT state FROM deliveries", std::to_string(static_cast<int>(S::unknown)), milliseconds(30000)));
  EXPECT_GT(std::chrono::steady_clock::now() - stopped, milliseconds(700)) << "not before its lease is over";
  const auto claims = claim(*journal_);
  ASSERT_EQ(claims.size(), 1U);
  EXPECT_TRUE(claims[0].query_first) << "the other one may have sent it";
  ASSERT_TRUE(settle(*journal_, settlement(claims[0], S::delivered)));
  { std::ofstream go(options.path + ".go"); }
  child.signal(SIGCONT);
  EXPECT_EQ(child.wait(), 0);
  EXPECT_EQ(content_of(options.path + ".told"), "claimed 1\nsettled journal.stale_claim\n");
  EXPECT_EQ(only_delivery("m1").state, S::delivered);
  EXPECT_EQ(value("SELECT count(*) FROM audit WHERE kind = 'take_over'"), "1");
  EXPECT_EQ(value("SELECT count(*) FROM audit WHERE kind = 'rejoin'"), "1");
  expect_whole_chain();
}

TEST_F(PostgresTest, a_living_bridge_keeps_what_it_holds_past_many_leases) {
  store(intake("m1"));
  JournalOptions options = beside("b");
  options.lease = milliseconds(400);
  const auto other = open(options);
  // Its claims have a longer lease in its own eyes, so that only the heartbeat speaks for it.
  ASSERT_TRUE(becomes("SELECT count(*) FROM instances WHERE ended_at IS NULL", "2"));
  std::this_thread::sleep_for(milliseconds(2000));
  EXPECT_EQ(value("SELECT count(*) FROM instances WHERE ended_at IS NULL"), "2");
  EXPECT_EQ(value("SELECT count(*) FROM instances WHERE lease_until > clock_timestamp()"), "2");
  EXPECT_EQ(value("SELECT count(*) FROM instances WHERE lease_until > clock_timestamp() + interval '50 seconds'"), "1") << "a lease is as long as was asked for";
}

TEST_F(PostgresTest, a_bridge_stopped_in_the_middle_of_a_transaction_does_not_stop_the_others) {
  JournalOptions options = beside("b");
  options.lease = milliseconds(1000);
  Child child("store", options, "s10_dedup_row:delay=600000");
  ASSERT_TRUE(becomes("SELECT count(*) FROM pg_stat_activity AS a JOIN instances AS i ON i.backend = a.pid WHERE a.state = 'idle in transaction'", "1"));
  child.signal(SIGSTOP);
  const auto outcome = journal_->accept_and_wait(intake("m1"));
  ASSERT_TRUE(outcome) << describe(outcome.error());
  EXPECT_EQ(outcome->verdict, IntakeVerdict::stored);
  EXPECT_EQ(value("SELECT count(*) FROM messages"), "1");
}

TEST_F(PostgresTest, a_killed_bridge_that_starts_again_takes_back_its_own_at_once) {
  store(intake("m1"));
  JournalOptions options = beside("b");
  options.lease = milliseconds(60000);
  Child child("hold", options);
  ASSERT_TRUE(becomes("SELECT count(*) FROM claims", "1"));
  child.signal(SIGKILL);
  child.wait();
  const auto again = open(options);
  const auto claims = claim(*again);
  ASSERT_EQ(claims.size(), 1U);
  EXPECT_TRUE(claims[0].query_first);
}

} // namespace
} // namespace tongqu::journal::test
