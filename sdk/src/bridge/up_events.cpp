#include "bridge/up_events.hpp"

#include <algorithm>
#include <future>

#include "tongqu/base/bytes.hpp"
#include "tongqu/crypto/crypto.hpp"
#include "tongqu/wire/json.hpp"

namespace tongqu::bridge::detail {
namespace {

constexpr std::chrono::milliseconds kLookAgain{1000};
constexpr std::chrono::milliseconds kBackOffMax{60000};
constexpr std::size_t kAskedMax = 200;             ///< What a platform gives at once (case-exchange.md, Events).
constexpr std::size_t kToldMax = 10000;

std::string told_as(const platform::UpEvent& event, std::string_view outcome) { return std::string(outcome) + " " + event.event_id + " " + to_hex(crypto::sm3(event.data)); }

} // namespace

std::string back_target(const std::string& system) { return "back:" + system; }

std::string event_json(const std::string& platform, const platform::UpEvent& event) {
  std::string out;
  wire::JsonWriter w(out);
  w.begin_object();
  w.member("event", event.event_id);
  w.member("platform", platform);
  w.member("system", event.source_system);
  w.member("case_no", event.case_no);
  w.member("kind", event.kind);
  w.member("at", event.at);
  w.key("data");
  const auto data = wire::parse_json(event.data);
  if (data) w.node(data->root());
  else w.null();
  w.end_object();
  return out;
}

void EventPoller::start() {
  thread_ = std::thread([this] { run(); });
}

void EventPoller::stop_asking() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
}

void EventPoller::stop() {
  stop_asking();
  if (thread_.joinable()) thread_.join();
}

bool EventPoller::wait_until(MonoTime until) {
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, until, [this] { return stopping_; });
  return !stopping_;
}

void EventPoller::run() {
  MonoTime until = std::chrono::steady_clock::now();
  while (wait_until(until)) {
    const SetupPtr setup = parts_.setups->current();
    const Lanes lanes = parts_.courier->lanes();
    until = std::chrono::steady_clock::now() + kLookAgain;
    for (const PlatformSettings& platform : setup->config.platforms) {
      if (!platform.events.on()) continue;
      Turn& turn = turns_[platform.name];
      const MonoTime now = std::chrono::steady_clock::now();
      const auto lane = std::find_if(lanes.begin(), lanes.end(), [&](const auto& one) { return one->platform() == platform.name; });
      if (now >= turn.next && lane != lanes.end()) {
        const auto more = poll(*setup, platform, **lane, turn);
        // A platform that cannot be asked is asked less and less often; one that has more is asked at once.
        turn.wait = more ? platform.events.poll : std::min(kBackOffMax, std::max(platform.events.poll, turn.wait * 2));
        turn.next = std::chrono::steady_clock::now() + (more && *more ? std::chrono::milliseconds(0) : turn.wait);
        if (!more) parts_.log(obs::Level::warn, "events_not_read", {{"target", platform.name}, {"error_id", std::string(more.error().id())}, {"where", more.error().where()}});
      }
      until = std::min(until, turn.next);
    }
  }
}

/// An event that stays with the platform comes with every page: it is told once, not every few seconds for years.
bool EventPoller::first_time(Turn& turn, const platform::UpEvent& event, std::string_view outcome) {
  if (turn.told.size() >= kToldMax) turn.told.clear();
  return turn.told.insert(told_as(event, outcome)).second;
}

void EventPoller::note(const std::string& platform, std::string_view outcome, std::string_view message_id, std::optional<Errc> why) {
  parts_.metrics->metric("tongqu_events_total", "target=\"" + platform + "\",outcome=\"" + std::string(outcome) + "\"", "Events from above, by outcome").add();
  const obs::Level level = why ? obs::Level::error : obs::Level::info;
  if (!parts_.log.wants(level)) return;
  std::vector<std::pair<std::string_view, std::string>> fields = {{"message_id", std::string(message_id)}, {"target", platform}, {"outcome", std::string(outcome)}};
  if (why) fields.emplace_back("error_id", std::string(errc_row(*why).id));
  parts_.log(level, message_id.empty() ? "event_not_taken" : "event_taken", std::move(fields));
}

Result<bool> EventPoller::poll(const Setup& setup, const PlatformSettings& platform, Lane& lane, Turn& turn) {
  // What cannot be confirmed stands in front for as long as nobody mends it: so many more are asked for, or what comes behind would starve.
  TONGQU_TRY(const platform::EventsOutcome page, lane.ask_events(std::min(kAskedMax, platform.events.max + turn.stuck)));
  std::vector<const platform::UpEvent*> known;
  for (const platform::UpEvent& event : page.events) {
    if (turn.told.count(told_as(event, "conflict")) > 0) continue;
    if (setup.pack_of_system(event.source_system) != nullptr) {
      known.push_back(&event);
      continue;
    }
    // It is neither stored nor confirmed: the platform keeps it until somebody here serves that system.
    if (first_time(turn, event, "no_system")) note(platform.name, "no_system", "", Errc::bridge_event_no_system);
  }
  turn.stuck = page.events.size() - known.size();
  if (known.empty()) return false;
  TONGQU_TRY(const auto outcomes, store(setup, platform.name, known));
  std::vector<std::string> confirmed;
  std::size_t fresh = 0;
  for (std::size_t i = 0; i < known.size(); ++i) {
    const journal::IntakeOutcome& outcome = outcomes[i];
    if (outcome.verdict == journal::IntakeVerdict::conflict) {
      ++turn.stuck;
      first_time(turn, *known[i], "conflict");
      note(platform.name, "conflict", outcome.message_id, Errc::bridge_event_conflict);
      continue;
    }
    confirmed.push_back(known[i]->event_id);
    if (outcome.verdict == journal::IntakeVerdict::stored) ++fresh;
    note(platform.name, outcome.verdict == journal::IntakeVerdict::stored ? "stored" : "duplicate", outcome.message_id, std::nullopt);
  }
  if (!confirmed.empty()) TONGQU_CHECK(lane.confirm_events(std::move(confirmed)));
  // What cannot be confirmed comes again and again: without anything new, the next turn is soon enough.
  return page.more && fresh > 0;
}

Result<std::vector<journal::IntakeOutcome>> EventPoller::store(const Setup& setup, const std::string& platform, const std::vector<const platform::UpEvent*>& events) {
  journal::IntakeBatch batch;
  for (const platform::UpEvent* event : events) {
    const mapping::PackInfo& pack = setup.pack_of_system(event->source_system)->pack->info();
    journal::Intake intake;
    intake.message_id = ids_.next(parts_.clock->now_utc());
    intake.system = event->source_system;
    intake.identity = "from " + platform + "/" + event->event_id;
    intake.canonical = event_json(platform, *event);
    intake.digest = crypto::sm3(intake.canonical);
    intake.case_key = event->source_system + "/back/" + event->case_no;
    intake.case_no = event->case_no;
    intake.event = "from_above." + event->kind;
    intake.pack = pack.name();
    intake.pack_digest = pack.digest;
    intake.findings = "[]";
    intake.targets.push_back({back_target(event->source_system), journal::DeliveryState::ready, "", ""});
    batch.intakes.push_back(std::move(intake));
  }
  auto promise = std::make_shared<std::promise<Result<std::vector<journal::IntakeOutcome>>>>();
  auto stored = promise->get_future();
  parts_.journal->accept_all(std::move(batch), [promise](Result<std::vector<journal::IntakeOutcome>> outcomes) { promise->set_value(std::move(outcomes)); });
  auto outcomes = stored.get();
  if (!outcomes && outcomes.error().code() == Errc::journal_sync_failed) parts_.on_fatal();
  return outcomes;
}

} // namespace tongqu::bridge::detail
