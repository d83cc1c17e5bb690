#include <mutex>
#include <vector>

#include <openssl/crypto.h>

#include "crypto/openssl/engine.hpp"
#include "crypto/sm3/sm3_lanes.hpp"
#include "tongqu/base/assert.hpp"
#include "tongqu/crypto/crypto.hpp"

namespace tongqu::crypto {

struct Sealer::Macs {
  explicit Macs(Secret mac_key) : key(std::move(mac_key)), inner(keyed(0x36)), outer(keyed(0x5c)) {}
  ~Macs() {
    OPENSSL_cleanse(&inner, sizeof inner);
    OPENSSL_cleanse(&outer, sizeof outer);
  }
  Macs(const Macs&) = delete;
  Macs& operator=(const Macs&) = delete;
  const Secret key;
  std::mutex mutex;
  std::vector<Mac> idle;  ///< As many as there were threads at a time.
  detail::Sm3State inner, outer;  ///< After the key's block, for MACs that are computed side by side.

  /// The state of SM3 after the block of the key, which is shorter than a block. @source RFC 2104
  detail::Sm3State keyed(char with) const {
    std::string block(detail::kSm3BlockBytes, with);
    const Bytes bytes = key.reveal();
    for (std::size_t i = 0; i < bytes.size(); ++i) block[i] = static_cast<char>(block[i] ^ bytes[i]);
    std::array<detail::Sm3Lane, detail::kSm3Lanes> lanes;
    lanes[0].blocks = detail::octets(Bytes(block));
    lanes[0].count = 1;
    detail::sm3_compress(lanes);
    OPENSSL_cleanse(block.data(), block.size());
    return lanes[0].state;
  }

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

void put_in(detail::Sm3Lane& lane, const detail::Sm3State& from, const std::string& padded) {
  lane.state = from;
  lane.blocks = detail::octets(Bytes(padded));
  lane.count = padded.size() / detail::kSm3BlockBytes;
}

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

Result<Sealer::Together> Sealer::seal_together(const std::vector<Item>& items, const std::vector<Bytes>& digest_of) const {
  TONGQU_ASSERT(items.size() + digest_of.size() <= detail::kSm3Lanes, "each has a lane of its own");
  Together together;
  std::array<std::string, detail::kSm3Lanes> texts;  // What each lane digests: length, associated data, box without its MAC.
  const std::string ivs = random_bytes(kIvBytes * items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    const Bytes iv = Bytes(ivs).substr(kIvBytes * i, kIvBytes);
    TONGQU_TRY(const std::string cipher, sm4_ctr(cipher_key_, iv, items[i].plain));
    std::string& box = together.boxes.emplace_back();
    box.reserve(1 + kIvBytes + cipher.size() + kMacBytes);
    box.append(1, kVersion).append(iv).append(cipher);
    texts[i].reserve(8 + items[i].associated.size() + box.size() + 2 * detail::kSm3BlockBytes);
    for (int shift = 56; shift >= 0; shift -= 8) texts[i] += static_cast<char>(static_cast<std::uint64_t>(items[i].associated.size()) >> static_cast<unsigned>(shift) & 0xFF);
    texts[i].append(items[i].associated).append(box);
    detail::sm3_pad(texts[i], detail::kSm3BlockBytes);
  }
  std::array<detail::Sm3Lane, detail::kSm3Lanes> lanes;
  for (std::size_t i = 0; i < items.size(); ++i) put_in(lanes[i], macs_->inner, texts[i]);
  for (std::size_t i = items.size(); i < items.size() + digest_of.size(); ++i) {
    const Bytes text = digest_of[i - items.size()];
    texts[i].reserve(text.size() + 2 * detail::kSm3BlockBytes);
    texts[i] = text;
    detail::sm3_pad(texts[i], 0);
    put_in(lanes[i], detail::kSm3Start, texts[i]);
  }
  detail::sm3_compress(lanes);
  for (std::size_t i = items.size(); i < items.size() + digest_of.size(); ++i) {
    together.digests.push_back(detail::sm3_bytes(lanes[i].state));
    lanes[i] = {};
  }
  for (std::size_t i = 0; i < items.size(); ++i) {
    texts[i] = detail::sm3_bytes(lanes[i].state);
    detail::sm3_pad(texts[i], detail::kSm3BlockBytes);
    put_in(lanes[i], macs_->outer, texts[i]);
  }
  detail::sm3_compress(lanes);
  for (std::size_t i = 0; i < items.size(); ++i) together.boxes[i] += detail::sm3_bytes(lanes[i].state);
  return together;
}

Result<std::string> Sealer::open(Bytes box, Bytes associated) const {
  if (box.size() < 1 + kIvBytes + kMacBytes || box[0] != kVersion) return broken();
  const Bytes head_and_cipher = box.substr(0, box.size() - kMacBytes);
  if (!equal_constant_time(macs_->compute(associated, head_and_cipher), box.substr(head_and_cipher.size()))) return broken();
  return sm4_ctr(cipher_key_, box.substr(1, kIvBytes), head_and_cipher.substr(1 + kIvBytes));
}

} // namespace tongqu::crypto
