#include <algorithm>
#include <charconv>
#include <limits>

#include "reflect.hpp"
#include "tongqu/model/record.hpp"
#include "tongqu/wire/json.hpp"

namespace tongqu::model {
namespace {

using detail::as;
using wire::Node;
using wire::NodeKind;

Error invalid(const Node& node, std::string expectation) {
  return Error(Errc::model_record_invalid).at(node.path()).with(std::move(expectation));
}

Result<std::string> string_of(const Node& node) {
  if (node.kind() != NodeKind::string) return invalid(node, "a string");
  return std::string(node.raw_text());
}

Result<std::int64_t> integer_of(const Node& node) {
  const std::string_view text = node.raw_text();
  std::int64_t value = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), value);
  if (node.kind() != NodeKind::number || end.ec != std::errc() || end.ptr != text.data() + text.size()) return invalid(node, "an integer");
  return value;
}

/// A value that has one canonical text and a parser for it.
template <class T>
Result<T> parsed(const Node& node, Result<T> (*parse)(std::string_view), std::string expectation) {
  TONGQU_TRY(const std::string text, string_of(node));
  auto value = parse(text);
  if (!value) return invalid(node, std::move(expectation)).because(std::move(value).error());
  return value;
}

Result<Money> canonical_money(std::string_view text) {
  TONGQU_TRY(Money money, money_from(text));
  if (money.yuan != text) return Error(Errc::model_decimal_invalid);
  return money;
}

Result<Quantity> quantity_of(const Node& node) {
  if (node.kind() != NodeKind::object) return invalid(node, "an object with value and unit");
  Quantity quantity;
  for (Node member = node.first_child(); member; member = member.next()) {
    TONGQU_TRY(std::string text, string_of(member));
    if (member.name() == "value") {
      const auto normal = normal_decimal(text);
      if (!normal || *normal != text) return invalid(member, "a decimal in canonical form");
      quantity.value = std::move(text);
    } else if (member.name() == "unit") {
      const auto unit = unit_from_name(text);
      if (!unit || *unit == Quantity::Unit::none) return invalid(member, "a unit of time");
      quantity.unit = *unit;
    } else {
      return invalid(member, "value or unit");
    }
  }
  if (quantity.value.empty()) return invalid(node, "an object with a value");
  return quantity;
}

Result<Code> code_of(const Node& node) {
  if (node.kind() != NodeKind::object) return invalid(node, "an object with name, system, code or text");
  Code code;
  for (Node member = node.first_child(); member; member = member.next()) {
    std::string* target = member.name() == "name"     ? &code.name
                          : member.name() == "system" ? &code.system
                          : member.name() == "code"   ? &code.code
                          : member.name() == "text"   ? &code.text
                                                      : nullptr;
    if (target == nullptr) return invalid(member, "name, system, code or text");
    TONGQU_TRY(*target, string_of(member));
  }
  return code;
}

/// A path as meta writes it, "received_materials[1].files[0].digest".
struct IndexedPath {
  Slot slot;
  ElementIndex index{};
};

std::optional<IndexedPath> indexed_path(EntityId entity, std::string_view text) {
  IndexedPath result;
  std::string plain;
  std::size_t level = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '[') {
      plain += text[i];
      continue;
    }
    const std::size_t close = text.find(']', i);
    if (close == std::string_view::npos || level == result.index.size()) return std::nullopt;
    const auto end = std::from_chars(text.data() + i + 1, text.data() + close, result.index[level++]);
    if (end.ec != std::errc() || end.ptr != text.data() + close) return std::nullopt;
    i = close;
  }
  auto slot = find_slot(entity, plain);
  if (!slot) return std::nullopt;
  result.slot = *slot;
  return result;
}

/// Position of the reader inside the entity.
struct Place {
  PathId prefix = 0;
  unsigned depth = 0;
  ElementIndex index{};
  std::size_t level = 0;
};

class Reader {
public:
  Reader(Record& record, Findings& findings) : record_(record), findings_(findings) {}

  Result<void> read(const Node& root) {
    const RecordType& type = entity_type(record_.entity);
    for (Node member = root.first_child(); member; member = member.next()) {
      TONGQU_TRY(const bool known, read_head(member));
      if (known) continue;
      TONGQU_CHECK(read_field(type, record_.object(), member, Place{}));
    }
    // Meta names list elements, which must have been read.
    if (const Node meta = root.child("meta")) TONGQU_CHECK(read_meta(meta));
    join_meta();
    return {};
  }

private:
  /// Adds without a search, which would make hostile input cost the square of its size; join_meta() brings doubles together.
  MetaEntry& add_meta(PathId path, ElementIndex index) {
    MetaEntry entry;
    entry.path = path;
    entry.index = index;
    return record_.meta.emplace_back(entry);
  }

  void join_meta() {
    std::vector<MetaEntry>& meta = record_.meta;
    std::stable_sort(meta.begin(), meta.end(), [](const MetaEntry& a, const MetaEntry& b) {
      return a.path != b.path ? a.path < b.path : a.index < b.index;
    });
    std::size_t kept = 0;
    for (std::size_t i = 1; i < meta.size(); ++i) {
      if (meta[i].path != meta[kept].path || meta[i].index != meta[kept].index) {
        meta[++kept] = meta[i];
        continue;
      }
      const bool cleared = meta[kept].cleared || meta[i].cleared;
      meta[kept] = meta[i];
      meta[kept].cleared = cleared;
    }
    if (!meta.empty()) meta.resize(kept + 1);
  }

  /// True when the member belongs to the record around the entity.
  Result<bool> read_head(const Node& member) {
    const std::string_view name = member.name();
    if (name == "record" || name == "kind" || name == "meta") return true;
    if (name == "identity") return done(read_identity(member));
    if (name == "envelope") return done(read_envelope(member));
    if (name == "ext") return done(read_ext(member));
    if (name == "unknown") return done(read_unknown(member));
    std::string* text = name == "reason" ? &record_.reason : name == "replaces" ? &record_.replaces : name == "deleted_version" ? &record_.version : nullptr;
    if (text == nullptr) return false;
    TONGQU_TRY(*text, string_of(member));
    return true;
  }

  static Result<bool> done(Result<void> result) {
    TONGQU_CHECK(std::move(result));
    return true;
  }

  Result<void> read_identity(const Node& object) {
    if (object.kind() != NodeKind::object) return invalid(object, "an object");
    for (Node member = object.first_child(); member; member = member.next()) {
      std::string* text = nullptr;
#define TONGQU_IDENTITY(member_name, json, initial, zh, en) \
  if (member.name() == #json) text = &record_.identity.member_name;
#include "tongqu/model/defs/envelope.def"
#undef TONGQU_IDENTITY
      if (text == nullptr) return invalid(member, "a member of the identity");
      TONGQU_TRY(*text, string_of(member));
    }
    return {};
  }

  Result<void> read_envelope(const Node& object) {
    if (object.kind() != NodeKind::object) return invalid(object, "an object");
    for (Node member = object.first_child(); member; member = member.next()) TONGQU_CHECK(read_envelope_member(member));
    return {};
  }

  Result<void> read_envelope_member(const Node& member) {
#define TONGQU_ENVELOPE(kind, member_name, zh, en) \
  if (member.name() == #member_name) return read_into(record_.envelope.member_name, member);
#include "tongqu/model/defs/envelope.def"
#undef TONGQU_ENVELOPE
    return invalid(member, "a member of the envelope");
  }

  static Result<void> read_into(std::string& value, const Node& member) {
    TONGQU_TRY(value, string_of(member));
    return {};
  }
  static Result<void> read_into(std::optional<std::int64_t>& value, const Node& member) {
    TONGQU_TRY(value, integer_of(member));
    return {};
  }
  static Result<void> read_into(std::optional<Time>& value, const Node& member) {
    TONGQU_TRY(value, parsed(member, &Time::parse, "a time"));
    return {};
  }

  Result<void> read_ext(const Node& object) {
    if (object.kind() != NodeKind::object) return invalid(object, "an object of namespaces");
    for (Node space = object.first_child(); space; space = space.next()) {
      if (space.kind() != NodeKind::object) return invalid(space, "an object of fields");
      for (Node member = space.first_child(); member; member = member.next()) {
        ExtField field{std::string(space.name()), std::string(member.name()), {}};
        TONGQU_TRY(field.value, string_of(member));
        record_.ext.push_back(std::move(field));
      }
    }
    return {};
  }

  Result<void> read_unknown(const Node& object) {
    if (object.kind() != NodeKind::object) return invalid(object, "an object");
    for (Node member = object.first_child(); member; member = member.next()) keep(std::string(member.name()), member);
    return {};
  }

  void keep(std::string name, const Node& member) {
    UnknownMember unknown{std::move(name), {}};
    wire::JsonWriter(unknown.json).node(member);
    record_.unknown.push_back(std::move(unknown));
  }

  void report_unknown(const Node& member, const Place& place) {
    std::string path = place.prefix == 0 ? std::string() : path_text(record_.entity, place.prefix, place.index);
    // The last list on the way is entered, which the path of a list itself does not show.
    if (in_list_) path += '[' + std::to_string(place.level == 0 ? 0 : place.index[place.level - 1]) + ']';
    if (!path.empty()) path += '.';
    path += member.name();
    Finding finding;
    finding.id = Errc::model_unknown_member;
    finding.severity = Severity::warn;
    finding.record = entity_name(record_.entity);
    finding.path = path;
    finding.source.path = member.path();
    finding.source.offset = member.offset();
    findings_.add(std::move(finding));
    keep(std::move(path), member);
  }

  Result<void> read_field(const RecordType& type, void* object, const Node& node, const Place& place) {
    const FieldInfo* field = type.find(node.name());
    if (field == nullptr) {
      report_unknown(node, place);
      return {};
    }
    Place inner = place;
    inner.prefix = detail::join_path(place.prefix, place.depth, *field);
    ++inner.depth;
    if (node.kind() == NodeKind::null) {
      if (record_.kind != RecordKind::part) return invalid(node, "a value; null stands in parts only");
      add_meta(inner.prefix, inner.index).cleared = true;
      return {};
    }
    return read_value(*field, field->member(object), node, inner);
  }

  Result<void> read_record(const RecordType& type, void* object, const Node& node, const Place& place) {
    if (node.kind() != NodeKind::object) return invalid(node, "an object");
    for (Node member = node.first_child(); member; member = member.next()) TONGQU_CHECK(read_field(type, object, member, place));
    return {};
  }

  Result<void> read_records(const RecordType& type, void* list, const Node& node, Place place) {
    if (node.kind() != NodeKind::array) return invalid(node, "an array");
    type.list_engage(list);
    const std::size_t level = place.level++;
    std::size_t count = 0;
    const bool outer = in_list_;
    for (Node item = node.first_child(); item; item = item.next(), ++count) {
      if (count > std::numeric_limits<std::uint16_t>::max()) return invalid(item, "at most 65536 elements");
      place.index.at(level) = static_cast<std::uint16_t>(count);
      in_list_ = true;
      TONGQU_CHECK(read_record(type, type.list_append(list), item, place));
    }
    in_list_ = outer;
    return {};
  }

  template <class T>
  Result<void> read_list(std::optional<std::vector<T>>& list, const Node& node, Result<T> (*read_item)(const Node&)) {
    if (node.kind() != NodeKind::array) return invalid(node, "an array");
    list.emplace();
    for (Node item = node.first_child(); item; item = item.next()) {
      TONGQU_TRY(T value, read_item(item));
      list->push_back(std::move(value));
    }
    return {};
  }

  template <class T>
  static Result<void> put(void* member, Result<T> value) {
    TONGQU_TRY(as<T>(member), std::move(value));
    return {};
  }

  Result<void> read_value(const FieldInfo& field, void* member, const Node& node, const Place& place) {
    switch (field.kind) {
      case FieldKind::text:
      case FieldKind::identifier: return put(member, string_of(node));
      case FieldKind::code: return put(member, code_of(node));
      case FieldKind::time: return put(member, parsed(node, &Time::parse, "a time"));
      case FieldKind::quantity: return put(member, quantity_of(node));
      case FieldKind::money: return put(member, parsed(node, &canonical_money, "an amount in canonical form"));
      case FieldKind::validity: return put(member, parsed(node, &Validity::parse, "a date, unlimited or unknown"));
      case FieldKind::integer: return put(member, integer_of(node));
      case FieldKind::boolean:
        if (node.kind() != NodeKind::boolean) return invalid(node, "true or false");
        as<bool>(member) = node.raw_text() == "true";
        return {};
      case FieldKind::record: return read_nested(*field.type(), member, node, place);
      case FieldKind::text_list: return read_list(as<std::vector<std::string>>(member), node, &string_of);
      case FieldKind::code_list: return read_list(as<std::vector<Code>>(member), node, &code_of);
      case FieldKind::record_list: return read_records(*field.type(), member, node, place);
    }
    return {};
  }

  Result<void> read_nested(const RecordType& type, void* object, const Node& node, const Place& place) {
    const bool outer = in_list_;
    in_list_ = false;
    TONGQU_CHECK(read_record(type, object, node, place));
    in_list_ = outer;
    return {};
  }

  Result<void> read_meta(const Node& meta) {
    if (meta.kind() != NodeKind::object) return invalid(meta, "an object");
    for (Node entry = meta.first_child(); entry; entry = entry.next()) {
      if (entry.kind() != NodeKind::object) return invalid(entry, "an object");
      const auto path = indexed_path(record_.entity, entry.name());
      if (!path) {
        Finding finding;
        finding.id = Errc::model_unknown_member;
        finding.severity = Severity::warn;
        finding.record = entity_name(record_.entity);
        finding.path = "meta";
        finding.source.path = entry.path();
        finding.source.offset = entry.offset();
        findings_.add(std::move(finding));
        continue;
      }
      TONGQU_CHECK(read_meta_entry(*path, entry));
    }
    return {};
  }

  Result<void> read_meta_entry(const IndexedPath& path, const Node& entry) {
    MetaEntry& meta = add_meta(path.slot.id, path.index);
    for (Node member = entry.first_child(); member; member = member.next()) {
      const std::string_view name = member.name();
      if (name == "source_ms") {
        TONGQU_TRY(meta.source_ms, integer_of(member));
      } else if (name == "cleared" && member.kind() == NodeKind::boolean) {
        meta.cleared = member.raw_text() == "true";
      } else {
        TONGQU_CHECK(read_meta_word(meta, member));
      }
    }
    if (!meta.minute_precision || path.slot.field().kind != FieldKind::time) return {};
    if (void* member = detail::existing_member(record_.object(), path.slot, path.index); member != nullptr && as<Time>(member)) {
      as<Time>(member)->precision = Time::Precision::minute;
    }
    return {};
  }

  static Result<void> read_meta_word(MetaEntry& meta, const Node& member) {
    TONGQU_TRY(const std::string word, string_of(member));
    if (member.name() == "mark") {
      const auto mark = mark_from_name(word);
      if (!mark) return invalid(member, "a mark");
      meta.mark = *mark;
    } else if (member.name() == "verdict") {
      if (word != "passed" && word != "failed") return invalid(member, "passed or failed");
      meta.verdict = word == "passed" ? Verdict::passed : Verdict::failed;
    } else if (member.name() == "precision" && word == "minute") {
      meta.minute_precision = true;
    } else {
      return invalid(member, "mark, verdict, precision, cleared or source_ms");
    }
    return {};
  }

  Record& record_;
  Findings& findings_;
  bool in_list_ = false;  ///< The record being read is itself an element of a list.
};

} // namespace

Result<Record> read_canonical_json(std::string_view json, Findings& findings, const Limits& limits) {
  wire::JsonOptions options;
  options.limits = limits;
  TONGQU_TRY(const wire::Document document, wire::parse_json(json, options));
  const Node root = document.root();
  if (root.kind() != NodeKind::object) return invalid(root, "an object");
  const Node version = root.child("record");
  const Node kind_node = root.child("kind");
  const auto entity = version && version.kind() == NodeKind::string ? entity_from_version(version.raw_text()) : std::nullopt;
  if (!entity) return Error(Errc::model_record_invalid).at("/record").with("the version of an entity, such as case@1");
  const auto kind = kind_node && kind_node.kind() == NodeKind::string ? record_kind_from_name(kind_node.raw_text()) : std::nullopt;
  if (!kind) return Error(Errc::model_record_invalid).at("/kind").with("snapshot, part, void, replace or delete");
  Record record;
  record.kind = *kind;
  record.become(*entity);
  TONGQU_CHECK(Reader(record, findings).read(root));
  return record;
}

} // namespace tongqu::model
