#include <algorithm>
#include <iterator>

#include "item_codes.hpp"
#include "judge.hpp"

// Quality of items, first part: time limits, kind of case, result, fees, codes. Numbers IQ01 to IQ13 are those of the reference.
namespace tongqu::model::detail {
namespace {

constexpr std::string_view kCityRules = "item quality rules of one city (as reported)";

/// An amount of time in thousandths of a minute. For comparing only: a year is 365 days and a month 30, as the item libraries convert;
/// due dates are never computed from it.
std::optional<std::int64_t> comparable(const Quantity& quantity) {
  constexpr std::int64_t kMinutes[] = {1, 1, 60, 1440, 1440, 7 * 1440, 30 * 1440, 365 * 1440};
  constexpr std::size_t kDigitsMax = 7, kPlacesMax = 3;
  const std::string& text = quantity.value;
  const std::size_t point = std::min(text.find('.'), text.size());
  if (point == 0 || point > kDigitsMax || text.size() > point + 1 + kPlacesMax) return std::nullopt;
  std::int64_t thousandths = 0;
  std::size_t places = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i == point) continue;
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    thousandths = thousandths * 10 + (text[i] - '0');
    if (i > point) ++places;
  }
  for (; places < kPlacesMax; ++places) thousandths *= 10;
  return thousandths * kMinutes[static_cast<std::size_t>(quantity.unit)];
}

/// Whether a promise is longer than the law allows beyond doubt. So many working days last at least as many calendar days; how many they
/// are at most nobody knows without a calendar, so a promise in calendar time under a legal limit in working days is not judged.
bool surely_longer(const Quantity& promise, const Quantity& legal) {
  using Unit = Quantity::Unit;
  const bool no_unit = promise.unit == Unit::none || legal.unit == Unit::none;
  if (no_unit && promise.unit != legal.unit) return false;
  if (legal.unit == Unit::working_day && promise.unit != Unit::working_day) return false;
  const auto promised = comparable(promise), allowed = comparable(legal);
  return promised && allowed && *promised > *allowed;
}

bool ends_with(std::string_view text, std::string_view end) { return text.size() >= end.size() && text.substr(text.size() - end.size()) == end; }

/// The kind of result that its name tells; empty where the name tells none.
std::string_view kind_of_result(std::string_view name) {
  if (ends_with(name, "证")) return "licence";
  return ends_with(name, "批复") || ends_with(name, "文") ? "approval" : std::string_view();
}

/// Whether a label of the source beside a code of online depth says that the item is handled on the spot.
bool says_on_the_spot(const Code& depth) { return depth.text.find("即办") != std::string::npos; }

/// Depths of a local table: only these can say 即办, the national ones cannot.
bool has_local_depth(const std::vector<Code>& depths) {
  return std::any_of(depths.begin(), depths.end(), [](const Code& depth) { return (depth.name.empty() || depth.name == "other") && !depth.text.empty(); });
}

/// Whether one of the values has this national code, or none of them has a national code at all.
bool names_code(std::string_view system, const std::vector<Code>& values, std::string_view national) {
  std::size_t count = 0;
  const CodeRow* rows = code_system(system, count);
  bool judged = false;
  for (const Code& value : values) {
    const CodeRow* row = std::find_if(rows, rows + count, [&](const CodeRow& r) { return r.name == value.name; });
    if (row == rows + count || row->code.empty()) return true;
    judged = true;
    if (row->code == national) return true;
  }
  return !judged;
}

void code_agrees_with_item(Judge& judge, const ServiceItem& item) {
  codes_belong_together(judge, {item.catalog_code, item.task_code, item.task_handle_item});
  if (!item.task_code || item.task_code->size() != 31) return;
  if (item.dept_code && item.dept_code->size() == 18 && item.task_code->compare(0, 18, *item.dept_code) != 0) {
    judge.find("task_code", {"begins with dept_code", "以 dept_code 开头"});
  }
  if (item.use_level && !item.use_level->empty() && !names_code("use_level", *item.use_level, item.task_code->substr(18, 1))) {
    judge.find("task_code", {"the level at position 19 is one of use_level", "第 19 位与 use_level 一致"});
  }
  if (item.task_type && !names_code("task_type", {*item.task_type}, item.task_code->substr(21, 2))) {
    judge.find("task_code", {"the kind at positions 22 and 23 is task_type", "第 22、23 位与 task_type 一致"});
  }
}

constexpr Rule kRows[] = {
    {
        .id = Errc::model_promise_over_legal, .number = "IQ01", .entity = EntityId::service_item, .severity = Severity::warn,
        .source = "C0109.2 task_general_basic anticipate_day, promise_day",
        .paths = "promise_limit",
        .expected = {"not longer than legal_limit", "不超过 legal_limit"},
        .suggestion = {"shorten the promise or correct the unit", "缩短承诺时限，或更正单位"},
        .judge = [](Judge& judge) {
          const ServiceItem& item = judge.body<ServiceItem>();
          if (item.promise_limit && item.legal_limit && surely_longer(*item.promise_limit, *item.legal_limit)) judge.find("promise_limit");
        },
    },
    {
        .id = Errc::model_project_type_depth, .number = "IQ02", .entity = EntityId::service_item, .severity = Severity::warn,
        .origin = RuleOrigin::local, .confidence = Confidence::medium,
        .source = kCityRules,
        .paths = "project_type",
        .expected = {"immediate where the local depth says 即办, promised otherwise", "办理深度为“即办”时为即办件，否则为承诺件"},
        .suggestion = {"correct the kind of case or the depth", "更正办件类型或办理深度"},
        .judge = [](Judge& judge) {
          const ServiceItem& item = judge.body<ServiceItem>();
          const auto& depths = item.extension.online_depth;
          if (!item.project_type || !depths || !has_local_depth(*depths)) return;
          const bool on_the_spot = std::any_of(depths->begin(), depths->end(), says_on_the_spot);
          if (on_the_spot != is(item.project_type, "immediate")) judge.find("project_type");
        },
    },
    {
        .id = Errc::model_result_type_name, .number = "IQ03", .entity = EntityId::service_item, .severity = Severity::warn,
        .origin = RuleOrigin::local, .confidence = Confidence::medium,
        .source = kCityRules,
        .paths = "extension.results.type",
        .expected = {"licence for a name that ends in 证, approval for 文 and 批复", "名称以“证”结尾为证照，以“文”“批复”结尾为批文"},
        .suggestion = {"correct the kind of the result or its name", "更正结果类型或结果名称"},
        .judge = [](Judge& judge) {
          const auto& results = judge.body<ServiceItem>().extension.results;
          for (std::size_t i = 0; results && i < results->size(); ++i) {
            const ItemResult& result = (*results)[i];
            const std::string_view kind = result.name ? kind_of_result(*result.name) : std::string_view();
            if (!kind.empty() && result.type && !result.type->name.empty() && result.type->name != kind) judge.find(PathOf{"extension.results", i, "type"});
          }
        },
    },
    {
        .id = Errc::model_fee_incomplete, .number = "IQ07", .entity = EntityId::service_item, .severity = Severity::warn,
        .origin = RuleOrigin::local, .confidence = Confidence::medium, .whole = true,
        .source = kCityRules,
        .paths = "fee_basis fees extension.supports_online_pay",
        .expected = {"present, because the item has a fee", "收费事项应填报"},
        .suggestion = {"give the ground, each charge and payment online", "请填报收费依据、收费项目，并支持网上支付"},
        .judge = [](Judge& judge) {
          const ServiceItem& item = judge.body<ServiceItem>();
          if (!item.has_fee.value_or(false)) return;
          if (!filled(item.fee_basis)) judge.find("fee_basis");
          if (!filled(item.fees)) judge.find("fees");
          if (!item.extension.supports_online_pay.value_or(false)) judge.find("extension.supports_online_pay");
        },
    },
    {
        .id = Errc::model_fee_unexpected, .number = "IQ07", .entity = EntityId::service_item, .severity = Severity::warn,
        .origin = RuleOrigin::local, .confidence = Confidence::medium,
        .source = kCityRules,
        .paths = "extension.supports_online_pay",
        .expected = {"no payment online, because the item has no fee", "不收费事项不应支持网上支付"},
        .suggestion = {"correct the flag, or state the fee", "更正网上支付标志，或填报收费"},
        .judge = [](Judge& judge) {
          const ServiceItem& item = judge.body<ServiceItem>();
          if (item.has_fee && !*item.has_fee && item.extension.supports_online_pay.value_or(false)) judge.find("extension.supports_online_pay");
        },
    },
    {
        .id = Errc::model_item_code_mismatch, .number = "IQ13", .entity = EntityId::service_item, .severity = Severity::warn,
        .source = "GB/T 39554.1-2020 item coding",
        .paths = "task_code task_handle_item",
        .expected = {"the shorter codes, the body, the level and the kind stand inside the longer codes", "长编码包含短编码、实施主体、行使层级和事项类型"},
        .suggestion = {"take all codes from one row of the item library", "请从事项库的同一记录取各编码"},
        .judge = [](Judge& judge) { code_agrees_with_item(judge, judge.body<ServiceItem>()); },
    },
    {
        .id = Errc::model_item_code_province, .number = "IQ13", .entity = EntityId::service_item, .severity = Severity::warn,
        .source = "GB/T 39554.1-2020 item coding",
        .paths = "catalog_code",
        .expected = {"00 or the digits of the province of the item at the head", "以 00 或事项所属省份代码开头"},
        .suggestion = {"check the division and the catalogue code", "请核对区划与基本编码"},
        .judge = [](Judge& judge) {
          const ServiceItem& item = judge.body<ServiceItem>();
          if (item.division_code) province_agrees(judge, item.catalog_code, std::string_view(*item.division_code).substr(0, 2));
        },
    },
    {
        .id = Errc::model_time_order, .number = "M01", .entity = EntityId::service_item, .severity = Severity::warn,
        .source = "C0109.2 task_general_basic plan_effective_date, plan_cancel_date",
        .paths = "effective_to",
        .expected = {"not before effective_from", "不早于 effective_from"},
        .suggestion = {"check the dates in the source", "请核对来源系统中的日期"},
        .judge = [](Judge& judge) {
          const ServiceItem& item = judge.body<ServiceItem>();
          judge.order(item.effective_from, {{}, 0, "effective_from"}, item.effective_to, {{}, 0, "effective_to"});
        },
    },
    {
        .id = Errc::model_entrust_missing, .number = "M02", .entity = EntityId::service_item, .severity = Severity::warn,
        .whole = true,
        .source = "C0109.2 task_general_basic entrust_name",
        .paths = "entrust_name",
        .expected = {"the body that entrusts, because dept_type is an entrusted organisation", "受委托组织应填报委托部门"},
        .suggestion = {"name the entrusting body", "请填报委托部门"},
        .judge = [](Judge& judge) {
          const ServiceItem& item = judge.body<ServiceItem>();
          if (is(item.dept_type, "entrusted_organisation") && !filled(item.entrust_name)) judge.find("entrust_name");
        },
    },
};

} // namespace

RuleRows item_rules() noexcept { return {kRows, std::size(kRows)}; }

} // namespace tongqu::model::detail
