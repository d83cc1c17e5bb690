#include <sys/mount.h>

#include <cstring>
#include <set>

#include "journal/child_test_support.hpp"
#include "journal/journal_test_support.hpp"
#include "tongqu/base/fault_point.hpp"

namespace tongqu::journal {
namespace {

using namespace test;
using S = DeliveryState;

constexpr int kCases = 4, kEvents = 3;

/// What the child's callers were told, one line each, written before the next step.
class Ledger {
public:
  explicit Ledger(const std::string& path) : file_(path, std::ios::app) {}
  void tell(const std::string& line) { file_ << line << std::endl; }

private:
  std::ofstream file_;
};

void play_whole_cycle(Journal& journal, Ledger& ledger) {
  for (int event = 0; event < kEvents; ++event) {
    for (int c = 0; c < kCases; ++c) {
      const std::string id = std::to_string(c) + "-" + std::to_string(event);
      if (journal.accept_and_wait(intake(id, "case " + std::to_string(c)))) ledger.tell("acknowledged " + id);
    }
  }
  for (auto claims = claim(journal, 2); !claims.empty(); claims = claim(journal, 2)) {
    for (const Claim& one : claims) {
      ledger.tell("sent " + one.message_id);
      if (settle(journal, settlement(one, S::delivered))) ledger.tell("settled " + one.message_id);
    }
  }
}

constexpr int kBatch = 12;

IntakeBatch batch_of_cases() {
  IntakeBatch batch;
  batch.raw = "one delivery";
  for (int i = 0; i < kBatch; ++i) {
    batch.intakes.push_back(intake("b" + std::to_string(i), "case " + std::to_string(i % 5)));
    batch.intakes.back().raw.clear();
  }
  Refusal refusal;
  refusal.error_id = "model.id_check_digit";
  batch.refusals.push_back(refusal);
  return batch;
}

Result<std::vector<IntakeOutcome>> accept_all(Journal& journal, IntakeBatch batch) {
  std::promise<Result<std::vector<IntakeOutcome>>> promise;
  journal.accept_all(std::move(batch), [&promise](auto outcomes) { promise.set_value(std::move(outcomes)); });
  return promise.get_future().get();
}

TEST(JournalChild, plays_its_script) {
  const char* script = std::getenv("TONGQU_TEST_SCRIPT");
  if (script == nullptr) return; // It acts only as a child of another test.
  const std::string store = std::getenv("TONGQU_TEST_STORE");
  auto opened = Journal::open(options_for(store), std::make_shared<SystemClock>());
  if (std::string_view(script) == "lock") std::_Exit(id_of(opened) == "journal.locked" ? 7 : 1);
  ASSERT_TRUE(opened) << describe(opened.error());
  Ledger ledger(store + ".ledger");
  if (std::string_view(script) == "cycle") play_whole_cycle(**opened, ledger);
  if (std::string_view(script) == "batch" && accept_all(**opened, batch_of_cases())) ledger.tell("acknowledged all");
  if (std::string_view(script) == "killed_open") ::kill(::getpid(), SIGKILL);
}

std::set<std::string> told(const std::string& store, const std::string& what) {
  std::ifstream file(store + ".ledger");
  std::set<std::string> found;
  std::string verb, id;
  while (file >> verb >> id) {
    if (verb == what) found.insert(id);
  }
  return found;
}

void expect_whole_audit(const JournalOptions& options) {
  VerifyOptions verify;
  verify.path = options.path;
  verify.postgres = options.postgres;
  verify.audit_key = options.audit_key;
  verify.audit_head_file = options.audit_head_file;
  const auto report = verify_audit(verify);
  ASSERT_TRUE(report) << describe(report.error());
  EXPECT_TRUE(report->ok()) << report->problem << " at " << report->first_broken;
}

/// No acknowledged message is missing, none is half there, and what may have been sent is delivered or unknown.
void expect_consistent(const JournalOptions& options) {
  auto opened = Journal::open(options, std::make_shared<HandClock>());
  ASSERT_TRUE(opened) << describe(opened.error());
  Journal& journal = **opened;
  for (const auto& id : told(options.path, "acknowledged")) {
    const auto bodies = journal.bodies(id);
    ASSERT_TRUE(bodies) << "lost: " << id;
    EXPECT_EQ(bodies->raw, "raw bytes of " + id);
  }
  const auto sent = told(options.path, "sent"), settled = told(options.path, "settled");
  const auto counts = journal.counts();
  for (int c = 0; c < kCases; ++c) {
    const auto views = journal.messages_of_case("county", "case " + std::to_string(c));
    ASSERT_TRUE(views);
    for (const auto& view : *views) {
      ASSERT_EQ(view.deliveries.size(), 1U) << "half a message: " << view.message_id;
      const S state = view.deliveries[0].state;
      if (settled.count(view.message_id) > 0) { EXPECT_EQ(state, S::delivered) << view.message_id; }
      if (sent.count(view.message_id) > 0) { EXPECT_TRUE(state == S::delivered || state == S::unknown) << view.message_id; }
      EXPECT_NE(state, S::sending);
    }
  }
  EXPECT_EQ(counts->by_state[static_cast<int>(S::sending)], 0);
  const std::string rows = first_value(options.path, "SELECT (SELECT count(*) FROM messages) || ' ' || (SELECT count(*) FROM deliveries) || ' ' || "
                                                     "(SELECT count(*) FROM audit WHERE kind = 'intake')");
  const std::string each = std::to_string(counts->messages);
  EXPECT_EQ(rows, each + " " + each + " " + each);
}

/// The sender repeats everything, the worker asks about unknowns: in the end each is delivered once.
void expect_recovery(const JournalOptions& options) {
  auto opened = Journal::open(options, std::make_shared<HandClock>());
  ASSERT_TRUE(opened);
  Journal& journal = **opened;
  const auto acknowledged = told(options.path, "acknowledged");
  for (int event = 0; event < kEvents; ++event) {
    for (int c = 0; c < kCases; ++c) {
      const std::string id = std::to_string(c) + "-" + std::to_string(event);
      Intake again = intake(id, "case " + std::to_string(c));
      const auto outcome = journal.accept_and_wait(std::move(again));
      ASSERT_TRUE(outcome);
      EXPECT_EQ(outcome->acknowledgement, "acknowledgement of " + id);
      if (acknowledged.count(id) > 0) { EXPECT_EQ(outcome->verdict, IntakeVerdict::duplicate); }
    }
  }
  const auto sent = told(options.path, "sent");
  for (auto claims = claim(journal); !claims.empty(); claims = claim(journal)) {
    for (const Claim& one : claims) {
      if (sent.count(one.message_id) > 0) { EXPECT_TRUE(one.query_first) << "sent before, must be asked about: " << one.message_id; }
      ASSERT_TRUE(settle(journal, settlement(one, S::delivered)));
    }
  }
  EXPECT_EQ(journal.counts()->by_state[static_cast<int>(S::delivered)], kCases * kEvents);
  EXPECT_EQ(journal.counts()->messages, kCases * kEvents);
}

class JournalKill : public ::testing::TestWithParam<std::string> {};

TEST_P(JournalKill, nothing_acknowledged_is_lost_and_nothing_sent_is_forgotten) {
  if (!fault::compiled_in()) GTEST_SKIP() << "built without fault points";
  for (const int nth : {1, 2, 6}) {
    Folder folder;
    const JournalOptions options = options_for(folder.file("store.db"));
    const int status = run_child("cycle", options.path, GetParam() + ":kill:nth=" + std::to_string(nth));
    ASSERT_TRUE(was_killed(status)) << GetParam() << " nth " << nth << " status " << status;
    expect_consistent(options);
    expect_recovery(options);
    expect_whole_audit(options);
  }
}

INSTANTIATE_TEST_SUITE_P(EveryPoint, JournalKill,
                         ::testing::Values("s09_transaction_open", "s10_dedup_row", "s11_message_row", "s12_audit_row", "s13_committed",
                                           "s16_claimed", "s17_claim_committed", "s25_result_transaction_open", "s26_result_committed"),
                         [](const auto& param) { return param.param; });

class JournalFault : public ::testing::TestWithParam<std::string> {};

TEST_P(JournalFault, a_failed_step_undoes_its_operation_and_the_rest_goes_on) {
  if (!fault::compiled_in()) GTEST_SKIP() << "built without fault points";
  for (const char* kind : {"error", "throw"}) {
    Folder folder;
    const JournalOptions options = options_for(folder.file("store.db"));
    const int status = run_child("cycle", options.path, GetParam() + ":" + kind + ":nth=2");
    EXPECT_TRUE(exited(status, 0) || GetParam() == "s16_claimed") << GetParam() << " " << kind << " status " << status;
    const auto acknowledged = told(options.path, "acknowledged");
    EXPECT_GE(acknowledged.size(), static_cast<std::size_t>(kCases * kEvents - 1));
    expect_consistent(options);
    expect_recovery(options);
    expect_whole_audit(options);
  }
}

INSTANTIATE_TEST_SUITE_P(EveryPoint, JournalFault,
                         ::testing::Values("s09_transaction_open", "s10_dedup_row", "s11_message_row", "s12_audit_row", "s16_claimed",
                                           "s25_result_transaction_open"),
                         [](const auto& param) { return param.param; });

class JournalBatchKill : public ::testing::TestWithParam<std::string> {};

TEST_P(JournalBatchKill, stores_all_of_a_delivery_or_nothing) {
  if (!fault::compiled_in()) GTEST_SKIP() << "built without fault points";
  for (const int nth : {1, 2, 7, kBatch}) {
    Folder folder;
    const JournalOptions options = options_for(folder.file("store.db"));
    ASSERT_TRUE(was_killed(run_child("batch", options.path, GetParam() + ":kill:nth=" + std::to_string(nth)))) << GetParam() << " nth " << nth;
    auto opened = Journal::open(options, std::make_shared<HandClock>());
    ASSERT_TRUE(opened) << describe(opened.error());
    const auto counts = (*opened)->counts();
    const bool committed = GetParam() == "s13_committed";
    EXPECT_EQ(counts->messages, committed ? kBatch : 0) << GetParam() << " nth " << nth;
    EXPECT_EQ(counts->refusals, committed ? 1 : 0);
    const auto again = accept_all(**opened, batch_of_cases());
    ASSERT_TRUE(again);
    for (const auto& one : *again) EXPECT_EQ(one.verdict, committed ? IntakeVerdict::duplicate : IntakeVerdict::stored);
    EXPECT_EQ((*opened)->counts()->messages, kBatch);
    opened->reset();
    expect_whole_audit(options);
  }
}

INSTANTIATE_TEST_SUITE_P(EveryPoint, JournalBatchKill, ::testing::Values("s09_transaction_open", "s10_dedup_row", "s11_message_row", "s12_audit_row", "s13_committed"),
                         [](const auto& param) { return param.param; });

TEST(JournalLock, a_second_process_and_a_second_opening_are_refused) {
  Folder folder;
  const JournalOptions options = options_for(folder.file("store.db"));
  auto first = Journal::open(options, std::make_shared<HandClock>());
  ASSERT_TRUE(first);
  EXPECT_EQ(id_of(Journal::open(options, std::make_shared<HandClock>())), "journal.locked");
  EXPECT_TRUE(exited(run_child("lock", options.path, ""), 7));
  EXPECT_EQ(id_of((*first)->accept_and_wait(intake("m1"))), "ok") << "the refused one disturbed the first";
  first->reset();
  EXPECT_TRUE(exited(run_child("lock", options.path, ""), 1)) << "free again";
}

TEST(JournalLock, a_killed_process_leaves_no_lock_behind) {
  Folder folder;
  const JournalOptions options = options_for(folder.file("store.db"));
  ASSERT_TRUE(was_killed(run_child("killed_open", options.path, "")));
  ASSERT_TRUE(std::filesystem::exists(options.path + ".lock"));
  EXPECT_EQ(id_of(Journal::open(options, std::make_shared<HandClock>())), "ok");
}

TEST(JournalDiskFull, intake_fails_with_write_and_goes_on_when_there_is_room_again) {
  FILE_STORE_ONLY("its disk");
  Folder folder;
  const std::string mount_point = folder.file("small");
  std::filesystem::create_directory(mount_point);
  if (::mount("tmpfs", mount_point.c_str(), "tmpfs", 0, "size=3m") != 0) GTEST_SKIP() << "no right to mount a small tmpfs";
  const std::string ballast = mount_point + "/ballast";
  { std::ofstream(ballast) << std::string(1U << 20U, 'b'); }
  {
    auto opened = Journal::open(options_for(mount_point + "/store.db"), std::make_shared<HandClock>());
    ASSERT_TRUE(opened) << describe(opened.error());
    Journal& journal = **opened;
    int stored = 0;
    std::string failure;
    while (failure.empty() && stored < 1000) {
      Intake in = intake("m" + std::to_string(stored), "case");
      in.raw = std::string(20000, 'x');
      const auto outcome = journal.accept_and_wait(std::move(in));
      if (outcome) ++stored;
      else failure = outcome.error().id();
    }
    EXPECT_EQ(failure, "journal.write");
    EXPECT_GT(stored, 10);
    EXPECT_EQ(journal.counts()->messages, stored);
    EXPECT_EQ(id_of(journal.bodies("m0")), "ok") << "reading goes on";
    std::filesystem::remove(ballast);
    EXPECT_EQ(id_of(journal.accept_and_wait(intake("after", "case"))), "ok") << "and so does writing, once there is room";
  }
  ::umount(mount_point.c_str());
}

} // namespace
} // namespace tongqu::journal
