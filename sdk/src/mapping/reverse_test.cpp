#include <gtest/gtest.h>

#include "mapping/reverse/inverse.hpp"
#include "mapping/reverse/reverse_run.hpp"
#include "mapping/test_support.hpp"
#include "tongqu/mapping/reverse.hpp"

namespace tongqu::mapping::test {
namespace {

/// A canonical part of a case with an identity and an event.
std::string part(const std::string& members, const std::string& event = "accept") {
  return R"({"record":"case@1","kind":"part","identity":{"organisation":"ORG1","item":"ITEM1","case":"C1","event":"accept","revision":"1"},"envelope":{"event":")" + event +
         R"("},"case_no":"C1")" + (members.empty() ? "" : "," + members) + "}";
}

PackText base(const std::string& rules, const std::string& reverse) {
  PackText text;
  text.head = "to: case@1\nrecord: part\nzone: \"+08:00\"\n";
  text.rules = rules;
  text.tail = "reverse:\n" + reverse;
  return text;
}

Reversed back(const PackText& text, const std::string& canonical, const std::string& mapping = "") {
  Loaded loaded;
  loaded.load(text);
  EXPECT_TRUE(loaded.pack) << loaded.mistake_list();
  if (!loaded.pack) return {};
  Workspace workspace;
  auto made = loaded.pack->reverse(canonical, mapping, environment(), workspace);
  EXPECT_TRUE(made) << describe(made.error());
  return made ? std::move(*made) : Reversed();
}

std::string mistakes(const PackText& text) {
  Loaded loaded;
  loaded.load(text);
  EXPECT_FALSE(loaded.pack);
  return loaded.mistake_list();
}

LawReport laws(const PackText& text, std::size_t records = 200) {
  Loaded loaded;
  loaded.load(text);
  EXPECT_TRUE(loaded.pack) << loaded.mistake_list();
  if (!loaded.pack) return {};
  Workspace workspace;
  LawOptions options;
  options.records = records;
  auto reports = loaded.pack->check_laws(options, environment(), workspace);
  EXPECT_TRUE(reports) << describe(reports.error());
  return reports ? reports->front() : LawReport();
}

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += text + "\n";
  return all;
}

TEST(Reverse, xml_has_the_order_empties_and_constants_that_the_peer_wants) {
  const auto made = back(base("  task_name: {maybe: name}\n  title: {maybe: t, via: [{null_if: [\"\"]}]}\n  remark: {maybe: \"r/@x\"}\n",
                              "  constants: {ver: \"2.0\"}\n  order: [ver, t, name, no]\n  empty: [t]\n  write:\n    - xml: {declaration: yes, declared: GBK, charset: gbk, quotes: single}\n"),
                         part(R"("task_name":"<a> & \"b\"","remark":"1\"'<")"));
  // By hand: <r> was not placed, so it stands behind.
  EXPECT_EQ(made.bytes, "<?xml version='1.0' encoding='GBK'?><bj><ver>2.0</ver><t/><name>&lt;a&gt; &amp; \"b\"</name><no>C1</no><r x='1\"&apos;&lt;'/></bj>");
  EXPECT_EQ(made.content_type, "application/xml; charset=GBK");
  EXPECT_EQ(made.mapping, "test.case");
}

/// A check of the delivery refuses the message when it is read again: the finding says which, and so do the laws.
TEST(Reverse, a_check_of_the_delivery_that_fails_is_named) {
  const PackText text = base("  task_name: {maybe: name}\n", "  rest: report\nchecks:\n  - {id: total, level: delivery, that: 'number(n) == 1', text: {en: e, zh: z}, on_fail: reject}\n");
  const auto made = back(text, part(R"("task_name":"x")"));
  EXPECT_EQ(made.verdict, RecordVerdict::held);
  EXPECT_EQ(ids(made.findings), "mapping.check_failed");
  EXPECT_EQ(made.findings.begin()->rule, "pack.test-system.total");
  const LawReport report = laws(text, 20);
  ASSERT_FALSE(report.failures.empty());
  EXPECT_NE(report.failures.front().find(": the message is refused when it is read: pack.test-system.total; smallest"), std::string::npos) << report.failures.front();
}

TEST(Reverse, cdata_is_opened_again_around_its_end_and_references) {
  const auto made = back(base("  task_name: {maybe: name}\n", "  cdata: [name]\n  write: [{xml: {charset: gb2312, unencodable: charref}}]\n"),
                         part(R"("task_name":"a]]>b\uD842\uDFB7\u7384")"));
  EXPECT_EQ(made.bytes.substr(made.bytes.find("<name>")), "<name><![CDATA[a]]]]><![CDATA[>b]]>&#x20BB7;<![CDATA[\xD0\xFE]]></name></bj>");
}

TEST(Reverse, a_character_outside_the_set_of_the_peer_holds_the_record_unless_told_otherwise) {
  const std::string rules = "  task_name: {maybe: name}\n";
  const std::string record = part(R"("task_name":"\u674E\uD842\uDFB7\u73A5")");
  const auto held = back(base(rules, "  write: [{xml: {charset: gb2312}}]\n"), record);
  EXPECT_EQ(held.verdict, RecordVerdict::held);
  EXPECT_TRUE(held.bytes.empty());
  EXPECT_EQ(ids(held.findings, Severity::error), "mapping.reverse_unencodable");
  EXPECT_EQ(held.findings.items().front().path, "task_name");
  const auto gbk = back(base(rules, "  write: [{xml: {charset: gbk, unencodable: charref, declaration: no}}]\n"), record);
  EXPECT_EQ(gbk.bytes, "<bj><no>C1</no><name>\xC0\xEE&#x20BB7;\xAB\x68</name></bj>");
  const auto replaced = back(base(rules, "  write: [{xml: {charset: gb2312, unencodable: replace}}]\n"), record);
  EXPECT_NE(replaced.bytes.find("<name>\xC0\xEE?" "?</name>"), std::string::npos);
  EXPECT_EQ(ids(replaced.findings), "mapping.reverse_replaced");
}

TEST(Reverse, editions_of_gb18030_are_chosen_by_the_pack) {
  PackText text = base("  task_name: {maybe: name}\n", "  write: [xml]\n");
  text.source = "  - charset: {is: gb18030, edition: \"2005\"}\n  - xml: {root: bj}\n";
  const auto made = back(text, part(R"("task_name":"\uFE10")"));
  EXPECT_NE(made.bytes.find("<name>\x84\x31\x82\x36</name>"), std::string::npos);
  text.source = "  - charset: {is: gb18030, edition: \"2022\"}\n  - xml: {root: bj}\n";
  EXPECT_NE(back(text, part(R"("task_name":"\uFE10")")).bytes.find("<name>\xA6\xD9</name>"), std::string::npos);
}

TEST(Reverse, texts_are_cut_between_characters_in_the_unit_of_the_peer) {
  const auto cut = [](const std::string& limit, const std::string& value) {
    return back(base("  task_name: {maybe: name}\n", "  lengths: {name: {" + limit + "}}\n  write: [{xml: {declaration: no}}]\n"), part("\"task_name\":\"" + value + "\""));
  };
  // 李李李 is 6 bytes of GBK, 9 of UTF-8.
  const auto five = cut("gbk: 5, cut: character", "\xE6\x9D\x8E\xE6\x9D\x8E\xE6\x9D\x8E");
  EXPECT_NE(five.bytes.find("<name>\xE6\x9D\x8E\xE6\x9D\x8E</name>"), std::string::npos) << five.bytes;
  EXPECT_EQ(ids(five.findings), "mapping.reverse_cut");
  EXPECT_NE(cut("utf8: 8, cut: character", "\xE6\x9D\x8E\xE6\x9D\x8E\xE6\x9D\x8E").bytes.find("<name>\xE6\x9D\x8E\xE6\x9D\x8E</name>"), std::string::npos);
  EXPECT_NE(cut("chars: 2, cut: character", "\xF0\xA0\xAE\xB7x\xE6\x9D\x8E").bytes.find("<name>\xF0\xA0\xAE\xB7x</name>"), std::string::npos);
  // An accent is not left without its letter, nor a letter without its accent.
  EXPECT_NE(cut("chars: 2, cut: character", "ae\xCC\x81").bytes.find("<name>a</name>"), std::string::npos);
  const auto held = cut("gbk: 5", "\xE6\x9D\x8E\xE6\x9D\x8E\xE6\x9D\x8E");
  EXPECT_EQ(ids(held.findings, Severity::error), "mapping.reverse_too_long");
  EXPECT_NE(cut("gbk: 6", "\xE6\x9D\x8E\xE6\x9D\x8E\xE6\x9D\x8E").bytes, "");
}

constexpr const char* kActions = "  a: {inline: {Y: agree, T: agree, N: disagree}, system: test.a, model: action, unknown: hold}\n";
constexpr const char* kSteps = "  process_steps:\n    each: s\n    rules:\n      action: {from: a, table: a, on_fail: hold}\n";

TEST(Reverse, a_code_goes_back_as_it_came_else_as_the_preferred_one) {
  PackText text = base(kSteps, "  write: [{xml: {declaration: no}}]\n");
  text.tables = "  a: {inline: {Y: agree, T: agree, N: disagree}, prefer: {agree: T}, system: test.a, model: action, unknown: hold}\n";
  const auto code = [&text](const std::string& json) {
    const auto made = back(text, part("\"process_steps\":[{\"action\":" + json + "}]"));
    const std::size_t at = made.bytes.find("<a>");
    return at == std::string::npos ? ids(made.findings, Severity::error) : made.bytes.substr(at + 3, 1);
  };
  EXPECT_EQ(code(R"({"name":"agree"})"), "T");
  EXPECT_EQ(code(R"({"name":"agree","system":"test.a","code":"Y"})"), "Y");
  EXPECT_EQ(code(R"({"name":"agree","system":"national","code":"1"})"), "T");
  // A name and a code of the pack that contradict each other are not decided here.
  EXPECT_EQ(code(R"({"name":"agree","system":"test.a","code":"N"})"), "mapping.reverse_not_equal");
  EXPECT_EQ(code(R"({"name":"return"})"), "mapping.reverse_value");
}

TEST(Reverse, a_name_with_several_codes_must_have_a_preferred_one) {
  PackText text = base(kSteps, "  write: [xml]\n");
  text.tables = kActions;
  const std::string all = mistakes(text);
  EXPECT_NE(all.find("mapping.reverse_table_ambiguous mappings/case.yaml:"), std::string::npos) << all;
  EXPECT_NE(all.find("agree (Y, T)"), std::string::npos) << all;
}

TEST(Reverse, rules_that_share_a_place_settle_a_code_together) {
  PackText text = base("  result:\n    result_type: {maybe: jg, table: r, on_fail: hold}\n    decision: {maybe: jg, table: d, on_fail: hold}\n", "  write: [{xml: {declaration: no}}]\n");
  text.tables = "  r: {inline: {\"0\": issued, \"1\": returned, \"6\": completed_other}, system: s.jg, model: result_type, unknown: hold}\n"
                "  d: {inline: {\"0\": granted, \"1\": refused, \"6\": granted}, system: s.jg, model: decision, unknown: hold}\n";
  EXPECT_NE(back(text, part(R"("result":{"result_type":{"name":"completed_other"},"decision":{"name":"granted"}})")).bytes.find("<jg>6</jg>"), std::string::npos);
  EXPECT_EQ(ids(back(text, part(R"("result":{"result_type":{"name":"issued"},"decision":{"name":"refused"}})")).findings, Severity::error), "mapping.reverse_conflict");
  EXPECT_EQ(ids(back(text, part(R"("result":{"decision":{"name":"granted"}})")).findings, Severity::error), "mapping.reverse_table_ambiguous");
  const auto more = back(text, part(R"("result":{"result_type":{"name":"issued"}})"));
  EXPECT_EQ(ids(more.findings), "mapping.reverse_says_more");
  EXPECT_EQ(more.verdict, RecordVerdict::accepted);
}

TEST(Reverse, a_time_is_written_in_the_first_form_that_keeps_it) {
  const std::string rules = "  applied_at: {maybe: t, via: [{date: [\"yyyy/M/d H:m\", \"yyyy-MM-dd HH:mm:ss\", \"yyyy-MM-dd\"]}], on_fail: hold}\n";
  const auto written = [&rules](const std::string& reverse, const std::string& time, bool minute = false) {
    std::string record = "\"applied_at\":\"" + time + "\"";
    if (minute) record += ",\"meta\":{\"applied_at\":{\"precision\":\"minute\"}}";
    const auto made = back(base(rules, reverse + "  write: [{xml: {declaration: no}}]\n"), part(record));
    const std::size_t at = made.bytes.find("<t>");
    return (at == std::string::npos ? "" : made.bytes.substr(at + 3, made.bytes.find("</t>") - at - 3)) + "|" + ids(made.findings, Severity::info);
  };
  EXPECT_EQ(written("", "2149-03-05T07:08:00+08:00", true), "2149/3/5 7:8|");
  EXPECT_EQ(written("", "2149-03-05T07:08:00+08:00"), "2149-03-05 07:08:00|");
  EXPECT_EQ(written("", "2149-03-05"), "2149-03-05|");
  EXPECT_EQ(written("", "2149-03-05T00:08:09+01:00"), "2149-03-05 07:08:09|mapping.reverse_zone");
  EXPECT_EQ(written("", "2149-03"), "|mapping.reverse_value");
  EXPECT_EQ(written("  dates: {applied_at: \"yyyy-MM-dd HH:mm:ss\"}\n", "2149-03-05T07:08:00+08:00", true), "2149-03-05 07:08:00|mapping.reverse_precision");
}

TEST(Reverse, a_value_that_would_be_read_otherwise_is_not_written) {
  const std::string rules = "  task_name: {maybe: name, via: [{trim: wide}, {null_if: [\xE6\x97\xA0]}, upper]}\n";
  for (const char* value : {"\xE6\x97\xA0", " A", "A\xE3\x80\x80", "abc"}) {
    const auto made = back(base(rules, "  write: [xml]\n"), part("\"task_name\":\"" + std::string(value) + "\""));
    EXPECT_EQ(ids(made.findings, Severity::error), "mapping.reverse_value") << value;
    EXPECT_TRUE(made.bytes.empty());
  }
  EXPECT_NE(back(base(rules, "  write: [xml]\n"), part(R"("task_name":"ABC")")).bytes, "");
}

TEST(Reverse, what_the_message_has_no_place_for_holds_or_is_reported) {
  const std::string rules = "  task_name: {maybe: name}\n";
  const std::string record = part(R"("task_name":"a","remark":"b","received_materials":[{"name":"m"}],"ext":{"x":{"y":"z"}})");
  const auto held = back(base(rules, "  write: [xml]\n"), record);
  EXPECT_EQ(held.verdict, RecordVerdict::held);
  EXPECT_EQ(ids(held.findings, Severity::error), "mapping.reverse_not_carried mapping.reverse_not_carried mapping.reverse_not_carried");
  const auto reported = back(base(rules, "  rest: report\n  write: [xml]\n"), record);
  EXPECT_EQ(reported.verdict, RecordVerdict::accepted);
  EXPECT_EQ(ids(reported.findings), "mapping.reverse_not_carried mapping.reverse_not_carried mapping.reverse_not_carried");
}

TEST(Reverse, a_constant_of_the_mapping_must_be_what_the_record_says) {
  const std::string rules = "  task_name: {const: permit}\n";
  EXPECT_EQ(back(base(rules, "  write: [xml]\n"), part(R"("task_name":"permit")")).verdict, RecordVerdict::accepted);
  EXPECT_EQ(ids(back(base(rules, "  write: [xml]\n"), part(R"("task_name":"other")")).findings, Severity::error), "mapping.reverse_not_carried");
}

TEST(Reverse, a_field_of_another_branch_is_told_as_such) {
  PackText text = base("  applicant:\n    when: 'lx == \"SL\"'\n    name: {from: xm, on_fail: hold}\n", "  write: [xml]\n");
  text.event = "{from: lx, table: e, on_fail: reject}";
  text.tables = "  e: {inline: {SL: accept, BJ: result}, system: s.lx, unknown: hold}\n";
  EXPECT_EQ(back(text, part(R"("applicant":{"name":"\u674E"})")).verdict, RecordVerdict::accepted);
  const auto made = back(text, part(R"("applicant":{"name":"\u674E"})", "result"));
  EXPECT_EQ(ids(made.findings, Severity::error), "mapping.reverse_condition");
  EXPECT_EQ(made.findings.items().front().path, "applicant.name");
  // A branch whose obligation the record does not meet is found when the message is read again.
  EXPECT_EQ(ids(back(text, part("")).findings, Severity::error), "mapping.missing");
}

TEST(Reverse, all_mistakes_of_the_block_come_at_once_with_their_places) {
  PackText text = base("  task_name: {maybe: name, via: [{substring: [1, 2]}]}\n  title: {maybe: t, via: [{split: \"-\"}, {part: 2}]}\n",
                       "  one_way: {remark: why}\n  order: [nowhere]\n  unknown_key: 1\n  rest: perhaps\n  equivalent: [colour]\n  lengths: {name: {chars: 1, gbk: 2}}\n  write:\n    - json: {}\n    - xml: {edition: \"1999\"}\n");
  const std::string all = mistakes(text);
  for (const char* wanted : {"mapping.unknown_key", "mapping.reverse_step mappings/case.yaml:14:3 task_name: substring", "title: part", "mapping.unknown_target_field", "mapping.reverse_path_unknown",
                             "reverse.rest", "equivalent: colour", "reverse.lengths.name", "mapping.reverse_stage"}) {
    EXPECT_NE(all.find(wanted), std::string::npos) << wanted << "\n" << all;
  }
}

TEST(Reverse, what_source_says_is_not_said_again) {
  PackText text = base("  task_name: {maybe: name}\n", "  write:\n    - soap: {operation: send}\n");
  text.source = "  - soap: {operation: send}\n";
  EXPECT_NE(mistakes(text).find("reverse.write.soap.operation"), std::string::npos);
  text.source = "  - soap\n";
  text.tail = "reverse: {}\n";
  EXPECT_NE(mistakes(text).find("mapping.missing_key"), std::string::npos);
}

TEST(Reverse, a_listed_field_is_left_out_with_a_finding) {
  const auto made = back(base("  task_name: {maybe: name, via: [{substring: [1, 2]}], on_fail: drop}\n", "  one_way: {task_name: only two signs are read}\n  write: [xml]\n"), part(R"("task_name":"ab")"));
  EXPECT_EQ(made.verdict, RecordVerdict::accepted);
  EXPECT_EQ(ids(made.findings), "mapping.reverse_one_way");
  EXPECT_EQ(made.bytes.find("<name>"), std::string::npos);
}

TEST(Reverse, json_keeps_lists_of_one_numbers_and_nested_texts) {
  PackText text = base("  received_materials:\n    each: ml\n    rules:\n      name: {from: n, on_fail: hold}\n      count: {maybe: c, via: [integer], on_fail: drop}\n  title: {maybe: inner/t}\n",
                       "  numbers: [ml/c]\n  constants: {\"outer:app\": \"a\\\"1\"}\n  order: [no, ml/n, ml/c, inner]\n  write:\n    - nested\n    - json: {spaces: after}\n    - string\n    - json: {escape: ascii}\n");
  text.source = "  - json: {}\n  - string: {at: data}\n  - json: {root: body}\n  - nested: {at: inner, as: json}\n";
  const auto made = back(text, part(R"("received_materials":[{"name":"\u674E","count":7}],"title":"q\"\n")"));
  EXPECT_EQ(made.bytes, R"x({"app":"a\"1","data":"{\"body\": {\"no\": \"C1\", \"ml\": [{\"n\": \"\u674e\", \"c\": 7}], \"inner\": \"{\\\"t\\\": \\\"q\\\\\\\"\\\\n\\\"}\"}}"})x");
  EXPECT_EQ(made.content_type, "application/json");
}

TEST(Reverse, an_empty_list_is_written_only_where_it_reads_back) {
  PackText text = base("  received_materials:\n    each: ml\n    empty: none\n    rules: {name: {from: n, on_fail: hold}}\n", "  empty: [ml]\n");
  text.source = "  - json: {}\n";
  EXPECT_EQ(back(text, part(R"("received_materials":[])")).bytes, R"({"no":"C1","ml":[]})");
  PackText other = base("  received_materials:\n    each: ml\n    rules: {name: {from: n, on_fail: hold}}\n", "  rest: hold\n");
  other.source = text.source;
  EXPECT_EQ(ids(back(other, part(R"("received_materials":[])")).findings, Severity::error), "mapping.reverse_value");
}

TEST(Reverse, null_clears_where_the_rule_says_so) {
  const std::string record = R"("remark":null)";
  const auto made = back(base("  remark: {maybe: r, nil: clear}\n", "  write: [{xml: {declaration: no}}]\n"), part(record));
  EXPECT_EQ(made.bytes, "<bj><no>C1</no><r xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:nil=\"true\"/></bj>");
  EXPECT_EQ(ids(back(base("  remark: {maybe: r}\n", "  write: [xml]\n"), part(record)).findings, Severity::error), "mapping.reverse_not_carried");
}

TEST(Reverse, parts_of_a_code_are_put_together) {
  const std::string rules = "  task_code: {maybe: code, via: [{split_code: [3, 2]}, {part: 1}], on_fail: hold}\n  title: {maybe: code, via: [{split_code: [3, 2]}, {part: 2}], on_fail: hold}\n";
  const std::string reverse = "  write: [{xml: {declaration: no}}]\n";
  EXPECT_NE(back(base(rules, reverse), part(R"("task_code":"abc","title":"01")")).bytes.find("<code>abc01</code>"), std::string::npos);
  EXPECT_EQ(ids(back(base(rules, reverse), part(R"("task_code":"abc")")).findings, Severity::error), "mapping.reverse_conflict");
  EXPECT_EQ(ids(back(base(rules, reverse), part(R"("task_code":"abcd","title":"01")")).findings, Severity::error), "mapping.reverse_value mapping.reverse_conflict");
}

TEST(Reverse, values_pass_through_units_scales_lists_and_packed_texts) {
  const auto made = back(base("  remark: {maybe: b, via: [base64, gbk], on_fail: hold}\n  project:\n    investment: {maybe: i, via: [{strip_unit: [\xE4\xB8\x87\xE5\x85\x83]}, {decimal: {grouping: \",\"}}, {scale: 4}], on_fail: hold}\n",
                              "  write: [{xml: {declaration: no}}]\n"),
                         part(R"("remark":"\u5F20\u4E09","project":{"investment":"30507500"})"));
  // By python3: base64.b64encode('张三'.encode('gbk')).
  EXPECT_NE(made.bytes.find("<b>1cXI/Q==</b>"), std::string::npos) << made.bytes << ids(made.findings, Severity::info);
  EXPECT_NE(made.bytes.find("<i>3050.75\xE4\xB8\x87\xE5\x85\x83</i>"), std::string::npos) << made.bytes;
}

TEST(Reverse, rows_go_back_as_separated_text_and_fixed_width) {
  PackText text = base("  received_materials:\n    each: row\n    rules:\n      name: {from: name, on_fail: hold}\n      code: {maybe: code}\n", "  write:\n    - csv: {columns: [name, code]}\n    - charset: {}\n");
  text.source = "  - charset: {is: gbk}\n  - csv: {}\n";
  text.identity = "  organisation: {const: ORG1}\n  item: {const: ITEM1}\n  case: {const: C1}\n  event: {const: accept}\n";
  text.key = "  case_no: {const: C1}\n";
  const std::string record = part(R"("received_materials":[{"name":"a,\"b","code":"1"},{"name":"\u674E"}])");
  EXPECT_EQ(back(text, record).bytes, "name,code\r\n\"a,\"\"b\",1\r\n\xC0\xEE,\r\n");
  text.source = "  - fixed: {charset: gbk, fields: {name: 6, code: 2}}\n";
  text.tail = "reverse:\n  write: [fixed]\n";
  EXPECT_EQ(back(text, record).bytes, "a,\"b  1 \r\n\xC0\xEE      \r\n");
  EXPECT_EQ(ids(back(text, part(R"("received_materials":[{"name":"1234567"}])")).findings, Severity::error), "mapping.reverse_too_long");
}

TEST(Reverse, a_form_field_is_escaped_from_the_bytes_of_the_peer) {
  PackText text = base("  task_name: {maybe: name}\n", "  write:\n    - xml: {declared: gb2312}\n    - form: {fields: {app: \"a b\"}}\n");
  text.source = "  - form: {field: xml, charset: gbk}\n  - xml: {root: bj}\n";
  // python3: urllib.parse.quote_plus('<bj>…</bj>'.encode('gbk')).
  EXPECT_EQ(back(text, part(R"("task_name":"\u674E")")).bytes,
            "app=a+b&xml=%3C%3Fxml+version%3D%221.0%22+encoding%3D%22gb2312%22%3F%3E%3Cbj%3E%3Cno%3EC1%3C%2Fno%3E%3Cname%3E%C0%EE%3C%2Fname%3E%3C%2Fbj%3E");
}

TEST(Reverse, layers_of_escaping_are_put_back) {
  PackText text = base("  task_name: {maybe: name}\n", "  write:\n    - xml\n    - decode\n    - soap: {namespace: \"urn:x\", prefix: x, action: \"urn:x#send\"}\n");
  text.source = "  - soap: {operation: send, part: arg}\n  - decode: {layers: 2}\n  - xml: {root: bj}\n";
  const auto made = back(text, part(R"("task_name":"a<b")"));
  EXPECT_EQ(made.bytes,
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\"><soapenv:Body><x:send xmlns:x=\"urn:x\"><x:arg>"
            "&amp;lt;bj&amp;gt;&amp;lt;no&amp;gt;C1&amp;lt;/no&amp;gt;&amp;lt;name&amp;gt;a&amp;amp;lt;b&amp;lt;/name&amp;gt;&amp;lt;/bj&amp;gt;"
            "</x:arg></x:send></soapenv:Body></soapenv:Envelope>");
  EXPECT_EQ(made.operation, "send");
  EXPECT_EQ(made.action, "urn:x#send");
  EXPECT_EQ(made.content_type, "text/xml; charset=utf-8");
}

TEST(Reverse, a_character_that_xml_cannot_hold_holds_the_record) {
  const auto made = back(base("  task_name: {maybe: name}\n", "  write: [xml]\n"), part(R"("task_name":"a\u0001")"));
  EXPECT_EQ(ids(made.findings, Severity::error), "mapping.reverse_character");
}

TEST(Reverse, line_ends_are_those_of_the_peer) {
  const auto made = back(base("  remark: {maybe: r}\n", "  line_ends: crlf\n  write: [{xml: {declaration: no}}]\n"), part(R"("remark":"a\nb")"));
  EXPECT_EQ(made.bytes, "<bj><no>C1</no><r>a\r\nb</r></bj>");
  // A record from elsewhere may have others; the model has LF.
  const auto repaired = back(base("  remark: {maybe: r}\n", "  write: [{xml: {declaration: no}}]\n"), part(R"("remark":"a\r\nb")"));
  EXPECT_EQ(repaired.bytes, "<bj><no>C1</no><r>a\nb</r></bj>");
  EXPECT_EQ(ids(repaired.findings, Severity::info), "mapping.repaired");
}

TEST(Reverse, a_pack_without_the_block_is_one_way) {
  PackText text;
  Loaded loaded;
  loaded.load(text);
  ASSERT_TRUE(loaded.pack);
  Workspace workspace;
  EXPECT_EQ(loaded.pack->reverse(part(""), "", environment(), workspace).error().id(), "mapping.reverse_none");
  EXPECT_EQ(loaded.pack->check_laws({}, environment(), workspace).error().id(), "mapping.reverse_none");
}

TEST(Reverse, the_registry_and_the_inverses_agree) {
  for (const detail::StepRow& row : detail::step_registry()) {
    detail::YamlNode argument;
    argument.text = row.name == "unit" ? "working_day" : row.name == "epoch" ? "s" : "1";
    struct Bare final : detail::Step {
      detail::StepOutcome run(detail::Value&, wire::Arena&) const override { return detail::StepOutcome::ok; }
    } step;
    step.name = row.name;
    step.argument = std::make_shared<const detail::YamlNode>(argument);
    EXPECT_EQ(detail::invert(step, 480, {}) != nullptr, row.inverse != detail::Inverse::none) << row.name;
  }
}

TEST(Laws, hold_for_a_mapping_with_every_kind_of_value) {
  PackText text = base(
      "  task_name: {maybe: name, via: [{trim: wide}, {null_if: [\xE6\x97\xA0, /]}]}\n  title: {maybe: t}\n  remark: {maybe: \"r/@x\"}\n"
      "  applied_at: {maybe: at, via: [{date: [\"yyyy/M/d H:m\", \"yyyy-MM-dd'T'HH:mm:ss[.SSS]XXX\", \"yyyy-MM-dd\", \"yyyy-MM\"]}], on_fail: drop}\n"
      "  applicant:\n    id_type: {maybe: zl, table: zl, on_fail: hold}\n    id_no: {maybe: zh, check: {by: applicant.id_type}, on_fail: reject}\n"
      "  received_materials:\n    each: ml\n    empty: none\n    rules:\n      name: {from: n, on_fail: hold}\n      count: {maybe: c, via: [integer], on_fail: drop}\n",
      "  write: [{xml: {charset: gbk, unencodable: charref}}]\n");
  text.tables = "  zl: {inline: {\"1\": resident_id, \"2\": uscc, \"3\": passport}, system: s.zl, model: id_type, unknown: hold}\n";
  const LawReport report = laws(text);
  EXPECT_TRUE(report.failures.empty()) << joined(report.failures);
  EXPECT_TRUE(report.never.empty()) << joined(report.never);
  EXPECT_EQ(report.records, 200u);
}

TEST(Laws, report_a_field_that_is_listed_for_nothing) {
  const LawReport report = laws(base("  task_name: {maybe: name}\n  title: {maybe: t, via: [{substring: [1, 1]}], on_fail: drop}\n",
                                     "  one_way: {task_name: it cannot, title: only the first sign is read}\n  write: [xml]\n"));
  ASSERT_EQ(report.failures.size(), 1u) << joined(report.failures);
  EXPECT_NE(report.failures.front().find("task_name is listed as one-way, but came back"), std::string::npos);
}

TEST(Laws, name_the_seed_the_field_and_a_small_record) {
  // Two rules read one place in two ways: what the second reads is not what the first was given.
  PackText text = base("  task_name: {maybe: name}\n  title: {maybe: t}\n  remark: {maybe: t, via: [{fold: [latin]}, upper]}\n", "  write: [xml]\n");
  const LawReport report = laws(text, 50);
  ASSERT_FALSE(report.failures.empty());
  const std::string& first = report.failures.front();
  EXPECT_EQ(first.substr(0, 21), "law 1, seed 1, record");
  EXPECT_NE(first.find("smallest record found: {"), std::string::npos);
  EXPECT_EQ(first.find("task_name"), std::string::npos) << first;
}

} // namespace
} // namespace tongqu::mapping::test
