#include <algorithm>
#include <optional>

#include "crypto/openssl/engine.hpp"
#include "crypto/sm4/sm4_lanes.hpp"
#include "tongqu/crypto/crypto.hpp"

namespace tongqu::crypto {
namespace {

constexpr std::size_t kKeyBytes = 16;
constexpr std::size_t kBlockBytes = 16;
constexpr std::size_t kChunkBytes = std::size_t{1} << 30;  // The engine counts in int.

enum class Direction : int { open = 0, seal = 1 };

struct Job {
  const EVP_CIPHER* cipher;
  Direction direction;
  const Secret& key;
  Bytes iv;
};

/// Nothing when the engine refuses: at opening, that is the padding or the length.
std::optional<std::string> run(const Job& job, Bytes input) {
  const detail::OwnedCipherCtx context(EVP_CIPHER_CTX_new());
  const unsigned char* iv = job.iv.empty() ? nullptr : detail::octets(job.iv);
  const auto direction = static_cast<int>(job.direction);
  if (!context || EVP_CipherInit_ex2(context.get(), job.cipher, detail::octets(job.key.reveal()), iv, direction, nullptr) != 1) return std::nullopt;
  std::string out(input.size() + kBlockBytes, '\0');
  std::size_t written = 0;
  int produced = 0;
  for (std::size_t at = 0; at < input.size(); at += kChunkBytes) {
    const int size = static_cast<int>(std::min(kChunkBytes, input.size() - at));
    if (EVP_CipherUpdate(context.get(), detail::octets(out) + written, &produced, detail::octets(input) + at, size) != 1) return std::nullopt;
    written += static_cast<std::size_t>(produced);
  }
  if (EVP_CipherFinal_ex(context.get(), detail::octets(out) + written, &produced) != 1) return std::nullopt;
  out.resize(written + static_cast<std::size_t>(produced));
  return out;
}

Result<std::string> checked_run(const Job& job, Bytes input, Errc refusal) {
  if (job.key.reveal().size() != kKeyBytes) return Error(Errc::crypto_key_size).with("16 bytes");
  auto out = run(job, input);
  if (out) return *std::move(out);
  detail::forget_errors();
  return Error(refusal);
}

Result<void> check_iv(Bytes iv) {
  if (iv.size() != kBlockBytes) return Error(Errc::crypto_iv_size).with("16 bytes");
  return {};
}

} // namespace

Result<std::string> aes128_ecb_encrypt(const Secret& key, Bytes plain) {
  return checked_run({detail::algorithms().aes128_ecb.get(), Direction::seal, key, {}}, plain, Errc::crypto_engine);
}

Result<std::string> aes128_ecb_decrypt(const Secret& key, Bytes sealed) {
  return checked_run({detail::algorithms().aes128_ecb.get(), Direction::open, key, {}}, sealed, Errc::crypto_decrypt_failed);
}

Result<std::string> aes128_cbc_encrypt(const Secret& key, Bytes iv, Bytes plain) {
  TONGQU_CHECK(check_iv(iv));
  return checked_run({detail::algorithms().aes128_cbc.get(), Direction::seal, key, iv}, plain, Errc::crypto_engine);
}

Result<std::string> aes128_cbc_decrypt(const Secret& key, Bytes iv, Bytes sealed) {
  TONGQU_CHECK(check_iv(iv));
  return checked_run({detail::algorithms().aes128_cbc.get(), Direction::open, key, iv}, sealed, Errc::crypto_decrypt_failed);
}

Result<std::string> sm4_ecb_decrypt(const Secret& key, Bytes sealed) {
  return checked_run({detail::algorithms().sm4_ecb.get(), Direction::open, key, {}}, sealed, Errc::crypto_decrypt_failed);
}

Result<std::string> sm4_cbc_decrypt(const Secret& key, Bytes iv, Bytes sealed) {
  TONGQU_CHECK(check_iv(iv));
  return checked_run({detail::algorithms().sm4_cbc.get(), Direction::open, key, iv}, sealed, Errc::crypto_decrypt_failed);
}

Result<void> detail::append_sm4_ctr(std::string& out, const Secret& key, Bytes iv, Bytes input) {
  TONGQU_CHECK(check_iv(iv));
  if (!sm4_lanes_offered() || key.reveal().size() != kKeyBytes) {
    TONGQU_TRY(const std::string cipher, checked_run({algorithms().sm4_ctr.get(), Direction::seal, key, iv}, input, Errc::crypto_engine));
    out += cipher;
    return {};
  }
  const std::size_t at = out.size();
  out.resize(at + input.size());
  sm4_ctr_lanes({octets(key.reveal()), octets(iv), octets(input), input.size(), octets(out) + at});
  return {};
}

Result<std::string> sm4_ctr(const Secret& key, Bytes iv, Bytes input) {
  std::string out;
  TONGQU_CHECK(detail::append_sm4_ctr(out, key, iv, input));
  return out;
}

} // namespace tongqu::crypto
