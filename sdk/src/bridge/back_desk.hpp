#pragma once
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "bridge/setup.hpp"
#include "tongqu/base/clock.hpp"
#include "tongqu/connector/connector.hpp"
#include "tongqu/journal/journal.hpp"

namespace tongqu::bridge::detail {

/// The way back, second half: a source system asks for its events and says up to which one it has them. What it was given and has not
/// confirmed is given again; the next event of a case comes when the one before is confirmed. Safe from several threads.
class BackDesk {
public:
  BackDesk(journal::Journal& journal, std::shared_ptr<Clock> clock, std::chrono::milliseconds lease) : journal_(journal), clock_(std::move(clock)), lease_(lease) {}

  using Answer = std::function<void(Result<connector::EventPage>)>;
  /// @errors in the answer: bridge.events_cursor, bridge.events_busy, journal.*.
  void ask(const std::string& system, const connector::EventQuery& query, Answer answer);

private:
  struct Given {
    journal::Claim claim;
    MonoTime until;                                ///< The claim is surely ours until then.
  };
  struct Counter {
    std::deque<Given> given;                       ///< In the order of handing out.
    bool working = false;
  };
  struct Ask;
  void claim(const std::shared_ptr<Ask>& ask);
  void confirm(const std::shared_ptr<Ask>& ask);
  void settle_next(const std::shared_ptr<Ask>& ask, std::deque<Given> rest);
  void finish(const std::shared_ptr<Ask>& ask, const Error* error);
  bool was_confirmed(const Ask& ask);

  journal::Journal& journal_;
  const std::shared_ptr<Clock> clock_;
  const std::chrono::milliseconds lease_;
  std::mutex mutex_;
  std::map<std::string, Counter> counters_;        ///< By system.
};

} // namespace tongqu::bridge::detail
