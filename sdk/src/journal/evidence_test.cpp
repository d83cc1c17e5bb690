#include "tongqu/journal/evidence.hpp"

#include <random>

#include "journal/journal_test_support.hpp"

namespace tongqu::journal::test {
namespace {

using S = DeliveryState;

/// A file of a material, with its name escaped; a material with a single file; one whose bytes are elsewhere; one each that only ext and meta name.
const std::string kWithFiles = R"({"kind":"case","materials":[{"name":"\u6750\u6599","files":[{"name":"\u6750\u6599 \"1\".pdf","sniffed_type":"application/pdf","size":3,)"
                               R"("digest":"sm3:66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"}]},{"name":"m","attachment":"scan.jpg",)"
                               R"("digest":"sm3:66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"},{"name":"far","uri":"x","digest":)"
                               R"("sm3:66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"}],"ext":{"x":{"digest":)"
                               R"("sm3:66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"}},"meta":{"digest":)"
                               R"("sm3:66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"}})";

class Evidence : public JournalTest {
protected:
  void SetUp() override {
    const auto key = crypto::Sm2PrivateKey::generate();
    ASSERT_TRUE(key);
    options_.audit_sign_key_pem = key->private_pem();
    public_pem_ = key->public_pem();
    options_.head_every_entries = 4;
    reopen();
    Intake in = intake("m1", "case-1");
    in.canonical = R"({"kind":"case","no":"a,{b","list":[1,{"x":2}],"meta":{"by":"a person"}})";
    in.digest = crypto::sm3(R"({"kind":"case","no":"a,{b","list":[1,{"x":2}]})");
    in.raw = std::string("raw \0 bytes", 11);
    in.targets = {{"nation", S::ready, "", ""}, {"province", S::ready, "", ""}};
    store(in);
    Intake with_files = intake("with-files", "case-2");
    with_files.canonical = kWithFiles;
    with_files.digest = crypto::sm3(std::string(kWithFiles).replace(kWithFiles.find(",\"meta\""), std::string::npos, "}"));
    store(with_files);
    for (int i = 0; i < 8; ++i) store(intake("other-" + std::to_string(i), "other-" + std::to_string(i)));
    for (const char* target : {"nation", "province"}) {
      const Claim one = claim(*journal_, 1, target).at(0);
      ASSERT_EQ(one.message_id, "m1");
      ASSERT_TRUE(settle(*journal_, settlement(one, S::delivered)));
    }
    journal_->close();
  }
  std::string collected(const std::string& id = "m1") {
    const auto text = collect_evidence(options_, id);
    EXPECT_TRUE(text) << describe(text.error());
    return text ? *text : std::string();
  }
  /// A forger knows how the last line is made.
  static std::string closed(const std::vector<std::string>& lines) {
    std::string out;
    for (const std::string& line : lines) out += line + "\n";
    return out + "end " + to_hex(crypto::sm3(out)) + "\n";
  }
  static std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    lines.pop_back();
    return lines;
  }
  void no_line_can_be_changed(const std::vector<std::string>& good) {
    ASSERT_EQ(says(closed(good)), "ok");
    std::mt19937 random(5);
    int tried = 0;
    for (std::size_t i = 1; i < good.size(); ++i) {
      auto bad = good;
      bad.erase(bad.begin() + static_cast<std::ptrdiff_t>(i));
      EXPECT_NE(says(closed(bad)), "ok") << "without " << good[i].substr(0, 40);
      bad = good;
      bad.insert(bad.begin() + static_cast<std::ptrdiff_t>(i), good[i]);
      EXPECT_NE(says(closed(bad)), "ok") << "twice " << good[i].substr(0, 40);
      for (int n = 0; n < 20; ++n, ++tried) {
        bad = good;
        std::string& line = bad[i];
        const std::size_t at = random() % line.size();
        line[at] = line[at] == 'A' ? 'B' : 'A';
        if (line == good[i]) continue;
        EXPECT_NE(says(closed(bad)), "ok") << good[i].substr(0, 40) << " at " << at;
      }
    }
    EXPECT_GT(tried, 150);
    EXPECT_NE(says(closed(good) + "x"), "ok");
    EXPECT_NE(says(closed(good).substr(1)), "ok");
    const std::string whole = closed(good);
    for (std::size_t cut = 0; cut < whole.size(); cut += 97) EXPECT_NE(says(whole.substr(0, cut)), "ok");
  }
  std::string says(const std::string& text) { return id_of(verify_evidence(text, public_pem_)); }
  std::string public_pem_;
};

TEST_F(Evidence, of_a_message_verifies_with_the_public_key_alone) {
  const auto report = verify_evidence(collected(), public_pem_);
  ASSERT_TRUE(report) << describe(report.error());
  EXPECT_EQ(report->message_id, "m1");
  EXPECT_EQ(report->system, "county");
  EXPECT_EQ(report->pack, "county@1");
  EXPECT_EQ(report->entries, 5) << "intake, two claims, two settlements";
  EXPECT_EQ(report->receipts, 2);
  EXPECT_GE(report->heads, 1);
  EXPECT_TRUE(report->record);
  const auto other = crypto::Sm2PrivateKey::generate();
  EXPECT_EQ(id_of(verify_evidence(collected(), other->public_pem())), "journal.evidence_broken");
  EXPECT_EQ(id_of(verify_evidence(collected(), "no key")), "crypto.key_invalid");
  EXPECT_EQ(id_of(collect_evidence(options_, "m9")), "journal.not_found");
}

TEST_F(Evidence, is_checked_by_another_implementation_too) {
  const std::string file = folder_.file("m1.evidence"), key = folder_.file("public.pem");
  std::ofstream(key) << public_pem_;
  const auto judged = [&](const std::string& text) {
    std::ofstream(file, std::ios::binary | std::ios::trunc) << text;
    return std::system(("/usr/bin/python3 " TONGQU_SOURCE_DIR "/conformance/oracle/evidence.py " + file + " " + key + " > " + folder_.file("said") + " 2>&1").c_str());
  };
  EXPECT_EQ(judged(collected()), 0) << content_of(folder_.file("said"));
  EXPECT_EQ(content_of(folder_.file("said")).find("message m1: 5 entries"), 0U) << content_of(folder_.file("said"));
  EXPECT_EQ(judged(collected("with-files")), 0) << content_of(folder_.file("said"));
  EXPECT_NE(content_of(folder_.file("said")).find("\nattachment materials[0].files[0].digest sm3:66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0 3 bytes, \u6750\u6599 \"1\".pdf\n"),
            std::string::npos) << content_of(folder_.file("said"));
  auto fewer = lines_of(collected("with-files"));
  fewer.erase(std::find_if(fewer.begin(), fewer.end(), [](const auto& one) { return one.rfind("attachment ", 0) == 0; }));
  EXPECT_NE(judged(closed(fewer)), 0);
  for (const char* name : {"raw", "record", "receipt", "entry", "head", "segment"}) {
    auto lines = lines_of(collected());
    const auto line = std::find_if(lines.begin(), lines.end(), [name](const std::string& one) { return one.rfind(name, 0) == 0; });
    ASSERT_NE(line, lines.end());
    char& last = line->at(line->size() - 5);
    last = last == 'B' ? 'C' : 'B';
    EXPECT_NE(judged(closed(lines)), 0) << name;
  }
}

TEST_F(Evidence, no_line_can_be_changed_removed_exchanged_or_added) {
  for (const char* id : {"m1", "with-files"}) no_line_can_be_changed(lines_of(collected(id)));
}

TEST_F(Evidence, lists_the_attachments_of_a_message_as_they_counted_into_its_digest) {
  const std::string text = collected("with-files");
  EXPECT_EQ(text.rfind("tongqu-evidence 2\n", 0), 0U);
  EXPECT_EQ(collected().rfind("tongqu-evidence 1\n", 0), 0U) << "of a message without any, the form of before";
  // GB/T 32905-2016 A.1: SM3 of "abc".
  const std::string sm3 = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0";
  EXPECT_NE(text.find("\nattachment materials[0].files[0].digest " + sm3 + " 3 " + to_base64("\u6750\u6599 \"1\".pdf") + " " + to_base64("application/pdf") + "\n"), std::string::npos) << text.substr(0, 2000);
  EXPECT_NE(text.find("\nattachment materials[1].digest " + sm3 + " - " + to_base64("scan.jpg") + " -\n"), std::string::npos);
  const auto report = verify_evidence(text, public_pem_);
  ASSERT_TRUE(report) << describe(report.error());
  EXPECT_TRUE(report->record);
  ASSERT_EQ(report->attachments.size(), 2U) << "one that stands elsewhere is none, nor is what stands in ext and meta";
  EXPECT_EQ(to_hex(report->attachments[0].sm3), sm3);
  EXPECT_EQ(report->attachments[0].name, "\u6750\u6599 \"1\".pdf");
  EXPECT_EQ(report->attachments[0].bytes, 3);
}

TEST_F(Evidence, whose_attachments_are_others_than_the_record_names_is_refused) {
  const auto good = lines_of(collected("with-files"));
  const auto at = static_cast<std::size_t>(std::find_if(good.begin(), good.end(), [](const auto& one) { return one.rfind("attachment ", 0) == 0; }) - good.begin());
  ASSERT_LT(at + 1, good.size());
  auto bad = good;
  std::swap(bad[at], bad[at + 1]);
  EXPECT_NE(says(closed(bad)), "ok") << "exchanged";
  bad = good;
  bad[at].replace(bad[at].find("66c7f0f4"), 8, "00000000");
  EXPECT_NE(says(closed(bad)), "ok") << "another file";
  bad = good;
  bad[0] = "tongqu-evidence 1";
  EXPECT_NE(says(closed(bad)), "ok") << "the first form knows no such line";
  bad.erase(bad.begin() + static_cast<std::ptrdiff_t>(at), bad.begin() + static_cast<std::ptrdiff_t>(at) + 2);
  const auto older = verify_evidence(closed(bad), public_pem_);
  ASSERT_TRUE(older) << "as files of before are, of messages that name attachments";
  EXPECT_EQ(older->attachments.size(), 2U);
  bad = lines_of(collected());
  bad[0] = "tongqu-evidence 2";
  EXPECT_NE(says(closed(bad)), "ok") << "one form for one thing";
}

TEST_F(Evidence, is_early_before_a_head_covers_it_and_names_a_purged_message) {
  options_.head_every_entries = 1000;
  options_.head_every = std::chrono::hours(1);
  reopen();
  store(intake("young", "young"));
  EXPECT_EQ(id_of(collect_evidence(options_, "young")), "journal.evidence_early");
  EXPECT_EQ(id_of(collect_evidence(options_, "m1")), "ok") << "beside the running journal";
  journal_->close();
  EXPECT_EQ(says(collected("young")), "ok") << "closing writes a head";
  EXPECT_EQ(verify_evidence(collected("young"), public_pem_)->record, false) << "its digest is of something else";
}

// A seeded thousand of edits, removals and exchanges in a chain: each is found, and at the entry where it begins.
TEST_F(Evidence, a_thousand_planted_changes_of_the_chain_are_all_found) {
  FILE_STORE_ONLY("each change is made in a copy");
  const std::string pristine = content_of(options_.path);
  const int entries = std::stoi(first_value(options_.path, "SELECT count(*) FROM audit"));
  ASSERT_GT(entries, 12);
  std::mt19937 random(20261129);
  VerifyOptions verify;
  verify.path = folder_.file("copy.db");
  verify.audit_key = options_.audit_key;
  verify.audit_head_file = options_.audit_head_file;
  verify.audit_public_key_pem = public_pem_;
  int found = 0;
  for (int i = 0; i < 1000; ++i) {
    { std::ofstream(verify.path, std::ios::binary | std::ios::trunc) << pristine; }
    const int at = 1 + static_cast<int>(random() % static_cast<unsigned>(entries - 1));
    const std::string n = std::to_string(at), m = std::to_string(at + 1);
    static constexpr const char* kColumns[] = {"kind", "subject", "detail"};
    std::string sql;
    switch (random() % 6) {
      case 0: sql = std::string("UPDATE audit SET ") + kColumns[i % 3] + " = " + kColumns[i % 3] + " || 'x' WHERE seq = " + n; break;
      case 1: sql = "UPDATE audit SET at_ms = at_ms + 1 WHERE seq = " + n; break;
      case 2: sql = "UPDATE audit SET mac = randomblob(32) WHERE seq = " + n; break;
      case 3: sql = "UPDATE audit SET digest = randomblob(32) WHERE seq = " + n; break;
      case 4: sql = "DELETE FROM audit WHERE seq = " + n; break;
      default: sql = "UPDATE audit SET seq = -1 WHERE seq = " + n + "; UPDATE audit SET seq = " + n + " WHERE seq = " + m + "; UPDATE audit SET seq = " + m + " WHERE seq = -1"; break;
    }
    tamper(verify.path, "PRAGMA synchronous = OFF; PRAGMA journal_mode = DELETE; " + sql);
    const auto report = verify_audit(verify);
    ASSERT_TRUE(report);
    const bool named = !report->ok() && report->first_broken == at;
    EXPECT_TRUE(named) << sql << " -> " << report->problem << " " << report->first_broken;
    found += named ? 1 : 0;
  }
  EXPECT_EQ(found, 1000);
}

} // namespace
} // namespace tongqu::journal::test
