#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "test_records.hpp"
#include "tongqu/wire/json.hpp"

namespace tongqu::model {
namespace {

using test::json_of;
using test::time_at;

Record small_case() {
  Record record;
  record.identity = {"11990000000000019A", "11990000000000019A4000199001000", "2099/0105%7", "accept", "2"};
  record.envelope.source_system = "county";
  record.envelope.event = "accept";
  record.envelope.sequence_in_case = 3;
  record.envelope.occurred_at = time_at("2099-01-05T09:30:00+08:00");
  record.envelope.reported_at = time_at("2099-01-05T09:31:00.250+08:00");
  Case& body = std::get<Case>(record.body);
  body.case_no = "2099/0105%7";
  body.title = "申请 \"甲\"\n\t\\ \x01";
  body.applicant.name = "测试甲";
  body.applicant.id_type = Code{"resident_id", "county.zjlx@7", "1", {}};
  body.applicant.id_no = "100000209901010010";
  body.applied_at = time_at("2099-01-05");
  body.received_at = time_at("2099-01-05T07:08:00+08:00");
  body.received_at->precision = Time::Precision::minute;
  body.promised_limit = Quantity{"10", Quantity::Unit::working_day};
  body.fee.charged = false;
  body.fee.amount = Money{"12.5"};
  body.process_steps.emplace();
  body.received_materials.emplace(1);
  body.received_materials->front().order = 1;
  body.received_materials->front().files.emplace(1);
  body.received_materials->front().files->front().size = 2048;
  body.result.valid_to = Validity{Validity::Kind::unlimited, {}};
  record.ext = {{"ningbo", "b", "2"}, {"ningbo", "a", "1"}, {"anhui", "z", ""}};
  MetaEntry& meta = record.meta_at(find_slot(EntityId::case_, "applicant.id_no")->id, {});
  meta.mark = Mark::repaired;
  meta.verdict = Verdict::failed;
  return record;
}

constexpr std::string_view kHead =
    R"({"record":"case@1","kind":"snapshot","identity":{"organisation":"11990000000000019A","item":"11990000000000019A4000199001000","case":"2099/0105%7","event":"accept","revision":"2"},)";
constexpr std::string_view kBody =
    R"("case_no":"2099/0105%7","title":"申请 \"甲\"\n\t\\ \u0001","applicant":{"name":"测试甲","id_type":{"name":"resident_id","system":"county.zjlx@7","code":"1"},"id_no":"100000209901010010"},)"
    R"("applied_at":"2099-01-05","received_at":"2099-01-05T07:08:00+08:00","promised_limit":{"value":"10","unit":"working_day"},"fee":{"charged":false,"amount":"12.5"},)"
    R"("process_steps":[],"result":{"valid_to":"unlimited"},"received_materials":[{"order":1,"files":[{"size":2048}]}],)"
    R"("ext":{"anhui":{"z":""},"ningbo":{"a":"1","b":"2"}})";

TEST(CanonicalJson, a_case_is_written_as_the_reference_says) {
  const std::string envelope =
      R"("envelope":{"source_system":"county","event":"accept","sequence_in_case":3,"occurred_at":"2099-01-05T09:30:00+08:00","reported_at":"2099-01-05T09:31:00.250+08:00"},)";
  const std::string text = json_of(small_case());
  EXPECT_EQ(text, std::string(kHead) + envelope + std::string(kBody) +
                      R"(,"meta":{"received_at":{"precision":"minute"},"applicant.id_no":{"mark":"repaired","verdict":"failed"}}})");
}

TEST(CanonicalJson, the_digest_input_leaves_out_meta_and_what_the_pack_names) {
  std::string text;
  append_canonical_json(text, small_case(), JsonForm::digest_input,
                        {"envelope.reported_at", "envelope.sequence_in_case", "fee", "received_materials.files.size", "ext.ningbo.a", "applicant.name", "no.such"});
  EXPECT_EQ(text, std::string(kHead) +
                      R"("envelope":{"source_system":"county","event":"accept","occurred_at":"2099-01-05T09:30:00+08:00"},)"
                      R"("case_no":"2099/0105%7","title":"申请 \"甲\"\n\t\\ \u0001","applicant":{"id_type":{"name":"resident_id","system":"county.zjlx@7","code":"1"},"id_no":"100000209901010010"},)"
                      R"("applied_at":"2099-01-05","received_at":"2099-01-05T07:08:00+08:00","promised_limit":{"value":"10","unit":"working_day"},)"
                      R"("process_steps":[],"result":{"valid_to":"unlimited"},"received_materials":[{"order":1,"files":[{}]}],)"
                      R"("ext":{"anhui":{"z":""},"ningbo":{"b":"2"}}})");
}

TEST(CanonicalJson, a_part_says_null_where_a_value_is_taken_away) {
  Record record;
  record.kind = RecordKind::part;
  std::get<Case>(record.body).case_no = "7";
  record.meta_at(find_slot(EntityId::case_, "contact.mobile")->id, {}).cleared = true;
  record.meta_at(find_slot(EntityId::case_, "supplements")->id, {}).cleared = true;
  std::get<Case>(record.body).received_materials.emplace(2);
  record.meta_at(find_slot(EntityId::case_, "received_materials.name")->id, {1, 0}).cleared = true;
  const std::string text = json_of(record);
  EXPECT_EQ(text, R"({"record":"case@1","kind":"part","identity":{"revision":"1"},"case_no":"7","contact":{"mobile":null},"supplements":null,"received_materials":[{},{"name":null}]})");
  Findings findings;
  const auto again = read_canonical_json(text, findings);
  ASSERT_TRUE(again.has_value()) << describe(again.error());
  EXPECT_EQ(json_of(*again), text);
  EXPECT_TRUE(again->find_meta(find_slot(EntityId::case_, "received_materials.name")->id, {1, 0})->cleared);
}

TEST(CanonicalJson, an_item_and_the_other_kinds_are_written_as_the_reference_says) {
  Record record;
  record.entity = EntityId::service_item;
  record.kind = RecordKind::deleted;
  record.version = "3";
  ServiceItem& item = record.body.emplace<ServiceItem>();
  item.task_code = "11990000000000019A4000199001000";
  item.service_objects = {Code{"natural_person", {}, {}, {}}, Code{{}, "county.fwdx@1", "8", "其他"}};
  item.version = 4;
  item.extension.joint_depts = std::vector<std::string>{"甲局", "乙局"};
  EXPECT_EQ(json_of(record), R"({"record":"service_item@1","kind":"delete","identity":{"revision":"1"},"deleted_version":"3","task_code":"11990000000000019A4000199001000","version":4,)"
                             R"("service_objects":[{"name":"natural_person"},{"system":"county.fwdx@1","code":"8","text":"其他"}],"extension":{"joint_depts":["甲局","乙局"]}})");
  Record voided;
  voided.kind = RecordKind::voided;
  voided.reason = "录入错误";
  EXPECT_EQ(json_of(voided), R"({"record":"case@1","kind":"void","identity":{"revision":"1"},"reason":"录入错误"})");
}

TEST(CanonicalJson, what_was_written_is_read_back_field_by_field) {
  for (unsigned seed = 0; seed < 60; ++seed) {
    for (const EntityId entity : all_entities()) {
      const Record record = test::filled(entity, seed, seed == 0 ? 100 : 40);
      const std::string text = json_of(record);
      Findings findings;
      const auto again = read_canonical_json(text, findings);
      ASSERT_TRUE(again.has_value()) << "seed " << seed << " " << describe(again.error());
      EXPECT_TRUE(findings.empty()) << "seed " << seed;
      EXPECT_TRUE(again->body == record.body) << "seed " << seed;
      EXPECT_EQ(json_of(*again), text) << "seed " << seed;
    }
  }
  Findings findings;
  const auto again = read_canonical_json(json_of(small_case()), findings);
  ASSERT_TRUE(again.has_value());
  EXPECT_TRUE(again->identity == small_case().identity);
  EXPECT_EQ(json_of(*again), json_of(small_case()));
}

TEST(CanonicalJson, unknown_members_are_kept_word_for_word_and_reported) {
  const std::string text =
      R"({"record":"case@1","kind":"snapshot","case_no":"7","colour":{"a":[1.50,true,null]},"applicant":{"shoe_size":"44"},"received_materials":[{"name":"甲"},{"weight":9007199254740993}]})";
  Findings findings;
  const auto record = read_canonical_json(text, findings);
  ASSERT_TRUE(record.has_value()) << describe(record.error());
  ASSERT_EQ(findings.size(), 3u);
  const std::string_view paths[] = {"colour", "applicant.shoe_size", "received_materials[1].weight"};
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(findings.items()[i].path, paths[i]);
    EXPECT_EQ(findings.items()[i].id, Errc::model_unknown_member);
    EXPECT_EQ(findings.items()[i].severity, Severity::warn);
  }
  EXPECT_EQ(findings.items()[2].source.path, "/received_materials/1/weight");
  EXPECT_EQ(record->unknown[0].json, R"({"a":[1.50,true,null]})");
  EXPECT_EQ(record->unknown[2].json, "9007199254740993");
  Findings second;
  const auto again = read_canonical_json(json_of(*record), second);
  ASSERT_TRUE(again.has_value());
  EXPECT_TRUE(second.empty());
  EXPECT_EQ(json_of(*again), json_of(*record));
}

TEST(CanonicalJson, a_wrong_shape_is_refused_with_its_place) {
  struct Row { std::string_view json, id, where; };
  const Row rows[] = {
      {R"([])", "model.record_invalid", "/"},
      {R"({"kind":"snapshot"})", "model.record_invalid", "/record"},
      {R"({"record":"case@2","kind":"snapshot"})", "model.record_invalid", "/record"},
      {R"({"record":"case@1","kind":"whole"})", "model.record_invalid", "/kind"},
      {R"({"record":"case@1","kind":"snapshot","case_no":7})", "model.record_invalid", "/case_no"},
      {R"({"record":"case@1","kind":"snapshot","case_no":null})", "model.record_invalid", "/case_no"},
      {R"({"record":"case@1","kind":"snapshot","task_version":1.0})", "model.record_invalid", "/task_version"},
      {R"({"record":"case@1","kind":"snapshot","task_version":99999999999999999999})", "model.record_invalid", "/task_version"},
      {R"({"record":"case@1","kind":"snapshot","applied_at":"2099-02-30"})", "model.record_invalid", "/applied_at"},
      {R"({"record":"case@1","kind":"snapshot","fee":{"amount":"1.234"}})", "model.record_invalid", "/fee/amount"},
      {R"({"record":"case@1","kind":"snapshot","fee":{"amount":"01"}})", "model.record_invalid", "/fee/amount"},
      {R"({"record":"case@1","kind":"snapshot","fee":{"charged":"true"}})", "model.record_invalid", "/fee/charged"},
      {R"({"record":"case@1","kind":"snapshot","promised_limit":{"value":"1","unit":"day"}})", "model.record_invalid", "/promised_limit/unit"},
      {R"({"record":"case@1","kind":"snapshot","promised_limit":{}})", "model.record_invalid", "/promised_limit"},
      {R"({"record":"case@1","kind":"snapshot","state":"accepted"})", "model.record_invalid", "/state"},
      {R"({"record":"case@1","kind":"snapshot","process_steps":{}})", "model.record_invalid", "/process_steps"},
      {R"({"record":"case@1","kind":"snapshot","process_steps":[{"seq":1},7]})", "model.record_invalid", "/process_steps/1"},
      {R"({"record":"case@1","kind":"snapshot","identity":{"who":"x"}})", "model.record_invalid", "/identity/who"},
      {R"({"record":"case@1","kind":"snapshot","meta":{"case_no":{"verdict":"maybe"}}})", "model.record_invalid", "/meta/case_no/verdict"},
      {R"({"record":"case@1","kind":"snapshot","case_no":"1","case_no":"2"})", "wire.json_duplicate_key", "1:52"},
  };
  for (const Row& row : rows) {
    Findings findings;
    const auto record = read_canonical_json(row.json, findings);
    ASSERT_FALSE(record.has_value()) << row.json;
    EXPECT_EQ(record.error().id(), row.id) << row.json;
    EXPECT_EQ(record.error().where(), row.where) << row.json;
  }
}

TEST(CanonicalJson, meta_of_elements_that_are_not_there_does_no_harm) {
  Findings findings;
  const auto record = read_canonical_json(R"({"record":"case@1","kind":"part","meta":{"received_materials[9].at":{"precision":"minute"},"nowhere":{"mark":"sent"},"case_no[99999999999]":{}}})", findings);
  ASSERT_TRUE(record.has_value()) << describe(record.error());
  EXPECT_EQ(findings.size(), 2u);
  EXPECT_FALSE(json_of(*record).empty());
}

TEST(Identity, no_two_identities_give_one_key) {
  const Identity a{"a/b", "c", "d", "e", "1"}, b{"a", "b/c", "d", "e", "1"}, c{"a%2Fb", "c", "d", "e", "1"};
  EXPECT_EQ(a.key(), "a%2Fb/c/d/e/1");
  EXPECT_EQ(c.key(), "a%252Fb/c/d/e/1");
  EXPECT_NE(a.key(), b.key());
  EXPECT_EQ(a.case_key(), "a%2Fb/c/d");
}

/// Another implementation reads the text: Python must find every key once and print the same text again.
TEST(CanonicalJson, another_reader_finds_the_same) {
  if (!std::filesystem::exists("/usr/bin/python3")) GTEST_SKIP() << "python3 not present";
  const std::filesystem::path folder = std::filesystem::temp_directory_path() / ("tongqu-model-" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  {
    std::ofstream script(folder / "same.py");
    script << "import json, sys\n"
              "def once(pairs):\n"
              "    assert len({k for k, _ in pairs}) == len(pairs), 'a key stands twice'\n"
              "    return dict(pairs)\n"
              "def leaves(v, path=''):\n"
              "    if isinstance(v, dict):\n"
              "        for k, x in v.items(): yield from leaves(x, path + '/' + k)\n"
              "    elif isinstance(v, list):\n"
              "        for i, x in enumerate(v): yield from leaves(x, path + '/' + str(i))\n"
              "    else: yield path, v\n"
              "for line in open(sys.argv[1], encoding='utf-8', newline='\\n'):\n"
              "    line = line.rstrip('\\n')\n"
              "    value = json.loads(line, object_pairs_hook=once)\n"
              "    assert json.dumps(value, ensure_ascii=False, separators=(',', ':')) == line, 'another text'\n"
              "    first = value if 'first' not in globals() else first\n"
              "found = dict(leaves(first))\n"
              "assert found['/title'] == '申请 \"甲\"\\n\\t\\\\ \\x01'\n"
              "assert found['/applicant/id_type/name'] == 'resident_id'\n"
              "assert found['/fee/charged'] is False and found['/received_materials/0/files/0/size'] == 2048\n"
              "assert found['/meta/applicant.id_no/verdict'] == 'failed'\n";
    std::ofstream data(folder / "records.json", std::ios::binary);
    data << json_of(small_case()) << "\n";
    for (unsigned seed = 0; seed < 20; ++seed) {
      data << json_of(test::filled(EntityId::case_, seed, 60)) << "\n" << json_of(test::filled(EntityId::service_item, seed, 60)) << "\n";
    }
  }
  const std::string command = "/usr/bin/python3 '" + (folder / "same.py").string() + "' '" + (folder / "records.json").string() + "'";
  EXPECT_EQ(std::system(command.c_str()), 0);
  std::filesystem::remove_all(folder);
}

} // namespace
} // namespace tongqu::model
