#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>

#include "test_records.hpp"
#include "tongqu/model/identifiers.hpp"
#include "tongqu/model/rules.hpp"

// One faulty record for each rule, and the clean records that trigger none. Each row of kFaults becomes a test named Rules.<entity>_<rule>, the name
// that `tongqu model rules` prints; two tests at the end see to it that no rule is without one.
namespace tongqu::model {
namespace {

using test::time_at;

Code code(std::string_view name) { return Code{std::string(name), {}, {}, {}}; }

/// Every date from Monday to Friday is worked: enough for rules that only count.
std::optional<std::int32_t> weekdays(const Time& after, const Time& through) {
  const auto day = [](const Time& time) { return to_epoch_ms(Time{Time::Precision::day, time.year, time.month, time.day}.utc()) / 86'400'000; };
  std::int32_t count = 0;
  for (auto d = day(after) + 1; d <= day(through); ++d) count += (d + 3) % 7 < 5 ? 1 : 0;
  return count;
}

/// A record and what is known beside it.
struct Subject {
  Record record, previous;
  ServiceItem item;
  std::vector<ServiceEvent> events;
  Case& case_() { return std::get<Case>(record.body); }
  Case& before() { return std::get<Case>(previous.body); }
  ServiceItem& service_item() { return std::get<ServiceItem>(record.body); }
  Evaluation& evaluation() { return std::get<Evaluation>(record.body); }
  DataResource& resource() { return std::get<DataResource>(record.body); }
  Licence& licence() { return std::get<Licence>(record.body); }
};

void fill_course(Case& body) {
  body.applied_at = time_at("2099-01-05T08:50:00+08:00");
  body.received_at = time_at("2099-01-05T09:00:00+08:00");
  body.acceptance.accepted_at = time_at("2099-01-06T10:00:00+08:00");
  body.promised_limit = Quantity{"10", Quantity::Unit::working_day};
  body.promise_due_at = time_at("2099-01-22");  // 10 working days and a pause of 2.
  body.legal_due_at = time_at("2099-02-10");
  body.special_procedures.emplace(1);
  body.special_procedures->at(0).seq = 1;
  body.special_procedures->at(0).kind = code("hearing");
  body.special_procedures->at(0).notice = "听证告知书";
  body.special_procedures->at(0).started_at = time_at("2099-01-07");
  body.special_procedures->at(0).ended_at = time_at("2099-01-09");
  body.supplements.emplace(1);
  body.supplements->at(0).seq = 1;
  body.supplements->at(0).notice.at = time_at("2099-01-05T10:00:00+08:00");
  body.supplements->at(0).receipt.at = time_at("2099-01-05T15:00:00+08:00");
  body.process_steps.emplace(2);
  body.process_steps->at(0).seq = 1;
  body.process_steps->at(0).action = code("accept");
  body.process_steps->at(0).started_at = time_at("2099-01-06T10:00:00+08:00");
  body.process_steps->at(0).ended_at = time_at("2099-01-06T10:00:00+08:00");
  body.process_steps->at(1).seq = 2;
  body.process_steps->at(1).action = code("agree");
  body.process_steps->at(1).started_at = time_at("2099-01-12T10:00:00+08:00");
  body.process_steps->at(1).ended_at = time_at("2099-01-13T10:00:00+08:00");
}

Subject clean_case() {
  Subject subject;
  Case& body = subject.case_();
  body.case_no = "11990000000000019A4000199001000209901050007";
  body.catalog_code = "000199001000";
  body.task_code = "11990000000000019A4000199001000";
  body.task_handle_item = "11990000000000019A400019900100001";
  body.task_version = 3;
  body.division_code = "990102";
  body.project_type = code("promised");
  body.state = code("closed");
  fill_course(body);
  body.result.decided_at = time_at("2099-01-13T11:00:00+08:00");
  body.result.closed_at = time_at("2099-01-13T12:00:00+08:00");
  body.result.result_type = code("issued");
  body.result.licence_no = "测许〔2099〕7号";
  subject.item.state = code("in_force");
  subject.item.version = 3;
  subject.item.effective_from = time_at("2098-01-01");
  subject.previous = subject.record;
  subject.record.identity.revision = "2";
  return subject;
}

void fill_guide(ServiceItem& item) {
  item.consult_contact = "0990-1234567";
  item.complaint_contact = "0990-7654321，工作时间 9:00-12:00，12345";
  item.faq.emplace(1);
  item.faq->at(0).question = "怎么办？";
  item.workflow_steps.emplace(5);
  for (int i = 0; i < 5; ++i) item.workflow_steps->at(static_cast<std::size_t>(i)).seq = i + 1;
  item.extension.results.emplace(1);
  item.extension.results->at(0).name = "测试许可证";
  item.extension.results->at(0).type = code("licence");
  item.extension.results->at(0).sample_id = "sample-1";
}

Subject clean_item() {
  Subject subject;
  subject.record.become(EntityId::service_item);
  ServiceItem& item = subject.service_item();
  item.task_code = "11990000000000019A4000199001000";
  item.task_handle_item = "11990000000000019A400019900100001";
  item.catalog_code = "000199001000";
  item.dept_code = "11990000000000019A";
  item.division_code = "990102";
  item.task_type = code("licence");
  item.use_level = {code("county")};
  item.project_type = code("promised");
  item.legal_limit = Quantity{"20", Quantity::Unit::working_day};
  item.promise_limit = Quantity{"10", Quantity::Unit::working_day};
  item.service_objects = {code("natural_person"), code("enterprise")};
  item.extension.themes_person = {code("education")};
  item.extension.themes_corp = {code("establishment")};
  item.on_site_visits = 0;
  item.extension.on_site_reason = "无";
  item.extension.is_online = true;
  item.extension.online_depth = {code("submission"), code("result_feedback")};
  item.has_fee = true;
  item.fee_basis = "测试文件";
  item.fees.emplace(1);
  item.fees->at(0).name = "工本费";
  item.extension.supports_online_pay = true;
  item.effective_from = time_at("2099-01-01");
  item.effective_to = time_at("2149-01-01");
  fill_guide(item);
  return subject;
}

Subject clean_evaluation() {
  Subject subject;
  subject.record.become(EntityId::evaluation);
  Evaluation& evaluation = subject.evaluation();
  evaluation.evaluation_id = "E1";
  evaluation.case_no = "7";
  evaluation.service_event.service_code = "S1";
  evaluation.service_event.case_no = "7";
  evaluation.service_event.at = time_at("2099-01-05");
  evaluation.evaluated_at = time_at("2099-01-06");
  evaluation.level = code("very_satisfied");
  evaluation.indicators = {code("one_window_one_go"), code("fully_online")};
  subject.events.emplace_back();
  subject.events.back().service_code = "S1";
  subject.events.back().case_no = "7";
  return subject;
}

Subject clean_resource() {
  Subject subject;
  subject.record.become(EntityId::data_resource);
  subject.resource().resource_code = "300/1";
  subject.resource().share.type = code("refused");
  subject.resource().share.condition = "测试法第 7 条";
  subject.resource().open.type = code("unconditional");
  return subject;
}

Subject clean_licence() {
  Subject subject;
  subject.record.become(EntityId::licence);
  subject.licence().licence_id = "1.2.156.3005.2.11990000000000000D001.11990000000000019A.2024000001.002.F";
  subject.licence().version = "002";
  return subject;
}

Subject clean(EntityId entity) {
  switch (entity) {
    case EntityId::service_item: return clean_item();
    case EntityId::evaluation: return clean_evaluation();
    case EntityId::data_resource: return clean_resource();
    case EntityId::licence: return clean_licence();
    default: return clean_case();
  }
}

Findings judged(Subject& subject) {
  RuleContext context;
  context.reference_date = time_at("2150-01-01");
  context.item = &subject.item;
  context.previous = &subject.previous;
  context.service_events = &subject.events;
  context.working_days = weekdays;
  Findings findings;
  validate(subject.record, context, findings);
  return findings;
}

struct Fault {
  Errc id;
  EntityId entity;
  std::string_view path;
  void (*plant)(Subject& subject);
};

constexpr EntityId kCase = EntityId::case_, kItem = EntityId::service_item, kEvaluation = EntityId::evaluation;

// clang-format off
constexpr Fault kFaults[] = {
    {Errc::model_time_order, kCase, "acceptance.accepted_at", [](Subject& s) { s.case_().acceptance.accepted_at = time_at("2099-01-05T08:55:00+08:00"); s.case_().supplements.reset(); s.case_().special_procedures.reset(); }},
    {Errc::model_due_order, kCase, "legal_due_at", [](Subject& s) { s.case_().legal_due_at = s.before().legal_due_at = time_at("2099-01-21"); }},
    {Errc::model_due_moved_back, kCase, "legal_due_at", [](Subject& s) { s.case_().legal_due_at = time_at("2099-02-09"); }},
    {Errc::model_item_code_parent, kCase, "catalog_code", [](Subject& s) { s.case_().catalog_code = "00019900100Y"; s.case_().task_code.reset(); s.case_().task_handle_item.reset(); }},
    {Errc::model_item_cancelled, kCase, "task_code", [](Subject& s) { s.item.state = code("cancelled"); }},
    {Errc::model_task_version_not_in_force, kCase, "task_version", [](Subject& s) { s.item.version = 4; }},
    {Errc::model_item_code_mismatch, kCase, "task_handle_item", [](Subject& s) { s.case_().task_handle_item = "11990000000000019A400019900200001"; }},
    {Errc::model_item_code_province, kCase, "catalog_code", [](Subject& s) { s.case_().data_source = "198"; s.case_().catalog_code = "990199001000"; s.case_().task_code.reset(); }},
    {Errc::model_acceptance_late, kCase, "acceptance.accepted_at", [](Subject& s) { s.case_().received_at = time_at("2098-12-26"); s.case_().applied_at.reset(); s.case_().supplements.reset(); }},
    {Errc::model_supplement_twice, kCase, "supplements[1].notice.at", [](Subject& s) { s.case_().supplements->resize(2); s.case_().supplements->at(1).seq = 2; s.case_().supplements->at(1).notice.at = time_at("2099-01-05T16:00:00+08:00"); }},
    {Errc::model_special_incomplete, kCase, "special_procedures[0].notice", [](Subject& s) { s.case_().special_procedures->at(0).notice.reset(); }},
    {Errc::model_special_without_basis, kCase, "special_procedures[1].kind", [](Subject& s) { s.case_().special_procedures->resize(2); s.case_().special_procedures->at(1).seq = 2; s.case_().special_procedures->at(1).kind = code("suspend"); }},
    {Errc::model_pause_shift, kCase, "promise_due_at", [](Subject& s) { s.case_().special_procedures->at(0).ended_at = time_at("2099-01-12"); }},
    {Errc::model_result_licence_missing, kCase, "result.licence_no", [](Subject& s) { s.case_().result.licence_no = ""; }},
    {Errc::model_result_reason_missing, kCase, "result.result_note", [](Subject& s) { s.case_().result.result_type = code("returned"); }},
    {Errc::model_immediate_late, kCase, "result.decided_at", [](Subject& s) { s.case_().project_type = code("immediate"); }},
    {Errc::model_step_after_end, kCase, "process_steps[1]", [](Subject& s) { s.case_().process_steps->at(1).ended_at = time_at("2099-01-13T12:00:01+08:00"); }},
    {Errc::model_revision_not_increasing, kCase, "identity.revision", [](Subject& s) { s.previous.identity.revision = "10"; }},
    {Errc::model_revision_conflict, kCase, "identity.revision", [](Subject& s) { s.previous.identity.revision = "2"; s.before().title = "另一标题"; }},

    {Errc::model_promise_over_legal, kItem, "promise_limit", [](Subject& s) { s.service_item().promise_limit->value = "21"; }},
    {Errc::model_project_type_depth, kItem, "project_type", [](Subject& s) { s.service_item().extension.online_depth->push_back(Code{"other", "x@1", "8", "即办"}); }},
    {Errc::model_result_type_name, kItem, "extension.results[0].type", [](Subject& s) { s.service_item().extension.results->at(0).name = "关于测试的批复"; }},
    {Errc::model_visit_reason_missing, kItem, "extension.on_site_reason", [](Subject& s) { s.service_item().on_site_visits = 1; s.service_item().extension.online_depth.reset(); }},
    {Errc::model_visit_reason_unneeded, kItem, "extension.on_site_reason", [](Subject& s) { s.service_item().extension.on_site_reason = "须核验原件"; }},
    {Errc::model_express_missing, kItem, "extension.supports_express", [](Subject& s) { s.service_item().extension.is_online = false; s.service_item().extension.online_depth.reset(); }},
    {Errc::model_online_with_visits, kItem, "on_site_visits", [](Subject& s) { s.service_item().on_site_visits = 1; s.service_item().extension.on_site_reason = "须核验原件"; }},
    {Errc::model_fee_incomplete, kItem, "fees", [](Subject& s) { s.service_item().fees.emplace(); }},
    {Errc::model_fee_unexpected, kItem, "extension.supports_online_pay", [](Subject& s) { s.service_item().has_fee = false; }},
    {Errc::model_contact_same, kItem, "complaint_contact", [](Subject& s) { s.service_item().complaint_contact = "投诉（0990）1234567"; }},
    {Errc::model_contact_area_code, kItem, "consult_contact", [](Subject& s) { s.service_item().consult_contact = "1234567 转 801、8765432"; }},
    {Errc::model_theme_without_object, kItem, "service_objects", [](Subject& s) { s.service_item().service_objects = {code("enterprise")}; }},
    {Errc::model_guide_incomplete, kItem, "workflow_steps", [](Subject& s) { s.service_item().workflow_steps->resize(4); }},
    {Errc::model_result_sample_missing, kItem, "extension.results[0].sample_id", [](Subject& s) { s.service_item().extension.results->at(0).sample_id.reset(); }},
    {Errc::model_visits_over_one, kItem, "on_site_visits", [](Subject& s) { s.service_item().on_site_visits = 2; s.service_item().extension.on_site_reason = "须核验原件"; s.service_item().extension.online_depth.reset(); }},
    {Errc::model_item_code_mismatch, kItem, "task_code", [](Subject& s) { s.service_item().use_level = {code("city")}; }},
    {Errc::model_item_code_province, kItem, "catalog_code", [](Subject& s) { s.service_item().catalog_code = "980199001000"; s.service_item().task_code.reset(); }},
    {Errc::model_time_order, kItem, "effective_to", [](Subject& s) { s.service_item().effective_to = time_at("2098-12-31"); }},
    {Errc::model_entrust_missing, kItem, "entrust_name", [](Subject& s) { s.service_item().dept_type = code("entrusted_organisation"); }},

    {Errc::model_evaluation_event_unknown, kEvaluation, "service_event.service_code", [](Subject& s) { s.evaluation().service_event.service_code = "S2"; }},
    {Errc::model_evaluation_indicator_level, kEvaluation, "indicators", [](Subject& s) { s.evaluation().indicators->push_back(code("stiff_attitude")); }},
    {Errc::model_time_order, kEvaluation, "evaluated_at", [](Subject& s) { s.evaluation().evaluated_at = time_at("2099-01-04"); }},
    {Errc::model_share_ground_missing, EntityId::data_resource, "share.condition", [](Subject& s) { s.resource().share.condition.reset(); }},
    {Errc::model_licence_version_mismatch, EntityId::licence, "version", [](Subject& s) { s.licence().version = "001"; }},
};
// clang-format on

const Rule* rule_of(const Fault& fault) {
  std::size_t count = 0;
  const Rule* rows = rules(count);
  const Rule* found = std::find_if(rows, rows + count, [&](const Rule& rule) { return rule.id == fault.id && rule.entity == fault.entity; });
  return found == rows + count ? nullptr : found;
}

/// "process_steps[1].started_at" without its indexes.
std::string without_indexes(std::string_view path) {
  std::string text;
  bool inside = false;
  for (const char c : path) {
    if (c == '[') inside = true;
    if (!inside) text += c;
    if (c == ']') inside = false;
  }
  return text;
}

class FaultTest : public testing::Test {
public:
  explicit FaultTest(const Fault& fault) : fault_(fault) {}
  void TestBody() override {
    const Rule* rule = rule_of(fault_);
    ASSERT_NE(rule, nullptr);
    Subject subject = clean(fault_.entity);
    fault_.plant(subject);
    const Findings findings = judged(subject);
    for (const Finding& finding : findings) {
      EXPECT_EQ(errc_row(finding.id).id, errc_row(rule->id).id) << describe(finding, Lang::en);
    }
    ASSERT_EQ(findings.size(), 1u);
    const Finding& finding = findings.items()[0];
    EXPECT_EQ(finding.path, fault_.path);
    EXPECT_EQ(finding.severity, rule->severity);
    EXPECT_EQ(finding.rule, rule->number);
    EXPECT_FALSE(finding.expected.en.empty() || finding.expected.zh.empty() || finding.suggestion.en.empty() || finding.suggestion.zh.empty());
    EXPECT_NE((" " + std::string(rule->paths) + " ").find(" " + without_indexes(finding.path) + " "), std::string::npos) << "a path that the rule does not name";
    subject.record.kind = RecordKind::part;
    subject.previous.kind = RecordKind::part;
    EXPECT_EQ(judged(subject).size(), rule->whole ? 0u : 1u) << "what is missing is judged in whole records only";
    subject.record.kind = RecordKind::voided;
    EXPECT_EQ(judged(subject).size(), 0u);
  }

private:
  const Fault& fault_;
};

const bool kRegistered = [] {
  for (const Fault& fault : kFaults) {
    const Rule* rule = rule_of(fault);
    if (rule == nullptr) continue;
    const std::string name = rule_test(*rule);
    testing::RegisterTest("Rules", name.substr(name.find('.') + 1).c_str(), nullptr, nullptr, __FILE__, __LINE__, [&fault]() -> testing::Test* { return new FaultTest(fault); });
  }
  return true;
}();

TEST(RuleRegistry, every_rule_names_a_test_that_exists) {
  ASSERT_TRUE(kRegistered);
  std::set<std::string> tests;
  const testing::UnitTest& program = *testing::UnitTest::GetInstance();
  for (int i = 0; i < program.total_test_suite_count(); ++i) {
    const testing::TestSuite& suite = *program.GetTestSuite(i);
    for (int k = 0; k < suite.total_test_count(); ++k) tests.insert(std::string(suite.name()) + "." + suite.GetTestInfo(k)->name());
  }
  std::size_t count = 0;
  const Rule* rows = rules(count);
  EXPECT_EQ(count, std::size(kFaults));
  for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(tests.count(rule_test(rows[i])), 1u) << rule_test(rows[i]);
}

TEST(RuleRegistry, rows_are_whole_and_their_paths_exist) {
  std::size_t count = 0;
  const Rule* rows = rules(count);
  std::set<std::string> names;
  std::set<std::string_view> numbers;
  for (std::size_t i = 0; i < count; ++i) {
    const Rule& rule = rows[i];
    EXPECT_TRUE(names.insert(rule_name(rule)).second) << rule_name(rule);
    numbers.insert(rule.number);
    EXPECT_FALSE(rule.source.empty() || rule.paths.empty() || rule.judge == nullptr) << rule_name(rule);
    EXPECT_NE(rule.confidence, Confidence::low) << "what was only recalled is no rule";
    for (std::string_view rest = rule.paths; !rest.empty();) {
      const std::string_view path = rest.substr(0, rest.find(' '));
      rest.remove_prefix(std::min(path.size() + 1, rest.size()));
      EXPECT_TRUE(path == "identity.revision" || find_slot(rule.entity, path).has_value()) << rule_name(rule) << " " << path;
    }
  }
  for (int n = 1; n <= 13; ++n) EXPECT_EQ(numbers.count((n < 10 ? "IQ0" : "IQ") + std::to_string(n)), 1u) << n;
  for (int n = 1; n <= 12; ++n) EXPECT_EQ(numbers.count((n < 10 ? "CI0" : "CI") + std::to_string(n)), 1u) << n;
}

TEST(RuleRegistry, clean_records_trigger_nothing) {
  for (const EntityId entity : {kCase, kItem, kEvaluation, EntityId::data_resource, EntityId::licence}) {
    Subject subject = clean(entity);
    for (const Finding& finding : judged(subject)) ADD_FAILURE() << describe(finding, Lang::en);
  }
}

TEST(RuleRegistry, all_faults_of_a_record_are_reported_at_once) {
  Subject subject = clean_item();
  std::set<std::string> planted;
  for (const Fault& fault : kFaults) {
    // Faults that do not undo one another.
    if (fault.id != Errc::model_promise_over_legal && fault.id != Errc::model_contact_area_code && fault.id != Errc::model_theme_without_object && fault.id != Errc::model_guide_incomplete) continue;
    fault.plant(subject);
    planted.insert(std::string(fault.path));
  }
  std::set<std::string> found;
  for (const Finding& finding : judged(subject)) found.insert(finding.path);
  EXPECT_EQ(found, planted);
}

TEST(RuleRegistry, a_rule_whose_need_is_not_met_says_nothing) {
  for (const Fault& fault : kFaults) {
    const Rule* rule = rule_of(fault);
    ASSERT_NE(rule, nullptr);
    if (rule->needs == RuleNeeds::record) continue;
    Subject subject = clean(fault.entity);
    fault.plant(subject);
    Findings findings;
    validate(subject.record, time_at("2150-01-01"), findings);
    EXPECT_TRUE(findings.empty()) << rule_name(*rule);
  }
}

TEST(RuleRegistry, limits_are_compared_by_unit_and_only_beyond_doubt) {
  struct Row { Quantity promise, legal; bool found; };
  using Unit = Quantity::Unit;
  const Row rows[] = {
      {{"20", Unit::working_day}, {"20", Unit::working_day}, false},
      {{"0.5", Unit::month}, {"15", Unit::calendar_day}, false},
      {{"16", Unit::calendar_day}, {"0.5", Unit::month}, true},
      {{"1", Unit::year}, {"12", Unit::month}, true},      // 365 days against 360.
      {{"12", Unit::month}, {"1", Unit::year}, false},
      {{"25", Unit::hour}, {"1", Unit::calendar_day}, true},
      {{"24", Unit::hour}, {"1", Unit::calendar_day}, false},
      {{"21", Unit::working_day}, {"20", Unit::calendar_day}, true},
      {{"30", Unit::calendar_day}, {"20", Unit::working_day}, false},  // Depends on the calendar.
      {{"21", Unit::none}, {"20", Unit::working_day}, false},
      {{"21", Unit::none}, {"20", Unit::none}, true},
      {{"many", Unit::working_day}, {"20", Unit::working_day}, false},
  };
  for (const Row& row : rows) {
    Subject subject = clean_item();
    subject.service_item().promise_limit = row.promise;
    subject.service_item().legal_limit = row.legal;
    EXPECT_EQ(judged(subject).size(), row.found ? 1u : 0u) << row.promise.value << " " << unit_name(row.promise.unit) << " of " << row.legal.value << " " << unit_name(row.legal.unit);
  }
}

TEST(RuleRegistry, telephones_are_told_from_hours_dates_and_extensions) {
  const std::pair<const char*, bool> rows[] = {
      {"0990-1234567", false}, {"（0990）1234567", false}, {"(010) 12345678", false}, {"0990 1234567 转 801", false}, {"12329", false}, {"400-1234567", false}, {"10000000001", false},
      {"周一至周五 9:00-12:00，13:30-17:00", false}, {"2099-01-05 起", false}, {"http://x.invalid/", false}, {"8765432", true}, {"87654321-801", true}, {"电话：0990-1234567、8765432", true},
  };
  for (const auto& [text, found] : rows) {
    Subject subject = clean_item();
    subject.service_item().consult_contact = text;
    EXPECT_EQ(judged(subject).size(), found ? 1u : 0u) << text;
  }
}

TEST(RuleRegistry, a_late_acceptance_is_no_fault_when_it_is_deemed_or_the_clock_was_stopped) {
  Subject subject = clean_case();
  Case& body = subject.case_();
  body.received_at = time_at("2098-12-26");
  body.applied_at.reset();
  body.supplements.reset();
  ASSERT_EQ(judged(subject).size(), 1u);
  body.acceptance.deemed = true;
  EXPECT_EQ(judged(subject).size(), 0u);
  body.acceptance.deemed.reset();
  body.supplements.emplace(1);
  body.supplements->at(0).seq = 1;
  body.supplements->at(0).notice.at = time_at("2098-12-29");
  body.supplements->at(0).receipt.at = time_at("2099-01-05");
  EXPECT_EQ(judged(subject).size(), 0u);
}

TEST(RuleRegistry, steps_after_the_end_are_allowed_for_what_takes_the_case_back) {
  Subject subject = clean_case();
  subject.case_().process_steps->at(1).ended_at = time_at("2099-01-14T12:00:01+08:00");
  EXPECT_EQ(judged(subject).size(), 1u);
  subject.case_().state = code("revoked");
  // Not after the end any more, but then the end lies before the last step.
  subject.case_().process_steps->at(1).action = code("void");
  EXPECT_EQ(judged(subject).size(), 0u);
  Subject withdrawn = clean_case();
  withdrawn.case_().state = code("withdrawn");
  withdrawn.case_().process_steps->at(0).action = code("withdraw");
  withdrawn.case_().result.closed_at.reset();
  const Findings findings = judged(withdrawn);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings.items()[0].path, "process_steps[1]");
}

TEST(RuleRegistry, findings_never_hold_the_value_of_a_field) {
  for (const Fault& fault : kFaults) {
    Subject subject = clean(fault.entity);
    fault.plant(subject);
    for (const Finding& finding : judged(subject)) {
      for (const Lang lang : {Lang::en, Lang::zh}) {
        const std::string text = describe(finding, lang);
        for (const std::string_view value : {"1234567", "8765432", "199001", "须核验原件", "S2"}) EXPECT_EQ(text.find(value), std::string::npos) << text;
      }
    }
  }
}

} // namespace
} // namespace tongqu::model
