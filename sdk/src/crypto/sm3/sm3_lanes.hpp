#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace tongqu::crypto::detail {

using Sm3State = std::array<std::uint32_t, 8>;
constexpr std::size_t kSm3BlockBytes = 64;
constexpr std::size_t kSm3Lanes = 8;
/// @source GB/T 32905-2016 4.1
constexpr Sm3State kSm3Start = {0x7380166f, 0x4914b2b9, 0x172442d7, 0xda8a0600, 0xa96f30bc, 0x163138aa, 0xe38dee4d, 0xb0fb0e4e};

/// One of up to eight messages that are digested side by side: a chain of rounds cannot be made shorter, but eight of them fit into the time of one.
struct Sm3Lane {
  Sm3State state = kSm3Start;
  const unsigned char* blocks = nullptr; ///< Whole blocks, padding included.
  std::size_t count = 0;                 ///< 0: the lane is empty.
};

/// Takes all blocks of all lanes into their states. Takes as long as the longest lane.
void sm3_compress(std::array<Sm3Lane, kSm3Lanes>& lanes);

/// Padding of SM3 after a text that has so many bytes before it in the digest. @source GB/T 32905-2016 5.2
void sm3_pad(std::string& text, std::size_t before);
/// The 32 bytes of a digest.
std::string sm3_bytes(const Sm3State& state);

/// The ways this processor can do it, for the tests: 0 is the plain one.
int sm3_ways() noexcept;
void sm3_compress(std::array<Sm3Lane, kSm3Lanes>& lanes, int way);

} // namespace tongqu::crypto::detail
