#include "mapping/place.hpp"

#include <cstddef>
#include <vector>

#include "mapping/yaml_reader.hpp"

namespace tongqu::mapping::detail {
namespace {

using model::FieldKind;

struct SpecialRow { std::string_view name; Special special; FieldKind kind; };
constexpr SpecialRow kSpecials[] = {
    {"envelope.message_id", Special::message_id, FieldKind::text},
    {"envelope.profile", Special::profile, FieldKind::text},
    {"envelope.profile_version", Special::profile_version, FieldKind::text},
    {"envelope.operation", Special::operation, FieldKind::text},
    {"envelope.sequence_in_case", Special::sequence_in_case, FieldKind::integer},
    {"envelope.occurred_at", Special::occurred_at, FieldKind::time},
    {"envelope.reported_at", Special::reported_at, FieldKind::time},
    {"record.reason", Special::reason, FieldKind::text},
    {"record.replaces", Special::replaces, FieldKind::text},
    {"record.version", Special::version, FieldKind::text},
};

template <class T>
const std::optional<T>& member(const void* at) { return *static_cast<const std::optional<T>*>(at); }

template <class T, class F>
std::optional<std::string> text_if(const void* at, F text) {
  const auto& value = member<T>(at);
  if (!value) return std::nullopt;
  return std::string(text(*value));
}

} // namespace

FieldKind Place::kind_outside() const noexcept {
  if (is_ext || special == Special::none) return FieldKind::text;
  for (const SpecialRow& row : kSpecials) {
    if (row.special == special) return row.kind;
  }
  return FieldKind::text;
}

std::string_view Place::system() const noexcept { return in_entity() && slot.depth != 0 ? slot.field().system : std::string_view(); }

namespace {

/// The accessors of fields add what the layout of their struct says; they do so to any address.
void locate(Place& place) {
  alignas(std::max_align_t) static std::byte probe[std::size_t{64} * 1024];
  void* at = probe;
  for (std::uint8_t i = 0; i < place.slot.depth; ++i) {
    const model::FieldInfo& field = *place.slot.steps[i];
    at = field.member(at);
    if (field.kind != FieldKind::record_list || i + 1 == place.slot.depth) continue;
    ++place.lists;
    at = probe;
  }
  place.offset = static_cast<std::uint32_t>(static_cast<std::byte*>(at) - probe);
}

} // namespace

bool find_place(model::EntityId entity, std::string_view name, Place& place) {
  place = Place();
  place.name = name;
  for (const SpecialRow& row : kSpecials) {
    if (row.name != name) continue;
    place.special = row.special;
    return true;
  }
  if (name.substr(0, 4) == "ext.") {
    const std::size_t dot = name.find('.', 4);
    if (dot == std::string_view::npos || dot == 4 || dot + 1 == name.size()) return false;
    place.is_ext = true;
    place.ext_ns = name.substr(4, dot - 4);
    place.ext_name = name.substr(dot + 1);
    return place.ext_name.find('.') == std::string::npos;
  }
  auto slot = model::find_slot(entity, name);
  if (!slot) return false;
  place.slot = *slot;
  locate(place);
  return true;
}

std::string nearest_field(model::EntityId entity, std::string_view name) {
  const model::RecordType* type = &model::entity_type(entity);
  std::string prefix;
  while (true) {
    const std::size_t dot = name.find('.');
    const std::string_view step = name.substr(0, dot);
    const model::FieldInfo* field = type->find(step);
    if (field != nullptr && dot != std::string_view::npos && field->type != nullptr) {
      prefix += std::string(step) + ".";
      name.remove_prefix(dot + 1);
      type = field->type();
      continue;
    }
    std::vector<std::string_view> names;
    for (std::size_t i = 0; i < type->count; ++i) names.push_back(type->fields[i].name);
    const std::string found = nearest(step, names);
    return found.empty() ? found : prefix + found;
  }
}

std::string* special_text(model::Record& record, Special special) {
  switch (special) {
    case Special::message_id: return &record.envelope.message_id;
    case Special::profile: return &record.envelope.profile;
    case Special::profile_version: return &record.envelope.profile_version;
    case Special::operation: return &record.envelope.operation;
    case Special::event: return &record.envelope.event;
    case Special::reason: return &record.reason;
    case Special::replaces: return &record.replaces;
    case Special::version: return &record.version;
    case Special::id_organisation: return &record.identity.organisation;
    case Special::id_item: return &record.identity.item;
    case Special::id_case: return &record.identity.case_no;
    case Special::id_event: return &record.identity.event;
    case Special::id_revision: return &record.identity.revision;
    default: return nullptr;
  }
}

std::optional<std::string> field_text(const model::Record& record, const Place& place, model::ElementIndex index) {
  if (place.special == Special::event && !record.envelope.event.empty()) return record.envelope.event;
  if (!place.in_entity() || !model::present(record.object(), place.slot, index)) return std::nullopt;
  const void* at = model::member_at(record.object(), place.slot, index);
  switch (place.kind()) {
    case FieldKind::text:
    case FieldKind::identifier: return text_if<std::string>(at, [](const std::string& v) { return v; });
    case FieldKind::code: return text_if<model::Code>(at, [](const model::Code& v) { return v.name; });
    case FieldKind::time: return text_if<model::Time>(at, [](const model::Time& v) { return v.text(); });
    case FieldKind::validity: return text_if<model::Validity>(at, [](const model::Validity& v) { return v.text(); });
    case FieldKind::quantity: return text_if<model::Quantity>(at, [](const model::Quantity& v) { return v.value; });
    case FieldKind::money: return text_if<model::Money>(at, [](const model::Money& v) { return v.yuan; });
    case FieldKind::integer: return text_if<std::int64_t>(at, [](std::int64_t v) { return std::to_string(v); });
    case FieldKind::boolean: return text_if<bool>(at, [](bool v) { return v ? "true" : "false"; });
    default: return std::string();
  }
}

std::string without_indexes(std::string_view path) {
  std::string plain;
  bool inside = false;
  for (const char c : path) {
    inside = c == '[' || (inside && c != ']');
    if (!inside && c != ']') plain += c;
  }
  return plain;
}

} // namespace tongqu::mapping::detail
