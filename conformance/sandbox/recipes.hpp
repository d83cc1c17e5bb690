#pragma once
#include <string>
#include <string_view>

#include "tongqu/base/result.hpp"
#include "tongqu/base/secret.hpp"

/// The two gateways' formulas.
namespace tongqu::sandbox {

/// Lower-case hex of SHA-256(timestamp ‖ token ‖ nonce ‖ timestamp).
std::string tif_signature(std::string_view timestamp, const Secret& token, std::string_view nonce);

/// What the national signature covers, in this order.
struct NationalIdentity {
  std::string_view sid;
  std::string_view rid;
  std::string_view rtime;
};
/// Base64 of HMAC-SHA-256(key, sid ‖ rid ‖ rtime); the key is used as text.
std::string national_signature(const NationalIdentity& identity, const Secret& key);

/// First 16 bytes of SHA1(SHA1(seed)).
std::string prng16(std::string_view seed);
/// Base64 of AES-128-ECB under PRNG16(app key).
Result<std::string> wrap_secret(const Secret& app_key, const Secret& secret);

} // namespace tongqu::sandbox
