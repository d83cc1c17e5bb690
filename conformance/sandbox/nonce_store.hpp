#pragma once
#include <array>
#include <cstdint>
#include <cstring>
#include <map>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace tongqu::sandbox {

/// The nonces seen, each until no timestamp could make it acceptable again. Bounded: when full it takes nothing, and the caller must
/// refuse, since an unrecorded nonce could be replayed.
class NonceStore {
public:
  explicit NonceStore(std::size_t nonces_max) : nonces_max_(nonces_max) {}
  enum class Verdict : std::uint8_t { fresh, seen, full };
  /// @param expires_s  Epoch second after which the request's own timestamp is out of the window.
  Verdict take(std::string_view nonce, std::int64_t expires_s, std::int64_t now_s);
  std::size_t size() const noexcept { return keys_.size(); }

private:
  /// First half of the nonce's SHA-256.
  using Key = std::array<char, 16>;
  struct KeyHash {
    std::size_t operator()(const Key& key) const noexcept {
      std::size_t value = 0;
      std::memcpy(&value, key.data(), sizeof value);
      return value;
    }
  };
  std::size_t nonces_max_;
  std::unordered_set<Key, KeyHash> keys_;
  std::map<std::int64_t, std::vector<Key>> by_expiry_;
};

} // namespace tongqu::sandbox
