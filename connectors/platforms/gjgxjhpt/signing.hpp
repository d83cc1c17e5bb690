#pragma once
#include <string>
#include <string_view>

#include "tongqu/base/clock.hpp"
#include "tongqu/base/result.hpp"
#include "tongqu/base/secret.hpp"
#include "tongqu/net/http.hpp"

/// Recipes of the national data sharing and exchange platform (`gjgxjhpt_*`).
namespace tongqu::platform::gjgxjhpt {

/// First 16 bytes of SHA-1(SHA-1(seed)): what the Java idiom "AES key generator seeded by SHA1PRNG" gives. Not SHA-1 of the seed, and not
/// what a plain SecureRandom(seed) gives on Linux, which is random.
Secret prng16(const Secret& seed);

/// What a signature covers, in this order. Neither method, path, query nor body are covered.
struct Stamp {
  std::string_view sid, rid, rtime;
};

/// Base64(HMAC-SHA-256(secret, sid ‖ rid ‖ rtime)), 44 characters.
std::string signature(const Secret& secret, const Stamp& stamp);

/// Epoch milliseconds as decimal text.
std::string rtime_of(UtcMillis now);

/// Adds the four headers of a business call.
void sign(net::HttpRequest& request, const Secret& secret, const Stamp& stamp);

/// Opens the secret of a refresh answer: Base64 (line breaks skipped, as the old JDK encoder writes them) of AES-128-ECB under
/// prng16(app key). @errors base.base64_invalid, crypto.decrypt_failed, platform.answer_unreadable when the text cannot be a key.
Result<Secret> unwrap_secret(std::string_view base64, const Secret& app_key);

} // namespace tongqu::platform::gjgxjhpt
