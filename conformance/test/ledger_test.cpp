#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <fstream>
#include <future>
#include <sstream>

#include "conformance/sandbox/ledger.hpp"
#include "conformance/sandbox/report.hpp"
#include "conformance/test/sandbox_support.hpp"

namespace tongqu::sandbox::test {
namespace {

std::string code(const Answer& answer) { return member(answer.body, "code"); }

std::string read_all(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

TEST(Ledger, everything_taken_is_in_the_file_before_the_answer) {
  Scene scene;
  ASSERT_EQ(code(scene.submit(kId1, "accept", accept_row())), "0");
  const std::string text = read_all(scene.options.ledger);
  EXPECT_EQ(member(text, "kind"), "taken");
  EXPECT_EQ(member(text, "time"), "2026-03-05T07:08:09.000+08:00");
  EXPECT_EQ(member(text, "messageId"), kId1);
  EXPECT_EQ(member(text, "sourceSystem"), "qinglan-spxt");
  EXPECT_EQ(member(text, "stage"), "accept");
  EXPECT_EQ(member(text, "project_no"), "CASE-1");
  EXPECT_EQ(member(text, "receiptNo"), "SP-000001");
  EXPECT_EQ(member(text, "requester"), "demo");
  EXPECT_EQ(text.back(), '\n');
}

TEST(Ledger, data_is_kept_byte_for_byte) {
  Scene scene;
  const std::string data = json_of(with(accept_row(), "address", "a\"b\\c\n\t䶮"));
  ASSERT_EQ(code(scene.submit({kId1, "accept", data, {}})), "0");
  std::string kept;
  ASSERT_TRUE(read_ledger(scene.options.ledger, [&kept](const LedgerLine& line) { kept = line.data; }));
  EXPECT_EQ(kept, data);
}

TEST(Ledger, refusal_is_kept_without_its_data) {
  Scene scene;
  ASSERT_EQ(code(scene.submit(kId1, "accept", without(accept_row(), "org_name"))), "1003");
  std::vector<LedgerLine> lines;
  ASSERT_TRUE(read_ledger(scene.options.ledger, [&lines](const LedgerLine& line) { lines.push_back(line); }));
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0].kind, "refused");
  EXPECT_EQ(lines[0].code, "1003");
  EXPECT_EQ(lines[0].fields, "org_name");
  EXPECT_EQ(lines[0].message_id, kId1);
  EXPECT_EQ(lines[0].data, "");
}

TEST(Ledger, file_is_for_its_owner_only) {
  Scene scene;
  struct stat facts {};
  ASSERT_EQ(::stat(scene.options.ledger.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777U, 0600U);
}

TEST(Ledger, restart_remembers_ids_cases_and_receipts) {
  Scene scene;
  ASSERT_EQ(code(scene.submit(kId1, "accept", accept_row())), "0");
  ASSERT_EQ(code(scene.submit(kId2, "process", process_row())), "0");
  scene.restart();
  const Answer again = scene.submit(kId1, "accept", accept_row());
  EXPECT_EQ(member(again.body, "duplicate"), "true");
  EXPECT_EQ(member(again.body, "receiptNo"), "SP-000001");
  EXPECT_EQ(member(again.body, "receivedAt"), "2026-03-05 07:08:09");
  EXPECT_EQ(code(scene.submit(kId2, "process", with(process_row(), "order_num", "2"))), "1006");
  EXPECT_EQ(code(scene.submit(kId3, "accept", accept_row())), "1007");
  EXPECT_EQ(code(scene.submit(kId3, "process", with(process_row(), "event_start_time", "2100-03-05 07:08:08"))), "1007");
  EXPECT_EQ(member(scene.submit(kId3, "result", result_row()).body, "receiptNo"), "SP-000003");
  scene.restart();
  EXPECT_EQ(code(scene.submit("0f1e2d3c4b5a6978-4", "special", special_row())), "1007");
  EXPECT_EQ(member(scene.query(kId3).body, "found"), "true");
}

TEST(Ledger, unfinished_last_line_is_cut_off) {
  Scene scene;
  ASSERT_EQ(code(scene.submit(kId1, "accept", accept_row())), "0");
  scene.sandbox.reset();
  const std::string whole = read_all(scene.options.ledger);
  std::ofstream(scene.options.ledger, std::ios::app | std::ios::binary) << whole.substr(0, whole.size() / 2);
  scene.start();
  EXPECT_EQ(read_all(scene.options.ledger), whole);
  EXPECT_EQ(member(scene.state(), "effects"), "1");
}

TEST(Ledger, broken_line_inside_is_refused_with_its_number) {
  Scene scene;
  ASSERT_EQ(code(scene.submit(kId1, "accept", accept_row())), "0");
  scene.sandbox.reset();
  std::ofstream(scene.options.ledger, std::ios::app | std::ios::binary) << "{\"kind\":\"other\"}\n";
  const auto started = Sandbox::start(scene.options, scene.clock);
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().id(), "conform.ledger_invalid");
  EXPECT_EQ(started.error().where(), scene.options.ledger + ":2");
}

TEST(Ledger, second_writer_is_refused) {
  Scene scene;
  const auto second = Sandbox::start(scene.options, scene.clock);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().id(), "conform.ledger_in_use");
}

TEST(Ledger, device_is_not_a_ledger) {
  const auto opened = LedgerWriter::open("/dev/full", [](const LedgerLine&) {});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().id(), "base.file_unreadable");
}

bool append_and_wait(LedgerWriter& ledger, std::string_view lines) {
  std::promise<bool> told;
  ledger.append(lines, [&told](bool durable) { told.set_value(durable); });
  return told.get_future().get();
}

TEST(Ledger, after_a_failed_write_nothing_is_called_durable_any_more) {
  const TempFolder folder;
  const auto opened = LedgerWriter::open(folder.file("l"), [](const LedgerLine&) {});
  ASSERT_TRUE(opened);
  EXPECT_TRUE(append_and_wait(**opened, "12345\n"));
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small{8, before.rlim_max};
  const auto old_action = ::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const bool while_full = append_and_wait(**opened, "12345\n");
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  ::signal(SIGXFSZ, old_action);
  EXPECT_FALSE(while_full);
  EXPECT_FALSE(append_and_wait(**opened, "12345\n"));
}

TEST(Ledger, appends_are_reported_in_their_order) {
  const TempFolder folder;
  const auto opened = LedgerWriter::open(folder.file("l"), [](const LedgerLine&) {});
  ASSERT_TRUE(opened);
  std::vector<int> order;
  std::promise<void> last;
  for (int i = 0; i < 1000; ++i) {
    (*opened)->append("line\n", [&order, &last, i](bool durable) {
      if (durable) order.push_back(i);
      if (i == 999) last.set_value();
    });
  }
  last.get_future().wait();
  ASSERT_EQ(order.size(), 1000U);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
  EXPECT_EQ(read_all(folder.file("l")).size(), 5000U);
}

TEST(Report, counts_stages_doubles_and_refusals) {
  Options options;
  options.character = Character::queryable;
  Scene scene(std::move(options));
  ASSERT_EQ(code(scene.submit(kId1, "accept", accept_row())), "0");
  ASSERT_EQ(code(scene.submit(kId1, "accept", accept_row())), "0");
  ASSERT_EQ(code(scene.submit(kId2, "process", process_row())), "0");
  ASSERT_EQ(code(scene.submit(kId3, "accept", accept_row())), "1007");
  const auto report = Report::load(scene.options.ledger);
  ASSERT_TRUE(report);
  const std::string json = report_json(*report);
  EXPECT_EQ(member(json, "taken"), "2");
  EXPECT_EQ(member(json, "effects"), "3");
  EXPECT_EQ(member(json, "doubled"), "1");
  EXPECT_EQ(member(json, "cases"), "1");
  EXPECT_EQ(member(json, "1007"), "1");
  EXPECT_EQ(member(json, "applicant"), "张*");
  EXPECT_NE(json.find("\"qinglan-spxt/CASE-1\""), std::string::npos);
  for (Lang lang : {Lang::en, Lang::zh}) {
    const std::string text = report_text(*report, lang);
    EXPECT_EQ(text.find("张䶮"), std::string::npos);
    EXPECT_NE(text.find("SP-000001"), std::string::npos);
    EXPECT_NE(text.find("x2"), std::string::npos);
  }
}

TEST(Report, same_row_under_a_new_id_is_doubled) {
  Scene scene;
  ASSERT_EQ(code(scene.submit(kId1, "accept", accept_row())), "0");
  ASSERT_EQ(code(scene.submit(kId2, "process", process_row())), "0");
  ASSERT_EQ(code(scene.submit(kId3, "process", process_row())), "0");
  const auto report = Report::load(scene.options.ledger);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->doubled, std::set<std::string>{kId3});
}

TEST(Report, comparison_finds_what_is_missing_doubled_and_unexpected) {
  Scene scene;
  ASSERT_EQ(code(scene.submit(kId1, "accept", accept_row())), "0");
  ASSERT_EQ(code(scene.submit(kId2, "process", process_row())), "0");
  ASSERT_EQ(code(scene.submit(kId3, "process", with(process_row(), "order_num", "2"))), "0");
  const auto report = Report::load(scene.options.ledger);
  ASSERT_TRUE(report);
  const auto compared = [&](const std::string& lines) {
    std::ofstream(scene.folder.file("expect.tsv")) << lines;
    return compare(*report, scene.folder.file("expect.tsv"));
  };
  const std::string accept = "qinglan-spxt\tCASE-1\taccept", process = "qinglan-spxt\tCASE-1\tprocess";
  const auto right = compared("# all\n" + accept + "\n" + process + "\n" + process + "\n");
  ASSERT_TRUE(right);
  EXPECT_TRUE(right->agrees());
  const auto wrong = compared(process + "\nqinglan-spxt\tCASE-1\tresult\n");
  ASSERT_TRUE(wrong);
  EXPECT_EQ(wrong->missing, std::vector<std::string>{"qinglan-spxt\tCASE-1\tresult"});
  EXPECT_EQ(wrong->doubled, std::vector<std::string>{process});
  EXPECT_EQ(wrong->unexpected, std::vector<std::string>{accept});
  const auto bad = compared(accept + "\nno tabs\n");
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().id(), "conform.expectation");
  EXPECT_EQ(bad.error().where(), scene.folder.file("expect.tsv") + ":2");
}

TEST(Report, names_are_masked_after_the_first_character) {
  EXPECT_EQ(masked("张䶮"), "张*");
  EXPECT_EQ(masked("欧阳某某"), "欧***");
  EXPECT_EQ(masked("A"), "A");
  EXPECT_EQ(masked(""), "");
}

} // namespace
} // namespace tongqu::sandbox::test
