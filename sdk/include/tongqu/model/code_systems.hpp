#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "tongqu/model/fields.hpp"

/// Code systems and crosswalks between them, as data: sdk/src/model/data/codes/*.csv and crosswalks/*.csv, built into the library.
///
/// A canonical system ("satisfaction") holds the names of the model; `code` is the national code where one is proven. Any other system
/// ("evaluation.satisfaction") holds codes of one interface. The same code means opposite things in two interfaces, so a code is never
/// looked up without its system. A crosswalk leads from the codes of such a system to the names of a canonical one and back; a code
/// that it does not cover is listed with the reason. All tables are constant; every function is safe from several threads.
namespace tongqu::model {

struct CodeSystem {
  std::string_view name, version, source;
  Confidence confidence = Confidence::own;
  bool canonical = false;
  std::string_view zh, en;
  const CodeRow* rows = nullptr;
  std::size_t count = 0;
};

/// Nothing when there is no such system.
const CodeSystem* find_code_system(std::string_view system) noexcept;
/// Every system in order of name, canonical and other.
std::vector<const CodeSystem*> all_code_systems();

/// The row of a name, and of a code. A code given to two meanings at different times needs the date; without it, the row that is
/// valid without an end or, failing that, the first one is meant. Nothing when there is none, or none valid at the date.
const CodeRow* row_of_name(std::string_view system, std::string_view name) noexcept;
const CodeRow* row_of_code(std::string_view system, std::string_view code, const Time* date = nullptr) noexcept;
/// Whether a row is valid at a date, both ends included; an open end is valid for ever.
bool valid_at(const CodeRow& row, const Time& date);

/// How a row of a crosswalk is used on the way back.
enum class Reverse : std::uint8_t {
  plain,  ///< Leads back when no other row with its name says `yes`.
  yes,    ///< The one of several codes that leads back.
  no,     ///< Does not lead back: the way back is not told.
  only,   ///< Used on the way back alone, because the code stands for several names.
};

struct CrosswalkRow {
  std::string_view from;              ///< Code in the system `from`.
  std::string_view to;                ///< Canonical name; empty: not covered, `note` says why.
  Reverse reverse = Reverse::plain;
  std::string_view note;
};

struct Crosswalk {
  std::string_view from, to, version, source;
  Confidence confidence = Confidence::own;
  bool total = false;                 ///< Every code of `from` has a name. When false, rows with an empty `to` say what is not covered.
  const CrosswalkRow* rows = nullptr;
  std::size_t count = 0;

  /// The row of a code on the way to the canonical name; null when `from` has no such code. Its `to` is empty when it is not covered.
  const CrosswalkRow* forward(std::string_view code) const noexcept;
  /// The code of a canonical name; nothing when none is told.
  std::optional<std::string_view> back(std::string_view name) const noexcept;
};

/// Nothing when there is no crosswalk from a system to a canonical one.
const Crosswalk* find_crosswalk(std::string_view from, std::string_view to) noexcept;
std::vector<const Crosswalk*> all_crosswalks();

/// The canonical name of a code with what was sent, ready for a field: system and code stay, `name` is empty when it is not covered.
/// Nothing when there is no crosswalk from `system` to `to` or `system` has no such code.
std::optional<Code> canonical_code(std::string_view system, std::string_view code, std::string_view to);

/// A name of a field on the wire, as seen in the field. Misspelt ones are the real names and are never corrected.
struct FieldAlias {
  std::string_view field;             ///< "case.applicant.name".
  std::string_view wire;              ///< "SQRMC", exactly as sent.
  std::string_view profile;           ///< Family of interfaces: national, guangdong, shandong, evaluation, …
  std::string_view note;
  std::string_view folded;            ///< Lower case without underscores.
};

/// Fields that a wire name stands for, without regard to case and underscores; in one profile, or in all when it is empty.
std::vector<const FieldAlias*> find_aliases(std::string_view wire, std::string_view profile = {});
/// Wire names of a field ("applicant.name" of the case), in order of profile.
std::vector<const FieldAlias*> aliases_of(EntityId entity, std::string_view path);
std::vector<const FieldAlias*> all_aliases();

} // namespace tongqu::model
