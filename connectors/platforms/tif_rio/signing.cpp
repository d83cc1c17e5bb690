#include "connectors/platforms/tif_rio/signing.hpp"

#include "tongqu/base/bytes.hpp"
#include "tongqu/crypto/crypto.hpp"

namespace tongqu::platform::tif_rio {
namespace {

constexpr std::size_t kNonceBytes = 10;

} // namespace

std::string signature(std::string_view timestamp, const Secret& paas_token, std::string_view nonce) {
  crypto::Hasher hasher(crypto::Hasher::Algorithm::sha256);
  hasher.update(timestamp);
  hasher.update(paas_token.reveal());
  hasher.update(nonce);
  hasher.update(timestamp);
  return to_hex(hasher.finish());
}

std::string make_nonce() { return to_hex(crypto::random_bytes(kNonceBytes)); }

void sign(net::HttpRequest& request, std::string_view paas_id, const Secret& paas_token, UtcMillis now, std::string_view nonce) {
  const std::string timestamp = std::to_string(to_epoch_ms(now) / 1000);
  request.headers.add("x-tif-paasid", std::string(paas_id));
  request.headers.add("x-tif-timestamp", timestamp);
  request.headers.add("x-tif-nonce", std::string(nonce));
  request.headers.add("x-tif-signature", signature(timestamp, paas_token, nonce));
}

} // namespace tongqu::platform::tif_rio
