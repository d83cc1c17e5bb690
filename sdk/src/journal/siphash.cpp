#include "journal/siphash.hpp"

#include <bit>
#include <cstddef>
#include <cstring>

namespace tongqu::journal::detail {
namespace {

struct State {
  std::uint64_t v0, v1, v2, v3;
  void round() noexcept {
    v0 += v1;
    v1 = std::rotl(v1, 13) ^ v0;
    v0 = std::rotl(v0, 32);
    v2 += v3;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 += v3;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 += v1;
    v1 = std::rotl(v1, 17) ^ v2;
    v2 = std::rotl(v2, 32);
  }
  void take(std::uint64_t word) noexcept {
    v3 ^= word;
    round();
    round();
    v0 ^= word;
  }
};

/// Lowest byte first, whatever the machine; at most 8 bytes.
std::uint64_t tail_of(std::string_view bytes) noexcept {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) word |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  return word;
}

std::uint64_t word_at(const char* bytes) noexcept {
  if constexpr (std::endian::native != std::endian::little) return tail_of({bytes, 8});
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, sizeof word);
  return word;
}

State begin(const SipKey& key) noexcept {
  return {key.first ^ 0x736f6d6570736575U, key.second ^ 0x646f72616e646f6dU, key.first ^ 0x6c7967656e657261U, key.second ^ 0x7465646279746573U};
}

void take_all(State& state, std::string_view bytes) noexcept {
  const std::size_t words = bytes.size() / 8;
  for (std::size_t i = 0; i < words; ++i) state.take(word_at(bytes.data() + 8 * i));
  state.take(tail_of(bytes.substr(8 * words)) | static_cast<std::uint64_t>(bytes.size()) << 56U);
}

std::uint64_t finish(State& state) noexcept {
  for (int i = 0; i < 4; ++i) state.round();
  return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

} // namespace

std::uint64_t siphash(const SipKey& key, std::string_view bytes) noexcept {
  State state = begin(key);
  take_all(state, bytes);
  state.v2 ^= 0xff;
  return finish(state);
}

SipHash128 siphash128(const SipKey& key, std::string_view bytes) noexcept {
  State state = begin(key);
  state.v1 ^= 0xee;
  take_all(state, bytes);
  state.v2 ^= 0xee;
  SipHash128 hash;
  hash.low = finish(state);
  state.v1 ^= 0xdd;
  hash.high = finish(state);
  return hash;
}

} // namespace tongqu::journal::detail
