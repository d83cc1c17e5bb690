#include <algorithm>
#include <ctime>
#include <set>

#include "journal/journal_test_support.hpp"

/// Many messages of one delivery in one transaction.
namespace tongqu::journal {
namespace {

using namespace test;
using V = IntakeVerdict;

class JournalBatch : public JournalTest {
protected:
  static IntakeBatch batch(const std::vector<std::string>& ids, const std::string& raw = "raw of the delivery") {
    IntakeBatch out;
    out.raw = raw;
    for (const auto& id : ids) {
      out.intakes.push_back(intake(id));
      out.intakes.back().raw.clear();
    }
    return out;
  }
  Result<std::vector<IntakeOutcome>> accept_all(IntakeBatch in) {
    std::promise<Result<std::vector<IntakeOutcome>>> promise;
    journal_->accept_all(std::move(in), [&promise](auto outcomes) { promise.set_value(std::move(outcomes)); });
    return promise.get_future().get();
  }
  std::vector<V> verdicts(IntakeBatch in) {
    const auto outcomes = accept_all(std::move(in));
    EXPECT_TRUE(outcomes) << (outcomes ? "" : describe(outcomes.error()));
    std::vector<V> out;
    if (outcomes) for (const auto& one : *outcomes) out.push_back(one.verdict);
    return out;
  }
  std::string raw_of(const std::string& id) {
    const auto bodies = journal_->bodies(id);
    return bodies ? bodies->raw : std::string(bodies.error().id());
  }
};

TEST_F(JournalBatch, keeps_the_delivery_once_and_gives_it_for_each_message) {
  const std::string raw(100000, 'x');
  EXPECT_EQ(verdicts(batch({"m1", "m2", "m3"}, raw)), (std::vector<V>{V::stored, V::stored, V::stored}));
  for (const char* id : {"m1", "m2", "m3"}) EXPECT_EQ(raw_of(id), raw);
  EXPECT_EQ(journal_->bodies("m2")->canonical, "canonical record of m2");
  EXPECT_EQ(first_value(options_.path, "SELECT count(*) FROM bodies WHERE length(raw) > 200"), "1");
  const auto claims = claim(*journal_);
  ASSERT_EQ(claims.size(), 1U) << "one case: in order";
  EXPECT_EQ(claims[0].message_id, "m1");
}

TEST_F(JournalBatch, a_repeat_of_the_whole_changes_nothing_and_hears_the_first_acknowledgements) {
  ASSERT_EQ(verdicts(batch({"m1", "m2"})).size(), 2U);
  const auto entries = first_value(options_.path, "SELECT count(*) FROM audit");
  auto again = batch({"m1", "m2"});
  for (auto& in : again.intakes) in.message_id += "-again", in.acknowledgement = "another";
  const auto outcomes = accept_all(std::move(again));
  ASSERT_TRUE(outcomes);
  for (std::size_t i = 0; i < 2; ++i) {
    const std::string id = "m" + std::to_string(i + 1);
    EXPECT_EQ((*outcomes)[i].verdict, V::duplicate);
    EXPECT_EQ((*outcomes)[i].message_id, id);
    EXPECT_EQ((*outcomes)[i].acknowledgement, "acknowledgement of " + id);
  }
  EXPECT_EQ(first_value(options_.path, "SELECT count(*) FROM audit"), entries);
  EXPECT_EQ(journal_->counts()->messages, 2);
}

TEST_F(JournalBatch, the_first_new_message_keeps_the_bytes_wherever_it_stands) {
  store(intake("m1"));
  auto mixed = batch({"m1", "m2", "m3", "m4"}, "second delivery");
  mixed.intakes[0].message_id = "m1-again";
  mixed.intakes[1].identity = "identity of m1";
  mixed.intakes[1].digest = crypto::sm3("other");
  EXPECT_EQ(verdicts(std::move(mixed)), (std::vector<V>{V::duplicate, V::conflict, V::stored, V::stored}));
  EXPECT_EQ(raw_of("m1"), "raw bytes of m1");
  EXPECT_EQ(raw_of("m2"), "journal.not_found");
  EXPECT_EQ(raw_of("m3"), "second delivery");
  EXPECT_EQ(raw_of("m4"), "second delivery");
}

TEST_F(JournalBatch, an_event_twice_in_one_delivery_is_stored_once) {
  auto twice = batch({"m1", "m2", "m3"});
  twice.intakes[1].identity = twice.intakes[0].identity;
  twice.intakes[2].identity = twice.intakes[0].identity;
  twice.intakes[2].digest = crypto::sm3("other");
  const auto outcomes = accept_all(std::move(twice));
  ASSERT_TRUE(outcomes);
  EXPECT_EQ((*outcomes)[1].verdict, V::duplicate);
  EXPECT_EQ((*outcomes)[1].acknowledgement, "acknowledgement of m1");
  EXPECT_EQ((*outcomes)[2].verdict, V::conflict);
  EXPECT_EQ(journal_->counts()->messages, 1);
}

TEST_F(JournalBatch, a_wrong_record_is_named_and_stores_nothing) {
  auto bad = batch({"m1", "m2"});
  bad.intakes[1].digest = "short";
  const auto outcomes = accept_all(std::move(bad));
  ASSERT_FALSE(outcomes);
  EXPECT_EQ(outcomes.error().id(), "journal.intake_invalid");
  EXPECT_EQ(outcomes.error().where(), "record 2: digest");
  EXPECT_EQ(journal_->counts()->messages, 0);
  // A message id that is taken is found out in the transaction only.
  store(intake("m9", "other case"));
  auto taken = batch({"m3", "m9"});
  taken.intakes[1].identity = "another event";
  EXPECT_FALSE(accept_all(std::move(taken)));
  EXPECT_EQ(journal_->counts()->messages, 1);
}

TEST_F(JournalBatch, refused_records_stand_in_the_ledger_with_the_digest_of_the_delivery) {
  auto mixed = batch({"m1"});
  for (int i = 0; i < 3; ++i) {
    Refusal refusal;
    refusal.system = "county";
    refusal.error_id = "model.id_check_digit";
    refusal.where = "record " + std::to_string(i + 2);
    mixed.refusals.push_back(refusal);
  }
  ASSERT_EQ(verdicts(std::move(mixed)).size(), 1U);
  EXPECT_EQ(journal_->counts()->refusals, 3);
  EXPECT_EQ(first_value(options_.path, "SELECT count(DISTINCT digest) || ' ' || min(length(digest)) || ' ' || min(size) FROM refusals"), "1 32 19");
  EXPECT_EQ(first_value(options_.path, "SELECT group_concat(place, ',') FROM (SELECT place FROM refusals ORDER BY id) AS rows"), "record 2,record 3,record 4");
  IntakeBatch only_refusals;
  only_refusals.raw = "x";
  only_refusals.refusals.push_back({});
  EXPECT_TRUE(accept_all(std::move(only_refusals)));
  EXPECT_EQ(journal_->counts()->refusals, 4);
}

TEST_F(JournalBatch, a_body_of_a_caller_cannot_point_at_another_message) {
  store(intake("m1"));
  auto forged = intake("m2");
  forged.raw = "TQR1 m1";
  EXPECT_EQ(id_of(journal_->accept_and_wait(std::move(forged))), "journal.intake_invalid");
  const auto together = accept_all(batch({"m3", "m4"}, "TQR1 m1"));
  EXPECT_EQ(id_of(together), "journal.intake_invalid");
  EXPECT_EQ(together.error().where(), "raw");
  EXPECT_EQ(raw_of("m3"), "journal.not_found");
}

TEST_F(JournalBatch, thousands_are_claimed_with_their_own_records) {
  IntakeBatch many;
  many.raw = "x";
  for (int i = 0; i < 2000; ++i) {
    many.intakes.push_back(intake("m" + std::to_string(i), "case " + std::to_string(i)));
    many.intakes.back().raw.clear();
  }
  ASSERT_TRUE(accept_all(std::move(many)));
  std::size_t seen = 0;
  for (auto claims = claim(*journal_, 500); !claims.empty(); claims = claim(*journal_, 500)) {
    for (const auto& one : claims) EXPECT_EQ(*one.canonical, "canonical record of " + one.message_id);
    seen += claims.size();
  }
  EXPECT_EQ(seen, 2000U);
}

/// Batches whose time is over.
class JournalBatchPurge : public JournalBatch {
protected:
  void deliver(const std::set<std::string>& ids) {
    for (auto claims = claim(*journal_, 50); !claims.empty(); claims = claim(*journal_, 50)) {
      for (const Claim& one : claims) {
        Settlement told = settlement(one, ids.count(one.message_id) > 0 ? DeliveryState::delivered : DeliveryState::unknown);
        if (told.state == DeliveryState::unknown) told.not_before = clock_->now_utc() + std::chrono::hours(24 * 3650);
        ASSERT_TRUE(settle(*journal_, told));
      }
    }
  }
  static IntakeBatch apart(const std::vector<std::string>& ids, const std::string& raw) {
    IntakeBatch out = batch(ids, raw);
    for (auto& one : out.intakes) one.case_key = one.message_id;
    return out;
  }
  std::int64_t purge(Journal::Redo redo = Journal::Redo::act) { return count_of(journal_->purge({}, {"keeper", "time is over"}, redo)); }
  static std::int64_t count_of(const Result<std::int64_t>& purged) { return purged ? *purged : -1; }
  void years_pass() { clock_->pass(std::chrono::hours(24 * 400)); }
};

TEST_F(JournalBatchPurge, bytes_stay_while_a_later_message_of_the_batch_is_held) {
  ASSERT_EQ(verdicts(apart({"m1", "m2", "m3"}, "raw of the day")).size(), 3U);
  deliver({"m1", "m2"});
  years_pass();
  EXPECT_EQ(purge(Journal::Redo::preview), 1);
  EXPECT_EQ(purge(), 1) << "m2 alone: m1 has the bytes that m3 needs";
  EXPECT_EQ(raw_of("m2"), "journal.purged");
  EXPECT_EQ(raw_of("m3"), "raw of the day") << "and m2 that went between them does not end the walk";
  EXPECT_EQ(purge(), 0);
  EXPECT_EQ(raw_of("m1"), "raw of the day");
  ASSERT_TRUE(journal_->resolve(journal_->message("m3").value()->deliveries.at(0).delivery, Journal::Resolution::delivered, {"keeper", "asked"}));
  years_pass();
  EXPECT_EQ(purge(), 2);
  for (const char* id : {"m1", "m2", "m3"}) EXPECT_EQ(raw_of(id), "journal.purged") << id;
  EXPECT_EQ(journal_->counts()->damaged, 0);
}

TEST_F(JournalBatchPurge, a_damaged_row_among_them_does_not_end_the_walk) {
  ASSERT_EQ(verdicts(apart({"m1", "m2", "m3"}, "raw of the day")).size(), 3U);
  deliver({"m1", "m2"});
  journal_.reset();
  tamper(options_.path, "UPDATE messages SET case_no = 'x', raw_bytes = 7 WHERE message_id = 'm2'");
  reopen();
  years_pass();
  EXPECT_EQ(purge(), 0);
  EXPECT_EQ(raw_of("m3"), "raw of the day");
}

TEST_F(JournalBatchPurge, a_large_batch_is_walked_once) {
  std::vector<std::string> ids;
  for (int i = 0; i < 1000; ++i) ids.push_back("m" + std::to_string(10000 + i));
  ASSERT_EQ(verdicts(apart(ids, "x")).size(), 1000U);
  deliver(std::set<std::string>(ids.begin(), ids.end()));
  years_pass();
  const auto cpu = [] { return std::clock(); };
  const auto before = cpu();
  EXPECT_EQ(purge(Journal::Redo::preview), 1000);
  EXPECT_LT(static_cast<double>(cpu() - before) / CLOCKS_PER_SEC, 0.8) << "half a million rows would be read if each of them walked";
}

class JournalTurns : public JournalTest {
protected:
  void put(const std::string& system, int from, int to) {
    for (int i = from; i < to; ++i) store(intake(system + std::to_string(i), system + "/case " + std::to_string(i)));
  }
  std::string claimed(std::size_t max) {
    std::string out;
    for (const Claim& one : claim(*journal_, max)) {
      out += (out.empty() ? "" : " ") + one.message_id;
      EXPECT_TRUE(settle(*journal_, settlement(one, DeliveryState::delivered)));
    }
    return out;
  }
};

TEST_F(JournalTurns, a_system_that_comes_later_gets_its_turn_at_once) {
  put("a", 0, 100);
  put("b", 0, 3);
  EXPECT_EQ(claimed(8), "a0 b0 a1 b1 a2 b2 a3 a4");
  put("c", 0, 2);
  EXPECT_EQ(claimed(4), "a5 c0 a6 c1") << "it does not catch up on what it did not ask for";
  EXPECT_EQ(claimed(3), "a7 a8 a9");
}

TEST_F(JournalTurns, after_a_start_what_comes_new_does_not_wait_behind_the_backlog) {
  put("a", 0, 50);
  EXPECT_EQ(claimed(2), "a0 a1");
  reopen();
  put("b", 0, 2);
  const std::string first = claimed(6);
  EXPECT_NE(first.find("b0"), std::string::npos) << first;
  EXPECT_NE(first.find("b1"), std::string::npos) << first;
  std::size_t rest = 0;
  for (std::string some = claimed(16); !some.empty(); some = claimed(16)) rest += 1 + static_cast<std::size_t>(std::count(some.begin(), some.end(), ' '));
  EXPECT_EQ(rest, 44U);
}

TEST_F(JournalTurns, retries_take_half_of_a_claim_at_most_while_others_wait) {
  put("a", 0, 8);
  for (const Claim& one : claim(*journal_, 8)) {
    Settlement later = settlement(one, DeliveryState::ready);
    later.not_before = clock_->now_utc() + std::chrono::seconds(1);
    ASSERT_TRUE(settle(*journal_, later));
  }
  put("b", 0, 8);
  clock_->pass(std::chrono::seconds(2));
  const std::string some = claimed(8);
  EXPECT_EQ(std::count(some.begin(), some.end(), 'b'), 4) << some;
  EXPECT_EQ(claim(*journal_, 20).size(), 8U) << "and all of it when nobody else is there";
}

TEST_F(JournalTurns, rows_of_an_older_store_come_first_and_are_claimed) {
  FILE_STORE_ONLY("there is no older one");
  put("a", 0, 2);
  journal_.reset();
  tamper(options_.path, "UPDATE deliveries SET due_ms = 0 WHERE due_ms < 0");
  reopen();
  put("b", 0, 1);
  EXPECT_EQ(claimed(4), "a0 a1 b0");
  EXPECT_FALSE(journal_->next_due("province"));
}

} // namespace
} // namespace tongqu::journal
