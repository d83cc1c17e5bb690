#include "mapping/code_table.hpp"

#include "mapping/test_support.hpp"

namespace tongqu::mapping::test {
namespace {

using detail::CodeTable;

CodeTable::Row row(std::string code, std::string name, std::string label = "", std::vector<std::string> others = {}) {
  return {std::move(code), std::move(name), std::move(label), std::move(others), false};
}
std::string name_of(const CodeTable& table, std::string_view text) {
  const CodeTable::Row* found = table.find(text);
  return found == nullptr ? "none" : found->name;
}

TEST(CodeTable, finds_by_every_matched_column) {
  CodeTable table;
  table.match_label = true;
  table.other_columns = {"old"};
  EXPECT_TRUE(table.add(row("1", "window", "窗口", {"01"})));
  EXPECT_TRUE(table.add(row("2", "web", "网上", {""})));
  EXPECT_FALSE(table.add(row("2", "app")));
  EXPECT_TRUE(table.seal());
  EXPECT_EQ(name_of(table, "1"), "window");
  EXPECT_EQ(name_of(table, "网上"), "web");
  EXPECT_EQ(name_of(table, "01"), "window");
  EXPECT_EQ(name_of(table, ""), "none");
  EXPECT_EQ(name_of(table, "3"), "none");
}

TEST(CodeTable, one_text_may_not_lead_to_two_names) {
  CodeTable swapped;
  swapped.match_label = true;
  EXPECT_TRUE(swapped.add(row("1", "window", "2")));
  EXPECT_TRUE(swapped.add(row("2", "web", "1")));
  EXPECT_FALSE(swapped.seal());
  CodeTable same;
  same.match_label = true;
  EXPECT_TRUE(same.add(row("1", "window", "窗口")));
  EXPECT_TRUE(same.add(row("01", "window", "窗口")));
  EXPECT_TRUE(same.seal());
}

TEST(CodeTable, the_way_back_needs_one_code_or_a_preferred_one) {
  CodeTable table;
  EXPECT_TRUE(table.add(row("07", "closed")));
  EXPECT_TRUE(table.add(row("08", "closed")));
  EXPECT_TRUE(table.add(row("03", "in_review")));
  EXPECT_TRUE(table.seal());
  ASSERT_NE(table.back("in_review"), nullptr);
  EXPECT_EQ(table.back("in_review")->code, "03");
  EXPECT_EQ(table.back("closed"), nullptr);
  EXPECT_EQ(table.back("none"), nullptr);
  EXPECT_EQ(table.ambiguous_names(), std::vector<std::string_view>{"closed"});
  EXPECT_FALSE(table.prefer("closed", "03"));
  EXPECT_TRUE(table.prefer("closed", "08"));
  EXPECT_FALSE(table.prefer("closed", "07"));
  EXPECT_EQ(table.back("closed")->code, "08");
  EXPECT_TRUE(table.ambiguous_names().empty());
}

TEST(CodeTable, large_tables_stay_fast) {
  CodeTable table;
  for (int i = 0; i < 50000; ++i) ASSERT_TRUE(table.add(row(std::to_string(i), "n" + std::to_string(i))));
  EXPECT_TRUE(table.seal());
  EXPECT_EQ(name_of(table, "49999"), "n49999");
}

/// Mistakes of a pack whose table `t` is given, with its file; "line " before each.
std::string mistakes_of(const std::string& body, const std::string& csv = "") {
  Loaded loaded;
  PackText text;
  text.tables = "  t: " + body + "\n";
  text.rules = "  channel: {maybe: a, table: t}\n";
  if (!csv.empty()) loaded.folder.write("tables/t.csv", csv);
  loaded.load(text);
  std::string all;
  for (const Finding& finding : loaded.mistakes) all += std::string(errc_row(finding.id).id) + ":" + std::to_string(finding.source.line) + " ";
  return all;
}

TEST(TableSettings, files_with_headers_of_their_own) {
  const std::string head = "{file: tables/t.csv, model: channel, unknown: hold";
  EXPECT_EQ(mistakes_of(head + "}", "code,name,label,prefer\n0,window,窗口,\n1,web,网上,yes\n"), "");
  EXPECT_EQ(mistakes_of(head + "}", "code,name,old\n0,window,00\n"), "mapping.table_invalid:1 ");
  EXPECT_EQ(mistakes_of(head + ", match: [code, old]}", "code,name,old\n0,window,00\n"), "");
  EXPECT_EQ(mistakes_of(head + ", match: [code, older]}", "code,name,old\n0,window,00\n"), "mapping.table_invalid:1 mapping.table_invalid:1 ");
  EXPECT_EQ(mistakes_of(head + ", columns: {code: 代码, name: 规范名, label: 名称}}", "序号,代码,名称,规范名\n1,0,窗口,window\n"), "");
  EXPECT_EQ(mistakes_of(head + ", columns: {code: 编码, name: 规范名}}", "代码,规范名\n0,window\n"), "mapping.table_invalid:1 ");
  EXPECT_EQ(mistakes_of(head + "}", "code,name,code\n0,window,0\n"), "mapping.table_invalid:1 ");
  EXPECT_EQ(mistakes_of(head + "}", "code,name,prefer\n0,window,yes\n1,window,yes\n"), "mapping.table_invalid:3 ");
  EXPECT_EQ(mistakes_of(head + "}", "code,name,prefer\n0,window,no\n"), "mapping.table_invalid:2 ");
}

TEST(TableSettings, preferred_codes_and_versions) {
  const std::string inline_table = "{inline: {\"0\": window, \"00\": window}, model: channel, unknown: hold";
  EXPECT_EQ(mistakes_of(inline_table + ", prefer: {window: \"00\"}}"), "");
  EXPECT_NE(mistakes_of(inline_table + ", prefer: {window: \"1\"}}"), "");
  EXPECT_NE(mistakes_of(inline_table + ", prefer: {web: \"0\"}}"), "");
  EXPECT_EQ(mistakes_of(inline_table + ", system: test.ly, version: \"7\"}"), "");
  EXPECT_NE(mistakes_of(inline_table + ", version: \"7\"}"), "");
}

TEST(TableSettings, the_version_goes_with_the_code_that_was_sent) {
  PackText text;
  text.tables = "  t: {inline: {\"0\": window}, system: test.ly, version: \"7\", model: channel, unknown: hold}\n";
  text.rules = "  channel: {maybe: ly, table: t}\n";
  const MappedRecord record = map_one(text, "<bj><no>C1</no><ly>0</ly></bj>");
  EXPECT_NE(record.canonical.find("\"test.ly@7\""), std::string::npos) << record.canonical;
}

TEST(TableSettings, codes_of_several_columns_are_one_text) {
  Loaded loaded;
  PackText text;
  text.tables = "  t: {file: tables/t.csv, columns: {code: [lx, dm], name: n}, model: channel, unknown: hold}\n";
  text.rules = "  channel: {maybe: ly, table: t}\n";
  loaded.folder.write("tables/t.csv", "lx,dm,n\n1,0,window\n2,0,web\n");
  loaded.load(text);
  ASSERT_TRUE(loaded.pack) << loaded.mistake_list();
  Workspace workspace;
  const auto records = loaded.pack->run(delivery("<bj><no>C1</no><ly>2|0</ly></bj>"), environment(), workspace);
  ASSERT_TRUE(records);
  EXPECT_NE(records->front().canonical.find("\"web\""), std::string::npos);
}

} // namespace
} // namespace tongqu::mapping::test
