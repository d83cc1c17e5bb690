#include "check_plan.hpp"

#include <algorithm>

#include "../reflect.hpp"
#include "tongqu/base/assert.hpp"
#include "tongqu/model/record.hpp"

namespace tongqu::model::detail {

NameSet::NameSet(std::string_view system) : system_(system) {
  std::size_t count = 0;
  const CodeRow* rows = code_system(system, count);
  std::size_t size = 4;
  while (size < count * 4) size *= 2;
  mask_ = size - 1;
  table_.resize(size);
  for (std::size_t i = 0; i < count; ++i) {
    std::size_t at = place_of(rows[i].name);
    while (!table_[at].empty()) at = (at + 1) & mask_;
    table_[at] = rows[i].name;
  }
}

namespace {

/// Walks the rows of an entity over an object of it, whose members tell the offsets.
class Compiler {
public:
  explicit Compiler(EntityId entity) : type_(entity_type(entity)) { record_.become(entity); }

  CheckPlan compile(EntityId entity) {
    char* const base = static_cast<char*>(record_.object());
    add_record(type_, base, {base, 0, 0}, plan_.steps);
    const std::string_view keys = entity_keys(entity);
    plan_.first_key = keys.substr(0, keys.find('|'));
    for (std::string_view rest = keys; !rest.empty();) {
      const std::string_view name = rest.substr(0, rest.find('|'));
      rest.remove_prefix(std::min(name.size() + 1, rest.size()));
      const FieldInfo* field = type_.find(name);
      TONGQU_ASSERT(field != nullptr, "the keys of an entity are fields of it");
      plan_.keys.push_back(offset_of(field->member(base), base));
    }
    return std::move(plan_);
  }

private:
  /// Where the walk is: start of the entity or element that offsets count from, and the path so far.
  struct Place {
    char* base;
    PathId path;
    unsigned depth;
  };

  static std::uint32_t offset_of(const void* member, const char* base) { return static_cast<std::uint32_t>(static_cast<const char*>(member) - base); }

  std::size_t set_of(std::string_view system) {
    const auto found = std::find_if(plan_.sets.begin(), plan_.sets.end(), [&](const NameSet& set) { return set.system() == system; });
    if (found != plan_.sets.end()) return static_cast<std::size_t>(found - plan_.sets.begin());
    plan_.sets.emplace_back(system);
    return plan_.sets.size() - 1;
  }

  void add_record(const RecordType& type, void* object, const Place& place, std::vector<CheckStep>& steps) {
    for (std::size_t i = 0; i < type.count; ++i) {
      const FieldInfo& field = type.fields[i];
      TONGQU_ASSERT(place.depth < sizeof(PathId), "a path has at most four levels");
      const Place inner{place.base, join_path(place.path, place.depth, field), place.depth + 1};
      add_field(type, object, field, inner, steps);
    }
  }

  void add_field(const RecordType& type, void* object, const FieldInfo& field, const Place& place, std::vector<CheckStep>& steps) {
    void* const member = field.member(object);
    CheckStep step;
    step.offset = offset_of(member, place.base);
    step.path = place.path;
    switch (field.kind) {
      case FieldKind::identifier:
        if (set_check(type, object, field, place.base, step)) steps.push_back(step);
        break;
      case FieldKind::code:
      case FieldKind::code_list:
        if (field.system.empty()) break;
        step.kind = field.kind == FieldKind::code ? CheckStep::Kind::code : CheckStep::Kind::code_list;
        step.set = set_of(field.system);
        steps.push_back(step);
        break;
      case FieldKind::time:
        if (field.future) break;
        step.kind = CheckStep::Kind::time;
        steps.push_back(step);
        break;
      case FieldKind::record: add_record(*field.type(), member, place, steps); break;
      case FieldKind::record_list:
        step.kind = CheckStep::Kind::list;
        step.list = add_list(*field.type(), member, place);
        steps.push_back(step);
        break;
      default: break;
    }
  }

  /// The check of an identifier: the row's, or the one that a sibling tells ("by:id_type", "by:scheme").
  static bool set_check(const RecordType& type, void* object, const FieldInfo& field, const char* base, CheckStep& step) {
    constexpr std::string_view kBy = "by:";
    if (field.check.empty()) return false;
    if (field.check.substr(0, kBy.size()) != kBy) {
      step.kind = CheckStep::Kind::identifier;
      step.check = find_check(field.check);
      TONGQU_ASSERT(step.check != nullptr, "a rule names a check that exists");
      return true;
    }
    const FieldInfo* sibling = type.find(field.check.substr(kBy.size()));
    TONGQU_ASSERT(sibling != nullptr, "a rule by:FIELD names a field of the same record");
    step.kind = sibling->kind == FieldKind::code ? CheckStep::Kind::identifier_by_code : CheckStep::Kind::identifier_by_scheme;
    step.sibling = offset_of(sibling->member(object), base);
    return true;
  }

  std::size_t add_list(const RecordType& type, void* list, const Place& place) {
    ListPlan made;
    made.type = &type;
    type.list_append(list);
    type.list_append(list);
    char* const element = static_cast<char*>(type.list_at(list, 0));
    made.stride = static_cast<std::size_t>(static_cast<char*>(type.list_at(list, 1)) - element);
    for (std::size_t i = 0; i < type.count; ++i) {
      const FieldInfo& field = type.fields[i];
      if (!field.key) continue;
      made.key = field.kind == FieldKind::integer ? ListPlan::Key::number : ListPlan::Key::text;
      made.key_offset = offset_of(field.member(element), element);
      break;
    }
    add_record(type, element, {element, place.path, place.depth}, made.steps);
    plan_.lists.push_back(std::move(made));
    return plan_.lists.size() - 1;
  }

  const RecordType& type_;
  Record record_;
  CheckPlan plan_;
};

} // namespace

const CheckPlan& check_plan(EntityId entity) {
  static const std::vector<CheckPlan> plans = [] {
    std::vector<CheckPlan> made;
    for (const EntityId each : all_entities()) made.push_back(Compiler(each).compile(each));
    return made;
  }();
  return plans.at(static_cast<std::size_t>(entity));
}

} // namespace tongqu::model::detail
