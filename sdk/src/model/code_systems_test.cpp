#include "tongqu/model/code_systems.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "test_records.hpp"
#include "tongqu/model/identifiers.hpp"

namespace tongqu::model {
namespace {

std::string to_name(std::string_view system, std::string_view code, std::string_view to) {
  const auto made = canonical_code(system, code, to);
  return !made ? "no such code" : made->name.empty() ? "not covered" : made->name;
}

std::string to_code(std::string_view system, std::string_view name, std::string_view to) {
  const Crosswalk* crosswalk = find_crosswalk(system, to);
  return crosswalk == nullptr ? "no crosswalk" : std::string(crosswalk->back(name).value_or("not told"));
}

std::string national(std::string_view system, std::string_view code) {
  const CodeRow* row = row_of_code(system, code);
  return row == nullptr ? "no such code" : std::string(row->name);
}

// Each of these numbers means something else in another interface. The expected names come from the tables of the interfaces named.
TEST(Trap, satisfaction_1_is_best_in_the_standard_and_worst_in_the_evaluation_interface) {
  EXPECT_EQ(to_name("gbt39046.satisfaction", "1", "satisfaction"), "very_satisfied");
  EXPECT_EQ(to_name("evaluation.satisfaction", "1", "satisfaction"), "very_dissatisfied");
  EXPECT_EQ(to_name("gbt39046.satisfaction", "5", "satisfaction"), "very_dissatisfied");
  EXPECT_EQ(to_name("evaluation.satisfaction", "5", "satisfaction"), "very_satisfied");
  EXPECT_EQ(to_name("gbt39046.satisfaction", "3", "satisfaction"), to_name("evaluation.satisfaction", "3", "satisfaction"));
  EXPECT_EQ(row_of_code("satisfaction", "1"), nullptr) << "the canonical system has names only";
}

TEST(Trap, project_type_is_reversed_in_one_interface_of_zhejiang) {
  EXPECT_EQ(national("project_type", "1"), "immediate");
  EXPECT_EQ(national("project_type", "2"), "promised");
  EXPECT_EQ(to_name("zhejiang.project_type", "1", "project_type"), "promised");
  EXPECT_EQ(to_name("zhejiang.project_type", "2", "project_type"), "immediate");
  EXPECT_EQ(to_name("shandong.project_type", "4", "project_type"), "submitted_up");
  // The evaluation report carries it in a column that is named like a time.
  const auto fields = find_aliases("promiseTime", "evaluation");
  ASSERT_EQ(fields.size(), 1u);
  EXPECT_EQ(fields[0]->field, "evaluation.project_type");
}

TEST(Trap, share_type_comes_in_four_numberings) {
  const std::pair<std::string_view, std::array<std::string_view, 3>> systems[] = {
      {"share_type.zero_based", {"1", "0", "2"}}, {"share_type.conditional_first", {"02", "01", "03"}}, {"share_type.unconditional_first", {"01", "02", "03"}}};
  for (const auto& [system, codes] : systems) {
    EXPECT_EQ(to_name(system, codes[0], "share_type"), "unconditional") << system;
    EXPECT_EQ(to_name(system, codes[1], "share_type"), "conditional") << system;
    EXPECT_EQ(to_name(system, codes[2], "share_type"), "refused") << system;
  }
  EXPECT_EQ(national("share_type", "1"), "unconditional");
  EXPECT_EQ(national("share_type", "2"), "conditional");
  EXPECT_EQ(national("share_type", "3"), "refused");
  EXPECT_EQ(to_name("share_type.zero_based", "3", "share_type"), "no such code");
}

TEST(Trap, service_objects_5_and_6_differ_between_the_standard_and_the_platform) {
  EXPECT_EQ(to_name("gbt39046.applicant_type", "5", "applicant_type"), "government_body");
  EXPECT_EQ(to_name("gbt39046.applicant_type", "6", "applicant_type"), "other_organisation");
  EXPECT_EQ(national("applicant_type", "5"), "unincorporated_enterprise");
  EXPECT_EQ(national("applicant_type", "6"), "government_body");
  EXPECT_EQ(national("applicant_type", "9"), "other_organisation");
  EXPECT_EQ(to_code("gbt39046.applicant_type", "unincorporated_enterprise", "applicant_type"), "not told") << "the standard has no such code";
}

TEST(Trap, task_types_of_zhejiang_have_other_numbers_and_kinds_without_a_national_one) {
  EXPECT_EQ(national("task_type", "02"), "penalty");
  EXPECT_EQ(to_name("zhejiang.task_type", "03", "task_type"), "penalty");
  EXPECT_EQ(to_name("zhejiang.task_type", "08", "task_type"), "confirmation");
  EXPECT_EQ(national("task_type", "08"), "reward");
  for (const std::string_view code : {"13", "15", "16"}) EXPECT_EQ(to_name("zhejiang.task_type", code, "task_type"), "not covered") << code;
  EXPECT_EQ(to_name("zhejiang.task_type", "02", "task_type"), "no such code");
  EXPECT_FALSE(find_crosswalk("zhejiang.task_type", "task_type")->total);
}

TEST(Trap, a_catalogue_code_of_10_characters_is_kept_and_reported) {
  Record record;
  record.become(EntityId::service_item);
  auto& item = std::get<ServiceItem>(record.body);
  item.local_task_code = "L1";
  item.catalog_code = "0199001000";
  Findings findings;
  validate(record, test::time_at("2150-01-01"), findings);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings.items()[0].id, Errc::model_item_code_length);
  EXPECT_EQ(item.catalog_code, "0199001000") << "never cut, never filled up";
}

TEST(Trap, units_of_time_limits_are_letters_in_two_systems_and_numbers_in_three) {
  EXPECT_EQ(national("limit_unit", "1"), "working_day");
  EXPECT_EQ(national("limit_unit", "2"), "calendar_day");
  for (const auto& [system, working, calendar] : {std::array<std::string_view, 3>{"vendor.limit_unit", "W", "N"}, {"guangdong.limit_unit", "G", "Z"},
                                                  {"shandong.legal_limit_unit", "G", "Z"}, {"shandong.promise_limit_unit", "1", "2"}, {"evaluation.limit_unit", "1", "0"}}) {
    EXPECT_EQ(to_name(system, working, "limit_unit"), "working_day") << system;
    EXPECT_EQ(to_name(system, calendar, "limit_unit"), "calendar_day") << system;
  }
  EXPECT_EQ(to_name("shandong.promise_limit_unit", "3", "limit_unit"), "hour");
  EXPECT_EQ(to_name("shandong.promise_limit_unit", "5", "limit_unit"), "month");
  EXPECT_EQ(to_name("evaluation.limit_unit", "2", "limit_unit"), "month");
  EXPECT_EQ(to_name("guangdong.limit_unit", "W", "limit_unit"), "no such code");
}

TEST(Trap, necessity_3_of_one_vendor_is_not_the_national_3) {
  EXPECT_EQ(national("necessity", "3"), "may_follow");
  EXPECT_EQ(to_name("vendor.necessity", "3", "necessity"), "not covered");
  EXPECT_FALSE(find_crosswalk("vendor.necessity", "necessity")->forward("3")->note.empty());
}

TEST(Trap, handle_type_1_is_a_window_nationally_and_online_at_one_vendor) {
  EXPECT_EQ(national("handle_type", "1"), "window");
  EXPECT_EQ(to_name("vendor.handle_type", "0", "handle_type"), "window");
  EXPECT_EQ(to_name("vendor.handle_type", "1", "handle_type"), "not covered");
}

TEST(Trap, a_resident_identity_card_has_three_numbers) {
  EXPECT_EQ(national("id_type", "111"), "resident_id");
  EXPECT_EQ(to_name("licence_platform.id_type", "10", "id_type"), "resident_id");
  EXPECT_EQ(to_name("shanghai.id_type", "31", "id_type"), "resident_id");
  EXPECT_EQ(to_code("evaluation.id_type", "resident_id", "id_type"), "111");
  // 80 stands for many: it says nothing forward and is right on the way back.
  EXPECT_EQ(to_name("licence_platform.id_type", "80", "id_type"), "not covered");
  EXPECT_EQ(to_code("licence_platform.id_type", "military_officer", "id_type"), "80");
  EXPECT_EQ(to_code("licence_platform.id_type", "corp_other", "id_type"), "80");
  EXPECT_EQ(to_code("shanghai.id_type", "uscc", "id_type"), "not told") << "six codes are credit codes";
}

TEST(Trap, update_cycle_01_is_daily_or_real_time) {
  EXPECT_EQ(to_name("update_cycle.realtime_last", "01", "update_cycle"), "daily");
  EXPECT_EQ(to_name("update_cycle.realtime_first", "01", "update_cycle"), "realtime");
  EXPECT_EQ(national("update_cycle", "1"), "realtime");
  EXPECT_EQ(to_name("update_cycle.realtime_last", "07", "update_cycle"), "realtime");
  EXPECT_EQ(to_name("update_cycle.realtime_first", "07", "update_cycle"), "yearly");
  EXPECT_EQ(to_name("update_cycle.realtime_last", "03", "update_cycle"), "not covered");
}

TEST(Trap, no_is_0_or_2) {
  EXPECT_EQ(to_name("flag.one_zero", "0", "yes_no"), "no");
  EXPECT_EQ(to_name("flag.one_two", "2", "yes_no"), "no");
  EXPECT_EQ(to_name("flag.one_zero", "2", "yes_no"), "no such code");
  EXPECT_EQ(to_name("flag.one_two", "0", "yes_no"), "no such code");
}

TEST(Trap, special_procedures_1_and_2_mean_a_supplement_and_a_hearing_in_shandong) {
  EXPECT_EQ(national("special_kind", "1"), "extension");
  EXPECT_EQ(national("special_kind", "2"), "other");
  EXPECT_EQ(to_name("shandong.special_kind", "1", "special_kind"), "supplement");
  EXPECT_EQ(to_name("shandong.special_kind", "2", "special_kind"), "hearing");
  EXPECT_EQ(to_name("guangdong.special_kind", "A", "special_kind"), "extension");
  EXPECT_EQ(to_name("guangdong.special_kind", "B", "special_kind"), "other");
}

TEST(Trap, misspelt_columns_are_the_real_names) {
  const std::array<std::string_view, 3> columns[] = {
      {"result_cetr_name", "result_cert_name", "case.result.licence_name"}, {"result_cetr_no", "result_cert_no", "case.result.licence_no"},
      {"ApplyUerIdCode", "ApplyUserIdCode", "case.applicant.platform_user_id"}, {"XK_YXQZI", "XK_YXQZ", "case.result.valid_to"},
      {"CERTIFICATENAM", "CERTIFICATENAME_", "case.result.licence_name"}, {"effectivEvalua", "effectiveEvaluation", "evaluation.is_effective"}};
  for (const auto& [wire, corrected, field] : columns) {
    const auto found = find_aliases(wire);
    ASSERT_EQ(found.size(), 1u) << wire;
    EXPECT_EQ(found[0]->wire, wire);
    EXPECT_EQ(found[0]->field, field);
    EXPECT_FALSE(found[0]->note.empty()) << wire;
    if (corrected != "CERTIFICATENAME_") {
      EXPECT_TRUE(find_aliases(corrected).empty()) << corrected;
    }
  }
}

TEST(Trap, a_far_date_is_not_taken_for_no_expiry) {
  EXPECT_EQ(Validity::parse("2099-12-31")->kind, Validity::Kind::until);
  EXPECT_EQ(Validity::parse("unlimited")->kind, Validity::Kind::unlimited);
  EXPECT_EQ(Validity::parse("unknown")->kind, Validity::Kind::unknown);
  EXPECT_FALSE(Validity::parse("").has_value()) << "empty means different things in two systems; the mapping says which";
}

TEST(Trap, an_identity_column_of_500_characters_is_kept_whole) {
  Record record;
  auto& body = std::get<Case>(record.body);
  body.case_no = "7";
  body.applicant.id_type = Code{"resident_id", {}, {}, {}};
  body.applicant.id_no = std::string(500, 'A');
  Findings findings;
  validate(record, test::time_at("2150-01-01"), findings);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings.items()[0].id, Errc::model_id_length);
  Findings none;
  const auto again = read_canonical_json(test::json_of(record), none);
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(std::get<Case>(again->body).applicant.id_no->size(), 500u);
}

TEST(Trap, lists_that_stand_in_one_column_are_lists_here) {
  EXPECT_EQ(find_slot(EntityId::case_, "received_materials")->field().kind, FieldKind::record_list);
  EXPECT_EQ(find_slot(EntityId::evaluation, "indicators")->field().kind, FieldKind::code_list);
  EXPECT_EQ(find_slot(EntityId::data_resource, "items")->field().kind, FieldKind::record_list);
  EXPECT_EQ(find_slot(EntityId::service_item, "service_objects")->field().kind, FieldKind::code_list);
  EXPECT_EQ(find_aliases("ACCEPTLIST")[0]->field, "case.received_materials");
  EXPECT_EQ(find_aliases("evalDetail")[0]->field, "evaluation.indicators");
  EXPECT_EQ(find_aliases("item_code", "catalogue")[0]->field, "data_resource.items.task_code");
}

TEST(Trap, evaluation_channel_6_and_7_differ_in_zhejiang) {
  EXPECT_EQ(national("evaluation_channel", "6"), "phone");
  EXPECT_EQ(national("evaluation_channel", "7"), "sms");
  EXPECT_EQ(to_name("zhejiang.evaluation_channel", "6", "evaluation_channel"), "sms");
  EXPECT_EQ(to_name("zhejiang.evaluation_channel", "7", "evaluation_channel"), "not covered") << "made by silence, which is no channel";
}

TEST(Codes, a_name_and_a_code_lead_to_each_other) {
  for (const CodeSystem* system : all_code_systems()) {
    std::set<std::string_view> names;
    for (std::size_t i = 0; i < system->count; ++i) {
      const CodeRow& row = system->rows[i];
      EXPECT_TRUE(names.insert(row.name).second) << system->name << " " << row.name;
      EXPECT_EQ(row_of_name(system->name, row.name), &row) << system->name << " " << row.name;
      if (!row.code.empty()) {
        EXPECT_NE(row_of_code(system->name, row.code), nullptr) << system->name << " " << row.code;
      }
      EXPECT_TRUE(system->canonical || !row.code.empty()) << system->name << " " << row.name;
    }
    EXPECT_FALSE(system->version.empty() || system->source.empty() || system->zh.empty() || system->en.empty()) << system->name;
  }
  EXPECT_EQ(row_of_name("id_type", "111"), nullptr);
  EXPECT_EQ(row_of_code("id_type", ""), nullptr) << "names without a code share none";
  EXPECT_EQ(row_of_code("no_such", "1"), nullptr);
}

TEST(Codes, a_row_is_valid_within_its_days_both_included) {
  CodeRow row;
  row.valid_from = "2099-02-01";
  row.valid_to = "2099-03-31";
  for (const auto& [day, expected] : {std::pair<std::string_view, bool>{"2099-01-31", false}, {"2099-02-01", true}, {"2099-03-31", true}, {"2099-04-01", false},
                                      {"2099-03-31T23:59:59+08:00", true}, {"2099-02", true}}) {
    EXPECT_EQ(valid_at(row, test::time_at(day)), expected) << day;
  }
  EXPECT_TRUE(valid_at(CodeRow{}, test::time_at("2099-01-01")));
}

TEST(Crosswalks, know_both_systems_and_say_what_they_do_not_cover) {
  EXPECT_GE(all_crosswalks().size(), 30u);
  for (const Crosswalk* crosswalk : all_crosswalks()) {
    const std::string where = std::string(crosswalk->from) + " to " + std::string(crosswalk->to);
    const CodeSystem* from = find_code_system(crosswalk->from);
    ASSERT_NE(from, nullptr) << where;
    bool covered = true;
    for (std::size_t i = 0; i < from->count; ++i) {
      const CrosswalkRow* row = crosswalk->forward(from->rows[i].code);
      ASSERT_NE(row, nullptr) << where << " " << from->rows[i].code;
      covered = covered && !row->to.empty();
      EXPECT_TRUE(!row->to.empty() || !row->note.empty()) << where << " " << row->from;
    }
    EXPECT_EQ(crosswalk->total, covered) << where;
    std::map<std::string_view, std::set<std::string_view>> back;
    for (std::size_t i = 0; i < crosswalk->count; ++i) {
      const CrosswalkRow& row = crosswalk->rows[i];
      EXPECT_NE(row_of_code(crosswalk->from, row.from), nullptr) << where << " " << row.from;
      if (row.to.empty()) continue;
      EXPECT_TRUE(is_code_name(crosswalk->to, row.to)) << where << " " << row.to;
      if (row.reverse != Reverse::no) back[row.to].insert(row.from);
      const auto code = crosswalk->back(row.to);
      if (code && row.reverse != Reverse::only) {
        EXPECT_EQ(to_name(crosswalk->from, *code, crosswalk->to), row.to) << where << ": there and back again";
      }
    }
  }
}

TEST(Crosswalks, what_was_sent_stays_with_the_name) {
  const Code code = canonical_code("evaluation.satisfaction", "5", "satisfaction").value();
  EXPECT_EQ(code, (Code{"very_satisfied", "evaluation.satisfaction", "5", {}}));
  const Code open = canonical_code("licence_platform.id_type", "80", "id_type").value();
  EXPECT_EQ(open, (Code{"", "licence_platform.id_type", "80", {}}));
  EXPECT_FALSE(canonical_code("evaluation.satisfaction", "5", "id_type").has_value());
}

TEST(Aliases, every_field_exists_and_is_found_by_any_spelling_of_its_column) {
  EXPECT_GE(all_aliases().size(), 500u);
  for (const FieldAlias* alias : all_aliases()) {
    const std::size_t dot = alias->field.find('.');
    const auto entity = entity_from_name(alias->field.substr(0, dot));
    ASSERT_TRUE(entity.has_value()) << alias->field;
    EXPECT_TRUE(find_slot(*entity, alias->field.substr(dot + 1)).has_value()) << alias->field;
    const auto listed = aliases_of(*entity, alias->field.substr(dot + 1));
    EXPECT_NE(std::find(listed.begin(), listed.end(), alias), listed.end()) << alias->field;
  }
  for (const std::string_view spelling : {"applyer_page_code", "ApplyerPageCode", "APPLYERPAGECODE"}) {
    const auto found = find_aliases(spelling, "national");
    ASSERT_EQ(found.size(), 1u) << spelling;
    EXPECT_EQ(found[0]->field, "case.applicant.id_no");
  }
  EXPECT_EQ(find_aliases("SXBM").size(), 2u) << "of a case and of an item";
  EXPECT_TRUE(find_aliases("SXBM", "shandong").empty()) << "a profile does not answer for another";
  EXPECT_TRUE(find_aliases("no_such_column").empty());
}

/// The embedding program on a folder with one mistake.
class EmbedTables : public ::testing::Test {
protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("tongqu_embed_" + std::to_string(::getpid()));
    std::filesystem::remove_all(folder_);
    std::filesystem::copy(std::string(TONGQU_SOURCE_DIR) + "/sdk/src/model/data", folder_, std::filesystem::copy_options::recursive);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string read(const std::string& name) const {
    std::ifstream in(folder_ / name, std::ios::binary);
    return std::string((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  }
  void replace(const std::string& name, const std::string& from, const std::string& to) {
    std::string text = read(name);
    const std::size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos) << name << " " << from;
    text.replace(at, from.size(), to);
    std::ofstream(folder_ / name, std::ios::binary) << text;
  }
  /// What it says; empty when all is well.
  std::string run() {
    const std::string command = std::string(TONGQU_BIN_DIR) + "/tongqu_embed_tables " + folder_.string() + " " + (folder_ / "out.inc").string() + " 2> " + (folder_ / "said").string();
    const int status = std::system(command.c_str());
    EXPECT_EQ(status == 0, read("said").empty());
    EXPECT_EQ(std::filesystem::exists(folder_ / "out.inc"), status == 0);
    return read("said");
  }

  std::filesystem::path folder_;
};

TEST_F(EmbedTables, takes_the_tables_of_the_repository) { EXPECT_EQ(run(), ""); }

TEST_F(EmbedTables, tells_each_mistake_with_its_line) {
  struct Case { std::string file, from, to, said; };
  const std::string cross = "crosswalks/zhejiang.project_type--project_type.csv";
  const Case cases[] = {
      {"codes/id_type.csv", "414,passport", "111,passport", "id_type.csv:11: the code 111 stands twice"},
      {"codes/id_type.csv", "414,passport", "414,resident_id", "id_type.csv:11: the name resident_id stands twice"},
      {"codes/id_type.csv", "414,passport", "414,Passport", "id_type.csv:11: a name is written"},
      {"codes/id_type.csv", "普通护照", "", "id_type.csv:11: a row has a Chinese and an English label"},
      {"codes/id_type.csv", "普通护照,Passport,,,", "普通护照,Passport,2099-13-01,,", "id_type.csv:11: a date is written"},
      {"codes/id_type.csv", "普通护照,Passport,,,", "普通护照,Passport,,", "id_type.csv:11: has 6 cells, not 7"},
      {"codes/id_type.csv", "# source: ", "# sauce: ", "id_type.csv:1: the head does not say"},
      {"codes/id_type.csv", "# confidence: high", "# confidence: sure", "id_type.csv:1: confidence is"},
      {cross, "2,immediate", "2,imediate", "9: the name imediate is not in project_type"},
      {cross, "2,immediate", "3,immediate", "9: the code 3 is not in zhejiang.project_type"},
      {cross, "2,immediate,,\n", "", "1: does not say what becomes of 2"},
      {cross, "2,immediate", "2,promised", "8: the way back from promised is ambiguous"},
      {cross, "2,immediate", "2,", "9: a code that is not covered says why"},
      {cross, "coverage: total", "coverage: partial", "1: coverage is total"},
      {"aliases.csv", "case.case_no,PROJECTNO", "caseno,PROJECTNO", "a field is written entity.path"},
  };
  for (const Case& one : cases) {
    const std::string whole = read(one.file);
    replace(one.file, one.from, one.to);
    EXPECT_NE(run().find(one.said), std::string::npos) << one.said << "\n" << read("said");
    std::ofstream(folder_ / one.file, std::ios::binary) << whole;
  }
}

} // namespace
} // namespace tongqu::model
