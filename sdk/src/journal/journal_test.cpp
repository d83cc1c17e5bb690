#include <thread>

#include "journal/journal_test_support.hpp"
#include "journal/sqlite/database.hpp"

namespace tongqu::journal {
namespace {

using namespace test;
using S = DeliveryState;

constexpr S kStates[] = {S::waiting, S::ready, S::sending, S::unknown, S::delivered, S::refused, S::held, S::parked, S::discarded};

TEST(JournalStates, exactly_the_moves_of_the_written_table_are_legal) {
  // DECISIONS 8, copied by hand.
  const std::vector<std::pair<S, std::vector<S>>> kLegal = {
      {S::waiting, {S::ready, S::held, S::parked}},
      {S::held, {S::ready, S::discarded}},
      {S::ready, {S::sending, S::parked}},
      {S::sending, {S::delivered, S::refused, S::unknown, S::ready}},
      {S::unknown, {S::delivered, S::refused, S::parked, S::ready}},
      {S::parked, {S::ready, S::discarded}},
      {S::delivered, {}}, {S::refused, {}}, {S::discarded, {}}};
  ASSERT_EQ(kLegal.size(), 9U);
  for (const auto& [from, allowed] : kLegal) {
    for (const S to : kStates) {
      const bool expected = std::find(allowed.begin(), allowed.end(), to) != allowed.end();
      EXPECT_EQ(legal_move(from, to), expected) << state_name(from) << " to " << state_name(to);
    }
    EXPECT_EQ(is_final(from), allowed.empty());
  }
}

TEST_F(JournalTest, a_stored_message_comes_back_whole_after_reopening) {
  store(intake("m1"));
  reopen();
  const auto bodies = journal_->bodies("m1");
  ASSERT_TRUE(bodies) << describe(bodies.error());
  EXPECT_EQ(bodies->raw, "raw bytes of m1");
  EXPECT_EQ(bodies->canonical, "canonical record of m1");
  EXPECT_EQ(bodies->acknowledgement, "acknowledgement of m1");
  const auto view = journal_->message("m1");
  ASSERT_TRUE(view && view->has_value());
  EXPECT_EQ((*view)->pack, "county@1");
  EXPECT_EQ(only_delivery("m1").state, S::ready);
  EXPECT_EQ(journal_->messages_of_case("county", "case-1")->size(), 1U);
  EXPECT_EQ(journal_->counts()->messages, 1);
}

TEST_F(JournalTest, the_same_event_again_gets_the_first_acknowledgement_and_stores_nothing) {
  store(intake("m1"));
  Intake again = intake("m2");
  again.identity = "identity of m1";
  const auto outcome = journal_->accept_and_wait(std::move(again));
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->verdict, IntakeVerdict::duplicate);
  EXPECT_EQ(outcome->message_id, "m1");
  EXPECT_EQ(outcome->acknowledgement, "acknowledgement of m1");
  EXPECT_EQ(journal_->counts()->messages, 1);
  EXPECT_EQ(journal_->counts()->by_state[static_cast<int>(S::ready)], 1);
}

TEST_F(JournalTest, the_same_event_with_another_content_is_a_conflict_and_changes_nothing) {
  store(intake("m1"));
  Intake other = intake("m2", "case-1", "changed");
  other.identity = "identity of m1";
  const auto outcome = journal_->accept_and_wait(std::move(other));
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->verdict, IntakeVerdict::conflict);
  EXPECT_EQ(outcome->message_id, "m1");
  EXPECT_EQ(outcome->pack, "county@1");
  EXPECT_EQ(journal_->bodies("m1")->canonical, "canonical record of m1");
  EXPECT_EQ(journal_->counts()->messages, 1);
  EXPECT_EQ(first_value(options_.path, "SELECT count(*) FROM audit WHERE kind = 'conflict' AND subject = 'm1'"), "1");
}

TEST_F(JournalTest, find_tells_digest_and_acknowledgement_without_writing) {
  store(intake("m1"));
  const auto known = journal_->find("identity of m1");
  ASSERT_TRUE(known && known->has_value());
  EXPECT_EQ((*known)->digest, crypto::sm3("content"));
  EXPECT_EQ((*known)->acknowledgement, "acknowledgement of m1");
  EXPECT_FALSE(journal_->find("another")->has_value());
}

TEST_F(JournalTest, many_threads_with_one_event_leave_one_message_and_equal_answers) {
  constexpr int kThreads = 8, kEach = 50;
  std::atomic<int> stored{0}, duplicate{0}, wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([this, t, &stored, &duplicate, &wrong] {
      for (int i = 0; i < kEach; ++i) {
        Intake in = intake("m-" + std::to_string(t) + "-" + std::to_string(i));
        in.identity = "event " + std::to_string(i);
        in.acknowledgement = "acknowledgement by " + std::to_string(t);
        const auto outcome = journal_->accept_and_wait(std::move(in));
        if (!outcome || outcome->verdict == IntakeVerdict::conflict) ++wrong;
        else if (outcome->verdict == IntakeVerdict::stored) ++stored;
        else if (outcome->acknowledgement == journal_->bodies(outcome->message_id)->acknowledgement) ++duplicate;
        else ++wrong;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(stored, kEach);
  EXPECT_EQ(duplicate, kEach * (kThreads - 1));
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(journal_->counts()->messages, kEach);
}

TEST_F(JournalTest, two_intakes_of_one_event_in_one_group_are_one_stored_and_one_duplicate) {
  // The first callback holds the writer until both others wait, so that they share the next group.
  std::promise<void> inside, go_on;
  auto may_go = go_on.get_future();
  journal_->accept(intake("m0"), [&inside, &may_go](Result<IntakeOutcome>) { inside.set_value(); may_go.wait(); });
  inside.get_future().wait();
  std::promise<Result<IntakeOutcome>> first, second, third;
  Intake twin = intake("m2"), changed = intake("m3", "case-1", "changed");
  twin.identity = changed.identity = "identity of m1";
  journal_->accept(intake("m1"), [&first](Result<IntakeOutcome> r) { first.set_value(std::move(r)); });
  journal_->accept(std::move(twin), [&second](Result<IntakeOutcome> r) { second.set_value(std::move(r)); });
  journal_->accept(std::move(changed), [&third](Result<IntakeOutcome> r) { third.set_value(std::move(r)); });
  go_on.set_value();
  EXPECT_EQ(first.get_future().get()->verdict, IntakeVerdict::stored);
  const auto repeated = second.get_future().get();
  EXPECT_EQ(repeated->verdict, IntakeVerdict::duplicate);
  EXPECT_EQ(repeated->acknowledgement, "acknowledgement of m1");
  EXPECT_EQ(third.get_future().get()->verdict, IntakeVerdict::conflict);
}

TEST_F(JournalTest, an_intake_that_breaks_the_rules_fails_alone_in_its_group) {
  store(intake("m1"));
  std::promise<void> inside, go_on;
  auto may_go = go_on.get_future();
  journal_->accept(intake("m0"), [&inside, &may_go](Result<IntakeOutcome>) { inside.set_value(); may_go.wait(); });
  inside.get_future().wait();
  std::promise<Result<IntakeOutcome>> bad, good;
  Intake same_id = intake("m1");
  same_id.identity = "another event under a used message id";
  journal_->accept(std::move(same_id), [&bad](Result<IntakeOutcome> r) { bad.set_value(std::move(r)); });
  journal_->accept(intake("m2"), [&good](Result<IntakeOutcome> r) { good.set_value(std::move(r)); });
  go_on.set_value();
  EXPECT_EQ(id_of(bad.get_future().get()), "journal.intake_invalid");
  EXPECT_EQ(id_of(good.get_future().get()), "ok");
  EXPECT_EQ(journal_->counts()->messages, 3);
}

TEST_F(JournalTest, neighbours_of_an_act_that_fails_half_way_are_stored_once) {
  Intake first = intake("m1");
  first.targets[0].state = S::held;
  store(first);
  ASSERT_TRUE(journal_->discard("m1", "", {"operator", "gone"}));
  std::promise<void> inside, go_on;
  auto may_go = go_on.get_future();
  journal_->accept(intake("m0"), [&inside, &may_go](Result<IntakeOutcome>) { inside.set_value(); may_go.wait(); });
  inside.get_future().wait();
  std::promise<Result<IntakeOutcome>> before, after;
  std::promise<Result<std::vector<Claim>>> claimed;
  journal_->accept(intake("m2"), [&before](Result<IntakeOutcome> r) { before.set_value(std::move(r)); });
  journal_->claim("province", 10, [&claimed](Result<std::vector<Claim>> r) { claimed.set_value(std::move(r)); });
  // It replaces the record first and then finds nothing that is held.
  auto act = std::async(std::launch::async, [this] { return journal_->release("m1", "x", crypto::sm3("x"), "p", "d", {"operator", ""}); });
  act.wait_for(std::chrono::milliseconds(20));
  journal_->accept(intake("m3"), [&after](Result<IntakeOutcome> r) { after.set_value(std::move(r)); });
  go_on.set_value();
  EXPECT_EQ(id_of(act.get()), "journal.illegal_move");
  EXPECT_EQ(id_of(before.get_future().get()), "ok");
  EXPECT_EQ(id_of(after.get_future().get()), "ok");
  const auto claims = claimed.get_future().get();
  ASSERT_TRUE(claims);
  ASSERT_EQ(claims->size(), 1U);
  EXPECT_EQ(claims->at(0).message_id, "m0");
  EXPECT_TRUE(settle(*journal_, settlement(claims->at(0), S::delivered)));
  EXPECT_EQ(journal_->bodies("m1")->canonical, "canonical record of m1");
  EXPECT_EQ(first_value(options_.path, "SELECT group_concat(kind) FROM (SELECT kind FROM audit ORDER BY seq) AS rows"),
            "start,intake,discard,intake,intake,claim,intake,settle");
}

TEST_F(JournalTest, malformed_intakes_are_refused_by_name_of_the_member) {
  const auto where = [this](Intake in) {
    const auto outcome = journal_->accept_and_wait(std::move(in));
    return outcome ? std::string("ok") : outcome.error().where();
  };
  Intake in = intake("m1");
  in.message_id = std::string(65, 'x');
  EXPECT_EQ(where(in), "message_id");
  in = intake("m1"); in.message_id = "with space"; EXPECT_EQ(where(in), "message_id");
  in = intake("m1"); in.identity.clear(); EXPECT_EQ(where(in), "identity");
  in = intake("m1"); in.identity = std::string(1025, 'x'); EXPECT_EQ(where(in), "identity");
  in = intake("m1"); in.identity = "\xff"; EXPECT_EQ(where(in), "identity");
  in = intake("m1"); in.digest = "short"; EXPECT_EQ(where(in), "digest");
  in = intake("m1"); in.targets.push_back(in.targets[0]); EXPECT_EQ(where(in), "targets.name");
  in = intake("m1"); in.targets[0].state = S::delivered; EXPECT_EQ(where(in), "targets.state");
  in = intake("m1"); in.targets[0].state = S::waiting; in.targets[0].after = "nobody"; EXPECT_EQ(where(in), "targets.after");
  in = intake("m1"); in.targets[0].state = S::waiting; in.targets[0].after = "province"; EXPECT_EQ(where(in), "targets.after");
  EXPECT_EQ(journal_->counts()->messages, 0);
}

// A claim costs no copy of a record that its lane mostly does not look at.
TEST_F(JournalTest, the_claims_of_a_message_share_its_record) {
  Intake in = intake("a1", "case-a");
  in.targets = {{"province", S::ready, "", ""}, {"nation", S::ready, "", ""}};
  store(std::move(in));
  const auto province = claim(*journal_), nation = claim(*journal_, 10, "nation");
  ASSERT_EQ(province.size() + nation.size(), 2U);
  EXPECT_EQ(*nation[0].canonical, "canonical record of a1");
  EXPECT_EQ(province[0].canonical, nation[0].canonical);
}

TEST_F(JournalTest, deliveries_of_one_case_are_claimed_in_order_and_other_cases_flow) {
  store(intake("a1", "case-a"));
  store(intake("a2", "case-a"));
  store(intake("b1", "case-b"));
  auto claims = claim(*journal_);
  ASSERT_EQ(claims.size(), 2U);
  EXPECT_EQ(claims[0].message_id, "a1");
  EXPECT_EQ(*claims[0].canonical, "canonical record of a1");
  EXPECT_EQ(claims[0].attempt, 1);
  EXPECT_FALSE(claims[0].query_first);
  EXPECT_EQ(claims[1].message_id, "b1");
  EXPECT_TRUE(claim(*journal_).empty());
  ASSERT_TRUE(settle(*journal_, settlement(claims[0], S::delivered)));
  claims = claim(*journal_);
  ASSERT_EQ(claims.size(), 1U);
  EXPECT_EQ(claims[0].message_id, "a2");
  EXPECT_EQ(claims[0].parent_receipt, "receipt of a1");
}

TEST_F(JournalTest, a_refused_delivery_does_not_block_its_case) {
  store(intake("a1", "case-a"));
  store(intake("a2", "case-a"));
  ASSERT_TRUE(settle(*journal_, settlement(claim(*journal_).at(0), S::refused)));
  const auto claims = claim(*journal_);
  ASSERT_EQ(claims.size(), 1U);
  EXPECT_EQ(claims[0].message_id, "a2");
  EXPECT_EQ(claims[0].parent_receipt, "");
}

TEST_F(JournalTest, held_parked_unknown_and_waiting_deliveries_block_their_case) {
  Intake held = intake("h1", "case-h");
  held.targets[0].state = S::held;
  store(held);
  store(intake("h2", "case-h"));
  store(intake("p1", "case-p"));
  store(intake("p2", "case-p"));
  store(intake("u1", "case-u"));
  store(intake("u2", "case-u"));
  const auto claims = claim(*journal_);
  ASSERT_EQ(claims.size(), 2U);
  ASSERT_TRUE(settle(*journal_, settlement(claims[0], S::parked)));
  Settlement later = settlement(claims[1], S::unknown);
  later.not_before = clock_->now_utc() + std::chrono::hours(1);
  ASSERT_TRUE(settle(*journal_, later));
  EXPECT_TRUE(claim(*journal_).empty());
  EXPECT_EQ(only_delivery("p1").state, S::parked);
  EXPECT_EQ(only_delivery("u1").state, S::unknown);
  EXPECT_EQ(journal_->deliveries(S::held, 10)->at(0).message_id, "h1");
}

TEST_F(JournalTest, a_discarded_delivery_frees_its_case_only_when_it_was_the_first) {
  Intake first = intake("a1", "case-a"), second = intake("a2", "case-a");
  first.targets[0].state = second.targets[0].state = S::held;
  store(first);
  store(second);
  store(intake("a3", "case-a"));
  ASSERT_TRUE(journal_->discard("a2", "province", {"operator", "sent by mistake"}));
  EXPECT_TRUE(claim(*journal_).empty());
  store(intake("a4", "case-a"));
  ASSERT_TRUE(journal_->discard("a1", "", {"operator", "sent by mistake"}));
  EXPECT_EQ(claim(*journal_).at(0).message_id, "a3");
  EXPECT_TRUE(claim(*journal_).empty());
}

TEST_F(JournalTest, a_claim_waits_for_its_time_and_next_due_tells_it) {
  store(intake("m1"));
  EXPECT_EQ(journal_->next_due("nobody"), std::nullopt);
  ASSERT_TRUE(journal_->next_due("province"));
  EXPECT_LE(*journal_->next_due("province"), clock_->now_utc());
  Settlement again = settlement(claim(*journal_).at(0), S::ready);
  again.not_before = clock_->now_utc() + std::chrono::seconds(10);
  ASSERT_TRUE(settle(*journal_, again));
  EXPECT_EQ(journal_->next_due("province"), clock_->now_utc() + std::chrono::seconds(10));
  clock_->pass(std::chrono::milliseconds(9999));
  EXPECT_TRUE(claim(*journal_).empty());
  clock_->pass(std::chrono::milliseconds(1));
  const auto claims = claim(*journal_);
  ASSERT_EQ(claims.size(), 1U);
  EXPECT_EQ(claims[0].attempt, 2);
}

TEST_F(JournalTest, a_jump_of_the_wall_clock_moves_no_retry) {
  store(intake("m1"));
  Settlement again = settlement(claim(*journal_).at(0), S::ready);
  again.not_before = clock_->now_utc() + std::chrono::seconds(10);
  ASSERT_TRUE(settle(*journal_, again));
  clock_->turn_wall(std::chrono::hours(24));
  EXPECT_TRUE(claim(*journal_).empty());
  clock_->turn_wall(std::chrono::hours(-48));
  clock_->pass(std::chrono::seconds(10));
  EXPECT_EQ(claim(*journal_).size(), 1U);
  EXPECT_EQ(first_value(options_.path, "SELECT count(*) > 0 FROM audit WHERE kind = 'clock_back'"), "1");
}

TEST_F(JournalTest, retries_do_not_overtake_and_do_not_starve_new_work) {
  store(intake("m1", "case-1"));
  Settlement again = settlement(claim(*journal_).at(0), S::ready);
  again.not_before = clock_->now_utc() + std::chrono::seconds(1);
  ASSERT_TRUE(settle(*journal_, again));
  store(intake("m2", "case-2"));
  clock_->pass(std::chrono::seconds(2));
  const auto claims = claim(*journal_, 1);
  ASSERT_EQ(claims.size(), 1U);
  EXPECT_EQ(claims[0].message_id, "m1");
  EXPECT_EQ(claim(*journal_, 1).at(0).message_id, "m2");
}

TEST_F(JournalTest, a_settlement_under_an_old_fence_changes_nothing) {
  store(intake("m1"));
  const Claim old = claim(*journal_).at(0);
  clock_->pass(options_.lease + std::chrono::milliseconds(1));
  const auto claims = claim(*journal_);
  ASSERT_EQ(claims.size(), 1U);
  EXPECT_GT(claims[0].fence, old.fence);
  EXPECT_TRUE(claims[0].query_first);
  EXPECT_EQ(id_of(settle(*journal_, settlement(old, S::delivered))), "journal.stale_claim");
  EXPECT_EQ(only_delivery("m1").state, S::unknown);
  EXPECT_TRUE(settle(*journal_, settlement(claims[0], S::delivered)));
  EXPECT_EQ(id_of(settle(*journal_, settlement(claims[0], S::refused))), "journal.stale_claim");
  EXPECT_EQ(only_delivery("m1").state, S::delivered);
}

TEST_F(JournalTest, a_lease_follows_the_monotonic_clock) {
  store(intake("m1"));
  ASSERT_EQ(claim(*journal_).size(), 1U);
  clock_->turn_wall(std::chrono::hours(24));
  EXPECT_TRUE(claim(*journal_).empty());
  EXPECT_EQ(only_delivery("m1").state, S::sending);
}

TEST_F(JournalTest, fences_grow_across_a_restart) {
  store(intake("m1"));
  const auto before = claim(*journal_).at(0).fence;
  reopen();
  EXPECT_GT(claim(*journal_).at(0).fence, before);
}

TEST_F(JournalTest, a_delivery_left_sending_is_unknown_after_reopening_and_asked_about_first) {
  store(intake("m1"));
  ASSERT_EQ(claim(*journal_).size(), 1U);
  reopen();
  EXPECT_EQ(only_delivery("m1").state, S::unknown);
  EXPECT_EQ(only_delivery("m1").error_id, "journal.worker_lost");
  EXPECT_EQ(first_value(options_.path, "SELECT count(*) FROM audit WHERE kind = 'recover' AND subject = 'm1'"), "1");
  const auto claims = claim(*journal_);
  ASSERT_EQ(claims.size(), 1U);
  EXPECT_TRUE(claims[0].query_first);
  EXPECT_EQ(only_delivery("m1").state, S::unknown);
  reopen();
  EXPECT_EQ(claim(*journal_).size(), 1U) << "a claimed question must not be lost by a restart";
}

// The request of the dead process may reach the platform after the question, and both would be done.
TEST_F(JournalTest, a_send_of_a_dead_process_is_not_asked_about_before_its_time) {
  store(intake("m1"));
  ASSERT_EQ(claim(*journal_).size(), 1U);
  options_.ask_after = std::chrono::milliseconds(1500);
  reopen();
  EXPECT_EQ(only_delivery("m1").state, S::unknown);
  EXPECT_TRUE(claim(*journal_).empty());
  clock_->pass(std::chrono::milliseconds(1499));
  EXPECT_TRUE(claim(*journal_).empty());
  reopen();  // How long nobody was looking cannot be told by a wall that may be turned: the wait begins anew.
  clock_->pass(std::chrono::milliseconds(1499));
  EXPECT_TRUE(claim(*journal_).empty());
  clock_->pass(std::chrono::milliseconds(1));
  const auto claims = claim(*journal_);
  ASSERT_EQ(claims.size(), 1U);
  EXPECT_TRUE(claims[0].query_first);
}

TEST_F(JournalTest, an_unknown_one_that_the_platform_does_not_know_is_sent_again) {
  store(intake("m1"));
  ASSERT_TRUE(settle(*journal_, settlement(claim(*journal_).at(0), S::unknown)));
  const Claim question = claim(*journal_).at(0);
  ASSERT_TRUE(question.query_first);
  ASSERT_TRUE(settle(*journal_, settlement(question, S::ready)));
  const Claim resend = claim(*journal_).at(0);
  EXPECT_FALSE(resend.query_first);
  EXPECT_EQ(resend.attempt, 3);
}

struct SettleCase { S to; bool from_sending; bool from_unknown; };

TEST_F(JournalTest, a_settlement_is_taken_only_when_its_move_is_legal) {
  const SettleCase kCases[] = {{S::waiting, false, false}, {S::ready, true, true},   {S::sending, false, false},
                               {S::unknown, true, true},   {S::delivered, true, true}, {S::refused, true, true},
                               {S::held, false, false},    {S::parked, true, true},  {S::discarded, false, false}};
  int n = 0;
  for (const SettleCase& one : kCases) {
    for (const bool unknown : {false, true}) {
      const std::string id = "m" + std::to_string(++n);
      store(intake(id, "case " + id));
      Claim held = claim(*journal_).at(0);
      if (unknown) {
        ASSERT_TRUE(settle(*journal_, settlement(held, S::unknown)));
        held = claim(*journal_).at(0);
      }
      Settlement wanted = settlement(held, one.to);
      wanted.not_before = clock_->now_utc() + std::chrono::hours(1);
      const auto outcome = settle(*journal_, wanted);
      const bool expected = unknown ? one.from_unknown : one.from_sending;
      EXPECT_EQ(id_of(outcome), expected ? "ok" : "journal.illegal_move") << state_name(one.to) << (unknown ? " from unknown" : " from sending");
      EXPECT_EQ(only_delivery(id).state, expected ? one.to : (unknown ? S::unknown : S::sending));
    }
  }
}

TEST_F(JournalTest, a_target_behind_another_waits_for_its_delivery) {
  Intake in = intake("m1");
  in.targets = {{"province", S::ready, "", ""}, {"nation", S::waiting, "province", ""}};
  store(in);
  EXPECT_TRUE(claim(*journal_, 10, "nation").empty());
  ASSERT_TRUE(settle(*journal_, settlement(claim(*journal_).at(0), S::delivered)));
  EXPECT_EQ(claim(*journal_, 10, "nation").size(), 1U);
}

TEST_F(JournalTest, a_target_behind_a_refused_one_is_held_for_a_person) {
  Intake in = intake("m1");
  in.targets = {{"province", S::ready, "", ""}, {"nation", S::waiting, "province", ""}};
  store(in);
  ASSERT_TRUE(settle(*journal_, settlement(claim(*journal_).at(0), S::refused)));
  const auto held = journal_->deliveries(S::held, 10);
  ASSERT_EQ(held->size(), 1U);
  EXPECT_EQ(held->at(0).target, "nation");
  EXPECT_EQ(held->at(0).error_id, "journal.predecessor");
}

TEST_F(JournalTest, targets_are_independent) {
  Intake in = intake("m1");
  in.targets = {{"province", S::ready, "", ""}, {"nation", S::ready, "", ""}};
  store(in);
  ASSERT_TRUE(settle(*journal_, settlement(claim(*journal_).at(0), S::parked)));
  EXPECT_EQ(claim(*journal_, 10, "nation").size(), 1U);
}

TEST_F(JournalTest, the_listener_hears_of_new_and_of_freed_work) {
  std::mutex mutex;
  std::vector<std::string> heard;
  journal_->on_ready([&mutex, &heard](const std::string& target) {
    const std::lock_guard lock(mutex);
    heard.push_back(target);
  });
  store(intake("a1", "case-a"));
  ASSERT_TRUE(journal_->note("barrier", {"test", ""}));
  ASSERT_EQ(heard, std::vector<std::string>({"province"}));
  store(intake("a2", "case-a"));
  ASSERT_TRUE(journal_->note("barrier", {"test", ""}));
  ASSERT_EQ(heard.size(), 1U) << "a blocked delivery is no work";
  ASSERT_TRUE(settle(*journal_, settlement(claim(*journal_).at(0), S::delivered)));
  ASSERT_TRUE(journal_->note("barrier", {"test", ""}));
  EXPECT_EQ(heard.size(), 2U);
}

TEST_F(JournalTest, release_sends_the_new_record_and_audits_both_digests) {
  Intake in = intake("m1");
  in.targets[0].state = S::held;
  in.targets[0].reason = "unknown code";
  in.canonical.clear();
  store(in);
  ASSERT_TRUE(journal_->release("m1", "mapped again", crypto::sm3("new"), "county@2", std::string(64, '1'), {"operator", "row added"}));
  const Claim sent = claim(*journal_).at(0);
  EXPECT_EQ(*sent.canonical, "mapped again");
  EXPECT_EQ((*journal_->message("m1"))->pack, "county@2");
  EXPECT_EQ((*journal_->find("identity of m1"))->digest, crypto::sm3("new"));
  const std::string detail = first_value(options_.path, "SELECT detail FROM audit WHERE kind = 'release'");
  EXPECT_NE(detail.find("old=" + to_hex(crypto::sm3("content"))), std::string::npos);
  EXPECT_NE(detail.find("new=" + to_hex(crypto::sm3("new"))), std::string::npos);
  EXPECT_NE(detail.find("who=operator why=row added"), std::string::npos);
  const auto twice = journal_->release("m1", "x", crypto::sm3("x"), "p", "d", {"operator", ""});
  EXPECT_EQ(id_of(twice), "journal.illegal_move");
  EXPECT_EQ(journal_->bodies("m1")->canonical, "mapped again") << "a refused act leaves the record alone";
}

TEST_F(JournalTest, acts_of_a_person_move_only_what_they_may) {
  const Journal::Act act{"operator", "asked by phone"};
  store(intake("m1"));
  EXPECT_EQ(id_of(journal_->discard("m1", "province", act)), "journal.illegal_move");
  EXPECT_EQ(id_of(journal_->discard("none", "province", act)), "journal.not_found");
  const Claim sent = claim(*journal_).at(0);
  EXPECT_EQ(id_of(journal_->resolve(sent.delivery, Journal::Resolution::delivered, act)), "journal.illegal_move");
  EXPECT_EQ(id_of(journal_->resolve(sent.delivery + 1000, Journal::Resolution::delivered, act)), "journal.not_found");
  EXPECT_EQ(id_of(journal_->unpark(sent.delivery, act)), "journal.illegal_move");
  ASSERT_TRUE(settle(*journal_, settlement(sent, S::parked)));
  ASSERT_TRUE(journal_->unpark(sent.delivery, act));
  const Claim again = claim(*journal_).at(0);
  ASSERT_TRUE(settle(*journal_, settlement(again, S::unknown)));
  const Claim question = claim(*journal_).at(0);
  ASSERT_TRUE(journal_->resolve(question.delivery, Journal::Resolution::delivered, act));
  EXPECT_EQ(only_delivery("m1").state, S::delivered);
  EXPECT_EQ(id_of(settle(*journal_, settlement(question, S::ready))), "journal.stale_claim");
}

TEST_F(JournalTest, a_receipt_is_kept_as_it_came) {
  store(intake("m1"));
  const Claim sent = claim(*journal_).at(0);
  ASSERT_TRUE(settle(*journal_, settlement(sent, S::delivered)));
  EXPECT_EQ(*journal_->receipt(sent.delivery), "receipt of m1");
  EXPECT_EQ(only_delivery("m1").receipt_no, "R-m1");
  EXPECT_EQ(id_of(journal_->receipt(999999)), "journal.not_found");
}

TEST_F(JournalTest, of_a_refused_intake_only_a_keyed_digest_remains) {
  Refusal refusal;
  refusal.system = "county";
  refusal.error_id = "wire.xml_doctype";
  refusal.where = "1:1";
  refusal.peer = "127.0.0.1";
  refusal.bytes = "<!DOCTYPE canary-of-refusal>";
  journal_->refuse(refusal);
  ASSERT_TRUE(journal_->note("barrier", {"test", ""}));
  EXPECT_EQ(journal_->counts()->refusals, 1);
  EXPECT_EQ(first_value(options_.path, "SELECT size || ' ' || length(digest) || ' ' || error_id FROM refusals"), "28 32 wire.xml_doctype");
  EXPECT_NE(first_value(options_.path, "SELECT lower(hex(digest)) FROM refusals"), to_hex(crypto::sm3(refusal.bytes)));
  EXPECT_EQ(first_value(options_.path, "SELECT count(*) FROM audit WHERE kind = 'refusal'"), "1");
  EXPECT_EQ(content_of(options_.path + "-wal").find("canary-of-refusal"), std::string::npos);
}

TEST_F(JournalTest, no_body_stands_in_the_files_in_plain_text) {
  FILE_STORE_ONLY("its files");
  Intake in = intake("m1");
  in.raw = "raw-canary-1";
  in.canonical = "canonical-canary-2";
  in.acknowledgement = "acknowledgement-canary-3";
  store(in);
  Settlement done = settlement(claim(*journal_).at(0), S::delivered);
  done.receipt = "receipt-canary-4";
  ASSERT_TRUE(settle(*journal_, done));
  const std::string log = content_of(options_.path + "-wal");
  ASSERT_NE(log.find("identity of m1"), std::string::npos) << "the search must be able to find something";
  EXPECT_EQ(log.find("canary"), std::string::npos);
  journal_->close();
  const std::string file = content_of(options_.path);
  ASSERT_NE(file.find("identity of m1"), std::string::npos);
  EXPECT_EQ(file.find("canary"), std::string::npos);
}

TEST_F(JournalTest, a_row_with_a_broken_seal_is_parked_and_its_neighbours_flow) {
  store(intake("m1", "case-1"));
  store(intake("m2", "case-2"));
  tamper(options_.path, "UPDATE bodies SET canonical = (SELECT canonical FROM bodies WHERE message = 2) WHERE message = 1");
  reopen(); // Until then the record of m1 is still in memory.
  const auto claims = claim(*journal_, 1);
  ASSERT_EQ(claims.size(), 1U);
  EXPECT_EQ(claims[0].message_id, "m2");
  EXPECT_EQ(only_delivery("m1").state, S::parked);
  EXPECT_EQ(only_delivery("m1").error_id, "crypto.seal_broken");
  EXPECT_EQ(id_of(journal_->bodies("m1")), "crypto.seal_broken");
  EXPECT_EQ(id_of(journal_->bodies("m2")), "ok");
}

TEST_F(JournalTest, a_full_queue_refuses_intake_and_still_takes_settlements) {
  options_.queue_max = 2;
  reopen();
  store(intake("m1"));
  const Claim sent = claim(*journal_).at(0);
  std::promise<void> inside, go_on;
  auto may_go = go_on.get_future();
  journal_->accept(intake("m2"), [&inside, &may_go](Result<IntakeOutcome>) { inside.set_value(); may_go.wait(); });
  inside.get_future().wait();
  std::promise<Result<void>> settled;
  journal_->accept(intake("m3"), [](Result<IntakeOutcome>) {});
  journal_->accept(intake("m4"), [](Result<IntakeOutcome>) {});
  EXPECT_EQ(id_of(journal_->accept_and_wait(intake("m5"))), "journal.busy");
  journal_->settle(settlement(sent, S::delivered), [&settled](Result<void> r) { settled.set_value(std::move(r)); });
  go_on.set_value();
  EXPECT_EQ(id_of(settled.get_future().get()), "ok");
}

TEST_F(JournalTest, a_backlog_at_its_bound_refuses_intake_until_it_is_shorter) {
  options_.backlog_max = 2;
  reopen();
  store(intake("m1", "c1"));
  store(intake("m2", "c2"));
  auto refused = journal_->accept_and_wait(intake("m3", "c3"));
  ASSERT_EQ(id_of(refused), "journal.busy");
  EXPECT_EQ(refused.error().where(), "backlog_max");
  const auto claims = claim(*journal_, 2);
  ASSERT_EQ(claims.size(), 2U) << "deliveries go on";
  EXPECT_EQ(id_of(journal_->accept_and_wait(intake("m3", "c3"))), "journal.busy") << "what is being sent counts";
  ASSERT_TRUE(settle(*journal_, settlement(claims[0], S::delivered)));
  store(intake("m3", "c3"));
  EXPECT_EQ(id_of(journal_->accept_and_wait(intake("m4", "c4"))), "journal.busy");
  reopen();
  EXPECT_EQ(id_of(journal_->accept_and_wait(intake("m4", "c4"))), "journal.busy") << "also after a start";
  ASSERT_TRUE(settle(*journal_, settlement(claim(*journal_).at(0), S::delivered)));
  store(intake("m4", "c4"));
}

TEST_F(JournalTest, after_close_everything_says_closed) {
  journal_->close();
  EXPECT_EQ(id_of(journal_->accept_and_wait(intake("m1"))), "journal.closed");
  EXPECT_EQ(id_of(journal_->counts()), "journal.closed");
  EXPECT_EQ(id_of(journal_->note("x", {"a", "b"})), "journal.closed");
}

TEST_F(JournalTest, close_stores_what_was_handed_over_before) {
  std::atomic<int> stored{0};
  for (int i = 0; i < 300; ++i) {
    journal_->accept(intake("m" + std::to_string(i)), [&stored](Result<IntakeOutcome> r) { if (r) ++stored; });
  }
  journal_->close();
  EXPECT_EQ(stored, 300);
  reopen();
  EXPECT_EQ(journal_->counts()->messages, 300);
}

TEST_F(JournalTest, a_read_only_view_works_beside_the_writer_and_refuses_to_write) {
  store(intake("m1"));
  auto opened = open_read_only(options_);
  ASSERT_TRUE(opened) << describe(opened.error());
  Journal& view = **opened;
  EXPECT_EQ(view.counts()->messages, 1);
  store(intake("m2"));
  EXPECT_EQ(view.counts()->messages, 2);
  EXPECT_EQ(view.bodies("m2")->raw, "raw bytes of m2");
  EXPECT_EQ(view.deliveries(S::ready, 10)->size(), 2U);
  EXPECT_EQ(view.deliveries(S::ready, 1)->size(), 1U);
  EXPECT_EQ(view.deliveries(S::held, 10)->size(), 0U);
  EXPECT_EQ(id_of(view.accept_and_wait(intake("m3"))), "journal.read_only");
  EXPECT_EQ(id_of(view.note("x", {"a", "b"})), "journal.read_only");
  EXPECT_EQ(id_of(settle(view, Settlement{})), "journal.read_only");
}

TEST_F(JournalTest, pragmas_that_would_lose_data_are_refused) {
  auto database = detail::Database::open(folder_.file("weak.db"), detail::Access::create);
  ASSERT_TRUE(database);
  detail::Database& weak = **database;
  const auto where = [&weak] { const auto verdict = detail::check_durability(weak); return verdict ? std::string("ok") : verdict.error().where(); };
  EXPECT_EQ(where(), "journal_mode");
  ASSERT_TRUE(weak.run("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL"));
  EXPECT_EQ(where(), "synchronous");
  ASSERT_TRUE(weak.run("PRAGMA synchronous = OFF"));
  EXPECT_EQ(where(), "synchronous");
  ASSERT_TRUE(weak.run("PRAGMA synchronous = FULL"));
  EXPECT_EQ(where(), "ok");
  EXPECT_EQ(detail::check_durability(weak) ? "" : "weak", std::string());
  ASSERT_TRUE(weak.run("PRAGMA locking_mode = EXCLUSIVE"));
  EXPECT_EQ(where(), "locking_mode");
}

TEST(JournalOpen, a_store_that_cannot_be_switched_to_wal_is_refused) {
  FILE_STORE_ONLY("its files");
  Folder folder;
  JournalOptions options = options_for(folder.file("store.db"));
  { auto first = Journal::open(options, std::make_shared<HandClock>()); ASSERT_TRUE(first); }
  tamper(options.path, "PRAGMA journal_mode = DELETE");
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(options.path.c_str(), &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "BEGIN; SELECT * FROM counters", nullptr, nullptr, nullptr), SQLITE_OK);
  EXPECT_EQ(id_of(Journal::open(options, std::make_shared<HandClock>())), "journal.weak_durability");
  sqlite3_close(other);
  EXPECT_EQ(id_of(Journal::open(options, std::make_shared<HandClock>())), "ok");
}

TEST(JournalOpen, foreign_newer_and_damaged_files_are_refused_and_left_alone) {
  FILE_STORE_ONLY("its files");
  Folder folder;
  const auto clock = std::make_shared<HandClock>();
  const std::string foreign = folder.file("foreign.db");
  tamper(foreign, "CREATE TABLE theirs(x); INSERT INTO theirs VALUES(1)");
  const std::string before = content_of(foreign);
  EXPECT_EQ(id_of(Journal::open(options_for(foreign), clock)), "journal.schema");
  EXPECT_EQ(content_of(foreign), before);

  const std::string newer = folder.file("newer.db");
  { ASSERT_TRUE(Journal::open(options_for(newer), clock)); }
  tamper(newer, "PRAGMA user_version = 4");
  EXPECT_EQ(id_of(Journal::open(options_for(newer), clock)), "journal.schema");
  EXPECT_EQ(id_of(open_read_only(options_for(newer))), "journal.schema");

  const std::string text = folder.file("text.db");
  { std::ofstream(text) << std::string(20000, 'x'); }
  EXPECT_EQ(id_of(Journal::open(options_for(text), clock)), "journal.corrupt");

  const std::string torn = folder.file("torn.db");
  { ASSERT_TRUE(Journal::open(options_for(torn), clock)); }
  { std::fstream file(torn, std::ios::in | std::ios::out | std::ios::binary); file.seekp(8192 + 2); file << std::string(4000, '\xee'); }
  EXPECT_EQ(id_of(Journal::open(options_for(torn), clock)), "journal.corrupt");
}

TEST(JournalOpen, a_missing_store_is_made_only_when_asked_for) {
  Folder folder;
  JournalOptions options = options_for(folder.file("store.db"));
  options.create = false;
  EXPECT_EQ(id_of(Journal::open(options, std::make_shared<HandClock>())), "journal.open");
  EXPECT_FALSE(std::filesystem::exists(options.path));
  EXPECT_EQ(id_of(Journal::open(options_for("/nonexistent/folder/store.db"), std::make_shared<HandClock>())), "journal.open");
}

TEST(JournalOpen, wrong_keys_are_noticed_at_once) {
  Folder folder;
  const auto clock = std::make_shared<HandClock>();
  JournalOptions options = options_for(folder.file("store.db"));
  { ASSERT_TRUE(Journal::open(options, clock)); }
  JournalOptions wrong = options;
  wrong.seal_key = Secret(std::string(32, 'x'));
  auto outcome = Journal::open(wrong, clock);
  ASSERT_EQ(id_of(outcome), "journal.open");
  EXPECT_EQ(outcome.error().where(), "seal_key");
  wrong = options;
  wrong.audit_key = Secret(std::string(32, 'x'));
  outcome = Journal::open(wrong, clock);
  ASSERT_EQ(id_of(outcome), "journal.open");
  EXPECT_EQ(outcome.error().where(), "audit_key");
  wrong.audit_key = Secret();
  EXPECT_EQ(id_of(Journal::open(wrong, clock)), "crypto.key_size");
  wrong = options;
  wrong.seal_key = Secret("short");
  EXPECT_EQ(id_of(Journal::open(wrong, clock)), "crypto.key_size");
}

TEST_F(JournalTest, the_writer_tells_what_it_has_done) {
  const WriterWork before = journal_->writer_work();
  store(intake("m1"));
  clock_->pass(std::chrono::milliseconds(5));
  ASSERT_TRUE(settle(*journal_, settlement(claim(*journal_).at(0), DeliveryState::delivered)));
  journal_->close();
  const WriterWork work = journal_->writer_work();
  EXPECT_EQ(work.operations - before.operations, 3) << "an intake, a claim and a settlement";
  EXPECT_EQ(work.groups - before.groups, 3) << "one after the other";
}

// What is known about the front of a lane must not be taken from a message that was rolled back.
TEST_F(JournalTest, a_row_number_that_was_rolled_back_tells_nothing_about_the_next_lane) {
  store(intake("m1", "case-1"));
  Intake without_attachment = intake("m0", "case-2");
  without_attachment.attachments = {std::string(32, 'x')};
  EXPECT_EQ(id_of(journal_->accept_and_wait(std::move(without_attachment))), "journal.attachment_missing");
  store(intake("m2", "case-1"));
  const auto claims = claim(*journal_);
  ASSERT_EQ(claims.size(), 1U) << "m2 waits behind m1";
  EXPECT_EQ(claims[0].message_id, "m1");
  ASSERT_TRUE(settle(*journal_, settlement(claims[0], DeliveryState::delivered)));
  const auto next = claim(*journal_);
  ASSERT_EQ(next.size(), 1U);
  EXPECT_EQ(next[0].parent_receipt, "receipt of m1");
}

} // namespace
} // namespace tongqu::journal
