#include "platform_peer.hpp"

#include <algorithm>

namespace tongqu::sim {

using platform::QueryOutcome;
using platform::QueryState;
using platform::SubmitOutcome;
using platform::SubmitState;

namespace {

/// Within this time a request that left has its effect or never has one; less than what the bridge waits before it asks.
constexpr std::int64_t kReachMs = 900;

SubmitOutcome outcome(SubmitState state, Errc code, bool down = false) {
  SubmitOutcome made;
  made.state = state;
  if (state != SubmitState::delivered) made.error = Error(code);
  made.platform_down = down;
  return made;
}

} // namespace

platform::Guarantee PlatformPeer::guarantee() const noexcept {
  const bool lies = planted_ == Planted::false_guarantee && character_ != Character::deduplicates;
  return {character_ == Character::deduplicates || lies, character_ == Character::queryable && !lies};
}

bool PlatformPeer::has(const std::string& message_id) const {
  return std::any_of(effects_.begin(), effects_.end(), [&](const Effect& one) { return one.message_id == message_id; });
}

SubmitOutcome PlatformPeer::take(const platform::Submission& submission) {
  SubmitOutcome made = outcome(SubmitState::delivered, Errc::base_internal);
  made.receipt = "R-" + submission.message_id;
  made.receipt_no = made.receipt;
  made.duplicate = has(submission.message_id);
  if (!made.duplicate || character_ != Character::deduplicates) effects_.push_back({submission.message_id, submission.body, clock_.now()});
  return made;
}

SubmitOutcome PlatformPeer::trouble(std::uint64_t kind) {
  if (kind == 0) return outcome(SubmitState::not_sent, Errc::platform_busy, true);
  SubmitOutcome busy = outcome(SubmitState::retry, Errc::platform_busy, kind == 1);
  if (chance_.below(2) == 0) busy.retry_after = std::chrono::milliseconds(chance_.between(1000, 60000));
  return busy;
}

void PlatformPeer::submit(platform::Submission submission, std::function<void(SubmitOutcome)> done) {
  if (planted_ == Planted::altered_body && chance_.below(20) == 0) std::replace(submission.body.begin(), submission.body.end(), '1', '7');
  const std::uint64_t luck = calm_ ? 999 : chance_.below(1000);
  const std::int64_t there = chance_.between(1, 20), back = chance_.between(1, 20);
  if (luck < 150) {  // Nothing was taken, and the client knows it.
    return agenda_.in(there, [this, done, kind = chance_.below(3)] { done(trouble(kind)); });
  }
  if (luck < 170) {
    return agenda_.in(there, [this, submission, done] {
      if (!has(submission.message_id)) refused_.insert(submission.body);
      done(has(submission.message_id) ? take(submission) : outcome(SubmitState::refused, Errc::platform_row_refused));
    });
  }
  if (luck < 320) {  // The answer is lost, and perhaps the request too; either may be noticed first.
    if (luck < 250) agenda_.in(chance_.between(1, kReachMs), [this, submission] { if (refused_.count(submission.body) == 0) static_cast<void>(take(submission)); });
    const auto said = planted_ == Planted::false_not_sent ? SubmitState::not_sent : SubmitState::unknown;
    return agenda_.in(chance_.between(1, 2 * kReachMs), [done, said] { done(outcome(said, Errc::net_timeout, true)); });
  }
  const std::int64_t late = planted_ == Planted::late_effect && luck < 500 ? 90000 : 0;
  agenda_.in(there, [this, submission, done, back, late] {
    if (refused_.count(submission.body) != 0) return agenda_.in(back, [done] { done(outcome(SubmitState::refused, Errc::platform_row_refused)); });
    if (late > 0) {
      agenda_.in(late, [this, submission] { static_cast<void>(take(submission)); });
      SubmitOutcome made = outcome(SubmitState::delivered, Errc::base_internal);
      made.receipt = made.receipt_no = "R-" + submission.message_id;
      return agenda_.in(back, [done, made] { done(made); });
    }
    agenda_.in(back, [done, made = take(submission)] { done(made); });
  });
}

void PlatformPeer::query(const std::string& message_id, std::function<void(QueryOutcome)> done) {
  const std::uint64_t luck = calm_ ? 999 : chance_.below(1000);
  agenda_.in(chance_.between(1, 20), [this, message_id, done, luck, back = chance_.between(1, 20)] {
    QueryOutcome made;
    if (luck < 200) {
      made.error = Error(Errc::net_timeout);
      made.platform_down = luck < 100;
    } else if (has(message_id)) {
      made.state = QueryState::found;
      made.receipt = made.receipt_no = "R-" + message_id;
    } else {
      made.state = QueryState::absent;
    }
    agenda_.in(back, [done, made] { done(made); });
  });
}

SimClient::~SimClient() {
  auto left = std::move(*in_flight_);
  in_flight_->clear();
  for (auto& [number, ending] : left) ending();
}

void SimClient::submit(platform::Submission submission, std::function<void(SubmitOutcome)> done) {
  const std::uint64_t number = next_++;
  (*in_flight_)[number] = [done] { done(outcome(SubmitState::unknown, Errc::net_timeout)); };
  peer_.submit(std::move(submission), [open = in_flight_, number, done](SubmitOutcome made) {
    if (open->erase(number) != 0) done(std::move(made));
  });
}

void SimClient::query(std::string message_id, std::string, std::function<void(QueryOutcome)> done) {
  const std::uint64_t number = next_++;
  (*in_flight_)[number] = [done] { done({}); };
  peer_.query(message_id, [open = in_flight_, number, done](QueryOutcome made) {
    if (open->erase(number) != 0) done(std::move(made));
  });
}

} // namespace tongqu::sim
