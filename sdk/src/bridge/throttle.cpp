#include "bridge/throttle.hpp"

#include <algorithm>
#include <cmath>

namespace tongqu::bridge::detail {
namespace {

using Seconds = std::chrono::duration<double>;

constexpr double kCut = 0.7;
constexpr double kRaisePart = 0.05;    // Of the rate at the cut, each second.
constexpr double kProbePart = 0.5;     // Of the rate itself, each second, until the platform has said "slow down" twice.
constexpr std::chrono::seconds kWentWell{10};
constexpr double kRateMin = 0.2;       // A message in five seconds: whoever asks for less says how long to wait.
constexpr double kForgetFactor = 8;
constexpr double kBurstSeconds = 0.1;
constexpr std::chrono::seconds kCutPause{1};

} // namespace

Throttle::Throttle(const RateSettings& settings, MonoTime now) : settings_(settings), at_(now) { tokens_ = burst(); }

double Throttle::rate() const noexcept {
  if (learned_ <= 0) return settings_.per_second;
  return settings_.per_second > 0 ? std::min(settings_.per_second, learned_) : learned_;
}

double Throttle::burst() const noexcept {
  if (settings_.burst > 0) return static_cast<double>(settings_.burst);
  return std::max(1.0, rate() * kBurstSeconds);
}

void Throttle::refill(MonoTime now) noexcept {
  if (now <= at_) return;
  const double passed = Seconds(now - at_).count();
  at_ = now;
  observed_ *= std::exp(-passed);
  tokens_ = std::min(burst(), tokens_ + passed * rate());
}

std::size_t Throttle::allowance(MonoTime now, std::size_t wanted) {
  refill(now);
  if (now < paused_until_) return 0;
  if (rate() <= 0) return wanted;
  return tokens_ < 1 ? std::size_t{0} : std::min(wanted, static_cast<std::size_t>(std::min(tokens_, 1e9)));
}

std::optional<MonoTime> Throttle::next_at(MonoTime now) {
  refill(now);
  if (now < paused_until_) return paused_until_;
  if (rate() <= 0 || tokens_ >= 1) return std::nullopt;
  return now + std::chrono::duration_cast<MonoTime::duration>(Seconds((1 - tokens_) / rate())) + std::chrono::milliseconds(1);
}

void Throttle::succeeded(MonoTime now) noexcept {
  refill(now);
  if (learned_ <= 0 || !felt_) return;
  // So many answers a second as the rate says: each adds its part of what a second adds.
  if (probing_) learned_ += kProbePart;
  else if (now - cut_at_ > kWentWell) learned_ += std::max(kRaisePart, std::max(0.5, cut_at_rate_ * kRaisePart) / learned_);
  else learned_ += std::max(0.5, cut_at_rate_ * kRaisePart) / learned_;
  if (learned_ > (probing_ ? kForgetFactor * kForgetFactor : kForgetFactor) * cut_at_rate_) learned_ = 0;
}

void Throttle::slow_down(MonoTime now, std::optional<std::chrono::milliseconds> wait) noexcept {
  refill(now);
  if (wait) paused_until_ = std::max(paused_until_, now + *wait);
  if (!settings_.learn || now < cut_until_) return;
  probing_ = learned_ <= 0;
  cut_at_ = now;
  const double sent = learned_ > 0 ? std::min(learned_, std::max(observed_, kRateMin)) : observed_;
  learned_ = std::max(kRateMin, sent * kCut);
  cut_at_rate_ = learned_;
  cut_until_ = std::max(now, paused_until_) + kCutPause;
  tokens_ = std::min(tokens_, 1.0);
}

void Throttle::inherit(const Throttle& before) noexcept {
  const RateSettings own = settings_;
  *this = before;
  settings_ = own;
  if (!own.learn) learned_ = 0;
  tokens_ = std::min(tokens_, burst());
}

} // namespace tongqu::bridge::detail
