#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "tongqu/base/finding.hpp"
#include "tongqu/base/limits.hpp"
#include "tongqu/base/result.hpp"
#include "tongqu/model/entities.hpp"
#include "tongqu/model/fields.hpp"
#include "tongqu/model/values.hpp"

namespace tongqu::model {

/// What a record is. Key words in canonical JSON: snapshot, part, void, replace, delete.
enum class RecordKind : std::uint8_t { snapshot, part, voided, replace, deleted };
std::string_view record_kind_name(RecordKind kind) noexcept;
std::optional<RecordKind> record_kind_from_name(std::string_view name) noexcept;

/// Who and what an event is, from source-side values before any code table. The dedup key.
struct Identity {
#define TONGQU_IDENTITY(member, json, initial, zh, en) std::string member = initial;
#include "tongqu/model/defs/envelope.def"
#undef TONGQU_IDENTITY
  /// The five members joined so that no two identities give one text (each percent-escapes '/' and '%').
  std::string key() const;
  /// Organisation, item and case: the order key.
  std::string case_key() const;
  bool operator==(const Identity& o) const;
};

/// Where a record came from and when; the rows of defs/envelope.def say what each member means. Members named in a pack's
/// `outside_digest` do not enter the digest.
struct Envelope {
#define TONGQU_MEMBER_text std::string
#define TONGQU_MEMBER_integer std::optional<std::int64_t>
#define TONGQU_MEMBER_time std::optional<Time>
#define TONGQU_ENVELOPE(kind, member, zh, en) TONGQU_MEMBER_##kind member{};
#include "tongqu/model/defs/envelope.def"
#undef TONGQU_ENVELOPE
#undef TONGQU_MEMBER_text
#undef TONGQU_MEMBER_integer
#undef TONGQU_MEMBER_time
};

/// How a value came to be there.
enum class Mark : std::uint8_t { sent, derived, constant, repaired, by_person };
std::string_view mark_name(Mark mark) noexcept;
std::optional<Mark> mark_from_name(std::string_view name) noexcept;

/// What is said about one field beside its value. Only fields with something to say have an entry.
struct MetaEntry {
  PathId path = 0;
  ElementIndex index{};
  Mark mark = Mark::sent;
  Verdict verdict = Verdict::unchecked;
  bool cleared = false;                      ///< null in a part: the value is taken away.
  bool minute_precision = false;             ///< A time whose seconds were not sent.
  std::int64_t source_ms = 0;                ///< Source time (UTC ms) of the record that gave the value, set by merge(); 0 before.
};

/// A declared province or vendor field: ext.<ns>.<name>, text value.
struct ExtField { std::string ns, name, value; };
/// An unknown member of canonical JSON, kept verbatim.
struct UnknownMember { std::string name, json; };

namespace detail {
template <class, class... Entities>
struct BodyOf { using Type = std::variant<Entities...>; };
} // namespace detail

/// One of the entities, in the order of EntityId.
using Body = detail::BodyOf<void
#define TONGQU_ENTITY(enumerator, type, name, version, keys) , type
#include "tongqu/model/defs/entities.def"
#undef TONGQU_ENTITY
                            >::Type;

/// One canonical record.
struct Record {
  RecordKind kind = RecordKind::snapshot;
  EntityId entity = EntityId::case_;
  Identity identity;
  Envelope envelope;
  std::string reason;                        ///< voided: why.
  std::string replaces;                      ///< replace: key of the record it replaces.
  std::string version;                       ///< deleted: version that goes.
  Body body;                                 ///< Holds the entity that `entity` says; become() keeps the two together.
  std::vector<MetaEntry> meta;               ///< Sorted by (path, index) when written.
  std::vector<ExtField> ext;
  std::vector<UnknownMember> unknown;

  void become(EntityId id);                  ///< Makes this a record of an entity, with nothing in its body.
  void* object() noexcept;                   ///< The entity struct inside `body`.
  const void* object() const noexcept;
  MetaEntry& meta_at(PathId path, ElementIndex index);   ///< Finds or adds.
  const MetaEntry* find_meta(PathId path, ElementIndex index) const noexcept;
};

enum class JsonForm : std::uint8_t {
  full,          ///< With meta.
  digest_input,  ///< Without meta, identity revision kept, and without the members named outside the digest.
};

/// Appends canonical JSON: stable member order, absent members missing, cleared ones null, empty lists [].
/// Head members: "record" ("case@1"), "kind", "identity", "envelope", then the fields of the entity, "ext", "unknown", "meta".
/// @param outside_digest  Canonical paths to leave out of the digest input ("envelope.reported_at", "detail_url"), for digest_input.
/// @return  Size of `out` in front of the member "meta" (of the closing brace when there is none). Those bytes and a closing brace are
///          the digest input of a record that leaves nothing out.
std::size_t append_canonical_json(std::string& out, const Record& record, JsonForm form = JsonForm::full, const std::vector<std::string>& outside_digest = {});

/// Reads canonical JSON back. Unknown members are kept and reported (model.unknown_member, warn).
/// @errors wire.* of the reader; model.record_invalid (member of the wrong type, unknown record or version), with a JSON Pointer in where().
Result<Record> read_canonical_json(std::string_view json, Findings& findings, const Limits& limits = {});

/// SM3 (32 raw bytes) needs `crypto`, which `model` may not use: callers hash append_canonical_json(…, digest_input, …).

/// Merges a part into a base, pure: list elements by their key field, the latest source time wins, absent says nothing, null clears.
Record merge(const Record& base, const Record& part);

/// Checks that need no platform: record kind and key, identifiers with a default check (verdicts into meta), life-cycle order of times,
/// dates against `reference_date`. Adds findings; changes nothing but meta verdicts.
void validate(Record& record, const Time& reference_date, Findings& findings);

} // namespace tongqu::model
