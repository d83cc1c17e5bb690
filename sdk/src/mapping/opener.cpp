#include <utility>

#include "tongqu/crypto/crypto.hpp"
#include "tongqu/mapping/pack.hpp"

namespace tongqu::mapping {
namespace {

constexpr std::size_t kIvBytes = 16;

class KeyOpener final : public Opener {
public:
  explicit KeyOpener(std::map<std::string, Secret, std::less<>> keys) : keys_(std::move(keys)) {}
  Result<std::string> open(const SealedContent& sealed) const override;

private:
  std::map<std::string, Secret, std::less<>> keys_;
};

Result<std::string> KeyOpener::open(const SealedContent& sealed) const {
  const auto found = keys_.find(sealed.key);
  if (found == keys_.end()) return Error(Errc::mapping_opener_missing).with(std::string(sealed.key));
  const Secret& key = found->second;
  if (sealed.cipher == "aes-ecb") return crypto::aes128_ecb_decrypt(key, sealed.bytes);
  if (sealed.cipher == "sm4-ecb") return crypto::sm4_ecb_decrypt(key, sealed.bytes);
  const Bytes iv = sealed.bytes.substr(0, kIvBytes);
  const Bytes rest = sealed.bytes.substr(iv.size());
  if (sealed.cipher == "aes-cbc") return crypto::aes128_cbc_decrypt(key, iv, rest);
  if (sealed.cipher == "sm4-cbc") return crypto::sm4_cbc_decrypt(key, iv, rest);
  return crypto::sm4_ctr(key, iv, rest);
}

} // namespace

const std::vector<std::string_view>& cipher_names() {
  static const std::vector<std::string_view> names = {"sm4-cbc", "sm4-ecb", "sm4-ctr", "aes-cbc", "aes-ecb"};
  return names;
}

std::shared_ptr<const Opener> make_key_opener(std::map<std::string, Secret, std::less<>> keys) { return std::make_shared<KeyOpener>(std::move(keys)); }

} // namespace tongqu::mapping
