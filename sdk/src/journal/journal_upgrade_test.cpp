#include "journal/audit_chain.hpp"
#include "journal/journal_test_support.hpp"
#include "journal/sealing.hpp"
#include "tongqu/journal/keeping.hpp"

namespace tongqu::journal::test {
namespace {

using S = DeliveryState;

/// The tables as version 1 made them.
constexpr const char* kVersion1 = R"sql(
PRAGMA page_size = 8192; PRAGMA journal_mode = WAL;
CREATE TABLE meta(name TEXT PRIMARY KEY NOT NULL, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE counters(
  id INTEGER PRIMARY KEY CHECK (id = 1), last_message INTEGER NOT NULL, messages INTEGER NOT NULL, refusals INTEGER NOT NULL,
  fence INTEGER NOT NULL, waiting INTEGER NOT NULL, ready INTEGER NOT NULL, sending INTEGER NOT NULL, unknown INTEGER NOT NULL,
  delivered INTEGER NOT NULL, refused INTEGER NOT NULL, held INTEGER NOT NULL, parked INTEGER NOT NULL, discarded INTEGER NOT NULL) STRICT;
INSERT INTO counters VALUES(1, 5, 5, 1, 7, 0, 2, 1, 0, 1, 0, 1, 0, 0);
CREATE TABLE messages(
  id INTEGER PRIMARY KEY, message_id TEXT NOT NULL UNIQUE, identity TEXT NOT NULL UNIQUE, digest BLOB NOT NULL, system TEXT NOT NULL,
  case_no TEXT NOT NULL, event TEXT NOT NULL, pack TEXT NOT NULL, pack_digest TEXT NOT NULL, created_ms INTEGER NOT NULL,
  key_id TEXT NOT NULL, findings TEXT NOT NULL, acknowledgement BLOB, canonical BLOB, raw BLOB) STRICT;
CREATE INDEX messages_case ON messages(system, case_no);
CREATE TABLE deliveries(
  id INTEGER PRIMARY KEY, target TEXT NOT NULL, case_key TEXT NOT NULL, state INTEGER NOT NULL, due_ms INTEGER,
  not_before_ms INTEGER NOT NULL, attempts INTEGER NOT NULL, fence INTEGER NOT NULL, created_ms INTEGER NOT NULL,
  changed_ms INTEGER NOT NULL, after TEXT NOT NULL, error_id TEXT NOT NULL, reason TEXT NOT NULL, receipt_no TEXT NOT NULL,
  key_id TEXT NOT NULL, receipt BLOB) STRICT;
CREATE INDEX deliveries_lane ON deliveries(case_key, target, id);
CREATE INDEX deliveries_due ON deliveries(target, due_ms, id) WHERE due_ms IS NOT NULL;
CREATE INDEX deliveries_open ON deliveries(state, id) WHERE state IN (0, 2, 3, 6, 7);
CREATE TABLE refusals(
  id INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, system TEXT NOT NULL, error_id TEXT NOT NULL, place TEXT NOT NULL,
  peer TEXT NOT NULL, size INTEGER NOT NULL, digest BLOB) STRICT;
INSERT INTO refusals VALUES(1, 5, 'county', 'wire.xml_doctype', '1:1', 'peer', 9, x'00');
CREATE TABLE audit(
  seq INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL, detail TEXT NOT NULL, digest BLOB,
  mac BLOB NOT NULL) STRICT;
-- m1 delivered, m2 ready, m3 of the same case behind it, m4 left sending, m5 held.
INSERT INTO deliveries VALUES(64, 'province', 'case-1', 4, NULL, 0, 1, 0, 10, 11, '', '', '', 'R-m1', 'k1', NULL);
INSERT INTO deliveries VALUES(128, 'province', 'case-1', 1, 0, 0, 0, 0, 20, 20, '', '', '', '', '', NULL);
INSERT INTO deliveries VALUES(192, 'province', 'case-1', 1, NULL, 0, 0, 0, 30, 30, '', '', '', '', '', NULL);
INSERT INTO deliveries VALUES(256, 'province', 'case-4', 2, NULL, 0, 3, 7, 40, 41, '', '', '', '', '', NULL);
INSERT INTO deliveries VALUES(320, 'province', 'case-5', 6, NULL, 0, 0, 0, 50, 50, '', '', '{"en":"why"}', '', '', NULL);
PRAGMA application_id = 1414613553; PRAGMA user_version = 1;
)sql";

/// Writes a store as version 1 left it, with the sealed columns and the chain under the keys of the options.
class OldStore {
public:
  explicit OldStore(const JournalOptions& options) : sealing_(*detail::Sealing::create(options)), chain_(options.audit_key) {
    tamper(options.path, kVersion1);
    std::string sql = "BEGIN;" + put("INSERT INTO meta VALUES('key_check k1', ", "tongqu-key-check-1", "store", "key_check k1") + ");";
    for (int i = 1; i <= 5; ++i) sql += message(i);
    sql += put("UPDATE deliveries SET receipt = ", "receipt of m1", "delivery 64", "receipt") + " WHERE id = 64;";
    for (int i = 1; i <= 5; ++i) sql += entry(i);
    tamper(options.path, sql + "COMMIT");
  }

private:
  std::string put(const std::string& before, const std::string& plain, const std::string& owner, const std::string& column) const {
    return before + "x'" + to_hex(*sealing_.seal(plain, owner, column)) + "'";
  }
  std::string message(int number) const {
    const std::string n = std::to_string(number), id = "m" + n, case_no = number <= 3 ? "case-1" : "case-" + n;
    std::string sql = "INSERT INTO messages VALUES(" + n + ", '" + id + "', 'identity of " + id + "', x'" + to_hex(crypto::sm3("content")) +
                      "', 'county', '" + case_no + "', 'accept', 'county@1', '" + std::string(64, '0') + "', " + n + "0, 'k1', '[]'";
    sql += put(", ", "acknowledgement of " + id, id, "acknowledgement");
    sql += put(", ", "canonical record of " + id, id, "canonical");
    return sql + put(", ", "raw bytes of " + id, id, "raw") + ");";
  }
  std::string entry(int number) {
    const std::string n = std::to_string(number), subject = "m" + n;
    mac_ = chain_.link(mac_, {number, number * 10, "intake", subject, "old", {}});
    return "INSERT INTO audit VALUES(" + n + ", " + n + "0, 'intake', '" + subject + "', 'old', NULL, x'" + to_hex(mac_) + "');";
  }
  detail::Sealing sealing_;
  detail::AuditChain chain_;
  std::string mac_ = std::string(32, '\0');
};

class JournalUpgrade : public ::testing::Test {
protected:
  Folder folder_;
  std::shared_ptr<HandClock> clock_ = std::make_shared<HandClock>();
  JournalOptions options_ = options_for(folder_.file("store.db"));
};

TEST_F(JournalUpgrade, a_store_of_version_1_goes_on_whole) {
  const OldStore old(options_);
  EXPECT_EQ(id_of(open_read_only(options_)), "journal.schema") << "reading commands do not upgrade";
  auto opened = Journal::open(options_, clock_);
  ASSERT_TRUE(opened) << describe(opened.error());
  Journal& journal = **opened;
  EXPECT_EQ(first_value(options_.path, "PRAGMA user_version"), "3");
  EXPECT_EQ(first_value(options_.path, "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name LIKE '%\\_1' ESCAPE '\\'"), "0");
  EXPECT_EQ(first_value(options_.path, "PRAGMA integrity_check"), "ok");
  for (int i = 1; i <= 5; ++i) {
    const std::string id = "m" + std::to_string(i);
    ASSERT_TRUE(journal.bodies(id)) << id;
    EXPECT_EQ(journal.bodies(id)->raw, "raw bytes of " + id);
    EXPECT_EQ(journal.bodies(id)->canonical, "canonical record of " + id);
    EXPECT_EQ(journal.accept_and_wait(intake(id, i <= 3 ? "case-1" : "case-" + std::to_string(i)))->verdict, IntakeVerdict::duplicate) << id;
  }
  EXPECT_EQ(journal.accept_and_wait(intake("m2", "case-1", "other"))->verdict, IntakeVerdict::conflict);
  EXPECT_EQ(journal.messages_of_case("county", "case-1")->size(), 3U);
  EXPECT_EQ(journal.receipt(64).value(), "receipt of m1");
  EXPECT_EQ(journal.message("m1")->value().deliveries[0].receipt_no, "R-m1");
  EXPECT_EQ(journal.message("m4")->value().deliveries[0].state, S::unknown);
  EXPECT_EQ(journal.deliveries(S::held, 9)->at(0).reason, "{\"en\":\"why\"}");
  EXPECT_EQ(journal.counts()->refusals, 1);

  const auto first = claim(journal);
  ASSERT_EQ(first.size(), 2U) << "m2 and the question about m4; m3 waits behind m2";
  EXPECT_EQ(first[0].message_id, "m2");
  EXPECT_EQ(first[0].parent_receipt, "receipt of m1");
  EXPECT_TRUE(first[1].query_first);
  EXPECT_GT(first[1].fence, 7);
  ASSERT_TRUE(settle(journal, settlement(first[0], S::delivered)));
  EXPECT_EQ(claim(journal).at(0).message_id, "m3");
  journal.close();

  VerifyOptions verify;
  verify.path = options_.path;
    verify.postgres = options_.postgres;
  verify.audit_key = options_.audit_key;
  verify.audit_head_file = options_.audit_head_file;
  const auto report = verify_audit(verify);
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->ok()) << report->problem;
  EXPECT_GT(report->entries, 5);
  EXPECT_EQ(id_of(Journal::open(options_, clock_)), "journal.locked");
}

/// Version 2 is version 3 with the other condition on one index and without the table of attachments.
void make_version_2(const std::string& path) {
  tamper(path, "DROP INDEX deliveries_open; CREATE INDEX deliveries_open ON deliveries(state, id) WHERE state IN (0, 3, 6, 7); DROP TABLE attachments; PRAGMA user_version = 2");
}

TEST_F(JournalUpgrade, a_store_of_version_2_goes_on_whole) {
  {
    auto opened = Journal::open(options_, clock_);
    ASSERT_TRUE(opened);
    for (const char* id : {"m1", "m2", "m3"}) ASSERT_TRUE((*opened)->accept_and_wait(intake(id, std::string("case of ") + id)));
    const auto first = claim(**opened);
    ASSERT_EQ(first.size(), 3U);
    ASSERT_TRUE(settle(**opened, settlement(first[0], S::delivered)));
  }
  make_version_2(options_.path);
  EXPECT_EQ(id_of(open_read_only(options_)), "journal.schema") << "reading commands do not upgrade";
  auto opened = Journal::open(options_, clock_);
  ASSERT_TRUE(opened) << describe(opened.error());
  EXPECT_EQ(first_value(options_.path, "PRAGMA user_version"), "3");
  EXPECT_EQ(first_value(options_.path, "PRAGMA integrity_check"), "ok");
  EXPECT_EQ(first_value(options_.path, "SELECT count(*) FROM sqlite_schema WHERE name = 'deliveries_open' AND sql LIKE '%IN (%'"), "0");
  EXPECT_EQ(first_value(options_.path, "SELECT count(*) FROM sqlite_schema WHERE name IN ('attachments', 'attachments_of_message')"), "2");
  EXPECT_EQ((*opened)->deliveries(S::unknown, 9)->size(), 2U) << "those that were being sent, found by the new index";
  EXPECT_EQ((*opened)->accept_and_wait(intake("m1", "case of m1"))->verdict, IntakeVerdict::duplicate);
  EXPECT_EQ(claim(**opened).size(), 2U);
}

TEST_F(JournalUpgrade, a_backup_of_version_2_is_restored_and_brought_up) {
  const std::string backup = folder_.file("backup.db");
  {
    auto opened = Journal::open(options_, clock_);
    ASSERT_TRUE(opened);
    ASSERT_TRUE((*opened)->accept_and_wait(intake("m1")));
    ASSERT_TRUE(back_up(options_, backup));
  }
  make_version_2(backup);
  JournalOptions again = options_;
  again.path = folder_.file("again.db");
  again.audit_head_file.clear();
  const auto report = restore(backup, again);
  ASSERT_TRUE(report) << describe(report.error());
  EXPECT_EQ(report->messages, 1);
  auto opened = Journal::open(again, clock_);
  ASSERT_TRUE(opened) << describe(opened.error());
  EXPECT_EQ(first_value(again.path, "PRAGMA user_version"), "3");
  EXPECT_EQ((*opened)->message("m1")->value().deliveries[0].state, S::unknown);
}

int tables_made_by(const std::string& path, const std::string& sql) {
  sqlite3* handle = nullptr;
  int count = 0;
  EXPECT_EQ(sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READONLY, nullptr), SQLITE_OK);
  const auto take = [](void* out, int, char** cells, char**) { *static_cast<int*>(out) += std::string_view(cells[1]) == "OpenEphemeral" ? 1 : 0; return 0; };
  EXPECT_EQ(sqlite3_exec(handle, ("EXPLAIN " + sql).c_str(), take, &count, nullptr), SQLITE_OK);
  sqlite3_close(handle);
  return count;
}

/// Five such tables for each message were a tenth of what the journal spent.
TEST_F(JournalUpgrade, a_change_of_state_makes_no_table_to_ask_an_index) {
  { ASSERT_TRUE(Journal::open(options_, clock_)); }
  const std::string change = "UPDATE deliveries SET state = 4, fence = 0 WHERE id = 64";
  EXPECT_EQ(tables_made_by(options_.path, change), 0);
  make_version_2(options_.path);
  EXPECT_EQ(tables_made_by(options_.path, change), 2) << "this test sees them";
}

TEST_F(JournalUpgrade, an_upgrade_that_fails_leaves_version_1_as_it_was) {
  const OldStore old(options_);
  JournalOptions wrong = options_;
  wrong.seal_key = Secret(std::string(32, 'x'));
  EXPECT_EQ(id_of(Journal::open(wrong, clock_)), "journal.open");
  EXPECT_EQ(first_value(options_.path, "PRAGMA user_version"), "1");
  tamper(options_.path, "DELETE FROM counters");
  EXPECT_EQ(id_of(Journal::open(options_, clock_)), "journal.corrupt");
  EXPECT_EQ(first_value(options_.path, "PRAGMA user_version"), "1");
  tamper(options_.path, "INSERT INTO counters VALUES(1, 5, 5, 1, 7, 0, 2, 1, 0, 1, 0, 1, 0, 0)");
  EXPECT_EQ(id_of(Journal::open(options_, clock_)), "ok");
}

} // namespace
} // namespace tongqu::journal::test
