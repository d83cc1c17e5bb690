#include <algorithm>
#include <array>
#include <vector>

#include "reflect.hpp"
#include "rules/check_plan.hpp"
#include "rules/judge.hpp"
#include "tongqu/model/identifiers.hpp"
#include "tongqu/model/meta_index.hpp"

namespace tongqu::model {
namespace {

using detail::as;
using detail::CheckPlan;
using detail::CheckStep;
using detail::ListPlan;

/// The element of each list that the walk is in.
struct Place {
  std::size_t level = 0;
  ElementIndex index{};
};

class Validator {
public:
  Validator(Record& record, const RuleContext& context, Findings& findings)
      : record_(record), context_(context), findings_(findings), plan_(detail::check_plan(record.entity)), verdicts_(record.meta) {}

  void run() {
    const char* const body = static_cast<const char*>(record_.object());
    check_steps(plan_.steps, body, Place{});
    check_keys(body);
    if (record_.kind == RecordKind::voided || record_.kind == RecordKind::deleted) return;
    const bool whole = record_.kind != RecordKind::part;
    detail::Judge judge(record_, context_, findings_);
    std::size_t count = 0;
    const Rule* const rows = rules(count);
    for (std::size_t i = 0; i < count; ++i) {
      if (rows[i].entity == record_.entity && (whole || !rows[i].whole)) judge.run(rows[i]);
    }
  }

private:
  /// A finding without expectation, to be completed and added.
  Finding made(Errc id, Severity severity, std::string path) const {
    Finding finding;
    finding.id = id;
    finding.severity = severity;
    finding.record = entity_name(record_.entity);
    finding.path = std::move(path);
    return finding;
  }
  void report(Errc id, Severity severity, std::string path, Bilingual expected = {}) {
    Finding finding = made(id, severity, std::move(path));
    finding.expected = std::move(expected);
    findings_.add(std::move(finding));
  }
  std::string path_of(const CheckStep& step, const Place& place) const { return path_text(record_.entity, step.path, place.index); }

  void check_steps(const std::vector<CheckStep>& steps, const char* base, const Place& place) {
    for (const CheckStep& step : steps) {
      const void* const member = base + step.offset;
      switch (step.kind) {
        case CheckStep::Kind::time:
          if (const auto& time = as<Time>(member)) check_not_future(*time, step, place);
          break;
        case CheckStep::Kind::code:
          if (const auto& code = as<Code>(member)) check_code(*code, step, place);
          break;
        case CheckStep::Kind::code_list:
          if (const auto& codes = as<std::vector<Code>>(member)) {
            for (const Code& code : *codes) check_code(code, step, place);
          }
          break;
        case CheckStep::Kind::list: check_list(plan_.lists[step.list], member, step, place); break;
        default:
          if (const auto& text = as<std::string>(member)) check_identifier(check_of(step, base, *text), *text, step, place);
          break;
      }
    }
  }

  void check_list(const ListPlan& list, const void* member, const CheckStep& step, const Place& place) {
    const std::size_t size = list.type->list_size(member);
    if (size == 0) return;
    const char* element = static_cast<const char*>(detail::element_at(*list.type, member, 0));
    const char* const first = element;
    for (std::size_t k = 0; k < size; ++k, element += list.stride) {
      Place inner = place;
      inner.index.at(inner.level++) = static_cast<std::uint16_t>(k);
      check_steps(list.steps, element, inner);
    }
    const bool twice = list.key == ListPlan::Key::number ? key_twice<std::int64_t>(list, first, size)
                     : list.key == ListPlan::Key::text   ? key_twice<std::string>(list, first, size)
                                                         : false;
    if (twice) report(Errc::model_list_key_twice, Severity::warn, path_of(step, place));
  }

  /// Whether two elements have one key; keys that grow from element to element, as they mostly do, need no second look.
  template <class Key>
  static bool key_twice(const ListPlan& list, const char* first, std::size_t size) {
    const auto key = [&](std::size_t k) -> const std::optional<Key>& { return as<Key>(static_cast<const void*>(first + k * list.stride + list.key_offset)); };
    const Key* last = nullptr;
    bool grows = true;
    for (std::size_t k = 0; k < size && grows; ++k) {
      if (!key(k)) continue;
      grows = last == nullptr || *last < *key(k);
      last = &*key(k);
    }
    if (grows) return false;
    std::vector<const Key*> keys;
    for (std::size_t k = 0; k < size; ++k) {
      if (key(k)) keys.push_back(&*key(k));
    }
    std::sort(keys.begin(), keys.end(), [](const Key* a, const Key* b) { return *a < *b; });
    return std::adjacent_find(keys.begin(), keys.end(), [](const Key* a, const Key* b) { return *a == *b; }) != keys.end();
  }

  void check_code(const Code& code, const CheckStep& step, const Place& place) {
    const detail::NameSet& set = plan_.sets[step.set];
    if (code.name.empty() || set.has(code.name)) return;
    const std::string system(set.system());
    report(Errc::model_code_unknown, Severity::error, path_of(step, place), {"a name of the code system " + system, "代码表 " + system + " 中的名称"});
  }

  void check_not_future(const Time& time, const CheckStep& step, const Place& place) {
    if (time.year < context_.reference_date.year - 1 || !detail::contradicts(time, context_.reference_date)) return;
    const std::string today = context_.reference_date.text();
    report(Errc::model_time_in_future, Severity::warn, path_of(step, place), {"not after " + today, "不晚于 " + today});
  }

  static const detail::NamedCheck* check_of(const CheckStep& step, const char* base, const std::string& value) {
    if (step.kind == CheckStep::Kind::identifier) return step.check;
    const void* const sibling = base + step.sibling;
    if (step.kind == CheckStep::Kind::identifier_by_code) {
      const auto& code = as<Code>(sibling);
      return code ? detail::find_check(check_of_id_type(code->name, value)) : nullptr;
    }
    const auto& scheme = as<std::string>(sibling);
    return scheme ? detail::find_check(*scheme) : nullptr;
  }

  void check_identifier(const detail::NamedCheck* check, const std::string& value, const CheckStep& step, const Place& place) {
    if (check == nullptr) return;
    const Result<void> result = check->check(value);
    verdicts_.at(step.path, place.index).verdict = result ? Verdict::passed : Verdict::failed;
    if (!result) {
      Finding finding = made(result.error().code(), Severity::warn, path_of(step, place));
      finding.value_class = value_class_of(value);
      finding.rule = check->name;
      findings_.add(std::move(finding));
      return;
    }
    if (check->check == check_resident_id || check->check == check_residence_permit) {
      if (const auto birth = birth_date_of(value)) check_not_future(*birth, step, place);
    } else if (check->check == check_uscc) {
      if (!uscc_inner_code_passes(value)) report(Errc::model_uscc_inner_code, Severity::warn, path_of(step, place));
    } else if (check->check == check_licence_id) {
      if (!licence_id_bodies_pass(value)) report(Errc::model_licence_body_code, Severity::warn, path_of(step, place));
    }
  }

  /// One of the fields that name the record must be there and not empty.
  void check_keys(const char* base) {
    for (const std::uint32_t offset : plan_.keys) {
      const auto& value = as<std::string>(static_cast<const void*>(base + offset));
      if (value && !value->empty()) return;
    }
    report(Errc::model_key_missing, Severity::error, std::string(plan_.first_key));
  }

  Record& record_;
  const RuleContext& context_;
  Findings& findings_;
  const CheckPlan& plan_;
  MetaIndex verdicts_;
};

} // namespace

void validate(Record& record, const RuleContext& context, Findings& findings) { Validator(record, context, findings).run(); }

void validate(Record& record, const Time& reference_date, Findings& findings) {
  RuleContext context;
  context.reference_date = reference_date;
  validate(record, context, findings);
}

} // namespace tongqu::model
