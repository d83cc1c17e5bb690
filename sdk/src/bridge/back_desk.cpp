#include "bridge/back_desk.hpp"

#include <algorithm>

#include "bridge/up_events.hpp"

namespace tongqu::bridge::detail {

/// One question on its way; whoever drops it unanswered gives the counter back and says so.
struct BackDesk::Ask {
  BackDesk* desk = nullptr;
  std::string system;
  connector::EventQuery query;
  Answer answer;
  bool claimed = false;                            ///< What could be claimed was.
  bool confirmed = false;                          ///< `after` is done.

  ~Ask() {
    if (!answer) return;
    {
      const std::lock_guard lock(desk->mutex_);
      desk->counters_[system].working = false;
    }
    answer(Error(Errc::base_internal));
  }
};

void BackDesk::ask(const std::string& system, const connector::EventQuery& query, Answer answer) {
  {
    const std::lock_guard lock(mutex_);
    Counter& counter = counters_[system];
    if (counter.working) return answer(Error(Errc::bridge_events_busy));
    counter.working = true;
    // A claim near its end may be taken back any moment: it comes again by itself, as one that is unknown.
    const MonoTime now = clock_->now_mono();
    const auto old = [now](const Given& one) { return one.until <= now; };
    counter.given.erase(std::remove_if(counter.given.begin(), counter.given.end(), old), counter.given.end());
  }
  auto ask = std::make_shared<Ask>();
  ask->desk = this;
  ask->system = system;
  ask->query = query;
  ask->answer = std::move(answer);
  ask->confirmed = query.after.empty();
  if (!ask->confirmed) return confirm(ask);
  claim(ask);
}

/// Everything that was given up to `after` is delivered.
void BackDesk::confirm(const std::shared_ptr<Ask>& ask) {
  std::deque<Given> done;
  {
    const std::lock_guard lock(mutex_);
    auto& given = counters_[ask->system].given;
    const auto at = std::find_if(given.begin(), given.end(), [&](const Given& one) { return one.claim.message_id == ask->query.after; });
    if (at != given.end()) {
      done.assign(given.begin(), at + 1);
      given.erase(given.begin(), at + 1);
    }
  }
  if (done.empty()) {
    if (was_confirmed(*ask)) ask->confirmed = true;  // Said twice.
    else if (ask->claimed) {
      const Error unknown = Error(Errc::bridge_events_cursor).at("after");
      return finish(ask, &unknown);
    }
    return claim(ask);  // Given by a process before this one, perhaps: then it is among what can be claimed now.
  }
  ask->confirmed = true;
  settle_next(ask, std::move(done));
}

void BackDesk::settle_next(const std::shared_ptr<Ask>& ask, std::deque<Given> rest) {
  if (rest.empty()) return claim(ask);
  journal::Settlement settlement;
  settlement.delivery = rest.front().claim.delivery;
  settlement.fence = rest.front().claim.fence;
  settlement.state = journal::DeliveryState::delivered;
  settlement.receipt = "{\"pulled\":true,\"after\":\"" + ask->query.after + "\"}";
  settlement.receipt_no = "pulled";
  rest.pop_front();
  journal_.settle(std::move(settlement), [this, ask, rest = std::move(rest)](Result<void> done) mutable {
    // Taken back meanwhile: it stays unknown here and is given once more, which a receiver has to bear.
    if (!done && done.error().code() != Errc::journal_stale_claim) return finish(ask, &done.error());
    settle_next(ask, std::move(rest));
  });
}

bool BackDesk::was_confirmed(const Ask& ask) {
  const auto view = journal_.message(ask.query.after);
  if (!view || !view->has_value()) return false;
  const std::string target = back_target(ask.system);
  return std::any_of((*view)->deliveries.begin(), (*view)->deliveries.end(), [&](const auto& d) { return d.target == target && d.state == journal::DeliveryState::delivered; });
}

void BackDesk::claim(const std::shared_ptr<Ask>& ask) {
  std::size_t room = 0;
  {
    const std::lock_guard lock(mutex_);
    const std::size_t given = counters_[ask->system].given.size();
    room = given >= ask->query.max ? 0 : ask->query.max - given;
  }
  if (ask->claimed || room == 0) return finish(ask, nullptr);
  journal_.claim(back_target(ask->system), room, [this, ask](Result<std::vector<journal::Claim>> claims) {
    if (!claims) return finish(ask, &claims.error());
    ask->claimed = true;
    {
      const std::lock_guard lock(mutex_);
      for (journal::Claim& one : *claims) counters_[ask->system].given.push_back({std::move(one), clock_->now_mono() + lease_ / 2});
    }
    if (!ask->confirmed) return confirm(ask);
    finish(ask, nullptr);
  });
}

void BackDesk::finish(const std::shared_ptr<Ask>& ask, const Error* error) {
  Result<connector::EventPage> page = connector::EventPage();
  {
    const std::lock_guard lock(mutex_);
    Counter& counter = counters_[ask->system];
    counter.working = false;
    for (const Given& one : counter.given) {
      if (page->events.size() == ask->query.max) break;
      page->events.push_back({one.claim.message_id, *one.claim.canonical});
    }
  }
  page->more = page->events.size() == ask->query.max;
  if (error != nullptr) page = *error;
  std::exchange(ask->answer, nullptr)(std::move(page));
}

} // namespace tongqu::bridge::detail
