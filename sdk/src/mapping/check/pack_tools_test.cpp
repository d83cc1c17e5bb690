#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

#include "mapping/steps.hpp"
#include "mapping/test_support.hpp"
#include "tongqu/mapping/pack_tools.hpp"
#include "tongqu/wire/json.hpp"
#include "tongqu/wire/yaml.hpp"

namespace tongqu::mapping {
namespace {

TEST(PackTools, every_step_has_its_section_with_both_languages_and_an_example) {
  const std::string page = steps_markdown();
  for (const detail::StepRow& row : detail::step_registry()) {
    SCOPED_TRACE(row.name);
    EXPECT_NE(page.find("\n## " + std::string(row.name) + "\n"), std::string::npos);
    const detail::StepDoc& note = row.doc;
    EXPECT_FALSE(note.en.empty());
    EXPECT_FALSE(note.zh.empty());
    EXPECT_FALSE(note.example.empty());
    EXPECT_NE(steps_text().find(std::string(row.name) + " "), std::string::npos);
  }
}

/// Whether the last step of an example gives what a text field takes.
bool ends_in_text(std::string_view example) {
  const auto root = wire::parse_yaml("via: " + std::string(example));
  if (!root || root->find("via")->items.empty()) return false;
  const wire::YamlNode& last = root->find("via")->items.back();
  const std::string& name = last.is_scalar() ? last.text : last.members.back().first.text;
  using T = detail::ValueType;
  for (const detail::StepRow& row : detail::step_registry()) {
    if (row.name == name) return row.gives == T::text || row.gives == T::integer || row.gives == T::decimal;
  }
  return false;
}

/// Runs the example of a step as an author would use it: in a rule of a pack, over a message.
TEST(PackTools, every_example_that_ends_in_text_works_in_a_rule) {
  std::size_t tried = 0;
  for (const detail::StepRow& row : detail::step_registry()) {
    const detail::StepDoc& note = row.doc;
    const std::string_view input = note.input;
    if (note.output.empty() || !ends_in_text(note.example) || input.find_first_of("<>&\n") != std::string_view::npos) continue;
    SCOPED_TRACE(row.name);
    test::PackText text;
    text.rules = "  task_name: {maybe: name, via: " + std::string(note.example) + ", on_fail: reject}\n";
    const MappedRecord record = test::map_one(text, "<bj><no>C1</no><name>" + std::string(input) + "</name></bj>");
    const auto json = wire::parse_json(record.canonical);
    ASSERT_TRUE(json);
    const wire::Node value = json->root().child("task_name");
    ASSERT_TRUE(value);
    EXPECT_EQ(value.raw_text(), note.output);
    ++tried;
  }
  EXPECT_GE(tried, 10u);
}

TEST(PackTools, every_step_and_field_stands_in_the_schema_of_sources) {
  const std::string text = pack_schema(SchemaKind::source);  // A document points into its text.
  const auto schema = wire::parse_json(text);
  ASSERT_TRUE(schema);
  const wire::Node type = schema->root().child("$defs").child("type").child("properties");
  for (const detail::StepRow& row : detail::step_registry()) EXPECT_TRUE(type.child(row.name)) << row.name;
  for (const char* kind : {"case", "person", "service_item"}) EXPECT_TRUE(schema->root().child("$defs").child(kind)) << kind;
  EXPECT_TRUE(wire::parse_json(pack_schema(SchemaKind::pack)));
  EXPECT_TRUE(wire::parse_json(pack_schema(SchemaKind::target)));
}

struct TablePack {
  test::TempFolder folder;
  TablePack() {
    test::PackText text;
    text.tables = "  kind: {inline: {\"1\": person, \"2\": organisation}, system: t.kind, model: applicant_type, unknown: hold}\n";
    text.rules = "  task_name: {maybe: name, via: [{strip: \"<*>\"}]}\n  applicant:\n    when: 'lx == \"SL\"'\n    type: {from: dxlx, table: kind, on_fail: {missing: drop}}\n";
    folder.write("pack.yaml", text.pack());
    folder.write("mappings/case.yaml", text.mapping());
  }
};

TEST(PackTools, the_field_table_says_what_an_office_signs) {
  const TablePack pack;
  const auto html = field_table(pack.folder.path(), {}, TableForm::html);
  ASSERT_TRUE(html) << describe(html.error());
  Findings mistakes;
  const auto loaded = Pack::load(pack.folder.path(), {}, mistakes);
  ASSERT_TRUE(loaded);
  for (const std::string& text : {(*loaded)->info().digest, std::string("applicant.type"), std::string("lx == &quot;SL&quot;"), std::string("缺失 missing：舍弃 drop"),
                                  std::string("未知代码 unknown：暂存待人工 hold"), std::string("业务单位 Office"), std::string("strip &lt;*&gt;"), std::string("代码表 Table kind")}) {
    EXPECT_NE(html->find(text), std::string::npos) << text;
  }
  EXPECT_EQ(html->find("<*>"), std::string::npos);
  const auto markdown = field_table(pack.folder.path(), {}, TableForm::markdown);
  ASSERT_TRUE(markdown);
  EXPECT_NE(markdown->find("strip \\<\\*\\>"), std::string::npos);
  EXPECT_NE(markdown->find("| applicant.type |"), std::string::npos) << *markdown;
}

TEST(PackTools, a_pack_with_mistakes_has_no_field_table) {
  const TablePack pack;
  pack.folder.write("pack.yaml", "pack: x\n");
  const auto html = field_table(pack.folder.path(), {}, TableForm::html);
  ASSERT_FALSE(html);
  EXPECT_EQ(html.error().id(), "mapping.pack_invalid");
}

} // namespace
} // namespace tongqu::mapping
