#include <random>

#include "journal/journal_test_support.hpp"
#include "journal/siphash.hpp"
#include "journal/sqlite/keys.hpp"

namespace tongqu::journal::test {
namespace {

using S = DeliveryState;

// Test vectors of the SipHash paper: key 00 to 0f, message 00 01 02 ...
TEST(SipHash, gives_the_published_values) {
  const detail::SipKey key{0x0706050403020100U, 0x0f0e0d0c0b0a0908U};
  std::string message;
  const auto of = [&key, &message](std::size_t size) {
    message.clear();
    for (std::size_t i = 0; i < size; ++i) message += static_cast<char>(i);
    return detail::siphash(key, message);
  };
  EXPECT_EQ(of(0), 0x726fdb47dd0e0e31U);
  EXPECT_EQ(of(1), 0x74f839c593dc67fdU);
  EXPECT_EQ(of(8), 0x93f5f5799a932462U);
  EXPECT_EQ(of(15), 0xa129ca6149be45e5U);
}

// As `openssl mac -macopt size:16 SIPHASH` says of key 00 to 0f, message 00 01 02 ...; the first two are in the reference code too.
TEST(SipHash, of_128_bits_gives_what_another_implementation_gives) {
  const detail::SipKey key{0x0706050403020100U, 0x0f0e0d0c0b0a0908U};
  const auto of = [&key](std::size_t size) {
    std::string message;
    for (std::size_t i = 0; i < size; ++i) message += static_cast<char>(i);
    const auto hash = detail::siphash128(key, message);
    std::string bytes;
    for (const std::uint64_t word : {hash.low, hash.high}) {
      for (int i = 0; i < 8; ++i) bytes += static_cast<char>(word >> (8 * i) & 0xff);
    }
    return to_hex(bytes);
  };
  EXPECT_EQ(of(0), "a3817f04ba25a8e66df67214c7550293");
  EXPECT_EQ(of(1), "da87c1d86b99af44347659119b22fc45");
  EXPECT_EQ(of(7), "a1f1ebbed8dbc153c0b84aa61ff08239");
  EXPECT_EQ(of(8), "3b62a9ba6258f5610f83e264f31497b4");
  EXPECT_EQ(of(15), "5493e99933b0a8117e08ec0f97cfc3d9");
  EXPECT_EQ(of(63), "5150d1772f50834a503e069a973fbd7c");
  EXPECT_EQ(of(100), "39732dd009be17338297c6358fe5e6d9");
}

TEST(RecentKeys, find_what_a_plain_sorted_list_finds) {
  std::mt19937 random(20261129);
  detail::RecentKeys keys;
  std::set<detail::Key> model;
  for (int step = 0; step < 20000; ++step) {
    const detail::Key key{static_cast<int>(random() % 50) - 25, static_cast<int>(random() % 200)};
    const int what = static_cast<int>(random() % 100);
    const bool old = std::binary_search(keys.old().begin(), keys.old().end(), key);
    if (what < 40) { keys.add(key); model.insert(key); }
    else if (what < 45 && !old) { keys.remove(key); model.erase(key); }
    else if (what == 45 && keys.old().empty()) { keys.make_old(); }
    else if (what == 46) { for (const auto& gone : keys.old()) model.erase(gone); for (const auto& gone : std::vector(keys.old())) keys.remove(gone); keys.drop_old(); }
    std::optional<std::int64_t> before, after;
    for (const auto& [hash, id] : model) {
      if (hash != key.first) continue;
      if (id < key.second) before = id;
      if (id > key.second && !after) after = id;
    }
    ASSERT_EQ(keys.before(key.first, key.second), before) << step;
    ASSERT_EQ(keys.after(key.first, key.second), after) << step;
  }
}

class JournalRows : public JournalTest {
protected:
  std::string damaged() { return first_value(options_.path, "SELECT group_concat(place) FROM damaged"); }
};

TEST_F(JournalRows, keys_are_found_before_and_after_they_are_written) {
  FILE_STORE_ONLY("keys held back");
  for (int i = 0; i < 40; ++i) store(intake("m" + std::to_string(i), "case-" + std::to_string(i % 4)));
  EXPECT_EQ(first_value(options_.path, "SELECT count(*) FROM keys"), "0");
  const auto expect_all = [this](std::size_t in_case_1) {
    for (int i = 0; i < 40; ++i) {
      EXPECT_EQ(journal_->accept_and_wait(intake("m" + std::to_string(i), "case-" + std::to_string(i % 4)))->verdict, IntakeVerdict::duplicate) << i;
    }
    for (int c = 0; c < 4; ++c) EXPECT_EQ(journal_->messages_of_case("county", "case-" + std::to_string(c))->size(), c == 1 ? in_case_1 : 10U);
    EXPECT_TRUE((*journal_->find("identity of m7")).has_value());
    EXPECT_FALSE((*journal_->find("identity of m99")).has_value());
  };
  expect_all(10);
  auto view = open_read_only(options_);
  ASSERT_TRUE(view);
  EXPECT_TRUE((*(*view)->find("identity of m7")).has_value()) << "a reader beside the writer sees keys that are held back";
  EXPECT_EQ((*view)->messages_of_case("county", "case-1")->size(), 10U);
  store(intake("m40", "case-1"));
  EXPECT_EQ((*view)->messages_of_case("county", "case-1")->size(), 11U);
  view->reset();
  journal_->close();
  EXPECT_EQ(first_value(options_.path, "SELECT count(*) FROM keys"), "123");
  reopen();
  expect_all(11);
  EXPECT_EQ(claim(*journal_, 10).size(), 4U);
}

// More than one lot of keys: they are written while work goes on, and nothing is taken twice meanwhile.
TEST_F(JournalRows, lots_of_keys_are_written_piece_by_piece_beside_the_work) {
  FILE_STORE_ONLY("keys held back");
  constexpr int kMessages = 1500;
  options_.keys_held_back = 1000;
  reopen();
  const auto pass = [this](IntakeVerdict expected) {
    std::atomic<int> good{0}, done{0};
    for (int i = 0; i < kMessages; ++i) {
      Intake in = intake("m" + std::to_string(i), "");
      in.raw = in.canonical = "x";
      journal_->accept(std::move(in), [&good, &done, expected](Result<IntakeOutcome> outcome) { good += outcome && outcome->verdict == expected ? 1 : 0; ++done; });
    }
    while (done < kMessages) std::this_thread::yield();
    return good.load();
  };
  EXPECT_EQ(pass(IntakeVerdict::stored), kMessages);
  const int written = std::stoi(first_value(options_.path, "SELECT count(*) FROM keys"));
  EXPECT_GT(written, 1000);
  EXPECT_LT(written, 3 * kMessages);
  EXPECT_EQ(pass(IntakeVerdict::duplicate), kMessages);
  reopen();
  EXPECT_EQ(first_value(options_.path, "SELECT count(*) FROM keys"), std::to_string(3 * kMessages));
  EXPECT_EQ(pass(IntakeVerdict::duplicate), kMessages);
}

TEST_F(JournalRows, a_damaged_delivery_is_set_apart_by_name_and_everything_else_goes_on) {
  store(intake("m1", "case-1"));
  store(intake("m2", "case-2"));
  store(intake("m3", "case-1"));
  tamper(options_.path, "UPDATE deliveries SET attempts = 77 WHERE id = 64");
  const auto claims = claim(*journal_);
  ASSERT_EQ(claims.size(), 1U) << "the case of the damaged row stands still, the other goes on";
  EXPECT_EQ(claims[0].message_id, "m2");
  EXPECT_EQ(damaged(), "deliveries 64");
  EXPECT_EQ(journal_->counts()->damaged, 1);
  EXPECT_TRUE(only_delivery("m1").damaged);
  EXPECT_EQ(only_delivery("m1").error_id, "journal.row_damaged");
  EXPECT_FALSE(only_delivery("m2").damaged);
  EXPECT_EQ(first_value(options_.path, "SELECT detail FROM audit WHERE kind = 'damaged'"), "row=deliveries 64");
  EXPECT_EQ(first_value(options_.path, "SELECT attempts FROM deliveries WHERE id = 64"), "77") << "never repaired by guess";
  EXPECT_TRUE(settle(*journal_, settlement(claims[0], S::delivered)));
  EXPECT_EQ(journal_->next_due("province"), std::nullopt);
  EXPECT_TRUE(claim(*journal_).empty());
  EXPECT_EQ(id_of(journal_->unpark(64, {"operator", "try"})), "journal.row_damaged");
  EXPECT_TRUE(journal_->discard("m1", "", {"operator", "row lost"}));
  EXPECT_EQ(only_delivery("m1").state, S::discarded);
  EXPECT_EQ(claim(*journal_).at(0).message_id, "m3");
}

TEST_F(JournalRows, a_damaged_message_is_parked_by_name_and_never_taken_for_new) {
  store(intake("m1", "case-1"));
  store(intake("m2", "case-2"));
  tamper(options_.path, "UPDATE messages SET identity = 'identity of m9' WHERE id = 1; UPDATE messages SET event = 'other' WHERE id = 2");
  reopen();
  EXPECT_TRUE(claim(*journal_).empty());
  EXPECT_EQ(damaged(), "messages 1,messages 2");
  EXPECT_EQ(only_delivery("m1").state, S::parked);
  EXPECT_EQ(only_delivery("m1").error_id, "journal.row_damaged");
  EXPECT_TRUE(journal_->message("m2")->value().damaged);
  EXPECT_EQ(id_of(journal_->accept_and_wait(intake("m1", "case-1"))), "journal.row_damaged");
  EXPECT_EQ(id_of(journal_->accept_and_wait(intake("m2", "case-2"))), "journal.row_damaged");
  EXPECT_EQ(id_of(journal_->bodies("m2")), "journal.row_damaged");
  EXPECT_EQ(id_of(journal_->find("identity of m2")), "journal.row_damaged");
  store(intake("m3", "case-3"));
  EXPECT_EQ(claim(*journal_).at(0).message_id, "m3");
}

TEST_F(JournalRows, bodies_and_receipts_that_are_gone_or_cut_are_named) {
  for (const char* id : {"m1", "m2", "m3", "m4"}) store(intake(id, id));
  ASSERT_TRUE(settle(*journal_, settlement(claim(*journal_, 1).at(0), S::delivered)));
  tamper(options_.path, "UPDATE bodies SET canonical = NULL WHERE message = 2; DELETE FROM bodies WHERE message = 3; "
                        "UPDATE receipts SET number = 'R-other' WHERE delivery = 64");
  reopen();
  const auto claims = claim(*journal_);
  ASSERT_EQ(claims.size(), 1U);
  EXPECT_EQ(claims[0].message_id, "m4");
  EXPECT_EQ(damaged(), "bodies 2,bodies 3");
  EXPECT_EQ(journal_->bodies("m2").error().where(), "bodies 2");
  EXPECT_EQ(journal_->receipt(64).error().where(), "receipts 64");
}

TEST_F(JournalRows, a_damaged_counter_row_is_noticed_at_opening) {
  store(intake("m1"));
  journal_.reset();
  tamper(options_.path, "UPDATE counters SET fence = fence + 1");
  EXPECT_EQ(id_of(Journal::open(options_, clock_)), "journal.corrupt");
}

TEST_F(JournalRows, a_digest_that_the_journal_takes_is_the_digest_that_was_given) {
  store(intake("m1"));
  Intake same = intake("m2");
  same.identity = intake("m1").identity;
  same.digest.clear();
  same.digest_input = "content";
  EXPECT_EQ(journal_->accept_and_wait(same)->verdict, IntakeVerdict::duplicate);
  same.digest_input = "other content";
  EXPECT_EQ(journal_->accept_and_wait(same)->verdict, IntakeVerdict::conflict);
  Intake own = intake("m3");
  own.digest.clear();
  own.digest_input = std::string(5000, 'x');
  EXPECT_EQ(journal_->accept_and_wait(own)->verdict, IntakeVerdict::stored);
  EXPECT_EQ((*journal_->find("identity of m3"))->digest, crypto::sm3(std::string(5000, 'x')));
  own.identity = "another";
  own.digest = crypto::sm3("both");
  EXPECT_EQ(id_of(journal_->accept_and_wait(own)), "journal.intake_invalid") << "one of the two";
}

// Each as if it had come alone: its own outcome, its own bodies under its own keys, whatever becomes of its neighbours.
TEST_F(JournalRows, messages_that_are_taken_in_together_are_those_taken_in_alone) {
  store(intake("m3"));
  std::vector<Journal::Accepting> several;
  std::vector<std::string> told(12);
  std::atomic<int> done{0};
  for (int i = 0; i < 12; ++i) {
    Intake in = intake("m" + std::to_string(i), "case-" + std::to_string(i));
    in.raw = std::string(static_cast<std::size_t>(i) * 700, static_cast<char>('a' + i));
    in.digest.clear();
    in.digest_input = i == 3 ? "content" : "content " + std::to_string(i);
    if (i == 5) in.message_id.clear();
    if (i == 7) in.identity = intake("m3").identity;
    several.push_back({std::move(in), [&told, &done, i](Result<IntakeOutcome> outcome) {
                         told[static_cast<std::size_t>(i)] = outcome ? std::to_string(static_cast<int>(outcome->verdict)) + outcome->message_id : std::string(outcome.error().where());
                         ++done;
                       }});
  }
  journal_->accept_each(std::move(several));
  while (done < 12) std::this_thread::yield();
  EXPECT_EQ(told, (std::vector<std::string>{"0m0", "0m1", "0m2", "1m3", "0m4", "message_id", "0m6", "2m3", "0m8", "0m9", "0m10", "0m11"}));
  for (const int i : {0, 1, 6, 11}) {
    const std::string id = "m" + std::to_string(i);
    const auto bodies = journal_->bodies(id);
    ASSERT_TRUE(bodies) << id;
    EXPECT_EQ(bodies->raw, std::string(static_cast<std::size_t>(i) * 700, static_cast<char>('a' + i)));
    EXPECT_EQ(bodies->canonical, "canonical record of " + id);
    EXPECT_EQ(bodies->acknowledgement, "acknowledgement of " + id);
    EXPECT_EQ((*journal_->find("identity of " + id))->digest, crypto::sm3("content " + std::to_string(i)));
  }
}

// What stands in the memory of a claim is not used after a person has acted on the row, nor twice.
TEST_F(JournalRows, a_claim_whose_row_an_operator_has_moved_is_stale) {
  store(intake("m1"));
  const Claim sent = claim(*journal_).at(0);
  ASSERT_TRUE(settle(*journal_, settlement(sent, S::unknown)));
  const Claim asked = claim(*journal_).at(0);
  ASSERT_TRUE(asked.query_first);
  ASSERT_TRUE(journal_->resolve(asked.delivery, Journal::Resolution::delivered, {"operator", "seen there"}));
  EXPECT_EQ(id_of(settle(*journal_, settlement(asked, S::ready))), "journal.stale_claim");
  EXPECT_EQ(only_delivery("m1").state, S::delivered);

  store(intake("m2", "case-2"));
  const Claim twice = claim(*journal_).at(0);
  std::promise<void> inside, go_on;
  auto may_go = go_on.get_future();
  journal_->accept(intake("m3", "case-3"), [&inside, &may_go](Result<IntakeOutcome>) { inside.set_value(); may_go.wait(); });
  inside.get_future().wait();
  std::promise<std::string> one, two;
  journal_->settle(settlement(twice, S::delivered), [&one](Result<void> r) { one.set_value(id_of(r)); });
  journal_->settle(settlement(twice, S::refused), [&two](Result<void> r) { two.set_value(id_of(r)); });
  go_on.set_value();
  EXPECT_EQ(one.get_future().get(), "ok");
  EXPECT_EQ(two.get_future().get(), "journal.stale_claim");
  EXPECT_EQ(only_delivery("m2").state, S::delivered);
}

} // namespace
} // namespace tongqu::journal::test
