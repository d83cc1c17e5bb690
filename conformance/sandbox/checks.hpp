#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// The sandbox's own few lines for numbers and times, from the published formulas.
namespace tongqu::sandbox {

/// 18 characters, a date that exists, check character by MOD 11-2. @source GB 11643
bool resident_id_passes(std::string_view id) noexcept;
/// 18 characters of the 31-letter alphabet, check character by MOD 31-3. @source GB 32100
bool credit_code_passes(std::string_view code) noexcept;

enum class ItemFault : std::uint8_t { length, body, level, catalog, parent };
/// 31 characters: credit code of the body, level 1 to 7, catalogue code of an item that can have cases.
std::optional<ItemFault> item_code_fault(std::string_view code) noexcept;

/// "yyyy-MM-dd HH:mm:ss" that exists, as seconds since 1970 on the clock that the text was read from (Beijing).
std::optional<std::int64_t> read_time(std::string_view text) noexcept;
/// "yyyy-MM-dd" that exists, as days since 1970.
std::optional<std::int64_t> read_date(std::string_view text) noexcept;
/// UTC milliseconds as Beijing time: "yyyy-MM-dd HH:mm:ss".
std::string beijing_time(std::int64_t utc_ms);
/// UTC milliseconds as days since 1970 in Beijing.
std::int64_t beijing_day(std::int64_t utc_ms) noexcept;
/// UTC milliseconds as RFC 3339 with offset +08:00 and milliseconds.
std::string beijing_rfc3339(std::int64_t utc_ms);
/// The reverse of beijing_rfc3339.
std::optional<std::int64_t> read_rfc3339(std::string_view text) noexcept;

/// Decimal digits only, at most 18.
std::optional<std::int64_t> read_number(std::string_view text) noexcept;

} // namespace tongqu::sandbox
