#include "tongqu/mapping/record_sink.hpp"

#include "mapping/test_support.hpp"

/// Records handed over one by one are those of the whole delivery, and nobody holds more than one.
namespace tongqu::mapping {
namespace {

class Collector final : public RecordSink {
public:
  void take(MappedRecord&& record) override { records.push_back(std::move(record)); }
  std::vector<MappedRecord> records;
};

test::PackText text_of(const std::string& records, const std::string& checks = "") {
  test::PackText text;
  text.source = "  - xml: {root: d}\n";
  text.rules = "  case_no: {from: no, on_fail: reject}\n"
               "  task_name: {from: name, on_fail: hold}\n"
               "  applicant:\n    id_no: {maybe: id, check: resident_id, on_fail: report}\n"
               "  received_materials:\n    each: cl\n    rules:\n      name: {maybe: mc}\n";
  text.identity = "  organisation: {const: ORG1}\n  item: {const: ITEM1}\n  case: {from: no, on_fail: reject}\n  event: {const: accept}\n";
  text.tail = "records: {each: row" + records + "}\n" + (checks.empty() ? "" : "checks:\n" + checks);
  return text;
}

std::string said(const Findings& findings) {
  std::string all;
  for (const Finding& one : findings) {
    all += std::string(errc_row(one.id).id) + " " + one.record + " " + one.path + " " + one.source.path + " " + std::to_string(one.source.line) + ":" +
           std::to_string(one.source.column) + "; ";
  }
  return all;
}

void expect_same(const test::PackText& text, const std::string& body) {
  test::Loaded loaded;
  loaded.load(text);
  ASSERT_TRUE(loaded.pack) << loaded.mistake_list();
  Workspace workspace, other;
  const auto whole = loaded.pack->run_delivery(test::delivery(body), test::environment(), workspace);
  Collector sink;
  const auto one_by_one = run_each(*loaded.pack, test::delivery(body), test::environment(), other, sink);
  ASSERT_EQ(whole.has_value(), one_by_one.has_value());
  if (!whole) {
    EXPECT_EQ(whole.error().id(), one_by_one.error().id());
    return;
  }
  EXPECT_TRUE(one_by_one->records.empty());
  EXPECT_EQ(said(one_by_one->findings), said(whole->findings));
  ASSERT_EQ(sink.records.size(), whole->records.size());
  for (std::size_t i = 0; i < sink.records.size(); ++i) {
    EXPECT_EQ(sink.records[i].verdict, whole->records[i].verdict) << i;
    EXPECT_EQ(sink.records[i].canonical, whole->records[i].canonical) << i;
    EXPECT_EQ(sink.records[i].canonical_core, whole->records[i].canonical_core) << i;
    EXPECT_EQ(sink.records[i].reason.en, whole->records[i].reason.en) << i;
    EXPECT_EQ(said(sink.records[i].findings), said(whole->records[i].findings)) << i;
  }
}

const char* const kRows = "<d><n>3</n>\n<row><no>C1</no><name>one</name><id>100000212001156444</id><cl><mc>a</mc></cl><cl><mc>b</mc></cl></row>\n"
                          "<row><no>C2</no><id>100000212001156440</id></row>\n<row><no>C3</no><name>three</name><odd>x</odd></row>\n<row><name>no key</name></row></d>";

TEST(RecordSink, gets_what_the_whole_delivery_gives) {
  expect_same(text_of(""), kRows);
  expect_same(text_of(", when: 'no != \"C1\"'"), kRows);
  expect_same(text_of(", order: {by: no, descending: yes}, key: {by: no, duplicates: last}"), kRows);
}

TEST(RecordSink, refusals_of_the_delivery_are_the_same) {
  expect_same(text_of(""), "<d><row><no>C1</no>");
  expect_same(text_of(""), "<d/>");
  expect_same(text_of(""), "<e/>");
}

/// The first record must know what only the last one shows.
TEST(RecordSink, checks_of_the_delivery_reach_the_first_record) {
  const std::string check = "  - {id: total, level: delivery, that: 'number(n) == number(meta:records)', text: {en: not as many as declared, zh: 与声明的条数不符}, on_fail: hold}\n";
  expect_same(text_of("", check), kRows);
  test::Loaded loaded;
  loaded.load(text_of("", check));
  ASSERT_TRUE(loaded.pack) << loaded.mistake_list();
  Workspace workspace;
  Collector sink;
  const auto made = run_each(*loaded.pack, test::delivery(kRows), test::environment(), workspace, sink);
  ASSERT_TRUE(made);
  ASSERT_EQ(sink.records.size(), 4u);
  EXPECT_EQ(sink.records.front().verdict, RecordVerdict::held);
  EXPECT_EQ(test::ids(made->findings), "mapping.check_failed");
}

} // namespace
} // namespace tongqu::mapping
