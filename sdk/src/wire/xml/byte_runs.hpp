#pragma once
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace tongqu::wire::detail {

/// What a byte can be in markup.
enum ByteClass : std::uint8_t { kNameStartByte = 1, kNameByte = 2, kBlankByte = 4 };

constexpr std::array<std::uint8_t, 256> kByteClasses = [] {
  std::array<std::uint8_t, 256> classes{};
  for (std::size_t c = 'a'; c <= 'z'; ++c) classes[c] = classes[c - 32] = kNameStartByte | kNameByte;
  for (std::size_t c = '0'; c <= '9'; ++c) classes[c] = kNameByte;
  classes['_'] = kNameStartByte | kNameByte;
  classes['-'] = classes['.'] = kNameByte;
  for (const std::size_t c : {' ', '\t', '\r', '\n'}) classes[c] = kBlankByte;
  return classes;
}();

inline std::uint8_t byte_at(const char* at) noexcept { return static_cast<std::uint8_t>(*at); }
inline bool is_class(const char* at, ByteClass wanted) noexcept { return (kByteClasses[byte_at(at)] & wanted) != 0; }
inline bool is_multibyte(const char* at) noexcept { return byte_at(at) >= 0x80; }
inline bool is_blank(const char* begin, const char* end) noexcept {
  while (begin != end && is_class(begin, kBlankByte)) ++begin;
  return begin == end;
}

/// Where a run of plain bytes ends: at one of three bytes, at a control character, at any byte from 0x80 on. Tab and line feed, and
/// carriage return, are control characters here unless they are named plain.
struct Stops {
  char a;
  char b;
  char c;
  bool tab_lf_plain;
  bool cr_plain;
};

template <Stops kStops>
constexpr std::array<bool, 256> kStopTable = [] {
  std::array<bool, 256> table{};
  for (std::size_t c = 0; c < 256; ++c) table[c] = c < 0x20 || c >= 0x80;
  table['\t'] = table['\n'] = !kStops.tab_lf_plain;
  table['\r'] = !kStops.cr_plain;
  for (const char c : {kStops.a, kStops.b, kStops.c}) table[static_cast<std::uint8_t>(c)] = true;
  return table;
}();

/// Byte by byte: for the tail of a document, and what the others are measured against.
struct ScalarRuns {
  template <Stops kStops>
  static const char* plain(const char* at, const char* end) noexcept {
    while (at != end && !kStopTable<kStops>[byte_at(at)]) ++at;
    return at;
  }
  /// First byte that is no ASCII byte of a name; a colon is none.
  static const char* name(const char* at, const char* end) noexcept {
    while (at != end && is_class(at, kNameByte)) ++at;
    return at;
  }
};

/// Eight bytes a step in a register; for machines without the instructions below. A word with anything odd in it is looked at byte by byte.
struct WordRuns {
  static constexpr std::uint64_t kOnes = 0x0101010101010101u;
  static constexpr std::uint64_t kHighs = 0x8080808080808080u;

  template <Stops kStops>
  static const char* plain(const char* at, const char* end) noexcept {
    for (; end - at >= 8; at += 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, at, 8);
      const std::uint64_t odd = word | (word - kOnes * 0x20u) | zero_bytes(word, kStops.a) | zero_bytes(word, kStops.b) | zero_bytes(word, kStops.c);
      if ((odd & kHighs) == 0) continue;
      const char* const stop = ScalarRuns::plain<kStops>(at, at + 8);
      if (stop != at + 8) return stop;
    }
    return ScalarRuns::plain<kStops>(at, end);
  }
  static const char* name(const char* at, const char* end) noexcept { return ScalarRuns::name(at, end); }

private:
  static std::uint64_t zero_bytes(std::uint64_t word, char c) noexcept {
    const std::uint64_t changed = word ^ (kOnes * static_cast<std::uint8_t>(c));
    return (changed - kOnes) & ~changed;
  }
};

#if defined(__SSE2__)
/// Sixteen bytes a step.
struct BlockRuns {
  template <Stops kStops>
  static const char* plain(const char* at, const char* end) noexcept {
    for (; end - at >= 16; at += 16) {
      const __m128i block = load(at);
      // Signed: what is below a space is a control character or not ASCII.
      __m128i stop = _mm_cmplt_epi8(block, _mm_set1_epi8(0x20));
      if constexpr (kStops.tab_lf_plain) stop = _mm_andnot_si128(_mm_or_si128(equal(block, '\t'), equal(block, '\n')), stop);
      if constexpr (kStops.cr_plain) stop = _mm_andnot_si128(equal(block, '\r'), stop);
      stop = _mm_or_si128(stop, equal(block, kStops.a));
      if constexpr (kStops.b != kStops.a) stop = _mm_or_si128(stop, equal(block, kStops.b));
      if constexpr (kStops.c != kStops.a) stop = _mm_or_si128(stop, equal(block, kStops.c));
      if (const unsigned mask = bits(stop); mask != 0) return at + std::countr_zero(mask);
    }
    return ScalarRuns::plain<kStops>(at, end);
  }
  static const char* name(const char* at, const char* end) noexcept {
    for (; end - at >= 16; at += 16) {
      const __m128i block = load(at);
      const __m128i lower = _mm_or_si128(block, _mm_set1_epi8(0x20));
      const __m128i letter = _mm_and_si128(_mm_cmpgt_epi8(lower, _mm_set1_epi8('a' - 1)), _mm_cmplt_epi8(lower, _mm_set1_epi8('z' + 1)));
      // From hyphen to nine stand the hyphen, the stop, the solidus and the digits.
      const __m128i figure = _mm_and_si128(_mm_cmpgt_epi8(block, _mm_set1_epi8('-' - 1)), _mm_cmplt_epi8(block, _mm_set1_epi8('9' + 1)));
      const __m128i in_name = _mm_or_si128(_mm_or_si128(letter, equal(block, '_')), _mm_andnot_si128(equal(block, '/'), figure));
      if (const unsigned mask = bits(in_name) ^ 0xFFFFu; mask != 0) return at + std::countr_zero(mask);
    }
    return ScalarRuns::name(at, end);
  }

private:
  static __m128i load(const char* at) noexcept { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at)); }
  static __m128i equal(__m128i block, char c) noexcept { return _mm_cmpeq_epi8(block, _mm_set1_epi8(c)); }
  static unsigned bits(__m128i block) noexcept { return static_cast<unsigned>(_mm_movemask_epi8(block)); }
};
using Runs = BlockRuns;

/// Copies sixteen bytes; answers how many of them a JSON string holds as they are, in front of the first that it holds only as an escape.
inline std::size_t copy_json_block(char* to, const char* from) noexcept {
  const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), block);
  const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(block, _mm_set1_epi8(0x1F)), block);
  const __m128i quote = _mm_cmpeq_epi8(block, _mm_set1_epi8('"'));
  const __m128i backslash = _mm_cmpeq_epi8(block, _mm_set1_epi8('\\'));
  const unsigned mask = static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(control, _mm_or_si128(quote, backslash))));
  return mask == 0 ? 16 : static_cast<std::size_t>(std::countr_zero(mask));
}
#else
using Runs = WordRuns;
#endif

/// The character at `at`, whose first byte is 0x80 or more, as Expat judges it: its length when it is UTF-8 and a character of XML,
/// kBadCharacter, or kCutCharacter when the document ends before its first byte's promise.
constexpr int kBadCharacter = 0;
constexpr int kCutCharacter = -1;
inline int multibyte_length(const char* at, const char* end) noexcept {
  const auto trail = [at](std::ptrdiff_t i) { return (byte_at(at + i) & 0xC0) == 0x80; };
  const std::uint8_t lead = byte_at(at);
  if (lead < 0xC0 || lead > 0xF4) return kBadCharacter;
  const int length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (end - at < length) return kCutCharacter;
  if (!trail(1)) return kBadCharacter;
  const std::uint8_t second = byte_at(at + 1);
  if (length == 2) return lead >= 0xC2 ? 2 : kBadCharacter;
  if (!trail(2)) return kBadCharacter;
  if (length == 3) {
    if (lead == 0xE0) return second >= 0xA0 ? 3 : kBadCharacter;
    if (lead == 0xED) return second <= 0x9F ? 3 : kBadCharacter;
    // U+FFFE and U+FFFF are no characters.
    return lead == 0xEF && second == 0xBF && byte_at(at + 2) > 0xBD ? kBadCharacter : 3;
  }
  if (!trail(3)) return kBadCharacter;
  if (lead == 0xF0) return second >= 0x90 ? 4 : kBadCharacter;
  return lead == 0xF4 && second > 0x8F ? kBadCharacter : 4;
}

/// How many of the bytes from `at` on are characters of three bytes that need no second look, as nearly all of Chinese does: those of
/// U+1000 to U+CFFF. Three bytes at most, or none.
inline int common_length(const char* at, const char* end) noexcept {
  if (end - at < 4) return 0;
  std::uint32_t word = 0;
  std::memcpy(&word, at, 4);
  if constexpr (std::endian::native == std::endian::little) {
    return (word & 0x00C0C0F0u) == 0x008080E0u && (word & 0xFFu) - 0xE1u < 0x0Cu ? 3 : 0;
  } else {
    return (word & 0xF0C0C000u) == 0xE0808000u && (word >> 24) - 0xE1u < 0x0Cu ? 3 : 0;
  }
}

/// The same for a run of such characters: a multiple of three bytes, or none.
inline std::size_t common_run(const char* at, const char* end) noexcept {
#if defined(__SSE2__)
  if (end - at >= 16) {
    // Four characters and four bytes that are none. E1 to EC, then twice 80 to BF.
    const __m128i lowest = _mm_setr_epi8(-31, -128, -128, -31, -128, -128, -31, -128, -128, -31, -128, -128, -1, -1, -1, -1);
    const __m128i highest = _mm_setr_epi8(-20, -65, -65, -20, -65, -65, -20, -65, -65, -20, -65, -65, 0, 0, 0, 0);
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m128i within = _mm_cmpeq_epi8(_mm_max_epu8(_mm_min_epu8(block, highest), lowest), block);
    const unsigned beyond = (static_cast<unsigned>(_mm_movemask_epi8(within)) ^ 0xFFFu) | 0x1000u;
    const auto run = static_cast<std::size_t>(std::countr_zero(beyond));
    return run - run % 3;
  }
#endif
  return static_cast<std::size_t>(common_length(at, end));
}

/// Whether two places hold the same `size` bytes. `later` stands behind `earlier` in one text that ends at `end`.
inline bool same_bytes(const char* earlier, const char* later, std::size_t size, const char* end) noexcept {
#if defined(__SSE2__)
  if (size <= 16 && end - later >= 16) {
    const __m128i a = _mm_loadu_si128(reinterpret_cast<const __m128i*>(earlier));
    const __m128i b = _mm_loadu_si128(reinterpret_cast<const __m128i*>(later));
    const unsigned differ = static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(a, b))) ^ 0xFFFFu;
    return (differ & ((1u << size) - 1u)) == 0;
  }
#endif
  return end - later >= static_cast<std::ptrdiff_t>(size) && std::memcmp(earlier, later, size) == 0;
}

/// The code point of a character that multibyte_length has judged good.
inline std::uint32_t multibyte_code(const char* at, int length) noexcept {
  const auto six = [at](std::ptrdiff_t i) { return static_cast<std::uint32_t>(byte_at(at + i) & 0x3F); };
  const std::uint32_t lead = byte_at(at);
  if (length == 2) return (lead & 0x1F) << 6 | six(1);
  if (length == 3) return (lead & 0x0F) << 12 | six(1) << 6 | six(2);
  return (lead & 0x07) << 18 | six(1) << 12 | six(2) << 6 | six(3);
}

} // namespace tongqu::wire::detail
