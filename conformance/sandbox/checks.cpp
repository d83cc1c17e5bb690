#include "conformance/sandbox/checks.hpp"

#include <array>
#include <chrono>
#include <cstdio>

namespace tongqu::sandbox {
namespace {

constexpr std::string_view kCreditAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY";
constexpr std::int64_t kBeijingOffsetMs = 8LL * 3600 * 1000;
constexpr std::int64_t kDayMs = 86'400'000;

bool digits(std::string_view text) noexcept {
  for (char c : text) {
    if (c < '0' || c > '9') return false;
  }
  return !text.empty();
}

std::optional<std::int64_t> days_of(std::string_view y, std::string_view m, std::string_view d) noexcept {
  if (!digits(y) || !digits(m) || !digits(d)) return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year(static_cast<int>(*read_number(y))),
                                         std::chrono::month(static_cast<unsigned>(*read_number(m))),
                                         std::chrono::day(static_cast<unsigned>(*read_number(d))));
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date).time_since_epoch().count();
}

struct Civil {
  int year = 0;
  unsigned month = 0, day = 0;
  int hour = 0, minute = 0, second = 0, milli = 0;
};

Civil civil_of(std::int64_t utc_ms) noexcept {
  const std::int64_t day = beijing_day(utc_ms);
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(day))};
  const auto rest = static_cast<int>(utc_ms + kBeijingOffsetMs - day * kDayMs);
  return {static_cast<int>(date.year()), static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
          rest / 3'600'000, rest / 60'000 % 60, rest / 1000 % 60, rest % 1000};
}

} // namespace

std::optional<std::int64_t> read_number(std::string_view text) noexcept {
  if (!digits(text) || text.size() > 18) return std::nullopt;
  std::int64_t value = 0;
  for (char c : text) value = value * 10 + (c - '0');
  return value;
}

bool resident_id_passes(std::string_view id) noexcept {
  constexpr std::array<int, 17> kWeights{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
  if (id.size() != 18 || !digits(id.substr(0, 17))) return false;
  if (!days_of(id.substr(6, 4), id.substr(10, 2), id.substr(12, 2))) return false;
  int sum = 0;
  for (std::size_t i = 0; i < 17; ++i) sum += (id[i] - '0') * kWeights[i];
  const char last = id[17] == 'x' ? 'X' : id[17];
  return last == std::string_view("10X98765432")[static_cast<std::size_t>(sum % 11)];
}

bool credit_code_passes(std::string_view code) noexcept {
  if (code.size() != 18) return false;
  std::size_t sum = 0;
  std::size_t weight = 1;
  for (std::size_t i = 0; i < 17; ++i) {
    const std::size_t value = kCreditAlphabet.find(code[i]);
    if (value == std::string_view::npos) return false;
    sum += value * weight;
    weight = weight * 3 % 31;
  }
  return code[17] == kCreditAlphabet[(31 - sum % 31) % 31];
}

std::optional<ItemFault> item_code_fault(std::string_view code) noexcept {
  if (code.size() != 31) return ItemFault::length;
  if (!credit_code_passes(code.substr(0, 18))) return ItemFault::body;
  if (code[18] < '1' || code[18] > '7') return ItemFault::level;
  const std::string_view catalog = code.substr(19);
  for (char c : catalog) {
    if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'))) return ItemFault::catalog;
  }
  if (catalog.substr(9) == "00Y") return ItemFault::parent;
  if (!digits(catalog.substr(0, 6)) || !digits(catalog.substr(9))) return ItemFault::catalog;
  return std::nullopt;
}

std::optional<std::int64_t> read_date(std::string_view text) noexcept {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  return days_of(text.substr(0, 4), text.substr(5, 2), text.substr(8, 2));
}

std::optional<std::int64_t> read_time(std::string_view text) noexcept {
  if (text.size() != 19 || text[10] != ' ' || text[13] != ':' || text[16] != ':') return std::nullopt;
  const auto days = read_date(text.substr(0, 10));
  const std::string_view h = text.substr(11, 2), m = text.substr(14, 2), s = text.substr(17, 2);
  if (!days || !digits(h) || !digits(m) || !digits(s)) return std::nullopt;
  const std::int64_t hour = *read_number(h), minute = *read_number(m), second = *read_number(s);
  if (hour > 23 || minute > 59 || second > 59) return std::nullopt;
  return *days * 86'400 + hour * 3600 + minute * 60 + second;
}

std::int64_t beijing_day(std::int64_t utc_ms) noexcept {
  const std::int64_t local = utc_ms + kBeijingOffsetMs;
  return local >= 0 ? local / kDayMs : -((-local + kDayMs - 1) / kDayMs);
}

std::string beijing_time(std::int64_t utc_ms) {
  const Civil c = civil_of(utc_ms);
  std::array<char, 64> out{};
  const int n = std::snprintf(out.data(), out.size(), "%04d-%02u-%02u %02d:%02d:%02d", c.year, c.month, c.day, c.hour, c.minute, c.second);
  return {out.data(), static_cast<std::size_t>(n)};
}

std::string beijing_rfc3339(std::int64_t utc_ms) {
  const Civil c = civil_of(utc_ms);
  std::array<char, 64> out{};
  const int n = std::snprintf(out.data(), out.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03d+08:00", c.year, c.month, c.day, c.hour,
                              c.minute, c.second, c.milli);
  return {out.data(), static_cast<std::size_t>(n)};
}

std::optional<std::int64_t> read_rfc3339(std::string_view text) noexcept {
  if (text.size() != 29 || text[10] != 'T' || text[19] != '.' || text.substr(23) != "+08:00") return std::nullopt;
  std::array<char, 19> plain{};
  text.copy(plain.data(), plain.size());
  plain[10] = ' ';
  const auto seconds = read_time({plain.data(), plain.size()});
  const auto millis = read_number(text.substr(20, 3));
  if (!seconds || !millis) return std::nullopt;
  return *seconds * 1000 + *millis - kBeijingOffsetMs;
}

} // namespace tongqu::sandbox
