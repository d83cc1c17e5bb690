#include "crypto/sm3/sm3_lanes.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace tongqu::crypto::detail {
namespace {

/// One word of each of so many lanes. A block has sixteen words, so the blocks of a group of lanes are a square or half of one.
template <std::size_t Lanes> struct Vector;
template <> struct Vector<8> { using Words = std::uint32_t __attribute__((vector_size(32))); };
template <> struct Vector<16> { using Words = std::uint32_t __attribute__((vector_size(64))); };
constexpr std::size_t kWordsInBlock = 16;

template <int Bits, class Words>
[[gnu::always_inline]] inline Words rotate(Words x) { return (x << Bits) | (x >> (32 - Bits)); }

/// The numbers in a block are big-endian.
template <class Words> [[gnu::always_inline]] inline Words in_order(Words x) {
  if (std::endian::native == std::endian::big) return x;
  return (rotate<8>(x) & 0x00ff00ffU) | (rotate<24>(x) & 0xff00ff00U);
}

/// Changes the places of two squares of `Half` columns: the right half of each group in `a` with the left half of it in `b`.
template <std::size_t Half, class Words, std::size_t... L> [[gnu::always_inline]] inline void swap_squares(Words& a, Words& b, std::index_sequence<L...>) {
  constexpr std::size_t kLanes = sizeof...(L);
  const Words left = __builtin_shufflevector(a, b, ((L & Half) == 0 ? L : kLanes + L - Half)...);
  b = __builtin_shufflevector(a, b, ((L & Half) == 0 ? L + Half : kLanes + L)...);
  a = left;
}

/// Rows to columns, in place.
template <std::size_t Half, class Words> [[gnu::always_inline]] inline void transpose(Words* rows) {
  constexpr std::size_t kLanes = sizeof(Words) / 4;
  for (std::size_t i = 0; i < kLanes; ++i) {
    if ((i & Half) == 0) swap_squares<Half>(rows[i], rows[i + Half], std::make_index_sequence<kLanes>());
  }
  if constexpr (Half > 1) transpose<Half / 2>(rows);
}

/// The sixteen words of each lane's block, by word.
template <class Words> [[gnu::always_inline]] inline void load(Words* w, const unsigned char* const* blocks) {
  constexpr std::size_t kLanes = sizeof(Words) / 4;
  for (std::size_t part = 0; part < kWordsInBlock / kLanes; ++part) {
    Words* const rows = w + part * kLanes;
    for (std::size_t l = 0; l < kLanes; ++l) {
      std::memcpy(&rows[l], blocks[l] + part * sizeof(Words), sizeof(Words));
      rows[l] = in_order(rows[l]);
    }
    transpose<kLanes / 2>(rows);
  }
}

template <class Words> [[gnu::always_inline]] inline Words p0(Words x) { return x ^ rotate<9>(x) ^ rotate<17>(x); }
template <class Words> [[gnu::always_inline]] inline Words p1(Words x) { return x ^ rotate<15>(x) ^ rotate<23>(x); }

/// GB/T 32905-2016 5.3.2.
template <class Words> [[gnu::always_inline]] inline void expand(Words* w, const unsigned char* const* blocks) {
  load(w, blocks);
  for (std::size_t i = 16; i < 68; ++i) w[i] = p1(w[i - 16] ^ w[i - 9] ^ rotate<15>(w[i - 3])) ^ rotate<7>(w[i - 13]) ^ w[i - 6];
}

template <bool Late, class Words>
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
template <class Words> [[gnu::always_inline]] inline void compress_block(Words* s, const unsigned char* const* blocks) {
  Words w[68];
  expand(w, blocks);
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

/// What a lane is at: a run of a chain; without a chain it goes on over a block of nothing.
struct Lane {
  Sm3Chain* chain = nullptr;
  std::size_t run = 0, left = 0;
};

/// The next run that has blocks; false when the chain is done.
bool next_run(Lane& lane, const unsigned char*& at) {
  for (; lane.run < lane.chain->runs.size(); ++lane.run) {
    const Sm3Chain::Run& run = lane.chain->runs[lane.run];
    if (run.count == 0) continue;
    at = run.blocks;
    lane.left = run.count;
    ++lane.run;
    return true;
  }
  return false;
}

template <std::size_t Lanes> [[gnu::always_inline]] inline void compress_all(const std::vector<Sm3Chain*>& chains) {
  using Words = typename Vector<Lanes>::Words;
  static constexpr unsigned char kNothing[kSm3BlockBytes] = {};
  Words states[8] = {};
  const unsigned char* at[Lanes];
  std::size_t stride[Lanes] = {};
  Lane lanes[Lanes];
  std::size_t next = 0;
  for (std::size_t l = 0; l < Lanes; ++l) at[l] = kNothing;
  for (;;) {
    std::size_t shared = 0;  // Blocks until the first lane is at the end of its run.
    for (std::size_t l = 0; l < Lanes; ++l) {
      Lane& lane = lanes[l];
      while (lane.left == 0) {
        if (lane.chain != nullptr && next_run(lane, at[l])) break;
        if (lane.chain != nullptr) {
          for (std::size_t i = 0; i < 8; ++i) lane.chain->state[i] = states[i][l];
        }
        if (next == chains.size()) {
          lane.chain = nullptr;
          at[l] = kNothing;
          stride[l] = 0;
          break;
        }
        lane = {chains[next++], 0, 0};
        stride[l] = kSm3BlockBytes;
        for (std::size_t i = 0; i < 8; ++i) states[i][l] = lane.chain->state[i];
      }
      if (lane.left != 0) shared = shared == 0 ? lane.left : std::min(shared, lane.left);
    }
    if (shared == 0) return;
    for (std::size_t n = 0; n < shared; ++n) {
      compress_block(states, at);
      for (std::size_t l = 0; l < Lanes; ++l) at[l] += stride[l];
    }
    for (Lane& lane : lanes) lane.left -= std::min(lane.left, shared);
  }
}

void plain_way(const std::vector<Sm3Chain*>& chains) { compress_all<8>(chains); }

#if defined(__x86_64__)
__attribute__((target("avx2,bmi2"))) void avx2_way(const std::vector<Sm3Chain*>& chains) { compress_all<8>(chains); }
// Rotations and three-operand logic are one instruction each.
__attribute__((target("avx512f,avx512vl,bmi2"))) void avx512_way(const std::vector<Sm3Chain*>& chains) { compress_all<8>(chains); }
__attribute__((target("avx512f,avx512vl,bmi2"))) void wide_avx512_way(const std::vector<Sm3Chain*>& chains) { compress_all<16>(chains); }

int best_way() noexcept {
  __builtin_cpu_init();
  if (__builtin_cpu_supports("bmi2") == 0) return 0;  // All these ways are compiled with it.
  if (__builtin_cpu_supports("avx512vl") != 0 && __builtin_cpu_supports("avx512f") != 0) return 3;
  return __builtin_cpu_supports("avx2") != 0 ? 1 : 0;
}
#else
int best_way() noexcept { return 0; }
#endif

std::size_t blocks_of(const Sm3Chain& chain) {
  std::size_t blocks = 0;
  for (const Sm3Chain::Run& run : chain.runs) blocks += run.count;
  return blocks;
}

} // namespace

Sm3Text::Sm3Text(const Sm3State& start, std::size_t before, std::string_view front, std::string_view text) : start_(start) {
  const std::uint64_t bits = static_cast<std::uint64_t>(before + front.size() + text.size()) * 8;
  front_ = front;
  if (!front.empty()) {
    const std::size_t taken = std::min(text.size(), (kSm3BlockBytes - front.size() % kSm3BlockBytes) % kSm3BlockBytes);
    front_.append(text.substr(0, taken));
    text.remove_prefix(taken);
  }
  // A text that ends inside the first block goes into the tail with it.
  const std::size_t loose = front_.size() % kSm3BlockBytes;
  std::size_t used = loose;
  std::memcpy(tail_.data(), front_.data() + (front_.size() - loose), loose);
  front_.resize(front_.size() - loose);
  middle_ = {reinterpret_cast<const unsigned char*>(text.data()), text.size() / kSm3BlockBytes};
  text.remove_prefix(middle_.count * kSm3BlockBytes);
  std::memcpy(tail_.data() + used, text.data(), text.size());
  used += text.size();
  tail_[used] = 0x80;
  tail_blocks_ = used + 1 + 8 > kSm3BlockBytes ? 2 : 1;
  for (std::size_t i = 0; i < 8; ++i) tail_[tail_blocks_ * kSm3BlockBytes - 1 - i] = static_cast<unsigned char>(bits >> (8 * i) & 0xFF);
}

Sm3Chain Sm3Text::chain() const {
  Sm3Chain chain;
  chain.state = start_;
  chain.runs = {Sm3Chain::Run{reinterpret_cast<const unsigned char*>(front_.data()), front_.size() / kSm3BlockBytes}, middle_, Sm3Chain::Run{tail_.data(), tail_blocks_}};
  return chain;
}

std::vector<Sm3State> sm3_states(const std::vector<Sm3Text>& texts) {
  std::vector<Sm3Chain> chains;
  chains.reserve(texts.size());
  for (const Sm3Text& text : texts) chains.push_back(text.chain());
  sm3_compress(chains);
  std::vector<Sm3State> states;
  states.reserve(chains.size());
  for (const Sm3Chain& chain : chains) states.push_back(chain.state);
  return states;
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

void sm3_compress(std::vector<Sm3Chain>& chains, int way) {
  std::vector<Sm3Chain*> longest_first;
  longest_first.reserve(chains.size());
  for (Sm3Chain& chain : chains) longest_first.push_back(&chain);
  std::sort(longest_first.begin(), longest_first.end(), [](const Sm3Chain* a, const Sm3Chain* b) { return blocks_of(*a) > blocks_of(*b); });
#if defined(__x86_64__)
  if (way == 3) return wide_avx512_way(longest_first);
  if (way == 2) return avx512_way(longest_first);
  if (way == 1) return avx2_way(longest_first);
#endif
  static_cast<void>(way);
  plain_way(longest_first);
}

void sm3_compress(std::vector<Sm3Chain>& chains) {
  int way = sm3_ways() - 1;
  if (way == 3 && chains.size() <= 8) way = 2;  // Half as wide is not half as fast: more of the processor's units take it.
  sm3_compress(chains, way);
}

} // namespace tongqu::crypto::detail
