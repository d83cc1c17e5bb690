#pragma once
#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace tongqu::journal::detail {

/// Bytes that are put together only to be hashed: they stand on the stack, and only very long ones are allocated.
class ShortBytes {
public:
  void append(std::string_view bytes) {
    if (bytes.empty()) return;
    if (long_.empty() && bytes.size() <= short_.size() - size_) {
      std::memcpy(short_.data() + size_, bytes.data(), bytes.size());
      size_ += bytes.size();
      return;
    }
    if (long_.empty()) long_.assign(short_.data(), size_);
    long_.append(bytes);
  }
  /// Lowest byte first.
  void number(std::int64_t value) {
    char raw[8];
    for (int i = 0; i < 8; ++i) raw[i] = static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i));
    append({raw, sizeof raw});
  }
  std::string_view view() const noexcept { return long_.empty() ? std::string_view(short_.data(), size_) : long_; }

private:
  std::array<char, 1024> short_;  // Not cleared: only what was appended is read.
  std::size_t size_ = 0;
  std::string long_;
};

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
