#include <openssl/core_names.h>
#include <openssl/pem.h>

#include "crypto/openssl/engine.hpp"
#include "tongqu/base/assert.hpp"
#include "tongqu/crypto/crypto.hpp"

namespace tongqu::crypto {

struct Sm2PrivateKey::State {
  detail::OwnedKey key;
};
struct Sm2PublicKey::State {
  detail::OwnedKey key;
};

namespace {

using detail::OwnedBio;
using detail::OwnedKey;
using detail::OwnedKeyCtx;
using detail::OwnedMdCtx;

Error key_invalid() {
  detail::forget_errors();
  return Error(Errc::crypto_key_invalid);
}

/// Without it the engine would ask on the terminal for the passphrase of a protected key.
int no_passphrase(char*, int, int, void*) { return -1; }

OwnedBio reader(Bytes text) { return OwnedBio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

std::string text_parameter(const EVP_PKEY* key, const char* name) {
  char value[64] = {};
  std::size_t size = 0;
  return EVP_PKEY_get_utf8_string_param(key, name, value, sizeof value, &size) == 1 ? std::string(value, size) : std::string();
}

/// The curve by its name, not by parameters that came with the key, and the point in full.
bool is_sm2(const EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "SM2") != 1 || text_parameter(key, OSSL_PKEY_PARAM_GROUP_NAME) != "SM2") return false;
  int explicit_parameters = 0;
  EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &explicit_parameters);
  return explicit_parameters == 0 && text_parameter(key, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT) == "uncompressed";
}

bool check_public(EVP_PKEY* key) {
  const OwnedKeyCtx context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  return context && EVP_PKEY_public_check(context.get()) == 1;
}

/// The engine's check for this curve keeps to 1 to n-2 (GB/T 32918.1-2016 6.1): signing divides by 1 + d.
bool check_private(EVP_PKEY* key) {
  const OwnedKeyCtx context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  return context && EVP_PKEY_check(context.get()) == 1;
}

/// A context with the signer's id, which enters the digest before the message.
struct Signing {
  OwnedKeyCtx key_context;
  OwnedMdCtx context{EVP_MD_CTX_new()};

  Signing(EVP_PKEY* key, std::string_view id) : key_context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr)) {
    if (!key_context || !context) return;
    if (EVP_PKEY_CTX_set1_id(key_context.get(), id.data(), static_cast<int>(id.size())) != 1) return;
    EVP_MD_CTX_set_pkey_ctx(context.get(), key_context.get());
    usable = true;
  }
  bool usable = false;
};

bool verify_with(EVP_PKEY* key, Bytes message, Bytes signature, std::string_view id) {
  const Signing signing(key, id);
  const bool good = signing.usable && EVP_DigestVerifyInit(signing.context.get(), nullptr, detail::algorithms().sm3.get(), nullptr, key) == 1 &&
                    EVP_DigestVerify(signing.context.get(), detail::octets(signature), signature.size(), detail::octets(message), message.size()) == 1;
  if (!good) detail::forget_errors();
  return good;
}

std::string contents(BIO* bio) {
  char* begin = nullptr;
  const long size = BIO_get_mem_data(bio, &begin);
  return std::string(begin, static_cast<std::size_t>(size));
}

constexpr std::size_t kPemBytesMax = 64 * 1024;

} // namespace

Result<Sm2PrivateKey> Sm2PrivateKey::from_pem(const Secret& pem) {
  if (pem.reveal().size() > kPemBytesMax) return key_invalid();
  const OwnedBio bio = reader(pem.reveal());
  OwnedKey key(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr) : nullptr);
  if (!key || !is_sm2(key.get()) || !check_private(key.get())) return key_invalid();
  detail::forget_errors();
  Sm2PrivateKey made;
  made.state_ = std::make_shared<const State>(State{std::move(key)});
  return made;
}

Result<Sm2PrivateKey> Sm2PrivateKey::generate() {
  OwnedKey key(EVP_PKEY_Q_keygen(nullptr, nullptr, "SM2"));
  if (!key || !check_private(key.get())) return detail::engine_error();
  Sm2PrivateKey made;
  made.state_ = std::make_shared<const State>(State{std::move(key)});
  return made;
}

Result<std::string> Sm2PrivateKey::sign(Bytes message, std::string_view id) const {
  TONGQU_ASSERT(state_, "a key is made by from_pem or generate");
  EVP_PKEY* const key = state_->key.get();
  const Signing signing(key, id);
  if (!signing.usable) return detail::engine_error();
  if (EVP_DigestSignInit(signing.context.get(), nullptr, detail::algorithms().sm3.get(), nullptr, key) != 1) return detail::engine_error();
  std::size_t size = static_cast<std::size_t>(EVP_PKEY_get_size(key));
  std::string signature(size, '\0');
  if (EVP_DigestSign(signing.context.get(), detail::octets(signature), &size, detail::octets(message), message.size()) != 1) {
    return detail::engine_error();
  }
  signature.resize(size);
  if (!verify_with(key, message, signature, id)) return detail::engine_error();
  return signature;
}

std::string Sm2PrivateKey::public_pem() const {
  TONGQU_ASSERT(state_, "a key is made by from_pem or generate");
  const OwnedBio bio(BIO_new(BIO_s_mem()));
  TONGQU_ASSERT(bio && PEM_write_bio_PUBKEY(bio.get(), state_->key.get()) == 1, "a checked key is written");
  return contents(bio.get());
}

Secret Sm2PrivateKey::private_pem() const {
  TONGQU_ASSERT(state_, "a key is made by from_pem or generate");
  const OwnedBio bio(BIO_new(BIO_s_secmem()));
  TONGQU_ASSERT(bio && PEM_write_bio_PrivateKey(bio.get(), state_->key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1, "a checked key is written");
  return Secret(contents(bio.get()));
}

Result<Sm2PublicKey> Sm2PublicKey::from_pem(std::string_view pem) {
  if (pem.size() > kPemBytesMax) return key_invalid();
  const OwnedBio bio = reader(pem);
  OwnedKey key(bio ? PEM_read_bio_PUBKEY(bio.get(), nullptr, no_passphrase, nullptr) : nullptr);
  if (!key || !is_sm2(key.get()) || !check_public(key.get())) return key_invalid();
  detail::forget_errors();
  Sm2PublicKey made;
  made.state_ = std::make_shared<const State>(State{std::move(key)});
  return made;
}

bool Sm2PublicKey::verify(Bytes message, Bytes signature_der, std::string_view id) const {
  TONGQU_ASSERT(state_, "a key is made by from_pem");
  return verify_with(state_->key.get(), message, signature_der, id);
}

} // namespace tongqu::crypto
