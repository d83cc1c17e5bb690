#pragma once
#include <cstddef>

namespace tongqu::crypto::detail {

/// SM4 in counter mode, sixteen blocks (32 where the processor has GFNI and AVX-512) side by side in vector registers. OpenSSL 3.0 has SM4 for x86-64 in plain C only, one block after
/// the other through a table of 1 KB: 34 us for 4 KB, the largest single cost of a sealed message. This takes a fifth of it, and as it
/// looks nothing up by a secret index its time tells nothing about key or text. Where the processor lacks AES or AVX2 the engine's own
/// cipher is used; the tests compare the two. docs/decisions/0005-own-sm4.md
///
/// The substitution box is an inversion in GF(2^8) between two affine maps, as that of AES is: with a change of field on both sides one
/// AES instruction does it for sixteen bytes at once. make_sm4_lanes.py works the two changes out from the definition of both boxes.
///
/// @source GB/T 32907-2016 clauses 6 and 7; FIPS 197 5.1.1 for the box that the instruction holds.
bool sm4_lanes_offered() noexcept;

struct Sm4CtrJob {
  const unsigned char* key;     ///< 16 bytes.
  const unsigned char* counter; ///< 16 bytes, the first block's; counts up as one big-endian number.
  const unsigned char* in;
  std::size_t size;
  unsigned char* out;           ///< `size` bytes; may be `in`.
};
/// Seals and opens. Only where sm4_lanes_offered().
void sm4_ctr_lanes(const Sm4CtrJob& job) noexcept;

/// The ways this processor can do it, for the tests; 0 when it has none.
int sm4_ways() noexcept;
void sm4_ctr_lanes(const Sm4CtrJob& job, int way) noexcept;

} // namespace tongqu::crypto::detail
