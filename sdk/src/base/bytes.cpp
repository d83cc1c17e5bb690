#include "tongqu/base/bytes.hpp"

#include <array>
#include <cstring>

namespace tongqu {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

constexpr std::array<std::int8_t, 256> make_base64_values() {
  std::array<std::int8_t, 256> table{};
  for (auto& v : table) v = -1;
  for (std::size_t i = 0; i < kBase64.size(); ++i) table[static_cast<unsigned char>(kBase64[i])] = static_cast<std::int8_t>(i);
  return table;
}

constexpr auto kBase64Values = make_base64_values();

Error base64_error(std::size_t offset) { return Error(Errc::base_base64_invalid).at("offset " + std::to_string(offset)); }

} // namespace

std::string to_hex(Bytes bytes) {
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto u = static_cast<unsigned char>(c);
    text += kHexDigits[u >> 4];
    text += kHexDigits[u & 15];
  }
  return text;
}

Result<std::string> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return Error(Errc::base_hex_invalid).with("odd number of digits");
  std::string bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = hex_value(text[i]);
    const int low = hex_value(text[i + 1]);
    if (high < 0 || low < 0) return Error(Errc::base_hex_invalid).at("offset " + std::to_string(high < 0 ? i : i + 1));
    bytes += static_cast<char>(high * 16 + low);
  }
  return bytes;
}

std::string to_base64(Bytes bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t rest = bytes.size() - i;
    const auto at = [&](std::size_t k) { return k < rest ? static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i + k])) : 0u; };
    const std::uint32_t group = at(0) << 16 | at(1) << 8 | at(2);
    text += kBase64[group >> 18];
    text += kBase64[group >> 12 & 63];
    text += rest > 1 ? kBase64[group >> 6 & 63] : '=';
    text += rest > 2 ? kBase64[group & 63] : '=';
  }
  return text;
}

Result<std::string> from_base64(std::string_view text, Base64Breaks breaks) {
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3);
  std::uint32_t group = 0;
  int filled = 0;
  int padding = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (breaks == Base64Breaks::skip && (c == '\r' || c == '\n')) continue;
    if (c == '=') {
      if (filled < 2 || filled + padding >= 4) return base64_error(i);
      ++padding;
      continue;
    }
    const int v = kBase64Values[static_cast<unsigned char>(c)];
    if (v < 0 || padding != 0) return base64_error(i);
    group = group << 6 | static_cast<std::uint32_t>(v);
    if (++filled == 4) {
      bytes += static_cast<char>(group >> 16 & 255);
      bytes += static_cast<char>(group >> 8 & 255);
      bytes += static_cast<char>(group & 255);
      group = 0;
      filled = 0;
    }
  }
  if (filled == 0) return bytes;
  if (filled + padding != 4) return base64_error(text.size());
  const bool spare_bits_zero = filled == 2 ? (group & 15) == 0 : (group & 3) == 0;
  if (!spare_bits_zero) return base64_error(text.size());
  group <<= 6 * (4 - filled);
  bytes += static_cast<char>(group >> 16 & 255);
  if (filled == 3) bytes += static_cast<char>(group >> 8 & 255);
  return bytes;
}

bool is_utf8(Bytes bytes, std::size_t* bad_offset) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const auto bad = [&](std::size_t i) {
    if (bad_offset != nullptr) *bad_offset = i;
    return false;
  };
  std::size_t i = 0;
  while (i < bytes.size()) {
    const unsigned char lead = byte(i);
    if (lead < 0x80) {
      // Messages are mostly ASCII: eight bytes at a time while none has its high bit set.
      for (std::uint64_t word = 0; bytes.size() - i >= sizeof word; i += sizeof word) {
        std::memcpy(&word, bytes.data() + i, sizeof word);
        if ((word & 0x8080808080808080u) != 0) break;
      }
      while (i < bytes.size() && byte(i) < 0x80) ++i;
      continue;
    }
    std::size_t more = 0;
    unsigned char low = 0x80, high = 0xBF;
    if (lead >= 0xC2 && lead <= 0xDF) more = 1;
    else if (lead >= 0xE0 && lead <= 0xEF) { more = 2; if (lead == 0xE0) low = 0xA0; if (lead == 0xED) high = 0x9F; }
    else if (lead >= 0xF0 && lead <= 0xF4) { more = 3; if (lead == 0xF0) low = 0x90; if (lead == 0xF4) high = 0x8F; }
    else return bad(i);
    for (std::size_t k = 1; k <= more; ++k) {
      if (i + k >= bytes.size() || byte(i + k) < low || byte(i + k) > high) return bad(i);
      low = 0x80;
      high = 0xBF;
    }
    i += more + 1;
  }
  return true;
}

std::size_t utf8_length(std::string_view text) noexcept {
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80 ? 1u : 0u;
  return count;
}

bool equal_constant_time(Bytes a, Bytes b) noexcept {
  if (a.size() != b.size()) return false;
  unsigned char difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) difference = static_cast<unsigned char>(difference | (static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i])));
  return difference == 0;
}

} // namespace tongqu
