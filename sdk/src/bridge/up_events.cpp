#include "bridge/up_events.hpp"

#include <algorithm>
#include <future>

#include "tongqu/crypto/crypto.hpp"
#include "tongqu/wire/json.hpp"

namespace tongqu::bridge::detail {
namespace {

constexpr std::chrono::milliseconds kLookAgain{1000};
constexpr std::chrono::milliseconds kBackOffMax{60000};

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
        const auto more = poll(*setup, platform, **lane);
        // A platform that cannot be asked is asked less and less often; one that has more is asked at once.
        turn.wait = more ? platform.events.poll : std::min(kBackOffMax, std::max(platform.events.poll, turn.wait * 2));
        turn.next = std::chrono::steady_clock::now() + (more && *more ? std::chrono::milliseconds(0) : turn.wait);
        if (!more) parts_.log(obs::Level::warn, "events_not_read", {{"target", platform.name}, {"error_id", std::string(more.error().id())}, {"where", more.error().where()}});
      }
      until = std::min(until, turn.next);
    }
  }
}

Result<bool> EventPoller::poll(const Setup& setup, const PlatformSettings& platform, Lane& lane) {
  TONGQU_TRY(const platform::EventsOutcome page, lane.ask_events(platform.events.max));
  std::vector<const platform::UpEvent*> known;
  for (const platform::UpEvent& event : page.events) {
    if (setup.pack_of_system(event.source_system) != nullptr) {
      known.push_back(&event);
      continue;
    }
    // It is neither stored nor confirmed: the platform keeps it until somebody here serves that system.
    parts_.metrics->metric("tongqu_events_total", "target=\"" + platform.name + "\",outcome=\"no_system\"", "Events from above, by outcome").add();
    parts_.log(obs::Level::error, "event_not_taken", {{"target", platform.name}, {"error_id", std::string(errc_row(Errc::bridge_event_no_system).id)}});
  }
  if (known.empty()) return false;
  TONGQU_TRY(const auto outcomes, store(setup, platform.name, known));
  std::vector<std::string> confirmed;
  std::size_t fresh = 0;
  for (std::size_t i = 0; i < known.size(); ++i) {
    const bool conflict = outcomes[i].verdict == journal::IntakeVerdict::conflict;
    if (!conflict) confirmed.push_back(known[i]->event_id);
    if (outcomes[i].verdict == journal::IntakeVerdict::stored) ++fresh;
    const std::string outcome = conflict ? "conflict" : outcomes[i].verdict == journal::IntakeVerdict::stored ? "stored" : "duplicate";
    parts_.metrics->metric("tongqu_events_total", "target=\"" + platform.name + "\",outcome=\"" + outcome + "\"", "Events from above, by outcome").add();
    parts_.log(conflict ? obs::Level::error : obs::Level::info, "event_taken", {{"message_id", outcomes[i].message_id}, {"target", platform.name}, {"outcome", outcome}});
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
