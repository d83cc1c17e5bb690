#include <mutex>
#include <vector>

#include <openssl/crypto.h>

#include "crypto/openssl/engine.hpp"
#include "crypto/sm3/sm3_lanes.hpp"
#include "tongqu/crypto/crypto.hpp"

namespace tongqu::crypto {
namespace {

/// The length of the associated data stands first, so that no byte can move between it and the box.
std::string bound(Bytes associated) {
  std::string out(8, '\0');
  for (std::size_t i = 0; i < out.size(); ++i) out[7 - i] = static_cast<char>(static_cast<std::uint64_t>(associated.size()) >> (8 * i) & 0xFF);
  return out.append(associated);
}

} // namespace

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
    std::vector<detail::Sm3Chain> chains(1);
    chains[0].runs[0] = {detail::octets(Bytes(block)), 1};
    detail::sm3_compress(chains);
    OPENSSL_cleanse(block.data(), block.size());
    return chains[0].state;
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

  std::string compute(Bytes associated, Bytes head_and_cipher) {
    Mac mac = take();
    mac.begin();
    mac.update(bound(associated));
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

/// A box without its MAC, which has its place already.
Result<std::string> unfinished(const Secret& cipher_key, Bytes iv, Bytes plain) {
  std::string box;
  box.reserve(1 + kIvBytes + plain.size() + kMacBytes);
  box.append(1, kVersion).append(iv);
  TONGQU_CHECK(detail::append_sm4_ctr(box, cipher_key, iv, plain));
  return box;
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
  TONGQU_TRY(std::string box, unfinished(cipher_key_, random_bytes(kIvBytes), plain));
  box += macs_->compute(associated, box);
  return box;
}

Result<Sealer::Together> Sealer::seal_together(const std::vector<Item>& items, const std::vector<Bytes>& digest_of) const {
  Together together;
  together.boxes.reserve(items.size());
  std::vector<detail::Sm3Text> texts;
  texts.reserve(items.size() + digest_of.size());
  const std::string ivs = random_bytes(kIvBytes * items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    TONGQU_TRY(auto box, unfinished(cipher_key_, Bytes(ivs).substr(kIvBytes * i, kIvBytes), items[i].plain));
    together.boxes.push_back(std::move(box));
    texts.emplace_back(macs_->inner, detail::kSm3BlockBytes, bound(items[i].associated), together.boxes.back());
  }
  for (const Bytes text : digest_of) texts.emplace_back(detail::kSm3Start, 0, Bytes(), text);
  const auto digested = detail::sm3_states(texts);

  std::vector<detail::Sm3Text> outer;
  std::vector<std::string> inner;
  outer.reserve(items.size());
  inner.reserve(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    inner.push_back(detail::sm3_bytes(digested[i]));
    outer.emplace_back(macs_->outer, detail::kSm3BlockBytes, Bytes(), inner.back());
  }
  const auto macs = detail::sm3_states(outer);
  for (std::size_t i = 0; i < items.size(); ++i) together.boxes[i] += detail::sm3_bytes(macs[i]);
  together.digests.reserve(digest_of.size());
  for (std::size_t i = items.size(); i < digested.size(); ++i) together.digests.push_back(detail::sm3_bytes(digested[i]));
  return together;
}

Result<std::string> Sealer::open(Bytes box, Bytes associated) const {
  if (box.size() < 1 + kIvBytes + kMacBytes || box[0] != kVersion) return broken();
  const Bytes head_and_cipher = box.substr(0, box.size() - kMacBytes);
  if (!equal_constant_time(macs_->compute(associated, head_and_cipher), box.substr(head_and_cipher.size()))) return broken();
  return sm4_ctr(cipher_key_, box.substr(1, kIvBytes), head_and_cipher.substr(1 + kIvBytes));
}

} // namespace tongqu::crypto
