#include "tongqu/model/fields.hpp"

#include <algorithm>
#include <iterator>

#include "reflect.hpp"
#include "tongqu/model/entities.hpp"

namespace tongqu::model {
namespace {

constexpr unsigned kPersonal = 1, kKey = 2, kFuture = 4, kPlain = 0;

#define TONGQU_SOURCE(name, confidence, zh, en) constexpr FieldSource kSource_##name{#name, Confidence::confidence, zh, en};
#include "tongqu/model/defs/sources.def"
#undef TONGQU_SOURCE

template <class T>
const RecordType* record_type();

template <class T>
using List = std::optional<std::vector<T>>;

constexpr std::size_t kElementsExpected = 8;

/// The part of a RecordType that depends on nothing but the struct.
template <class T>
RecordType access_of(std::string_view name, const FieldInfo* fields, std::size_t count, std::string_view zh, std::string_view en) {
  RecordType type;
  type.name = name;
  type.fields = fields;
  type.count = count;
  type.zh = zh;
  type.en = en;
  type.list_size = [](const void* list) -> std::size_t {
    const auto& items = *static_cast<const List<T>*>(list);
    return items ? items->size() : 0;
  };
  type.list_at = [](void* list, std::size_t index) -> void* { return &static_cast<List<T>*>(list)->value().at(index); };
  type.list_append = [](void* list) -> void* {
    auto& items = *static_cast<List<T>*>(list);
    if (!items) items.emplace();
    // Elements are large, and where one stands there are mostly a few: growing from one to two to four would move each of them twice.
    if (items->capacity() == 0) items->reserve(kElementsExpected);
    return &items->emplace_back();
  };
  type.list_engage = [](void* list) {
    auto& items = *static_cast<List<T>*>(list);
    if (!items) items.emplace();
  };
  type.list_engaged = [](const void* list) { return static_cast<const List<T>*>(list)->has_value(); };
  type.list_reset = [](void* list) { static_cast<List<T>*>(list)->reset(); };
  type.list_permute = [](void* list, const std::size_t* order, std::size_t kept) {
    auto& items = static_cast<List<T>*>(list)->value();
    std::vector<T> permuted;
    for (std::size_t i = 0; i < kept; ++i) permuted.push_back(std::move(items.at(order[i])));
    items = std::move(permuted);
  };
  return type;
}

#define TONGQU_TYPE_text(type) nullptr
#define TONGQU_TYPE_identifier(type) nullptr
#define TONGQU_TYPE_code(type) nullptr
#define TONGQU_TYPE_time(type) nullptr
#define TONGQU_TYPE_quantity(type) nullptr
#define TONGQU_TYPE_money(type) nullptr
#define TONGQU_TYPE_validity(type) nullptr
#define TONGQU_TYPE_integer(type) nullptr
#define TONGQU_TYPE_boolean(type) nullptr
#define TONGQU_TYPE_record(type) &record_type<type>
#define TONGQU_TYPE_text_list(type) nullptr
#define TONGQU_TYPE_code_list(type) nullptr
#define TONGQU_TYPE_record_list(type) &record_type<type>

constexpr bool is_code_kind(FieldKind kind) { return kind == FieldKind::code || kind == FieldKind::code_list; }

FieldInfo row(unsigned id, std::string_view name, FieldKind kind, const RecordType* (*type)(), unsigned flags, std::string_view rule,
              const FieldSource& source, std::string_view zh, std::string_view en, void* (*member)(void*)) {
  FieldInfo field;
  field.id = static_cast<std::uint8_t>(id);
  field.name = name;
  field.kind = kind;
  field.type = type;
  field.personal = (flags & kPersonal) != 0;
  field.key = (flags & kKey) != 0;
  field.future = (flags & kFuture) != 0;
  if (is_code_kind(kind)) field.system = rule;
  else field.check = rule;
  field.zh = zh;
  field.en = en;
  field.member = member;
  field.source = &source;
  return field;
}

#define TONGQU_RECORD(type, record_name, zh, en)                                  \
  template <>                                                                     \
  const RecordType* record_type<type>() {                                         \
    using Self = type;                                                            \
    static constexpr std::string_view name_text = #record_name, zh_text = zh, en_text = en; \
    static const FieldInfo rows[] = {
#define TONGQU_FIELD(id, kind, member_name, type, flags, rule, source, zh, en)    \
  row(id, #member_name, FieldKind::kind, TONGQU_TYPE_##kind(type), flags, rule, kSource_##source, zh, en, \
      [](void* object) -> void* { return &static_cast<Self*>(object)->member_name; }),
#define TONGQU_END(type)                                                          \
    };                                                                            \
    static const RecordType result = access_of<type>(name_text, rows, std::size(rows), zh_text, en_text); \
    return &result;                                                               \
  }
#include "tongqu/model/defs/all.def"
#undef TONGQU_RECORD
#undef TONGQU_FIELD
#undef TONGQU_END

} // namespace

#define TONGQU_RECORD(type, record_name, zh, en) bool type::operator==([[maybe_unused]] const type& other) const { return true
#define TONGQU_FIELD(id, kind, member_name, type, flags, rule, source, zh, en) &&member_name == other.member_name
#define TONGQU_END(type) ; }
#include "tongqu/model/defs/all.def"
#undef TONGQU_RECORD
#undef TONGQU_FIELD
#undef TONGQU_END

const FieldInfo* RecordType::find(std::string_view field) const noexcept {
  for (std::size_t i = 0; i < count; ++i) {
    if (fields[i].name == field) return &fields[i];
  }
  return nullptr;
}

std::string_view confidence_name(Confidence confidence) noexcept {
  constexpr std::string_view kNames[] = {"high", "medium", "low", "own"};
  return kNames[static_cast<std::size_t>(confidence)];
}

namespace {

struct EntityRow {
  EntityId id;
  std::string_view name, version, keys;
  const RecordType* (*type)();
};

constexpr EntityRow kEntities[] = {
#define TONGQU_ENTITY(enumerator, type, name, version, keys) {EntityId::enumerator, name, version, keys, &record_type<type>},
#include "tongqu/model/defs/entities.def"
#undef TONGQU_ENTITY
};

const EntityRow& row_of(EntityId entity) noexcept { return kEntities[static_cast<std::size_t>(entity)]; }

std::optional<EntityId> entity_where(std::string_view EntityRow::*member, std::string_view text) noexcept {
  for (const EntityRow& row : kEntities) {
    if (row.*member == text) return row.id;
  }
  return std::nullopt;
}

} // namespace

std::vector<EntityId> all_entities() {
  std::vector<EntityId> entities;
  for (const EntityRow& row : kEntities) entities.push_back(row.id);
  return entities;
}

std::vector<std::string_view> entity_versions() {
  std::vector<std::string_view> versions;
  for (const EntityRow& row : kEntities) versions.push_back(row.version);
  return versions;
}

std::string_view entity_name(EntityId entity) noexcept { return row_of(entity).name; }

std::string_view entity_version(EntityId entity) noexcept { return row_of(entity).version; }

std::string_view entity_keys(EntityId entity) noexcept { return row_of(entity).keys; }

std::optional<EntityId> entity_from_name(std::string_view name) noexcept { return entity_where(&EntityRow::name, name); }

std::optional<EntityId> entity_from_version(std::string_view text) noexcept { return entity_where(&EntityRow::version, text); }

const RecordType& entity_type(EntityId entity) noexcept { return *row_of(entity).type(); }

Result<Slot> find_slot(EntityId entity, std::string_view path) {
  Slot slot;
  const RecordType* type = &entity_type(entity);
  std::size_t at = 0;
  while (true) {
    const std::size_t dot = std::min(path.find('.', at), path.size());
    const FieldInfo* field = type != nullptr ? type->find(path.substr(at, dot - at)) : nullptr;
    if (field == nullptr || slot.depth == slot.steps.size()) {
      return Error(Errc::model_unknown_field).at(std::string(path.substr(0, at == 0 ? 0 : at - 1)));
    }
    slot.id |= static_cast<PathId>(field->id) << (8 * slot.depth);
    slot.steps[slot.depth] = field;
    ++slot.depth;
    if (dot == path.size()) return slot;
    type = field->type != nullptr ? field->type() : nullptr;
    at = dot + 1;
  }
}

namespace {

const FieldInfo* field_by_id(const RecordType& type, std::uint8_t id) {
  // Numbers are given in the order of the rows, so that most fields stand where their number says.
  if (id != 0 && id <= type.count && type.fields[id - 1].id == id) return &type.fields[id - 1];
  for (std::size_t i = 0; i < type.count; ++i) {
    if (type.fields[i].id == id) return &type.fields[i];
  }
  return nullptr;
}

/// Appends one step; a list that is entered gets its index, the last step does not.
void append_step(std::string& text, const FieldInfo& field, bool last, std::size_t& level, ElementIndex index) {
  if (!text.empty()) text += '.';
  text += field.name;
  if (field.kind != FieldKind::record_list || last) return;
  text += '[';
  text += std::to_string(level < index.size() ? index[level] : 0);
  text += ']';
  ++level;
}

} // namespace

std::string slot_path(const Slot& slot, ElementIndex index) {
  std::string text;
  std::size_t level = 0;
  for (std::size_t i = 0; i < slot.depth; ++i) append_step(text, *slot.steps[i], i + 1 == slot.depth, level, index);
  return text;
}

std::string path_text(EntityId entity, PathId id, ElementIndex index) {
  std::string text;
  std::size_t level = 0;
  const RecordType* type = &entity_type(entity);
  for (PathId rest = id; rest != 0; rest >>= 8) {
    const FieldInfo* field = type != nullptr ? field_by_id(*type, static_cast<std::uint8_t>(rest & 0xFF)) : nullptr;
    TONGQU_ASSERT(field != nullptr, "a path id is made from the rows of its entity");
    append_step(text, *field, (rest >> 8) == 0, level, index);
    type = field->type != nullptr ? field->type() : nullptr;
  }
  return text;
}

void* member_at(void* entity, const Slot& slot, ElementIndex index) {
  void* object = entity;
  std::size_t level = 0;
  for (std::size_t i = 0; i < slot.depth; ++i) {
    const FieldInfo& field = *slot.steps[i];
    object = field.member(object);
    if (field.kind == FieldKind::record_list && i + 1 < slot.depth) {
      TONGQU_ASSERT(level < index.size(), "a path enters at most two lists");
      object = field.type()->list_at(object, index[level++]);
    }
  }
  return object;
}

const void* member_at(const void* entity, const Slot& slot, ElementIndex index) {
  return member_at(const_cast<void*>(entity), slot, index);
}

bool detail::member_present(const FieldInfo& field, const void* member) {
  switch (field.kind) {
    case FieldKind::text:
    case FieldKind::identifier: return static_cast<const std::optional<std::string>*>(member)->has_value();
    case FieldKind::code: return static_cast<const std::optional<Code>*>(member)->has_value();
    case FieldKind::time: return static_cast<const std::optional<Time>*>(member)->has_value();
    case FieldKind::quantity: return static_cast<const std::optional<Quantity>*>(member)->has_value();
    case FieldKind::money: return static_cast<const std::optional<Money>*>(member)->has_value();
    case FieldKind::validity: return static_cast<const std::optional<Validity>*>(member)->has_value();
    case FieldKind::integer: return static_cast<const std::optional<std::int64_t>*>(member)->has_value();
    case FieldKind::boolean: return static_cast<const std::optional<bool>*>(member)->has_value();
    case FieldKind::text_list: return static_cast<const std::optional<std::vector<std::string>>*>(member)->has_value();
    case FieldKind::code_list: return static_cast<const std::optional<std::vector<Code>>*>(member)->has_value();
    case FieldKind::record_list: return field.type()->list_engaged(member);
    case FieldKind::record: break;
  }
  const RecordType& type = *field.type();
  for (std::size_t i = 0; i < type.count; ++i) {
    if (member_present(type.fields[i], type.fields[i].member(const_cast<void*>(member)))) return true;
  }
  return false;
}

Slot detail::slot_of(EntityId entity, PathId id) {
  Slot slot;
  slot.id = id;
  const RecordType* type = &entity_type(entity);
  for (PathId rest = id; rest != 0; rest >>= 8) {
    const FieldInfo* field = type != nullptr ? field_by_id(*type, static_cast<std::uint8_t>(rest & 0xFF)) : nullptr;
    TONGQU_ASSERT(field != nullptr, "a path id is made from the rows of its entity");
    slot.steps[slot.depth++] = field;
    type = field->type != nullptr ? field->type() : nullptr;
  }
  return slot;
}

void* detail::existing_member(void* entity, const Slot& slot, ElementIndex index) {
  void* object = entity;
  std::size_t level = 0;
  for (std::size_t i = 0; i < slot.depth; ++i) {
    const FieldInfo& field = *slot.steps[i];
    object = field.member(object);
    if (field.kind != FieldKind::record_list || i + 1 == slot.depth) continue;
    const std::size_t at = index[level++];
    if (at >= field.type()->list_size(object)) return nullptr;
    object = field.type()->list_at(object, at);
  }
  return object;
}

bool present(const void* entity, const Slot& slot, ElementIndex index) {
  return detail::member_present(slot.field(), member_at(entity, slot, index));
}

} // namespace tongqu::model
