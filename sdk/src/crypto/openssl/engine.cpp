#include "crypto/openssl/engine.hpp"

#include <algorithm>

#include <atomic>
#include <cstring>
#include <new>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <pthread.h>

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

void no_memory() {
  forget_errors();
  throw std::bad_alloc();
}

} // namespace detail

namespace {

/// Grows in a child process: what its parent had drawn in advance must not be used by both.
std::atomic<unsigned> fork_count{0};

void draw(unsigned char* into, std::size_t count) {
  constexpr std::size_t kChunk = std::size_t{1} << 30;
  for (std::size_t at = 0; at < count; at += kChunk) {
    const int size = static_cast<int>(std::min(kChunk, count - at));
    TONGQU_ASSERT(RAND_bytes(into + at, size) == 1, "the engine's generator is seeded by the kernel");
  }
}

/// Bytes drawn in advance, for one thread. The engine's generator takes a lock and asks for the process id at every call, which for the
/// 16 bytes of an initialisation vector costs more than the bytes. Each byte is handed out once and erased.
class Reserve {
public:
  Reserve() {
    static const int watched = pthread_atfork(nullptr, nullptr, [] { fork_count.fetch_add(1, std::memory_order_relaxed); });
    TONGQU_ASSERT(watched == 0, "the handlers of a process have room for one more");
  }
  ~Reserve() { OPENSSL_cleanse(bytes_, sizeof bytes_); }
  Reserve(const Reserve&) = delete;
  Reserve& operator=(const Reserve&) = delete;

  void take(unsigned char* into, std::size_t count) {
    const unsigned now = fork_count.load(std::memory_order_relaxed);
    if (left_ < count || drawn_at_ != now) {
      draw(bytes_, sizeof bytes_);
      left_ = sizeof bytes_;
      drawn_at_ = now;
    }
    left_ -= count;
    std::memcpy(into, bytes_ + left_, count);
    OPENSSL_cleanse(bytes_ + left_, count);
  }

private:
  unsigned char bytes_[2048];
  std::size_t left_ = 0;
  unsigned drawn_at_ = 0;
};

constexpr std::size_t kFromReserveMax = 64;

} // namespace

std::string random_bytes(std::size_t count) {
  thread_local Reserve reserve;
  std::string bytes(count, '\0');
  if (count > kFromReserveMax) draw(detail::octets(bytes), count);
  else if (count > 0) reserve.take(detail::octets(bytes), count);
  return bytes;
}

} // namespace tongqu::crypto
