#include "connectors/platforms/gjgxjhpt/signing.hpp"

#include <algorithm>

#include "tongqu/base/bytes.hpp"
#include "tongqu/crypto/crypto.hpp"

namespace tongqu::platform::gjgxjhpt {
namespace {

constexpr std::size_t kSecretBytesMax = 256;

} // namespace

Secret prng16(const Secret& seed) { return Secret(crypto::sha1(crypto::sha1(seed.reveal())).substr(0, 16)); }

std::string signature(const Secret& secret, const Stamp& stamp) {
  std::string covered;
  covered.reserve(stamp.sid.size() + stamp.rid.size() + stamp.rtime.size());
  covered.append(stamp.sid).append(stamp.rid).append(stamp.rtime);
  return to_base64(crypto::hmac(crypto::MacAlgorithm::hmac_sha256, secret, covered));
}

std::string rtime_of(UtcMillis now) { return std::to_string(to_epoch_ms(now)); }

void sign(net::HttpRequest& request, const Secret& secret, const Stamp& stamp) {
  request.headers.add("gjgxjhpt_rid", std::string(stamp.rid));
  request.headers.add("gjgxjhpt_sid", std::string(stamp.sid));
  request.headers.add("gjgxjhpt_rtime", std::string(stamp.rtime));
  request.headers.add("gjgxjhpt_sign", signature(secret, stamp));
}

Result<Secret> unwrap_secret(std::string_view base64, const Secret& app_key) {
  TONGQU_TRY(const std::string sealed, from_base64(base64, Base64Breaks::skip));
  TONGQU_TRY(std::string text, crypto::aes128_ecb_decrypt(prng16(app_key), sealed));
  Secret secret(std::move(text));
  const std::string_view plain = secret.reveal();
  const bool printable = std::all_of(plain.begin(), plain.end(), [](char c) { return c >= ' ' && c < 0x7F; });
  if (plain.empty() || plain.size() > kSecretBytesMax || !printable) return Error(Errc::platform_answer_unreadable).at("/data/secret");
  return secret;
}

} // namespace tongqu::platform::gjgxjhpt
