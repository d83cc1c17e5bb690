#include "tongqu/model/record.hpp"

#include <algorithm>
#include <array>

namespace tongqu::model {
namespace {

constexpr std::array<std::string_view, 5> kKinds{"snapshot", "part", "void", "replace", "delete"};
constexpr std::array<std::string_view, 5> kMarks{"sent", "derived", "constant", "repaired", "by_person"};

/// Escapes the separator, so that a value with a '/' never reads as two values.
void append_escaped(std::string& out, std::string_view part) {
  for (const char c : part) {
    if (c == '/') out += "%2F";
    else if (c == '%') out += "%25";
    else out += c;
  }
}

std::string join(std::initializer_list<std::string_view> parts) {
  std::string out;
  bool first = true;
  for (const std::string_view part : parts) {
    if (!first) out += '/';
    append_escaped(out, part);
    first = false;
  }
  return out;
}

} // namespace

std::string_view record_kind_name(RecordKind kind) noexcept { return kKinds[static_cast<std::size_t>(kind)]; }

std::optional<RecordKind> record_kind_from_name(std::string_view name) noexcept {
  for (std::size_t i = 0; i < kKinds.size(); ++i) {
    if (kKinds[i] == name) return static_cast<RecordKind>(i);
  }
  return std::nullopt;
}

std::string_view mark_name(Mark mark) noexcept { return kMarks[static_cast<std::size_t>(mark)]; }

std::optional<Mark> mark_from_name(std::string_view name) noexcept {
  for (std::size_t i = 0; i < kMarks.size(); ++i) {
    if (kMarks[i] == name) return static_cast<Mark>(i);
  }
  return std::nullopt;
}

std::string Identity::key() const { return join({organisation, item, case_no, event, revision}); }

std::string Identity::case_key() const { return join({organisation, item, case_no}); }

bool Identity::operator==(const Identity& o) const {
  return organisation == o.organisation && item == o.item && case_no == o.case_no && event == o.event && revision == o.revision;
}

void Record::become(EntityId id) {
  entity = id;
  switch (id) {
#define TONGQU_ENTITY(enumerator, type, name, version, keys) \
  case EntityId::enumerator: body.emplace<type>(); return;
#include "tongqu/model/defs/entities.def"
#undef TONGQU_ENTITY
  }
}

void* Record::object() noexcept {
  return std::visit([](auto& entity_body) -> void* { return &entity_body; }, body);
}

const void* Record::object() const noexcept {
  return std::visit([](const auto& entity_body) -> const void* { return &entity_body; }, body);
}

MetaEntry& Record::meta_at(PathId path, ElementIndex index) {
  for (MetaEntry& entry : meta) {
    if (entry.path == path && entry.index == index) return entry;
  }
  MetaEntry entry;
  entry.path = path;
  entry.index = index;
  return meta.emplace_back(entry);
}

const MetaEntry* Record::find_meta(PathId path, ElementIndex index) const noexcept {
  const auto found = std::find_if(meta.begin(), meta.end(), [&](const MetaEntry& e) { return e.path == path && e.index == index; });
  return found == meta.end() ? nullptr : &*found;
}

} // namespace tongqu::model
