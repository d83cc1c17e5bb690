#include "bridge/lane.hpp"

#include <algorithm>
#include <future>
#include <map>
#include <thread>
#include <utility>

#include "tongqu/base/assert.hpp"
#include "tongqu/base/bytes.hpp"
#include "tongqu/crypto/crypto.hpp"
#include "tongqu/wire/finding_json.hpp"

namespace tongqu::bridge::detail {

using journal::DeliveryState;
using platform::QueryState;
using platform::SubmitState;

namespace {

/// "Not before" of an outcome that only a person can settle.
constexpr std::int64_t kNeverMs = 253402300799000;  // 9999-12-31
constexpr std::size_t kClaimBatch = 64;
/// A lane under way claims when this part of its places is free, or some after this time: a claim for each single place that becomes
/// free would be a transaction for each message, and places that hang must not keep the others empty.
constexpr std::size_t kRoomPart = 4;
constexpr std::chrono::milliseconds kRoomWait{20};
constexpr std::chrono::milliseconds kLookAgain{1000};
constexpr std::chrono::milliseconds kAnswerMargin{1000};

std::string reason_json(const Bilingual& reason, const std::optional<Error>& error) {
  if (!reason.en.empty() || !reason.zh.empty()) return wire::bilingual_json(reason);
  if (error) return wire::bilingual_json({error->message(Lang::en), error->message(Lang::zh)});
  return "{}";
}

} // namespace

std::size_t Breaker::allowance(MonoTime now, std::size_t wanted, std::size_t in_flight) const noexcept {
  if (failures_ < limit_) return wanted;
  if (now < until_) return 0;
  return in_flight == 0 ? std::min<std::size_t>(1, wanted) : 0;
}

void Breaker::failed(MonoTime now) noexcept {
  ++failures_;
  if (failures_ >= limit_) until_ = now + open_for_;
}

std::chrono::milliseconds back_off(const DeliverySettings& settings, int attempt, std::uint32_t random) noexcept {
  const int doublings = std::clamp(attempt - 1, 0, 30);
  const std::int64_t whole = std::min<std::int64_t>(settings.retry_max.count(), settings.retry_min.count() << doublings);
  const std::int64_t half = std::max<std::int64_t>(1, whole / 2);
  return std::chrono::milliseconds(half + static_cast<std::int64_t>(random) % half);
}

MonoTime look_time(UtcMillis due, UtcMillis now_utc, MonoTime now) noexcept {
  constexpr std::chrono::milliseconds kSoonest{1}, kLatest{std::chrono::hours(1)};
  return now + std::clamp<std::chrono::milliseconds>(due - now_utc, kSoonest, kLatest);
}

/// One claimed delivery on its way out. Whoever drops it without a settlement leaves it `unknown`: nothing is resent on a guess.
struct Lane::Trip {
  Lane* lane;
  journal::Claim claim;
  std::vector<mapping::OutMessage> messages;
  std::size_t at = 0;
  std::string receipts, receipt_nos;
  std::map<std::string, std::string> receipt_of;   ///< Numbers by message id, of what was receipted in this trip.
  MonoTime until;                                  ///< The claim is ours until then.
  bool settled = false;

  Trip(Lane* l, journal::Claim c) : lane(l), claim(std::move(c)), until(l->parts_.clock->now_mono() + l->parts_.lease) {}
  Trip(const Trip&) = delete;
  Trip& operator=(const Trip&) = delete;
  ~Trip() {
    if (settled) return;
    const auto tail = std::make_shared<Trip>(lane, std::move(claim));
    journal::Settlement lost;
    lost.state = DeliveryState::unknown;
    lost.error_id = std::string(errc_row(Errc::base_internal).id);
    // A byte may have left: asked sooner than after any other unknown outcome, the platform could say "absent" while it is on its way.
    lost.not_before = std::max(lane->later(tail->claim.attempt), lane->parts_.clock->now_utc() + lane->parts_.settings.query_after);
    lane->settle(tail, std::move(lost));
  }

  /// Goes on to the next message.
  void note_receipt(const std::string& receipt, const std::string& receipt_no) {
    receipts.append(receipts.empty() ? "" : "\n").append(receipt);
    receipt_nos.append(receipt_nos.empty() ? "" : " ").append(receipt_no);
    // What follows may depend on it.
    if (at + 1 < messages.size()) receipt_of[messages[at].message_id] = receipt_no;
    ++at;
  }
};

/// A call into the client: until it has returned the client is there. Empty once the lane closes. A callback that the client makes from
/// inside the call, and that calls again, is counted as another.
class Lane::InClient {
public:
  explicit InClient(Lane& lane) : lane_(lane) {
    const std::lock_guard lock(lane_.client_mutex_);
    if (lane_.closing_.load()) return;
    client_ = lane_.parts_.client.get();
    ++lane_.in_client_;
  }
  ~InClient() {
    if (client_ == nullptr) return;
    // Told under the lock: the lane may go as soon as the last one is out.
    const std::lock_guard lock(lane_.client_mutex_);
    if (--lane_.in_client_ == 0) lane_.client_left_.notify_all();
  }
  InClient(const InClient&) = delete;
  InClient& operator=(const InClient&) = delete;
  explicit operator bool() const noexcept { return client_ != nullptr; }
  platform::PlatformClient* operator->() const noexcept { return client_; }
  platform::PlatformClient& operator*() const noexcept { return *client_; }

private:
  Lane& lane_;
  platform::PlatformClient* client_ = nullptr;
};

Lane::Lane(LaneParts parts, std::function<void()> wake_courier)
    : parts_(std::move(parts)),
      guarantee_(parts_.client->guarantee()),
      wake_(std::move(wake_courier)),
      breaker_(parts_.settings.breaker_failures, parts_.settings.breaker_open),
      throttle_(parts_.rate, parts_.clock->now_mono()),
      random_(parts_.jitter_seed ? *parts_.jitter_seed : std::random_device{}()),
      delivered_(parts_.metrics->metric("tongqu_delivery_total", "target=\"" + parts_.platform + "\",outcome=\"delivered\"", "Settled sends, by outcome")),
      refused_(parts_.metrics->metric("tongqu_delivery_total", "target=\"" + parts_.platform + "\",outcome=\"refused\"", "Settled sends, by outcome")),
      retried_(parts_.metrics->metric("tongqu_delivery_total", "target=\"" + parts_.platform + "\",outcome=\"retry\"", "Settled sends, by outcome")),
      unknown_(parts_.metrics->metric("tongqu_delivery_total", "target=\"" + parts_.platform + "\",outcome=\"unknown\"", "Settled sends, by outcome")),
      breaker_gauge_(parts_.metrics->metric("tongqu_breaker_open", "target=\"" + parts_.platform + "\"", "1 while sends to the platform are suspended")),
      in_flight_gauge_(parts_.metrics->metric("tongqu_in_flight", "target=\"" + parts_.platform + "\"", "Claims being sent")),
      rate_gauge_(parts_.metrics->metric("tongqu_rate_per_second", "target=\"" + parts_.platform + "\"", "Messages a second that the platform is sent at most; 0: no bound")) {
  rate_gauge_.set(static_cast<std::int64_t>(throttle_.rate()));
}

UtcMillis Lane::later(int attempt, std::optional<std::chrono::milliseconds> told) {
  const std::lock_guard lock(mutex_);
  return parts_.clock->now_utc() + told.value_or(back_off(parts_.settings, attempt, static_cast<std::uint32_t>(random_())));
}

bool Lane::idle() const {
  const std::lock_guard lock(mutex_);
  return in_flight_ == 0 && !claiming_;
}

void Lane::close() {
  stopping_.store(true);
  // Its destructor hands back every call in flight, while this lane is still whole.
  std::unique_ptr<platform::PlatformClient> client;
  {
    std::unique_lock lock(client_mutex_);
    closing_.store(true);
    client_left_.wait(lock, [this] { return in_client_ == 0; });
    client = std::exchange(parts_.client, nullptr);
  }
  client.reset();
  const MonoTime until = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (!idle() && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

bool Lane::has_room() const {
  const std::size_t room = in_flight_ >= parts_.concurrency ? 0 : parts_.concurrency - in_flight_;
  return room > 0 && (in_flight_ == 0 || room >= parts_.concurrency / kRoomPart || parts_.clock->now_mono() >= claimed_at_ + kRoomWait);
}

bool Lane::ring() {
  rung_.store(true);
  const std::lock_guard lock(mutex_);
  return !claiming_ && has_room();
}

std::optional<MonoTime> Lane::next_look() {
  if (stopping_.load()) return std::nullopt;
  const MonoTime now = parts_.clock->now_mono();
  std::optional<MonoTime> until;
  {
    const std::lock_guard lock(mutex_);
    if (claiming_) return std::nullopt;  // The answer wakes the courier.
    if (now < no_claim_before_) return no_claim_before_;
    const bool tripped = breaker_.opens_until().has_value();
    if (breaker_.is_open(now)) until = breaker_.opens_until();
    for (const auto& later : {throttle_.next_at(now), pause_end(now)}) {
      if (later) until = until ? std::max(*until, *later) : *later;
    }
    if (rung_.load()) {  // Waits for the breaker, for the one message that tries it, or for room.
      if (tripped || until || in_flight_ >= parts_.concurrency) return until;
      return std::max(now + std::chrono::milliseconds(1), claimed_at_ + kRoomWait);
    }
  }
  const auto due = next_due(now);
  if (!due) return until;
  MonoTime at = look_time(*due, parts_.clock->now_utc(), now);
  if (until) at = std::max(at, *until);
  look_at_ = std::min(look_at_, at);
  return at;
}

std::optional<UtcMillis> Lane::next_due(MonoTime now) {
  {
    const std::lock_guard lock(mutex_);
    if (due_known_ && now < due_asked_at_ + kLookAgain) return due_;
    due_known_ = true;  // Whoever changes it while the store is being asked takes this back.
    due_asked_at_ = now;
  }
  const auto due = parts_.journal->next_due(parts_.platform);
  const std::lock_guard lock(mutex_);
  due_ = due;
  return due;
}

void Lane::pump() {
  std::size_t room = 0;
  {
    const std::lock_guard lock(mutex_);
    const MonoTime now = parts_.clock->now_mono();
    if (stopping_.load() || claiming_ || !has_room() || now < no_claim_before_ || (!rung_.load() && now < look_at_)) return;
    look_at_ = now + kLookAgain;
    if (pause_end(now)) return;
    room = breaker_.allowance(now, std::min(kClaimBatch, parts_.concurrency - in_flight_), in_flight_);
    room = throttle_.allowance(now, room);
    breaker_gauge_.set(breaker_.is_open(now) ? 1 : 0);
    rate_gauge_.set(static_cast<std::int64_t>(throttle_.rate()));
    if (room == 0) return;
    throttle_.take(static_cast<double>(room));
    claiming_ = true;
    claimed_at_ = now;
    rung_.store(false);
  }
  parts_.journal->claim(parts_.platform, room, [this, self = shared_from_this(), room](Result<std::vector<journal::Claim>> claims) { on_claims(std::move(claims), room); });
}

void Lane::on_claims(Result<std::vector<journal::Claim>> claims, std::size_t asked) {
  {
    const std::lock_guard lock(mutex_);
    claiming_ = false;
    throttle_.give_back(static_cast<double>(asked - (claims ? std::min(asked, claims->size()) : 0)));
    if (!claims) no_claim_before_ = parts_.clock->now_mono() + kLookAgain;
    if (claims) {
      in_flight_ += claims->size();
      // What the store named as next and has given away now is not next any more.
      if (due_ && *due_ <= parts_.clock->now_utc()) due_known_ = false;
      if (claims->size() == asked) rung_.store(true);
    }
    in_flight_gauge_.set(static_cast<std::int64_t>(in_flight_));
  }
  if (!claims) note_journal(claims.error());
  if (claims) {
    for (journal::Claim& claim : *claims) {
      auto trip = std::make_shared<Trip>(this, std::move(claim));
      parts_.pool->post([this, trip](Worker& worker) { start(trip, worker); });
    }
  }
  wake_();  // To claim more, or to see when the next is due.
}

void Lane::start(const std::shared_ptr<Trip>& trip, Worker& worker) {
  TONGQU_ASSERT(trip->claim.canonical != nullptr, "the journal gives each claim its record");
  auto known = parts_.plans->take(trip->claim.message_id, parts_.platform);
  Result<mapping::Planned> planned = known ? Result<mapping::Planned>(mapping::Planned{mapping::RecordVerdict::accepted, *std::move(known), {}})
                                           : parts_.target->plan(*trip->claim.canonical, environment(), worker.workspace);
  if (!planned || planned->verdict != mapping::RecordVerdict::accepted) return park(trip, planned);
  trip->messages = std::move(planned->messages);
  if (trip->claim.query_first) return ask(trip);
  step(trip);
}

mapping::Environment Lane::environment() const {
  mapping::Environment environment;
  environment.reference_date = parts_.reference_date;
  environment.working_days = &parts_.site->working_days;
  environment.lookup = parts_.site->lookup.get();
  return environment;
}

/// It was planned once at intake, so the target mapping or the store changed; or it is an event that its pack cannot write. A person must
/// look, and nothing was sent.
void Lane::park(const std::shared_ptr<Trip>& trip, const Result<mapping::Planned>& planned) {
  const ErrcRow& row = errc_row(Errc::bridge_target_unreadable);
  Bilingual reason{std::string(row.en), std::string(row.zh)};
  if (!planned) reason = {describe(planned.error(), Lang::en), describe(planned.error(), Lang::zh)};
  else if (const auto first = std::find_if(planned->findings.begin(), planned->findings.end(), [](const Finding& f) { return f.severity == Severity::error; }); first != planned->findings.end()) {
    reason = {describe(*first, Lang::en), describe(*first, Lang::zh)};
  }
  journal::Settlement parked;
  parked.state = DeliveryState::parked;
  parked.error_id = std::string(planned ? row.id : planned.error().id());
  parked.reason = wire::bilingual_json(reason);
  parts_.log(obs::Level::error, "not_planned", {{"message_id", trip->claim.message_id}, {"target", parts_.platform}, {"error_id", parked.error_id}});
  settle(trip, std::move(parked));
}

/// What the messages that one depends on were answered; nothing when one of them has no receipt yet, which the order of the plan forbids.
std::vector<platform::EarlierReceipt> Lane::receipts_for(const Trip& trip, const mapping::OutMessage& message) {
  std::vector<platform::EarlierReceipt> earlier;
  for (const std::string& id : message.after) {
    const auto at = trip.receipt_of.find(id);
    TONGQU_ASSERT(at != trip.receipt_of.end(), "a message leaves after the receipts of those that it depends on");
    earlier.push_back({id, at->second});
  }
  return earlier;
}

/// Sends the next message of the plan, or settles when all are receipted.
void Lane::step(const std::shared_ptr<Trip>& trip) {
  if (trip->at == trip->messages.size()) return settle_delivered(trip);
  if (!in_time(*trip)) return put_off(trip);
  const InClient client(*this);
  if (!client) return leave_unknown(trip);
  if (trip->at > 0) {
    const std::lock_guard lock(mutex_);
    throttle_.take(1);
  }
  // A trip sends a message once, and whoever asks about it makes a trip of its own: its text is not needed again.
  mapping::OutMessage& message = trip->messages[trip->at];
  platform::Submission submission{message.message_id, trip->claim.system, std::move(message.name), std::move(message.body), trip->claim.message_id, receipts_for(*trip, message)};
  client->submit(std::move(submission), [this, trip](platform::SubmitOutcome outcome) { on_submitted(trip, std::move(outcome)); });
}

/// A message is begun only when its answer, or the end of waiting for it, comes before the claim is taken back: two at once would be two
/// effects where the platform does not know ids.
bool Lane::in_time(const Trip& trip) const { return parts_.clock->now_mono() + parts_.total_timeout + kAnswerMargin < trip.until; }

void Lane::put_off(const std::shared_ptr<Trip>& trip) {
  journal::Settlement settlement;
  settlement.state = trip->at == 0 || guarantee_.deduplicates ? DeliveryState::ready : DeliveryState::unknown;
  settlement.error_id = std::string(errc_row(Errc::bridge_put_off).id);
  settlement.not_before = parts_.clock->now_utc();
  settle(trip, std::move(settlement));
}

/// Settles an unknown outcome without sending anything.
void Lane::ask(const std::shared_ptr<Trip>& trip) {
  if (guarantee_.queryable) {
    const InClient client(*this);
    if (!client) return leave_unknown(trip);
    const mapping::OutMessage& message = trip->messages[trip->at];
    client->query(message.message_id, to_hex(crypto::sm3(message.body)), [this, trip](platform::QueryOutcome outcome) { on_asked(trip, std::move(outcome)); });
    return;
  }
  if (!guarantee_.deduplicates) return needs_person(trip);
  journal::Settlement settlement;  // The profile says that the same id again has no second effect.
  settlement.state = DeliveryState::ready;
  settlement.not_before = parts_.clock->now_utc();
  settle(trip, std::move(settlement));
}

void Lane::leave_unknown(const std::shared_ptr<Trip>& trip) {
  journal::Settlement settlement;
  settlement.state = DeliveryState::unknown;
  settlement.error_id = std::string(errc_row(Errc::bridge_outcome_unknown).id);
  settlement.not_before = parts_.clock->now_utc();
  settle(trip, std::move(settlement));
}

void Lane::needs_person(const std::shared_ptr<Trip>& trip) {
  const auto& row = errc_row(Errc::bridge_outcome_needs_person);
  journal::Settlement settlement;
  settlement.state = DeliveryState::unknown;
  settlement.error_id = std::string(row.id);
  settlement.reason = wire::bilingual_json({std::string(row.en), std::string(row.zh)});
  settlement.not_before = from_epoch_ms(kNeverMs);
  settle(trip, std::move(settlement));
}

void Lane::on_asked(const std::shared_ptr<Trip>& trip, platform::QueryOutcome outcome) {
  note_platform(outcome.platform_down);
  journal::Settlement settlement;
  switch (outcome.state) {
    case QueryState::found:
      trip->note_receipt(outcome.receipt, outcome.receipt_no);
      if (trip->at < trip->messages.size()) return ask(trip);
      return settle_delivered(trip);
    case QueryState::absent:
      // Messages in front of the absent one are there: sending all again would do them twice where ids are not recognised.
      if (trip->at > 0 && !guarantee_.deduplicates) return needs_person(trip);
      settlement.state = DeliveryState::ready;
      settlement.not_before = parts_.clock->now_utc();
      break;
    case QueryState::failed:
    case QueryState::not_offered:
      settlement.state = DeliveryState::unknown;
      settlement.error_id = std::string(errc_row(Errc::bridge_outcome_unknown).id);
      settlement.reason = reason_json({}, outcome.error);
      settlement.not_before = later(trip->claim.attempt);
      break;
  }
  settle(trip, std::move(settlement));
}

void Lane::on_submitted(const std::shared_ptr<Trip>& trip, platform::SubmitOutcome outcome) {
  note_submitted(outcome);
  if (outcome.state == SubmitState::delivered) {
    trip->note_receipt(outcome.receipt, outcome.receipt_no);
    return step(trip);
  }
  journal::Settlement settlement;
  if (outcome.error) settlement.error_id = std::string(outcome.error->id());
  settlement.reason = reason_json(outcome.reason, outcome.error);
  switch (outcome.state) {
    case SubmitState::refused: settlement.state = DeliveryState::refused; break;
    case SubmitState::unknown:
      settlement.state = DeliveryState::unknown;
      settlement.not_before = parts_.clock->now_utc() + parts_.settings.query_after;
      break;
    case SubmitState::retry:
    case SubmitState::not_sent:
    case SubmitState::delivered:
      // An earlier message of the same plan may already be there; then only a question can tell where to go on.
      settlement.state = trip->at == 0 || guarantee_.deduplicates ? DeliveryState::ready : DeliveryState::unknown;
      settlement.not_before = later(trip->claim.attempt, outcome.retry_after);
      break;
  }
  parts_.log(obs::Level::warn, "send_failed",
             {{"message_id", trip->claim.message_id}, {"target", parts_.platform}, {"error_id", settlement.error_id}, {"platform_code", outcome.platform_code},
              {"state", std::string(journal::state_name(settlement.state))}, {"attempt", std::to_string(trip->claim.attempt)}});
  settle(trip, std::move(settlement));
}

void Lane::settle_delivered(const std::shared_ptr<Trip>& trip) {
  journal::Settlement settlement;
  settlement.state = DeliveryState::delivered;
  settlement.receipt = std::move(trip->receipts);
  settlement.receipt_no = std::move(trip->receipt_nos);
  settle(trip, std::move(settlement));
}

void Lane::settle(const std::shared_ptr<Trip>& trip, journal::Settlement settlement) {
  trip->settled = true;
  settlement.delivery = trip->claim.delivery;
  settlement.fence = trip->claim.fence;
  switch (settlement.state) {
    case DeliveryState::delivered: delivered_.add(); break;
    case DeliveryState::refused: refused_.add(); break;
    case DeliveryState::unknown: unknown_.add(); break;
    default: retried_.add(); break;
  }
  const bool final = journal::is_final(settlement.state);
  // The last settlement makes the lane idle, and an idle lane that was replaced goes: the callback holds it to its own end.
  parts_.journal->settle(std::move(settlement), [this, self = shared_from_this(), final](Result<void> done) {
    if (!done) note_journal(done.error());
    if (!final || !done) rung_.store(true);  // It is due again, now or later.
    bool claim = false;
    {
      const std::lock_guard lock(mutex_);
      --in_flight_;
      if (!final || !done) due_known_ = false;
      in_flight_gauge_.set(static_cast<std::int64_t>(in_flight_));
      claim = rung_.load() && !claiming_ && has_room();
    }
    if (claim) wake_();
  });
}

void Lane::note_journal(const Error& error) {
  if (error.code() == Errc::journal_closed) return;  // A bridge that stops.
  parts_.log(obs::Level::error, "journal_refused", {{"target", parts_.platform}, {"error_id", std::string(error.id())}});
  if (error.code() == Errc::journal_sync_failed) parts_.on_fatal();
}

void Lane::note_submitted(const platform::SubmitOutcome& outcome) {
  note_platform(outcome.platform_down);
  const bool told = outcome.state == SubmitState::retry || outcome.state == SubmitState::not_sent;
  const bool throttled = outcome.error && outcome.error->code() == Errc::platform_throttled;
  const std::lock_guard lock(mutex_);
  const MonoTime now = parts_.clock->now_mono();
  if (outcome.state == SubmitState::delivered || outcome.state == SubmitState::refused) throttle_.succeeded(now);
  else if (told && (throttled || outcome.retry_after)) throttle_.slow_down(now, outcome.retry_after);
}

template <class Told>
Result<Told> Lane::wait_for(const std::function<void(platform::PlatformClient&, std::function<void(Told)>)>& call) {
  auto answer = std::make_shared<std::promise<Told>>();
  auto told = answer->get_future();
  {
    const InClient client(*this);
    if (!client) return Error(Errc::bridge_stopping);
    call(*client, [answer](Told outcome) { answer->set_value(std::move(outcome)); });
  }
  return told.get();
}

Result<platform::DayOutcome> Lane::ask_day(const std::string& day, const std::string& prefix) {
  TONGQU_TRY(auto outcome, wait_for<platform::DayOutcome>([&](auto& client, auto done) { client.day(day, prefix, std::move(done)); }));
  if (outcome.state != QueryState::found) return outcome.error ? *std::move(outcome.error) : Error(Errc::platform_answer_unreadable);
  return outcome;
}

Result<platform::EventsOutcome> Lane::ask_events(std::size_t max) {
  TONGQU_TRY(auto outcome, wait_for<platform::EventsOutcome>([&](auto& client, auto done) { client.events(max, std::move(done)); }));
  if (outcome.state != QueryState::found) return outcome.error ? *std::move(outcome.error) : Error(Errc::platform_events_unreadable);
  return outcome;
}

Result<void> Lane::confirm_events(std::vector<std::string> event_ids) {
  TONGQU_TRY(auto error, wait_for<std::optional<Error>>([&](auto& client, auto done) { client.confirm_events(std::move(event_ids), std::move(done)); }));
  if (error) return *std::move(error);
  return {};
}

std::optional<MonoTime> Lane::pause_end(MonoTime now) const {
  const UtcMillis wall = parts_.clock->now_utc();
  std::optional<MonoTime> end;
  for (const PauseSettings& pause : parts_.pauses) {
    if (wall < pause.from || wall >= pause.until) continue;
    // The wall clock may jump: it is looked at again within the hour.
    const MonoTime at = now + std::min<std::chrono::milliseconds>(pause.until - wall, std::chrono::hours(1));
    end = end ? std::max(*end, at) : at;
  }
  return end;
}

void Lane::inherit(const Lane& before) {
  const std::scoped_lock lock(mutex_, before.mutex_);
  breaker_.inherit(before.breaker_);
  throttle_.inherit(before.throttle_);
}

void Lane::note_platform(bool down) {
  const std::lock_guard lock(mutex_);
  if (down) breaker_.failed(parts_.clock->now_mono());
  else breaker_.succeeded();
}

} // namespace tongqu::bridge::detail
