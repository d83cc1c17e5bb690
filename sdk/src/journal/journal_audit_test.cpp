#include "journal/audit_chain.hpp"
#include "journal/audit_head.hpp"
#include "journal/journal_test_support.hpp"

namespace tongqu::journal {
namespace {

using namespace test;
using S = DeliveryState;

// Expected value from another implementation: openssl mac -digest SM3 over the bytes described in docs/reference/journal.md.
TEST(JournalAuditChain, a_link_is_hmac_sm3_over_the_written_layout) {
  const std::string key(32, 'a');
  detail::AuditChain chain{Secret(key)};
  const std::string expected_input =
      std::string("tongqu-audit-1") + std::string("\0\0\0\0\0\0\0\x20", 8) + std::string(32, '\0') + std::string("\0\0\0\0\0\0\0\x01", 8) +
      std::string("\0\0\0\0\0\0\x01\x02", 8) + std::string("\0\0\0\0\0\0\0\x04note", 12) + std::string("\0\0\0\0\0\0\0\x01s", 9) +
      std::string("\0\0\0\0\0\0\0\x02" "de", 10) + std::string("\0\0\0\0\0\0\0\x00", 8);
  EXPECT_EQ(to_hex(chain.link(std::string(32, '\0'), {1, 258, "note", "s", "de", {}})),
            to_hex(crypto::hmac(crypto::MacAlgorithm::hmac_sm3, Secret(key), expected_input)));
  EXPECT_EQ(to_hex(chain.link(std::string(32, '\0'), {1, 258, "note", "s", "de", {}})), "2787d9029ef82de3e67ad3aed8b796120467f42385714123c52b315ff77b06ad");
}

TEST(JournalAuditHead, a_head_is_read_as_it_was_written_and_anything_else_is_refused) {
  Folder folder;
  const std::string path = folder.file("head");
  EXPECT_FALSE(detail::read_head(path)->has_value());
  const detail::AuditHead head{{7, 1234, std::string(32, '\x5a')}, 0, "", "signature"};
  ASSERT_TRUE(detail::write_head(path, head));
  const auto read = detail::read_head(path);
  ASSERT_TRUE(read && read->has_value());
  EXPECT_EQ((*read)->tip.sequence, 7);
  EXPECT_EQ((*read)->tip.at_ms, 1234);
  EXPECT_EQ((*read)->tip.mac, head.tip.mac);
  EXPECT_EQ((*read)->signature, "signature");
  EXPECT_FALSE(std::filesystem::exists(path + ".tmp"));
  const std::string good = content_of(path);
  for (std::size_t cut = 0; cut < good.size() - 1; ++cut) {
    if (good[cut] == '\n' && good.compare(cut + 1, 9, "signature") == 0) continue;
    if (cut > 0 && good[cut - 1] == '\n' && good.compare(cut, 9, "signature") == 0) continue;
    { std::ofstream(path, std::ios::binary | std::ios::trunc) << good.substr(0, cut); }
    EXPECT_EQ(id_of(detail::read_head(path)), "journal.audit_head") << "cut at " << cut;
  }
  ASSERT_TRUE(detail::write_head(path, {{7, 1234, std::string(32, '\x5a')}, 3, std::string(32, '\x5b'), "signature"}));
  const auto second = detail::read_head(path);
  ASSERT_TRUE(second && second->has_value());
  EXPECT_EQ((*second)->from, 3);
  EXPECT_EQ((*second)->root, std::string(32, '\x5b'));
  EXPECT_EQ(content_of(path).find("tongqu-audit-head 2\n"), 0U);
  EXPECT_EQ(id_of(detail::write_head("/nonexistent/folder/head", head)), "base.file_unwritable");
}

class JournalAuditTest : public JournalTest {
protected:
  /// start, 3 intakes, claim x3, settle, refusal, note, stop: 11 entries.
  void fill() {
    store(intake("m1", "case-1"));
    store(intake("m2", "case-2"));
    store(intake("m3", "case-3"));
    const auto claims = claim(*journal_);
    ASSERT_EQ(claims.size(), 3U);
    ASSERT_TRUE(settle(*journal_, settlement(claims[0], S::delivered)));
    Refusal refusal;
    refusal.error_id = "wire.xml_doctype";
    refusal.bytes = "x";
    journal_->refuse(refusal);
    ASSERT_TRUE(journal_->note("configuration changed", {"operator", "new route"}));
    journal_.reset();
  }
  VerifyReport verify() {
    VerifyOptions verify;
    verify.path = options_.path;
    verify.postgres = options_.postgres;
    verify.audit_key = options_.audit_key;
    verify.audit_head_file = options_.audit_head_file;
    verify.audit_public_key_pem = public_pem_;
    const auto report = verify_audit(verify);
    EXPECT_TRUE(report) << describe(report.error());
    return report ? *report : VerifyReport();
  }
  void expect_broken(const std::string& sql, std::int64_t sequence, const std::string& problem) {
    const std::string copy = kOnPostgres ? "" : content_of(options_.path);
    if (kOnPostgres) tamper(options_.path, "CREATE TABLE audit_copy AS TABLE audit");
    tamper(options_.path, sql);
    const VerifyReport report = verify();
    EXPECT_FALSE(report.ok()) << sql;
    EXPECT_EQ(report.first_broken, sequence) << sql;
    EXPECT_EQ(report.problem, problem) << sql;
    std::filesystem::remove(options_.path + "-wal");
    std::filesystem::remove(options_.path + "-shm");
    if (kOnPostgres) tamper(options_.path, "TRUNCATE audit; INSERT INTO audit TABLE audit_copy; DROP TABLE audit_copy");
    else { std::ofstream(options_.path, std::ios::binary | std::ios::trunc) << copy; }
    EXPECT_TRUE(verify().ok()) << "the untouched copy verifies";
  }
  std::string public_pem_;
};

TEST_F(JournalAuditTest, every_intake_claim_settlement_refusal_and_act_is_one_entry) {
  fill();
  EXPECT_EQ(first_value(options_.path, "SELECT group_concat(kind) FROM (SELECT kind FROM audit ORDER BY seq) AS rows"),
            "start,intake,intake,intake,claim,claim,claim,settle,refusal,note,stop");
  const VerifyReport report = verify();
  EXPECT_TRUE(report.ok()) << report.problem;
  EXPECT_EQ(report.entries, 11);
  EXPECT_EQ(report.head_sequence, 11);
  EXPECT_EQ(first_value(options_.path, "SELECT lower(hex(digest)) FROM audit WHERE kind = 'settle'"), to_hex(crypto::sm3("receipt of m1")));
}

TEST_F(JournalAuditTest, verify_names_the_first_entry_that_was_touched) {
  fill();
  expect_broken("UPDATE audit SET detail = detail || ' ' WHERE seq = 4", 4, "journal.audit_broken");
  expect_broken("UPDATE audit SET subject = 'm9' WHERE seq = 2", 2, "journal.audit_broken");
  expect_broken("UPDATE audit SET kind = 'intakf' WHERE seq = 2", 2, "journal.audit_broken");
  expect_broken("UPDATE audit SET at_ms = at_ms + 1 WHERE seq = 5", 5, "journal.audit_broken");
  expect_broken("UPDATE audit SET digest = zeroblob(32) WHERE seq = 3", 3, "journal.audit_broken");
  expect_broken("UPDATE audit SET mac = zeroblob(32) WHERE seq = 11", 11, "journal.audit_broken");
  expect_broken("UPDATE audit SET seq = 100 WHERE seq = 2; UPDATE audit SET seq = 2 WHERE seq = 3; UPDATE audit SET seq = 3 WHERE seq = 100", 2,
                "journal.audit_broken");
}

TEST_F(JournalAuditTest, verify_names_what_is_missing) {
  fill();
  expect_broken("DELETE FROM audit WHERE seq = 6", 6, "journal.audit_gap");
  expect_broken("DELETE FROM audit WHERE seq = 1", 1, "journal.audit_gap");
  expect_broken("DELETE FROM audit WHERE seq = 6; UPDATE audit SET seq = seq - 1 WHERE seq > 6", 6, "journal.audit_broken");
  expect_broken("DELETE FROM audit WHERE seq > 8", 9, "journal.audit_cut");
  expect_broken("DELETE FROM audit", 1, "journal.audit_cut");
}

TEST_F(JournalAuditTest, a_missing_or_forged_head_is_reported) {
  fill();
  const std::string head = content_of(options_.audit_head_file);
  std::filesystem::remove(options_.audit_head_file);
  EXPECT_EQ(verify().problem, "journal.audit_head");
  { std::ofstream(options_.audit_head_file) << "tongqu-audit-head 1\nsequence 5\nat_ms 1\nmac " << std::string(64, '0') << "\n"; }
  EXPECT_EQ(verify().problem, "journal.audit_head");
  EXPECT_EQ(verify().first_broken, 5);
  { std::ofstream(options_.audit_head_file) << head; }
  EXPECT_TRUE(verify().ok());
}

TEST_F(JournalAuditTest, a_signed_head_verifies_with_the_public_key_and_only_with_it) {
  const auto key = crypto::Sm2PrivateKey::generate();
  const auto other = crypto::Sm2PrivateKey::generate();
  ASSERT_TRUE(key && other);
  options_.audit_sign_key_pem = key->private_pem();
  public_pem_ = key->public_pem();
  journal_.reset();
  std::filesystem::remove(options_.path);
  std::filesystem::remove(options_.audit_head_file);
  reopen();
  fill();
  EXPECT_TRUE(verify().ok());
  public_pem_ = other->public_pem();
  EXPECT_EQ(verify().problem, "journal.audit_head");
  public_pem_ = key->public_pem();
  const std::string head = content_of(options_.audit_head_file);
  { std::ofstream(options_.audit_head_file) << head.substr(0, head.find("signature")); }
  EXPECT_EQ(verify().problem, "journal.audit_head") << "an unsigned head is no head when a key is given";
}

TEST_F(JournalAuditTest, the_head_follows_by_count_and_by_time) {
  options_.head_every_entries = 4;
  reopen();
  const auto head_sequence = [this] { return detail::read_head(options_.audit_head_file)->value().tip.sequence; };
  const auto barrier = [this] { ASSERT_TRUE(journal_->note("barrier", {"test", ""})); };
  // The file is written on a thread of its own.
  const auto comes_to = [&head_sequence](std::int64_t sequence) {
    for (int i = 0; i < 5000 && head_sequence() < sequence; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return head_sequence() >= sequence;
  };
  const auto start = head_sequence();
  for (int i = 0; i < 5; ++i) barrier();
  EXPECT_TRUE(comes_to(start + 4));
  EXPECT_LT(head_sequence(), start + 6);
  options_.head_every_entries = 1000000;
  reopen();
  const auto again = head_sequence();
  for (int i = 0; i < 5; ++i) barrier();
  EXPECT_EQ(head_sequence(), again);
  clock_->pass(options_.head_every);
  barrier();
  barrier();
  EXPECT_TRUE(comes_to(again + 5));
}

TEST_F(JournalAuditTest, verify_works_beside_a_running_journal) {
  store(intake("m1"));
  EXPECT_TRUE(verify().ok());
  store(intake("m2"));
  const VerifyReport report = verify();
  EXPECT_TRUE(report.ok());
  EXPECT_EQ(report.entries, 3);
}

TEST_F(JournalAuditTest, a_head_of_another_chain_is_kept_aside_and_noted) {
  fill();
  tamper(options_.path, "DELETE FROM audit WHERE seq > 5");
  reopen();
  EXPECT_EQ(first_value(options_.path, "SELECT detail FROM audit WHERE kind = 'head_foreign'"), "sequence=11");
  int kept = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
    if (entry.path().filename().string().find("head.foreign-") != std::string::npos) ++kept;
  }
  EXPECT_EQ(kept, 1);
}

} // namespace
} // namespace tongqu::journal
