#include "mapping/reverse/record_leaves.hpp"

#include <map>

namespace tongqu::mapping::detail {
namespace {

using model::FieldInfo;
using model::FieldKind;

template <class T>
bool engaged(const void* member) { return static_cast<const std::optional<T>*>(member)->has_value(); }

bool has_value(FieldKind kind, const void* member) {
  switch (kind) {
    case FieldKind::text:
    case FieldKind::identifier: return engaged<std::string>(member);
    case FieldKind::code: return engaged<model::Code>(member);
    case FieldKind::time: return engaged<model::Time>(member);
    case FieldKind::quantity: return engaged<model::Quantity>(member);
    case FieldKind::money: return engaged<model::Money>(member);
    case FieldKind::validity: return engaged<model::Validity>(member);
    case FieldKind::integer: return engaged<std::int64_t>(member);
    case FieldKind::boolean: return engaged<bool>(member);
    case FieldKind::text_list: return engaged<std::vector<std::string>>(member);
    case FieldKind::code_list: return engaged<std::vector<model::Code>>(member);
    default: return false;
  }
}

struct Position { model::PathId id = 0; unsigned depth = 0; model::ElementIndex index{}; unsigned lists = 0; };

class Walk {
public:
  Walk(const model::Record& record, RecordLeaves& out) : out_(out) {
    for (const model::MetaEntry& entry : record.meta) meta_.emplace(std::make_pair(entry.path, entry.index), &entry);
  }

  void type(const model::RecordType& type, void* object, const std::string& prefix, Position at) {
    for (std::size_t i = 0; i < type.count; ++i) field(type.fields[i], object, prefix, at);
  }

private:
  void field(const FieldInfo& field, void* object, const std::string& prefix, Position at) {
    const std::string path = prefix + std::string(field.name);
    void* member = field.member(object);
    if (at.depth < 4) at.id |= static_cast<model::PathId>(field.id) << (8 * at.depth);
    ++at.depth;
    if (field.kind == FieldKind::record) {
      type(*field.type(), member, path + ".", at);
    } else if (field.kind == FieldKind::record_list) {
      list(*field.type(), member, path, at);
    } else if (has_value(field.kind, member)) {
      const bool named = at.depth <= 4 && at.lists <= at.index.size();
      out_.leaves.push_back({path, &field, member, named ? meta_of(at) : nullptr});
    }
  }
  void list(const model::RecordType& inner, void* member, const std::string& path, Position at) {
    if (!inner.list_engaged(member)) return;
    const std::size_t size = inner.list_size(member);
    out_.lists.push_back({path, size});
    const unsigned level = at.lists++;
    for (std::size_t i = 0; i < size; ++i) {
      if (level < at.index.size()) at.index[level] = static_cast<std::uint16_t>(i);
      type(inner, inner.list_at(member, i), path + "[" + std::to_string(i) + "].", at);
    }
  }

  const model::MetaEntry* meta_of(const Position& at) const {
    const auto found = meta_.find({at.id, at.index});
    return found == meta_.end() ? nullptr : found->second;
  }

  std::map<std::pair<model::PathId, model::ElementIndex>, const model::MetaEntry*> meta_;
  RecordLeaves& out_;
};

FieldInfo envelope_field(FieldKind kind) {
  FieldInfo field;
  field.kind = kind;
  return field;
}

} // namespace

RecordLeaves leaves_of(const model::Record& record) {
  RecordLeaves out;
  const auto text = [&out](const char* path, const std::string& value) {
    if (!value.empty()) out.leaves.push_back({path, nullptr, &value, nullptr});
  };
  text("identity.organisation", record.identity.organisation);
  text("identity.item", record.identity.item);
  text("identity.case", record.identity.case_no);
  text("identity.event", record.identity.event);
  text("identity.revision", record.identity.revision);
  text("event", record.envelope.event);
  text("envelope.message_id", record.envelope.message_id);
  text("envelope.profile", record.envelope.profile);
  text("envelope.profile_version", record.envelope.profile_version);
  text("envelope.operation", record.envelope.operation);
  static const FieldInfo kNumber = envelope_field(FieldKind::integer), kTime = envelope_field(FieldKind::time);
  if (record.envelope.sequence_in_case) out.leaves.push_back({"envelope.sequence_in_case", &kNumber, &record.envelope.sequence_in_case, nullptr});
  if (record.envelope.occurred_at) out.leaves.push_back({"envelope.occurred_at", &kTime, &record.envelope.occurred_at, nullptr});
  if (record.envelope.reported_at) out.leaves.push_back({"envelope.reported_at", &kTime, &record.envelope.reported_at, nullptr});
  text("record.reason", record.reason);
  text("record.replaces", record.replaces);
  text("record.version", record.version);
  Walk(record, out).type(model::entity_type(record.entity), const_cast<void*>(record.object()), {}, {});
  for (const model::ExtField& field : record.ext) out.leaves.push_back({"ext." + field.ns + "." + field.name, nullptr, &field.value, nullptr});
  for (const model::MetaEntry& entry : record.meta) {
    if (entry.cleared) out.cleared.insert(model::path_text(record.entity, entry.path, entry.index));
  }
  return out;
}

} // namespace tongqu::mapping::detail
