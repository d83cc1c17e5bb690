#include "tongqu/wire/spreadsheet.hpp"

#include <gtest/gtest.h>

#include "wire/spreadsheet/sheet_grid.hpp"
#include "wire/spreadsheet/test_workbooks.hpp"

namespace tongqu::wire::test {
namespace {

std::string read(const std::string& bytes, const TableShape& shape = {}, const SpreadsheetOptions& options = {}) {
  Grid grid;
  Findings findings;
  const auto done = read_spreadsheet(grid, bytes, options, {}, findings);
  if (!done) return std::string(done.error().id()) + " " + done.error().detail() + " " + done.error().where();
  Document document;
  const auto table = shape_table(document, grid, shape, {}, nullptr, findings);
  if (!table) return std::string(table.error().id()) + " " + table.error().where();
  std::string all;
  for (Node row = document.root().first_child(); row; row = row.next()) {
    for (Node cell = row.first_child(); cell; cell = cell.next()) all += std::string(cell.name()) + "=" + std::string(cell.raw_text()) + (cell.next() ? " " : "");
    all += "@" + row.first_child().position() + ";";
  }
  for (const Finding& finding : findings) all += " " + std::string(errc_row(finding.id).id) + "@" + std::to_string(finding.source.line) + ":" + std::to_string(finding.source.column);
  return all;
}
std::string file(std::string_view base64) { return *from_base64(base64); }

TEST(Xlsx, merged_headers_shared_rich_and_inline_text) {
  TableShape shape;
  shape.header_rows = {1, 2};
  shape.fill_down = {"编码"};
  shape.skip_first = {"合计"};
  EXPECT_EQ(read(file(kItems), shape), "编码=C1 材料.名称=申请书 材料.形式=纸质@3:1;编码=C1 材料.名称=A&B\nC 材料.形式=2@4:1; wire.table_filled_down@4:1 wire.table_row_skipped@6:1");
}

TEST(Xlsx, serial_dates_in_both_systems_and_lost_digits) {
  EXPECT_EQ(read(file(kDates)),
            "a=2024-01-05 b=2024-01-05 12:00:00 c=60 d=1900-02-28 e=0.3 f=9007199254740992 g=4.40112E+17 h=1900-03-01@2:1;a=#N/A b=TRUE c=45296 d=-1 e=0.001@3:1;"
            " wire.cell_date@2:3 wire.cell_inexact@2:5 wire.cell_inexact@2:6 wire.cell_inexact@2:7 wire.cell_error@3:1 wire.cell_date@3:4 wire.cell_inexact@3:5");
  EXPECT_EQ(read(file(kDates1904)).substr(0, 68), "a=2028-01-06 b=2028-01-06 12:00:00 c=1904-03-01 d=1904-02-29 e=0.3 f");
}

TEST(Xlsx, sheets_are_found_by_name_and_broken_files_refused) {
  SpreadsheetOptions options;
  options.sheet = "没有";
  EXPECT_EQ(read(file(kItems), {}, options), "wire.spreadsheet_sheet 没有 ");
  EXPECT_EQ(read(file(kBadShared)), "wire.spreadsheet_invalid shared string 1:1");
  EXPECT_EQ(read(file(kBadReference)), "wire.spreadsheet_invalid cell reference 1:1");
  const std::string good = file(kItems);
  EXPECT_EQ(read(good.substr(0, good.size() - 1)).substr(0, 16), "wire.zip_invalid");
  EXPECT_EQ(read("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"), "wire.spreadsheet_binary  ");
  EXPECT_EQ(read("a,b\n"), "wire.spreadsheet_invalid neither .xlsx nor a table saved as XML or HTML ");
}

TEST(Formats, dates_are_told_by_their_format) {
  const auto is = [](std::string_view code) {
    const detail::NumberFormat format = detail::number_format(170, code);
    return std::string(format.date ? "d" : "") + (format.time ? "t" : "");
  };
  EXPECT_EQ(is("yyyy-mm-dd"), "d");
  EXPECT_EQ(is("yyyy/m/d h:mm"), "dt");
  EXPECT_EQ(is("[h]:mm:ss"), "t");
  EXPECT_EQ(is("mm:ss"), "t");
  EXPECT_EQ(is("m\"月\""), "d");
  EXPECT_EQ(is("0.00\"days\""), "");
  EXPECT_EQ(is("[Red]0.00;\\d0"), "");
  EXPECT_EQ(is("General"), "");
  EXPECT_TRUE(detail::number_format(31, "").date);
  EXPECT_FALSE(detail::number_format(9, "").date);
}

TEST(Xml2003, cells_with_indexes_merges_and_types) {
  const std::string head = "<?xml version='1.0'?><?mso-application progid='Excel.Sheet'?><Workbook xmlns='urn:schemas-microsoft-com:office:spreadsheet' "
                           "xmlns:ss='urn:schemas-microsoft-com:office:spreadsheet'><Worksheet ss:Name='s'><Table>";
  const std::string body = "<Row><Cell ss:MergeAcross='1'><Data ss:Type='String'>m</Data></Cell><Cell><Data ss:Type='String'>d</Data></Cell></Row>"
                           "<Row><Cell><Data ss:Type='String'>a</Data></Cell><Cell><Data ss:Type='String'>b</Data></Cell></Row>"
                           "<Row ss:Index='4'><Cell><Data ss:Type='Number'>1</Data></Cell><Cell ss:Index='3'><Data ss:Type='DateTime'>2149-01-05T00:00:00.000</Data></Cell></Row>";
  TableShape shape;
  shape.header_rows = {1, 2};
  EXPECT_EQ(read(head + body + "</Table></Worksheet></Workbook>", shape), "m.a=1 d=2149-01-05@4:1;");
  EXPECT_EQ(read(head + body, shape).substr(0, 15), "wire.xml_not_wf");
  EXPECT_EQ(read(head + "<Row ss:Index='3'/><Row ss:Index='2'><Cell><Data>1</Data></Cell></Row><Row ss:Index='1'><Cell><Data>1</Data></Cell></Row></Table></Worksheet></Workbook>"),
            "wire.spreadsheet_invalid rows out of order 1:1");
}

TEST(Html, tables_of_report_servers) {
  const std::string table = "<html><head><style>td{x:\"<table>\"}</style></head><body><table border=1>\n<tr><th rowspan=2>编码</th><th colspan='2'>材料</th></tr><tr><td>名称</td><td>形式</td></tr>"
                            "<tr><td>C1</td><td>申&nbsp;请 \n 书<br>二</td><td>&#x7EB8;&lt;&amp;</td></tr></table></body></html>";
  TableShape shape;
  shape.header_rows = {1, 2};
  EXPECT_EQ(read(table, shape), "编码=C1 材料.名称=申\xC2\xA0请 书\n二 材料.形式=纸<&@3:1;");
  SpreadsheetOptions gbk;
  gbk.html = Encoding::gb18030;
  EXPECT_EQ(read("<table><tr><td>a</td></tr><tr><td>\xBC\xD7</td></tr></table>", {}, gbk), "a=甲@2:1;");
  EXPECT_EQ(read("<table><tr><td>a</td></tr><tr><td>\xBC\xD7</td></tr></table>").substr(0, 21), "wire.encoding_invalid");
}

TEST(Html, what_browsers_mend_is_read_and_said) {
  EXPECT_EQ(read("<table><tr><td>a<td>b<tr><td>1<td>x & y < 3</table>"), "a=1 b=x & y < 3@2:1; wire.html_repaired@0:0");
  EXPECT_EQ(read("<table><tr><td>a</td></tr><tr><td>1</td>"), "wire.spreadsheet_invalid table not closed offset 40");
  EXPECT_EQ(read("<table><tr><td>a</td></tr><tr><td><table></table></td></tr></table>").substr(0, 43), "wire.spreadsheet_invalid table inside a tab");
  EXPECT_EQ(read("<table><tr><td>a</td></tr></table><table><tr><td>b</td></tr></table>").substr(0, 34), "wire.spreadsheet_sheet two tables ");
  EXPECT_EQ(read("<html><p>login</p></html>"), "wire.spreadsheet_sheet no table ");
}

} // namespace
} // namespace tongqu::wire::test
