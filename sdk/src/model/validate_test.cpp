#include <gtest/gtest.h>

#include "test_records.hpp"
#include "tongqu/model/identifiers.hpp"

namespace tongqu::model {
namespace {

using test::time_at;

const Time kToday = time_at("2150-01-01");

Record good_case() {
  Record record;
  Case& body = std::get<Case>(record.body);
  body.case_no = "11990000000000019A4000199001000209901050007";
  body.catalog_code = "000199001000";
  body.task_code = "11990000000000019A4000199001000";
  body.task_handle_item = "11990000000000019A400019900100001";
  body.division_code = "990102";
  body.applicant.id_type = Code{"resident_id", {}, {}, {}};
  body.applicant.id_no = "100000209901010013";
  body.applied_at = time_at("2099-01-05");
  body.received_at = time_at("2099-01-05T09:00:00+08:00");
  body.acceptance.accepted_at = time_at("2099-01-05T10:00:00+08:00");
  body.promise_due_at = time_at("2199-01-19");
  body.process_steps.emplace(2);
  body.process_steps->at(0).seq = 1;
  body.process_steps->at(0).started_at = time_at("2099-01-05T10:00:00+08:00");
  body.process_steps->at(0).ended_at = time_at("2099-01-06T10:00:00+08:00");
  body.process_steps->at(1).seq = 2;
  body.process_steps->at(1).started_at = time_at("2099-01-06T10:00:00+08:00");
  body.result.closed_at = time_at("2099-01-06T10:00:30+08:00");
  return record;
}

Case& body(Record& record) { return std::get<Case>(record.body); }

/// "id path" of every finding, errors marked with a "!".
std::vector<std::string> findings_of(Record& record, const Time& today = kToday) {
  Findings findings;
  validate(record, today, findings);
  std::vector<std::string> lines;
  for (const Finding& finding : findings) {
    EXPECT_EQ(finding.record, entity_name(record.entity));
    lines.push_back(std::string(errc_row(finding.id).id) + " " + finding.path + (finding.severity == Severity::error ? " !" : ""));
  }
  return lines;
}

using Lines = std::vector<std::string>;

TEST(Validate, a_good_case_has_no_findings_and_verdicts_beside_its_identifiers) {
  Record record = good_case();
  EXPECT_EQ(findings_of(record), Lines{});
  for (const std::string_view text : {"case_no", "catalog_code", "task_code", "task_handle_item", "division_code", "applicant.id_no"}) {
    const MetaEntry* meta = record.find_meta(find_slot(EntityId::case_, text)->id, {});
    ASSERT_NE(meta, nullptr) << text;
    EXPECT_EQ(meta->verdict, Verdict::passed) << text;
  }
}

TEST(Validate, a_failed_check_is_a_warning_on_a_kept_value_that_is_not_shown) {
  Record record = good_case();
  body(record).applicant.id_no = "100000209901010010";
  Findings findings;
  validate(record, kToday, findings);
  ASSERT_EQ(findings.size(), 1u);
  const Finding& finding = findings.items()[0];
  EXPECT_EQ(finding.id, Errc::model_id_check_digit);
  EXPECT_EQ(finding.severity, Severity::warn);
  EXPECT_EQ(finding.path, "applicant.id_no");
  EXPECT_EQ(finding.rule, "resident_id");
  EXPECT_EQ(finding.value_class, "18 characters, digits");
  EXPECT_EQ(describe(finding, Lang::en).find("1000002"), std::string::npos);
  EXPECT_EQ(body(record).applicant.id_no, "100000209901010010");
  EXPECT_EQ(record.find_meta(find_slot(EntityId::case_, "applicant.id_no")->id, {})->verdict, Verdict::failed);
}

TEST(Validate, the_kind_of_certificate_decides_the_check) {
  Record record = good_case();
  body(record).applicant.id_type = Code{"passport", {}, {}, {}};
  body(record).applicant.id_no = "E12345678";
  EXPECT_EQ(findings_of(record), Lines{});
  EXPECT_EQ(record.find_meta(find_slot(EntityId::case_, "applicant.id_no")->id, {})->verdict, Verdict::passed);
  body(record).applicant.id_no = "E1";
  EXPECT_EQ(findings_of(record), Lines{"model.passport_form applicant.id_no"});
  body(record).applicant.id_type = Code{"military_officer", {}, {}, {}};
  record.meta.clear();
  EXPECT_EQ(findings_of(record), Lines{});
  EXPECT_EQ(record.find_meta(find_slot(EntityId::case_, "applicant.id_no")->id, {}), nullptr);
  body(record).applicant.id_type = Code{"uscc", {}, {}, {}};
  body(record).applicant.id_no = "119900000000000001";
  EXPECT_EQ(findings_of(record), Lines{"model.uscc_check_digit applicant.id_no"});
  body(record).applicant.id_type.reset();
  EXPECT_EQ(findings_of(record), Lines{});
}

TEST(Validate, a_scheme_that_is_a_check_is_run) {
  Record record = good_case();
  body(record).identifiers.emplace(2);
  body(record).identifiers->at(0) = {"case_no_43", "11990000000000019A4000199001000209902300007", {}, {}};
  body(record).identifiers->at(1) = {"county_no", "7", {}, {}};
  EXPECT_EQ(findings_of(record), Lines{"model.case_no_date identifiers[0].value"});
}

TEST(Validate, a_record_without_a_key_is_an_error) {
  Record record = good_case();
  body(record).case_no.reset();
  EXPECT_EQ(findings_of(record), Lines{"model.key_missing case_no !"});
  Record item;
  item.entity = EntityId::service_item;
  item.body.emplace<ServiceItem>();
  EXPECT_EQ(findings_of(item), Lines{"model.key_missing task_code !"});
}

TEST(Validate, times_of_the_life_cycle_stand_in_order) {
  struct Row { std::string_view path, time, finding; };
  const Row rows[] = {
      {"received_at", "2099-01-04T23:59:00+08:00", "model.time_order received_at"},
      {"acceptance.accepted_at", "2099-01-05T08:59:59+08:00", "model.time_order acceptance.accepted_at"},
      {"result.closed_at", "2099-01-06T09:59:59+08:00", "model.time_order result.closed_at"},
      {"promise_due_at", "2099-01-04", "model.due_order promise_due_at"},
      {"legal_due_at", "2199-01-18", "model.due_order legal_due_at"},
      {"result.pickup.at", "2099-01-05", "model.time_order result.pickup.at"},
  };
  for (const Row& row : rows) {
    Record record = good_case();
    *static_cast<std::optional<Time>*>(member_at(record.object(), find_slot(EntityId::case_, row.path).value(), {})) = time_at(row.time);
    EXPECT_EQ(findings_of(record), Lines{std::string(row.finding)}) << row.path;
  }
  Record record = good_case();
  body(record).process_steps->at(0).started_at = time_at("2099-01-05T09:59:59+08:00");
  EXPECT_EQ(findings_of(record), Lines{"model.time_order process_steps[0].started_at"});
  record = good_case();
  body(record).process_steps->at(1).ended_at = time_at("2099-01-06T09:00:00+08:00");
  EXPECT_EQ(findings_of(record), Lines{"model.time_order process_steps[1].ended_at"});
}

TEST(Validate, times_are_compared_as_coarsely_as_they_were_sent) {
  Record record = good_case();
  body(record).applied_at = time_at("2099-01-05T23:00:00+08:00");
  body(record).received_at = time_at("2099-01-05");
  body(record).acceptance.accepted_at = time_at("2099-01-05T10:00:30+08:00");
  body(record).process_steps.reset();
  body(record).result.closed_at = time_at("2099-01-05T10:00:00+08:00");
  body(record).result.closed_at->precision = Time::Precision::minute;
  EXPECT_EQ(findings_of(record), Lines{});
  // The same instant under two offsets.
  body(record).result.closed_at = time_at("2099-01-05T02:00:30+00:00");
  EXPECT_EQ(findings_of(record), Lines{});
  body(record).result.closed_at = time_at("2099-01-05T02:00:29+00:00");
  EXPECT_EQ(findings_of(record), Lines{"model.time_order result.closed_at"});
}

TEST(Validate, dates_after_the_reference_date_are_reported_but_due_dates_are_not) {
  Record record = good_case();
  EXPECT_EQ(findings_of(record, time_at("2099-01-05")),
            (Lines{"model.time_in_future process_steps[0].ended_at", "model.time_in_future process_steps[1].started_at", "model.time_in_future result.closed_at"}));
  const Lines lines = findings_of(record, time_at("2098-12-31"));
  EXPECT_NE(std::find(lines.begin(), lines.end(), "model.time_in_future applicant.id_no"), lines.end());
  EXPECT_NE(std::find(lines.begin(), lines.end(), "model.time_in_future applied_at"), lines.end());
  EXPECT_EQ(std::find(lines.begin(), lines.end(), "model.time_in_future promise_due_at"), lines.end());
}

TEST(Validate, a_case_under_a_parent_item_is_an_error) {
  Record record = good_case();
  body(record).catalog_code = "00019900100Y";
  body(record).task_code = "11990000000000019A400019900100Y";
  body(record).task_handle_item.reset();
  EXPECT_EQ(findings_of(record), (Lines{"model.item_code_parent catalog_code !", "model.item_code_parent task_code !"}));
}

TEST(Validate, item_codes_belong_together) {
  Record record = good_case();
  body(record).catalog_code = "000199002000";
  body(record).task_handle_item = "11990000000000019A400019900200001";
  EXPECT_EQ(findings_of(record), (Lines{"model.item_code_mismatch task_code", "model.item_code_mismatch task_handle_item"}));
}

TEST(Validate, an_item_agrees_with_its_code) {
  Record record;
  record.entity = EntityId::service_item;
  ServiceItem& item = record.body.emplace<ServiceItem>();
  record.kind = RecordKind::part;  // Rules about what is missing do not look at parts.
  item.task_code = "11990000000000019A3000199001000";
  item.dept_code = "11990000000000019A";
  item.use_level = {Code{"city", {}, {}, {}}};
  item.task_type = Code{"licence", {}, {}, {}};
  EXPECT_EQ(findings_of(record), Lines{});
  item.use_level = {Code{"county", {}, {}, {}}};
  item.task_type = Code{"levy", {}, {}, {}};
  item.dept_code = "11990000000000000D";
  EXPECT_EQ(findings_of(record), (Lines{"model.item_code_mismatch task_code", "model.item_code_mismatch task_code", "model.item_code_mismatch task_code"}));
}

TEST(Validate, a_name_outside_its_code_system_is_an_error) {
  Record record = good_case();
  body(record).state = Code{"done", "county.zt@1", "07", {}};
  body(record).channel = Code{{}, "county.tjfs@1", "3", {}};
  EXPECT_EQ(findings_of(record), Lines{"model.code_unknown state !"});
}

TEST(Validate, elements_with_one_key_are_reported) {
  Record record = good_case();
  body(record).process_steps->at(1).seq = 1;
  EXPECT_EQ(findings_of(record), Lines{"model.list_key_twice process_steps"});
}

TEST(Validate, an_inner_organisation_code_that_fails_is_a_warning) {
  Record record;
  record.entity = EntityId::service_item;
  ServiceItem& item = record.body.emplace<ServiceItem>();
  item.local_task_code = "7";
  // The organisation code 00000001 has the check digit 9; here it ends in 1 under a right outer check character.
  item.dept_code = "11990000000000011H";
  EXPECT_EQ(findings_of(record), Lines{"model.uscc_inner_code dept_code"});
}

/// Spoils every coded value that has a code system and moves every time that may not lie ahead into the future; counts both by walking the rows.
struct Spoiler {
  std::size_t codes = 0, times = 0;

  void spoil(const RecordType& type, void* object) {
    for (std::size_t i = 0; i < type.count; ++i) spoil_field(type.fields[i], type.fields[i].member(object));
  }

  void spoil_field(const FieldInfo& field, void* member) {
    using detail::as;
    if (field.kind == FieldKind::record) return spoil(*field.type(), member);
    if (field.kind == FieldKind::record_list) {
      for (std::size_t k = 0; k < field.type()->list_size(member); ++k) spoil(*field.type(), field.type()->list_at(member, k));
    }
    if (field.kind == FieldKind::code && as<Code>(member) && !field.system.empty()) {
      as<Code>(member)->name = "no_such_name";
      ++codes;
    }
    if (field.kind == FieldKind::code_list && as<std::vector<Code>>(member) && !field.system.empty()) {
      for (Code& code : *as<std::vector<Code>>(member)) code.name = "no_such_name", ++codes;
    }
    if (field.kind == FieldKind::time && as<Time>(member) && !field.future) {
      as<Time>(member) = time_at("2151-01-01");
      ++times;
    }
  }
};

TEST(Validate, every_code_and_every_time_of_every_entity_is_looked_at) {
  for (const EntityId entity : all_entities()) {
    for (unsigned seed = 1; seed <= 5; ++seed) {
      Record record = test::filled(entity, seed, seed == 1 ? 100 : 50);
      Spoiler spoiler;
      spoiler.spoil(entity_type(entity), record.object());
      Findings findings;
      validate(record, kToday, findings);
      std::size_t codes = 0, times = 0;
      for (const Finding& finding : findings) {
        codes += finding.id == Errc::model_code_unknown ? 1u : 0u;
        times += finding.id == Errc::model_time_in_future ? 1u : 0u;
      }
      ASSERT_LT(findings.size(), Findings::kFindingsMax);
      EXPECT_EQ(codes, spoiler.codes) << entity_name(entity) << " " << seed;
      EXPECT_EQ(times, spoiler.times) << entity_name(entity) << " " << seed;
    }
  }
}

TEST(Validate, verdicts_of_many_identifiers_stand_once_each) {
  Record record = good_case();
  constexpr std::size_t kMaterials = 300;
  body(record).received_materials.emplace(kMaterials);
  for (std::size_t i = 0; i < kMaterials; ++i) {
    ReceivedMaterial& material = body(record).received_materials->at(i);
    material.code = "M" + std::to_string(1000 + i);
    material.licence_id = i % 3 == 0 ? "1.2.156.3005.2.11990000000000000D001.11990000000000019A.2024000001.001.H" : "1";
  }
  const PathId path = find_slot(EntityId::case_, "received_materials.licence_id")->id;
  record.meta_at(path, {7, 0}).mark = Mark::derived;
  for (int pass = 0; pass < 2; ++pass) {
    EXPECT_EQ(findings_of(record).size(), 200u);
    EXPECT_EQ(record.meta.size(), kMaterials + 6);
    for (std::uint16_t i = 0; i < kMaterials; ++i) {
      const MetaEntry* meta = record.find_meta(path, {i, 0});
      ASSERT_NE(meta, nullptr) << i;
      EXPECT_EQ(meta->verdict, i % 3 == 0 ? Verdict::passed : Verdict::failed) << i;
      EXPECT_EQ(meta->mark, i == 7 ? Mark::derived : Mark::sent);
    }
  }
}

TEST(Validate, keys_out_of_order_are_no_fault_and_a_key_twice_is_found_anywhere) {
  Record record = good_case();
  body(record).process_steps->at(0).seq = 5;
  EXPECT_EQ(findings_of(record), Lines{});
  body(record).received_materials.emplace(3);
  body(record).received_materials->at(0).code = "M2";
  body(record).received_materials->at(1).code = "M1";
  EXPECT_EQ(findings_of(record), Lines{});
  body(record).received_materials->at(2).code = "M2";
  EXPECT_EQ(findings_of(record), Lines{"model.list_key_twice received_materials"});
}

TEST(Validate, older_codes_in_a_right_licence_identifier_are_a_warning) {
  Record record = good_case();
  body(record).received_materials.emplace(1);
  const std::string identifier = "11990000000000000D001MA00000072024000001001";
  body(record).received_materials->at(0).licence_id =
      std::string("1.2.156.3005.2.11990000000000000D001.MA0000007.2024000001.001.") + licence_check_character(identifier);
  EXPECT_EQ(findings_of(record), Lines{"model.licence_body_code received_materials[0].licence_id"});
}

} // namespace
} // namespace tongqu::model
