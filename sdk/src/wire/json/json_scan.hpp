#pragma once
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

/// The inner loops of the JSON reader: plain characters of a string, one UTF-8 sequence, one number. No state, no allocation.
namespace tongqu::wire::detail {

constexpr std::uint64_t every_byte(std::uint8_t value) noexcept { return 0x0101010101010101ull * value; }

/// High bit of the first byte (in memory order, on a little-endian machine) that is a quote, a backslash or a control.
constexpr std::uint64_t escaped_bytes(std::uint64_t word) noexcept {
  const auto zero_byte = [](std::uint64_t w) { return (w - every_byte(1)) & ~w; };
  const std::uint64_t control = (word - every_byte(0x20)) & ~word;
  return (zero_byte(word ^ every_byte('"')) | zero_byte(word ^ every_byte('\\')) | control) & every_byte(0x80);
}

/// How many bytes more than its own eight a word takes in a JSON string: one for a quote and a backslash, five for a control character,
/// which can need less.
constexpr std::size_t escape_bytes_max(std::uint64_t word) noexcept {
  // The high bit of each byte that is zero, and of no other; then their number.
  const auto zero_bytes = [](std::uint64_t w) { return ~(((w & every_byte(0x7F)) + every_byte(0x7F)) | w) & every_byte(0x80); };
  const auto count = [](std::uint64_t high_bits) { return static_cast<std::size_t>((high_bits >> 7) * every_byte(1) >> 56); };
  return count(zero_bytes(word ^ every_byte('"')) | zero_bytes(word ^ every_byte('\\'))) + 5 * count(zero_bytes(word & every_byte(0xE0)));
}

template <class Word>
std::uint64_t load_word(const char* p) noexcept {
  Word word = 0;
  std::memcpy(&word, p, sizeof word);
  return word;
}

/// First byte at or after `p` that a JSON string holds only as an escape; `end` when there is none.
inline const char* skip_unescaped(const char* p, const char* end) noexcept {
  if constexpr (std::endian::native == std::endian::little) {
    const char* const start = p;
    for (; end - p >= 8; p += 8) {
      if (const std::uint64_t hit = escaped_bytes(load_word<std::uint64_t>(p)); hit != 0) return p + std::countr_zero(hit) / 8;
    }
    if (p == end) return end;
    // The rest is looked at together with bytes that were found plain, or as two halves that may overlap.
    if (end - start >= 8) {
      const std::uint64_t hit = escaped_bytes(load_word<std::uint64_t>(end - 8));
      return hit == 0 ? end : end - 8 + std::countr_zero(hit) / 8;
    }
    if (end - p >= 4 && escaped_bytes(load_word<std::uint32_t>(p) | load_word<std::uint32_t>(end - 4) << 32) == 0) return end;
  }
  while (p != end) {
    const auto c = static_cast<unsigned char>(*p);
    if (c < 0x20 || c == '"' || c == '\\') break;
    ++p;
  }
  return p;
}

/// Length of the well-formed sequence of two to four bytes at `p`; 0 when there is none (RFC 3629 section 4).
inline std::size_t utf8_sequence(const char* p, const char* end) noexcept {
  const auto left = static_cast<std::size_t>(end - p);
  const auto byte = [p](std::size_t i) { return static_cast<unsigned char>(p[i]); };
  const auto follows = [&](std::size_t i) { return (byte(i) & 0xC0) == 0x80; };
  const unsigned char lead = byte(0);
  if (lead >= 0xE0 && lead <= 0xEF) {
    if (left < 3 || !follows(1) || !follows(2)) return 0;
    if (lead == 0xE0 && byte(1) < 0xA0) return 0;
    if (lead == 0xED && byte(1) > 0x9F) return 0;
    return 3;
  }
  if (lead >= 0xC2 && lead <= 0xDF) return left >= 2 && follows(1) ? 2 : 0;
  if (lead < 0xF0 || lead > 0xF4 || left < 4 || !follows(1) || !follows(2) || !follows(3)) return 0;
  if (lead == 0xF0 && byte(1) < 0x90) return 0;
  if (lead == 0xF4 && byte(1) > 0x8F) return 0;
  return 4;
}

enum class NumberVerdict : std::uint8_t { good, not_a_number, out_of_range };
struct NumberScan {
  NumberVerdict verdict = NumberVerdict::not_a_number;
  const char* end = nullptr;  ///< One past the number, or the byte that broke it.
};

/// Reads the number at `p` by the grammar of RFC 8259 section 6 and judges its range: at most 1,000 characters, an exponent within
/// +-400, and a magnitude that a finite double can hold. Digits are not limited otherwise; a value too small for a double is good.
NumberScan scan_number(const char* p, const char* end) noexcept;

} // namespace tongqu::wire::detail
