#include "encoding/gb18030.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <iterator>
#include <memory>

namespace tongqu::wire::detail {
namespace {

struct FourByteRange { std::uint16_t pointer; char16_t code; };
#include "encoding/gb18030_table.inc"

constexpr std::size_t kTrails = 190;
static_assert(std::size(kTwoByte) == 126 * kTrails + 1, "126 lead bytes of 190 characters, and the literal's end");

constexpr std::uint32_t kBmpPointers = 39420;        // 81308130 to 8431A439: up to U+FFFF
constexpr std::uint32_t kPlanesPointer = 189000;     // 90308130 is U+10000
constexpr std::uint32_t kPlanes = 0x110000 - 0x10000;
constexpr char32_t kNone = 0xFFFFFFFF;

constexpr bool is_lead(unsigned char c) noexcept { return c >= 0x81 && c <= 0xFE; }
constexpr bool is_digit(unsigned char c) noexcept { return c >= 0x30 && c <= 0x39; }

char32_t four_byte_code(std::uint32_t pointer) noexcept {
  if (pointer >= kPlanesPointer) return pointer - kPlanesPointer < kPlanes ? 0x10000 + pointer - kPlanesPointer : kNone;
  if (pointer >= kBmpPointers) return kNone;
  const auto above = std::upper_bound(std::begin(kFourByte), std::end(kFourByte), pointer,
                                      [](std::uint32_t p, const FourByteRange& range) { return p < range.pointer; });
  const FourByteRange& range = *std::prev(above);
  return static_cast<char32_t>(range.code) + pointer - range.pointer;
}

/// Reads one sequence that begins with a byte above 7F; returns its length, 0 when it is bad.
std::size_t read_sequence(const unsigned char* at, const unsigned char* end, char32_t& code) noexcept {
  const auto left = static_cast<std::size_t>(end - at);
  if (!is_lead(at[0]) || left < 2) return 0;
  const unsigned char trail = at[1];
  if (trail >= 0x40 && trail != 0x7F && trail != 0xFF) {
    const std::size_t column = trail - (trail < 0x7F ? 0x40u : 0x41u);
    code = kTwoByte[(at[0] - 0x81u) * kTrails + column];
    return 2;
  }
  if (!is_digit(trail) || left < 4 || !is_lead(at[2]) || !is_digit(at[3])) return 0;
  code = four_byte_code(((at[0] - 0x81u) * 10 + (trail - 0x30u)) * 1260 + (at[2] - 0x81u) * 10 + (at[3] - 0x30u));
  return code == kNone ? 0 : 4;
}

/// The tables turned round: bytes, or pointer, of each character of the basic plane.
struct Reverse {
  std::array<std::uint16_t, 0x10000> two{};   // 0: none
  std::array<std::uint16_t, 0x10000> four{};  // pointer + 1; 0: none

  Reverse() {
    for (std::uint32_t i = 0; i < 126 * kTrails; ++i) {
      const std::uint32_t column = i % kTrails;
      two[kTwoByte[i]] = static_cast<std::uint16_t>((0x81 + i / kTrails) << 8 | (column + (column < 0x3F ? 0x40 : 0x41)));
    }
    for (std::size_t i = 0; i < std::size(kFourByte); ++i) {
      const std::uint32_t end = i + 1 < std::size(kFourByte) ? kFourByte[i + 1].pointer : kBmpPointers;
      for (std::uint32_t p = kFourByte[i].pointer; p < end; ++p) {
        four[kFourByte[i].code + p - kFourByte[i].pointer] = static_cast<std::uint16_t>(p + 1);
      }
    }
  }
};

const Reverse& reverse() {
  static const std::unique_ptr<const Reverse> table = std::make_unique<const Reverse>();
  return *table;
}

void append_pointer(std::string& out, std::uint32_t pointer) {
  out += static_cast<char>(0x81 + pointer / 12600);
  out += static_cast<char>(0x30 + pointer / 1260 % 10);
  out += static_cast<char>(0x81 + pointer / 10 % 126);
  out += static_cast<char>(0x30 + pointer % 10);
}

bool in_gb2312_area(std::uint16_t pair) noexcept {
  const unsigned lead = pair >> 8;
  return lead >= 0xA1 && lead <= 0xF7 && (pair & 0xFF) >= 0xA1;
}

} // namespace

std::size_t ascii_run(const char* at, const char* end) noexcept {
  const char* const begin = at;
  while (end - at >= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, 8);
    if ((word & 0x8080808080808080u) != 0) break;
    at += 8;
  }
  while (at != end && static_cast<unsigned char>(*at) < 0x80) ++at;
  return static_cast<std::size_t>(at - begin);
}

char* put_utf8(char* out, char32_t code) noexcept {
  const auto put = [&out](char32_t byte) { *out++ = static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | code >> 6);
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3F));
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  }
  return out;
}

std::size_t decode_gb18030(Bytes bytes, std::string& out) {
  const std::size_t before = out.size();
  out.resize(before + bytes.size() + bytes.size() / 2 + 4);  // Two bytes become three at most, four stay four.
  char* to = out.data() + before;
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  std::size_t fault = kNoFault;
  while (at != end) {
    if (const std::size_t run = ascii_run(at, end); run != 0) {
      std::memcpy(to, at, run);
      to += run;
      at += run;
      continue;
    }
    char32_t code = 0;
    const auto* const bad_or_wide = reinterpret_cast<const unsigned char*>(at);
    const std::size_t length = read_sequence(bad_or_wide, bad_or_wide + (end - at), code);
    if (length == 0) {
      fault = static_cast<std::size_t>(at - bytes.data());
      break;
    }
    to = put_utf8(to, code);
    at += length;
  }
  out.resize(static_cast<std::size_t>(to - out.data()));
  return fault;
}

bool encode_gb18030(char32_t code, Repertoire repertoire, std::string& out) {
  if (code < 0x80) {
    out += static_cast<char>(code);
    return true;
  }
  const std::uint16_t pair = code < 0x10000 ? reverse().two[code] : std::uint16_t{0};
  if (pair != 0) {
    if (repertoire == Repertoire::gb2312 && !in_gb2312_area(pair)) return false;
    out += static_cast<char>(pair >> 8);
    out += static_cast<char>(pair & 0xFF);
    return true;
  }
  if (repertoire != Repertoire::gb18030) return false;
  if (code >= 0x10000) {
    append_pointer(out, kPlanesPointer + static_cast<std::uint32_t>(code) - 0x10000);
    return true;
  }
  const std::uint16_t pointer = reverse().four[code];
  if (pointer == 0) return false;
  append_pointer(out, pointer - 1u);
  return true;
}

} // namespace tongqu::wire::detail
