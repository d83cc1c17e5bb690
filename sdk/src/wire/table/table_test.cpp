#include "tongqu/wire/table.hpp"

#include <gtest/gtest.h>

namespace tongqu::wire {
namespace {

/// Rows as "name=text name=text;", then the ids of the findings with their lines.
std::string shaped(Grid& grid, const TableShape& shape, Findings& findings) {
  Document document;
  const auto done = shape_table(document, grid, shape, {}, nullptr, findings);
  if (!done) return std::string(done.error().id()) + " " + done.error().where();
  std::string all;
  EXPECT_EQ(document.root().name(), "rows");
  for (Node row = document.root().first_child(); row; row = row.next()) {
    for (Node cell = row.first_child(); cell; cell = cell.next()) all += std::string(cell.name()) + "=" + std::string(cell.raw_text()) + (cell.next() ? " " : "");
    all += ";";
  }
  for (const Finding& finding : findings) all += " " + std::string(errc_row(finding.id).id) + "@" + std::to_string(finding.source.line);
  return all;
}
std::string csv(std::string_view text, const TableShape& shape = {}, const CsvOptions& options = {}) {
  Grid grid;
  Findings findings;
  const auto read = read_csv(grid, text, options, {});
  return read ? shaped(grid, shape, findings) : std::string(read.error().id()) + " " + read.error().where();
}

TEST(Csv, quotes_line_ends_and_separators) {
  EXPECT_EQ(csv("a,b\n1,2\r\n3,4"), "a=1 b=2;a=3 b=4;");
  EXPECT_EQ(csv("a,b\n\"x,\"\"y\"\"\nz\",2\n"), "a=x,\"y\"\nz b=2;");
  EXPECT_EQ(csv("a;b\n1,5;\"\"\n", {}, {';', '"', false}), "a=1,5 b=;");
  EXPECT_EQ(csv("a\tb\n\"1\t2\n", {}, {'\t', '\0', false}), "a=\"1 b=2;");
  EXPECT_EQ(csv("a,b\n5\" pipe,2\n", {}, {',', '"', true}), "a=5\" pipe b=2;");
}

TEST(Csv, broken_text_has_its_place) {
  EXPECT_EQ(csv("a,b\n1,\"2\n3,4"), "wire.table_syntax 2:3");
  EXPECT_EQ(csv("a,b\n1,\"2\"x\n"), "wire.table_syntax 2:6");
  EXPECT_EQ(csv("a,b\n5\" pipe,2\n"), "wire.table_syntax 2:2");
  EXPECT_EQ(csv(std::string_view("a,b\n1,\0\n", 8)), "wire.table_syntax 2:3");
  EXPECT_EQ(csv(""), "wire.table_header 1:1");
  EXPECT_EQ(csv(",,\n1,2,3\n"), "wire.table_header 1:1");
}

TEST(Csv, limits_hold) {
  Grid grid;
  Limits limits;
  limits.children_max = 2;
  EXPECT_TRUE(read_csv(grid, "a\n1\n", {}, limits));
  EXPECT_EQ(read_csv(grid, "a\n1\n2\n", {}, limits).error().where(), "3:1");
  limits.text_bytes_max = 3;
  EXPECT_EQ(read_csv(grid, "a\n1234\n", {}, limits).error().id(), "wire.table_limit");
  EXPECT_EQ(read_csv(grid, std::string(2000, ','), {}, {}).error().where(), "1:1025");
}

TEST(Shape, header_names_become_names_of_paths) {
  EXPECT_EQ(csv("事项 编码,\"材料\n名称\",a/b,\n1,2,3,4\n", {}), "wire.table_ragged 3:1");
  TableShape shape;
  shape.ragged = TableShape::Ragged::report;
  EXPECT_EQ(csv("事项　编码,\"材料\n名称\",a/b,\n1,2,3,4\n", shape), "事项编码=1 材料名称=2 a_b=3 column4=4; wire.table_ragged@3");
}

TEST(Shape, two_header_rows_join_and_rows_before_are_none) {
  TableShape shape;
  shape.header_rows = {2, 3};
  EXPECT_EQ(csv("Title,,\nno,m,m\n,name,form\n1,x,y\n", shape), "no=1 m.name=x m.form=y;");
  shape.header_rows = {9};
  EXPECT_EQ(csv("a\n1\n", shape), "wire.table_header 1:1");
}

TEST(Shape, totals_and_blank_rows_are_skipped_and_said) {
  TableShape shape;
  shape.skip_first = {"小计", "合计*"};
  EXPECT_EQ(csv("a,b\n1,2\n小计,2\n　,\n,合计（元）\n小计一,3\n", shape), "a=1 b=2;a=小计一 b=3; wire.table_row_skipped@3 wire.table_row_skipped@4 wire.table_row_skipped@5");
}

TEST(Shape, fill_down_takes_the_value_above) {
  TableShape shape;
  shape.fill_down = {"a"};
  EXPECT_EQ(csv("a,b\n1,x\n,y\n2,\n　,z\n", shape), "a=1 b=x;a=1 b=y;a=2 b=;a=2 b=z; wire.table_filled_down@3 wire.table_filled_down@5");
  shape.fill_down = {"c"};
  EXPECT_EQ(csv("a,b\n1,x\n", shape), "wire.table_header 1:1");
}

TEST(Shape, ragged_rows_are_refused_or_reported) {
  EXPECT_EQ(csv("a,b\n1\n"), "wire.table_ragged 2:1");
  EXPECT_EQ(csv("a,b\n1,2,3\n"), "wire.table_ragged 2:1");
  EXPECT_EQ(csv("a,b\n1,2,\n"), "a=1 b=2;");
  TableShape shape;
  shape.ragged = TableShape::Ragged::report;
  EXPECT_EQ(csv("a,b\n1\n1,2,3\n", shape), "a=1;a=1 b=2 column3=3; wire.table_ragged@2 wire.table_ragged@3");
}

TEST(Shape, cells_keep_their_place_in_the_text) {
  Grid grid;
  Findings findings;
  Document document;
  ASSERT_TRUE(read_csv(grid, "a,b\n1,\"x\ny\"\n2,z\n", {}, {}));
  ASSERT_TRUE(shape_table(document, grid, {}, {}, nullptr, findings));
  EXPECT_EQ(document.root().first_child().child("b").position(), "2:3");
  EXPECT_EQ(document.root().first_child().next().child("b").position(), "4:3");
  EXPECT_EQ(document.root().first_child().next().child("b").path(), "/rows/row[2]/b");
}

std::string fixed(std::string_view bytes, FixedOptions options) {
  Grid grid;
  Findings findings;
  TableShape shape;
  shape.header_rows.clear();
  for (const auto& field : options.fields) shape.columns.push_back(field.name);
  const auto read = read_fixed(grid, bytes, options, {}, findings);
  return read ? shaped(grid, shape, findings) : std::string(read.error().id()) + " " + read.error().where();
}
FixedOptions two_fields() {
  FixedOptions options;
  options.fields = {{"no", 3}, {"name", 6}};
  return options;
}

TEST(Fixed, widths_are_bytes_of_the_encoding) {
  EXPECT_EQ(fixed("C1 \xBC\xD7\xBE\xD6  \nC2 \xD2\xD2" "ab  \r\n", two_fields()), "no=C1 name=甲局;no=C2 name=乙ab;");
  FixedOptions joined = two_fields();
  joined.lines = false;
  EXPECT_EQ(fixed("C1 \xBC\xD7\xBE\xD6  C2 \xD2\xD2" "ab  ", joined), "no=C1 name=甲局;no=C2 name=乙ab;");
}

TEST(Fixed, wrong_widths_have_record_and_byte) {
  EXPECT_EQ(fixed("C1 abcdef\nC2 abcdefg\n", two_fields()), "wire.table_syntax 2:10");
  EXPECT_EQ(fixed("C1 abcdef\nC2 ab\n", two_fields()), "wire.table_syntax 2:6");
  FixedOptions options = two_fields();
  options.short_allowed = true;
  EXPECT_EQ(fixed("C2 ab\n", options), "no=C2 name=ab;");
}

/// A header, cases with their materials, and a trailer, each as wide as it is: "KIND(name=text …);".
std::string kinds(std::string_view bytes, bool lines = true) {
  FixedOptions options;
  options.lines = lines;
  options.kinds = {{"H", {{"t", 1}, {"org", 4}}}, {"AA", {{"t", 2}, {"no", 3}, {"name", 4}}}, {"A", {{"t", 1}, {"no", 2}}}};
  TableShape shape;
  shape.header_rows.clear();
  shape.kinds = {{"HEAD", {"t", "org"}}, {"CASE", {"t", "no", "name"}}, {"OTHER", {"t", "no"}}};
  Grid grid;
  Findings findings;
  const auto read = read_fixed(grid, bytes, options, {}, findings);
  if (!read) return std::string(read.error().id()) + " " + read.error().where();
  Document document;
  if (const auto done = shape_table(document, grid, shape, {}, nullptr, findings); !done) return std::string(done.error().id());
  std::string all;
  for (Node row = document.root().first_child(); row; row = row.next()) {
    all += std::string(row.name()) + "@" + row.first_child().next().position() + "(";
    for (Node cell = row.first_child().next(); cell; cell = cell.next()) all += std::string(cell.name()) + "=" + std::string(cell.raw_text()) + (cell.next() ? " " : "");
    all += ");";
  }
  return all;
}

TEST(Fixed, records_of_several_kinds_have_fields_of_their_own) {
  const std::string all = "HEAD@1:2(org=O1);CASE@2:3(no=C1 name=甲局);OTHER@3:2(no=C2);";
  EXPECT_EQ(kinds("HO1  \r\nAAC1 \xBC\xD7\xBE\xD6\r\nAC2\r\n"), all);
  EXPECT_EQ(kinds("HO1  AAC1 \xBC\xD7\xBE\xD6" "AC2", false), all) << "the kind says where the record ends";
  EXPECT_EQ(kinds("HO1  \nXC2\n"), "wire.table_syntax 2:1") << "a record of no kind is not passed over";
  EXPECT_EQ(kinds("HO1  \nAAC1 x\n"), "wire.table_syntax 2:7");
  EXPECT_EQ(kinds("HO1  x\n"), "wire.table_syntax 1:6");
  EXPECT_EQ(kinds("HO1  XX", false), "wire.table_syntax 2:1");
  EXPECT_EQ(kinds("HO1  AAC", false), "wire.table_syntax 2:4");
}

TEST(Fixed, half_a_character_is_refused_or_left_out_with_a_finding) {
  const std::string cut = "C1 \xBC\xD7\xBE\xD6 \xB2\n";
  EXPECT_EQ(fixed(cut, two_fields()), "wire.encoding_invalid 1:4");
  FixedOptions options = two_fields();
  options.cut_dropped = true;
  EXPECT_EQ(fixed(cut, options), "no=C1 name=甲局; wire.table_cut_character@1");
  EXPECT_EQ(fixed("C1 \xB2 \xD7\xBE\xD6 \n", options), "wire.encoding_invalid 1:4");
}

} // namespace
} // namespace tongqu::wire
