#include "crypto/sm3/sm3_lanes.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

// What passes a register of eight words is inlined into each way; without AVX the plain way makes two of one.
#pragma GCC diagnostic ignored "-Wpsabi"

namespace tongqu::crypto::detail {
namespace {

using Words = std::uint32_t __attribute__((vector_size(4 * kSm3Lanes))); ///< One word of each lane.
using Blocks = std::array<const unsigned char*, kSm3Lanes>;
struct States {
  Words word[8];
};

template <int Bits>
[[gnu::always_inline]] inline Words rotate(Words x) { return (x << Bits) | (x >> (32 - Bits)); }

[[gnu::always_inline]] inline std::uint32_t load_word(const unsigned char* at) {
  std::uint32_t word = 0;
  std::memcpy(&word, at, sizeof word);
  return std::endian::native == std::endian::little ? __builtin_bswap32(word) : word;
}

/// The same word of each lane's block.
[[gnu::always_inline]] inline Words load_words(const Blocks& blocks, std::size_t at) {
  return Words{load_word(blocks[0] + at), load_word(blocks[1] + at), load_word(blocks[2] + at), load_word(blocks[3] + at),
               load_word(blocks[4] + at), load_word(blocks[5] + at), load_word(blocks[6] + at), load_word(blocks[7] + at)};
}

[[gnu::always_inline]] inline Words p0(Words x) { return x ^ rotate<9>(x) ^ rotate<17>(x); }
[[gnu::always_inline]] inline Words p1(Words x) { return x ^ rotate<15>(x) ^ rotate<23>(x); }

/// GB/T 32905-2016 5.3.2.
[[gnu::always_inline]] inline void expand(Words* w, const Blocks& blocks) {
  for (std::size_t i = 0; i < 16; ++i) w[i] = load_words(blocks, 4 * i);
  for (std::size_t i = 16; i < 68; ++i) w[i] = p1(w[i - 16] ^ w[i - 9] ^ rotate<15>(w[i - 3])) ^ rotate<7>(w[i - 13]) ^ w[i - 6];
}

template <bool Late>
[[gnu::always_inline]] inline void round(Words& a, Words& b, Words& c, Words& d, Words& e, Words& f, Words& g, Words& h, Words w, Words w4, std::uint32_t t) {
  const Words a12 = rotate<12>(a);
  const Words ss1 = rotate<7>(a12 + e + t);
  const Words ff = Late ? ((a & b) | ((a | b) & c)) : (a ^ b ^ c);
  const Words gg = Late ? ((e & f) | (~e & g)) : (e ^ f ^ g);
  const Words tt1 = ff + d + (ss1 ^ a12) + (w ^ w4);
  const Words tt2 = gg + h + ss1 + w;
  b = rotate<9>(b);
  d = tt1;
  f = rotate<19>(f);
  h = p0(tt2);
}

/// GB/T 32905-2016 5.3.3. Instead of moving the words along, the names move.
[[gnu::always_inline]] inline void compress_block(States& states, const Blocks& blocks) {
  Words w[68];
  expand(w, blocks);
  Words* const s = states.word;
  Words a = s[0], b = s[1], c = s[2], d = s[3], e = s[4], f = s[5], g = s[6], h = s[7];
  const auto t = [](std::uint32_t base, unsigned j) { return std::rotl(base, static_cast<int>(j % 32)); };
  for (unsigned j = 0; j < 16; j += 4) {
    round<false>(a, b, c, d, e, f, g, h, w[j], w[j + 4], t(0x79cc4519, j));
    round<false>(d, a, b, c, h, e, f, g, w[j + 1], w[j + 5], t(0x79cc4519, j + 1));
    round<false>(c, d, a, b, g, h, e, f, w[j + 2], w[j + 6], t(0x79cc4519, j + 2));
    round<false>(b, c, d, a, f, g, h, e, w[j + 3], w[j + 7], t(0x79cc4519, j + 3));
  }
  for (unsigned j = 16; j < 64; j += 4) {
    round<true>(a, b, c, d, e, f, g, h, w[j], w[j + 4], t(0x7a879d8a, j));
    round<true>(d, a, b, c, h, e, f, g, w[j + 1], w[j + 5], t(0x7a879d8a, j + 1));
    round<true>(c, d, a, b, g, h, e, f, w[j + 2], w[j + 6], t(0x7a879d8a, j + 2));
    round<true>(b, c, d, a, f, g, h, e, w[j + 3], w[j + 7], t(0x7a879d8a, j + 3));
  }
  s[0] ^= a;
  s[1] ^= b;
  s[2] ^= c;
  s[3] ^= d;
  s[4] ^= e;
  s[5] ^= f;
  s[6] ^= g;
  s[7] ^= h;
}

/// A lane that is done goes on over blocks of nothing, after its state was taken.
[[gnu::always_inline]] inline void compress_all(std::array<Sm3Lane, kSm3Lanes>& lanes) {
  static constexpr unsigned char kNothing[kSm3BlockBytes] = {};
  States states;
  std::size_t longest = 0;
  for (std::size_t i = 0; i < 8; ++i) {
    for (std::size_t l = 0; l < kSm3Lanes; ++l) states.word[i][l] = lanes[l].state[i];
  }
  for (const Sm3Lane& lane : lanes) longest = std::max(longest, lane.count);
  for (std::size_t n = 0; n < longest; ++n) {
    Blocks blocks;
    for (std::size_t l = 0; l < kSm3Lanes; ++l) blocks[l] = n < lanes[l].count ? lanes[l].blocks + kSm3BlockBytes * n : kNothing;
    compress_block(states, blocks);
    for (std::size_t l = 0; l < kSm3Lanes; ++l) {
      if (n + 1 != lanes[l].count) continue;
      for (std::size_t i = 0; i < 8; ++i) lanes[l].state[i] = states.word[i][l];
    }
  }
}

void plain_way(std::array<Sm3Lane, kSm3Lanes>& lanes) { compress_all(lanes); }

#if defined(__x86_64__)
__attribute__((target("avx2,bmi2"))) void avx2_way(std::array<Sm3Lane, kSm3Lanes>& lanes) { compress_all(lanes); }
/// Rotations and three-operand logic are one instruction each.
__attribute__((target("avx512f,avx512vl,bmi2"))) void avx512_way(std::array<Sm3Lane, kSm3Lanes>& lanes) { compress_all(lanes); }

int best_way() noexcept {
  __builtin_cpu_init();
  if (__builtin_cpu_supports("bmi2") == 0) return 0;  // Both ways are compiled with it.
  if (__builtin_cpu_supports("avx512vl") != 0 && __builtin_cpu_supports("avx512f") != 0) return 2;
  return __builtin_cpu_supports("avx2") != 0 ? 1 : 0;
}
#else
int best_way() noexcept { return 0; }
#endif

} // namespace

void sm3_pad(std::string& text, std::size_t before) {
  const std::uint64_t bits = static_cast<std::uint64_t>(before + text.size()) * 8;
  const std::size_t used = (text.size() + 1 + 8) % kSm3BlockBytes;
  text += '\x80';
  text.append(used == 0 ? 0 : kSm3BlockBytes - used, '\0');
  for (int shift = 56; shift >= 0; shift -= 8) text += static_cast<char>(bits >> static_cast<unsigned>(shift) & 0xFF);
}

std::string sm3_bytes(const Sm3State& state) {
  std::string out;
  out.reserve(4 * state.size());
  for (const std::uint32_t word : state) {
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(word >> static_cast<unsigned>(shift) & 0xFF);
  }
  return out;
}

int sm3_ways() noexcept {
  static const int best = best_way();
  return best + 1;
}

void sm3_compress(std::array<Sm3Lane, kSm3Lanes>& lanes, int way) {
#if defined(__x86_64__)
  if (way == 2) return avx512_way(lanes);
  if (way == 1) return avx2_way(lanes);
#endif
  static_cast<void>(way);
  plain_way(lanes);
}

void sm3_compress(std::array<Sm3Lane, kSm3Lanes>& lanes) { sm3_compress(lanes, sm3_ways() - 1); }

} // namespace tongqu::crypto::detail
