#include "crypto/sm4/sm4_lanes.hpp"

#include <array>
#include <cstdint>
#include <cstring>

#if defined(__x86_64__) && defined(__GNUC__)
#define TONGQU_SM4_LANES 1
#include <immintrin.h>
#else
#define TONGQU_SM4_LANES 0
#endif

namespace tongqu::crypto::detail {

#if TONGQU_SM4_LANES

#define TONGQU_LANES __attribute__((target("aes,avx2"), always_inline)) inline

namespace {

constexpr std::size_t kBlock = 16;
constexpr std::size_t kInRegister = 8;  ///< Blocks whose words share a register.
constexpr std::size_t kAtOnce = 2 * kInRegister;
constexpr std::size_t kRounds = 32;

using RoundKeys = std::array<std::uint32_t, kRounds>;

// From make_sm4_lanes.py: the map before and after the AES box, each as what a low and what a high half of a byte adds.
alignas(16) constexpr std::uint8_t kBeforeLow[16] = {0x3e, 0xb2, 0x0e, 0x82, 0xbb, 0x37, 0x8b, 0x07, 0xa1, 0x2d, 0x91, 0x1d, 0x24, 0xa8, 0x14, 0x98};
alignas(16) constexpr std::uint8_t kBeforeHigh[16] = {0x00, 0xdc, 0x2e, 0xf2, 0xc5, 0x19, 0xeb, 0x37, 0x08, 0xd4, 0x26, 0xfa, 0xcd, 0x11, 0xe3, 0x3f};
alignas(16) constexpr std::uint8_t kAfterLow[16] = {0x6c, 0xd4, 0xa6, 0x1e, 0x52, 0xea, 0x98, 0x20, 0x0b, 0xb3, 0xc1, 0x79, 0x35, 0x8d, 0xff, 0x47};
alignas(16) constexpr std::uint8_t kAfterHigh[16] = {0x00, 0xe0, 0x50, 0xb0, 0x9d, 0x7d, 0xcd, 0x2d, 0xc0, 0x20, 0x90, 0x70, 0x5d, 0xbd, 0x0d, 0xed};
// Undoes the ShiftRows of the AES instruction.
alignas(16) constexpr std::uint8_t kUnshift[16] = {0, 13, 10, 7, 4, 1, 14, 11, 8, 5, 2, 15, 12, 9, 6, 3};
alignas(16) constexpr std::uint8_t kLeft8[16] = {3, 0, 1, 2, 7, 4, 5, 6, 11, 8, 9, 10, 15, 12, 13, 14};
alignas(16) constexpr std::uint8_t kLeft16[16] = {2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13};
alignas(16) constexpr std::uint8_t kLeft24[16] = {1, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8, 13, 14, 15, 12};
alignas(16) constexpr std::uint8_t kSwap[16] = {3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12};

/// The same sixteen bytes in both halves.
TONGQU_LANES __m256i constant(const std::uint8_t (&bytes)[16]) {
  return _mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(bytes)));
}

/// Looks every byte's halves up in two tables of sixteen and adds what it finds.
TONGQU_LANES __m256i affine(__m256i x, __m256i low, __m256i high) {
  const __m256i halves = _mm256_set1_epi8(0x0f);
  return _mm256_xor_si256(_mm256_shuffle_epi8(low, _mm256_and_si256(x, halves)),
                          _mm256_shuffle_epi8(high, _mm256_and_si256(_mm256_srli_epi32(x, 4), halves)));
}

/// The substitution of 32 bytes.
TONGQU_LANES __m256i substitute(__m256i x) {
  x = affine(x, constant(kBeforeLow), constant(kBeforeHigh));
  const __m128i zero = _mm_setzero_si128();
  const __m128i first = _mm_aesenclast_si128(_mm256_castsi256_si128(x), zero), second = _mm_aesenclast_si128(_mm256_extracti128_si256(x, 1), zero);
  return affine(_mm256_shuffle_epi8(_mm256_set_m128i(second, first), constant(kUnshift)), constant(kAfterLow), constant(kAfterHigh));
}

/// Substitution and the linear map B + (B <<< 2) + (B <<< 10) + (B <<< 18) + (B <<< 24) of eight words; the three by 2, 10 and 18 share
/// one turn by 2.
TONGQU_LANES __m256i mix(__m256i x) {
  const __m256i b = substitute(x);
  const __m256i sum = _mm256_xor_si256(_mm256_xor_si256(b, _mm256_shuffle_epi8(b, constant(kLeft8))), _mm256_shuffle_epi8(b, constant(kLeft16)));
  const __m256i turned = _mm256_or_si256(_mm256_slli_epi32(sum, 2), _mm256_srli_epi32(sum, 30));
  return _mm256_xor_si256(_mm256_xor_si256(b, turned), _mm256_shuffle_epi8(b, constant(kLeft24)));
}

TONGQU_LANES std::uint32_t substitute_word(std::uint32_t word) {
  return static_cast<std::uint32_t>(_mm256_extract_epi32(substitute(_mm256_set1_epi32(static_cast<int>(word))), 0));
}

constexpr std::uint32_t left(std::uint32_t word, int by) { return word << by | word >> (32 - by); }

std::uint32_t big_endian_word(const unsigned char* at) {
  return std::uint32_t{at[0]} << 24 | std::uint32_t{at[1]} << 16 | std::uint32_t{at[2]} << 8 | std::uint32_t{at[3]};
}

std::uint64_t big_endian_half(const unsigned char* at) { return std::uint64_t{big_endian_word(at)} << 32 | big_endian_word(at + 4); }

__attribute__((target("aes,avx2"))) RoundKeys expand(const unsigned char* key) {
  constexpr std::array<std::uint32_t, 4> kSystem{0xa3b1bac6, 0x56aa3350, 0x677d9197, 0xb27022dc};
  std::array<std::uint32_t, 4> k{};
  for (std::size_t i = 0; i < 4; ++i) k[i] = big_endian_word(key + 4 * i) ^ kSystem[i];
  RoundKeys keys{};
  for (std::uint32_t i = 0; i < kRounds; ++i) {
    std::uint32_t fixed = 0;
    for (std::uint32_t j = 0; j < 4; ++j) fixed = fixed << 8 | ((4 * i + j) * 7 & 0xff);
    const std::uint32_t b = substitute_word(k[(i + 1) % 4] ^ k[(i + 2) % 4] ^ k[(i + 3) % 4] ^ fixed);
    keys[i] = k[i % 4] ^= b ^ left(b, 13) ^ left(b, 23);
  }
  explicit_bzero(k.data(), sizeof k);
  return keys;
}

/// Word by word, the same place of each register belongs to the same block.
struct Blocks {
  __m256i x0, x1, x2, x3;
};

TONGQU_LANES __m256i load(const std::uint32_t* words) { return _mm256_load_si256(reinterpret_cast<const __m256i*>(words)); }

TONGQU_LANES __m256i rounded(__m256i a, __m256i b, __m256i c, __m256i into, __m256i key) {
  return _mm256_xor_si256(into, mix(_mm256_xor_si256(_mm256_xor_si256(a, b), _mm256_xor_si256(c, key))));
}

TONGQU_LANES void put_one(__m128i key_stream, const unsigned char* in, unsigned char* out) {
  const __m128i text = _mm_loadu_si128(reinterpret_cast<const __m128i*>(in));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(out), _mm_xor_si128(text, key_stream));
}

/// Back to bytes: the words of a block come out last first, each big-endian.
TONGQU_LANES void put(const Blocks& b, const unsigned char* in, unsigned char* out) {
  const __m256i low = _mm256_unpacklo_epi32(b.x3, b.x2), high = _mm256_unpackhi_epi32(b.x3, b.x2);
  const __m256i low2 = _mm256_unpacklo_epi32(b.x1, b.x0), high2 = _mm256_unpackhi_epi32(b.x1, b.x0);
  const __m256i both[4] = {_mm256_unpacklo_epi64(low, low2), _mm256_unpackhi_epi64(low, low2), _mm256_unpacklo_epi64(high, high2),
                           _mm256_unpackhi_epi64(high, high2)};
  for (std::size_t i = 0; i < 4; ++i) {
    const __m256i stream = _mm256_shuffle_epi8(both[i], constant(kSwap));
    put_one(_mm256_castsi256_si128(stream), in + kBlock * i, out + kBlock * i);
    put_one(_mm256_extracti128_si256(stream, 1), in + kBlock * (i + 4), out + kBlock * (i + 4));
  }
}

/// The big-endian number of 128 bits that counts the blocks.
struct Counter {
  std::uint64_t high, low;
  void next() {
    if (++low == 0) ++high;
  }
};

/// Sixteen blocks of key stream over 256 bytes.
__attribute__((target("aes,avx2"))) void sixteen_blocks(const RoundKeys& keys, Counter& counter, const unsigned char* in, unsigned char* out) {
  alignas(32) std::uint32_t words[4][kAtOnce];
  for (std::size_t i = 0; i < kAtOnce; ++i, counter.next()) {
    words[0][i] = static_cast<std::uint32_t>(counter.high >> 32);
    words[1][i] = static_cast<std::uint32_t>(counter.high);
    words[2][i] = static_cast<std::uint32_t>(counter.low >> 32);
    words[3][i] = static_cast<std::uint32_t>(counter.low);
  }
  Blocks a = {load(words[0]), load(words[1]), load(words[2]), load(words[3])};
  Blocks b = {load(words[0] + kInRegister), load(words[1] + kInRegister), load(words[2] + kInRegister), load(words[3] + kInRegister)};
  for (std::size_t i = 0; i < kRounds; i += 4) {
    // Two chains side by side: a round's steps wait for each other, and the other chain's fill the time.
    const __m256i k0 = _mm256_set1_epi32(static_cast<int>(keys[i])), k1 = _mm256_set1_epi32(static_cast<int>(keys[i + 1]));
    a.x0 = rounded(a.x1, a.x2, a.x3, a.x0, k0);
    b.x0 = rounded(b.x1, b.x2, b.x3, b.x0, k0);
    a.x1 = rounded(a.x2, a.x3, a.x0, a.x1, k1);
    b.x1 = rounded(b.x2, b.x3, b.x0, b.x1, k1);
    const __m256i k2 = _mm256_set1_epi32(static_cast<int>(keys[i + 2])), k3 = _mm256_set1_epi32(static_cast<int>(keys[i + 3]));
    a.x2 = rounded(a.x3, a.x0, a.x1, a.x2, k2);
    b.x2 = rounded(b.x3, b.x0, b.x1, b.x2, k2);
    a.x3 = rounded(a.x0, a.x1, a.x2, a.x3, k3);
    b.x3 = rounded(b.x0, b.x1, b.x2, b.x3, k3);
  }
  put(a, in, out);
  put(b, in + kInRegister * kBlock, out + kInRegister * kBlock);
}

#define TONGQU_WIDE_TARGET target("aes,avx2,avx512f,avx512bw,avx512vl,gfni")
#define TONGQU_WIDE __attribute__((TONGQU_WIDE_TARGET, always_inline)) inline

// From make_sm4_lanes.py: the maps before and behind an inversion, as the matrices that the instruction takes.
constexpr std::uint64_t kBeforeMatrix = 0x4c287db91a22505d;
constexpr int kBeforeConstant = 0x3e;
constexpr std::uint64_t kBehindMatrix = 0xf3ab34a974a6b589;
constexpr int kBehindConstant = 0xd3;
constexpr std::size_t kInWide = 16;  ///< Blocks whose words share a wide register.
constexpr std::size_t kWideAtOnce = 2 * kInWide;

struct WideBlocks {
  __m512i x0, x1, x2, x3;
};

TONGQU_WIDE __m512i wide_load(const std::uint32_t* words) { return _mm512_load_si512(words); }

/// One round: `into` + L(S(a + b + c + key)). 0x96 is the sum of three.
TONGQU_WIDE __m512i wide_rounded(__m512i a, __m512i b, __m512i c, __m512i into, __m512i key) {
  __m512i x = _mm512_xor_si512(_mm512_ternarylogic_epi32(a, b, c, 0x96), key);
  x = _mm512_gf2p8affine_epi64_epi8(x, _mm512_set1_epi64(static_cast<long long>(kBeforeMatrix)), kBeforeConstant);
  x = _mm512_gf2p8affineinv_epi64_epi8(x, _mm512_set1_epi64(static_cast<long long>(kBehindMatrix)), kBehindConstant);
  const __m512i most = _mm512_ternarylogic_epi32(x, _mm512_rol_epi32(x, 2), _mm512_rol_epi32(x, 10), 0x96);
  return _mm512_xor_si512(into, _mm512_ternarylogic_epi32(most, _mm512_rol_epi32(x, 18), _mm512_rol_epi32(x, 24), 0x96));
}

/// Four blocks, each at its place: those of one register stand four apart.
TONGQU_WIDE void wide_put_four(__m512i stream, const unsigned char* in, unsigned char* out) {
  put_one(_mm512_castsi512_si128(stream), in, out);
  put_one(_mm512_extracti32x4_epi32(stream, 1), in + 4 * kBlock, out + 4 * kBlock);
  put_one(_mm512_extracti32x4_epi32(stream, 2), in + 8 * kBlock, out + 8 * kBlock);
  put_one(_mm512_extracti32x4_epi32(stream, 3), in + 12 * kBlock, out + 12 * kBlock);
}

TONGQU_WIDE void wide_put(const WideBlocks& b, const unsigned char* in, unsigned char* out) {
  const __m512i swap = _mm512_broadcast_i32x4(_mm_load_si128(reinterpret_cast<const __m128i*>(kSwap)));
  const __m512i low = _mm512_unpacklo_epi32(b.x3, b.x2), high = _mm512_unpackhi_epi32(b.x3, b.x2);
  const __m512i low2 = _mm512_unpacklo_epi32(b.x1, b.x0), high2 = _mm512_unpackhi_epi32(b.x1, b.x0);
  wide_put_four(_mm512_shuffle_epi8(_mm512_unpacklo_epi64(low, low2), swap), in, out);
  wide_put_four(_mm512_shuffle_epi8(_mm512_unpackhi_epi64(low, low2), swap), in + kBlock, out + kBlock);
  wide_put_four(_mm512_shuffle_epi8(_mm512_unpacklo_epi64(high, high2), swap), in + 2 * kBlock, out + 2 * kBlock);
  wide_put_four(_mm512_shuffle_epi8(_mm512_unpackhi_epi64(high, high2), swap), in + 3 * kBlock, out + 3 * kBlock);
}

/// 32 blocks of key stream over 512 bytes.
__attribute__((TONGQU_WIDE_TARGET)) void wide_blocks(const RoundKeys& keys, Counter& counter, const unsigned char* in, unsigned char* out) {
  alignas(64) std::uint32_t words[4][kWideAtOnce];
  for (std::size_t i = 0; i < kWideAtOnce; ++i, counter.next()) {
    words[0][i] = static_cast<std::uint32_t>(counter.high >> 32);
    words[1][i] = static_cast<std::uint32_t>(counter.high);
    words[2][i] = static_cast<std::uint32_t>(counter.low >> 32);
    words[3][i] = static_cast<std::uint32_t>(counter.low);
  }
  WideBlocks a = {wide_load(words[0]), wide_load(words[1]), wide_load(words[2]), wide_load(words[3])};
  WideBlocks b = {wide_load(words[0] + kInWide), wide_load(words[1] + kInWide), wide_load(words[2] + kInWide), wide_load(words[3] + kInWide)};
  for (std::size_t i = 0; i < kRounds; i += 4) {
    const __m512i k0 = _mm512_set1_epi32(static_cast<int>(keys[i])), k1 = _mm512_set1_epi32(static_cast<int>(keys[i + 1]));
    a.x0 = wide_rounded(a.x1, a.x2, a.x3, a.x0, k0);
    b.x0 = wide_rounded(b.x1, b.x2, b.x3, b.x0, k0);
    a.x1 = wide_rounded(a.x2, a.x3, a.x0, a.x1, k1);
    b.x1 = wide_rounded(b.x2, b.x3, b.x0, b.x1, k1);
    const __m512i k2 = _mm512_set1_epi32(static_cast<int>(keys[i + 2])), k3 = _mm512_set1_epi32(static_cast<int>(keys[i + 3]));
    a.x2 = wide_rounded(a.x3, a.x0, a.x1, a.x2, k2);
    b.x2 = wide_rounded(b.x3, b.x0, b.x1, b.x2, k2);
    a.x3 = wide_rounded(a.x0, a.x1, a.x2, a.x3, k3);
    b.x3 = wide_rounded(b.x0, b.x1, b.x2, b.x3, k3);
  }
  wide_put(a, in, out);
  wide_put(b, in + kInWide * kBlock, out + kInWide * kBlock);
}

/// All of a job by steps that take so many blocks; a last step takes what is left over, in a place of its own.
template <std::size_t AtOnce, class Step> void all_blocks(const Sm4CtrJob& job, Step step) {
  constexpr std::size_t kStride = kBlock * AtOnce;
  RoundKeys keys = expand(job.key);
  Counter counter = {big_endian_half(job.counter), big_endian_half(job.counter + 8)};
  std::size_t at = 0;
  for (; job.size - at >= kStride; at += kStride) step(keys, counter, job.in + at, job.out + at);
  if (at < job.size) {
    std::array<unsigned char, kStride> rest;
    std::memcpy(rest.data(), job.in + at, job.size - at);
    std::memset(rest.data() + (job.size - at), 0, kStride - (job.size - at));
    step(keys, counter, rest.data(), rest.data());
    std::memcpy(job.out + at, rest.data(), job.size - at);
    explicit_bzero(rest.data(), rest.size());
  }
  explicit_bzero(keys.data(), sizeof keys);
}

int count_ways() noexcept {
  __builtin_cpu_init();
  if (__builtin_cpu_supports("aes") == 0 || __builtin_cpu_supports("avx2") == 0) return 0;
  const bool wide = __builtin_cpu_supports("gfni") != 0 && __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
                    __builtin_cpu_supports("avx512vl") != 0;
  return wide ? 2 : 1;
}

} // namespace

int sm4_ways() noexcept {
  static const int kWays = count_ways();
  return kWays;
}

bool sm4_lanes_offered() noexcept { return sm4_ways() > 0; }

void sm4_ctr_lanes(const Sm4CtrJob& job, int way) noexcept {
  if (way == 1) all_blocks<kWideAtOnce>(job, wide_blocks);
  else all_blocks<kAtOnce>(job, sixteen_blocks);
}

void sm4_ctr_lanes(const Sm4CtrJob& job) noexcept { sm4_ctr_lanes(job, sm4_ways() - 1); }

#else

int sm4_ways() noexcept { return 0; }
bool sm4_lanes_offered() noexcept { return false; }
void sm4_ctr_lanes(const Sm4CtrJob&) noexcept {}
void sm4_ctr_lanes(const Sm4CtrJob&, int) noexcept {}

#endif

} // namespace tongqu::crypto::detail
