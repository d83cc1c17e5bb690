#include "tongqu/wire/rows.hpp"

#include <gtest/gtest.h>

#include "tongqu/wire/json.hpp"

namespace tongqu::wire {
namespace {

char sign_of(NodeKind kind) {
  switch (kind) {
    case NodeKind::null: return '0';
    case NodeKind::number: return '#';
    case NodeKind::boolean: return '?';
    default: return '=';
  }
}

/// Rows as "T:name=text name#number;", then findings as "id@place"; the error instead when there is one.
std::string read(const std::string& json, const RowsOptions& options = {}, const Limits& limits = {}) {
  const auto input = parse_json(json);
  if (!input) return std::string(input.error().id());
  Document document;
  Findings findings;
  const auto done = read_rows(document, input->root(), options, limits, nullptr, findings);
  if (!done) return std::string(done.error().id()) + " " + done.error().where();
  std::string all;
  for (Node table = document.root().first_child(); table; table = table.next()) {
    all += std::string(table.name()) + ":";
    for (Node row = table.first_child(); row; row = row.next()) {
      for (Node cell = row.first_child(); cell; cell = cell.next()) {
        all += std::string(cell.name()) + sign_of(cell.kind()) + std::string(cell.raw_text()) + (cell.next() ? " " : "");
        EXPECT_EQ(cell.is_nil(), cell.kind() == NodeKind::null);
      }
      all += ";";
    }
  }
  for (const Finding& finding : findings) all += " " + std::string(errc_row(finding.id).id) + "@" + finding.source.path;
  return all;
}
std::string one(const std::string& type, const std::string& value) {
  const std::string all = read(R"({"tables": {"T": {"columns": {"A": ")" + type + R"("}, "rows": [[)" + value + "]]}}}");
  return all.substr(0, 3) == "T:A" ? all.substr(3) : all;
}

TEST(Rows, null_and_an_empty_text_and_no_column_are_three_things) {
  EXPECT_EQ(read(R"({"tables": {"T": {"columns": {"A": "text", "B": "text", "C": "integer"}, "rows": [["", null, 7], [" x ", "", null]]}, "EMPTY": {"columns": {"A": "text"}, "rows": []}}})"),
            "T:A= B0 C#7;A= x  B= C0;EMPTY:");
}

TEST(Rows, a_value_is_what_its_column_says) {
  EXPECT_EQ(one("text", R"("007")"), "=007;");
  EXPECT_EQ(one("integer", "12345678901234567890"), "#12345678901234567890;") << "digits stay as they are written";
  EXPECT_EQ(one("integer", R"("-42")"), "#-42;") << "drivers hand big numbers over as texts";
  EXPECT_EQ(one("decimal", R"(".50")"), "#.50;");
  EXPECT_EQ(one("decimal", "1.5e3"), "#1.5e3;");
  EXPECT_EQ(one("boolean", "true"), "?true;");
  EXPECT_EQ(one("boolean", "0"), "?false;");
  EXPECT_EQ(one("bytes", R"("AP8=")"), "=AP8=;");
  EXPECT_EQ(one("any", "1"), "#1;");
  EXPECT_EQ(one("any", R"("1")"), "=1;");
}

TEST(Rows, days_and_instants_of_all_drivers_read_alike) {
  EXPECT_EQ(one("time", R"("2149-06-01 09:00:00.0")"), "=2149-06-01 09:00:00;");
  EXPECT_EQ(one("time", R"("2149-06-01T09:00:00.120000")"), "=2149-06-01 09:00:00.12;");
  EXPECT_EQ(one("time", R"("2149-06-01T09:00:00+08:00")"), "=2149-06-01 09:00:00+08:00;");
  EXPECT_EQ(one("time", R"("2149-06-01T01:00:00Z")"), "=2149-06-01 01:00:00Z;");
  EXPECT_EQ(one("time", R"("2149-06-01 09:00")"), "=2149-06-01 09:00;") << "seconds that nobody said are not made up";
  EXPECT_EQ(one("date", R"("2152-02-29")"), "=2152-02-29;");
  EXPECT_EQ(one("date", R"("2149-06-01 00:00:00.0")"), "=2149-06-01;");
}

TEST(Rows, what_is_not_of_its_type_goes_on_as_it_stands_and_is_told) {
  const std::string told = " wire.rows_type@/T[1]/A";
  EXPECT_EQ(one("text", "7"), "#7;" + told);
  EXPECT_EQ(one("integer", "1.5"), "#1.5;" + told);
  EXPECT_EQ(one("integer", R"("")"), "=;" + told);
  EXPECT_EQ(one("decimal", R"("Inf")"), "=Inf;" + told);
  EXPECT_EQ(one("decimal", R"("1.2.3")"), "=1.2.3;" + told);
  EXPECT_EQ(one("boolean", "2"), "#2;" + told);
  EXPECT_EQ(one("date", R"("2149-02-29")"), "=2149-02-29;" + told) << "no leap year";
  EXPECT_EQ(one("date", R"("2149-06-01 09:00:00")"), "=2149-06-01 09:00:00;" + told) << "a clock is not cut off";
  EXPECT_EQ(one("time", R"("2149-06-01")"), "=2149-06-01;" + told) << "a day never becomes a midnight";
  EXPECT_EQ(one("time", R"("2149-06-01 24:00:00")"), "=2149-06-01 24:00:00;" + told);
  EXPECT_EQ(one("time", R"("2149/6/1 9:00")"), "=2149/6/1 9:00;" + told);
  EXPECT_EQ(one("time", R"("2149-06-01 09:00:00.")"), "=2149-06-01 09:00:00.;" + told);
  EXPECT_EQ(one("time", "1614900000"), "#1614900000;" + told);
  EXPECT_EQ(one("any", R"({"bytes": "YQ=="})"), "=YQ==;" + told);
}

TEST(Rows, a_place_is_table_key_and_column) {
  RowsOptions options;
  options.keys = {{"T", "ID"}};
  const auto at = [&options](const std::string& key) {
    return read(R"({"tables": {"T": {"columns": {"A": "integer", "ID": "any"}, "rows": [[1, 1], ["x", )" + key + "]]}}}", options).substr(17 + key.size());
  };
  EXPECT_NE(at("17").find("@/T[ID=17]/A"), std::string::npos) << at("17");
  EXPECT_NE(at("\"BJ-0017\"").find("@/T[ID=BJ-0017]/A"), std::string::npos);
  for (const std::string personal : {"\"100000210608090016\"", "100000210608090016", "\"10000021060809001X\"", "13900000000", "8613900000000", "\"139-0000-0000\"", "\"欧冶清\"", "null", "\"\"", "\"a b\""}) {
    EXPECT_NE(at(personal).find("@/T[2]/A"), std::string::npos) << personal << " " << at(personal);
  }
}

TEST(Rows, paths_of_findings_say_the_row) {
  const auto input = parse_json(R"({"tables": {"T": {"columns": {"ID": "integer", "A": "text"}, "rows": [[5, "x"], [7, "y"]]}}})");
  ASSERT_TRUE(input);
  RowsOptions options;
  options.keys = {{"T", "ID"}};
  Document document;
  Findings findings;
  ASSERT_TRUE(read_rows(document, input->root(), options, {}, nullptr, findings));
  const Node cell = document.root().child("T").first_child().next().child("A");
  EXPECT_EQ(cell.path(), "/T[ID=7]/A");
  PlaceMemory memory;
  memory.watch(&document);
  EXPECT_EQ(cell.path(memory), "/T[ID=7]/A");
  EXPECT_EQ(cell.position(), "1:85") << "and the byte where it stands";
  ASSERT_TRUE(read_rows(document, input->root(), {}, {}, nullptr, findings));
  EXPECT_EQ(document.root().child("T").first_child().next().child("A").path(), "/T[2]/A");
  const auto plain = parse_json(R"({"T": [{"A": 1}]})");
  EXPECT_EQ(plain->root().child("T").first_child().child("A").path(), "/T/0/A") << "other documents are called as before";
}

TEST(Rows, what_has_another_form_is_refused_with_its_place) {
  EXPECT_EQ(read("[]"), "wire.rows_invalid 1:1");
  EXPECT_EQ(read(R"({"tables": {}, "more": 1})"), "wire.rows_invalid 1:1");
  EXPECT_EQ(read(R"({"tables": {"T": [{"A": 1}]}})"), "wire.rows_invalid 1:13");
  EXPECT_EQ(read(R"({"tables": {"T": {"columns": {"A": "text"}}}})"), "wire.rows_invalid 1:13");
  EXPECT_EQ(read(R"({"tables": {"T": {"columns": {}, "rows": []}}})"), "wire.rows_invalid 1:19");
  EXPECT_EQ(read(R"({"tables": {"T": {"columns": {"A": "colour"}, "rows": []}}})"), "wire.rows_invalid 1:31");
  EXPECT_EQ(read(R"({"tables": {"T": {"columns": {"A b": "text", "Ab": "text"}, "rows": []}}})"), "wire.rows_invalid 1:46") << "both are called Ab";
  EXPECT_EQ(read(R"({"tables": {"T": {"columns": {"A": "text"}, "rows": [["x"], ["x", "y"]]}}})"), "wire.rows_invalid /T[2]");
  EXPECT_EQ(read(R"({"tables": {"T": {"columns": {"A": "text", "B": "text"}, "rows": [["x"]]}}})"), "wire.rows_invalid /T[1]") << "which value is missing nobody can say";
  EXPECT_EQ(read(R"({"tables": {"T": {"columns": {"A": "text"}, "rows": [[["x"]]]}}})"), "wire.rows_invalid /T[1]/A");
  EXPECT_EQ(read(R"({"tables": {"T": {"columns": {"A": "bytes"}, "rows": [["*"]]}}})"), "wire.rows_invalid /T[1]/A");
  EXPECT_EQ(read(R"({"tables": {"T": {"columns": {"A": "text"}, "rows": [[{"bytes": "/w=="}]]}}})"), "wire.encoding_invalid /T[1]/A") << "bytes are never called a text";
  RowsOptions options;
  options.keys = {{"T", "B"}};
  EXPECT_EQ(read(R"({"tables": {"T": {"columns": {"A": "text"}, "rows": []}}})", options), "wire.rows_invalid T.B");
}

TEST(Rows, limits_hold_at_the_last_that_fits) {
  const std::string two = R"({"tables": {"T": {"columns": {"A": "text", "B": "text"}, "rows": [["123", "1"], ["", ""]]}, "U": {"columns": {"A": "text"}, "rows": [["1"]]}}})";
  RowsOptions options;
  options.tables_max = 2, options.columns_max = 2, options.rows_max = 3, options.cell_bytes_max = 3;
  EXPECT_EQ(read(two, options), "T:A=123 B=1;A= B=;U:A=1;");
  const auto with = [&options, &two](std::size_t RowsOptions::*limit) {
    RowsOptions less = options;
    --(less.*limit);
    return read(two, less);
  };
  EXPECT_EQ(with(&RowsOptions::tables_max), "wire.rows_limit 1:93");
  EXPECT_EQ(with(&RowsOptions::columns_max), "wire.rows_limit 1:44");
  EXPECT_EQ(with(&RowsOptions::rows_max), "wire.rows_limit 1:134");
  EXPECT_EQ(with(&RowsOptions::cell_bytes_max), "wire.rows_limit /T[1]/A");
  Limits limits;
  limits.nodes_max = 8;
  EXPECT_EQ(read(two, options, limits).substr(0, 19), "wire.document_limit");
}

} // namespace
} // namespace tongqu::wire
