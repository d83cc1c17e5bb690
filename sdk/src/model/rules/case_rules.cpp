#include <iterator>

#include "item_codes.hpp"
#include "judge.hpp"

// Invariants of a case that hold at any time of its life: order of times, codes, due dates. Numbers are those of the reference's list of invariants.
namespace tongqu::model::detail {
namespace {

/// The last time seen on the way through a case, and where it stands.
struct Point {
  PathOf path;
  const std::optional<Time>* time = nullptr;
};

void next(Judge& judge, Point& last, const PathOf& path, const std::optional<Time>& time) {
  if (!time) return;
  if (last.time != nullptr) judge.order(*last.time, last.path, time, path);
  last = {path, &time};
}

/// Every time of the life cycle against the nearest one before it; steps against the acceptance, because they may run side by side.
void order_of_course(Judge& judge, const Case& body) {
  Point last;
  next(judge, last, {{}, 0, "applied_at"}, body.applied_at);
  next(judge, last, {{}, 0, "received_at"}, body.received_at);
  next(judge, last, {{}, 0, "acceptance.accepted_at"}, body.acceptance.accepted_at);
  const Point accepted = last;
  const Time* const end = end_of(body);
  Point latest = last;
  for (std::size_t i = 0; body.process_steps && i < body.process_steps->size(); ++i) {
    const ProcessStep& step = (*body.process_steps)[i];
    last = accepted;
    next(judge, last, {"process_steps", i, "started_at"}, step.started_at);
    next(judge, last, {"process_steps", i, "ended_at"}, step.ended_at);
    if (end != nullptr && last.time != nullptr && contradicts(**last.time, *end)) continue;
    if (latest.time == nullptr || (last.time != nullptr && contradicts(**last.time, **latest.time))) latest = last;
  }
  last = latest;
  // A decision may be written down before the steps that record it; it lies after the acceptance and before the end.
  Point decided = accepted;
  next(judge, decided, {{}, 0, "result.decided_at"}, body.result.decided_at);
  next(judge, last, {{}, 0, "result.closed_at"}, body.result.closed_at);
  judge.order(body.result.decided_at, {{}, 0, "result.decided_at"}, body.result.closed_at, {{}, 0, "result.closed_at"});
  judge.order(body.result.closed_at, {{}, 0, "result.closed_at"}, body.result.pickup.at, {{}, 0, "result.pickup.at"});
}

void order_of_parts(Judge& judge, const Case& body) {
  for (std::size_t i = 0; body.special_procedures && i < body.special_procedures->size(); ++i) {
    const SpecialProcedure& special = (*body.special_procedures)[i];
    judge.order(special.started_at, {"special_procedures", i, "started_at"}, special.ended_at, {"special_procedures", i, "ended_at"});
  }
  for (std::size_t i = 0; body.supplements && i < body.supplements->size(); ++i) {
    const Supplement& supplement = (*body.supplements)[i];
    judge.order(supplement.notice.at, {"supplements", i, "notice.at"}, supplement.receipt.at, {"supplements", i, "receipt.at"});
  }
  if (body.result.valid_to && body.result.valid_to->kind == Validity::Kind::until) {
    if (body.result.valid_from && contradicts(*body.result.valid_from, body.result.valid_to->until)) {
      judge.find("result.valid_to", {"not before result.valid_from", "不早于 result.valid_from"});
    }
  }
}

constexpr Rule kRows[] = {
    {
        .id = Errc::model_time_order, .number = "CI01", .entity = EntityId::case_, .severity = Severity::warn,
        .source = "行政许可法 Art 32, 42, 44",
        .paths = "received_at acceptance.accepted_at process_steps.started_at process_steps.ended_at result.decided_at result.closed_at result.pickup.at "
                 "special_procedures.ended_at supplements.receipt.at result.valid_to",
        .expected = {"applied, received, accepted, steps, decided, closed and handed over in this order, compared as coarsely as sent", "申请、收件、受理、办理、决定、办结、领取依次先后，按所送精度比较"},
        .suggestion = {"check the time and its offset in the source", "请核对来源系统中的时间及时区"},
        .judge = [](Judge& judge) {
          const Case& body = judge.body<Case>();
          order_of_course(judge, body);
          order_of_parts(judge, body);
        },
    },
    {
        .id = Errc::model_due_order, .number = "CI03", .entity = EntityId::case_, .severity = Severity::warn,
        .source = "行政许可法 Art 42",
        .paths = "promise_due_at acceptance.promise_due_at legal_due_at",
        .expected = {"acceptance, promised end and legal end in this order", "受理、承诺办结、法定办结依次先后"},
        .suggestion = {"compute the due dates again from the acceptance and the limits of the item", "请按受理时间和事项时限重新计算"},
        .judge = [](Judge& judge) {
          const Case& body = judge.body<Case>();
          const PathOf accepted{{}, 0, "acceptance.accepted_at"}, promise{{}, 0, "promise_due_at"};
          judge.order(body.acceptance.accepted_at, accepted, body.promise_due_at, promise);
          judge.order(body.acceptance.accepted_at, accepted, body.acceptance.promise_due_at, {{}, 0, "acceptance.promise_due_at"});
          judge.order(body.promise_due_at, promise, body.legal_due_at, {{}, 0, "legal_due_at"});
        },
    },
    {
        .id = Errc::model_due_moved_back, .number = "CI03", .entity = EntityId::case_, .severity = Severity::warn,
        .needs = RuleNeeds::previous,
        .source = "行政许可法 Art 42, 45",
        .paths = "promise_due_at legal_due_at",
        .expected = {"not before the due date that was reported earlier", "不早于此前上报的期限"},
        .suggestion = {"a pause or an extension only moves a due date to a later day", "中止或延期只会使期限顺延"},
        .judge = [](Judge& judge) {
          const Case* before = judge.context().previous != nullptr ? std::get_if<Case>(&judge.context().previous->body) : nullptr;
          if (before == nullptr) return;
          const Case& body = judge.body<Case>();
          const auto earlier = [](const std::optional<Time>& then, const std::optional<Time>& now) { return then && now && contradicts(*then, *now); };
          if (earlier(before->promise_due_at, body.promise_due_at)) judge.find("promise_due_at");
          if (earlier(before->legal_due_at, body.legal_due_at)) judge.find("legal_due_at");
        },
    },
    {
        .id = Errc::model_item_code_parent, .number = "CI11", .entity = EntityId::case_, .severity = Severity::error,
        .source = "GB/T 39554.1-2020 item coding",
        .paths = "catalog_code task_code task_handle_item",
        .expected = {"an item that can be applied for, not one that has sub-items", "可申办的事项，而非设有子项的主项"},
        .suggestion = {"report the case under the sub-item", "请按子项上报"},
        .judge = [](Judge& judge) {
          const Case& body = judge.body<Case>();
          const auto parent = [&judge](const std::optional<std::string>& code, std::size_t size, std::size_t at, const char* path) {
            if (code && code->size() == size && code->compare(at, 3, "00Y") == 0) judge.find(path);
          };
          parent(body.catalog_code, 12, 9, "catalog_code");
          parent(body.task_code, 31, 28, "task_code");
          parent(body.task_handle_item, 33, 28, "task_handle_item");
        },
    },
    {
        .id = Errc::model_item_cancelled, .number = "CI11", .entity = EntityId::case_, .severity = Severity::error,
        .needs = RuleNeeds::item,
        .source = "C0109.2 task_general_basic task_state",
        .paths = "task_code",
        .expected = {"an item that is in force", "在用事项"},
        .suggestion = {"report the case under the item that took its place", "请按替代事项上报"},
        .judge = [](Judge& judge) {
          const ServiceItem* item = judge.context().item;
          if (item != nullptr && is(item->state, "cancelled")) judge.find("task_code");
        },
    },
    {
        .id = Errc::model_task_version_not_in_force, .number = "CI09", .entity = EntityId::case_, .severity = Severity::warn,
        .needs = RuleNeeds::item,
        .source = "C0109.2 task_general_basic task_version",
        .paths = "task_version acceptance.accepted_at",
        .expected = {"the version of the item in force when the case was accepted", "受理时有效的事项版本"},
        .suggestion = {"take the item from the library again", "请重新同步事项库"},
        .judge = [](Judge& judge) {
          const Case& body = judge.body<Case>();
          const ServiceItem* item = judge.context().item;
          if (item == nullptr) return;
          if (body.task_version && item->version && *body.task_version != *item->version) judge.find("task_version");
          const auto& accepted = body.acceptance.accepted_at;
          if (!accepted) return;
          const bool early = item->effective_from && contradicts(*item->effective_from, *accepted);
          const bool late = item->effective_to && contradicts(*accepted, *item->effective_to);
          if (early || late) judge.find("acceptance.accepted_at", {"a time at which this version of the item is in force", "该版本事项有效期内的时间"});
        },
    },
    {
        .id = Errc::model_item_code_mismatch, .number = "IQ13", .entity = EntityId::case_, .severity = Severity::warn,
        .source = "GB/T 39554.1-2020 item coding",
        .paths = "task_code task_handle_item",
        .expected = {"the shorter codes stand inside the longer ones", "短编码包含在长编码中"},
        .suggestion = {"take all codes from one row of the item library", "请从事项库的同一记录取各编码"},
        .judge = [](Judge& judge) {
          const Case& body = judge.body<Case>();
          codes_belong_together(judge, {body.catalog_code, body.task_code, body.task_handle_item});
        },
    },
    {
        .id = Errc::model_item_code_province, .number = "IQ13", .entity = EntityId::case_, .severity = Severity::warn,
        .source = "GB/T 39554.1-2020 item coding",
        .paths = "catalog_code",
        .expected = {"00 or the digits of the reporting province at the head", "以 00 或上报省份代码开头"},
        .suggestion = {"check the division of the case and the province of the item", "请核对办件区划与事项所属省份"},
        .judge = [](Judge& judge) {
          const Case& body = judge.body<Case>();
          // The mark of the source is 1 and the two digits of the province; where it is of another form the division tells.
          const bool national_mark = body.data_source && body.data_source->size() == 3 && body.data_source->front() == '1';
          if (national_mark) return province_agrees(judge, body.catalog_code, std::string_view(*body.data_source).substr(1));
          if (body.division_code) province_agrees(judge, body.catalog_code, std::string_view(*body.division_code).substr(0, 2));
        },
    },
};

} // namespace

bool is_terminal(std::string_view state) {
  constexpr std::string_view kTerminal[] = {"not_required", "rejected_acceptance", "closed", "withdrawn", "terminated", "voided", "revoked"};
  return std::find(std::begin(kTerminal), std::end(kTerminal), state) != std::end(kTerminal);
}

RuleRows case_rules() noexcept { return {kRows, std::size(kRows)}; }

} // namespace tongqu::model::detail
