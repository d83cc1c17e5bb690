#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tongqu/base/finding.hpp"
#include "tongqu/wire/document.hpp"

namespace tongqu::sandbox {

enum class Stage : std::uint8_t { accept, process, special, result };
std::string_view stage_name(Stage stage) noexcept;
std::optional<Stage> stage_of(std::string_view name) noexcept;

/// The name of a member that the sender chose, fit to be repeated: only a short plain name is, since anything else may be a value.
std::string safe_field(std::string_view name);

/// Reasons given for one message at most; further ones are dropped.
constexpr std::size_t kReasonsMax = 100;

/// Why a field is refused; names the field, never its value.
struct Reason {
  std::string field;
  Bilingual reason;
};

/// Step 3 of the checks: members, codes, lengths, times that exist. @param row  Root of the parsed `data`.
std::vector<Reason> check_row(Stage stage, const wire::Node& row);

/// Step 4 for an accept row: the item code (service code 1004) and the numbers of persons and bodies (1003).
struct NumberFaults {
  std::vector<Reason> item;
  std::vector<Reason> other;
};
NumberFaults check_numbers(const wire::Node& row);

/// The time by which a row stands in the order of its case (accept_date, event_start_time, special_time, result_date).
std::string_view time_field(Stage stage) noexcept;

/// A member's text; empty when it is absent or not a string.
std::string_view text_of(const wire::Node& row, std::string_view name);

} // namespace tongqu::sandbox
