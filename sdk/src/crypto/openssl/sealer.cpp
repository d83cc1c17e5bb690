#include "tongqu/crypto/crypto.hpp"

namespace tongqu::crypto {
namespace {

constexpr char kVersion = '\x01';
constexpr std::size_t kIvBytes = 16;
constexpr std::size_t kMacBytes = 32;
constexpr std::size_t kCipherKeyBytes = 16;

/// The length of the associated data stands first, so that no byte can move between it and the box.
std::string mac_of(const Secret& key, Bytes associated, Bytes head_and_cipher) {
  std::string length(8, '\0');
  for (std::size_t i = 0; i < length.size(); ++i) length[7 - i] = static_cast<char>(static_cast<std::uint64_t>(associated.size()) >> (8 * i) & 0xFF);
  Mac mac(MacAlgorithm::hmac_sm3, key);
  mac.begin();
  mac.update(length);
  mac.update(associated);
  mac.update(head_and_cipher);
  return mac.finish();
}

Error broken() { return Error(Errc::crypto_seal_broken); }

} // namespace

Result<Sealer> Sealer::create(const Secret& key) {
  if (key.reveal().size() != 32) return Error(Errc::crypto_key_size).with("32 bytes");
  Secret cipher_key(hmac(MacAlgorithm::hmac_sm3, key, "tongqu seal 1 cipher").substr(0, kCipherKeyBytes));
  Secret mac_key(hmac(MacAlgorithm::hmac_sm3, key, "tongqu seal 1 mac"));
  return Sealer(std::move(cipher_key), std::move(mac_key));
}

Result<std::string> Sealer::seal(Bytes plain, Bytes associated) const {
  const std::string iv = random_bytes(kIvBytes);
  TONGQU_TRY(const std::string cipher, sm4_ctr(cipher_key_, iv, plain));
  std::string box;
  box.reserve(1 + kIvBytes + cipher.size() + kMacBytes);
  box += kVersion;
  box += iv;
  box += cipher;
  box += mac_of(mac_key_, associated, box);
  return box;
}

Result<std::string> Sealer::open(Bytes box, Bytes associated) const {
  if (box.size() < 1 + kIvBytes + kMacBytes || box[0] != kVersion) return broken();
  const Bytes head_and_cipher = box.substr(0, box.size() - kMacBytes);
  if (!equal_constant_time(mac_of(mac_key_, associated, head_and_cipher), box.substr(head_and_cipher.size()))) return broken();
  return sm4_ctr(cipher_key_, box.substr(1, kIvBytes), head_and_cipher.substr(1 + kIvBytes));
}

} // namespace tongqu::crypto
