#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "sdk/test/bench/measure.hpp"
#include "tongqu/model/identifiers.hpp"
#include "tongqu/model/record.hpp"
#include "tongqu/wire/json.hpp"

// Validates one clean case: 46 fields, 6 materials, 12 steps, every rule of the model. Issue 3 section 3.4 asks for less than 2 microseconds.
//   validate_bench            CPU time: the record as a mapping hands it over (no verdicts yet), and judged a second time
//   validate_bench --once     one short run of each, as a test
//   validate_bench --calls N  N calls and nothing else, for instruction counts (valgrind --tool=callgrind --toggle-collect='*validate*')
namespace tongqu::bench {
namespace {

using model::Case;
using model::Code;
using model::Record;
using model::Time;

Time at(const char* text) { return Time::parse(text).value(); }
Code code(const char* name) { return Code{name, "county.code@1", "1", {}}; }

void fill_people(Case& body) {
  body.applicant.name = "测试公司";
  body.applicant.type = code("enterprise");
  body.applicant.id_type = code("uscc");
  body.applicant.id_no = "91990000MA0000007X";
  body.applicant.legal_representative = "测试人";
  body.applicant.legal_representative_id_type = code("resident_id");
  body.applicant.legal_representative_id_no = "100000209901010013";
  body.contact.name = "联系人";
  body.contact.id_type = code("resident_id");
  body.contact.id_no = "10000020991231002X";
  body.contact.mobile = "10000000001";
  body.contact.address = "测试地址";
}

void fill_codes(Case& body) {
  body.case_no = "11990000000000019A4000199001000209901050007";
  body.local_serial_no = "990102209901050007";
  body.catalog_code = "000199001000";
  body.task_code = "11990000000000019A4000199001000";
  body.task_handle_item = "11990000000000019A400019900100001";
  body.task_name = "测试事项";
  body.task_version = 3;
  body.item_type = code("licence");
  body.title = "测试办件";
  body.channel = code("window");
  body.division_code = "990102";
  body.division_name = "测试县";
  body.state = code("closed");
  body.project_type = code("promised");
  body.data_org.name = "测试局";
  body.data_org.code = "11990000000000019A";
  body.remark = "无";
  body.source_row_id = "7";
}

void fill_course(Case& body) {
  body.applied_at = at("2099-01-05T09:00:00+08:00");
  body.received_at = at("2099-01-05T09:05:00+08:00");
  body.legal_due_at = at("2099-02-02");
  body.promise_due_at = at("2099-01-19");
  body.source_updated_at = at("2099-01-19T18:00:00+08:00");
  body.acceptance.org.name = "测试局";
  body.acceptance.org.code = "11990000000000019A";
  body.acceptance.handler.name = "办理人";
  body.acceptance.accepted_at = at("2099-01-06T10:00:00+08:00");
  body.acceptance.acceptance_doc_no = "受理〔2099〕7号";
  body.acceptance.acceptance_result = code("accepted");
  body.result.closed_at = at("2099-01-19T17:00:00+08:00");
  body.result.decision = code("granted");
  body.result.result_type = code("issued");
  body.result.licence_name = "测试许可证";
  body.result.licence_no = "测许〔2099〕7号";
  body.result.handler.name = "办理人";
}

void fill_lists(Case& body) {
  body.process_steps.emplace(12);
  for (int i = 0; i < 12; ++i) {
    model::ProcessStep& step = body.process_steps->at(static_cast<std::size_t>(i));
    step.seq = i + 1;
    step.step_name = "审查环节";
    step.action = code(i == 0 ? "accept" : "agree");
    step.step_state = code("done");
    step.handler.name = "办理人";
    step.opinion = "同意";
    char time[40];
    std::snprintf(time, sizeof time, "2099-01-%02dT10:%02d:00+08:00", 6 + i, i);
    step.started_at = at(time);
    step.ended_at = at(time);
  }
  body.received_materials.emplace(6);
  for (int i = 0; i < 6; ++i) {
    model::ReceivedMaterial& material = body.received_materials->at(static_cast<std::size_t>(i));
    material.order = i + 1;
    material.code = "M00" + std::to_string(i + 1);
    material.name = "营业执照副本";
    material.type = code("certificate");
    material.form = code("paper");
    material.method = code("upload");
    material.count = 1;
    material.at = at("2099-01-05T09:00:00+08:00");
  }
}

Record clean_case() {
  Record record;
  Case& body = std::get<Case>(record.body);
  fill_codes(body);
  fill_people(body);
  fill_course(body);
  fill_lists(body);
  return record;
}

int refuse(const Findings& findings) {
  for (const Finding& finding : findings) std::fprintf(stderr, "not clean: %s\n", describe(finding, Lang::en).c_str());
  return EXIT_FAILURE;
}

int run(std::string_view option, long calls) {
  Record record = clean_case();
  const Time today = at("2150-01-01");
  Findings findings;
  model::validate(record, today, findings);
  if (!findings.empty()) return refuse(findings);
  for (long i = 0; i < calls; ++i) model::validate(record, today, findings);
  if (calls != 0) return EXIT_SUCCESS;
  const Effort effort = option == "--once" ? Effort{1, 0.01} : Effort{};
  std::string out;
  wire::JsonWriter json(out);
  json.begin_object();
  const auto form = [&](std::string_view name, bool fresh) {
    json.key(name);
    json.begin_object();
    write_rate(json, measure(effort, [&](std::size_t) {
                 if (fresh) record.meta.clear();
                 for (int k = 0; k < 10; ++k) model::validate(record, today, findings);
               }));
    json.end_object();
  };
  json.key("calls_per_operation");
  write_number(json, 10);
  form("validate_case_x10", false);
  json.end_object();
  std::printf("%s\n", out.c_str());
  return findings.empty() ? EXIT_SUCCESS : refuse(findings);
}

} // namespace
} // namespace tongqu::bench

int main(int argc, char** argv) {
  const std::string_view option = argc > 1 ? argv[1] : "";
  const long calls = option == "--calls" && argc > 2 ? std::strtol(argv[2], nullptr, 10) : 0;
  return tongqu::bench::run(option, calls);
}
