#include "bridge/naming.hpp"

#include <ctime>

#include "tongqu/crypto/crypto.hpp"
#include "tongqu/model/values.hpp"

namespace tongqu::bridge::detail {

namespace {

constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

} // namespace

UtcMillis MessageIds::time_of(std::string_view id) {
  if (id.size() != 26) return {};
  std::uint64_t time = 0;
  for (const char c : id.substr(0, 10)) {
    const auto digit = kAlphabet.find(c);
    if (digit == std::string_view::npos) return {};
    time = time << 5 | digit;
  }
  return from_epoch_ms(static_cast<std::int64_t>(time));
}

std::string MessageIds::next(UtcMillis now) {
  std::string random;
  {
    const std::lock_guard lock(mutex_);
    if (pool_.size() < 10) pool_ = crypto::random_bytes(1280);
    random = pool_.substr(pool_.size() - 10);
    pool_.resize(pool_.size() - 10);
  }
  std::string id(26, '0');
  auto time = static_cast<std::uint64_t>(to_epoch_ms(now));
  for (std::size_t i = 10; i-- > 0; time >>= 5) id[i] = kAlphabet[time & 31];
  std::uint32_t bits = 0;
  int filled = 0;
  std::size_t at = 10;
  for (const char c : random) {
    bits = bits << 8 | static_cast<unsigned char>(c);
    filled += 8;
    while (filled >= 5) {
      filled -= 5;
      id[at++] = kAlphabet[bits >> filled & 31];
    }
  }
  return id;
}

std::string office_time(UtcMillis at) {
  constexpr std::int16_t kEastEight = 8 * 60;
  const std::int64_t ms = to_epoch_ms(at);
  const std::time_t seconds = static_cast<std::time_t>(ms / 1000) + kEastEight * 60;
  std::tm local{};
  ::gmtime_r(&seconds, &local);
  model::Time time;
  time.precision = model::Time::Precision::millisecond;
  time.year = static_cast<std::int16_t>(local.tm_year + 1900);
  time.month = static_cast<std::int8_t>(local.tm_mon + 1);
  time.day = static_cast<std::int8_t>(local.tm_mday);
  time.hour = static_cast<std::int8_t>(local.tm_hour);
  time.minute = static_cast<std::int8_t>(local.tm_min);
  time.second = static_cast<std::int8_t>(local.tm_sec);
  time.millisecond = static_cast<std::int16_t>(ms % 1000);
  time.offset_minutes = kEastEight;
  return time.text();
}

} // namespace tongqu::bridge::detail
