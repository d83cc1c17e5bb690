#include <algorithm>

#include "reflect.hpp"
#include "tongqu/model/identifiers.hpp"
#include "tongqu/model/record.hpp"

namespace tongqu::model {
namespace {

using detail::as;

/// A time cut to its calendar fields, or to minutes when both have a clock.
std::int64_t coarse_local(const Time& time, Time::Precision precision) {
  if (precision == Time::Precision::month) return std::int64_t{time.year} * 100 + time.month;
  return (std::int64_t{time.year} * 100 + time.month) * 100 + time.day;
}

/// Whether `later` lies before `earlier` beyond doubt: compared as coarsely as the coarser of the two was sent.
bool contradicts(const Time& earlier, const Time& later) {
  const Time::Precision precision = std::min(earlier.precision, later.precision);
  if (precision <= Time::Precision::day) return coarse_local(later, precision) < coarse_local(earlier, precision);
  const std::int64_t unit = precision == Time::Precision::minute ? 60'000 : precision == Time::Precision::second ? 1000 : 1;
  return to_epoch_ms(later.utc()) / unit < to_epoch_ms(earlier.utc()) / unit;
}

struct Place {
  PathId path = 0;
  unsigned depth = 0;
  std::size_t level = 0;
  ElementIndex index{};
};

class Validator {
public:
  Validator(Record& record, const Time& reference_date, Findings& findings)
      : record_(record), reference_(reference_date), findings_(findings) {}

  void run() {
    check_record(entity_type(record_.entity), record_.object(), Place{});
    check_keys();
    if (const Case* body = std::get_if<Case>(&record_.body)) check_case(*body);
    if (const ServiceItem* body = std::get_if<ServiceItem>(&record_.body)) check_item(*body);
  }

private:
  Finding& add(Errc id, Severity severity, std::string path) {
    Finding finding;
    finding.id = id;
    finding.severity = severity;
    finding.record = entity_name(record_.entity);
    finding.path = std::move(path);
    pending_ = std::move(finding);
    return pending_;
  }
  void commit() { findings_.add(std::move(pending_)); }
  void report(Errc id, Severity severity, std::string path, Bilingual expected = {}) {
    add(id, severity, std::move(path)).expected = std::move(expected);
    commit();
  }

  std::string path_of(const Place& place) const { return path_text(record_.entity, place.path, place.index); }

  void check_record(const RecordType& type, const void* object, const Place& place) {
    for (std::size_t i = 0; i < type.count; ++i) {
      const FieldInfo& field = type.fields[i];
      Place inner = place;
      inner.path = detail::join_path(place.path, place.depth, field);
      ++inner.depth;
      check_member(type, object, field, inner);
    }
  }

  void check_member(const RecordType& type, const void* object, const FieldInfo& field, const Place& place) {
    const void* member = detail::member_of(field, object);
    switch (field.kind) {
      case FieldKind::identifier:
        if (const auto& text = as<std::string>(member)) check_identifier(type, object, field, *text, place);
        break;
      case FieldKind::code:
        if (const auto& code = as<Code>(member)) check_code(field, *code, place);
        break;
      case FieldKind::code_list:
        if (const auto& codes = as<std::vector<Code>>(member)) {
          for (const Code& code : *codes) check_code(field, code, place);
        }
        break;
      case FieldKind::time:
        if (const auto& time = as<Time>(member); time && !field.future) check_not_future(*time, place);
        break;
      case FieldKind::record: check_record(*field.type(), member, place); break;
      case FieldKind::record_list: check_list(*field.type(), member, place); break;
      default: break;
    }
  }

  void check_list(const RecordType& type, const void* list, const Place& place) {
    std::vector<detail::ElementKey> keys;
    for (std::size_t k = 0; k < type.list_size(list); ++k) {
      const void* element = detail::element_at(type, list, k);
      Place inner = place;
      inner.index.at(inner.level++) = static_cast<std::uint16_t>(k);
      check_record(type, element, inner);
      auto key = detail::element_key(type, element);
      if (key) keys.push_back(std::move(*key));
    }
    std::sort(keys.begin(), keys.end());
    if (std::adjacent_find(keys.begin(), keys.end()) != keys.end()) report(Errc::model_list_key_twice, Severity::warn, path_of(place));
  }

  void check_code(const FieldInfo& field, const Code& code, const Place& place) {
    if (field.system.empty() || code.name.empty() || is_code_name(field.system, code.name)) return;
    const std::string system(field.system);
    report(Errc::model_code_unknown, Severity::error, path_of(place), {"a name of the code system " + system, "代码表 " + system + " 中的名称"});
  }

  void check_not_future(const Time& time, const Place& place) {
    if (!contradicts(time, reference_)) return;
    report(Errc::model_time_in_future, Severity::warn, path_of(place), {"not after " + reference_.text(), "不晚于 " + reference_.text()});
  }

  /// The check of an identifier: the row's, or the one that a sibling tells ("by:id_type", "by:scheme").
  static std::string_view check_name(const RecordType& type, const void* object, const FieldInfo& field, std::string_view value) {
    constexpr std::string_view kBy = "by:";
    if (field.check.substr(0, kBy.size()) != kBy) return field.check;
    const FieldInfo* sibling = type.find(field.check.substr(kBy.size()));
    TONGQU_ASSERT(sibling != nullptr, "a rule by:FIELD names a field of the same record");
    const void* member = detail::member_of(*sibling, object);
    if (!detail::member_present(*sibling, member)) return {};
    if (sibling->kind == FieldKind::code) return check_of_id_type(as<Code>(member)->name, value);
    const std::string_view scheme = *as<std::string>(member);
    return is_check(scheme) ? scheme : std::string_view();
  }

  void check_identifier(const RecordType& type, const void* object, const FieldInfo& field, const std::string& value, const Place& place) {
    const std::string_view name = check_name(type, object, field, value);
    if (name.empty()) return;
    const auto result = run_check(name, value);
    TONGQU_ASSERT(result.has_value(), "a rule names a check that exists");
    record_.meta_at(place.path, place.index).verdict = *result ? Verdict::passed : Verdict::failed;
    if (!*result) {
      Finding& finding = add(result->error().code(), Severity::warn, path_of(place));
      finding.value_class = value_class_of(value);
      finding.rule = name;
      commit();
      return;
    }
    if (name == "resident_id") {
      if (const auto birth = birth_date_of(value)) check_not_future(*birth, place);
    }
    if (name == "uscc" && !uscc_inner_code_passes(value)) report(Errc::model_uscc_inner_code, Severity::warn, path_of(place));
  }

  void order(const std::optional<Time>& earlier, std::string_view earlier_path, const std::optional<Time>& later, const std::string& later_path) {
    if (!earlier || !later || !contradicts(*earlier, *later)) return;
    const std::string name(earlier_path);
    report(Errc::model_time_order, Severity::warn, later_path, {"not before " + name, "不早于 " + name});
  }

  /// One of the fields that name the record must be there and not empty.
  void check_keys() {
    const std::string_view keys = entity_keys(record_.entity);
    for (std::string_view rest = keys; !rest.empty();) {
      const std::string_view name = rest.substr(0, rest.find('|'));
      rest.remove_prefix(std::min(name.size() + 1, rest.size()));
      const FieldInfo* field = entity_type(record_.entity).find(name);
      TONGQU_ASSERT(field != nullptr, "the keys of an entity are fields of it");
      const auto& value = as<std::string>(detail::member_of(*field, record_.object()));
      if (value && !value->empty()) return;
    }
    report(Errc::model_key_missing, Severity::error, std::string(keys.substr(0, keys.find('|'))));
  }

  void check_case(const Case& body) {
    check_parent("catalog_code", body.catalog_code, 12);
    check_parent("task_code", body.task_code, 31);
    check_together(body.catalog_code, body.task_code, body.task_handle_item);
    check_times(body);
    order(body.acceptance.accepted_at, "acceptance.accepted_at", body.promise_due_at, "promise_due_at");
    order(body.acceptance.accepted_at, "acceptance.accepted_at", body.acceptance.promise_due_at, "acceptance.promise_due_at");
    order(body.promise_due_at, "promise_due_at", body.legal_due_at, "legal_due_at");
    check_special(body);
  }

  void check_parent(std::string path, const std::optional<std::string>& code, std::size_t length) {
    if (code && code->size() == length && code->compare(length - 3, 3, "00Y") == 0) {
      report(Errc::model_item_code_parent, Severity::error, std::move(path));
    }
  }

  /// Every time of the life cycle against the nearest one before it.
  void check_times(const Case& body) {
    struct Point {
      std::string path;
      std::optional<Time> time;
    };
    Point last;
    const auto next = [&](std::string path, const std::optional<Time>& time) {
      order(last.time, last.path, time, path);
      if (time) last = {std::move(path), time};
    };
    next("applied_at", body.applied_at);
    next("received_at", body.received_at);
    next("acceptance.accepted_at", body.acceptance.accepted_at);
    const Point accepted = last;
    Point latest = last;
    for (std::size_t i = 0; body.process_steps && i < body.process_steps->size(); ++i) {
      const ProcessStep& step = (*body.process_steps)[i];
      const std::string prefix = "process_steps[" + std::to_string(i) + "].";
      last = accepted;
      next(prefix + "started_at", step.started_at);
      next(prefix + "ended_at", step.ended_at);
      if (!latest.time || (last.time && contradicts(*last.time, *latest.time))) latest = last;
    }
    last = latest;
    next("result.closed_at", body.result.closed_at);
    order(body.result.closed_at, "result.closed_at", body.result.pickup.at, "result.pickup.at");
  }

  void check_special(const Case& body) {
    for (std::size_t i = 0; body.special_procedures && i < body.special_procedures->size(); ++i) {
      const SpecialProcedure& special = (*body.special_procedures)[i];
      const std::string prefix = "special_procedures[" + std::to_string(i) + "].";
      order(special.started_at, prefix + "started_at", special.ended_at, prefix + "ended_at");
    }
    for (std::size_t i = 0; body.supplements && i < body.supplements->size(); ++i) {
      const Supplement& supplement = (*body.supplements)[i];
      const std::string prefix = "supplements[" + std::to_string(i) + "].";
      order(supplement.notice.at, prefix + "notice.at", supplement.receipt.at, prefix + "receipt.at");
    }
    if (body.result.valid_to && body.result.valid_to->kind == Validity::Kind::until) {
      order(body.result.valid_from, "result.valid_from", body.result.valid_to->until, "result.valid_to");
    }
  }

  void mismatch(std::string path, std::string_view en, std::string_view zh) {
    report(Errc::model_item_code_mismatch, Severity::warn, std::move(path), {std::string(en), std::string(zh)});
  }

  /// The shorter codes stand inside the longer ones. Codes of other lengths are local forms and are not compared.
  void check_together(const std::optional<std::string>& catalog, const std::optional<std::string>& task, const std::optional<std::string>& handle) {
    const bool has_task = task && task->size() == 31;
    if (has_task && catalog && catalog->size() == 12 && task->compare(19, 12, *catalog) != 0) {
      mismatch("task_code", "ends with catalog_code", "以 catalog_code 结尾");
    }
    if (has_task && handle && handle->size() == 33 && handle->compare(0, 31, *task) != 0) {
      mismatch("task_handle_item", "begins with task_code", "以 task_code 开头");
    }
  }

  void check_item(const ServiceItem& body) {
    check_together(body.catalog_code, body.task_code, body.task_handle_item);
    order(body.effective_from, "effective_from", body.effective_to, "effective_to");
    if (!body.task_code || body.task_code->size() != 31) return;
    if (body.dept_code && body.dept_code->size() == 18 && body.task_code->compare(0, 18, *body.dept_code) != 0) {
      mismatch("task_code", "begins with dept_code", "以 dept_code 开头");
    }
    if (body.use_level && !body.use_level->empty() && !names_code("use_level", *body.use_level, body.task_code->substr(18, 1))) {
      mismatch("task_code", "the level at position 19 is one of use_level", "第 19 位与 use_level 一致");
    }
    if (body.task_type && !names_code("task_type", {*body.task_type}, body.task_code->substr(21, 2))) {
      mismatch("task_code", "the kind at positions 22 and 23 is task_type", "第 22、23 位与 task_type 一致");
    }
  }

  /// Whether one of the values has this national code, or none of them has a national code at all.
  static bool names_code(std::string_view system, const std::vector<Code>& values, std::string_view national) {
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

  Record& record_;
  const Time& reference_;
  Findings& findings_;
  Finding pending_;
};

} // namespace

void validate(Record& record, const Time& reference_date, Findings& findings) { Validator(record, reference_date, findings).run(); }

} // namespace tongqu::model
