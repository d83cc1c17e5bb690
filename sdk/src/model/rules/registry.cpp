#include <algorithm>
#include <array>

#include "judge.hpp"
#include "tongqu/model/calendar.hpp"

namespace tongqu::model {
namespace {

/// The rows of all files in one array, made once.
const std::vector<Rule>& all_rules() {
  static const std::vector<Rule> rows = [] {
    std::vector<Rule> joined;
    for (const detail::RuleRows& part : {detail::case_rules(), detail::case_life_rules(), detail::item_rules(), detail::item_guide_rules(), detail::other_rules()}) {
      joined.insert(joined.end(), part.rows, part.rows + part.count);
    }
    std::stable_sort(joined.begin(), joined.end(), [](const Rule& a, const Rule& b) { return a.entity < b.entity; });
    return joined;
  }();
  return rows;
}

/// "due_order" of model.due_order.
std::string_view short_name(const Rule& rule) {
  const std::string_view id = errc_row(rule.id).id;
  return id.substr(id.find('.') + 1);
}

} // namespace

std::string_view rule_origin_name(RuleOrigin origin) noexcept {
  constexpr std::array<std::string_view, 3> kNames{"national", "local", "model"};
  return kNames[static_cast<std::size_t>(origin)];
}

std::string_view rule_needs_name(RuleNeeds needs) noexcept {
  constexpr std::array<std::string_view, 4> kNames{"record", "item", "previous", "working_days"};
  return kNames[static_cast<std::size_t>(needs)];
}

const Rule* rules(std::size_t& count) noexcept {
  count = all_rules().size();
  return all_rules().data();
}

std::string rule_name(const Rule& rule) { return std::string(entity_name(rule.entity)) + "." + std::string(short_name(rule)); }

std::string rule_test(const Rule& rule) { return "Rules." + std::string(entity_name(rule.entity)) + "_" + std::string(short_name(rule)); }

namespace detail {

std::string PathOf::text() const {
  std::string text;
  if (!list.empty()) text = std::string(list) + "[" + std::to_string(index) + "]" + (member.empty() ? "" : ".");
  text += member;
  return text;
}

void Judge::find(std::string path) { find(std::move(path), {std::string(rule_->expected.en), std::string(rule_->expected.zh)}); }

void Judge::find(std::string path, Bilingual expected) {
  Finding finding;
  finding.id = rule_->id;
  finding.severity = rule_->severity;
  finding.record = entity_name(rule_->entity);
  finding.path = std::move(path);
  finding.expected = std::move(expected);
  finding.suggestion = {std::string(rule_->suggestion.en), std::string(rule_->suggestion.zh)};
  finding.rule = rule_->number;
  findings_.add(std::move(finding));
}

void Judge::out_of_order(const PathOf& earlier_path, const PathOf& later_path) {
  const std::string earlier = earlier_path.text();
  find(later_path.text(), {"not before " + earlier, "不早于 " + earlier});
}

bool instant_before(const Time& one, const Time& other, Time::Precision precision) {
  const std::int64_t unit = precision == Time::Precision::minute ? 60'000 : precision == Time::Precision::second ? 1000 : 1;
  const auto cut = [unit](const Time& time) {
    const std::int64_t ms = to_epoch_ms(time.utc());
    return (ms - ((ms % unit) + unit) % unit) / unit;
  };
  return cut(one) < cut(other);
}

} // namespace detail

std::function<std::optional<std::int32_t>(const Time& after, const Time& through)> counting(const WorkingDays& days) {
  return [&days](const Time& after, const Time& through) -> std::optional<std::int32_t> {
    const auto first = Day::of(after), last = Day::of(through);
    if (!first || !last) return std::nullopt;
    const DayCount counted = days.count(*first, *last);
    return counted.known() ? std::optional<std::int32_t>(counted.days) : std::nullopt;
  };
}

} // namespace tongqu::model
