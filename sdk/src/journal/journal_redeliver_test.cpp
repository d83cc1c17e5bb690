#include <algorithm>

#include "journal/journal_test_support.hpp"
#include "tongqu/journal/scan.hpp"

/// What a person has sent again, and walking over many deliveries.
namespace tongqu::journal {
namespace {

using namespace test;
using S = DeliveryState;

class JournalRedeliver : public JournalTest {
protected:
  void finish(const std::string& id, S state) {
    for (const Claim& one : claim(*journal_, 1)) {
      EXPECT_EQ(one.message_id, id);
      ASSERT_TRUE(settle(*journal_, settlement(one, state)));
    }
  }
  Result<std::int64_t> again(const std::string& id, bool overtake = false, Journal::Redo redo = Journal::Redo::act) {
    Redelivery what;
    what.message_id = id;
    what.target = "province";
    what.overtake = overtake;
    return journal_->redeliver(std::move(what), {"uid:1", "because"}, redo);
  }
  std::string states(const std::string& id) {
    std::string out;
    const auto view = journal_->message(id);
    for (const auto& one : (*view)->deliveries) out += (out.empty() ? "" : " ") + std::string(state_name(one.state));
    return out;
  }
};

TEST_F(JournalRedeliver, a_refused_one_gets_a_new_delivery_and_keeps_the_old_one) {
  store(intake("m1"));
  finish("m1", S::refused);
  const auto entries = first_value(options_.path, "SELECT count(*) FROM audit");
  EXPECT_TRUE(again("m1", false, Journal::Redo::preview));
  EXPECT_EQ(first_value(options_.path, "SELECT count(*) FROM audit"), entries) << "a preview leaves nothing";
  EXPECT_EQ(states("m1"), "refused");
  ASSERT_TRUE(again("m1"));
  EXPECT_EQ(states("m1"), "refused ready");
  EXPECT_EQ(id_of(again("m1")), "journal.illegal_move") << "it is on its way";
  EXPECT_EQ(first_value(options_.path, "SELECT kind FROM audit ORDER BY seq DESC LIMIT 1"), "redeliver");
  finish("m1", S::delivered);
  EXPECT_EQ(states("m1"), "refused delivered");
  const auto counts = journal_->counts();
  EXPECT_EQ(counts->by_state[static_cast<int>(S::refused)], 1);
  EXPECT_EQ(counts->by_state[static_cast<int>(S::delivered)], 1);
  reopen();
  EXPECT_EQ(states("m1"), "refused delivered");
}

TEST_F(JournalRedeliver, later_events_of_the_case_wait_for_it) {
  for (const char* id : {"m1", "m2"}) store(intake(id));
  finish("m1", S::refused);
  ASSERT_TRUE(again("m1"));
  const auto claims = claim(*journal_);
  ASSERT_EQ(claims.size(), 1U) << "the later one was due before the person acted, and is not any more";
  EXPECT_EQ(claims[0].message_id, "m1");
  ASSERT_TRUE(settle(*journal_, settlement(claims[0], S::delivered)));
  finish("m2", S::delivered);
}

// The keys of newer messages are held back and read from their rows after a crash; a second delivery stands among the rows of an old message.
TEST_F(JournalRedeliver, after_a_crash_later_events_still_wait_for_it) {
  FILE_STORE_ONLY("the other store holds no keys back");
  store(intake("m1"));
  finish("m1", S::refused);
  reopen();  // Closing has written the keys of m1.
  ASSERT_TRUE(again("m1"));
  const Folder elsewhere;
  for (const char* end : {"", "-wal"}) std::filesystem::copy_file(options_.path + end, elsewhere.file("store.db") + end);
  options_.path = elsewhere.file("store.db");
  options_.audit_head_file.clear();
  reopen();
  store(intake("m2"));
  const auto claims = claim(*journal_);
  ASSERT_EQ(claims.size(), 1U);
  EXPECT_EQ(claims[0].message_id, "m1");
  journal_.reset();
}

TEST_F(JournalRedeliver, one_that_was_overtaken_needs_the_persons_word) {
  for (const char* id : {"m1", "m2"}) store(intake(id));
  finish("m1", S::refused);
  finish("m2", S::delivered);
  EXPECT_EQ(id_of(again("m1")), "bridge.replay_overtaken");
  EXPECT_TRUE(again("m1", true));
  EXPECT_EQ(states("m1"), "refused ready");
}

TEST_F(JournalRedeliver, a_parked_one_goes_on_itself_and_one_on_its_way_does_not) {
  store(intake("m1"));
  EXPECT_EQ(id_of(again("m1")), "journal.illegal_move");
  finish("m1", S::parked);
  ASSERT_TRUE(again("m1"));
  EXPECT_EQ(states("m1"), "ready");
  EXPECT_EQ(id_of(again("none")), "journal.not_found");
}

TEST_F(JournalRedeliver, takes_a_record_that_was_mapped_again) {
  store(intake("m1"));
  finish("m1", S::refused);
  Redelivery what;
  what.message_id = "m1";
  what.target = "province";
  what.canonical = "new record";
  what.digest = crypto::sm3("new record");
  what.pack = "county@2";
  what.pack_digest = std::string(64, '1');
  ASSERT_TRUE(journal_->redeliver(what, {"uid:1", "mended"}, Journal::Redo::act));
  const auto claims = claim(*journal_);
  ASSERT_EQ(claims.size(), 1U);
  EXPECT_EQ(*claims[0].canonical, "new record");
  EXPECT_EQ(journal_->message("m1")->value().pack, "county@2");
  what.digest = "short";
  EXPECT_EQ(id_of(journal_->redeliver(what, {"uid:1", "x"}, Journal::Redo::act)), "journal.intake_invalid");
}

TEST_F(JournalRedeliver, a_message_has_room_for_so_many_and_says_when_it_is_full) {
  store(intake("m1"));
  finish("m1", S::refused);
  int times = 0;
  std::string id = "ok";
  while (times < 100 && id == "ok") {
    id = id_of(again("m1"));
    if (id != "ok") break;
    ++times;
    finish("m1", S::refused);
  }
  EXPECT_EQ(times, 63);
  EXPECT_EQ(id, "journal.intake_invalid");
}

class JournalScan : public JournalTest {
protected:
  std::string found(const ScanFilter& filter) {
    std::string out;
    const auto done = scan_deliveries(options_, filter, [&out](const ScannedDelivery& one) {
      out += (out.empty() ? "" : " ") + one.view.message_id + "=" + one.view.target + "/" + std::string(state_name(one.view.state)) + (one.receipt.empty() ? "" : "/" + one.receipt) + one.problem;
      return true;
    });
    return done ? out : std::string(done.error().id());
  }
};

TEST_F(JournalScan, chooses_by_target_system_time_and_state_in_the_order_of_intake) {
  const UtcMillis start = clock_->now_utc();
  store(intake("m1", "c1"));
  clock_->pass(std::chrono::seconds(10));
  Intake two = intake("m2", "c2");
  two.system = "other";
  two.targets = {{"nation", S::ready, "", ""}, {"province", S::ready, "", ""}};
  store(two);
  clock_->pass(std::chrono::seconds(10));
  store(intake("m3", "c3"));
  const auto claims = claim(*journal_, 1);
  ASSERT_TRUE(settle(*journal_, settlement(claims.at(0), S::delivered)));
  EXPECT_EQ(found({}), "m1=province/delivered m2=nation/ready m2=province/ready m3=province/ready");
  ScanFilter filter;
  filter.target = "province";
  EXPECT_EQ(found(filter), "m1=province/delivered m2=province/ready m3=province/ready");
  filter.states = {S::delivered, S::refused};
  filter.with_receipts = true;
  EXPECT_EQ(found(filter), "m1=province/delivered/receipt of m1");
  filter.states.clear();
  filter.with_receipts = false;
  filter.system = "other";
  EXPECT_EQ(found(filter), "m2=province/ready");
  ScanFilter time;
  time.taken_from = start + std::chrono::seconds(10);
  time.taken_until = start + std::chrono::seconds(20);
  EXPECT_EQ(found(time), "m2=nation/ready m2=province/ready") << "from, and before";
  ScanFilter changed;
  changed.changed_since = start + std::chrono::seconds(15);
  EXPECT_EQ(found(changed), "m1=province/delivered m3=province/ready");
}

TEST_F(JournalScan, gives_the_last_of_several_deliveries_when_asked) {
  store(intake("m1"));
  const auto claims = claim(*journal_, 1);
  ASSERT_TRUE(settle(*journal_, settlement(claims.at(0), S::refused)));
  Redelivery what;
  what.message_id = "m1";
  what.target = "province";
  ASSERT_TRUE(journal_->redeliver(what, {"uid:1", "x"}, Journal::Redo::act));
  EXPECT_EQ(found({}), "m1=province/refused m1=province/ready");
  ScanFilter latest;
  latest.latest_only = true;
  EXPECT_EQ(found(latest), "m1=province/ready");
}

TEST_F(JournalScan, goes_over_many_pages_and_stops_when_told) {
  for (int i = 0; i < 1203; ++i) store(intake("m" + std::to_string(i), "c" + std::to_string(i)));
  std::int64_t last = 0;
  int seen = 0;
  ASSERT_TRUE(scan_deliveries(options_, {}, [&](const ScannedDelivery& one) {
    EXPECT_GT(one.view.delivery, last);
    last = one.view.delivery;
    ++seen;
    return true;
  }));
  EXPECT_EQ(seen, 1203);
  seen = 0;
  ASSERT_TRUE(scan_deliveries(options_, {}, [&seen](const ScannedDelivery&) { return ++seen < 7; }));
  EXPECT_EQ(seen, 7);
}

TEST_F(JournalScan, names_a_receipt_that_does_not_open_and_goes_on) {
  for (const char* id : {"m1", "m2"}) store(intake(id, id));
  for (const Claim& one : claim(*journal_)) ASSERT_TRUE(settle(*journal_, settlement(one, S::delivered)));
  tamper(options_.path, "UPDATE receipts SET receipt = zeroblob(length(receipt)) WHERE delivery < 128");
  ScanFilter filter;
  filter.with_receipts = true;
  EXPECT_EQ(found(filter), "m1=province/deliveredcrypto.seal_broken m2=province/delivered/receipt of m2");
}

} // namespace
} // namespace tongqu::journal
