#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

namespace tongqu {

/// What the reader of an error can do about it. Retry is decided by this and by nothing else.
enum class Action : std::uint8_t {
  fix_input,   ///< The sender must change the message.
  fix_setup,   ///< The operator must change configuration, keys or the machine.
  retry_later, ///< The same request may succeed later.
  give_up,     ///< Neither; a person must look.
};

/// Language of a text for people.
enum class Lang : std::uint8_t { en, zh };

/// Every error and finding. One enumerator per row of errc.inc, named `module_name`; the value is the stable number.
enum class Errc : std::int32_t {
  none = 0,
#define TONGQU_ERROR(number, module, name, action, en, zh) module##_##name = number,
#include "tongqu/base/errc.inc"
#undef TONGQU_ERROR
};

/// One row of the catalogue. All views point to static storage.
struct ErrcRow {
  Errc code;
  std::string_view id; ///< "module.name", stable, part of the ABI.
  Action action;
  std::string_view en; ///< One sentence, no final stop, no personal data.
  std::string_view zh;
};

/// The catalogue in ascending order of number.
/// @param count  Receives the number of rows.
const ErrcRow* errc_catalogue(std::size_t& count) noexcept;

/// The row of a code. Never fails: `Errc::none` and unknown numbers give the row of `base.internal`.
const ErrcRow& errc_row(Errc code) noexcept;

/// The code of an id such as "wire.xml_doctype"; nothing when no row has it.
std::optional<Errc> errc_from_id(std::string_view id) noexcept;

/// "fix_input", "fix_setup", "retry_later" or "give_up".
std::string_view action_name(Action action) noexcept;

} // namespace tongqu
