#pragma once
#include <cstdint>
#include <string_view>

namespace tongqu::journal::detail {

struct SipKey {
  std::uint64_t first = 0, second = 0;
};

/// SipHash-2-4: a keyed 64-bit hash that nobody without the key can make collide. @source Aumasson and Bernstein, SipHash, 2012
std::uint64_t siphash(const SipKey& key, std::string_view bytes) noexcept;

/// The same with 128 bits, in one pass. The reference code's 16 bytes are `low` and `high`, each with its lowest byte first.
struct SipHash128 {
  std::uint64_t low = 0, high = 0;
};
SipHash128 siphash128(const SipKey& key, std::string_view bytes) noexcept;

} // namespace tongqu::journal::detail
