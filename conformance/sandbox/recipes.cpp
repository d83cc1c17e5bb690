#include "conformance/sandbox/recipes.hpp"

#include "tongqu/base/bytes.hpp"
#include "tongqu/crypto/crypto.hpp"

namespace tongqu::sandbox {

std::string tif_signature(std::string_view timestamp, const Secret& token, std::string_view nonce) {
  std::string text;
  text.reserve(2 * timestamp.size() + token.reveal().size() + nonce.size());
  text.append(timestamp).append(token.reveal()).append(nonce).append(timestamp);
  return to_hex(crypto::sha256(text));
}

std::string national_signature(const NationalIdentity& identity, const Secret& key) {
  std::string text;
  text.append(identity.sid).append(identity.rid).append(identity.rtime);
  return to_base64(crypto::hmac(crypto::MacAlgorithm::hmac_sha256, key, text));
}

std::string prng16(std::string_view seed) { return crypto::sha1(crypto::sha1(seed)).substr(0, 16); }

Result<std::string> wrap_secret(const Secret& app_key, const Secret& secret) {
  TONGQU_TRY(const std::string sealed, crypto::aes128_ecb_encrypt(Secret(prng16(app_key.reveal())), secret.reveal()));
  return to_base64(sealed);
}

} // namespace tongqu::sandbox
