#pragma once
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>

#include "bridge/courier.hpp"
#include "bridge/naming.hpp"
#include "bridge/setup.hpp"
#include "tongqu/obs/log.hpp"
#include "tongqu/obs/metrics.hpp"

namespace tongqu::bridge::detail {

/// Name of the target that stands for the way back to a source system.
std::string back_target(const std::string& system);
/// Canonical JSON of an event from above, as it is stored and handed on.
std::string event_json(const std::string& platform, const platform::UpEvent& event);

struct PollerParts {
  SetupShelf* setups = nullptr;
  Courier* courier = nullptr;
  journal::Journal* journal = nullptr;
  std::shared_ptr<Clock> clock;
  obs::Log log;
  obs::Metrics* metrics = nullptr;
  std::function<void()> on_fatal;
};

/// The way back, first half: asks each platform that has `events` for what it has to tell, stores it (one message for each event, once,
/// whatever the platform repeats), and only then confirms it there. One thread.
class EventPoller {
public:
  explicit EventPoller(PollerParts parts) : parts_(std::move(parts)) {}
  ~EventPoller() { stop(); }
  EventPoller(const EventPoller&) = delete;
  EventPoller& operator=(const EventPoller&) = delete;
  void start();
  /// Asks nothing more; a question that is on its way ends with its lane.
  void stop_asking();
  /// Waits for the end. The lanes are closed before.
  void stop();

private:
  struct Turn {
    MonoTime next{};
    std::chrono::milliseconds wait{0};
    std::size_t stuck = 0;                         ///< Events of the last page that stay with the platform and stand before others.
    std::set<std::string> told;                    ///< Of these, what has been told (and, of a conflict, journaled) once.
  };
  void run();
  /// Asks one platform once. True when it has more, false when it has not; an error when it could not be asked or the store not be written.
  Result<bool> poll(const Setup& setup, const PlatformSettings& platform, Lane& lane, Turn& turn);
  bool first_time(Turn& turn, const platform::UpEvent& event, std::string_view outcome);
  void note(const std::string& platform, std::string_view outcome, std::string_view message_id, std::optional<Errc> why);
  Result<std::vector<journal::IntakeOutcome>> store(const Setup& setup, const std::string& platform, const std::vector<const platform::UpEvent*>& events);
  bool wait_until(MonoTime until);

  PollerParts parts_;
  MessageIds ids_;
  std::map<std::string, Turn> turns_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::thread thread_;
};

} // namespace tongqu::bridge::detail
