#include "connectors/platforms/gjgxjhpt/secret_keeper.hpp"

#include <algorithm>

#include "tongqu/crypto/crypto.hpp"
#include "tongqu/platform/http_answers.hpp"

namespace tongqu::platform::gjgxjhpt {
namespace {

/// 10 to 20 percent of a life, at random, so that several processes with one key do not all renew in the same second.
std::chrono::milliseconds early(std::chrono::milliseconds life) {
  const auto byte = static_cast<unsigned char>(crypto::random_bytes(1)[0]);
  return std::chrono::milliseconds(life.count() / 10 + life.count() / 10 * byte / 255);
}

/// The answer of a refresh, or why there is none.
Result<FreshSecret> read(const net::HttpOutcome& outcome, const Secret& app_key, UtcMillis now) {
  if (outcome.exchange) return read_refresh(outcome.exchange->response, app_key, now);
  return outcome.failure ? outcome.failure->error : Error(Errc::platform_answer_unreadable);
}

} // namespace

SecretKeeper::SecretKeeper(Options options, std::shared_ptr<Clock> clock, Sender send)
    : options_(std::move(options)), clock_(std::move(clock)), send_(std::move(send)) {}

std::optional<SecretKeeper::Refusal> SecretKeeper::refusal_now() const {
  if (stopping_) return Refusal{Error(Errc::base_stopped), std::nullopt, false};
  const MonoTime now = clock_->now_mono();
  if (refreshing_ || now >= blocked_until_) return std::nullopt;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(blocked_until_ - now);
  Error error(Errc::platform_secret_refresh);
  if (last_failure_) error = std::move(error).because(*last_failure_);
  return Refusal{std::move(error), std::clamp(left, kRetryAfterMin, kRetryAfterMax), true};
}

void SecretKeeper::get(Waiter waiter) {
  std::optional<Grant> grant;
  std::optional<Refusal> refusal;
  {
    const std::lock_guard lock(mutex_);
    const UtcMillis now = clock_->now_utc();
    refusal = refusal_now();
    if (valid(now) && !stopping_ && !refreshing_ && (now < renew_at_ || refusal)) {
      grant = grant_;
    } else if (!refusal && waiters_.size() >= kWaitersMax) {
      refusal = Refusal{Error(Errc::net_queue_full), std::nullopt, false};
    } else if (!refusal) {
      waiters_.push_back(std::move(waiter));
      if (refreshing_) return;
      refreshing_ = true;
    }
  }
  if (grant) return waiter(&*grant, nullptr);
  if (refusal) return waiter(nullptr, &*refusal);
  start_refresh();
}

void SecretKeeper::start_refresh() {
  const std::string rtime = rtime_of(clock_->now_utc());
  send_(refresh_request(options_.app_key, {options_.refresh_sid, options_.rid, rtime}),
        [this](const net::HttpOutcome& outcome) { finish(outcome); });
}

void SecretKeeper::finish(const net::HttpOutcome& outcome) {
  const UtcMillis now = clock_->now_utc();
  auto fresh = read(outcome, options_.app_key, now);
  std::vector<Waiter> waiters;
  std::optional<Grant> grant;
  std::optional<Refusal> refusal;
  {
    const std::lock_guard lock(mutex_);
    refreshing_ = false;
    waiters.swap(waiters_);
    if (fresh) {
      adopt(*std::move(fresh), now);
    } else {
      last_failure_ = fresh.error();
      const auto told = outcome.exchange ? retry_after(outcome.exchange->response.headers, now) : std::nullopt;
      back_off(told.value_or(kBackOffMin));
    }
    if (valid(now) && !stopping_) grant = grant_;
    else refusal = refusal_now();
  }
  if (!grant && !refusal) refusal = Refusal{Error(Errc::platform_secret_refresh), kRetryAfterMin, true};
  for (const Waiter& waiter : waiters) waiter(grant ? &*grant : nullptr, grant ? nullptr : &*refusal);
}

void SecretKeeper::adopt(FreshSecret&& fresh, UtcMillis now) {
  grant_.secret = std::move(fresh.secret);
  ++grant_.generation;
  have_ = true;
  valid_until_ = fresh.valid_until;
  renew_at_ = fresh.valid_until - early(fresh.valid_until - now);
  blocked_until_ = MonoTime{};
  failures_ = 0;
  last_failure_.reset();
}

void SecretKeeper::back_off(std::chrono::milliseconds at_least) {
  const auto doubled = kBackOffMin * (1 << std::min<std::uint32_t>(failures_, 6));
  ++failures_;
  blocked_until_ = clock_->now_mono() + std::max(std::min(doubled, kBackOffMax), at_least);
}

void SecretKeeper::expired(std::uint64_t generation) {
  const std::lock_guard lock(mutex_);
  if (generation == grant_.generation) have_ = false;
}

void SecretKeeper::expired_again(std::uint64_t generation) {
  const std::lock_guard lock(mutex_);
  if (generation != grant_.generation || !have_) return;
  have_ = false;
  last_failure_ = Error(Errc::platform_secret_expired);
  back_off(kBackOffMin);
}

void SecretKeeper::stop() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
}

} // namespace tongqu::platform::gjgxjhpt
