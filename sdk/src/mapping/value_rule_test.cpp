#include <random>

#include "mapping/source_mapping.hpp"
#include "mapping/test_support.hpp"
#include "tongqu/wire/json.hpp"

/// Values that go through whole rules: what steps say becomes findings, and their faults get the policies of the rule.
namespace tongqu::mapping::test {
namespace {

MappedRecord map_rules(const std::string& rules, const std::string& body) {
  PackText text;
  text.rules = rules;
  return map_one(text, "<bj><no>C1</no>" + body + "</bj>");
}

MappedRecord map_json(const std::string& rules, const std::string& body) {
  PackText text;
  text.source = "  - json: {}\n";
  text.rules = rules;
  return map_one(text, "{\"no\":\"C1\"," + body + "}");
}

const std::string kIdNumber = "  applicant: {id_no: {maybe: zjhm, on_fail: hold}}\n";

TEST(DamagedIdentifiers, are_a_fault_without_any_step) {
  EXPECT_EQ(ids(map_rules(kIdNumber, "<zjhm>4.40112E+17</zjhm>").findings), "mapping.identifier_damaged");
  EXPECT_EQ(map_rules(kIdNumber, "<zjhm>4.40112E+17</zjhm>").verdict, RecordVerdict::held);
  EXPECT_EQ(ids(map_json(kIdNumber, "\"zjhm\":12.0").findings), "mapping.identifier_damaged");
  EXPECT_EQ(ids(map_json(kIdNumber, "\"zjhm\":\"12.0\"").findings), "");
  EXPECT_EQ(ids(map_rules(kIdNumber, "<zjhm>+8613800000000</zjhm>").findings), "");
}

TEST(DamagedIdentifiers, whole_numbers_are_kept_digit_by_digit_and_reported) {
  const MappedRecord record = map_json(kIdNumber, "\"zjhm\":9007199254740993");
  EXPECT_NE(record.canonical.find("\"9007199254740993\""), std::string::npos) << record.canonical;
  EXPECT_EQ(ids(record.findings, Severity::info), "mapping.identifier_as_number");
}

TEST(DamagedIdentifiers, under_a_check_are_faults_of_the_check) {
  const MappedRecord record = map_rules("  applicant: {id_no: {maybe: zjhm, check: resident_id, on_fail: {check: reject, default: hold}}}\n", "<zjhm>4.40112E+17</zjhm>");
  EXPECT_EQ(record.verdict, RecordVerdict::refused);
  EXPECT_EQ(ids(record.findings), "mapping.identifier_damaged");
  // A case number may hold any sign, but not a number that lost digits.
  EXPECT_EQ(ids(map_rules("  applicant: {id_no: {maybe: zjhm, check: case_no, on_fail: drop}}\n", "<zjhm>1.0E+15</zjhm>").findings), "mapping.identifier_damaged");
}

TEST(DamagedIdentifiers, in_the_identity_refuse_the_record) {
  PackText text;
  const MappedRecord record = map_one(text, "<bj><no>9.9E+15</no></bj>");
  EXPECT_EQ(record.verdict, RecordVerdict::refused);
  EXPECT_NE(ids(record.findings).find("mapping.identifier_damaged"), std::string::npos);
}

TEST(AutomaticCheck, takes_the_check_that_the_form_asks_for) {
  const std::string rule = "  applicant: {id_no: {maybe: zjhm, check: auto, on_fail: report}}\n";
  EXPECT_EQ(ids(map_rules(rule, "<zjhm>91990000MA00000008</zjhm>").findings), "");
  EXPECT_EQ(ids(map_rules(rule, "<zjhm>91990000MA00000009</zjhm>").findings), "model.uscc_check_digit");
  EXPECT_EQ(ids(map_rules(rule, "<zjhm>990000199901010013</zjhm>").findings), "model.id_check_digit");
  EXPECT_EQ(ids(map_rules(rule, "<zjhm>E12345678</zjhm>").findings), "");
}

TEST(Notes, become_findings_with_quirk_and_count) {
  const MappedRecord record = map_rules("  task_name: {maybe: name, via: [{strip: {class: [invisible]}}]}\n", "<name>青\xE2\x80\x8B岚\xE2\x80\x8B</name>");
  ASSERT_EQ(ids(record.findings, Severity::info), "mapping.invisible_removed");
  EXPECT_EQ(record.findings.items()[0].suggestion.en, "2 of them");
  EXPECT_EQ(record.findings.items()[0].quirk, 25);
  EXPECT_NE(record.canonical.find("青岚"), std::string::npos);
}

TEST(Notes, typed_faults_of_steps_keep_their_id_under_every_policy) {
  const std::string text = "<name>锟斤拷</name>";
  EXPECT_EQ(ids(map_rules("  task_name: {maybe: name, via: [{mojibake: refuse}], on_fail: reject}\n", text).findings), "mapping.mojibake");
  EXPECT_EQ(ids(map_rules("  task_name: {maybe: name, via: [{mojibake: refuse}], on_fail: drop}\n", text).findings, Severity::info), "mapping.mojibake mapping.dropped");
  EXPECT_EQ(ids(map_rules("  task_name: {maybe: name, via: [{mojibake: refuse}], on_fail: raw}\n", text).findings, Severity::info), "mapping.mojibake mapping.kept_raw");
  EXPECT_EQ(ids(map_rules("  task_name: {maybe: name, via: [{mojibake: report}]}\n", text).findings), "mapping.mojibake");
}

TEST(Amounts, finer_than_a_fen_are_a_fault_and_never_rounded) {
  const std::string rule = "  fee: {amount: {maybe: je, via: [amount], on_fail: hold}}\n";
  EXPECT_NE(map_rules(rule, "<je>壹仟贰佰叁拾肆元伍角整</je>").canonical.find("\"1234.5\""), std::string::npos);
  EXPECT_EQ(ids(map_rules(rule, "<je>0.001元</je>").findings), "model.money_too_fine");
}

TEST(Lists, items_that_are_left_out_are_said_and_reported_ones_stay) {
  const std::string rule = "  task_name: {maybe: name, via: [{split: \"^\"}, {null_if: [无]}, {join: 、}]}\n";
  const MappedRecord record = map_rules(rule, "<name>甲^无^乙</name>");
  EXPECT_NE(record.canonical.find("甲、乙"), std::string::npos) << record.canonical;
  EXPECT_EQ(ids(record.findings, Severity::info), "mapping.placeholder");
  const std::string range = "  task_name: {maybe: name, via: [{split: \"^\"}, {length_max: {chars: 1}}, {join: 、}], on_fail: report}\n";
  EXPECT_NE(map_rules(range, "<name>甲^乙丙</name>").canonical.find("甲、乙丙"), std::string::npos);
}

/// Everything that is said about a record.
std::string told(const MappedRecord& record) {
  std::string all = std::string(verdict_name(record.verdict)) + " " + record.canonical + " " + record.reason.en;
  for (const Finding& one : record.findings) {
    all += "\n" + describe(one, Lang::en) + " | " + one.source.path + " " + std::to_string(one.source.line) + ":" + std::to_string(one.source.column) + " " + one.rule + " " + std::to_string(one.quirk);
  }
  return all;
}

/// Rules whose values mostly go into their fields as they were sent, one of each sort.
PackText rules_as_sent(const std::string& source) {
  PackText text;
  text.source = source;
  text.types = "  blank: {trim: wide, null_if: [\"\", 无, 暂无, \"-\"]}\n  idtext: {extends: blank, fold: [digits, latin], upper: yes}\n  low: {lower: yes}\n";
  text.tables = "  way: {inline: {\"1\": window, \"2\": web}, system: s.way, model: channel, unknown: hold}\n"
                "  kind: {inline: {\"1\": certificate}, system: s.kind, model: material_type, unknown: drop}\n";
  text.rules = "  task_name: {maybe: a, type: blank}\n"
               "  title: {from: b, type: blank, on_fail: hold}\n"
               "  channel: {maybe: c, type: blank, table: way, on_fail: hold}\n"
               "  remark: {maybe: d}\n"
               "  division_name: {maybe: e, type: low}\n"
               "  catalog_code: {maybe: f, type: idtext, on_fail: hold}\n"
               "  applicant:\n    id_no: {maybe: g, type: idtext, on_fail: {malformed: drop, default: hold}}\n    name: {maybe: h, type: blank}\n    address: {maybe: a|d, type: blank}\n"
               "  received_materials:\n    each: cl\n    rules:\n      code: {from: i, type: idtext, on_fail: hold}\n      name: {maybe: j, type: blank}\n      type: {maybe: k, type: blank, table: kind, on_fail: drop}\n";
  return text;
}

/// The short way of a value that is stored as it was sent gives what the long way gives, which every observed rule goes.
TEST(ValuesAsSent, are_the_same_on_the_short_way_and_on_the_long_one) {
  const std::uint64_t seed = 20261130;
  std::mt19937_64 random(seed);
  const std::vector<std::string> texts = {"窗口", "AB12", "ab12", "１２", "1", "2", "9", " 1", "　中　", "", " ", "无", "暂无", "-", "--", "4.40112E+17", "12.0", "-5", "007", "a\rb", "x\r\ny", "中文（一）", "\xE2\x80\x8Bz", "é", "0123456789abcdef", "鿿"};
  const auto one = [&random](const auto& list) -> const std::string& { return list[random() % list.size()]; };
  const auto json_text = [](const std::string& text) {
    std::string out;
    wire::append_json_string(out, text);
    return out;
  };
  const std::vector<std::string> odd_json = {"null", "true", "12", "4e17", "12.50", "[]", "{}", "[\"1\",\"2\"]", "[\"1\"]", "{\"x\":1}", "\"\\u0041\\n\""};
  const std::vector<std::string> odd_xml = {"<%/>", "<% xmlns:i='http://www.w3.org/2001/XMLSchema-instance' i:nil='true'/>", "<% q='1'>1</%>", "<%>1<!-- c --></%>", "<%><x>1</x></%>", "<%>1<x/></%>",
                                            "<%><![CDATA[1]]></%>", "<%>&#65;&#13;</%>", "<%>1</%><%>1</%>", "<%>\n1\n</%>"};
  const auto json_member = [&](const std::string& name) { return json_text(name) + ":" + (random() % 4 == 0 ? one(odd_json) : json_text(one(texts))); };
  const auto xml_member = [&](const std::string& name) {
    std::string text = random() % 4 == 0 ? one(odd_xml) : "<%>" + one(texts) + "</%>";
    for (std::size_t at = text.find('%'); at != std::string::npos; at = text.find('%', at)) text.replace(at, 1, name);
    return text;
  };
  class Watching final : public detail::RunObserver {} watching;
  for (const bool xml : {true, false}) {
    Loaded loaded;
    loaded.load(rules_as_sent(xml ? "  - xml: {root: bj}\n" : "  - json: {}\n"));
    ASSERT_TRUE(loaded.pack) << loaded.mistake_list();
    Workspace quick, watched;
    watched.state().observer = &watching;
    int accepted = 0, other = 0;
    for (int i = 0; i < 1500 && !::testing::Test::HasFailure(); ++i) {
      const auto fields = [&](std::initializer_list<const char*> names) {
        std::string body;
        for (const char* name : names) {
          if (random() % 5 != 0) body += (xml || body.empty() ? "" : ",") + (xml ? xml_member(name) : json_member(name));
        }
        return body;
      };
      std::string body = fields({"a", "b", "c", "d", "e", "f", "g", "h"});
      const std::string first = fields({"i", "j", "k"}), second = fields({"i", "j", "k"});
      body = xml ? "<bj><no>C1</no>" + body + "<cl>" + first + "</cl><cl>" + second + "</cl></bj>" : "{\"no\":\"C1\"," + body + (body.empty() ? "" : ",") + "\"cl\":[{" + first + "},{" + second + "}]}";
      Environment made = environment();
      if (random() % 10 == 0) made.steps_max = 1 + random() % 25;
      const auto short_way = loaded.pack->run(delivery(body), made, quick);
      const auto long_way = loaded.pack->run(delivery(body), made, watched);
      ASSERT_EQ(short_way.has_value(), long_way.has_value()) << body;
      if (!short_way) continue;
      ASSERT_EQ(told(short_way->front()), told(long_way->front())) << "seed " << seed << " message " << i << ": " << body;
      ++(short_way->front().verdict == RecordVerdict::accepted ? accepted : other);
    }
    EXPECT_GT(accepted, 20);
    EXPECT_GT(other, 20);
  }
}

} // namespace
} // namespace tongqu::mapping::test
