#include <algorithm>
#include <iterator>

#include "judge.hpp"
#include "tongqu/model/identifiers.hpp"

// Rules of the entities around items and cases.
namespace tongqu::model::detail {
namespace {

/// First digit of the indicators of a level; 0 for a name that is none.
char digit_of_level(std::string_view level) {
  constexpr std::string_view kLevels[] = {"very_dissatisfied", "dissatisfied", "basically_satisfied", "satisfied", "very_satisfied"};
  const auto* const found = std::find(std::begin(kLevels), std::end(kLevels), level);
  return found == std::end(kLevels) ? '0' : static_cast<char>('1' + (found - std::begin(kLevels)));
}

/// The national code of an indicator: that of its name, or the one that was sent.
std::string_view indicator_code(const Code& indicator) {
  std::size_t count = 0;
  const CodeRow* rows = code_system("evaluation_indicator", count);
  const CodeRow* row = std::find_if(rows, rows + count, [&](const CodeRow& r) { return r.name == indicator.name; });
  return row == rows + count ? std::string_view() : row->code;
}

bool knows_event(const Evaluation& evaluation, const std::vector<ServiceEvent>& events) {
  return std::any_of(events.begin(), events.end(), [&](const ServiceEvent& event) {
    return event.service_code == evaluation.service_event.service_code && (!evaluation.case_no || event.case_no == evaluation.case_no);
  });
}

bool terms_without_ground(const ShareTerms& terms) { return (is(terms.type, "refused") || is(terms.type, "conditional")) && !filled(terms.condition); }

constexpr Rule kRows[] = {
    {
        .id = Errc::model_evaluation_event_unknown, .number = "CI10", .entity = EntityId::evaluation, .severity = Severity::warn,
        .whole = true,
        .source = "GB/T 39735-2020 one service event, one evaluation (as reported)",
        .paths = "service_event.service_code service_event.case_no",
        .expected = {"the code of a service event of this case", "本办件已有服务事件的编码"},
        .suggestion = {"send the service event first", "请先上报服务事件"},
        .judge = [](Judge& judge) {
          const Evaluation& evaluation = judge.body<Evaluation>();
          const ServiceEvent& event = evaluation.service_event;
          if (!filled(event.service_code)) return judge.find("service_event.service_code");
          if (event.case_no && evaluation.case_no && *event.case_no != *evaluation.case_no) {
            return judge.find("service_event.case_no", {"the case of the evaluation", "与评价的办件一致"});
          }
          const auto* const events = judge.context().service_events;
          if (events != nullptr && !knows_event(evaluation, *events)) judge.find("service_event.service_code");
        },
    },
    {
        .id = Errc::model_evaluation_indicator_level, .number = "EV01", .entity = EntityId::evaluation, .severity = Severity::warn,
        .source = "evaluation interfaces of three provinces (as reported)",
        .paths = "indicators",
        .expected = {"indicators of the level that was given", "与所评满意度一致的指标"},
        .suggestion = {"the first digit of an indicator is its level", "指标编码首位即满意度"},
        .judge = [](Judge& judge) {
          const Evaluation& evaluation = judge.body<Evaluation>();
          const char digit = evaluation.level ? digit_of_level(evaluation.level->name) : '0';
          if (digit == '0' || !evaluation.indicators) return;
          const auto differs = [digit](const Code& indicator) {
            const std::string_view code = indicator_code(indicator);
            return !code.empty() && code.front() != digit;
          };
          if (std::any_of(evaluation.indicators->begin(), evaluation.indicators->end(), differs)) judge.find("indicators");
        },
    },
    {
        .id = Errc::model_time_order, .number = "EV02", .entity = EntityId::evaluation, .severity = Severity::warn,
        .origin = RuleOrigin::model, .confidence = Confidence::own,
        .source = "rules of this model against false evaluations",
        .paths = "evaluated_at",
        .expected = {"not before service_event.at", "不早于 service_event.at"},
        .suggestion = {"check both times in the source", "请核对两处时间"},
        .judge = [](Judge& judge) {
          const Evaluation& evaluation = judge.body<Evaluation>();
          judge.order(evaluation.service_event.at, {{}, 0, "service_event.at"}, evaluation.evaluated_at, {{}, 0, "evaluated_at"});
        },
    },
    {
        .id = Errc::model_share_ground_missing, .number = "DR01", .entity = EntityId::data_resource, .severity = Severity::warn,
        .whole = true,
        .source = "national guide to catalogues of government data (as reported)",
        .paths = "share.condition open.condition",
        .expected = {"the condition, or the law or decision that a refusal rests on", "共享条件，或不予共享的法律法规、国务院决定依据"},
        .suggestion = {"name the ground or share without condition", "填报依据，或改为无条件共享"},
        .judge = [](Judge& judge) {
          const DataResource& resource = judge.body<DataResource>();
          if (terms_without_ground(resource.share)) judge.find("share.condition");
          if (terms_without_ground(resource.open)) judge.find("open.condition");
        },
    },
    {
        .id = Errc::model_licence_version_mismatch, .number = "LC01", .entity = EntityId::licence, .severity = Severity::warn,
        .source = "GB/T 36904 licence identifier (as reported)",
        .paths = "version",
        .expected = {"the version inside licence_id", "与 licence_id 中的版本一致"},
        .suggestion = {"new content has a new version and a new identifier", "内容变更时版本与标识同时更新"},
        .judge = [](Judge& judge) {
          const Licence& licence = judge.body<Licence>();
          if (!licence.version || !licence.licence_id) return;
          const auto parts = split_licence_id(std::string_view(*licence.licence_id));
          if (parts && parts->version != *licence.version) judge.find("version");
        },
    },
};

} // namespace

RuleRows other_rules() noexcept { return {kRows, std::size(kRows)}; }

} // namespace tongqu::model::detail
