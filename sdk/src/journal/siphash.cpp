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
std::uint64_t word_of(std::string_view bytes) noexcept {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) word |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  return word;
}

/// A whole word at once: byte by byte it takes most of the time of the hash.
std::uint64_t whole_word(const char* at) noexcept {
  if constexpr (std::endian::native != std::endian::little) return word_of({at, 8});
  std::uint64_t word = 0;
  std::memcpy(&word, at, sizeof word);
  return word;
}

State begun(const SipKey& key) noexcept {
  return {key.first ^ 0x736f6d6570736575U, key.second ^ 0x646f72616e646f6dU, key.first ^ 0x6c7967656e657261U, key.second ^ 0x7465646279746573U};
}

std::uint64_t finished(State state, std::string_view rest, std::size_t size) noexcept {
  state.take(word_of(rest) | static_cast<std::uint64_t>(size) << 56U);
  state.v2 ^= 0xff;
  for (int i = 0; i < 4; ++i) state.round();
  return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

} // namespace

std::uint64_t siphash(const SipKey& key, std::string_view bytes) noexcept {
  State state = begun(key);
  const std::size_t whole = bytes.size() / 8 * 8;
  for (std::size_t at = 0; at < whole; at += 8) state.take(whole_word(bytes.data() + at));
  return finished(state, bytes.substr(whole), bytes.size());
}

std::pair<std::uint64_t, std::uint64_t> siphash_twice(const SipKey& one, const SipKey& other, std::string_view bytes) noexcept {
  State first = begun(one), second = begun(other);
  const std::size_t whole = bytes.size() / 8 * 8;
  for (std::size_t at = 0; at < whole; at += 8) {
    const std::uint64_t word = whole_word(bytes.data() + at);
    first.take(word);
    second.take(word);
  }
  const std::string_view rest = bytes.substr(whole);
  return {finished(first, rest, bytes.size()), finished(second, rest, bytes.size())};
}

} // namespace tongqu::journal::detail
