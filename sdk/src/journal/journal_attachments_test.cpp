#include "journal/child_test_support.hpp"
#include "journal/journal_test_support.hpp"
#include "tongqu/base/fault_point.hpp"
#include "tongqu/journal/keeping.hpp"

namespace tongqu::journal::test {
namespace {

using S = DeliveryState;
constexpr std::chrono::hours kLongAgo{181 * 24};
const Journal::Act kAct{"somebody", "a reason"};

std::string put(Journal& journal, const std::string& content) {
  auto writer = journal.attachments()->begin({});
  EXPECT_TRUE(writer);
  EXPECT_TRUE((*writer)->write(content));
  const auto stored = (*writer)->commit();
  EXPECT_TRUE(stored);
  return stored ? stored->facts.digest : std::string();
}

Intake naming(const std::string& id, std::vector<std::string> digests) {
  Intake in = intake(id, "case of " + id);
  in.attachments = std::move(digests);
  return in;
}

class JournalAttachments : public JournalTest {
protected:
  bool there(const std::string& digest) { return journal_->attachments()->find(digest)->has_value(); }
  void deliver_all() {
    for (const Claim& one : claim(*journal_)) ASSERT_TRUE(settle(*journal_, settlement(one, S::delivered)));
  }
  std::string audited(const std::string& kind) { return first_value(options_.path, "SELECT detail FROM audit WHERE kind = '" + kind + "' ORDER BY seq DESC LIMIT 1"); }
};

TEST_F(JournalAttachments, a_message_may_name_what_is_stored_and_nothing_else) {
  const std::string digest = put(*journal_, "a file");
  store(naming("m1", {digest}));
  EXPECT_NE(audited("intake").find(" attachments=1"), std::string::npos);
  const auto refused = journal_->accept_and_wait(naming("m2", {digest, crypto::sm3("another file")}));
  EXPECT_EQ(id_of(refused), "journal.attachment_missing");
  EXPECT_FALSE(journal_->message("m2")->has_value()) << "nothing of it is kept";
  EXPECT_EQ(journal_->counts()->messages, 1);
  EXPECT_EQ(id_of(journal_->accept_and_wait(naming("m3", {"short"}))), "journal.intake_invalid");
  EXPECT_EQ(journal_->accept_and_wait(naming("m1", {crypto::sm3("gone by now")}))->verdict, IntakeVerdict::duplicate) << "a repeat needs nothing any more";
}

TEST_F(JournalAttachments, neighbours_of_a_message_without_its_attachment_are_stored) {
  std::promise<Result<IntakeOutcome>> first, second, third;
  journal_->accept(intake("m1"), [&](Result<IntakeOutcome> outcome) { first.set_value(std::move(outcome)); });
  journal_->accept(naming("m2", {crypto::sm3("missing")}), [&](Result<IntakeOutcome> outcome) { second.set_value(std::move(outcome)); });
  journal_->accept(intake("m3"), [&](Result<IntakeOutcome> outcome) { third.set_value(std::move(outcome)); });
  EXPECT_EQ(id_of(first.get_future().get()), "ok");
  EXPECT_EQ(id_of(second.get_future().get()), "journal.attachment_missing");
  EXPECT_EQ(id_of(third.get_future().get()), "ok");
}

TEST_F(JournalAttachments, a_held_message_may_name_what_is_still_to_come) {
  Intake in = naming("m1", {crypto::sm3("late")});
  in.targets[0].state = S::held;
  store(in);
  EXPECT_EQ(id_of(journal_->refer("m1", {crypto::sm3("late")})), "journal.attachment_missing");
  put(*journal_, "late");
  EXPECT_EQ(id_of(journal_->refer("m1", {crypto::sm3("late")})), "ok");
  clock_->pass(kLongAgo);
  EXPECT_EQ(*journal_->sweep_attachments(), 0) << "it was named before it came";
  EXPECT_EQ(id_of(journal_->refer("nobody", {})), "journal.not_found");
}

TEST_F(JournalAttachments, what_nobody_names_goes_after_a_day_and_what_somebody_names_stays) {
  const std::string named = put(*journal_, "named"), unnamed = put(*journal_, "unnamed");
  store(naming("m1", {named}));
  clock_->pass(std::chrono::hours(23));
  EXPECT_EQ(*journal_->sweep_attachments(), 0);
  clock_->pass(std::chrono::hours(2));
  EXPECT_EQ(*journal_->sweep_attachments(), 1);
  EXPECT_TRUE(there(named));
  EXPECT_FALSE(there(unnamed));
  EXPECT_NE(audited("attachments_removed").find(" count=1 "), std::string::npos);
  reopen();
  EXPECT_TRUE(there(named));
}

TEST_F(JournalAttachments, purge_lets_go_what_no_other_message_needs) {
  const std::string shared = put(*journal_, "shared"), own = put(*journal_, "own");
  store(naming("m1", {shared, own}));
  deliver_all();
  clock_->pass(kLongAgo);
  store(naming("m2", {shared}));
  EXPECT_EQ(*journal_->purge({Journal::Purge::What::bodies, "", std::chrono::hours(180 * 24)}, kAct, Journal::Redo::preview), 1);
  EXPECT_EQ(*journal_->sweep_attachments(), 0) << "a preview lets nothing go";
  EXPECT_EQ(*journal_->purge({Journal::Purge::What::bodies, "", std::chrono::hours(180 * 24)}, kAct, Journal::Redo::act), 1);
  EXPECT_EQ(*journal_->sweep_attachments(), 1);
  EXPECT_TRUE(there(shared));
  EXPECT_FALSE(there(own));
}

TEST_F(JournalAttachments, a_change_of_keys_takes_them_along) {
  const std::string digest = put(*journal_, "a file");
  store(naming("m1", {digest}));
  journal_.reset();
  options_.earlier_keys = {{"k1", options_.seal_key}};
  options_.key_id = "k2";
  options_.seal_key = Secret(std::string(32, 'n'));
  reopen();
  ASSERT_TRUE(journal_->reseal(kAct));
  EXPECT_NE(audited("reseal").find(" attachments=1 "), std::string::npos);
  EXPECT_NE(audited("reseal").find("earlier_keys_needed=no"), std::string::npos);
  journal_.reset();
  options_.earlier_keys.clear();
  reopen();
  EXPECT_TRUE(there(digest));
  EXPECT_EQ(id_of(journal_->bodies("m1")), "ok");
}

TEST_F(JournalAttachments, a_backup_brings_them_back) {
  FILE_STORE_ONLY("a backup of the server holds them");
  const std::string digest = put(*journal_, std::string(200000, 'f'));
  store(naming("m1", {digest}));
  const std::string file = folder_.file("backup.db");
  ASSERT_TRUE(back_up(options_, file));
  EXPECT_EQ(id_of(restore(file, options_)), "journal.backup") << "there is a store";
  journal_.reset();
  const std::string old = options_.path;
  options_.path = folder_.file("restored.db");
  options_.audit_head_file = options_.path + ".head";
  const auto report = restore(file, options_);
  ASSERT_TRUE(report) << describe(report.error());
  EXPECT_EQ(report->attachments, 1);
  EXPECT_EQ(report->broken_attachments.size(), 0U);
  reopen();
  EXPECT_TRUE(there(digest));
  EXPECT_EQ(journal_->attachments()->check_all({})->broken, 0);
  EXPECT_EQ(*journal_->sweep_attachments(), 0);
}

TEST_F(JournalAttachments, a_broken_one_in_a_backup_is_named_and_the_rest_comes_back) {
  FILE_STORE_ONLY("a backup of the server holds them");
  put(*journal_, "a file");
  const std::string broken = put(*journal_, "another");
  const std::string name = journal_->attachments()->find(broken)->value().name;
  const std::string file = folder_.file("backup.db");
  ASSERT_TRUE(back_up(options_, file));
  { std::fstream damaged(file + ".attachments/" + name + ".att", std::ios::in | std::ios::out | std::ios::binary); damaged.seekp(1545); damaged << "x"; }
  journal_.reset();
  options_.path = folder_.file("restored.db");
  options_.audit_head_file.clear();
  const auto report = restore(file, options_);
  ASSERT_TRUE(report) << describe(report.error());
  EXPECT_EQ(report->attachments, 2);
  EXPECT_EQ(report->broken_attachments, std::vector<std::string>{"attachment " + name});
}

TEST_F(JournalAttachments, a_reading_command_sees_them_and_changes_nothing) {
  const std::string digest = put(*journal_, "a file");
  if (!kOnPostgres) { std::ofstream(options_.path + ".attachments/upload.part") << "half of one that is on its way"; }
  auto reading = open_read_only(options_);
  ASSERT_TRUE(reading);
  EXPECT_TRUE((*reading)->attachments()->find(digest)->has_value());
  EXPECT_EQ(id_of((*reading)->sweep_attachments()), "journal.read_only");
  if (kOnPostgres) {
    EXPECT_EQ(id_of((*reading)->attachments()->begin({})), "journal.read_only");
    return;
  }
  EXPECT_TRUE(std::filesystem::exists(options_.path + ".attachments/upload.part"));
  reopen();
  EXPECT_FALSE(std::filesystem::exists(options_.path + ".attachments/upload.part"));
}

TEST(SweepChild, plays) {
  const char* path = std::getenv("TONGQU_TEST_STORE");
  if (path == nullptr) GTEST_SKIP() << "only as a child";
  const auto clock = std::make_shared<HandClock>();
  auto journal = *Journal::open(options_for(path), clock);
  const std::string named = put(*journal, "named");
  static_cast<void>(journal->accept_and_wait(naming("m1", {named})));
  for (int i = 0; i < 5; ++i) put(*journal, "unnamed " + std::to_string(i));
  clock->pass(std::chrono::hours(25));
  static_cast<void>(journal->sweep_attachments());
  std::_Exit(3);
}

TEST(JournalAttachmentsKilled, in_the_middle_of_a_sweep_it_goes_on_after_the_start) {
  if (!fault::compiled_in()) GTEST_SKIP() << "built without fault points";
  Folder folder;
  const JournalOptions options = options_for(folder.file("store.db"));
  ASSERT_TRUE(was_killed(run_child("sweep", options.path, "a7_attachment_removed:kill:nth=3", "SweepChild")));
  const auto clock = std::make_shared<HandClock>();
  clock->pass(std::chrono::hours(25));
  auto journal = Journal::open(options, clock);
  ASSERT_TRUE(journal) << describe(journal.error());
  EXPECT_EQ(*(*journal)->sweep_attachments(), 2);
  const auto checked = (*journal)->attachments()->check_all({});
  ASSERT_TRUE(checked);
  EXPECT_EQ(checked->count, 1);
  EXPECT_TRUE((*journal)->attachments()->find(crypto::sm3("named"))->has_value());
  if (kOnPostgres) {
    tamper(options.path, "UPDATE attachment_files SET touched_at = touched_at - interval '61 minutes'");
    EXPECT_EQ(*(*journal)->sweep_attachments(), 0);
    EXPECT_EQ(first_value(options.path, "SELECT count(*) FROM attachment_files"), "1") << "what had lost its name is off the disk an hour later";
    EXPECT_EQ(first_value(options.path, "SELECT count(*) FROM attachment_chunks"), "1");
    return;
  }
  int files = 0;
  for (const auto& one : std::filesystem::directory_iterator(options.path + ".attachments")) files += one.path().filename() != "names.key" ? 1 : 0;
  EXPECT_EQ(files, 1) << "what had lost its name is off the disk too";
}

} // namespace
} // namespace tongqu::journal::test
