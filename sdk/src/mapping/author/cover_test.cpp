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

} // namespace
} // namespace tongqu::mapping::author
