#include <set>

#include "bridge/acknowledgement.hpp"
#include "bridge/intake_task.hpp"
#include "bridge/stored_delivery.hpp"
#include "tongqu/crypto/crypto.hpp"
#include "tongqu/wire/finding_json.hpp"

/// Bodies that end the process: watched while they are read, and kept unread once they have done it twice.
namespace tongqu::bridge::detail {
namespace {

/// What stands for a delivery in the guard: its bytes, without the facts that differ each time it is sent.
std::string guarded_bytes(const wire::Delivery& delivery) {
  std::string all;
  for (const wire::Part& part : delivery.parts) all.append(std::to_string(part.bytes.size())).append(1, ':').append(part.bytes).append(part.sm3);
  return all;
}

} // namespace

journal::CrashGuard::Entry IntakeRoad::watch(const wire::Delivery& delivery) const {
  if (parts_.guard == nullptr) return {};
  if (delivery.parts.size() == 1) return parts_.guard->enter(delivery.parts.front().bytes);
  return parts_.guard->enter(guarded_bytes(delivery));
}

connector::Watched IntakeRoad::watch_gate(std::string_view bytes) {
  connector::Watched watched;
  if (parts_.guard == nullptr) return watched;
  auto entry = std::make_shared<journal::CrashGuard::Entry>(parts_.guard->enter(bytes));
  watched.condemned = entry->condemned();
  watched.entry = std::move(entry);
  return watched;
}

void IntakeRoad::acquit(std::string_view message_id) const {
  if (parts_.guard == nullptr) return;
  const auto bodies = parts_.journal->bodies(message_id);
  if (!bodies || !bodies->canonical.empty()) return;
  const auto delivery = load_delivery(bodies->raw);
  if (!delivery) return;
  if (delivery->parts.size() == 1) parts_.guard->acquit(delivery->parts.front().bytes);
  else parts_.guard->acquit(guarded_bytes(*delivery));
}

/// Nothing of the body is looked at, not even for the answer: the acknowledgement is our own, and what it would have been is not known, so
/// it is parked for every target that the system's routes name.
void IntakeRoad::keep_unread(const std::shared_ptr<Task>& task) {
  const UtcMillis now = parts_.clock->now_utc();
  const Error why(Errc::journal_crash_guard);
  const mapping::PackInfo& pack = task->pack().info();
  task->message_id = ids_.next(now);
  mapping::AnswerFacts facts;
  facts.trace = task->inbound.trace_id;
  facts.message_id = task->message_id;
  facts.accepted_at = office_time(now);
  facts.state = "parked";
  facts.error_id = std::string(why.id());
  facts.reason = {why.message(Lang::en), why.message(Lang::zh)};
  task->acknowledgement = default_acknowledgement(task->from->family, facts);
  task->held = true;

  journal::Intake intake;
  intake.message_id = task->message_id;
  intake.system = pack.system;
  const std::string bytes = guarded_bytes(task->inbound.delivery);
  intake.digest = crypto::sm3(bytes);
  intake.identity = pack.system + "/unread/" + to_hex(intake.digest);
  intake.pack = pack.name();
  intake.pack_digest = pack.digest;
  intake.raw = store_delivery(task->inbound.delivery);
  intake.acknowledgement = store_acknowledgement(task->acknowledgement, true);
  intake.findings = "[]";
  std::set<std::string> names;
  for (const RouteSettings& route : task->setup->config.routes) {
    if (route.system != pack.system && route.system != "*") continue;
    for (const RouteSettings::To& to : route.targets) names.insert(to.platform);
  }
  for (const std::string& name : names) {
    intake.targets.push_back({name, journal::DeliveryState::parked, "", wire::bilingual_json(facts.reason), std::string(why.id())});
  }
  parts_.log(obs::Level::error, "kept_unread", {{"message_id", task->message_id}, {"error_id", std::string(why.id())}, {"trace_id", task->inbound.trace_id}});
  parts_.journal->accept(std::move(intake), [this, task](Result<journal::IntakeOutcome> outcome) { on_accepted(task, std::move(outcome)); });
}

} // namespace tongqu::bridge::detail
