#include "tongqu/mapping/record_sink.hpp"

#include <random>

#include "mapping/source_mapping.hpp"
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

/// One delivery whole and one by one.
void expect_same(const Pack& pack, const std::string& body, Workspace& workspace, Workspace& other) {
  SCOPED_TRACE(body);
  const auto whole = pack.run_delivery(test::delivery(body), test::environment(), workspace);
  Collector sink;
  const auto one_by_one = run_each(pack, test::delivery(body), test::environment(), other, sink);
  ASSERT_EQ(whole.has_value(), one_by_one.has_value());
  if (!whole) {
    EXPECT_EQ(whole.error().id(), one_by_one.error().id());
    EXPECT_EQ(whole.error().where(), one_by_one.error().where());
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

void expect_same(const test::PackText& text, const std::string& body) {
  test::Loaded loaded;
  loaded.load(text);
  ASSERT_TRUE(loaded.pack) << loaded.mistake_list();
  Workspace workspace, other;
  expect_same(*loaded.pack, body, workspace, other);
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

/// Entries of the document that were held for the last delivery.
std::size_t entries_held(Workspace& workspace) { return workspace.state().stages.layers.front().document.tape().size(); }

std::string many_rows(int rows) {
  std::string body = "<d><n>" + std::to_string(rows) + "</n>";
  for (int i = 0; i < rows; ++i) body += "<row><no>C" + std::to_string(i) + "</no><name>a &amp; b</name><cl><mc>x</mc></cl></row>";
  return body + "</d>";
}

/// Whether a mapping's records were read apart.
bool reads_apart(const test::PackText& text) {
  test::Loaded loaded;
  loaded.load(text);
  EXPECT_TRUE(loaded.pack) << loaded.mistake_list();
  Workspace workspace;
  Collector sink;
  EXPECT_TRUE(run_each(*loaded.pack, test::delivery(many_rows(100)), test::environment(), workspace, sink));
  EXPECT_EQ(sink.records.size(), 100u);
  return entries_held(workspace) < 120;
}

TEST(RecordSink, documents_are_held_without_their_records_where_rules_stay_inside_them) {
  EXPECT_TRUE(reads_apart(text_of("")));
  EXPECT_TRUE(reads_apart(text_of(", when: 'no != \"C1000\"'")));
  test::PackText outer = text_of("");
  outer.rules += "  title: {maybe: 'outer:n'}\n";
  EXPECT_TRUE(reads_apart(outer));
}

TEST(RecordSink, documents_are_held_whole_where_something_looks_into_records_from_outside) {
  EXPECT_FALSE(reads_apart(text_of(", order: {by: no}")));
  EXPECT_FALSE(reads_apart(text_of(", group_by: [no], differ: hold")));
  test::PackText first = text_of("");
  first.rules += "  title: {maybe: 'outer:row[1]/no'}\n";
  EXPECT_FALSE(reads_apart(first));
  test::PackText counted = text_of("", "  - {id: c, level: delivery, that: 'count(row) == 100', text: {en: a, zh: b}, on_fail: report}\n");
  EXPECT_FALSE(reads_apart(counted));
}

/// A document from a seed: rows with everything that may stand in one, between other things.
std::string document_from(std::mt19937_64& random) {
  const auto one_of = [&random](std::initializer_list<const char*> list) { return std::string(*(list.begin() + random() % list.size())); };
  const auto leaf = [&] {
    return one_of({"<no>C%</no>", "<no>C%</no>", "<no>C%</no>", "<no/>", "<name>n &amp; %</name>", "<name><![CDATA[<%>]]></name>", "<name a='%'>x</name>", "<name>\n x \n</name>",
                   "<name xmlns:i='http://www.w3.org/2001/XMLSchema-instance' i:nil='true'/>", "<id>100000212001156444</id>", "<id>1%</id>", "<id>2&#13;</id>", "<cl><mc>m%</mc></cl>", "<cl/>",
                   "<cl><mc>a</mc><mc>b</mc></cl>", "<odd>%</odd>", "<odd><deep o='1'>%</deep></odd>", "<!-- % -->", "<name>a<!-- c -->b</name>", "text", "<q:no xmlns:q='urn:q'>%</q:no>"});
  };
  const auto filled = [&random](std::string text) {
    for (std::size_t at = text.find('%'); at != std::string::npos; at = text.find('%', at)) text.replace(at, 1, std::to_string(random() % 100));
    return text;
  };
  std::string body = one_of({"<d>", "<d xmlns='urn:d'>", "<d a='1'>"});
  for (std::size_t i = random() % 12; i > 0; --i) {
    const std::size_t kind = random() % 8;
    if (kind == 0) {
      body += filled(one_of({"<n>%</n>", "<n/>", "<foot>%</foot>", "<group><row><no>%</no></row></group>", "\n  ", "<row/>", "<row>text</row>", "<!-- c -->"}));
      continue;
    }
    body += one_of({"<row>", "<row k='1'>", "<row xmlns='urn:r'>"});
    for (std::size_t leaves = random() % 6; leaves > 0; --leaves) body += filled(leaf());
    body += "</row>" + one_of({"", "\n", "\r\n"});
  }
  body += "</d>";
  if (random() % 10 == 0) body.resize(random() % body.size());
  return body;
}

/// The two roads of a delivery, whole and with its records apart.
TEST(RecordSink, deliveries_from_a_seed_give_the_same_on_both_roads) {
  const std::uint64_t seed = 20261130;
  std::mt19937_64 random(seed);
  std::vector<test::PackText> texts = {text_of(""), text_of(", when: 'present(no)'"),
                                       text_of("", "  - {id: total, level: delivery, that: 'number(n) == number(meta:records)', text: {en: a, zh: b}, on_fail: hold}\n")};
  texts.front().rules += "  title: {maybe: 'outer:n'}\n";
  texts[1].tail = "records: {each: group/row}\n";
  for (const test::PackText& text : texts) {
    test::Loaded loaded;
    loaded.load(text);
    ASSERT_TRUE(loaded.pack) << loaded.mistake_list();
    // As in a bridge, one memory for all of them.
    Workspace workspace, other;
    for (int i = 0; i < 400 && !HasFailure(); ++i) {
      SCOPED_TRACE("seed " + std::to_string(seed) + " document " + std::to_string(i));
      expect_same(*loaded.pack, document_from(random), workspace, other);
    }
  }
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
