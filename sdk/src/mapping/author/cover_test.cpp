#include <algorithm>

#include "mapping/test_support.hpp"
#include "tongqu/mapping/author.hpp"

namespace tongqu::mapping::author {
namespace {

using test::TempFolder;

const CoverItem* item(const CoverReport& report, std::string_view group, std::string_view name) {
  for (const CoverGroup& one : report.groups) {
    if (one.name != group) continue;
    for (const CoverItem& found : one.items) {
      if (found.name == name) return &found;
    }
  }
  return nullptr;
}

TEST(Cover, counts_rules_sources_rows_and_policies_that_the_samples_reach) {
  TempFolder folder;
  folder.write("pack.yaml", "pack: t\nsystem: t\nversion: \"1\"\nmappings:\n  - file: m.yaml\n");
  folder.write("m.yaml", R"(mapping: t.m
to: case@1
source:
  - xml: {root: bj}
tables:
  st: {inline: {"1": immediate, "2": promised}, system: t.st, model: project_type, unknown: hold}
identity: {organisation: {const: O}, item: {const: I}, case: {from: no, on_fail: reject}, event: {const: E}}
event: {const: accept}
rules:
  case_no: {from: no, on_fail: {check: report, default: reject}}
  project_type: {maybe: lx, table: st}
  title: {maybe: bt}
  task_name: {from: name, on_fail: hold}
  received_materials:
    each: cl
    rules: {name: {from: mc, on_fail: hold}}
tests:
  - {in: 1.in.xml}
  - {in: 2.in.xml}
)");
  folder.write("1.in.xml", "<bj><no>C1</no><lx>2</lx><name>x</name><cl><mc>a</mc></cl><cl><mc>b</mc></cl><zz>9</zz></bj>");
  folder.write("2.in.xml", "<bj><no>C1</no><lx>9</lx></bj>");
  Environment env;
  env.reference_date = *model::Time::parse("2150-01-01");
  const auto report = cover({folder.path(), {}}, env);
  ASSERT_TRUE(report) << describe(report.error());
  EXPECT_EQ(report->tests, 2u);
  EXPECT_EQ(item(*report, "rules", "case_no")->hits, 2u);
  EXPECT_EQ(item(*report, "rules", "case_no")->line, 10u);
  EXPECT_EQ(item(*report, "rules", "title")->hits, 0u);
  EXPECT_EQ(item(*report, "rules", "received_materials")->hits, 2u);
  EXPECT_EQ(item(*report, "rules", "received_materials.name")->hits, 2u);
  EXPECT_EQ(item(*report, "sources", "bt for title")->hits, 0u);
  EXPECT_EQ(item(*report, "sources", "lx for project_type")->hits, 2u);
  EXPECT_EQ(item(*report, "rows", "st[1]")->hits, 0u);
  EXPECT_EQ(item(*report, "rows", "st[2]")->hits, 1u);
  EXPECT_EQ(item(*report, "policies", "table st unknown: hold")->hits, 1u);
  EXPECT_EQ(item(*report, "policies", "task_name on_fail: hold")->hits, 1u);
  EXPECT_EQ(item(*report, "policies", "case_no on_fail: {check: report}")->hits, 0u);
  ASSERT_EQ(report->unused.size(), 1u);
  EXPECT_EQ(report->unused[0].name, "body/bj/zz");
  EXPECT_EQ(report->unused[0].hits, 1u);
}

/// Two columns make one code; the catalogue beside the samples is the one of the tests; a field that a table reads by `value` counts too.
TEST(Cover, counts_rows_of_several_columns_and_knows_the_catalogue_of_the_samples) {
  TempFolder folder;
  folder.write("pack.yaml", "pack: t\nsystem: t\nversion: \"1\"\nmappings:\n  - file: m.yaml\n");
  folder.write("m.yaml", R"(mapping: t.m
to: case@1
source:
  - xml: {root: bj}
tables:
  r: {file: r.csv, columns: {code: [大类, 小类], name: 规范名}, system: t.r, model: project_type, unknown: hold}
identity: {organisation: {const: O}, item: {const: I}, case: {from: no, on_fail: reject}, event: {const: E}}
event: {const: accept}
rules:
  case_no: {from: no, on_fail: reject}
  task_name: {value: 'lookup("item", sx, "name")', on_fail: hold}
  project_type: {value: 'concat(a, "|", b)', table: r, on_fail: hold}
tests: [{in: 1.in.xml}]
)");
  folder.write("r.csv", "大类,小类,规范名\n1,01,immediate\n1,02,promised\n");
  folder.write("samples/lookup/item.csv", "code,name\nS1,取水许可\n");
  folder.write("1.in.xml", "<bj><no>C1</no><sx>S1</sx><a>1</a><b>02</b></bj>");
  Environment env;
  env.reference_date = *model::Time::parse("2150-01-01");
  const auto report = cover({folder.path(), {}}, env);
  ASSERT_TRUE(report) << describe(report.error());
  EXPECT_EQ(item(*report, "rules", "task_name")->hits, 1u);
  ASSERT_NE(item(*report, "rows", "r[1|01]"), nullptr);
  EXPECT_EQ(item(*report, "rows", "r[1|01]")->hits, 0u);
  EXPECT_EQ(item(*report, "rows", "r[1|02]")->hits, 1u);
}

/// What an overlay says itself is counted by its own tests.
TEST(Cover, an_overlay_is_counted_by_what_it_changes) {
  TempFolder folder;
  folder.write("t/pack.yaml", "pack: t\nsystem: t\nversion: \"1\"\nmappings:\n  - file: m.yaml\n");
  folder.write("t/m.yaml", R"(mapping: t.m
to: case@1
source:
  - xml: {root: bj}
tables:
  st: {inline: {"1": immediate}, system: t.st, model: project_type, unknown: hold}
identity: {organisation: {const: O}, item: {const: I}, case: {from: no, on_fail: reject}, event: {const: E}}
event: {const: accept}
rules:
  case_no: {from: no, on_fail: reject}
  project_type: {maybe: lx, table: st}
)");
  Findings mistakes;
  const auto base = Pack::load(folder.path() + "/t", {}, mistakes);
  ASSERT_TRUE(base);
  folder.write("o/pack.yaml", "pack: o\nsystem: o\nversion: \"1\"\nextends: {pack: t, digest: \"" + (*base)->info().digest + "\"}\nchanges:\n  t.m:\n    tables: {st: {rows: {\"1\": none, \"2\": promised, \"3\": other}}}\n"
                              "    rules:\n      title: {maybe: bt}\n      remark: {maybe: bz}\ntests: [{in: 1.in.xml}]\n");
  folder.write("o/1.in.xml", "<bj><no>C1</no><bt>x</bt><lx>2</lx></bj>");
  Environment env;
  env.reference_date = *model::Time::parse("2150-01-01");
  const auto report = cover({folder.path() + "/o", {}}, env);
  ASSERT_TRUE(report) << describe(report.error());
  EXPECT_EQ(report->tests, 1u);
  ASSERT_NE(item(*report, "rules", "title"), nullptr);
  EXPECT_EQ(item(*report, "rules", "title")->hits, 1u);
  EXPECT_EQ(item(*report, "rules", "title")->line, 9u);
  EXPECT_EQ(item(*report, "rules", "remark")->hits, 0u);
  EXPECT_EQ(item(*report, "rows", "st[2]")->hits, 1u);
  EXPECT_EQ(item(*report, "rows", "st[3]")->hits, 0u);
  EXPECT_EQ(item(*report, "rows", "st[1]"), nullptr) << "taken away, so there is nothing to reach";
}

} // namespace
} // namespace tongqu::mapping::author
