#include <mutex>
#include <vector>

#include "tongqu/crypto/crypto.hpp"

namespace tongqu::crypto {

struct Sealer::Macs {
  explicit Macs(Secret mac_key) : key(std::move(mac_key)) {}
  const Secret key;
  std::mutex mutex;
  std::vector<Mac> idle;  ///< As many as there were threads at a time.

  Mac take() {
    {
      const std::lock_guard lock(mutex);
      if (!idle.empty()) {
        Mac mac = std::move(idle.back());
        idle.pop_back();
        return mac;
      }
    }
    return Mac(MacAlgorithm::hmac_sm3, key);
  }
  void give_back(Mac mac) {
    const std::lock_guard lock(mutex);
    idle.push_back(std::move(mac));
  }

  /// The length of the associated data stands first, so that no byte can move between it and the box.
  std::string compute(Bytes associated, Bytes head_and_cipher) {
    std::string length(8, '\0');
    for (std::size_t i = 0; i < length.size(); ++i) length[7 - i] = static_cast<char>(static_cast<std::uint64_t>(associated.size()) >> (8 * i) & 0xFF);
    Mac mac = take();
    mac.begin();
    mac.update(length);
    mac.update(associated);
    mac.update(head_and_cipher);
    std::string out = mac.finish();
    give_back(std::move(mac));
    return out;
  }
};

namespace {

constexpr char kVersion = '\x01';
constexpr std::size_t kIvBytes = 16;
constexpr std::size_t kMacBytes = 32;
constexpr std::size_t kCipherKeyBytes = 16;

Error broken() { return Error(Errc::crypto_seal_broken); }

} // namespace

Result<Sealer> Sealer::create(const Secret& key) {
  if (key.reveal().size() != 32) return Error(Errc::crypto_key_size).with("32 bytes");
  Secret cipher_key(hmac(MacAlgorithm::hmac_sm3, key, "tongqu seal 1 cipher").substr(0, kCipherKeyBytes));
  Secret mac_key(hmac(MacAlgorithm::hmac_sm3, key, "tongqu seal 1 mac"));
  return Sealer(std::move(cipher_key), std::make_shared<Macs>(std::move(mac_key)));
}

Result<std::string> Sealer::seal(Bytes plain, Bytes associated) const {
  const std::string iv = random_bytes(kIvBytes);
  TONGQU_TRY(const std::string cipher, sm4_ctr(cipher_key_, iv, plain));
  std::string box;
  box.reserve(1 + kIvBytes + cipher.size() + kMacBytes);
  box += kVersion;
  box += iv;
  box += cipher;
  box += macs_->compute(associated, box);
  return box;
}

Result<std::string> Sealer::open(Bytes box, Bytes associated) const {
  if (box.size() < 1 + kIvBytes + kMacBytes || box[0] != kVersion) return broken();
  const Bytes head_and_cipher = box.substr(0, box.size() - kMacBytes);
  if (!equal_constant_time(macs_->compute(associated, head_and_cipher), box.substr(head_and_cipher.size()))) return broken();
  return sm4_ctr(cipher_key_, box.substr(1, kIvBytes), head_and_cipher.substr(1 + kIvBytes));
}

} // namespace tongqu::crypto
