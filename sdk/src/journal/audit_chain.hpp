#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "tongqu/base/secret.hpp"
#include "tongqu/crypto/crypto.hpp"

namespace tongqu::journal::detail {

/// One entry as it is bound into the chain. Free of personal data.
struct AuditEntry {
  std::int64_t sequence = 0;
  std::int64_t at_ms = 0;
  std::string_view kind;
  std::string_view subject;
  std::string_view detail;
  std::string_view digest;
};

/// Last link: the next entry's chain value covers it.
struct AuditTip {
  std::int64_t sequence = 0;
  std::int64_t at_ms = 0;
  std::string mac = std::string(32, '\0');
};

/// SM3 of an entry, without any key: what a signed head covers, so that others can check it.
std::string entry_digest(const AuditEntry& entry);
/// Root over the digests of a stretch of entries, 32 bytes each in order.
std::string segment_root(std::string_view digests);

/// Computes chain values: HMAC-SM3(key, previous value || canonical bytes of the entry). One thread at a time.
class AuditChain {
public:
  explicit AuditChain(const Secret& key) : mac_(crypto::MacAlgorithm::hmac_sm3, key) {}
  std::string link(std::string_view previous_mac, const AuditEntry& entry);
  /// What entry_digest takes SM3 of, for the entry that was linked last.
  std::string digest_text() const;

private:
  crypto::Mac mac_;
  std::string buffer_;
  std::size_t entry_at_ = 0;  ///< Where in the buffer the entry begins.
};

} // namespace tongqu::journal::detail
