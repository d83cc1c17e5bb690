#pragma once
#include <memory>
#include <string>

#include <openssl/bio.h>
#include <openssl/evp.h>

#include "tongqu/base/bytes.hpp"
#include "tongqu/base/error.hpp"
#include "tongqu/base/result.hpp"
#include "tongqu/base/secret.hpp"

/// What the sources of this folder share: owners for the engine's objects, and the algorithms, fetched once. Fetching by name costs
/// more than digesting a short message.
namespace tongqu::crypto::detail {

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* object) const noexcept { Free(object); }
};
template <class T, auto Free>
using Owned = std::unique_ptr<T, Deleter<Free>>;

using OwnedMd = Owned<EVP_MD, EVP_MD_free>;
using OwnedMdCtx = Owned<EVP_MD_CTX, EVP_MD_CTX_free>;
using OwnedMac = Owned<EVP_MAC, EVP_MAC_free>;
using OwnedMacCtx = Owned<EVP_MAC_CTX, EVP_MAC_CTX_free>;
using OwnedCipher = Owned<EVP_CIPHER, EVP_CIPHER_free>;
using OwnedCipherCtx = Owned<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free>;
using OwnedKey = Owned<EVP_PKEY, EVP_PKEY_free>;
using OwnedKeyCtx = Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using OwnedBio = Owned<BIO, BIO_free>;

/// The algorithms of this module. Immutable after construction; safe from several threads.
struct Algorithms {
  OwnedMd sha1;
  OwnedMd sha256;
  OwnedMd sm3;
  OwnedMac hmac;
  OwnedCipher aes128_ecb;
  OwnedCipher aes128_cbc;
  OwnedCipher sm4_ctr;
  OwnedCipher sm4_ecb;
  OwnedCipher sm4_cbc;
};
/// @note Throws ContractViolation when the engine lacks one of them: that is a wrong installation, not a wrong input.
const Algorithms& algorithms();

inline const unsigned char* octets(Bytes bytes) noexcept { return reinterpret_cast<const unsigned char*>(bytes.data()); }
inline unsigned char* octets(std::string& bytes) noexcept { return reinterpret_cast<unsigned char*>(bytes.data()); }

/// `sm4_ctr` behind what `out` holds. @errors as `sm4_ctr`; `out` is then as it was.
Result<void> append_sm4_ctr(std::string& out, const Secret& key, Bytes iv, Bytes input);

/// crypto.engine. Empties the engine's error queue of this thread: an entry left behind would be read as a failure by the next TLS call.
Error engine_error();
/// Empties the engine's error queue of this thread, in a failure that is not the engine's.
void forget_errors() noexcept;

/// The engine's calls with fetched algorithms and sizes of ours fail for want of memory only, and give null for an object then, which they
/// themselves do not expect. @throws std::bad_alloc, like any other allocation.
[[noreturn]] void no_memory();
template <class T> T* made(T* object) {
  if (object == nullptr) no_memory();
  return object;
}

} // namespace tongqu::crypto::detail
