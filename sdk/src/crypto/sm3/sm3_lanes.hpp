#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tongqu::crypto::detail {

using Sm3State = std::array<std::uint32_t, 8>;
constexpr std::size_t kSm3BlockBytes = 64;
/// @source GB/T 32905-2016 4.1
constexpr Sm3State kSm3Start = {0x7380166f, 0x4914b2b9, 0x172442d7, 0xda8a0600, 0xa96f30bc, 0x163138aa, 0xe38dee4d, 0xb0fb0e4e};

/// One of many texts that are digested side by side: a chain of rounds cannot be made shorter, but sixteen of them (eight where the processor
/// has no AVX-512) fit into the time of one.
struct Sm3Chain {
  struct Run {
    const unsigned char* blocks = nullptr;
    std::size_t count = 0;  ///< Of whole blocks.
  };
  Sm3State state = kSm3Start;
  std::array<Run, 3> runs;  ///< Padding included; empty ones are passed over.
};

/// Takes all blocks of all chains into their states: each lane goes from one chain to the next, the longest first.
void sm3_compress(std::vector<Sm3Chain>& chains);

/// A text in the form of a chain, without copying its middle: what stands in front of it, the text, and the padding of SM3.
/// @source GB/T 32905-2016 5.2
class Sm3Text {
public:
  /// @param before  Bytes that `start` has taken in already.
  Sm3Text(const Sm3State& start, std::size_t before, std::string_view front, std::string_view text);
  Sm3Chain chain() const;  ///< Points into this object and into the text.

private:
  Sm3State start_;
  std::string front_;  ///< Whole blocks: `front` and the first bytes of the text.
  Sm3Chain::Run middle_;
  std::array<unsigned char, 2 * kSm3BlockBytes> tail_{};
  std::size_t tail_blocks_ = 1;
};

/// The state after each text, in their order; all side by side.
std::vector<Sm3State> sm3_states(const std::vector<Sm3Text>& texts);

/// The 32 bytes of a digest.
std::string sm3_bytes(const Sm3State& state);

/// The ways this processor can do it, for the tests: 0 is the plain one.
int sm3_ways() noexcept;
void sm3_compress(std::vector<Sm3Chain>& chains, int way);

} // namespace tongqu::crypto::detail
