#include <algorithm>
#include <iterator>

#include "item_codes.hpp"
#include "judge.hpp"

// Invariants of what happened to a case: acceptance in time, supplements, special procedures, its end, its revisions.
namespace tongqu::model::detail {
namespace {

constexpr std::int32_t kAcceptanceDays = 5;

/// From when the acceptance clock of a case ran: its receipt, or the last supplement before the acceptance.
std::optional<Time> acceptance_clock_start(const Case& body) {
  std::optional<Time> start = body.received_at;
  const auto& accepted = body.acceptance.accepted_at;
  for (std::size_t i = 0; body.supplements && i < body.supplements->size(); ++i) {
    const auto& came = (*body.supplements)[i].receipt.at;
    if (came && accepted && !contradicts(*came, *accepted) && start && !contradicts(*start, *came)) start = came;
  }
  return start;
}

/// Kinds that are asked for in a supplement notice and not special procedures of Art 45.
bool is_supplement_kind(const std::optional<Code>& kind) { return is(kind, "supplement") || is(kind, "pre_supplement"); }

bool wants_reason(const std::optional<Code>& result_type) {
  constexpr std::string_view kNames[] = {"returned", "voided", "deleted", "transferred", "supplement_overdue"};
  return result_type && std::find(std::begin(kNames), std::end(kNames), result_type->name) != std::end(kNames);
}

bool has_document(const Case& body) {
  return filled(body.result.licence_no) || filled(body.result.licence_name) || filled(body.result.documents);
}

/// Whether the action of a step is one with which a case is over.
bool ends_the_case(const ProcessStep& step) {
  constexpr std::string_view kActions[] = {"refuse_acceptance", "not_required", "withdraw", "void"};
  return std::find(std::begin(kActions), std::end(kActions), step.action->name) != std::end(kActions);
}

void steps_after_the_end(Judge& judge, const Case& body) {
  // What is revoked or voided afterwards is written down afterwards.
  if (!body.process_steps || is(body.state, "revoked") || is(body.state, "voided")) return;
  const Time* end = end_of(body);
  for (const ProcessStep& step : *body.process_steps) {
    const auto& time = end_of(step);
    if (step.action && time && ends_the_case(step) && (end == nullptr || contradicts(*end, *time))) end = &*time;
  }
  for (std::size_t i = 0; end != nullptr && i < body.process_steps->size(); ++i) {
    const ProcessStep& step = (*body.process_steps)[i];
    const auto& time = end_of(step);
    if (time && contradicts(*time, *end) && !is(step.action, "void")) judge.find(PathOf{"process_steps", i, {}});
  }
}

/// A revision as a number, where it is one.
std::optional<std::uint64_t> number_of(const std::string& revision) {
  if (revision.empty() || revision.size() > 18 || revision.find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
  std::uint64_t value = 0;
  for (const char digit : revision) value = value * 10 + static_cast<std::uint64_t>(digit - '0');
  return value;
}

/// Working days of the pauses of a case that are over; nothing when the calendar does not tell.
std::optional<std::int32_t> paused_days(const Case& body, const RuleContext& context) {
  std::int32_t days = 0;
  for (std::size_t i = 0; body.special_procedures && i < body.special_procedures->size(); ++i) {
    const SpecialProcedure& special = (*body.special_procedures)[i];
    // An extension adds days instead of stopping the clock; a suspension without ground does neither.
    if (is_supplement_kind(special.kind) || is(special.kind, "extension") || is(special.kind, "suspend")) continue;
    if (!special.started_at || !special.ended_at) return std::nullopt;
    const auto pause = context.working_days(*special.started_at, *special.ended_at);
    if (!pause) return std::nullopt;
    days += *pause;
  }
  return days;
}

void promise_shift(Judge& judge, const Case& body) {
  const auto& limit = body.promised_limit;
  const auto& due = body.promise_due_at ? body.promise_due_at : body.acceptance.promise_due_at;
  if (!judge.context().working_days || !limit || !due || !body.acceptance.accepted_at) return;
  if (limit->unit != Quantity::Unit::working_day || !filled(body.special_procedures)) return;
  const auto promised = number_of(limit->value);
  const auto paused = paused_days(body, judge.context());
  const auto counted = judge.context().working_days(*body.acceptance.accepted_at, *due);
  // An extension moves the due date by what was granted, which its own row need not say.
  const auto extended = [](const SpecialProcedure& special) { return is(special.kind, "extension"); };
  if (std::any_of(body.special_procedures->begin(), body.special_procedures->end(), extended)) return;
  if (!promised || !paused || !counted) return;
  if (*counted != static_cast<std::int64_t>(*promised) + *paused) judge.find("promise_due_at");
}

constexpr Rule kRows[] = {
    {
        .id = Errc::model_acceptance_late, .number = "CI02", .entity = EntityId::case_, .severity = Severity::warn,
        .needs = RuleNeeds::working_days,
        .source = "行政许可法 Art 32, 82",
        .paths = "acceptance.accepted_at",
        .expected = {"within 5 working days of the receipt, or marked as deemed accepted", "收件后 5 个工作日内，或标记为视为受理"},
        .suggestion = {"without a notice the case counts as accepted from the day of receipt", "逾期未告知的，自收件之日起视为受理"},
        .judge = [](Judge& judge) {
          const Case& body = judge.body<Case>();
          const auto& accepted = body.acceptance.accepted_at;
          if (!accepted || body.acceptance.deemed.value_or(false) || !judge.context().working_days) return;
          const auto start = acceptance_clock_start(body);
          if (!start) return;
          const auto days = judge.context().working_days(*start, *accepted);
          if (days && *days > kAcceptanceDays) judge.find("acceptance.accepted_at");
        },
    },
    {
        .id = Errc::model_supplement_twice, .number = "CI04", .entity = EntityId::case_, .severity = Severity::warn,
        .source = "行政许可法 Art 32",
        .paths = "supplements.notice.at",
        .expected = {"one notice before the acceptance, of everything that is missing", "受理前只告知一次，且一次告知全部内容"},
        .suggestion = {"a second notice does not stop the acceptance clock", "第二次告知不能停止受理计时"},
        .judge = [](Judge& judge) {
          const Case& body = judge.body<Case>();
          const auto& accepted = body.acceptance.accepted_at;
          std::size_t count = 0;
          for (std::size_t i = 0; body.supplements && i < body.supplements->size(); ++i) {
            const auto& at = (*body.supplements)[i].notice.at;
            if (!at || (accepted && !contradicts(*accepted, *at))) continue;
            if (++count > 1) judge.find(PathOf{"supplements", i, "notice.at"});
          }
        },
    },
    {
        .id = Errc::model_special_incomplete, .number = "CI05", .entity = EntityId::case_, .severity = Severity::warn,
        .whole = true,
        .source = "行政许可法 Art 45",
        .paths = "special_procedures.kind special_procedures.notice",
        .expected = {"a kind and the written notice that states how long it takes", "种类，以及写明所需时间的书面告知"},
        .suggestion = {"without a written notice the time counts", "未书面告知的，时间照常计算"},
        .judge = [](Judge& judge) {
          const Case& body = judge.body<Case>();
          for (std::size_t i = 0; body.special_procedures && i < body.special_procedures->size(); ++i) {
            const SpecialProcedure& special = (*body.special_procedures)[i];
            if (!special.kind) judge.find(PathOf{"special_procedures", i, "kind"});
            if (is_supplement_kind(special.kind) || is(special.kind, "suspend")) continue;
            if (!filled(special.notice)) judge.find(PathOf{"special_procedures", i, "notice"});
          }
        },
    },
    {
        .id = Errc::model_special_without_basis, .number = "CI05", .entity = EntityId::case_, .severity = Severity::warn,
        .confidence = Confidence::medium,
        .source = "行政许可法 Art 45",
        .paths = "special_procedures.kind",
        .expected = {"a kind whose time is not counted by law", "法律规定不计入时限的种类"},
        .suggestion = {"the legal clock goes on; name the procedure if there was one", "法定时限继续计算；如有法定程序请注明种类"},
        .judge = [](Judge& judge) {
          const Case& body = judge.body<Case>();
          for (std::size_t i = 0; body.special_procedures && i < body.special_procedures->size(); ++i) {
            if (is((*body.special_procedures)[i].kind, "suspend")) judge.find(PathOf{"special_procedures", i, "kind"});
          }
        },
    },
    {
        .id = Errc::model_pause_shift, .number = "CI05", .entity = EntityId::case_, .severity = Severity::warn,
        .needs = RuleNeeds::working_days,
        .source = "行政许可法 Art 45, 82",
        .paths = "promise_due_at",
        .expected = {"the promised limit and the working days of all pauses after the acceptance", "受理后承诺时限加全部中止工作日"},
        .suggestion = {"compute the due date again at each end of a pause", "每次中止结束后重新计算期限"},
        .judge = [](Judge& judge) { promise_shift(judge, judge.body<Case>()); },
    },
    {
        .id = Errc::model_result_licence_missing, .number = "CI06", .entity = EntityId::case_, .severity = Severity::warn,
        .whole = true,
        .source = "GB/T 39046-2020 result data set; BJJGDM, DONERESULT 0",
        .paths = "result.licence_no",
        .expected = {"the licence that was issued: its name, its number or a document", "所发证照的名称、编号或结果文书"},
        .suggestion = {"send the licence, or another result", "请补报证照信息，或更正办结结果"},
        .judge = [](Judge& judge) {
          const Case& body = judge.body<Case>();
          if (is(body.result.result_type, "issued") && !has_document(body)) judge.find("result.licence_no");
        },
    },
    {
        .id = Errc::model_result_reason_missing, .number = "CI06", .entity = EntityId::case_, .severity = Severity::warn,
        .whole = true,
        .source = "GB/T 39046-2020 result data set; EXITRES",
        .paths = "result.result_note",
        .expected = {"the reason of a case that was sent back, voided, deleted, transferred or never supplemented", "退回、作废、删除、转报或补正不来的原因"},
        .suggestion = {"send the explanation with the result", "请随结果上报说明"},
        .judge = [](Judge& judge) {
          const Case& body = judge.body<Case>();
          if (wants_reason(body.result.result_type) && !filled(body.result.result_note)) judge.find("result.result_note");
        },
    },
    {
        .id = Errc::model_immediate_late, .number = "CI07", .entity = EntityId::case_, .severity = Severity::warn,
        .source = "C0109.2 project_type 1",
        .paths = "result.decided_at result.closed_at",
        .expected = {"the day of the acceptance, because the case is handled on the spot", "即办件应在受理当日办结"},
        .suggestion = {"report it as a case handled within a promised time", "请按承诺件上报"},
        .judge = [](Judge& judge) {
          const Case& body = judge.body<Case>();
          if (!is(body.project_type, "immediate") || !body.acceptance.accepted_at) return;
          const bool decided = body.result.decided_at.has_value();
          const auto& end = decided ? body.result.decided_at : body.result.closed_at;
          if (end && other_day(*body.acceptance.accepted_at, *end)) judge.find(decided ? "result.decided_at" : "result.closed_at");
        },
    },
    {
        .id = Errc::model_step_after_end, .number = "CI08", .entity = EntityId::case_, .severity = Severity::warn,
        .confidence = Confidence::medium,
        .source = "行政许可法; state machine of this model",
        .paths = "process_steps",
        .expected = {"no step after the end of the case, but a revocation or a void", "办件终结后除撤销、作废外不再有环节"},
        .suggestion = {"report what happens later as a new case, or as a revocation", "后续事项请另行立件或按撤销上报"},
        .judge = [](Judge& judge) { steps_after_the_end(judge, judge.body<Case>()); },
    },
    {
        .id = Errc::model_revision_not_increasing, .number = "CI12", .entity = EntityId::case_, .severity = Severity::warn,
        .needs = RuleNeeds::previous,
        .source = "DATAVER of the Shandong exchange tables",
        .paths = "identity.revision",
        .expected = {"a number greater than that of the record before", "大于前次上报的版本号"},
        .suggestion = {"count the revision up at each report", "每次上报时版本号加一"},
        .judge = [](Judge& judge) {
          const Record* before = judge.context().previous;
          if (before == nullptr) return;
          const auto then = number_of(before->identity.revision), now = number_of(judge.record().identity.revision);
          if (then && now && *now < *then) judge.find("identity.revision");
        },
    },
    {
        .id = Errc::model_revision_conflict, .number = "CI12", .entity = EntityId::case_, .severity = Severity::error,
        .needs = RuleNeeds::previous,
        .source = "DATAVER of the Shandong exchange tables",
        .paths = "identity.revision",
        .expected = {"another revision, because the content differs", "内容不同时应为新的版本号"},
        .suggestion = {"one revision has one content: find out which is right", "同一版本只能有一种内容，请核实以何者为准"},
        .judge = [](Judge& judge) {
          const Record* before = judge.context().previous;
          if (before == nullptr || before->entity != EntityId::case_ || before->kind != judge.record().kind) return;
          if (before->identity.revision != judge.record().identity.revision) return;
          if (!(std::get<Case>(before->body) == judge.body<Case>())) judge.find("identity.revision");
        },
    },
};

} // namespace

RuleRows case_life_rules() noexcept { return {kRows, std::size(kRows)}; }

} // namespace tongqu::model::detail
