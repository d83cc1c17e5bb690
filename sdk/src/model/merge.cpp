#include <algorithm>
#include <limits>
#include <numeric>

#include "reflect.hpp"
#include "tongqu/model/record.hpp"

namespace tongqu::model {

std::optional<detail::ElementKey> detail::element_key(const RecordType& type, const void* element) {
  for (std::size_t i = 0; i < type.count; ++i) {
    const FieldInfo& field = type.fields[i];
    if (!field.key) continue;
    const void* member = member_of(field, element);
    if (!member_present(field, member)) return std::nullopt;
    if (field.kind == FieldKind::integer) return ElementKey{*as<std::int64_t>(member), {}};
    return ElementKey{0, *as<std::string>(member)};
  }
  return std::nullopt;
}

std::optional<std::vector<detail::ElementKey>> detail::element_keys(const RecordType& type, const void* list) {
  std::vector<ElementKey> keys;
  for (std::size_t i = 0; i < type.list_size(list); ++i) {
    auto key = element_key(type, element_at(type, list, i));
    if (!key) return std::nullopt;
    keys.push_back(std::move(*key));
  }
  std::vector<ElementKey> sorted = keys;
  std::sort(sorted.begin(), sorted.end());
  if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end()) return std::nullopt;
  return keys;
}

namespace {

using detail::as;

constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::min();

std::int64_t time_of(const Record& record) {
  const auto& time = record.envelope.occurred_at ? record.envelope.occurred_at : record.envelope.reported_at;
  return time ? to_epoch_ms(time->utc()) : 0;
}

/// A place in the result, and the element indexes of the same place in the part.
struct Place {
  PathId path = 0;
  unsigned depth = 0;
  std::size_t level = 0;
  ElementIndex index{};
  ElementIndex part_index{};

  Place at(const FieldInfo& field) const {
    Place inner = *this;
    inner.path = detail::join_path(path, depth, field);
    ++inner.depth;
    return inner;
  }
  Place element(std::size_t mine, std::size_t theirs) const {
    Place inner = *this;
    inner.index.at(level) = static_cast<std::uint16_t>(mine);
    inner.part_index.at(level) = static_cast<std::uint16_t>(theirs);
    ++inner.level;
    return inner;
  }
};

/// Merging field by field. The source time of each value stands in its meta entry, so that the order in which parts arrive does not
/// matter; a cleared field keeps the time at which it was cleared, and so does a list that was emptied.
class Merger {
public:
  Merger(const Record& base, const Record& part) : result_(base), part_(part), part_ms_(time_of(part)) {
    base_ms_ = time_of(base);
    stamp_record(entity_type(base.entity), result_.object(), Place{});
  }

  Record run() {
    merge_record(entity_type(part_.entity), result_.object(), part_.object(), Place{}, kNever);
    const bool later = part_ms_ >= base_ms_;
    if (later) result_.envelope = part_.envelope;
    merge_ext(later);
    for (const UnknownMember& member : part_.unknown) {
      put(result_.unknown, member, [&](const UnknownMember& o) { return o.name == member.name; }, later);
    }
    std::sort(result_.meta.begin(), result_.meta.end(), [](const MetaEntry& a, const MetaEntry& b) {
      return a.path != b.path ? a.path < b.path : a.index < b.index;
    });
    return std::move(result_);
  }

private:
  template <class T, class Same>
  static void put(std::vector<T>& list, const T& value, Same same, bool overwrite) {
    const auto found = std::find_if(list.begin(), list.end(), same);
    if (found == list.end()) list.push_back(value);
    else if (overwrite) *found = value;
  }

  void merge_ext(bool later) {
    for (const ExtField& field : part_.ext) {
      put(result_.ext, field, [&](const ExtField& o) { return o.ns == field.ns && o.name == field.name; }, later);
    }
    std::sort(result_.ext.begin(), result_.ext.end(), [](const ExtField& a, const ExtField& b) {
      return a.ns != b.ns ? a.ns < b.ns : a.name < b.name;
    });
  }

  static bool is_leaf(const FieldInfo& field) { return field.kind != FieldKind::record && field.kind != FieldKind::record_list; }

  MetaEntry* entry(const Place& place) {
    for (MetaEntry& meta : result_.meta) {
      if (meta.path == place.path && meta.index == place.index) return &meta;
    }
    return nullptr;
  }

  /// Gives every value of the base the time of the base, unless it has one of its own.
  void stamp_record(const RecordType& type, void* object, const Place& place) {
    if (base_ms_ == 0) return;
    for (std::size_t i = 0; i < type.count; ++i) {
      const FieldInfo& field = type.fields[i];
      void* member = field.member(object);
      const Place inner = place.at(field);
      if (field.kind == FieldKind::record) {
        stamp_record(*field.type(), member, inner);
      } else if (field.kind == FieldKind::record_list) {
        for (std::size_t k = 0; k < field.type()->list_size(member); ++k) {
          stamp_record(*field.type(), field.type()->list_at(member, k), inner.element(k, k));
        }
      } else if (detail::member_present(field, member)) {
        stamp(result_.meta_at(inner.path, inner.index), base_ms_);
      }
      if (MetaEntry* meta = entry(inner); meta != nullptr && meta->cleared) stamp(*meta, base_ms_);
    }
  }
  static void stamp(MetaEntry& meta, std::int64_t ms) {
    if (meta.source_ms == 0) meta.source_ms = ms;
  }

  /// When the value that the result has now was given; `kNever` when it says nothing.
  std::int64_t known_since(const FieldInfo& field, const void* member, const Place& place) {
    const MetaEntry* meta = entry(place);
    if (meta != nullptr && (meta->cleared || meta->source_ms != 0)) return meta->source_ms;
    return detail::member_present(field, member) ? 0 : kNever;
  }

  const MetaEntry* part_entry(const Place& place) const { return part_.find_meta(place.path, place.part_index); }
  std::int64_t part_time(const MetaEntry* meta) const { return meta != nullptr && meta->source_ms != 0 ? meta->source_ms : part_ms_; }

  /// @param floor  Values older than this are gone, because a list around them was emptied then.
  void merge_record(const RecordType& type, void* mine, const void* theirs, const Place& place, std::int64_t floor) {
    for (std::size_t i = 0; i < type.count; ++i) {
      const FieldInfo& field = type.fields[i];
      const Place inner = place.at(field);
      const MetaEntry* meta = part_entry(inner);
      void* member = field.member(mine);
      const void* other = detail::member_of(field, theirs);
      const bool cleared = meta != nullptr && meta->cleared;
      if (field.kind == FieldKind::record) {
        if (cleared) clear_record(*field.type(), member, inner, part_time(meta), floor);
        merge_record(*field.type(), member, other, inner, floor);
      } else if (field.kind == FieldKind::record_list) {
        merge_list(field, member, other, inner, floor);
      } else if (cleared || detail::member_present(field, other)) {
        merge_leaf(field, member, cleared ? nullptr : other, inner, floor);
      }
    }
  }

  void merge_leaf(const FieldInfo& field, void* mine, const void* theirs, const Place& place, std::int64_t floor) {
    const MetaEntry* theirs_meta = part_entry(place);
    const std::int64_t when = part_time(theirs_meta);
    if (when < floor || when < known_since(field, mine, place)) return;
    detail::with_type(field.kind, [&](auto* type) {
      using T = std::remove_pointer_t<decltype(type)>;
      if (theirs != nullptr) as<T>(mine) = as<T>(theirs);
      else as<T>(mine).reset();
    });
    MetaEntry fresh = theirs_meta != nullptr ? *theirs_meta : MetaEntry{};
    fresh.path = place.path;
    fresh.index = place.index;
    fresh.cleared = theirs == nullptr;
    fresh.source_ms = when;
    result_.meta_at(place.path, place.index) = fresh;
  }

  void clear_leaf(const FieldInfo& field, void* mine, const Place& place, std::int64_t when, std::int64_t floor) {
    if (when < floor || when < known_since(field, mine, place)) return;
    detail::with_type(field.kind, [&](auto* type) { as<std::remove_pointer_t<decltype(type)>>(mine).reset(); });
    MetaEntry fresh;
    fresh.path = place.path;
    fresh.index = place.index;
    fresh.cleared = true;
    fresh.source_ms = when;
    result_.meta_at(place.path, place.index) = fresh;
  }

  void clear_record(const RecordType& type, void* mine, const Place& place, std::int64_t when, std::int64_t floor) {
    for (std::size_t i = 0; i < type.count; ++i) {
      const FieldInfo& field = type.fields[i];
      const Place inner = place.at(field);
      if (field.kind == FieldKind::record) clear_record(*field.type(), field.member(mine), inner, when, floor);
      else if (field.kind == FieldKind::record_list) empty_list(field, field.member(mine), inner, when, false);
      else clear_leaf(field, field.member(mine), inner, when, floor);
    }
  }

  void merge_list(const FieldInfo& field, void* mine, const void* theirs, const Place& place, std::int64_t floor) {
    const RecordType& type = *field.type();
    const MetaEntry* meta = part_entry(place);
    const std::int64_t when = part_time(meta);
    if (when < floor) return;
    const bool engaged = type.list_engaged(theirs);
    if ((meta != nullptr && meta->cleared) || (engaged && type.list_size(theirs) == 0)) empty_list(field, mine, place, when, engaged);
    if (!engaged || type.list_size(theirs) == 0) return;
    const MetaEntry* emptied = entry(place);
    const std::int64_t list_floor = std::max(floor, emptied != nullptr && emptied->cleared ? emptied->source_ms : kNever);
    const auto their_keys = detail::element_keys(type, theirs);
    auto keys = detail::element_keys(type, mine);
    if (!keys || !their_keys) {
      if (when < newest(place)) return;
      empty_list(field, mine, place, when, true);
      keys.emplace();
    }
    merge_elements(type, mine, theirs, place, list_floor, *keys, their_keys);
  }

  void merge_elements(const RecordType& type, void* mine, const void* theirs, const Place& place, std::int64_t floor,
                      std::vector<detail::ElementKey>& keys, const std::optional<std::vector<detail::ElementKey>>& their_keys) {
    const bool was_there = type.list_engaged(mine);
    for (std::size_t k = 0; k < type.list_size(theirs); ++k) {
      const auto found = their_keys ? std::find(keys.begin(), keys.end(), (*their_keys)[k]) : keys.end();
      const auto at = static_cast<std::size_t>(found - keys.begin());
      if (found == keys.end()) {
        type.list_append(mine);
        keys.push_back(their_keys ? (*their_keys)[k] : detail::ElementKey{});
      }
      merge_record(type, type.list_at(mine, at), detail::element_at(type, theirs, k), place.element(at, k), floor);
    }
    drop_empty(type, mine, place);
    if (their_keys) sort_list(type, mine, place);
    // Elements older than the emptying of the list leave no trace, not even "known to be none".
    if (!was_there && type.list_size(mine) == 0) type.list_reset(mine);
  }

  /// The newest time of anything in a list.
  std::int64_t newest(const Place& list) const {
    std::int64_t when = kNever;
    for (const MetaEntry& meta : result_.meta) {
      if (inside(meta, list)) when = std::max(when, meta.source_ms);
    }
    return when;
  }

  static bool inside(const MetaEntry& meta, const Place& list) {
    const PathId mask = list.depth >= 4 ? ~PathId{0} : (PathId{1} << (8 * list.depth)) - 1;
    if ((meta.path & mask) != list.path || meta.path == list.path) return false;
    return std::equal(meta.index.begin(), meta.index.begin() + static_cast<std::ptrdiff_t>(list.level), list.index.begin());
  }

  /// Takes away everything in a list that is not newer than `when`, and remembers the time.
  void empty_list(const FieldInfo& field, void* list, const Place& place, std::int64_t when, bool known_to_be_none) {
    const RecordType& type = *field.type();
    for (std::size_t k = 0; k < type.list_size(list); ++k) forget_record(type, type.list_at(list, k), place.element(k, k), when);
    drop_empty(type, list, place);
    MetaEntry& meta = result_.meta_at(place.path, place.index);
    if (meta.cleared && when < meta.source_ms) return;
    meta.cleared = true;
    meta.source_ms = when;
    if (known_to_be_none) type.list_engage(list);
    else if (type.list_size(list) == 0) type.list_reset(list);
  }

  void forget_record(const RecordType& type, void* object, const Place& place, std::int64_t when) {
    for (std::size_t i = 0; i < type.count; ++i) {
      const FieldInfo& field = type.fields[i];
      void* member = field.member(object);
      const Place inner = place.at(field);
      if (field.kind == FieldKind::record) forget_record(*field.type(), member, inner, when);
      else if (field.kind == FieldKind::record_list) forget_list(*field.type(), member, inner, when);
      if (!is_leaf(field) || known_since(field, member, inner) > when) continue;
      detail::with_type(field.kind, [&](auto* t) { as<std::remove_pointer_t<decltype(t)>>(member).reset(); });
      forget(inner.path, inner.index);
    }
  }

  /// A list inside a list that was emptied; the time stands at the outer one and holds here too.
  void forget_list(const RecordType& type, void* list, const Place& place, std::int64_t when) {
    for (std::size_t k = 0; k < type.list_size(list); ++k) forget_record(type, type.list_at(list, k), place.element(k, k), when);
    drop_empty(type, list, place);
    const MetaEntry* meta = entry(place);
    if (meta != nullptr && meta->source_ms > when) return;
    if (type.list_size(list) == 0) type.list_reset(list);
    forget(place.path, place.index);
  }

  void forget(PathId path, ElementIndex index) {
    auto& meta = result_.meta;
    meta.erase(std::remove_if(meta.begin(), meta.end(), [&](const MetaEntry& m) { return m.path == path && m.index == index; }), meta.end());
  }

  static bool is_empty(const RecordType& type, const void* object) {
    for (std::size_t i = 0; i < type.count; ++i) {
      if (detail::member_present(type.fields[i], detail::member_of(type.fields[i], object))) return false;
    }
    return true;
  }

  void drop_empty(const RecordType& type, void* list, const Place& place) {
    std::vector<std::size_t> order;
    for (std::size_t k = 0; k < type.list_size(list); ++k) {
      if (!is_empty(type, type.list_at(list, k))) order.push_back(k);
    }
    reorder(type, list, place, order);
  }

  void sort_list(const RecordType& type, void* list, const Place& place) {
    const auto keys = detail::element_keys(type, list);
    if (!keys) return;
    std::vector<std::size_t> order(keys->size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return (*keys)[a] < (*keys)[b]; });
    reorder(type, list, place, order);
  }

  /// Puts element order[i] at place i; elements that are not named go, and their meta with them.
  void reorder(const RecordType& type, void* list, const Place& place, const std::vector<std::size_t>& order) {
    const std::size_t size = type.list_size(list);
    bool same = order.size() == size;
    for (std::size_t i = 0; same && i < size; ++i) same = order[i] == i;
    if (same) return;
    std::vector<std::size_t> new_index(size, size);
    for (std::size_t i = 0; i < order.size(); ++i) new_index[order[i]] = i;
    type.list_permute(list, order.data(), order.size());
    std::vector<MetaEntry> kept;
    for (MetaEntry meta : result_.meta) {
      if (inside(meta, place)) {
        const std::size_t to = new_index.at(meta.index[place.level]);
        if (to == size) continue;
        meta.index[place.level] = static_cast<std::uint16_t>(to);
      }
      kept.push_back(meta);
    }
    result_.meta = std::move(kept);
  }

  Record result_;
  const Record& part_;
  std::int64_t part_ms_ = 0;
  std::int64_t base_ms_ = 0;
};

} // namespace

Record merge(const Record& base, const Record& part) {
  const bool mergeable = part.entity == base.entity && (part.kind == RecordKind::part || part.kind == RecordKind::snapshot);
  return mergeable ? Merger(base, part).run() : base;
}

} // namespace tongqu::model
