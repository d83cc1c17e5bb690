#include "tongqu/model/exports.hpp"

#include <gtest/gtest.h>

#include <set>

#include "export_values.hpp"
#include "../test_records.hpp"
#include "tongqu/model/calendar.hpp"
#include "tongqu/model/schema.hpp"

namespace tongqu::model {
namespace {

using test::time_at;

/// "id path" of every finding.
std::set<std::string> found(const Exported& exported) {
  std::set<std::string> all;
  for (const Finding& finding : exported.findings) all.insert(std::string(errc_row(finding.id).id) + " " + finding.path);
  return all;
}
bool has(const Exported& exported, const std::string& finding) { return found(exported).count(finding) != 0; }
bool holds(const Exported& exported, std::string_view text) { return exported.text.find(text) != std::string::npos; }

ServiceItem small_item() {
  ServiceItem item;
  item.task_handle_item = "11990000000000019A400019900100001";
  item.name = "登记";
  item.description = "登记说明";
  item.state = Code{"in_force", {}, {}, {}};
  item.dept_name = "北境局";
  item.division_code = "990102";
  return item;
}

Case small_case() {
  Case body;
  body.case_no = "11990000000000019A4000199001000209901050007";
  body.task_handle_item = "11990000000000019A400019900100001";
  body.state = Code{"in_review", {}, {}, {}};
  body.applied_at = time_at("2099-01-05T07:08:09+08:00");
  return body;
}

/// Changes a value; false where there is nothing to change.
bool change(const FieldInfo& field, void* member) {
  using detail::as;
  switch (field.kind) {
    case FieldKind::text:
    case FieldKind::identifier: as<std::string>(member)->append("改"); return true;
    case FieldKind::code: as<Code>(member)->name = "changed"; return true;
    case FieldKind::time: as<Time>(member)->year += 1; return true;
    case FieldKind::quantity: as<Quantity>(member)->value = "8080"; return true;
    case FieldKind::money: as<Money>(member)->yuan = "8080"; return true;
    case FieldKind::integer: as<std::int64_t>(member) = 8080; return true;
    case FieldKind::boolean: as<bool>(member) = !*as<bool>(member); return true;
    case FieldKind::validity: return false;
    case FieldKind::text_list:
      if (as<std::vector<std::string>>(member)->empty()) return false;
      as<std::vector<std::string>>(member)->front() += "改";
      return true;
    case FieldKind::code_list:
      if (as<std::vector<Code>>(member)->empty()) return false;
      as<std::vector<Code>>(member)->front().name = "changed";
      return true;
    case FieldKind::record:
    case FieldKind::record_list: return false;
  }
  return false;
}

/// Every field that is present either changes the text when it changes, or has a finding; one that is reported as left out does not.
void check_nothing_lost(const Record& record, ExportForm form, const std::string& where) {
  const auto before = export_record(record, form);
  ASSERT_TRUE(before) << where;
  const std::set<std::string> findings = found(*before);
  const auto reported = [&](std::string_view path) {
    for (const std::string& finding : findings) {
      if (finding.substr(finding.find(' ') + 1) == path) return true;
    }
    return false;
  };
  for (const FieldListing& row : list_fields(record.entity)) {
    const Slot slot = find_slot(record.entity, row.path).value();
    Record changed = record;
    if (!present(changed.object(), slot, {}) || !change(*row.field, member_at(changed.object(), slot, {}))) continue;
    const auto after = export_record(changed, form);
    const bool same = after && after->text == before->text;
    if (findings.count("model.export_not_carried " + row.path) != 0) {
      EXPECT_TRUE(same) << where << ": reported as left out and yet in the text: " << row.path;
    }
    if (!reported(row.path)) {
      EXPECT_FALSE(same) << where << ": lost without a finding: " << row.path;
    }
    if (row.field->personal) {
      EXPECT_TRUE(!after || same || row.path == "case_no") << where << ": personal and in the text: " << row.path;
    }
  }
}

TEST(Exports, every_field_reaches_the_text_or_has_a_finding) {
  for (unsigned seed = 1; seed <= 2; ++seed) {
    Record item = test::filled(EntityId::service_item, seed, 100);
    auto& body = std::get<ServiceItem>(item.body);
    body.extension.secret = false;
    body.state = Code{"in_force", {}, {}, {}};
    if (seed % 2 == 0) body.online_url = "https://service.example/1";
    for (const ExportForm form : all_export_forms()) {
      if (export_entity(form) == EntityId::service_item) check_nothing_lost(item, form, std::string(export_form_name(form)) + " " + std::to_string(seed));
    }
    Record case_record = test::filled(EntityId::case_, seed, 100);
    auto& one = std::get<Case>(case_record.body);
    one.state = Code{seed % 2 == 0 ? "closed" : "in_review", {}, {}, {}};
    one.task_name = "登记";
    one.acceptance.org.name = "北境局";
    check_nothing_lost(case_record, ExportForm::open311_request, "open311-request " + std::to_string(seed));
  }
}

TEST(Exports, no_personal_value_of_a_case_leaves) {
  const std::string person = "测甲乙丙", number = "100000209901010013", mobile = "10000000001";
  Case body = small_case();
  body.applicant.name = person;
  body.applicant.id_no = number;
  body.applicant.mobile = mobile;
  body.title = person + "的申请";
  body.opinion = person + "材料齐全";
  body.task_name = person + "登记";
  body.acceptance.org.name = "北境局（" + person + "）";
  for (const ExportSyntax syntax : {ExportSyntax::json, ExportSyntax::xml}) {
    ExportOptions options;
    options.syntax = syntax;
    const Exported exported = export_open311_request(body, options).value();
    for (const std::string& value : {person, number, mobile}) {
      EXPECT_FALSE(holds(exported, value));
      for (const Finding& finding : exported.findings) EXPECT_EQ(describe(finding, Lang::zh).find(value), std::string::npos);
    }
    for (const char* path : {"applicant.name", "applicant.id_no", "title", "opinion", "task_name", "acceptance.org.name"}) {
      EXPECT_TRUE(has(exported, std::string("model.export_withheld ") + path)) << path;
    }
  }
  body.case_no = "BJ-" + number;
  EXPECT_EQ(export_open311_request(body).error().id(), "model.export_personal_key");
}

TEST(Exports, credit_code_of_the_authority_in_a_case_number_is_no_person) {
  Case body = small_case();
  body.applicant.id_no = "11990000000000019A";
  EXPECT_TRUE(export_open311_request(body));
}

TEST(Exports, secret_item_never_leaves) {
  ServiceItem item = small_item();
  item.extension.secret = true;
  EXPECT_EQ(export_cpsv_ap(item).error().id(), "model.export_secret");
  EXPECT_EQ(export_open311_service(item).error().id(), "model.export_secret");
  EXPECT_EQ(export_hsds(item).error().id(), "model.export_secret");
  EXPECT_EQ(export_schema_org(item).error().id(), "model.export_secret");
}

/// One row for each unit of MODEL.md 8.3 rule 2.
TEST(Exports, limits_become_durations_only_where_the_unit_allows) {
  using Unit = Quantity::Unit;
  const auto text = [](std::string value, Unit unit) {
    const auto duration = detail::duration_of({std::move(value), unit});
    return duration ? duration->text + (duration->bound ? " at most" : "") : std::string("none");
  };
  EXPECT_EQ(text("30", Unit::minute), "PT30M");
  EXPECT_EQ(text("2", Unit::hour), "PT2H");
  EXPECT_EQ(text("20", Unit::calendar_day), "P20D");
  EXPECT_EQ(text("2", Unit::week), "P14D");
  EXPECT_EQ(text("3", Unit::month), "P3M");
  EXPECT_EQ(text("1", Unit::year), "P1Y");
  EXPECT_EQ(text("10", Unit::working_day), "P25D at most");
  EXPECT_EQ(text("0.5", Unit::working_day), "P12D at most");
  EXPECT_EQ(text("0", Unit::working_day), "P0D at most");
  EXPECT_EQ(text("10", Unit::none), "none");
  EXPECT_EQ(text("0.5", Unit::calendar_day), "PT43200S");
  EXPECT_EQ(text("1.5", Unit::hour), "PT5400S");
  EXPECT_EQ(text("0.5", Unit::month), "none");
  EXPECT_EQ(text("-1", Unit::calendar_day), "none");
  EXPECT_EQ(text("99999999999999999999", Unit::calendar_day), "none");
}

TEST(Exports, bound_of_working_days_holds_on_every_published_day) {
  const WorkingDays days = Calendars::published().working_days("000000");
  ASSERT_FALSE(days.years().empty());
  std::size_t held = 0;
  for (Day start = Day::of(days.years().front(), 1, 1).value(); start.year() <= days.years().back(); start = start + 1) {
    for (std::int32_t count = 1; count <= 250; ++count) {
      const DueDate due = days.due(start, count);
      if (!due.known()) break;
      ++held;
      ASSERT_LE(due.day - start, natural_days_at_most(count)) << start.text() << " + " << count;
    }
  }
  EXPECT_GT(held, 100000U);
}

TEST(Exports, promise_in_working_days_is_a_bound_with_the_number_beside_it) {
  ServiceItem item = small_item();
  item.promise_limit = Quantity{"10", Quantity::Unit::working_day};
  item.legal_limit = Quantity{"20", Quantity::Unit::calendar_day};
  const Exported exported = export_cpsv_ap(item).value();
  EXPECT_TRUE(holds(exported, R"("cv:processingTime":{"@value":"P25D","@type":"xsd:duration"})"));
  EXPECT_TRUE(holds(exported, R"("tq:promisedLimit":{"tq:value":{"@value":"10","@type":"xsd:decimal"},"tq:unit":"working_day"})"));
  EXPECT_TRUE(has(exported, "model.export_bound promise_limit"));
  item.promise_limit.reset();
  const Exported legal = export_cpsv_ap(item).value();
  EXPECT_TRUE(holds(legal, R"("@value":"P20D")"));
  EXPECT_FALSE(has(legal, "model.export_bound legal_limit"));
}

TEST(Exports, amounts_are_read_only_where_there_is_one) {
  EXPECT_EQ(detail::amount_of("50"), "50");
  EXPECT_EQ(detail::amount_of("50.5元/件"), "50.5");
  EXPECT_EQ(detail::amount_of(" 10 元每证"), "10");
  for (const char* words : {"", "元", "10至30元", "10元/件，逾期20元", "50美元", "免费", "5.", "1.2.3", "1.234元"}) EXPECT_EQ(detail::amount_of(words), std::nullopt) << words;
}

TEST(Exports, opening_hours_are_read_whole_or_not_at_all) {
  const auto hours = detail::opening_hours_of("周一至周五 上午9:00-12:00，下午13:30-17:00；星期六 9：00至11:30");
  ASSERT_TRUE(hours);
  ASSERT_EQ(hours->size(), 3U);
  EXPECT_EQ(hours->at(1).opens + "-" + hours->at(1).closes, "13:30-17:00");
  EXPECT_EQ(hours->at(0).last_day, 5);
  EXPECT_EQ(hours->at(2).first_day, 6);
  for (const char* words : {"", "工作日 9:00-17:00", "周一至周五", "9:00-17:00", "周五至周一 9:00-17:00", "周一 9:00-25:00", "周一至周五 上午9:00-12:00，下午1:30-5:00",
                            "周一至周五 9:00-17:00（节假日除外）", "周一 17:00-9:00"}) {
    EXPECT_FALSE(detail::opening_hours_of(words)) << words;
  }
}

TEST(Exports, uuid_of_version_5_as_published) {
  // Both were made by Python's uuid.uuid5(NAMESPACE_URL, …).
  EXPECT_EQ(detail::uuid_of_url("http://www.example.com/"), "fcde3c85-2270-590f-9e7c-ee003d65e0e2");
  EXPECT_EQ(detail::uuid_of_url(std::string(60, 'x')), "1e7d0d45-6351-55a4-bdb1-267a13039496");
}

TEST(Exports, states_are_open_or_closed) {
  const auto status = [](const char* state) {
    Case body = small_case();
    body.state = Code{state, {}, {}, {}};
    const Exported exported = export_open311_request(body).value();
    return holds(exported, R"("status":"open")") ? "open" : holds(exported, R"("status":"closed")") ? "closed" : exported.text == "[]" ? "nothing" : "missing";
  };
  for (const char* state : {"submitted", "received", "accepted", "in_review", "extended", "special_procedure", "suspended", "decided_approved", "decided_refused", "issued", "delivered"}) {
    EXPECT_STREQ(status(state), "open") << state;
  }
  for (const char* state : {"closed", "withdrawn", "terminated", "voided", "revoked", "not_required", "rejected_acceptance"}) EXPECT_STREQ(status(state), "closed") << state;
  EXPECT_STREQ(status("draft"), "nothing");
  EXPECT_STREQ(status("no_such_state"), "missing");
}

TEST(Exports, date_never_becomes_a_midnight) {
  Case body = small_case();
  body.promise_due_at = time_at("2099-01-19");
  const Exported due = export_open311_request(body).value();
  EXPECT_FALSE(holds(due, "2099-01-19"));
  EXPECT_TRUE(has(due, "model.export_not_expressible promise_due_at"));
  body.applied_at = time_at("2099-01-05");
  const Exported applied = export_open311_request(body).value();
  EXPECT_TRUE(has(applied, "model.export_required applied_at"));
  EXPECT_TRUE(applied.findings.has_errors());
}

TEST(Exports, item_that_is_not_in_force_is_not_offered) {
  ServiceItem item = small_item();
  for (const char* state : {"paused", "cancelled", "draft"}) {
    item.state = Code{state, {}, {}, {}};
    const Exported exported = export_open311_service(item).value();
    EXPECT_EQ(exported.text, "[]") << state;
    EXPECT_TRUE(has(exported, "model.export_not_public state"));
  }
  item.state.reset();
  EXPECT_EQ(export_open311_service(item).value().text, "[]");
}

TEST(Exports, what_a_form_demands_and_the_record_lacks_is_an_error) {
  ServiceItem item;
  item.task_code = "11990000000000019A4000199001000";
  const Exported cpsv = export_cpsv_ap(item).value();
  for (const char* path : {"name", "description", "dept_name"}) EXPECT_TRUE(has(cpsv, std::string("model.export_required ") + path)) << path;
  const Exported hsds = export_hsds(item).value();
  for (const char* path : {"name", "state"}) EXPECT_TRUE(has(hsds, std::string("model.export_required ") + path)) << path;
  EXPECT_EQ(export_cpsv_ap(ServiceItem{}).error().id(), "model.export_kind");
}

TEST(Exports, labels_of_the_source_are_in_the_language_of_the_record) {
  ServiceItem item = small_item();
  item.service_objects = std::vector<Code>{Code{{}, "north.fwdx@1", "7", "小作坊"}, Code{"natural_person", {}, {}, {}}};
  const Exported exported = export_cpsv_ap(item).value();
  EXPECT_TRUE(holds(exported, R"("@id":"urn:x-tongqu:code:north.fwdx%401:7")"));
  EXPECT_TRUE(holds(exported, R"("skos:prefLabel":{"@value":"小作坊","@language":"zh"})"));
  EXPECT_TRUE(holds(exported, R"({"@value":"Natural person","@language":"en"})"));
}

TEST(Exports, only_whole_records_of_the_right_entity) {
  Record record;
  record.become(EntityId::service_item);
  std::get<ServiceItem>(record.body) = small_item();
  EXPECT_TRUE(export_record(record, ExportForm::hsds));
  EXPECT_EQ(export_record(record, ExportForm::open311_request).error().id(), "model.export_kind");
  ExportOptions xml;
  xml.syntax = ExportSyntax::xml;
  EXPECT_EQ(export_record(record, ExportForm::hsds, xml).error().id(), "model.export_kind");
  record.ext.push_back({"north", "window_no", "12"});
  const Exported exported = export_record(record, ExportForm::hsds).value();
  EXPECT_TRUE(has(exported, "model.export_withheld ext.north.window_no"));
  for (const RecordKind kind : {RecordKind::part, RecordKind::voided, RecordKind::deleted}) {
    record.kind = kind;
    EXPECT_EQ(export_record(record, ExportForm::hsds).error().id(), "model.export_kind");
  }
}

TEST(Exports, options_are_checked) {
  const auto id = [](auto set) {
    ExportOptions options;
    set(options);
    const auto exported = export_cpsv_ap(small_item(), options);
    return exported ? std::string("good") : std::string(exported.error().id()) + " " + exported.error().detail();
  };
  EXPECT_EQ(id([](ExportOptions& o) { o.base_uri = "https://data.example/"; }), "good");
  for (const char* base : {"", "data.example/", "https://data.example", "https://data example/", "urn:\"/", "1urn:"}) {
    EXPECT_EQ(id([base](ExportOptions& o) { o.base_uri = base; }), "model.export_setup base_uri") << base;
  }
  for (const char* tag : {"", "z", "中文", "zh--Hans", "zh-", "zh\"", "1h"}) EXPECT_EQ(id([tag](ExportOptions& o) { o.language = tag; }), "model.export_setup language") << tag;
  EXPECT_EQ(id([](ExportOptions& o) { o.language = "zh-Hans-CN"; }), "good");
  EXPECT_EQ(id([](ExportOptions& o) { o.utc_offset = "+8"; }), "model.export_setup utc_offset");
}

TEST(Exports, schedule_needs_an_offset) {
  ServiceItem item = small_item();
  item.service_points.emplace(1);
  item.service_points->front().hours = "周一至周二 9:00-17:00";
  EXPECT_TRUE(has(export_hsds(item).value(), "model.export_not_expressible service_points.hours"));
  ExportOptions options;
  options.utc_offset = "+08:00";
  EXPECT_TRUE(holds(export_hsds(item, options).value(), R"("freq":"WEEKLY","byday":"MO,TU","opens_at":"09:00+08:00","closes_at":"17:00+08:00")"));
}

} // namespace
} // namespace tongqu::model
