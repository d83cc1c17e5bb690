#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "connectors/platforms/gjgxjhpt/secret_answer.hpp"
#include "tongqu/base/clock.hpp"
#include "tongqu/net/http_client.hpp"

namespace tongqu::platform::gjgxjhpt {

/// Holds the secret of the business calls and renews it: one refresh at a time, however many ask. Each refresh may end the secret of
/// the one before, so nobody signs while a refresh is under way. Safe from several threads; no callback runs under the lock.
class SecretKeeper {
public:
  struct Options {
    std::string rid, refresh_sid;
    Secret app_key;
  };
  struct Grant {
    Secret secret;
    std::uint64_t generation = 0;                  ///< Names this secret when it is reported as expired.
  };
  struct Refusal {
    Error error;                                   ///< platform.secret_refresh with its cause, net.queue_full, base.stopped.
    std::optional<std::chrono::milliseconds> retry_after;
    bool platform_down = false;
  };
  /// Exactly one of the two is set. Called once, at once or on the thread of the transport.
  using Waiter = std::function<void(const Grant*, const Refusal*)>;
  using Sender = std::function<void(net::HttpRequest, std::function<void(net::HttpOutcome)>)>;

  /// Bounds of the wait after a failed refresh; it doubles in between.
  static constexpr std::chrono::milliseconds kBackOffMin{1000};
  static constexpr std::chrono::milliseconds kBackOffMax{60000};
  static constexpr std::size_t kWaitersMax = 4096;

  SecretKeeper(Options options, std::shared_ptr<Clock> clock, Sender send);
  SecretKeeper(const SecretKeeper&) = delete;
  SecretKeeper& operator=(const SecretKeeper&) = delete;

  /// Hands out the secret, refreshing it first when there is none or when its last tenth to fifth has begun. When that early renewal
  /// fails, the present secret is handed out as long as it is valid.
  void get(Waiter waiter);
  /// The gateway called the secret of this generation expired: the next `get` refreshes, unless someone already has.
  void expired(std::uint64_t generation);
  /// The gateway called a secret expired that had just been fetched: refreshing on and on would help nobody, so wait first.
  void expired_again(std::uint64_t generation);
  /// From now on everybody is refused with base.stopped.
  void stop();

private:
  void start_refresh();
  void finish(const net::HttpOutcome& outcome);
  void adopt(FreshSecret&& fresh, UtcMillis now);
  void back_off(std::chrono::milliseconds at_least);
  std::optional<Refusal> refusal_now() const;
  bool valid(UtcMillis now) const { return have_ && now < valid_until_; }

  const Options options_;
  const std::shared_ptr<Clock> clock_;
  const Sender send_;
  std::mutex mutex_;
  std::vector<Waiter> waiters_;
  Grant grant_;
  bool have_ = false;
  bool refreshing_ = false;
  bool stopping_ = false;
  UtcMillis valid_until_{};
  UtcMillis renew_at_{};
  MonoTime blocked_until_{};
  std::uint32_t failures_ = 0;
  std::optional<Error> last_failure_;
};

} // namespace tongqu::platform::gjgxjhpt
