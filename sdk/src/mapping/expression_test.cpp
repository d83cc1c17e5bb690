#include <gtest/gtest.h>

#include "mapping/exact_number.hpp"
#include "mapping/test_support.hpp"

namespace tongqu::mapping {
namespace {

using detail::ExactNumber;
using test::ids;
using test::Loaded;
using test::map_one;
using test::PackText;

const model::Case& case_of(const MappedRecord& record) { return std::get<model::Case>(record.record.body); }

/// Every sentence is about this message.
constexpr const char* kBody =
    "<bj xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'><no>C1</no><a> 1 </a><w>　1  </w><wb>　 </wb><b>two words</b><e/><blank>  </blank><n xsi:nil='true'/><zh>材料甲乙</zh>"
    "<fee>12.50</fee><bad>12,5</bad><d1>2149-03-05</d1><d2>2149-03-09 08:30</d2>"
    "<list><cl><mc>甲</mc><fen>2</fen></cl><cl><mc>乙</mc><fen>10</fen></cl><cl><mc>丙</mc></cl></list><tag>x</tag><tag>y</tag></bj>";

bool holds(const std::string& when) {
  PackText text;
  text.rules = "  channel: {const: web}\n  fee: {amount: {maybe: fee, on_fail: drop}, charged: {const: \"true\"}}\n  received_materials: {each: list/cl, rules: {name: {maybe: mc}, count: {maybe: fen, on_fail: drop}}}\n"
               "  task_name: {const: x, when: '" + when + "'}\n";
  return case_of(map_one(text, kBody)).task_name.has_value();
}

/// What `value:` gives as a text field; "-" when the field is absent.
std::string gives(const std::string& value, RecordVerdict verdict = RecordVerdict::accepted) {
  PackText text;
  text.rules = "  received_materials: {each: list/cl, rules: {name: {maybe: mc}}}\n  task_name: {value: '" + value + "', on_fail: hold}\n";
  const MappedRecord record = map_one(text, kBody);
  EXPECT_EQ(record.verdict, verdict) << value << ": " << record.reason.en;
  return case_of(record).task_name.value_or("-");
}

std::string mistakes_of(const std::string& when) {
  PackText text;
  text.rules = "  task_name: {maybe: x, when: '" + when + "'}\n";
  Loaded loaded;
  loaded.load(text);
  return loaded.mistake_list();
}

TEST(ExactNumber, sums_and_products_are_exact) {
  const auto number = [](const char* text) { return ExactNumber::parse(text).value(); };
  EXPECT_EQ(number("0.1").plus(number("0.2"))->text(), "0.3");
  EXPECT_EQ(number("-12.50").text(), "-12.5");
  EXPECT_EQ(number("007").text(), "7");
  EXPECT_EQ(number("0.00").text(), "0");
  EXPECT_EQ(number("1000").text(), "1000");
  EXPECT_EQ(number("999999999999999999.999999999999999999").plus(number("0.000000000000000001"))->text(), "1000000000000000000");
  EXPECT_EQ(number("123456789.123").times(number("-9.87"))->text(), "-1218518508.64401");   // python3 decimal
  EXPECT_EQ(number("0.05").compare(number("0.050")), 0);
  EXPECT_LT(number("-3").compare(number("2.5")), 0);
  EXPECT_FALSE(number("999999999999999999999999999999999999").plus(number("1")));
  EXPECT_FALSE(number("0.0000000001").times(number("0.0000000001")));
}

TEST(ExactNumber, rounds_half_away_from_zero_only_when_told_to) {
  const auto number = [](const char* text) { return ExactNumber::parse(text).value(); };
  EXPECT_EQ(number("2.345").rounded(2).text(), "2.35");
  EXPECT_EQ(number("-2.345").rounded(2).text(), "-2.35");
  EXPECT_EQ(number("2.344").rounded(2).text(), "2.34");
  EXPECT_EQ(number("1").divided(number("3"), 4)->text(), "0.3333");
  EXPECT_EQ(number("2").divided(number("3"), 4)->text(), "0.6667");
  EXPECT_EQ(number("-1").divided(number("8"), 2)->text(), "-0.13");
  EXPECT_EQ(number("7.5").divided(number("0.25"), 0)->text(), "30");
  EXPECT_FALSE(number("1").divided(number("0"), 2));
}

TEST(ExactNumber, reads_digits_only) {
  for (const char* text : {"", "-", "1e3", "1,000", ".5", "5.", "1.2.3", "１", " 1", "--1", "0x1"}) EXPECT_FALSE(ExactNumber::parse(text)) << text;
  EXPECT_FALSE(ExactNumber::parse("1234567890123456789012345678901234567"));
  EXPECT_EQ(ExactNumber::parse("1.5000000000000000000000000")->text(), "1.5");
}

TEST(Expressions, tell_absent_nil_empty_and_filled_apart) {
  EXPECT_TRUE(holds("absent(none) and not absent(e) and not absent(n) and not absent(a)"));
  EXPECT_TRUE(holds("nil(n) and not nil(e) and not nil(none)"));
  EXPECT_TRUE(holds("w == \"1\" and number(w) == 1 and empty(wb) and not filled(wb)")) << "blanks of every width";
  EXPECT_TRUE(holds("empty(e) and empty(blank) and not empty(a) and not empty(n) and not empty(none)"));
  EXPECT_TRUE(holds("present(e) and present(a) and not present(n) and not present(none)"));
  EXPECT_TRUE(holds("filled(a) and filled(list) and not filled(blank) and not filled(n) and not filled(none)"));
  EXPECT_TRUE(holds("present($received_materials) and absent($remark) and filled($channel)"));
}

TEST(Expressions, compare_numbers_and_times_by_value) {
  EXPECT_TRUE(holds("number(fee) == 12.5 and number(fee) > 12 and number(fee) <= 12.50 and not number(fee) < 12.5"));
  EXPECT_TRUE(holds("number(fee) in [1, 12.5]"));
  EXPECT_TRUE(holds("$fee.amount == \"12.500\" and $fee.amount >= 12"));
  EXPECT_TRUE(holds("$fee.charged and $fee.charged == \"true\""));
  EXPECT_TRUE(holds("date(d1, \"yyyy-MM-dd\") < date(d2, \"yyyy-MM-dd HH:mm\")"));
  EXPECT_TRUE(holds("date(d2, \"yyyy-MM-dd HH:mm\") == \"2149-03-09\""));   // As exact as the coarser.
  EXPECT_TRUE(holds("date(d2, \"yyyy-MM-dd HH:mm\") > \"2149-03-09T08:29:00+08:00\""));
  EXPECT_TRUE(holds("days(date(d1, \"yyyy-MM-dd\"), date(d2, \"yyyy-MM-dd HH:mm\")) == 4"));
  // What is absent is neither smaller nor larger.
  EXPECT_FALSE(holds("number(none) < 1 or number(none) >= 1 or number(none) == 0"));
}

TEST(Expressions, aggregates_go_through_lists) {
  EXPECT_TRUE(holds("count(list/cl) == 3 and count(none) == 0 and count(tag) == 2"));
  EXPECT_TRUE(holds("count(list/cl, present(fen)) == 2"));
  EXPECT_TRUE(holds("sum(list/cl, number(fen)) == 12"));
  EXPECT_TRUE(holds("max(list/cl, number(fen)) == 10 and min(list/cl, number(fen)) == 2"));
  EXPECT_TRUE(holds("first(list/cl, mc) == \"甲\" and last(list/cl, fen) == \"10\" and last(list/cl, mc) == \"丙\""));
  EXPECT_TRUE(holds("any(list/cl, mc == \"乙\") and not any(list/cl, mc == \"丁\")"));
  EXPECT_TRUE(holds("all(list/cl, filled(mc)) and not all(list/cl, filled(fen)) and all(none, filled(x))"));
  EXPECT_TRUE(holds("any(tag, . == \"y\") and join(tag, \"+\") == \"x+y\""));
  EXPECT_TRUE(holds("absent(sum) and count($received_materials, $received_materials.name != \"乙\") == 2"));
  EXPECT_TRUE(holds("any($received_materials, $received_materials.name == \"丙\")"));
}

TEST(Expressions, an_aggregate_inside_each_does_not_disturb_the_element_of_the_rule) {
  PackText text;
  text.rules = "  received_materials: {each: list/cl, rules: {name: {maybe: mc, when: 'count(/list/cl, filled(mc)) == 3'}, remote_id: {maybe: mc}}}\n";
  const auto record = map_one(text, kBody);
  ASSERT_EQ(case_of(record).received_materials->size(), 3u);
  EXPECT_EQ((*case_of(record).received_materials)[0].remote_id, "甲");
  EXPECT_EQ((*case_of(record).received_materials)[2].remote_id, "丙");
}

TEST(Expressions, leaves_that_only_an_aggregate_reads_are_used_and_the_others_are_told) {
  PackText text;
  text.rules = "  task_name: {const: x, when: 'count(list/cl, mc == \"甲\") == 1'}\n";
  const MappedRecord record = map_one(text, "<bj><no>C1</no><list><cl><mc>甲</mc><u>3</u></cl></list></bj>");
  std::string unused;
  for (const Finding& finding : record.findings) unused += finding.source.path + " ";
  EXPECT_EQ(unused, "/bj/list/cl/u ");
  text.rules = "  task_name: {const: x, when: 'count(list/cl, fen == \"1\") == 0'}\n  received_materials: {each: list/cl, rules: {name: {maybe: mc}}}\n";
  EXPECT_EQ(ids(map_one(text, "<bj><no>C1</no><list><cl><mc>甲</mc><fen>3</fen></cl></list></bj>").findings, Severity::info), "");
}

TEST(Expressions, values_are_computed_and_marked_derived) {
  EXPECT_EQ(gives("concat(a, \"-\", upper(b))"), "1-TWO WORDS");
  EXPECT_EQ(gives("concat(none, \"x\")"), "x");
  EXPECT_EQ(gives("concat(none, none)"), "-");
  EXPECT_EQ(gives("substring(zh, 3)"), "甲乙");
  EXPECT_EQ(gives("substring(zh, 1, 2)"), "材料");
  EXPECT_EQ(gives("substring(zh, 9)"), "-");
  EXPECT_EQ(gives("text(length(zh))"), "4");
  EXPECT_EQ(gives("if(a == \"1\", \"yes\", \"no\")"), "yes");
  EXPECT_EQ(gives("if(a == \"2\", \"yes\")"), "-");
  EXPECT_EQ(gives("coalesce(none, blank, b)"), "two words");
  EXPECT_EQ(gives("text(number(fee) * 3 - 0.5 + 1)"), "38");
  EXPECT_EQ(gives("text(divide(number(fee), 3, 2))"), "4.17");
  EXPECT_EQ(gives("text(round(number(fee)))"), "13");
  EXPECT_EQ(gives("format(date(d1, \"yyyy-MM-dd\"), \"yyyy年M月d日\")"), "2149年3月5日");
  EXPECT_EQ(gives("text(add_days(date(d1, \"yyyy-MM-dd\"), 30))"), "2149-04-04");
  EXPECT_EQ(gives("join(list/cl, \"、\", mc)"), "甲、乙、丙");
  EXPECT_EQ(gives("first($received_materials, $received_materials.name)"), "甲");
  // SM3 of "1:1" and "9:two words", first 16 bytes; openssl dgst -sm3.
  EXPECT_EQ(gives("derived_id(a, b)"), "67be6fd590ff8ea9668f00f1125c646c");
  EXPECT_EQ(gives("derived_id(a, none)"), "-");
  PackText text;
  text.rules = "  task_name: {value: 'concat(a, \"x\")', on_fail: hold}\n";
  const MappedRecord record = map_one(text, kBody);
  EXPECT_NE(record.canonical.find("\"derived\""), std::string::npos);
}

TEST(Expressions, fill_fields_of_every_kind) {
  PackText text;
  text.rules = "  fee: {amount: {value: 'number(fee) * 2', on_fail: hold}, charged: {value: 'number(fee) > 0', on_fail: drop}}\n"
               "  applied_at: {value: 'add_days(date(d1, \"yyyy-MM-dd\"), 1)', on_fail: hold}\n"
               "  applicant: {type: {value: 'if(a == \"1\", \"person\", \"organisation\")'}}\n"
               "  received_materials: {each: list/cl, rules: {name: {maybe: mc}, count: {value: 'number(fen) + 1', on_fail: drop}}}\n";
  const MappedRecord record = map_one(text, kBody);
  ASSERT_EQ(record.verdict, RecordVerdict::accepted) << record.reason.en;
  const model::Case& made = case_of(record);
  EXPECT_EQ(made.fee.amount->yuan, "25");
  EXPECT_EQ(made.fee.charged, true);
  EXPECT_EQ(made.applied_at->text(), "2149-03-06");
  EXPECT_EQ(made.applicant.type->name, "person");
  EXPECT_EQ(made.applicant.type->code, "");
  EXPECT_EQ((*made.received_materials)[1].count, 11);
  EXPECT_FALSE((*made.received_materials)[2].count);
}

TEST(Expressions, a_field_called_value_is_no_expression) {
  PackText text;
  text.rules = "  ext: {try: {value: {maybe: a}}}\n";
  const MappedRecord record = map_one(text, kBody);
  ASSERT_EQ(record.record.ext.size(), 1u);
  EXPECT_EQ(record.record.ext[0].name, "value");
}

TEST(Expressions, what_cannot_be_computed_is_a_fault_with_a_policy) {
  EXPECT_EQ(gives("text(number(bad))", RecordVerdict::held), "-");
  EXPECT_EQ(gives("text(number(fee) * 999999999999999999 * 999999999999999999)", RecordVerdict::held), "-");
  EXPECT_EQ(gives("text(date(fee, \"yyyy-MM-dd\"))", RecordVerdict::held), "-");
  EXPECT_EQ(gives("text(divide(1, 0, 2))", RecordVerdict::held), "-");
  EXPECT_EQ(gives("lookup(\"item\", a, \"name\")", RecordVerdict::held), "-");
  PackText text;
  text.rules = "  task_name: {value: 'text(number(bad))', on_fail: drop}\n";
  EXPECT_EQ(ids(map_one(text, kBody).findings), "mapping.malformed");
  Loaded loaded;
  text.rules = "  task_name: {value: 'text(number(bad))'}\n";
  loaded.load(text);
  EXPECT_EQ(ids(loaded.mistakes), "mapping.no_policy");
  EXPECT_EQ(loaded.mistakes.begin()->expected.en, "on_fail for malformed, range");
}

TEST(Expressions, a_condition_that_cannot_be_judged_holds_the_record) {
  PackText text;
  text.rules = "  task_name: {const: x, when: 'number(bad) > 1'}\n";
  const MappedRecord record = map_one(text, kBody);
  EXPECT_EQ(record.verdict, RecordVerdict::held);
  EXPECT_EQ(ids(record.findings), "mapping.condition_broken");
  EXPECT_EQ(record.findings.items().back().path, "task_name");
}

TEST(Expressions, every_mistake_is_told_with_its_column) {
  // The quote after `when: ` stands in column 31 of its line.
  const std::string list = mistakes_of("number(a, 1) > \"x\" and upper(1) == \"A\" and b > 2");
  EXPECT_EQ(std::count(list.begin(), list.end(), '\n'), 4) << list;
  EXPECT_NE(list.find(":32 "), std::string::npos) << list;        // number(a, 1): one argument.
  EXPECT_NE(list.find("number(...)"), std::string::npos) << list; // The way out.
  EXPECT_NE(mistakes_of("cuont(list/cl) > 1").find("did you mean count?"), std::string::npos);
  EXPECT_NE(mistakes_of("a").find("(a condition)"), std::string::npos);
  EXPECT_NE(mistakes_of("number(a)").find("(a condition)"), std::string::npos);
  EXPECT_NE(mistakes_of("date(a, \"yyyy-XX\") == \"2149-01-01\"").find("mapping.expression"), std::string::npos);
  EXPECT_NE(mistakes_of("$value == \"1\"").find("mapping.expression"), std::string::npos);
  for (const char* bad : {"(a == \"1\"", "a == ", "a = \"1\"", "a == \"1\" and", "not", "count(", "count()", "if(a == \"1\")", "a in []", "a in [b]", "1 +", "a <> \"1\"",
                          "any(list/cl)", "lookup(\"nope\", a, \"x\") == \"1\"", "county.no_such(a) == \"1\"", "a == \"1\" \"2\"", "coalesce(a) == \"1\"", "present(\"a\")"}) {
    EXPECT_NE(mistakes_of(bad), "") << bad;
  }
}

TEST(Expressions, nesting_and_size_are_bounded_when_compiled) {
  EXPECT_EQ(mistakes_of(std::string(20, '(') + "a == \"1\"" + std::string(20, ')')), "");
  EXPECT_NE(mistakes_of(std::string(200, '(') + "a == \"1\"" + std::string(200, ')')), "");
  std::string many = "a == \"1\"";
  for (int i = 0; i < 2000; ++i) many += " or a == \"1\"";
  EXPECT_NE(mistakes_of(many), "");
}

TEST(Expressions, work_and_output_of_a_delivery_are_bounded) {
  PackText text;
  text.rules = "  received_materials: {each: cl, rules: {name: {const: x, when: 'count(/cl, mc == \"y\") == 0'}}}\n";
  Loaded loaded;
  loaded.load(text);
  ASSERT_TRUE(loaded.pack) << loaded.mistake_list();
  std::string body = "<bj><no>C1</no>";
  for (int i = 0; i < 400; ++i) body += "<cl><mc>x</mc></cl>";
  body += "</bj>";
  Workspace workspace;
  Environment environment = test::environment();
  auto whole = loaded.pack->run(test::delivery(body), environment, workspace);
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->front().verdict, RecordVerdict::accepted);
  environment.steps_max = 100'000;
  auto cut = loaded.pack->run(test::delivery(body), environment, workspace);
  ASSERT_TRUE(cut);
  EXPECT_EQ(cut->front().verdict, RecordVerdict::refused);
  EXPECT_EQ(ids(cut->front().findings), "mapping.step_budget");
}

TEST(Functions, are_called_by_signature_and_refused_when_unknown_or_impure) {
  Functions site;
  const auto twice = [](const std::vector<std::string_view>& args) -> Result<std::optional<std::string>> {
    if (args[0] == "bad") return Error(Errc::mapping_malformed);
    return std::optional<std::string>(std::string(args[0]) + std::string(args[0]));
  };
  ASSERT_TRUE(site.add({"county.twice", {ValueKind::text}, ValueKind::text, true, twice, {}}));
  ASSERT_TRUE(site.add({"county.clock", {ValueKind::text}, ValueKind::text, false, twice, {}}));
  EXPECT_FALSE(site.add({"county.twice", {ValueKind::text}, ValueKind::text, true, twice, {}}));
  EXPECT_FALSE(site.add({"twice", {ValueKind::text}, ValueKind::text, true, twice, {}}));
  EXPECT_FALSE(site.add({"county.none", {}, ValueKind::text, true, twice, {}}));
  EXPECT_FALSE(site.add({"county.nothing", {ValueKind::text}, ValueKind::text, true, {}, {}}));
  PackText text;
  text.rules = "  task_name: {value: 'county.twice(a)', on_fail: hold}\n  title: {maybe: a, via: [{call: county.twice}], on_fail: hold}\n  remark: {maybe: w, via: [{call: county.twice}], on_fail: drop}\n";
  Loaded loaded;
  loaded.load(text, {}, &site);
  ASSERT_TRUE(loaded.pack) << loaded.mistake_list();
  Workspace workspace;
  auto records = loaded.pack->run(test::delivery("<bj><no>C1</no><a>7</a><w>bad</w></bj>"), test::environment(), workspace);
  ASSERT_TRUE(records);
  EXPECT_EQ(case_of(records->front()).task_name, "77");
  EXPECT_EQ(case_of(records->front()).title, "77");
  EXPECT_EQ(ids(records->front().findings), "mapping.malformed");
  const auto mistakes = [&site](const std::string& rule) {
    PackText other;
    other.rules = "  task_name: " + rule + "\n";
    Loaded bad;
    bad.load(other, {}, &site);
    return bad.mistake_list();
  };
  EXPECT_NE(mistakes("{value: 'county.twise(a)', on_fail: hold}").find("did you mean county.twice?"), std::string::npos);
  EXPECT_NE(mistakes("{value: 'county.clock(a)', on_fail: hold}").find("pure"), std::string::npos);
  EXPECT_NE(mistakes("{value: 'county.twice(1)', on_fail: hold}").find("mapping.expression"), std::string::npos);
  EXPECT_NE(mistakes("{maybe: a, via: [{call: county.twise}], on_fail: hold}").find("mapping.unknown_step"), std::string::npos);
  EXPECT_NE(mistakes("{maybe: a, via: [{call: county.twice}]}").find("mapping.no_policy"), std::string::npos);
}

TEST(Lookups, read_catalogues_of_the_site_and_are_derived) {
  const auto lookup = make_table_lookup({{"item", "code,name,promise_days\nI1,事项一,20\nI2,事项二,\n"}});
  ASSERT_TRUE(lookup);
  EXPECT_FALSE(make_table_lookup({{"item", "code,name\nI1\n"}}));
  PackText text;
  text.rules = "  task_name: {value: 'lookup(\"item\", sx, \"name\")', on_fail: drop}\n"
               "  promised_limit: {value: 'number(lookup(\"item\", sx, \"promise_days\"))', on_fail: drop}\n  remark: {value: 'lookup(\"division\", sx, \"name\")', on_fail: drop}\n";
  Loaded loaded;
  loaded.load(text);
  ASSERT_TRUE(loaded.pack) << loaded.mistake_list();
  Environment environment = test::environment();
  environment.lookup = lookup->get();
  Workspace workspace;
  auto records = loaded.pack->run(test::delivery("<bj><no>C1</no><sx>I1</sx></bj>"), environment, workspace);
  ASSERT_TRUE(records);
  EXPECT_EQ(case_of(records->front()).task_name, "事项一");
  EXPECT_EQ(ids(records->front().findings), "mapping.lookup_missing");
  PackText other;
  other.identity = "  organisation: {const: ORG1}\n  item: {value: 'lookup(\"item\", sx, \"name\")'}\n  case: {value: 'concat(no, \"-1\")'}\n  event: {const: accept}\n";
  Loaded refused;
  refused.load(other);
  EXPECT_EQ(ids(refused.mistakes), "mapping.identity_policy");
  auto unknown = loaded.pack->run(test::delivery("<bj><no>C1</no><sx>I9</sx></bj>"), environment, workspace);
  ASSERT_TRUE(unknown);
  EXPECT_FALSE(case_of(unknown->front()).task_name);
}

} // namespace
} // namespace tongqu::mapping
