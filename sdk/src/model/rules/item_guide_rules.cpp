#include <algorithm>
#include <iterator>

#include "judge.hpp"

// Quality of items, second part: what the guide tells the applicant about visits, contacts, themes, steps and results.
namespace tongqu::model::detail {
namespace {

constexpr std::string_view kCityRules = "item quality rules of one city (as reported)";
constexpr std::size_t kWorkflowStepsMin = 5, kQuestionsMin = 1;

/// Whether the item can be handled online to its very end.
bool is_fully_online(const ServiceItem& item) {
  const auto& depths = item.extension.online_depth;
  const auto full = [](const Code& depth) { return depth.name == "result_feedback" || depth.text.find("全程网办") != std::string::npos; };
  return depths && std::any_of(depths->begin(), depths->end(), full);
}

bool takes_courier(const ServiceItem& item) {
  if (item.extension.supports_express.value_or(false)) return true;
  const auto express = [](const Code& type) { return type.name == "express"; };
  return item.handle_types && std::any_of(item.handle_types->begin(), item.handle_types->end(), express);
}

bool says_none(std::string_view reason) { return reason.empty() || reason == "无" || reason == "/"; }

/// The telephone numbers in a text, digits only. A hyphen, blank or bracket joins an area code (or 400, 800) to what follows; everywhere
/// else it ends a number, so that opening hours and dates are not taken for one.
std::vector<std::string> phone_numbers(std::string_view text) {
  constexpr std::size_t kDigitsMin = 5;
  std::vector<std::string> numbers;
  std::string digits;
  const auto joins = [&digits] {
    const bool area_code = digits.size() >= 3 && digits.size() <= 4 && digits.front() == '0';
    const bool service = digits.substr(0, 3) == "400" || digits.substr(0, 3) == "800";
    return area_code || service;
  };
  const auto end = [&] {
    if (digits.size() >= kDigitsMin) numbers.push_back(digits);
    digits.clear();
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] >= '0' && text[i] <= '9') {
      digits += text[i];
      continue;
    }
    const bool wide = text.substr(i, 3) == "（" || text.substr(i, 3) == "）" || text.substr(i, 3) == "—" || text.substr(i, 3) == "–";
    const bool narrow = text[i] == '-' || text[i] == ' ' || text[i] == '(' || text[i] == ')';
    if (wide) i += 2;
    if (!(wide || narrow) || !joins()) end();
  }
  end();
  return numbers;
}

/// Local numbers have 7 or 8 digits and do not begin with 0 or 1; mobile and service numbers need no area code.
bool lacks_area_code(const std::string& number) { return (number.size() == 7 || number.size() == 8) && number.front() >= '2'; }

bool share_a_number(std::string_view one, std::string_view other) {
  const std::vector<std::string> numbers = phone_numbers(one), others = phone_numbers(other);
  if (numbers.empty() && others.empty()) return one == other;
  return std::any_of(numbers.begin(), numbers.end(), [&](const std::string& number) { return std::find(others.begin(), others.end(), number) != others.end(); });
}

bool serves(const std::vector<Code>& objects, bool persons) {
  return std::any_of(objects.begin(), objects.end(), [persons](const Code& object) {
    const bool person = object.name == "natural_person" || object.name == "person";
    return object.name.empty() || person == persons;
  });
}

constexpr Rule kRows[] = {
    {
        .id = Errc::model_visit_reason_missing, .number = "IQ04", .entity = EntityId::service_item, .severity = Severity::warn,
        .origin = RuleOrigin::local, .confidence = Confidence::medium, .whole = true,
        .source = kCityRules,
        .paths = "extension.on_site_reason",
        .expected = {"the reason why one must come, because visits are needed", "需到现场的，应说明原因"},
        .suggestion = {"state the reason, or set the visits to 0", "填报必须现场办理原因，或将次数改为 0"},
        .judge = [](Judge& judge) {
          const ServiceItem& item = judge.body<ServiceItem>();
          if (item.on_site_visits.value_or(0) != 0 && says_none(item.extension.on_site_reason.value_or(""))) judge.find("extension.on_site_reason");
        },
    },
    {
        .id = Errc::model_visit_reason_unneeded, .number = "IQ04", .entity = EntityId::service_item, .severity = Severity::warn,
        .origin = RuleOrigin::local, .confidence = Confidence::medium,
        .source = kCityRules,
        .paths = "extension.on_site_reason",
        .expected = {"none (无), because no visit is needed", "无需到现场的，应为“无”"},
        .suggestion = {"clear the reason, or state the visits", "清除原因，或填报到现场次数"},
        .judge = [](Judge& judge) {
          const ServiceItem& item = judge.body<ServiceItem>();
          const bool none_needed = item.on_site_visits && *item.on_site_visits == 0;
          if (none_needed && !says_none(item.extension.on_site_reason.value_or(""))) judge.find("extension.on_site_reason");
        },
    },
    {
        .id = Errc::model_express_missing, .number = "IQ05", .entity = EntityId::service_item, .severity = Severity::warn,
        .origin = RuleOrigin::local, .confidence = Confidence::medium, .whole = true,
        .source = kCityRules,
        .paths = "extension.supports_express",
        .expected = {"application by courier, because no visit is needed and the item is not online", "无需到现场且不能网办的，应支持快递申请"},
        .suggestion = {"allow the courier, open the item online, or state the visits", "开通快递申请或网上办理，或填报到现场次数"},
        .judge = [](Judge& judge) {
          const ServiceItem& item = judge.body<ServiceItem>();
          const bool no_visit = item.on_site_visits && *item.on_site_visits == 0;
          const bool offline = item.extension.is_online && !*item.extension.is_online;
          if (no_visit && offline && !takes_courier(item)) judge.find("extension.supports_express");
        },
    },
    {
        .id = Errc::model_online_with_visits, .number = "IQ06", .entity = EntityId::service_item, .severity = Severity::warn,
        .origin = RuleOrigin::local, .confidence = Confidence::medium,
        .source = kCityRules,
        .paths = "on_site_visits",
        .expected = {"0, because the item is handled online to its end", "全程网办的，应为 0"},
        .suggestion = {"correct the visits or the depth", "更正到现场次数或网办深度"},
        .judge = [](Judge& judge) {
          const ServiceItem& item = judge.body<ServiceItem>();
          if (item.on_site_visits.value_or(0) != 0 && is_fully_online(item)) judge.find("on_site_visits");
        },
    },
    {
        .id = Errc::model_contact_same, .number = "IQ08", .entity = EntityId::service_item, .severity = Severity::warn,
        .origin = RuleOrigin::local, .confidence = Confidence::medium,
        .source = kCityRules,
        .paths = "complaint_contact",
        .expected = {"another telephone than that of consult_contact", "与 consult_contact 不同的电话"},
        .suggestion = {"give the number of the body that supervises", "请填报监督部门的电话"},
        .judge = [](Judge& judge) {
          const ServiceItem& item = judge.body<ServiceItem>();
          if (!filled(item.consult_contact) || !filled(item.complaint_contact)) return;
          if (share_a_number(*item.consult_contact, *item.complaint_contact)) judge.find("complaint_contact");
        },
    },
    {
        .id = Errc::model_contact_area_code, .number = "IQ08", .entity = EntityId::service_item, .severity = Severity::warn,
        .origin = RuleOrigin::local, .confidence = Confidence::medium,
        .source = kCityRules,
        .paths = "consult_contact complaint_contact",
        .expected = {"a telephone number with its area code", "带区号的电话号码"},
        .suggestion = {"put the area code before the number", "请在号码前加区号"},
        .judge = [](Judge& judge) {
          const ServiceItem& item = judge.body<ServiceItem>();
          const auto check = [&judge](const std::optional<std::string>& contact, const char* path) {
            if (!contact) return;
            const std::vector<std::string> numbers = phone_numbers(*contact);
            if (std::any_of(numbers.begin(), numbers.end(), lacks_area_code)) judge.find(path);
          };
          check(item.consult_contact, "consult_contact");
          check(item.complaint_contact, "complaint_contact");
        },
    },
    {
        .id = Errc::model_theme_without_object, .number = "IQ09", .entity = EntityId::service_item, .severity = Severity::warn,
        .origin = RuleOrigin::local, .confidence = Confidence::medium,
        .source = kCityRules,
        .paths = "service_objects",
        .expected = {"a natural person for themes of persons, an organisation for themes of organisations", "有自然人主题的应含自然人，有法人主题的应含法人或其他组织"},
        .suggestion = {"add whom the item serves, or take the theme away", "补充服务对象，或删除主题"},
        .judge = [](Judge& judge) {
          const ServiceItem& item = judge.body<ServiceItem>();
          if (!filled(item.service_objects)) return;
          if (filled(item.extension.themes_person) && !serves(*item.service_objects, true)) {
            judge.find("service_objects", {"a natural person, because extension.themes_person is there", "含自然人（已填自然人主题）"});
          }
          if (filled(item.extension.themes_corp) && !serves(*item.service_objects, false)) {
            judge.find("service_objects", {"an organisation, because extension.themes_corp is there", "含法人或其他组织（已填法人主题）"});
          }
        },
    },
    {
        .id = Errc::model_guide_incomplete, .number = "IQ10", .entity = EntityId::service_item, .severity = Severity::warn,
        .origin = RuleOrigin::local, .confidence = Confidence::medium, .whole = true,
        .source = kCityRules,
        .paths = "faq workflow_steps",
        .expected = {"at least 1 question and 5 steps, because the item is a licence", "许可事项至少 1 个常见问题、5 个流程环节"},
        .suggestion = {"complete the guide", "请补充办事指南"},
        .judge = [](Judge& judge) {
          const ServiceItem& item = judge.body<ServiceItem>();
          if (!is(item.task_type, "licence")) return;
          if (!item.faq || item.faq->size() < kQuestionsMin) judge.find("faq", {"at least 1 question", "至少 1 个常见问题"});
          if (!item.workflow_steps || item.workflow_steps->size() < kWorkflowStepsMin) judge.find("workflow_steps", {"at least 5 steps", "至少 5 个流程环节"});
        },
    },
    {
        .id = Errc::model_result_sample_missing, .number = "IQ11", .entity = EntityId::service_item, .severity = Severity::warn,
        .origin = RuleOrigin::local, .confidence = Confidence::medium, .whole = true,
        .source = kCityRules,
        .paths = "extension.results.sample_id",
        .expected = {"a sample of the result", "结果样本"},
        .suggestion = {"attach a sample", "请上传结果样本"},
        .judge = [](Judge& judge) {
          const auto& results = judge.body<ServiceItem>().extension.results;
          for (std::size_t i = 0; results && i < results->size(); ++i) {
            if (filled((*results)[i].name) && !filled((*results)[i].sample_id)) judge.find(PathOf{"extension.results", i, "sample_id"});
          }
        },
    },
    {
        .id = Errc::model_visits_over_one, .number = "IQ12", .entity = EntityId::service_item, .severity = Severity::info,
        .source = "C0109.2 task_general_basic limit_scene_num",
        .paths = "on_site_visits",
        .expected = {"at most 1, the measure of one visit at most", "不超过 1 次（最多跑一次）"},
        .suggestion = {"move steps online or bundle them", "将环节移至网上或合并办理"},
        .judge = [](Judge& judge) {
          if (judge.body<ServiceItem>().on_site_visits.value_or(0) > 1) judge.find("on_site_visits");
        },
    },
};

} // namespace

RuleRows item_guide_rules() noexcept { return {kRows, std::size(kRows)}; }

} // namespace tongqu::model::detail
