#include <algorithm>
#include <tuple>
#include <utility>

#include "tongqu/model/calendar.hpp"
#include "tongqu/model/case_history.hpp"

namespace tongqu::model {
namespace {

/// Place in the course of a case of what happened on one day; steps of the review share one and go by their times.
enum class Stage : std::uint8_t { submitted, received, notice, supplement, accepted, review, decided, issued, delivered, ended };

Stage stage_of(CaseEvent event) {
  switch (event) {
    case CaseEvent::submit: return Stage::submitted;
    case CaseEvent::receive: return Stage::received;
    case CaseEvent::return_:
    case CaseEvent::notify_supplement: return Stage::notice;
    case CaseEvent::resubmit:
    case CaseEvent::supplement: return Stage::supplement;
    case CaseEvent::accept:
    case CaseEvent::acceptance_expires:
    case CaseEvent::not_required:
    case CaseEvent::refuse_acceptance: return Stage::accepted;
    case CaseEvent::approve:
    case CaseEvent::approve_conditional:
    case CaseEvent::refuse:
    case CaseEvent::transfer_up: return Stage::decided;
    case CaseEvent::issue: return Stage::issued;
    case CaseEvent::deliver: return Stage::delivered;
    case CaseEvent::withdraw:
    case CaseEvent::void_:
    case CaseEvent::supplement_expires: return Stage::ended;
    default: return Stage::review;
  }
}

bool named(const std::optional<Code>& code, std::string_view name) { return code && code->name == name; }

class Observer {
public:
  explicit Observer(const Case& body) : body_(body) {}

  std::vector<Observation> run() {
    if (body_.applied_at) add(CaseEvent::submit, body_.applied_at, "applied_at");
    if (named(body_.channel, "window") || named(body_.channel, "one_window")) {
      if (body_.received_at) add(CaseEvent::receive, body_.received_at, "received_at");
    }
    supplements();
    acceptance();
    steps();
    special_procedures();
    result();
    sort();
    first_step_begins();
    last_state();
    return std::move(seen_);
  }

private:
  void add(CaseEvent event, const std::optional<Time>& at, std::string path) {
    Observation one;
    one.event = event;
    one.at = at;
    one.path = std::move(path);
    seen_.push_back(std::move(one));
  }

  static std::string element(std::string_view list, std::size_t i) { return std::string(list) + "[" + std::to_string(i) + "]"; }

  /// Whether a time lies before the acceptance, as far as the record tells.
  bool before_acceptance(const std::optional<Time>& at) const {
    const auto& accepted = body_.acceptance.accepted_at;
    return !accepted || !at || at->utc() < accepted->utc();
  }

  void supplements() {
    for (std::size_t i = 0; body_.supplements && i < body_.supplements->size(); ++i) {
      const Supplement& one = (*body_.supplements)[i];
      const bool before = before_acceptance(one.notice.at);
      if (one.notice.at) add(before ? CaseEvent::notify_supplement : CaseEvent::ask_more, one.notice.at, element("supplements", i) + ".notice");
      if (one.receipt.at) add(CaseEvent::supplement, one.receipt.at, element("supplements", i) + ".receipt");
    }
  }

  void acceptance() {
    const Acceptance& one = body_.acceptance;
    if (named(one.acceptance_result, "refused")) return add(CaseEvent::refuse_acceptance, one.accepted_at, "acceptance");
    if (named(one.acceptance_result, "not_required")) return add(CaseEvent::not_required, one.accepted_at, "acceptance");
    if (!one.accepted_at) return;
    add(one.deemed.value_or(false) ? CaseEvent::acceptance_expires : CaseEvent::accept, one.accepted_at, "acceptance.accepted_at");
  }

  /// The event of a step; nothing where another field of the record tells the same better.
  std::optional<CaseEvent> event_of(const ProcessStep& step) const {
    const std::string_view action = step.action ? std::string_view(step.action->name) : std::string_view();
    if (action == "accept") return body_.acceptance.accepted_at ? std::nullopt : std::optional(CaseEvent::accept);
    if (action == "refuse_acceptance") return body_.acceptance.acceptance_result ? std::nullopt : std::optional(CaseEvent::refuse_acceptance);
    if (action == "not_required") return body_.acceptance.acceptance_result ? std::nullopt : std::optional(CaseEvent::not_required);
    if (action == "supplement" || action == "decide") return std::nullopt;
    if (action == "suspend" || action == "resume") {
      if (body_.special_procedures && !body_.special_procedures->empty()) return std::nullopt;
      return action == "suspend" ? CaseEvent::suspend : CaseEvent::resume;
    }
    if (action == "extend") return CaseEvent::extend;
    if (action == "transfer") return CaseEvent::transfer_up;
    if (action == "deliver") return body_.result.pickup.at ? std::nullopt : std::optional(CaseEvent::deliver);
    if (action == "withdraw") return CaseEvent::withdraw;
    if (action == "void") return CaseEvent::void_;
    if (action == "return" && before_acceptance(step.started_at)) return CaseEvent::return_;
    return CaseEvent::step;
  }

  void steps() {
    for (std::size_t i = 0; body_.process_steps && i < body_.process_steps->size(); ++i) {
      const ProcessStep& step = (*body_.process_steps)[i];
      const auto event = event_of(step);
      const auto& at = step.started_at ? step.started_at : step.ended_at;
      if (event && at) add(*event, at, element("process_steps", i));
    }
  }

  /// The events that begin and end a special procedure of its kind. An extension has no end of its own.
  std::pair<CaseEvent, CaseEvent> ends_of(const SpecialProcedure& one) const {
    if (named(one.kind, "extension")) return {CaseEvent::extend, CaseEvent::extend};
    if (named(one.kind, "suspend")) return {CaseEvent::suspend, CaseEvent::resume};
    if (named(one.kind, "pre_supplement")) return {CaseEvent::return_, CaseEvent::resubmit};
    if (!named(one.kind, "supplement")) return {CaseEvent::start_special, CaseEvent::end_special};
    return {before_acceptance(one.started_at) ? CaseEvent::notify_supplement : CaseEvent::ask_more, CaseEvent::supplement};
  }

  void special_procedures() {
    for (std::size_t i = 0; body_.special_procedures && i < body_.special_procedures->size(); ++i) {
      const SpecialProcedure& one = (*body_.special_procedures)[i];
      const auto [begins, ends] = ends_of(one);
      if (one.started_at) add(begins, one.started_at, element("special_procedures", i) + ".started_at");
      if (one.ended_at && ends != CaseEvent::extend) add(ends, one.ended_at, element("special_procedures", i) + ".ended_at");
    }
  }

  std::optional<CaseEvent> ending() const {
    const CaseResult& result = body_.result;
    if (named(result.decision, "granted")) return CaseEvent::approve;
    if (named(result.decision, "conditional")) return CaseEvent::approve_conditional;
    if (named(result.decision, "refused")) return CaseEvent::refuse;
    if (named(result.decision, "withdrawn")) return CaseEvent::withdraw;
    if (named(result.result_type, "voided") || named(result.result_type, "deleted")) return CaseEvent::void_;
    if (named(result.result_type, "transferred")) return CaseEvent::transfer_up;
    if (named(result.result_type, "supplement_overdue")) return CaseEvent::supplement_expires;
    return std::nullopt;
  }

  /// `closed_at` is the day of the decision in most systems; that the case is closed is said by its state.
  void result() {
    const CaseResult& result = body_.result;
    if (const auto event = ending(); event && result.closed_at) add(*event, result.closed_at, "result.closed_at");
    const auto issued = [](const ResultDocument& document) { return document.issued_at.has_value(); };
    if (result.documents && !named(result.decision, "refused")) {
      const auto first = std::find_if(result.documents->begin(), result.documents->end(), issued);
      if (first != result.documents->end()) {
        add(CaseEvent::issue, first->issued_at, element("result.documents", static_cast<std::size_t>(first - result.documents->begin())));
      }
    }
    if (result.pickup.at) add(CaseEvent::deliver, result.pickup.at, "result.pickup");
  }

  /// By day; within a day by stage, so that a date beside a time does not turn the order about; within a stage by time.
  void sort() {
    const auto key = [](const Observation& one) {
      const auto day = one.at ? Day::of(*one.at) : Result<Day>(Day(INT32_MIN));
      const std::int64_t ms = one.at ? to_epoch_ms(one.at->utc()) : 0;
      return std::make_tuple(day ? day->number() : INT32_MIN, stage_of(*one.event), ms);
    };
    std::stable_sort(seen_.begin(), seen_.end(), [&](const Observation& a, const Observation& b) { return key(a) < key(b); });
  }

  void first_step_begins() {
    const auto first = std::find_if(seen_.begin(), seen_.end(), [](const Observation& one) { return one.event == CaseEvent::step; });
    const auto review = std::find_if(seen_.begin(), seen_.end(), [](const Observation& one) { return stage_of(*one.event) == Stage::review; });
    if (first != seen_.end() && first == review) first->event = CaseEvent::begin;
  }

  void last_state() {
    if (!body_.state) return;
    Observation one;
    one.state = state_from_name(body_.state->name == "extended" ? std::string_view("in_review") : std::string_view(body_.state->name));
    one.path = "state";
    if (one.state) seen_.push_back(std::move(one));
  }

  const Case& body_;
  std::vector<Observation> seen_;
};

std::string_view action_of(CaseEvent event) {
  switch (event) {
    case CaseEvent::accept: return "accept";
    case CaseEvent::refuse_acceptance: return "refuse_acceptance";
    case CaseEvent::not_required: return "not_required";
    case CaseEvent::return_: return "return";
    case CaseEvent::notify_supplement:
    case CaseEvent::ask_more: return "supplement";
    case CaseEvent::suspend:
    case CaseEvent::start_special: return "suspend";
    case CaseEvent::resume:
    case CaseEvent::end_special: return "resume";
    case CaseEvent::extend: return "extend";
    case CaseEvent::transfer_up: return "transfer";
    case CaseEvent::approve:
    case CaseEvent::approve_conditional:
    case CaseEvent::refuse: return "decide";
    case CaseEvent::deliver: return "deliver";
    case CaseEvent::withdraw: return "withdraw";
    case CaseEvent::void_: return "void";
    default: return "other";
  }
}

} // namespace

std::vector<Observation> observe(const Case& body) { return Observer(body).run(); }

ProcessStep process_step(const ObservedStep& step) {
  ProcessStep record;
  record.step_name = label(step.event, Lang::zh);
  Code action;
  action.name = action_of(step.event);
  if (action.name == "other") action.text = label(step.event, Lang::zh);
  record.action = std::move(action);
  record.started_at = step.at;
  return record;
}

} // namespace tongqu::model
