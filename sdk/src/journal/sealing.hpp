#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tongqu/base/result.hpp"
#include "tongqu/base/secret.hpp"
#include "tongqu/crypto/crypto.hpp"
#include "tongqu/journal/journal.hpp"

namespace tongqu::journal::detail {

/// Seals bodies under one key whose id stands in every row, and opens what it or an earlier key has sealed. Each box is bound to its owner and column, so that boxes cannot be
/// exchanged between rows. Safe from several threads.
class Sealing {
public:
  /// @errors crypto.key_size; journal.open (where: key_id) when two keys have one id.
  static Result<Sealing> create(const JournalOptions& options);

  const std::string& key_id() const noexcept { return key_ids_.front(); }
  const std::vector<std::string>& key_ids() const noexcept { return key_ids_; } ///< The one in force first.
  /// Nothing seals to nothing.
  Result<std::string> seal(Bytes plain, std::string_view owner, std::string_view column) const;
  /// The three bodies of each message, and SM3 of the raw one and of its digest input (nothing for nothing), all side by side.
  struct Bodies { std::string raw, canonical, acknowledgement, raw_digest, digest; };
  Result<std::vector<Bodies>> seal_bodies(const std::vector<const Intake*>& intakes) const;
  /// A text and its SM3.
  struct Proof { std::string box, digest; };
  Result<Proof> seal_proof(Bytes plain, std::string_view owner, std::string_view column) const;
  /// @errors crypto.seal_broken, also when the row names a key that is not ours (where: "key_id").
  Result<std::string> open(Bytes box, std::string_view row_key_id, std::string_view owner, std::string_view column) const;
  /// HMAC-SM3 of refused bytes under a key derived from the seal key: comparable inside one store, useless outside.
  std::string fingerprint(Bytes bytes) const;

private:
  Sealing(crypto::Sealer sealer, Secret fingerprint_key, std::string key_id)
      : sealer_(std::move(sealer)), fingerprint_key_(std::move(fingerprint_key)), key_ids_{std::move(key_id)} {}
  crypto::Sealer sealer_;
  Secret fingerprint_key_;
  std::vector<std::string> key_ids_;
  std::map<std::string, crypto::Sealer, std::less<>> earlier_;
};

/// Owner of a delivery's receipt.
std::string receipt_owner(std::int64_t delivery);

} // namespace tongqu::journal::detail
