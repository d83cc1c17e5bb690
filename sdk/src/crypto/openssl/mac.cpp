#include <openssl/core_names.h>
#include <openssl/params.h>

#include "crypto/openssl/engine.hpp"
#include "tongqu/base/assert.hpp"
#include "tongqu/crypto/crypto.hpp"

namespace tongqu::crypto {

struct Mac::State {
  detail::OwnedMacCtx context{detail::made(EVP_MAC_CTX_new(detail::algorithms().hmac.get()))};
};

Mac::Mac(MacAlgorithm algorithm, const Secret& key) : state_(std::make_unique<State>()) {
  std::string digest = algorithm == MacAlgorithm::hmac_sm3 ? "SM3" : "SHA256";
  const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0), OSSL_PARAM_construct_end()};
  const Bytes bytes = key.reveal();
  if (EVP_MAC_init(state_->context.get(), detail::octets(bytes), bytes.size(), parameters) != 1) detail::no_memory();  // It takes a key of any length.
}

Mac::~Mac() = default;
Mac::Mac(Mac&&) noexcept = default;
Mac& Mac::operator=(Mac&&) noexcept = default;

/// Without a key the engine starts again from the inner and outer states it has kept.
void Mac::begin() { TONGQU_ASSERT(EVP_MAC_init(state_->context.get(), nullptr, 0, nullptr) == 1, "a keyed HMAC starts again"); }

void Mac::update(Bytes piece) {
  TONGQU_ASSERT(EVP_MAC_update(state_->context.get(), detail::octets(piece), piece.size()) == 1, "a keyed HMAC takes any bytes");
}

std::string Mac::finish() {
  std::string out(32, '\0');
  std::size_t size = 0;
  TONGQU_ASSERT(EVP_MAC_final(state_->context.get(), detail::octets(out), &size, out.size()) == 1 && size == out.size(), "a keyed HMAC gives 32 bytes");
  return out;
}

std::string Mac::compute(Bytes message) {
  begin();
  update(message);
  return finish();
}

std::string hmac(MacAlgorithm algorithm, const Secret& key, Bytes message) { return Mac(algorithm, key).compute(message); }

} // namespace tongqu::crypto
