#include "crypto/openssl/engine.hpp"

#include <algorithm>

#include <openssl/err.h>
#include <openssl/rand.h>

#include "tongqu/base/assert.hpp"
#include "tongqu/crypto/crypto.hpp"

namespace tongqu::crypto {
namespace detail {
namespace {

Algorithms fetch_all() {
  Algorithms all;
  all.sha1.reset(EVP_MD_fetch(nullptr, "SHA1", nullptr));
  all.sha256.reset(EVP_MD_fetch(nullptr, "SHA256", nullptr));
  all.sm3.reset(EVP_MD_fetch(nullptr, "SM3", nullptr));
  all.hmac.reset(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
  all.aes128_ecb.reset(EVP_CIPHER_fetch(nullptr, "AES-128-ECB", nullptr));
  all.aes128_cbc.reset(EVP_CIPHER_fetch(nullptr, "AES-128-CBC", nullptr));
  all.sm4_ctr.reset(EVP_CIPHER_fetch(nullptr, "SM4-CTR", nullptr));
  all.sm4_ecb.reset(EVP_CIPHER_fetch(nullptr, "SM4-ECB", nullptr));
  all.sm4_cbc.reset(EVP_CIPHER_fetch(nullptr, "SM4-CBC", nullptr));
  TONGQU_ASSERT(all.sha1 && all.sha256 && all.sm3 && all.hmac, "the installed OpenSSL offers SHA-1, SHA-256, SM3 and HMAC");
  TONGQU_ASSERT(all.aes128_ecb && all.aes128_cbc && all.sm4_ctr && all.sm4_ecb && all.sm4_cbc, "the installed OpenSSL offers AES-128 and SM4");
  return all;
}

} // namespace

const Algorithms& algorithms() {
  static const Algorithms all = fetch_all();
  return all;
}

Error engine_error() {
  forget_errors();
  return Error(Errc::crypto_engine);
}

void forget_errors() noexcept { ERR_clear_error(); }

} // namespace detail

std::string random_bytes(std::size_t count) {
  constexpr std::size_t kChunk = std::size_t{1} << 30;
  std::string bytes(count, '\0');
  for (std::size_t at = 0; at < count; at += kChunk) {
    const int size = static_cast<int>(std::min(kChunk, count - at));
    TONGQU_ASSERT(RAND_bytes(detail::octets(bytes) + at, size) == 1, "the engine's generator is seeded by the kernel");
  }
  return bytes;
}

} // namespace tongqu::crypto
