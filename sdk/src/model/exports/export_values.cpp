#include "export_values.hpp"

#include <array>
#include <cstdint>

#include "tongqu/model/exports.hpp"

namespace tongqu::model {

std::int64_t natural_days_at_most(std::int64_t working_days) noexcept {
  if (working_days <= 0) return 0;
  const std::int64_t weekdays = working_days + 7 + (working_days - 1) / 20;
  return weekdays + 2 * ((weekdays + 4) / 5);
}

namespace detail {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// Takes `word` off the front.
bool take(std::string_view& text, std::string_view word) {
  if (text.substr(0, word.size()) != word) return false;
  text.remove_prefix(word.size());
  return true;
}
bool take_any(std::string_view& text, std::initializer_list<std::string_view> words) {
  for (const std::string_view word : words) {
    if (take(text, word)) return true;
  }
  return false;
}
void skip_blanks(std::string_view& text) {
  while (take_any(text, {" ", "　", "\t", "\n"})) {}
}

/// Digits of a decimal and the power of ten that they are divided by. At most nine digits, so that nothing below overflows.
struct Decimal { std::int64_t digits = 0, scale = 1; };
std::optional<Decimal> decimal_of(std::string_view text) {
  Decimal decimal;
  bool point = false;
  std::size_t count = 0;
  for (const char c : text) {
    if (c == '.' && !point && count != 0) {
      point = true;
      continue;
    }
    if (!is_digit(c) || ++count > 9) return std::nullopt;
    decimal.digits = decimal.digits * 10 + (c - '0');
    if (point) decimal.scale *= 10;
  }
  if (count == 0 || text.back() == '.') return std::nullopt;
  return decimal;
}

} // namespace

bool is_absolute_uri(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0 || !is_letter(text[0])) return false;
  for (const char c : text.substr(0, colon)) {
    if (!is_letter(c) && !is_digit(c) && c != '+' && c != '-' && c != '.') return false;
  }
  for (const char c : text) {
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7f || std::string_view("<>\"{}|\\^`").find(c) != std::string_view::npos) return false;
  }
  return true;
}

bool is_web_address(std::string_view text) {
  const bool web = text.substr(0, 8) == "https://" || text.substr(0, 7) == "http://";
  return web && text.size() > text.find("//") + 2 && is_absolute_uri(text);
}

void append_percent_encoded(std::string& out, std::string_view text) {
  constexpr char kHex[] = "0123456789ABCDEF";
  for (const char c : text) {
    if (is_letter(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~') {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
}

bool is_phone(std::string_view text) {
  std::size_t digits = 0;
  for (const char c : text) {
    if (is_digit(c)) ++digits;
    else if (std::string_view("+-() /").find(c) == std::string_view::npos) return false;
  }
  return digits >= 3;
}

std::optional<Duration> duration_of(const Quantity& quantity) {
  const auto decimal = decimal_of(quantity.value);
  if (!decimal) return std::nullopt;
  using Unit = Quantity::Unit;
  const std::int64_t number = decimal->digits;
  if (quantity.unit == Unit::working_day) {
    const std::int64_t days = (number + decimal->scale - 1) / decimal->scale;
    return Duration{"P" + std::to_string(natural_days_at_most(days)) + "D", true};
  }
  if (decimal->scale == 1) {
    const std::string text = std::to_string(number);
    switch (quantity.unit) {
      case Unit::minute: return Duration{"PT" + text + "M", false};
      case Unit::hour: return Duration{"PT" + text + "H", false};
      case Unit::calendar_day: return Duration{"P" + text + "D", false};
      case Unit::week: return Duration{"P" + std::to_string(number * 7) + "D", false};
      case Unit::month: return Duration{"P" + text + "M", false};
      case Unit::year: return Duration{"P" + text + "Y", false};
      case Unit::none:
      case Unit::working_day: return std::nullopt;
    }
  }
  constexpr std::int64_t kDay = 86400;
  const std::int64_t unit = quantity.unit == Unit::minute ? 60 : quantity.unit == Unit::hour ? 3600 : quantity.unit == Unit::calendar_day ? kDay : quantity.unit == Unit::week ? 7 * kDay : 0;
  const std::int64_t seconds = number * unit;
  if (unit == 0 || seconds % decimal->scale != 0) return std::nullopt;
  return Duration{"PT" + std::to_string(seconds / decimal->scale) + "S", false};
}

std::optional<std::string> amount_of(std::string_view tariff) {
  skip_blanks(tariff);
  std::size_t length = 0;
  while (length < tariff.size() && (is_digit(tariff[length]) || tariff[length] == '.')) ++length;
  const std::string_view number = tariff.substr(0, length);
  if (!decimal_of(number)) return std::nullopt;
  const auto money = money_from(number);
  if (!money) return std::nullopt;
  tariff.remove_prefix(length);
  skip_blanks(tariff);
  const bool yuan = take_any(tariff, {"元"});
  skip_blanks(tariff);
  if (tariff.empty()) return money->yuan;
  // "元/件": the amount is per something, which the text beside it says. Another digit would be another amount.
  if (!yuan || !take_any(tariff, {"/", "每"})) return std::nullopt;
  for (const char c : tariff) {
    if (is_digit(c)) return std::nullopt;
  }
  return money->yuan;
}

namespace {

/// A day of the week after 周, 星期 or 礼拜; `named` when the word before it may be missing (周一至五).
int take_day(std::string_view& text, bool named) {
  const bool word = take_any(text, {"周", "星期", "礼拜"});
  if (!word && !named) return 0;
  constexpr std::string_view kDays[] = {"一", "二", "三", "四", "五", "六", "日"};
  for (int day = 1; day <= 7; ++day) {
    if (take(text, kDays[day - 1])) return day;
  }
  return take(text, "天") ? 7 : 0;
}

bool take_dash(std::string_view& text) {
  skip_blanks(text);
  const bool dash = take_any(text, {"至", "到", "-", "－", "—", "–", "~", "～"});
  skip_blanks(text);
  return dash;
}

std::string take_time(std::string_view& text) {
  std::size_t digits = 0;
  int hour = 0, minute = 0;
  while (digits < 2 && digits < text.size() && is_digit(text[digits])) hour = hour * 10 + (text[digits++] - '0');
  if (digits == 0) return {};
  text.remove_prefix(digits);
  if (!take_any(text, {":", "："})) return {};
  if (text.size() < 2 || !is_digit(text[0]) || !is_digit(text[1])) return {};
  minute = (text[0] - '0') * 10 + (text[1] - '0');
  text.remove_prefix(2);
  if (hour > 23 || minute > 59) return {};
  const std::string two = std::to_string(hour);
  return (two.size() == 1 ? "0" : "") + two + ":" + (minute < 10 ? "0" : "") + std::to_string(minute);
}

void skip_between(std::string_view& text) {
  for (bool more = true; more;) {
    skip_blanks(text);
    more = take_any(text, {",", "，", ";", "；", "、", ":", "：", "。"});
  }
}

} // namespace

std::optional<std::vector<OpeningHours>> opening_hours_of(std::string_view text) {
  std::vector<OpeningHours> hours;
  int first = 0, last = 0;
  skip_between(text);
  while (!text.empty()) {
    if (const int day = take_day(text, false); day != 0) {
      first = last = day;
      if (take_dash(text)) last = take_day(text, true);
      if (last < first) return std::nullopt;
      skip_between(text);
    }
    const bool afternoon = take_any(text, {"下午"});
    if (!afternoon) take_any(text, {"上午"});
    skip_blanks(text);
    OpeningHours one{first, last, take_time(text), {}};
    if (first == 0 || one.opens.empty() || !take_dash(text)) return std::nullopt;
    one.closes = take_time(text);
    // 下午 1:30 is told in hours of twelve; which one is meant is not guessed.
    if (one.closes <= one.opens || (afternoon && one.opens < "12:00")) return std::nullopt;
    hours.push_back(std::move(one));
    skip_between(text);
  }
  if (hours.empty()) return std::nullopt;
  return hours;
}

namespace {

/// SHA-1, which version 5 of UUIDs is made with. It names things and protects nothing.
std::array<std::uint8_t, 20> sha1(std::string message) {
  const std::uint64_t bits = std::uint64_t{message.size()} * 8;
  message += '\x80';
  while (message.size() % 64 != 56) message += '\0';
  for (int shift = 56; shift >= 0; shift -= 8) message += static_cast<char>(bits >> shift & 0xff);
  const auto rotate = [](std::uint32_t value, int by) { return value << by | value >> (32 - by); };
  std::array<std::uint32_t, 5> h{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
  for (std::size_t block = 0; block < message.size(); block += 64) {
    std::array<std::uint32_t, 80> w{};
    for (std::size_t i = 0; i < 64; ++i) w[i / 4] = w[i / 4] << 8 | static_cast<std::uint8_t>(message[block + i]);
    for (std::size_t i = 16; i < 80; ++i) w[i] = rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    auto [a, b, c, d, e] = h;
    for (std::size_t i = 0; i < 80; ++i) {
      const std::uint32_t f = i < 20 ? (b & c) | (~b & d) : i < 40 || i >= 60 ? b ^ c ^ d : (b & c) | (b & d) | (c & d);
      constexpr std::uint32_t kRounds[] = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};
      const std::uint32_t next = rotate(a, 5) + f + e + kRounds[i / 20] + w[i];
      e = d;
      d = c;
      c = rotate(b, 30);
      b = a;
      a = next;
    }
    h = {h[0] + a, h[1] + b, h[2] + c, h[3] + d, h[4] + e};
  }
  std::array<std::uint8_t, 20> digest{};
  for (std::size_t i = 0; i < 20; ++i) digest[i] = static_cast<std::uint8_t>(h[i / 4] >> (24 - 8 * (i % 4)) & 0xff);
  return digest;
}

} // namespace

std::string uuid_of_url(std::string_view url) {
  // 6ba7b811-9dad-11d1-80b4-00c04fd430c8, the namespace of URLs.
  std::string named("\x6b\xa7\xb8\x11\x9d\xad\x11\xd1\x80\xb4\x00\xc0\x4f\xd4\x30\xc8", 16);
  auto bytes = sha1(named.append(url));
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0f) | 0x50);
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3f) | 0x80);
  constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += kHex[bytes[i] >> 4];
    text += kHex[bytes[i] & 15];
  }
  return text;
}

} // namespace detail
} // namespace tongqu::model
