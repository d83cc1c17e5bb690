#include "conformance/sandbox/nonce_store.hpp"

#include "tongqu/crypto/crypto.hpp"

namespace tongqu::sandbox {

NonceStore::Verdict NonceStore::take(std::string_view nonce, std::int64_t expires_s, std::int64_t now_s) {
  while (!by_expiry_.empty() && by_expiry_.begin()->first < now_s) {
    for (const Key& key : by_expiry_.begin()->second) keys_.erase(key);
    by_expiry_.erase(by_expiry_.begin());
  }
  Key key{};
  crypto::sha256(nonce).copy(key.data(), key.size());
  if (keys_.count(key) != 0) return Verdict::seen;
  if (keys_.size() >= nonces_max_) return Verdict::full;
  keys_.insert(key);
  by_expiry_[expires_s].push_back(key);
  return Verdict::fresh;
}

} // namespace tongqu::sandbox
