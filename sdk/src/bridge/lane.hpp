#pragma once
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "bridge/plan_cache.hpp"
#include "bridge/setup.hpp"
#include "bridge/throttle.hpp"
#include "bridge/worker_pool.hpp"
#include "tongqu/bridge/config.hpp"
#include "tongqu/journal/journal.hpp"
#include "tongqu/mapping/pack.hpp"
#include "tongqu/obs/log.hpp"
#include "tongqu/obs/metrics.hpp"
#include "tongqu/platform/platform.hpp"

namespace tongqu::bridge::detail {

/// Opens after a number of failures in a row, lets one message try after a while, closes on its success. Not thread-safe by itself.
class Breaker {
public:
  Breaker(int failures, std::chrono::milliseconds open) : limit_(failures), open_for_(open) {}
  /// How many messages may start now: 0 while open, 1 when half open, else `wanted`.
  std::size_t allowance(MonoTime now, std::size_t wanted, std::size_t in_flight) const noexcept;
  void succeeded() noexcept { failures_ = 0; }
  void failed(MonoTime now) noexcept;
  bool is_open(MonoTime now) const noexcept { return failures_ >= limit_ && now < until_; }
  void inherit(const Breaker& before) noexcept { failures_ = before.failures_, until_ = before.until_; }
  std::optional<MonoTime> opens_until() const noexcept { return failures_ >= limit_ ? std::optional<MonoTime>(until_) : std::nullopt; }

private:
  int limit_;
  std::chrono::milliseconds open_for_;
  int failures_ = 0;
  MonoTime until_{};
};

/// Growing, bounded delay with jitter: half to whole of min * 2^(attempt-1), at most max.
std::chrono::milliseconds back_off(const DeliverySettings& settings, int attempt, std::uint32_t random) noexcept;

/// When a lane looks again for work that is due: then, but not within a millisecond and not after more than an hour. What waits for a
/// person is due in the year 9999, which a monotonic clock cannot name.
MonoTime look_time(UtcMillis due, UtcMillis now_utc, MonoTime now) noexcept;

struct LaneParts {
  std::string platform;
  std::string fingerprint;                         ///< Of all that it was made from.
  std::unique_ptr<platform::PlatformClient> client;
  std::shared_ptr<const mapping::Target> target;
  SiteDataPtr site = SiteData::published();        ///< What the target may look up.
  model::Time reference_date{};
  std::size_t concurrency = 32;
  RateSettings rate;
  std::vector<PauseSettings> pauses;
  std::chrono::milliseconds total_timeout{30000};  ///< Of one message.
  std::chrono::milliseconds lease{60000};          ///< Of the journal: who holds a claim longer does not own it any more.
  DeliverySettings settings;
  journal::Journal* journal = nullptr;
  PlanCache* plans = nullptr;
  WorkerPool* pool = nullptr;
  std::shared_ptr<Clock> clock;
  obs::Log log;
  obs::Metrics* metrics = nullptr;
  std::function<void()> on_fatal;                  ///< The journal lost its disk; from any thread.
  std::optional<std::uint32_t> jitter_seed;        ///< Of the waits; from the machine when not given.
};

/// The way out to one platform: claims what is due, sends it, stores what became of it. Never sends twice on a guess: an unknown outcome
/// is asked for, or sent again only where the platform recognises the id.
class Lane : public std::enable_shared_from_this<Lane> {
public:
  Lane(LaneParts parts, std::function<void()> wake_courier);

  const std::string& platform() const noexcept { return parts_.platform; }
  const std::string& fingerprint() const noexcept { return parts_.fingerprint; }
  /// New work may be ready. True when the courier should come for it now; otherwise what is under way will wake it.
  bool ring();
  /// Claims when there is room and something may be due; called by the courier only.
  void pump();
  /// When the courier should look again, besides being woken; called by the courier only, after pump().
  std::optional<MonoTime> next_look();
  /// What this lane has learned about its platform, for the lane that follows it: whether it is down and how fast it may be sent to.
  void inherit(const Lane& before);
  /// Asks the platform what it took on a day, and waits. @errors platform.*, net.*.
  Result<platform::DayOutcome> ask_day(const std::string& day, const std::string& prefix);
  /// The same for events from above, and their confirmation.
  Result<platform::EventsOutcome> ask_events(std::size_t max);
  Result<void> confirm_events(std::vector<std::string> event_ids);
  void stop_claiming() noexcept { stopping_.store(true); }
  bool idle() const;
  /// Ends the client; what it still had in flight is stored as unknown. Returns when the journal has it all, or after five seconds.
  /// The pool has stopped before; the journal closes after.
  void close();

private:
  struct Trip;
  class InClient;
  void on_claims(Result<std::vector<journal::Claim>> claims, std::size_t asked);
  void start(const std::shared_ptr<Trip>& trip, Worker& worker);
  mapping::Environment environment() const;
  void park(const std::shared_ptr<Trip>& trip, const Result<mapping::Planned>& planned);
  static std::vector<platform::EarlierReceipt> receipts_for(const Trip& trip, const mapping::OutMessage& message);
  void step(const std::shared_ptr<Trip>& trip);
  void ask(const std::shared_ptr<Trip>& trip);
  void on_asked(const std::shared_ptr<Trip>& trip, platform::QueryOutcome outcome);
  void on_submitted(const std::shared_ptr<Trip>& trip, platform::SubmitOutcome outcome);
  void leave_unknown(const std::shared_ptr<Trip>& trip);
  void needs_person(const std::shared_ptr<Trip>& trip);
  /// The next time that the store has for this platform, asked for again after a second or when something has changed it.
  std::optional<UtcMillis> next_due(MonoTime now);
  /// Calls the client with a callback of one argument and waits for it.
  template <class Told> Result<Told> wait_for(const std::function<void(platform::PlatformClient&, std::function<void(Told)>)>& call);
  void settle_delivered(const std::shared_ptr<Trip>& trip);
  void settle(const std::shared_ptr<Trip>& trip, journal::Settlement settlement);
  void note_platform(bool down);
  void note_submitted(const platform::SubmitOutcome& outcome);
  bool in_time(const Trip& trip) const;
  void put_off(const std::shared_ptr<Trip>& trip);
  void note_journal(const Error& error);
  UtcMillis later(int attempt, std::optional<std::chrono::milliseconds> told = std::nullopt);
  bool has_room() const;
  /// End of the pause that it is now; nothing when it is none.
  std::optional<MonoTime> pause_end(MonoTime now) const;

  LaneParts parts_;
  const platform::Guarantee guarantee_;
  std::function<void()> wake_;
  std::atomic<bool> rung_{true};                   ///< Something may be ready that no claim has asked for.
  MonoTime look_at_{};                             ///< Claim then, rung or not. The courier's own.
  bool due_known_ = false;                         ///< What the store said is due next still holds; under mutex_.
  std::optional<UtcMillis> due_;
  MonoTime due_asked_at_{};
  std::atomic<bool> stopping_{false};
  std::atomic<bool> closing_{false};               ///< Set under client_mutex_.
  std::mutex client_mutex_;                        ///< Of the calls into the client, against its end.
  std::condition_variable client_left_;
  std::size_t in_client_ = 0;                      ///< Calls into the client that have not returned.
  mutable std::mutex mutex_;
  Breaker breaker_;
  Throttle throttle_;
  std::size_t in_flight_ = 0;
  bool claiming_ = false;
  MonoTime claimed_at_{};
  MonoTime no_claim_before_{};                     ///< A journal that has just refused a claim (a full disk) is not asked a thousand times a second.
  std::minstd_rand random_;
  obs::Metric& delivered_;
  obs::Metric& refused_;
  obs::Metric& retried_;
  obs::Metric& unknown_;
  obs::Metric& breaker_gauge_;
  obs::Metric& in_flight_gauge_;
  obs::Metric& rate_gauge_;
};

} // namespace tongqu::bridge::detail
