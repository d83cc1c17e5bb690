#include "tongqu/journal/keeping.hpp"

#include <thread>

#include "journal/journal_test_support.hpp"

namespace tongqu::journal::test {
namespace {

using S = DeliveryState;
using namespace std::chrono_literals;

class JournalKeeping : public JournalTest {
protected:
  void deliver_all() {
    for (auto claims = claim(*journal_, 50); !claims.empty(); claims = claim(*journal_, 50)) {
      for (const Claim& one : claims) ASSERT_TRUE(settle(*journal_, settlement(one, S::delivered)));
    }
  }
  std::int64_t in(S state) { return journal_->counts()->by_state[static_cast<int>(state)]; }
  VerifyReport verified() {
    VerifyOptions verify;
    verify.path = options_.path;
    verify.postgres = options_.postgres;
    verify.audit_key = options_.audit_key;
    const auto report = verify_audit(verify);
    EXPECT_TRUE(report);
    return report ? *report : VerifyReport{};
  }
  const std::string backup_ = folder_.file("backup.tqb");
  const Journal::Act act_{"keeper", "time is over"};
};

TEST_F(JournalKeeping, a_restored_store_asks_about_everything_that_may_have_gone_out_since) {
  FILE_STORE_ONLY("a server has its own backup");
  for (int i = 0; i < 3; ++i) store(intake("done-" + std::to_string(i), "done-" + std::to_string(i)));
  deliver_all();
  store(intake("ready", "case-r"));
  store(intake("behind", "case-r"));
  store(intake("asked", "case-u"));
  store(intake("sent", "case-s"));
  for (const Claim& one : claim(*journal_, 9)) {
    if (one.message_id == "ready") { ASSERT_TRUE(settle(*journal_, settlement(one, S::ready))); }
    if (one.message_id == "asked") { ASSERT_TRUE(settle(*journal_, settlement(one, S::unknown))); }
  }
  Intake held = intake("held", "case-h");
  held.targets = {{"province", S::held, "", "why"}};
  store(held);
  Intake both = intake("both", "case-b");
  both.targets = {{"nation", S::ready, "", ""}, {"province", S::waiting, "nation", ""}};
  store(both);
  ASSERT_TRUE(back_up(options_, backup_)) << "beside the running journal";
  EXPECT_EQ(id_of(back_up(options_, backup_)), "journal.backup") << "never over another file";
  store(intake("after", "case-a"));
  deliver_all();
  journal_.reset();
  const std::string head = options_.audit_head_file;
  EXPECT_EQ(id_of(restore(backup_, options_)), "journal.backup") << "never over a store";
  for (const char* end : {"", "-wal", "-shm"}) std::filesystem::remove(options_.path + end);
  const auto report = restore(backup_, options_);
  ASSERT_TRUE(report) << describe(report.error());
  EXPECT_EQ(report->messages, 9);
  reopen();
  EXPECT_EQ(in(S::delivered), 3);
  for (const char* id : {"ready", "behind", "asked", "sent"}) {
    EXPECT_EQ(only_delivery(id).state, S::unknown) << id;
    EXPECT_EQ(only_delivery(id).error_id, "journal.restored") << id;
  }
  EXPECT_EQ(journal_->bodies("done-1")->raw, "raw bytes of done-1");
  EXPECT_EQ(journal_->accept_and_wait(intake("done-1", "done-1"))->verdict, IntakeVerdict::duplicate);
  const auto claims = claim(*journal_, 20);
  EXPECT_EQ(claims.size(), 3U) << "behind waits for its turn";
  for (const Claim& one : claims) EXPECT_TRUE(one.query_first) << one.message_id;
  for (const Claim& one : claims) ASSERT_TRUE(settle(*journal_, settlement(one, S::ready)));
  EXPECT_FALSE(claim(*journal_, 1).at(0).query_first) << "the platform does not know it: it is sent";

  ASSERT_TRUE(journal_->release("held", "new record", crypto::sm3("new"), "county@2", std::string(64, '1'), act_));
  EXPECT_EQ(only_delivery("held").state, S::unknown) << "it may have been released and sent after the backup";
  const auto nation = claim(*journal_, 9, "nation");
  ASSERT_EQ(nation.size(), 1U);
  EXPECT_TRUE(nation[0].query_first);
  ASSERT_TRUE(settle(*journal_, settlement(nation[0], S::delivered)));
  EXPECT_EQ((*journal_->message("both"))->deliveries.at(1).state, S::unknown) << "and so may the one that waited";
  EXPECT_EQ(first_value(options_.path, "SELECT count(*) FROM audit WHERE kind = 'restored'"), "1");
  EXPECT_EQ(first_value(options_.path, "SELECT count(*) FROM audit WHERE kind = 'head_foreign'"), "1") << "entries after the backup are gone, and that is told";
  EXPECT_TRUE(verified().ok());
  reopen();
  EXPECT_EQ(first_value(options_.path, "SELECT count(*) FROM audit WHERE kind = 'restored'"), "1") << "once";
}

TEST_F(JournalKeeping, a_backup_beside_work_is_whole) {
  FILE_STORE_ONLY("a server has its own backup");
  std::atomic<bool> stop{false};
  std::thread work([this, &stop] { for (int i = 0; !stop; ++i) store(intake("m" + std::to_string(i), "")); });
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(back_up(options_, folder_.file("b" + std::to_string(i))));
  stop = true;
  work.join();
  journal_.reset();
  for (int i = 0; i < 3; ++i) {
    JournalOptions other = options_for(folder_.file("other" + std::to_string(i)));
    const auto report = restore(folder_.file("b" + std::to_string(i)), other);
    ASSERT_TRUE(report) << describe(report.error());
    EXPECT_TRUE(Journal::open(other, clock_));
  }
}

TEST_F(JournalKeeping, what_is_not_a_whole_backup_of_ours_is_not_restored) {
  FILE_STORE_ONLY("a server has its own backup");
  store(intake("m1"));
  ASSERT_TRUE(back_up(options_, backup_));
  JournalOptions other = options_for(folder_.file("other.db"));
  JournalOptions wrong = other;
  wrong.seal_key = Secret(std::string(32, 'x'));
  EXPECT_EQ(id_of(restore(backup_, wrong)), "journal.open");
  wrong = other;
  wrong.audit_key = Secret(std::string(32, 'x'));
  EXPECT_EQ(id_of(restore(backup_, wrong)), "journal.backup");
  EXPECT_EQ(id_of(restore(options_.path, other)), "journal.backup") << "a store is no backup";
  EXPECT_EQ(id_of(restore(folder_.file("nothing"), other)), "journal.backup");
  tamper(backup_, "UPDATE audit SET detail = 'x' WHERE seq = 2");
  const auto cut = restore(backup_, other);
  EXPECT_EQ(id_of(cut), "journal.backup");
  EXPECT_EQ(cut.error().where(), "audit entry 2");
  EXPECT_FALSE(std::filesystem::exists(other.path));
}

TEST_F(JournalKeeping, bodies_that_are_over_their_time_go_with_proof_and_the_record_stays) {
  for (int i = 0; i < 5; ++i) store(intake("old-" + std::to_string(i), "old-" + std::to_string(i)));
  deliver_all();
  store(intake("open", "open"));
  clock_->pass(std::chrono::hours(24 * 181));
  store(intake("young", "young"));
  Journal::Purge what;
  what.older_than = std::chrono::hours(24 * 179);
  EXPECT_EQ(id_of(journal_->purge(what, act_, Journal::Redo::act)), "journal.retention_floor");
  what.older_than = std::chrono::hours(24 * 180);
  EXPECT_EQ(journal_->purge(what, act_, Journal::Redo::preview).value(), 5);
  EXPECT_EQ(id_of(journal_->bodies("old-1")), "ok") << "a preview removes nothing";
  EXPECT_EQ(journal_->purge(what, act_, Journal::Redo::act).value(), 5);
  EXPECT_EQ(journal_->purge(what, act_, Journal::Redo::act).value(), 0);
  EXPECT_EQ(id_of(journal_->bodies("old-1")), "journal.purged");
  EXPECT_EQ(id_of(journal_->bodies("open")), "ok") << "not finished";
  EXPECT_EQ(id_of(journal_->bodies("young")), "ok");
  const auto again = journal_->accept_and_wait(intake("old-1", "old-1"));
  EXPECT_EQ(again->verdict, IntakeVerdict::duplicate) << "the key lives as long as the record";
  EXPECT_EQ(again->acknowledgement, "acknowledgement of old-1");
  EXPECT_EQ(only_delivery("old-1").receipt_no, "R-old-1");
  const std::string detail = first_value(options_.path, "SELECT detail FROM audit WHERE kind = 'purge'");
  EXPECT_NE(detail.find("class=bodies"), std::string::npos);
  EXPECT_NE(detail.find("count=5 first=old-0 last=old-4 who=keeper why=time is over"), std::string::npos) << detail;
  std::string all;
  for (int i = 0; i < 5; ++i) all += "old-" + std::to_string(i) + crypto::sm3("content");
  EXPECT_EQ(first_value(options_.path, "SELECT lower(hex(digest)) FROM audit WHERE kind = 'purge'"), to_hex(crypto::sm3(all)));
  EXPECT_EQ(journal_->counts()->damaged, 0);
  EXPECT_TRUE(verified().ok());
  reopen();
  EXPECT_EQ(id_of(journal_->bodies("old-1")), "journal.purged");
}

TEST_F(JournalKeeping, receipts_and_refusals_have_their_own_time) {
  store(intake("m1"));
  deliver_all();
  Refusal refusal;
  refusal.system = "county";
  refusal.error_id = "wire.xml_doctype";
  refusal.bytes = "x";
  journal_->refuse(refusal);
  ASSERT_TRUE(journal_->note("wait", act_));
  clock_->pass(std::chrono::hours(24 * 400));
  Journal::Purge what;
  what.system = "another";
  what.what = Journal::Purge::What::refusals;
  EXPECT_EQ(journal_->purge(what, act_, Journal::Redo::act).value(), 0);
  what.system = "county";
  EXPECT_EQ(journal_->purge(what, act_, Journal::Redo::act).value(), 1);
  EXPECT_EQ(first_value(options_.path, "SELECT count(*) FROM refusals"), "0");
  what.what = Journal::Purge::What::receipts;
  EXPECT_EQ(journal_->purge(what, act_, Journal::Redo::act).value(), 1);
  EXPECT_EQ(journal_->receipt(64).value(), "");
  EXPECT_EQ(only_delivery("m1").receipt_no, "R-m1");
  EXPECT_EQ(id_of(journal_->bodies("m1")), "ok");
}

TEST_F(JournalKeeping, a_key_is_changed_while_the_old_one_still_opens_what_it_sealed) {
  for (int i = 0; i < 250; ++i) store(intake("old-" + std::to_string(i), "old-" + std::to_string(i)));
  for (const Claim& one : claim(*journal_, 120)) ASSERT_TRUE(settle(*journal_, settlement(one, S::delivered)));
  Intake held = intake("held", "held");
  held.targets = {{"province", S::held, "", "why"}};
  store(held);
  const JournalOptions old = options_;
  journal_.reset();
  options_.key_id = "k2";
  options_.seal_key = Secret(std::string(32, 'n'));
  auto refused = Journal::open(options_, clock_);
  ASSERT_EQ(id_of(refused), "journal.open") << "a new key alone opens nothing";
  EXPECT_EQ(refused.error().where(), "seal_key");
  options_.earlier_keys = {{"k1", old.seal_key}};
  reopen();
  store(intake("new", "new"));
  EXPECT_EQ(first_value(options_.path, "SELECT group_concat(DISTINCT key_id) FROM messages"), "k1,k2");
  EXPECT_EQ(journal_->bodies("old-7")->raw, "raw bytes of old-7");
  EXPECT_EQ(journal_->bodies("new")->raw, "raw bytes of new");
  EXPECT_EQ(journal_->receipt(64).value(), "receipt of old-0");
  EXPECT_EQ(*claim(*journal_, 1).at(0).canonical, "canonical record of old-120");
  EXPECT_TRUE(journal_->release("held", "mapped again", crypto::sm3("again"), "county@2", std::string(64, '1'), act_)) << "under a new key too";
  EXPECT_EQ(journal_->bodies("held")->raw, "raw bytes of held");
  EXPECT_EQ(journal_->reseal(act_).value(), 250 + 120);
  EXPECT_EQ(first_value(options_.path, "SELECT group_concat(DISTINCT key_id) FROM messages"), "k2");
  EXPECT_EQ(first_value(options_.path, "SELECT group_concat(DISTINCT key_id) FROM receipts"), "k2");
  options_.earlier_keys.clear();
  reopen();
  EXPECT_EQ(journal_->bodies("old-7")->raw, "raw bytes of old-7");
  EXPECT_EQ(journal_->receipt(64).value(), "receipt of old-0");
  EXPECT_EQ(journal_->accept_and_wait(intake("old-9", "old-9"))->acknowledgement, "acknowledgement of old-9");
  EXPECT_EQ(journal_->counts()->damaged, 0);
  journal_.reset();
  EXPECT_EQ(id_of(Journal::open(old, clock_)), "journal.open") << "the old key opens nothing any more";
  EXPECT_TRUE(verified().ok());
}

TEST_F(JournalKeeping, a_predecessor_that_does_not_come_is_told_to_a_person) {
  options_.waiting_limit = std::chrono::hours(2);
  reopen();
  Intake in = intake("m1");
  in.targets = {{"nation", S::ready, "", ""}, {"province", S::waiting, "nation", ""}};
  store(in);
  clock_->pass(std::chrono::hours(1));
  ASSERT_TRUE(journal_->note("tick", act_));
  EXPECT_EQ((*journal_->message("m1"))->deliveries.at(1).state, S::waiting);
  clock_->turn_wall(std::chrono::hours(24));
  clock_->pass(2s);
  ASSERT_TRUE(journal_->note("tick", act_));
  ASSERT_TRUE(journal_->note("tock", act_));
  EXPECT_EQ((*journal_->message("m1"))->deliveries.at(1).state, S::waiting) << "the wall clock was turned, nothing has waited";
  clock_->pass(std::chrono::hours(1) + 2s);
  ASSERT_TRUE(journal_->note("tick", act_));
  ASSERT_TRUE(journal_->note("tock", act_));
  const auto late = (*journal_->message("m1"))->deliveries.at(1);
  EXPECT_EQ(late.state, S::held);
  EXPECT_EQ(late.error_id, "journal.predecessor_late");
  EXPECT_NE(late.reason.find("\"zh\":"), std::string::npos);
  EXPECT_EQ(first_value(options_.path, "SELECT count(*) FROM audit WHERE kind = 'late' AND subject = 'm1'"), "1");
}

/// Events that come before one of their own case which the platform wants first.
class JournalEarly : public JournalKeeping {
protected:
  void SetUp() override {
    options_.event_places = {{"accept", 1}, {"step", 2}, {"result", 3}};
    options_.waiting_limit = std::chrono::hours(2);
    JournalTest::SetUp();
  }
  void put(const std::string& id, const std::string& event) {
    Intake in = intake(id);
    in.event = event;
    store(std::move(in));
  }
  /// What is claimed now; the platform misses something for those named, and takes the others.
  std::string turn(const std::string& missing = "") {
    std::string out;
    for (const Claim& one : claim(*journal_, 9)) {
      out += (out.empty() ? "" : " ") + one.message_id;
      const bool early = missing.find(one.message_id) != std::string::npos;
      Settlement told = settlement(one, early ? S::ready : S::delivered);
      if (early) told.error_id = "platform.predecessor_missing", told.not_before = clock_->now_utc() + std::chrono::minutes(5);
      EXPECT_TRUE(settle(*journal_, told));
    }
    return out;
  }
};

TEST_F(JournalEarly, lets_the_earlier_event_pass_and_follows_at_once) {
  put("s1", "step");
  EXPECT_EQ(turn("s1"), "s1");
  put("r1", "result");
  EXPECT_EQ(turn(), "") << "the result does not pass the step";
  EXPECT_EQ(only_delivery("s1").error_id, "platform.predecessor_missing") << "why it waits is told";
  put("a1", "accept");
  EXPECT_EQ(turn(), "a1");
  EXPECT_EQ(turn(), "s1") << "at once, not after its five minutes";
  EXPECT_EQ(turn(), "r1");
  EXPECT_EQ(turn(), "");
}

TEST_F(JournalEarly, what_was_behind_it_already_passes_too_and_nothing_else_does) {
  put("r1", "result");
  put("r2", "result");
  put("x1", "unheard_of");
  put("a1", "accept");
  put("s1", "step");
  EXPECT_EQ(turn("r1"), "r1");
  EXPECT_EQ(turn(), "") << "what nobody knows stands in the way";
  ASSERT_TRUE(journal_->note("tick", act_));
  clock_->pass(6min);
  EXPECT_EQ(turn(), "r1");
  for (const char* next : {"r2", "x1", "a1", "s1"}) EXPECT_EQ(turn(), next);
}

TEST_F(JournalEarly, who_was_passed_still_keeps_back_what_comes_later) {
  put("s1", "step");
  EXPECT_EQ(turn("s1"), "s1");
  put("a1", "accept");
  EXPECT_EQ(turn("a1 s1"), "a1");
  clock_->pass(6min);
  EXPECT_EQ(turn("s1"), "s1 a1") << "both are tried";
  put("r1", "result");
  EXPECT_EQ(turn("s1"), "s1") << "not the result, though an event before it is delivered";
  reopen();
  EXPECT_EQ(turn(), "");
  clock_->pass(6min);
  const auto again = claim(*journal_, 9);
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(again[0].message_id, "s1");
  put("r2", "result");
  EXPECT_EQ(turn(), "") << "while it is on its way";
  ASSERT_TRUE(settle(*journal_, settlement(again[0], S::delivered)));
  EXPECT_EQ(turn(), "r1");
  EXPECT_EQ(turn(), "r2");
}

TEST_F(JournalEarly, one_that_waits_too_long_is_told_to_a_person_and_the_earlier_one_still_passes) {
  put("s1", "step");
  EXPECT_EQ(turn("s1"), "s1");
  clock_->pass(std::chrono::hours(2) + 1min);
  EXPECT_EQ(turn("s1"), "s1");
  EXPECT_EQ(only_delivery("s1").state, S::parked);
  EXPECT_EQ(only_delivery("s1").error_id, "journal.predecessor_late");
  EXPECT_NE(only_delivery("s1").reason.find("\"zh\":"), std::string::npos);
  EXPECT_EQ(first_value(options_.path, "SELECT count(*) FROM audit WHERE kind = 'late' AND subject = 's1'"), "1");
  put("a1", "accept");
  EXPECT_EQ(turn(), "a1");
  ASSERT_TRUE(journal_->unpark(only_delivery("s1").delivery, act_));
  EXPECT_EQ(turn(), "s1");
  EXPECT_TRUE(verified().ok());
}

} // namespace
} // namespace tongqu::journal::test
