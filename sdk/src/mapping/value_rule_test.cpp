#include "mapping/test_support.hpp"

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

} // namespace
} // namespace tongqu::mapping::test
